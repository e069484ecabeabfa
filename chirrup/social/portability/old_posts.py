"""Posts in archives of Mastodon, of this server, and of Twitter (tweets.py), from the files that these make."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import msgspec

from ...errors import Invalid
from ...times import ms_of_text
from ...types import Visibility
from . import tweets
from .activities import PUBLIC
from .html_text import text_of
from .items import items_in
from .old_post import OldMedia, OldPost, Thing, base, listed, text, thing
from .tweets import Tweets
from .zips import Zip

JSON_BYTES_MAX = 512 * 1024 * 1024  # unpacked, of one file with posts
ITEMS_MAX = 1_000_000
PUBLICS = {PUBLIC, "as:Public", "Public"}
QUOTED = ("quote", "quoteUri", "quoteUrl", "_misskey_quote")  # addresses of what a post quotes
TAGS_MAX = 200  # of a post: each link is compared with those that mention somebody
SOURCE_CHARS_MAX = 500  # no address is longer; an index of PostgreSQL takes 2,700 bytes
DRAWN = re.compile(r"media_attachments/.*")
_OUTBOX = re.compile(r'"orderedItems"\s*:\s*\[')


class OldArchive:
    """What kind of archive a zip file is, and its posts. Raises Invalid ("archive"): of no kind that is known."""

    def __init__(self, zipped: Zip) -> None:
        self.zip = zipped
        self._outbox = min((name for name in zipped.names if base(name) == "outbox.json"), key=len, default="")
        if not self._outbox:
            self._tweets = Tweets(zipped)
        if not (self._outbox or self._tweets.files):
            raise Invalid(
                "archive",
                "unknown",
                "has no posts: expected is the file that Mastodon, this server or Twitter makes "
                "(with outbox.json, tweets.js or tweet.js)",
            )

    @property
    def is_of_twitter(self) -> bool:
        return not self._outbox

    def posts(self) -> Iterator[OldPost]:
        """In the order of the files. Without boosts. Raises Invalid: it cannot be read on."""
        for n, item in enumerate(self._items()):
            if n >= ITEMS_MAX:
                raise Invalid("archive", "too_many", "must have at most {most} posts and boosts", most=ITEMS_MAX)
            if post := self._tweets.post(thing(item)) if self.is_of_twitter else self._note(thing(item)):
                yield post if 0 < len(post.source) <= SOURCE_CHARS_MAX else _nameless(post)

    def _items(self) -> Iterator[Any]:
        names, begin = (self._tweets.files, tweets.BEGIN) if self.is_of_twitter else ([self._outbox], _OUTBOX)
        return items_in(self.zip, names, begin, bytes_max=JSON_BYTES_MAX)

    # Mastodon, and this server

    def _note(self, activity: Thing) -> OldPost | None:
        note = thing(activity.get("object"))
        if activity.get("type") != "Create" or not note:
            return None
        source = text(note.get("id")) or text(activity.get("id"))
        try:
            published_ms = ms_of_text(text(note.get("published")) or text(activity.get("published")))
        except (ValueError, OverflowError):
            return OldPost(source, 0, problem="has no date that can be read")
        tags = [thing(tag) for tag in listed(note.get("tag"))[:TAGS_MAX]]
        mentions = [text(tag.get("name")) for tag in tags if tag.get("type") == "Mention"]
        written = thing(note.get("source"))
        is_plain = written.get("mediaType") == "text/plain"
        words = text(written.get("content")) if is_plain else text_of(text(note.get("content")), mentions)
        quoted = next((address for name in QUOTED if (address := text(note.get(name)))), "")
        options = [text(thing(one).get("name")) for one in listed(note.get("oneOf")) + listed(note.get("anyOf"))]
        return OldPost(
            source=source,
            published_ms=published_ms,
            text="\n".join([words, *(f"- {option}" for option in options), *_link_to(quoted, words)]),
            summary=text(note.get("summary")),
            sensitive=note.get("sensitive") is True,
            visibility=max(_visibility(activity), _visibility(note), key=list(Visibility).index),
            language=text(next(iter(thing(note.get("contentMap"))), "")),
            reply_to=text(note.get("inReplyTo")),
            media=tuple(self._document(thing(one)) for one in listed(note.get("attachment"))),
        )

    def _document(self, one: Thing) -> OldMedia:
        folder = self._outbox[: -len("outbox.json")]
        named: list[str] = []
        for address in dict.fromkeys((text(one.get("url")), unquote(text(one.get("url"))))):
            inside = DRAWN.search(address)
            named += folder + address.lstrip("/"), folder + (inside[0] if inside else "")
        point = [part for part in listed(one.get("focalPoint")) if isinstance(part, int | float) and -1 <= part <= 1]
        return OldMedia(
            file=next((name for name in named if name in self.zip), ""),
            description=text(one.get("name")),
            focus=f"{point[0]:.2f},{point[1]:.2f}" if len(point) == 2 else None,
        )


def _nameless(post: OldPost) -> OldPost:
    source = post.source[:SOURCE_CHARS_MAX]
    return msgspec.structs.replace(post, source=source, problem="has no address, or a very long one")


def _link_to(quoted: str, words: str) -> list[str]:
    """A line for what is quoted, as it is elsewhere; nothing, where the text has one."""
    return [f"\nRE: {quoted}"] if quoted and quoted not in words and "\nRE: http" not in f"\n{words}" else []


def _visibility(one: Thing) -> Visibility:
    """By its addressees; DIRECT if they are not known."""
    to, cc = ({text(one) for one in listed(one.get(side))} for side in ("to", "cc"))
    if to & PUBLICS:
        return Visibility.PUBLIC
    if cc & PUBLICS:
        return Visibility.UNLISTED
    return Visibility.FOLLOWERS if any(one.endswith("/followers") for one in to | cc) else Visibility.DIRECT
