"""Which part of a file a request wants. RFC 9110, 13.1.5 and 14.2."""

import re
from typing import Any

_RANGE = re.compile(rb"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


def wanted(scope: Any, tag: bytes) -> bytes:
    """The Range header that is to be followed; b"": none is, send all of the file. tag: the file's ETag.

    HEAD describes the whole. If-Range must name the version that the client has a part of: a date never does, because
    files are sent without one.
    """
    if scope["method"] != "GET":
        return b""
    headers = dict(reversed(scope["headers"]))  # if one comes twice, the first counts
    if headers.get(b"if-range", tag) != tag:
        return b""
    return headers.get(b"range", b"")


def part(wanted: bytes, size: int) -> tuple[int, int] | None:
    """(first byte, last byte) of a Range header; None: several parts, or outside of the file."""
    match = _RANGE.fullmatch(wanted.strip())
    if not match or match[0] == b"bytes=-":
        return None
    if not match[1]:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    return (first, last) if first <= last else None
