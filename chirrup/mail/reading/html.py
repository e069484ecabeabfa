"""The HTML of a mail as plain text: links and lists as people type them, quotes with ">"; pictures leave a mark."""

import html
import re

import nh3

CHARS_MAX = 1_000_000
TAGS_MAX = 12_000  # the library takes time by the square of how deep they lie within each other
NESTED_MAX = 50  # quotes within quotes
LINE_CHARS_MAX = 10_000
CID = "\ufffc"  # around the Content-ID of a picture that stands here
_SPACE = re.compile(r"[ \t\r\n\f]+")
_EMPTY = re.compile(r"\n{3,}")
_BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "table", "blockquote"}  # an empty line around
_LINES = {"div", "tr", "li", "dt", "dd", "hr", "address", "article", "section", "header", "footer", "center", "form"}
_VOID = {"br", "hr", "img"}
_SIGNED = re.compile(r"\b(?:gmail_signature|moz-signature|ms-outlook-mobile-signature|protonmail_signature_block"
                     r"|applemailsignature|x_signature|signature)\b", re.IGNORECASE)  # fmt: skip
_INDENT = re.compile(
    r"border(?:-left)?(?:-style|-width)?\s*:\s*(?:none|0)\b", re.IGNORECASE
)  # no quote: it is moved in
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_UNSEEN = {"style", "script", "title", "template", "noscript"}
# The library makes well-formed HTML of anything.
_SIEVE = nh3.Cleaner(
    tags=_BLOCKS | _LINES | {"br", "img", "a", "td", "th", "span", "font"},
    clean_content_tags=_UNSEEN,
    attributes={"*": {"class", "id", "style", "type"}, "a": {"href"}, "img": {"src"}},
    url_schemes={"http", "https", "cid"},
    url_relative="deny",
    link_rel=None,
)
_AMPERSAND = "\ue000"  # in place of "&", many of which take the library time by the square of their number
_TAG = re.compile(r"<(/?)(\w+)([^>]*)>")  # in what it makes, where no attribute has a ">"
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


def text_of(content: str) -> str:
    """Of content, CHARS_MAX and TAGS_MAX are read."""
    content = content[:CHARS_MAX]
    if content.count("<") > TAGS_MAX:
        content = "<".join(content.split("<", TAGS_MAX)[:TAGS_MAX])
    reader, clean, at = _Reader(), _SIEVE.clean(content.replace("&", _AMPERSAND)), 0
    for tag in _TAG.finditer(clean):
        reader.say(_plain(clean[at : tag.start()]))
        at = tag.end()
        if tag[1]:
            reader.end(tag[2])
        else:
            reader.begin(tag[2], {name: _plain(value) for name, value in _ATTRIBUTE.findall(tag[3])})
    reader.say(_plain(clean[at:]))
    return reader.text()


def _plain(content: str) -> str:
    return html.unescape(content.replace(_AMPERSAND, "&"))


class _Reader:
    def __init__(self) -> None:
        self._done: list[str] = []  # lines
        self._line = ""
        self._quoted = 0
        self._open: list[tuple[str, str]] = []  # (element, what ends with it: "quote", "unseen", "link", …)
        self._unseen = self._pre = 0
        self._lists: list[int] = []  # the next number; 0: it has none
        self._link: tuple[str, int] | None = None  # (address, where its words begin in the line)

    def text(self) -> str:
        self._end_line()
        return _EMPTY.sub("\n\n", "\n".join(self._done)).strip("\n")

    def begin(self, tag: str, given: dict[str, str]) -> None:
        self._break_for(tag)
        if tag in ("br", "hr"):
            self._end_line()
        elif tag == "img":
            source = given.get("src", "").strip()
            if not self._unseen:
                self._line += f"{CID}{source[4:].strip('<> ')}{CID}" if source[:4].lower() == "cid:" else ""
        elif tag == "li":
            self._line += self._bullet()
        if tag in _VOID:
            return
        does = self._begin(tag, given)
        self._open.append((tag, does))
        if not self._unseen and _SIGNED.search(f"{given.get('class', '')} {given.get('id', '')}"):
            self._end_line()
            self._line = "-- "
            self._end_line()

    def _begin(self, tag: str, given: dict[str, str]) -> str:
        if _HIDDEN.search(given.get("style", "")[:1000]):
            self._unseen += 1
            return "unseen"
        if tag == "blockquote":
            cited = given.get("type") == "cite" or "quote" in given.get("class", "")
            if (cited or not _INDENT.search(given.get("style", "")[:1000])) and self._quoted < NESTED_MAX:
                self._quoted += 1
                return "quote"
        elif tag == "pre":
            self._pre += 1
            return "pre"
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else 0)
            return "list"
        elif tag == "a":
            self._link = given.get("href", "").strip(), len(self._line)
            return "link"
        return ""

    def end(self, tag: str) -> None:
        if self._open and tag not in _VOID:
            name, does = self._open.pop()
            self._break_for(name)
            self._finish(does)

    def _finish(self, does: str) -> None:
        if does == "quote":
            self._end_line()
            self._quoted -= 1
            self._done.append("")
        elif does == "unseen":
            self._unseen -= 1
        elif does == "pre":
            self._pre -= 1
        elif does == "list":
            self._lists.pop()
        elif does == "link" and self._link:
            (address, at), self._link = self._link, None
            shown = self._line[at:]
            if _is_worth_saying(address, shown):
                self._line = self._line[:at] + (f"{shown} ({address})" if shown.strip() else address)

    def say(self, data: str) -> None:
        if self._unseen:
            return
        data = data.replace("\xa0", " ")
        if self._pre:
            *whole, last = data.split("\n")
            for one in whole:
                self._line += one
                self._end_line()
            self._line += last
            return
        if len(self._line) > LINE_CHARS_MAX:
            self._end_line()
        data = _SPACE.sub(" ", data)
        self._line += data.lstrip() if not self._line or self._line.endswith(" ") else data

    def _break_for(self, tag: str) -> None:
        if tag in _BLOCKS or tag in _LINES:
            if self._line.strip():
                self._end_line()
            if tag in _BLOCKS and not (tag in ("ul", "ol") and self._lists):
                self._done.append(_mark(self._quoted).rstrip())
        elif tag in ("td", "th") and self._line.strip():
            self._line += " "

    def _bullet(self) -> str:
        number = self._lists[-1] if self._lists else 0
        if number:
            self._lists[-1] += 1
        return "  " * min(len(self._lists) - 1, 10) + (f"{number}. " if number else "- ")

    def _end_line(self) -> None:
        line = self._line if self._line == "-- " else self._line.rstrip()
        self._done.append(_mark(self._quoted) + line if self._quoted else line)
        self._line = ""
        if self._link:
            self._link = self._link[0], 0


def _mark(depth: int) -> str:
    return ">" * depth + " " if depth else ""


def _is_worth_saying(address: str, shown: str) -> bool:
    """A link whose address people do not see already."""
    if not address.lower().startswith(("http://", "https://")):
        return False
    plain = address.split("://", 1)[1].rstrip("/")
    return plain not in shown and CID not in shown
