"""Only codes of ISO 639 are languages, with a script and a region."""

import pytest
from kit import people

from chirrup.errors import Invalid
from chirrup.ports import Database
from chirrup.social import accounts, follows, posts
from chirrup.social.accounts import ProfileChange
from chirrup.social.languages import code_of
from chirrup.store import follows as follow_rows
from chirrup.types import Draft

NONE = ["", "a" * 5000, "en US", "en\n", "\0", "e\u0301n", "ｅｎ", "🏴"]
NONE += [
    "English",
    "deutsch",
    "12",
    "zzzz",
    "e",
    "zz",
    "zzz",
    "xx",
    "1en",
    "en-",
    "-en",
    "en--US",
    "en-English",
    "en-1",
    "en-US-x",
    "en-US-US",
    "en-latn-latn",
    "<b>",
    "x-klingon",
]
CODES = [
    "en",
    "de",
    "ja",
    "he",
    "sh",
    "yue",
    "ast",
    "kmr",
    "tok",
    "ger",
    "deu",
    "nah",
    "sgn",
    "und",
    "zxx",
    "pt-BR",
    "es-419",
    "zh-Hant",
    "zh-Hant-TW",
]
SPELT = [
    "EN=en",
    "Yue=yue",
    "pt-br=pt-BR",
    "pt_BR=pt-BR",
    "zh-hant-tw=zh-Hant-TW",
    "sr-LATN=sr-Latn",
    "sr_Latn_RS=sr-Latn-RS",
]


@pytest.mark.parametrize(
    ("written", "code"),
    [*((one, one) for one in CODES), *(one.split("=") for one in SPELT), *((one, "") for one in NONE)],
    ids=lambda value: ascii(value)[:20],
)
def test_a_code_has_one_spelling_and_anything_else_is_none(written, code):
    assert code_of(written) == code


async def test_a_post_has_a_code_or_the_default_of_its_author(db: Database):
    ann, bob = await people(db, "ann", "bob")
    await db.write(accounts.change_profile, bob, ProfileChange(post_language="pt-br"))

    for wrong in NONE:
        assert (await db.write(posts.publish, ann, Draft(text="hi", language=wrong))).language == ""
    by_bob = await db.write(posts.publish, bob, Draft(text="oi", language="Portuguese"))
    edited = await db.write(posts.edit, bob, by_bob.id, Draft(text="olá", language="EN"))
    again = await db.write(posts.edit, bob, by_bob.id, Draft(text="olá!", language="zzzz"))

    assert (by_bob.language, edited.language, again.language) == ("pt-BR", "en", "en")


async def test_defaults_and_filters_of_follows_refuse_what_is_no_code(db: Database):
    ann, bob = await people(db, "ann", "bob")

    for wrong in filter(None, NONE):
        with pytest.raises(Invalid, match="ISO 639"):
            await db.write(accounts.change_profile, ann, ProfileChange(post_language=wrong))
        with pytest.raises(Invalid, match="ISO 639"):
            await db.write(follows.follow, ann, bob, languages=("en", wrong))
    await db.write(follows.follow, ann, bob, languages=("EN", "en", "pt-br", "yue"))

    follow = await db.read(follow_rows.get, ann, bob)
    assert follow
    assert follow.languages == "en pt-BR yue"
