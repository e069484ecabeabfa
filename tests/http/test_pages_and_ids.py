"""Pages of lists, and objects by id, for every route that has them."""

import itertools
from typing import get_origin

import pytest
from client import Person, eventually
from world import World, ask, name_of

from chirrup.http.arguments import Arguments
from chirrup.http.paging import Page, PageQuery, Whole
from chirrup.http.route import ADMIN, Route
from chirrup.programs import ROUTES

pytestmark = pytest.mark.slow

ARGUMENTS = {route: Arguments(route.handler) for route in ROUTES}
OTHERWISE = {  # answered with an error without more than an id: their own tests say what they do
    "/api/v1/timelines/link": "404, unless its link is a trend: test_trends.py",
    "/api/chirrup/v1/rooms/{id}/members": "404, unless it is a room's: test_rooms.py",
    "/api/chirrup/v1/rooms/{id}/requests": "404, unless it is a room's: test_rooms.py",
    "/api/chirrup/v1/hooks/out/{id}/deliveries": "404, unless it is of a hook: test_hooks_out.py",
    "/api/v1/accounts/{id}/in_collections": "403, unless it is one's own id: test_collections.py",
}
HERE = [route for route in ROUTES if route.path not in OTHERWISE]
LISTS = [route for route in HERE if issubclass(ARGUMENTS[route].query or object, PageQuery)]
PAGES = [route for route in LISTS if get_origin(ARGUMENTS[route].answer) in (Page, Whole)]
BY_ID = [route for route in HERE if int in ARGUMENTS[route].path.values()]
LONGEST = 200  # of any list, whatever limit is asked for
ID_MAX = str(2**63 - 1)
NO_IDS = [
    *(
        "undefined",
        "null",
        "NaN",
        "-1",
        "+1",
        "0",
        "00",
        "1e3",
        "1.0",
        "0x10",
        "1_000",
        " 1",
        "1%20",
        "1;",
        "[object%20Object]",
    ),
    *(
        ID_MAX,
        str(2**63),
        str(2**64),
        "1" + "0" * 40,
        "9" * 10_000,
        "٣",
        "１",
        "²",
        "%D9%A3",
        "%00",
        "%ff",
        "..%2f",
        "%2e%2e%2f",
    ),
]


def caller(world: World, admin: Person, route: Route) -> Person:
    return admin if route.who == ADMIN else world.user


@pytest.mark.parametrize("route", LISTS, ids=name_of)
def test_any_limit_is_brought_into_bounds_or_ignored(world, admin, route):
    for limit in (
        "-1",
        "0",
        "1",
        "1000000000",
        "9" * 18,
        "9" * 19,
        "9" * 50,
        "abc",
        "1.5",
        "",
        "٣",
        "1e2",
        " 5",
        "%",
        "--5",
    ):
        answer = ask(caller(world, admin, route), route, world.path(route), params={"limit": limit})

        assert answer.status_code == 200, (limit, answer.text)
        if isinstance(answer.json(), list):
            default = 100 if route.who == ADMIN else 40  # as documented
            assert len(answer.json()) <= (LONGEST if len(limit) > 2 else default)


@pytest.mark.parametrize("route", PAGES, ids=name_of)
def test_any_edge_of_a_page_is_an_id_or_refused(world, admin, route):
    for name, edge in itertools.product(("max_id", "since_id", "min_id"), [*NO_IDS, "'", "\\", "a" * 5000]):
        answer = ask(caller(world, admin, route), route, world.path(route), params={name: edge})

        assert answer.status_code == (200 if edge.isascii() and edge.isdigit() and len(edge) < 40 else 400), (
            name,
            edge,
        )


@pytest.mark.parametrize("route", BY_ID, ids=name_of)
def test_what_is_no_id_is_not_found(world, admin, route):
    for id in NO_IDS:
        answer = ask(caller(world, admin, route), route, world.filled(route, id))

        if answer.status_code == 422:  # the body is checked first
            assert answer.json()["error"]
        elif not (answer.ok and answer.json() in ([], {})):  # lists of what something that is not there has
            assert answer.status_code == 404, (id, answer.text[:200])
            assert answer.json()["error"] in ("Record not found", "There is no such thing here")


def test_a_walk_through_pages_gives_each_item_once_while_others_are_added(server, ann):
    old = [ann.say(f"old {n}")["id"] for n in range(23)][::-1]
    eventually(lambda: len(ann.home(limit=40)) == 23)
    for path in ("/api/v1/timelines/home", "/api/v1/timelines/public", f"/api/v1/accounts/{ann.id}/statuses"):
        walked = []
        page = ann.get(path, limit=5)
        while page.json():
            walked += [post["id"] for post in page.json()]
            ann.say("new")
            if "next" not in page.links or walked[-1] == old[-1]:  # what others said before is no matter here
                break
            page = ann.get(page.links["next"]["url"])

        assert len(walked) == len(set(walked))
        assert [id for id in walked if id in old] == old
        assert walked == sorted(walked, key=int, reverse=True)


def test_a_walk_upwards_gives_each_item_once(server, ann):
    ids = [ann.say(f"{n}")["id"] for n in range(13)]
    eventually(lambda: len(ann.home(limit=40)) == 13)
    for path in ("/api/v1/timelines/home", f"/api/v1/accounts/{ann.id}/statuses"):
        walked = []
        page = ann.get(path, limit=4, min_id=ids[0])
        while page.json():
            walked += [post["id"] for post in page.json()][::-1]
            page = ann.get(page.links["prev"]["url"])

        assert walked == ids[1:]


@pytest.mark.parametrize("mark", ["favourite", "bookmark"])
def test_a_walk_through_marks_goes_by_the_order_of_marking(server, ann, bob, mark):
    ids = [ann.say(f"{n}")["id"] for n in range(11)]
    marked = [ids[n] for n in (5, 1, 9, 0, 3, 10, 2)]
    for id in marked:
        assert bob.post(f"/api/v1/statuses/{id}/{mark}").ok

    walked = bob.walk(f"/api/v1/{mark}s", limit=2)

    assert [post["id"] for post in walked] == marked[::-1]


@pytest.mark.parametrize("kind", ["home", "list"])
def test_a_timeline_that_is_kept_goes_on_past_what_was_deleted_since(ann: Person, bob: Person, kind: str):
    ann.follow(bob)
    path = "/api/v1/timelines/home"
    if kind == "list":
        made = ann.post("/api/v1/lists", title="bob").json()["id"]
        ann.post(f"/api/v1/lists/{made}/accounts", account_ids=[bob.id])
        path = f"/api/v1/timelines/list/{made}"
    said = [bob.say(f"n{n}")["id"] for n in range(20)]
    eventually(lambda: [post["id"] for post in ann.get(path, limit=40).json()] == said[::-1])

    for id in said[3:]:
        bob.delete(f"/api/v1/statuses/{id}")

    assert ann.get(path, limit=2).json()
    assert [post["id"] for post in ann.walk(path, limit=2)] == said[2::-1]
    late = bob.say("late")["id"]
    eventually(lambda: ann.get(path, limit=1).json()[0]["id"] == late)
    assert [post["id"] for post in ann.get(path, limit=2, min_id=said[2]).json()] == [late]
