"""Pages of an organisation's records: the log, retention, holds, search; without scripts, and looked at by axe."""

import io
import zipfile
from collections.abc import Iterator

import pytest
import requests
from client import Server
from visitor import Visitor, forms, logged_in

from chirrup.store import members

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("records") / "data") as town:
        yield town


@pytest.fixture(scope="module")
def desk(town: Server) -> Visitor:
    """The browser of an administrator who has COMPLIANCE, too."""
    boss = town.admin()
    town.do(lambda engines: engines.db.write(members.set_compliance, int(boss.id), 1))
    return logged_in(town, boss)


def send(desk: Visitor, page: str, to: str = "", **fields: object) -> requests.Response:
    shown = desk.get(page)
    form = next(one for one in forms(shown) if one.url == desk.url + page)
    return desk.send(to or page, form.fields | fields)


def test_retention_is_chosen_and_what_is_wrong_is_said_beside_its_field(town: Server, desk: Visitor):
    assert "Empty: for ever" in desk.get("/org/retention").text

    wrong = send(desk, "/org/retention", days_posts="90", days_media="many")
    assert wrong.status_code == 422
    assert 'value="90"' in wrong.text
    assert "must be empty, or a number of days" in wrong.text
    saved = send(desk, "/org/retention", days_posts="90", days_direct="30", days_media="")

    assert saved.status_code == 303
    page = desk.get("/org/retention").text
    assert 'name="days_posts" value="90"' in page
    assert 'name="days_media" value=""' in page
    policy = town.anyone().get("/api/v1/instance/privacy_policy").json()["content"]
    assert "<p>Posts are deleted 90 days after" in policy
    assert "Direct posts are deleted 30 days after" in town.anyone().get("/about").text
    boss = town.admin()
    room = boss.post("/api/chirrup/v1/rooms", name="den").json()["id"]
    at = f"/org/retention/rooms/{room}"
    assert at in logged_in(town, boss).get(f"/rooms/{room}").text
    assert "days_direct" not in desk.get(at).text
    assert send(desk, at, days_posts="many", days_media="7").status_code == 422
    assert send(desk, at, days_posts="", days_media="7").headers["Location"] == f"{at}?saved=1"
    assert ('value="7"' in desk.get(at).text, "@den</a>" in desk.get("/org/retention").text) == (True, True)
    send(desk, at, days_posts="", days_media="")
    assert desk.get(f"/org/retention/rooms/{boss.id}").status_code == 404
    send(desk, "/org/retention", days_posts="", days_direct="", days_media="")
    assert town.anyone().get("/api/v1/instance/privacy_policy").status_code == 404
    assert 'name="days_posts" value=""' in desk.get("/org/retention").text
    log = desk.get("/org/audit").text
    assert "posts: for ever" in log
    assert "The newest is number" in log


def test_a_hold_is_placed_found_again_and_ended(town: Server, desk: Visitor):
    ann = town.person()
    lost = ann.say("the price is 7")
    new = {"hold_scope": "account", "hold_name": f"@{ann.name}", "hold_reason": "Case <7>", "hold_since": "2020-01-31"}

    for wrong, told in (
        ({"hold_name": "nobody_is_so"}, "is nobody here"),
        ({"hold_reason": " "}, "must say why"),
        ({"hold_until": "2020-01-01"}, "must be later than the beginning"),
        ({"hold_scope": "room"}, "is no room here"),
    ):
        refused = send(desk, "/org/holds", **(new | wrong))
        assert (refused.status_code, told in refused.text) == (422, True), refused.text[:3000]
        assert 'value="2020-01-31"' in refused.text
    assert send(desk, "/org/holds", **new).status_code == 303
    page = desk.get("/org/holds")
    assert "Case &lt;7&gt;" in page.text
    assert f"@{ann.name}" in page.text
    assert ann.delete(f"/api/v1/statuses/{lost['id']}").ok

    found = send(desk, "/org/search", sought_words="price", sought_account=ann.name)
    assert (found.status_code, "the price is 7" in found.text, "deleted" in found.text) == (200, True, True)
    assert 'value="price"' in found.text
    assert "Nothing was found" in send(desk, "/org/search", sought_words="nothing like it").text
    refused = send(desk, "/org/search", sought_words="price", sought_room="nobody_is_so")
    assert (refused.status_code, 'value="price"' in refused.text) == (422, True)
    saved = send(desk, "/org/search", "/org/search/export", sought_account=ann.name)
    assert "the price is 7" in zipfile.ZipFile(io.BytesIO(saved.content)).read("posts.jsonl").decode()

    end = next(one for one in forms(page) if one.url.endswith("/end"))
    assert desk.send(end.url, end.fields).status_code == 303
    assert "There are no holds." in desk.get("/org/holds").text
    assert desk.send(end.url, end.fields).status_code == 404


def test_administrators_without_the_role_do_not_even_see_the_pages(town: Server):
    desk = logged_in(town, town.admin())

    tabs = desk.get("/org").text
    assert ("/org/retention" in tabs, "/org/holds" in tabs, "/org/search" in tabs) == (True, False, False)
    assert [desk.get(path).status_code for path in ("/org/holds", "/org/search")] == [403, 403]
    assert desk.post("/org/search", csrf_from="/org/retention", sought_words="price").status_code == 403
