"""Reactions to announcements on the home page."""

import re

import pytest
from client import Person, Server, eventually
from visitor import Visitor
from world import png

from chirrup.ports import Engines
from chirrup.social import announcements, emojis
from chirrup.social.announcements import Wanted


@pytest.fixture
def announced(server: Server) -> str:
    """The id of an announcement."""

    async def publish(engines: Engines) -> str:
        return str((await engines.db.write(announcements.announce, 0, Wanted("The network closes on Friday."))).id)

    return server.do(publish)


def shown(home: str, id: str) -> str:
    found = re.search(rf'<article class="banner announcement" id="announcement{id}".*?</article>', home, re.DOTALL)
    return found[0] if found else ""


def send(anns: Visitor, id: str, verb: str = "react", **fields: str) -> int:
    return anns.post(f"/announcements/{id}/{verb}", **fields).status_code


def test_one_reacts_sees_it_at_once_and_takes_it_back(ann: Person, bob: Person, anns: Visitor, announced: str):
    id = announced
    one = shown(anns.get("/home").text, id)
    assert f'formaction="/announcements/{id}/unreact"' not in one
    assert 'aria-label="React with 🎉"' in one
    assert bob.put(f"/api/v1/announcements/{id}/reactions/👍").ok

    assert (send(anns, id, name="👍"), send(anns, id, emoji=" 🦊 ")) == (303, 303)

    one = shown(anns.get("/home").text, id)
    assert "👍 <span>2</span>" in one
    assert "🦊 <span>1</span>" in one
    assert one.count('aria-pressed="true"') == 2
    assert 'aria-label="React with 👍"' not in one
    assert send(anns, id, "unreact", name="👍") == 303
    one = shown(anns.get("/home").text, id)
    assert "👍 <span>1</span>" in one
    assert one.count('aria-pressed="true"') == 1
    told = next(it for it in ann.get("/api/v1/announcements").json() if it["id"] == id)
    assert {it["name"]: it["me"] for it in told["reactions"]} == {"👍": False, "🦊": True}


def test_what_is_no_emoji_is_refused_and_comes_back(anns: Visitor, announced: str):
    answer = anns.post(f"/announcements/{announced}/react", emoji="nonsense")

    assert answer.status_code == 422
    assert 'value="nonsense"' in answer.text
    assert "is not a recognized emoji" in answer.text
    assert "The network closes on Friday." in answer.text
    gone = anns.post("/announcements/123/react", emoji="kept words")
    assert (gone.status_code, "kept words" in gone.text) == (404, True)


def test_an_emoji_of_the_site_is_a_picture(server: Server, anns: Visitor, announced: str):
    name = f"bird{announced[-8:]}"
    server.do(lambda engines: emojis.add(engines, 0, png(), emojis.Wanted(name, "birds")))

    eventually(lambda: send(anns, announced, emoji=f":{name}:") == 303)

    assert f'alt=":{name}:"' in shown(anns.get("/home").text, announced)


def test_no_more_are_offered_than_there_may_be(ann: Person, anns: Visitor, announced: str):
    for name in "🍇🍈🍉🍊🍋🍌🍍🥭":
        assert ann.put(f"/api/v1/announcements/{announced}/reactions/{name}").ok

    assert "React with" not in shown(anns.get("/home").text, announced)
    assert send(anns, announced, name="👍") == 422
