"""Announcements over the network: made by a command, read, reacted to and dismissed by apps and on pages."""

import secrets

import pytest
from client import Person, Server, eventually
from shapes import decode
from visitor import logged_in
from world import png

from chirrup.mastodon.announcement_entities import Announcement
from chirrup.ports import Engines
from chirrup.social import announcements, emojis

pytestmark = pytest.mark.slow
PATH = "/api/v1/announcements"


def shown(person: Person) -> dict[str, Announcement]:
    return {one.id: one for one in decode(person.get(PATH), list[Announcement])}


def test_one_is_published_shown_reacted_to_dismissed_and_ended(server: Server, ann: Person, bob: Person):
    bird = f"bird_{secrets.token_hex(4)}"

    async def add_emoji(engines: Engines) -> None:
        await emojis.add(engines, 0, png(), emojis.Wanted(bird))

    server.do(add_emoji)
    post, hidden = ann.say("bread"), ann.say("secret", visibility="direct")
    text = f"Hello @{ann.name} and <b> #Bread :{bird}: {post['url']} {hidden['url']}"
    said = server.command("announce", "publish", text, "--begins", "2026-01-31", "--ends", "4000-01-01", "--all-day")
    id = said.split()[1]

    one = shown(bob)[id]
    assert (one.starts_at, one.ends_at, one.all_day) == ("2026-01-31T00:00:00.000Z", "4000-01-01T00:00:00.000Z", True)
    assert (one.read, one.reactions) == (False, [])
    assert f'href="{server.url}/@{ann.name}"' in one.content and "&lt;b&gt;" in one.content
    assert [mention.id for mention in one.mentions] == [ann.id] and [tag.name for tag in one.tags] == ["bread"]
    assert [emoji.shortcode for emoji in one.emojis] == [bird]
    assert [status.id for status in one.statuses] == [post["id"]]

    assert bob.put(f"{PATH}/{id}/reactions/👍").json() == bob.put(f"{PATH}/{id}/reactions/{bird}").json() == {}
    assert ann.put(f"{PATH}/{id}/reactions/👍").status_code == 200
    thumbs, own = shown(bob)[id].reactions
    assert (thumbs.name, thumbs.count, thumbs.me, own.name, own.count, own.me) == ("👍", 2, True, bird, 1, True)
    assert own.url == own.static_url == one.emojis[0].url
    assert [reaction.me for reaction in shown(ann)[id].reactions] == [True, False]
    assert bob.delete(f"{PATH}/{id}/reactions/👍").json() == {}
    assert [reaction.count for reaction in shown(bob)[id].reactions] == [1, 1]
    refused = bob.put(f"{PATH}/{id}/reactions/none")
    assert (refused.status_code, refused.json()) == (
        422,
        {"error": "Validation failed: Name is not a recognized emoji"},
    )

    assert bob.post(f"{PATH}/{id}/dismiss").json() == {}
    assert (shown(bob)[id].read, shown(ann)[id].read) == (True, False)
    browser = logged_in(server, ann)
    path = f"/announcements/{id}/dismiss"
    eventually(lambda: path in browser.get("/home").text)
    page = browser.get("/home").text
    assert f'alt=":{bird}:"' in page and 'datetime="4000-01-01"' in page
    answer = browser.post(path, csrf_from="/home")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/home")
    assert path not in browser.get("/home").text and shown(ann)[id].read

    assert id in server.command("announce", "list")
    server.command("announce", "end", id)
    assert id not in shown(bob)
    gone = [bob.post(f"{PATH}/{id}/dismiss"), bob.put(f"{PATH}/{id}/reactions/👍"), bob.post(f"{PATH}/1/dismiss")]
    assert [answer.status_code for answer in gone] == [404] * 3


def test_who_may_read_and_do_what(server: Server, ann: Person):
    one = server.do(lambda engines: engines.db.write(announcements.announce, 0, announcements.Wanted("hello")))
    try:
        assert server.anyone().get(PATH).status_code == 401
        assert str(one.id) in shown(ann)
    finally:
        server.do(lambda engines: engines.db.write(announcements.end, 0, one.id))
