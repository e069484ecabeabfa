"""Reports, and what staff do then: what it changes for everybody at once, whom it is told, and how it is undone."""

import pytest
import shapes
from client import Person, Server, eventually
from visitor import Visitor, logged_in

from chirrup.api.compliance import Act
from chirrup.mastodon.entities import Account, AccountWarning, Notification, Report
from chirrup.mastodon.server_entities import AdminAccount, AdminReport

V1 = "/api/v1"
ADMIN = f"{V1}/admin"
REPORTS = f"{ADMIN}/reports"


@pytest.fixture(scope="module")
def boss(server: Server) -> Person:
    return server.admin()


def report(person: Person, target: Person, **more) -> Report:
    return shapes.decode(person.post(f"{V1}/reports", account_id=target.id, **more), Report)


def shown(boss: Person, id: str) -> AdminReport:
    return shapes.decode(boss.get(f"{REPORTS}/{id}"), AdminReport)


def act(boss: Person, person: Person, kind: str, **more) -> None:
    assert boss.post(f"{ADMIN}/accounts/{person.id}/action", type=kind, **more).json() == {}


def undo(boss: Person, person: Person, verb: str) -> AdminAccount:
    return shapes.decode(boss.post(f"{ADMIN}/accounts/{person.id}/{verb}"), AdminAccount)


def staff(server: Server, role: str) -> Person:
    """A new account with this role and a token for everything."""
    person = server.person()
    return _made(server, f"s_{person.id[-9:]}", role)


def _made(server: Server, name: str, role: str) -> Person:
    words = ["--email", f"{name}@example.com", "--password", "password", "--role", role, "--token"]
    scopes = "read write follow admin:read admin:write"
    person = Person(server, server.command("user", "create", name, *words, scopes))
    person.name = name
    person.id = person.get(f"{V1}/accounts/verify_credentials").json()["id"]
    return person


# reports


def test_a_report_is_answered_as_it_was_made(ann, bob):
    post = bob.say("spam spam")["id"]

    made = report(ann, bob, status_ids=[post], comment="look", category="spam", forward=True)

    assert (made.action_taken, made.action_taken_at, made.forwarded) == (False, None, False)
    assert (made.category, made.comment, made.status_ids, made.rule_ids) == ("spam", "look", [post], None)
    assert made.target_account.id == bob.id
    assert report(ann, bob).category == "other"


def test_what_is_wrong_with_a_report_is_said(server, ann, bob):
    assert ann.post(f"{V1}/reports").status_code == 404
    assert ann.post(f"{V1}/reports", account_id="1").status_code == 404
    assert ann.post(f"{V1}/reports", account_id=bob.id, category="nonsense").status_code == 422
    assert ann.post(f"{V1}/reports", account_id=bob.id, comment="x" * 1001).status_code == 422
    assert server.anyone().post(f"{V1}/reports", account_id=bob.id).status_code == 401
    for body in ({"category": "violation"}, {"rule_ids": ["99"]}):
        refused = ann.post(f"{V1}/reports", account_id=bob.id, **body)
        assert refused.json() == {"error": "Validation failed: rule_ids does not reference valid rules"}


def test_only_what_the_target_wrote_and_the_reporter_could_see_is_attached(server, boss, ann, bob):
    ann.follow(bob)
    private = bob.say("for followers", visibility="private")["id"]
    direct = bob.say(f"@{ann.name} psst", visibility="direct")["id"]
    hidden = bob.say("hush", visibility="direct")["id"]
    other = server.person().say("not bob's")["id"]

    made = report(ann, bob, status_ids=[private, direct, hidden, other])

    assert sorted(made.status_ids) == sorted([private, direct])
    assert boss.get(f"{V1}/statuses/{private}").status_code == 404
    assert {one.id for one in shown(boss, made.id).statuses} == {private, direct}
    bob.delete(f"{V1}/statuses/{private}")
    assert [one.id for one in shown(boss, made.id).statuses] == [direct]


def test_staff_are_told_of_a_report_and_others_are_not(server, boss, ann, bob):
    made = report(ann, bob, comment="look at this")

    def told(person: Person) -> list[Notification]:
        found = shapes.decode(person.get(f"{V1}/notifications", types=["admin.report"]), list[Notification])
        return [one for one in found if one.report and one.report.id == made.id]

    eventually(lambda: told(boss))
    (one,) = told(boss)
    assert (one.type, one.account.id) == ("admin.report", ann.id)
    assert one.report
    assert (one.report.comment, one.report.target_account.id) == ("look at this", bob.id)
    found = boss.get("/api/v2/notifications", types=["admin.report"]).json()["notification_groups"]
    groups = [group for group in found if group["report"]["id"] == made.id]
    assert [group["sample_account_ids"] for group in groups] == [[ann.id]]
    assert "status_id" not in groups[0]
    assert told(ann) == told(bob) == []


def test_who_is_no_longer_staff_is_shown_no_reports(server, ann, bob):
    helper = staff(server, "moderator")
    report(ann, bob)
    eventually(lambda: helper.get(f"{V1}/notifications", types=["admin.report"]).json())

    server.command("user", "role", helper.name, "none")

    eventually(lambda: helper.get(REPORTS).status_code == 403, within_s=3)
    assert helper.get(f"{V1}/notifications").json() == []


def test_a_report_is_taken_resolved_and_reopened(boss, ann, bob):
    id = report(ann, bob, comment="please").id

    mine = shapes.decode(boss.post(f"{REPORTS}/{id}/assign_to_self"), AdminReport)
    assert mine.assigned_account
    assert mine.assigned_account.id == boss.id
    assert mine.account
    assert mine.account.id == ann.id
    assert boss.post(f"{REPORTS}/{id}/assign_to_self").ok
    assert shapes.decode(boss.post(f"{REPORTS}/{id}/unassign"), AdminReport).assigned_account is None
    done = shapes.decode(boss.post(f"{REPORTS}/{id}/resolve"), AdminReport)
    assert done.action_taken
    assert done.action_taken_at
    assert done.action_taken_by_account
    assert done.action_taken_by_account.id == boss.id
    assert boss.post(f"{REPORTS}/{id}/resolve").json()["action_taken_at"] == done.action_taken_at
    assert id in [one["id"] for one in boss.get(REPORTS, resolved="true", limit=200).json()]
    assert id not in [one["id"] for one in boss.get(REPORTS, limit=200).json()]
    again = shapes.decode(boss.post(f"{REPORTS}/{id}/reopen"), AdminReport)
    assert (again.action_taken, again.action_taken_at, again.action_taken_by_account) == (False, None, None)
    changed = shapes.decode(boss.put(f"{REPORTS}/{id}", category="legal"), AdminReport)
    assert (changed.category, changed.rules) == ("legal", [])
    assert boss.put(f"{REPORTS}/{id}", category="nonsense").status_code == 422
    assert boss.put(f"{REPORTS}/{id}", category="violation").status_code == 422


def test_reports_are_found_by_whom_they_are_of_and_page_after_page(server, boss, ann, bob):
    ids = [report(ann, bob).id for _ in range(3)]
    report(bob, ann)

    for query in ({"target_account_id": bob.id}, {"account_id": ann.id}):
        assert [one["id"] for one in boss.walk(REPORTS, limit=2, **query)] == ids[::-1]
    assert boss.get(REPORTS, account_id=server.person().id).json() == []


# roles


def test_a_moderator_handles_reports_and_accounts_but_not_all_else(server, boss, ann, bob):
    helper = staff(server, "moderator")
    id, own = report(ann, bob).id, report(ann, helper).id

    assert helper.post(f"{REPORTS}/{id}/resolve").ok
    for deed in ("assign_to_self", "resolve", "reopen"):
        refused = helper.post(f"{REPORTS}/{own}/{deed}")
        assert refused.status_code == 403
        assert "this report is about you: others decide on it" in refused.json()["error"]
    act(helper, bob, "silence")
    assert undo(helper, bob, "unsilence").silenced is False
    assert helper.delete(f"{ADMIN}/accounts/{bob.id}").status_code == 403
    assert helper.get("/api/chirrup/v1/admin/appeals").status_code == 403
    role = helper.get(f"{V1}/accounts/verify_credentials").json()["role"]
    assert (role["id"], role["name"], role["highlighted"]) == ("1", "Moderator", True)
    assert helper.get(f"{V1}/accounts/{helper.id}").json()["roles"] == [{"id": "1", "name": "Moderator", "color": ""}]


def test_everybody_acts_on_those_below_only(server, boss, ann):
    helper, owner = staff(server, "moderator"), staff(server, "owner")
    path = f"{ADMIN}/accounts/%s/action"

    assert helper.post(path % boss.id, type="none").status_code == 403
    assert boss.post(path % owner.id, type="none").status_code == 403
    assert boss.post(path % helper.id, type="none").ok
    assert owner.post(path % boss.id, type="none").ok
    assert owner.get(f"{V1}/accounts/verify_credentials").json()["role"]["permissions"] == "1"
    server.command("user", "role", ann.name, "owner")
    assert ann.get(f"{V1}/accounts/verify_credentials").json()["role"]["name"] == "Owner"


# silence


def test_what_a_silenced_account_says_stands_in_lists_of_its_followers_only(server, boss, ann, bob):
    friend, stranger, word = server.person(), server.person(), f"word{ann.id}"
    friend.follow(ann)
    ann.patch(f"{V1}/accounts/update_credentials", discoverable=True, indexable=True, display_name=f"Name{ann.id}")
    stranger.post(f"{V1}/tags/{word}/follow")
    root = bob.say("root")["id"]

    act(boss, ann, "silence", text="too loud")
    post = ann.say(f"#{word} @{bob.name}")["id"]
    reply = ann.say("a reply", in_reply_to_id=root)["id"]
    eventually(lambda: post in [one["id"] for one in friend.home()])

    def ids(person: Person, path: str, **query) -> list[str]:
        answer = person.get(path, **query).json()
        found = answer.get("statuses") or answer.get("descendants") or [] if isinstance(answer, dict) else answer
        return [one["id"] for one in found]

    for path, query in (
        (f"{V1}/timelines/public", {}),
        (f"{V1}/timelines/tag/{word}", {}),
        ("/api/v2/search", {"q": word, "type": "statuses"}),
    ):
        eventually(lambda path=path, query=query: post in ids(friend, path, **query))
        assert post not in ids(stranger, path, **query), path
        assert post not in ids(server.anyone(), path, **query), path
        assert post in ids(ann, path, **query), path
    assert reply in ids(friend, f"{V1}/statuses/{root}/context")
    assert reply not in ids(stranger, f"{V1}/statuses/{root}/context")
    assert reply not in ids(server.anyone(), f"{V1}/statuses/{root}/context")
    assert post not in [one["id"] for one in stranger.home()]
    assert bob.get(f"{V1}/notifications").json() == []
    (held,) = eventually(lambda: bob.get(f"{V1}/notifications/requests").json())
    assert held["account"]["id"] == ann.id
    for path in ("/public", f"/tags/{word}"):
        assert post not in logged_in(server, stranger).get(path).text
        assert post not in Visitor(server.url).get(path).text

    assert stranger.get(f"{V1}/statuses/{post}").ok, "it is not hidden from who looks for it"
    profile = shapes.decode(stranger.get(f"{V1}/accounts/{ann.id}"), Account)
    assert profile.limited is True
    found = [one["id"] for one in stranger.get(f"{V1}/accounts/search", q=f"Name{ann.id}").json()]
    assert ann.id not in found
    assert ann.id in [one["id"] for one in stranger.get(f"{V1}/accounts/search", q=ann.name).json()]
    assert ann.id not in [one["id"] for one in stranger.get(f"{V1}/directory", limit=80).json()]

    assert undo(boss, ann, "unsilence").silenced is False
    assert post in ids(stranger, f"{V1}/timelines/public")
    bob.post(f"{V1}/notifications/requests/{held['id']}/accept")
    assert bob.get(f"{V1}/notifications").json()[0]["account"]["id"] == ann.id
    assert "limited" not in stranger.get(f"{V1}/accounts/{ann.id}").json()


def test_silenced_and_sensitized_accounts_are_listed(boss, ann, bob):
    act(boss, ann, "silence")
    act(boss, bob, "sensitive")

    for flag, one, other in (("silenced", ann, bob), ("sensitized", bob, ann)):
        found = [one["id"] for one in boss.get(f"{ADMIN}/accounts", limit=200, **{flag: "true"}).json()]
        assert one.id in found
        assert other.id not in found
    found = boss.get("/api/v2/admin/accounts", status="silenced", limit=200).json()
    assert ann.id in [one["id"] for one in found]


def test_all_that_a_sensitized_account_shows_is_marked_but_to_itself(server, boss, ann, bob):
    post = ann.say("look")["id"]
    assert bob.get(f"{V1}/statuses/{post}").json()["sensitive"] is False

    act(boss, ann, "sensitive")

    for person in (bob, server.anyone()):
        assert person.get(f"{V1}/statuses/{post}").json()["sensitive"] is True
    assert ann.get(f"{V1}/statuses/{post}").json()["sensitive"] is False
    assert bob.post(f"{V1}/statuses/{post}/reblog").json()["reblog"]["sensitive"] is True
    assert undo(boss, ann, "unsensitive").sensitized is False
    assert bob.get(f"{V1}/statuses/{post}").json()["sensitive"] is False


# strikes


def strikes(person: Person) -> list[AccountWarning]:
    return shapes.decode(person.get("/api/chirrup/v1/strikes"), list[AccountWarning])


def test_an_action_is_a_strike_of_which_the_owner_is_told(boss, ann, bob):
    post = ann.say("rude")["id"]
    id = report(bob, ann, status_ids=[post]).id

    act(boss, ann, "silence", text="be kind", report_id=id)

    (one,) = strikes(ann)
    assert (one.action, one.text, one.status_ids, one.appeal) == ("silence", "be kind", [post], None)
    assert one.target_account.id == ann.id

    def told() -> list[Notification]:
        return shapes.decode(ann.get(f"{V1}/notifications", types=["moderation_warning"]), list[Notification])

    eventually(told)
    (notification,) = told()
    assert notification.moderation_warning == one
    assert notification.account.id == ann.id
    assert shown(boss, id).action_taken
    assert strikes(bob) == []
    assert boss.post(f"{ADMIN}/accounts/{bob.id}/action", type="none", report_id=id).status_code == 404


def test_an_action_resolves_what_was_reported_and_a_warning_only_its_own(boss, ann, bob):
    first, second = report(bob, ann).id, report(bob, ann).id

    act(boss, ann, "none", report_id=first)
    assert (shown(boss, first).action_taken, shown(boss, second).action_taken) == (True, False)
    act(boss, ann, "sensitive")
    assert shown(boss, second).action_taken


def test_a_strike_is_appealed_once_and_an_appeal_that_is_approved_undoes_it(server, boss, ann, bob):
    act(boss, ann, "silence", text="too loud")
    id = strikes(ann)[0].id
    path = f"/api/chirrup/v1/strikes/{id}/appeal"

    assert bob.post(path, text="I am not ann").status_code == 404
    assert ann.post(path, text=" ").status_code == 422
    made = shapes.decode(ann.post(path, text="I will whisper"), AccountWarning)
    assert made.appeal
    assert (made.appeal.text, made.appeal.state) == ("I will whisper", "pending")
    assert ann.post(path, text="again").status_code == 403

    waiting = shapes.decode(boss.get("/api/chirrup/v1/admin/appeals"), list[AccountWarning])
    assert id in [one.id for one in waiting]
    decided = shapes.decode(boss.post(f"/api/chirrup/v1/admin/appeals/{id}/approve"), AccountWarning)
    assert decided.appeal
    assert decided.appeal.state == "approved"
    assert boss.get(f"{ADMIN}/accounts/{ann.id}").json()["silenced"] is False
    assert boss.post(f"/api/chirrup/v1/admin/appeals/{id}/reject").status_code == 403

    act(boss, ann, "sensitive")
    second = strikes(ann)[0].id
    ann.post(f"/api/chirrup/v1/strikes/{second}/appeal", text="why?")
    refused = boss.post(f"/api/chirrup/v1/admin/appeals/{second}/reject").json()
    assert refused["appeal"]["state"] == "rejected"
    assert boss.get(f"{ADMIN}/accounts/{ann.id}").json()["sensitized"] is True


def test_all_that_staff_do_is_in_the_log(server, boss, ann, bob):
    id = report(bob, ann).id
    boss.post(f"{REPORTS}/{id}/assign_to_self")
    act(boss, ann, "silence", text="too loud")
    undo(boss, ann, "unsilence")

    found = shapes.decode(boss.get("/api/chirrup/v1/org/audit", limit=4), list[Act])

    assert [(one.action, one.target_type, one.target, one.text) for one in found] == [
        ("unsilence", "account", ann.name, ""),
        ("resolve", "report", ann.name, "too loud"),
        ("silence", "account", ann.name, "too loud"),
        ("assign", "report", ann.name, ""),
    ]
    assert {(one.account_id, one.username) for one in found} == {(boss.id, boss.name)}
    assert {one.target_id for one in found} == {ann.id, id}
    assert len(boss.get("/api/chirrup/v1/org/audit", limit=1).json()) == 1
    printed = server.command("audit", "--limit", "4")
    assert f"@{boss.name}" in printed
    assert "too loud" in printed


# leaving


def test_what_a_suspended_account_has_is_deleted_on_demand_and_cannot_come_back(server, boss, ann, bob):
    ann.follow(bob)
    bob.follow(ann)
    post = bob.say("hello")["id"]
    ann.post(f"{V1}/statuses/{post}/favourite")
    said = ann.say("bye")["id"]
    bob.post(f"{V1}/statuses/{said}/bookmark")
    act(boss, ann, "suspend")

    gone = shapes.decode(boss.delete(f"{ADMIN}/accounts/{ann.id}"), AdminAccount)

    assert gone.suspended
    assert boss.delete(f"{ADMIN}/accounts/{ann.id}").status_code == 403
    assert boss.post(f"{ADMIN}/accounts/{ann.id}/unsuspend").status_code == 403
    eventually(lambda: boss.get(f"{ADMIN}/accounts/{ann.id}").json()["email"] == "")
    profile = bob.get(f"{V1}/accounts/verify_credentials").json()
    assert (profile["followers_count"], profile["following_count"]) == (0, 0)
    assert bob.get(f"{V1}/statuses/{post}").json()["favourites_count"] == 0
    assert bob.get(f"{V1}/bookmarks").json() == []
    taken = server.anyone().get(f"{V1}/accounts/lookup", acct=ann.name)
    assert taken.json()["suspended"] is True
