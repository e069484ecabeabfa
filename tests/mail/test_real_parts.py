"""Mails go through postfix into maildirs, are one thread in dovecot, and opendkim believes their signatures."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from client import eventually
from dovecot import Dovecot
from kit import work_off
from mail.test_told import KINDS, Town
from postfix import Postfix
from servers import find

from chirrup.config import Settings
from chirrup.engines.mailer.smtp import SmtpMailer, server_of
from chirrup.mail import dkim
from chirrup.mail.dkim import Dkim
from chirrup.ports import Engines
from chirrup.store import jobs

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
BOX = "bob@example.com"


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    if os.getuid() or not all(find(one) for one in ("postfix", "dovecot-imapd", "opendkim")):
        pytest.skip("needs root, postfix, dovecot and opendkim: apt-get install postfix dovecot-imapd opendkim")
    server = Postfix(BOX)
    server.start()
    try:
        yield server
    finally:
        server.remove()


async def test_a_thread_arrives_as_one_is_signed_and_waits_for_a_mail_server_that_is_away(
    engines: Engines, postfix: Postfix, tmp_path: Path
):
    key = dkim.make(Settings(data=tmp_path))
    mailer = SmtpMailer(server_of(f"smtp+plain://127.0.0.1:{postfix.port}"), "town.example", sign=key.signed)
    town = await Town(msgspec.structs.replace(engines, mailer=mailer)).begin()

    first = await town.say(town.ann, "Bread at six, who comes? @bob")
    bobs = await town.say(town.bob, "Me @ann", reply_to_id=first.id)
    await work_off(town.engines, KINDS)
    second = await town.say(town.ann, "Good @bob", reply_to_id=bobs.id)
    await work_off(town.engines, KINDS)
    await town.say(town.eve, "Me, too @bob", reply_to_id=first.id)
    await town.say(town.ann, "Something else, @bob")
    await work_off(town.engines, KINDS)
    postfix.stop()
    await town.say(town.ann, "Bring a basket @bob", reply_to_id=second.id)
    await work_off(town.engines, KINDS)
    assert [one.state for one in await town.db.read(lambda tx: jobs.page(tx, 9, kind="mail_told"))] == ["waiting"]
    postfix.start()
    await town.hurry()
    await work_off(town.engines, KINDS)
    files = eventually(lambda: len(found := postfix.files(BOX)) >= 5 and found, within_s=20)

    assert [one for one in files if not believed(one.read_bytes(), key, tmp_path)] == []
    others, alone = threads(postfix)
    assert alone == ["Something else, @bob"]
    assert sorted(others) == ["Bread at six, who comes? @bob", *(3 * ["Re: Bread at six, who comes? @bob"])]


def threads(postfix: Postfix) -> list[list[str]]:
    """The subjects of each thread, as dovecot finds threads by References; the largest first."""
    dovecot = Dovecot(postfix.folder / "mail")
    try:
        dovecot.start()
        client = dovecot.log_in(BOX)
        _, (found,) = client.thread("REFERENCES", "UTF-8", "ALL")
        shape = found.decode()
        parts, depth, at = list[str](), 0, 0
        for n, sign in enumerate(shape):
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if not depth:
                parts.append(shape[at : n + 1])
                at = n + 1
        numbers = [[int(one) for one in part.replace("(", " ").replace(")", " ").split()] for part in parts]
        subjects = {
            n: client.fetch(str(n), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0] for part in numbers for n in part
        }
        client.logout()
    finally:
        dovecot.remove()
    named = {n: one[1].decode().partition(":")[2].strip() for n, one in subjects.items() if isinstance(one, tuple)}
    return sorted(([named[n] for n in part] for part in numbers), key=len, reverse=True)


def believed(data: bytes, key: Dkim, folder: Path) -> bool:
    (folder / "dns").write_text(f"chirrup._domainkey.town.example {key.record}\n")
    config, mail = folder / "conf", folder / "mail"
    config.write_text(f"Mode v\nSocket inet:0@127.0.0.1\nSyslog no\nTestDNSData file:{folder / 'dns'}\n")
    mail.write_bytes(data.replace(b"\n", b"\r\n"))
    command = [str(find("opendkim")), "-x", str(config), "-v", "-t", str(mail)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return "succeeded" in said.stdout + said.stderr
