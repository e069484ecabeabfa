"""What is read from archives: lists piece by piece, HTML as text, zip files that may be hostile."""

import gzip
import io
import json
import re
import struct
import zipfile
from typing import Any

import msgspec
import pytest

from chirrup.errors import Invalid
from chirrup.social import text
from chirrup.social.portability import zips
from chirrup.social.portability.html_text import text_of
from chirrup.social.portability.items import items
from chirrup.social.portability.old_posts import OldArchive
from chirrup.social.portability.zips import Zip

LIST = re.compile(r'"orderedItems"\s*:\s*\[')


class Dripping(io.BytesIO):
    """Gives so many bytes at a time, whatever is asked for."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self.step = step

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.step)


def zipped(files: dict[str, bytes | str], **more: Any) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **more) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_items_are_read_wherever_pieces_end(step: int):
    wanted = [{"a": 'x"] é 🐦', "b": [1, [2]]}, 12, "text", None, {}, [True]]
    whole = json.dumps({"@context": [1], "orderedItems": wanted, "rest": [9]}, ensure_ascii=False, indent=1)

    found = list(items(Dripping(whole.encode("utf-8-sig"), step), LIST, bytes_max=10_000))

    assert found == wanted


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{}", "no list"),
        (b'{"orderedItems": [{"a": 1}, {"b"', "ends before"),
        (b'{"orderedItems": [{"a": 1} nonsense]}', "ends before"),
        (b'{"orderedItems": ["\xff"]}', "UTF-8"),
        (b'{"orderedItems": [' + b"[" * 100_000, "nested"),
        (b'{"orderedItems": ["' + b"x" * 1_100_000, "too large"),
        (b'{"orderedItems": [' + b'"%b",' % (b"x" * 1000) * 1600, "too large"),
        (b" " * 200_000 + b'{"orderedItems": []}', "no list"),
    ],
)
def test_what_is_no_list_or_too_large_is_refused_without_reading_it_all(data: bytes, said: str):
    with pytest.raises(Invalid, match=said):
        list(items(io.BytesIO(data), LIST, bytes_max=1_500_000))


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>one<br />two</p><p>three &amp; &lt;four&gt;</p>", "one\ntwo\n\nthree & <four>"),
        (
            '<p><a href="https://far.example/@bob" class="u-url mention">@<span>bob</span></a> hi</p>',
            "@bob@far.example hi",
        ),
        ('<a href="https://far.example/tags/x" class="mention hashtag" rel="tag">#<span>X</span></a>', "#X"),
        (
            '<a href="https://example.org/a/b?c=1&amp;d"><span class="invisible">https://</span>'
            '<span class="ellipsis">example.org/a</span><span class="invisible">/b?c=1&amp;d</span></a>!',
            "https://example.org/a/b?c=1&d!",
        ),
        ('see <a href="https://example.org/">this page</a>', "see this page (https://example.org/)"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<script>alert(1)</script><p>a<img src=x onerror=alert(1)>b</p>", "ab"),
        ("<p>a < b", "a < b"),
        ("<![CDATA[" * 20_000, ""),
        ("", ""),
    ],
)
def test_html_becomes_what_a_person_would_have_typed(html: str, words: str):
    assert text_of(html, {"https://far.example/@bob": "@bob@far.example"}) == words


def test_what_this_server_renders_comes_back_as_it_was_written():
    for words in ("a\nb\n\nc", "https://example.org/a_(b)?c=d&e — #tag @ann", "1 < 2 & 3 > 2"):
        assert text_of(text.to_html(words, {}, "https://town.example"), {}) == words


def test_a_file_that_is_no_zip_or_has_too_many_entries_is_refused_before_they_are_read():
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 65_535, 65_535, 2**31, 0, 0)
    end64 = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 2**20, 2**20, 46 * 2**20, 0)
    place = struct.pack("<4sLQL", b"PK\6\7", 0, 100, 1)
    harmless = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 46, 0) + b"x" * 44
    entries = (b"PK\1\2" + bytes(42)) * (zips.ENTRIES_MAX + 1)
    said_less = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 1, 1, len(entries), 0, 0)
    for data, said in (
        (b"", "no end"),
        (gzip.compress(b"outbox.json"), "make a .zip of"),
        (b"\x89PNG" * 100, "no end"),
        (b"x" * 100 + end, "at most 200000 files"),
        (b"x" * 100 + end64 + place + end, "at most 200000 files"),
        (harmless + end64 + place + end, "at most 200000 files"),
        (entries + said_less, "at most 200000 files"),
        (b"x" * 100 + place + end, "not where it says"),
    ):
        with pytest.raises(Invalid, match=said):
            Zip(io.BytesIO(data))


def test_only_what_is_in_a_zip_is_read_and_no_more_than_allowed():
    made = zipped({"a": b"0" * 1_000_000, "../b": b"inside"})
    one = Zip(made)

    def read(one: Zip, name: str, bytes_max: int) -> bytes:
        one.copy(name, out := io.BytesIO(), bytes_max)
        return out.getvalue()

    assert read(one, "../b", 100) == b"inside"
    with pytest.raises(Invalid, match="too large"):
        read(one, "a", 999_999)
    broken = bytearray(made.getvalue())
    broken[40:60] = b"\0" * 20
    with pytest.raises((Invalid, *zips.broken())):
        read(Zip(io.BytesIO(broken)), "a", 2_000_000)


@pytest.mark.parametrize("packed", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_what_is_packed_in_a_way_that_takes_much_memory_is_refused(packed: int):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as made:
        made.writestr("outbox.json", '{"orderedItems": []}')

    with pytest.raises(Invalid, match="unusual way"):
        list(OldArchive(Zip(out)).posts())


def test_links_make_a_text_longer_once_each():
    tweet: dict[str, Any] = {"id": 7, "created_at": "Wed Oct 10 20:19:24 +0000 2018", "full_text": "a" * 3000}
    tweet["entities"] = {"urls": [{"url": "a", "expanded_url": "b" * 3000}, {"url": "", "expanded_url": "c" * 3000}]}

    (post,) = OldArchive(Zip(zipped({"tweets.js": f"x = {json.dumps([tweet])}"}))).posts()

    assert post.text == "b" * 3000 + "a" * 2999


def test_a_zip_of_another_kind_is_refused():
    with pytest.raises(Invalid, match="has no posts"):
        OldArchive(Zip(zipped({"readme.txt": "hello", "data/account.js": "[]"})))


def test_nothing_that_an_item_may_be_breaks_the_reading():
    strange: list[Any] = [
        None, 1, "x", [], {}, {"type": "Create"}, {"type": "Create", "object": 5},
        {"type": "Create", "object": {"id": 5, "published": "never"}},
        {"type": "Create", "object": {"published": "9999-99-99", "to": {}, "tag": 7, "attachment": "x"}},
        {"type": "Create", "object": {"published": "2020-01-01T00:00:00Z", "content": ["x"], "to": [None, {}],
         "tag": [None, {"type": "Mention"}], "attachment": [None, {"url": 5, "focalPoint": ["x", float("inf")]}],
         "contentMap": [], "oneOf": [1, {"name": 2}], "summary": {}, "sensitive": "yes", "inReplyTo": {}}},
        {"type": "Create", "object": {"id": "\ud800", "published": "2020-01-01T00:00:00Z", "content": "a\ud83db",
         "contentMap": {"\ud800": "x"}}},
    ]  # fmt: skip

    notes = list(OldArchive(Zip(zipped({"outbox.json": json.dumps({"orderedItems": strange})}))).posts())

    assert [bool(one.problem) for one in notes] == [True, True, False, False]
    assert {one.visibility for one in notes} == {"direct"}
    assert msgspec.json.encode(notes)  # it is kept so
    assert "\ufffd" in notes[3].text and "\ufffd" in notes[3].source
    tweets = [*strange, {"tweet": {"id_str": "1", "full_text": 5, "created_at": "x"}}, {"tweet": {"id_str": ["1"]}}]
    tweets += [{"tweet": {"id": 7, "created_at": "Wed Oct 10 20:19:24 +0000 2018", "entities": [], "full_text": "é"}}]
    script = "window.YTD.tweets.part0 = " + json.dumps(tweets)
    found = list(OldArchive(Zip(zipped({"data/tweets.js": script}))).posts())
    assert [(one.source, bool(one.problem)) for one in found] == [("twitter:1", True), ("twitter:7", False)]
