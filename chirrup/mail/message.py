"""Composes a mail as bytes, with plain text, HTML, and the headers that programs and people expect.

No value can add a header: line breaks and control characters in names become spaces, and the library refuses the rest.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape

import idna
import msgspec

from ..access.sites import Site, own
from ..config import Settings
from ..errors import Refused, SettingsError
from ..ports import Mail

_LINE_CHARS_MAX = 900  # RFC 5322, 2.1.1 allows 998

# Mail programs know no CSS variables, and many ignore <style>, so each element has the styles that matter.
_HTML = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="margin:0;padding:24px;font:16px/24px sans-serif">
<div style="max-width:560px;margin:0 auto">
<p style="font-weight:bold">{title}</p>
{body}
</div></body></html>
"""
_BUTTON = (
    '<p><a href="{url}" style="display:inline-block;padding:10px 18px;border-radius:6px;background:#1f5fa8;'
    'color:#ffffff;text-decoration:none;font-weight:bold">{words}</a></p>\n'
    '<p style="font-size:14px;line-height:20px">Or open this address: <a href="{url}">{url}</a></p>'
)


class Words(msgspec.Struct, frozen=True):
    """The content of a mail. before, after: paragraphs of plain text; link: (text of the button, address)."""

    subject: str
    before: tuple[str, ...]
    link: tuple[str, str] | None = None
    after: tuple[str, ...] = ()


class Picture(msgspec.Struct, frozen=True):
    """It stands in the HTML as cid:<name>."""

    name: str
    data: bytes
    kind: str  # "image/webp"


class Letter(msgspec.Struct, frozen=True):
    """A mail before it is bytes. html: what stands in its body, without the head and the foot of the page."""

    id: str  # before the @ of its Message-ID: the same for the same mail, so that a mail program shows it once
    subject: str
    text: str
    html: str
    language: str = "en"
    sender_name: str = ""  # "": the letterhead's
    headers: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()


class Letterhead(msgspec.Struct, frozen=True):
    """The sender of a mail: a site of this server."""

    title: str
    url: str
    domain: str  # of message ids, so that replies and reports can name the mail
    sender_name: str
    sender: str  # an address


def letterhead(settings: Settings, site: Site | None = None) -> Letterhead:
    """site: the sender; None: the server's own network. Raises SettingsError: mail_from is no address.

    All sites send from the address in mail_from. The name there is that of the server's own network.
    """
    site = site or own(settings)
    name, address = parseaddr(settings.mail_from) if settings.mail_from else ("", f"no-reply@{site.mail_domain}")
    try:
        if not settings.mail_from.isprintable():
            raise ValueError("it has a line break or another control character")
        Address(addr_spec=address)
    except (ValueError, IndexError, MessageError) as error:
        raise SettingsError(
            f"mail_from must be an address like hello@town.example or Town <hello@town.example>, is "
            f"{settings.mail_from[:60]!r}"
        ) from error
    title = plain(site.title)
    sender_name = "" if site.org_id else plain(name)
    return Letterhead(title, site.base_url, site.mail_domain, sender_name or title, address)


def compose(head: Letterhead, to: str, words: Words, *, id: str, now_ms: int) -> Mail:
    """id: the same for the same mail, so that a mail program shows it once if it arrives twice. Raises Refused: to."""
    suppress = ("X-Auto-Response-Suppress", "All")  # as Auto-Submitted, for Exchange
    letter = Letter(id, words.subject, _text(head, words), _body(head, words), headers=(suppress,))
    return write(head, to, letter, id=id, now_ms=now_ms)


def write(head: Letterhead, to: str, letter: Letter, *, id: str, now_ms: int, envelope: str = "") -> Mail:
    """id: of the file or the try. envelope: where it comes back to; "": the letterhead's sender. Raises Refused: to."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = Address(plain(letter.sender_name) or head.sender_name, addr_spec=head.sender)
    try:
        message["To"] = Address(addr_spec=(to := _with_ascii_host(to)))
    except (ValueError, IndexError, MessageError) as error:
        raise Refused("this is no address that mail can go to: expected name@host") from error
    message["Subject"] = plain(letter.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1000, UTC))
    message["Message-ID"] = f"<{letter.id}@{head.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: automatic replies are not sent to it
    for name, value in letter.headers:
        message[name] = plain(value)
    subject, title = escape(plain(letter.subject)), escape(head.title)
    html = _HTML.format(language=letter.language, subject=subject, title=title, body=letter.html)
    message.set_content(letter.text, cte=_encoding(letter.text))
    message.add_alternative(html, subtype="html", cte=_encoding(html))
    if letter.pictures:
        _, rich = message.iter_parts()
        assert isinstance(rich, EmailMessage)
        for one in letter.pictures:
            kind, _, form = one.kind.partition("/")
            rich.add_related(one.data, kind, form, cid=f"<{one.name}>", filename=f"{one.name}.{form}")
    return Mail(id, envelope or head.sender, to, message.as_bytes())


def _with_ascii_host(address: str) -> str:
    """Raises ValueError: not a valid host."""
    local, _, host = address.rpartition("@")
    return address if host.isascii() else f"{local}@{idna.encode(host, uts46=True).decode()}"  # IDNAError is one


def _encoding(text: str) -> str:
    """Unchanged if possible, so that links are readable in the raw mail."""
    whole = text.isascii() and all(len(line) <= _LINE_CHARS_MAX for line in text.splitlines())
    return "7bit" if whole else "quoted-printable"


def _text(head: Letterhead, words: Words) -> str:
    link = (f"{words.link[0]}:\n{words.link[1]}",) if words.link else ()
    return "\n\n".join([*words.before, *link, *words.after, f"-- \n{head.title}, {head.url}"]) + "\n"


def _body(head: Letterhead, words: Words) -> str:
    link = [_BUTTON.format(words=escape(words.link[0]), url=escape(words.link[1]))] if words.link else []
    foot = f'<p style="font-size:14px;line-height:20px"><a href="{escape(head.url)}">{escape(head.url)}</a></p>'
    return "\n".join([*_paragraphs(words.before), *link, *_paragraphs(words.after), foot])


def _paragraphs(words: Iterable[str]) -> Iterable[str]:
    return (f"<p>{escape(one)}</p>" for one in words)


def plain(words: str) -> str:
    """words as one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())
