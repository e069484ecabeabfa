"""Posts in the archives of Mastodon, of this server, and of Twitter, read from the files that these make."""

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from ...errors import Invalid
from ...times import ms_of_text
from ...types import Visibility
from .activities import PUBLIC
from .html_text import text_of
from .items import items
from .zips import Zip, broken

JSON_BYTES_MAX = 512 * 1024 * 1024  # unpacked, of one file with posts
ITEMS_MAX = 1_000_000
LINKS_MAX = 100  # of a tweet, which names each place where one stands
PUBLICS = {PUBLIC, "as:Public", "Public"}
DRAWN = re.compile(r"media_attachments/.*")
_OUTBOX = re.compile(r'"orderedItems"\s*:\s*\[')
_TWEETS = re.compile(r"\[")
_TWEETS_FILE = re.compile(r"(?:.*/)?tweets?(?:-part\d+)?\.js")
_NO_LANGUAGE = re.compile(r"und|zxx|art|q..")  # what Twitter says of pictures, hashtags and the like alone
_TWITTER_DATE = "%a %b %d %H:%M:%S %z %Y"
Thing = Mapping[str, Any]


class OldMedia(msgspec.Struct, frozen=True):
    file: str  # its name in the archive; "": it is not there
    description: str = ""
    focus: str | None = None  # "x,y"


class OldPost(msgspec.Struct, frozen=True):
    """A post as its archive has it. problem: why it cannot be read; the rest is then as far as it could."""

    source: str  # what names it for ever: its address, or "twitter:<id>"
    published_ms: int
    text: str = ""
    summary: str = ""
    sensitive: bool = False
    visibility: str = Visibility.DIRECT
    language: str = ""
    reply_to: str = ""  # the source of what it answers
    media: tuple[OldMedia, ...] = ()
    problem: str = ""


class OldArchive:
    """What kind of archive a zip file is, and its posts. Raises Invalid ("archive"): of no kind that is known."""

    def __init__(self, zipped: Zip) -> None:
        self.zip = zipped
        self._outbox = min((name for name in zipped.names if _base(name) == "outbox.json"), key=len, default="")
        self._tweets = sorted(name for name in zipped.names if _TWEETS_FILE.fullmatch(name))
        if not (self._outbox or self._tweets):
            raise Invalid(
                "archive",
                "unknown",
                "has no posts: expected is the zip file that Mastodon, this server or Twitter makes "
                "(with outbox.json, tweets.js or tweet.js)",
            )
        self._tweet_files = _tweet_files(zipped.names) if not self._outbox else {}

    @property
    def is_of_twitter(self) -> bool:
        return not self._outbox

    def posts(self) -> Iterator[OldPost]:
        """In the order of the files. Without boosts. Raises Invalid: it cannot be read on."""
        for n, item in enumerate(self._items()):
            if n >= ITEMS_MAX:
                raise Invalid("archive", "too_many", "must have at most {most} posts and boosts", most=ITEMS_MAX)
            if post := self._tweet(_thing(item)) if self.is_of_twitter else self._note(_thing(item)):
                yield post

    def _items(self) -> Iterator[Any]:
        for name in self._tweets if self.is_of_twitter else [self._outbox]:
            try:
                with self.zip.open(name) as file:
                    begin = _TWEETS if self.is_of_twitter else _OUTBOX
                    yield from items(file, begin, bytes_max=JSON_BYTES_MAX)
            except broken() as error:
                raise Invalid("archive", "unreadable", "cannot be unpacked: {name}", name=name[:80]) from error

    # Mastodon, and this server

    def _note(self, activity: Thing) -> OldPost | None:
        note = _thing(activity.get("object"))
        if activity.get("type") != "Create" or not note:
            return None
        source = _text(note.get("id")) or _text(activity.get("id"))
        try:
            published_ms = ms_of_text(_text(note.get("published")) or _text(activity.get("published")))
        except (ValueError, OverflowError):
            return OldPost(source, 0, problem="has no date that can be read")
        tags = [_thing(tag) for tag in _list(note.get("tag"))]
        mentions = {_text(tag.get("href")): _text(tag.get("name")) for tag in tags if tag.get("type") == "Mention"}
        written = _thing(note.get("source"))
        is_plain = written.get("mediaType") == "text/plain"
        words = _text(written.get("content")) if is_plain else text_of(_text(note.get("content")), mentions)
        options = [_text(_thing(one).get("name")) for one in _list(note.get("oneOf")) + _list(note.get("anyOf"))]
        return OldPost(
            source=source,
            published_ms=published_ms,
            text="\n".join([words, *(f"- {option}" for option in options)]),
            summary=_text(note.get("summary")),
            sensitive=note.get("sensitive") is True,
            visibility=max(_visibility(activity), _visibility(note), key=list(Visibility).index),
            language=_text(next(iter(_thing(note.get("contentMap"))), "")),
            reply_to=_text(note.get("inReplyTo")),
            media=tuple(self._document(_thing(one)) for one in _list(note.get("attachment"))),
        )

    def _document(self, one: Thing) -> OldMedia:
        address = _text(one.get("url"))
        folder = self._outbox[: -len("outbox.json")]
        inside = DRAWN.search(address)
        named = [folder + address.lstrip("/"), folder + (inside[0] if inside else "")]
        point = [part for part in _list(one.get("focalPoint")) if isinstance(part, int | float) and -1 <= part <= 1]
        return OldMedia(
            file=next((name for name in named if name in self.zip), ""),
            description=_text(one.get("name")),
            focus=f"{point[0]:.2f},{point[1]:.2f}" if len(point) == 2 else None,
        )

    # Twitter

    def _tweet(self, item: Thing) -> OldPost | None:
        tweet = _thing(item.get("tweet")) or item
        id, words = _text(tweet.get("id_str")) or _text(tweet.get("id")), _text(tweet.get("full_text"))
        if not id or words.startswith("RT @"):  # another's words
            return None
        try:
            at = datetime.strptime(_text(tweet.get("created_at")), _TWITTER_DATE)
        except ValueError:
            return OldPost(f"twitter:{id}", 0, text=words, problem="has no date that can be read")
        parts = _thing(tweet.get("entities"))
        pictures = _list(_thing(tweet.get("extended_entities")).get("media")) or _list(parts.get("media"))
        for link in map(_thing, _list(parts.get("urls"))[:LINKS_MAX]):
            words = words.replace(_text(link.get("url")) or "\0", _text(link.get("expanded_url")), 1)
        for picture in map(_thing, pictures[:LINKS_MAX]):
            words = words.replace(_text(picture.get("url")) or "\0", "", 1)
        answered = _text(tweet.get("in_reply_to_status_id_str"))
        return OldPost(
            source=f"twitter:{id}",
            published_ms=int(at.timestamp() * 1000),
            text=html.unescape(words).strip(),
            sensitive=tweet.get("possibly_sensitive") is True,
            visibility=Visibility.PUBLIC,  # unless who brings it in says otherwise: the archive does not tell
            language="" if _NO_LANGUAGE.fullmatch(_text(tweet.get("lang"))) else _text(tweet.get("lang")),
            reply_to=f"twitter:{answered}" if answered else "",
            media=tuple(self._files_of(id, [_thing(one) for one in pictures])),
        )

    def _files_of(self, id: str, pictures: list[Thing]) -> Iterator[OldMedia]:
        left = dict(self._tweet_files.get(id, {}))
        for one in pictures:
            name = _base(_text(one.get("media_url_https")) or _text(one.get("media_url")))
            if one.get("type") != "photo":  # a film: its name is that of one of several versions
                name = next((film for film in left if film.endswith(".mp4")), "")
            yield OldMedia(left.pop(name, ""), _text(one.get("ext_alt_text")))


def _tweet_files(names: list[str]) -> dict[str, dict[str, str]]:
    """id of a tweet -> name of a picture or film of it -> its file: tweets_media/<id>-<name>."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for file in names:
        if re.search(r"(?:^|/)tweets?_media/", file):
            id, _, name = _base(file).partition("-")
            found[id][name] = file
    return found


def _visibility(thing: Thing) -> Visibility:
    """By its addressees; DIRECT if they are not known."""
    to, cc = ({_text(one) for one in _list(thing.get(side))} for side in ("to", "cc"))
    if to & PUBLICS:
        return Visibility.PUBLIC
    if cc & PUBLICS:
        return Visibility.UNLISTED
    return Visibility.FOLLOWERS if any(one.endswith("/followers") for one in to | cc) else Visibility.DIRECT


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _thing(value: Any) -> Thing:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    """Text that can be stored: halves of surrogate pairs are replaced. "": it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    with suppress(UnicodeEncodeError):
        value.encode()
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
