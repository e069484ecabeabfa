"""From a position, the server finds exactly the events a reader has missed, however late and however many."""

from collections.abc import Collection
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chirrup.timelines.band import SIZE, Band
from chirrup.timelines.position import BANDS_MAX, KEPT_MAX, LETTERS_MAX, NAMED_MAX, Position, place_of

BEGAN_MS = 1_800_000_000_000
TEXT_MAX = 2_000  # docs/streams.md


def place(at_ms: int, number: int) -> int:
    return place_of((BEGAN_MS + at_ms) << 16 | number)


def later(place: int, ms: int) -> int:
    return place + (ms << 17)


def brought_back(position: Position) -> Position:
    again = Position.parse(position.text.decode())
    assert again is not None
    assert (again.floor, again.low, again.sent) == (position.floor, position.low, position.sent)
    assert again.text == position.text
    assert len(again.text) <= TEXT_MAX
    return again


def missed(position: Position, belonging: Collection[int], deleted: Collection[int] = ()) -> set[int]:
    """The events that a reader gets when it resumes (stream/catching_up.py), of all events of the stream."""
    between = [sorted(one for one in some if position.floor < one <= position.low) for some in (belonging, deleted)]
    position.settle(*between)
    return {one for one in belonging if one not in position}


class InterruptedStream:
    """A stream, and a reader who leaves after so many events. sent_at: when, as a place, by what was sent."""

    def __init__(self, sent_at: dict[int, int], leaves_after: int, *, removed: Collection[int] = ()) -> None:
        """removed: deleted when the reader was still there."""
        said = sorted(sent_at)
        self.position, self.sent = Position(place(0, 0) - 1), set[int]()
        waiting, acted_on, longest = set(said), 0, 0
        for n, one in enumerate(sorted(said, key=sent_at.__getitem__)[:leaves_after]):
            if n % 10 == 0:  # the known watermark is some seconds old
                looked_at = later(sent_at[one], -6_000)
                waiting = {other for other in waiting if sent_at[other] > looked_at}
                acted_on = min([*waiting, looked_at]) - 1
            self.position.add(one, acted_on)
            self.sent.add(one)
            if one in removed:
                self.position.discard(one)
            longest = max(longest, len(self.position.text))
        self.unsent = set(said) - self.sent
        assert longest <= TEXT_MAX


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("pause_ms", [2, 16, 60, 700])
def test_nothing_is_missed_however_late_it_was_sent_and_nothing_comes_twice_up_to_some_hundred_a_second(
    seed: int, pause_ms: int
):
    dice = Random(seed)
    said = [place(n * pause_ms, dice.randrange(1 << 16)) for n in range(1500)]
    dead_from = dice.randrange(1500)  # then a worker dies, and its third of the authors is heard of 13 s later
    slow = {n for n in range(dead_from, 1500) if n % 3 == 0} if pause_ms >= 20 else {dead_from}
    sent_at = {one: later(one, 13_000 if n in slow else dice.randrange(200)) for n, one in enumerate(said)}
    stream = InterruptedStream(sent_at, leaves_after=dice.randrange(1500))

    resent = missed(brought_back(stream.position), said)

    assert resent >= stream.unsent
    twice = resent - stream.unsent
    if pause_ms >= 16:
        assert twice == set()
    else:  # of several thousand above the floor, a part is sent again
        assert len(twice) <= 1500 / 3


@settings(max_examples=25, deadline=None)
@given(
    dice=st.randoms(use_true_random=False),
    count=st.integers(1, 700),
    pause_ms=st.integers(1, 200),
    late_ms=st.integers(0, 20_000),
    deleting=st.floats(0, 0.2),
)
def test_what_was_deleted_since_lets_nothing_come_twice(
    dice: Random, count: int, pause_ms: int, late_ms: int, deleting: float
):
    """late_ms: of a third of the authors."""
    said = [place(n * pause_ms, n) for n in range(count)]
    sent_at = {one: later(one, dice.choice((20, 200, late_ms))) for one in said}
    deleted = {one for one in said if dice.random() < deleting}
    removed = {one for one in deleted if dice.random() < 0.5}
    stream = InterruptedStream(sent_at, leaves_after=dice.randrange(count + 1), removed=removed)
    elsewhere = {one + 2 for one in said if dice.random() < deleting}  # in another stream

    again = brought_back(stream.position)
    resent = missed(again, set(said) - deleted, deleted | elsewhere)

    assert resent == stream.unsent - deleted
    above = {one for one in deleted & stream.sent - removed if one > again.floor}
    assert above <= set(again.known)  # so the reader can get them


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from([5, 5, 5, 150, 2_000, 30_000]), st.integers(0, 19)),
        min_size=1,
        max_size=300,
    ),
    part=st.floats(0, 1),
)
def test_never_too_little_and_nothing_twice(events: list[tuple[int, int, int]], part: float):
    """(pause before it, how late it is sent, what becomes of it) of each."""
    sent_at, deleted, at_ms = dict[int, int](), set[int](), 0
    for n, (pause_ms, late_ms, fate) in enumerate(events):
        at_ms += pause_ms
        sent_at[one := place(at_ms, n)] = later(place(at_ms, n), late_ms)
        if fate == 0:
            deleted.add(one)
    stream = InterruptedStream(sent_at, leaves_after=int(part * len(events)))

    resent = missed(brought_back(stream.position), sent_at.keys() - deleted, deleted)

    assert resent == stream.unsent - deleted


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(), hidden=st.integers(0, 3), late=st.integers(0, 5))
def test_where_it_cannot_be_told_what_was_sent_only_a_band_comes_twice(seed: int, hidden: int, late: int):
    """hidden: what was sent and is not to be seen any more, though nobody deleted it."""
    dice, stuck = Random(seed), 700
    said = [place(n * 10, n) for n in range(stuck)]
    position, unsent = Position(place(0, 0) - 1), set(dice.sample(said[:500], late))
    for one in said:
        if one not in unsent:
            position.add(one, acted_on=0)

    gone = set(dice.sample(said, hidden))
    resent = missed(brought_back(position), set(said) - gone)

    assert unsent - gone <= resent
    assert len(resent - unsent) <= hidden * SIZE


def test_however_much_is_above_the_floor_the_text_is_short_and_one_late_event_costs_a_part():
    said = [place(n * 2, n) for n in range(KEPT_MAX)]
    late = said[600]
    position = Position(place(0, 0) - 1)
    for one in said:
        if one != late:
            position.add(one, acted_on=0)

    resent = missed(brought_back(position), said)

    assert late in resent
    assert len(resent) < KEPT_MAX / 5
    assert len(position.bands) <= BANDS_MAX
    assert sum(band.letter_count for band in position.bands) <= LETTERS_MAX


def test_more_than_is_kept_is_sent_again_rather_than_never():
    said = [place(n * 2, n) for n in range(2 * KEPT_MAX)]
    position = Position(place(0, 0) - 1)
    for one in said:
        position.add(one, acted_on=0)

    resent = missed(brought_back(position), said)

    assert len(position.known) <= KEPT_MAX + NAMED_MAX
    assert resent <= set(said[: KEPT_MAX + SIZE])


def test_the_floor_rises_within_a_band():
    position, said = Position(place(0, 0)), [place(n, 0) for n in range(1, 2 * NAMED_MAX)]
    for one in said:
        position.add(one, acted_on=0)
    assert position.floor == place(0, 0)

    position.add(place(2 * NAMED_MAX, 0), acted_on=place(7, 0))

    assert position.floor == place(7, 0)
    assert missed(brought_back(position), said) == set()
    assert position.known[0] == place(8, 0)


def test_many_that_would_do_are_not_all_tried():
    """A text that somebody made up: one letter again and again."""
    resent = [one for one in (place(n, n) for n in range(9_000)) if Band(one, [one]).text[-1:] == b"a"]
    assert len(resent) > 50
    band = Band.parse("_" * 16 + "a" * 40, 0)

    assert band.found_among(resent, ()) == []


@pytest.mark.parametrize(
    "text",
    ["", "x", "1.", ".", "-5.", "+5.", "1_0.", " 1.", "1. ", "1.é", "١.", "1.AAAA", "9" * 400 + ".", "f" * 16 + ".",
     "01.", "1..2", "5..4.0", "1.AAAAAAA=", "1.AAAAAAAA", "1.AAAAAAAAAAAAA", "1." + "AAAAA" * (NAMED_MAX + 9), "1..\n",
     "1.\0", "1.." + "A" * 16, "1.." + "A" * 16 + "é", "1." + ("." + "A" * 16) * (BANDS_MAX + 1),
     "1.." + "A" * 4000],
)  # fmt: skip
def test_what_is_none_is_told_from_one(text: str):
    position = Position.parse(text)

    assert position is None or position.text.decode() == text
