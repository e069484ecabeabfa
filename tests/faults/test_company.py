"""Commands that bring in an organisation, or read its directory, are killed: nothing is half done, and each goes on."""

import asyncio
import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import forkserver
import pytest
import servers
from client import eventually
from databases import open_database
from ldap_server import Slapd
from ldap_server import person as entry

from chirrup.app import close_engines, open_engines
from chirrup.config import Settings, load
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.ids import ID_MAX
from chirrup.orgs import members, organisations
from chirrup.orgs.directory import entering
from chirrup.orgs.export import write_file
from chirrup.orgs.members import Joining
from chirrup.ports import Database, Tx
from chirrup.social import audit, images, posts
from chirrup.store import tables
from chirrup.types import Draft, Span

pytestmark = pytest.mark.slow
KILLS, POSTS = 3, 500
NAMES = [*(f"stays{n}" for n in range(36)), *(f"leaves{n}" for n in range(4))]  # a tenth: no owner is asked


def town(folder: Path, template: Path, **env: str) -> tuple[Settings, Database]:
    folder.mkdir()
    db = open_database(f"sqlite:{shutil.copy(template, folder / 'chirrup.db')}")
    return load({"data": folder, "testing": True}, environ=env), db


def killed_when(reached: Callable[[], object], *words: str, env: dict[str, str], log: Path) -> None:
    """Run the command, and kill it then; it may have just ended."""
    with log.open("ab") as out:
        process = forkserver.start(*words, env=env, out=out, err=out)
        eventually(reached, within_s=30)
        process.send_signal(signal.SIGKILL)
        process.wait(10)


def test_an_organisation_whose_import_is_killed_is_there_whole_or_not_at_all(sqlite_template: Path, tmp_path: Path):
    old, db = town(tmp_path / "old", sqlite_template)
    org = db.write_now(organisations.create, "acme", "acme.example")
    picture, blobs = images.new_key("png", org.id), DiskBlobs(old.data / "media")
    blobs.put(picture, b"a picture", "image/png")
    db.write_now(fill, org.id, picture)
    write_file(db, blobs, org, tmp_path / "acme")
    db.close()
    new, db = town(tmp_path / "new", sqlite_template)
    env = {"CHIRRUP_DATA": str(new.data), "PATH": ""}
    words = ("org", "import", str(tmp_path / "acme"), "--host", "acme.example")
    files = DiskBlobs(new.data / "media")

    whole = {"accounts": 1, "emails": 1, "hosts": 1, "orgs": 1, "posts": POSTS}
    there: dict[str, int] = {}
    for _ in range(KILLS):
        if not there:  # its files are put in place before its rows: when the first is there, rows are being written
            files.delete(picture)
            killed_when(lambda: files.get(picture), *words, env=env, log=tmp_path / "log")
            there = db.write_now(count)
            assert there in ({}, whole), (tmp_path / "log").read_text()
    done = forkserver.run(*words, env=env)

    assert done.returncode == 0 or "is here already" in " ".join((done.stdout + done.stderr).split())
    assert db.write_now(count) == whole
    assert db.write_now(audit.verify, org.id).faults == {}
    db.close()


def fill(tx: Tx, org_id: int, picture: str) -> None:
    ann = members.join(tx, org_id, Joining("ann", "ann@acme.example"))
    for n in range(POSTS):
        posts.publish(tx, ann.id, Draft(f"post {n}"))
    tx.run("UPDATE accounts SET avatar = :picture WHERE id = :id", picture=picture, id=ann.id)


def count(tx: Tx) -> dict[str, int]:
    """Rows of some tables; {}: of none."""
    names = ("accounts", "emails", "hosts", "orgs", "posts")
    found = {name: len(tx.all(tables.every()[name].rows)) for name in names}
    return found if any(found.values()) else {}


def test_a_reading_of_a_directory_that_is_killed_goes_on(slapd_path: Path, sqlite_template: Path, tmp_path: Path):
    with servers.running(Slapd) as slapd:
        slapd.stop()
        slapd.load("\n".join(map(entry, NAMES)))
        slapd.start()
        hosts = ",".join(slapd.hosts)
        env = {"CHIRRUP_LDAP": json.dumps(slapd.settings), "CHIRRUP_IDENTITY_HOSTS": hosts}
        settings, db = town(tmp_path / "data", sqlite_template, **env)
        asyncio.run(enter_all(settings))
        stays = json.dumps(slapd.settings | {"filter": "(&(objectClass=inetOrgPerson)(!(uid=leaves*)))"})
        env |= {"CHIRRUP_DATA": str(settings.data), "CHIRRUP_LDAP": stays, "PATH": ""}

        killed_when(lambda: db.write_now(left), "identity", "sync", env=env, log=tmp_path / "log")
        assert 0 < len(db.write_now(left)) <= 4
        done = forkserver.run("identity", "sync", env=env)

    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(db.write_now(left)) == [f"leaves{n}" for n in range(4)]  # each once
    db.close()


async def enter_all(settings: Settings) -> None:
    engines, ldap = open_engines(settings), settings.ldap
    assert ldap
    for one in await engines.directories.directory(ldap).everybody():
        await engines.db.write(entering.enter, 0, one, ldap, proves_addresses=True)
    await close_engines(engines)


def left(tx: Tx) -> list[str]:
    """Names of whom the log says that they were deactivated."""
    return [one.target_name for one in audit.page(tx, 0, Span(ID_MAX, limit=100)) if one.action == "deactivate"]
