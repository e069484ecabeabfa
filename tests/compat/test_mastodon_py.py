"""Programs written with Mastodon.py."""

import datetime
import io
import secrets
import threading
from collections.abc import Iterator

import pytest
from client import Server, eventually
from mastodon import CallbackStreamListener, Mastodon, MastodonAPIError, MastodonNotFoundError
from PIL import Image
from visitor import code_shown_at

SCOPES = ["read", "write", "follow", "push"]


def logged_in(server: Server, name: str) -> Mastodon:
    name = f"{name}_{secrets.token_hex(3)}"
    server.person(name)
    app = Mastodon.create_app("tests", scopes=SCOPES, api_base_url=server.url)
    api = Mastodon(*app, api_base_url=server.url)
    api.log_in(
        code=code_shown_at(api.auth_request_url(scopes=SCOPES, allow_http=True), name), scopes=SCOPES, allow_http=True
    )
    return api


@pytest.fixture
def ann(server: Server) -> Mastodon:
    return logged_in(server, "ann")


@pytest.fixture
def bob(server: Server) -> Mastodon:
    return logged_in(server, "bob")


def ids(posts: Iterator[Mastodon] | list[Mastodon]) -> list[str]:
    return [post.id for post in posts]


def test_an_app_is_let_in_with_a_code_and_let_out_again(server: Server, ann: Mastodon):
    assert ann.app_verify_credentials().name == "tests"
    assert ann.me().acct.startswith("ann_")
    assert ann.instance().domain == ann.instance_v1().uri == server.url.removeprefix("http://")
    token = ann.access_token

    ann.revoke_access_token(allow_http=True)

    with pytest.raises(MastodonAPIError):
        Mastodon(access_token=token, api_base_url=server.url).me()


def test_posts_are_written_answered_edited_and_deleted(ann: Mastodon, bob: Mastodon):
    key = secrets.token_hex(8)
    post = ann.status_post(
        f"hello @{bob.me().acct} #tag", spoiler_text="greeting", sensitive=True, language="en", idempotency_key=key
    )
    again = ann.status_post(
        f"hello @{bob.me().acct} #tag", spoiler_text="greeting", sensitive=True, language="en", idempotency_key=key
    )
    assert again.id == post.id
    assert (post.spoiler_text, post.language, post.visibility) == ("greeting", "en", "public")
    assert isinstance(post.created_at, datetime.datetime)
    reply = bob.status_reply(post, "well met")
    assert reply.in_reply_to_id == post.id
    assert ids(ann.status_context(post).descendants) == [reply.id]

    edited = ann.status_update(post, "hello everybody", spoiler_text="")
    assert ("everybody" in edited.content, edited.edited_at is not None) == (True, True)
    assert [version.spoiler_text for version in ann.status_history(post)] == ["greeting", ""]
    assert ann.status_source(post).text == "hello everybody"

    boost = bob.status_reblog(post)
    assert boost.reblog.id == post.id
    assert bob.status_favourite(post).favourited
    assert ids(ann.status_favourited_by(post)) == [bob.me().id]
    assert bob.status_unreblog(post).id == post.id
    ann.status_delete(post)
    with pytest.raises(MastodonNotFoundError):
        bob.status(post)


def test_lists_are_walked_by_pages_in_both_directions_and_by_dates(ann: Mastodon, bob: Mastodon):
    bob.account_follow(ann.me())
    said = [ann.toot(f"post {n}").id for n in range(25)][::-1]

    first = bob.timeline_home(limit=10)
    second = bob.fetch_next(first)
    assert ids(first) + ids(second) == said[:20]
    assert ids(bob.fetch_previous(second)) == said[:10]
    assert bob.fetch_previous(first) in (None, [])
    assert ids(bob.fetch_remaining(first)) == said
    assert ids(bob.pagination_iterator(bob.timeline_home(limit=7))) == said
    assert ids(bob.timeline_home(min_id=said[-1], limit=3)) == said[-4:-1]
    assert ids(bob.timeline_home(since_id=said[-1], limit=3)) == said[:3]

    middle = ann.status(said[12]).created_at
    assert ids(bob.timeline_home(min_id=middle, limit=40)) + ids(bob.timeline_home(max_id=middle, limit=40)) == said
    hour = datetime.timedelta(hours=1)
    assert ids(bob.timeline_home(max_id=middle - hour)) == []
    assert ids(bob.timeline_home(min_id=middle - hour, limit=40)) == said


def test_pictures_polls_and_conversations(ann: Mastodon, bob: Mastodon):
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "png")
    media = ann.media_post(picture.getvalue(), "image/png", description="red", focus=(0.5, -0.5))
    assert ann.media_update(media, description="all red").description == "all red"
    (shown,) = ann.status_post("look", media_ids=[media]).media_attachments
    assert (shown.type, shown.description, shown.meta.original.width) == ("image", "all red", 40)
    assert shown.meta.focus == {"x": 0.5, "y": -0.5}
    assert len(ann.decode_blurhash(shown, size_per_component=False)) == 16

    asked = ann.status_post("which?", poll=ann.make_poll(["owl", "hawk"], 300, multiple=True, hide_totals=True)).poll
    assert (asked.multiple, [option.votes_count for option in asked.options]) == (True, [None, None])
    assert bob.poll_vote(asked, [0, 1]).own_votes == [0, 1]
    with pytest.raises(MastodonAPIError, match="already voted"):
        bob.poll_vote(asked, 0)

    direct = ann.status_post(f"@{bob.me().acct} psst", visibility="direct")
    (conversation,) = eventually(bob.conversations)
    assert (conversation.unread, conversation.last_status.id) == (True, direct.id)
    assert not bob.conversations_read(conversation).unread


def test_what_happens_is_streamed(server: Server, ann: Mastodon, bob: Mastodon):
    bob.account_follow(ann.me())
    seen: list[tuple[str, object]] = []
    listening = threading.Event()
    listener = CallbackStreamListener(
        update_handler=lambda post: seen.append(("update", post.id)),
        notification_handler=lambda told: seen.append((told.type, told.status.id)),
        status_update_handler=lambda post: seen.append(("edit", post.content)),
        delete_handler=lambda id: seen.append(("delete", id)),
    )
    listener.handle_heartbeat = listening.set
    stream = bob.stream_user(listener, run_async=True)
    assert listening.wait(10)

    post = ann.toot(f"hello @{bob.me().acct}")
    eventually(lambda: {("update", post.id), ("mention", post.id)} == set(seen))
    ann.status_update(post, "hello all")
    eventually(lambda: seen[2:] == [("edit", "<p>hello all</p>")])
    ann.status_delete(post)
    eventually(lambda: [(kind, int(id)) for kind, id in seen[3:]] == [("delete", int(post.id))])

    assert Mastodon(api_base_url=server.url).stream_healthy()
    bob.revoke_access_token(allow_http=True)
    eventually(lambda: not stream.is_alive())
