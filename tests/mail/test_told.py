"""What happens is told by mail: to whom it is to be told, of what they may see, in threads."""

import re
from email.message import EmailMessage
from typing import Any

import msgspec
import pytest
from counting import CountingDatabase
from kit import TOWN, people, settle, work_off
from mail_server import mail_server, read, text_of

from chirrup.access import signing
from chirrup.access.mail_addresses import About, MailAddresses, Reply, Returned, ToRoom
from chirrup.engines.mailer.smtp import SmtpMailer, server_of
from chirrup.events import PollEnded, PostPublished
from chirrup.ids import ID_MAX
from chirrup.orgs import rooms
from chirrup.ports import Engines, Mail, Tx
from chirrup.social import accounts, follows, mail_prefs, markers, polls, posts, reactions
from chirrup.social.accounts import SignUp
from chirrup.social.mail_prefs import Change
from chirrup.store import jobs, media
from chirrup.types import Draft, Media, PollDraft, Post, Span
from chirrup.workers.kinds import kinds
from chirrup.workers.subscribers import handle

REPLIES = msgspec.structs.replace(
    TOWN, mail_in="lmtp://127.0.0.1:2424", secret="a secret of tests, of so many characters"
)
KINDS = kinds(REPLIES)
ADDRESSES = MailAddresses(signing.signer(REPLIES), "town.example", 0)


class Town:
    """Ann, Bob, who has chosen `mode`, and what comes to them by mail."""

    def __init__(self, engines: Engines) -> None:
        self.engines, self.db = engines, engines.db
        self.mailer: Any = engines.mailer

    async def begin(self, mode: str = "all") -> "Town":
        self.ann, self.bob, self.eve = await people(self.db, "ann", "bob", "eve")
        await self.choose(self.bob, mode=mode)
        return self

    async def choose(self, account_id: int, **wanted: Any) -> None:
        await self.db.write(mail_prefs.change, account_id, Change(**wanted))

    async def do(self, operation: Any, *args: Any, **more: Any) -> Any:
        return await self.db.write(operation, *args, **more)

    async def say(self, author: int, text: str, **more: Any) -> Post:
        post = await self.do(posts.publish, author, Draft(text=text, **more))
        await settle(self.engines)
        return post

    async def envelopes(self) -> list[Mail]:
        await settle(self.engines)
        self.mailer.sent.clear()
        await work_off(self.engines, KINDS)
        return list(self.mailer.sent)

    async def mails(self) -> list[EmailMessage]:
        return [read(mail.data) for mail in await self.envelopes()]

    async def only(self) -> EmailMessage:
        (mail,) = await self.mails()
        return mail

    async def hurry(self) -> None:
        """What waits for its time is due now."""
        waiting = await self.db.read(lambda tx: jobs.page(tx, 100, kind="mail_told"))
        await self.do(jobs.retry, [one.id for one in waiting])


@pytest.fixture
async def town(engines: Engines) -> Town:
    return await Town(engines).begin()


def body_of(mail: EmailMessage) -> str:
    """Without what stands below it."""
    return text_of(mail).partition("\n\n-- \n")[0]


async def test_a_conversation_is_a_thread_that_can_be_answered(town: Town):
    first = await town.say(town.ann, "Bread at six, who comes? @bob")
    (envelope,) = await town.envelopes()
    mail = read(envelope.data)
    assert (mail["From"], mail["To"]) == ("@ann <no-reply@town.example>".replace("@ann", '"@ann"'), "bob@example.com")
    assert (mail["Subject"], mail["In-Reply-To"], mail["References"]) == ("Bread at six, who comes? @bob", None, None)
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == (f"<p.{first.id}@town.example>", "auto-generated")
    assert "NDR" not in mail["X-Auto-Response-Suppress"]
    assert body_of(mail).endswith("Bread at six, who comes? @bob")
    assert f"https://town.example/@ann/{first.id}" in text_of(mail)

    meant = await town.db.read(ADDRESSES.read, mail["Reply-To"])
    assert meant == Reply(town.bob, About.POST, first.id)
    assert await town.db.read(ADDRESSES.read, envelope.sender) == Returned(town.bob, int(envelope.id))

    bobs = await town.say(town.bob, "Me! @ann", reply_to_id=first.id)
    again = await town.say(town.ann, "Good. @bob", reply_to_id=bobs.id)
    mail = await town.only()
    assert mail["Subject"] == "Re: Bread at six, who comes? @bob"
    assert mail["In-Reply-To"] == f"<p.{bobs.id}@town.example>"
    assert mail["References"].split() == [f"<p.{first.id}@town.example>", f"<p.{bobs.id}@town.example>"]
    assert body_of(mail).endswith("Good. @bob\n\n> Me! @ann")  # what bob said is in no mail

    await town.do(mail_prefs.change, town.bob, Change(quiet_from="00:00", quiet_until="23:59"))
    for words in ("Bring @bob", "a basket @bob"):
        again = await town.say(town.ann, words, reply_to_id=again.id)
    assert await town.mails() == []
    await town.do(mail_prefs.change, town.bob, Change(quiet_from="00:00", quiet_until="00:00"))
    await town.hurry()
    mail = await town.only()  # what has waited is one mail, and the thread goes on
    assert mail["Message-ID"] == f"<p.{again.id}@town.example>"
    assert mail["References"].split()[0] == f"<p.{first.id}@town.example>"
    assert mail["In-Reply-To"] == f"<p.{again.reply_to_id}@town.example>"
    assert body_of(mail).index("Bring @bob") < body_of(mail).index("a basket @bob")
    assert "mail_told" not in {one.kind for one in await town.db.read(lambda tx: jobs.page(tx, 100))}


async def test_who_has_chosen_nothing_is_told_when_away(town: Town):
    post = await town.say(town.ann, "@eve are you there?")
    assert await town.mails() == []  # this server sends no mail: nobody looks into its folder for eve

    mail_prefs.by_default(sends=True)
    try:
        told = [await town.say(town.ann, f"@eve {words}", visibility="direct") for words in ("one", "two", "three")]
        assert await town.mails() == []  # there is time to see it here
        await town.hurry()
        assert [mail["Subject"] for mail in await town.mails()] == ["one", "two", "three"]

        await town.say(town.ann, "@eve four")
        await town.do(markers.save, town.eve, {"home": told[0].id})
        await town.hurry()
        assert await town.mails() == []  # eve reads at home now
        newest = await town.db.read(lambda tx: max(one.id for one in jobs.page(tx, 9, kind="mail_told")))
        await town.do(markers.save, town.eve, {"notifications": newest + (1 << 40)})
        await town.hurry()
        assert await town.mails() == []  # and has seen it
        assert await town.db.read(lambda tx: jobs.page(tx, 9, kind="mail_told")) == []

        await town.choose(town.eve, mode="none")
        await town.say(town.ann, "@eve five")
        assert await town.db.read(lambda tx: jobs.page(tx, 9, kind="mail_told")) == []
    finally:
        mail_prefs.by_default(sends=False)
    assert post


async def test_what_is_no_post_is_told_too_and_favourites_are_not(town: Town):
    await town.do(follows.follow, town.ann, town.bob)
    await town.do(follows.follow, town.eve, town.bob)
    mine = await town.say(town.bob, "hello", poll=PollDraft(["tea", "coffee"], 3600, multiple=False))
    for mark in (reactions.favourite, reactions.boost):
        await town.do(mark, town.ann, mine.id)
    await town.do(polls.vote, town.ann, await town.db.read(polls.get, town.ann, mine.poll_id), [1])
    assert (await town.only())["Subject"] == "2 people follow you now"

    await town.do(lambda tx: tx.emit(PollEnded(town.bob, mine.id)))
    mail = await town.only()
    assert mail["Subject"] == "The poll has ended: hello"
    assert "( ) coffee – 100 %" in text_of(mail)
    assert mail["In-Reply-To"] == f"<p.{mine.id}@town.example>"

    await town.say(town.ann, "so says he", quote_of_id=mine.id)
    mail = await town.only()
    assert (mail["Subject"], "| @bob:\n| hello" in text_of(mail)) == ("so says he", True)


async def test_a_room_is_a_list_and_each_leaves_it_alone(town: Town):
    await town.do(rooms.create, 0, town.ann, "bakers", rooms.RoomChange("The Bakers"))
    room = (await town.db.read(rooms.page, town.ann, 0, Span(before=ID_MAX, limit=9))).items[0].account.id
    for one in (town.bob, town.eve):
        await town.do(rooms.add_member, room, one)
    await town.choose(town.eve, mode="mentions")

    post = await town.say(town.ann, "@bakers Flour is here")
    mail = await town.only()
    assert (mail["To"], mail["Subject"]) == ("bob@example.com", "Flour is here")
    assert mail["List-Id"] == '"The Bakers" <bakers.town.example>'
    assert mail["List-Archive"] == "<https://town.example/@bakers>"
    posting = mail["List-Post"].removeprefix("<mailto:").removesuffix(">")
    assert await town.db.read(ADDRESSES.read, posting) == ToRoom(room)
    assert posting in text_of(mail)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<https://town\.example/mail/stop/[a-z2-7]{53}>", mail["List-Unsubscribe"])
    stop = ADDRESSES.read_stop(mail["List-Unsubscribe"][1:-1].rpartition("/")[2])
    assert (stop.account_id, stop.room_id) == (town.bob, room)

    await town.say(town.bob, "@bakers Thank you", reply_to_id=post.id)
    assert await town.mails() == []  # bob knows what bob said
    await town.do(mail_prefs.set_room, town.eve, room, wanted=True)
    await town.say(town.ann, "@bakers and butter", reply_to_id=post.id)
    mails = await town.mails()
    assert {(mail["To"], mail["Subject"]) for mail in mails} == {
        (f"{name}@example.com", "Re: Flour is here") for name in ("bob", "eve")
    }
    assert len({mail["Message-ID"] for mail in mails}) == 1

    await town.do(mail_prefs.stop, stop)
    await town.do(follows.unfollow, town.eve, room)
    await town.say(town.ann, "@bakers nobody reads this")
    assert await town.mails() == []


async def test_a_mail_is_readable_in_both_forms_and_nothing_in_it_can_break_out(town: Town):
    evil = "<b>bold</b> & https://town.example/x\r\nBcc: eve@example.com\n@bob"
    await town.say(town.ann, evil, summary="first\tline")
    mail = await town.only()

    assert (mail["Bcc"], mail["Subject"]) == (None, "first line")
    text, html = text_of(mail), mail.get_body(("html",)).get_content()  # pyright: ignore
    assert "Content warning: first" in text
    assert "<b>bold</b> & https://town.example/x" in text
    assert "&lt;b&gt;bold&lt;/b&gt; &amp;" in html
    assert 'href="https://town.example/@bob"' in html
    assert 'content="light dark"' in html
    assert not re.search(r"<(script|img|link|style)", html)  # nothing tells who has read it
    assert {one.split("/")[2] for one in re.findall(r'(?:src|href)="([^"]*)"', html)} == {"town.example"}


async def test_an_address_that_takes_no_mail_is_left_alone_after_three_times(town: Town):
    with mail_server() as server:
        town.engines = msgspec.structs.replace(
            town.engines, mailer=SmtpMailer(server_of(f"smtp://127.0.0.1:{server.port}"), "town.example")
        )
        server.recipient_answer = "550 5.1.1 no such user"
        for words in ("one", "two", "three"):
            await town.say(town.ann, f"@bob {words}")
            await work_off(town.engines, KINDS)
        assert (await town.db.read(mail_prefs.of, town.bob)).off_why.endswith("(550)")

        server.recipient_answer = ""
        await town.say(town.ann, "@bob four")
        await work_off(town.engines, KINDS)
        await town.do(mail_prefs.switch_on, town.bob)
        await town.say(town.ann, "@bob five")
        await work_off(town.engines, KINDS)
        assert [mail["Subject"] for mail in server.mails] == ["five"]
        assert [sender.startswith("b-") for sender, _ in server.envelopes] == [True]


async def test_pictures_come_along_and_words_are_those_of_the_reader(town: Town):
    def upload(tx: Tx) -> tuple[int, ...]:
        made = []
        for name in ("cat", "dog"):
            id = tx.new_id(town.ann & 4095)
            small = f"aa/bb/{id:028x}.webp"
            town.engines.blobs.put(small, b"RIFF" + (b"x" * (400_000 if name == "dog" else 40)), "image/webp")
            media.insert(tx, Media(id, town.ann, 0, "image", "image/webp", small, small, "", "{}", f"A {name}", 1))
            made.append(id)
        return tuple(made)

    kim = (await town.do(accounts.create, SignUp("kim", "kim@example.com", "-", locale="de"))).id
    await town.choose(kim, mode="all")
    post = await town.say(town.ann, "@kim look", media_ids=await town.do(upload))
    mail = await town.only()

    text, html = text_of(mail), mail.get_body(("html",)).get_content()  # pyright: ignore
    assert "[Bild: A cat]" in text
    assert "Antworte auf diese E-Mail" in text
    assert '<html lang="de">' in html
    cat, dog = post.media
    assert f'<img src="cid:picture-{cat}" alt="Bild: A cat"' in html
    assert f"picture-{dog}" not in html
    assert "[Bild: A dog]" in html
    pictures = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    assert [part["Content-ID"] for part in pictures] == [f"<picture-{cat}>"]  # the other one is too large to come along

    warned = await town.say(town.ann, "@kim look", media_ids=await town.do(upload), sensitive=True)
    mail = await town.only()
    assert [part for part in mail.walk() if part.get_content_maintype() == "image"] == []
    assert f"https://town.example/@ann/{warned.id}" in text_of(mail)


async def test_a_post_that_concerns_nobody_with_mail_costs_no_query_more(town: Town):
    async def cost(text: str) -> int:
        await town.say(town.ann, text)
        post = await town.do(posts.publish, town.ann, Draft(text=text))
        counted: Any = CountingDatabase(town.db)
        await handle(msgspec.structs.replace(town.engines, db=counted), PostPublished(town.ann, post.id))
        return counted.asked.total()

    plain, to_eve, to_bob = [await cost(words) for words in ("hello", "hello @eve", "hello @bob")]
    assert to_bob == to_eve + 1  # his job; that he wants mail is looked up with what is asked anyway
    await town.choose(town.bob, mode="none")
    assert (await cost("hello @bob"), await cost("hello")) == (to_eve, plain)
