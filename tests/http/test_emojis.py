"""Emoji over the network: made by commands, listed, told by what shows them, fetched and drawn."""

import secrets
import tarfile
from pathlib import Path

import pytest
import requests
from client import Person, Server, eventually
from shapes import decode
from world import png

from chirrup.mastodon import entities

pytestmark = pytest.mark.slow


def listed(server: Server) -> dict[str, entities.CustomEmoji]:
    found = decode(server.anyone().get("/api/v1/custom_emojis"), list[entities.CustomEmoji])
    return {one.shortcode: one for one in found}


def test_an_emoji_is_added_used_everywhere_and_removed(server: Server, ann: Person, tmp_path: Path):
    bird, hidden = f"bird_{secrets.token_hex(4)}", f"hidden_{secrets.token_hex(4)}"
    (tmp_path / f"{bird}.png").write_bytes(png())
    (tmp_path / "no picture.txt").write_text("no")
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / f"{bird}.png", f"x/{hidden}.png")
        archive.add(tmp_path / "no picture.txt", "x/no picture.txt")
    server.command("emoji", "add", bird, str(tmp_path / f"{bird}.png"), "--category", "Animals")
    said = server.command("emoji", "import", str(tmp_path / "all.tar.gz"), "--unlisted")
    assert "no picture.txt: shortcode must be" in said and "1 added." in said

    there = listed(server)
    assert (there[bird].category, there[bird].visible_in_picker) == ("Animals", True)
    assert (there[hidden].category, there[hidden].visible_in_picker) == (None, False)
    file = requests.get(there[bird].url)
    assert (file.status_code, file.headers["Content-Type"]) == (200, "image/png")
    assert "sandbox" in file.headers["Content-Security-Policy"] and there[bird].static_url == there[bird].url

    poll = {"options": [f":{bird}: yes", "no"], "expires_in": 3600}
    ann.patch("/api/v1/accounts/update_credentials", display_name=f"Ann :{bird}:")
    post = ann.say(f"see :{bird}:", spoiler_text=f":{hidden}:", poll=poll)
    entity = decode(ann.get(f"/api/v1/statuses/{post['id']}"), entities.Status)
    assert entity.emojis == [there[bird], there[hidden]]
    assert entity.account.emojis == [there[bird]] and entity.poll and entity.poll.emojis == [there[bird]]
    assert decode(ann.get(f"/api/v1/polls/{entity.poll.id}"), entities.Poll).emojis == [there[bird]]
    me = decode(ann.get("/api/v1/accounts/verify_credentials"), entities.CredentialAccount)
    assert me.emojis == [there[bird]]
    ann.put(f"/api/v1/statuses/{post['id']}", status="no more", spoiler_text="")
    history = decode(ann.get(f"/api/v1/statuses/{post['id']}/history"), list[entities.StatusEdit])
    assert [one.emojis for one in history] == [[there[bird], there[hidden]], []]

    profile = requests.get(f"{server.url}/@{ann.name}").text
    assert f'alt=":{bird}:"' in profile and f"<title>\u2068Ann :{bird}:" in profile

    server.command("emoji", "remove", bird)
    assert bird not in listed(server) and requests.get(there[bird].url).status_code == 404
    eventually(lambda: not ann.get("/api/v1/accounts/verify_credentials").json()["emojis"])
