"""Posts in an archive of Twitter: tweets.js and its parts, or the files by month that it made before 2018.

Of a post beyond 280 characters, tweets.js has the beginning and note-tweet.js the whole; what they share is the second
of their making. Retweets, deleted posts and messages are not read.
"""

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import cached_property

from ...errors import Invalid
from ...times import ms_of_text
from ...types import Visibility
from .items import items_in
from .old_post import OldMedia, OldPost, Thing, base, listed, text, thing
from .zips import Zip

BEGIN = re.compile(r"\[")  # of the list in a script
NOTES_BYTES_MAX = 64 * 1024 * 1024  # of all long posts, which are kept in memory
LONG_MAX = 20  # long posts of one second: a tweet is compared with each
LINKS_MAX = 100  # of a tweet, which names each place where one stands
_FILE = re.compile(r"(?:.*/)?(?:tweets?(?:-part\d+)?|data/js/tweets/\d{4}_\d\d)\.js")
_NOTES = re.compile(r"(?:.*/)?note-tweet(?:-part\d+)?\.js")
_MEDIA = re.compile(r"(?:.*/)?tweets?_media/[^/]+")
_NO_LANGUAGE = re.compile(r"und|zxx|art|q..")  # what Twitter says of pictures, hashtags and the like alone
_DATES = "%a %b %d %H:%M:%S %z %Y", "%Y-%m-%d %H:%M:%S %z"
_NAMES = re.compile(r"^(?:@\w+\s+)+")  # whom it answers
_ALIKE_CHARS = 100  # of the beginning


class Tweets:
    def __init__(self, zipped: Zip) -> None:
        self.files = sorted(name for name in zipped.names if _FILE.fullmatch(name))
        self._zip = zipped

    @cached_property
    def _media(self) -> dict[str, dict[str, str]]:
        """id of a tweet -> name of a picture or film of it -> its file: tweets_media/<id>-<name>."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for file in self._zip.names:
            if _MEDIA.fullmatch(file):
                id, _, name = base(file).partition("-")
                found[id][name] = file
        return found

    @cached_property
    def _long(self) -> dict[int, list[str]]:
        """Long posts by the second of their making."""
        found: dict[int, list[str]] = defaultdict(list)
        files = [name for name in self._zip.names if _NOTES.fullmatch(name)]
        if self._zip.size_bytes(files) > NOTES_BYTES_MAX:
            raise Invalid("archive", "too_large", "is too large")
        for item in items_in(self._zip, files, BEGIN, bytes_max=NOTES_BYTES_MAX):
            one = thing(thing(item).get("noteTweet"))
            core = thing(one.get("core"))
            with suppress(ValueError, OverflowError):
                second = ms_of_text(text(one.get("createdAt"))) // 1000
                if len(found[second]) < LONG_MAX:
                    found[second].append(_expanded(text(core.get("text")), core, "shortUrl", "expandedUrl"))
        return found

    def post(self, item: Thing) -> OldPost | None:
        tweet = thing(item.get("tweet")) or item
        id, words = text(tweet.get("id_str")) or text(tweet.get("id")), _words(tweet)
        if not id or words.startswith("RT @") or "retweeted_status" in tweet:  # another's words
            return None
        at_ms = _date_ms(text(tweet.get("created_at")))
        if at_ms is None:
            return OldPost(f"twitter:{id}", 0, text=words, problem="has no date that can be read")
        parts = thing(tweet.get("entities"))
        pictures = listed(thing(tweet.get("extended_entities")).get("media")) or listed(parts.get("media"))
        words = _whole(words, self._long.get(at_ms // 1000, ()))
        words = _expanded(words, parts, "url", "expanded_url")
        for picture in map(thing, pictures[:LINKS_MAX]):
            words = words.replace(text(picture.get("url")) or "\0", "", 1)
        answered = text(tweet.get("in_reply_to_status_id_str"))
        return OldPost(
            source=f"twitter:{id}",
            published_ms=at_ms,
            text=html.unescape(words).strip(),
            sensitive=tweet.get("possibly_sensitive") is True,
            visibility=Visibility.PUBLIC,  # unless who brings it in says otherwise: the archive does not tell
            language="" if _NO_LANGUAGE.fullmatch(text(tweet.get("lang"))) else text(tweet.get("lang")),
            reply_to=f"twitter:{answered}" if answered else "",
            media=tuple(self._files_of(id, [thing(one) for one in pictures])),
        )

    def _files_of(self, id: str, pictures: list[Thing]) -> Iterator[OldMedia]:
        left = dict(self._media.get(id, {}))
        for one in pictures:
            name = base(text(one.get("media_url_https")) or text(one.get("media_url")))
            if one.get("type", "photo") != "photo":  # a film: its name is that of one of several versions
                versions = [thing(each) for each in listed(thing(one.get("video_info")).get("variants"))]
                names = [base(text(each.get("url")).partition("?")[0]) for each in versions]
                films = [film for film in left if film.endswith(".mp4")]
                name = next((film for film in (*names, *films) if film in left), "")
            yield OldMedia(left.pop(name, ""), text(one.get("ext_alt_text")))


def _words(tweet: Thing) -> str:
    return text(tweet.get("full_text")) or text(tweet.get("text"))


def _date_ms(given: str) -> int | None:
    for form in _DATES:
        try:
            return int(datetime.strptime(given, form).timestamp() * 1000)
        except (ValueError, OverflowError):
            continue
    return None


def _expanded(words: str, parts: Thing, short: str, whole: str) -> str:
    """With the addresses that stand behind the short ones. parts: has "urls", where these are `short` and `whole`."""
    for link in map(thing, listed(parts.get("urls"))[:LINKS_MAX]):
        words = words.replace(text(link.get(short)) or "\0", text(link.get(whole)), 1)
    return words


def _whole(words: str, long: list[str] | tuple[()]) -> str:
    """The one of long that begins like words, which were cut; words, if none does."""
    said = _NAMES.sub("", words, count=1)
    begin = html.unescape(said.rpartition("…")[0])[:_ALIKE_CHARS].strip()
    for one in long:
        if begin and _NAMES.sub("", html.unescape(one), count=1).startswith(begin):
            return one if one.startswith("@") else words[: len(words) - len(said)] + one
    return words
