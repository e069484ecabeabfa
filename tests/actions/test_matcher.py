"""Which posts a track finds, and what a rule is found by: chirrup/actions/matcher.py."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from chirrup.actions import matcher
from chirrup.actions.matcher import Matcher, Sought
from chirrup.errors import Invalid
from chirrup.types import Mention, Post

ROOT = Path(__file__).parents[2]
BOB, OPS = 7, 8


def post(text: str, **others: object) -> Post:
    made = Post(1, BOB, 0, 0, 0, 1, "public", text, "", 0, "en", 0, "[]", "[]", "[]", 0, 0, 0, 0)
    return msgspec.structs.replace(made, **others)


def found(terms: str, text: str, **others: object) -> bool:
    return Matcher([Sought(1, matcher.track(terms))]).find(post(text, **others)) == [1]


def test_a_track_finds_whole_words_as_twitters_did():
    tagged = {"tags": '["Chirp"]'}
    named = {"mentions": msgspec.json.encode([Mention(9, "Ann")]).decode()}
    finds = [
        ("bread", "Fresh BREAD!"),
        ("bread", "“bread”, said he"),
        ("cafe", "Das Café ist zu"),
        ("CAFÉ", "the cafe"),
        ("new york", "York is old, New Orleans is not"),
        ("bread,cake", "cake"),
        ("chirp", "see #Chirp", tagged),
        ("#chirp", "see #Chirp", tagged),
        ("ann", "ask @Ann", named),
        ("@ann", "ask @Ann", named),
        ("example.com", "https://status.example.com/x?y"),
        ("example", "https://example.com/"),
        ("straße", "STRASSE"),
        ("東京", "今日は東京タワーへ"),
        ("東京 タワー", "タワーは東京"),
        ("東京タワー", "今日は東京タワーへ"),
        ("ที่บ้าน", "อยู่ที่บ้านนะ"),
        ("москва", "Москва, утро"),
        ("down", "(nobody knows)", {"summary": "The site is down"}),
        ("bread  ,, ", "bread"),
    ]
    misses = [
        ("bread", "breadcrumbs, gingerbread"),
        ("new york", "new yorker"),
        ("#chirp", "chirp"),
        ("@ann", "ann"),
        ("example.com", "example of com"),
        ("東京", "京の東"),
        ("bread cake", "bread"),
    ]
    wrong = [one for one in finds if not found(one[0], one[1], **(one[2] if len(one) > 2 else {}))]
    wrong += [one for one in misses if found(one[0], one[1])]

    assert wrong == []


def test_a_track_needs_a_word_and_has_bounds():
    for terms in ("", " , ", "!!", "x" * 61, ",".join("abcdefghij"[n % 10] + str(n) for n in range(401))):
        with pytest.raises(Invalid) as refused:
            matcher.track(terms)
        assert refused.value.field == "terms"


def test_a_post_is_found_by_its_room_its_author_words_side_by_side_or_always():
    sought = [
        Sought("room", [(matcher.in_room(OPS),)]),
        Sought("author", [(matcher.by_author(BOB),)]),
        Sought("both", [(matcher.by_author(BOB), matcher.in_room(OPS))]),
        Sought("words", [(matcher.phrase("is down"),)]),
        Sought("any", [(matcher.phrase("fire"),), (matcher.phrase("is down"),)]),
        Sought("each", [()]),
    ]
    ready = Matcher(sought)

    assert set(ready.find(post("The site is down", audience_id=OPS))) == {
        "room",
        "author",
        "both",
        "words",
        "any",
        "each",
    }
    assert set(ready.find(post("down it is", author_id=1))) == {"each"}
    spaced = Matcher([Sought(term, [(matcher.phrase(term),)]) for term in ("東 京", "а б", "site 東京")])
    assert set(spaced.find(post("東 京"))) == {"東 京"} and set(spaced.find(post("東京"))) == {"東 京"}
    assert spaced.find(post("А б")) == ["а б"] and set(spaced.find(post("site東京"))) == {"東 京", "site 東京"}
    assert set(ready.find(post("fire", author_id=1))) == {"any", "each"}
    assert set(ready.find(post("in:8 from:7", author_id=77))) == {"each"}


def test_the_benchmark_prints_its_table():
    command = [sys.executable, "-m", "bench.rules", "--terms", "50", "--posts", "5"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert "concerns none" in done.stdout and "Aho-Corasick" in done.stdout
