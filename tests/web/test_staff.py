"""The pages of staff: reports, accounts, sign-ups, appeals, the log. Each act works as a form without scripts."""

import html
import re
from typing import Any

import pytest
import requests
from client import Person, Server, eventually
from docket import Docket
from mail_folder import newest
from visitor import Visitor, forms, logged_in

from chirrup.access import roles
from chirrup.http.route import ADMIN
from chirrup.social import staff
from chirrup.types import Role
from chirrup.web.routes import ROUTES

API = "/api/v1/admin"


@pytest.fixture(scope="module")
def boss(server: Server) -> Person:
    return server.admin()


@pytest.fixture(scope="module")
def desk(server: Server, boss: Person) -> Visitor:
    """The browser of one of the staff."""
    return logged_in(server, boss)


@pytest.fixture
def docket(server: Server, boss: Person) -> Docket:
    return Docket(server, boss)


def send(desk: Visitor, page: str, action: str = "", **fields: object) -> requests.Response:
    """Fill in the form with this action on the page (or the address of one of its buttons), and send it."""
    shown = desk.get(page)
    assert shown.status_code == 200, shown.text
    action = action or page
    form = next(one for one in forms(shown) if one.url == desk.url + action or f'formaction="{action}"' in one.inside)
    return desk.send(action, form.fields | fields)


def done(answer: requests.Response, to: str) -> None:
    assert (answer.status_code, answer.headers["Location"]) == (303, to), answer.text


def words(page: requests.Response) -> str:
    """What the main part of a page says."""
    assert page.status_code == 200, page.text
    main = page.text[page.text.index("<main") : page.text.index("</main>")]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def report(docket: Docket) -> dict[str, Any]:
    return docket.boss.get(f"{API}/reports/{docket.report}").json()


def account(docket: Docket, id: str = "") -> dict[str, Any]:
    return docket.boss.get(f"{API}/accounts/{id or docket.bad.id}").json()


def test_only_who_has_the_permission_sees_pages_of_staff(server: Server, docket: Docket, desk: Visitor):
    moderator = server.person()
    server.do(lambda engines: engines.db.write(staff.give_role, int(moderator.id), Role.MODERATOR))
    theirs, anyone = logged_in(server, moderator), logged_in(server, docket.good)
    assert "/admin" not in anyone.get("/home").text
    csrf = {one: one.csrf() for one in (theirs, anyone, Visitor(server.url))}
    for route in ROUTES:
        if route.who != ADMIN:
            continue
        path = docket.path(route.path).replace("{name}", moderator.name)
        for browser, token in csrf.items():
            answer = browser.session.request(
                route.method, server.url + path, data={"csrf": token}, allow_redirects=False, timeout=20
            )
            if not browser.cookie or browser not in (theirs, anyone):
                assert answer.headers["Location"].startswith("/login"), path
            elif browser is anyone or not roles.of_org(()).may(Role.MODERATOR, route.permission):
                assert answer.status_code == 403, path
                assert docket.bad.name not in answer.text.replace(path, "")
            elif route.method == "GET":
                assert answer.status_code in (200, 303), (path, answer.text)
    assert account(docket)["suspended"] is False
    assert 'href="/admin/appeals"' not in theirs.get("/admin/reports").text
    assert 'href="/admin/appeals"' in desk.get("/admin/reports").text


def test_the_queue_has_open_reports_mine_and_those_resolved(docket: Docket, desk: Visitor):
    page = f"/admin/reports/{docket.report}"
    assert page in desk.get("/admin/reports").text
    assert page not in desk.get("/admin/reports?show=mine").text

    done(send(desk, page, f"{page}/take"), page)
    assert page in desk.get("/admin/reports?show=mine").text
    assert report(docket)["assigned_account"]["id"] == docket.boss.id
    assert "You are on it" in words(desk.get(page))
    done(send(desk, page, f"{page}/leave"), page)
    assert report(docket)["assigned_account"] is None

    done(send(desk, page, f"{page}/resolve"), page)
    assert page not in desk.get("/admin/reports").text
    assert page in desk.get("/admin/reports?show=resolved").text
    done(send(desk, page, f"{page}/reopen"), page)
    assert page in desk.get("/admin/reports").text


def test_a_report_shows_what_was_reported_whoever_it_was_for_and_what_was_decided_before(docket: Docket, desk: Visitor):
    shown = words(desk.get(f"/admin/reports/{docket.report}"))

    for part in ("Spam: @", "Look at this", "first spam", "second spam", "psst", "Behave", "But I did", "appeal waits"):
        assert part in shown, part
    assert desk.get(f"/@{docket.bad.name}/{docket.secret}").status_code == 404
    other = docket.bad.post("/api/v1/reports", account_id=docket.good.id).json()["id"]
    assert "No post came with it" in words(desk.get(f"/admin/reports/{other}"))


def test_posts_of_a_report_are_deleted_or_put_behind_a_warning_and_their_author_is_told(
    server: Server, docket: Docket, desk: Visitor
):
    page = f"/admin/reports/{docket.report}/posts"
    refused = send(desk, page, type="delete_posts", text="Kept, too")
    assert refused.status_code == 422
    assert "Choose at least one of the posts" in refused.text
    assert "Kept, too</textarea>" in refused.text

    first: Any = {"type": "mark_posts_sensitive", "post": [docket.posts[0]], "text": "Covered", "mail": "1"}
    done(send(desk, page, **first), f"/admin/reports/{docket.report}?done=1")
    status = docket.good.get(f"/api/v1/statuses/{docket.posts[0]}").json()
    assert (status["sensitive"], status["edited_at"]) == (True, None)
    assert report(docket)["action_taken"] is True
    done(
        send(desk, page, type="delete_posts", post=[docket.posts[1], docket.secret], text="Gone"), page[:-6] + "?done=1"
    )

    assert docket.good.get(f"/api/v1/statuses/{docket.posts[1]}").status_code == 404
    assert docket.bad.get(f"/api/v1/statuses/{docket.secret}").status_code == 404
    told = docket.bad.get("/api/chirrup/v1/strikes").json()
    assert [(one["action"], one["text"]) for one in told[:2]] == [
        ("delete_statuses", "Gone"),
        ("mark_statuses_as_sensitive", "Covered"),
    ]
    assert told[0]["status_ids"] == [docket.posts[1], docket.secret]
    assert newest(server, f"{docket.bad.name}@example.com")[0] == "Posts of yours are marked as sensitive"
    assert "2 of 3 posts are gone" in words(desk.get(f"/admin/reports/{docket.report}"))


def test_an_account_is_limited_and_suspended_and_each_is_undone(docket: Docket, desk: Visitor):
    page = f"/admin/accounts/{docket.bad.id}"
    assert "is told: “Your account is limited. Only" in words(desk.get(f"{page}/act"))
    states = {"silence": "silenced", "sensitive": "sensitized", "disable": "disabled", "suspend": "suspended"}

    for action, state in states.items():
        to_report = {"report": docket.report} if action == "silence" else {}
        asked = f"{page}/act?report={docket.report}" if to_report else f"{page}/act"
        back = f"/admin/reports/{docket.report}" if to_report else page
        done(send(desk, asked, f"{page}/act", type=action, text="Enough"), f"{back}?done=1")
        assert account(docket)[state] is True
    assert report(docket)["action_taken"] is True
    assert docket.bad.get("/api/v1/timelines/home").status_code in (401, 403)
    for verb, state in zip(("unsilence", "unsensitive", "enable", "unsuspend"), states.values(), strict=True):
        done(send(desk, page, f"{page}/{verb}"), f"{page}?done=1")
        assert account(docket)[state] is False

    shown = words(desk.get(page))
    for part in ("suspended @", "brought back @", "“Enough”", "Your account is limited"):
        assert part in shown, part


def test_a_refused_decision_keeps_what_was_typed(docket: Docket, desk: Visitor):
    page = f"/admin/accounts/{docket.bad.id}/act"

    refused = send(desk, page, type="suspend", text="x" * 2001, report=docket.report)

    assert refused.status_code == 422
    assert "Your text must have at most 2000 characters" in refused.text
    assert "x" * 2001 in refused.text
    assert 'value="suspend" checked' in refused.text
    assert f'name="report" value="{docket.report}"' in refused.text
    assert send(desk, page, type="explode").status_code == 422


def test_nobody_is_offered_to_act_on_who_stands_as_high(server: Server, docket: Docket, desk: Visitor):
    for other in (docket.boss, server.admin()):
        page = f"/admin/accounts/{other.id}"
        assert "whose role is not below yours" in words(desk.get(page))
        assert desk.get(f"{page}/act").status_code == 403
        csrf = desk.csrf(f"/admin/accounts/{docket.bad.id}/act")
        answer = desk.send(f"{page}/act", {"csrf": csrf, "type": "none", "text": "kept words"})
        assert answer.status_code == 403
        assert "kept words" in answer.text


def test_what_a_suspended_account_has_is_deleted_after_a_question(docket: Docket, desk: Visitor):
    page = f"/admin/accounts/{docket.bad.id}"
    docket.boss.post(f"{API}/accounts/{docket.bad.id}/action", type="suspend")
    assert f"{page}/delete" in desk.get(page).text

    assert "Nobody can bring it back" in words(desk.get(f"{page}/delete"))
    done(send(desk, f"{page}/delete", text="For good"), f"{page}?done=1")

    assert "what it had is deleted" in words(desk.get(page))
    assert send(desk, f"{page}/delete").status_code == 403
    eventually(lambda: docket.good.get(f"/api/v1/statuses/{docket.posts[0]}").status_code == 404)


def test_who_waits_is_let_in_or_turned_away(docket: Docket, desk: Visitor):
    page = f"/admin/accounts/{docket.newcomer_id}"
    shown = words(desk.get("/admin/sign-ups"))
    for part in (docket.newcomer, "I like birds", "192.0.2.1"):
        assert part in shown
    assert "I like birds" in words(desk.get(page))

    done(send(desk, "/admin/sign-ups", f"{page}/approve"), "/admin/sign-ups?done=1")
    assert account(docket, docket.newcomer_id)["approved"] is True
    assert docket.newcomer not in desk.get("/admin/sign-ups").text

    other = Docket(docket.server, docket.boss)
    page = f"/admin/accounts/{other.newcomer_id}"
    assert "Nothing is left of it" in words(desk.get(f"{page}/reject"))
    done(send(desk, f"{page}/reject", text="A robot"), "/admin/sign-ups?done=1")
    assert desk.get(page).status_code == 404
    assert "“A robot”" in words(desk.get("/org/audit"))


def test_mails_are_let_in_or_refused_without_being_read(docket: Docket, desk: Visitor):
    shown = words(desk.get("/admin/mails"))
    assert "Bread at six" in shown and "No signature fits it." in shown and "psst" not in shown

    done(send(desk, "/admin/mails", f"/admin/mails/{docket.mail}/refuse"), "/admin/mails?done=1")

    other = Docket(docket.server, docket.boss)
    waiting = docket.boss.get("/api/chirrup/v1/mail/held").json()
    assert [one["id"] for one in waiting if one["id"] in (docket.mail, other.mail)] == [other.mail]
    let_in = docket.boss.post(f"/api/chirrup/v1/mail/held/{other.mail}/let_in").json()
    assert (let_in["state"], let_in["sender"], let_in["account_id"]) == ("let_in", "bad@example.com", other.bad.id)
    assert docket.boss.post(f"/api/chirrup/v1/mail/held/{other.mail}/refuse").status_code == 404
    log = words(desk.get("/org/audit"))
    assert "refused the mail of bad@example.com" in log
    assert "let in the mail of bad@example.com" in log


def test_appeals_are_accepted_or_refused(docket: Docket, desk: Visitor):
    shown = words(desk.get("/admin/appeals"))
    assert "But I did" in shown
    assert "Behave" in shown

    done(send(desk, "/admin/appeals", f"/admin/appeals/{docket.strike}/refuse"), "/admin/appeals?done=1")

    assert docket.bad.get("/api/chirrup/v1/strikes").json()[0]["appeal"]["state"] == "rejected"
    other = Docket(docket.server, docket.boss)
    done(send(desk, "/admin/appeals", f"/admin/appeals/{other.strike}/accept"), "/admin/appeals?done=1")
    assert other.bad.get("/api/chirrup/v1/strikes").json()[0]["appeal"]["state"] == "approved"
    log = words(desk.get("/org/audit"))
    assert f"refused the appeal of @{docket.bad.name}" in log
    assert f"accepted the appeal of @{other.bad.name}" in log


def test_accounts_are_found_by_what_is_known_of_them(docket: Docket, desk: Visitor):
    page = f'/admin/accounts/{docket.bad.id}"'
    docket.boss.post(f"{API}/accounts/{docket.bad.id}/action", type="silence")
    bad, email = docket.bad.name, f"{docket.bad.name}@example.com"

    for found in (f"username={bad[:8].upper()}", f"email={email}", f"status=silenced&username={bad}", "status=odd"):
        assert page in desk.get(f"/admin/accounts?{found}").text, found
    for other in (f"username=x{bad}", f"status=active&role=admin&username={bad}", "ip=192.0.2.1", "ip=nonsense"):
        assert page not in desk.get(f"/admin/accounts?{other}").text, other
    assert f"/admin/accounts/{docket.newcomer_id}" in desk.get("/admin/accounts?ip=192.0.2.1&status=pending").text
    assert "No account is like that" in desk.get("/admin/accounts?email=nobody").text


def test_lists_of_staff_have_pages(docket: Docket, desk: Visitor, server: Server):
    people = [server.person(f"pp{docket.bad.id[-8:]}{n}") for n in range(3)]
    seen, address = [], f"/admin/accounts?username=pp{docket.bad.id[-8:]}"
    shown = desk.get(address).text
    assert [one.name in shown for one in people] == [True] * 3
    assert 'rel="next"' not in shown
    older = desk.get(f"{address}&before={people[1].id}").text
    seen = [one.name in older for one in people]
    assert seen == [True, False, False]
