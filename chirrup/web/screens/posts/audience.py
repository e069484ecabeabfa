"""Who may see a reply: no more people than what it answers, until its author was told who they would be.

The form offers what is as narrow as the post that it answers. Whatever is wider is chosen on a page of its own, which
names who would see it; that page alone has the proofs that a wider reply is published with.
"""

import hmac

import msgspec

from ....access import sessions
from ....types import Visibility
from ...call import Call

WORDS = {  # in a list; as a sentence about a reply; about the post that it answers
    Visibility.PUBLIC: (
        "Everybody",
        "Everybody, also people who are not logged in; it stands in public lists.",
        "everybody",
    ),
    Visibility.UNLISTED: (
        "Everybody, not in lists",
        "Everybody who comes by, also people who are not logged in.",
        "everybody who comes by, but stands in no public list",
    ),
    Visibility.FOLLOWERS: (
        "My followers",
        "Your followers, and the people it mentions.",
        "the followers of its author, and the people it mentions",
    ),
    Visibility.DIRECT: ("Those I mention", "Only the people it mentions.", "the people it mentions, and nobody else"),
}
_WIDEST_FIRST = list(Visibility)


class Choice(msgspec.Struct, frozen=True):
    value: str
    sentence: str
    proof: str  # "": needs none


def within(ceiling: str) -> list[tuple[str, str]]:
    """(value, a word or two) of each audience that is no wider than ceiling, widest first."""
    return [(one.value, WORDS[one][0]) for one in _within(ceiling)]


def of_parent(visibility: str) -> str:
    """Whom a post is for, in the middle of a sentence."""
    return WORDS[Visibility(visibility)][2]


def _within(ceiling: str) -> list[Visibility]:
    return _WIDEST_FIRST[_WIDEST_FIRST.index(Visibility(ceiling)) :]


def choices(call: Call, reply_to_id: int, ceiling: str) -> list[Choice]:
    """Every audience, in whole sentences, for the second step of a reply to a post that ceiling may see."""
    free = _within(ceiling)
    return [
        Choice(one.value, WORDS[one][1], "" if one in free else _proof(call, reply_to_id, one)) for one in _WIDEST_FIRST
    ]


def is_confirmed(call: Call, reply_to_id: int, visibility: str) -> bool:
    """Was the form made by a page that named this audience, for this reply and this session?"""
    proof = _proof(call, reply_to_id, visibility).encode()
    return any(hmac.compare_digest(proof, sent.encode()) for sent in call.form.texts("confirmed"))


def _proof(call: Call, reply_to_id: int, visibility: str) -> str:
    return sessions.form_token(call.cookie, f"{visibility} reply to {reply_to_id}")
