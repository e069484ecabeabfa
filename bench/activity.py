"""What people did, read from lines of `A B unixtime kind` (RT: A boosts B, RE: A replies to B, MT: A mentions B)."""

import gzip
from collections import Counter, defaultdict
from itertools import groupby
from pathlib import Path

import msgspec

KINDS = {"RT": "boost", "RE": "reply", "MT": "mention"}  # if an act has several, the first counts


class Act(msgspec.Struct, frozen=True):
    at_s: float  # seconds after the first act
    kind: str  # one of KINDS' values
    who: int
    whom: tuple[int, ...]  # the boosted, answered or mentioned people; the one of `kind` comes first


class Activity(msgspec.Struct, frozen=True):
    acts: list[Act]  # in order of time
    people: int  # numbered 0 to people - 1

    @property
    def follows(self) -> list[tuple[int, int]]:
        """(follower, followee): everybody follows the people they act on."""
        return sorted({(act.who, other) for act in self.acts for other in act.whom})

    @property
    def posts_needed(self) -> dict[int, int]:
        """How many posts each person needs at the start: nobody boosts a post twice, and replies need a target."""
        boosts = Counter((act.who, act.whom[0]) for act in self.acts if act.kind == "boost")
        needed: dict[int, int] = defaultdict(int)
        for (_, author), count in boosts.items():
            needed[author] = max(needed[author], count)
        for act in self.acts:
            if act.kind == "reply":
                needed[act.whom[0]] = max(needed[act.whom[0]], 1)
        return needed


def read(file: Path, from_hour: float, hours: float) -> Activity:
    """The acts of these hours. Times are whole seconds: acts of the same second are spread over it.

    Rows of one person in one second are one act: a reply has a row for each person it mentions, a boost has one for
    each person whom the boosted post mentions.
    """
    try:
        with gzip.open(file, "rt") as lines:
            rows = [(int(at), int(a), int(b), kind) for a, b, at, kind in map(str.split, lines) if a != b]
    except (OSError, ValueError) as error:
        raise SystemExit(f"cannot read {file}: {error}; a file of lines 'A B unixtime RT|RE|MT', gzipped") from error
    first = min(row[0] for row in rows) + from_hour * 3600
    rows = sorted(row for row in rows if first <= row[0] < first + hours * 3600)
    numbers: dict[int, int] = {}
    acts = []
    for at, second in groupby(rows, key=lambda row: row[0]):
        of_second = [list(group) for _, group in groupby(second, key=lambda row: row[1])]
        for n, group in enumerate(of_second):
            acts.append(_act(at - first + n / len(of_second), group, numbers))
    return Activity(acts, len(numbers))


def _act(at_s: float, group: list[tuple[int, int, int, str]], numbers: dict[int, int]) -> Act:
    kinds = {row[3] for row in group}
    kind = next(kind for kind in KINDS if kind in kinds)
    meant = [row[2] for row in group if row[3] == kind]
    others = [] if kind == "RT" else [row[2] for row in group]
    whom = dict.fromkeys(numbers.setdefault(one, len(numbers)) for one in meant + others)
    return Act(at_s, KINDS[kind], numbers.setdefault(group[0][1], len(numbers)), tuple(whom))
