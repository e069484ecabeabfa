"""Secrets that we give out: access tokens, codes, sessions, links in mails. We keep only a hash of each.

secret = bucket (3 hex digits) + 256 random bits (43 letters). The bucket gives its shard, as in ids.
"""

import hashlib
import re
import secrets

from ..ids import bucket_of

_FORM = re.compile(r"[0-9a-f]{3}[A-Za-z0-9_-]{43}")


def new(near_id: int) -> str:
    """A new secret, on the shard of near_id."""
    return f"{bucket_of(near_id):03x}{secrets.token_urlsafe(32)}"


def digest(secret: str) -> str:
    """The hash that is stored. A fast hash is safe here: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def locate(secret: str) -> tuple[int, str]:
    """(bucket, hash) to look the secret up. Text of another form gets a hash that no row has."""
    if not _FORM.fullmatch(secret):
        return 0, ""
    return int(secret[:3], 16), digest(secret)
