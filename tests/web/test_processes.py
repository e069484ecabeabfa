"""Pages of what people must acknowledge and decide."""

from client import Server, eventually
from visitor import logged_in

OURS = "/api/chirrup/v1"


def test_a_person_asks_and_sees_who_has_not_yet(server: Server):
    boss, bob, eve = server.person(), server.person(), server.person()
    id = boss.say(f"@{bob.name} @{eve.name} mind the step")["id"]
    desk, bobs = logged_in(server, boss), logged_in(server, bob)
    assert f"@{bob.name} @{eve.name}" in desk.get(f"/acks/{id}").text  # whom it mentions is proposed
    form = {"ask_who": f"@{bob.name} @nobody", "ask_within": "60"}
    refused = desk.post(f"/acks/{id}", **form)
    assert (refused.status_code, "@nobody" in refused.text, f"@{bob.name}" in refused.text) == (422, True, True)
    assert desk.post(f"/acks/{id}", **form | {"ask_within": "soon", "ask_who": bob.name}).status_code == 422
    asked = desk.post(f"/acks/{id}", ask_who=f"@{bob.name} @{eve.name}", ask_within="60")
    assert asked.headers["Location"] == f"/acks/{id}"
    assert "Not yet: 2 of 2" in desk.get(f"/acks/{id}").text
    assert eventually(lambda: "mind the step" in bobs.get("/acks").text)
    assert bob.post(f"/api/v1/statuses/{id}/favourite").ok
    assert "mind the step" not in bobs.get("/acks").text
    assert eventually(lambda: "1 of 2 have acknowledged it" in desk.get("/acks/asked").text)
    page = desk.get(f"/acks/{id}").text
    assert "Not yet: 1 of 2" in page
    assert bobs.get(f"/acks/{id}").status_code == 404
    assert bobs.post(f"/acks/{id}", ask_who=eve.name, ask_within="60").status_code == 404


def test_a_person_asks_for_approval(server: Server):
    boss, bob = server.person(), server.person()
    desk = logged_in(server, boss)
    form = {"text": f"@{bob.name} a red van?", "ask_who": f"@{bob.name}", "quorum": "2", "decide_within": "3600"}
    refused = desk.post("/approvals/new", **form)
    assert (refused.status_code, "a red van?" in refused.text) == (422, True)
    for wrong in ({"quorum": "many"}, {"decide_within": "1"}, {"text": ""}, {"ask_who": ""}):
        assert desk.post("/approvals/new", **form | {"quorum": "1"} | wrong).status_code == 422, wrong
    where = desk.post("/approvals/new", **form | {"quorum": "1"}).headers["Location"]
    assert "Nobody has decided yet" in desk.get(where).text
    assert "0 of 1 needed approve" in desk.get("/approvals").text
    poll = bob.get(f"/api/v1/statuses/{where.rsplit('/', 1)[1]}").json()["poll"]
    assert bob.post(f"/api/v1/polls/{poll['id']}/votes", choices=[0]).ok
    assert eventually(lambda: "Approved" in desk.get(where).text)
    assert f"@{bob.name}" in logged_in(server, bob).get(where).text
