"""Typed text comes back with every kind of refusal: every form of every page, and every way to refuse it."""

import ast
import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from client import Person, Server
from docket import Docket, warned
from visitor import FORM, Visitor, attributes, logged_in
from web.test_pages import png, statuses

from chirrup.access import sessions
from chirrup.errors import Invalid
from chirrup.social import (
    accounts,
    follows,
    image_read,
    images,
    media,
    pictures,
    polls,
    posts,
    reactions,
    staff,
    uploads,
)
from chirrup.types import Role
from chirrup.web import field_names, problems, routes
from chirrup.web.kept import SECRET

pytestmark = pytest.mark.slow

TYPED = re.compile(r"<(input|textarea)\b([^>]*)>(?:\n?([^<]*)</textarea>)?")
TEXT_TYPES = ("", "text", "search", "email", "password", "tel", "url", "number")

# Buttons that are shown only in states that crawl() does not make. Their forms have no text fields.
OTHER_STATES = {
    *(f"/{{handle}}/{act}" for act in ("unfollow", "unblock", "unmute", "drop")),
    *(f"{routes.POST_PATH}/{act}" for act in ("unfavourite", "unboost", "unbookmark", "unpin", "unmute")),
    "/oauth/authorize",
    *(f"/announcements/{{id}}/{act}" for act in ("dismiss", "react", "unreact")),  # test_announced.py
    "/collections/{id}/leave",
    "/settings/sessions",
    "/settings/data/imports/{id}/delete",
    *("/settings/move/back", "/settings/move/aliases/remove"),  # test_moving.py
    *(f"/admin/reports/{{id}}/{act}" for act in ("leave", "reopen")),  # test_staff.py, as the next
    *(f"/admin/accounts/{{id}}/{act}" for act in ("enable", "unsilence", "unsensitive", "unsuspend")),
    "/admin/trends",  # tests/http/test_trends.py
    "/first/{secret}",  # tests/test_first_run.py
    *("/org/domains/check", "/org/domains/remove"),  # test_org.py, as the next
    *("/org/rules/{id}", "/org/rules/{id}/remove", "/org/rules/{id}/up"),  # test_org.py
    *("/settings/app-passwords/end", "/org/invitations/{id}/withdraw", "/org/members/{name}/reactivate"),
    *("/org/roles/{name}", "/org/roles/{name}/remove"),  # test_org_people.py, as those before
    *(f"/org/identity/{act}" for act in ("check", "read", "oidc/remove", "ldap/remove")),  # test_org_identity.py,
    *(f"/org/identity/runs/{{id}}/{act}" for act in ("approve", "refuse")),  # as those before
    "/org/identity/scim/tokens/{id}/end",  # the same
    *("/org/export", "/org/closing", "/org/closing/off"),  # tests/orgs/test_exports.py, test_closing.py
    *("/mail/stop/{secret}", "/settings/mail/on"),  # test_mail_settings.py
    *(
        f"/org/automation/{{id}}{act}" for act in ("", "/switch", "/remove", "/versions/{version}/restore")
    ),  # as the next
    "/org/automation/new",  # test_org_automation.py
    *(f"/org/hooks/in{act}" for act in ("", "/{id}", "/{id}/switch", "/{id}/token", "/{id}/end")),  # test_org_hooks.py
    *(f"/org/hooks/out{act}" for act in ("", "/{id}", "/{id}/switch", "/{id}/secret", "/{id}/test", "/{id}/end")),
    *("/org/hooks/out/{id}/replay", "/org/hooks/out/{id}/deliveries/{delivery}/replay"),  # as those before
    "/invite",  # tests/http/test_org_invites.py
    *("/org/holds", "/org/holds/{id}/end", "/org/search", "/org/search/export"),  # test_org_records.py
    *("/confirm", "/reset", "/sign-up/mail"),  # whose pages are shown to those who follow a link: test_mailed.py
    *("/login/passkey", "/settings/passkeys/remove"),  # test_passkeys.py
    *("/login/code", "/settings/second-factor/codes", "/settings/second-factor/off"),  # test_second_factor.py
}


ONLY_PROGRAMS = {"locale", "agreement", "languages", "status"}  # fields that no form of the pages has


class Shown:
    """A form as a page shows it: its action and its fields."""

    def __init__(self, opening: str, inside: str) -> None:
        self.action = html.unescape(attributes(opening).get("action", ""))
        self.post = 'method="post"' in opening
        self.buttons = [html.unescape(found) for found in re.findall(r'formaction="([^"]*)"', inside)]
        self.fields: list[tuple[str, str]] = []
        self.typed: list[str] = []  # names of what people type into
        for kind, opening_tag, content in TYPED.findall(inside):
            found = attributes(opening_tag)
            name, type = found.get("name", ""), found.get("type", "")
            if kind == "textarea" or (type in TEXT_TYPES and "readonly" not in opening_tag):
                self.typed.append(name)
                self.fields.append((name, html.unescape(content) if kind == "textarea" else found.get("value", "")))
            elif type == "hidden" or (type in ("radio", "checkbox") and "checked" in opening_tag):
                self.fields.append((name, found.get("value", "on")))
        for name, inner in re.findall(r'<select\b[^>]*name="([^"]*)"[^>]*>(.*?)</select>', inside, re.DOTALL):
            options: list[Any] = [
                attributes(one) | {"on": "selected" in one} for one in re.findall(r"<option\b([^>]*)>", inner)
            ]
            self.fields.append((name, next((one["value"] for one in options if one["on"]), options[0]["value"])))

    def filled(self, word: str, *, chars: int = 0) -> list[tuple[str, str]]:
        """The fields that a browser sends when word is typed everywhere. chars: the length of each text."""
        count = iter(range(100))
        return [
            (name, f"{word}{next(count)} <&> é".ljust(chars, "x") if name in self.typed else value)
            for name, value in self.fields
        ]


def shown(page: requests.Response) -> list[Shown]:
    return [Shown(opening, inside) for opening, inside in FORM.findall(page.text)]


def values(page: requests.Response, action: str) -> list[str]:
    """The values of all fields of a page's forms with this action."""
    return [value for form in shown(page) if form.action == action for _, value in form.fields]


def words(fields: list[tuple[str, str]], form: Shown) -> list[str]:
    return [value for name, value in fields if name in form.typed and name not in SECRET]


def assert_kept(page: requests.Response, form: Shown, fields: list[tuple[str, str]]) -> None:
    found = [value.replace("\r\n", "\n") for value in values(page, form.action)]
    for value in words(fields, form):
        assert value in found, (form.action, value[:60], page.status_code)


def as_files(fields: list[tuple[str, str]]) -> list[Any]:
    """The fields as multipart, which browsers send for forms with files."""
    return [(name, (None, value)) for name, value in fields]


@pytest.fixture(scope="module")
def boss(server: Server) -> Person:
    return server.admin()


@pytest.fixture
def pages(server: Server, ann: Person, bob: Person, boss: Person, anns: Visitor) -> list[str]:
    """The pages that have forms."""
    strike = warned(boss, ann)
    server.do(lambda engines: engines.db.write(staff.give_role, int(ann.id), Role.OWNER))
    docket = Docket(server, boss)
    ann.patch("/api/v1/accounts/update_credentials", locked=True)
    bob.follow(ann)
    mine, other = ann.say("mine"), bob.say("theirs")
    poll = bob.say("a poll", poll={"options": ["a", "b"], "expires_in": 3600})
    picture = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png(), "image/png")}).json()["id"]
    shows = ann.say("look", media_ids=[picture])
    assert ann.post("/api/v1/filters", phrase="crow", context=["home"]).ok
    draft = ann.post("/api/chirrup/v1/drafts", status="unfinished").json()["id"]
    filter_id = ann.get("/api/v2/filters").json()[0]["id"]
    quoting = bob.say("look", quoted_status_id=mine["id"])["id"]
    room = ann.post("/api/chirrup/v1/rooms", name=f"den{mine['id'][-9:]}", closed=True).json()["id"]
    assert bob.post(f"/api/chirrup/v1/rooms/{room}/join").ok
    assert bob.post("/api/chirrup/v1/rooms", name=f"yard{mine['id'][-9:]}").ok
    return [
        *(f"/@{ann.name}/{mine['id']}/{page}" for page in ("quotes", f"unquote?quote={quoting}")),
        *("/home", "/compose", "/search?q=x", "/settings", "/settings/posting", "/settings/access"),
        "/settings/mail",
        *(
            "/settings/data",
            "/settings/second-factor",
            *("/settings/leave", "/settings/move"),
            *("/drafts", f"/drafts/{draft}"),
            "/settings/passkeys",
            *("/rooms", "/rooms/new", f"/rooms/{room}"),
            *(f"/acks/{mine['id']}", "/approvals/new"),
            "/follow-requests",
            "/login?again=1",
            "/sign-up",
            "/forgot",
            f"/@{bob.name}",
            f"/@{bob.name}/{other['id']}",
            f"/@{bob.name}/report?post={other['id']}",
            f"/settings/filters/post?post={other['id']}",
        ),
        *(f"/@{bob.name}/{poll['id']}", f"/@{ann.name}/{mine['id']}/edit", f"/@{ann.name}/{mine['id']}/delete"),
        *(f"/@{ann.name}/{shows['id']}/edit", "/settings/filters/new", f"/settings/filters/{filter_id}"),
        *(docket.path(f"/admin/reports/{{id}}{act}") for act in ("", "/posts")),
        *(docket.path(f"/admin/accounts/{{id}}/{act}") for act in ("act", "delete", "reject")),
        *(f"/disputes/strikes/{strike}", "/admin/accounts", "/admin/sign-ups", "/admin/appeals", "/admin/mails"),
        *("/org/identity/oidc", "/org/identity/ldap", "/org/identity/scim"),
        *("/settings/app-passwords", "/org/roles/new", "/org/invitations", f"/org/members/{bob.name}"),
        *("/org/settings", "/org/theme", "/org/rules/new", "/org/retention", f"/org/retention/rooms/{room}"),
        *("/org/settings", "/org/theme", "/org/domains", "/org/rules/new"),
    ]


def crawl(pages: list[str], anns: Visitor, stranger: Visitor) -> Iterator[tuple[Visitor, str, Shown]]:
    """(visitor, page, form) of every form."""
    for path in pages:
        visitor = stranger if path == "/sign-up" else anns
        page = visitor.get(path)
        assert page.status_code == 200, path
        for form in shown(page):
            yield visitor, path, form


def typed_forms(pages: list[str], anns: Visitor, stranger: Visitor) -> list[tuple[Visitor, str, Shown]]:
    found = [(v, p, form) for v, p, form in crawl(pages, anns, stranger) if form.post and form.typed]
    assert len(found) >= 9
    return found


def test_every_form_there_is_is_tried_here(pages: list[str], anns: Visitor, visitor: Visitor):
    found: set[str] = set()
    for _, path, form in crawl(pages, anns, visitor):
        if not form.post:
            continue
        assert set(form.typed) <= {*field_names.TYPED, *SECRET} or all(
            name in field_names.TYPED or name in SECRET or name.startswith("about") for name in form.typed
        ), f"give what is typed on {path} a name in chirrup/web/kept.py"
        for target in form.buttons or [form.action]:
            route = routes.form_at(target)
            assert route, (path, target)
            found.add(route[0].path)

    forms_there_are = {route.path for route in routes.ROUTES if route.method == "POST"}
    assert forms_there_are - found <= OTHER_STATES


def test_a_form_that_is_older_than_the_login_comes_back_and_can_be_sent(
    pages: list[str], anns: Visitor, visitor: Visitor
):
    for browser, path, form in typed_forms(pages, anns, visitor):
        fields = [(name, "0" * 64 if name == "csrf" else value) for name, value in form.filled("stale")]

        answer = browser.send(form.action, fields)

        assert answer.status_code == 403, path
        assert_kept(answer, form, fields)
        again = next(one for one in shown(answer) if one.action == form.action)
        sessions.check_csrf(browser.cookie, dict(again.fields)["csrf"])


@pytest.mark.parametrize("send", [lambda fields: {"data": fields}, lambda fields: {"files": as_files(fields)}])
def test_after_a_session_has_ended_one_logs_in_and_goes_on_with_the_form(
    server: Server, pages: list[str], anns: Visitor, ann: Person, visitor: Visitor, send: Any
):
    for _, path, form in typed_forms(pages, anns, visitor):
        if path in ("/login?again=1", "/sign-up", "/forgot"):
            continue
        old, other = logged_in(server, ann), Visitor(server.url)
        mine = next(one for one in shown(old.get(path)) if one.action == form.action and one.typed)
        fields = mine.filled("ended")
        other.session.cookies.set("chirrup", old.cookie)
        other.post("/logout")

        asked = old.session.post(server.url + form.action, **send(fields), allow_redirects=False, timeout=20)
        if not words(fields, mine):  # passwords alone
            assert asked.headers["Location"].startswith("/login"), path
            continue

        assert asked.status_code == 401, path
        login = next(one for one in shown(asked) if one.action == "/login")
        wrong = old.send("/login", {**dict(login.fields), "email": ann.name, "password": "wrong"})
        login = next(one for one in shown(wrong) if one.action == "/login")
        back = old.send("/login", {**dict(login.fields), "email": ann.name, "password": "password"})
        assert back.status_code == 200, path
        assert_kept(back, form, fields)
        assert old.is_logged_in
        again = next(one for one in shown(back) if one.action == form.action)
        sessions.check_csrf(old.cookie, dict(again.fields)["csrf"])


def test_a_form_that_is_too_large_comes_back(pages: list[str], anns: Visitor, visitor: Visitor):
    for browser, path, form in typed_forms(pages, anns, visitor):
        fields = [*form.filled("large"), ("padding", "x" * 300_000)]

        answer = browser.send(form.action, fields)

        assert answer.status_code == 413, path
        assert_kept(answer, form, fields)


def test_a_form_that_is_refused_comes_back(pages: list[str], anns: Visitor, visitor: Visitor):
    refused = 0
    for browser, _, form in typed_forms(pages, anns, visitor):
        fields = form.filled("long", chars=6000)

        answer = browser.send(form.action, fields)

        assert answer.status_code == 422, form.action
        if form.action != "/login":
            assert_kept(answer, form, fields)
        for name in ("Media_ids", "Text must", "Note", "Display_name", "Fields", "Validation"):
            assert name not in answer.text
        refused += 1
    assert refused >= 9


def test_the_words_of_a_search_stay(anns: Visitor):
    assert 'value="words &lt;x&gt;"' in anns.get("/search", params={"q": "words <x>"}).text


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    env = {"CHIRRUP_TESTING": "", "CHIRRUP_REQUESTS_PER_5_MIN": "30"}
    with Server(tmp_path_factory.mktemp("limits") / "data", env=env) as server:
        server.command("user", "create", "ann", "--email", "ann@example.com", "--password", "correct horse")
        yield server


def test_a_form_beyond_a_limit_comes_back(strict: Server):
    anns = Visitor(strict.url)
    anns.log_in("ann", "correct horse")
    found = [
        form for path in ("/compose", "/settings", "/settings/posting") for form in shown(anns.get(path)) if form.post
    ]
    while anns.get("/about").status_code == 200:
        pass

    for form in found:
        fields = form.filled("limit")
        answer = anns.send(form.action, fields)
        assert answer.status_code == 429, form.action
        assert int(answer.headers["Retry-After"]) > 0
        if form.typed:
            assert_kept(answer, form, fields)
    search = anns.get("/search", params={"q": "words <x>"})
    assert search.status_code == 429
    assert 'value="words &lt;x&gt;"' in search.text


@pytest.fixture
def unplugged(postgres: Any, postgres_url: str, tmp_path: Path) -> Iterator[tuple[Server, Callable[[], None]]]:
    """(a server, a function that stops its database)."""
    with Server(tmp_path / "data", env={"CHIRRUP_DATABASE": postgres_url, "CHIRRUP_DATABASE_TIMEOUT_S": "2"}) as server:
        try:
            yield server, lambda: postgres.stop()
        finally:
            postgres.start()


def test_a_form_comes_back_while_the_database_is_away(unplugged: Any):
    server, go_away = unplugged
    ann = server.person()
    anns = logged_in(server, ann)
    found = [form for path in ("/compose", "/settings") for form in shown(anns.get(path)) if form.post and form.typed]
    go_away()

    for form in found:
        fields = form.filled("away")
        answer = anns.send(form.action, fields)
        assert answer.status_code == 503, form.action
        assert_kept(answer, form, fields)


def test_the_words_of_a_post_that_was_deleted_meanwhile_can_be_posted_anew(anns: Visitor, ann: Person):
    post = ann.say("before", visibility="private")
    path = f"/@{ann.name}/{post['id']}/edit"
    fields = next(one for one in shown(anns.get(path)) if one.action == path).fields
    assert ann.call("DELETE", f"/api/v1/statuses/{post['id']}").ok

    answer = anns.send(path, [(name, "after" if name == "text" else value) for name, value in fields])

    assert answer.status_code == 404
    again = next(one for one in shown(answer) if one.action == "/compose")
    assert dict(again.fields)["text"] == "after"
    assert dict(again.fields)["visibility"] == "direct"
    assert anns.send("/compose", again.fields).status_code == 303


# the form of a post, field by field


def compose(page: requests.Response) -> Shown:
    return next(one for one in shown(page) if one.action == "/compose")


def picture(anns: Visitor, fields: dict[str, str], **files: tuple[bytes, str]) -> requests.Response:
    sent = {name: (f"{name}.png", data, "image/png") for name, (data, _) in files.items()}
    about = {name.replace("picture", "description"): words for name, (_, words) in files.items()}
    return anns.send("/compose", {"csrf": anns.csrf("/home"), **fields, **about}, files=sent)


def test_a_refused_poll_comes_back_with_its_settings(anns: Visitor, ann: Person):
    fields = [*compose(anns.get("/compose")).fields]
    fields = [pair for pair in fields if pair[0] not in ("option", "open_for_s")]
    fields += [("text", "x" * 501), ("option", "Yes"), ("option", "No"), ("multiple", "1"), ("open_for_s", "604800")]

    answer = anns.send("/compose", [*fields, ("sensitive", "1")])

    assert answer.status_code == 422
    again = compose(answer).fields
    assert [value for name, value in again if name == "option"] == ["Yes", "No", "", ""]
    assert {("multiple", "1"), ("open_for_s", "604800"), ("sensitive", "1")} <= set(again)
    sent = [(name, "short" if name == "text" else value) for name, value in again]
    assert anns.send("/compose", sent).status_code == 303
    (status,) = statuses(ann)
    assert status["poll"]["multiple"]


def test_pictures_of_a_refused_post_stay_with_their_descriptions(server: Server, anns: Visitor, ann: Person):
    answer = picture(
        anns, {"text": "x" * 501}, picture0=(png(), "the <first>"), picture1=(png(), ""), picture3=(png(), "third")
    )

    assert answer.status_code == 422
    again = compose(answer).fields
    ids = [value for name, value in again if name == "media"]
    assert [dict(again)[f"about{id}"] for id in ids] == ["the <first>", "", "third"]
    previews = re.findall(r'<img src="(/media/files/[^"]+)" alt="Picture \d"', answer.text)
    assert [anns.get(html.unescape(one)).status_code for one in previews] == [200] * 3
    sent = {**dict(again), "text": "short"}
    sent |= {f"about{ids[0]}": "better", "drop": ids[1], "media": ids}
    assert anns.send("/compose", sent).status_code == 303
    (status,) = statuses(ann)
    assert [one["description"] for one in status["media_attachments"]] == ["better", "third"]


def test_one_bad_picture_keeps_the_others_and_is_named(anns: Visitor, ann: Person):
    answer = picture(anns, {"text": "two"}, picture0=(b"none", "the bad one"), picture1=(png(), "the good one"))

    assert answer.status_code == 422
    assert "Picture 1 is of no known type" in answer.text
    again = dict(compose(answer).fields)
    assert again[f"about{again['media']}"] == "the good one"
    assert again["description0"] == "the bad one"
    assert statuses(ann) == []


def test_a_picture_that_is_too_large_is_refused_with_the_limit_and_nothing_else_is_lost(tmp_path: Path):
    with Server(tmp_path / "data", env={"CHIRRUP_MEDIA_BYTES_MAX": str(2**20)}) as server:
        anns = logged_in(server, server.person())
        for size, told in ((2**20 + 1, "1.1 MB"), (9 * 2**20, "9 MB")):
            answer = picture(anns, {"text": "kept", "summary": "too"}, picture0=(b"x" * size, "a film"))

            assert answer.status_code == 422
            assert f"Picture 1 must have at most 1 MB, has {told}." in answer.text
            again = dict(compose(answer).fields)
            assert (again["text"], again["summary"], again["description0"]) == ("kept", "too", "a film")
        files = {"avatar": ("a.png", b"x" * (2**20 + 1), "image/png")}
        answer = anns.send("/settings", {"csrf": anns.csrf("/settings"), "note": "about"}, files=files)
        assert "Your picture must have at most 1 MB, has 1.1 MB." in answer.text
        assert ">about</textarea>" in answer.text


def test_pictures_of_others_and_of_other_posts_are_not_taken(anns: Visitor, ann: Person, bob: Person):
    mine = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png(), "image/png")}).json()["id"]
    theirs = bob.call("POST", "/api/v2/media", files={"file": ("a.png", png(), "image/png")}).json()["id"]
    ann.say("took it", media_ids=[mine])

    for id in (mine, theirs, "12345", "x"):
        fields = {"csrf": anns.csrf("/home"), "text": "look", "media": id, f"about{id}": "mine now"}
        answer = anns.send("/compose", fields)

        assert answer.status_code in (404, 422)
        assert "/media/files/" not in answer.text
        assert ">look</textarea>" in answer.text
    assert [one["description"] for one in statuses(ann)[0]["media_attachments"]] == [None]


def test_an_edit_shows_pictures_changes_descriptions_and_leaves_pictures_out(anns: Visitor, ann: Person):
    ids = [ann.call("POST", "/api/v2/media", files={"file": ("a.png", png(), "image/png")}).json()["id"] for _ in "ab"]
    post = ann.say("look", media_ids=ids)
    path = f"/@{ann.name}/{post['id']}/edit"
    page = anns.get(path)
    form = next(one for one in shown(page) if one.action == path)
    assert [value for name, value in form.fields if name == "media"] == ids
    assert f'href="/@{ann.name}/{post["id"]}">Cancel</a>' in page.text

    fields = {**dict(form.fields), "media": ids, f"about{ids[0]}": "changed", "drop": ids[1]}
    refused = anns.send(path, fields | {"text": "x" * 501}, files={"picture0": ("c.png", png(), "image/png")})
    again = next(one for one in shown(refused) if one.action == path)
    added = [value for name, value in again.fields if name == "media"]
    assert added[0] == ids[0]
    assert len(added) == 2
    assert dict(again.fields)[f"about{ids[0]}"] == "changed"
    sent = [(name, "shorter" if name == "text" else value) for name, value in again.fields]
    assert anns.send(path, [*sent, ("drop", ids[1])]).status_code == 303

    (status,) = statuses(ann)
    assert [(one["id"], one["description"]) for one in status["media_attachments"]] == [
        (ids[0], "changed"),
        (added[1], None),
    ]


def test_a_form_sent_again_with_other_words_is_asked_about(anns: Visitor, ann: Person):
    fields = [(name, "first" if name == "text" else value) for name, value in compose(anns.get("/home")).fields]
    assert anns.send("/compose", fields).status_code == 303

    answer = anns.send("/compose", [(name, "second" if name == "text" else value) for name, value in fields])

    assert answer.status_code == 422
    assert "You have sent this form before" in answer.text
    assert dict(compose(answer).fields)["text"] == "second"
    assert anns.send("/compose", compose(answer).fields).status_code == 303
    assert len(statuses(ann)) == 2


def test_a_form_of_another_site_is_not_shown_again(anns: Visitor):
    fields = {"csrf": anns.csrf("/home"), "text": "forged words"}

    answer = anns.send("/compose", fields, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert "forged words" not in answer.text


def test_an_old_password_never_comes_back(anns: Visitor, visitor: Visitor):
    for browser, path, fields in (
        (anns, "/settings/password", {"old": "s3cret-old", "new": "s3cret-new"}),
        (visitor, "/sign-up", {"username": "no spaces", "email": "x", "password": "s3cret-word"}),
        (visitor, "/login", {"email": "nobody", "password": "s3cret-word"}),
    ):
        for csrf in (browser.csrf("/login?again=1"), "0"):
            answer = browser.send(path, {"csrf": csrf, **fields})
            assert answer.status_code in (403, 422)
            assert "s3cret" not in answer.text


def test_what_is_wrong_is_named_as_people_see_it():
    """For every field that an operation behind a form of the pages can refuse."""
    modules = (accounts, follows, image_read, images, media, pictures, polls, posts, reactions, uploads)
    nodes = (node for one in modules for node in ast.walk(ast.parse(Path(str(one.__file__)).read_text())))
    calls = (node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Invalid")
    named = {str(call.args[0].value) for call in calls if call.args and isinstance(call.args[0], ast.Constant)}

    assert len(named) > 10
    assert named - ONLY_PROGRAMS <= field_names.NAMES.keys()
    assert problems.said(Invalid("media_ids", "too_many", "are too many")) == "Pictures are too many."
    assert problems.said(Invalid("poll", "ended", "The poll has ended")) == "The poll has ended."


def test_a_vote_without_a_session_is_gone_on_with(server: Server, ann: Person, bob: Person):
    poll = bob.say("Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    anns, path = logged_in(server, ann), f"/@{bob.name}/{poll['id']}"
    form = next(one for one in shown(anns.get(path)) if one.action == f"{path}/vote")
    anns.session.cookies.clear()

    asked = anns.send(form.action, [*form.fields, ("choice", "1")])
    assert asked.status_code == 401
    login = dict(next(one for one in shown(asked) if one.action == "/login").fields)
    back = anns.send("/login", login | {"email": ann.name, "password": "password"})
    again = next(one for one in shown(back) if one.action == form.action)

    assert anns.send(form.action, again.fields).status_code == 303
    assert ann.get(f"/api/v1/polls/{poll['poll']['id']}").json()["own_votes"] == [1]
