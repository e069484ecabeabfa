"""The keys that blobs may have, and what they say of the file: its type is its extension's."""

import re

TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "mp4": "video/mp4"}
TYPES |= {"m4a": "audio/mp4", "zip": "application/zip", "upload": "application/octet-stream"}
_KEY = re.compile(rf"[0-9a-f]{{2}}/[0-9a-f]{{2}}/[0-9a-f]{{28,64}}\.({'|'.join(TYPES)})")  # what images.new_key makes


def type_of(key: str) -> str:
    """The content type of a key's file; "": it is no key at all."""
    match = _KEY.fullmatch(key)
    return TYPES[match[1]] if match else ""


def check(key: str, content_type: str) -> None:
    """Raises ValueError for a key or type never made by us."""
    if not content_type or type_of(key) != content_type:
        raise ValueError(
            f"expected ab/cd/….jpg with image/jpeg (or {', '.join(TYPES)}); got {key!r} with {content_type!r}"
        )
