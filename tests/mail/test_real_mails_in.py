"""Mails through Debian's postfix and dovecot into posts: forged ones are none, and none is lost or doubled."""

import asyncio
import imaplib
import os
import shutil
import smtplib
import subprocess
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest
from dovecot import Dovecot
from mail.test_inbound import Scene
from postfix import Postfix
from servers import find, free_port, running

from chirrup.errors import Unreachable
from chirrup.mail import lmtp, mailbox
from chirrup.ports import Engines

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@pytest.fixture
def lmtp_port() -> int:
    if os.getuid() or not all(find(one) for one in ("postfix", "dovecot-imapd", "swaks")):
        pytest.skip("needs root, postfix, dovecot and swaks: apt-get install postfix dovecot-imapd swaks")
    return free_port()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    give_up_at = time.monotonic() + 60
    while not await true():
        assert time.monotonic() < give_up_at
        await asyncio.sleep(0.05)  # polling: nothing signals it


async def test_replies_go_through_postfix_into_their_thread_and_wait_while_nobody_takes_them(
    engines: Engines, tmp_path: Path, lmtp_port: int
):
    with running(lambda: Postfix("ann@example.com", passed={"town.example": lmtp_port})) as postfix:
        here = {"mail_in": f"lmtp://127.0.0.1:{lmtp_port}", "mail_in_networks": ("127.0.0.0/8",)}
        scene = Scene(engines, tmp_path, **here)
        await scene.begin()
        to = await scene.reply_to((await scene.say()).id)
        mails = [scene.mail(to, f"Answer {n}") for n in range(5)]
        forged = scene.mail("r-aaaa@town.example", "Forged")
        away = scene.mail(to, "I am away", Auto_Submitted="auto-replied")
        for mail in (*mails, mails[0], forged, away):  # nobody takes them yet
            await asyncio.to_thread(hand_over, postfix.port, mail)

        server = await lmtp.listen(scene.settings, scene.inbound, "town.example")
        swaks = [str(find("swaks")), "--server", f"127.0.0.1:{postfix.port}", "--from", "bob@example.com", "--to", to]
        done = await asyncio.to_thread(subprocess.run, [*swaks, "--body", "By swaks"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout

        async def all_there() -> bool:
            waits = await asyncio.to_thread(postfix.waits)
            if waits:  # one may have been tried once more before there was somebody to take it
                await asyncio.to_thread(postfix.flush)
            return not waits and len(await scene.said()) == 6

        await until(all_there)
        server.close()
        said = sorted(one.text for one in await scene.said())
        assert said == [*(f"@ann Answer {n}" for n in range(5)), "@ann By swaks"]
        assert "550 5.1.1 There is no such address here" in postfix.maillog
        assert await scene.told() == []


def hand_over(port: int, mail: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("bob@example.com", [mail["To"]], mail.as_bytes())


async def test_a_mailbox_is_emptied_into_posts_once_and_what_cannot_be_taken_stays_in_it_flagged(
    engines: Engines, tmp_path: Path, lmtp_port: int
):
    scene = Scene(engines, tmp_path, mail_in_results="mx.town.example")
    await scene.begin()
    to = await scene.reply_to((await scene.say()).id)
    vouched = {"Authentication-Results": "mx.town.example; spf=pass smtp.mailfrom=bob@example.com"}
    folder = tmp_path / "maildirs"
    inbox = folder / "town" / "new"
    for name in ("cur", "new", "tmp"):
        (folder / "town" / name).mkdir(parents=True)
    mails = [
        scene.mail(to, "Posted", **vouched, Return_Path="<bob@example.com>"),
        scene.mail(f"ann@example.com, {to.upper()}", "To others, too", **vouched),
        scene.mail("nobody@town.example", "Nowhere", **vouched),
        scene.mail(to, "A report", **vouched, Return_Path="<>"),
    ]
    for number, mail in enumerate(mails):
        (inbox / f"{number}.mail").write_bytes(mail.as_bytes().replace(b"\r\n", b"\n"))
    for one in (folder, *folder.rglob("*")):
        shutil.chown(one, "nobody", "nogroup")
    for one in (folder, *(parent for parent in folder.parents if "pytest-" in str(parent))):
        one.chmod(one.stat().st_mode | 0o011)  # dovecot reads as nobody

    with running(lambda: Dovecot(folder)) as dovecot:
        address = f"imap://town:{dovecot.password}@127.0.0.1:{dovecot.port}/INBOX"
        box = mailbox.of(msgspec.structs.replace(scene.settings, mail_in=address))

        assert await mailbox.look(scene.inbound, box) == 3
        assert await mailbox.look(scene.inbound, box) == 0

        client = dovecot.log_in("town")
        assert client.search(None, "ALL")[1] == client.search(None, "FLAGGED")[1] == [b"1"]
        client.append("INBOX", "", imaplib.Time2Internaldate(time.time()), mails[0].as_bytes())
        client.logout()
        assert await mailbox.look(scene.inbound, box) == 1  # killed before it was deleted, it is looked at again
    assert [one.text for one in await scene.said()] == ["@ann Posted", "@ann To others, too"]
    with pytest.raises(Unreachable):
        await mailbox.look(scene.inbound, box)
