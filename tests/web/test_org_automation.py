"""The pages of rules that members write: written as a sentence or by a form, tried, switched, restored. No scripts."""

from collections.abc import Iterator

import pytest
import requests
from client import Server, eventually
from visitor import Visitor, forms, logged_in

pytestmark = pytest.mark.slow
PATH = "/org/automation"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("automation") / "data") as town:
        yield town


def send(desk: Visitor, page: str, to: str = "", **fields: object) -> requests.Response:
    form = next(one for one in forms(desk.get(page)) if one.url == desk.url + (to or page))
    return desk.send(to or page, form.fields | fields)


def test_a_rule_is_put_together_tried_saved_changed_and_taken_away(town: Server):
    boss, bob = town.admin(), town.person()
    desk = logged_in(town, boss)
    assert "There are no rules yet" in desk.get(PATH).text
    bob.say("The mill is down")

    drawn = desk.get(f"{PATH}/new?part_words=is+down&part_do=reply&part_said=Who+looks%3F")
    sentence = 'when post if text has "is down" do reply "Who looks?"'
    assert sentence.replace('"', "&#34;") in drawn.text
    assert "Write what the rule is to say" in desk.get(f"{PATH}/new?part_words=x&part_do=reply").text
    tried = send(desk, f"{PATH}/new", automation_name="Mill", sentence=sentence, do="try")
    assert "It would act on 1 of the last 1 posts" in tried.text and 'value="Mill"' in tried.text
    wrong = send(desk, f"{PATH}/new", automation_name="Mill", sentence="when posts", do="save")
    assert wrong.status_code == 422 and "at character 6, where post is expected" in wrong.text.replace("&#39;", "'")
    assert "when posts</textarea>" in wrong.text and 'value="Mill"' in wrong.text
    assert send(desk, f"{PATH}/new", automation_name="", sentence=sentence, do="save").status_code == 422
    saved = send(desk, f"{PATH}/new", automation_name="Mill", sentence=sentence, do="save")
    one = saved.headers["Location"].split("?")[0]

    bob.say("Now the oven is down")
    eventually(lambda: "Answer 1" in desk.get(one).text)
    assert (
        send(desk, one, automation_name="Mill", sentence=sentence.replace("down", "up"), do="save").status_code == 303
    )
    assert "is up" in desk.get(PATH).text
    assert send(desk, one, f"{one}/versions/1/restore").status_code == 303
    assert "is down" in desk.get(PATH).text
    assert send(desk, one, f"{one}/switch", on="0").status_code == 303
    assert "Switch it on" in desk.get(one).text
    assert desk.send(f"{one}/remove", {"csrf": desk.csrf(one)}).status_code == 303
    assert desk.get(one).status_code == 404
    assert logged_in(town, bob).get(PATH).status_code == 403
