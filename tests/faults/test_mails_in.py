"""The server is killed while a mail server hands mails over: each is posted once, and none is lost."""

import random
import re
import signal
import smtplib
import threading
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from client import Person, Server, eventually
from faults.ledger import SEED
from mail.test_inbound import picture
from servers import free_port

from chirrup.access import signing
from chirrup.access.mail_addresses import About, MailAddresses
from chirrup.config import Settings
from chirrup.types import MailPrefs

MAILS, KILLS = 30, 3


def test_mails_that_come_in_are_posted_once_through_kills(tmp_path: Path):
    port, choices = free_port(), random.Random(SEED)
    env = {"CHIRRUP_MAIL_IN": f"lmtp://127.0.0.1:{port}", "CHIRRUP_MAIL_IN_NETWORKS": "192.0.2.0/24"}
    with Server(tmp_path / "data", env=env) as server:
        ann, bob = server.person(), server.person()
        post = ann.say("When is bread?")
        addresses = MailAddresses(signing.signer(Settings(data=server.data)), "localhost", 0)
        now_ms = int(time.time() * 1000)
        to = addresses.reply(MailPrefs(int(bob.id)), About.POST, int(post["id"]), now_ms=now_ms)
        mails = [written(bob, to, number) for number in range(MAILS)]
        queue = threading.Thread(target=lambda: [hand_over(port, to, mail) for mail in mails])
        queue.start()
        for _ in range(KILLS):
            time.sleep(choices.uniform(0.05, 0.4))  # a random moment
            server.stop(signal.SIGKILL)
            server.start()
        queue.join(60)
        assert not queue.is_alive()

        for mail in mails[:5]:  # its answer got lost
            hand_over(port, to, mail)
        eventually(lambda: len(said(bob)) == MAILS)
        assert sorted(said(bob)) == sorted(f"Answer {number}" for number in range(MAILS))


def written(by: Person, to: str, number: int) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Message-ID"] = f"{by.name}@example.com", to, f"<{number}@example.com>"
    mail.set_content(f"Answer {number}")
    if number % 4 == 0:
        mail.add_attachment(picture(), "image", "png", filename="a.png")
    return mail


def hand_over(port: int, to: str, mail: EmailMessage) -> None:
    """As a mail server does: again and again, until it is taken."""
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        try:
            with smtplib.LMTP("127.0.0.1", port, timeout=10) as client:
                client.ehlo("mx.example")
                client.docmd("XFORWARD", "ADDR=192.0.2.7")
                client.sendmail("bob@example.com", [to], mail.as_bytes())
                return
        except (OSError, smtplib.SMTPException):
            time.sleep(0.02)
    raise AssertionError("it was never taken")


def said(by: Person) -> list[str]:
    """What was answered, without whom it was said to."""
    found, newest = list[str](), ""
    while page := by.get(
        f"/api/v1/accounts/{by.id}/statuses", limit=40, **({"max_id": newest} if newest else {})
    ).json():
        found += [re.sub("<[^>]+>", "", one["content"]).partition(" ")[2] for one in page]
        newest = page[-1]["id"]
    return found
