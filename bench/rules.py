"""`python -m bench.rules`: what it costs a post that rules and tracks look for 50,000 terms.

One process, no database: only the look for those that a post concerns (chirrup/actions/matcher.py). Bar: a post that
none of them concerns takes 5 µs. Beside it the same by an automaton of Aho and Corasick over the same words, and by one
set for each term.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence

import ahocorasick
from rich.console import Console
from rich.table import Table

from chirrup.actions import matcher
from chirrup.actions.matcher import Matcher, Sought
from chirrup.types import Post
from chirrup.words import words

BAR_US = 5.0
LETTERS, KANA = "abcdefghijklmnopqrstuvwxyz", "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほ"
COMMON = "the of and to in is it you that he was for on are with as his they be at one have this from or had by"
RUNS = 5  # the fastest counts: other work on the machine only adds


def _word(letters: str, chance: random.Random) -> str:
    return "".join(chance.choices(letters, k=chance.randint(3, 9)))


def _post(text: str) -> Post:
    return Post(1, 2, 0, 0, 0, 1, "public", text, "", 0, "en", 0, "[]", "[]", "[]", 0, 0, 0, 0)


def _us(work: Callable[[Post], object], posts: Sequence[Post]) -> float:
    """Microseconds a post."""
    best = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        for post in posts:
            work(post)
        best = min(best, time.perf_counter() - began)
    return best / len(posts) * 1e6


def _matcher(terms: Sequence[str]) -> Matcher[int]:
    return Matcher(Sought(n, matcher.track(term)) for n, term in enumerate(terms))


def measure(count: int, posts: int) -> list[tuple[str, float]]:
    """(what, µs a post); the first is the making of the matcher, in µs a term."""
    chance = random.Random(1)
    terms = list({_word(LETTERS, chance) for _ in range(count * 3)})
    sought, others = terms[:count], COMMON.split() + terms[count : 2 * count]
    quiet = [_post(" ".join(chance.choices(others, k=chance.randint(8, 32))).capitalize() + ".") for _ in range(posts)]
    concerned = [_post(f"{post.text} {chance.choice(sought)}") for post in quiet]
    kana = [_word(KANA, chance) for _ in range(count)]
    japanese = [_post("".join(chance.choices(KANA, k=100))) for _ in range(posts)]
    began = time.perf_counter()
    words_sought = _matcher(sought)
    making_us = (time.perf_counter() - began) / count * 1e6
    none: dict[int, Matcher[int]] = {}
    automaton = ahocorasick.Automaton()
    for term in sought:
        automaton.add_word(f" {term} ", term)
    automaton.make_automaton()
    one_by_one = [frozenset([term]) for term in sought]
    shared = _matcher([f"down {term}" for term in sought])
    return [
        ("to make it ready, a term", making_us),
        ("a post where nobody has rules or tracks", _us(lambda post: none.get(post.org_id), quiet)),
        ("a post that concerns none of them", _us(words_sought.find, quiet)),
        ("a post that concerns one", _us(words_sought.find, concerned)),
        ("a Japanese post of 100 characters", _us(_matcher(kana).find, japanese)),
        ("a post with a word of all of them, which have a second one", _us(shared.find, [_post("It is down again")])),
        ("compared: Aho-Corasick", _us(lambda p: list(automaton.iter(f" {' '.join(words(p.text))} ")), quiet)),
        ("compared: one after the other", _us(lambda p: [o for o in one_by_one if o <= set(words(p.text))], quiet[:2])),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rules", description=__doc__)
    parser.add_argument("--terms", type=int, default=50_000)
    parser.add_argument("--posts", type=int, default=2_000)
    asked = parser.parse_args()
    table = Table(title=f"{asked.terms:,} terms (bar: {BAR_US} µs for a post that concerns none of them)")
    table.add_column("what")
    table.add_column("µs", justify="right")
    for what, took_us in measure(asked.terms, asked.posts):
        table.add_row(what, f"{took_us:,.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
