"""Mails that come in become posts of who they are from, once each, for whom they answered, and never more."""

import asyncio
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import dkim
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dns_server import dns_server
from kit import TOWN, person, settle, work_off
from mail_server import read as read_mail
from mail_server import text_of
from PIL import Image

from chirrup.access import signing
from chirrup.access.mail_addresses import About, MailAddresses
from chirrup.access.sites import Sites
from chirrup.config import Settings
from chirrup.engines.resolver.system import SystemResolver
from chirrup.errors import Invalid, NotFound, TooMany, Unavailable
from chirrup.ids import bucket_of
from chirrup.mail.inbound import Came, Inbound, Stranger
from chirrup.orgs import rooms
from chirrup.ports import Engines
from chirrup.social import follows, mail_prefs, mails_in, posts
from chirrup.store import mail_prefs as pref_rows
from chirrup.store import posts as post_rows
from chirrup.types import Draft, MailPrefs, Post, Span

# ruff: noqa: E501 (mails as they are)
NETWORK = Came("bob@example.com", "192.0.2.7")
ELSEWHERE = Came("bob@example.com", "198.51.100.1")


class Scene:
    """ann has said something; bob answers by mail, from the operator's network if a test says nothing else."""

    def __init__(self, engines: Engines, folder: Path, **settings: Any) -> None:
        given: dict[str, Any] = {"data": folder, "mail_in_networks": ("192.0.2.0/24",), "secret": "s" * 32} | settings
        self.settings: Settings = msgspec.structs.replace(TOWN, **given)
        self.engines, self.db = engines, engines.db
        self.sites = Sites(self.settings, engines.db)
        self.inbound = Inbound(self.settings, engines, self.sites)
        self.addresses = MailAddresses(signing.signer(self.settings), "town.example", 0)
        self.number = 0
        self.ann = self.bob = 0

    async def begin(self) -> None:
        self.ann, self.bob = [await self.db.write(person, name) for name in ("ann", "bob")]

    async def say(self, text: str = "When is bread?", author: int = 0, **more: Any) -> Post:
        return await self.db.write(posts.publish, author or self.ann, Draft(text=text, **more), domain="town.example")

    async def reply_to(self, post_id: int, account_id: int = 0, about: About = About.POST) -> str:
        def operation(tx: Any) -> str:
            prefs = mail_prefs.of(tx, account_id or self.bob)
            return self.addresses.reply(prefs, about, post_id, now_ms=tx.now_ms)

        return await self.db.read(operation)

    def mail(self, to: str, text: str = "At six.", **headers: str) -> EmailMessage:
        self.number += 1
        mail = EmailMessage(policy=SMTP)
        given = {"From": "Bob <Bob@Example.com>", "To": to, "Subject": "Re: bread"}
        given |= {"Message-ID": f"<{self.number}@example.com>"}
        for name, value in (given | {key.replace("_", "-"): one for key, one in headers.items()}).items():
            if value:
                mail[name] = value
        mail.set_content(text)
        return mail

    async def send(self, to: str, mail: EmailMessage | bytes, came: Came = NETWORK) -> str:
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        return await self.inbound.receive(raw, await self.inbound.take(raw), to, came)

    async def said(self, author: int = 0) -> list[Post]:
        """What bob has said, oldest first."""
        ids = await self.db.read(post_rows.ids_by_author, author or self.bob, Span(before=1 << 62, limit=40))
        found = await self.db.read(post_rows.by_ids, ids)
        return sorted(found.values(), key=lambda one: one.id)

    async def told(self) -> list[tuple[str, str, str]]:
        """(to, subject, text) of the mails that are due."""
        mailer: Any = self.engines.mailer
        mailer.sent.clear()
        await work_off(self.engines)
        return [(one.to, read_mail(one.data)["Subject"], text_of(read_mail(one.data))) for one in mailer.sent]


@pytest.fixture
def scene_of(engines: Engines, tmp_path: Path) -> Callable[..., Any]:
    async def made(**settings: Any) -> Scene:
        scene = Scene(engines, tmp_path, **settings)
        await scene.begin()
        return scene

    return made


def picture() -> bytes:
    from io import BytesIO

    out = BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "PNG")
    return out.getvalue()


async def test_a_reply_is_posted_once_in_its_thread_for_whom_it_answers(scene_of):
    scene = await scene_of()
    post = await scene.say()
    aside = await scene.say("@bob only you", visibility="direct")
    to, apart = await scene.reply_to(post.id), await scene.reply_to(aside.id)
    mail = scene.mail(to, "At six.\n\nOn Tue, 1 Dec 2026 at 10:00, Ann <r@town.example> wrote:\n\n> When is bread?\n")
    mail.add_attachment(picture(), "image", "png", filename="oven.png")
    mail.add_attachment(b"%PDF" * 400, "application", "pdf", filename="plan.pdf")

    assert await scene.send(to.upper(), mail) == "posted"
    assert await scene.send(to, mail) == "posted"  # it comes again
    twice = scene.mail(to, "On two ways at once.")
    assert await asyncio.gather(*[scene.send(to, twice) for _ in range(4)]) == ["posted"] * 4
    assert await scene.send(apart, scene.mail(apart, "Just us.")) == "posted"

    answer, _, private = await scene.said()
    assert (answer.text, answer.reply_to_id, answer.visibility) == (
        "@ann At six.\n\n[plan.pdf, 2 kB: not attached]",
        post.id,
        "public",
    )
    assert len(answer.media) == 1
    assert (private.text, private.visibility) == ("@ann Just us.", "direct")
    assert await scene.db.read(posts.get, scene.ann, private.id)
    with pytest.raises(NotFound):
        await scene.db.read(posts.get, await scene.db.write(person, "eve"), private.id)


async def test_what_is_long_becomes_a_thread_and_what_cannot_be_posted_comes_back_whole(scene_of):
    scene = await scene_of()
    post = await scene.say()
    to = await scene.reply_to(post.id)
    long = "\n\n".join(f"Paragraph {n}. " + "Flour, water, salt. " * 12 for n in range(5))
    endless = "word " * 2000 + "end"

    assert await scene.send(to, scene.mail(to, long)) == "posted"
    assert await scene.send(to, scene.mail(to, endless)) == "answered"
    assert await scene.send(to, scene.mail(to, "\n> only a quote\n\n-- \nBob")) in ("posted", "answered")
    said = await scene.said()
    parts = [one for one in said if "Paragraph" in one.text]
    assert [one.text[-5:] for one in parts] == [f"({n}/{len(parts)})" for n in range(1, len(parts) + 1)]
    assert [one.reply_to_id for one in parts] == [post.id, *(one.id for one in parts[:-1])]
    joined = " ".join(one.text for one in parts)
    assert all(f"Paragraph {n}." in joined for n in range(5)) and joined.count("salt.") == 60

    await scene.db.write(posts.delete, scene.ann, post.id)
    assert await scene.send(to, scene.mail(to, "Too late?")) == "answered"
    told = await scene.told()
    assert {to for to, _, _ in told} == {"bob@example.com"}
    (whole,) = [text for _, _, text in told if "too long" in text]
    assert whole.count("word") >= 2000
    (late,) = [text for _, _, text in told if "not there any more" in text]
    assert "Too late?" in late


async def test_a_room_gets_new_posts_and_commands(scene_of):
    scene = await scene_of()
    room = await scene.db.write(rooms.create, 0, scene.ann, "oven", rooms.RoomChange(closed=False))
    shut = await scene.db.write(rooms.create, 0, scene.ann, "den", rooms.RoomChange(closed=True))
    to, den = [
        scene.addresses.room(await scene.db.read(pref_rows.of, one.id), name)
        for one, name in ((room, "oven"), (shut, "den"))
    ]

    assert await scene.send(to, scene.mail(to, "join\n\n-- \nBob")) == "done"
    assert await scene.send(den, scene.mail(den, "Join")) == "done"
    assert await scene.send(to, scene.mail(to, "It is hot.", Subject="The oven")) == "posted"
    assert await scene.send(den, scene.mail(den, "Let me in!", Subject="Hello")) == "answered"
    assert await scene.send(to, scene.mail(to, "leave")) == "done"
    with pytest.raises(Stranger):
        await scene.send(to, scene.mail(to, From="eve@elsewhere.example"))

    await scene.db.write(_close_login, scene.bob)
    with pytest.raises(Stranger):
        await scene.send(to, scene.mail(to, "I am closed"))
    await scene.db.write(_close_login, scene.bob, closed=False)

    (post,) = await scene.said()
    assert (post.text, post.audience_id) == ("@oven The oven\n\nIt is hot.", room.id)
    told = [text for _, _, text in await scene.told()]
    assert [word for word in ("You are in @oven", "asked to come into @den", "not in @oven any") if any(word in one for one in told)] == [
        "You are in @oven", "asked to come into @den", "not in @oven any",
    ]  # fmt: skip
    asked = await scene.reply_to(scene.bob, scene.ann, About.REQUEST)
    await scene.db.write(_lock, scene.ann)
    await scene.db.write(follows.follow, scene.bob, scene.ann)
    assert await scene.send(asked, scene.mail(asked, "what?", From="ann@example.com")) == "answered"
    assert await scene.send(asked, scene.mail(asked, "Approve", From="ann@example.com")) == "done"
    assert await scene.db.read(lambda tx: follows.rows.get(tx, scene.bob, scene.ann))


def _lock(tx: Any, id: int) -> None:
    from chirrup.social import accounts

    accounts.change_profile(tx, id, accounts.ProfileChange(locked=True))


def _close_login(tx: Any, id: int, *, closed: bool = True) -> None:
    tx.run(
        "UPDATE users SET disabled = :on WHERE bucket = :bucket AND account_id = :id",
        on=int(closed),
        bucket=bucket_of(id),
        id=id,
    )


AUTOMATIC: dict[str, dict[str, str]] = {
    "an answer of a program": {"Auto-Submitted": "auto-replied"},
    "another": {"Auto-Submitted": "auto-generated; x=y"},
    "bulk": {"Precedence": "bulk"},
    "list": {"Precedence": "List"},
    "junk": {"Precedence": "junk"},
    "a mailing list": {"List-Id": "<a.b.example>"},
    "a holiday": {"X-Autoreply": "yes"},
    "a subject": {"Subject": "Out of Office: away"},
    "in German": {"Subject": "Automatische Antwort: Brot"},
    "our own": {"Message-ID": "<55@Town.example>"},
    "a report": {"Content-Type": "multipart/report; boundary=x"},
}


async def test_what_no_person_wrote_is_neither_posted_nor_answered(scene_of):
    scene = await scene_of()
    to = await scene.reply_to((await scene.say()).id)
    found = {}
    for name, headers in AUTOMATIC.items():
        mail = scene.mail(to)
        for header, value in headers.items():
            del mail[header]
            mail[header] = value
        found[name] = await scene.send(to, mail)
    for envelope in ("", "MAILER-DAEMON@example.com"):
        found[envelope] = await scene.send(to, scene.mail(to), Came(envelope, "192.0.2.7"))
    looped = scene.mail(to)
    for n in range(60):
        looped["Received"] = f"from a by b; {n}"
    found["loop"] = await scene.send(to, looped)

    assert set(found.values()) == {"automatic"}, found
    assert (await scene.said(), await scene.told()) == ([], [])
    assert await scene.send(to, scene.mail(to, Auto_Submitted="no")) == "posted"


def report(to: str, status: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; bob@example.com\r\n"
        f"Action: {'failed' if status[0] == '5' else 'delayed'}\r\nStatus: {status}\r\n\r\n--b--\r\n"
    ).encode()


async def test_reports_about_own_mails_end_them_after_three(scene_of):
    scene = await scene_of()
    to = scene.addresses.bounce(MailPrefs(scene.bob), 77)

    assert await scene.send(to, report(to, "4.2.2"), Came("")) == "bounced"
    assert await scene.send(to, scene.mail(to, "I am on holiday"), Came("")) == "bounced"
    for _ in range(2):
        assert await scene.send(to, report(to, "5.1.1"), Came("")) == "bounced"
    assert (await scene.db.read(mail_prefs.of, scene.bob)).off_ms == 0
    await scene.send(to, report(to, "5.1.1"), Came(""))
    assert (await scene.db.read(mail_prefs.of, scene.bob)).off_ms
    assert (await scene.said(), await scene.told()) == ([], [])


KEY = rsa.generate_private_key(65537, 1024)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
PUBLIC = "".join(
    KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
    .splitlines()[1:-1]
)


def signed(mail: EmailMessage | bytes, domain: str, **options: Any) -> bytes:
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    return dkim.sign(raw, b"s", domain.encode(), PEM, **options) + raw


async def test_only_who_is_proved_to_be_the_sender_posts_and_staff_look_at_the_others(engines: Engines, tmp_path: Path):
    with dns_server() as dns:
        record = f"v=DKIM1; k=rsa; p={PUBLIC[:200]},{PUBLIC[200:]}"
        dns.say(**{"s._domainkey.example.com": record, "s._domainkey.evil.example": record})
        engines = msgspec.structs.replace(engines, resolver=SystemResolver(dns.address))
        scene = Scene(engines, tmp_path, dns=dns.address, mail_in_results="mx.town.example")
        await scene.begin()
        to = await scene.reply_to((await scene.say()).id)

        async def verdict(mail: EmailMessage | bytes, came: Came = ELSEWHERE) -> str:
            return await scene.send(to, mail, came)

        results = "mx.town.example; spf=pass (ok) smtp.mailfrom={}; dkim={}"
        good = {
            "signed": signed(scene.mail(to, "signed"), "example.com"),
            "below": signed(scene.mail(to, "below", From="bob@example.com"), "example.com"),
            "spf": scene.mail(to, "spf", Authentication_Results=results.format("bob@example.com", "none")),
            "dkim": scene.mail(to, "dkim", Authentication_Results=results.format("x@y.z", "pass header.d=example.com")),
        }
        raw = signed(scene.mail(to, "half"), "example.com", length=True)
        bad = {
            "unsigned": scene.mail(to),
            "of another": signed(scene.mail(to), "evil.example"),
            "changed": signed(scene.mail(to, "no"), "example.com").replace(b"\r\n\r\nno", b"\r\n\r\nyes"),
            "more below": raw + b"and more",
            "more below, hidden": signed(scene.mail(to, "other"), "example.com", length=True).replace(b"; l=", b"; l =") + b"and more",
            "two senders": signed(scene.mail(to), "example.com").replace(b"\r\n\r\n", b"\r\nFrom: eve@evil.example\r\n\r\n", 1),
            "a list of senders": scene.mail(to, From="bob@example.com, eve@evil.example"),
            "another server": scene.mail(to, Authentication_Results=results.format("bob@example.com", "none").replace("mx", "mx2")),
            "quoted": scene.mail(to, Authentication_Results='mx.town.example; spf=fail smtp.mailfrom="a; dkim=pass header.d=example.com"@evil.example'),
            "escaped": scene.mail(to, Authentication_Results='mx.town.example; spf=fail smtp.mailfrom="a\\" ; dkim=pass header.d=example.com ; \\"b"@evil.example'),
            "of a part": scene.mail(to, Authentication_Results=results.format("bob@le.com", "none")),
            "another address": signed(scene.mail(to, From="rob@example.com"), "example.com"),
        }  # fmt: skip
        assert {name: await verdict(mail) for name, mail in good.items()} == dict.fromkeys(good, "posted")
        assert {name: await verdict(mail) for name, mail in bad.items()} == dict.fromkeys(bad, "held")
        assert len(await scene.said()) == len(good)

        waiting = await scene.db.read(mails_in.held, 0, Span(before=1 << 62, limit=40))
        assert len(waiting) == len(bad)
        assert {one.account_id for one in waiting} == {scene.bob}
        first, second = waiting[-1], waiting[-2]
        await scene.db.write(mails_in.decide, 0, first.id, scene.ann, let_in=True)
        await scene.db.write(mails_in.decide, 0, second.id, scene.ann, let_in=False)
        for id in (first.id, second.id):
            with pytest.raises(NotFound):
                await scene.db.write(mails_in.decide, 0, id, scene.ann, let_in=True)
        await scene.inbound.let_in(first.id)
        await scene.inbound.let_in(first.id)
        await scene.inbound.let_in(second.id)
        assert len(await scene.said()) == len(good) + 1
        assert await scene.db.read(mails_in.raw, first.id) == await scene.db.read(mails_in.raw, second.id) == b""

        dns.kill()
        with pytest.raises(Unavailable):  # the mail server keeps it
            await verdict(signed(scene.mail(to), "example.com"))


async def test_dead_addresses_rates_and_age(scene_of, clock):
    scene = await scene_of()
    post = await scene.say()
    to = await scene.reply_to(post.id)
    with pytest.raises(Invalid):
        await scene.send("r-abc@town.example", scene.mail("r-abc@town.example"))
    with pytest.raises(Invalid):
        await scene.inbound.expect(to.replace("town", "nowhere"))

    for n in range(50):
        await scene.send(to, scene.mail(to, f"{n}"))
    with pytest.raises(TooMany):
        await scene.send(to, scene.mail(to, "too many"))
    assert len(await scene.said()) == 40  # a page
    await scene.db.write(pref_rows.end_addresses, scene.bob)
    with pytest.raises(Invalid):
        await scene.send(to, scene.mail(to, "after the end"))
    assert await scene.db.write(mails_in.forget_old, 100) == 0
    clock.pass_ms(31 * 24 * 3600 * 1000)
    assert await scene.db.write(mails_in.forget_old, 100) == 50
    await settle(scene.engines)
