"""What is said in a closed room, asked for by all who are not in it, on every line of every table.

Other organisations: test_walls.py, where each has a closed room. What members see: test_rooms.py.
"""

import asyncio
import secrets

import aiohttp
import pytest
import requests
from client import Server
from closed_room import NEVER_INSIDE, OUTSIDE, ROOMS, V1, ClosedRoom
from ears import SSE, Ears
from engines import eventually
from visitor import logged_in
from walls import ABSENT

from chirrup.http.route import FREE
from chirrup.programs import ROUTES
from chirrup.web.routes import ROUTES as PAGES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def closed(server: Server) -> ClosedRoom:
    return ClosedRoom(server)


@pytest.mark.parametrize("who", OUTSIDE)
def test_nobody_outside_reads_a_word_of_a_closed_room(closed: ClosedRoom, who: str):
    """Every route that answers, and every page."""
    person, browser = closed.outside[who], closed.browsers.get(who)
    query = {"q": closed.word, "acct": closed.name, "id[]": [closed.room["id"], *closed.said], "resolve": "true"}
    asked = 0
    for route in ROUTES:
        if route.method == "GET" and route.path != "/metrics":
            for path, _ in closed.paths(route.path):
                answer = person.get(path, **query)
                asked += 1
                assert answer.status_code < 500, path
                assert not closed.told_in(answer.text, f"acct={closed.name}"), f"{path}: {answer.text}"
    for page in PAGES:
        if browser and page.method == "GET" and page.cost != FREE:  # a stream does not end
            for path, _ in closed.paths(page.path):
                asked += 1
                assert closed.word not in browser.get(path).text, path
    assert asked > 150


@pytest.mark.parametrize("who", NEVER_INSIDE)
def test_what_is_done_to_a_closed_room_by_id_is_as_with_what_never_was(closed: ClosedRoom, who: str):
    person, asked = closed.outside[who], 0
    for route in ROUTES:
        if route.method in ("POST", "PUT", "PATCH", "DELETE"):
            for path, absent in closed.paths(route.path):
                if absent:
                    body = {"choices": [0], "status": "so?", "account_id": closed.room["id"], "account_ids": ["1"]}
                    found, never = (person.call(route.method, one, json=body) for one in (path, absent))
                    asked += 1
                    assert found.status_code == never.status_code, f"{path}: {found.text}"
                    assert not closed.told_in(found.text), path
    assert asked > 80


@pytest.mark.parametrize("who", ["stranger", "pending", "guest"])
def test_forms_of_pages_do_nothing_to_a_room_that_one_is_not_in(closed: ClosedRoom, who: str):
    """Also for the stranger, who manages another room: as to what never was."""
    browser, id = closed.browsers[who], closed.room["id"]
    before = [closed.boss.get(f"{ROOMS}/{id}{path}").json() for path in ("", "/members", "/requests")]
    sent = {"act": "promote", "account": closed.people[who].id, "room_member": f"@{closed.people[who].name}"}
    sent |= {"csrf": browser.csrf("/settings"), "room_title": "mine"}
    forms = [one.path for one in PAGES if one.method == "POST" and one.path.startswith("/rooms/{id}")]
    assert len(forms) >= 7
    for path in forms:
        found, never = (browser.send(path.replace("{id}", one), sent) for one in (id, ABSENT))
        assert (found.status_code, never.status_code) == (404, 404), path
        assert closed.word not in found.text, path
    assert [closed.boss.get(f"{ROOMS}/{id}{path}").json() for path in ("", "/members", "/requests")] == before


def test_what_belongs_to_one_room_is_nothing_in_another(closed: ClosedRoom):
    """Of the same manager: posts, requests, members."""
    other, boss = f"{ROOMS}/{closed.other['id']}", closed.boss
    pending, mate = closed.people["pending"].id, closed.mate.id
    assert boss.post(f"{other}/posts/{closed.said[0]}/pin").status_code == 404
    for verb in ("accept", "reject"):
        assert boss.post(f"{other}/requests/{pending}/{verb}").status_code == 404
    assert boss.put(f"{other}/managers/{mate}").status_code == 404
    assert [one["id"] for one in boss.get(f"{ROOMS}/{closed.room['id']}/requests").json()] == [pending]


@pytest.mark.parametrize("who", ["mate", "insider"])
def test_members_read_it_all(closed: ClosedRoom, who: str):
    """So the addresses that are asked above are right."""
    member = closed.people[who]
    asked = [path for one in ROUTES if one.method == "GET" and "{" in one.path for path, _ in closed.paths(one.path)]
    assert sum(closed.word in member.get(path).text for path in asked) > 15
    paths = [f"{V1}/timelines/home", f"{V1}/timelines/list/{closed.room['id']}", f"{ROOMS}/{closed.room['id']}"]
    for path in (*paths, *(f"{V1}/statuses/{id}" for id in closed.said)):
        assert closed.word in member.get(path).text, path
    assert closed.word in member.get("/api/v2/search", q=closed.word).text


def test_a_guest_inside_reads_nothing_of_what_is_outside(closed: ClosedRoom):
    """On every route and page: the stranger is not there, nor what they say."""
    guest, browser = closed.people["insider"], logged_in(closed.server, closed.people["insider"])
    query = {
        "q": closed.abroad,
        "acct": closed.people["stranger"].name,
        "id[]": [closed.hello, closed.outer["accounts"][0]],
    }
    mate, told = closed.mate, 0
    for route in ROUTES:
        if route.method == "GET" and route.path != "/metrics":
            for path, _ in closed.paths(route.path, closed.outer):
                text = guest.get(path, **query).text
                for echoed in (f"q={closed.abroad}", f"tags/{closed.abroad}", f'"name":"{closed.abroad}"'):
                    text = text.replace(echoed, "")
                assert closed.abroad not in text, f"{path}: {text}"
                told += closed.abroad in mate.get(path, **query).text
    for page in PAGES:
        theirs = page.cost != FREE and not page.embedded  # nobody in particular looks at what is embedded
        if page.method == "GET" and theirs and "{name}" not in page.path:
            for path, _ in closed.paths(page.path, closed.outer):
                assert closed.abroad not in browser.get(path).text, path
    assert told > 10


def test_members_load_the_pictures(closed: ClosedRoom):
    for address in closed.fresh():
        assert requests.get(address, timeout=10).headers["Cache-Control"].startswith("private")


def test_no_address_of_a_file_that_who_has_left_has_kept_opens_anything(closed: ClosedRoom):
    """Nor one without a signature, nor with another's."""
    fresh = closed.fresh()
    signatures = [address.split("?")[1] for address in fresh]
    for address in closed.addresses:
        bare = address.split("?")[0]
        others = [f"{bare}?{one}" for one in signatures if f"{bare}?{one}" not in fresh]
        for url in (address, bare, *others):
            for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-3"})):
                answer = requests.request(method, url, headers=headers, timeout=10)
                assert (answer.status_code, len(answer.content) < 200) == (404, True), url


async def test_no_stream_tells_anybody_outside_of_a_closed_room(closed: ClosedRoom):
    word, end = f"canary{secrets.token_hex(6)}", f"end{secrets.token_hex(6)}"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        ears = Ears(closed, session)
        try:
            for who, person in (closed.outside | {"mate": closed.mate}).items():
                for stream in SSE:
                    await ears.events(who, person, stream, closed, closed.room["id"])
                if who in ("stranger", "guest", "removed"):
                    await ears.page(who, person, closed.said[0])
            said = await asyncio.to_thread(
                closed.boss.say, f"@{closed.name} #{closed.tag} @{closed.people['stranger'].name} {word}"
            )
            inside = {("mate", "user"), ("mate", "list")}
            await eventually(lambda: _true(ears.told_of(word) >= inside), within_s=20)
            await asyncio.to_thread(closed.boss.put, f"{V1}/statuses/{said['id']}", status=f"@{closed.name} {word} 2")
            await asyncio.to_thread(closed.boss.delete, f"{V1}/statuses/{said['id']}")
            for text in (f"{end} #{closed.tag}", f"@{closed.other['name']} {end}"):
                await asyncio.to_thread(closed.boss.say, text)
            hearing = {(who, "user") for who in ("stranger", "guest", "ex_member", "removed")}
            hearing |= {("stranger", "/home/live"), ("stranger", "hashtag"), ("mate", "public")}
            await eventually(lambda: _true(ears.told_of(end) >= hearing), within_s=20)

            assert {who for who, _ in ears.told_of(word, said["id"])} == {"mate"}
            assert {who for who, name in ears.refused if name == "list"} == set(OUTSIDE)
        finally:
            await ears.close()


async def _true(value: bool) -> bool:
    return value


def test_a_guest_sees_nothing_of_those_who_are_in_none_of_its_rooms(closed: ClosedRoom):
    guest, stranger, mate = closed.outside["guest"], closed.people["stranger"], closed.mate
    assert guest.get(f"{V1}/accounts/{closed.boss.id}").ok
    for one in (mate, stranger):
        assert guest.get(f"{V1}/accounts/{one.id}").status_code == 404
        assert guest.get(f"{V1}/accounts/relationships", **{"id[]": [one.id]}).json() == []
    yard = closed.boss.post(ROOMS, name=f"r{secrets.token_hex(5)}").json()
    assert closed.boss.post(f"{ROOMS}/{yard['id']}/members", account_id=guest.id).ok
    said = closed.boss.say(f"@{yard['name']} for all")["id"]
    assert said in guest.get(f"{V1}/timelines/list/{yard['id']}").text
    for path in ("timelines/public", "trends/tags", "trends/statuses", "trends/links", "directory", "suggestions"):
        assert guest.get(f"{V1}/{path}").json() == [], path
    assert said not in closed.browsers["guest"].get("/public").text
    found = guest.get("/api/v2/search", q=stranger.name).json()
    assert found == {"accounts": [], "statuses": [], "hashtags": []}
    assert guest.post(ROOMS, name=f"g{secrets.token_hex(4)}").status_code == 403
