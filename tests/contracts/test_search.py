"""The contract of every full-text search: ports.Search."""

import random
import re

import pytest

from chirrup.ids import ID_MAX
from chirrup.ports import Database, Tx

ANN, BOB = 1 << 12 | 5, 2 << 12 | 9


def index(tx: Tx, texts: dict[int, str], author: int = ANN) -> None:
    """texts: number -> text. The post's id is 1000 times the number, in the author's bucket."""
    for number, text in texts.items():
        tx.search.index_post(tx, post_id(number, author), author, text)


def post_id(number: int, author: int = ANN) -> int:
    return number * 1000 << 12 | author & 4095


async def find(db: Database, words: str, *, author_id: int = 0, before: int = ID_MAX, limit: int = 20) -> list[int]:
    """The numbers of the found posts, in order."""
    ids = await db.read(lambda tx: tx.search.find_posts(tx, words, author_id=author_id, before=before, limit=limit))
    return [id // 1000 >> 12 for id in ids]


async def test_posts_with_all_the_words_are_found_newest_first(db: Database):
    await db.write(index, {1: "the cat sat", 2: "a dog ran", 3: "the dog sat down", 4: "sat the dog and the cat"})

    assert await find(db, "dog sat") == [4, 3]
    assert await find(db, "the") == [4, 3, 1]
    assert await find(db, "dog bird") == []
    assert await find(db, "do") == []  # no part of a word


async def test_many_posts_at_once_are_found_like_single_ones(db: Database):
    many = [
        (post_id(1, ANN), ANN, "the cat", 0),
        (post_id(2, BOB), BOB, "the dog", 0),
        (post_id(3), ANN, "the cat", 77),
    ]
    db.write_now(lambda tx: tx.search.index_posts(tx, many))
    await db.write(lambda tx: tx.search.index_posts(tx, [(post_id(4), ANN, "a cat too", 0)]))
    await db.write(lambda tx: tx.search.index_posts(tx, []))

    assert await find(db, "cat") == [4, 1]
    assert await find(db, "the", author_id=BOB) == [2]
    of_77 = lambda tx: tx.search.find_posts(tx, "cat", author_id=0, before=ID_MAX, limit=9, org_id=77)  # noqa: E731
    assert await db.read(of_77) == [post_id(3)]


async def test_where_no_word_is_asked_for_nothing_is_found(db: Database):
    await db.write(index, {1: "cat", 2: ""})

    for nothing in ["", " ", "?!", "—", '"', "👍", "\u0301"]:
        assert await find(db, nothing) == []
        assert await people(db, nothing) == []


SYNTAX = [
    "AND",
    "OR",
    "NOT",
    "NEAR(a b)",
    '"a b',
    "a*",
    "^a",
    "text:a",
    "-a",
    "a & b ! c",
    "a:*",
    "a <-> b",
    "'a",
    "\\ x",
    "{text}:a",
    "a' OR 1=1 --",
    "% a",
    ":a",
]


async def test_what_is_typed_is_never_syntax(db: Database):
    await db.write(index, {n: f"we say {typed} here" for n, typed in enumerate(SYNTAX, 1)})
    await db.write(index, {100: "other things"})

    for n, typed in enumerate(SYNTAX, 1):
        assert n in await find(db, typed), typed
        assert n in await find(db, f"{typed} here"), typed
        assert await find(db, f"{typed} things") == [], typed
        await people(db, typed)


async def test_case_accents_and_width_do_not_count_in_any_script(db: Database):
    cases = [
        ("Élan VITAL", "elan Vital"),
        ("Crème brûlée", "CREME BRULEE"),
        ("e\u0301te\u0301", "été"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("ΣΟΦΟΣ", "σοφος"),
        ("Ａｎｎ ｡ ﬁne", "ann fine"),
        ("Привет, Ёж", "привет еж"),
        ("#rainy_day don't", "rainy_day don t"),
        ("3.14 x²", "14 x2"),
        ("한국어 검색", "검색"),
        ("हिन्दी में लिखा", "हिन्दी"),
        ("日本語の検索です", "検索"),
        ("今日東京tower行く", "東京 tower"),
        ("ภาษาไทย", "ไทย"),
        ("x" * 3000, "x" * 3000),
        ("ж" * 3000, "ж" * 3000),
        ("a\0b", "a b"),
    ]
    await db.write(index, {n: text for n, (text, _) in enumerate(cases, 1)})

    for n, (text, asked) in enumerate(cases, 1):
        assert n in await find(db, asked), asked
        assert n in await find(db, text), text
        assert await find(db, f"{asked} absent") == [], asked


async def test_characters_of_scripts_without_spaces_stand_side_by_side(db: Database):
    await db.write(index, {1: "東京都", 2: "京都東", 3: "東の京"})

    assert await find(db, "東京") == [1]
    assert await find(db, "京都") == [2, 1]
    assert await find(db, "東 京") == [3, 2, 1]


async def test_a_mark_that_carries_meaning_counts(db: Database):
    await db.write(index, {1: "かき", 2: "がき"})

    assert await find(db, "がき") == [2]


async def test_very_long_questions_are_cut(db: Database):
    await db.write(index, {1: " ".join(f"w{n}" for n in range(20)), 2: "w1"})

    assert await find(db, " ".join(f"w{n}" for n in range(5000))) == [1]
    assert await find(db, "字" * 5000) == []


async def test_a_page_goes_on_below_the_last_one(db: Database):
    await db.write(index, dict.fromkeys(range(1, 8), "cat"))

    assert await find(db, "cat", limit=3) == [7, 6, 5]
    assert await find(db, "cat", before=post_id(5), limit=3) == [4, 3, 2]
    assert await find(db, "cat", before=post_id(2), limit=3) == [1]


async def test_one_authors_posts_only(db: Database):
    await db.write(index, {1: f"cat {BOB}", 2: f"cat @{BOB}"}, ANN)
    await db.write(index, {3: "cat", 4: "dog"}, BOB)

    assert await find(db, "cat", author_id=BOB) == [3]
    assert await find(db, "cat", author_id=ANN, before=post_id(2)) == [1]
    assert await find(db, "cat", author_id=7) == []
    assert await find(db, str(BOB)) == [2, 1]


async def test_an_edited_post_is_found_by_its_new_words_a_removed_one_by_none(db: Database):
    await db.write(index, {1: "cat", 2: "cat"})

    for number in (1, 2):
        await db.write(lambda tx, number=number: tx.search.remove_post(tx, post_id(number)))
    await db.write(index, {1: "dog"})
    await db.write(lambda tx: tx.search.remove_post(tx, post_id(99)))

    assert await find(db, "cat") == []
    assert await find(db, "dog") == [1]


async def test_what_is_rolled_back_is_not_found(db: Database):
    def fail(tx: Tx) -> None:
        index(tx, {1: "cat"})
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        await db.write(fail)

    assert await find(db, "cat") == []


async def test_making_the_index_again_keeps_what_is_in_it(db: Database):
    await db.write(index, {1: "cat"})

    await db.write(lambda tx: tx.search.create(tx))

    assert await find(db, "cat") == [1]


async def test_random_texts_are_found_as_a_plain_comparison_finds_them(db: Database):
    dice = random.Random(5)
    letters = ["a", "B", "é", "東", "京", "_", "1", " ", " ", "-", "'"]
    texts = {n: "".join(dice.choices(letters, k=dice.randint(0, 12))) for n in range(1, 200)}
    await db.write(index, texts)

    for _ in range(150):
        asked = "".join(dice.choices(letters, k=dice.randint(1, 4)))
        phrases = [_tokens(part) for part in _plain(asked)]
        expected = [n for n, text in texts.items() if phrases and all(_has(text, phrase) for phrase in phrases)]
        assert await find(db, asked, limit=1000) == expected[::-1], asked


def _plain(text: str) -> list[str]:
    return re.findall("[東京]+|[ab1e_]+", text.lower().replace("é", "e"))


def _tokens(part: str) -> list[str]:
    return list(part) if part[0] in "東京" else [part]


def _has(text: str, phrase: list[str]) -> bool:
    words = [word for part in _plain(text) for word in _tokens(part)]
    return any(words[n : n + len(phrase)] == phrase for n in range(len(words)))


# accounts

PEOPLE = {
    1: ("annika", "Ann Other"),
    2: ("bob", "Annabel Lee"),
    3: ("ann", "Somebody"),
    4: ("carl_anders", "Carl"),
    5: ("dora", "Dörte Müller-Ann"),
    6: ("eve", "Evening Star"),
    7: ("annual", ""),
}


async def people(db: Database, words: str, *, limit: int = 20, offset: int = 0) -> list[int]:
    return [id >> 12 for id in await db.read(lambda tx: tx.search.find_accounts(tx, words, limit=limit, offset=offset))]


@pytest.fixture
def db(db: Database) -> Database:
    def insert(tx: Tx) -> None:
        for number, (username, display_name) in PEOPLE.items():
            tx.search.index_account(tx, number << 12 | number * 7, username, display_name)

    db.write_now(insert)
    return db


async def test_accounts_are_found_by_how_words_of_their_names_begin_best_first(db: Database):
    cases = [
        ("ann", [3, 1, 7, 2, 5]),  # of that name; whose name begins so; the rest; the oldest first
        ("ANN", [3, 1, 7, 2, 5]),
        ("anni", [1]),
        ("@ann", [3, 1, 7, 2, 5]),
        ("lee anna", [2]),
        ("ann lee", [2]),
        ("an", [1, 3, 7, 2, 4, 5]),
        ("anders", [4]),
        ("carl_a", [4]),
        ("carl and", [4]),
        ("muller", [5]),
        ("Müll", [5]),
        ("star", [6]),
        ("tar", []),
        ("some ann", [3]),
        ("nobody", []),
    ]

    for typed, expected in cases:
        assert await people(db, typed) == expected, typed


async def test_pages_of_accounts_fit_together(db: Database):
    pages = [await people(db, "an", limit=2, offset=offset) for offset in (0, 2, 4, 6)]

    assert [id for page in pages for id in page] == await people(db, "an")


async def test_an_account_is_found_by_its_new_name_only_and_gone_when_removed(db: Database):
    def change(tx: Tx) -> None:
        tx.search.index_account(tx, 3 << 12 | 21, "ann", "Zoë 東京")
        tx.search.remove_account(tx, 1 << 12 | 7)
        tx.search.remove_account(tx, 99)

    await db.write(change)

    assert await people(db, "somebody") == []
    assert await people(db, "zo") == await people(db, "東京") == await people(db, "ann 東") == [3]
    assert await people(db, "ann") == [3, 7, 2, 5]


async def test_names_are_never_syntax(db: Database):
    odd = 'O\'Neil "the" <b>:*A & | ! \\ {x} AND NOT\0 %s'
    await db.write(lambda tx: tx.search.index_account(tx, 50 << 12, "odd.one-two", odd))

    for typed in ("neil", "o'neil", "odd.one", "two", 'the" b', "x} and not"):
        assert await people(db, typed) == [50]
