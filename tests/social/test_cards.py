"""Cards of links: fetched once by a job, shown with every post of the organisation that links the page."""

from typing import Any

import msgspec
import pytest
from counting import CountingDatabase
from databases import Clock
from elsewhere import Elsewhere
from engines import eventually
from kit import TOWN, people, person, settle, work_off
from world import png

from chirrup.access import sites, visibility
from chirrup.access.signing import Signer
from chirrup.events import unpack
from chirrup.mastodon.render import Renderer
from chirrup.ports import Engines, Tx
from chirrup.social import accounts, cards, posts
from chirrup.social.accounts import ProfileChange
from chirrup.social.media_addresses import Addresses
from chirrup.store import jobs, orgs
from chirrup.store import posts as post_rows
from chirrup.types import Draft, Org
from chirrup.workers.kinds import kinds

DOMAIN = "town.example"
DAY_MS = 24 * 3600 * 1000
SITE = sites.own(TOWN)


@pytest.fixture
def engines(engines: Engines, elsewhere: Elsewhere) -> Engines:
    return msgspec.structs.replace(engines, outgoing=elsewhere.outgoing())


async def say(engines: Engines, author: int, text: str, **draft: Any) -> int:
    post = await engines.db.write(posts.publish, author, Draft(text=text, **draft), domain=DOMAIN)
    return post.id


async def edit(engines: Engines, author: int, id: int, text: str) -> None:
    await engines.db.write(posts.edit, author, id, Draft(text=text), domain=DOMAIN)


async def follow_up(engines: Engines, **settings: Any) -> None:
    """Everything that workers do of it."""
    await settle(engines)
    await work_off(engines, kinds(msgspec.structs.replace(TOWN, **({"link_cards": "open"} | settings))))
    await settle(engines)


async def card(engines: Engines, id: int, viewer: int = 0, site: sites.Site = SITE) -> dict[str, Any] | None:
    render = Renderer(site, Addresses(Signer(b"secret")))
    return msgspec.json.decode(await engines.db.read(render.status, viewer, id))["card"]


async def title(engines: Engines, id: int) -> str:
    shown = await card(engines, id)
    return shown["title"] if shown else ""


async def test_a_page_is_fetched_once_for_all_who_link_it(engines: Engines, elsewhere: Elsewhere, clock: Clock):
    url = elsewhere.page("news.example/a?b=1", title="Bread")
    ann, bob = await people(engines.db, "ann", "bob")
    first = await say(engines, ann, f"look {url} and http://other.example/")
    before = await card(engines, first)
    private = await say(engines, bob, f"{url.replace('news', 'NEWS')}#part", visibility="private")
    await follow_up(engines)
    later = await say(engines, bob, url)
    await follow_up(engines)

    assert (before, elsewhere.asked) == (None, ["news.example/a?b=1"])
    assert [await title(engines, one) for one in (first, later)] == ["Bread", "Bread"]
    assert (await card(engines, private, bob) or {})["url"] == url
    assert [name for name in ("cookie", "authorization") if name in elsewhere.heads[0].lower()] == []

    elsewhere.page("news.example/a?b=1", title="More bread")
    clock.pass_ms(cards.FRESH_MS)
    newest = await say(engines, ann, url)
    await follow_up(engines)
    assert [await title(engines, one) for one in (newest, first)] == ["More bread", "Bread"]
    elsewhere.stop()
    clock.pass_ms(cards.FRESH_MS)
    newest = await say(engines, ann, url)
    await follow_up(engines)
    assert await title(engines, newest) == "More bread"  # what is known is better than nothing


async def test_a_card_tells_what_the_page_says_of_itself(engines: Engines, elsewhere: Elsewhere):
    elsewhere.file("img.example/a.png", png(), "image/png")
    head = """<meta property="og:title" content="Bread &amp; butter">
      <meta property="og:description" content="How to\nbake">
      <meta property="og:image" content="//img.example/a.png"><meta property="og:image:alt" content="a loaf">
      <meta property="og:site_name" content="News"><meta name="author" content="Jo">
      <meta property="article:published_time" content="2024-05-01T12:00:00+02:00">
      <meta http-equiv=refresh content="0;/x">"""
    url = elsewhere.page("news.example/", title="no", head=head)
    elsewhere.file("news.example/", b"<html lang='en-GB'>" + elsewhere.pages["news.example/"][1], "text/html")
    ann = await engines.db.write(person, "ann")
    post = await say(engines, ann, url)
    await follow_up(engines)

    shown = await card(engines, post) or {}
    image, blurhash = shown.pop("image"), shown.pop("blurhash")
    assert shown == {
        "url": url,
        "title": "Bread & butter",
        "description": "How to bake",
        "language": "en",
        "type": "link",
        "author_name": "Jo",
        "author_url": "",
        "provider_name": "News",
        "provider_url": "",
        "html": "",
        "width": 8,
        "height": 8,
        "image_description": "a loaf",
        "embed_url": "",
        "published_at": "2024-05-01T10:00:00.000Z",
        "authors": [{"name": "Jo", "url": "", "account": None}],
        "missing_attribution": None,
    }
    _, _, _, kind, part, id, name = image.split("/")
    assert (kind, part, len(blurhash) > 5) == ("media", "cards", True)
    found = await engines.db.read(cards.file, int(id), name, 0)
    assert (engines.blobs.get(found.key) or (b"", ""))[1] == "image/png"


OEMBED = '<link rel="alternate" type="application/json+oembed" href="/o">'
FRAME = "<p onclick=x>hi</p><iframe onload=x src='https://v.example/1?a=1&amp;b=%22' srcdoc='<script>'></iframe>"


@pytest.mark.parametrize(
    ("embed", "told"),
    [
        ({"type": "video", "html": FRAME, "width": 640, "height": "360", "author_name": "Jo"}, ("video", 640, 360)),
        ({"type": "video", "html": "<iframe src='http://v.example/1'></iframe>"}, ("link", 0, 0)),
        ({"type": "video", "html": "<iframe src='javascript:alert(1)'></iframe>"}, ("link", 0, 0)),
        ({"type": "video", "html": "<iframe src='https://TOWN.example/x'></iframe>"}, ("link", 0, 0)),
        ({"type": "rich", "html": FRAME}, ("link", 0, 0)),
        ({"type": "photo", "url": "http://img.example/a.png", "width": 9999}, ("photo", 8, 8)),
        ({"type": ["video"], "title": 7, "html": {}, "width": 1e300}, ("link", 0, 0)),
        ("[" * 100_000, ("link", 0, 0)),
    ],
)
async def test_of_an_oembed_only_an_address_is_used(engines: Engines, elsewhere: Elsewhere, embed: Any, told: Any):
    body = embed.encode() if isinstance(embed, str) else msgspec.json.encode(embed)
    elsewhere.file("video.example/o", body, "application/json")
    elsewhere.file("img.example/a.png", png(), "image/png")
    ann = await engines.db.write(person, "ann")
    post = await say(engines, ann, elsewhere.page("video.example/", title="A film", head=OEMBED))
    await follow_up(engines)

    shown = await card(engines, post) or {}
    assert (shown["type"], shown["width"], shown["height"]) == told
    if told[0] == "video":
        assert 'src="https://v.example/1?a=1&amp;b=%22"' in shown["html"] and shown["authors"][0]["name"] == "Jo"
        assert not any(one in shown["html"] for one in ("onload", "srcdoc", "onclick", "<p", "script>"))
    else:
        assert shown["html"] == ""
    if told[0] == "photo":
        assert shown["embed_url"] == shown["image"] and shown["image"].startswith("https://town.example/media/cards/")


async def test_of_what_fails_nothing_is_shown_and_it_is_not_asked_again_for_a_while(
    engines: Engines, elsewhere: Elsewhere, clock: Clock
):
    ann = await engines.db.write(person, "ann")
    elsewhere.file("news.example/a.pdf", b"%PDF", "application/pdf")
    elsewhere.page("news.example/blank")
    elsewhere.file("news.example/broken", b"<title>A</title><meta property=og:image content=/no.png>", "text/html")
    urls = [f"http://news.example/{place}" for place in ("gone", "a.pdf", "blank", "broken")]
    urls += ["http://127.0.0.1/", "http://news.example:8080/x", "http://a@news.example/"]
    for _ in range(2):
        found = [await say(engines, ann, url) for url in urls]
        await follow_up(engines)
        assert [await title(engines, one) for one in found] == ["", "", "", "A", "", "", ""]
    assert sorted(set(elsewhere.asked)) == sorted(elsewhere.asked)
    clock.pass_ms(cards.PAUSE_MS)
    await say(engines, ann, urls[0])
    await follow_up(engines)
    assert elsewhere.asked.count("news.example/gone") == 2
    assert await engines.db.read(jobs.counts) == []


async def test_a_site_that_is_away_leaves_nothing_behind(engines: Engines, elsewhere: Elsewhere, clock: Clock):
    ann = await engines.db.write(person, "ann")
    elsewhere.stop()
    for n in range(5):
        await say(engines, ann, f"http://news.example/{n}")
    await follow_up(engines)
    assert sum(one.jobs for one in await engines.db.read(jobs.counts)) == 5
    for _ in range(4):
        clock.pass_ms(DAY_MS)
        await follow_up(engines)
    assert await engines.db.read(jobs.counts) == []

    elsewhere.page("news.example/0", title="Back")
    await elsewhere.start()
    post = await say(engines, ann, "http://news.example/0")
    await follow_up(engines)
    assert await title(engines, post) == "Back"


async def test_open_streams_are_told_when_a_card_arrives(engines: Engines, elsewhere: Elsewhere):
    ann = await engines.db.write(person, "ann")
    told: list[tuple[str, int]] = []

    def on_message(channel: str, message: bytes) -> None:
        signal = unpack(message)
        told.append((signal.kind, signal.id))

    listening = await engines.broker.listen([f"user:{ann}"], on_message)
    plain = await say(engines, ann, "hello")
    post = await say(engines, ann, elsewhere.page("news.example/", title="News"))
    await follow_up(engines)
    await eventually(lambda: _is_there(("status.update", post) in told))
    await listening.stop()
    assert [kind for kind, id in told if id == plain] == ["update"]
    assert [kind for kind, id in told if id == post] == ["update", "status.update"]


async def _is_there(found: bool) -> bool:
    return found


async def test_an_edit_changes_the_card_and_what_nobody_links_is_forgotten(engines: Engines, elsewhere: Elsewhere):
    ann = await engines.db.write(person, "ann")
    elsewhere.file("news.example/a.png", png(), "image/png")
    image = '<meta property="og:image" content="/a.png">'
    one, two = (elsewhere.page(f"news.example/{name}", title=name, head=image) for name in ("one", "two"))
    post = await say(engines, ann, f"first {one}")
    await follow_up(engines)
    picture = (await card(engines, post) or {})["image"]
    await edit(engines, ann, post, f"second {one}")
    assert await title(engines, post) == "one"

    await edit(engines, ann, post, f"third {two}")
    assert await title(engines, post) == ""  # at once
    await follow_up(engines)
    assert await title(engines, post) == "two"
    name = picture.split("/")[-1]
    assert engines.blobs.get(f"{name[:2]}/{name[2:4]}/{name[4:]}") is None
    await edit(engines, ann, post, "nothing")
    assert await title(engines, post) == ""
    await follow_up(engines)
    again = await say(engines, ann, two)
    await follow_up(engines)
    await engines.db.write(posts.delete, ann, again)
    await follow_up(engines)
    for table in ("links", "cards"):
        assert await engines.db.read(lambda tx, table=table: tx.all(f"SELECT * FROM {table}")) == []
    assert elsewhere.asked.count("news.example/two") == 2


async def test_links_of_the_site_itself_have_no_cards(engines: Engines, elsewhere: Elsewhere):
    url = elsewhere.page("news.example/", title="News")
    ann = await engines.db.write(person, "ann")
    own = [f"https://{host}/@ann" for host in ("town.example", "TOWN.EXAMPLE")]
    post = await say(engines, ann, f"@ann #tag {' '.join(own)} {url}")
    plain = await say(engines, ann, f"{own[0]} @bob@news.example")
    await follow_up(engines)
    assert [await title(engines, one) for one in (post, plain)] == ["News", ""]
    assert elsewhere.asked == ["news.example/"]


async def test_each_organisation_has_its_own_and_operators_decide(engines: Engines, elsewhere: Elsewhere):
    url = elsewhere.page("news.example/", title="News")
    ann = await engines.db.write(person, "ann")
    orgs_made = [Org(8192, "a", "A", "a.example", 0), Org(16384, "b", "B", "b.example", 1)]
    for org in orgs_made:
        await engines.db.write(orgs.insert, org)
    open_, closed = [await engines.db.write(person, "bob", org.id) for org in orgs_made]
    found = {author: await say(engines, author, url) for author in (ann, open_, closed)}
    await follow_up(engines, link_cards="never")
    assert elsewhere.asked == []

    async def shown(author: int, site: sites.Site) -> bool:
        return bool(await card(engines, found[author], author, site))

    at = [SITE, *(sites.of_org(TOWN, org) for org in orgs_made)]
    for setting, told in (("open", [True, True, False]), ("always", [True, True, True])):
        found = {author: await say(engines, author, f"{url}?{setting}") for author in (ann, open_, closed)}
        elsewhere.page(f"news.example/?{setting}", title="News")
        await follow_up(engines, link_cards=setting)
        assert [await shown(author, site) for author, site in zip(found, at, strict=True)] == told
    assert elsewhere.asked.count("news.example/?always") == 3


async def test_authors_are_told_who_want_it(engines: Engines, elsewhere: Elsewhere):
    ann, bob = await people(engines.db, "ann", "bob")
    head = '<meta name="fediverse:creator" content="@ann@town.example"><meta name="author" content="A. N.">'
    post = await say(engines, bob, elsewhere.page("blog.news.example/", title="News", head=head))
    far = head.replace("town.example", "far.example")
    other = await say(engines, bob, elsewhere.page("blog.news.example/2", title="News", head=far))
    await follow_up(engines)

    async def told(viewer: int) -> tuple[Any, Any]:
        shown = await card(engines, post, viewer) or {}
        (one,) = shown["authors"]
        return one["account"] and one["account"]["acct"], shown["missing_attribution"]

    def told_to_many(tx: Tx) -> Any:
        (shown,) = Renderer(SITE, Addresses(Signer(b"secret"))).seen(tx, visibility.see(tx, ann, [post]), [post], {})
        return msgspec.json.decode(shown)["card"]["missing_attribution"]

    assert [await told(one) for one in (0, bob, ann)] == [(None, None), (None, None), (None, True)]
    assert await engines.db.read(told_to_many) is None  # on streams, where ann may stand for others
    await engines.db.write(accounts.change_profile, ann, ProfileChange(attribution_domains=["news.example"]))
    assert [await told(one) for one in (0, ann)] == [("ann", None), ("ann", None)]
    assert (await card(engines, other) or {})["authors"][0]["account"] is None


async def test_cards_cost_one_query_a_page_and_pages_without_any_none(engines: Engines, elsewhere: Elsewhere):
    ann = await engines.db.write(person, "ann")
    plain = [await say(engines, ann, "hello") for _ in range(8)]
    linking = [await say(engines, ann, elsewhere.page(f"news.example/{n}", title=str(n))) for n in range(8)]
    await follow_up(engines)

    async def cost(ids: list[int], render: Renderer) -> int:
        counting = CountingDatabase(engines.db)
        assert len(await counting.read(render.statuses, ann, ids)) == len(ids)
        return counting.asked.total()

    def new() -> Renderer:
        return Renderer(SITE, Addresses(Signer(b"secret")))

    one, render = await cost(plain, new()), new()
    assert [await cost(linking, render), await cost(linking[:1], new())] == [one + 1, one + 1]
    assert await cost(plain, render) > await cost(linking, render) == await cost(plain, render)  # cards never change
    assert {one.card_id for one in (await engines.db.read(post_rows.by_ids, plain)).values()} == {0}
