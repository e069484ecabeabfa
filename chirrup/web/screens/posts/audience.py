"""The audience of a reply: no wider than its parent's, unless the author has read who would see it.

The form offers audiences no wider than the parent's. A wider one is chosen on a second page, which names who would see
it. Only that page has the proofs with which a wider reply can be published.
"""

import hmac

import msgspec

from ....access import sessions
from ....types import QuotePolicy, Visibility
from ...call import Call

WORDS = {  # (in a list, as a sentence about a reply, about its parent)
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
QUOTABLE = (Visibility.PUBLIC, Visibility.UNLISTED)  # others nobody quotes but their author
QUOTE_POLICIES = [
    (QuotePolicy.PUBLIC, "Everybody"),
    (QuotePolicy.FOLLOWERS, "My followers"),
    (QuotePolicy.NOBODY, "Only me"),
]


class Choice(msgspec.Struct, frozen=True):
    value: str
    sentence: str
    proof: str  # "": no proof is needed


def within(ceiling: str) -> list[tuple[str, str]]:
    """(value, short name) of each audience that is no wider than ceiling, widest first."""
    return [(one.value, WORDS[one][0]) for one in _within(ceiling)]


def of_parent(visibility: str) -> str:
    """A post's audience, for the middle of a sentence."""
    return WORDS[Visibility(visibility)][2]


def _within(ceiling: str) -> list[Visibility]:
    return _WIDEST_FIRST[_WIDEST_FIRST.index(Visibility(ceiling)) :]


def choices(call: Call, reply_to_id: int, ceiling: str) -> list[Choice]:
    """Every audience, in whole sentences, for the second step of a reply. ceiling: the parent's audience."""
    free = _within(ceiling)
    return [
        Choice(one.value, WORDS[one][1], "" if one in free else _proof(call, reply_to_id, one)) for one in _WIDEST_FIRST
    ]


def is_confirmed(call: Call, reply_to_id: int, visibility: str) -> bool:
    """Whether the form comes from a page that named this audience, for this reply and this session."""
    proof = _proof(call, reply_to_id, visibility).encode()
    return any(hmac.compare_digest(proof, sent.encode()) for sent in call.form.texts("confirmed"))


def _proof(call: Call, reply_to_id: int, visibility: str) -> str:
    return sessions.form_token(call.cookie, f"{visibility} reply to {reply_to_id}")
