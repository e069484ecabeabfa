"""The pages for members, roles, invitations and app passwords, as plain forms: from an invitation to leaving."""

import base64
import re
from collections.abc import Iterator

import pytest
import requests
from client import Person, Server
from visitor import Visitor, forms, logged_in
from walls import organisation
from web.test_staff import words

from chirrup.access.roles import ORGANISES
from chirrup.social import staff
from chirrup.types import Role
from chirrup.web.screens.org.places import GROUPS, PLACES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("people") / "data") as town:
        yield organisation(town)


@pytest.fixture(scope="module")
def boss(acme: Server) -> Person:
    made = acme.admin()
    acme.do(lambda engines: engines.db.write(staff.give_role, int(made.id), Role.OWNER))
    return made


def send(desk: Visitor, page: str, action: str = "", **fields: object) -> requests.Response:
    """The form of page with this action, filled in."""
    form = next(one for one in forms(desk.get(page)) if one.url == desk.url + (action or page))
    return desk.send(action or page, form.fields | fields)


def menu(browser: Visitor) -> set[str]:
    """The places of those who look after something."""
    found = re.findall(r'<nav class="nav".*?</nav>', browser.get("/home").text, re.DOTALL)[0]
    return set(re.findall(r'href="(/org|/admin)"', found))


def test_every_place_is_in_the_menu_of_who_has_it():
    assert {name for _, name, needed, _ in PLACES if needed & ~ORGANISES} == set()
    grouped = [path for paths in GROUPS.values() for path in paths]
    assert len(set(grouped)) == len(grouped) and set(grouped) <= {path for path, *_ in PLACES}


def test_an_owner_makes_a_role_invites_somebody_gives_it_and_lets_them_go(acme: Server, boss: Person):
    desk = logged_in(acme, boss)
    assert "Nobody was invited yet." in words(desk.get("/org/invitations"))
    wrong = send(desk, "/org/roles/new", role_name="Admin", may=["INVITE_GUESTS"])
    assert (wrong.status_code, 'value="Admin"' in wrong.text) == (422, True)
    assert re.search(r'value="INVITE_GUESTS" checked', wrong.text)
    made = send(desk, "/org/roles/new", role_name="Keeper & Co", may=["INVITE_GUESTS", "MANAGE_ROOMS"])
    assert made.headers["Location"] == "/org/roles?saved=1"
    assert "Keeper & Co Invite guests · Look after all rooms" in words(desk.get("/org/roles"))
    role = "/org/roles/Keeper%20%26%20Co"
    assert send(desk, role, may=["INVITE_USERS"]).status_code == 303

    wrong = send(desk, "/org/invitations", email="nonsense", role="Keeper & Co", uses="1", days="3")
    assert (wrong.status_code, 'value="nonsense"' in wrong.text, 'value="3"' in wrong.text) == (422, True, True)
    shown = send(desk, "/org/invitations", email="", role="Keeper & Co", uses="2", days="3").text
    (link,) = set(re.findall(rf"{acme.url}/invite/[\w-]+", shown))
    anns = Visitor(acme.url)
    assert "Keeper" not in anns.get(link.removeprefix(acme.url)).text
    form = forms(anns.get(link.removeprefix(acme.url)))[0]
    typed = {"username": "ann", "email": "ann@example.com", "password": "password"}
    assert anns.send(form.url, form.fields | typed).headers["Location"] == "/home"
    assert "1 of 2 came: @ann" in words(desk.get("/org/invitations"))
    assert "Invite" in words(anns.get("/org/invitations"))
    assert anns.get("/org/members").status_code == 403
    assert menu(anns) == {"/org"}
    assert 'href="/admin"' not in anns.get("/org").text

    ann = "/org/members/ann"
    assert "Keeper & Co" in words(desk.get("/org/members?q=ANN"))
    assert "No member is like that." in words(desk.get("/org/members?q=nobody"))
    assert desk.get("/org/members/nobody").status_code == 404
    refused = send(desk, role, f"{role}/remove")
    assert (refused.status_code, "accounts have this role" in refused.text) == (403, True)
    assert send(desk, ann, f"{ann}/role", role="").headers["Location"] == f"{ann}?saved=1"
    assert send(desk, role, f"{role}/remove").status_code == 303
    assert send(desk, ann, f"{ann}/search", allowed="1").status_code == 303
    assert "whatever was said yes" in words(desk.get(ann))
    assert "All that it has, in one file." in words(anns.get("/org"))
    assert send(desk, ann, f"{ann}/search", allowed="").status_code == 303
    assert menu(anns) == set()
    assert menu(desk) == {"/admin", "/org"}
    assert send(desk, ann, f"{ann}/guest", guest="1").status_code == 303
    assert send(desk, ann, f"{ann}/guest", guest="").status_code == 303
    assert send(desk, ann, f"{ann}/sessions", end="all").status_code == 303
    assert not anns.is_logged_in
    assert send(desk, ann, f"{ann}/deactivate").status_code == 303
    assert "deactivated" in words(desk.get("/org/members?state=deactivated"))
    assert anns.log_in("ann").status_code == 403
    assert send(desk, ann, f"{ann}/reactivate").status_code == 303
    assert anns.log_in("ann").status_code == 303

    withdrawn = next(one for one in forms(desk.get("/org/invitations")) if one.url.endswith("/withdraw"))
    assert desk.send(withdrawn.url, withdrawn.fields).status_code == 303
    wrong = send(desk, ann, f"{ann}/owner", password="wrong")
    assert (wrong.status_code, "not your password" in wrong.text) == (422, True)
    mine = f"/org/members/{boss.name}"
    assert "This is you" in words(desk.get(mine))
    assert send(desk, ann, f"{ann}/owner", password="password").headers["Location"] == "/@ann"
    assert anns.get("/org/members").ok


def test_an_app_password_is_made_shown_once_and_ended_and_the_log_tells(acme: Server):
    ann = acme.person()
    browser, path = logged_in(acme, ann), "/settings/app-passwords"
    wrong = send(browser, path, app_password_name="My script", scope=["read"], password="wrong")
    assert (wrong.status_code, 'value="My script"' in wrong.text) == (422, True)
    blank = send(browser, path, app_password_name="My script", scope=[], password="password")
    assert blank.status_code == 422

    made = send(browser, path, app_password_name="My script", scope=["read"], password="password")
    (secret,) = set(re.findall(r"\b[0-9a-f]{3}[\w-]{43}\b", re.findall(r"<code>([^<]+)</code>", made.text)[0]))
    told = base64.b64encode(f"{ann.name}:{secret}".encode()).decode()
    asked = {"headers": {"Authorization": f"Basic {told}"}, "timeout": 10}
    assert requests.get(f"{acme.url}/api/v1/timelines/home", **asked).ok  # pyright: ignore[reportArgumentType]
    listed = browser.get(path).text
    assert "My script" in listed
    assert secret not in listed

    form = next(one for one in forms(browser.get(path)) if one.url.endswith("/end"))
    (id,) = re.findall(r'name="end" value="(\w+)"', form.inside)
    assert browser.send(form.url, form.fields | {"end": id}).status_code == 303
    assert requests.get(f"{acme.url}/api/v1/timelines/home", **asked).status_code == 401  # pyright: ignore[reportArgumentType]

    logged_in(acme, ann)
    browser.post("/settings/sessions", csrf_from="/settings/access", end="others")
    told = [entry for entry in acme.admin().get("/api/chirrup/v1/org/audit").json() if entry["account_id"] == ann.id]
    assert [(entry["action"], entry["text"]) for entry in told] == [
        ("end other sessions", ""),
        ("end app password", "My script"),
        ("make app password", "My script: read"),
    ]
