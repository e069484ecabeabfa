"""Answers without pages are limited to a megabyte, whatever people write; each field that they fill has an end."""

import re

import msgspec
import pytest
from client import Person
from world import World

from chirrup.http.arguments import Arguments
from chirrup.http.route import ADMIN, Route
from chirrup.programs import ROUTES

pytestmark = pytest.mark.slow

BYTES_MAX = 1_050_000
LINKS = " ".join(f"https://example.com/{n}{'x' * 2000}" for n in range(20))  # 480 characters as they are counted


def test_a_history_of_large_states_is_cut_in_its_middle(ann: Person):
    post = ann.say("first")
    for n in range(20):
        assert ann.put(f"/api/v1/statuses/{post['id']}", status=f"{n} {LINKS}").ok

    answer = ann.get(f"/api/v1/statuses/{post['id']}/history")

    assert len(answer.content) < BYTES_MAX
    states = answer.json()
    assert "first" in states[0]["content"]
    assert [state["content"].split()[0] for state in states[1:]] == [f"<p>{n}" for n in range(21 - len(states), 20)]
    assert len(states) > 5


@pytest.mark.parametrize("viewer", ["author", "stranger"])
def test_a_thread_of_large_posts_keeps_the_nearest_above_and_the_newest_below(ann: Person, server, viewer: str):
    chain = [ann.say(f"0 {LINKS}")["id"]]
    for n in range(1, 13):
        chain.append(ann.say(f"{n} {LINKS}", in_reply_to_id=chain[-1])["id"])
    below = [ann.say(f"{n} {LINKS}", in_reply_to_id=chain[-1])["id"] for n in range(12)]

    answer = (ann if viewer == "author" else server.anyone()).get(f"/api/v1/statuses/{chain[-1]}/context")

    assert len(answer.content) < BYTES_MAX
    above, shown = ([post["id"] for post in answer.json()[part]] for part in ("ancestors", "descendants"))
    assert above == chain[-1 - len(above) : -1]
    assert shown == below[-len(shown) :]
    assert len(above) > 3 < len(shown)


def test_a_page_of_a_long_thread_leads_to_the_rest(ann: Person, server):
    root = ann.say("root")
    replies = [ann.say(f"reply {n}", in_reply_to_id=root["id"])["id"] for n in range(70)]
    first = server.anyone().get(f"/@{ann.name}/{root['id']}").text
    more = re.search(r'class="older" href="(\?before=\d+)', first)
    assert more
    second = server.anyone().get(f"/@{ann.name}/{root['id']}{more[1]}").text

    assert [id for id in replies if f'id="p{id}"' in first] == replies[10:]
    assert [id for id in replies if f'id="p{id}"' in second] == replies[:10]
    assert "More replies" not in second


BODIES = [(route, kind) for route in ROUTES if (kind := Arguments(route.handler).body)]
# So that what is too long is what is wrong. A draft keeps more than a post may have.
GOOD = {"status": "a", "phrase": "a", "title": "a", "context": ["home"], "comment": "a", "text": "a", "keyword": "a"}
GOOD |= {"client_name": "a", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "type": "none", "version": 1}
LONG, MANY = "endless" * 15_000, [f"{n}endless" for n in range(5000)]


@pytest.mark.parametrize(("route", "kind"), BODIES, ids=lambda one: getattr(one, "path", ""))
def test_whatever_is_sent_has_an_end(world: World, admin: Person, route: Route, kind: type[msgspec.Struct]):
    fields = {field.encode_name: repr(field.type) for field in msgspec.structs.fields(kind)}
    good = {name: value for name, value in GOOD.items() if name in fields}
    sent = [{name: LONG} for name, told in fields.items() if "str" in told and "list" not in told]
    sent += [{name: value} for name, told in fields.items() if "list[str]" in told for value in ([LONG], MANY)]
    who = admin if route.who == ADMIN else world.user

    for one in sent:
        answer = who.call(route.method, world.path(route), json=good | one)

        assert answer.status_code < 500
        assert not answer.ok or "endless" not in answer.text, one.keys()
