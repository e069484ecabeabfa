"""Whoever brings a position back has missed what it does not cover: however late things were sent, and however many."""

from random import Random

import pytest

from chirrup.timelines.position import NAMED_MAX, Position, place_of, sum_of

BEGAN_MS = 1_800_000_000_000


def place(at_ms: int, number: int) -> int:
    return place_of((BEGAN_MS + at_ms) << 16 | number)


def missed(position: Position, belonging: list[int]) -> set[int]:
    """What is sent to whoever comes back (stream/catching_up.py), of all that belongs into the stream."""
    summed = {one for one in belonging if position.floor < one <= position.low}
    beyond = {one for one in belonging if one > position.low and one not in position}
    return beyond if sum_of(summed) == position.sum else beyond | summed


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("pause_ms", [2, 8, 60, 700])
def test_nothing_is_missed_however_late_it_was_sent_and_nothing_comes_twice_that_was_in_time(seed: int, pause_ms: int):
    dice = Random(seed)
    said = [place(n * pause_ms, dice.randrange(1 << 16)) for n in range(1500)]
    dead_from = dice.randrange(1500)  # then a worker dies, and its third of the authors is heard of 13 s later
    sent_at = {
        one: one + (place(13_000, 0) - place(0, 0) if n >= dead_from and one % 3 == 0 else dice.randrange(200) << 17)
        for n, one in enumerate(said)
    }
    in_order = sorted(said, key=lambda one: sent_at[one])
    leaves_after = dice.randrange(len(in_order))

    position, sent = Position(place(0, 0) - 1), set[int]()
    for one in in_order[:leaves_after]:
        looked_at = sent_at[one] - (6_000 << 17)  # what is known of how far workers are is some seconds old
        waiting = [other for other in said if other <= looked_at < sent_at[other]]
        position.add(one, min([*waiting, looked_at]) - 1)
        sent.add(one)
    again = Position.parse(position.text.decode())

    assert again is not None
    assert (again.floor, again.low, again.sent, again.sum) == (
        position.floor,
        position.low,
        position.sent,
        position.sum,
    )
    assert len(again.sent) <= NAMED_MAX
    unsent = set(said) - sent
    told = missed(again, said)
    assert unsent <= told
    if not any(again.floor < one <= again.low for one in unsent):
        assert told == unsent


def test_what_is_to_be_sent_again_is_named_anew():
    position = Position(place(0, 0))
    for n in range(1, NAMED_MAX + 50):
        position.add(place(n, 0), acted_on=0)
    assert (position.floor, position.low) == (place(0, 0), place(49, 0))

    position.forget_sum()

    assert position.sum == 0
    assert place(7, 0) not in position
    assert place(60, 0) in position


@pytest.mark.parametrize(
    "text",
    ["", "x", "1.", ".", "-5.", "+5.", "1_0.", " 1.", "1. ", "1.é", "١.", "1.AAAA", "9" * 400 + ".", "f" * 16 + ".",
     "1..2", "5..4.0", "1.AAAAAAA=", "1." + "AAAAAAAA" * (NAMED_MAX + 1), "1..\n", "1.\0"],
)  # fmt: skip
def test_what_is_none_is_told_from_one(text: str):
    position = Position.parse(text)

    assert position is None or position.text.decode() == text
