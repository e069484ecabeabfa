"""The terminal client toot, used like its users do: a process for each command, a settings folder for each person."""

import json
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import forkserver
import pytest
from client import Server, eventually
from PIL import Image
from visitor import code_shown_at
from websockets.sync.client import connect

TOOT = Path(sys.executable).with_name("toot")


class Toot:
    """A person at a terminal."""

    def __init__(self, server: Server, name: str, folder: Path) -> None:
        self.server, self.name, self.folder = server, name, folder
        self.env = {"XDG_CONFIG_HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

    def __call__(self, *words: str, fails: bool = False) -> str:
        """The output of `toot words…`; fails: its error."""
        done = forkserver.run("--no-color", *words, module="toot", env=self.env, cwd=self.folder)
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))

    def post(self, text: str, *words: str) -> str:
        """The id of the new post."""
        return re.fullmatch(rf"Toot posted: {self.server.url}/@{self.name}/(\d+)\s*", self("post", text, *words))[1]

    def home(self) -> list[dict[str, Any]]:
        return self.json("timelines", "home", "--no-pager")

    @property
    def token(self) -> str:
        users = json.loads((self.folder / "toot/config.json").read_text())["users"]
        return next(iter(users.values()))["access_token"]


@pytest.fixture
def ann(server: Server, tmp_path: Path) -> Toot:
    """Logged in with name and password typed in."""
    name, folder = f"ann_{secrets.token_hex(3)}", tmp_path / "ann"
    folder.mkdir()
    server.person(name)
    ann = Toot(server, name, folder)
    ann("login_cli", "--instance", server.url, "--email", f"{name}@example.com", "--password", "password")
    return ann


@pytest.fixture
def bob(server: Server, tmp_path: Path) -> Toot:
    """Logged in with a code that the browser showed."""
    name, folder = f"bob_{secrets.token_hex(3)}", tmp_path / "bob"
    folder.mkdir()
    server.person(name)
    bob = Toot(server, name, folder)
    login = subprocess.Popen(
        [TOOT, "--no-color", "login", "--instance", server.url],
        env=bob.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert login.stdin and login.stdout
    address = next(line.strip() for line in login.stdout if line.startswith(server.url))
    said, _ = login.communicate(f"n\n{code_shown_at(address, name)}\n", timeout=30)
    assert login.returncode == 0, said
    assert "Successfully logged in" in said
    return bob


def test_two_people_talk(server: Server, ann: Toot, bob: Toot):
    assert f"@{ann.name}" in ann("whoami")
    assert f"@{ann.name}" in bob("whois", ann.name)
    assert bob("follow", ann.name).strip() == f"✓ You are now following {ann.name}"

    with connect(
        f"{server.url.replace('http', 'ws')}/api/v1/streaming?stream=user",
        additional_headers={"Authorization": f"Bearer {bob.token}"},
    ) as stream:
        hello = ann.post("hello from the terminal")
        seen = json.loads(stream.recv(timeout=10))
        assert (seen["event"], json.loads(seen["payload"])["id"]) == ("update", hello)
    assert [post["id"] for post in bob.home()] == [hello]
    assert "hello from the terminal" in bob("timelines", "home", "--no-pager")

    reply = bob.post(f"@{ann.name} hello back", "--reply-to", hello)
    thread = ann("thread", reply)
    assert thread.index("hello from the terminal") < thread.index("hello back")
    bob("favourite", hello)
    assert bob("favourite", hello)
    bob("reblog", hello)
    shown = ann.json("status", hello)
    assert (shown["favourites_count"], shown["reblogs_count"]) == (1, 1)
    assert bob.name in ann("reblogged-by", hello)
    bob("unreblog", hello)
    bob("unfavourite", hello)
    shown = eventually(lambda: (now := ann.json("status", hello)) and now["replies_count"] and now)
    assert (shown["favourites_count"], shown["reblogs_count"], shown["replies_count"]) == (0, 0, 1)

    told = ann.json("notifications")
    assert [(one["type"], one["account"]["acct"]) for one in told] == [("mention", bob.name), ("follow", bob.name)]
    assert "hello back" in ann("notifications", "--mentions")
    ann("notifications", "--clear")
    assert ann.json("notifications") == []

    ann("delete", hello)
    assert "not found" in bob("status", hello, fails=True)
    assert [post["id"] for post in bob.home()] == [reply]


def test_one_keeps_others_away_and_in_lists(ann: Toot, bob: Toot):
    said = bob.post("over here")

    ann("follow", bob.name)
    assert [post["id"] for post in ann.home()] == [said]
    ann("mute", bob.name)
    assert bob.name in ann("muted")
    assert ann.home() == []
    ann("unmute", bob.name)
    assert [post["id"] for post in ann.home()] == [said]

    ann("lists", "create", "birds")
    ann("lists", "add", "birds", bob.name)
    assert bob.name in ann("lists", "accounts", "birds")
    assert [post["id"] for post in ann.json("timelines", "list", "birds", "--no-pager")] == [said]
    ann("lists", "remove", "birds", bob.name)
    ann("lists", "delete", "birds")
    assert "birds" not in ann("lists", "list")

    ann("block", bob.name)
    assert bob.name in ann("blocked")
    assert "not found" in bob("status", ann.post("nothing for bob"), fails=True).lower()
    ann("unblock", bob.name)
    assert ann.json("following", ann.name) == []


def test_one_finds_tags_and_people(ann: Toot, bob: Toot):
    tag = f"birds{secrets.token_hex(3)}"
    ann("tags", "follow", tag)
    assert tag in ann("tags", "followed")

    said = bob.post(f"look #{tag}")
    eventually(lambda: [post["id"] for post in ann.home()] == [said])
    assert [post["id"] for post in ann.json("timelines", "tag", tag, "--no-pager")] == [said]
    assert ann("search", f"#{tag}", "--type", "hashtags").split() == ["Hashtags:", f"#{tag}"]
    assert ann.json("search", bob.name)["accounts"][0]["acct"] == bob.name
    ann("tags", "unfollow", tag)
    ann("tags", "feature", tag)
    assert tag in ann("tags", "featured")


def test_pictures_polls_and_who_may_see_what(ann: Toot, bob: Toot, tmp_path: Path):
    picture = tmp_path / "kestrel.png"
    Image.new("RGB", (50, 60), "red").save(picture)
    with_picture = ann.post("look", "--media", str(picture), "--description", "a red square", "--spoiler-text", "red")
    shown = bob.json("status", with_picture)
    (media,) = shown["media_attachments"]
    assert (shown["spoiler_text"], shown["sensitive"]) == ("red", True)
    assert (media["type"], media["description"], media["meta"]["original"]["size"]) == (
        "image",
        "a red square",
        "50x60",
    )
    assert bob.json("upload", str(picture), "--description", "mine")["description"] == "mine"

    asked = ann.json("post", "which?", "--poll-option", "owl", "--poll-option", "hawk", "--poll-expires-in", "1h")
    assert "owl" in bob("polls", "show", asked["poll"]["id"])
    bob("polls", "vote", asked["poll"]["id"], "1")
    assert [one["votes_count"] for one in ann.json("polls", "show", asked["poll"]["id"])["options"]] == [0, 1]
    assert "scheduled for: 4000-01-01 12:00:00+0000" in ann("post", "later", "--scheduled-at", "4000-01-01T12:00:00Z")
    assert "scheduled for: " in ann("post", "later", "--scheduled-in", "1h")
    assert "Record invalid" in ann("post", "later", "--scheduled-at", "tomorrow", fails=True)
    assert "already voted" in bob("polls", "vote", asked["poll"]["id"], "0", fails=True)

    private = ann.post("for followers", "--visibility", "private")
    direct = ann.post(f"@{bob.name} for you", "--visibility", "direct")
    assert "not found" in bob("status", private, fails=True)
    assert bob.json("status", direct)["visibility"] == "direct"
    ann("bookmark", direct)
    assert direct in ann("bookmarks", "--once")
    ann("pin", with_picture)
    ann("update-account", "--display-name", "Ann of the hill", "--locked")
    assert "Ann of the hill" in bob("whois", ann.name)
    bob("follow", ann.name)
    assert bob.name in ann("follow-requests", "list")
    ann("follow-requests", "accept", bob.name)
    assert bob.json("status", private)["id"] == private
    ann("logout", f"{ann.name}@{ann.server.url.split('//')[1]}")
    assert "logged in" in ann("post", "anybody?", fails=True)
