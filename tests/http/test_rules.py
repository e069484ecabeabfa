"""Rules over Chirrup's own API, as docs/rules.md shows it; what is wrong is a 4xx that says so."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Person, Server, eventually

pytestmark = pytest.mark.slow
RULES = "/api/chirrup/v1/rules"
PAGE = (Path(__file__).parents[2] / "docs/rules.md").read_text()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("rules") / "data") as town:
        yield town


@pytest.fixture(scope="module")
def boss(town: Server) -> Person:
    return town.admin()


def replies(person: Person, post: str) -> list[str]:
    return [
        re.sub("<.*?>", "", one["content"])
        for one in person.get(f"/api/v1/statuses/{post}/context").json()["descendants"]
    ]


def test_the_examples_of_the_docs_run(town: Server, boss: Person):
    bob = town.person()
    before = bob.say("It is down")
    given = os.environ | {"SERVER": town.url, "TOKEN": boss.token}
    (shell,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (python,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    told = subprocess.run(["sh", "-ec", shell], env=given, capture_output=True, text=True, check=True).stdout
    printed = subprocess.run([sys.executable, "-c", python], env=given, capture_output=True, text=True, check=True)

    assert f'"id":"{before["id"]}"' in told and '"applies":true' in told and '"name":"Down"' in told
    assert printed.stdout == 'when post if text has "up" and not from bot do reply "Thank you!"\n'
    down, up = bob.say("Down it is"), bob.say("up!")
    for post, said in ((down, "Who looks at it?"), (up, "Thank you!")):
        eventually(lambda post=post, said=said: replies(bob, post["id"]) == [said])
    assert replies(bob, before["id"]) == []
    for rule in boss.get(RULES).json():
        (run,) = boss.get(f"{RULES}/{rule['id']}/runs").json()
        assert (run["outcome"], run["event"] in (f"post {down['id']}", f"post {up['id']}")) == ("done", True)
        assert boss.delete(f"{RULES}/{rule['id']}").ok


def test_rules_are_changed_restored_and_refused(town: Server, boss: Person):
    text = 'when post if text has "x" do reply "y"'
    made = boss.post(RULES, name="A", text=text).json()
    one = f"{RULES}/{made['id']}"
    changed = boss.patch(one, text='when post if text has "z" do reply "y"', state="off").json()
    assert (changed["version"], changed["state"], changed["owner_id"]) == (2, "off", boss.id)
    assert boss.post(f"{one}/versions/1/restore").json()["text"] == text
    assert [kept["version"] for kept in boss.get(f"{one}/versions").json()] == [3, 2, 1]

    wrong = [
        ({"name": "A", "text": "when post"}, "text ends too early: expected if, do or in"),
        ({"name": "A", "tree": {"when": {"is": "post"}, "do": [{"is": "delete"}]}}, "tree"),
        ({"name": "A", "tree": {"when": {"is": "post"}}}, "tree"),
        ({"name": "A", "tree": {"when": {"is": "post"}, "do": []}}, "must have 1 to 8 actions"),
        ({"name": " ", "text": text}, "name can't be blank"),
        ({"name": "A", "text": text, "state": "asleep"}, "state"),
        ({"name": "A", "text": 'when post in @nowhere do reply "y"'}, "no room that you can see"),
    ]
    deep: dict[str, object] = {"is": "has", "words": "x"}
    for _ in range(400):
        deep = {"is": "not", "test": deep}
    wrong.append(
        ({"name": "A", "tree": {"when": {"is": "post"}, "if": deep, "do": [{"is": "reply", "text": "x"}]}}, "32")
    )
    for body, said in wrong:
        refused = boss.post(RULES, **body)
        assert refused.status_code == 422 and said in refused.json()["error"], refused.text
    assert boss.get(f"{RULES}/1").status_code == boss.post(f"{one}/versions/9/restore").status_code == 404
    assert town.person().get(RULES).status_code == 403
    assert [post["why"] for post in boss.post(f"{one}/try").json() if post["applies"]] == []
    assert boss.delete(one).ok and boss.get(one).status_code == 404
