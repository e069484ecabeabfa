"""Hooks out over the API: a receiver hears of a post; what was sent is its owner's to see and to send again."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from client import Person, Server, eventually
from servers import free_port
from standardwebhooks import Webhook
from walls import organisation

pytestmark = pytest.mark.slow
HOOKS, ROOMS, DELIVERIES = "/api/chirrup/v1/hooks/out", "/api/chirrup/v1/rooms", "/api/chirrup/v1/deliveries"


class Receiver:
    def __init__(self) -> None:
        got: list[tuple[dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        self.got = got
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.place = f"127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module")
def docs_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str], receiver: Receiver, docs_port: int
) -> Iterator[Server]:
    env = {**engines, "CHIRRUP_HOOK_HOSTS": f"{receiver.place},127.0.0.1:{docs_port}"}
    with Server(tmp_path_factory.mktemp("hooks_out") / "data", env=env) as town:
        yield town


def test_a_receiver_hears_of_it_and_its_owner_sees_what_was_sent(town: Server, receiver: Receiver):
    boss, other, ann = town.admin(), town.admin(), town.person()
    ops = boss.post(ROOMS, name="ops", closed=True).json()["id"]
    boss.post(f"{ROOMS}/{ops}/members", account_id=ann.id)
    made = boss.post(HOOKS, name="CI", url=f"http://{receiver.place}/x", events=["post.published"], room_id=ops).json()
    path = f"{HOOKS}/{made['id']}"

    post = ann.say("@ops the oven is hot")
    headers, body = eventually(lambda: receiver.got and receiver.got[-1])

    told: Any = Webhook(made["secret"]).verify(body, headers)
    assert (told["type"], told["data"]["post"]["id"], told["data"]["room"]["id"]) == ("post.published", post["id"], ops)
    (sent,) = eventually(lambda: [one for one in boss.get(f"{path}/deliveries").json() if one["state"] == "delivered"])
    assert (sent["message"], sent["code"], sent["attempts"]) == (headers["webhook-id"], 204, 1)
    assert json.loads(sent["request"]) == told
    assert made["secret"] not in boss.get(f"{path}/deliveries").text + boss.get(path).text + boss.get(HOOKS).text

    assert boss.post(f"{DELIVERIES}/{sent['id']}/replay").json()["state"] == "waiting"
    eventually(lambda: len(receiver.got) == 2)
    assert receiver.got[1][0]["webhook-id"] == headers["webhook-id"]
    eventually(lambda: boss.get(f"{DELIVERIES}/{sent['id']}").json()["state"] == "delivered")
    assert boss.post(f"{path}/replay", since="2026-01-01T00:00:00Z").json() == {"replayed": 0}
    assert boss.post(f"{path}/replay", only_failed=False).json() == {"replayed": 1}
    assert boss.post(f"{path}/test").json()["event"] == "test"
    assert boss.post(f"{path}/secret").json()["secret"] != made["secret"]
    eventually(lambda: len(receiver.got) == 4)
    assert {len(one["webhook-signature"].split()) for one, _ in receiver.got[3:]} <= {1, 2}

    assert other.get(path).json()["url"] == "", "it may hold a secret of its owner's"
    theirs = [other.get(f"{path}/deliveries"), other.get(f"{DELIVERIES}/{sent['id']}"), other.post(f"{path}/test")]
    theirs += [other.post(f"{DELIVERIES}/{sent['id']}/replay"), other.patch(path, url="https://other.example")]
    assert {one.status_code for one in theirs} == {403}
    assert "you can switch it off" in theirs[0].json()["error"]
    assert other.patch(path, off=True).json()["off"]
    wrong = ({}, {"name": "x", "url": "ftp://x", "events": ["post.published"]}, {"name": "x", "events": ["all"]})
    assert [boss.post(HOOKS, **one).status_code for one in wrong] == [422] * 3
    assert boss.post(f"{path}/replay", since="soon").status_code == 422
    assert [ann.get(HOOKS).status_code, ann.post(HOOKS, name="x").status_code] == [403, 403]
    acme = organisation(town).admin()
    assert [acme.get(path).status_code, acme.delete(path).status_code] == [404, 404]
    assert acme.post(f"{DELIVERIES}/{sent['id']}/replay").status_code == 404
    assert (
        acme.post(HOOKS, name="x", url="https://x.example", events=["post.published"], room_id=ops).status_code == 404
    )
    assert boss.delete(path).ok and boss.get(path).status_code == 404


def test_nobody_is_told_what_lies_behind_an_address(town: Server, receiver: Receiver):
    boss: Person = town.admin()
    urls = ("http://127.0.0.1:22/", "http://localhost/", "http://169.254.169.254/latest", "http://none.invalid/")
    hooks = [boss.post(HOOKS, name="x", url=url, events=["post.published"]).json()["id"] for url in urls]
    for id in hooks:
        boss.post(f"{HOOKS}/{id}/test")

    def answers() -> set[tuple[str, Any]]:
        return {
            (one["answer"], one["code"])
            for id in hooks
            for one in boss.get(f"{HOOKS}/{id}/deliveries").json()
            if one["attempts"] or one["answer"]
        }

    eventually(lambda: len(answers()) == 1)
    assert answers() == {("It was not reached, or gave no answer in time.", None)}
    for id in hooks:
        assert boss.delete(f"{HOOKS}/{id}").ok


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_the_examples_of_the_docs_work(town: Server, docs_port: int):
    boss = town.admin()
    ops = boss.post(ROOMS, name="examples").json()["id"]
    page = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text()
    page = page.replace("https://social.acme.example", town.url).replace("117708958669800944", ops)
    page = page.replace("https://ci.acme.example/chirrup", f"http://127.0.0.1:{docs_port}/")
    told: dict[str, Any] = {}
    for block in [one for one in re.findall(r"(?:^    .*\n)+", page, re.MULTILINE) if "curl" in one]:
        block = block.replace(f"{town.url}/hooks/in/… -d", f"{told.get('url', '')} -d")
        env = {**os.environ, "TOKEN": boss.token, "ID": told.get("id", "")}
        command = f'curl() {{ command curl -sS --fail-with-body "$@"; }}\n{block}'
        done = subprocess.run(["bash", "-ec", command], env=env, capture_output=True, text=True)
        assert done.returncode == 0, (block, done.stdout, done.stderr)
        assert "# ok" not in block or done.stdout == "ok"
        told = json.loads(done.stdout) if done.stdout.startswith("{") else told
    assert told["secret"].startswith("whsec_")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    code = code.replace("8000", str(docs_port)).replace("whsec_…", told["secret"])
    with subprocess.Popen([sys.executable, "-uc", code], stdout=subprocess.PIPE, text=True) as receiver:
        try:
            eventually(lambda: listens(docs_port))
            boss.post(f"{HOOKS}/{told['id']}/test")
            assert receiver.stdout and receiver.stdout.readline().startswith("test {'text'")
        finally:
            receiver.kill()
