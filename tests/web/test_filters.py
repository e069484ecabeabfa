"""Filters on the pages: what is shown instead of posts, and the settings."""

import re
from typing import Any

import pytest
from client import Person, eventually
from visitor import Visitor
from world import png

API = "/api/v2/filters"


def make(person: Person, *keywords: str, **more: Any) -> str:
    words = [{"keyword": one} for one in keywords]
    made = person.post(API, **({"title": "Birds", "context": ["home"], "keywords_attributes": words} | more))
    assert made.ok, made.text
    return made.json()["id"]


PLACES = {
    "home": "/home",
    "public": "/public",
    "account": "/@{bob}",
    "thread": "/@{ann}/{root}",
    "notifications": "/notifications",
}


@pytest.fixture
def said(ann: Person, bob: Person) -> dict[str, str]:
    """A post of Bob's that stands on every page of PLACES, and what those are called."""
    ann.follow(bob)
    root = ann.say("hello")["id"]
    text = f"a crow{bob.id} for @{ann.name}"
    post = bob.say(text, in_reply_to_id=root)["id"]
    other = bob.say(f"{text} again")["id"]
    eventually(lambda: len(ann.get("/api/v1/notifications").json()) == 2)
    return {"bob": bob.name, "ann": ann.name, "root": root, "post": post, "other": other, "word": f"crow{bob.id}"}


def article(page: str, id: str) -> str:
    """A post as the page has it; "": it is not there."""
    found = re.search(rf'<article class="post[^>]*data-key="{id}".*?</article>', page, re.DOTALL)
    return found[0] if found else ""


@pytest.mark.parametrize("place", PLACES)
def test_what_is_to_be_hidden_is_left_out_where_the_filter_applies(
    ann: Person, anns: Visitor, said: dict[str, str], place: str
):
    key = said["post"] if place == "thread" else said["other"]
    path = PLACES[place].format(**said)
    eventually(lambda: article(anns.get(path).text, key))
    other = next(one for one in PLACES if one != place)
    filter_id = make(ann, said["word"], filter_action="hide", context=[other])
    assert article(anns.get(path).text, key)

    ann.put(f"{API}/{filter_id}", context=[place])

    assert not article(anns.get(path).text, key)
    assert anns.get(f"/@{said['bob']}/{key}").status_code == 200


@pytest.mark.parametrize("place", PLACES)
def test_a_warning_has_the_filters_title_and_opens(ann: Person, anns: Visitor, said: dict[str, str], place: str):
    key = said["post"] if place == "thread" else said["other"]
    path = PLACES[place].format(**said)
    eventually(lambda: article(anns.get(path).text, key))
    make(ann, said["word"], title="Birds & <bees>", context=[place])

    shown = article(anns.get(path).text, key)

    inside = re.search(r'<details class="warning">(.*)</details>\s*</div>', shown, re.DOTALL)
    assert inside
    assert "Filtered: <bdi>Birds &amp; &lt;bees&gt;</bdi>" in inside[1]
    assert said["word"] in inside[1]
    assert said["word"] not in shown.replace(inside[0], "")


def test_only_pictures_are_behind_the_warning_of_a_filter_that_blurs(ann: Person, bob: Person, anns: Visitor):
    picture = bob.call("POST", "/api/v2/media", files={"file": ("a.png", png())}, data={"description": "crow"}).json()
    post = bob.say("see this", media_ids=[picture["id"]])["id"]
    make(ann, "crow", filter_action="blur", context=["public", "thread"])

    shown = article(anns.get("/public").text, post)

    inside = re.search(
        r"<details class=\"warning\">(.*)</details>", shown[: shown.index('<form class="acts"')], re.DOTALL
    )
    assert inside
    assert "Filtered picture: <bdi>Birds</bdi>" in inside[1]
    assert "<img" in inside[1]
    assert "see this" not in inside[1]
    assert "Filtered" not in anns.get(f"/@{bob.name}/{post}").text  # which she asked for


def test_nobody_filters_themselves_out_and_others_see_all(ann: Person, bob: Person, anns: Visitor, visitor: Visitor):
    own = ann.say(f"crow{ann.id}")["id"]
    make(ann, f"crow{ann.id}", filter_action="hide", context=["home", "public", "account"])

    for path in ("/home", "/public", f"/@{ann.name}"):
        assert article(anns.get(path).text, own)
    assert article(visitor.get("/public").text, own)


def test_a_page_of_hidden_posts_leads_on_to_what_is_below(ann: Person, bob: Person, anns: Visitor):
    ann.follow(bob)
    first = bob.say("a cat")["id"]
    for n in range(25):
        bob.say(f"crow {n}")
    make(ann, "crow", filter_action="hide")

    assert eventually(lambda: article(anns.get("/home").text, first))


# settings

FORM: dict[str, Any] = {"title": "Birds", "context": ["home", "thread"], "filter_action": "hide", "lasts": "3600"}
FORM |= {"whole": "crow\r\n jay \r\n\r\n", "part": "owl"}


def test_filters_are_made_changed_and_deleted_in_the_settings(ann: Person, anns: Visitor):
    assert "Nothing is filtered" in anns.get("/settings/filters").text
    assert anns.post("/settings/filters/new", **FORM).headers["Location"] == "/settings/filters?saved=1"
    (made,) = ann.get(API).json()
    assert (made["title"], made["context"], made["filter_action"]) == ("Birds", ["home", "thread"], "hide")
    assert [(one["keyword"], one["whole_word"]) for one in made["keywords"]] == [
        ("crow", True),
        ("jay", True),
        ("owl", False),
    ]
    assert made["expires_at"]
    assert "3 words" in anns.get("/settings/filters").text
    path = f"/settings/filters/{made['id']}"
    page = anns.get(path).text
    assert "crow\njay</textarea>" in page

    change = FORM | {"lasts": "as it is", "whole": "jay", "part": "owl\nrook", "context": ["public"]}
    assert anns.post(path, csrf_from=path, **change).status_code == 303
    (changed,) = ann.get(API).json()
    assert changed["expires_at"] == made["expires_at"]
    assert changed["context"] == ["public"]
    kept = {one["keyword"]: one["id"] for one in made["keywords"]}
    assert [(one["keyword"], one["id"] == kept.get(one["keyword"])) for one in changed["keywords"]] == [
        ("jay", True),
        ("owl", True),
        ("rook", False),
    ]

    assert anns.post(f"{path}/delete", csrf_from=path).status_code == 303
    assert ann.get(API).json() == []
    assert anns.get(path).status_code == 404


def test_posts_are_taken_out_of_a_filter_in_the_settings(ann: Person, bob: Person, anns: Visitor):
    filter_id = make(ann)
    kept, dropped = (
        ann.post(f"{API}/{filter_id}/statuses", status_id=bob.say(text)["id"]).json() for text in ("stays", "goes")
    )
    path = f"/settings/filters/{filter_id}"
    assert "Take out: goes" in anns.get(path).text

    assert anns.post(path, csrf_from=path, **FORM, drop=dropped["id"]).status_code == 303

    assert ann.get(API).json()[0]["statuses"] == [kept]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"title": " "}, "The name can&#39;t be blank."),
        ({"context": []}, "The choice of where it applies can&#39;t be blank."),
        ({"whole": "x" * 513}, "A word or phrase must have at most 512 characters, has 513."),
        ({"lasts": "1"}, "The choice of how long it applies must be one of"),
        ({"filter_action": "burn"}, "The choice of what you see instead must be one of"),
    ],
)
def test_what_was_typed_comes_back_with_what_is_wrong(ann: Person, anns: Visitor, wrong: dict[str, Any], why: str):
    answer = anns.post("/settings/filters/new", **(FORM | {"part": "typed <this>"} | wrong))

    assert answer.status_code == 422
    assert why in answer.text
    assert "typed &lt;this&gt;" in answer.text
    assert ann.get(API).json() == []


def test_what_was_typed_for_a_filter_that_is_gone_makes_a_new_one(ann: Person, anns: Visitor):
    filter_id = make(ann, "crow")
    path = f"/settings/filters/{filter_id}"
    csrf = anns.csrf(path)
    ann.delete(f"{API}/{filter_id}")

    answer = anns.send(path, {"csrf": csrf} | FORM)

    assert answer.status_code == 404
    assert 'action="/settings/filters/new"' in answer.text
    assert "owl</textarea>" in answer.text


def test_a_filter_of_somebody_else_is_not_there(ann: Person, bob: Person, anns: Visitor):
    path = f"/settings/filters/{make(bob, 'crow')}"

    assert anns.get(path).status_code == anns.post(path, **FORM).status_code == 404
    assert anns.post(f"{path}/delete").status_code == 404
    assert len(bob.get(API).json()) == 1


# from a post's menu

MENU = "/settings/filters/post"


def test_a_post_goes_into_a_filter_from_its_menu(ann: Person, anns: Visitor, said: dict[str, str]):
    page = f"{MENU}?post={said['other']}"
    shown = anns.get(f"/@{said['bob']}/{said['other']}").text
    assert f'href="{page}&amp;return_to=/%40{said["bob"]}/{said["other"]}"' in shown
    assert "A new one" in anns.get(page).text

    fields = {"csrf": anns.csrf(page), "post": said["other"], "filter": "new", "itself": "1", "return_to": "/public"}
    refused = anns.send(MENU, fields | {"filter_action": "hide", "whole": "kept words"})
    assert refused.status_code == 422
    assert "The name can&#39;t be blank" in refused.text
    assert "kept words" in refused.text
    done = anns.send(MENU, fields | {"filter_action": "hide", "title": "Enough", "whole": ""})
    assert done.headers["Location"] == "/public"

    (made,) = ann.get(API).json()
    assert (made["title"], made["filter_action"], made["keywords"]) == ("Enough", "hide", [])
    assert [one["status_id"] for one in made["statuses"]] == [said["other"]]
    assert made["context"] == ["home", "notifications", "public", "thread", "account"]
    assert not article(anns.get("/home").text, said["other"])


def test_words_go_into_a_filter_that_there_is(ann: Person, anns: Visitor, said: dict[str, str]):
    id = make(ann, "crow", title="Birds")
    page = f"{MENU}?post={said['other']}"
    assert "Birds" in anns.get(page).text
    fields = {"csrf": anns.csrf(page), "post": said["other"], "filter": id}

    assert anns.send(MENU, fields).status_code == 422
    for _ in range(2):  # harmless when repeated
        done = anns.send(MENU, fields | {"whole": "crow\nmagpie", "itself": "1"})
        assert done.headers["Location"] == "/settings/filters?saved=1"

    (one,) = ann.get(API).json()
    assert [word["keyword"] for word in one["keywords"]] == ["crow", "magpie"]
    assert len(one["statuses"]) == 1


def test_what_cannot_be_filtered_is_refused_without_losing_words(
    ann: Person, bob: Person, anns: Visitor, said: dict[str, str]
):
    theirs = make(bob, "crow")
    secret = bob.say("psst", visibility="direct")["id"]
    fields = {"csrf": anns.csrf("/settings"), "whole": "kept words", "itself": "1"}

    assert anns.get(f"{MENU}?post={secret}").status_code == 404
    for wrong in ({"post": said["other"], "filter": theirs}, {"post": secret, "filter": make(ann, "x")}):
        answer = anns.send(MENU, fields | wrong)
        assert answer.status_code == 404
        assert "kept words" in answer.text
