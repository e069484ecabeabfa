"""The targets of links and redirects, and the headers of every page."""

import re

import pytest
import requests
from visitor import Visitor, logged_in

from chirrup.web.routes import ROUTES
from chirrup.web.screens.reading import feeds

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/@ann\r\nSet-Cookie: a=b",
    "/x\\@evil.example",
    "http:evil.example",
    "/" + "a" * 5000,
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_form_leads_to_another_site(server, anns, ann, address):
    fresh = Visitor(server.url)

    assert fresh.log_in(ann.name, return_to=address).headers["Location"] == "/home"
    assert anns.post("/compose", text="hello", return_to=address).headers["Location"] == "/home"
    assert anns.get("/login", params={"return_to": address}, allow_redirects=False).headers["Location"] == "/home"


@pytest.mark.parametrize(
    "path", ["//evil.example", "/%2F%2Fevil.example", "/\\evil.example", "/web/%2F%2Fevil.example"]
)
def test_no_address_of_ours_redirects_to_another_site(server, path):
    session = requests.Session()
    request = requests.Request("GET", server.url).prepare()
    request.url = server.url + path

    answer = session.send(request, allow_redirects=False, timeout=10)

    assert answer.status_code == 404
    assert "Location" not in answer.headers


def test_own_addresses_are_led_back_to(server, ann):
    fresh = Visitor(server.url)

    assert fresh.log_in(ann.name, return_to="/tags/birds?before=5").headers["Location"] == "/tags/birds?before=5"


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded", "X-Original-URL"])
def test_a_forged_host_changes_no_link(server, anns, ann, name):
    post = ann.say("about #birds")
    for path in ("/", "/login", "/public", f"/@{ann.name}", f"/@{ann.name}/{post['id']}", "/about", "/home", "/nope"):
        answer = anns.get(path, headers={name: "evil.example"}, allow_redirects=False)
        assert "evil.example" not in answer.text + str(answer.headers), path


OTHERWISE = ["/home/live", "/{handle}/{id}/embed"]  # a stream; a page for others' pages: test_embeds.py
OTHERWISE += [path.format(form) for path in feeds.PATHS for form in feeds.TYPES]  # test_feeds.py


def paths(ann, post_id: str) -> list[str]:
    values = {"handle": f"@{ann.name}", "id": post_id, "name": "birds", "secret": "0" * 46, "payload": "1"}
    gets = [route.path for route in ROUTES if route.method == "GET" and route.path not in OTHERWISE]
    return [re.sub(r"\{([^}]+)\}", lambda match: values[match[1]], path) for path in gets]


def test_every_page_of_the_table_opens_with_all_safety_headers(server, anns, ann):
    post = ann.say("hello #birds")
    pages = [*paths(ann, post["id"]), "/nope", "/@nobody_at_all", "/@x/1", "/%00", "/@%F0%9F%90%A6"]

    asked = [("GET", path) for path in pages]
    asked += [
        ("TRACE", "/"),
        ("PUT", "/home"),
        ("POST", "/login"),
        ("GET", "/home/live?after=x"),
        ("GET", "/static/nope"),
    ]
    for visitor in (anns, Visitor(server.url)):
        for method, path in asked:
            answer = visitor.session.request(method, server.url + path, allow_redirects=False, timeout=20)
            assert answer.status_code < 500, path
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy, path
            assert "base-uri 'none'; object-src 'none'; frame-ancestors 'none'" in policy, path
            assert "unsafe" not in policy, path
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path
            assert answer.headers["Referrer-Policy"] == "same-origin", path
            assert answer.headers["Cache-Control"] == "private, no-store", path
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", answer.text), path


def test_an_error_page_tells_nothing_of_the_inside(server, visitor):
    answer = visitor.get("/@x/1")

    assert answer.status_code == 404
    assert not re.search(r"Traceback|litestar|uvicorn|\.py", answer.text + str(answer.headers))


def test_what_does_not_exist_is_a_page_for_people_and_json_for_programs(visitor):
    assert visitor.get("/nope/nope/nope").headers["Content-Type"].startswith("text/html")
    assert visitor.get("/api/v1/nope").headers["Content-Type"].startswith("application/json")


def test_a_hidden_post_answers_like_one_that_never_was(server, ann, bob):
    hidden = ann.say("for my followers", visibility="private")
    of_bob = logged_in(server, bob)
    never = str(int(hidden["id"]) + (1 << 16))

    for visitor in (of_bob, Visitor(server.url)):
        for what in ("", "/favourites", "/boosts"):
            one, other = (visitor.get(f"/@{ann.name}/{id}{what}") for id in (hidden["id"], never))
            assert (one.status_code, one.text) == (other.status_code, other.text) == (404, other.text)
    for act in ("favourite", "boost", "bookmark", "vote", "delete", "edit"):
        one, other = (of_bob.post(f"/@{ann.name}/{id}/{act}", choice="0") for id in (hidden["id"], never))
        assert (one.status_code, one.text) == (other.status_code, other.text) == (404, other.text)


def test_other_sites_are_told_of_public_posts_only(ann, visitor):
    public = ann.say("a treecreeper <today>")
    unlisted = ann.say("not so loud", visibility="unlisted")
    warned = ann.say("the butler", spoiler_text="Spoilers")

    page = visitor.get(f"/@{ann.name}/{public['id']}").text
    assert '<meta property="og:description" content="a treecreeper &lt;today&gt;">' in page
    assert f'<meta property="og:url" content="{visitor.url}/@{ann.name}/{public["id"]}">' in page
    assert "og:" not in visitor.get(f"/@{ann.name}/{unlisted['id']}").text
    page = visitor.get(f"/@{ann.name}/{warned['id']}").text
    assert re.findall(r'og:description" content="([^"]*)"', page) == ["Spoilers"]


def test_posts_have_the_address_that_the_api_tells(ann, bob, visitor):
    post = ann.say("where am I?")
    boost = bob.post(f"/api/v1/statuses/{post['id']}/reblog").json()

    assert post["url"] == f"{visitor.url}/@{ann.name}/{post['id']}"
    assert visitor.get(f"/@{ann.name}/{post['id']}").status_code == 200
    for other in (f"/@{bob.name}/{boost['id']}", f"/@{ann.name.upper()}/{post['id']}", f"/@{bob.name}/{post['id']}"):
        assert visitor.get(other).url == post["url"], other
    assert visitor.get(f"/@{ann.name.upper()}").url == f"{visitor.url}/@{ann.name}"


def test_static_files_are_kept_by_browsers_until_they_change(visitor):
    page = visitor.get("/").text
    for address in re.findall(r'"(/static/[^"]+)"', page):
        answer = visitor.get(address)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        again = visitor.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    for name in ("avatar.png", "header.png"):
        assert visitor.get(f"/static/{name}").headers["Content-Type"] == "image/png"
    for path in ("/static/nope.css", "/static/README.md", "/static/..%2Fserver.py"):
        assert visitor.get(path).status_code == 404
