"""The pages below /org: settings, rules, theme; at the server's own network and in an organisation."""

import io
import re
from collections.abc import Iterator

import pytest
import requests
from client import Server
from dns_server import dns_at
from mail_folder import newest, path_in
from PIL import Image
from servers import free_port
from visitor import Form, Visitor, forms, logged_in
from walls import organisation
from web.test_staff import words

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    env = {"CHIRRUP_TITLE": "Town", "CHIRRUP_DNS": f"127.0.0.1:{free_port()}"}
    with Server(tmp_path_factory.mktemp("org") / "data", env=env) as town:
        yield town


@pytest.fixture(scope="module", params=["the server's own network", "an organisation"])
def site(town: Server, request: pytest.FixtureRequest) -> Server:
    return town if request.param.startswith("the server") else organisation(town)


@pytest.fixture(scope="module")
def desk(site: Server) -> Visitor:
    """The browser of an administrator."""
    return logged_in(site, site.admin())


def send(desk: Visitor, action: str, *, page: str = "", **fields: object) -> requests.Response:
    """Send the form with this action, or button, on the page: "": at the same address."""
    shown = forms(desk.get(page or action))
    form = next(one for one in shown if one.url == desk.url + action or f'formaction="{action}"' in one.inside)
    return desk.send(action, form.fields | fields)


GOOD = {
    "site_description": "By the sea.",
    "site_languages": "en, DE",
    "site_contact_email": "ann@example.com",
    "site_contact_account": "@ann",
    "site_registrations": "approval",
    "site_room_makers": "open",
    "site_post_chars_max": "600",
    "site_media_bytes_max": "2.5",
    "site_film_bytes_max": "0",
}


def test_settings_are_changed_and_what_is_wrong_is_said_beside_its_field(site: Server, desk: Visitor):
    own = site.url.startswith("http://127.")
    good = GOOD if own else GOOD | {"site_title": "Acme Inc"}
    page = desk.get("/org/settings").text
    assert ("The server&#39;s settings say this." in page) == own
    assert re.search(r'name="site_title" value="Town"[^>]* disabled', page) if own else 'value="Acme"' in page

    wrong = send(desk, "/org/settings", **good | {"site_post_chars_max": "many", "site_languages": "klingon"})
    assert wrong.status_code == 422
    assert 'value="klingon"' in wrong.text
    assert "must be a number, like 500" in wrong.text
    locked_out = send(desk, "/org/settings", **good | {"site_ip_ranges": "192.0.2.0/24"})
    assert (locked_out.status_code, "would lock you out" in locked_out.text) == (422, True)
    assert 'name="sure"' in locked_out.text, "who means it may say so"
    assert "192.0.2.0/24</textarea>" in locked_out.text

    saved = send(desk, "/org/settings", **good)
    assert (saved.status_code, saved.headers["Location"]) == (303, "/org/settings?saved=1")

    now = desk.get("/org/settings?saved=1").text
    assert "Saved." in now
    assert 'value="en, de"' in now
    limits = site.anyone().get("/api/v2/instance").json()["configuration"]["media_attachments"]
    assert (limits["image_size_limit"], limits["video_size_limit"] == 0) == ((16 if own else 2.5) * 2**20, not own)
    seen = Visitor(site.url).get("/about").text
    assert "By the sea." in seen
    assert ("Town" if own else "Acme Inc") in seen
    assert "Whoever staff let in" in words(desk.get("/org"))
    assert "changed settings of" in words(desk.get("/org/audit"))
    assert send(desk, "/org/settings", **good | {"site_registrations": "open"}).status_code == 303


def test_rules_are_added_in_all_languages_changed_and_taken_away(site: Server, desk: Visitor):
    chosen = GOOD | {"site_title": "Acme Inc", "site_registrations": "open"}
    assert send(desk, "/org/settings", **chosen).status_code == 303  # the page asks for its languages
    kind = {"rule_language": ["en", "de"], "rule_text": ["Be kind.", "Seid nett."], "rule_hint": ["Really.", ""]}
    blank = send(desk, "/org/rules/new", **kind | {"rule_text": ["x" * 301, "Seid nett."]})
    assert blank.status_code == 422
    assert 'value="Seid nett."' in blank.text

    assert send(desk, "/org/rules/new", **kind).headers["Location"] == "/org/rules?saved=1"
    assert send(desk, "/org/rules/new", **kind | {"rule_text": ["Second.", ""]}).status_code == 303
    shown = site.anyone().get("/api/v2/instance").json()["rules"]
    assert [one["text"] for one in shown] == ["Be kind.", "Second."]
    assert shown[0]["translations"] == {"de": {"text": "Seid nett.", "hint": ""}}

    stale = rule_form(desk)
    assert send(desk, "/org/rules/1", **kind | {"rule_text": ["Be good.", ""]}).status_code == 303
    late = desk.send("/org/rules/1/remove", stale.fields)
    assert late.status_code == 422
    assert "meanwhile" in late.text
    now = rule_form(desk)
    assert desk.send("/org/rules/1/remove", now.fields).status_code == 303
    assert send(desk, "/org/rules/new", **kind | {"rule_text": ["Third.", ""]}).status_code == 303
    assert desk.send("/org/rules/3/up", next(one for one in forms(desk.get("/org/rules"))).fields).status_code == 303
    shown = site.anyone().get("/api/v1/instance/rules").json()
    assert [(one["id"], one["text"]) for one in shown] == [("3", "Third."), ("2", "Second.")]
    for gone in (1, 9):
        assert desk.get(f"/org/rules/{gone}").status_code == 404
    now = rule_form(desk, 3)
    assert desk.send("/org/rules/3/remove", now.fields).status_code == 303


def rule_form(desk: Visitor, id: int = 1) -> Form:
    return next(one for one in forms(desk.get(f"/org/rules/{id}")) if one.url.endswith(f"/org/rules/{id}"))


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 300), "teal").save(out, "PNG")
    return out.getvalue()


def test_the_theme_is_on_every_page_and_only_of_this_site(town: Server, site: Server, desk: Visitor):
    refused = send(desk, "/org/theme", site_accent="#ffcc00", site_accent_dark="")
    assert refused.status_code == 422
    assert "A darker one would do: #" in refused.text
    csrf = desk.csrf("/org/theme")
    fields, files = {"csrf": csrf, "site_accent": "#1F5FA8"}, {"site_logo": ("a.png", png(), "image/png")}
    assert desk.send("/org/theme", fields, files=files).status_code == 303

    visitor = Visitor(site.url)
    page = visitor.get("/login").text
    (address,) = re.findall(r'href="(/theme\.css\?v=\w+)"', page)
    css = visitor.get(address)
    assert "--accent: light-dark(#1f5fa8, #" in css.text
    assert "immutable" in css.headers["Cache-Control"]
    (logo,) = set(re.findall(r'"(/media/sites/[^"]+)"', page))
    assert visitor.get(logo).headers["Content-Type"] == "image/png"
    assert site.anyone().get("/api/v2/instance").json()["thumbnail"]["url"] == site.url + logo
    other = town.url if site is not town else town.url.replace("127.0.0.1", "localhost")
    assert requests.get(other + logo, timeout=10).status_code == 404 or other.startswith("http://localhost")
    bad = {"site_logo": ("a.svg", b"<svg onload=alert(1)>", "image/svg+xml")}
    assert desk.send("/org/theme", fields, files=bad).status_code == 422

    assert send(desk, "/org/theme", site_accent="", no_logo="1").status_code == 303
    assert visitor.get(logo).status_code == 404
    assert "theme.css" not in visitor.get("/login").text


def test_a_domain_is_proved_and_lets_its_people_sign_up_to_a_closed_site(town: Server, site: Server, desk: Visitor):
    org, domains = "/api/chirrup/v1/org", "/api/chirrup/v1/org/domains"
    name = f"d{site.url.rpartition('/')[2].partition(':')[0].replace('.', '')}.example"  # one for each site
    assert send(desk, "/org/domains", domain="no domain").status_code == 422
    assert send(desk, "/org/domains", domain=name).headers["Location"] == "/org/domains?said=claimed"
    boss = site.admin()
    (one,) = boss.get(domains).json()
    assert one["value"] in desk.get("/org/domains").text
    away = send(desk, "/org/domains/check", page="/org/domains", domain=name)
    assert away.status_code == 503
    assert "DNS does not answer now" in away.text

    with dns_at(town.env["CHIRRUP_DNS"], {one["record"]: one["value"]}):
        done = send(desk, "/org/domains/check", page="/org/domains", domain=name)
    assert done.headers["Location"] == "/org/domains?said=proved"
    assert boss.get(domains).json()[0]["verified_at"]
    assert boss.patch(org, closed=True, registrations="domain").ok

    told = site.anyone().get("/api/v2/instance").json()["registrations"]
    assert (told["enabled"], told["url"]) == (True, f"{site.url}/sign-up")  # where apps send people
    visitor, form = Visitor(site.url), {"username": "colleague", "password": "correct horse"}
    assert visitor.get("/public", allow_redirects=False).status_code == 303
    assert "One that you have from" in visitor.get("/sign-up").text
    refused = visitor.post("/sign-up", csrf_from="/sign-up", **form, email="x@elsewhere.example")
    assert refused.status_code == 422
    made = visitor.post("/sign-up", csrf_from="/sign-up", **form, email=f"x@{name}")
    assert made.status_code == 200
    assert not visitor.is_logged_in, "the address is to be shown first"
    link = path_in(newest(site, f"x@{name}")[1])
    (shown,) = [one for one in forms(visitor.get(link)) if one.url.endswith("/confirm")]
    assert visitor.send(shown.url, shown.fields).status_code in (200, 303)
    assert visitor.log_in("colleague", "correct horse").status_code == 303
    assert send(desk, "/org/domains/remove", page="/org/domains", domain=name).status_code == 303
    assert boss.patch(org, closed=False, registrations="open").ok


def test_only_staff_come_in_and_everybody_of_them_sees_what_is_theirs(site: Server, desk: Visitor):
    member = logged_in(site, site.person())
    assert member.get("/org").status_code == 403
    assert 'href="/org"' in desk.get("/admin/reports").text
    assert 'href="/admin"' in desk.get("/org").text
