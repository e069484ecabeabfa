"""Mails handed to an SMTP server, which delivers them. One connection for each mail.

smtps://user:password@mail.town.example        TLS from the start, port 465
smtp://user:password@mail.town.example         TLS by STARTTLS, port 587; a server that offers none is refused
smtp://127.0.0.1                               a server on this machine, port 25, no TLS needed
smtp+plain://mail.internal                     no TLS, port 25: for a network that nobody else is on
"""

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from ...errors import Refused, SettingsError, Undeliverable, Unreachable, Unsent
from ...ports import Mail

if TYPE_CHECKING:
    from aiosmtplib import SMTP

TIMEOUT_S = 30.0  # for each answer
_ADDRESS = re.compile(r"[^\x00-\x20<>\x7f-\U0010ffff]+@[^\x00-\x20<>@\x7f-\U0010ffff]+")  # what ends no command
SCHEMES = ("smtp", "smtps", "smtp+plain")


class Server(msgspec.Struct, frozen=True):
    host: str
    port: int
    username: str
    password: str
    tls: bool  # from the start
    start_tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def server_of(url: str) -> Server:
    """Raises SettingsError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise SettingsError(f"mail is no address of a server: {error}") from error
    if parts.scheme not in SCHEMES or not host or parts.path not in ("", "/") or parts.query or parts.fragment:
        shown = url if "@" not in url else f"{parts.scheme}://…@{host}"
        raise SettingsError(
            f"mail must be smtp://user:password@host:port, smtps://… or smtp+plain://host, is {shown[:60]!r}"
        )
    tls, start_tls = parts.scheme == "smtps", parts.scheme == "smtp" and not _is_this_machine(host)
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if username and parts.scheme == "smtp+plain":
        raise SettingsError("mail would send its password unencrypted: use smtp:// or smtps:// with a user name")
    return Server(host, port or (465 if tls else 587 if start_tls else 25), username, password, tls, start_tls)


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


class SmtpMailer:
    """domain: how this server calls itself. tls: whose certificates are believed; None: those the system trusts.

    sign: signs a mail (mail/dkim.py).
    """

    def __init__(
        self,
        server: Server,
        domain: str,
        *,
        tls: ssl.SSLContext | None = None,
        sign: Callable[[Mail], Mail] | None = None,
    ) -> None:
        self._server, self._domain, self._tls, self._sign = server, domain, tls, sign

    async def send(self, mail: Mail) -> None:
        if not all(map(_ADDRESS.fullmatch, (mail.sender, mail.to))):
            raise Refused("this is no address that mail can go to: expected name@host in ASCII")
        from aiosmtplib import SMTPDataError, SMTPRecipientsRefused

        mail = self._sign(mail) if self._sign else mail
        client = await self._connected()
        try:
            await client.sendmail(mail.sender, mail.to, mail.data)
        except SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            said = _said(refused.code, refused.message, mail)
            raise (Undeliverable(said.message) if isinstance(said, Refused) else said) from error
        except SMTPDataError as error:
            raise _said(error.code, error.message, mail) from error
        except Exception as error:
            raise self._failed(error) from error
        finally:
            await self._leave(client)

    async def check(self) -> str:
        """Connects and logs in."""
        await self._leave(await self._connected())
        return f"mails go to {self._server}, which answers"

    async def _connected(self) -> "SMTP":
        from aiosmtplib import SMTP  # not loaded where it is not used

        at = self._server
        client = SMTP(
            hostname=at.host,
            port=at.port,
            username=at.username or None,
            password=at.password or None,
            local_hostname=self._domain,
            timeout=TIMEOUT_S,
            use_tls=at.tls,
            start_tls=at.start_tls,
            tls_context=self._tls or (ssl.create_default_context() if at.tls or at.start_tls else None),
        )
        try:
            await client.connect()
        except Exception as error:
            raise self._failed(error) from error
        return client

    async def _leave(self, client: "SMTP") -> None:
        """The mail was taken or refused before: what goes wrong now changes nothing."""
        with suppress(Exception):
            async with asyncio.timeout(2):
                await client.quit()
        client.close()

    def _failed(self, error: Exception) -> Unreachable:
        return Unreachable(f"the mail server {self._server} took no mail: {type(error).__name__}: {error}")


def _said(code: int, words: str, mail: Mail) -> Refused | Unsent:
    """What the server says of a mail, without the address, which is not for logs. 5xx is for good: RFC 5321, 4.2.1."""
    words = f"the mail server refused it: {re.sub(re.escape(mail.to), '…', words, flags=re.IGNORECASE)} ({code})"
    return Refused(words) if code >= 500 else Unsent(words)
