"""An account can take back its own marks of a post that is hidden now, and that reveals nothing of the post."""

import pytest
from client import Person, Server

pytestmark = pytest.mark.slow

SECRET = "harvest moon"
TAKEN_BACK = {
    "favourite": ("unfavourite", "favourited"),
    "bookmark": ("unbookmark", "bookmarked"),
    "reblog": ("unreblog", "reblogged"),
    "mute": ("unmute", "muted"),
}


def block(author: Person, reader: Person) -> None:
    author.post(f"/api/v1/accounts/{reader.id}/block")


def end_follow(author: Person, reader: Person) -> None:
    author.post(f"/api/v1/accounts/{reader.id}/remove_from_followers")


def suspend(author: Person, reader: Person) -> None:
    author.server.command("user", "suspend", author.name)


HIDING = {"blocked": ("public", block), "unfollowed": ("private", end_follow), "suspended": ("public", suspend)}


@pytest.mark.parametrize(
    ("how", "mark"),
    # others cannot boost what is for followers
    [(how, mark) for how in HIDING for mark in TAKEN_BACK if (how, mark) != ("unfollowed", "reblog")],
)
def test_a_mark_is_taken_back_from_a_post_that_is_hidden_now(server: Server, how, mark):
    author, reader = server.person(), server.person()
    (undo, flag), (visibility, hide) = TAKEN_BACK[mark], HIDING[how]
    reader.follow(author)
    post = author.say(SECRET, spoiler_text=f"about {SECRET}", visibility=visibility)
    assert reader.post(f"/api/v1/statuses/{post['id']}/{mark}").json()[flag]
    hide(author, reader)
    assert reader.get(f"/api/v1/statuses/{post['id']}").status_code == 404

    taken = reader.post(f"/api/v1/statuses/{post['id']}/{undo}")
    again = reader.post(f"/api/v1/statuses/{post['id']}/{undo}")

    assert (taken.status_code, taken.json()["id"], taken.json()[flag]) == (200, post["id"], False)
    assert SECRET not in taken.text
    absent = reader.post(f"/api/v1/statuses/1/{undo}")
    assert (again.status_code, again.content) == (404, absent.content)


@pytest.mark.parametrize("mark", TAKEN_BACK)
def test_the_mark_is_gone_when_the_post_is_seen_again(server: Server, mark):
    author, reader = server.person(), server.person()
    undo, flag = TAKEN_BACK[mark]
    post = author.say(SECRET)
    made = reader.post(f"/api/v1/statuses/{post['id']}/{mark}").json()
    block(author, reader)

    reader.post(f"/api/v1/statuses/{made['id']}/{undo}")
    author.post(f"/api/v1/accounts/{reader.id}/unblock")

    seen = reader.get(f"/api/v1/statuses/{post['id']}").json()
    assert (seen[flag], seen["favourites_count"], seen["reblogs_count"]) == (False, 0, 0)
    assert reader.get(f"/api/v1/accounts/{reader.id}").json()["statuses_count"] == 0


def test_without_a_mark_a_hidden_post_is_as_absent(server: Server):
    author, reader, friend = server.person(), server.person(), server.person()
    post = author.say(SECRET)
    boost = friend.post(f"/api/v1/statuses/{post['id']}/reblog").json()
    for id in (post["id"], boost["id"]):
        reader.post(f"/api/v1/statuses/{id}/bookmark")
        reader.post(f"/api/v1/statuses/{id}/unbookmark")
    block(author, reader)

    for undo in [*(undo for undo, _ in TAKEN_BACK.values()), "unpin"]:
        absent = reader.post(f"/api/v1/statuses/1/{undo}")
        for id in (post["id"], boost["id"]):
            answer = reader.post(f"/api/v1/statuses/{id}/{undo}")
            assert (answer.status_code, answer.content) == (404, absent.content)


def test_a_hidden_boost_of_somebody_else_leads_to_no_mark(server: Server):
    """It would reveal the boosted post."""
    author, reader, enemy = server.person(), server.person(), server.person()
    post = author.say(SECRET)
    boost = enemy.post(f"/api/v1/statuses/{post['id']}/reblog").json()
    reader.post(f"/api/v1/statuses/{post['id']}/favourite")
    block(enemy, reader)

    assert reader.post(f"/api/v1/statuses/{boost['id']}/unfavourite").status_code == 404
    assert reader.get(f"/api/v1/statuses/{post['id']}").json()["favourited"]


@pytest.mark.parametrize("hidden", [False, True])
def test_an_own_boost_is_deleted_by_its_id(server: Server, hidden):
    author, reader = server.person(), server.person()
    post = author.say(SECRET)
    boost = reader.post(f"/api/v1/statuses/{post['id']}/reblog").json()
    if hidden:
        block(author, reader)

    assert author.delete(f"/api/v1/statuses/{boost['id']}").status_code == 404
    gone = reader.delete(f"/api/v1/statuses/{boost['id']}")

    assert (gone.status_code, gone.json()["id"], gone.json()["text"]) == (200, boost["id"], "")
    assert (SECRET in gone.text) is not hidden
    assert reader.delete(f"/api/v1/statuses/{boost['id']}").status_code == 404
    assert author.get(f"/api/v1/statuses/{post['id']}").json()["reblogs_count"] == 0
    assert reader.get(f"/api/v1/accounts/{reader.id}").json()["statuses_count"] == 0
    if not hidden:
        assert not reader.get(f"/api/v1/statuses/{post['id']}").json()["reblogged"]
        assert reader.post(f"/api/v1/statuses/{post['id']}/reblog").json()["id"] != boost["id"]


def test_a_deleted_post_has_no_marks_left(server: Server):
    author, reader = server.person(), server.person()
    post = author.say(SECRET)
    reader.post(f"/api/v1/statuses/{post['id']}/favourite")
    author.delete(f"/api/v1/statuses/{post['id']}")

    assert reader.post(f"/api/v1/statuses/{post['id']}/unfavourite").status_code == 404
