"""Which filters a text matches: all of them, and each keyword by the rule of Mastodon's documentation."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chirrup.social.filters import Whole
from chirrup.social.matching import Matcher, prepared
from chirrup.types import Filter, FilterKeyword, FilterPost


def matcher(*groups: dict[str, bool], expires_ms: int = 0, posts: tuple[int, ...] = ()) -> Matcher:
    """Of filters 1, 2, …; each group: whether a keyword is for whole words only."""
    made: list[Whole] = []
    for id, group in enumerate(groups, 1):
        words = [FilterKeyword(100 * id + n, 9, id, word, int(whole)) for n, (word, whole) in enumerate(group.items())]
        kept = [FilterPost(n, 9, id, post) for n, post in enumerate(posts)]
        made.append(Whole(Filter(id, 9, f"filter {id}", '["home"]', "warn", expires_ms), words, kept))
    return Matcher(made)


def found(made: Matcher, *parts: str, ids: tuple[int, ...] = (1,)) -> dict[int, list[str]]:
    return {one.filter.id: one.keywords for one in made.matches(prepared(parts), ids, 1000)}


@pytest.mark.parametrize(
    ("keyword", "text", "as_part", "as_whole"),
    [
        ("crow", "a crow", True, True),
        ("Crow", "A CROW!", True, True),
        ("crow", "scarecrow", True, False),
        ("crow", "crows", True, False),
        ("crow", "scarecrow and crow", True, True),
        ("crow", "crow_", True, False),
        ("crow", "crow2", True, False),
        ("crow", "#crow-bar", True, True),
        ("crow", "cro w", False, False),
        ("old crow", "an old crow", True, True),
        ("old crow", "an old\ncrow", False, False),
        ("#crow", "x#crow", True, True),  # at an edge that is no letter, anything may stand
        ("#crow", "#crows", True, False),
        (":)", "so:)", True, True),
        ("ärger", "ÄRGER", True, True),
        ("straße", "STRASSE", True, True),
        ("caf\u00e9", "Caf\u00c9s", True, False),
        ("हिन", "हिन्दी", True, False),  # what follows is a mark: a part of the word
        ("猫", "黒猫だ", True, False),
        ("🐦", "a🐦b", True, True),
        (".*", "abc", False, False),
        ("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaa!", False, False),
    ],
)
def test_a_keyword_is_found_by_its_rule(keyword: str, text: str, as_part: bool, as_whole: bool):
    assert bool(found(matcher({keyword: False}), text)) is as_part
    assert bool(found(matcher({keyword: True}), text)) is as_whole


def test_every_filter_and_keyword_is_found_however_they_overlap():
    made = matcher({"cat": False, "catalog": False, "log": True}, {"alo": False, "CAT": False}, {"at": True})

    assert found(made, "Catalog") == {1: ["cat", "catalog"], 2: ["alo", "CAT"]}
    assert found(made, "nothing", "a log") == {1: ["log"]}
    assert found(made, "ca", "t") == {}


def test_what_is_over_matches_nothing_and_posts_match_whatever_they_say():
    assert found(matcher({"crow": False}, expires_ms=1000), "crow") == {}
    assert found(matcher({"crow": False}, expires_ms=1001), "crow") == {1: ["crow"]}
    (match,) = matcher({}, posts=(7, 8)).matches("", {6, 7}, 0)
    assert (match.keywords, match.post_ids) == ([], [7])
    assert matcher().matches("crow", {1}, 0) == []


WORDS = st.text("abA_ .é\u0301", min_size=1, max_size=4)


@given(st.dictionaries(WORDS, st.booleans(), max_size=6), st.text("abA_ .é\u0301", max_size=30))
def test_what_is_found_is_what_a_search_for_each_keyword_finds(group: dict[str, bool], text: str):
    letter = r"[\w\u0300-\u036f]"

    def finds(word: str, whole: bool) -> bool:
        before = rf"(?<!{letter})" if whole and re.match(letter, word) else ""
        after = rf"(?!{letter})" if whole and re.search(rf"{letter}$", word) else ""
        return bool(re.search(before + re.escape(word.casefold()) + after, text.casefold()))

    expected = [word for word, whole in group.items() if finds(word, whole)]

    assert found(matcher(group), text) == ({1: expected} if expected else {})


@pytest.mark.parametrize("word", ["a", "a" * 400 + "b", "ab"])
def test_no_keywords_and_no_text_are_slow(word: str):
    group = {word + "a" * n: bool(n % 2) for n in range(1000)}
    made = matcher(group)
    texts = ["a" * 8000, "ab" * 4000, ("a" * 399 + " ") * 20]

    before = time.process_time()
    for text in texts:
        found(made, text)

    assert time.process_time() - before < 1
