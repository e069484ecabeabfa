"""An organisation is exported whole, without a word of others, and brought into another server as it was."""

import re
import shutil
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from typing import Any

import forkserver
import msgspec
import pytest
from belongings import ACME, CHEAP, OTHER, fill, id_in, row
from client import Server
from databases import open_database
from walls import organisation
from world import png

from chirrup import bundle
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.errors import ChirrupError
from chirrup.orgs import imported
from chirrup.orgs.export import write_file
from chirrup.orgs.imported import Import
from chirrup.ports import Database
from chirrup.social import drafts, images
from chirrup.store import holds, jobs, orgs, tables
from chirrup.store.belonging import KEYED, WAYS
from chirrup.types import Org
from chirrup.types.directory import Ldap, Oidc

HOST = "new.example"
COSTLY = "$argon2id$v=19$m=99999999,t=2,p=1$c2FsdA$aGFzaA"

Lines = dict[str, list[dict[str, Any]]]  # by table


@pytest.fixture
def blobs(tmp_path: Path) -> DiskBlobs:
    return DiskBlobs(tmp_path / "media")


@pytest.fixture
def server(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """One with two organisations, which have a row each in every table."""
    db = open_database(f"sqlite:{shutil.copy(sqlite_template, tmp_path / 'server.db')}")
    for org_id in (ACME, OTHER):
        db.write_now(fill, org_id)
    yield db
    db.close()


@pytest.fixture
def elsewhere(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """Another server, where only the other organisation is."""
    db = open_database(f"sqlite:{shutil.copy(sqlite_template, tmp_path / 'elsewhere.db')}")
    db.write_now(fill, OTHER)
    yield db
    db.close()


def export(db: Database, blobs: DiskBlobs, to: Path, *, passwords: bool = True) -> Path:
    """Of ACME."""
    org = db.write_now(orgs.by_id, ACME)
    assert org
    write_file(db, blobs, org, to, passwords=passwords)
    return to


@pytest.fixture
def exported(server: Database, blobs: DiskBlobs, tmp_path: Path) -> Path:
    return export(server, blobs, tmp_path / "acme")


def bring(db: Database, blobs: DiskBlobs, at: Path, **more: Any) -> Org:
    with bundle.Reader(at) as file:
        return Import(db, blobs, file, HOST, **more).bring()


def lines_in(at: Path) -> Lines:
    with bundle.Reader(at) as file:
        return {
            name[len("rows/") :].removesuffix(".jsonl"): [msgspec.json.decode(line) for line in file.open(name)]
            for name in file.sums
            if name.startswith("rows/")
        }


def same(lines: Lines) -> Lines:
    """Without what is the place's: the host, whether it closes, and the log, which tells of the export."""
    found = {name: sorted(some, key=repr) for name, some in lines.items() if not name.startswith("audit")}
    found["orgs"] = [
        line | {"host": "", "name": "", "closing_ms": 0, "closing_note_id": 0, "ended_ms": 0} for line in found["orgs"]
    ]
    return found


def test_of_every_table_its_own_rows_are_exported_and_come_back_as_they_were(
    exported: Path, db: Database, tmp_path: Path, blobs: DiskBlobs
):
    assert same(lines_in(exported)) == same({name: [row(name, ACME)] for name in WAYS})
    db.write_now(fill, OTHER)

    made = bring(db, blobs, exported)

    assert (made.id, made.host, db.write_now(orgs.id_by_host, HOST)) == (ACME, HOST, ACME)
    assert same(lines_in(export(db, blobs, tmp_path / "again.zip"))) == same(lines_in(exported))
    later = f"[{id_in(ACME, 'drafts')},{id_in(ACME, 'accounts')}]"
    assert later in [job.payload for job in db.write_now(jobs.page, 10, kind=drafts.PUBLISH)]
    assert len(db.write_now(jobs.page, 10, kind="mail")) == 1  # that of the other organisation
    assert [one.hold_id for one in db.write_now(holds.of_subjects, [1])] == [1]  # made anew
    with pytest.raises(ChirrupError, match="is here already"):
        bring(db, blobs, exported)


def test_passwords_go_along_only_if_asked_for(server: Database, exported: Path, tmp_path: Path, blobs: DiskBlobs):
    plain = export(server, blobs, tmp_path / "plain.zip", passwords=False)

    assert lines_in(plain)["users"][0]["password_hash"] == ""
    assert lines_in(exported)["users"][0]["password_hash"] == CHEAP
    with pytest.raises(ChirrupError, match="exists: name a new"):
        export(server, blobs, plain)


def test_what_a_provider_knows_the_organisation_by_stays_where_it_is(
    server: Database, tmp_path: Path, blobs: DiskBlobs
):
    oidc = Oidc(issuer="https://login.example", client_id="acme", client_secret="psst")
    ldap = Ldap(url="ldaps://ldap.example", bind_dn="cn=us", bind_password="psst", base="dc=acme")
    secret = {"bind_password", "client_secret"}
    fields = {field.name for kind in (Oidc, Ldap) for field in msgspec.structs.fields(kind)}
    assert {name for name in fields if "secret" in name or "password" in name or "token" in name} == secret
    org = server.write_now(orgs.by_id, ACME)
    assert org
    settings = msgspec.json.encode({"oidc": oidc, "ldap": ldap, "languages": ["en"]}).decode()
    server.write_now(orgs.choose, msgspec.structs.replace(org, settings=settings))

    line = lines_in(export(server, blobs, tmp_path / "acme"))["orgs"][0]

    assert "psst" not in line["settings"]
    assert {"https://login.example", "cn=us"} <= set(line["settings"].split('"'))


def forged(exported: Path, to: Path, change: Callable[[Lines, dict[str, bytes]], object]) -> Path:
    """The export with other rows or files, and right sums."""
    lines = lines_in(exported)
    with bundle.Reader(exported) as file:
        files = {name: file.open(name).read() for name in file.sums}
    change(lines, files)
    files |= {f"rows/{name}.jsonl": b"".join(msgspec.json.encode(one) + b"\n" for one in lines[name]) for name in lines}
    writer = bundle.Writer(to)
    for name, data in files.items():
        writer.add(name, data)
    writer.finish()
    return to


def put(table: str, **values: object) -> Callable[[Lines, Any], object]:
    return lambda lines, files: lines[table][0].update(values)


THEIRS = {table: id_in(OTHER, table) for table in ("accounts", "posts", "media")}
KEY = images.new_key("png", 7)
HOSTILE: dict[str, tuple[str, Callable[[Lines, dict[str, bytes]], object]]] = {
    "an owner of the server's own network": ("is not this organisation's", put("users", org_id=0, role="owner")),
    "a user of the other's account": ("names", put("users", account_id=THEIRS["accounts"])),
    "a follow over the wall": ("names", put("following", target_id=THEIRS["accounts"])),
    "an id of a row that is there": ("is taken here", put("reports", id=id_in(OTHER, "reports"))),
    "a mention over the wall": ("names", put("posts", mentions=f"[{THEIRS['accounts']}]")),
    "the other's picture": ("names", put("posts", media_ids=f'["{THEIRS["media"]}"]')),
    "a reaction to the other's post": ("is not this organ", put("favourited_by", post_id=THEIRS["posts"])),
    "a name of the server's own network": ("is not this organisation's", put("account_names", name="ann")),
    "an address in the wrong place": ("is not this organisation's", put("emails", bucket=1)),
    "a hashtag of the server's own network": ("is not this organisation's", put("followed_tags", tag="town")),
    "a bucket that is none": ("is not this organisation's", put("audit", bucket=4096)),
    "a text for a number": ("has a locked of the wrong kind", put("accounts", locked="1")),
    "a number for a text": ("has a text of the wrong kind", put("posts", text=7)),
    "nothing for a text": ("has a text of the wrong kind", put("posts", text=None)),
    "half a number": ("cannot be read", put("posts", sensitive=0.5)),
    "a character that no database has": ("has a text of the wrong kind", put("posts", text="a\0b")),
    "a column of a newer version": ("nobody here knows posts.mood", put("posts", mood="good")),
    "a row without its key": ("has not the columns", lambda lines, files: lines["posts"][0].pop("id")),
    "rows of two forms": ("has not the columns", lambda lines, files: lines["posts"].append({"id": 1})),
    "a file that is another's here": ("another file is called", put("media", key=KEY)),
    "a file that is no file": (
        "no file that Chirrup has made",
        lambda lines, files: files.update(
            {"files.jsonl": b'{"key":"../secret","content_type":"image/png"}\n', "media/.../secret": b"x"}
            | {"media/x": b"", "files.jsonl": b'{"key":"x","content_type":"image/png"}\n'}
        ),
    ),
    "a job about the other": (
        "names",
        lambda lines, files: files.update({"jobs.jsonl": files["jobs.jsonl"].replace(*_numbers("drafts"))}),
    ),
    "another form": ("format 9", lambda lines, files: _about(files, format=9)),
    "a table of a newer version": ("knows the table moods", lambda lines, files: _about(files, rows={"moods": 1})),
    "a row twice": (
        "is in following twice",
        lambda lines, files: (lines["following"].append(lines["following"][0]), _count(files, "following", 2)),
    ),
    "an id twice": (
        "is in posts twice",
        lambda lines, files: (lines["posts"].append(lines["posts"][0]), _count(files, "posts", 2)),
    ),
    "a row too few": ("is not whole: it has 0 rows of mutes", lambda lines, files: lines["mutes"].clear()),
    "a table too few": (
        "is not whole: it has 0 rows of posts",
        lambda lines, files: (lines.pop("posts"), files.pop("rows/posts.jsonl")),
    ),
    "a number too large": ("has a followers that is too large", put("account_counts", followers=2**70)),
    "a number too large for its place": ("has a locked that is too large", put("accounts", locked=2**40)),
    "half a character": ("cannot be read", lambda lines, files: _posts(lines, files, b'{"text": "\\ud800"}\n')),
    "lists in lists": ("cannot be read", lambda lines, files: _posts(lines, files, b"[" * 50_000 + b"\n")),
    "a long line": ("is longer than any", lambda lines, files: _posts(lines, files, b'"' + b"x" * LINE_BYTES_MAX)),
    "settings that are none": ("has settings that cannot be read", put("orgs", settings="[" * 50_000)),
    "settings of another kind": ("has settings that cannot be read", put("orgs", settings='{"languages": 7}')),
    "a job that says nothing": (
        "a job of 'publish a post' cannot be read",
        lambda lines, files: files.update(
            {"jobs.jsonl": re.sub(rb'"payload":"[^"]*"', b'"payload":"{"', files["jobs.jsonl"])}
        ),
    ),
    "an end of another kind": ("is no export", lambda lines, files: files.update({"about.json": b"[" * 50_000})),
    "a line that is none": (
        "cannot be read",
        lambda lines, files: (lines.pop("posts"), files.update({"rows/posts.jsonl": b"{\n"})),
    ),
}


LINE_BYTES_MAX = 100_000  # for these tests


def _posts(lines: Lines, files: dict[str, bytes], data: bytes) -> None:
    lines.pop("posts")
    files["rows/posts.jsonl"] = data


def _count(files: dict[str, bytes], table: str, rows: int) -> None:
    _about(files, rows=msgspec.json.decode(files["about.json"])["rows"] | {table: rows})


def _numbers(table: str) -> tuple[bytes, bytes]:
    return str(id_in(ACME, table)).encode(), str(id_in(OTHER, table)).encode()


def _about(files: dict[str, bytes], **values: object) -> None:
    files["about.json"] = msgspec.json.encode(msgspec.json.decode(files["about.json"]) | values)


def test_a_file_that_reaches_over_the_wall_or_makes_no_sense_changes_nothing(
    exported: Path, elsewhere: Database, tmp_path: Path, blobs: DiskBlobs, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(imported, "LINE_BYTES_MAX", LINE_BYTES_MAX)
    blobs.put(KEY, b"another's picture", "image/png")
    with elsewhere.snapshot() as read:
        before = {table.name: list(read(table.rows)) for table in tables.every().values()}
    for number, (what, (words, change)) in enumerate(HOSTILE.items()):
        at = forged(exported, tmp_path / f"forged{number}", change)

        with pytest.raises(ChirrupError) as told:
            bring(elsewhere, blobs, at)

        assert words in str(told.value), what
    with elsewhere.snapshot() as read:
        assert {table.name: list(read(table.rows)) for table in tables.every().values()} == before
    assert blobs.get(KEY) == (b"another's picture", "image/png")
    taken = f"org{OTHER % 4096}"
    for more, words in (({"name": "a b"}, "1 to 30"), ({"name": taken}, "is taken"), ({"own_host": HOST}, "own")):
        with pytest.raises(ChirrupError, match=words):
            bring(elsewhere, blobs, exported, **more)

    bring(elsewhere, blobs, forged(exported, tmp_path / "costly", put("users", password_hash=COSTLY)))

    assert lines_in(export(elsewhere, blobs, tmp_path / "out"))["users"][0]["password_hash"] == ""


def test_tables_with_keyed_texts_are_known():
    assert {name for name, _ in KEYED} <= WAYS.keys()


@pytest.mark.slow
def test_people_go_on_where_their_organisation_was_brought(tmp_path: Path):
    with Server(tmp_path / "data") as town:
        other = town.person("ann", note="canary of the town")
        other.say("canary of the town #canary")
        acme = organisation(town)
        ann, bob = acme.person("ann"), acme.person("bob")
        bob.follow(ann)
        picture = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json()
        post = ann.say("the words of acme #acme @bob", media_ids=[picture["id"]])
        bob.post(f"/api/v1/statuses/{post['id']}/favourite")
        town.command("org", "export", "acme", str(tmp_path / "acme.zip"), "--passwords")
    with bundle.Reader(tmp_path / "acme.zip") as file:
        for name in file.sums:
            data = file.open(name).read()
            assert b"canary" not in data and other.id.encode() not in data, name
    again = Server(tmp_path / "again")
    new = copy(again)
    new.url = again.url.replace("127.0.0.1", "localhost")

    bomb = tmp_path / "bomb"
    bomb.mkdir()
    (bomb / bundle.SUMS).write_text(f"{'0' * 64}  zeros\n")
    with (bomb / "zeros").open("wb") as zeros:
        zeros.truncate(1 << 43)
    refused = forkserver.run("org", "import", str(bomb), "--host", "new.example", env=again.env)
    assert refused.returncode and "the copy needs 8,796" in " ".join((refused.stdout + refused.stderr).split())

    again.command("org", "import", str(tmp_path / "acme.zip"), "--host", new.url.removeprefix("http://"))

    with again:
        found = new.anyone().get("/api/v1/accounts/lookup", acct="ann").json()
        assert (found["id"], found["followers_count"]) == (ann.id, 1)
        (said,) = new.anyone().get(f"/api/v1/accounts/{ann.id}/statuses").json()
        assert (said["id"], said["favourites_count"], said["mentions"][0]["id"]) == (post["id"], 1, bob.id)
        assert new.anyone().get(said["media_attachments"][0]["url"]).content
        assert again.anyone().get("/api/v1/timelines/public").json() == []  # of the own network
        asked = new.admin().get("/api/v2/search", q="words").json()
        assert [one["id"] for one in asked["statuses"]] == [post["id"]]
        assert "entries are as they were written" in again.command(
            "audit", "verify", "--host", new.url.removeprefix("http://")
        )
