"""Trends over HTTP: https://docs.joinmastodon.org/methods/trends/"""

from pathlib import Path

import shapes
from client import Server, eventually
from elsewhere import make_card

from chirrup.mastodon.card_entities import TrendingLink
from chirrup.mastodon.entities import Status, Tag
from chirrup.mastodon.server_entities import AdminTag

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
        for path in ("trends/links", "admin/trends/links"):
            (link,) = shapes.decode(boss.get(f"/api/v1/{path}"), list[TrendingLink])
            assert (link.title, link.history[0].accounts, link.url) == ("Bread", "2", LINK)
        assert eve.get("/api/v1/admin/trends/links").status_code == 403
        assert [one["title"] for one in server.anyone().get("/api/v1/trends/links").json()] == ["Bread"]
        found = shapes.decode(eve.get("/api/v1/timelines/link", url=LINK), list[Status])
        assert [one.card and one.card.title for one in found] == ["Bread", "Bread"]
        assert eve.get("/api/v1/timelines/link", url="http://else.example/").status_code == 404
        assert eve.get("/api/v1/timelines/link").status_code == 404
