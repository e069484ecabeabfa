"""Mails are handed over complete, or an error says why not: now, or never."""

import os
import ssl
from pathlib import Path

import msgspec
import pytest
from mail_server import certificate, mail_server
from servers import free_port

from chirrup.engines.mailer.folder import FolderMailer
from chirrup.engines.mailer.memory import MemoryMailer
from chirrup.engines.mailer.smtp import SmtpMailer, server_of
from chirrup.errors import Refused, SettingsError, Unreachable, Unsent
from chirrup.ports import Mail, Mailer

BODY = b"Subject: hello\r\n\r\nFirst line\r\n.\r\n..two\r\nlast line \xc3\xa9\r\n"
MAIL = Mail("m-1.a", "no-reply@town.example", "ann@example.com", BODY)


def smtp(port: int) -> SmtpMailer:
    return SmtpMailer(server_of(f"smtp://127.0.0.1:{port}"), "town.example")


def elsewhere(word: str, port: int, believed: ssl.SSLContext | None = None) -> SmtpMailer:
    """A mailer as for a server on another machine, with a password."""
    away = server_of(f"smtp://town:{word}@mail.example:{port}")
    return SmtpMailer(msgspec.structs.replace(away, host="localhost"), "town.example", tls=believed)


async def test_smtp_takes_a_mail_as_it_is():
    with mail_server() as server:
        await smtp(server.port).send(MAIL)

        assert server.raw == [BODY]
        assert server.envelopes == [("no-reply@town.example", ["ann@example.com"])]
        assert "answers" in await smtp(server.port).check()
        assert len(server.raw) == 1  # a check sends nothing


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        *(
            ("550 5.1.1 no such user", Refused),
            ("553 bad name", Refused),
            ("450 4.2.0 <ann@example.com> come later", Unsent),
        ),
        *(("452 full", Unsent), ("421 closing", Unsent)),
    ],
)
async def test_what_the_server_says_of_one_mail_concerns_that_mail(answer: str, kind: type[Exception]):
    with mail_server() as server:
        server.recipient_answer = answer
        with pytest.raises(kind, match=answer[:3]):
            await smtp(server.port).send(MAIL)
        server.recipient_answer, server.data_answer = "", answer
        with pytest.raises(kind, match=answer[:3]) as said:
            await smtp(server.port).send(MAIL)
        assert MAIL.to not in said.value.message  # which stands in logs
        server.data_answer = ""

        await smtp(server.port).send(MAIL)


@pytest.mark.parametrize(
    "to",
    [
        *(
            "ann@example.com\r\nRCPT TO:<eve@example.com>",
            "ann@example.com\nDATA",
            "a b@example.com>",
            "<ann@example.com>",
        ),
        *("änn@example.com", "ann@exämple.com", "ann@example.com\x00", "ann@example.com> SIZE=1"),
    ],
)
async def test_an_address_cannot_bring_a_command(to: str):
    with mail_server() as server:
        with pytest.raises((Refused, Unsent)):
            await smtp(server.port).send(Mail("m", MAIL.sender, to, BODY))

        assert server.raw == []


async def test_a_server_that_is_away_is_said_to_be():
    with pytest.raises(Unreachable, match="mail server 127"):
        await smtp(free_port()).send(MAIL)
    with pytest.raises(Unreachable):
        await smtp(free_port()).check()


async def test_a_password_is_sent_over_tls_only(tmp_path: Path):
    """A server on this machine needs no TLS. Every other must offer it, so an attacker in between cannot prevent it."""
    own, believed = certificate(tmp_path)
    with mail_server(password="right", tls_context=own, require_starttls=True) as server:
        await elsewhere("right", server.port, believed).send(MAIL)
        with pytest.raises(Unreachable, match="535"):
            await elsewhere("wrong", server.port, believed).send(MAIL)
        assert len(server.raw) == 1
        with pytest.raises(Unreachable):  # its certificate is not trusted
            await elsewhere("right", server.port).check()
    with mail_server(password="right", auth_require_tls=False) as server, pytest.raises(Unreachable, match="TLS"):
        await elsewhere("right", server.port, believed).send(MAIL)


async def test_tls_from_the_start(tmp_path: Path):
    own, believed = certificate(tmp_path)
    with mail_server(ssl_context=own) as server:
        await SmtpMailer(server_of(f"smtps://localhost:{server.port}"), "town.example", tls=believed).send(MAIL)

        assert server.raw == [BODY]


@pytest.mark.parametrize(
    ("url", "port", "tls", "start_tls"),
    [
        *(("smtp://mail.example", 587, False, True), ("smtps://mail.example", 465, True, False)),
        *(
            ("smtp://127.0.0.1", 25, False, False),
            ("smtp://[::1]", 25, False, False),
            ("smtp://localhost", 25, False, False),
        ),
        *(("smtp+plain://mail.internal", 25, False, False), ("smtp://mail.example:2525/", 2525, False, True)),
        ("smtp://127.0.0.1.mail.example", 587, False, True),
    ],
)
def test_addresses_of_servers(url: str, port: int, tls: bool, start_tls: bool):
    server = server_of(url)
    assert (server.port, server.tls, server.start_tls) == (port, tls, start_tls)


def test_a_password_may_have_any_letters():
    server = server_of("smtps://town%40example.com:p%3Aa%2F%40s%25s@mail.example")
    assert (server.username, server.password) == ("town@example.com", "p:a/@s%s")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp:///x",
            "smtp://mail.example/x",
            "smtp://mail.example:no",
        ),
        *("smtp://mail.example?tls=no", "smtp+plain://town:word@mail.example", "smtp://town:word@"),
    ],
)
def test_other_addresses_are_refused_without_telling_the_password(url: str):
    with pytest.raises(SettingsError) as refused:
        server_of(url)
    assert "word" not in refused.value.message.replace("password", "")


async def test_a_folder_has_one_file_for_each_mail_for_its_owner_alone(tmp_path: Path):
    folder = tmp_path / "data" / "mail"
    mailer: Mailer = FolderMailer(folder)
    assert str(folder) in await mailer.check()

    for _ in range(2):  # again, after a crash
        await mailer.send(MAIL)
    await mailer.send(Mail("m-2", "a@b.c", "d@e.f", b"x"))

    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"m-1.a.eml": BODY, "m-2.eml": b"x"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("id", ["", "../x", "a/b", ".hidden", "a\0b", "x" * 101, "a b"])
async def test_no_mail_is_written_outside_of_the_folder(id: str, tmp_path: Path):
    with pytest.raises(ValueError, match="id"):
        await FolderMailer(tmp_path / "mail").send(Mail(id, "a@b.c", "d@e.f", b"x"))

    assert not any(os.scandir(tmp_path))


async def test_a_folder_that_cannot_be_written_to_is_away(tmp_path: Path):
    (tmp_path / "mail").write_text("a file")
    for mailer in (FolderMailer(tmp_path / "mail"), FolderMailer(tmp_path / "mail" / "deeper")):
        with pytest.raises(Unreachable, match="cannot write"):
            await mailer.send(MAIL)
        with pytest.raises(Unreachable, match="cannot write"):
            await mailer.check()


async def test_memory_keeps_mails_until_it_is_told_to_be_away():
    mailer = MemoryMailer()
    await mailer.send(MAIL)
    mailer.away = "down"
    for _ in range(2):
        with pytest.raises(Unreachable, match="down"):
            await mailer.send(MAIL)

    assert mailer.sent == [MAIL]
