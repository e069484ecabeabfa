"""The page counts a text as the server does: for a table of texts, and for random texts of all kinds of characters."""

import random
import unicodedata
from pathlib import Path

import pytest
from browser import somebody
from naughty import NAUGHTY
from playwright.async_api import Browser

from chirrup.social import text
from chirrup.social.entities import NAMED

STATIC = Path(__file__).parents[2] / "chirrup/web/static"
TABLE = {
    "": 0,
    "  two words\r\n": 9,
    "a\r\nb\rc\x85d\u2028e": 9,
    "a\0b\x07\ufeffc\ufdd0\U0010fffe": 3,
    "README.md main.rs finish.It a.co": 32,
    "see https://ja.wikipedia.org/wiki/日本語。": 4 + 23 + 1,
    "http://example.com/foo().html": 23,
    "(https://a.com/b) https://例え.jp/パス": 2 + 23 + 1 + 23,
    "https://a.com/" + "a" * 4082: 23,
    "https://a.com/" + "a" * 4083: 4097,
    "@ann@chirrup.example hi @bob.": 13,
    "用户@ann.com @ann@bücher.example": 10 + 1 + 4,
    "https://a.com/@ann@b.example": 23,
    "👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿🇩🇪🇫👍🏽1️⃣": 6,
    "क्षत्रिय ক্ষ ക്ഷ 한국어 がぎ e\u0301": 3 + 1 + 1 + 1 + 1 + 1 + 3 + 1 + 2 + 1 + 1,
    "a" + "\u0301" * 90: 1 + (1 + 2 * 90) // 64,
}
PIECES = """https:// http:// HTTPS:// a.com 例え.jp президент.рф ✪.ws a_b.c-d.io localhost :3000 / /path /日本語
/हिन्दी /👍🏽 ?q= =1 & #x ( ) () 。 、 ） 」 . , ! ' ’ – ・ % * _ - [ ] { } 「 （ — → € × ∞ ^ $ ﹫ %40 &commat; (at)
@ ＠ @ann @bob@b.example ann x 5 é
e\u0301 ि् क्ष ক্ষ 👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪 🇫 🏽 \u200b \u200d \u200f \u00ad \ufe0f \0
\ufeff ᄀ ᅡ ᆨ 각 \u0600 \u0e33 \u0903 \u115f #tag"""


def made_up(number: int) -> list[str]:
    """A random text of assigned characters; browsers learn new ones at different times."""
    chance = random.Random(11)
    scripts = [*range(0x20, 0x250), *range(0x300, 0x370), *range(0x5D0, 0xE80), *range(0x1100, 0x1200)]
    scripts += [*range(0x1F1E6, 0x1F200), *range(0x1F3FB, 0x1F400), *range(0x1F600, 0x1F650), *range(0x2000, 0x2070)]
    scripts = [one for one in scripts if unicodedata.category(chr(one)) != "Cn"]
    texts = []
    for n in range(number):
        parts = chance.choices([*PIECES.split(), *" \n\r\t\x85\u2028\u3000", "\r\n"], k=chance.randint(1, 14))
        if n % 3 == 0:
            parts += map(chr, chance.choices(scripts, k=chance.randint(1, 8)))
            chance.shuffle(parts)
        texts.append("".join(parts))
    return texts


def test_the_page_finds_links_and_mentions_by_the_servers_expression():
    assert f"String.raw`{NAMED}`" in (STATIC / "length.js").read_text("utf-8")
    assert not {"`", "${"} & set(NAMED)


@pytest.mark.parametrize(("source", "expected"), TABLE.items())
def test_the_server_counts(source, expected):
    assert text.length(text.clean(source)) == expected


async def test_the_page_counts_the_same(chromium: Browser):
    page = await (await somebody(chromium, "about:blank")).page()
    await page.add_script_tag(path=STATIC / "length.js")
    texts = [*TABLE, *made_up(4000), *(one for one in NAUGHTY if not has_half_a_pair(one))]

    counted = await page.evaluate("texts => texts.map(textLength)", texts)

    differ = [
        (ascii(one), here, there)
        for one, there in zip(texts, counted, strict=True)
        if (here := text.length(text.clean(one))) != there
    ]
    assert not differ, differ


def has_half_a_pair(source: str) -> bool:
    return any(0xD800 <= ord(one) < 0xE000 for one in source)
