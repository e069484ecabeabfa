"""Who follows whom, by number: read from a file, or invented with the skew of real graphs.

Kept in two arrays, 4 bytes a follow: 100,000,000 follows are 400 MB, seen from both ends 800.
"""

import random
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import accumulate, islice
from typing import NamedTuple

# How many follow an account: Kwak, Lee, Park, Moon, "What is Twitter, a Social Network or a News Media?", WWW 2010,
# section 3.1: a power law of exponent 2.276, so that the account of rank r has followers as r ** (-1 / 1.276); a few
# lie far above that line. Here it is the first, whom STAR of all follow.
RANK_EXPONENT = 1 / 1.276
STAR = 0.55
# How many an account follows: log-normal. SPREAD is the standard deviation of the logarithm (in a real graph of
# 82,168 people, soc-Slashdot0902 of snap.stanford.edu, it is 1.3, with many who follow one or two). Kwak et al. see the
# limit of 2,000 that Twitter had.
SPREAD = 1.0
FOLLOWEES_MAX = 2_000
URN = 1 << 22  # tickets, drawn in place of accounts: one at least for each, more for those many follow

Told = Callable[[int], None]  # how far something has come


class Graph(NamedTuple):
    """Those at the other end of number n are others[starts[n] : starts[n + 1]], rising."""

    starts: "array[int]"
    others: "array[int]"

    def of(self, n: int) -> "array[int]":
        return self.others[self.starts[n] : self.starts[n + 1]]

    def degree(self, n: int) -> int:
        return self.starts[n + 1] - self.starts[n]


def from_pairs(pairs: Iterable[tuple[int, int]], people: int) -> Graph:
    """Of (follower, followee): each once, nobody oneself, nobody with a number of people or more."""
    kept = sorted({(a, b) for a, b in pairs if a != b and a < people and b < people})
    return Graph(_starts(Counter(a for a, _ in kept), people), array("I", (b for _, b in kept)))


def invented(people: int, follows: int, dice: random.Random, told: Told = lambda _: None) -> Graph:
    """So many follows (fewer where there are few people), the same for the same dice. Number 0 is the star."""
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
    """The same from the other end: those who follow n."""
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
    """How many each follows: log-normal, `follows` in all if that is possible."""
    most = min(FOLLOWEES_MAX, (people - 1) // 2)
    follows = min(follows, most * people // 2)
    drawn = sorted(dice.lognormvariate(0, SPREAD) for _ in range(people))
    low, high = 0.0, float(most * people)  # what to multiply them by, so that cut at `most` they have the sum

    def cut(scale: float) -> list[int]:
        return [min(most, int(one * scale)) for one in drawn]

    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(cut(middle)) <= follows else (low, middle)
    degrees = cut(low)
    missing = follows - sum(degrees)
    for n in range(bisect_right(degrees, most - 1)):  # the fractions that were cut off
        if not missing:
            break
        degrees[n], missing = degrees[n] + 1, missing - 1
    dice.shuffle(degrees)
    return degrees


def _urn(people: int, dice: random.Random) -> "array[int]":
    """Numbers, each as often as it is to be drawn; 2 ** k of them. Number 0 is not among them: see STAR."""
    ranked = list(range(1, people))
    dice.shuffle(ranked)  # the largest are not the oldest
    tickets = max(URN, 4 << people.bit_length())
    weights = [(rank + 1) ** -RANK_EXPONENT for rank in range(1, people)]
    scale = (tickets - people) / sum(weights)
    urn = array("I")
    for number, weight in zip(ranked, weights, strict=True):
        urn.extend([number] * (1 + int(weight * scale)))
    urn.extend(ranked[n % len(ranked)] for n in range(tickets - len(urn)))
    return urn
