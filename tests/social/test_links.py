"""Links begin with http:// or https:// and end where a reader would end them, in every script."""

import pytest
import regex

from chirrup.social import text

PATHS = """日本語 スター・ウォーズ %E6%97%A5 日本_(曖昧さ回避) 한국어 中文/分支 עברית צה״ל العربية
فارسی\u200cها हिन्दी डॉ॰_राम বাংলা தமிழ் ไทย မြန်မာ ქართული Հայերեն Ελλάδα አማርኛ Русские_слова Łódź
L’Avare Hatfield–McCoy col·lecció e\u0301té 👍🏽 👨‍👩‍👧/a 🇩🇪 ❤️ 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 x😀y ?q=検索語
?q=поиск&l=ru ?q=חיפוש ?q=खोज#भाग #節 ?q=😀 foo().html foo() (b)(c(d)e) ?q=(b) f(x)=y a,b;c:d!e'f
x|y a@b ~ann/ a[1]b @ann/5 a+ a- a_ a= # a/ a?b=c&d#e ?a[]=1&b 100%25
a[1] ?a[b][c]=1 A_(b_(c_(d))) (((((a))))) a{b} a{b[c(d)]} a（b） a「b「c」」 a《b》【c】 (a。b、c) (🏴󠁧󠁢󠁥󠁮󠁧󠁿\u200c)
a—b a―b a−b € → ∞ × ÷ ∑x²≤√2 5$ £/¥ © ™ ♥ № °C §5 ¶ † ‰ ′ 5′3″ ※ ☃ a^b ⠿ ?€=→#∞ ?q=a+b=∞"""
HOSTS = """https://例え.jp/パス https://президент.рф/ https://xn--bcher-kva.example
https://bücher.example:8080/x http://i❤.ws http://a_b.c-d.io https://wiki.internal/a
http://1.2.3.4:80/x HTTP://EXAMPLE.COM/X https://a.b.c.d.e.example https://a.com:3000
http://foo.com?#foo https://x.example?q=日本 https://x.example#日本"""
LINKS = [*(f"https://x.example/{path}" for path in PATHS.split()), *HOSTS.split()]
AROUND = """{}|see {} there|({})|「{}」|（{}）|『{}』
|[{}]|{{{{{}}}}}|【{}】|《{}》|［{}］|({}.)|[({})]|「{}。」|＜{}＞|`{}`|~~{}~~|“{}”|„{}“|«{}»|‹{}›|‘{}’|<{}>|"{}"
|[it]({})|**{}**|{}.|{}...
|{}, or|{}!|{}?|{}…|{}؟|{}،|{}।|{}。そして|{}、|{}？|{}！|見て{}|\u2067{}\u2069|{}\u200b|- {}:|{};""".replace(
    "\n", ""
).split("|")


@pytest.mark.parametrize("around", AROUND)
def test_a_link_is_whole_whatever_stands_around_it(around):
    for link in LINKS:
        source = text.clean(around.format(link))

        found = text.extract(source)

        assert [one.value for one in found.urls] == [text.clean(link)]
        assert not found.mentions
        assert not found.hashtags
        assert text.length(source) == text.length(text.clean(around.format("x"))) + 22


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_where_it_says(link):
    link = text.clean(link)

    html = text.to_html(link, {}, "https://chirrup.example")

    assert regex.findall('href="(.*?)"', html) == [link.replace("&", "&amp;")]


NO_LINKS = """README.md|main.rs|finish.It|example.com|www.example.com/path|a.co|例え.jp
|Ask.Tell. Wait...go 3.14 v1.2.3 e.g.|ftp://example.com|javascript://example.com
|mailto:ann@example.com|//example.com|http:/example.com|http:example.com|httpsː//a.com|http://
|https://?|http:///example.com|http://nowhere|http://.com|http://-a.com|http://a-.com|http://example
|https:// a.com|https://user:secret@evil.example|https://good.com@evil.example
|https://good.com:80@evil.example/|https://good.com＠evil.example|xhttps://a.com|@https://a.com
|#https://a.com|$https://a.com|5http://a.com"""
NO_LINKS = NO_LINKS.replace("\n", "").split("|")


@pytest.mark.parametrize("source", [*NO_LINKS, f"https://a.com/{'a' * 4083}"], ids=lambda source: source[:40])
def test_what_has_no_address_or_not_the_one_it_shows_is_text(source):
    assert text.extract(source).urls == ()
    assert "<a " not in text.to_html(source, {}, "https://chirrup.example")


@pytest.mark.parametrize(
    ("source", "links"),
    [
        ("https://a.com/b)c (https://a.com/(b))", ["https://a.com/b", "https://a.com/(b)"]),
        ("https://a.com/(b https://a.com/c)", ["https://a.com/", "https://a.com/c"]),
        ("https://a.com\u200b.evil.net https://a.com\u202e.evil.net", ["https://a.com", "https://a.com"]),
        ("https://example.comを見て https://example.com:80を", ["https://example.com", "https://example.com:80"]),
        ("https://a.com,https://b.com", ["https://a.com", "https://b.com"]),
        ("https://a.com/,https://b.com", ["https://a.com/,https://b.com"]),
        ("https://a.com/a]b https://a.com/a(b", ["https://a.com/a", "https://a.com/a"]),
        ("https://a.com/a（見て ください）", ["https://a.com/a"]),
        ("https://a.com/a— https://a.com/b– https://a.com/→—", [f"https://a.com/{one}" for one in "ab→"]),
        ("https://a.com/(a https://b.com/[c]", ["https://a.com/", "https://b.com/[c]"]),
        (f"https://a.com/{'a' * 4082}", [f"https://a.com/{'a' * 4082}"]),
        ("https://a.com/#tag #tag https://a.com/@ann @bob", ["https://a.com/#tag", "https://a.com/@ann"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_links_beside_others(source, links):
    assert [one.value for one in text.extract(source).urls] == links
