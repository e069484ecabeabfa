"""Passwords: rules and hashes. Hashing is slow by design: call hash() and matches() in a thread, outside transactions.

await asyncio.to_thread(passwords.matches, login.password_hash, password)
"""

import unicodedata
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import Invalid
from . import weak

CHARS_MIN = 8  # NIST SP 800-63B: length matters most
CHARS_MAX = 128

# OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, parallelism 1. About 25 ms here, and 19 MiB for each thread.
_STRONG = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)
_CHEAP = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)  # for tests that sign up hundreds


class Passwords:
    """testing: accepts any password and hashes cheaply. Never use it on a server with people."""

    def __init__(self, *, testing: bool = False) -> None:
        self._testing, self._chars_min = testing, 1 if testing else CHARS_MIN
        self._hasher = _CHEAP if testing else _STRONG
        self._nobodys = self._hasher.hash("nobody has this password")

    def check(self, password: str, field: str = "password", *, personal: Iterable[str] = ()) -> None:
        """Raises Invalid: blank, too short, too long, not text, or weak. personal: see weak.py."""
        if not password:
            raise Invalid(field, "blank", "can't be blank")
        if len(password) < self._chars_min:
            raise Invalid(field, "too_short", "is too short (minimum is {least} characters)", least=self._chars_min)
        if len(password) > CHARS_MAX:
            raise Invalid(field, "too_long", "is too long (maximum is {most} characters)", most=CHARS_MAX)
        if _bytes(password) is None:
            raise Invalid(field, "not_text", "must be text in UTF-8")
        if not self._testing and (problem := weak.why_weak(password, personal)):
            raise Invalid(field, "weak", problem)

    def hash(self, password: str, *, personal: Iterable[str] = ()) -> str:
        """The hash to store. Raises as check()."""
        self.check(password, personal=personal)
        return self._hasher.hash(_bytes(password) or b"")

    def matches(self, password_hash: str, password: str) -> bool:
        """Whether password fits. password_hash "": the name is unknown; takes as long, so the time reveals nothing."""
        given = _bytes(password) if len(password) <= CHARS_MAX else None
        if given is None:
            return False
        try:
            return self._hasher.verify(password_hash or self._nobodys, given) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False

    def rehashed(self, password_hash: str, password: str) -> str:
        """A new hash if password_hash has old parameters, else "". Call it after matches()."""
        return self._hasher.hash(_bytes(password) or b"") if self._hasher.check_needs_rehash(password_hash) else ""


def _bytes(password: str) -> bytes | None:
    """Normalised, because keyboards compose é in different ways. None: it contains a lone surrogate."""
    try:
        return unicodedata.normalize("NFKC", password).encode()
    except UnicodeEncodeError:
        return None
