"""What a mail says: the text that its sender wrote in it, and the files that came along."""

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from . import calendar, html, quotes, tnef, words
from .mime import Group, Part, Taken

TEXT_BYTES_MAX = 2**20  # of one part; what is said in a mail is far above the quotes that make more of it
ICON_BYTES = 5_000  # a picture within the text that is smaller decorates it
LOGO_BYTES = 40_000  # and one at its end, where signatures are
_FILE_OF_MAIL = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
_FILE_OF_MAIL |= {"text/rfc822-headers", "message/delivery-status", "application/pgp-keys"}


class File(msgspec.Struct, frozen=True):
    """One that came along. name: for people."""

    name: str
    kind: str
    data: bytes

    @property
    def is_picture(self) -> bool:
        return self.kind.startswith("image/") and self.kind not in ("image/svg+xml", "image/tiff", "image/bmp")


class Letter(msgspec.Struct, frozen=True):
    """What its sender said, and attached."""

    subject: str
    text: str
    files: tuple[File, ...]


def read(mail: Taken) -> Letter:
    """In time linear in the mail."""
    body = _Body()
    body.take(mail.root)
    plain, page = quotes.said(body.plain), quotes.said(body.page)
    chosen = plain if body.plain.strip() else page
    shown = page if body.page.strip() else plain
    marked = set(body.page.split(html.CID)[1::2])
    files = list(_files(body.files, marked, shown))
    return Letter(mail.said("subject"), "\n\n".join(filter(None, (chosen.text, *body.invitations))), tuple(files))


class _Body:
    """The parts of a mail by what they are for."""

    def __init__(self) -> None:
        self.plain = self.page = ""  # the same text, as the mail has it
        self.files: list[Part] = []
        self.invitations: list[str] = []

    def take(self, one: Part | Group, within: str = "mixed") -> None:
        if isinstance(one, Part):
            self._leaf(one, within)
        elif one.kind == "alternative":
            self._alternatives(one)
        else:
            for part in one.parts:
                self.take(part, one.kind)

    def _alternatives(self, group: Group) -> None:
        """The text once as plain text, once as a page; files in it belong to the page."""
        mine = _Body()
        for part in group.parts:
            mine.take(part, "alternative")
        self._add(mine.plain if mine.plain.strip() else mine.page, mine.page or mine.plain)
        self.files += mine.files
        self.invitations += mine.invitations[:1]

    def _leaf(self, part: Part, within: str) -> None:
        if part.kind == "text/calendar" or (part.name.lower().endswith(".ics") and within != "alternative"):
            told = calendar.told(words.text_of(part.data[:TEXT_BYTES_MAX], part.charset or "utf-8"), part.method)
            if told and told not in self.invitations:
                self.invitations.append(told)
            return
        if part.kind in ("application/ms-tnef", "application/vnd.ms-tnef") or part.name.lower() == "winmail.dat":
            self.files += tnef.files(part.data)
            return
        if part.kind in ("text/plain", "text/html", "text/enriched") and not part.attached and not part.name:
            text = words.text_of(part.data[:TEXT_BYTES_MAX], part.charset)
            if part.kind == "text/html":
                text = html.text_of(text)
                alone = within != "alternative" and within != "related"
                self._add(text if alone and not self.page else "", text)
            else:
                text = _unflowed(text, delsp=part.delsp) if part.flowed else text
                self._add(text, text if within == "mixed" and self.page else "")
            return
        if part.kind not in _FILE_OF_MAIL and (part.data or part.name):
            self.files.append(part)

    def _add(self, plain: str, page: str) -> None:
        self.plain = "\n\n".join(filter(None, (self.plain, plain)))
        self.page = "\n\n".join(filter(None, (self.page, page)))


def _files(found: Iterable[Part], marked: Collection[str], said: quotes.Said) -> Iterator[File]:
    """Those that were sent for their own sake: not what draws a signature or a quote. marked: stand in the text."""
    for number, part in enumerate(found, 1):
        kind = part.kind if part.kind != "application/octet-stream" else _kind_by_name(part.name)
        if part.content_id in marked:
            decorates = part.content_id not in said.pictures or len(part.data) < ICON_BYTES
            if decorates or (part.content_id in said.last and len(part.data) < LOGO_BYTES):
                continue
        yield File(part.name or f"{number}.{kind.rpartition('/')[2]}", kind, part.data)


_KINDS = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
_KINDS |= {"heic": "image/heic", "avif": "image/avif"}


def _kind_by_name(name: str) -> str:
    return _KINDS.get(name.rpartition(".")[2].lower(), "application/octet-stream")


_QUOTED = re.compile(r"(>*)( ?)(.*)", re.DOTALL)


def _unflowed(text: str, *, delsp: bool) -> str:
    """Paragraphs as single lines again (RFC 3676, 4.2): a line that ends with a space goes on in the next one."""
    done: list[str] = []
    open_depth = -1  # of the line that goes on; -1: none does
    for line in text.replace("\r\n", "\n").split("\n"):
        match = _QUOTED.fullmatch(line)
        assert match
        depth, rest = len(match[1]), match[3]
        signs = ">" * depth + " " if depth else ""
        goes_on = rest.endswith(" ") and rest != "-- "
        if depth == open_depth and rest != "-- ":
            done[-1] += rest
        else:
            done.append(signs + rest)
        if goes_on and delsp:
            done[-1] = done[-1][:-1]
        open_depth = depth if goes_on and len(done[-1]) < html.LINE_CHARS_MAX else -1
    return "\n".join(done)
