"""Backups and restores of a folder: all there, nothing else, and told in words when it is not so."""

import os
import shutil
import signal
import stat
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import forkserver
import pytest
from client import Server, eventually
from databases import open_database
from rich.console import Console
from servers import Postgres

from chirrup import bundle, folder
from chirrup.access import secret, tokens
from chirrup.backup import make, restore
from chirrup.config import Settings, load
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.errors import SettingsError
from chirrup.ports import Tx
from chirrup.social import accounts, images, posts
from chirrup.store import jobs, migrations, tables
from chirrup.store import posts as post_rows
from chirrup.store import tokens as token_rows
from chirrup.types import Draft

QUIET = Console(quiet=True)
FILE_BYTES = 48 * 1024 * 1024  # so that a kill comes while it is written


def settings(data: Path, **more: object) -> Settings:
    return load({"data": data, **more}, environ={})


def fill(tx: Tx) -> tuple[int, str]:
    """An account with a post and a token: (id of the post, the token)."""
    ann = accounts.create(tx, accounts.SignUp("ann", "ann@example.com", "no hash"))
    _, token = tokens.issue(tx, ann.id, 0, "read")
    return posts.publish(tx, ann.id, Draft("keep this")).id, token


@pytest.fixture
def town(tmp_path: Path, sqlite_template: Path) -> Settings:
    """A folder with a post, a picture, a document, and settings of its own."""
    data = tmp_path / "data"
    (data / "documents").mkdir(parents=True)
    (data / "documents" / "terms of use.txt").write_text("Be kind.")
    shutil.copy(sqlite_template, data / "chirrup.db")
    DiskBlobs(data / "media").put(images.new_key("png", 7), b"a picture", "image/png")
    (data / "media" / "tmp" / "half").write_bytes(b"an upload that is not finished")
    return settings(data, title='The "Town"', rules=("Be kind.", "No \\ spam"), mail="smtp://user:word@mail.example")


def in_folder(data: Path, look: Callable[[Tx], object]) -> object:
    db = open_database(f"sqlite:{data / 'chirrup.db'}")
    try:
        return db.write_now(look)
    finally:
        db.close()


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
def test_what_is_restored_is_what_was_copied_and_nobody_is_logged_in(town: Settings, tmp_path: Path, name: str):
    post, token = in_folder(town.data, fill)  # type: ignore[misc]

    make.make(town, tmp_path / name, QUIET)
    restore.verify(tmp_path / name, QUIET)
    (tmp_path / "again").mkdir()
    restore.restore(settings(tmp_path / "again"), tmp_path / name, QUIET)

    def look(tx: Tx) -> tuple[str, object]:
        return posts.get(tx, 0, post).text, token_rows.find(tx, *secret.locate(token))

    assert in_folder(tmp_path / "again", look) == ("keep this", None)
    files = {
        path.relative_to(tmp_path / "again").as_posix(): path.read_bytes()
        for path in (tmp_path / "again").rglob("*")
        if path.is_file() and path.parent != tmp_path / "again"
    }
    assert sorted(files.values()) == [b"Be kind.", b"a picture"] and "documents/terms of use.txt" in files
    there = load({}, file=tmp_path / "again" / "chirrup.toml", environ={})
    assert (there.title, there.rules, there.mail) == (town.title, town.rules, "")
    assert "word" not in (tmp_path / "again" / "chirrup.toml").read_text()
    assert (tmp_path / "again" / "secret").read_text() == (town.data / "secret").read_text() + "\n"
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".unfinished") or path.name == "restoring"]
    for path in [tmp_path / name, *tmp_path.rglob("again/*"), *tmp_path.rglob(f"{name}/*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


# Tables whose rows let somebody in, until they end.
ACCESS = {"tokens", "sessions", "oauth_codes", "one_time_tokens", "scim_tokens", "invites", "hooks_in"}
# Tables with hashes that let nobody in, or that a person needs to come in again.
KEPT = {"oauth_apps", "users", "audit", "audit_heads", "media", "cards"}


def test_whatever_lets_somebody_in_ends_in_a_copy(town: Settings, tmp_path: Path):
    hashes = {name for name, table in tables.every().items() if any(one.endswith("hash") for one in table.columns)}
    assert hashes <= ACCESS | KEPT, "does a new table let somebody in? then logins.end_access_of_all() must end it"
    db = open_database(town.database_url)
    for name in ACCESS:
        table = tables.every()[name]
        line = {column: "x" if column in table.texts else 7 for column in table.columns}
        line |= {"used_ms": 0} if name == "oauth_codes" else {}
        line |= {"withdrawn_ms": 0} if name == "invites" else {}
        db.write_now(lambda tx, line=line, name=name: tx.copy(name, tuple(line), [tuple(line.values())]))
    db.close()

    make.make(town, tmp_path / "copy", QUIET)

    for name in ACCESS:
        left = in_folder(tmp_path / "copy", lambda tx, name=name: tx.all(tables.every()[name].rows))
        assert [one for one in left if name not in ("invites", "hooks_in") or "x" in one[3:4]] == [], name  # type: ignore[attr-defined]
        assert in_folder(town.data, lambda tx, name=name: len(tx.all(tables.every()[name].rows))) == 1


def test_sums_are_those_that_other_tools_make(town: Settings, tmp_path: Path):
    make.make(town, tmp_path / "copy", QUIET)

    done = subprocess.run(["sha256sum", "--check", "--quiet", bundle.SUMS], cwd=tmp_path / "copy")

    assert done.returncode == 0


def damages(copy: Path) -> dict[str, Callable[[], object]]:
    """What can be wrong with a backup: words of the error -> how it is made."""
    picture = next((copy / "media").rglob("*.png"))
    database = copy / "chirrup.db"

    def swap(file: Path) -> None:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)

    return {
        f"{picture.name} is not what it was": lambda: swap(picture),
        "chirrup.db is not what it was": lambda: swap(database),
        "is missing": picture.unlink,
        "secret.old is not in its": lambda: (copy / "secret.old").write_text("one more"),
        "it has no SHA256SUMS": (copy / bundle.SUMS).unlink,
        "is no list of sums and names": lambda: (copy / bundle.SUMS).write_text("nothing\n"),
        "no list of sums": lambda: (copy / bundle.SUMS).write_text(f"{'0' * 64}  ../secret\n"),
        "it has no chirrup.db": lambda: (copy / bundle.SUMS).write_text(f"{'0' * 64}  secret\n"),
        "what bin in it is": lambda: (copy / bundle.SUMS).open("a").write(f"{'0' * 64}  bin\n"),
    }


def test_a_damaged_backup_is_told_and_nothing_is_restored_from_it(town: Settings, tmp_path: Path):
    make.make(town, tmp_path / "good", QUIET)
    for words in damages(tmp_path / "good"):
        copy = tmp_path / "bad"
        shutil.copytree(tmp_path / "good", copy)
        damages(copy)[words]()

        for attempt in (
            lambda copy=copy: restore.verify(copy, QUIET),
            lambda copy=copy: restore.restore(settings(tmp_path / "again"), copy, QUIET),
        ):
            with pytest.raises(SettingsError, match=words.replace(".", r"\.")):
                attempt()
        assert not (tmp_path / "again").exists()
        shutil.rmtree(copy)


@pytest.mark.parametrize("kept", [0, 100, -1])
def test_a_zip_file_that_is_cut_off_or_none_is_told(town: Settings, tmp_path: Path, kept: int):
    make.make(town, tmp_path / "copy.zip", QUIET)
    (tmp_path / "cut.zip").write_bytes((tmp_path / "copy.zip").read_bytes()[:kept])

    with pytest.raises(SettingsError, match="is damaged, or no copy of Chirrup"):
        restore.verify(tmp_path / "cut.zip", QUIET)
    with pytest.raises(SettingsError, match="cannot read"):
        restore.verify(tmp_path / "nothing", QUIET)


def test_a_zip_file_with_a_changed_byte_is_told(town: Settings, tmp_path: Path):
    make.make(town, tmp_path / "copy.zip", QUIET)
    with zipfile.ZipFile(tmp_path / "copy.zip") as zipped:
        at = next(one.header_offset for one in zipped.infolist() if one.filename == "chirrup.db")
    data = bytearray((tmp_path / "copy.zip").read_bytes())
    data[at + 200] ^= 255
    (tmp_path / "copy.zip").write_bytes(data)

    with pytest.raises(SettingsError, match=r"is damaged: chirrup\.db"):
        restore.restore(settings(tmp_path / "again"), tmp_path / "copy.zip", QUIET)

    assert not (tmp_path / "again").exists()


def test_a_folder_that_is_in_use_is_left_alone_and_force_keeps_what_was_there(town: Settings, tmp_path: Path):
    make.make(town, tmp_path / "copy", QUIET)
    other = tmp_path / "other"
    shutil.copytree(town.data, other)
    post, _ = in_folder(other, fill)  # type: ignore[misc]

    with pytest.raises(SettingsError, match=r"is not empty, it has .* --force"):
        restore.restore(settings(other), tmp_path / "copy", QUIET)
    with folder.held(settings(other)), pytest.raises(SettingsError, match="a server is running"):
        restore.restore(settings(other), tmp_path / "copy", QUIET, force=True)
    restore.restore(settings(other), tmp_path / "copy", QUIET, force=True)

    (kept,) = other.glob("replaced-*")
    assert in_folder(other, lambda tx: post_rows.by_id(tx, post)) is None
    assert in_folder(kept, lambda tx: post_rows.by_id(tx, post))
    restore.restore(settings(tmp_path / "new"), tmp_path / "copy", QUIET)


def test_what_cannot_be_is_told(town: Settings, tmp_path: Path):
    make.make(town, tmp_path / "copy", QUIET)

    with pytest.raises(SettingsError, match="exists: name a new folder"):
        make.make(town, tmp_path / "copy", QUIET)
    for database in ("postgresql://user:word@db/chirrup", "sqlite:elsewhere.db"):
        with pytest.raises(SettingsError, match="name one with --data, and leave out the database") as told:
            restore.restore(settings(tmp_path / "new", database=database), tmp_path / "copy", QUIET)
        assert "word" not in str(told.value)
    with pytest.raises(SettingsError, match="PostgreSQL is copied by its own tools"):
        make.make(settings(town.data, database="postgresql://db/chirrup"), tmp_path / "more", QUIET)
    assert not (tmp_path / "more.unfinished").exists()
    for inside in ("media", "documents"):
        with pytest.raises(SettingsError, match="which is copied: name a place outside"):
            make.make(town, town.data / inside / "copy", QUIET)
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"cannot copy to .*: Not a directory"):
        make.make(town, tmp_path / "file" / "copy", QUIET)
    (town.data / "secret").write_text("too short")
    with pytest.raises(SettingsError, match="needs 32"):
        make.make(town, tmp_path / "other", QUIET)
    assert not list(tmp_path.glob("*.unfinished"))
    with pytest.raises(SettingsError, match=r"is within .*: move it elsewhere first"):
        restore.restore(settings(tmp_path), tmp_path / "copy", QUIET, force=True)
    with pytest.raises(SettingsError, match=r"cannot (restore into|make the folder) .*: Not a directory"):
        restore.restore(settings(tmp_path / "file" / "new"), tmp_path / "copy", QUIET)
    with pytest.raises(SettingsError, match=r"the copy needs .* GB and the disk of .* has .* GB free"):
        bundle.expect_space(tmp_path / "not" / "there", 1 << 60)


@pytest.mark.slow
def test_a_backup_or_restore_that_is_killed_can_be_done_again(tmp_path: Path):
    data, copy, again = (tmp_path / name for name in ("data", "copy", "again"))
    with Server(data) as server:
        post = server.person("ann").say("keep this")
        key = images.new_key("png", 7)
        DiskBlobs(data / "media").put(key, os.urandom(FILE_BYTES), "image/png")

        kill(server, lambda: any(copy.with_name("copy.unfinished").rglob("*.png")), "backup", str(copy))
        assert not copy.exists()
        server.command("backup", str(copy))
    target = Server(again)

    kill(target, lambda: any((again / "restoring").rglob("*.png")), "restore", str(copy))

    for words in (("serve",), ("user", "list"), ("migrate",), ("doctor",)):
        refused = forkserver.run(*words, env=target.env)
        said = " ".join((refused.stdout + refused.stderr).split())
        assert refused.returncode == 1 and "run the same `chirrup restore` again" in said
    target.command("restore", str(copy))
    with target:
        assert target.anyone().get(f"/api/v1/statuses/{post['id']}").json()["content"] == "<p>keep this</p>"
    assert (again / "media" / key).read_bytes() == (data / "media" / key).read_bytes()


def kill(server: Server, seen: Callable[[], bool], *words: str) -> None:
    """Run the command and kill it as soon as seen() is true."""
    with (server.data.parent / "killed.log").open("wb") as log:
        process = forkserver.start(*words, env=server.env, out=log, err=log)
        eventually(lambda: seen() or process.poll() is not None, within_s=30)
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL


def test_the_doctor_tells_of_an_old_backup(town: Settings, tmp_path: Path):
    from chirrup.doctor import _copies

    assert list(_copies(town)) == []
    make.make(town, tmp_path / "copy", QUIET)
    assert [one.state for one in _copies(town)] == ["good"]

    old = datetime.now(UTC) - timedelta(days=9)
    (town.data / folder.BACKED_UP).write_text(old.isoformat())

    assert [one.what for one in _copies(town)] == ["the last backup is 9 days old"]


@pytest.mark.slow
def test_postgresql_is_copied_and_restored_as_the_manual_says(postgres: Postgres, tmp_path: Path):
    """docs/operate/backup.md: pg_dump, pg_restore, and two commands of ours."""
    dump, env = tmp_path / "town.dump", {"CHIRRUP_DATA": str(tmp_path), "PATH": os.environ["PATH"]}
    with postgres.database() as old, postgres.database() as new:
        db = open_database(old)
        migrations.migrate(db)
        post, token = db.write_now(fill)
        db.write_now(jobs.enqueue, "mail", of=7, key="waits")
        command = [postgres.program.with_name("pg_dump"), "--format=custom", f"--file={dump}", old]
        subprocess.run(command, check=True)
        db.write_now(fill_more)
        db.close()

        command = [postgres.program.with_name("pg_restore"), "--no-owner", f"--dbname={new}", "--exit-on-error", dump]
        subprocess.run(command, check=True)
        for words in (("user", "logout", "--everybody"), ("jobs", "--hold")):
            forkserver.run(*words, "--database", new, env=env).check_returncode()

        again = open_database(new)
        assert again.write_now(posts.get, 0, post).text == "keep this"
        assert again.write_now(token_rows.find, *secret.locate(token)) is None
        assert [job.state for job in again.write_now(jobs.page, 9)] == [jobs.State.SET_ASIDE]
        assert len(again.write_now(lambda tx: tx.all(tables.every()["posts"].rows))) == 1
        again.close()


def fill_more(tx: Tx) -> None:
    """After the copy."""
    posts.publish(tx, accounts.by_acct(tx, "ann", "").id, Draft("too late"))
