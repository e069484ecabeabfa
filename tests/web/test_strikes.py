"""What staff decided, as the owner of the account sees it: in alerts, on its page, and while nothing else is open."""

from typing import Any

import pytest
from client import Person, Server, eventually
from docket import Docket
from visitor import Visitor, logged_in
from web.test_staff import done, send, words

from chirrup.http.route import ANYONE
from chirrup.social import staff
from chirrup.types import Role
from chirrup.web.routes import ROUTES

API = "/api/v1/admin"
LIST = "/disputes/strikes"


@pytest.fixture(scope="module")
def boss(server: Server) -> Person:
    return server.admin()


@pytest.fixture
def docket(server: Server, boss: Person) -> Docket:
    return Docket(server, boss)


def act(boss: Person, person: Person, action: str, **more: Any) -> str:
    """The id of the strike."""
    made = boss.post(f"{API}/accounts/{person.id}/action", type=action, text=f"because of {action}", **more)
    assert made.ok, made.text
    log = logged_in(person.server, person).get(LIST).text  # their tokens may have ended
    return log.split(f"{LIST}/", 1)[1].split('"', 1)[0]


def test_the_owner_is_alerted_reads_why_and_appeals_once(boss: Person, ann: Person, anns: Visitor):
    strike = act(boss, ann, "silence")
    page = f"{LIST}/{strike}"
    eventually(lambda: page in anns.get("/notifications").text)
    assert "Something was decided about your account" in words(anns.get("/notifications"))
    assert "Your account is limited" in words(anns.get(LIST))

    refused = send(anns, page, f"{page}/appeal", text="y" * 2001)
    assert refused.status_code == 422
    assert "y" * 2001 in refused.text
    done(send(anns, page, f"{page}/appeal", text="It was\nnot me"), f"{page}?done=1")

    shown = words(anns.get(page))
    for part in ("Only those who follow you", "because of silence", "It was not me", "waits for an answer"):
        assert part in shown, part
    assert f"{page}/appeal" not in anns.get(page).text
    again = anns.post(f"{page}/appeal", text="and again")
    assert (again.status_code, "and again" in again.text) == (403, True)


def test_the_posts_of_a_decision_are_shown_to_their_author_alone(docket: Docket, bob: Person):
    made = {"report_id": docket.report}
    strike = act(docket.boss, docket.bad, "suspend", **made)

    shown = words(logged_in(docket.server, docket.bad).get(f"{LIST}/{strike}"))

    assert "first spam" in shown
    assert "psst" in shown
    assert logged_in(docket.server, bob).get(f"{LIST}/{strike}").status_code == 404


@pytest.mark.parametrize("action", ["suspend", "disable"])
def test_who_is_suspended_logs_in_to_what_was_decided_appeals_and_comes_back(
    server: Server, boss: Person, ann: Person, anns: Visitor, action: str
):
    post = ann.say("hello")["id"]
    strike = act(boss, ann, action)
    assert not anns.is_logged_in  # the session that there was has ended

    anns.log_in(ann.name)

    assert anns.get("/home").url == server.url + LIST
    assert anns.get("/login?return_to=/oauth/authorize").url == server.url + LIST  # an app would ask again and again
    assert f"@{ann.name} is closed or suspended" in words(anns.get(LIST))
    page = f"{LIST}/{strike}"
    done(send(anns, page, f"{page}/appeal", text="Not me"), f"{page}?done=1")
    values = {"handle": f"@{ann.name}", "id": post, "name": "follows", "secret": "x" * 46}
    for route in ROUTES:
        if route.who == ANYONE or route.even_limited:
            continue
        path = route.path
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", value)
        if route.method == "GET":
            assert anns.get(path, allow_redirects=False).headers["Location"] == LIST, path
        else:
            answer = anns.send(path, {"csrf": anns.csrf(LIST), "text": "kept words", "password": "password"})
            assert answer.status_code == 403, path
            assert "kept words" in answer.text
    assert 'href="/settings"' not in anns.get("/public").text

    desk = logged_in(server, boss)
    done(send(desk, "/admin/appeals", f"/admin/appeals/{strike}/accept"), "/admin/appeals?done=1")
    assert anns.is_logged_in
    assert ann.post("/api/v1/statuses", status="x").status_code == 401  # its tokens had ended
    assert "accepted" in words(anns.get(page))


def test_who_is_suspended_can_log_out(boss: Person, ann: Person, anns: Visitor):
    act(boss, ann, "suspend")
    anns.log_in(ann.name)

    anns.post("/logout", csrf_from=LIST)

    assert anns.get(LIST).url.endswith("/login?return_to=%2Fdisputes%2Fstrikes")


def test_who_is_deleted_cannot_log_in(boss: Person, ann: Person, anns: Visitor):
    act(boss, ann, "suspend")
    assert boss.delete(f"{API}/accounts/{ann.id}").ok

    answer = Visitor(anns.url).log_in(ann.name)

    assert answer.status_code in (403, 422)


def test_staff_are_alerted_of_reports(server: Server, docket: Docket):
    moderator = server.person()
    server.do(lambda engines: engines.db.write(staff.give_role, int(moderator.id), Role.MODERATOR))
    theirs = logged_in(server, moderator)

    made = docket.good.post("/api/v1/reports", account_id=docket.bad.id).json()["id"]

    eventually(lambda: f"/admin/reports/{made}" in theirs.get("/notifications").text)
    assert "reported somebody" in words(theirs.get("/notifications"))
