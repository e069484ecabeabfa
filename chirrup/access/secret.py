"""Secrets handed out: access tokens, codes, sessions, links in mails. We keep only a hash of each.

secret = bucket (3 hex digits) + 256 random bits (43 letters): it tells its own shard, as ids do.
"""

import hashlib
import re
import secrets

from ..ids import bucket_of

_FORM = re.compile(r"[0-9a-f]{3}[A-Za-z0-9_-]{43}")


def new(near_id: int) -> str:
    """A fresh secret that lives on the shard of near_id."""
    return f"{bucket_of(near_id):03x}{secrets.token_urlsafe(32)}"


def digest(secret: str) -> str:
    """What is stored in its place. Fast on purpose: 256 random bits cannot be guessed from a hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def locate(secret: str) -> tuple[int, str]:
    """(bucket, hash) to look it up by. What cannot be one of ours gets a hash that no row has."""
    if not _FORM.fullmatch(secret):
        return 0, ""
    return int(secret[:3], 16), digest(secret)
