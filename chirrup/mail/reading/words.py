"""Bytes of mails as text: charsets, encoded headers. Nothing in a mail is an error here; what is broken shows it."""

import codecs
import re
from email.header import decode_header

HEADER_CHARS_MAX = 2000  # of one header that is decoded: the library takes time by the square of it
# What browsers read instead: mails that say the first are often in the second (WHATWG, Encoding).
_LARGER = {"iso8859-1": "cp1252", "latin-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "ascii": "utf-8"}
_LARGER |= {"euc_kr": "cp949", "shift_jis": "cp932", "iso8859-9": "cp1254", "iso8859-11": "cp874"}
_NO_CHARSETS = {"punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape"}  # some are slow, none is meant
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


def text_of(data: bytes, charset: str) -> str:
    """charset: as the mail says; unknown or wrong: UTF-8 if it is, else Windows-1252."""
    for name in (_codec(charset), "utf-8"):
        if name:
            try:
                return data.decode(name)
            except (UnicodeError, LookupError):
                pass
    if (name := _codec(charset)) and not name.startswith(("utf", "cp1252")):
        try:
            return data.decode(name, "replace")
        except (UnicodeError, LookupError):
            pass
    return data.decode("utf-8" if _mostly_utf8(data) else "cp1252", "replace")


def _codec(charset: str) -> str:
    """Its name in Python; "": there is none that is meant for text."""
    try:
        name = codecs.lookup(charset.strip(" \"'")[:40]).name if charset.isascii() and charset else ""
    except (LookupError, ValueError):
        return ""
    return "" if name in _NO_CHARSETS else _LARGER.get(name, name)


def _mostly_utf8(data: bytes) -> bool:
    """Whether few of its bytes are not UTF-8: it was cut, or is broken in some place."""
    return data.decode("utf-8", "replace").count("\ufffd") * 20 < sum(1 for one in data[:4000] if one > 127) + 1


def header(value: str) -> str:
    """A header as people read it, in one line (RFC 2047)."""
    value = value[:HEADER_CHARS_MAX]
    try:
        parts = decode_header(value) if "=?" in value else [(value, None)]
    except (ValueError, LookupError):  # broken base64
        parts = [(value, None)]
    found = "".join(part if isinstance(part, str) else text_of(part, charset or "ascii") for part, charset in parts)
    return " ".join(_CONTROLS.sub(" ", found.replace("\n", " ")).split())
