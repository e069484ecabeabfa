"""An SMTP server on loopback that accepts mails, or answers as the test says."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from servers import free_port


class MailServer:
    """answers: recipient -> the answer instead of accepting the mail; "": accept it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.raw: list[bytes] = []
        self.recipient_answer = self.data_answer = ""
        self.port = 0

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        if self.data_answer:
            return self.data_answer
        self.raw.append(envelope.original_content)
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        self.mails.append(read(envelope.original_content))
        return "250 taken"


def read(data: bytes) -> EmailMessage:
    mail = message_from_bytes(data, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return body.get_content().replace("\r\n", "\n")


@contextmanager
def mail_server(*, port: int = 0, password: str = "", **options: Any) -> Iterator[MailServer]:
    """password: of the user "town"; then only this user may send."""
    server = MailServer()
    server.port = port or free_port()

    def knows(_: Any, __: Any, ___: Any, ____: Any, login: LoginPassword) -> AuthResult:
        return AuthResult(handled=False, success=(login.login, login.password) == (b"town", password.encode()))

    if password:
        options |= {"authenticator": knows, "auth_required": True}
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(the context of a server called localhost, the context of clients that trust it)."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key -out certificate"
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "certificate", folder / "key")
    return server, ssl.create_default_context(cafile=str(folder / "certificate"))
