"""Rules that people write, "when … if … do …", and what came of them. actions/rules/ reads the trees."""

from enum import StrEnum

import msgspec


class RuleState(StrEnum):
    ON = "on"
    OFF = "off"  # somebody has switched it off
    FAILED = "failed"  # it was switched off because it failed again and again
    LEFT = "left"  # likewise, because whose it is may have no rules any more


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    LOOP = "loop"  # nothing was done, because rules had made the post, after another that rules had made …
    OFTEN = "often"  # nothing was done for the rest of a minute


class ActionRule(msgspec.Struct, frozen=True):
    """Columns of `rules`."""

    id: int
    org_id: int
    owner_id: int  # with whose rights it acts
    name: str
    tree: str  # JSON of actions/rules/tree.py
    names: str  # JSON: names in the tree, in lower case -> ids of accounts
    state: str
    version: int
    failures: int  # in a row
    changed_ms: int


class RuleVersion(msgspec.Struct, frozen=True):
    """Columns of `rule_versions`."""

    rule_id: int
    version: int
    by_id: int
    at_ms: int
    name: str
    tree: str


class RuleRun(msgspec.Struct, frozen=True):
    """Columns of `rule_runs`."""

    rule_id: int
    event: str  # "post 123"; of what was not done any more, the minute: "minute 456"
    at_ms: int
    outcome: str
    made: str = "[]"  # JSON list of ids of posts
    problem: str = ""  # in words
