"""What the HTML of a page says of it: its title, its <meta>, where its oEmbed is. Pure functions, in linear time.

The page is hostile: only the tags below are looked at, one after the other, so nothing can be nested.
"""

import codecs
import html
import re
from typing import NamedTuple
from urllib.parse import urljoin

import regex

CHARS_MAX = 4096  # of one tag's attributes and of one text
TAGS_MAX = 1000
_CHARSET_BYTES = 4096  # within which a page names its charset; browsers look at 1,024

# No alternative fails once it has read far: it takes what it has read, so nothing is read twice.
_PIECE = regex.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<skipped>script|style|noscript|template|textarea|svg|iframe)\b[^>]*+.*?(?:</(?P=skipped)\b|\Z)"
    r"|<title\b[^>]*+>?(?P<title>[^<]*+)"
    r"|<(?P<name>html|base|meta|link)\b(?P<attributes>(?:\"[^\"]*+\"?|'[^']*+'?|[^\"'>])*+)",
    regex.IGNORECASE | regex.DOTALL,
)
_ATTRIBUTE = regex.compile(r"(?<![\w:.-])([\w:.-]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,40})", re.IGNORECASE)
_IN_HEADER = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
# Those of https://encoding.spec.whatwg.org/ as Python calls them. Others cost too much, or are no characters at all.
_KNOWN = re.compile(
    r"ascii|utf-8|utf-16|iso8859-\d+|cp125\d|cp87[45]|koi8-[ru]|mac-(?:roman|cyrillic)|gbk|gb2312|gb18030|big5|big5hkscs"
    r"|shift_jis|cp932|euc_jp|iso2022_jp|euc_kr|cp949"
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Head(NamedTuple):
    title: str
    language: str
    meta: dict[str, str]  # name or property in lower case -> what came first
    oembed_url: str  # "": it has none
    base: str  # what addresses in it are relative to

    def first(self, *names: str) -> str:
        """Of the <meta> with these names, the first that is there; "": none is."""
        return next((one for name in names if (one := self.meta.get(name, ""))), "")

    def address(self, given: str) -> str:
        """The whole address of one in the page; "": it is none of http:// or https://."""
        return joined(self.base, given) if given else ""


def read(body: bytes, content_type: str, url: str) -> Head:
    """url: where the page is. Addresses are as the page has them, but for oembed_url and base."""
    title = language = oembed = base = ""
    meta: dict[str, str] = {}
    for number, piece in enumerate(_PIECE.finditer(decoded(body, content_type))):
        if number == TAGS_MAX:
            break
        if piece["title"] is not None:
            title = title or html.unescape(piece["title"][:CHARS_MAX])
        elif name := piece["name"]:
            given = _attributes(piece["attributes"][:CHARS_MAX])
            match name.lower():
                case "html":
                    language = language or given.get("lang", "")
                case "base":
                    base = base or given.get("href", "")
                case "meta":
                    called = given.get("property") or given.get("name") or given.get("itemprop") or ""
                    if called and given.get("content", "").strip():
                        meta.setdefault(called.lower(), given["content"])
                case _:
                    rel, kind = given.get("rel", "").lower().split(), given.get("type", "").lower()
                    if "alternate" in rel and kind == "application/json+oembed":
                        oembed = oembed or given.get("href", "")
    base = joined(url, base) or url
    return Head(title, language, meta, joined(base, oembed) if oembed else "", base)


def joined(base: str, address: str) -> str:
    """The whole address; "": it is none of http:// or https://."""
    try:
        whole = urljoin(base, address.strip())
    except ValueError:
        return ""
    return whole if whole.lower().startswith(("https://", "http://")) and len(whole) <= CHARS_MAX else ""


def decoded(body: bytes, content_type: str) -> str:
    """As its first bytes, the header or the page itself say; else UTF-8, and what is not that, as Latin letters."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace")
    in_header, in_page = _IN_HEADER.search(content_type), _CHARSET.search(body[:_CHARSET_BYTES])
    for told in (in_header and in_header[1], in_page and in_page[1].decode("ascii", "replace")):
        if told and (name := _codec(told)):
            return body.decode(name, "replace")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        cut = error.start >= len(body) - 4  # in the middle of a character
        return body.decode("utf-8" if cut else "cp1252", "replace")


def _codec(label: str) -> str:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return ""
    name = "cp1252" if name in ("ascii", "iso8859-1") else name  # as browsers read it
    return name if _KNOWN.fullmatch(name) else ""


def _attributes(raw: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(raw):
        found.setdefault(name.lower(), html.unescape(double or single or bare))
    return found
