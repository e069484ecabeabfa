"""A rule as a tree: when, if, do. It is kept and sent as JSON; sentences.py has its text form.

It says what is wanted, not who wrote it. Accounts, rooms and tags are names here: access.py finds whom they name.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from ...errors import Invalid

NODES_MAX, ACTIONS_MAX = 32, 8
WORDS_CHARS_MAX, PATTERN_CHARS_MAX, TEXT_CHARS_MAX = 200, 200, 2000
NAMES_MAX = 20  # of one test
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KINDS = ("post", "reply", "quote", "poll", "media", "link")
SORTS = ("bot", "guest", "staff")  # of accounts, where a name could stand

Kind = Literal["post", "reply", "quote", "poll", "media", "link"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Minutes = int  # since midnight


class Node(msgspec.Struct, frozen=True, tag_field="is", forbid_unknown_fields=True, omit_defaults=True):
    """Part of a rule."""


# tests


class In(Node, frozen=True, tag="in"):
    """The post is in one of these rooms."""

    rooms: tuple[str, ...]


class From(Node, frozen=True, tag="from"):
    """Its author is one of these: names, or SORTS."""

    who: tuple[str, ...]


class Mentions(Node, frozen=True, tag="mentions"):
    who: tuple[str, ...]


class Tagged(Node, frozen=True, tag="tagged"):
    tags: tuple[str, ...]


class Has(Node, frozen=True, tag="has"):
    """These words stand side by side in its text or its warning."""

    words: str


class Matches(Node, frozen=True, tag="matches"):
    """An expression of RE2 is found in its text or its warning."""

    pattern: str


class IsKind(Node, frozen=True, tag="kind"):
    kinds: tuple[Kind, ...]


class HasRole(Node, frozen=True, tag="role"):
    """Its author has one of these roles."""

    roles: tuple[str, ...]


class Hours(Node, frozen=True, tag="hours"):
    """It is said between these minutes of the day, on these days: ()  is each. start > end goes over midnight."""

    start: Minutes
    end: Minutes
    days: tuple[Day, ...] = ()
    zone: str = "UTC"


class Not(Node, frozen=True, tag="not"):
    test: "Test"


class All(Node, frozen=True, tag="and"):
    tests: "tuple[Test, ...]"


class Any(Node, frozen=True, tag="or"):
    tests: "tuple[Test, ...]"


Test = In | From | Mentions | Tagged | Has | Matches | IsKind | HasRole | Hours | Not | All | Any

# when


class Posted(Node, frozen=True, tag="post"):
    """Somebody posts; in one of these rooms, if there are any."""

    rooms: tuple[str, ...] = ()


# do


class Post(Node, frozen=True, tag="post"):
    """A new post, in a room if one is named."""

    text: str
    room: str = ""


class Reply(Node, frozen=True, tag="reply"):
    text: str


class Forward(Node, frozen=True, tag="forward"):
    """Who is in the room gets a link to it."""

    room: str


class NeedAck(Node, frozen=True, tag="need ack"):
    """These people, members of rooms and rotations have to acknowledge it (actions/acknowledgements.py)."""

    who: tuple[str, ...]
    minutes: int  # until the first reminder; with a chain, until its first step
    one: bool = False  # one of them is enough
    chain: str = ""


class AskApproval(Node, frozen=True, tag="ask approval"):
    """A question that these people decide, in a room if one is named (actions/approvals.py)."""

    text: str
    who: tuple[str, ...]
    minutes: int  # it is open for so long
    room: str = ""


Action = Post | Reply | Forward | NeedAck | AskApproval


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    when: Posted
    do: tuple[Action, ...]
    test: Test | None = msgspec.field(default=None, name="if")


_decode = msgspec.json.Decoder(Rule).decode
encode = msgspec.json.Encoder().encode


def stored(tree: str) -> Rule:
    """As it stands in the database."""
    return _decode(tree)


def given(tree: object) -> Rule:
    """As a program sends it. Raises Invalid (tree)."""
    try:
        rule = msgspec.convert(tree, Rule)
        if sum(1 for _ in nodes(rule.test)) <= NODES_MAX:
            return rule
    except msgspec.ValidationError as error:
        raise Invalid("tree", "invalid", "is no rule: {trouble}", trouble=str(error)) from error
    except RecursionError:
        pass
    raise Invalid("tree", "too_many", "must have at most {most} tests", most=NODES_MAX)


def nodes(test: Test | None) -> Iterator[Test]:
    """test and all below it."""
    if test is None:
        return
    yield test
    if isinstance(test, Not):
        yield from nodes(test.test)
    elif isinstance(test, All | Any):
        for one in test.tests:
            yield from nodes(one)
