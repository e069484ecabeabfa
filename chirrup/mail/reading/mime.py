"""A mail taken apart: its headers and its parts, with bounds, so that no mail takes long.

The library's parser looks at each line once for each multipart around it, and calls itself for each. This one looks for
each boundary in the bytes between two of the boundary above.
"""

import binascii
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value

import msgspec

from ...errors import Invalid
from ...wording import N_
from . import words

MAIL_BYTES_MAX = 25 * 2**20
PARTS_MAX = 500
DEPTH_MAX = 12
HEAD_BYTES_MAX = 64 * 1024
_BLANK = re.compile(rb"\r?\n\r?\n|\A\r?\n")
_REST = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")  # of a line with a boundary
_BOUNDARY_CHARS_MAX = 200  # RFC 2046, 5.1.1: 70
_NAME_CHARS_MAX = 150


class Part(msgspec.Struct, frozen=True):
    """One that is no multipart. kind: its media type, lower case."""

    kind: str
    charset: str
    name: str  # of the file; "": none
    content_id: str
    attached: bool  # it says that it is an attachment
    flowed: bool  # format=flowed, RFC 3676
    delsp: bool
    method: str  # of an invitation: REQUEST, CANCEL, REPLY
    data: bytes


class Group(msgspec.Struct, frozen=True):
    """A multipart. kind: "mixed", "alternative", "related", …"""

    kind: str
    parts: "tuple[Part | Group, ...]"

    def leaves(self) -> "Iterator[Part]":
        for one in self.parts:
            if isinstance(one, Part):
                yield one
            else:
                yield from one.leaves()


class Taken(msgspec.Struct, frozen=True):
    """A mail taken apart."""

    head: "Message[str, str]"
    root: Part | Group

    def said(self, name: str) -> str:
        """A header as people read it; "": it is not there."""
        return words.header(str(self.head.get(name, "")))

    def all(self, name: str) -> list[str]:
        return [words.header(str(one)) for one in self.head.get_all(name, [])]


def take_apart(raw: bytes) -> Taken:
    """Raises Invalid: too large, too many parts, too deep, too long a head."""
    if len(raw) > MAIL_BYTES_MAX:
        raise Invalid("mail", "too_large", "must have at most {most} MB", most=MAIL_BYTES_MAX // 2**20)
    head, body = _split(raw)
    counted = [0]
    return Taken(head, _entity(head, body, 0, counted))


def _split(raw: bytes) -> "tuple[Message[str, str], bytes]":
    blank = _BLANK.search(raw, 0, HEAD_BYTES_MAX + 4)
    if blank is None and len(raw) > HEAD_BYTES_MAX:
        raise Invalid("mail", "head", "must have headers of at most {most} kB", most=HEAD_BYTES_MAX // 1024)
    head = raw[: blank.start()] if blank else raw
    text = head.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode("utf-8")
    return HeaderParser().parsestr(text.replace("\r\n", "\n")), raw[blank.end() :] if blank else b""


def _entity(head: "Message[str, str]", body: bytes, depth: int, counted: list[int]) -> Part | Group:
    counted[0] += 1
    if counted[0] > PARTS_MAX or depth > DEPTH_MAX:
        why = N_("must have at most {most} parts, within at most {depth} others")
        raise Invalid("mail", "too_many_parts", why, most=PARTS_MAX, depth=DEPTH_MAX)
    kind = head.get_content_type()
    boundary = _param(head, "boundary") if kind.startswith("multipart/") else ""
    if boundary:
        plain = "message/rfc822" if kind == "multipart/digest" else ""
        parts = tuple(_entity(*_headed(one, plain), depth + 1, counted) for one in _between(body, boundary))
        return Group(kind.removeprefix("multipart/"), parts)
    return Part(
        kind=kind,
        charset=_param(head, "charset"),
        name=(_param(head, "filename", "content-disposition") or _param(head, "name"))[:_NAME_CHARS_MAX],
        content_id=words.header(str(head.get("content-id", ""))).strip("<> "),
        attached=head.get_content_disposition() == "attachment",
        flowed=_param(head, "format").lower() == "flowed",
        delsp=_param(head, "delsp").lower() == "yes",
        method=_param(head, "method").upper(),
        data=_decoded(body, str(head.get("content-transfer-encoding", "")).strip().lower()),
    )


def _headed(one: bytes, plain: str) -> "tuple[Message[str, str], bytes]":
    head, body = _split(one)
    if plain and "content-type" not in head:
        head["content-type"] = plain
    return head, body


def _between(body: bytes, boundary: str) -> Iterator[bytes]:
    """The parts between the lines of this boundary. The last one may lack its end: the mail was cut."""
    mark = b"--" + boundary[:_BOUNDARY_CHARS_MAX].encode()
    start, at = -1, body.find(mark)
    while at >= 0:
        line = _REST.match(body, at + len(mark)) if at == 0 or body[at - 1 : at] == b"\n" else None
        if line:
            if start >= 0:
                yield body[start : at - (2 if body[at - 2 : at] == b"\r\n" else 1)]
            if line[1]:
                return
            start = line.end()
        at = body.find(mark, at + len(mark))
    if start >= 0:
        yield body[start:]


def _param(head: "Message[str, str]", name: str, of: str = "content-type") -> str:
    try:
        value = head.get_param(name, "", of)
        return words.header(collapse_rfc2231_value(value)) if value else ""
    except (ValueError, LookupError, UnicodeError, TypeError):  # what the library does not expect in RFC 2231
        return ""


def _decoded(body: bytes, encoding: str) -> bytes:
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding == "base64":
        kept = re.sub(rb"[^A-Za-z0-9+/]+", b"", body)
        return binascii.a2b_base64(kept[: len(kept) - (len(kept) % 4 == 1)] + b"==")
    return body
