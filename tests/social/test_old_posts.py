"""What is read from archives: lists piece by piece, HTML as text, zip files that may be hostile."""

import gzip
import io
import json
import re
import struct
import tarfile
import zipfile
from typing import Any

import msgspec
import pytest

from chirrup.errors import Invalid
from chirrup.social import text
from chirrup.social.portability import tars, tweets, zips
from chirrup.social.portability.html_text import text_of
from chirrup.social.portability.items import items
from chirrup.social.portability.old_post import OldPost
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
            '<p><span class="h-card" translate="no"><a href="https://far.example/@bob" class="u-url mention">'
            '@<span>bob</span></a></span> and <a href="https://www.else.example/@Eve" class="u-url mention">'
            '@<span>Eve</span></a>, <a href="https://third.example/@bob" class="u-url mention">@bob</a> :blob:</p>',
            "@bob@far.example and @eve@else.example, @bob@third.example :blob:",
        ),
        (
            '<p class="quote-inline">RE: <a href="https://far.example/@bob/1"><span class="invisible">https://</span>'
            '<span class="ellipsis">far.example/@bob/</span><span class="invisible">1</span></a></p><p>so true</p>',
            "RE: https://far.example/@bob/1\n\nso true",
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
    assert text_of(html, ["@bob@far.example", "@eve@else.example", "@bob@third.example"]) == words


def test_what_this_server_renders_comes_back_as_it_was_written():
    for words in ("a\nb\n\nc", "https://example.org/a_(b)?c=d&e — #tag @ann", "1 < 2 & 3 > 2"):
        assert text_of(text.to_html(words, {}, "https://town.example"), []) == words


def test_a_file_that_is_no_zip_or_has_too_many_entries_is_refused_before_they_are_read():
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 65_535, 65_535, 2**31, 0, 0)
    end64 = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 2**20, 2**20, 46 * 2**20, 0)
    place = struct.pack("<4sLQL", b"PK\6\7", 0, 100, 1)
    harmless = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 46, 0) + b"x" * 44
    entries = (b"PK\1\2" + bytes(42)) * (zips.ENTRIES_MAX + 1)
    said_less = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 1, 1, len(entries), 0, 0)
    for data, said in (
        (b"", "no end"),
        (gzip.compress(b"outbox.json"), "no end"),
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

    assert [bool(one.problem) for one in notes] == [True, True, True, False]
    assert {one.visibility for one in notes} == {"direct"}
    assert msgspec.json.encode(notes)  # it is kept so
    assert "\ufffd" in notes[3].text and "\ufffd" in notes[3].source
    tweets = [*strange, {"tweet": {"id_str": "1", "full_text": 5, "created_at": "x"}}, {"tweet": {"id_str": ["1"]}}]
    tweets += [{"tweet": {"id": "9" * 5000, "created_at": "Wed Oct 10 20:19:24 +0000 2018"}}]
    tweets += [{"tweet": {"id": 7, "created_at": "Wed Oct 10 20:19:24 +0000 2018", "entities": [], "full_text": "é"}}]
    script = "window.YTD.tweets.part0 = " + json.dumps(tweets)
    found = list(OldArchive(Zip(zipped({"data/tweets.js": script}))).posts())
    assert [(one.source[:12], bool(one.problem)) for one in found] == [
        ("twitter:1", True),
        ("twitter:9999", True),
        ("twitter:7", False),
    ]
    assert len(found[1].source) == 500


def tarred(files: dict[str, bytes], *, kind: int = tarfile.PAX_FORMAT) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=kind) as made:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    out.seek(0)
    return out


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_becomes_a_zip_without_its_links(kind: int):
    files = {"./outbox.json": b"{}", "a/" + "long" * 20 + "/ü.png": b"1" * 300_000, "empty": b""}

    tars.copy(tarred(files, kind=kind), out := io.BytesIO(), 1_000_000)

    made = Zip(out)
    assert made.names == [name.removeprefix("./") for name in files]
    for name, data in files.items():
        made.copy(name.removeprefix("./"), copied := io.BytesIO(), 1_000_000)
        assert copied.getvalue() == data


def beside(kind: bytes, data: bytes) -> bytes:
    """A header of this kind, which tells something of the next file."""
    one = tarfile.TarInfo("x")
    one.type, one.size = kind, len(data)
    return one.tobuf() + data.ljust(512, b"\0")


def test_a_hostile_tar_is_refused():
    whole = tarred({"a": b"0" * 1_000_000}).getvalue()
    name = tarfile.TarInfo("x")
    name.type, name.size = tarfile.XHDTYPE, 2**30
    sparse = tarfile.TarInfo("x")
    sparse.type = tarfile.GNUTYPE_SPARSE
    for data, said in (
        (whole, "too large"),
        (whole[:-100], "cannot be read as a .tar.gz"),
        (gzip.compress(b"no tar at all" * 100), "cannot be read as a .tar.gz"),
        (b"\x1f\x8bnothing", "cannot be read as a .tar.gz"),
        (gzip.compress(name.tobuf()), "unusual"),
        (gzip.compress(sparse.tobuf()), "unusual"),
        (gzip.compress(beside(tarfile.XGLTYPE, b"11 a=bcdef\n")), "unusual"),  # each would be kept in memory
        (gzip.compress(beside(tarfile.GNUTYPE_LONGNAME, b"x\0") * 2000), "cannot be read as a .tar.gz"),
    ):
        with pytest.raises(Invalid, match=said):
            tars.copy(io.BytesIO(data), io.BytesIO(), 500_000 if said == "too large" else 2**20 * 2)


def test_of_mentions_without_end_the_first_are_looked_at():
    def said(count: int) -> str:
        others = [{"type": "Mention", "name": f"@n{n}@far.example"} for n in range(count)]
        content = '<a href="https://away.example/@bob">@bob</a>'
        note = {"id": "a", "published": "2020-01-01T00:00:00Z", "content": content}
        note["tag"] = [*others, {"type": "Mention", "name": "@bob@far.example"}]
        activity = {"type": "Create", "object": note}
        (post,) = OldArchive(Zip(zipped({"outbox.json": json.dumps({"orderedItems": [activity]})}))).posts()
        return post.text

    assert (said(100), said(1000)) == ("@bob@far.example", "@bob@away.example")


def test_what_a_post_quotes_is_named_once():
    def said(content: str, **more: Any) -> str:
        note = {"published": "2020-01-01T00:00:00Z", "content": content, **more}
        (post,) = OldArchive(
            Zip(zipped({"outbox.json": json.dumps({"orderedItems": [{"type": "Create", "object": note}]})}))
        ).posts()
        return post.text

    url = "https://far.example/@bob/1"
    assert said("<p>yes</p>", quote=url, quoteUri=url) == f"yes\n\nRE: {url}"
    inline = f'<p class="quote-inline">RE: <a href="{url}">{url}</a></p><p>yes</p>'
    assert said(inline, quote="https://far.example/users/bob/statuses/1") == f"RE: {url}\n\nyes"
    written = {"content": "yes", "mediaType": "text/plain"}
    assert said("<p>yes</p>", quote=url, source=written) == f"yes\n\nRE: {url}"


LONG = "so much to say & more of it, " * 20
DAY = "Wed Oct 10 20:19:24 +0000 2018"


def read_tweets(files: dict[str, Any]) -> dict[str, OldPost]:
    """By id. files: name -> a list for the script, or bytes."""
    made = {
        name: data if isinstance(data, bytes) else f"window.YTD.x.part0 = {json.dumps(data)}"
        for name, data in files.items()
    }
    return {one.source.removeprefix("twitter:"): one for one in OldArchive(Zip(zipped(made))).posts()}


def test_long_tweets_are_whole_and_deleted_ones_and_messages_are_not_read():
    def tweet(id: str, words: str, **more: Any) -> dict[str, Any]:
        return {"tweet": {"id_str": id, "full_text": words, "created_at": DAY, **more}}

    def note(words: str, at: str = "2018-10-10T20:19:24.000Z") -> dict[str, Any]:
        link = {"shortUrl": "https://t.co/x", "expandedUrl": "https://example.org/", "displayUrl": "example.org"}
        return {"noteTweet": {"noteTweetId": "9", "createdAt": at, "core": {"text": words, "urls": [link]}}}

    cut = LONG[:270].replace("&", "&amp;") + "… https://t.co/self"
    found = read_tweets(
        {
            "x/data/tweets.js": [
                tweet("1", cut),
                tweet("2", f"@bob @eve {cut}"),
                tweet("3", "so much"),
                tweet("4", "another that is cut… https://t.co/y"),
            ],
            "x/data/tweets-part1.js": [tweet("5", "more", retweeted_status={"id": 1}), tweet("6", "last")],
            "x/data/note-tweet.js": [note("of something else"), note(LONG + "https://t.co/x"), note("", "never"), 7],
            "x/data/deleted-tweets.js": [tweet("7", "gone")],
            "x/data/deleted-tweet-headers.js": [tweet("8", "gone")],
            "x/data/direct-messages.js": [{"dmConversation": {"messages": [{"messageCreate": {"text": "psst"}}]}}],
        }
    )

    assert set(found) == {"1", "2", "3", "4", "6"}
    assert found["1"].text == LONG + "https://example.org/"
    assert found["2"].text == "@bob @eve " + LONG + "https://example.org/"
    assert (found["3"].text, found["4"].text) == ("so much", "another that is cut… https://t.co/y")


def test_long_tweets_that_would_fill_the_memory_or_are_broken_are_refused():
    """In any number of files. They are looked at with the first tweet, not when the archive is opened."""
    tweet = {"tweet": {"id_str": "1", "full_text": "so", "created_at": DAY}}
    large = b"x = [" + b" " * (tweets.NOTES_BYTES_MAX // 2) + b"]"
    with pytest.raises(Invalid, match="too large"):
        read_tweets({"tweets.js": [tweet], "note-tweet.js": large, "note-tweet-part1.js": large})

    made = zipped({"note-tweet.js": "x = []", "tweets.js": f"x = {json.dumps([tweet])}"})
    broken = bytearray(made.getvalue())
    broken[broken.index(b"PK\x01\x02") + 16] ^= 1  # the checksum of the first
    with pytest.raises(Invalid, match="unpacked"):
        list(OldArchive(Zip(io.BytesIO(broken))).posts())


def test_each_film_of_a_tweet_is_found_whatever_its_size():
    def film(*names: str, kind: str = "video") -> dict[str, Any]:
        versions = [{"url": f"https://video.twimg.com/ext/{name}?tag=12", "bitrate": "1"} for name in names]
        thumb = "https://pbs.twimg.com/ext_tw_video_thumb/1.jpg"
        return {"type": kind, "media_url_https": thumb, "video_info": {"variants": versions}}

    photo = {"media_url_https": "https://pbs.twimg.com/media/a.jpg", "sizes": {"large": {"w": "1"}}}
    media = [film("low1.mp4", "list.m3u8", "high1.mp4"), film("low2.mp4", "high2.mp4"), photo]
    media += [film("loop.mp4", kind="animated_gif"), film("unknown.mp4")]
    names = ("high2.mp4", "low1.mp4", "loop.mp4", "a.jpg", "other.mp4")
    files: dict[str, Any] = {f"data/tweets_media/1-{name}": b"" for name in names}
    tweet = {"id_str": "1", "full_text": "", "created_at": DAY, "extended_entities": {"media": media}}

    found = read_tweets({"data/tweets.js": [{"tweet": tweet}], "data/deleted_tweets_media/1-b.jpg": b"", **files})

    wanted = ("low1.mp4", "high2.mp4", "a.jpg", "loop.mp4", "other.mp4")
    assert [one.file for one in found["1"].media] == [f"data/tweets_media/1-{name}" for name in wanted]


def test_the_files_by_month_of_older_archives_are_read():
    tweet = {"id": 12, "text": "hello &lt;3", "created_at": "2014-01-30 12:34:56 +0000", "entities": {"urls": []}}

    found = read_tweets({"data/js/tweets/2014_01.js": [tweet], "data/js/tweets/2014_02.js": []})

    assert (found["12"].text, found["12"].published_ms) == ("hello <3", 1_391_085_296_000)


def test_names_of_files_are_found_however_they_are_written():
    names = {"files/1/original/a b.png": "files/1/original/a%20b.png", "files/2/ü.png": "files/2/ü.png"}
    pictures = [{"type": "Document", "url": f"/system/media_attachments/{name}"} for name in names.values()]
    note = {"published": "2020-01-01T00:00:00Z", "attachment": pictures}
    outbox = json.dumps({"orderedItems": [{"type": "Create", "object": note}]})
    for part in ("", "./", "archive-2020\\"):
        files = {f"{part}media_attachments/{name}".replace("/", "\\" if "\\" in part else "/"): b"" for name in names}

        (post,) = OldArchive(Zip(zipped({f"{part}outbox.json": outbox, **files}))).posts()

        assert all(one.file for one in post.media), part
