"""Two organisations on one server: whatever is asked at one site, nothing comes of the other, nor changes there.

Each line of both tables is asked at the other site with the ids and words of this one: this one's word must not be in
the answer, and what has an id must be as what never was. Streams: test_walls_streams.py.
"""

import re
import secrets
from typing import Any, get_args

import msgspec
import pytest
import requests
from client import Person
from mail_folder import newest
from visitor import Visitor, logged_in
from walls import ABSENT, URN, V1, Site, asked_by, section_of, visitors
from world import name_of

from chirrup.http.arguments import Arguments
from chirrup.http.forms import Id
from chirrup.http.route import ADMIN
from chirrup.programs import ROUTES
from chirrup.web.routes import ROUTES as PAGES

pytestmark = pytest.mark.slow

BODY = {
    "q": "{word}",
    "acct": "{ann}",
    "resource": "acct:{ann}",
    "id": ["{post}"],
    "status": "hello @{ann}",
    "in_reply_to_id": "{post}",
    "account_ids": ["{ann_id}"],
    "choices": [0],
    "type": "none",
    "name": "{tag}",
    "any": ["{tag}"],
    "hashtag": "{tag}",
}


def filled(there: Site) -> dict[str, Any]:
    values = {"word": there.word, "tag": there.tag, "ann": there.ann.name, "ann_id": there.ann.id}
    values["post"] = there.ids["statuses"][0]
    return msgspec.json.decode(re.sub(r"\{(\w+)\}", lambda m: values[m[1]], msgspec.json.encode(BODY).decode()))


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_no_route_tells_of_the_other_side(sides: tuple[Site, Site], route: Any):
    there, here = sides
    for person in asked_by(here):
        if "{" not in route.path:
            sent = {"params": filled(there)} if route.method == "GET" else {"json": filled(there)}
            answer = person.call(route.method, route.path, allow_redirects=False, **sent)
            assert not there.told_in(answer), f"{person.name}: {answer.text}"
            continue
        for address, absent in there.addresses(route.path):
            body = {"choices": [0], "type": "none", "account_ids": [there.ann.id]}
            sent = {} if route.method == "GET" else {"json": body}
            answer = person.call(route.method, address, **sent)
            assert not there.told_in(answer), f"{person.name}: {answer.text}"
            if absent:
                assert answer.status_code == person.call(route.method, absent, **sent).status_code, address


def id_fields(route: Any) -> list[tuple[str, bool]]:
    """(name, whether it is a list) of what the handler takes as an id, beside those that pages go by."""
    wanted = Arguments(route.handler)
    fields = [field for kind in (wanted.query, wanted.body) if kind for field in msgspec.structs.fields(kind)]
    kinds = [(field.name, {field.type, *get_args(field.type)}) for field in fields if field.name not in PAGING]
    return [(name, list[Id] in kinds or tuple[Id, ...] in kinds) for name, kinds in kinds if kinds & IDS]


PAGING = {"max_id", "since_id", "min_id", "offset"}
IDS: set[Any] = {Id, list[Id], tuple[Id, ...]}
TAKING_IDS = [(route, name, many) for route in ROUTES for name, many in id_fields(route)]


@pytest.mark.parametrize(
    ("route", "field", "many"), TAKING_IDS, ids=[f"{name_of(route)} {name}" for route, name, _ in TAKING_IDS]
)
def test_an_id_in_a_form_or_query_is_as_one_that_never_was(
    sides: tuple[Site, Site], route: Any, field: str, many: bool
):
    """Beside ids of one's own in the path: what another's is attached to, listed in, asked with."""
    there, here = sides
    section = section_of(route.path)
    ids = [here.ann.say("to be changed")["id"]] if section == "statuses" else here.ids.get(section, [here.ann.id])
    own = route.path.replace("{id}", ids[0])
    for id in {id for ids in there.ids.values() for id in ids}:
        answers = list[requests.Response]()
        for asked in (id, ABSENT):
            sent = {"status": "hello", "visibility": "unlisted", field: [asked] if many else asked}
            how = {"params": sent} if route.method == "GET" else {"json": sent}
            answers.append(here.ann.call(route.method, own, **how))
        found, absent = answers
        assert not there.told_in(found, id), found.text
        assert found.status_code == absent.status_code, (id, found.text)
        if route.method == "GET":
            assert found.text.replace(id, ABSENT) == absent.text, id


def test_the_ids_are_right(both: tuple[Site, Site]):
    """The same addresses at their own site, by their owner, do tell."""
    assert {field for _, field, _ in TAKING_IDS} >= {"id", "account_id", "account_ids", "in_reply_to_id", "media_ids"}
    for site in both:
        told = 0
        for route in ROUTES:
            if route.method == "GET" and "{" in route.path:
                for address, _ in site.addresses(route.path):
                    told += site.ann.get(address).ok or site.bob.get(address).ok or site.admin.get(address).ok
        assert told > 30
        anns = logged_in(site.server, site.ann)
        shown = [anns.get(address) for one in READ if "{" in one.path for address, _ in site.pages(one.path)]
        assert sum(site.told_in(page) for page in shown) > 20


def test_what_is_looked_up_by_how_it_begins_is_of_one_side(sides: tuple[Site, Site]):
    """Keys of names, words and hashtags begin with the organisation, which is a number."""
    there, here = sides
    browser = logged_in(here.server, here.bob)
    for start in "0123456789":
        found = here.bob.get("/api/v2/search", q=start, limit=40).json()
        assert {one["url"].rsplit("/", 1)[0] for one in found["hashtags"]} <= {f"{here.server.url}/tags"}
        assert there.tag not in str(found["hashtags"]), start
        assert there.ann.id not in str(found["accounts"]), start
        page = browser.get("/search", params={"q": start})
        assert there.tag not in page.text, start
        assert there.word not in page.text, start
    assert here.tag in here.bob.get("/api/v2/search", q=here.tag[:4]).text


# access


def test_a_token_a_session_and_an_app_are_of_one_site(sides: tuple[Site, Site]):
    there, here = sides
    for token in (there.ann.token, there.admin.token, there.app.token):
        stray = Person(here.server, token)
        assert stray.get(f"{V1}/accounts/verify_credentials").status_code == 401
        assert stray.get(f"{V1}/timelines/public").status_code == 401
        assert stray.post(f"{V1}/emails/confirmations").status_code == 401  # which asks for the token by itself
        assert stray.get(f"{V1}/streaming/public").status_code == 401
    visitor = logged_in(there.server, there.ann)
    stray = Visitor(here.server.url)
    stray.session.headers["Cookie"] = f"chirrup={visitor.cookie}"
    assert visitor.is_logged_in
    assert not stray.is_logged_in
    assert Visitor(here.server.url).log_in(there.ann.name).status_code == 422


GRANTS = {
    "client_credentials": {"scope": "read"},
    "authorization_code": {"code": "{code}", "redirect_uri": URN},
    "password": {"username": "{ann}@example.com", "password": "password", "scope": "read"},
    "refresh_token": {"refresh_token": "{token}"},
}


@pytest.mark.parametrize("grant", GRANTS)
def test_nothing_of_the_other_site_becomes_a_token(sides: tuple[Site, Site], grant: str):
    """Whoever has all of it: with the other site's app, and with one of this site; neither uses anything up."""
    there, here = sides
    code = there.code() if grant == "authorization_code" else ""
    asked = {"grant_type": grant}
    for name, value in GRANTS[grant].items():
        asked[name] = value.format(code=code, ann=there.ann.name, token=there.ann.token)

    with_theirs = here.server.anyone().post("/oauth/token", **asked, **there.credentials)
    with_ours = here.server.anyone().post("/oauth/token", **asked, **here.credentials)
    at_home = there.server.anyone().post("/oauth/token", **asked, **there.credentials)

    assert (with_theirs.status_code, with_theirs.json()["error"]) == (401, "invalid_client")
    if grant == "client_credentials":
        assert with_ours.ok, "an app of here asked for itself"
    else:
        assert with_ours.status_code == 400, with_ours.text
    assert at_home.ok == (grant != "refresh_token"), at_home.text


def test_a_code_that_was_used_ends_nothing_when_it_comes_again_at_the_other_site(sides: tuple[Site, Site]):
    there, here = sides
    asked = {"grant_type": "authorization_code", "code": there.code(), "redirect_uri": URN}
    token = there.server.anyone().post("/oauth/token", **asked, **there.credentials).json()["access_token"]

    assert here.server.anyone().post("/oauth/token", **asked, **here.credentials).status_code == 400

    assert Person(there.server, token).get(f"{V1}/accounts/verify_credentials").ok


def test_a_token_is_revoked_at_its_own_site_alone(sides: tuple[Site, Site]):
    there, here = sides
    asked = {"grant_type": "client_credentials", "scope": "read"}
    token = there.server.anyone().post("/oauth/token", **asked, **there.credentials).json()["access_token"]
    absent = here.server.anyone().post("/oauth/revoke", token="x" * 46, **here.credentials)

    for site in (here, there):
        assert here.server.anyone().post("/oauth/revoke", token=token, **site.credentials).status_code == (
            absent.status_code if site is here else 401
        )

    assert Person(there.server, token).get(f"{V1}/apps/verify_credentials").ok


def test_a_name_and_an_address_can_be_had_on_both_sides(both: tuple[Site, Site]):
    first, second = (site.server.person("clara") for site in both)

    assert first.id != second.id
    for person, site in ((first, both[0]), (second, both[1])):
        found = site.bob.get(f"{V1}/accounts/lookup", acct="clara").json()
        assert (found["id"], found["url"]) == (person.id, f"{site.server.url}/@clara")
        assert Visitor(site.server.url).log_in("clara@example.com").status_code == 303


def test_a_link_in_a_mail_does_nothing_at_the_other_site(sides: tuple[Site, Site]):
    there, here = sides
    stranger = Visitor(here.server.url)
    for page, secret in there.secrets.items():
        sent = {"csrf": stranger.csrf(), "secret": secret, "password": "another password"}
        assert stranger.send(page.split("/{")[0], sent).status_code == 404
        assert Visitor(there.server.url).get(page.replace("{secret}", secret)).ok  # it is as good as before
    assert Visitor(there.server.url).log_in(there.ann.name).status_code == 303


def test_who_forgets_a_password_is_found_by_their_address_at_their_site_alone(both: tuple[Site, Site]):
    email = f"dora{secrets.token_hex(4)}@example.com"
    name = email.split("@", 1)[0]
    for site in both:
        site.server.person(name)
    for n, site in enumerate(both):
        Visitor(site.server.url).post("/forgot", csrf_from="/forgot", email=email)
        subject, text = newest(site.server, email, than=n)
        assert subject == f"A new password for @{name}"
        assert re.findall(r"https?://[^/\s]+", text) == [site.server.url] * 2, text


# pages


READ = [one for one in PAGES if one.method == "GET" and one.path != "/home/live"]  # which has no end: with the streams


def asked_for(there: Site, address: str) -> str:
    """The account whose id is in the address, and so in the login page that leads back there."""
    return next((id for id in (there.ann.id, there.bob.id) if id in address), "")


@pytest.mark.parametrize("route", READ, ids=lambda one: one.path)
def test_no_page_tells_of_the_other_side(sides: tuple[Site, Site], route: Any):
    there, here = sides
    asked = there.asks_for_a_code | {"q": there.tag, "before": "", "text": f"@{there.ann.name}"}  # beside the word
    asked["return_to"] = f"/oauth/authorize?client_id={there.client['client_id']}"
    for visitor in visitors(here):
        for address, absent in there.pages(route.path):
            page = visitor.get(address, params=asked)
            assert not there.told_in(page, asked_for(there, address)), address
            assert "{secret}" not in route.path or there.ann.name not in page.text
            if absent and absent != address:
                assert page.status_code == visitor.get(absent, params=asked).status_code, address


def fields_of(there: Site, path: str, *, absent: bool) -> dict[str, str]:
    """What the forms of pages have, with what is there's in it, or (absent) with what never was."""
    media, session = there.ids["media"][0], "x" * 43
    name, post, app = there.ann.name, there.ids["statuses"][0], there.client["id"]
    client_id, secret = there.client["client_id"], there.secrets.get(f"{path}/{{secret}}", "")
    if absent:
        secret = "x" * 46
        name, media, post, app, client_id = "nobody_at_all", ABSENT, ABSENT, ABSENT, "x" * 43
    own = there.asks_for_a_code | {"client_id": client_id, "decision": "allow"}
    if path == "/settings/move/aliases/remove":  # elsewhere what was sent comes back
        own |= {"remove": ABSENT if absent else there.ann.id}
    return own | {
        "text": f"hello @{name}",
        "reply_to": post,
        "media": media,
        "drop": media,
        f"about{media}": "changed",
        "visibility": "direct",
        "choice": "0",
        "moved_to": f"@{name}",
        "alias": f"@{name}",
        "email": f"{name}@example.com",
        "password": "password",
        "end": session,
        "revoke": app,
        "return_to": f"/@{name}",
        "secret": secret,
    }


# the second time is answered otherwise
ONCE = {"/logout", "/settings/leave", "/settings/data/archive", "/org/roles/{name}/remove"}


@pytest.mark.parametrize("route", [one for one in PAGES if one.method == "POST"], ids=lambda one: one.path)
def test_no_form_of_a_page_reaches_the_other_side(sides: tuple[Site, Site], route: Any):
    there, here = sides
    who = here.admin if route.who == ADMIN else here.bob
    visitor = logged_in(here.server, here.server.person() if route.path == "/settings/leave" else who)
    csrf = {"csrf": visitor.csrf("/settings")}
    for htmx in ({}, {"HX-Request": "true"}):
        for address, absent in there.pages(route.path):
            found = visitor.send(address, fields_of(there, route.path, absent=False) | csrf, headers=htmx)
            assert not there.told_in(found, asked_for(there, address)), address
            if route.path in ONCE:
                return
            never = visitor.send(absent or address, fields_of(there, route.path, absent=True) | csrf, headers=htmx)
            assert found.status_code == never.status_code, (address, found.text)


def test_start_page_directory_and_alerts_are_those_of_the_site(both: tuple[Site, Site]):
    for site in both:
        assert site.word in Visitor(site.server.url).get("/").text
        assert site.word in logged_in(site.server, site.ann).get("/notifications").text
        assert site.ann.id in site.bob.get(f"{V1}/directory").text


def test_nothing_has_changed_on_either_side(both: tuple[Site, Site]):
    """By all that the tests above have asked at the other."""
    for site in both:
        assert site.state() == site.before
