"""An account and its posts as ActivityStreams (https://www.w3.org/TR/activitystreams-vocabulary/), with the extensions
that Mastodon documents: https://docs.joinmastodon.org/spec/activitypub/

Texts are in `content` as HTML, and in `source` as they were written.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from ...access import visibility
from ...access.visibility import Seen
from ...ids import ID_MAX
from ...ports import Tx
from ...store import accounts as account_rows
from ...store import media as media_rows
from ...store import polls as poll_rows
from ...store import posts as post_rows
from ...times import iso
from ...types import Account, Media, Poll, PollOption, Post, Span, Visibility
from .. import text
from ..media import Meta
from ..moving import Moving
from ..shown import fields_of
from .tables import Owner

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = [
    "https://www.w3.org/ns/activitystreams",
    {
        "toot": "http://joinmastodon.org/ns#",
        "schema": "http://schema.org#",
        "Hashtag": "as:Hashtag",
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "sensitive": "as:sensitive",
        "blurhash": "toot:blurhash",
        "discoverable": "toot:discoverable",
        "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
        "indexable": "toot:indexable",
        "votersCount": "toot:votersCount",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
    },
]
Thing = dict[str, Any]  # a JSON object


class Beside(msgspec.Struct, frozen=True):
    """What some of an owner's posts show and name."""

    owner: Owner
    names: dict[int, str]  # account id -> username
    files: dict[int, Media]
    polls: dict[int, Poll]
    options: dict[int, list[PollOption]]
    seen: Seen  # what they boost and quote, if the owner may still see it

    def actor(self, id: int) -> str:
        return f"{self.owner.base_url}/@{self.names[id]}" if id in self.names else ""

    def post(self, author_id: int, id: int) -> str:
        return f"{self.actor(author_id)}/{id}" if author_id in self.names else ""


def actor(account: Account, owner: Owner, pictures: dict[str, tuple[str, str]], moved: Moving) -> Thing:
    """The account. pictures: "icon" and "image", if it has them -> (name of the file, its type)."""
    target = moved.target
    address = f"{owner.base_url}/@{account.username}"
    files = {name: {"type": "Image", "mediaType": kind, "url": file} for name, (file, kind) in pictures.items()}
    return {
        "@context": CONTEXT,
        "id": address,
        "type": "Service" if account.bot else "Person",
        "preferredUsername": account.username,
        "name": account.display_name,
        "summary": text.to_html(account.note, {}, owner.base_url),
        "source": {"content": account.note, "mediaType": "text/plain"},
        "url": address,
        "manuallyApprovesFollowers": bool(account.locked),
        "discoverable": bool(account.discoverable),
        "indexable": bool(account.indexable),
        "published": iso(account.created_ms),
        "alsoKnownAs": [f"{owner.base_url}/@{one.username}" for one in moved.aliases],
        **({"movedTo": f"{owner.base_url}/@{target.username}"} if target else {}),
        "attachment": [
            {
                "type": "PropertyValue",
                "name": field.name,
                "value": text.to_html(field.value, {}, owner.base_url, inline=True),
            }
            for field in fields_of(account)
        ],
        "following": f"{address}/following",
        "followers": f"{address}/followers",
        "outbox": "outbox.json",
        "likes": "likes.json",
        "bookmarks": "bookmarks.json",
        **files,
    }


def page(tx: Tx, owner: Owner, after: int, limit: int) -> tuple[list[Thing], list[Media], int]:
    """(activities, the media in them, where the next page starts; 0: there is none) of the owner's posts, oldest first.

    Without boosts of posts that the owner may not see any more.
    """
    span = Span(ID_MAX, after, limit, oldest=True)
    ids = sorted(post_rows.ids_by_author(tx, owner.account_id, span))
    found = post_rows.by_ids(tx, ids)
    posts = [found[id] for id in ids if id in found]
    beside = _beside(tx, owner, posts)
    made = [one for post in posts if (one := _activity(post, beside))]
    return made, list(beside.files.values()), ids[-1] if len(ids) == limit else 0


def _beside(tx: Tx, owner: Owner, posts: Collection[Post]) -> Beside:
    others = {id for post in posts for id in (post.boost_of_id, post.quote_of_id) if id}
    seen = visibility.see(tx, owner.account_id, others)
    people = {post.reply_to_author_id for post in posts} | {post.author_id for post in seen.posts.values()}
    people |= {mention.account_id for post in posts for mention in post.mentioned} | {owner.account_id}
    poll_ids = {post.poll_id for post in posts} - {0}
    return Beside(
        owner,
        {id: one.username for id, one in account_rows.by_ids(tx, people - {0}).items()},
        media_rows.by_ids(tx, {id for post in posts for id in post.media}),
        poll_rows.by_ids(tx, poll_ids) if poll_ids else {},
        poll_rows.options(tx, poll_ids) if poll_ids else {},
        seen,
    )


def _activity(post: Post, beside: Beside) -> Thing | None:
    address = beside.post(post.author_id, post.id)
    to, cc = _audience(post, beside)
    whole: Thing = {
        "id": f"{address}/activity",
        "type": "Announce" if post.boost_of_id else "Create",
        "actor": beside.actor(post.author_id),
        "published": iso(post.created_ms),
        "to": to,
        "cc": cc,
    }
    if not post.boost_of_id:
        return whole | {"object": _note(post, beside, address, to, cc)}
    original = beside.seen.posts.get(post.boost_of_id)
    return whole | {"object": beside.post(original.author_id, original.id)} if original else None


def _audience(post: Post, beside: Beside) -> tuple[list[str], list[str]]:
    followers = [f"{beside.actor(post.author_id)}/followers"]
    named = [beside.actor(one.account_id) for one in post.mentioned if one.account_id in beside.names]
    return {
        Visibility.PUBLIC: ([PUBLIC], followers + named),
        Visibility.UNLISTED: (followers, [PUBLIC, *named]),
        # what was said in a closed room is for nobody else's followers
        Visibility.FOLLOWERS: (named, []) if post.audience_id else (followers, named),
        Visibility.DIRECT: (named, []),
    }[Visibility(post.visibility)]


def _note(post: Post, beside: Beside, address: str, to: list[str], cc: list[str]) -> Thing:
    links = {one.username.lower(): beside.actor(one.account_id) for one in post.mentioned}
    content = text.to_html(post.text, links, beside.owner.base_url)
    quoted = beside.seen.posts.get(post.quote_of_id)
    return {
        "id": address,
        "type": "Question" if post.poll_id in beside.polls else "Note",
        "summary": post.summary or None,
        "inReplyTo": beside.post(post.reply_to_author_id, post.reply_to_id) or None,
        "published": iso(post.created_ms),
        "url": address,
        "attributedTo": beside.actor(post.author_id),
        "to": to,
        "cc": cc,
        "sensitive": bool(post.sensitive),
        "content": content,
        "source": {"content": post.text, "mediaType": "text/plain"},
        "attachment": [_document(beside.files[id]) for id in post.media if id in beside.files],
        "tag": _tags(post, beside),
        **({"updated": iso(post.edited_ms)} if post.edited_ms else {}),
        **({"contentMap": {post.language: content}} if post.language else {}),
        **({"quote": beside.post(quoted.author_id, quoted.id)} if quoted else {}),
        **(_question(beside.polls[post.poll_id], beside) if post.poll_id in beside.polls else {}),
    }


def file_of(one: Media) -> str:
    """The name of its file in the archive."""
    return f"media_attachments/{one.id}.{one.key.rpartition('.')[2]}"


def _document(one: Media) -> Thing:
    meta = msgspec.json.decode(one.meta, type=Meta)
    return {
        "type": "Document",
        "mediaType": one.content_type,
        "url": f"/{file_of(one)}",
        "name": one.description or None,
        "blurhash": one.blurhash,
        **({"focalPoint": [meta.focus.x, meta.focus.y]} if meta.focus else {}),
    }


def _tags(post: Post, beside: Beside) -> list[Thing]:
    domain, base_url = beside.owner.domain, beside.owner.base_url
    mentions = [
        {"type": "Mention", "href": beside.actor(one.account_id), "name": f"@{one.username}@{domain}"}
        for one in post.mentioned
    ]
    return mentions + [
        {"type": "Hashtag", "href": text.tag_url(name, base_url), "name": f"#{name}"} for name in post.tag_names
    ]


def _question(poll: Poll, beside: Beside) -> Thing:
    return {
        "anyOf" if poll.multiple else "oneOf": [
            {"type": "Note", "name": one.title, "replies": {"type": "Collection", "totalItems": one.votes}}
            for one in beside.options.get(poll.id, [])
        ],
        "endTime": iso(poll.expires_ms),
        "votersCount": poll.voters,
    }
