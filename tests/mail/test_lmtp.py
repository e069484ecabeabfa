"""LMTP as mail servers speak it, and as others do who should not."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mail.test_inbound import Scene, signed
from servers import free_port

from chirrup.engines.resolver.system import SystemResolver
from chirrup.errors import SettingsError
from chirrup.mail import lmtp
from chirrup.mail.inbound import Inbound
from chirrup.ports import Engines


@pytest.fixture
async def scene(engines: Engines, tmp_path: Path) -> AsyncIterator[Scene]:
    """With a port for mails. The addresses of other machines are believed, and those of one network are enough."""
    port = free_port()
    scene = Scene(engines, tmp_path, mail_in=f"lmtp://127.0.0.1:{port}")
    await scene.begin()
    server = await lmtp.listen(scene.settings, scene.inbound, "town.example")
    yield scene
    server.close()


def at(scene: Scene) -> tuple[str, int]:
    host, port = lmtp.place(scene.settings)  # pyright: ignore[reportGeneralTypeIssues]
    return host, port


async def with_client(scene: Scene, act: Callable[[smtplib.LMTP], Any]) -> Any:
    def run() -> Any:
        with smtplib.LMTP(*at(scene)) as client:
            client.ehlo("mx.example")
            client.docmd("XFORWARD", "NAME=a.example ADDR=192.0.2.7")
            return act(client)

    return await asyncio.to_thread(run)


def say(client: smtplib.LMTP, recipients: list[str], data: bytes, sender: str = "bob@example.com") -> list[bytes]:
    """The answers to the recipients that it does not take, and to the end of the mail."""
    answers = [b"%d %s" % client.docmd("MAIL", f"FROM:<{sender}>")][:0]
    for one in recipients:
        code, words = client.docmd("RCPT", f"TO:<{one}>")
        answers += [b"%d %s" % (code, words)] if code != 250 else []
    if len(answers) < len(recipients):
        assert client.docmd("DATA")[0] == 354
        client.send(data + b"\r\n.\r\n")
        for _ in range(len(recipients) - len(answers)):
            code, words = client.getreply()
            answers.append(b"%d %s" % (code, words))
    client.docmd("RSET")
    return answers


async def test_each_recipient_has_an_answer_in_words(scene: Scene):
    posts = [await scene.say(f"Question {n}") for n in range(2)]
    first, second = [await scene.reply_to(post.id) for post in posts]
    raw = scene.mail(first, "To both.").as_bytes()

    def act(client: smtplib.LMTP) -> None:
        assert b"STARTTLS" not in client.ehlo_resp and b"AUTH" not in client.ehlo_resp
        nobody, one, other = say(client, [first, "nobody@town.example", second], raw)
        assert nobody == b"550 5.1.1 There is no such address here, or it has ended."
        assert one == other == b"250 2.0.0 the mail was posted"
        assert [one[:9] for one in say(client, [first, second], raw)] == [b"250 2.0.0"] * 2  # again: nothing follows
        large = b"Subject: x\r\n\r\n" + (b"x" * 900 + b"\r\n") * 30_000
        assert [one[:3] for one in say(client, [first, second], large)] == [b"552"] * 2
        long = b"Subject: x\r\n\r\n" + b"x" * 5000
        assert [one[:3] for one in say(client, [first, second], long)] == [b"500"] * 2
        parts = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10_000
        assert [one[:9] for one in say(client, [first], parts)] == [b"554 5.6.0"]
        automatic = b"Precedence: bulk\r\n" + raw
        assert say(client, [first], automatic) == [b"250 2.0.0 the mail is automatic, so it is not posted"]

    await with_client(scene, act)

    assert [one.text for one in await scene.said()] == ["@ann To both."] * 2


async def test_smuggled_and_broken_mails_are_refused(scene: Scene):
    to = await scene.reply_to((await scene.say()).id)
    smuggled = (
        b"MAIL FROM:<bob@example.com>\r\nRCPT TO:<%s>\r\nDATA\r\nFrom: bob@example.com\r\n\r\nSmuggled" % to.encode()
    )
    head = scene.mail(to, "Good.").as_bytes()

    def act(client: smtplib.LMTP) -> None:
        for end in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r.\r\n", b"\r\n\0.\r\n"):
            (answer,) = say(client, [to], head + end + smuggled)
            assert answer.startswith(b"554 5.6.0") or end == b"\r\n\0.\r\n", (end, answer)
        assert client.docmd("STARTTLS")[0] in (454, 500, 502)
        assert client.docmd("HELO", "x")[0] == client.docmd("EHLO", "x")[0] == 500

    await with_client(scene, act)

    assert not [one for one in await scene.said() if one.text == "@ann Smuggled"]


async def test_what_cannot_be_found_out_now_stays_with_the_mail_server(scene: Scene):
    to = await scene.reply_to((await scene.say()).id)
    raw = signed(scene.mail(to), "example.com")
    scene.inbound = Inbound(
        scene.settings,
        msgspec.structs.replace(scene.engines, resolver=SystemResolver(f"127.0.0.1:{free_port()}")),
        scene.sites,
    )
    server = await lmtp.listen(
        msgspec.structs.replace(scene.settings, mail_in=(there := f"lmtp://127.0.0.1:{free_port()}")),
        scene.inbound,
        "x",
    )
    scene.settings = msgspec.structs.replace(scene.settings, mail_in=there)

    def act(client: smtplib.LMTP) -> None:
        client.docmd("XFORWARD", "ADDR=198.51.100.1")
        assert say(client, [to], raw) == [b"451 4.3.0 DNS does not answer now; try again in a few minutes"]
        client.docmd("XFORWARD", "ADDR=IPv6:2001:db8::1")
        client.docmd("XFORWARD", "ADDR=192.0.2.7 NAME=[UNAVAILABLE]")
        assert say(client, [to], raw) == [b"250 2.0.0 the mail was posted"]

    await with_client(scene, act)
    server.close()
    assert len(await scene.said()) == 1


async def test_it_takes_mails_from_mail_servers_only_and_says_where_it_cannot_listen(scene: Scene, engines: Engines):
    listening = msgspec.structs.replace(scene.settings, mail_in="lmtp://nonsense")
    with pytest.raises(SettingsError, match=r"lmtp://127\.0\.0\.1:2424"):
        await lmtp.listen(listening, scene.inbound, "x")
    with pytest.raises(SettingsError, match="cannot listen"):
        await lmtp.listen(scene.settings, scene.inbound, "x")
    path = Path(scene.settings.data) / "lmtp"
    server = await lmtp.listen(msgspec.structs.replace(scene.settings, mail_in=f"lmtp:{path}"), scene.inbound, "x")
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, str(path))
        assert (await loop.sock_recv(client, 3)) == b"220"
    server.close()
