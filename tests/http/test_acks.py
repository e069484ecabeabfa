"""Posts that must be acknowledged, chains, rotations and approvals, for clients that know only Mastodon's API."""

import secrets

from client import Person, Server, eventually

V1, OURS = "/api/v1", "/api/chirrup/v1"
WARNING = "Please acknowledge: star this"


def told(person: Person) -> list[str]:
    """The posts of which the person is told as news."""
    answer = person.get(f"{V1}/notifications", **{"types[]": "status"})
    return [one["status"]["id"] for one in answer.json()]


def report(person: Person, id: str) -> dict:
    answer = person.get(f"{OURS}/statuses/{id}/acks")
    assert answer.ok, answer.text
    return answer.json()


def test_who_is_asked_acknowledges_by_a_favourite(server: Server):
    boss, bob, eve = server.person(), server.person(), server.person()
    id = boss.say(f"@{bob.name} @{eve.name} the doors are locked at six from now on")["id"]
    asked = boss.post(f"{OURS}/statuses/{id}/acks", who=[f"@{bob.name}", eve.name])
    assert asked.ok, asked.text
    assert (asked.json()["missing"], asked.json()["state"], asked.json()["enough"]) == (2, "open", "all")
    assert bob.get(f"{V1}/statuses/{id}").json()["spoiler_text"] == WARNING
    assert eventually(lambda: told(bob) == told(eve) == [id])
    assert [one["id"] for one in bob.get(f"{OURS}/acks").json()] == [id]
    assert [one["id"] for one in boss.get(f"{OURS}/acks/asked").json()] == [id]

    assert bob.post(f"{V1}/statuses/{id}/favourite").ok
    assert bob.get(f"{OURS}/acks").json() == []  # in the very next answer
    assert report(boss, id)["acknowledged"] == 1
    assert eventually(lambda: [one["via"] for one in report(boss, id)["asked"] if one["id"] == bob.id] == ["favourite"])
    assert bob.post(f"{V1}/statuses/{id}/unfavourite").ok
    assert eventually(lambda: report(boss, id)["acknowledged"] == 1)  # for good
    assert eve.post(f"{V1}/statuses/{id}/favourite").ok
    assert eventually(lambda: report(boss, id)["state"] == "done")
    assert report(boss, id)["next_at"] is None
    assert bob.get(f"{OURS}/statuses/{id}/acks").status_code == 404


def test_what_cannot_be_asked_is_told(server: Server):
    boss, bob, eve = server.person(), server.person(), server.person()
    mine = boss.say(f"@{bob.name} hello")["id"]
    path = f"{OURS}/statuses/{mine}/acks"
    for wanted, status, words in (
        ({"who": [f"nobody{secrets.token_hex(3)}"]}, 422, "no person, room or rotation"),
        ({"who": []}, 422, "at least one"),
        ({"who": [boss.name]}, 403, "mentions"),
        ({"who": [eve.name]}, 403, "mentions"),
        ({"who": [bob.name], "within_minutes": 0}, 422, "must be 1 to"),
        ({"who": [bob.name], "enough": "some"}, 422, "all or one"),
        ({"who": [bob.name], "chain": "nights"}, 422, "no such chain"),
        ({"who": [f"a{n}" for n in range(21)]}, 422, "at most 20"),
    ):
        answer = boss.post(path, **wanted)
        assert (answer.status_code, words in answer.text) == (status, True), (wanted, answer.text)
    assert bob.post(path, who=[boss.name]).status_code == 404  # not bob's post
    secret = boss.say("between us", visibility="private")["id"]
    root = server.admin()
    assert (
        root.post(f"{OURS}/statuses/{root.say('x', visibility='direct')['id']}/acks", who=[bob.name]).status_code == 422
    )
    assert boss.post(f"{OURS}/statuses/{secret}/acks", who=[bob.name]).status_code == 403
    assert boss.post(path, who=[bob.name]).ok
    assert "already" in boss.post(path, who=[bob.name]).text


def test_rotations_and_chains_are_arranged_by_who_announces(server: Server):
    root, bob, eve = server.admin(), server.person(), server.person()
    name = f"duty{secrets.token_hex(4)}"
    assert bob.post(f"{OURS}/rotations", name=name).status_code == 403
    made = root.post(f"{OURS}/rotations", name=name, people=[bob.id, eve.id], zone="Europe/Berlin").json()
    path = f"{OURS}/rotations/{made['id']}"
    assert made["on_duty"] == bob.id
    assert root.patch(path, from_at="2020-01-06T09:00:00Z", people=[eve.id]).json()["on_duty"] == eve.id
    assert root.patch(path, zone="Middle/Earth").status_code == 422
    assert root.patch(path, people=["1"]).status_code == 422
    assert root.patch(path, from_at="soon").status_code == 422
    assert "taken" in root.post(f"{OURS}/rotations", name=name).text

    chain = f"c{secrets.token_hex(4)}"
    steps = [{"who": [f"@{name}"], "minutes": 5}, {"who": [f"@{bob.name}", f"@{root.name}"], "minutes": 10}]
    made = root.post(f"{OURS}/chains", name=chain, steps=steps, repeats=3).json()
    assert made["steps"] == steps
    assert root.put(f"{OURS}/chains/{made['id']}", steps=steps[:1]).json()["steps"] == steps[:1]
    for wrong in ({"steps": []}, {"steps": [{"who": []}]}, {"steps": steps, "repeats": 4}):
        assert root.put(f"{OURS}/chains/{made['id']}", **wrong).status_code == 422, wrong
    assert bob.get(f"{OURS}/chains").ok
    assert bob.delete(f"{OURS}/chains/{made['id']}").status_code == 403
    assert root.delete(f"{OURS}/chains/{made['id']}").ok
    assert root.get(f"{OURS}/chains/{made['id']}").status_code == 404
    assert root.delete(path).ok


def test_any_client_votes_on_an_approval(server: Server):
    boss, bob, eve, max_ = (server.person() for _ in range(4))
    who = [f"@{one.name}" for one in (bob, eve)]
    made = boss.post(f"{OURS}/approvals", status="We buy the red van", who=[*who, boss.name], quorum=2)
    assert made.ok, made.text
    made = made.json()
    path = f"{OURS}/approvals/{made['id']}"
    assert (made["state"], set(made["voters"])) == ("open", {bob.id, eve.id})
    assert eventually(lambda: made["id"] in told(bob))
    poll = bob.get(f"{V1}/statuses/{made['id']}").json()["poll"]
    assert [one["title"] for one in poll["options"]] == ["Approve", "Reject"]
    votes = f"{V1}/polls/{poll['id']}/votes"
    assert "Only the people who are asked" in max_.post(votes, choices=[0]).text
    assert bob.post(votes, choices=[0]).ok
    assert bob.get(path).json()["approve"] == 1
    assert boss.put(f"{V1}/statuses/{made['id']}", status="We buy two").status_code == 422
    assert eve.post(votes, choices=[0]).ok
    done = eventually(lambda: (now := boss.get(path).json())["state"] == "approved" and now)
    assert [one["choice"] for one in done["decisions"]] == ["approve", "approve"]
    assert eventually(lambda: bob.get(f"{V1}/polls/{poll['id']}").json()["expired"])
    for wrong in ({"quorum": 3}, {"quorum": 0}, {"who": []}, {"choices": ["yes"]}, {"expires_in": 1}):
        answer = boss.post(f"{OURS}/approvals", **{"status": "x", "who": who} | wrong)
        assert answer.status_code == 422, (wrong, answer.text)

    made = boss.post(f"{OURS}/approvals", status="And a blue one", who=who, quorum=2).json()
    poll = bob.get(f"{V1}/statuses/{made['id']}").json()["poll"]
    assert bob.post(f"{V1}/polls/{poll['id']}/votes", choices=[1]).ok
    path = f"{OURS}/approvals/{made['id']}"
    assert eventually(lambda: boss.get(path).json()["state"] == "rejected")
