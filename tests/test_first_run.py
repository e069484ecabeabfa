"""The first run: a link that a fresh server prints, the page it leads to, and `chirrup setup`. Each works once."""

import re
from pathlib import Path

import pytest
import requests
from client import Server
from test_cli import chirrup
from visitor import Visitor, forms
from walls import organisation

pytestmark = pytest.mark.slow
OWNER = {"kind": "company", "site_title": "Acme Inc", "username": "@ann", "email": "ann@acme.example"}
LINK = re.compile(r"https?://[^/\s]+(/first/\S+)")


def send(visitor: Visitor, path: str, **fields: str) -> requests.Response:
    form = forms(visitor.get(path))[0]
    return visitor.send(form.url, form.fields | fields)


def test_the_link_of_a_fresh_server_makes_its_owner_once(tmp_path: Path):
    with Server(tmp_path / "data") as town:
        (path,) = LINK.findall(town.log())
        (other,) = LINK.findall(town.command("setup", "--link"))  # as a second process prints one
        first, late, stranger = Visitor(town.url), Visitor(town.url), Visitor(town.url)
        assert stranger.get(other).ok
        assert stranger.get("/first/" + "0" * 46).status_code == 404
        waiting = forms(late.get(path))[0]

        for wrong in ({"username": "no spaces"}, {"site_title": "x" * 61}, {"kind": "castle"}):
            refused = send(first, path, **OWNER | {"password": "correct horse"} | wrong)
            assert refused.status_code == 422, wrong
            assert 'value="ann@acme.example"' in refused.text
            assert "correct horse" not in refused.text
            assert 'class="problem"' in refused.text
        made = send(first, path, **OWNER, password="correct horse")

        assert (made.status_code, made.headers["Location"]) == (303, "/org")
        assert "Acme Inc" in first.get("/org").text
        assert late.send(waiting.url, waiting.fields | OWNER | {"password": "correct horse"}).status_code == 404
        assert late.get(path).status_code == late.get(other).status_code == 404
        assert stranger.get("/public", allow_redirects=False).status_code == 303  # a company is closed
        told = stranger.get("/api/v2/instance").json()
        assert (told["title"], told["registrations"]["enabled"]) == ("Acme Inc", False)
        refused = chirrup(town.data, "setup", "--link")
        assert "looks after" in refused.stderr

        acme = organisation(town)
        link = town.command("setup", "--link", "--host", acme.url.removeprefix("http://"))
        assert Visitor(town.url).get(LINK.findall(link)[0]).status_code == 404  # of another site
        assert send(Visitor(acme.url), LINK.findall(link)[0], **OWNER, password="correct horse").status_code == 303


def test_setup_asks_for_nothing_that_is_given_and_needs_a_terminal_for_the_rest(tmp_path: Path):
    words = ("setup", "--title", "Home", "--name", "ann", "--email", "ann@example.com", "--password", "correct horse")

    asked = chirrup(tmp_path, *words)
    assert asked.returncode == 1
    assert "give --kind" in " ".join(asked.stderr.split())
    done = chirrup(tmp_path, *words, "--kind", "me")
    assert done.returncode == 0, done.stderr
    assert "@ann looks after" in done.stdout
    assert "owner" in chirrup(tmp_path, "user", "list").stdout
    again = chirrup(tmp_path, *words, "--kind", "town")
    assert again.returncode == 1
    assert "looks after" in again.stderr
