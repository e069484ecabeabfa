"""Filters: what they are, what is refused, and what posts tell of them."""

from typing import Any

import pytest
from client import Person, eventually
from shapes import decode
from world import png

from chirrup.mastodon import entities, filter_entities

V1, V2 = "/api/v1/filters", "/api/v2/filters"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def make(person: Person, *keywords: str, **more: Any) -> dict[str, Any]:
    """A new filter for parts of words."""
    wanted = {"title": "no", "context": ["home"]} | more
    made = person.post(V2, keywords_attributes=[{"keyword": one, "whole_word": False} for one in keywords], **wanted)
    assert made.ok, made.text
    return made.json()


def error(answer: Any) -> str:
    assert answer.status_code == 422, answer.text
    assert answer.json().keys() == {"error"}
    return answer.json()["error"]


def test_a_filter_is_made_shown_changed_and_deleted(ann: Person):
    made = ann.post(
        V2,
        title=" Birds ",
        context=["home", "thread"],
        filter_action="hide",
        keywords_attributes=[{"keyword": "crow", "whole_word": False}, {"keyword": "jay"}],
    )
    found = decode(made, filter_entities.WholeFilter)
    path = f"{V2}/{found.id}"

    assert (found.title, found.context, found.filter_action, found.expires_at) == (
        "Birds",
        ["home", "thread"],
        "hide",
        None,
    )
    assert [(one.keyword, one.whole_word) for one in found.keywords] == [("crow", False), ("jay", True)]
    assert found.statuses == []
    assert ann.get(V2).json() == [made.json()]
    assert ann.get(path).json() == made.json()
    changed = ann.put(path, title="Fish", context=["public"], filter_action="blur").json()
    assert changed == made.json() | {"title": "Fish", "context": ["public"], "filter_action": "blur"}
    assert ann.get(path).json() == changed

    assert ann.delete(path).json() == {}
    assert ann.get(path).status_code == ann.delete(path).status_code == ann.put(path).status_code == 404
    assert ann.get(V2).json() == []


def test_the_least_that_makes_a_filter(ann: Person):
    made = ann.post(V2, title="a", context=["home"]).json()

    assert (made["filter_action"], made["expires_at"], made["keywords"]) == ("warn", None, [])


def test_forms_make_and_change_as_the_documentation_shows(ann: Person):
    query = "title=test&context[]=public&keywords_attributes[][keyword]=foo&keywords_attributes[][whole_word]=false"
    query += "&keywords_attributes[][keyword]=bar&keywords_attributes[][whole_word]=true"
    made = ann.call("POST", V2, data=query, headers=FORM).json()
    foo, bar = (one["id"] for one in made["keywords"])
    assert [(one["keyword"], one["whole_word"]) for one in made["keywords"]] == [("foo", False), ("bar", True)]

    change = f"keywords_attributes[][id]={foo}&keywords_attributes[][_destroy]=true"
    change += f"&keywords_attributes[][id]={bar}&keywords_attributes[][keyword]=baz"
    changed = ann.call("PUT", f"{V2}/{made['id']}", data=change, headers=FORM).json()

    assert changed["keywords"] == [{"id": bar, "keyword": "baz", "whole_word": True}]


@pytest.mark.parametrize("name", ["keywords_attributes[{}][{}]", "keywords_attributes[][{1}]"])
@pytest.mark.parametrize("kind", ["form", "multipart"])
def test_keywords_come_with_or_without_numbers_as_form_and_multipart(ann: Person, name: str, kind: str):
    fields = [("title", "a"), ("context[]", "home"), ("context[]", "thread")]
    for n, word in enumerate(("one", "two")):
        fields += [(name.format(n, "keyword"), word), (name.format(n, "whole_word"), "0")]
    sent: Any = {"data": fields} if kind == "form" else {"files": [(field, (None, value)) for field, value in fields]}

    made = ann.call("POST", V2, **sent).json()

    assert made["context"] == ["home", "thread"]
    assert [(one["keyword"], one["whole_word"]) for one in made["keywords"]] == [("one", False), ("two", False)]


def test_numbered_keywords_of_json_are_changed_and_destroyed(ann: Person):
    made = make(ann, "one", "two")
    one, two = (each["id"] for each in made["keywords"])
    attributes = {"0": {"id": one, "_destroy": "1"}, "1": {"id": two, "whole_word": "true"}, "2": {"keyword": "three"}}

    changed = ann.put(f"{V2}/{made['id']}", keywords_attributes=attributes).json()

    assert [(each["keyword"], each["whole_word"]) for each in changed["keywords"]] == [("two", True), ("three", True)]
    kept = ann.put(f"{V2}/{made['id']}", keywords_attributes=[{"id": two, "_destroy": "false"}]).json()
    assert kept == changed


def test_keywords_are_added_shown_changed_and_removed(ann: Person):
    filter_id = make(ann)["id"]
    path = f"{V2}/{filter_id}/keywords"

    added = ann.post(path, keyword=" crow ")
    found = decode(added, filter_entities.FilterKeyword)
    assert (found.keyword, found.whole_word) == ("crow", True)
    other = ann.post(path, keyword="jay", whole_word=False).json()
    assert ann.get(path).json() == [added.json(), other] == ann.get(f"{V2}/{filter_id}").json()["keywords"]
    one = f"{V2}/keywords/{found.id}"
    assert ann.get(one).json() == added.json()
    changed = ann.put(one, keyword="rook", whole_word=False).json()
    assert changed == {"id": found.id, "keyword": "rook", "whole_word": False}
    assert ann.get(path).json() == [changed, other]

    assert ann.delete(one).json() == {}
    assert ann.get(one).status_code == ann.put(one, keyword="a").status_code == ann.delete(one).status_code == 404
    assert ann.get(path).json() == [other]


def test_posts_are_added_shown_and_removed(ann: Person, bob: Person):
    filter_id, post_id = make(ann)["id"], bob.say("hello")["id"]
    path = f"{V2}/{filter_id}/statuses"

    added = ann.post(path, status_id=post_id)
    found = decode(added, filter_entities.FilterStatus)
    assert found.status_id == post_id
    assert ann.get(path).json() == [added.json()] == ann.get(f"{V2}/{filter_id}").json()["statuses"]
    one = f"{V2}/statuses/{found.id}"
    assert ann.get(one).json() == added.json()
    assert error(ann.post(path, status_id=post_id)) == "Validation failed: Status has already been taken"
    assert error(ann.post(path)) == "Validation failed: Status must exist"
    hidden = bob.say("hush", visibility="direct")["id"]
    assert ann.post(path, status_id=hidden).status_code == ann.post(path, status_id="1").status_code == 404

    assert ann.delete(one).json() == {}
    assert ann.get(one).status_code == ann.delete(one).status_code == 404
    assert ann.get(path).json() == []


BLANK_CONTEXT = "Context can't be blank, Context None or invalid context supplied"


A = {"title": "a", "context": ["home"]}


def words(*keywords: str) -> dict[str, Any]:
    return A | {"keywords_attributes": [{"keyword": one} for one in keywords]}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({}, f"Title can't be blank, {BLANK_CONTEXT}"),
        ({"title": "a"}, BLANK_CONTEXT),
        (A | {"context": []}, BLANK_CONTEXT),
        (A | {"context": [""]}, BLANK_CONTEXT),
        (A | {"title": " "}, "Title can't be blank"),
        (A | {"context": ["home", "nowhere"]}, "Context None or invalid context supplied"),
        (words(" "), "Keyword can't be blank"),
        (A | {"keywords_attributes": [{"whole_word": True}]}, "Keyword can't be blank"),
        (words(" ") | {"title": ""}, "Title can't be blank, Keyword can't be blank"),
        (A | {"title": "x" * 257}, "title must have at most 256 characters, has 257"),
        (A | {"filter_action": "burn"}, "filter_action must be one of warn, hide, blur; got 'burn'"),
        (words("x" * 513), "keyword must have at most 512 characters, has 513"),
        (A | {"expires_in": -1}, "expires_in must be 0 to 3162240000 seconds from now, is -1"),
    ],
)
def test_what_is_wrong_with_a_filter_is_told_all_at_once(ann: Person, wrong: dict[str, Any], why: str):
    assert error(ann.post(V2, **wrong)) == f"Validation failed: {why}"
    assert ann.get(V2).json() == []


def test_what_is_wrong_with_a_change_changes_nothing(ann: Person):
    made = make(ann, "one")
    path, word = f"{V2}/{made['id']}", made["keywords"][0]["id"]

    assert error(ann.put(path, title="")) == "Validation failed: Title can't be blank"
    assert error(ann.put(path, context=["x"])) == "Validation failed: Context None or invalid context supplied"
    assert error(ann.put(f"{V2}/keywords/{word}", keyword="")) == "Validation failed: Keyword can't be blank"
    assert error(ann.post(f"{path}/keywords")) == "Validation failed: Keyword can't be blank"
    assert error(ann.put(path, title="b", keywords_attributes=[{"id": word, "keyword": ""}]))
    assert ann.put(path, title="b", keywords_attributes=[{"id": "1", "keyword": "a"}]).status_code == 404
    assert ann.post(V2, title="b", context=["home"], keywords_attributes=[{"id": word}]).status_code == 404
    assert ann.get(V2).json() == [made]


def test_lines_of_a_form_that_nobody_filled_are_no_keywords(ann: Person):
    made = ann.post(V2, title="a", context=["home"], keywords_attributes=[{"keyword": ""}, {}, {"keyword": "b"}]).json()

    assert [one["keyword"] for one in made["keywords"]] == ["b"]


def test_filters_end_and_can_be_made_to_go_on(ann: Person):
    made = make(ann, "crow", expires_in=3600)
    path, post = f"{V2}/{made['id']}", ann.say("a crow")["id"]

    def is_filtered() -> bool:
        return bool(ann.get(f"/api/v1/statuses/{post}").json()["filtered"])

    assert made["expires_at"].endswith("Z")
    assert is_filtered()
    assert ann.put(path, title="b").json()["expires_at"] == made["expires_at"]
    over = ann.put(path, expires_in=0).json()
    assert over["expires_at"] < made["expires_at"]
    assert not is_filtered()
    assert ann.get(V2).json() == [over]
    assert ann.put(path, expires_in=None).json()["expires_at"] is None
    assert is_filtered()
    assert ann.put(path, expires_in=60).json()["expires_at"]
    assert ann.call("PUT", path, data={"expires_in": ""}).json()["expires_at"] is None


def test_a_hundred_filters_and_a_thousand_keywords_and_no_more(ann: Person):
    for n in range(100):
        make(ann, *(f"word{n}-{k}" for k in range(9)))
    first, *_ = ann.get(V2).json()

    assert error(ann.post(V2, title="a", context=["home"])) == (
        "Validation failed: filter is one too many: you can have at most 100 filters"
    )
    hundred = [{"keyword": f"more{n}"} for n in range(100)]
    assert ann.put(f"{V2}/{first['id']}", keywords_attributes=hundred).ok
    assert error(ann.post(f"{V2}/{first['id']}/keywords", keyword="one more")) == (
        "Validation failed: keywords are too many: all your filters together can have 1000"
    )
    swap = [{"id": first["keywords"][0]["id"], "_destroy": True}, {"keyword": "another"}]
    assert ann.put(f"{V2}/{first['id']}", keywords_attributes=swap).ok


def test_filters_are_their_owners_alone(ann: Person, bob: Person):
    made, post = make(ann, "crow"), bob.say("crow")["id"]
    status = ann.post(f"{V2}/{made['id']}/statuses", status_id=post).json()
    word = made["keywords"][0]["id"]
    for path, methods in {
        f"{V2}/{made['id']}": ("GET", "PUT", "DELETE"),
        f"{V2}/{made['id']}/keywords": ("GET", "POST"),
        f"{V2}/{made['id']}/statuses": ("GET", "POST"),
        f"{V2}/keywords/{word}": ("GET", "PUT", "DELETE"),
        f"{V2}/statuses/{status['id']}": ("GET", "DELETE"),
        f"{V1}/{word}": ("GET", "PUT", "DELETE"),
    }.items():
        for method in methods:
            sent = {} if method == "GET" else {"json": {"keyword": "a", "phrase": "a", "title": "a", "status_id": post}}
            assert bob.call(method, path, **sent).status_code == 404, (method, path)
            assert bob.server.anyone().call(method, path, **sent).status_code == 401

    assert bob.get(V2).json() == bob.get(V1).json() == []
    assert bob.get(f"/api/v1/statuses/{post}").json()["filtered"] == []
    assert "filtered" not in bob.server.anyone().get(f"/api/v1/statuses/{post}").json()


# as clients of before 4.0 know them


def test_a_phrase_is_made_shown_changed_and_deleted(ann: Person):
    made = ann.call("POST", V1, data={"phrase": "crow", "context[]": ["home", "thread"], "irreversible": "true"})
    found = decode(made, filter_entities.FilterV1)
    path = f"{V1}/{found.id}"

    assert (found.phrase, found.context, found.irreversible, found.whole_word, found.expires_at) == (
        "crow", ["home", "thread"], True, False, None,
    )  # fmt: skip
    (whole,) = ann.get(V2).json()
    assert (whole["title"], whole["filter_action"], whole["context"]) == ("crow", "hide", ["home", "thread"])
    assert whole["keywords"] == [{"id": found.id, "keyword": "crow", "whole_word": False}]
    assert ann.get(V1).json() == [made.json()]
    assert ann.get(path).json() == made.json()
    changed = ann.put(path, phrase="jay", context=["public"], irreversible=False, whole_word=True, expires_in=60).json()
    assert changed == {
        "id": found.id,
        "phrase": "jay",
        "context": ["public"],
        "whole_word": True,
        "irreversible": False,
        "expires_at": changed["expires_at"],
    }
    assert ann.get(V2).json()[0]["title"] == "jay"

    assert ann.delete(path).json() == {}
    assert ann.get(path).status_code == ann.put(path, phrase="a").status_code == ann.delete(path).status_code == 404
    assert ann.get(V1).json() == []
    assert len(ann.get(V2).json()) == 1


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"context": ["home"]}, "Phrase can't be blank"),
        ({"phrase": " ", "context": ["home"]}, "Phrase can't be blank"),
        ({"phrase": "a"}, BLANK_CONTEXT),
        ({"phrase": "a", "context": ["x"]}, "Context None or invalid context supplied"),
        ({"phrase": "x" * 513, "context": ["home"]}, "phrase must have at most 512 characters, has 513"),
    ],
)
def test_what_is_wrong_with_a_phrase_is_told(ann: Person, wrong: dict[str, Any], why: str):
    assert error(ann.post(V1, **wrong)) == f"Validation failed: {why}"
    assert ann.get(V2).json() == []


def test_a_long_phrase_is_one(ann: Person):
    assert ann.post(V1, phrase="x" * 512, context=["home"]).json()["phrase"] == "x" * 512


def test_what_several_keywords_share_is_not_changed_by_one_of_them(ann: Person):
    made = make(ann, "crow", "jay")
    assert [one["phrase"] for one in ann.get(V1).json()] == ["crow", "jay"]
    path = f"{V1}/{made['keywords'][0]['id']}"

    for change in ({"context": ["public"]}, {"irreversible": True}, {"expires_in": 60}):
        assert error(ann.put(path, phrase="rook", **change)).startswith("Other keywords of this filter share")
    assert ann.get(V2).json() == [made]
    changed = ann.put(path, phrase="rook", whole_word=True, context=["home"], irreversible=False).json()
    assert (changed["phrase"], changed["whole_word"]) == ("rook", True)
    assert ann.get(V2).json()[0]["title"] == "no"


# what posts tell of them


def matches(post: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(one["filter"]["id"], one["keyword_matches"], one["status_matches"]) for one in post["filtered"]]


def test_a_post_has_the_filters_that_it_matches(ann: Person, bob: Person):
    hide = make(ann, "Crow", "jay", title="Birds", filter_action="hide", context=["home", "public"])
    warn = make(ann, "crows", context=["thread"])
    make(ann, "fish")
    said, other = bob.say("CROWS are no jays"), bob.say("Nothing of it")
    ann.post(f"{V2}/{warn['id']}/statuses", status_id=other["id"])

    shown = decode(ann.get(f"/api/v1/statuses/{said['id']}"), entities.Status)

    assert shown.filtered == [
        filter_entities.FilterResult(
            filter=filter_entities.Filter(
                id=hide["id"], title="Birds", context=["home", "public"], expires_at=None, filter_action="hide"
            ),
            keyword_matches=["Crow", "jay"],
            status_matches=None,
        ),
        filter_entities.FilterResult(
            filter=filter_entities.Filter(
                id=warn["id"], title="no", context=["thread"], expires_at=None, filter_action="warn"
            ),
            keyword_matches=["crows"],
            status_matches=None,
        ),
    ]
    assert matches(ann.get(f"/api/v1/statuses/{other['id']}").json()) == [(warn["id"], None, [other["id"]])]


def test_every_list_of_posts_has_them(ann: Person, bob: Person):
    word = f"crow{bob.id}"
    filter_id = make(ann, word)["id"]
    ann.follow(bob)
    bob.patch("/api/v1/accounts/update_credentials", indexable=True)
    listed = ann.post("/api/v1/lists", title="a").json()["id"]
    ann.post(f"/api/v1/lists/{listed}/accounts", account_ids=[bob.id])
    root = ann.say("hello")
    said = bob.say(f"{word} #{word} @{ann.name}", in_reply_to_id=root["id"])
    tagged = bob.say(f"{word} #{word} @{ann.name}")
    bob.post(f"/api/v1/statuses/{said['id']}/pin")
    for mark in ("favourite", "bookmark"):
        ann.post(f"/api/v1/statuses/{said['id']}/{mark}")
    want = [(filter_id, [word], None)]
    lists = [
        "/api/v1/timelines/home", f"/api/v1/timelines/list/{listed}", "/api/v1/timelines/public",
        f"/api/v1/timelines/tag/{word}", f"/api/v1/accounts/{bob.id}/statuses",
        f"/api/v1/accounts/{bob.id}/statuses?pinned=true", "/api/v1/favourites", "/api/v1/bookmarks",
        f"/api/v1/statuses?id[]={said['id']}",
    ]  # fmt: skip
    for path in lists:

        def of_bob(path: str = path) -> list[dict[str, Any]]:
            return [one for one in ann.get(path).json() if one["account"]["id"] == bob.id]

        assert all(matches(one) == want for one in eventually(of_bob)), path
    (below,) = ann.get(f"/api/v1/statuses/{root['id']}/context").json()["descendants"]
    assert matches(below) == want
    found = eventually(lambda: ann.get("/api/v2/search", q=word).json()["statuses"])
    assert {matches(one) == want for one in found} == {True}
    mentions = eventually(lambda: ann.get("/api/v1/notifications").json())
    assert {matches(one["status"]) == want for one in mentions} == {True}
    assert matches(ann.get(f"/api/v1/notifications/{mentions[0]['id']}").json()["status"]) == want
    assert matches(ann.post(f"/api/v1/statuses/{tagged['id']}/favourite").json()) == want
    secret = bob.say(f"{word} @{ann.name}", visibility="direct")["id"]
    talk = eventually(lambda: ann.get("/api/v1/conversations").json())
    assert [matches(one["last_status"]) for one in talk if one["last_status"]["id"] == secret] == [want]


def test_a_boost_is_filtered_for_what_it_boosts(ann: Person, bob: Person):
    filter_id = make(ann, "crow")["id"]
    said = bob.say("crow")
    boost = bob.post(f"/api/v1/statuses/{said['id']}/reblog").json()

    shown = ann.get(f"/api/v1/statuses/{boost['id']}").json()

    assert matches(shown) == matches(shown["reblog"]) == [(filter_id, ["crow"], None)]
    ann.delete(f"{V2}/{filter_id}")
    other = make(ann)["id"]
    ann.post(f"{V2}/{other}/statuses", status_id=said["id"])
    assert matches(ann.get(f"/api/v1/statuses/{boost['id']}").json()) == [(other, None, [said["id"]])]


def test_warnings_options_and_descriptions_are_looked_through_and_edits_too(ann: Person, bob: Person):
    filter_id = make(ann, "crow")["id"]
    want = [(filter_id, ["crow"], None)]

    def shown(post: dict[str, Any]) -> Any:
        return matches(ann.get(f"/api/v1/statuses/{post['id']}").json())

    assert shown(bob.say("a", spoiler_text="Crow!")) == want
    assert shown(bob.say("a", poll={"options": ["a crow", "b"], "expires_in": 3600})) == want
    media = bob.call("POST", "/api/v2/media", files={"file": ("a.png", png())}, data={"description": "one CROW"}).json()
    pictured = bob.say("a", media_ids=[media["id"]])
    assert shown(pictured) == want
    bob.put(f"/api/v1/statuses/{pictured['id']}", status="a", media_ids=[media["id"]],
            media_attributes=[{"id": media["id"], "description": "none"}])  # fmt: skip
    assert shown(pictured) == []
    edited = bob.say("a")
    assert shown(edited) == []
    bob.put(f"/api/v1/statuses/{edited['id']}", status="scarecrow")
    assert shown(edited) == want


def test_a_change_counts_from_the_next_answer_on(ann: Person, bob: Person):
    said = bob.say("a crow and a jay")

    def words() -> list[str]:
        found = ann.get(f"/api/v1/statuses/{said['id']}").json()["filtered"]
        return [word for one in found for word in one["keyword_matches"]]

    assert words() == []
    made = make(ann, "crow")
    assert words() == ["crow"]
    word = ann.post(f"{V2}/{made['id']}/keywords", keyword="jay").json()["id"]
    assert words() == ["crow", "jay"]
    ann.put(f"{V2}/keywords/{word}", keyword="owl")
    assert words() == ["crow"]
    ann.delete(f"{V2}/{made['id']}")
    assert words() == []
