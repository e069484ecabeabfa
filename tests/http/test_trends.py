"""Trends over HTTP: https://docs.joinmastodon.org/methods/trends/"""

from pathlib import Path

import shapes
from client import Person, Server, eventually
from elsewhere import make_card
from visitor import forms, logged_in

from chirrup.mastodon.card_entities import TrendingLink
from chirrup.mastodon.entities import Status, Tag
from chirrup.mastodon.server_entities import AdminStatus, AdminTag, AdminTrendingLink

LINK = "http://news.example/bread"


def test_trends_are_told_to_everybody(tmp_path: Path):
    """Counted when a worker starts, and every five minutes."""
    with Server(tmp_path / "data") as server:
        ann, bob, eve = server.person(), server.person(), server.person()
        post = ann.say("hello #bread")["id"]
        bob.say("too #bread")
        linking = [one.say(LINK)["id"] for one in (ann, bob)]
        server.do(lambda engines: make_card(engines, int(linking[0]), "Bread"))
        for one in (bob, eve):
            one.post(f"/api/v1/statuses/{post}/favourite")
        eventually(lambda: ann.get("/api/v1/tags/bread").json()["history"][0]["accounts"] == "2")
        server.stop()
        server.start()

        tags = eventually(lambda: shapes.decode(server.anyone().get("/api/v1/trends/tags"), list[Tag]))
        assert [(one.name, len(one.history), one.history[0].accounts) for one in tags] == [("bread", 7, "2")]
        assert eve.get("/api/v1/trends").json() == eve.get("/api/v1/trends/tags").json()
        found = shapes.decode(eve.get("/api/v1/trends/statuses"), list[Status])
        assert [(one.id, one.favourited) for one in found] == [(post, True)]
        assert server.anyone().get("/api/v1/trends/statuses").json()[0]["favourites_count"] == 2

        boss = server.admin()
        (tag,) = shapes.decode(boss.get("/api/v1/admin/trends/tags"), list[AdminTag])
        assert (tag.name, tag.trendable, tag.requires_review) == ("bread", True, False)
        assert [one["id"] for one in boss.get("/api/v1/admin/trends/statuses").json()] == [post]
        assert eve.get("/api/v1/admin/trends/tags").status_code == 403
        for query in ({"offset": 1}, {"offset": 10**9}):
            assert eve.get("/api/v1/trends/tags", **query).json() == []
            assert eve.get("/api/v1/trends/statuses", **query).json() == []
        for query in ({"offset": -5, "limit": -1}, {"limit": "many"}):
            assert len(eve.get("/api/v1/trends/statuses", **query).json()) == 1
        for path, kind in (("trends/links", TrendingLink), ("admin/trends/links", AdminTrendingLink)):
            (link,) = shapes.decode(boss.get(f"/api/v1/{path}"), list[kind])
            assert (link.title, link.history[0].accounts, link.url) == ("Bread", "2", LINK)
        assert eve.get("/api/v1/admin/trends/links").status_code == 403
        assert [one["title"] for one in server.anyone().get("/api/v1/trends/links").json()] == ["Bread"]
        found = shapes.decode(eve.get("/api/v1/timelines/link", url=LINK), list[Status])
        assert [one.card and one.card.title for one in found] == ["Bread", "Bread"]
        assert eve.get("/api/v1/timelines/link", url="http://else.example/").status_code == 404
        assert eve.get("/api/v1/timelines/link").status_code == 404

        server.stop()
        server.env["CHIRRUP_TRENDS_APPROVAL"] = "1"
        server.start()
        _staff_decides(server, boss, eve)


def _staff_decides(server: Server, boss: Person, eve: Person) -> None:
    """Over the API, and on the page of staff."""
    for kind, entity in {"tags": AdminTag, "statuses": AdminStatus, "links": AdminTrendingLink}.items():
        path = f"/api/v1/admin/trends/{kind}"
        assert eve.get(f"/api/v1/trends/{kind}").json() == []
        (waiting,) = shapes.decode(boss.get(path), list[entity])
        assert waiting.requires_review is True
        for verb, shown in (("approve", 1), ("reject", 0), ("approve", 1)):
            assert eve.post(f"{path}/{waiting.id}/{verb}").status_code == 403
            assert shapes.decode(boss.post(f"{path}/{waiting.id}/{verb}"), entity).requires_review is False
            assert len(eve.get(f"/api/v1/trends/{kind}").json()) == shown, (kind, verb)
        assert boss.post(f"{path}/117000000000000001/reject").status_code == 404
    assert boss.get("/api/v1/admin/trends/tags").json()[0]["trendable"] is True

    desk = logged_in(server, boss)
    page = desk.get("/admin/trends")
    assert page.text.count(">allowed<") == 3
    decisions = [one for one in forms(page) if one.url.endswith("/admin/trends")]
    for sent, said in (("refuse", "refused"), ("forget", "waits")):
        for form in decisions:
            assert desk.send("/admin/trends", form.fields | {"decision": sent}).status_code == 303
        assert desk.get("/admin/trends").text.count(f">{said}<") == 3
        assert eve.get("/api/v1/trends/tags").json() == []
    assert desk.send("/admin/trends", decisions[0].fields | {"decision": "odd"}).status_code == 422
    assert "keeps out of the trends <bdi>#bread</bdi>" in " ".join(desk.get("/org/audit").text.split())
