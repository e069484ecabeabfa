"""Pages of hooks: made with what is shown once, tried on what came, looked at, switched off, ended."""

import re
from collections.abc import Iterator

import pytest
import requests
from client import Person, Server
from visitor import Visitor, forms, logged_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hook_pages") / "data") as town:
        yield town


@pytest.fixture(scope="module")
def boss(town: Server) -> Person:
    return town.admin()


@pytest.fixture(scope="module")
def desk(town: Server, boss: Person) -> Visitor:
    return logged_in(town, boss)


def send(desk: Visitor, page: str, action: str, **typed: str) -> requests.Response:
    form = next(one for one in forms(desk.get(page)) if one.url.endswith(action))
    return desk.send(form.url, form.fields | typed)


def secrets_of(page: requests.Response) -> list[str]:
    return re.findall(r"<code>([^<]+)</code>", page.text)


def test_a_hook_that_speaks_is_made_tried_and_ended(town: Server, boss: Person, desk: Visitor):
    wrong = send(desk, "/org/hooks", "/org/hooks/in", hook_name=" ", format="generic")
    made = send(desk, "/org/hooks", "/org/hooks/in", hook_name="Ovens", format="generic")
    (address,) = secrets_of(made)
    said = requests.post(address, json={"oven": {"name": "One", "state": "hot"}, "more": "y" * 900}, timeout=10)
    cut = requests.post(address, json={"text": "long " * 300}, timeout=10)

    assert (wrong.status_code, 'value="generic" selected' in wrong.text) == (422, True)
    assert (said.status_code, cut.status_code) == (200, 200)
    assert address not in desk.get("/org/hooks").text
    (one,) = set(re.findall(r'href="(/org/hooks/in/\d+)"', desk.get("/org/hooks").text))
    shown = boss.get(f"/api/v1/statuses/{cut.json()['posts'][0]}").json()["content"]
    (more,) = re.findall(rf'href="{town.url}({one}/payloads/\d+)"', shown)
    assert "long long long" in desk.get(more).text

    payload = re.findall(r'<option value="(\d+)"', desk.get(one).text)[-1]
    own = {"hook_name": "Ovens", "format": "generic", "visibility": "unlisted"}
    mapping = own | {"map_text": "{{ oven.name }} is {{ oven.state }}", "map_about": "oven.name"}
    tried = send(desk, one, one, do="try", payload=payload, **mapping)
    assert "One is hot" in tried.text and 'value="{{ oven.name }} is {{ oven.state }}"' in tried.text
    bad = send(desk, one, one, **own, map_text="x", map_ends="y")
    assert (bad.status_code, 'value="y"' in bad.text) == (422, True)
    assert send(desk, one, one, **mapping).headers["Location"] == f"{one}?saved=1"
    assert requests.post(address, json={"oven": {"name": "Two", "state": "cold"}}, timeout=10).ok
    assert "Two is cold" in desk.get(one).text

    send(desk, one, f"{one}/switch")
    assert requests.post(address, json={"text": "x"}, timeout=10).status_code == 403
    send(desk, one, f"{one}/switch")
    (other,) = secrets_of(send(desk, one, f"{one}/token"))
    assert requests.post(address, json={"text": "x"}, timeout=10).status_code == 404
    assert requests.post(other, json={"oven": {"name": "Three"}}, timeout=10).ok
    assert send(desk, one, f"{one}/end").headers["Location"] == "/org/hooks?saved=1"
    assert desk.get(one).status_code == 404


def test_a_hook_that_hears_is_made_looked_at_and_ended(town: Server, desk: Visitor):
    url = "https://ci.example/chirrup"
    wrong = send(desk, "/org/hooks", "/org/hooks/out", hook_name="CI", url=url)
    made = send(desk, "/org/hooks", "/org/hooks/out", hook_name="CI", url=url, event="post.published")
    (secret,) = secrets_of(made)
    (one,) = set(re.findall(r'href="(/org/hooks/out/\d+)"', made.text))

    assert (wrong.status_code, f'value="{url}"' in wrong.text) == (422, True)
    assert secret.startswith("whsec_") and secret not in desk.get(one).text
    assert send(desk, one, f"{one}/test").status_code == 303
    assert "test" in desk.get(one).text
    assert secrets_of(send(desk, one, f"{one}/secret")) != [secret]
    assert send(desk, one, one, hook_name="CI", url="ftp://x", event="post.published").status_code == 422
    assert send(desk, one, one, hook_name="Builds", url=url, event="post.edited").status_code == 303
    assert send(desk, one, f"{one}/replay").status_code == 303

    other = logged_in(town, town.admin())
    theirs = other.get(one)
    assert "only its owner" in theirs.text and url not in theirs.text
    assert send(other, one, f"{one}/switch").status_code == 303
    assert "It is off" in desk.get(one).text
    assert send(other, one, f"{one}/end").status_code == 303
    assert desk.get(one).status_code == 404


def test_who_may_not_have_hooks_sees_none(town: Server):
    visitor = logged_in(town, town.person())

    paths = ("/org/hooks", "/org/hooks/in/1", "/org/hooks/out/1")
    assert [visitor.get(path).status_code for path in paths] == [403] * 3
