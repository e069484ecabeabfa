"""New posts while the home page is open."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from client import Server, eventually
from visitor import Visitor, logged_in

Event = tuple[str, str, str]  # name, id, data


class Stream:
    """Server-sent events, one at a time; None when the server has ended the stream."""

    def __init__(self, answer: requests.Response) -> None:
        self._lines = answer.iter_lines(chunk_size=1, decode_unicode=True)

    def next(self) -> Event | None:
        event = {"event": "", "id": "", "data": ""}
        try:
            for line in self._lines:
                name, _, value = line.partition(": ")
                if name in event:
                    event[name] += value
                elif not line and event["event"]:
                    return event["event"], event["id"], event["data"]
        except requests.exceptions.ChunkedEncodingError:
            pass
        return None

    def post(self) -> str:
        """The text of the next post."""
        found = self.next()
        while found and found[0] != "post":
            found = self.next()
        return found[2] if found else ""


@contextmanager
def listening(visitor: Visitor, after: str = "0", **headers: str) -> Iterator[Stream]:
    answer = visitor.session.get(f"{visitor.url}/home/live?after={after}", stream=True, headers=headers, timeout=20)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    with answer:
        yield Stream(answer)


def test_posts_of_followees_arrive_edits_and_deletions_too_and_nobody_elses(server, anns, ann, bob):
    stranger = server.person()
    ann.follow(bob)
    first = bob.say("before the page was opened")
    with listening(anns, first["id"]) as stream:
        stranger.say("not for this home")
        post = bob.say("while it is open")
        arrived = stream.next()
        while arrived and arrived[1] != post["id"]:  # the count of alerts, and posts already on their way
            arrived = stream.next()
        assert arrived is not None
        name, id, data = arrived
        assert (name, id) == ("post", post["id"])
        assert f'<div data-news="new" data-of="{post["id"]}">' in data
        assert "while it is open" in data
        assert f'data-key="{post["id"]}"' in data

        bob.put(f"/api/v1/statuses/{post['id']}", status="changed meanwhile")
        changed = stream.post()
        assert 'data-news="changed"' in changed
        assert "changed meanwhile" in changed

        bob.delete(f"/api/v1/statuses/{post['id']}")
        assert f'<div data-news="gone" data-of="{post["id"]}"></div>' in stream.post()


def test_what_was_missed_is_sent_first(anns, ann, bob):
    ann.follow(bob)
    posts = [bob.say(f"number {n}") for n in range(4)]

    with listening(anns, posts[0]["id"]) as stream:
        assert [stream.post().count(f"number {n}") for n in (1, 2, 3)] == [1, 1, 1]
    with listening(anns, posts[0]["id"], **{"Last-Event-ID": posts[2]["id"]}) as stream:
        assert "number 3" in stream.post()


def test_nobody_is_told_of_what_they_did_themselves(anns, ann, bob):
    ann.follow(bob)
    ann.say("said while the page was closed")
    with listening(anns) as stream:
        ann.post(f"/api/v1/statuses/{bob.say('to be boosted')['id']}/reblog")
        own = ann.say("said in another window")
        other = bob.say("news")
        keys = []
        while not keys or other["id"] != keys[-1]:
            keys.append(re.search(r'data-of="(\d+)"', stream.post())[1])  # pyright: ignore[reportOptionalSubscript]
        assert len(keys) == 2  # to be boosted, news

        ann.put(f"/api/v1/statuses/{own['id']}", status="changed meanwhile")
        assert 'data-news="changed"' in stream.post()


def test_a_post_that_is_shown_is_not_new_when_it_is_boosted(server, anns, ann, bob):
    stranger, carla = server.person(), server.person()
    for one in (bob, carla):
        ann.follow(one)
    posts = [bob.say("mine"), stranger.say("not mine")]
    for post in posts:
        bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    eventually(lambda: len(ann.get("/api/v1/timelines/home").json()) == 2)
    with listening(anns, "9" * 18) as stream:
        again = [carla.post(f"/api/v1/statuses/{post['id']}/reblog").json()["id"] for post in posts]
        last = bob.say("news")["id"]
        keys: list[str] = []
        while last not in keys:
            keys += re.findall(r'data-of="(\d+)"', stream.post())
        assert not set(keys) & set(again)
    # Carla's boosts may come after Bob's news: only what one account does comes in its order.
    assert eventually(lambda: f'and <a href="/@{carla.name}"' in anns.get("/home").text)
    assert f'Boosted by <a href="/@{bob.name}"' in anns.get("/home").text


@pytest.mark.parametrize(
    "last", ["9999999999999999999", str(2**63), "-1", "", "x", "\xb2", "1.5", "9" * 7000, "18f3a2b.AAAAAAAA"]
)
def test_an_invalid_id_counts_as_none(anns, ann, bob, last: str):
    ann.follow(bob)
    first, second = bob.say("the page has this"), bob.say("and not this")
    assert eventually(lambda: ann.home()[:1] and ann.home()[0]["id"] == second["id"])

    with listening(anns, first["id"], **{"Last-Event-ID": last}) as stream:
        assert "and not this" in stream.post()


def test_the_count_of_alerts_is_told_when_the_stream_opens_and_when_one_comes(anns, ann, bob):
    with listening(anns) as stream:
        assert stream.next() == ("unread", "", "")
        bob.say(f"@{ann.name} hello")
        assert stream.next() == ("unread", "", "1")

    bob.say(f"@{ann.name} while no stream was open")
    eventually(lambda: len(ann.walk("/api/v1/notifications")) == 2)
    with listening(anns) as stream:
        assert stream.next() == ("unread", "", "2")


@pytest.mark.parametrize("how", ["logout", "password", "everywhere else"])
def test_the_stream_ends_with_the_session(server, anns, ann, how):
    elsewhere = logged_in(server, ann)
    with listening(anns) as stream:
        began = time.monotonic()
        if how == "logout":
            twin = Visitor(server.url)
            twin.session.cookies.set("chirrup", anns.cookie)
            twin.post("/logout")
        elif how == "password":
            elsewhere.post("/settings/password", old="password", new="another long one")
        else:
            elsewhere.post("/settings/sessions", end="others")
        assert stream.post() == ""

    assert time.monotonic() - began < 5


def test_the_end_of_another_session_ends_nothing(server, anns, ann, bob):
    elsewhere = logged_in(server, ann)
    ann.follow(bob)
    with listening(anns) as stream:
        elsewhere.post("/logout")
        bob.say("still here")
        assert "still here" in stream.post()


def test_nobody_listens_without_a_session(visitor):
    answer = visitor.get("/home/live", allow_redirects=False)

    assert answer.status_code == 401


def test_streams_of_one_account_are_limited_and_closed_ones_are_forgotten(anns, ann, bob):
    ann.follow(bob)
    answers = [anns.session.get(f"{anns.url}/home/live", stream=True, timeout=20) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    for answer in answers:
        answer.close()

    def is_open() -> bool:
        with anns.session.get(f"{anns.url}/home/live", stream=True, timeout=20) as answer:
            return answer.status_code == 200

    assert eventually(is_open)


def test_the_page_asks_for_what_came_after_its_newest_post(anns, ann):
    post = ann.say("the newest")

    page = anns.get("/home").text

    assert re.findall(r'data-live="([^"]+)" data-after="(\d+)"', page) == [("/home/live", post["id"])]


def test_an_open_page_does_not_hold_up_a_server_that_stops(tmp_path):
    server = Server(tmp_path / "data").start()
    visitor = logged_in(server, server.person())
    with listening(visitor) as stream:
        began = time.monotonic()
        server.stop()
        assert stream.post() == ""

    assert time.monotonic() - began < 5
    assert "error" not in server.log()
