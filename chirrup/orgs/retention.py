"""Retention: what an organisation does not keep for ever is deleted in steps, each day, but never what is held."""

from collections.abc import Collection
from contextlib import suppress

from .. import logs
from ..errors import ChirrupError, Invalid, NotFound
from ..events import PicturesReplaced, PostChanged
from ..ids import ID_MAX, first_at
from ..ports import Engines, Tx
from ..social import audit, posts
from ..social import holds as social_holds
from ..store import accounts as account_rows
from ..store import held_content
from ..store import posts as post_rows
from ..store import retention as rows
from ..times import DAY_MS
from ..types import AccountKind, Post, Retention, RetentionClass, RetentionRun, Span, Visibility
from . import holds

DAYS_MAX = 36_500
AUTHORS = 100  # whose posts are looked through together
READ = 500  # posts in one look
STEP = 50  # posts that one transaction deletes


def choose(tx: Tx, org_id: int, actor_id: int, kind: RetentionClass, days: int, *, room_id: int = 0) -> None:
    """What is older than days goes from now on; 0: it is kept for ever. room_id 0: where a room has no rule of its own.

    Raises Invalid (days); NotFound: no such room.
    """
    if not 0 <= days <= DAYS_MAX:
        raise Invalid("days", "invalid", "must be from 0 (for ever) to {most}; got {got}", most=DAYS_MAX, got=days)
    name = name_of_room(tx, org_id, room_id) if room_id else ""
    rule = Retention(org_id, room_id, kind, days)
    if days:
        rows.put(tx, rule)
    else:
        rows.delete(tx, rule)
    audit.note(tx, org_id, actor_id, "change", "retention", room_id, name, f"{kind}: {days or 'for ever'}")


def name_of_room(tx: Tx, org_id: int, room_id: int) -> str:
    """Raises NotFound: no room of the organisation."""
    found = account_rows.by_id(tx, room_id)
    if found is None or found.org_id != org_id or found.kind != AccountKind.ROOM:
        raise NotFound("room", room_id)
    return found.username


def rules(tx: Tx, org_id: int) -> list[Retention]:
    """Those of the whole organisation first. []: everything is kept."""
    return rows.of_org(tx, org_id)


def rooms_with_rules(tx: Tx, org_id: int) -> list[tuple[int, str]]:
    """(id, name) of rooms that have rules of their own, by name."""
    found = account_rows.by_ids(tx, {one.room_id for one in rows.of_org(tx, org_id)} - {0})
    return sorted(((id, one.username) for id, one in found.items()), key=lambda one: one[1].lower())


def last_run(tx: Tx, org_id: int) -> RetentionRun | None:
    return rows.last_run(tx, org_id)


class Rules:
    """What is due by the rules of an organisation."""

    def __init__(self, tx: Tx, org_id: int) -> None:
        self._days = {(one.room_id, one.kind): one.days for one in rows.of_org(tx, org_id)}
        self._now_ms = tx.now_ms

    @property
    def before_ms(self) -> int:
        """Nothing from then on is due."""
        return self._now_ms - min(self._days.values(), default=self._now_ms // DAY_MS) * DAY_MS

    def deletes(self, post: Post) -> bool:
        return self._is_due(post, _class_of(post))

    def deletes_media(self, post: Post) -> bool:
        return bool(post.media) and self._is_due(post, RetentionClass.MEDIA)

    def _is_due(self, post: Post, kind: RetentionClass) -> bool:
        in_room = self._days.get((post.audience_id, kind)) if post.audience_id else None
        days = self._days.get((0, kind), 0) if in_room is None else in_room
        return bool(days) and post.created_ms < self._now_ms - days * DAY_MS


def _class_of(post: Post) -> RetentionClass:
    return RetentionClass.DIRECT if post.visibility == Visibility.DIRECT else RetentionClass.POSTS


# each day


async def apply(engines: Engines) -> None:
    """To all organisations that have rules. What stops one does not stop another."""
    for org_id in await engines.db.read(rows.orgs):
        try:
            await apply_to(engines, org_id)
        except Exception as error:  # the next day does it
            logs.failed("retention stopped: nothing more is deleted", error, org=org_id)


async def apply_to(engines: Engines, org_id: int) -> int:
    """How many posts are gone, or have lost their media. Raises HoldsUnreadable."""
    purged, problem = 0, "it did not end"
    try:
        before = ID_MAX
        while authors := await engines.db.read(_authors, org_id, before):
            before, after = min(authors), 0
            while True:
                due, after = await engines.db.read(_due, org_id, authors, after)
                for first in range(0, len(due), STEP):
                    purged += await engines.db.write(purge, org_id, due[first : first + STEP])
                if not after:
                    break
        problem = ""
    except Exception as error:
        problem = error.message if isinstance(error, ChirrupError) else "what is held, or what is old, cannot be read"
        raise
    finally:
        with suppress(Exception):  # the database is away: the log tells of it
            await engines.db.write(_ended, org_id, purged, problem)
    return purged


def _authors(tx: Tx, org_id: int, before: int) -> list[int]:
    return [one.id for one in account_rows.page(tx, before=before, limit=AUTHORS, org_id=org_id)]


def _due(tx: Tx, org_id: int, authors: Collection[int], after: int) -> tuple[list[int], int]:
    """(posts of authors that are due, where to go on; 0: there are no more)."""
    wanted = Rules(tx, org_id)
    before = first_at(max(0, wanted.before_ms))
    ids = post_rows.oldest_by_authors(tx, authors, Span(before, after=after, limit=READ))
    found = post_rows.by_ids(tx, ids)
    due = [id for id in ids if (post := found.get(id)) and (wanted.deletes(post) or wanted.deletes_media(post))]
    return due, ids[-1] if len(ids) == READ else 0


def purge(tx: Tx, org_id: int, ids: Collection[int]) -> int:
    """Delete those of ids that are due and not held. How many these are. Raises HoldsUnreadable."""
    holds.check(tx, org_id)
    wanted = Rules(tx, org_id)
    found = [post for post in post_rows.by_ids(tx, ids).values() if post.org_id == org_id]
    held = social_holds.held_among(tx, found)
    purged = 0
    for post in found:
        if post.id not in held and wanted.deletes(post):
            posts.remove(tx, post)
            purged += 1
        elif post.id not in held and wanted.deletes_media(post):
            _drop_media(tx, post)
            purged += 1
    return purged


def _drop_media(tx: Tx, post: Post) -> None:
    """Earlier versions lose theirs, too."""
    keys = posts.delete_media(tx, post)
    held_content.without_media(tx, post.id)
    tx.emit(PicturesReplaced(post.author_id, keys))
    tx.emit(PostChanged(post.author_id, post.id))


def _ended(tx: Tx, org_id: int, purged: int, problem: str) -> None:
    rows.put_run(tx, RetentionRun(org_id, tx.now_ms, purged, problem))
    if purged or problem:
        audit.note(tx, org_id, 0, "delete old posts", "retention", 0, "", f"{purged} {problem}".strip())
