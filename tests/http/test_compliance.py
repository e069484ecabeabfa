"""The log of acts, retention, holds and search by the API: who may, what is answered, and the wall around each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Person, Server, eventually
from walls import organisation
from world import png

from chirrup import bundle
from chirrup.social import staff
from chirrup.types import Role

pytestmark = pytest.mark.slow
ORG = "/api/chirrup/v1/org"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("compliance") / "data") as town:
        yield town


@pytest.fixture(scope="module")
def acme(town: Server) -> Server:
    return organisation(town)


def searcher(server: Server) -> Person:
    """Somebody with COMPLIANCE and no other permission."""
    found, owner = server.admin(), server.admin()

    def let(engines: Any) -> Any:
        async def both() -> None:
            await engines.db.write(staff.give_role, int(owner.id), Role.OWNER)
            await engines.db.write(staff.give_role, int(found.id), Role.USER)
            await engines.db.write(staff.let_search, int(owner.id), int(found.id))

        return both()

    server.do(let)
    eventually(lambda: found.get(f"{ORG}/audit").status_code == 403, within_s=3)  # a role is known for a second
    return found


def test_the_role_alone_searches_exports_and_holds_and_each_act_is_logged(acme: Server, town: Server, tmp_path: Path):
    officer, boss, ann, bob = searcher(acme), acme.admin(), acme.person(), acme.person()
    far = town.person().say("price far away")
    for path in ("/search", "/holds"):
        for person, status in ((boss, 403), (ann, 403), (acme.anyone(), 401)):
            assert person.post(f"{ORG}{path}", scope="all", reason="case", words="price").status_code == status
    assert boss.get(f"{ORG}/holds").status_code == 403
    assert officer.get(f"{ORG}/audit").status_code == 403

    wrong = {"scope": "account", "reason": " ", "subject_id": ann.id}
    assert officer.post(f"{ORG}/holds", **wrong).status_code == 422
    for bad in ({"subject_id": far["account"]["id"]}, {"subject_id": "1"}, {"until": "soon"}):
        assert officer.post(f"{ORG}/holds", **(wrong | {"reason": "case 7"} | bad)).status_code in (404, 422)
    hold = officer.post(f"{ORG}/holds", **(wrong | {"reason": "case 7", "since": "2020-01-31"})).json()
    assert officer.get(f"{ORG}/holds").json() == [hold]
    assert (hold["subject_id"], hold["since"], hold["until"]) == (ann.id, "2020-01-31T00:00:00.000Z", None)

    file = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png())}, data={"description": "a price"}).json()
    said = ann.say(f"@{bob.name} the price is 7", visibility="direct", media_ids=[file["id"]])
    ann.call(
        "PUT", f"/api/v1/statuses/{said['id']}", data={"status": f"@{bob.name} nothing", "media_ids[]": file["id"]}
    )
    assert ann.delete(f"/api/v1/statuses/{said['id']}").ok
    found = officer.post(f"{ORG}/search", words="PRICE", account_id=ann.id).json()
    assert found["next"] is None
    (post,) = found["posts"]
    assert (post["text"], post["versions"][0]["text"]) == (f"@{bob.name} nothing", f"@{bob.name} the price is 7")
    assert post["deleted_at"]
    assert (post["visibility"], post["username"], post["mentions"]) == ("direct", ann.name, [bob.name])
    assert officer.post(f"{ORG}/search", words="far").json() == {"posts": [], "next": None}
    assert officer.post(f"{ORG}/search", account_id=far["account"]["id"]).status_code == 404
    for bad, status in (({"next": "x"}, 400), ({"since": "2020-13-01"}, 422), ({"account_id": "ann"}, 422)):
        assert officer.post(f"{ORG}/search", **bad).status_code == status
    assert ann.get(f"/api/v1/statuses/{said['id']}").status_code == 404
    saved = tmp_path / "posts.zip"
    saved.write_bytes(officer.post(f"{ORG}/search/export", account_id=ann.id).content)
    with bundle.Reader(saved) as opened:
        opened.check()
        (line,) = map(json.loads, opened.open("posts.jsonl").read().splitlines())
        assert line["versions"][0]["text"] == f"@{bob.name} the price is 7"
        assert opened.names == ["posts.jsonl", line["media"][0]["file"], "about.json"]
        assert (line["media"][0]["description"], line["id"]) == ("a price", said["id"])
    assert boss.post(f"{ORG}/search/export").status_code == 403
    assert town.admin().delete(f"{ORG}/holds/{hold['id']}").status_code == 403
    assert searcher(town).delete(f"{ORG}/holds/{hold['id']}").status_code == 404
    assert officer.delete(f"{ORG}/holds/{hold['id']}").json() == {}
    assert officer.delete(f"{ORG}/holds/{hold['id']}").status_code == 404

    log = [one for one in boss.get(f"{ORG}/audit").json() if one["account_id"] == officer.id]
    assert [(one["action"], one["target_type"]) for one in log] == [
        ("remove", "hold"),
        ("export", "posts"),
        ("search", "posts"),
        ("search", "posts"),
        ("add", "hold"),
    ]
    assert (log[3]["text"], log[3]["target"], log[3]["username"]) == (
        f"words=PRICE account_id={ann.id}",
        ann.name,
        officer.name,
    )
    assert len({one["hash"] for one in log}) == 5


def test_administrators_choose_for_how_long_posts_are_kept(acme: Server):
    boss, ann = acme.admin(), acme.person()
    assert boss.get(f"{ORG}/retention").json() == {"rules": [], "ran_at": None, "purged": 0, "problem": ""}

    chosen = boss.call("PUT", f"{ORG}/retention", data={"kind": "direct", "days": 30}).json()

    assert chosen["rules"] == [{"kind": "direct", "days": 30, "room_id": None}]
    assert boss.get(f"{ORG}/retention").json() == chosen
    for bad in ({"kind": "all", "days": 3}, {"kind": "posts", "days": -1}, {"kind": "posts", "days": "x"}):
        assert boss.call("PUT", f"{ORG}/retention", data=bad).status_code == 422
    room = {"kind": "posts", "days": 3, "room_id": ann.id}
    assert boss.call("PUT", f"{ORG}/retention", data=room).status_code == 404
    assert ann.get(f"{ORG}/retention").status_code == 403
    assert boss.call("PUT", f"{ORG}/retention", data={"kind": "direct", "days": 0}).json()["rules"] == []
