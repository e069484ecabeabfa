"""What is read of pages: hostile HTML takes no time and no memory, charsets are those of browsers."""

import time

import pytest

from chirrup.social.link_pages import head, told

URL = "https://news.example/a/b"
PAGE = "<!doctype html><html><head><meta charset={}><title>Größe, 日本</title>"
HTML = "text/html"


def title(body: bytes, content_type: str = HTML) -> str:
    page = told.page(head.read(body, content_type, URL), told.OEmbed(), url=URL, domain="town.example")
    return page.title if page else ""


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "gb18030", "utf-16"])
def test_charsets_are_known(charset: str):
    assert title(PAGE.format(charset).encode(charset)) == "Größe, 日本"
    assert title(PAGE.format("latin1").encode(charset), f"text/html; charset={charset}") == "Größe, 日本"


@pytest.mark.parametrize(
    ("charset", "body", "shown"),
    [
        ("iso-8859-1", "Größe – €".encode("cp1252"), "Größe – €"),
        ("us-ascii", b"Gr\xf6\xdfe", "Größe"),
        ("shift_jis", "日本".encode("shift_jis"), "日本"),
        ("windows-1251", "Мир".encode("cp1251"), "Мир"),
        ("punycode", "Größe".encode(), "Größe"),
        ("unicode_escape", b"\\u0041", "\\u0041"),
        ("utf-7", b"+AEE-", "+AEE-"),
        ("rot13", b"abc", "abc"),
        ("x" * 5000, b"abc", "abc"),
        ("", b"Gr\xf6\xdfe", "Größe"),
        ("utf-8", b"Gr\xf6\xdfe", "Gr\ufffd\ufffde"),
    ],
)
def test_what_is_no_charset_is_read_otherwise(charset: str, body: bytes, shown: str):
    assert title(b"<title>" + body + b"</title>", f"text/html; charset={charset}") == shown
    if charset:
        assert title(f"<meta charset='{charset}'><title>".encode() + body) == shown


MB = 512 * 1024
HOSTILE = [
    "<div>" * 100_000,
    "<!--" * (MB // 4),
    "<meta " * (MB // 6),
    '<meta content="' * (MB // 15),
    "<meta " + "a" * MB,
    "<meta " + "a " * (MB // 2),
    "<meta " + "a=" * (MB // 2),
    "<meta " + "a" + " " * MB,
    "<title" * (MB // 6),
    "<title>" * (MB // 7),
    "<title>" + "&#" + "9" * MB,
    "<title>" + "\u0301" * (MB // 2),
    "<title>" + " \u202e" * (MB // 4),
    "<script>" * (MB // 8),
    "<script" + ">" * MB,
    "<meta charset" * (MB // 13),
    "<link rel=alternate type=application/json+oembed href=" + "x" * MB,
    "<base href='http://[' ><meta property=og:image content='//[::'><link rel=alternate "
    "type=application/json+oembed href='http://[x'>",
    "<html lang='" + "x" * 10_000 + "'><meta name=author content='http://" + "y" * 3000 + "'>",
    "<meta property=article:published_time content='9999-99-99T99'><meta name=twitter:player:width content=²>",
    "<meta property=article:published_time content='0001-01-01T00:00:00+23:59'>",
]


@pytest.mark.parametrize("part", HOSTILE, ids=[one[:24] for one in HOSTILE])
def test_hostile_pages_take_no_time(part: str):
    """By the processor's time, three pages each: what is read twice takes minutes."""
    began_s = time.thread_time()
    for body in (part, f"<title>Bread</title>{part}", f"{part}'\"></title></script>--><title>Bread"):
        page = told.page(head.read(body.encode(), HTML, URL), told.OEmbed(), url=URL, domain="town.example")
        assert not page or (len(page.title) <= told.TITLE_CHARS_MAX and "\u202e" not in page.title)
    told.oembed(part.encode())
    assert time.thread_time() - began_s < 1.5


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "ftp://a.example/", "file:///etc/passwd", "http://["]
)
def test_addresses_are_of_the_web(address: str):
    names = "og:image twitter:player author"
    metas = "".join(f'<meta property="{one}" content="{address}">' for one in names.split())
    found = head.read(f"<title>A</title>{metas}".encode(), HTML, URL)
    embed = told.OEmbed(type="photo", url=address, author_url=address, provider_url=address, thumbnail_url=address)
    page = told.page(found, embed, url=URL, domain="town.example")
    assert page
    told_ = (page.image_url, page.player_url, page.author_url, page.provider_url, page.kind)
    assert told_ == ("", "", "", "", "link")


@pytest.mark.parametrize("html", ["<iframe" * 80_000, "<iframe src" * 40_000, "<iframe src='" + "x" * MB])
def test_hostile_players_take_no_time(html: str):
    began_s = time.thread_time()
    told.page(head.read(b"<title>A", HTML, URL), told.OEmbed(type="video", html=html), url=URL, domain="town.example")
    assert time.thread_time() - began_s < 0.5


@pytest.mark.parametrize(
    "host", ["town.example", "TOWN.example:443", "x@town.example", "town%2Eexample", "\uff54own.example"]
)
def test_no_player_is_of_our_own_site_however_it_is_written(host: str):
    html = f"<iframe src='https://{host}/@ann'></iframe>"
    embed = told.OEmbed(type="video", html=html)
    page = told.page(head.read(b"<title>A", HTML, URL), embed, url=URL, domain="town.example")
    assert page
    assert page.player_url == ("https://xn--own-t96s.example/@ann" if "\uff54" in host else "")
