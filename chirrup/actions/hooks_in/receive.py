"""Says what came to a hook: once, in the hook's own place, as an answer to what was said about the same before.

Nobody is notified by a name in it. What is too long is cut, with a link to more.
"""

import hashlib

import msgspec

from ...access import secret, visibility
from ...errors import Forbidden, NotFound
from ...ids import bucket_of
from ...ports import Tx
from ...social import accounts, posts, text
from ...store import accounts as account_rows
from ...store import follows as follow_rows
from ...store import hooks_in as rows
from ...store import posts as post_rows
from ...times import DAY_MS
from ...types import Draft, HookIn, HookPayload, Post
from .incoming import Read, Said

PAYLOADS_KEPT = 20
BODY_CHARS_KEPT = 64 * 1024
OUTCOME_CHARS_MAX = 300
THREAD_MS = 30 * DAY_MS  # for so long, what is said about the same answers it
SAID_MAX = 5  # posts of one payload
BLANK = "It said nothing."


class Place(msgspec.Struct, frozen=True):
    """Of the site: how long posts may be, and what its own links begin with."""

    domain: str
    base_url: str
    chars_max: int


class Came(msgspec.Struct, frozen=True):
    """A payload as it is kept, to try a mapping on."""

    headers: str  # JSON
    body: str
    size_bytes: int


class Outcome(msgspec.Struct, frozen=True):
    posts: tuple[Post, ...]
    known: bool = False  # the same delivery was here before


def by_token(tx: Tx, org_id: int, token: str) -> tuple[HookIn, int]:
    """(the hook, also where it is off; what time it is). Raises NotFound: none of the organisation's."""
    _, hash = secret.locate(token)
    hook = rows.by_hash(tx, org_id, hash) if hash else None
    if hook is None:
        raise NotFound("hook", 0)
    return hook, tx.now_ms


def take(tx: Tx, hook: HookIn, read: Read, came: Came, place: Place) -> Outcome:
    """Raises Forbidden: it asks for another place, or another name, or the bot is not in its room any more; NotFound:
    the hook has ended; Invalid: a text that cannot be said."""
    hook = rows.by_id(tx, hook.org_id, hook.id, in_turn=True) or _gone(hook)
    _check_place(tx, hook, read, place)
    seen = f"id {_digest(read.id)}" if read.id else ""
    if seen and seen in (known := rows.keys(tx, hook.org_id, hook.id, [seen])):
        return Outcome(tuple(_one(tx, known[seen])), known=True)
    payload_id = tx.new_id(bucket_of(hook.org_id))
    made = tuple(_say(tx, hook, one, payload_id, place) for one in read.said[:SAID_MAX])
    first = made[0].id if made else 0
    rows.forget_old_keys(tx, hook.org_id, hook.id)
    if seen:
        rows.keep_keys(tx, hook.org_id, hook.id, [seen], first, tx.now_ms + read.known_ms)
    _keep(tx, hook, payload_id, came, made[0].text if made else BLANK, first)
    rows.set_used(tx, hook)
    return Outcome(made)


def note_refused(tx: Tx, hook: HookIn, came: Came, why: str) -> None:
    """Keep a payload that nothing was said of, for who looks after the hook."""
    if rows.by_id(tx, hook.org_id, hook.id, in_turn=True):
        _keep(tx, hook, tx.new_id(bucket_of(hook.org_id)), came, f"Refused: {why}", 0)
        rows.set_used(tx, hook)


def _gone(hook: HookIn) -> HookIn:
    raise NotFound("hook", hook.id)


def _one(tx: Tx, post_id: int) -> list[Post]:
    post = post_rows.by_id(tx, post_id)
    return [post] if post else []


def _keep(tx: Tx, hook: HookIn, id: int, came: Came, outcome: str, post_id: int) -> None:
    body = came.body if len(came.body) <= BODY_CHARS_KEPT else ""
    storable = outcome[:OUTCOME_CHARS_MAX].encode("utf-8", "replace").decode().replace("\0", "")
    kept = HookPayload(hook.org_id, hook.id, id, came.headers, body, came.size_bytes, storable, post_id)
    rows.insert_payload(tx, kept)
    rows.trim_payloads(tx, hook.org_id, hook.id, PAYLOADS_KEPT)


def _check_place(tx: Tx, hook: HookIn, read: Read, place: Place) -> None:
    """A name that means nothing here, such as a channel of another service's, is passed over."""
    bot = account_rows.by_id(tx, hook.bot_id)
    if bot is None or bot.suspended_ms:
        raise Forbidden("the account of this hook was closed")
    if hook.room_id and not follow_rows.get(tx, hook.bot_id, hook.room_id):
        raise Forbidden("the account of this hook, @{name}, is not in its room any more", name=bot.username)
    for name in read.places:
        id = _account(tx, hook, name, place)
        if id and id != hook.room_id:
            raise Forbidden("this hook says everything in one place: it cannot say something to {name!r}", name=name)
    for name in read.names:
        id = _account(tx, hook, name, place)
        if id and id not in (hook.bot_id, hook.room_id):
            raise Forbidden("this hook speaks as @{bot}, not as {name!r}", bot=bot.username, name=name)


def _account(tx: Tx, hook: HookIn, name: str, place: Place) -> int:
    """Which account is meant, of those that are there for the bot; 0: none."""
    try:
        return accounts.by_acct(tx, name.lstrip("#@"), place.domain, hook.org_id, viewer_id=hook.bot_id).id
    except NotFound:
        return 0


def _say(tx: Tx, hook: HookIn, said: Said, payload_id: int, place: Place) -> Post:
    about = [f"about {_digest(one)}" for one in said.about]
    draft = Draft(
        text=_cut(said, place.chars_max, f"{place.base_url}/org/hooks/in/{hook.id}/payloads/{payload_id}"),
        visibility=hook.visibility,
        room_id=hook.room_id,
        names_nobody=True,
        reply_to_id=_thread(tx, hook, about),
    )
    post = posts.publish(tx, hook.bot_id, draft, domain=place.domain, chars_max=place.chars_max)
    if said.ends:
        rows.forget_keys(tx, hook.org_id, hook.id, about)
    elif about:
        rows.keep_keys(tx, hook.org_id, hook.id, about, post.root_id, tx.now_ms + THREAD_MS)
    return post


def _thread(tx: Tx, hook: HookIn, about: list[str]) -> int:
    """The first post about the same that can still be answered where the hook speaks now; 0: none."""
    if not about:
        return 0
    known = rows.keys(tx, hook.org_id, hook.id, about)
    found = visibility.see(tx, hook.bot_id, set(known.values())).posts
    fitting = (found[known[key]] for key in about if known.get(key) in found)
    return next((one.id for one in fitting if one.audience_id == hook.room_id), 0)


def _cut(said: Said, chars_max: int, more: str) -> str:
    """The text, if need be up to a space, with a link to more."""
    words = text.clean(said.text[: 40 * chars_max])
    found = text.extract(words)
    if text.length(words, found=found) <= chars_max:
        return words
    end = f"… {said.link or more}"
    room = chars_max - text.URL_LENGTH - 3
    cut = words[:room]
    while cut:
        inside = [one.start for one in text.extract(words).urls if one.start < len(cut) < one.end]
        cut = cut[: inside[0]] if inside else cut
        if text.length(cut) <= room:
            break
        cut = cut[: len(cut) - max(1, text.length(cut) - room)]
    whole, _, _ = cut.rpartition(" ")
    return f"{(whole if len(whole) > room // 2 else cut).rstrip()}{end}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:40]
