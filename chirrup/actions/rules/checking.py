"""Whether a rule can be kept: its bounds, its expressions, and whom its names name."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import re2

from ...access import roles, visibility
from ...errors import Invalid
from ...ports import Tx
from ...social.accounts import name_key
from ...social.text import extract
from ...store import accounts
from ...types import Account, AccountKind
from ...wording import N_
from ...words import words
from .. import acknowledgements, chains, who
from . import tree
from .tree import Rule

MEMORY_BYTES = 1 << 20  # of one expression: RE2 refuses what needs more
_OPTIONS = re2.Options()
_OPTIONS.log_errors, _OPTIONS.max_mem = False, MEMORY_BYTES


@lru_cache(1000)
def expression(pattern: str) -> Any:
    """Ready to be searched with, in time that is linear in the text. Raises Invalid."""
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        why = N_("has {got!r}, which is no expression of RE2: {trouble}")
        said = error.args[0] if error.args else ""
        raise Invalid("text", "expression", why, got=pattern[:60], trouble=_plain(said)) from error


def _plain(said: object) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def check(tx: Tx, owner_id: int, org_id: int, rule: Rule) -> dict[str, int]:
    """The accounts and rooms that it names: names in lower case -> ids. Raises Invalid (text)."""
    every = list(tree.nodes(rule.test))
    if len(every) > tree.NODES_MAX:
        raise _too_many("tests", tree.NODES_MAX, len(every))
    if not 1 <= len(rule.do) <= tree.ACTIONS_MAX:
        raise _too_many("actions", tree.ACTIONS_MAX, len(rule.do))
    rooms, people = set(rule.when.rooms), set[str]()
    for test in every:
        if isinstance(test, tree.All | tree.Any):
            if not test.tests:
                raise _too_many("tests in brackets", tree.NODES_MAX, 0)
        elif (has := _listed(test)) is not None and not 1 <= has <= tree.NAMES_MAX:
            raise _too_many("names in a row", tree.NAMES_MAX, has)
        match test:
            case tree.In():
                rooms |= set(test.rooms)
            case tree.From():
                people |= set(test.who) - set(tree.SORTS)
            case tree.Mentions():
                people |= set(test.who)
            case tree.Has():
                _check_words(test.words, tree.WORDS_CHARS_MAX)
                if not words(test.words):
                    raise Invalid("text", "blank", "has {got!r} where a word is expected", got=test.words)
            case tree.Matches():
                _check_words(test.pattern, tree.PATTERN_CHARS_MAX)
                expression(test.pattern)
            case tree.HasRole():
                _check_roles(tx, org_id, test.roles)
            case tree.Hours():
                _check_hours(test)
            case tree.Tagged():
                for name in test.tags:
                    if [one.value for one in extract(f"#{name}").hashtags] != [name]:
                        raise Invalid("text", "unknown", "has #{tag}, which is no hashtag", tag=name[:40])
            case _:
                pass
    for action in rule.do:
        match action:
            case tree.Post():
                _check_words(action.text, tree.TEXT_CHARS_MAX)
                rooms |= {action.room} if action.room else set()
            case tree.Reply():
                _check_words(action.text, tree.TEXT_CHARS_MAX)
            case tree.Forward():
                rooms.add(action.room)
            case tree.NeedAck():
                _check_asked(tx, owner_id, org_id, action.who, action.minutes)
                if action.chain:
                    try:
                        chains.called(tx, org_id, action.chain)
                    except Invalid as error:
                        raise error.of("text") from error
            case tree.AskApproval():
                _check_words(action.text, tree.TEXT_CHARS_MAX)
                _check_asked(tx, owner_id, org_id, action.who, action.minutes)
                rooms |= {action.room} if action.room else set()
    return _named(tx, owner_id, org_id, rooms, people)


def _check_asked(tx: Tx, owner_id: int, org_id: int, names: Collection[str], minutes: int) -> None:
    try:
        who.named(tx, org_id, owner_id, names)
    except Invalid as error:
        raise error.of("text") from error
    if not names or not 1 <= minutes <= acknowledgements.MINUTES_MOST:
        raise Invalid("text", "range", "must ask somebody, within 1 minute to {most} days", most=30)


def _listed(test: tree.Test) -> int | None:
    """How many names stand in it in a row; None: none can."""
    for name in ("rooms", "who", "tags", "kinds", "roles"):
        if hasattr(test, name):
            return len(getattr(test, name))
    return None


def _named(tx: Tx, owner_id: int, org_id: int, rooms: Collection[str], people: Collection[str]) -> dict[str, int]:
    keys = {name_key(org_id, name): name for name in {*rooms, *people}}
    ids = accounts.ids_by_names(tx, list(keys)) if keys else {}
    there = visibility.of_one_organisation(tx, owner_id, set(ids.values()))
    found: dict[str, Account] = {name: there[ids[key]] for key, name in keys.items() if ids.get(key) in there}
    open_to_owner = visibility.may_see_accounts(tx, owner_id, list(found.values()))
    for name in rooms:
        if name not in found or found[name].kind != AccountKind.ROOM or found[name].id not in open_to_owner:
            raise Invalid("text", "unknown", "names @{name}, which is no room that you can see", name=name)
    for name in people:
        if name not in found:
            raise Invalid("text", "unknown", "names @{name}, which is no account that you can see", name=name)
    return {name.lower(): account.id for name, account in found.items()}


def _check_roles(tx: Tx, org_id: int, wanted: Collection[str]) -> None:
    known = roles.find(tx, org_id).ranks
    for role in wanted:
        if role not in known or not role:
            why = N_("has the role {got!r}; there are {known}")
            raise Invalid("text", "unknown", why, got=role[:40], known=", ".join(one for one in known if one))


def _check_hours(test: tree.Hours) -> None:
    if not (0 <= test.start < 24 * 60 and 0 <= test.end <= 24 * 60 and test.start != test.end):
        raise Invalid("text", "range", "has hours that begin and end at the same time, or are none of a day")
    try:
        ZoneInfo(test.zone)
    except (KeyError, OSError, ValueError) as error:
        why = N_("has {got!r} where a time zone such as Europe/Berlin is expected")
        raise Invalid("text", "unknown", why, got=test.zone[:40]) from error


def _check_words(text: str, most: int) -> None:
    if not text.strip() or len(text) > most:
        why = N_("has a text of {length} characters in quotation marks; it must have 1 to {most}")
        raise Invalid("text", "length", why, length=len(text.strip()), most=most)


def _too_many(what: str, most: int, has: int) -> Invalid:
    return Invalid("text", "too_many", "must have 1 to {most} {what}, has {has}", what=what, most=most, has=has)
