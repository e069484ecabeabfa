"""One-time codes by time, as authenticator apps show them: RFC 6238 with SHA-1, six digits and steps of 30 s.

These values are what all apps take; some ignore others that an address names.
"""

import base64
import hmac
from urllib.parse import quote, urlencode

STEP_MS = 30_000
DIGITS = 6


def code_at(key: bytes, step: int) -> str:
    """RFC 4226, 5.3: four bytes of the digest, where its last half byte says."""
    digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(key: bytes, code: str, now_ms: int, *, after: int = 0) -> int | None:
    """The step that code belongs to: now, the one before or the one after, for clocks that differ; None: to none.

    after: a step; codes of that and of earlier ones do not count. All three are compared, so the time tells nothing.
    """
    now = now_ms // STEP_MS
    fits = {step: hmac.compare_digest(code_at(key, step).encode(), code.encode()) for step in (now - 1, now, now + 1)}
    return next((step for step in fits if fits[step] and step > after), None)


def key_text(key: bytes) -> str:
    """The key for people who type it into their app: in base32, four letters a group."""
    text = base64.b32encode(key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def address(key: bytes, *, issuer: str, account: str) -> str:
    """The address that apps read from a QR code. https://github.com/google/google-authenticator/wiki/Key-Uri-Format"""
    given = {"secret": key_text(key).replace(" ", ""), "issuer": issuer}
    return f"otpauth://totp/{quote(f'{issuer}:{account}', safe='')}?{urlencode(given, quote_via=quote)}"
