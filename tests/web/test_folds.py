"""Long posts in lists: their beginning, and the rest on demand, without scripts."""

import re

import pytest
from browser import somebody
from client import Person, Server
from playwright.async_api import Browser, expect
from visitor import Visitor

from chirrup.social.text import to_html

LONG = "\n".join(f"line {n} #tag{n} https://example.org/{n}" if n % 10 == 0 else f"line {n}" for n in range(40))


def lines(html: str) -> list[int]:
    return [int(n) for n in re.findall(r"line (\d+)", html)]


def parts(page: str) -> tuple[str, str]:
    """(the shown part of the post, the folded part)."""
    shown, _, rest = page.partition('<details class="rest">')
    return shown.partition("<article")[2], rest.partition("</details>")[0]


def test_a_post_of_forty_lines_is_folded_in_lists_and_whole_on_its_own_page(ann: Person, visitor: Visitor):
    post = ann.say(LONG)

    shown, rest = parts(visitor.get(f"/@{ann.name}").text)
    assert (lines(shown), lines(rest)) == ([*range(10)], [*range(10, 40)])
    assert "<summary>Show more</summary>" in rest
    assert 'href="/tags/tag10"' in rest
    own = visitor.get(f"/@{ann.name}/{post['id']}").text
    assert 'class="rest"' not in own
    assert lines(own.partition("<article")[2]) == [*range(40)]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("\n".join("abcdefghijklmno"), False),
        ("\n".join("abcdefghijklmnop"), True),
        ("a\n" * 5 + "\n" * 10 + "b" + "\nc" * 5, True),
        ("x" * 499, False),
        ("one\n\n" * 8 + "end", True),
        ("a\r\n" * 20 + "end", True),
    ],
)
def test_what_is_short_is_not_folded_and_nothing_is_lost(ann: Person, visitor: Visitor, text: str, folded: bool):
    post = ann.say(text)

    page = visitor.get(f"/@{ann.name}").text
    assert ('class="rest"' in page) == folded
    words = re.sub(r"<[^>]+>", " ", "".join(re.findall(r'<div class="content"[^>]*>(.*?)</div>', page, re.DOTALL)))
    assert words.split() == text.split()
    assert post["content"] == to_html("\n".join(text.splitlines()), {}, "")


def test_a_long_text_on_one_line_is_folded_between_words(tmp_path_factory: pytest.TempPathFactory):
    env = {"CHIRRUP_POST_CHARS_MAX": "5000"}
    with Server(tmp_path_factory.mktemp("long") / "data", env=env) as server:
        ann, visitor = server.person(), Visitor(server.url)
        for text in ("word " * 900, "x" * 4000, "日本語" * 900, "https://example.org/" + "a" * 3000):
            ann.say(text)
            assert visitor.get(f"/@{ann.name}").status_code == 200, text[:20]
        folds = visitor.get(f"/@{ann.name}").text.count('class="rest"')

    assert folds >= 1


async def test_the_rest_is_shown_without_scripts(chromium: Browser, server, ann: Person):
    ann.say(LONG)
    watched = await somebody(chromium, server.url, java_script_enabled=False)
    page = await watched.page()
    await page.goto(f"/@{ann.name}")
    last = page.get_by_text("line 39")
    await expect(page.get_by_text("line 9", exact=False)).to_be_visible()
    await expect(last).to_be_hidden()

    await page.get_by_text("Show more").focus()
    await page.keyboard.press("Enter")

    await expect(last).to_be_visible()
