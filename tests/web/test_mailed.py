"""Mails about an account, and the pages their links lead to: for whoever has the mailbox, and nobody else."""

import hmac
import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from client import Person, Server, eventually
from mail_folder import mails, newest, path_in
from visitor import Visitor, forms, logged_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server where addresses are to be confirmed."""
    env = {"CHIRRUP_CONFIRM_ADDRESSES": "always"}
    with Server(tmp_path_factory.mktemp("strict") / "data", env=env) as server:
        yield server


def of(server: Server, person: Person) -> str:
    return f"{person.name}@example.com"


def ask(visitor: Visitor, email: str, **options: Any) -> requests.Response:
    return visitor.send("/forgot", {"csrf": visitor.csrf("/forgot"), "email": email}, **options)


def follow(visitor: Visitor, path: str, **fields: str) -> requests.Response:
    """Open the link and send the form that it shows."""
    (form,) = forms(visitor.get(path))
    return visitor.send(form.url, form.fields | fields)


def words(page: requests.Response, *told: str) -> str:
    """What a page says, without what is random in every page and without what was told to it."""
    text = re.sub(r'name="(csrf|proof|account)" value="\w+"', "", page.text)
    for one in told:
        text = text.replace(one, "…")
    return text


def new_account(server: Server, email: str = "") -> tuple[Visitor, str, requests.Response]:
    """(a browser, the username, what the sign-up form answered)."""
    name, visitor = f"n{secrets.token_hex(5)}", Visitor(server.url)
    fields = {"username": name, "email": email or f"{name}@example.com", "password": "password"}
    return visitor, name, visitor.post("/sign-up", csrf_from="/sign-up", **fields)


def test_who_forgot_a_password_gets_a_link_that_sets_one_once(server: Server, ann: Person, visitor: Visitor):
    there = logged_in(server, ann)
    answer = ask(visitor, f" {of(server, ann).upper()} ")
    assert (answer.status_code, "on its way" in answer.text) == (200, True)

    subject, text = newest(server, of(server, ann))
    assert subject == f"A new password for @{ann.name}"
    assert text.count(f"{server.url}/reset/") == 1
    for _ in range(2):  # programs that look at mails open links
        assert visitor.get(path_in(text)).status_code == 200
    refused = follow(visitor, path_in(text), password="")
    assert (refused.status_code, "The password can't be blank" in refused.text.replace("&#39;", "'")) == (422, True)
    assert there.is_logged_in

    assert "is changed" in follow(visitor, path_in(text), password="a better one").text

    assert not there.is_logged_in
    assert visitor.log_in(ann.name).status_code == 422
    assert visitor.log_in(ann.name, "a better one").status_code == 303
    assert visitor.get(path_in(text)).status_code == 404
    assert eventually(lambda: "Your password was changed" in [one for one, _ in mails(server, of(server, ann))])
    assert eventually(lambda: ann.get("/api/v1/accounts/verify_credentials").status_code == 401)


def test_a_link_that_is_used_at_once_twice_works_once(server: Server, ann: Person, visitor: Visitor):
    ask(visitor, of(server, ann))
    path = path_in(newest(server, of(server, ann))[1])
    (form,) = forms(visitor.get(path))

    answers = [visitor.send(form.url, form.fields | {"password": f"password {n}"}) for n in range(2)]

    assert [one.status_code for one in answers] == [200, 404]
    assert visitor.log_in(ann.name, "password 0").status_code == 303


def test_the_answer_does_not_tell_who_has_an_address(server: Server, ann: Person, visitor: Visitor):
    known, unknown = of(server, ann), f"nobody{ann.id}@example.com"
    first, second = (ask(visitor, email) for email in (known, unknown))

    assert (first.status_code, first.headers.keys()) == (second.status_code, second.headers.keys())
    assert words(first, known) == words(second, unknown)
    newest(server, known)
    assert mails(server, unknown) == []


@pytest.mark.parametrize("email", ["", "ann", "ann@", "@example.com", "a b@example.com", "x" * 300 + "@b.c", "é@b.c"])
def test_what_is_no_address_comes_back_to_be_put_right(visitor: Visitor, email: str):
    answer = ask(visitor, email)

    assert answer.status_code == 422
    assert forms(answer)[0].url.endswith("/forgot")
    if email.isascii():
        assert f'value="{email}"' in answer.text


def test_links_lead_to_the_address_that_is_set_whatever_a_request_says(server: Server, ann: Person, visitor: Visitor):
    csrf = visitor.csrf("/forgot")
    for n, headers in enumerate(
        ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
    ):
        headers["Cookie"] = f"chirrup={visitor.cookie}"
        visitor.send("/forgot", {"csrf": csrf, "email": of(server, ann)}, headers=headers)
        assert f"{server.url}/reset/" in newest(server, of(server, ann), than=n)[1]
    assert not any("evil" in text for _, text in mails(server, of(server, ann)))


ASK_AGAIN = {"/reset/": "/forgot", "/confirm/": "/login"}


@pytest.mark.parametrize("path", ASK_AGAIN)
@pytest.mark.parametrize("secret", ["x", "0" * 46, "%00", "é", "0" * 5000, "'--"])
def test_a_link_that_is_none_says_so(visitor: Visitor, path: str, secret: str):
    answer = visitor.get(path + secret)
    assert (answer.status_code, f'href="{ASK_AGAIN[path]}"' in answer.text) == (404, True)
    sent = {"csrf": visitor.csrf(), "secret": secret, "password": "a good password"}
    assert visitor.send(path.rstrip("/"), sent).status_code == 404


def test_nothing_works_before_the_address_is_confirmed(strict: Server):
    visitor, name, answer = new_account(strict)
    assert (answer.status_code, "Look into your mail" in answer.text) == (200, True)
    assert not visitor.is_logged_in
    by_address = visitor.log_in(f"{name}@example.com")  # which leads to the account once it is confirmed
    assert (by_address.status_code, "log in with your username" in by_address.text) == (422, True)
    assert "log in with the username" in ask(visitor, f"{name}@example.com").text
    wrong = visitor.log_in(name, "another")
    assert (wrong.status_code, "Look into" in wrong.text) == (422, False)
    right = visitor.log_in(name)
    assert (right.status_code, "Look into your mail" in right.text) == (403, True)
    assert not visitor.is_logged_in

    path = path_in(newest(strict, f"{name}@example.com")[1])
    for _ in range(2):
        assert visitor.get(path).status_code == 200
    assert visitor.log_in(name).status_code == 403
    assert "is confirmed" in follow(Visitor(strict.url), path).text

    assert visitor.log_in(f"{name}@example.com").status_code == 303
    assert visitor.is_logged_in
    assert visitor.get(path).status_code == 404


def test_a_mail_that_did_not_come_is_sent_again_also_to_another_address(strict: Server):
    visitor, name, answer = new_account(strict, f"wrong{secrets.token_hex(4)}@example.com")
    email = f"{name}@example.com"
    for address in ("no address", email):
        (form,) = forms(answer)
        answer = visitor.send(form.url, form.fields | {"address": address})
        assert f'value="{address}"' in answer.text
    assert email in answer.text

    follow(visitor, path_in(newest(strict, email)[1]))

    assert visitor.log_in(name).status_code == 303
    (form,) = forms(answer)
    assert visitor.send(form.url, form.fields | {"address": email}).status_code == 403  # there is nothing to confirm


def test_the_form_is_good_for_nobody_else_and_for_no_other_account(strict: Server):
    visitor, name, answer = new_account(strict)
    (form,), (other,) = forms(answer), forms(new_account(strict)[2])
    stolen = Visitor(strict.url)
    fields = form.fields | {"csrf": stolen.csrf(), "address": "thief@example.com"}
    assert stolen.send(form.url, fields).status_code == 403
    for account in ("1", "x", "", other.fields["account"]):
        assert visitor.send(form.url, form.fields | {"account": account, "address": "a@b.c"}).status_code in (403, 404)
    made_up = hmac.new(stolen.cookie.encode(), f"unconfirmed {form.fields['account']}".encode(), "sha256").hexdigest()
    for proof in (made_up, "", "x", "é"):
        answer = stolen.send(form.url, fields | {"csrf": stolen.csrf(), "proof": proof})
        assert answer.status_code == 403
        assert name not in answer.text
    assert mails(strict, "thief@example.com") == []


def test_sign_up_answers_the_same_whether_or_not_an_address_is_taken_and_its_owner_is_told(strict: Server):
    visitor, name, _ = new_account(strict)
    taken, free = f"{name}@example.com", f"free{name}@example.com"
    follow(visitor, path_in(newest(strict, taken)[1]))

    (_, one, first), (_, other, second) = new_account(strict, taken), new_account(strict, free)

    assert (first.status_code, first.headers.keys()) == (second.status_code, second.headers.keys())
    assert words(first, taken, one) == words(second, free, other)
    subject, text = newest(strict, taken, than=1)
    assert subject == "You have an account at Chirrup"
    assert f"@{name}" in text
    assert "/confirm/" not in text
    for login in (taken, one):
        assert (Visitor(strict.url).log_in(login).status_code == 303) == (login == taken)


def test_an_app_waits_for_the_confirmation_and_may_ask_for_the_mail_again(strict: Server):
    strict.admin()
    app = strict.anyone().post(
        "/api/v1/apps", client_name="app", redirect_uris="urn:ietf:wg:oauth:2.0:oob", scopes="read write"
    )
    known = {"client_id": app.json()["client_id"], "client_secret": app.json()["client_secret"]}
    grant = {"grant_type": "client_credentials", "scope": "read write", **known}
    own = requests.post(f"{strict.url}/oauth/token", data=grant, timeout=10).json()["access_token"]
    name = f"n{secrets.token_hex(5)}"
    wanted = {"username": name, "email": f"first{name}@example.com", "password": "password", "agreement": True}
    made = Person(strict, own).post("/api/v1/accounts", **wanted)
    assert made.ok, made.text
    person = Person(strict, made.json()["access_token"])

    for call in (person.get("/api/v1/timelines/home"), person.post("/api/v1/statuses", status="hello")):
        assert (call.status_code, call.json()["error"]) == (403, "Your login is missing a confirmed e-mail address")
    assert person.post("/api/v1/emails/confirmations", email="no address").status_code == 422
    again = person.post("/api/v1/emails/confirmations", email=f"{name}@example.com")
    assert (again.status_code, again.json()) == (200, {})

    follow(Visitor(strict.url), path_in(newest(strict, f"{name}@example.com")[1]))

    assert person.post("/api/v1/statuses", status="hello").ok


def test_a_scope_is_needed_to_ask_again(strict: Server):
    reader = strict.admin()
    assert reader.get("/api/v1/accounts/verify_credentials").ok
    assert strict.anyone().post("/api/v1/emails/confirmations").status_code == 401


def test_an_address_is_changed_by_a_link_that_goes_to_the_new_one(server: Server, ann: Person, anns: Visitor):
    new = f"new{ann.name}@example.com"
    wrong = anns.post("/settings/email", csrf_from="/settings/access", email=new, password="wrong")
    assert (wrong.status_code, f'value="{new}"' in wrong.text) == (422, True)
    bad = anns.post("/settings/email", csrf_from="/settings/access", email="no address", password="password")
    assert (bad.status_code, 'value="no address"' in bad.text) == (422, True)

    done = anns.post("/settings/email", csrf_from="/settings/access", email=new, password="password")
    assert (done.status_code, f"on its way to {new}" in done.text, f'value="{new}"' in done.text) == (200, True, False)
    assert '<a href="/settings/access" aria-current="page">' in done.text
    assert f"<bdi>{of(server, ann)}</bdi>" in anns.get("/settings/access").text

    assert "is confirmed" in follow(anns, path_in(newest(server, new)[1])).text

    assert f"<bdi>{new}</bdi>" in anns.get("/settings/access").text
    assert newest(server, of(server, ann))[0] == "Your address was changed"
    assert Visitor(server.url).log_in(of(server, ann)).status_code == 422
    assert Visitor(server.url).log_in(new).status_code == 303
    assert anns.is_logged_in


def test_whoever_wants_anothers_address_gets_the_same_answer(server: Server, ann: Person, bob: Person, anns: Visitor):
    def change(email: str) -> requests.Response:
        return anns.post("/settings/email", csrf_from="/settings/access", email=email, password="password")

    taken, free = of(server, bob), f"free{ann.name}@example.com"
    first, second = change(taken), change(free)

    assert words(first, taken) == words(second, free)
    assert newest(server, taken)[0] == "You have an account at Chirrup"


def test_no_log_has_an_address_or_a_link(server: Server, strict: Server):
    for one in (server, strict):
        sent = [file.read_text() for file in (one.data / "mail").glob("*.eml")]
        secret = set(re.findall(r"/(?:reset|confirm)/(\S{46})", " ".join(sent)))
        secret |= set(re.findall(r"^To: (\S+)", "\n".join(sent), re.MULTILINE))
        assert len(secret) > 4
        log = one.log()
        assert not any(word in log for word in secret)
