"""Who is mentioned: exactly the account whose name a reader sees, never one whose name is a part of another's."""

import pytest
from kit import people

from chirrup.access import visibility
from chirrup.errors import Invalid
from chirrup.ports import Database
from chirrup.social import posts, search, text
from chirrup.types import Draft, Visibility

DOMAIN = "chirrup.example:3000"
BASE = f"https://{DOMAIN}"


MENTIONS = """@ann|hi @ann!|.@ann|(@ann)|"@ann"|«@ann»|[@ann]|-@ann|@ann.|@ann...|@ann…|@ann, no|@ann: 5|@ann:5|@ann;
|@ann:yes|@ann:no.|@ann:10.|@ann-|@ann--no|@ann...what|@ann's|@ann/list|@ann?!|@ann。そして|、@ann|@annに到着|@ann和|❤️@ann
|👍🏽@ann|@ann❤️|＠ann|@ANN|a @ann b|@ann@chirrup.example:3000|@ann@CHIRRUP.example:3000!
|(@ann@chirrup.example:3000)|@ann@chirrup.example:3000.|5 @ann|@ann＠chirrup.example:3000
|@ann—no|@ann–no|@ann・|@ann。|@ann,@bob|@ann/@bob|@ann&@bob|@ann、@bob|@ann;@bob.|@ann(@bob)|@ann❤️@bob|@ann's,@bob's
|@ann,@bob@remote.example|@ann/@bob.smith@remote.example|@ann&@bob@remote.example|(@ann)(@bob)|@ann!@bob|@ann @bob
|@ann b@remote.example|@ann\u3000b@remote.example|@ann, b@remote.example|@ann's 5@ 3|@ann'5@|@ann%50|@ann&amp;|@ann (at)
|@ann,https://x.example/@bob|@ann@chirrup.example:3000,@bob@remote.example
|\u200f@ann\u200f|\u200b@ann\u200b!|@ann\u2069 said|https://chirrup.example/@bob @ann"""
MENTIONS = MENTIONS.replace("\n", "").split("|")


@pytest.mark.parametrize("source", MENTIONS)
def test_a_name_among_spaces_signs_and_emoji_is_a_mention(source):
    assert [m.value.lower() for m in local(source)][:1] == ["ann"]


# Names of other servers, addresses, paths, and longer names than ann's.
OTHERS = """@ann.smith@remote.example|@ann-b@remote.example|@ann.b.c@remote.example|@ann--b@remote.example
|@ann..b@remote.example|@ann_b@remote.example|@ann-@remote.example|@ann+news@remote.example
|@ann~x@remote.example|@ann@remote.example|@ANN@Remote.Example|@ann@remote.example:3000
|@ann@chirrup.example|@ann@chirrup.example:3001|@ann@chirrup.example:30000|@ann@chirrup.example:300000
|@ann@chirrup.example:3000@remote.example|@ann@chirrup.example.remote.example
|@ann@sub.chirrup.example:3000|@ann@chirrup.example-b:3000|@ann@chirrup.exampleб|@ann@münchen.example
|@ann@例え.example|@ann＠remote.example|@ann@remote|@ann@remote_example|@ann@@remote.example|@ann@
|@ann@ remote.example|@ann.smith|@ann-b|@ann.bsky.example|@ann.Thanks|@ann‐b|@ann．smith@remote.example
|用户@ann.com|josé@ann.example|josé@ann|jose\u0301@ann|bob@ann|bob@ann.example|bob.smith@ann.example
|bob+x@ann.example|地址：用户@ann|почта@ann|मेल@ann|ที่@ann|مرحبا@ann|ο@ann|の@ann|한@ann|5@ann|５@ann
|१@ann|_@ann|RT@ann|@@ann|@＠ann|/@ann|x.example/@ann|https://x.example/@ann|https://x.example/@ann/5
|https://x.example/?to=@ann|=@ann|#@ann|mailto:x@ann|bob\u200b@ann|bob\u00ad@ann|bob\u200d@ann
|bob\u2060@ann|bob\ufeff@ann|@ann\u200b@remote.example|@ann\u200bsmith|@ann\u200b.smith@remote.example
|@ann.\u200bsmith|@ann\u00adsmith@remote.example|@ann@chirrup.example:3000\u200b.remote.example
|@ann:matrix.example|@ann:a-b.example:8448|@ann:127.0.0.1
|@ann\u2060smith|@ann﹫remote.example|@ann﹫remote|bob﹫@ann|bob﹫ann﹫@ann|@ann－b|@ann﹣b|@ann−b|@ann․b|@ann﹒b
|@ann,bob@remote.example|@ann;b@remote.example|@ann:b@remote.example|@ann/b@remote.example|@ann,b.c@remote.example
|@ann’s-b@remote.example|@ann'@remote.example|@ann/@remote.example|@ann'b﹫remote.example|@ann'b＠remote.example
|@ann\u2060'b@remote.example|@ann'b\u200b@remote.example|@annにb@remote.example|@ann❤️b@remote.example
|@ann'b@remote|@ann=@remote|@ann*@remote|@ann#@remote
|@ann=40remote.example|@ann'b@[::1]|@ann'b@✪.example|@ann'@✪.example|@ann(b@remote.example)
|@ann…b@remote.example|@ann"b@remote.example"
|@ann%40remote.example|@ann%2540remote.example|@ann%EF%BC%A0remote.example|@ann'b%40remote.example
|@ann&commat;remote.example|@ann&#64;remote.example|@ann&#064;remote.example|@ann&#x40;remote.example
|@ann&amp;commat;remote.example|@ann&#X0040;remote.example|@ann\\u0040remote.example|@ann\\x40remote.example
|@ann(at)remote.example|@ann[AT]remote.example|@ann{at}remote.example|@ann<at>remote.example
|@ann@chirrup.example:3000'b@remote.example|@ann@chirrup.example:3000%40remote.example
|@ann@chirrup.example:3000﹫remote.example|x.example/@bob/@ann|x.example/@bob&@ann|bob@x.example/@ann
|@\u200bann|@annx|@annä|@annа|@annα|@ann５|@ann\u0301|@annабв@remote.example|@ann://x""".replace("\n", "").split("|")

# Texts between a name and a later address, without a space.
BETWEEN = "－﹣−‐‑‒–—―⁃․｡。・·.．﹒﹡'’‘*=$/\\?|#&{}[]()<>`^!\",;:~+%…×→€❤に한ж«»“”、（）\u2060\u00ad\u200d"
OTHERS += [f"@ann{sign}b@remote.example" for sign in BETWEEN]
OTHERS += [f"@ann{sign}{sign}b.c@remote.example" for sign in BETWEEN]


@pytest.mark.parametrize("source", OTHERS)
def test_a_part_of_another_name_address_or_path_mentions_nobody_here(source):
    for around in ("{}", "so {} it is", "({})", "\u2068{}\u2069", "{}\n"):
        assert "ann" not in [m.value.lower() for m in local(around.format(source))], around


def local(source: str) -> list[text.Entity]:
    found = text.extract(text.clean(source)).mentions
    return [m for m in found if not m.host or text.host_key(m.host) == text.host_key(DOMAIN)]


@pytest.mark.parametrize(
    ("source", "mentions"),
    [
        ("hi @ann@chirrup.example!", [("ann", "chirrup.example")]),
        ("@ann@localhost:3000 @bob@127.0.0.1:8080.", [("ann", "localhost:3000"), ("bob", "127.0.0.1:8080")]),
        ("@ann@a-b.chirrup.example.", [("ann", "a-b.chirrup.example")]),
        ("@ann@bücher.example, @bob@例え.jp。", [("ann", "bücher.example"), ("bob", "例え.jp")]),
        ("@ann,@bob/@eve&@dan/@fay", [(name, "") for name in ("ann", "bob", "eve", "dan", "fay")]),
        ("@" + "a" * 30 + " @" + "b" * 31, [("a" * 30, "")]),
    ],
)
def test_a_mention_may_name_its_host(source, mentions):
    found = text.extract(source)

    assert [(mention.value, mention.host) for mention in found.mentions] == mentions
    assert [source[m.start : m.end] for m in found.mentions] == [f"@{u}@{h}" if h else f"@{u}" for u, h in mentions]


@pytest.mark.parametrize("domain", ["bücher.example", "xn--bcher-kva.example", "BÜCHER.example"])
@pytest.mark.parametrize("written", ["bücher.example", "xn--bcher-kva.example", "Bücher.Example"])
def test_a_host_has_one_form_in_every_spelling(domain, written):
    assert text.host_key(domain) == text.host_key(written)
    assert f"{BASE}/@ann" in text.to_html(f"@ann@{written}", {"ann": f"{BASE}/@ann"}, f"https://{domain}")


@pytest.mark.parametrize("written", ["bücher.example", "xn--bcher-kva.example", "Bücher.Example"])
async def test_an_account_is_found_by_its_handle_in_every_spelling_of_the_host(db: Database, written: str):
    (ann,) = await people(db, "ann")

    for domain in ("bücher.example", "xn--bcher-kva.example"):
        assert await db.read(search.find_accounts, ann, f"@ann@{written}", domain, limit=5) == [ann]
    assert await db.read(search.find_accounts, ann, f"@ann@{written}", "example.org", limit=5) == []


async def test_a_direct_post_is_read_by_those_named_and_by_nobody_else(db: Database):
    ann, bob, eve = await people(db, "ann", "bob", "eve")

    for source in OTHERS:
        draft = Draft(text=f"{source} psst @bob", visibility=Visibility.DIRECT)
        post = await db.write(posts.publish, eve, draft, domain=DOMAIN)
        assert [m.username for m in post.mentioned] == ["bob"], source
        assert await db.read(visibility.see_one, bob, post.id)
        assert not await db.read(visibility.see_one, ann, post.id)


async def test_more_than_a_hundred_mentions_are_refused(db: Database):
    names = [f"p{n}" for n in range(101)]
    ann, *_ = await people(db, *names)
    text = " ".join(f"@{name}" for name in names)

    with pytest.raises(Invalid, match="must mention at most 100 accounts, mentions 101"):
        await db.write(posts.publish, ann, Draft(text=text), chars_max=1000)

    assert (await db.write(posts.publish, ann, Draft(text=text.removesuffix(" @p100")), chars_max=1000)).mentions
