"""Protection of logins: limits, and answers that reveal nothing."""

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from client import Server
from mail_folder import newest, path_in
from requests.adapters import HTTPAdapter
from visitor import Visitor

pytestmark = pytest.mark.slow

PROXY, OTHER = "127.0.0.1", "127.0.0.2"  # only the first is a trusted proxy


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as people run it, not in testing mode."""
    env = {"CHIRRUP_TESTING": "", "CHIRRUP_TRUSTED_PROXIES": PROXY}
    server = Server(tmp_path_factory.mktemp("strict") / "data", env=env).start()
    for name in ("ann", "bob"):
        server.command("user", "create", name, "--email", f"{name}@example.com", "--password", "correct horse")
    yield server
    server.stop()


class FromOther(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(OTHER, 0))  # pyright: ignore


def visitor_from(server: Server, ip: str, *, by: str = PROXY) -> Visitor:
    """A visitor that claims to come from ip, with every header for that."""
    visitor = Visitor(server.url)
    if by == OTHER:
        visitor.session.mount("http://", FromOther())
    names = ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP")
    visitor.session.headers.update(dict.fromkeys(names, ip) | {"Forwarded": f"for={ip}"})
    return visitor


def without_tokens(page: str, name: str) -> str:
    return re.sub(r'value="[0-9a-f]{64}"|data-options="[^"]+"', "", page).replace(name, "NAME")


def test_a_wrong_password_and_an_unknown_name_get_the_same_page(strict):
    known, unknown = (Visitor(strict.url).log_in(name, "wrong") for name in ("bob@example.com", "eve@example.com"))

    assert known.status_code == unknown.status_code == 422
    assert without_tokens(known.text, "bob@") == without_tokens(unknown.text, "eve@")
    assert known.headers.keys() == unknown.headers.keys()


def test_ten_wrong_passwords_close_a_name_however_it_is_written_to_one_network(strict):
    visitor = visitor_from(strict, "10.0.1.1")
    names = ["ann", "@ann", "ANN", f"@ann@127.0.0.1:{strict.port}"]

    answers = [visitor.log_in(names[n % 4], "wrong") for n in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert 1 <= int(answers[10].headers["Retry-After"]) <= 301
    assert visitor.log_in("ann", "correct horse").status_code == 429
    assert visitor.log_in("bob", "correct horse").status_code == 303
    assert visitor_from(strict, "10.0.1.2").log_in("ann", "correct horse").status_code == 303


def test_the_limit_of_a_name_tells_nothing_of_whose_address_one_has(strict):
    strict.command("user", "create", "finn", "--email", "finn@example.com", "--password", "correct horse")
    visitor = visitor_from(strict, "10.0.2.1")
    assert [visitor.log_in("finn", "wrong").status_code for _ in range(11)][-1] == 429

    for address in ("finn@example.com", "nobody@example.com"):
        assert visitor.log_in(address, "wrong").status_code == 422


def test_wrong_passwords_close_a_name_to_all_networks_but_not_to_a_browser_that_is_known(strict):
    strict.command("user", "create", "gil", "--email", "gil@example.com", "--password", "correct horse")
    owner = visitor_from(strict, "10.0.3.1")
    assert owner.log_in("gil@example.com", "correct horse").status_code == 303
    assert owner.session.cookies.get("chirrup-browser")
    owner.post("/logout")
    for net, name in (("10.1.0", "gil"), ("10.1.2", "gil@example.com"), ("10.1.1", "x" * 300 + "{}")):
        tries = [visitor_from(strict, f"{net}.{n}").log_in(name.format(n), "wrong") for n in range(30)]
        assert [answer.status_code for answer in tries] == [422] * 25 + [429] * 5
        assert "Retry-After" in tries[-1].headers

    assert visitor_from(strict, "10.1.3.1").log_in("gil", "correct horse").status_code == 429
    assert owner.log_in("gil", "correct horse").status_code == 303
    assert owner.log_in("gil@example.com", "correct horse", csrf="").status_code in (303, 403)
    owner.post("/logout")
    assert [owner.log_in("gil", "wrong").status_code for _ in range(11)] == [422] * 10 + [429]
    stranger = visitor_from(strict, "10.1.4.1")
    for forged in (owner.session.cookies.get("chirrup-browser")[:-1] + "0", "x" * 22 + "." + "0" * 32, "a.b"):
        stranger.session.cookies.set("chirrup-browser", forged)
        assert stranger.log_in("gil", "correct horse").status_code == 429


def test_an_office_behind_one_address_gets_in_whatever_others_there_try(strict):
    tries = [visitor_from(strict, "10.2.0.1").log_in(f"nobody{n}", "wrong") for n in range(30)]
    assert [answer.status_code for answer in tries] == [422] * 25 + [429] * 5
    assert "Retry-After" in tries[-1].headers

    for _ in range(30):
        assert visitor_from(strict, "10.2.0.1").log_in("bob", "correct horse").status_code == 303


def test_so_many_passwords_of_one_network_are_looked_at_and_no_more(strict):
    """Each costs 25 ms and 19 MiB."""
    for n in range(100):
        visitor_from(strict, "10.2.1.1").log_in(f"nobody{n}", "wrong")
    before = strict.cpu_s()
    assert visitor_from(strict, "10.2.1.1").log_in("bob", "correct horse").status_code == 429
    assert strict.cpu_s() - before < 0.02


def test_an_address_is_believed_from_a_proxy_only(strict):
    tries = [visitor_from(strict, f"10.3.0.{n}", by=OTHER).log_in(f"noone{n}", "wrong") for n in range(30)]

    assert [answer.status_code for answer in tries] == [422] * 25 + [429] * 5


def test_a_wrong_password_and_an_unknown_name_cost_the_same(strict):
    """CPU time, measured in turns; the minimum of each, because other work on the machine only adds time."""
    strict.command("user", "create", "dora", "--email", "dora@example.com", "--password", "correct horse")
    visitor_from(strict, "10.4.0.1").log_in("warm@example.com", "wrong")
    spent_s: dict[str, list[float]] = {"dora@example.com": [], "nobody@example.com": []}
    for n in range(10):
        for login, tries in spent_s.items():
            before = strict.cpu_s()
            assert visitor_from(strict, f"10.4.1.{n}").log_in(login, "wrong").status_code == 422
            tries.append(strict.cpu_s() - before)

    known, unknown = map(min, spent_s.values())
    assert abs(known - unknown) < 0.010, spent_s  # 10 ms cannot be measured over a network


def test_ten_wrong_passwords_close_the_form_for_a_new_one(strict):
    strict.command("user", "create", "eva", "--email", "eva@example.com", "--password", "correct horse")
    visitor = visitor_from(strict, "10.5.0.1")
    assert visitor.log_in("eva", "correct horse").status_code == 303

    tries = [visitor.post("/settings/password", old="wrong", new="another long one") for _ in range(11)]

    assert [answer.status_code for answer in tries] == [422] * 10 + [429]
    assert visitor.is_logged_in


def test_apps_get_no_token_for_a_password_and_are_not_registered_without_end(strict):
    form = {"client_name": "App", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
    session = visitor_from(strict, "10.6.0.1").session
    apps = [session.post(f"{strict.url}/api/v1/apps", json=form) for _ in range(31)]
    assert [answer.status_code for answer in apps] == [200] * 30 + [429]

    asked = {name: apps[0].json()[name] for name in ("client_id", "client_secret")}
    asked |= {"username": "bob@example.com", "password": "correct horse"}
    for grant in ("password", "implicit", "refresh_token", ""):
        answer = session.post(f"{strict.url}/oauth/token", data=asked | {"grant_type": grant})
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def sign_up(server: Server, name: str, ip: str = "", **more: str) -> Any:
    form = {"username": name, "email": f"{name}@example.com", "password": "correct horse"} | more
    visitor = visitor_from(server, ip)
    return visitor.send("/sign-up", form | {"csrf": visitor.csrf("/sign-up")})


def test_sign_ups_from_one_address_are_limited_and_those_that_fail_are_not_counted(strict):
    for wrong in ({"password": "password"}, {"email": "nothing"}, {"username": "bob"}, {"username": "a b"}):
        for _ in range(3):
            assert sign_up(strict, "new", "10.7.0.1", **wrong).status_code == 422

    assert [sign_up(strict, f"new{n}", "10.7.0.1").status_code for n in range(6)] == [303] * 5 + [429]


def test_sign_ups_by_apps_and_by_the_page_count_together(strict):
    headers = {"Authorization": f"Bearer {strict._make_app_token()}", "X-Forwarded-For": "10.7.1.1"}

    def by_app(name: str) -> int:
        wanted = {"username": name, "email": f"{name}@example.com", "password": "correct horse", "agreement": True}
        return requests.post(f"{strict.url}/api/v1/accounts", json=wanted, headers=headers, timeout=10).status_code

    assert [sign_up(strict, f"page{n}", "10.7.1.1").status_code for n in range(3)] == [303] * 3
    assert [by_app(f"app{n}") for n in range(3)] == [200, 200, 429]
    assert sign_up(strict, "page3", "10.7.1.1").status_code == 429


def test_a_taken_address_is_answered_like_a_free_one(strict):
    taken, free = (
        sign_up(strict, f"t{n}", f"10.8.0.{n}", email=email)
        for n, email in enumerate(("bob@example.com", "nobody-has-this@example.com"))
    )

    assert taken.status_code == free.status_code == 303
    assert taken.headers.keys() == free.headers.keys()
    assert taken.headers["Location"] == free.headers["Location"]
    assert visitor_from(strict, "10.8.1.1").log_in("bob@example.com", "correct horse").status_code == 303
    bobs = visitor_from(strict, "10.8.1.2")
    bobs.log_in("bob@example.com", "correct horse")
    assert "@bob" in bobs.get("/settings").text
    assert visitor_from(strict, "10.8.1.3").log_in("t0", "correct horse").status_code == 303


COMMON = ["password", "Password1", "12345678", "qwertyuiop", "iloveyou", "PASSWORD123", "password2024!", "!!sunshine!!"]
COMMON += ["trustno1", "aaaaaaaa", "abababab", "abcdefgh", "87654321", "asdfghjkl", "ｐａｓｓｗｏｒｄ", "passwort"]


@pytest.mark.parametrize("password", COMMON)
def test_passwords_that_are_guessed_first_are_refused(strict, password):
    answer = sign_up(strict, "hanna", "10.9.0.1", password=password)

    assert answer.status_code == 422
    assert "guessed first" in answer.text


def test_passwords_that_everybody_knows_of_their_owner_are_refused(strict):
    mail = "h.mueller@example.com"
    for password in ("hanna.mueller", "Hanna_Mueller1", mail, "HMUELLER99", "127.0.0.1", "chirrup99"):
        answer = sign_up(strict, "hanna_mueller", "10.9.0.2", email=mail, password=password)
        assert answer.status_code == 422, password
    assert sign_up(strict, "hanna_mueller", "10.9.0.2", password="hanna keeps three bees").status_code == 303


def test_a_new_password_that_is_guessed_first_is_refused_everywhere(strict):
    visitor = visitor_from(strict, "10.9.1.1")
    visitor.log_in("bob", "correct horse")

    refused = visitor.post("/settings/password", old="correct horse", new="password123")

    assert refused.status_code == 422
    assert "guessed first" in refused.text
    with pytest.raises(subprocess.CalledProcessError) as told:
        strict.command("user", "reset-password", "bob", "--password", "password123")
    assert "guessed first" in " ".join(told.value.stderr.split())


def ask_for_link(strict: Server, ip: str, email: str) -> requests.Response:
    return visitor_from(strict, ip).post("/forgot", csrf_from="/forgot", email=email)


def test_an_address_gets_few_links_and_a_network_asks_for_few_whoever_has_the_address(strict):
    for name in ("ann", "nobody"):
        asked = [ask_for_link(strict, f"10.10.{n}.{len(name)}", f"{name}@example.com") for n in range(6)]
        assert [one.status_code for one in asked] == [200] * 5 + [429], name
        assert f'value="{name}@example.com"' in asked[5].text
        assert asked[5].headers["Retry-After"]

    asked = [ask_for_link(strict, "10.11.0.1", f"stranger{n}@example.com") for n in range(26)]
    assert [one.status_code for one in asked] == [200] * 25 + [429]


def test_links_are_not_guessed(strict):
    visitor = visitor_from(strict, "10.12.0.1")
    tries = [visitor.get(f"/{('reset', 'confirm')[n % 2]}/{'0' * 46}") for n in range(26)]

    assert [one.status_code for one in tries] == [404] * 25 + [429]


def test_good_links_are_not_counted(strict):
    strict.command("user", "create", "ida", "--email", "ida@example.com", "--password", "correct horse")
    ask_for_link(strict, "10.14.0.1", "ida@example.com")
    path, visitor = path_in(newest(strict, "ida@example.com")[1]), visitor_from(strict, "10.14.0.2")

    assert {visitor.get(path).status_code for _ in range(30)} == {200}


def test_asking_for_a_link_costs_the_same_whoever_has_the_address(strict):
    """CPU time as above. Who has the address is looked up later, by a job."""
    strict.command("user", "create", "hal", "--email", "hal@example.com", "--password", "correct horse")
    spent_s: dict[str, list[float]] = {"hal": [], "nemo": []}
    for n in range(5):
        for name, tries in spent_s.items():
            visitor = visitor_from(strict, f"10.13.{n}.1")
            sent = {"csrf": visitor.csrf("/forgot"), "email": f"{name}@example.com"}
            before = strict.cpu_s()
            assert visitor.send("/forgot", sent).status_code == 200
            tries.append(strict.cpu_s() - before)

    known, unknown = map(min, spent_s.values())
    assert abs(known - unknown) < 0.010, spent_s
