"""Weak passwords: common ones, and those made of what everybody knows about the owner. NIST SP 800-63B, 5.1.1.2.

The list of common ones is zxcvbn's: 30,000 from leaks. The first use loads it: 12 MB, 0.1 s.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from ..wording import N_

ADDED_MAX = 6  # "password" with up to so many digits and signs around it is as common
DIFFERENT_MIN = 4  # different characters
_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")


def why_weak(password: str, personal: Iterable[str] = ()) -> str:
    """Why the password is weak; "" if it is not. personal: name and address of the owner, the server's names."""
    word = _plain(password)
    core = _ENDS.sub("", word)
    if any(_same(word, one) for one in personal):
        return N_("is too much like your name or address, or like the name of this server: choose another")
    is_common = word in _common() or (len(word) - len(core) <= ADDED_MAX and core in _common())
    in_a_row = any(word in row or word in row[::-1] for row in _ROWS)
    if is_common or in_a_row or len(set(word)) < DIFFERENT_MIN:
        return N_("is one of those that are guessed first: choose another, such as three words that you can remember")
    return ""


def _same(word: str, known: str) -> bool:
    """Whether word is known, apart from signs and outer digits. Also compares parts of an address or host."""
    whole = _plain(known)
    local, _, host = whole.rpartition("@")
    host = host.partition(":")[0]
    return any(
        word == part or (_bare(part) and _bare(part) == _bare(word))
        for part in (whole, local, host, host.partition(".")[0])
        if part
    )


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, word)).strip("0123456789")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(map(_plain, FREQUENCY_LISTS["passwords"]))
