"""The entities of a text, its length, its stored form and its HTML (docs/decisions/0010; threats D1 to D4, D10)."""

import time
import unicodedata
from itertools import pairwise

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st
from naughty import NAUGHTY

from chirrup.errors import Invalid
from chirrup.social import text

BASE = "https://chirrup.example"
PROFILES = {"ann": f"{BASE}/@ann", "bob@elsewhere.example": "https://elsewhere.example/@bob"}

ANN = f'<span class="h-card" translate="no"><a href="{BASE}/@ann" class="u-url mention">@<span>{{}}</span></a></span>'

# Random text of the pieces that the patterns match, so that they meet and overlap.
WORDS = "@ ＠ # ＃ . / : :// http:// https:// ? & ( ) - _ a ann example com みんな 。 é й xn-- 1 :99999 t.co/ < > \" '"
MORE = "👍🏽 🏴󠁧󠁢󠁳󠁣󠁴󠁿 @ann @bob@elsewhere.example #tag example.com/path ． \u0301 \u200d \u202e"
PIECES = st.sampled_from([*WORDS.split(" "), *MORE.split(" "), " ", "\xa0", "\n", "\n\n", "\t", "\r", "\0"])
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=20).map("".join))


def values(entities) -> list[str]:
    return [entity.value for entity in entities]


@given(TEXTS)
def test_entities_lie_in_the_text_in_order_and_apart(source):
    found = text.extract(source)
    entities = sorted(found.mentions + found.hashtags + found.urls, key=lambda e: e.start)

    assert all(a.end <= b.start for a, b in pairwise(entities))
    assert all(source[e.start : e.end] == e.value for e in found.urls)
    assert all(source[e.start + 1 : e.end] == e.value for e in found.hashtags)
    assert all(source[e.start + 1 : e.end].startswith(e.value) for e in found.mentions)


HOSTILE = """@ # ( . a. @a @a@b. #a #1_ a_ a- a.- http:// http://a. http://a.co/( http://a.co/((a) a.co? a.co?, a.co/.
a.co: a.co/() あ あ. あa.co a.co.- xn--. みんな.みんな é \u0301 RT@ #a:// @a:// www. @a@b- aé. a_b.c 👨‍👩‍👧‍👦 &amp;
https://a.co/((a) https://a.co/( https://a.co/!
https://a. https://あ. https://a- https://a:@ https://a.co:a @a@b-c. क् ् क्ि
[ （ ([{ (a)( ((()) )( — → https://a.co/()( https://a.co/(() https://a.co/((((((a)))))) (https://a.co/(a)
@a' @a,@a @a/ @a&@a @a'a @a'@a @a'@a. @a@b' %40 @a%25 &amp; ﹫ (at)"""


@pytest.mark.slow
@pytest.mark.parametrize("piece", [*HOSTILE.split(), "\n"])
def test_100_kB_of_anything_take_less_than_200_ms(piece):
    starts = (("", ""), ("https://a.com/", ""), ("@a'", ""), ("", "@"))
    hostile = [(start + piece * 100_000)[:100_000] + end for start, end in starts]
    best = []

    for source in hostile:
        took = []
        for _ in range(2):  # the better of two: other work on the machine slows both
            started = time.process_time()
            text.extract(source)
            took.append(time.process_time() - started)
        best.append(min(took))

    assert max(best) < 0.2


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", 0),
        ("a" * 500, 500),
        ("👨‍👩‍👧‍👦" * 500, 500),
        ("👨🏿‍👩🏿‍👧🏿‍👦🏿" * 500, 500),
        ("🇩🇪🇫🇷", 2),
        ("🇩🇪🇫 🇩a🇩🇪\u0301🇫", 2 + 1 + 1 + 1 + 1 + 1),
        ("각힣", 2),
        ("x\u0301y z\u0301", 4),
        ("see https://example.com/" + "a" * 300, 4 + 23),
        ("a.co", 4),
        ("https://é.com/e\u0301 x\u0301", 25),
        ("@ann@chirrup.example hi", 7),
        ("@ann hi 👍🏽 @bob@elsewhere.example", 14),
        ("a\nb", 3),
    ],
)
def test_length_is_what_a_person_would_count(source, expected):
    assert text.length(text.clean(source)) == expected
    assert text.length(source, found=text.extract(source)) == expected


def test_composed_and_decomposed_text_have_one_length():
    word = "Ångström, Tiếng Việt, 한국어, が"

    lengths = {text.length(text.clean(unicodedata.normalize(form, word))) for form in ("NFC", "NFD")}

    assert lengths == {len(unicodedata.normalize("NFC", word))}


@given(TEXTS)
def test_length_is_the_number_of_graphemes_where_nothing_is_shortened(source):
    source = text.clean(source)
    found = text.extract(source)

    shortened = found.urls or any(mention.host for mention in found.mentions)
    if not shortened and not regex.search(r"\p{InCB=Linker}", source):  # regex has older rules for these
        graphemes = len(regex.findall(r"\X", source))
        assert graphemes <= text.length(source) <= max(graphemes, 1 + len(source.encode()) // 64)


def test_few_graphemes_of_many_bytes_are_long():
    assert text.length("\U0001f468" + "\u200d\U0001f468" * 14_000) > 500
    assert text.length("a" + "\u0301" * 100_000) > 500


@pytest.mark.parametrize("marks", ["\u0301" * 100_000, "\u0315\u0300\u0327\u0301" * 25_000])
def test_a_letter_under_a_heap_of_marks_is_refused_soon(marks):
    started = time.process_time()

    with pytest.raises(Invalid) as refusal:
        text.clean("a" + marks, field="summary")

    assert refusal.value.field == "summary"
    assert time.process_time() - started < 0.2


@pytest.mark.parametrize(("source", "place"), [("a\ud800b", 2), ("\udfff", 1), ("😀\ud83d", 2)])
def test_half_a_surrogate_pair_is_refused_with_its_place(source, place):
    with pytest.raises(Invalid) as refusal:
        text.clean(source, field="display_name")

    assert refusal.value.field == "display_name"
    assert f"character {place} " in refusal.value.why


@pytest.mark.parametrize(
    ("source", "stored"),
    [
        ("  a\tb \n", "a\tb"),
        ("a\r\nb\rc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf"),
        ("a\0b\x07c\x7fd\x9fe\x1b[0m", "abcde[0m"),
        ("\ufeffa\ufffe\uffff\ufdd0\U0010ffffb", "ab"),
        ("e\u0301", "é"),
        ("e\0\u0301", "é"),
        ("\u202atest\u202c \u2067x\u2069", "\u202atest\u202c \u2067x\u2069"),
    ],
)
def test_clean_text_has_one_form(source, stored):
    assert text.clean(source) == stored


@given(TEXTS)
@example("\u0344")
@example("\n\x1c\u0301")
def test_cleaning_twice_changes_nothing(source):
    once = text.clean(source)

    assert text.clean(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("", ""),
        ("one\ntwo\n\n\nthree", "<p>one<br />two</p><p>three</p>"),
        ('<b> & "it\'s"', '<p>&lt;b&gt; &amp; "it\'s"</p>'),
        (
            "@Ann @nobody @ann@chirrup.example",
            f"<p>{ANN.format('Ann')} @nobody {ANN.format('ann')}</p>",
        ),
        (
            "@Bob@Elsewhere.example",
            '<p><span class="h-card" translate="no"><a href="https://elsewhere.example/@bob" class="u-url mention">'
            "@<span>Bob</span></a></span></p>",
        ),
        ("#Cats", f'<p><a href="{BASE}/tags/cats" class="mention hashtag" rel="tag">#<span>Cats</span></a></p>'),
        ("#猫", f'<p><a href="{BASE}/tags/%E7%8C%AB" class="mention hashtag" rel="tag">#<span>猫</span></a></p>'),
        (
            "https://example.com/?a=1&b=2",
            '<p><a href="https://example.com/?a=1&amp;b=2" target="_blank" rel="nofollow noopener noreferrer" '
            'translate="no"><span class="invisible">https://</span><span>example.com/?a=1&amp;b=2</span></a></p>',
        ),
        (
            "https://www.example.com/long/enough/to/be/cut",
            '<p><a href="https://www.example.com/long/enough/to/be/cut" target="_blank" '
            'rel="nofollow noopener noreferrer" translate="no"><span class="invisible">https://</span>'
            '<span class="ellipsis">www.example.com/long/enough/to</span>'
            '<span class="invisible">/be/cut</span></a></p>',
        ),
        ("example.com, README.md", "<p>example.com, README.md</p>"),
        ("http://example.com:99999", "<p>http://example.com:99999</p>"),
    ],
)
def test_html_is_what_clients_expect(source, html):
    assert text.to_html(source, PROFILES, BASE) == html


def test_the_value_of_a_profile_field_is_one_line():
    html = text.to_html("me\nhttps://ann.example", {}, BASE, inline=True)

    assert html.startswith("me<br /><a href=")
    assert "<p>" not in html


VISIBLE = regex.compile('<span class="invisible">.*?</span>|<[^>]*>')


@pytest.mark.parametrize(
    ("source", "host"),
    [
        (f"https://{'very-long-label.' * 6}evil.com/x", f"{'very-long-label.' * 6}evil.com"),
        ("https://www.evil.com/https://good.com", "www.evil.com"),
        ("https://evil.com?good.com/" + "a" * 99, "evil.com"),
        ("https://аррӏе.com/", "xn--80ak6aa92e.com"),
        ("https://gооgle.com/", "xn--ggle-55da.com"),
        ("https://good.com・login.evil.com/", "good.xn--comlogin-rg5g.evil.com"),
        ("https://münchen.de/", "münchen.de"),
        ("https://президент.рф/", "президент.рф"),
        ("\u202ehttps://evil.com/moc.doog", "evil.com"),
        ("see \u202ehttps://evil.com", "evil.com"),
    ],
)
def test_the_host_of_a_link_stays_visible(source, host):
    html = text.to_html(source, {}, BASE)

    assert "<a " in html
    assert regex.match(r"(see )?(.+?)(?=[/?]|\Z)", VISIBLE.sub("", html))[2] == host
    assert "\u202e" not in html


def test_an_isolated_name_cannot_turn_what_follows():
    assert text.isolate("gnp.\u202eexe\u2067") == "\u2068gnp.exe\u2069"


@given(TEXTS)
def test_the_sanitiser_leaves_our_html_alone(source):
    for html in (text.to_html(source, PROFILES, BASE), text.to_html(source, PROFILES, BASE, inline=True)):
        assert text.sanitise(html) == html


def test_the_sanitiser_leaves_our_html_of_naughty_strings_alone():
    for source in NAUGHTY:
        html = text.to_html(source, PROFILES, BASE)
        stored = text.to_html(text.clean(source), PROFILES, BASE)
        assert (text.sanitise(html), text.sanitise(stored)) == (html, stored)


def test_every_link_in_html_is_http():
    for source in NAUGHTY:
        html = text.to_html(source, PROFILES, BASE)
        assert all(regex.match("https?://", href) for href in regex.findall('<a href="(.*?)"', html))


@pytest.mark.parametrize(
    ("foreign", "kept"),
    [
        ("<script>alert(1)</script>a", "a"),
        ('<img src=x onerror=alert(1)><p onclick="x">a</p>', "<p>a</p>"),
        ('<p style="color:red" class="x">a<br>b', "<p>a<br />b</p>"),
        ('<ol start="3"><li value="4">a</li></ol>', '<ol start="3"><li value="4">a</li></ol>'),
        ('<a href="javascript:alert(1)">a</a>', '<a target="_blank" rel="nofollow noopener noreferrer">a</a>'),
        ('<a href="/a" id="b">a</a>', '<a target="_blank" rel="nofollow noopener noreferrer">a</a>'),
        (
            '<a href="https://a.example/?<br>" rel="opener">a</a>',
            '<a target="_blank" rel="nofollow noopener noreferrer" href="https://a.example/?&lt;br&gt;">a</a>',
        ),
        (
            '<a class="mention evil" href="https://a.example">a</a>',
            '<a class="mention" href="https://a.example">a</a>',
        ),
    ],
)
def test_the_sanitiser_keeps_the_elements_of_posts(foreign, kept):
    assert text.sanitise(foreign) == kept


SCRAPS = ["<a", "<b>", "<p", "<br>", "</p>", "</a>", "href=", "class=", "rel=", "'", '"', ">", "<", "&", "=", "mention"]


@given(st.one_of(TEXTS, st.lists(st.sampled_from(SCRAPS)).map(" ".join)))
def test_sanitising_twice_changes_nothing(foreign):
    once = text.sanitise(foreign)

    assert text.sanitise(once) == once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CATS", "cats"),
        ("Ｃａｔｓ", "cats"),
        ("Straße", "STRASSE"),
        ("Çà", "c\u0327a\u0300"),
        ("ﬁn", "FIN"),
        ("ﾊﾟ", "パ"),
    ],
)
def test_hashtags_that_look_alike_are_equal(one, other):
    assert text.hashtag_key(one) == text.hashtag_key(other)


def test_hashtags_with_other_accents_or_joiners_differ():
    assert len({text.hashtag_key(tag) for tag in ("cafe", "café", "می‌خواهم", "میخواهم")}) == 4


@given(st.text())
@example("\u0345\u0390ͅ")
@example("ϓ\u0345")
def test_keys_are_stable(name):
    assert text.hashtag_key(text.hashtag_key(name)) == text.hashtag_key(name)
    assert text.username_key(text.username_key(name)) == text.username_key(name)


@pytest.mark.parametrize("alike", ["admin", "ADMIN", "ａｄｍｉｎ", "𝐚dmin", "ⓐdmin"])
def test_usernames_that_pass_for_one_another_have_one_key(alike):
    assert text.username_key(alike) == "admin"


@pytest.mark.parametrize("name", ["ann", "Ann_2", "12345", "_", "a" * 30])
def test_a_username_is_an_ascii_word(name):
    assert text.is_valid_username(name)


@pytest.mark.parametrize(
    "name", ["", "a" * 31, "a-b", "a.b", "ann\n", "ánn", "ſ", "\u212a", "１２", "a b", "@ann", "ann@chirrup.example"]
)
def test_anything_else_is_no_username(name):
    assert not text.is_valid_username(name)
