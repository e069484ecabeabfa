"""The command line as a person uses it: processes, their output, and their effects on a server."""

import contextlib
import gzip
import io
import json
import os
import pty
import shlex
import signal
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import forkserver
import pytest
from client import ALL_SCOPES, ROOT, Person, Server, eventually
from databases import open_database
from PIL import Image
from servers import free_port

from chirrup.access import logins
from chirrup.access.passwords import Passwords
from chirrup.social import polls
from chirrup.store import jobs, outbox
from chirrup.workers import kinds

pytestmark = pytest.mark.slow


def chirrup(data: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    known = {"CHIRRUP_DATA": str(data), "CHIRRUP_TESTING": "1", "CHIRRUP_PORT": str(free_port())}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CHIRRUP_")}
    return forkserver.run(*words, env=clean | known | env)


def make(data: Path, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    return chirrup(data, "user", "create", name, "--email", f"{name}@example.com", "--password", "password", *more)


def test_a_user_made_by_command_is_listed_suspended_and_brought_back(tmp_path: Path):
    assert make(tmp_path, "ann", "--admin").returncode == 0
    assert "@ann" in chirrup(tmp_path, "user", "list").stdout

    chirrup(tmp_path, "user", "suspend", "@ann")
    assert "suspended" in chirrup(tmp_path, "user", "list").stdout
    chirrup(tmp_path, "user", "suspend", "ann", "--undo")
    assert "suspended" not in chirrup(tmp_path, "user", "list").stdout
    assert "there is no account 'nobody'" in " ".join(chirrup(tmp_path, "user", "suspend", "nobody").stderr.split())


def test_members_by_command(tmp_path: Path):
    assert make(tmp_path, "ann", "--role", "owner").returncode == 0
    added = chirrup(tmp_path, "member", "add", "bob", "bob@acme.example", "--role", "moderator").stdout
    assert "@bob is a member" in added and "/forgot" in added
    assert "been taken" in chirrup(tmp_path, "member", "add", "bob", "other@acme.example").stderr
    chirrup(tmp_path, "member", "add", "eve", "eve@acme.example")
    chirrup(tmp_path, "room", "create", "den", "--manager", "bob")

    assert chirrup(tmp_path, "member", "rooms", "bob").stdout == "@den\n"
    assert "@eve manages 1 room of @bob now." in chirrup(tmp_path, "member", "rooms", "bob", "--to", "eve").stdout
    assert chirrup(tmp_path, "room", "members", "den").stdout == "@eve (manager)\n@bob\n"
    chirrup(tmp_path, "member", "role", "bob", "none")
    chirrup(tmp_path, "member", "guest", "bob")
    chirrup(tmp_path, "member", "deactivate", "eve")
    listed = chirrup(tmp_path, "member", "list").stdout
    assert [words in listed for words in ("guest", "deactivated", "owner")] == [True] * 3
    assert "@bob" not in chirrup(tmp_path, "member", "list", "--state", "deactivated").stdout
    assert "last owner" in " ".join(chirrup(tmp_path, "member", "deactivate", "ann").stderr.split())
    chirrup(tmp_path, "member", "reactivate", "eve")
    assert "no role" in chirrup(tmp_path, "member", "hand-over", "ann", "eve").stdout
    assert "leaves the company" in chirrup(tmp_path, "member", "--help").stdout


def test_rooms_by_command(tmp_path: Path):
    assert make(tmp_path, "ann").returncode == 0
    assert make(tmp_path, "bob").returncode == 0
    done = chirrup(tmp_path, "room", "create", "den", "--closed", "--hidden", "--title", "The den", "--manager", "ann")
    assert done.stdout == "@den is there, closed.\n"
    chirrup(tmp_path, "room", "add", "den", "bob")
    assert chirrup(tmp_path, "room", "members", "den").stdout == "@bob\n@ann (manager)\n"
    chirrup(tmp_path, "room", "remove", "@den", "bob")
    chirrup(tmp_path, "room", "archive", "den")
    listed = chirrup(tmp_path, "room", "list", COLUMNS="120").stdout
    assert all(word in listed for word in ("@den", "The den", "closed, hidden, archived", " 1 "))
    assert "'ann' is no room" in chirrup(tmp_path, "room", "members", "ann").stderr


@pytest.mark.parametrize(
    "words",
    [
        ("user", "list"),
        ("user", "suspend", "ann"),
        ("user", "logout", "--everybody"),
        ("user", "history", "ann"),
        ("user", "reset-password", "ann", "--password", "another one"),
        ("failed",),
        ("jobs",),
        ("import", "following", "ann", __file__),
        ("redate",),
        ("backup", "copy"),
    ],
)
def test_a_command_that_looks_into_the_wrong_folder_says_so_and_makes_nothing(tmp_path: Path, words: tuple[str, ...]):
    done = chirrup(tmp_path / "wrong", *words)

    said = " ".join(done.stderr.split())
    assert done.returncode == 1 and f"there is no database at {tmp_path}/wrong/chirrup.db" in said and "--data" in said
    assert not (tmp_path / "wrong").exists()


def test_the_server_tells_how_to_make_an_account_where_it_looks(tmp_path: Path):
    with Server(tmp_path / "a town") as server:
        told = next(line for line in server.log().splitlines() if "user create" in line)
        command = shlex.split(told.strip())
        assert command[-2:] == ["--data", str(tmp_path / "a town")]

    done = chirrup(tmp_path / "elsewhere", *command[1:], "--password", "password")

    assert f"The account is in {tmp_path}/a town/chirrup.db." in done.stdout
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("user", "create", "no spaces", "--email", "a@example.com", "--password", "password"), "username"),
        (("user", "create", "ann", "--email", "nothing", "--password", "password"), "email"),
        (("load",), "nothing to load"),
        (("load", "--posts", "/nowhere.txt"), "/nowhere.txt"),
        (("migrate", "--database", "mysql://x"), "must be sqlite:PATH or postgresql"),
        (("migrate", "--config", "/nowhere.toml"), "no settings file at /nowhere.toml"),
    ],
)
def test_errors_are_sentences(tmp_path: Path, words: tuple[str, ...], sentence: str):
    done = chirrup(tmp_path, *words)

    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_and_a_wrong_value_are_named(tmp_path: Path):
    settings = tmp_path / "chirrup.toml"

    settings.write_text('colour = "red"')
    assert "unknown setting 'colour'" in chirrup(tmp_path, "migrate", "--config", str(settings)).stderr
    done = chirrup(tmp_path, "migrate", CHIRRUP_POST_CHARS_MAX="many")
    assert "post_chars_max" in done.stderr and "CHIRRUP" not in done.stdout


def test_settings_come_from_a_file_the_environment_and_the_command_line_later_wins(tmp_path: Path):
    settings = tmp_path / "chirrup.toml"
    settings.write_text(f'database = "sqlite:{tmp_path}/file.db"')

    chirrup(tmp_path, "migrate", CHIRRUP_CONFIG=str(settings))
    chirrup(tmp_path, "migrate", CHIRRUP_CONFIG=str(settings), CHIRRUP_DATABASE=f"sqlite:{tmp_path}/environment.db")
    chirrup(tmp_path, "migrate", "--database", f"sqlite:{tmp_path}/line.db", CHIRRUP_CONFIG=str(settings))

    assert {file.name for file in tmp_path.glob("*.db")} == {"file.db", "environment.db", "line.db"}


def test_files_are_loaded_and_served(tmp_path: Path):
    graph, messages = tmp_path / "graph.txt.gz", tmp_path / "messages.txt"
    with gzip.open(graph, "wt") as file:
        file.write("# a graph\n0\t0\n1\t0\n2\t0\n2\t1\n")
    messages.write_text("good morning #town\n\nsecond message\n")
    server = Server(tmp_path / "data")

    server.command("load", "--follows", str(graph), "--posts", str(messages))
    token = server.command(
        "user", "create", "ann", "--email", "a@example.com", "--password", "password", "--token", ALL_SCOPES
    )
    server.start()
    try:
        ann = Person(server, token)
        public = ann.get("/api/v1/timelines/public").json()
        assert [post["content"].count("<p>") for post in public] == [1, 1]
        assert len(ann.get("/api/v1/timelines/tag/town").json()) == 1
        star = ann.get("/api/v1/accounts/lookup", acct="u0").json()
        assert (star["followers_count"], star["following_count"]) == (2, 0)
    finally:
        server.stop()


def test_loading_twice_into_one_database_is_refused_before_anything_is_lost(tmp_path: Path):
    assert chirrup(tmp_path, "load", "--accounts", "5", "--synthetic").returncode == 0

    done = chirrup(tmp_path, "load", "--accounts", "5", "--synthetic")

    assert done.returncode == 1 and "load into an empty database" in " ".join(done.stderr.split())


def test_a_backup_made_while_the_server_runs_can_be_served(tmp_path: Path):
    server = Server(tmp_path / "data").start()
    try:
        ann = server.person("ann")
        post = ann.say("keep this")
        server.command("backup", str(tmp_path / "copy"))
    finally:
        server.stop()

    again = Server(tmp_path / "copy").start()
    try:
        assert again.anyone().get(f"/api/v1/statuses/{post['id']}").json()["content"] == "<p>keep this</p>"
        assert again.anyone().get(f"/api/v1/accounts/{ann.id}/statuses").json()[0]["id"] == post["id"]
    finally:
        again.stop()


def test_in_a_backup_nobody_is_logged_in_and_the_server_says_so_once(tmp_path: Path):
    server = Server(tmp_path / "data").start()
    try:
        ann, gone = server.person("ann"), server.person("gone")
        app_token = server._make_app_token()
        server.command("backup", str(tmp_path / "copy"))
        server.command("user", "logout", "gone")
        assert ann.get("/api/v1/accounts/verify_credentials").ok  # where she is, she stays
    finally:
        server.stop()

    again = Server(tmp_path / "copy").start()
    try:
        for token in (ann.token, gone.token):
            assert Person(again, token).get("/api/v1/accounts/verify_credentials").status_code == 401
        assert Person(again, app_token).get("/api/v1/apps/verify_credentials").status_code == 401
        assert again.person("bob").say("hello")
        assert "this folder is a backup" in again.log() and "Copied on" in again.log()
        again.stop()
        again.start()
        assert again.log().count("this folder is a backup") == 1
    finally:
        again.stop()


def test_a_backup_that_is_served_tells_nobody_again_what_the_copied_server_tells(tmp_path: Path):
    make(tmp_path / "data", "ann")
    db = open_database(f"sqlite:{tmp_path / 'data' / 'chirrup.db'}")
    for key in ("first", "second"):
        db.write_now(jobs.enqueue, "a call of a later version", of=7, key=key, destination="hooks.example")
    db.write_now(jobs.enqueue, polls.ENDS, of=7, key="5", payload=5)

    said = " ".join(chirrup(tmp_path / "data", "backup", str(tmp_path / "copy")).stdout.split())

    assert "2 jobs that send something to others are set aside" in said
    assert {one.state for one in db.write_now(jobs.page, 10)} == {jobs.State.WAITING}
    db.close()
    with Server(tmp_path / "copy") as server:
        assert "2 jobs that send something to others are set aside" in server.log()
        copy = open_database(f"sqlite:{tmp_path / 'copy' / 'chirrup.db'}")
        eventually(lambda: [one.key for one in copy.write_now(jobs.page, 10)] == ["first", "second"])  # the poll ended
        assert {one.answer for one in copy.write_now(jobs.page, 10)} == {kinds.FROM_BACKUP}
        assert "2 jobs are set aside" in " ".join(server.command("doctor").split())
        assert "2 jobs are tried anew" in server.command("jobs", "--retry")
        copy.close()


def test_after_a_restore_by_other_tools_a_command_holds_what_sends_something_to_others(tmp_path: Path):
    make(tmp_path, "ann")
    db = open_database(f"sqlite:{tmp_path / 'chirrup.db'}")
    db.write_now(jobs.enqueue, "a call of a later version", of=7, key="first")
    db.write_now(jobs.enqueue, polls.ENDS, of=7, key="5", payload=5)

    assert "1 jobs are set aside" in chirrup(tmp_path, "jobs", "--hold").stdout

    assert {one.key: one.state for one in db.write_now(jobs.page, 10)} == {"first": "set_aside", "5": "waiting"}
    db.close()
    for words in (("--hold", "--drop"), ("--hold", "--kind", "mail"), ("--hold", "7")):
        refused = chirrup(tmp_path, "jobs", *words)
        assert refused.returncode == 1 and "expected" in refused.stderr


def test_everybody_can_be_logged_out_while_the_server_runs(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        people = [server.person("ann"), server.person("bob")]

        assert "2 accounts" in server.command("user", "logout", "--everybody")

        def all_out() -> bool:
            return all(one.get("/api/v1/accounts/verify_credentials").status_code == 401 for one in people)

        eventually(all_out, within_s=2)


@pytest.mark.parametrize("words", [(), ("ann", "--everybody")])
def test_a_logout_names_one_account_or_everybody(tmp_path: Path, words: tuple[str, ...]):
    done = chirrup(tmp_path, "user", "logout", *words)

    assert done.returncode == 1 and "--everybody" in done.stderr


def test_a_second_server_on_the_same_folder_or_file_is_refused(tmp_path: Path):
    file = tmp_path / "elsewhere.db"
    with Server(tmp_path / "data", env={"CHIRRUP_DATABASE": f"sqlite:{file}"}) as server:
        pid = server.process and server.process.pid
        for other in (
            chirrup(tmp_path / "data", "serve"),
            chirrup(tmp_path / "other", "serve", CHIRRUP_DATABASE=f"sqlite:{tmp_path}/data/../elsewhere.db"),
        ):
            said = " ".join(other.stderr.split())
            assert other.returncode == 1 and f"(process {pid})" in said and "choose another folder with --data" in said
        server.stop(signal.SIGKILL)  # the kernel lets go of the lock
        server.start()
        server.command("user", "list")  # commands run beside it


def test_nobody_else_on_the_machine_may_read_what_is_kept(tmp_path: Path):
    data, copy = tmp_path / "data", tmp_path / "copy"
    data.mkdir()
    data.chmod(0o755)  # whatever this process has as its umask
    with Server(data) as server:
        ann = server.person("ann")
        picture = io.BytesIO()
        Image.new("RGB", (60, 40), "red").save(picture, "PNG")
        assert ann.call("POST", "/api/v2/media", files={"file": ("a.png", picture.getvalue())}).ok
        server.command("backup", str(copy))
        server.stop()
        for file in data.iterdir():
            file.chmod(0o755 if file.is_dir() else 0o644)  # as an older Chirrup left them
        server.start()
        for folder in (data, copy):
            kept = list(folder.rglob("*"))
            assert {"chirrup.db", "secret", "media"} <= {path.name for path in kept}
            assert not [path for path in kept if path.is_file() and _others_may_read(path, folder)]
        assert stat.S_IMODE(copy.stat().st_mode) == 0o700
        assert stat.S_IMODE(data.stat().st_mode) == 0o755  # it was there before


def _others_may_read(path: Path, top: Path) -> bool:
    """By the modes of the file and of the folders between."""
    return all(one.stat().st_mode & 0o077 for one in [path, *path.parents] if one.is_relative_to(top) and one != top)


def test_a_backup_never_overwrites_one(tmp_path: Path):
    (tmp_path / "copy").mkdir()

    done = chirrup(tmp_path / "data", "backup", str(tmp_path / "copy"))

    assert done.returncode == 1 and "name a new folder" in " ".join(done.stderr.split())


def test_the_doctor_is_content_with_a_good_machine_and_warns_of_testing(tmp_path: Path):
    done = chirrup(tmp_path, "doctor")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "CHIRRUP_TESTING is set" in done.stdout and "All is well." in done.stdout
    assert "there is no database" in done.stdout and not list(tmp_path.glob("chirrup.db*"))


def test_the_doctor_says_what_to_do_about_a_bad_address(tmp_path: Path):
    done = chirrup(tmp_path, "doctor", CHIRRUP_URL="town.example")

    assert done.returncode == 1
    assert "set CHIRRUP_URL" in " ".join(done.stdout.split())


def test_a_password_reset_logs_out_everywhere(tmp_path: Path):
    server = Server(tmp_path / "data").start()
    try:
        ann = server.person("ann")
        assert ann.get("/api/v1/accounts/verify_credentials").ok

        server.command("user", "reset-password", "ann", "--password", "another one")

        def refused() -> bool:
            return ann.get("/api/v1/accounts/verify_credentials").status_code == 401

        eventually(refused, within_s=2)
    finally:
        server.stop()


def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path):
    server = Server(tmp_path / "data").start()
    try:
        done = chirrup(tmp_path / "other", "serve", "--port", str(server.port))
        assert done.returncode == 1 and "choose another with --port" in " ".join(done.stderr.split())
    finally:
        server.stop()


def test_what_failed_for_good_is_shown_with_its_reason_and_tried_anew(tmp_path: Path):
    make(tmp_path, "ann")
    db = open_database(f"sqlite:{tmp_path / 'chirrup.db'}")
    (event,) = db.write_now(outbox.lease, 1)
    db.write_now(outbox.set_aside, event.id, "ValueError('half a post')")

    assert "`chirrup failed`" in " ".join(chirrup(tmp_path, "doctor").stdout.split())
    shown = chirrup(tmp_path, "failed", "--retry", COLUMNS="200").stdout

    assert str(event.id) in shown and "ValueError('half a post')" in shown
    assert (db.write_now(outbox.failed), db.write_now(outbox.waiting)) == (0, 1)
    db.close()


def test_jobs_are_counted_shown_tried_anew_and_dropped(tmp_path: Path):
    make(tmp_path, "ann")
    assert "all are done" in chirrup(tmp_path, "jobs").stdout
    db = open_database(f"sqlite:{tmp_path / 'chirrup.db'}")
    for key in ("first", "second"):
        db.write_now(jobs.enqueue, "mail", of=7, key=key, payload={"words": "[red]"}, destination="mx.example")
    db.write_now(jobs.enqueue, "hook", of=7, key="later", due_ms=2**42)
    first, second = (one.id for one in db.write_now(jobs.page, 10, kind="mail"))
    db.write_now(jobs.take, [first, second])
    db.write_now(jobs.fail, [jobs.Outcome(first, 1, 5, jobs.State.SET_ASIDE, 0, "550 no such mailbox")])

    def lines(*words: str) -> list[list[str]]:
        done = chirrup(tmp_path, "jobs", *words, COLUMNS="200")
        assert done.returncode == 0, done.stderr
        return [line.split() for line in done.stdout.splitlines()]

    counts = {line[1]: [word for word in line[2:] if word != "│"] for line in lines() if line[0] == "│"}
    assert counts == {"hook": ["0", "1", "0", "0"], "mail": ["0", "0", "1", "1"]}
    assert "1 jobs are set aside: they could not be done" in " ".join(chirrup(tmp_path, "doctor").stdout.split())
    (shown,) = [line for line in lines("--state", "set-aside") if line[0] == "│"]
    assert [word for word in shown if word != "│"][:5] == [str(first), "mail", "set_aside", "5", "mx.example"]
    one = chirrup(tmp_path, "jobs", str(first), COLUMNS="200").stdout
    assert all(words in one for words in ("first", "550 no such mailbox", '{"words":"[red]"}')), one

    assert lines("--retry")[0][:4] == ["1", "jobs", "are", "tried"]
    assert db.write_now(jobs.by_id, first).state == "waiting"
    assert lines(str(first), str(second), "--drop")[0][:3] == ["1", "jobs", "were"]  # the other one runs
    assert [one.key for one in db.write_now(jobs.page, 10)] == ["second", "later"]
    gone = chirrup(tmp_path, "jobs", str(first))
    assert gone.returncode == 1 and f"there is no job {first}" in " ".join(gone.stderr.split())
    db.close()


# passwords that nobody else sees


def spoken(data: Path, words: list[str], *lines: str) -> tuple[int, str]:
    """(exit status, what a terminal shows) of a command that asks; lines: what somebody types."""
    screen, terminal = pty.openpty()
    env = os.environ | {"CHIRRUP_DATA": str(data), "CHIRRUP_PORT": str(free_port())}
    command = [sys.executable, "-m", "chirrup", *words]
    with subprocess.Popen(command, env=env, cwd=ROOT, stdin=terminal, stdout=terminal, stderr=terminal) as asked:
        os.close(terminal)
        shown = b""
        for number, line in enumerate(lines, 1):
            while shown.lower().count(b": ") < number:  # asked once more
                shown += os.read(screen, 1000)
            os.write(screen, line.encode() + b"\n")
        with contextlib.suppress(OSError):  # the other end is closed
            while more := os.read(screen, 1000):
                shown += more
    os.close(screen)
    return asked.returncode, shown.decode()


def logs_in(data: Path, name: str, password: str) -> bool:
    db = open_database(f"sqlite:{data / 'chirrup.db'}")
    found = db.write_now(lambda tx: logins.look_up(tx, username=name))
    db.close()
    return Passwords().matches(found.password_hash, password)


NEW = ["user", "create", "ann", "--email", "ann@example.com"]


def test_a_password_is_asked_for_and_not_shown(tmp_path: Path):
    status, shown = spoken(tmp_path, NEW, "correct horse 1", "correct horse 1")
    assert status == 0
    assert "correct" not in shown
    assert logs_in(tmp_path, "ann", "correct horse 1")

    status, shown = spoken(tmp_path, ["user", "reset-password", "ann"], "battery staple", "battery stable")
    assert status == 1
    assert "differ" in shown
    assert logs_in(tmp_path, "ann", "correct horse 1")
    assert spoken(tmp_path, ["user", "reset-password", "ann"], "battery staple", "battery staple")[0] == 0
    assert logs_in(tmp_path, "ann", "battery staple")


def test_a_password_is_read_from_standard_input_or_a_file(tmp_path: Path):
    file = tmp_path / "password"
    file.write_text("kept in a file\n")

    def run(*words: str, sent: str = "") -> subprocess.CompletedProcess[str]:
        env = os.environ | {"CHIRRUP_DATA": str(tmp_path / "data")}
        return forkserver.run("user", *words, env=env, sent=sent)

    assert run(*NEW[1:], "--password-stdin", sent="ünï code 12\r\nmore").returncode == 0
    assert logs_in(tmp_path / "data", "ann", "ünï code 12")
    assert run("reset-password", "ann", "--password-file", str(file)).returncode == 0
    assert logs_in(tmp_path / "data", "ann", "kept in a file")
    for words, why in (
        ((), "--password-stdin"),
        (("--password-file", "/nowhere"), "/nowhere"),
        (("--password-stdin", "--password", "correct horse"), "once"),
        (("--password-stdin",), "blank"),
    ):
        refused = run("reset-password", "ann", *words)
        assert refused.returncode == 1
        assert why in " ".join(refused.stderr.split())
        assert "Traceback" not in refused.stderr
    assert logs_in(tmp_path / "data", "ann", "kept in a file")


def test_help_says_who_sees_a_password(tmp_path: Path):
    for command in ("create", "reset-password"):
        assert "can see it" in " ".join(chirrup(tmp_path, "user", command, "--help").stdout.replace("│", " ").split())


def test_files_are_brought_in_by_command(tmp_path: Path):
    for name in ("ann", "bob"):
        make(tmp_path, name)
    follows, archive = tmp_path / "follows.csv", tmp_path / "archive.zip"
    follows.write_text("bob\nnobody\n")
    tweets = [{"tweet": {"id_str": "1", "full_text": "hello", "created_at": "Wed Oct 10 20:19:25 +0000 2018"}}]
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("data/tweets.js", "window.YTD.tweets.part0 = " + json.dumps(tweets))

    done = chirrup(tmp_path, "import", "following", "ann", str(follows))
    assert "1 of 2 were brought in" in done.stdout and "2: is not known here" in done.stdout, done.stderr
    refused = chirrup(tmp_path, "import", "posts", "ann", str(archive))
    assert refused.returncode == 1 and "protected" in refused.stderr
    done = chirrup(tmp_path, "import", "posts", "ann", str(archive), "--audience", "public")
    assert "1 of 1 were brought in" in done.stdout, done.stderr
    missing = chirrup(tmp_path, "import", "muted", "ann", str(tmp_path / "none.csv"))
    assert missing.returncode == 1 and "cannot read" in missing.stderr
    with Server(tmp_path) as server:
        found = server.anyone().get("/api/v1/timelines/public").json()
    assert [(post["content"], post["created_at"]) for post in found] == [("<p>hello</p>", "2018-10-10T20:19:25.000Z")]
