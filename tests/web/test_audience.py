"""The audience of a reply written on the pages: no wider than its parent's, unless its author confirms it."""

import re

import pytest
from client import Person
from visitor import Visitor, attributes, forms, logged_in

WIDEST_FIRST = ["public", "unlisted", "private", "direct"]
OPTION = re.compile(r"<option\b([^>]*)>")


@pytest.fixture
def bobs(server, bob) -> Visitor:
    return logged_in(server, bob)


def reply_form(page):
    return next(form for form in forms(page) if form.fields.get("reply_to"))


def offered(form) -> tuple[list[str], str]:
    """(the audiences that the form's list offers, the chosen one)."""
    select = re.search(r'<select name="visibility".*?</select>', form.inside, re.DOTALL)
    assert select
    options = OPTION.findall(select[0])
    chosen = [attributes(one)["value"] for one in options if " selected" in one]
    return [attributes(one)["value"] for one in options], chosen[0]


def radios(form) -> tuple[list[str], str]:
    """(the audiences that the second step offers, the chosen one)."""
    found = re.findall(r'<input type="radio" name="visibility"([^>]*)>', form.inside)
    return [attributes(one)["value"] for one in found], next(
        attributes(one)["value"] for one in found if "checked" in one
    )


def audience_of(person: Person, words: str) -> str | None:
    """The visibility of person's newest post with these words; None: there is none."""
    found = person.get(f"/api/v1/accounts/{person.id}/statuses").json()
    return next((one["visibility"] for one in found if words in one["content"]), None)


def said_to(bob: Person, ann: Person, visibility: str) -> str:
    """The path of a post of bob's that ann may see."""
    post = bob.say(f"@{ann.name} a word", visibility=visibility)
    return f"/@{bob.name}/{post['id']}"


@pytest.mark.parametrize("parent", WIDEST_FIRST)
@pytest.mark.parametrize("default", ["public", "unlisted", "private"])
def test_the_narrower_of_the_parents_and_ones_own_is_chosen_and_nothing_wider_than_the_parent_offered(
    anns, ann, bob, parent, default
):
    anns.post("/settings/posting", visibility=default)
    path = said_to(bob, ann, parent)

    form = reply_form(anns.get(path))

    ceiling = WIDEST_FIRST.index(parent)
    assert offered(form) == (WIDEST_FIRST[ceiling:], WIDEST_FIRST[max(ceiling, WIDEST_FIRST.index(default))])


@pytest.mark.parametrize("parent", ["unlisted", "private", "direct"])
def test_typing_words_and_nothing_else_answers_to_those_who_see_the_parent(server, anns, ann, bob, parent):
    form = reply_form(anns.get(said_to(bob, ann, parent)))

    fields = form.fields | {"text": "only words", "visibility": offered(form)[1]}
    for name in ("visibility", None):  # with the list unchanged, and from a form without it
        sent = fields if name else {k: v for k, v in fields.items() if k not in ("visibility", "key")}
        answer = anns.send(form.url, sent)

        assert answer.status_code == 303
        assert audience_of(ann, "only words") == parent
        stranger = Visitor(server.url).get(answer.headers["Location"])
        assert (stranger.status_code == 200) == (parent == "unlisted")


@pytest.mark.parametrize(("parent", "wanted"), [("direct", "public"), ("private", "unlisted"), ("unlisted", "public")])
def test_a_wider_reply_is_asked_about_by_name_first(anns, ann, bob, parent, wanted):
    path = said_to(bob, ann, parent)
    form = reply_form(anns.get(path))

    asked = anns.send(form.url, form.fields | {"text": "to more people", "summary": "news", "wider": "1"})

    assert asked.status_code == 200
    assert audience_of(ann, "to more people") is None
    form = reply_form(asked)
    assert radios(form) == (WIDEST_FIRST, parent)
    assert ">to more people</textarea>" in asked.text
    assert 'value="news"' in asked.text
    assert "also people who are not logged in" in asked.text
    confirmed = [("confirmed", value) for value in re.findall(r'name="confirmed" value="(\w+)"', form.inside)]
    fields = [*(form.fields | {"text": "to more people", "visibility": wanted}).items(), *confirmed]
    assert anns.send(form.url, fields).status_code == 303
    assert audience_of(ann, "to more people") == wanted


@pytest.mark.parametrize("parent", ["unlisted", "private", "direct"])
def test_a_form_that_asks_for_more_than_its_page_offered_publishes_nothing(anns, ann, bob, parent):
    form = reply_form(anns.get(said_to(bob, ann, parent)))
    elsewhere = reply_form(anns.send(form.url, form.fields | {"text": "x", "wider": "1"}))
    other = reply_form(anns.get(said_to(bob, ann, parent)))
    forged = [
        form.fields,
        form.fields | {"confirmed": "1"},
        form.fields | {"confirmed": form.fields["csrf"]},
        other.fields | {"confirmed": elsewhere.fields["confirmed"]},  # given for another post
    ]

    for fields in forged:
        answer = anns.send(form.url, fields | {"text": "for all", "visibility": "public"})

        assert answer.status_code == 422
        assert radios(reply_form(answer))[1] == parent
        assert ">for all</textarea>" in answer.text
    assert audience_of(ann, "for all") is None


def test_a_reply_to_a_boost_is_held_to_what_was_boosted(anns, ann, bob):
    post = bob.say("unlisted words", visibility="unlisted")
    boost = bob.call("POST", f"/api/v1/statuses/{post['id']}/reblog").json()
    csrf = anns.csrf("/home")

    refused = anns.send("/compose", {"csrf": csrf, "reply_to": boost["id"], "text": "to all", "visibility": "public"})
    sent = anns.send("/compose", {"csrf": csrf, "reply_to": boost["id"], "text": "to all"})

    assert (refused.status_code, sent.status_code) == (422, 303)
    assert audience_of(ann, "to all") == "unlisted"


def test_ones_own_post_is_a_ceiling_too(anns, ann):
    post = ann.say("a note", visibility="private")

    form = reply_form(anns.get(f"/@{ann.name}/{post['id']}"))

    assert offered(form) == (["private", "direct"], "private")
    answer = anns.send(form.url, form.fields | {"text": "and more", "visibility": "public"})
    assert answer.status_code == 422
    assert audience_of(ann, "and more") is None


def test_a_direct_reply_that_mentions_nobody_is_for_nobody_and_its_page_says_so(anns, bobs, ann, bob):
    form = reply_form(anns.get(said_to(bob, ann, "direct")))

    answer = anns.send(form.url, form.fields | {"text": "no name in it", "visibility": "direct"})

    path = answer.headers["Location"]
    assert bobs.get(path).status_code == 404
    assert "nobody but you" in anns.get(path).text
    named = ann.say(f"@{bob.name} with a name", visibility="direct")
    assert "nobody but you" not in anns.get(f"/@{ann.name}/{named['id']}").text


def test_when_the_parent_has_gone_the_words_come_back_and_stay_as_narrow(anns, ann, bob):
    path = said_to(bob, ann, "direct")
    form = reply_form(anns.get(path))
    assert bob.call("DELETE", f"/api/v1/statuses/{path.rpartition('/')[2]}").ok

    for wanted in ("direct", "public"):
        answer = anns.send(form.url, form.fields | {"text": "too late", "visibility": wanted})

        assert answer.status_code == 404
        (again,) = (one for one in forms(answer) if one.url.endswith("/compose"))
        assert ">too late</textarea>" in again.inside
        assert "reply_to" not in again.fields
        assert offered(again) == (["direct"], "direct")
    assert audience_of(ann, "too late") is None


@pytest.mark.parametrize("parent", WIDEST_FIRST)
def test_the_api_takes_the_narrower_unless_the_client_chooses(anns, ann, bob, parent):
    id = said_to(bob, ann, parent).rpartition("/")[2]
    anns.post("/settings/posting", visibility="unlisted")

    assert ann.say("left open", in_reply_to_id=id)["visibility"] == max("unlisted", parent, key=WIDEST_FIRST.index)
    assert ann.say("chosen", in_reply_to_id=id, visibility="public")["visibility"] == "public"
