"""Rooms over the network: for clients that know no rooms, by Chirrup's own API, and on pages.

For all who are not in them: test_closed_rooms.py.
"""

import re
import secrets

import requests
from client import Person, Server, eventually
from visitor import Visitor, logged_in
from world import png

V1, ROOMS = "/api/v1", "/api/chirrup/v1/rooms"


def made(owner: Person, **how) -> dict:
    answer = owner.post(ROOMS, name=f"r{secrets.token_hex(5)}", **how)
    assert answer.ok, answer.text
    return answer.json()


def ids(answer) -> list[str]:
    assert answer.ok, answer.text
    return [one["id"] for one in answer.json()]


def test_a_client_that_knows_no_rooms_is_at_home_in_one(server: Server):
    boss, bob, eve = server.person(), server.person(), server.person()
    room = made(boss, title="The den", note="Quiet", closed=True)
    id, at = room["id"], f"@{room['name']}"

    found = bob.get(f"{V1}/accounts/lookup", acct=room["name"]).json()
    assert (found["id"], found["group"], found["locked"], found["display_name"]) == (id, True, True, "The den")
    assert bob.post(f"{V1}/accounts/{id}/follow").json()["requested"]
    told = eventually(lambda: boss.get(f"{V1}/notifications", **{"types[]": "follow_request"}).json())[0]
    assert told["account"]["id"] == bob.id
    assert bob.post(f"{V1}/lists/{id}/accounts", account_ids=[eve.id]).status_code == 404
    assert boss.post(f"{V1}/lists/{id}/accounts", account_ids=[bob.id]).json() == {}  # lets him in
    assert eventually(lambda: boss.get(f"{V1}/notifications", **{"types[]": "follow_request"}).json() == [])

    assert bob.get(f"{V1}/lists").json() == [
        {"id": id, "title": "The den", "replies_policy": "list", "exclusive": False}
    ]
    assert set(ids(bob.get(f"{V1}/lists/{id}/accounts"))) == {boss.id, bob.id}
    assert bob.put(f"{V1}/lists/{id}", title="mine").status_code == 403
    assert bob.post(f"{V1}/lists/{id}/accounts", account_ids=[eve.id]).status_code == 403

    said = bob.say(f"{at} @{eve.name} @{boss.name} hello")
    assert said["visibility"] == "private"
    assert [one["acct"] for one in said["mentions"]] == [room["name"], boss.name]
    answer = boss.say("and hello to you", in_reply_to_id=said["id"])
    for person in (boss, bob):
        assert ids(person.get(f"{V1}/timelines/list/{id}")) == [answer["id"], said["id"]]
        assert ids(person.get(f"{V1}/accounts/{id}/statuses")) == [answer["id"], said["id"]]
    assert eventually(lambda: [one["id"] for one in boss.home()] == [answer["id"], said["id"]])
    assert eventually(lambda: boss.get(f"{V1}/notifications", **{"types[]": "mention"}).json())
    assert eve.get(f"{V1}/notifications").json() == []
    refused = bob.post(f"{V1}/statuses", status=f"{at} @{made(bob)['name']} hello")
    assert (refused.status_code, "one room at most" in refused.text) == (422, True)

    assert bob.post(f"{V1}/accounts/{id}/follow", reblogs=False).json()["showing_reblogs"] is False
    assert bob.get(f"{ROOMS}/{id}").json()["in_home"] is False
    assert bob.post(f"{V1}/accounts/{id}/unfollow").json()["following"] is False
    assert bob.get(f"{V1}/timelines/list/{id}").status_code == 404
    assert [bob.get(f"{V1}/statuses/{one['id']}").status_code for one in (answer, said)] == [404, 200]  # one is his


def test_rooms_by_chirrups_own_api(server: Server):
    boss, bob, eve = server.person(), server.person(), server.person()
    room, hidden = made(boss, title="Open"), made(boss, closed=True, listed=False)
    path, away = f"{ROOMS}/{room['id']}", f"{ROOMS}/{hidden['id']}"
    assert (room["joined"], room["manages"], room["members"], room["closed"]) == (True, True, 1, False)
    listed = [one["id"] for one in bob.walk(ROOMS, limit=1)]
    assert room["id"] in listed
    assert hidden["id"] not in listed
    assert bob.get(away).status_code == bob.post(f"{away}/join").status_code == 404

    assert bob.post(f"{path}/join").json()["joined"]
    assert bob.patch(path, title="Mine").status_code == 403
    assert bob.patch(f"{path}/prefs", in_home=False, notify=True).json()["notify"]
    assert boss.patch(path, note="For all").json()["note"] == "For all"
    assert boss.post(f"{path}/members", account_id=eve.id).json()["members"] == 3
    assert [(one["id"], one["role"]) for one in bob.get(f"{path}/members").json()] == [
        (eve.id, ""), (bob.id, ""), (boss.id, "manager")
    ]  # fmt: skip
    shown = boss.call("PATCH", path, files={"avatar": ("a.png", png()), "header": ("b.png", png())}).json()
    for name in ("avatar", "header"):
        assert requests.get(shown[name], timeout=10).ok
        assert bob.call("PATCH", path, files={name: ("a.png", png())}).status_code == 403
        assert bob.delete(f"{path}/{name}").status_code == 403
    assert boss.call("PATCH", path, files={"avatar": ("a.png", b"no picture")}).status_code == 422
    assert bob.get(f"{V1}/accounts/{room['id']}").json()["avatar"] == shown["avatar"]
    assert [boss.delete(f"{path}/{name}").json()[name] for name in ("avatar", "header")] == [None, None]
    assert boss.delete(f"{path}/managers/{boss.id}").status_code == 422
    assert boss.put(f"{path}/managers/{bob.id}").ok
    assert boss.post(f"{path}/leave").json() == {}
    assert bob.delete(f"{path}/members/{eve.id}").json()["members"] == 1

    said = bob.say(f"@{room['name']} hello")
    assert said["visibility"] == "public"
    assert bob.post(f"{path}/posts/{said['id']}/pin").ok
    assert ids(eve.get(f"{V1}/accounts/{room['id']}/statuses", pinned=True)) == [said["id"]]
    boosted = eve.post(f"{V1}/statuses/{said['id']}/reblog")
    assert boosted.ok
    assert bob.post(f"{path}/archive").json()["archived_at"]
    assert bob.post(f"{V1}/statuses", status=f"@{room['name']} again").status_code == 422
    assert bob.post(f"{path}/unarchive").json()["archived_at"] is None

    assert bob.patch(path, closed=True).json()["closed"]
    assert eventually(lambda: eve.get(f"{V1}/statuses/{said['id']}").status_code == 404)
    assert eventually(lambda: bob.get(f"{V1}/statuses/{said['id']}").json()["visibility"] == "private")
    assert eventually(lambda: eve.get(f"{V1}/statuses/{boosted.json()['id']}").status_code == 404)
    assert bob.patch(path, closed=False).status_code == 422
    assert server.admin().patch(path, note="Looked after").ok  # MANAGE_ROOMS
    assert eve.post(f"{path}/join").json()["requested"]
    assert ids(bob.get(f"{path}/requests")) == [eve.id]
    assert eve.get(f"{path}/requests").status_code == 403
    assert bob.post(f"{path}/requests/{eve.id}/reject").ok
    assert eve.post(f"{path}/join").json()["requested"]
    assert bob.post(f"{path}/requests/{eve.id}/accept").json()["members"] == 2
    assert eve.post(f"{path}/leave").ok
    assert eve.post(f"{path}/join").json()["requested"]
    den = made(bob, closed=True)["id"]
    assert eve.post(f"{ROOMS}/{den}/join").json()["requested"]
    assert ids(bob.get(f"{V1}/follow_requests")) == [eve.id]  # who asks twice is asked about once
    assert bob.get(f"{V1}/accounts/verify_credentials").json()["source"]["follow_requests_count"] == 1
    assert bob.post(f"{V1}/follow_requests/{eve.id}/authorize").ok  # as plain clients do
    assert bob.get(f"{V1}/follow_requests").json() == []
    assert eve.get(f"{ROOMS}/{den}").json()["joined"]
    assert bob.post(f"{V1}/follow_requests/{eve.id}/authorize").status_code == 404
    assert eve.get(f"{V1}/statuses/{said['id']}").ok


def test_rooms_on_pages(server: Server):
    """Made, joined, led and left with plain forms."""
    boss, bob = server.person(), server.person()
    name = f"r{secrets.token_hex(5)}"
    of_boss, of_bob = logged_in(server, boss), logged_in(server, bob)
    refused = of_boss.post("/rooms/new", csrf_from="/rooms/new", room_name="no good", room_note="mine")
    assert (refused.status_code, "mine" in refused.text) == (422, True)
    of_boss.post("/rooms/new", csrf_from="/rooms/new", room_name=name, room_title="Den", closed="1")
    id = next(one["id"] for one in boss.get(ROOMS).json() if one["name"] == name)
    page = f"/rooms/{id}"

    def send(who: Visitor, to: str, **fields: str) -> None:
        assert who.post(f"{page}{to}", csrf_from=page, **fields).status_code == 303, to

    assert f"@{name}" in of_bob.get("/rooms").text
    assert "Only who is in the room" in of_bob.get(page).text
    assert "Only who is in the room reads" in of_bob.get(f"/@{name}").text
    send(of_bob, "/join")
    assert f"@{bob.name}" in of_boss.get(page).text
    send(of_boss, "/people", account=bob.id, act="accept")
    send(of_bob, "/prefs", notify="1")
    assert (room := bob.get(f"{ROOMS}/{id}").json())["notify"]
    assert not room["in_home"]
    assert of_bob.post(page, csrf_from=page, room_title="Mine").status_code == 403
    send(of_boss, "/people", account=bob.id, act="promote")
    fields = {"act": "save", "room_title": "The den", "room_note": "Quiet", "hidden": "1"}
    csrf = {"csrf": of_boss.csrf(page)}
    assert of_boss.send(page, csrf | fields, files={"avatar": ("a.png", png())}).status_code == 303
    picture = boss.get(f"{ROOMS}/{id}").json()["avatar"]
    assert picture.removeprefix(server.url) in of_bob.get("/rooms").text
    refused = of_boss.send(page, csrf | fields, files={"header": ("a.png", b"none")})
    assert (refused.status_code, "Choose the pictures again" in refused.text) == (422, True)
    send(of_boss, "", **fields, no_avatar="1")
    assert boss.get(f"{ROOMS}/{id}").json()["avatar"] is None
    room = bob.get(f"{ROOMS}/{id}").json()
    assert (room["title"], room["note"], room["listed"], room["manages"]) == ("The den", "Quiet", False, True)
    assert of_boss.post(f"{page}/add", csrf_from=page, room_member="@nobody_is_called_so").status_code == 422
    text = f"@{name} @{bob.name} @{server.person().name} hello"
    posted = of_boss.post("/compose", csrf_from="/compose", text=text, visibility="public")
    assert f"not told of it: @{text.split('@')[3].split()[0]}<" in of_boss.get(posted.headers["Location"]).text
    send(of_boss, "/add", room_member=f"@{server.person().name}")
    assert "Boost" in (own := of_boss.get(posted.headers["Location"]).text)
    assert re.search(r'title="Boost" disabled', own), "what is said in a closed room stays there"
    profile = of_bob.get(f"/@{name}").text
    assert (">Leave<" in profile, ">Following<" in profile) == (True, False)
    send(of_boss, "/archive")
    assert "Nobody posts here any more" in of_bob.get(f"/@{name}").text + of_bob.get(page).text
    send(of_bob, "/leave")
    assert of_bob.get(page).status_code == 404
