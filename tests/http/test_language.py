"""The language of errors: German where it is asked for, and a language made here in which every letter is another."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests
from client import ROOT, Person, Server
from world import ask, name_of

from chirrup.http.arguments import Arguments
from chirrup.http.route import ADMIN, Route
from chirrup.programs import ROUTES

STATUSES = "/api/v1/statuses"
LONG = {"status": "x" * 512}
ENGLISH_LONG = "Validation failed: text must have at most 500 characters, has 512"
GERMAN_LONG = "Ungültige Eingabe: Text darf höchstens 500 Zeichen haben, hat aber 512"


def said(answer: requests.Response) -> str:
    assert answer.headers["Vary"] == "Authorization, Accept-Language"
    return f"{answer.headers['Content-Language']}: {answer.json()['error']}"


def test_errors_are_said_in_the_language_that_was_asked_for(ann: Person):
    def post(lang: str = "", accepts: str = "", **body: str) -> requests.Response:
        query = {"lang": lang} if lang else {}
        return ann.call("POST", STATUSES, params=query, json=LONG | body, headers={"Accept-Language": accepts})

    english, german = f"en: {ENGLISH_LONG}", f"de: {GERMAN_LONG}"
    assert said(post()) == said(post("en")) == said(post("fr")) == said(post(accepts="fr, en;q=0.1")) == english
    assert said(post("de")) == said(post("de-AT")) == said(post(lang="de", accepts="en")) == german
    assert said(post(accepts="de-DE,de;q=0.9,en;q=0.8")) == said(post("fr", accepts="de")) == german
    assert said(post("en", accepts="de")) == english
    assert said(post(accepts="en", body="", lang="")) == english
    in_the_body = ann.call("POST", STATUSES, data={"status": "x" * 512, "lang": "de"})  # as Mastodon.py does
    assert said(in_the_body) == german


def test_every_kind_of_refusal_is_said_in_german(server: Server, ann: Person):
    german = {"lang": "de"}
    nobody = server.anyone()

    def of(person: Person, method: str, path: str, **options: Any) -> tuple[int, str]:
        answer = person.call(method, path, params=german, **options)
        return answer.status_code, said(answer)

    assert of(ann, "GET", f"{STATUSES}/1") == (404, "de: Nicht gefunden")
    assert of(ann, "GET", "/api/v1/nothing") == (404, "de: Nicht gefunden")
    assert of(ann, "PATCH", STATUSES) == (405, "de: Diese Methode ist hier nicht erlaubt")
    assert of(ann, "GET", "/api/v1/admin/accounts") == (403, "de: Dafür hat die App keine Berechtigung")
    own = f"/api/v1/accounts/{ann.id}/follow"
    assert of(ann, "POST", own) == (403, "de: Das ist nicht erlaubt: ein Konto kann sich nicht selbst folgen")
    missing = "de: Das Zugriffstoken ist ungültig: dieser Aufruf braucht eins"
    assert of(nobody, "GET", "/api/v1/timelines/home") == (401, missing)
    assert of(Person(server, "x" * 43), "GET", "/api/v1/timelines/home") == (401, "de: Das Zugriffstoken ist ungültig")
    status, broken = of(ann, "POST", STATUSES, data=b"{", headers={"Content-Type": "application/json"})
    assert status == 400 and broken.startswith("de: der Inhalt ist kein JSON: ")
    wrong = "de: Ungültige Eingabe: Erwartet ist `int`, angegeben ist `str`, bei `$.poll.expires_in`"
    poll = {"options": ["a", "b"], "expires_in": "soon"}
    assert of(ann, "POST", STATUSES, json={"status": "a", "poll": poll}) == (422, wrong)
    assert of(ann, "GET", "/api/v1/timelines/public", headers={"Authorization": "Basic x"})[0] == 401
    stream = nobody.call("GET", "/api/v1/streaming/user?lang=de")
    assert (stream.status_code, said(stream)) == (401, "de: Das Zugriffstoken fehlt: der Stream 'user' braucht eins")


def test_what_programs_read_is_the_same_in_german(server: Server):
    sign_up = {"username": "", "email": "", "password": "", "agreement": False}
    token = server._make_app_token()

    def answers(lang: str) -> list[Any]:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": lang}
        made = requests.post(f"{server.url}/api/v1/accounts", json=sign_up, headers=headers, timeout=10)
        unknown = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
        refused = requests.post(f"{server.url}/oauth/token", data=unknown, headers=headers, timeout=10)
        details = made.json()["details"]
        codes = {field: [one["error"] for one in found] for field, found in details.items()}
        return [made.status_code, codes, refused.status_code, refused.json(), details["email"][0]["description"]]

    *english, why = answers("en")
    *german, warum = answers("de")

    assert english == german
    assert (why, warum) == ("can't be blank", "darf nicht leer sein")


def test_what_is_no_error_is_the_same_in_every_language(ann: Person):
    headers = {"Accept-Language": "de"}
    answer = ann.call("GET", "/api/v1/timelines/home?lang=de", headers=headers)

    assert "Content-Language" not in answer.headers
    assert answer.headers["Vary"] == "Authorization"


# a language made here

_spec = importlib.util.spec_from_file_location("words", ROOT / "tools" / "words.py")
assert _spec and _spec.loader
words = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(words)

PSEUDO = "en-xa"  # a name for such languages in CLDR
_LETTERS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "áƀćďéƒǧĥíĵķĺɱńóƥɋŕšťúṽŵẋýž" + "ÁƁĆĎÉƑǦĤÍĴĶĹṀŃÓƤɊŔŠŤÚṼŴẊÝŽ"
)
_START = """
from pathlib import Path
from chirrup import wording
wording.CATALOGUES[{code!r}] = Path({file!r})
from chirrup.cli import main
main()
"""


def pseudo(sentence: str) -> str:
    """[!!Ťéxť ⟨{name}⟩!!]: letters that are not ASCII, and marks around what is put in."""
    parts = re.split(r"(\{[^}]*\})", sentence)
    return "[!!" + "".join(f"⟨{one}⟩" if one[:1] == "{" else one.translate(_LETTERS) for one in parts) + "!!]"


def is_pseudo(sentence: str) -> bool:
    """Whether nothing in it is in English but what was put in, which is no sentence, and names such as max_id."""
    sentence = re.sub(r"\b[a-z]+(_[a-z]+)+\b", "", sentence)
    while (less := re.sub(r"⟨[^⟨⟩!]*⟩", "", sentence)) != sentence:
        sentence = less
    return sentence.startswith("[!!") and not re.search("[A-Za-z]", sentence)


class PseudoServer(Server):
    """One that knows the language, and nothing else about it."""

    def launch(self) -> None:
        file = self.data.parent / "pseudo.mo"
        catalogue = words.template()
        for one in catalogue:
            if one.id:
                one.string = tuple(map(pseudo, one.id)) if one.pluralizable else pseudo(one.id)
        file.write_bytes(words.as_mo(catalogue))
        code = _START.format(code=PSEUDO, file=str(file))
        with (self.data.parent / f"{self.data.name}.log").open("ab") as log:
            command = [sys.executable, "-c", code, "serve"]
            self.process = subprocess.Popen(command, env=self.env, cwd=ROOT, stdout=log, stderr=log)


@pytest.fixture(scope="module")
def pseudo_server(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> Iterator[Server]:
    with PseudoServer(tmp_path_factory.mktemp("pseudo") / "data", env=engines) as server:
        yield server


def untranslated(answer: requests.Response) -> list[str]:
    if answer.status_code < 400 or "json" not in answer.headers.get("Content-Type", ""):
        return []
    body = answer.json()
    body = body["error"] if isinstance(body["error"], dict) else body  # of a collection
    if "error_description" in body:  # OAuth's, in English for who writes the app
        return []
    found = [body["error"], *(one["description"] for many in body.get("details", {}).values() for one in many)]
    return [one for one in found if not is_pseudo(one)]


NONSENSE = [{"nonsense": [{}]}]
POLL = {"options": ["a", "b"], "expires_in": 3600}
WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", STATUSES, {"json": body})
    for body in (
        LONG,
        {"status": ""},
        {"status": "a", "poll": POLL | {"options": ["a"]}},
        {"status": "a", "poll": POLL | {"options": ["a", ""]}},
        {"status": "a", "poll": POLL | {"options": ["a", "a"]}},
        {"status": "a", "poll": POLL | {"options": ["a" * 99, "b"]}},
        {"status": "a", "poll": POLL | {"expires_in": 1}},
        {"status": "a", "media_ids": ["1", "2", "3", "4", "5"]},
        {"status": "a", "media_ids": ["1"]},
        {"status": "a", "media_ids": ["1"], "poll": POLL},
        {"status": "a", "visibility": "odd"},
        {"status": "a", "language": "odd"},
        {"status": "a", "scheduled_at": "soon"},
        {"status": "a", "scheduled_at": "2001-01-01T00:00:00Z"},
        {"status": "a", "quoted_status_id": "1"},
        {"status": "a", "in_reply_to_id": "1"},
        {"status": "@a" * 2, "allowed_mentions": ["1"]},
        {"status": "e" + "\u0301" * 300},
        {"status": " ".join(f"#t{n}" for n in range(200))},
    )
] + [
    ("POST", "/api/v1/lists", {"json": {"title": ""}}),
    ("POST", "/api/v1/lists", {"json": {"title": "x" * 999}}),
    ("POST", "/api/v1/lists", {"json": {"title": "a", "replies_policy": "odd"}}),
    ("POST", "/api/v2/filters", {"json": {"title": "", "context": []}}),
    ("POST", "/api/v2/filters", {"json": {"title": "a", "context": ["odd"], "expires_in": -1, "filter_action": "odd"}}),
    ("POST", "/api/v1/filters", {"json": {"phrase": "", "context": ["home"]}}),
    ("POST", "/api/v1/featured_tags", {"json": {"name": "no tag"}}),
    ("POST", "/api/v1/tags/no%20tag/follow", {}),
    ("POST", "/api/v1/domain_blocks", {"json": {"domain": ""}}),
    ("POST", "/api/v1/domain_blocks", {"json": {"domain": "no domain"}}),
    ("POST", "/api/v1/reports", {"json": {"account_id": "1"}}),
    ("POST", "/api/v1/apps", {"json": {"client_name": "", "redirect_uris": "x"}}),
    ("POST", "/api/v1/apps", {"json": {"client_name": "a", "redirect_uris": "x"}}),
    ("POST", "/api/v1/apps", {"json": {"client_name": "a", "redirect_uris": "javascript:a"}}),
    ("POST", "/api/v1/apps", {"json": {"client_name": "a", "redirect_uris": "https://a.example", "scopes": "odd"}}),
    ("POST", "/api/v1/apps", {"json": {"client_name": "a", "redirect_uris": "https://a.example", "website": "odd"}}),
    ("POST", "/api/v2/media", {"files": {"file": ("a.png", b"")}}),
    ("POST", "/api/v2/media", {"files": {"file": ("a.png", b"%PDF-1.7")}}),
    ("POST", "/api/v2/media", {"files": {"file": ("a.png", b"unheard of")}}),
    ("POST", "/api/v2/media", {"files": {"file": ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40)}}),
    ("POST", "/api/v2/media", {"json": {}}),
    ("POST", "/api/v1/push/subscription", {"json": {"subscription": {"endpoint": "x", "keys": {}}}}),
    ("PATCH", "/api/v1/accounts/update_credentials", {"json": {"display_name": "x" * 999}}),
    ("PATCH", "/api/v1/accounts/update_credentials", {"json": {"source": {"privacy": "odd"}}}),
    ("PATCH", "/api/v1/accounts/update_credentials", {"files": {"avatar": ("a.png", b"unheard of")}}),
    ("PATCH", "/api/v2/notifications/policy", {"json": {"for_new_accounts": "odd"}}),
    ("POST", STATUSES, {"data": b"{", "headers": {"Content-Type": "application/json"}}),
    ("POST", STATUSES, {"data": b"[]", "headers": {"Content-Type": "application/json"}}),
    ("POST", STATUSES, {"data": b"[" * 99_999, "headers": {"Content-Type": "application/json"}}),
    ("POST", STATUSES, {"data": b"\xff", "headers": {"Content-Type": "application/json"}}),
    ("POST", STATUSES, {"data": b"a", "headers": {"Content-Type": "text/odd"}}),
    ("POST", STATUSES, {"data": b"a", "headers": {"Content-Type": "multipart/form-data"}}),
    ("POST", STATUSES, {"data": b"a[b][c][d][e][f][g][h][i][j]=1"}),
    ("POST", STATUSES, {"data": b"status=a%FF", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}),
    ("POST", STATUSES, {"data": "x" * 2_000_000, "headers": {"Content-Type": "application/json"}}),
    ("POST", STATUSES, {"json": {"status": "a\0"}}),
    ("POST", STATUSES, {"json": {"status": "a"}, "headers": {"Content-Encoding": "gzip"}}),
    ("GET", "/api/v1/accounts/verify_credentials", {"headers": {"Authorization": "Bearer unknown"}}),
    ("GET", "/api/v1/timelines/home?max_id=odd", {}),
    ("GET", "/api/v2/notifications?expand_accounts=odd", {}),
    ("GET", "/api/v1/directory?order=odd", {}),
    ("GET", "/.well-known/webfinger", {}),
    ("POST", "/api/v1/collections", {"json": {"name": "", "tag_name": "no tag", "language": "odd"}}),
    ("GET", "/api/v1/streaming/hashtag", {}),
    ("GET", "/api/v1/streaming/list", {}),
    ("GET", "/api/v1/streaming/list?list=1", {}),
]


@pytest.mark.slow  # asks every route
def test_every_sentence_that_reaches_a_person_is_translated(pseudo_server: Server):
    asked = {"params": {"lang": PSEUDO}}
    user, other, admin = pseudo_server.person(), pseudo_server.person(), pseudo_server.admin()
    found, missed, codes = 0, [], set[int]()

    def look(name: str, answer: requests.Response) -> None:
        nonlocal found
        found += answer.status_code >= 400
        codes.add(answer.status_code)
        missed.extend(f"{name}: {one}" for one in untranslated(answer))

    for method, path, options in WRONG:
        look(f"{method} {path} {str(options)[:80]}", user.call(method, path, **asked, **options))
    for route in ROUTES:
        if not route.any_site and route.method != "WEBSOCKET":
            person, path = admin if route.who == ADMIN else user, re.sub(r"\{\w+\}", "1", route.path)
            body = dict.fromkeys(_fields(route), NONSENSE)
            look(name_of(route), ask(person, route, path, **asked, json=body))
            if body or route.who == ADMIN:
                look(name_of(route), ask(other, route, path, **asked, json={}))

    assert "\n".join(missed) == ""
    assert found > 250
    assert codes >= {400, 401, 403, 404, 413, 415, 422}


def _fields(route: Route) -> list[str]:
    body = Arguments(route.handler).body
    return [field.encode_name for field in msgspec.structs.fields(body)] if body else []
