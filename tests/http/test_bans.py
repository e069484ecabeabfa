"""What staff keep out, and that it bites: domains, domains of e-mail, single addresses, IP addresses."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import shapes
from client import Person, Server
from visitor import Visitor, logged_in

from chirrup.mastodon.ban_entities import (
    AdminCanonicalEmailBlock,
    AdminDomainAllow,
    AdminDomainBlock,
    AdminEmailDomainBlock,
    AdminIpBlock,
)

V1 = "/api/v1"
ADMIN = f"{V1}/admin"
DOMAINS, ALLOWS, EMAIL_DOMAINS = f"{ADMIN}/domain_blocks", f"{ADMIN}/domain_allows", f"{ADMIN}/email_domain_blocks"
IPS, EMAILS = f"{ADMIN}/ip_blocks", f"{ADMIN}/canonical_email_blocks"


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server behind a proxy that says where requests come from."""
    folder: Path = tmp_path_factory.mktemp("gated")
    server = Server(folder / "data", env={"CHIRRUP_TRUSTED_PROXIES": "127.0.0.1"}).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def boss(gated: Server) -> Person:
    return gated.admin()


def sign_up(server: Server, name: str, email: str = "", ip: str = "198.51.100.1") -> requests.Response:
    form = {"username": name, "email": email or f"{name}@example.com", "password": "password", "agreement": "true"}
    token = server._make_app_token()  # pyright: ignore[reportPrivateUsage]
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": ip}
    return requests.post(f"{server.url}{V1}/accounts", json=form, headers=headers, timeout=10)


def refused_for(answer: requests.Response, field: str) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [one["error"] for one in answer.json()["details"][field]]


# e-mail


def test_nobody_signs_up_with_an_address_at_a_blocked_domain(gated: Server, boss: Person):
    made = shapes.decode(boss.post(EMAIL_DOMAINS, domain="Spam.Example"), AdminEmailDomainBlock)
    assert made.domain == "spam.example"
    assert boss.post(EMAIL_DOMAINS, domain="spam.example").json()["error"].endswith("has already been taken")
    for wrong in ("", "no domain"):
        assert boss.post(EMAIL_DOMAINS, domain=wrong).status_code == 422

    for number, email in enumerate(("a@spam.example", "b@SPAM.example", "c@mx.spam.example")):
        assert refused_for(sign_up(gated, f"spammer{number}", email, ip=f"198.51.100.{number}"), "email") == [
            "ERR_BLOCKED"
        ]
    assert sign_up(gated, "honest", "a@notspam.example").ok

    shown = shapes.decode(boss.get(f"{EMAIL_DOMAINS}/{made.id}"), AdminEmailDomainBlock)
    assert len(shown.history) == 7
    assert (shown.history[0].uses, shown.history[0].accounts) == ("3", "3")
    assert int(shown.history[0].day) - int(shown.history[1].day) == 86_400
    assert {one.uses for one in shown.history[1:]} == {"0"}
    assert boss.get(EMAIL_DOMAINS).json()[0]["id"] == made.id
    assert boss.delete(f"{EMAIL_DOMAINS}/{made.id}").json() == {}
    assert boss.delete(f"{EMAIL_DOMAINS}/{made.id}").status_code == 404
    assert sign_up(gated, "spammer0", "a@spam.example").ok


def test_a_page_says_that_an_address_is_not_taken(gated: Server, boss: Person):
    id = boss.post(EMAIL_DOMAINS, domain="junk.example").json()["id"]
    form = {"username": "jo", "email": "jo@junk.example", "password": "password"}

    page = Visitor(gated.url).post("/sign-up", csrf_from="/sign-up", **form)

    assert page.status_code == 422
    assert "disallowed e-mail provider" in page.text
    boss.delete(f"{EMAIL_DOMAINS}/{id}")


def test_nobody_changes_to_an_address_that_is_kept_out(gated: Server, boss: Person):
    ann = gated.person()
    id = boss.post(EMAIL_DOMAINS, domain="late.example").json()["id"]

    again = ann.post(f"{V1}/emails/confirmations", email="x@late.example")
    browser = logged_in(gated, ann)
    page = browser.post("/settings/email", csrf_from="/settings/access", email="x@late.example", password="password")

    assert refused_for(again, "email") == ["ERR_BLOCKED"]
    assert page.status_code == 422
    assert "disallowed e-mail provider" in page.text
    boss.delete(f"{EMAIL_DOMAINS}/{id}")


def test_an_address_is_banned_however_it_is_written(gated: Server, boss: Person):
    made = shapes.decode(boss.post(EMAILS, email="So.Me.One+news@Mail.Example"), AdminCanonicalEmailBlock)
    assert made.canonical_email_hash == hashlib.sha256(b"someone@mail.example").hexdigest()
    for body in ({"email": "someone@mail.example"}, {"canonical_email_hash": made.canonical_email_hash}):
        assert boss.post(EMAILS, **body).status_code == 422
    for body in ({}, {"canonical_email_hash": "nonsense"}):
        assert boss.post(EMAILS, **body).status_code == 422

    assert refused_for(sign_up(gated, "someone", "some.one@mail.example"), "email") == ["ERR_BLOCKED"]
    met = shapes.decode(boss.post(f"{EMAILS}/test", email="someone+x@mail.example"), list[AdminCanonicalEmailBlock])
    assert met == [made]
    assert boss.post(f"{EMAILS}/test", email="other@mail.example").json() == []
    assert boss.post(f"{EMAILS}/test").status_code == 422
    assert boss.get(EMAILS).json()[0] == boss.get(f"{EMAILS}/{made.id}").json()
    assert boss.delete(f"{EMAILS}/{made.id}").json() == {}
    assert sign_up(gated, "someone", "some.one@mail.example").ok


def test_who_is_suspended_does_not_come_back_with_the_same_address(gated: Server, boss: Person):
    ann = gated.person("banned")
    assert boss.post(f"{ADMIN}/accounts/{ann.id}/action", type="suspend").ok

    again = sign_up(gated, "again", "ban.ned@example.com")

    assert refused_for(again, "email") == ["ERR_BLOCKED"]
    assert boss.post(f"{ADMIN}/accounts/{ann.id}/unsuspend").ok
    assert boss.post(f"{EMAILS}/test", email="banned@example.com").json() == []


# IP addresses


def at(server: Server, ip: str, path: str, token: str = "") -> requests.Response:
    headers = {"X-Forwarded-For": ip} | ({"Authorization": f"Bearer {token}"} if token else {})
    return requests.get(server.url + path, headers=headers, timeout=10)


def ban(boss: Person, ip: str, severity: str, **more: Any) -> AdminIpBlock:
    return shapes.decode(boss.post(IPS, ip=ip, severity=severity, **more), AdminIpBlock)


def test_an_address_or_a_network_is_let_nowhere(gated: Server, boss: Person):
    ann = gated.person()
    one = ban(boss, "203.0.113.9/24", "no_access", comment="noise")
    assert (one.ip, one.severity, one.comment, one.expires_at) == ("203.0.113.0/24", "no_access", "noise", None)

    for ip, let_in in (("203.0.113.77", False), ("::ffff:203.0.113.1", False), ("203.0.114.1", True)):
        for path in ("/api/v2/instance", "/public", f"{V1}/timelines/home"):
            answer = at(gated, ip, path, ann.token if path.startswith("/api/v1") else "")
            assert answer.status_code == (200 if let_in else 403), (ip, path)
    assert "may not be used" in at(gated, "203.0.113.77", "/public").text
    assert at(gated, "203.0.113.77", f"{V1}/streaming/public", ann.token).status_code == 403
    assert at(gated, "203.0.113.77", "/health").ok
    changed = shapes.decode(boss.put(f"{IPS}/{one.id}", severity="sign_up_block"), AdminIpBlock)
    assert (changed.severity, changed.comment, changed.ip) == ("sign_up_block", "noise", "203.0.113.0/24")
    assert at(gated, "203.0.113.77", "/public").ok
    assert boss.delete(f"{IPS}/{one.id}").json() == {}


def test_nobody_signs_up_from_an_address_or_staff_decide(gated: Server, boss: Person):
    closed = ban(boss, "192.0.2.7", "sign_up_block")
    asked = ban(boss, "2001:db8::/32", "sign_up_requires_approval")
    assert (closed.ip, asked.ip) == ("192.0.2.7/32", "2001:db8::/32")

    assert sign_up(gated, "refused", ip="192.0.2.7").status_code == 403
    assert at(gated, "192.0.2.7", "/public").ok
    waits = sign_up(gated, "waits", ip="2001:db8::5")
    assert waits.ok
    answer = Person(gated, waits.json()["access_token"]).get(f"{V1}/accounts/verify_credentials")
    assert answer.json() == {"error": "Your login is currently pending approval"}
    found = boss.get(f"{ADMIN}/accounts", ip="2001:db8:0::5").json()
    assert [(one["username"], one["ip"]) for one in found] == [("waits", "2001:db8::5")]
    assert [one["id"] for one in boss.get(IPS).json()] == [asked.id, closed.id]


def test_a_ban_of_an_address_ends_by_itself(gated: Server, boss: Person):
    one = ban(boss, "192.0.2.99", "no_access", expires_in=86_400)
    assert one.expires_at
    assert at(gated, "192.0.2.99", "/public").status_code == 403

    assert shapes.decode(boss.put(f"{IPS}/{one.id}", expires_in=10**17), AdminIpBlock).expires_at
    assert shapes.decode(boss.put(f"{IPS}/{one.id}", expires_in=0), AdminIpBlock).expires_at is None
    assert boss.put(f"{IPS}/{one.id}", ip="192.0.2.98").json()["ip"] == "192.0.2.98/32"
    assert at(gated, "192.0.2.99", "/public").ok
    boss.delete(f"{IPS}/{one.id}")


def test_what_is_wrong_with_a_ban_of_an_address_is_said(boss: Person):
    assert boss.post(IPS, ip="192.0.2.1").json() == {"error": "Validation failed: Severity can't be blank"}
    for body in ({"ip": "nonsense"}, {"ip": "192.0.2.1/99"}, {"severity": "nonsense"}, {"comment": "x" * 501}):
        assert boss.post(IPS, **({"ip": "192.0.2.1", "severity": "no_access"} | body)).status_code == 422
    own = boss.post(IPS, ip="127.0.0.0/8", severity="no_access")
    assert (own.status_code, "your own address" in own.text) == (422, True)
    assert boss.get(f"{IPS}/1").status_code == 404


# domains


def test_domains_of_other_servers_are_kept(boss: Person):
    made = shapes.decode(
        boss.post(DOMAINS, domain="Bad.Example", severity="suspend", public_comment="spam", obfuscate=True),
        AdminDomainBlock,
    )
    assert made.digest == hashlib.sha256(b"bad.example").hexdigest()
    assert (made.domain, made.severity, made.public_comment, made.obfuscate) == ("bad.example", "suspend", "spam", True)
    assert (made.private_comment, made.reject_media, made.reject_reports) == (None, False, False)
    again = boss.post(DOMAINS, domain="sub.bad.example", severity="silence")
    assert again.status_code == 422
    assert again.json()["existing_domain_block"]["id"] == made.id
    assert "stricter limits" in again.json()["error"]
    changed = shapes.decode(boss.put(f"{DOMAINS}/{made.id}", severity="noop"), AdminDomainBlock)
    assert (changed.severity, changed.public_comment) == ("noop", "spam")
    assert boss.post(DOMAINS, domain="x.example", severity="nonsense").status_code == 422
    assert boss.get(f"{DOMAINS}/{made.id}").json() == boss.get(DOMAINS).json()[0]
    assert boss.delete(f"{DOMAINS}/{made.id}").json() == {}
    assert boss.get(DOMAINS).json() == []

    allowed = shapes.decode(boss.post(ALLOWS, domain="good.example"), AdminDomainAllow)
    assert boss.post(ALLOWS, domain="good.example").json()["id"] == allowed.id
    assert boss.get(ALLOWS).json()[0] == boss.get(f"{ALLOWS}/{allowed.id}").json()
    assert boss.get(f"{DOMAINS}/{allowed.id}").status_code == 404, "it is of another kind"
    assert boss.delete(f"{ALLOWS}/{allowed.id}").json() == {}


def test_bans_are_in_the_log_and_for_those_with_the_permission(gated: Server, boss: Person):
    id = boss.post(EMAIL_DOMAINS, domain="logged.example").json()["id"]
    boss.delete(f"{EMAIL_DOMAINS}/{id}")
    name = f"m{boss.id[-6:]}"
    words = ["--email", f"{name}@example.com", "--password", "password", "--role", "moderator", "--token"]
    helper = Person(gated, gated.command("user", "create", name, *words, "admin:read admin:write"))

    acts = boss.get("/api/chirrup/v1/org/audit", limit=2).json()
    assert [(one["action"], one["target_type"], one["target"]) for one in acts] == [
        ("remove", "email_domain_block", "logged.example"),
        ("add", "email_domain_block", "logged.example"),
    ]
    for path in (DOMAINS, ALLOWS, EMAIL_DOMAINS, IPS, EMAILS):
        assert helper.get(path).status_code == 403
