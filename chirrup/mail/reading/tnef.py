"""The files in a winmail.dat: what Outlook sends instead of attachments (MS-OXTNEF, 2.1)."""

import struct

from . import words
from .mime import Part

_SIGNATURE = 0x223E9F78
_TITLE, _DATA, _BEGINS = 0x8010, 0x800F, 0x9002  # attAttachTitle, attAttachData, attAttachRendData
FILES_MAX = 50


def files(data: bytes) -> list[Part]:
    """Those that can be read; a file of another form, or one that was cut, has fewer."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        return []
    found: list[list[bytes]] = []  # title, data
    at = 6
    while at + 9 <= len(data) and len(found) < FILES_MAX:
        _, name, _, size = struct.unpack_from("<BHHI", data, at)
        value = data[at + 9 : at + 9 + size]
        at += 9 + size + 2  # a checksum follows
        if name == _BEGINS:
            found.append([b"", b""])
        elif found and name in (_TITLE, _DATA):
            found[-1][name == _DATA] = value
    return [_file(title, content) for title, content in found if content]


def _file(title: bytes, content: bytes) -> Part:
    name = words.header(words.text_of(title.split(b"\0", 1)[0], "cp1252"))
    return Part("application/octet-stream", "", name, "", True, False, False, "", content)
