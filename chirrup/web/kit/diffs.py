"""The changes between two versions of a text, word by word."""

import difflib
import re
from typing import Literal

import msgspec

PARTS_MAX = 400  # of both texts together: 880 of three words alone took 0.45 s, 400 take 0.05 s
_PARTS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


class Part(msgspec.Struct, frozen=True):
    kind: Literal["same", "new", "gone"]
    text: str


def compare(before: str, after: str) -> list[Part]:
    """The parts of `after`, and the removed parts of `before`, in order. Long texts are compared by lines."""
    one, other = _PARTS.findall(before), _PARTS.findall(after)
    if len(one) + len(other) > PARTS_MAX:
        one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if len(one) + len(other) > PARTS_MAX:
        one, other = [before], [after]
    found: list[Part] = []
    for _, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if one[a:b] == other[c:d]:
            found.append(Part("same", "".join(one[a:b])))
            continue
        found += [Part("gone", "".join(one[a:b]))] if b > a else []
        found += [Part("new", "".join(other[c:d]))] if d > c else []
    return found
