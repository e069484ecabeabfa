"""Who follows whom, by account number: read from a file, or generated with the skew of real graphs.

Two arrays hold it, 4 bytes a follow: 100,000,000 follows take 400 MB, or 800 MB with both directions.
"""

import random
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import accumulate, islice
from typing import NamedTuple

# How many followers an account has. Kwak, Lee, Park, Moon, "What is Twitter, a Social Network or a News Media?", WWW
# 2010, section 3.1: a power law with exponent 2.276, so the account of rank r has followers as r ** (-1 / 1.276). A few
# accounts lie far above that line: here it is the first one, which STAR of all accounts follow.
RANK_EXPONENT = 1 / 1.276
STAR = 0.55
# How many accounts an account follows: log-normal. SPREAD is the standard deviation of the logarithm. (A real graph of
# 82,168 people, soc-Slashdot0902 of snap.stanford.edu, has 1.3, with many who follow one or two.) Kwak et al. see
# Twitter's limit of 2,000.
SPREAD = 1.0
FOLLOWEES_MAX = 2_000
URN = 1 << 22  # length of the table that followees are drawn from: every account is in it once, popular ones more often

Told = Callable[[int], None]  # is called with the progress


class Graph(NamedTuple):
    """A graph in one direction. The neighbours of number n are others[starts[n] : starts[n + 1]], rising."""

    starts: "array[int]"
    others: "array[int]"

    def of(self, n: int) -> "array[int]":
        return self.others[self.starts[n] : self.starts[n + 1]]

    def degree(self, n: int) -> int:
        return self.starts[n + 1] - self.starts[n]


def from_pairs(pairs: Iterable[tuple[int, int]], people: int) -> Graph:
    """From (follower, followee). Leaves out repetitions, follows of oneself, and numbers of people or more."""
    kept = sorted({(a, b) for a, b in pairs if a != b and a < people and b < people})
    return Graph(_starts(Counter(a for a, _ in kept), people), array("I", (b for _, b in kept)))


def invented(people: int, follows: int, dice: random.Random, told: Told = lambda _: None) -> Graph:
    """A generated graph of so many follows (fewer when people are few). Depends only on dice. Number 0 is the star."""
    degrees = _degrees(people, follows, dice)
    urn = _urn(people, dice)
    bits = (len(urn) - 1).bit_length()
    others = array("I")
    for n, degree in enumerate(degrees):
        found = {0} if n and degree and dice.random() < STAR else set[int]()
        while len(found) < degree:
            missing = degree - len(found)
            tickets = array("I", dice.randbytes(4 * (missing + missing // 3 + 2)))
            drawn = dict.fromkeys([urn[ticket >> (32 - bits)] for ticket in tickets])
            drawn.pop(n, None)
            found.update(islice((one for one in drawn if one not in found), missing))
        others.extend(sorted(found))
        told(n + 1)
    return Graph(array("q", accumulate(degrees, initial=0)), others)


def turned(graph: Graph, told: Told = lambda _: None) -> Graph:
    """The same graph in the other direction: the followers of each."""
    people = len(graph.starts) - 1
    starts = _starts(Counter(graph.others), people)
    others, place = array("I", bytes(4 * len(graph.others))), starts[:]
    for n in range(people):
        for other in graph.of(n):
            others[place[other]] = n
            place[other] += 1
        told(n + 1)
    return Graph(starts, others)


def _starts(degrees: Counter[int], people: int) -> "array[int]":
    return array("q", accumulate((degrees[n] for n in range(people)), initial=0))


def _degrees(people: int, follows: int, dice: random.Random) -> list[int]:
    """How many accounts each account follows: log-normal, `follows` in all if that is possible."""
    most = min(FOLLOWEES_MAX, (people - 1) // 2)
    follows = min(follows, most * people // 2)
    drawn = sorted(dice.lognormvariate(0, SPREAD) for _ in range(people))
    low, high = 0.0, float(most * people)  # the scale that gives the wanted sum, with values capped at `most`

    def cut(scale: float) -> list[int]:
        return [min(most, int(one * scale)) for one in drawn]

    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(cut(middle)) <= follows else (low, middle)
    degrees = cut(low)
    missing = follows - sum(degrees)
    for n in range(bisect_right(degrees, most - 1)):  # makes up for what rounding down has lost
        if not missing:
            break
        degrees[n], missing = degrees[n] + 1, missing - 1
    dice.shuffle(degrees)
    return degrees


def _urn(people: int, dice: random.Random) -> "array[int]":
    """A table of 2 ** k numbers, each as often as it should be drawn. Without number 0: see STAR."""
    ranked = list(range(1, people))
    dice.shuffle(ranked)  # so that popularity does not depend on age
    tickets = max(URN, 4 << people.bit_length())
    weights = [(rank + 1) ** -RANK_EXPONENT for rank in range(1, people)]
    scale = (tickets - people) / sum(weights)
    urn = array("I")
    for number, weight in zip(ranked, weights, strict=True):
        urn.extend([number] * (1 + int(weight * scale)))
    urn.extend(ranked[n % len(ranked)] for n in range(tickets - len(urn)))
    return urn
