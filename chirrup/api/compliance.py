"""What an organisation keeps on record: its log of acts, retention, holds, and search for the role COMPLIANCE."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ..access import visibility
from ..access.roles import Permission
from ..errors import BadRequest, Invalid
from ..http import paging
from ..http.call import Call, Reply
from ..http.entity import Entity, Id
from ..http.files import FilePart
from ..http.paging import Page, PageQuery
from ..http.route import ADMIN, SLOW, Route
from ..ids import ID_MAX
from ..orgs import compliance, compliance_export, holds, retention
from ..ports import Tx
from ..social import audit
from ..times import iso, iso_or_none, ms_of_text
from ..types import AuditEntry, Hold, HoldScope, Media, PostVersion, Retention, RetentionClass

GivenId = Annotated[str, Meta(pattern="^(0|[1-9][0-9]{0,18})$")]


class Act(Entity, kw_only=True):
    """An entry of the log of acts. hash: of all its values and of the hash of the entry before."""

    id: Id
    created_at: str
    account_id: Id | None  # who; null: a command
    username: str  # "": a command, or they are gone
    action: str
    target_type: str
    target_id: str
    target: str  # what people call it
    text: str
    hash: str


async def acts(call: Call, query: PageQuery) -> Page[Act]:
    """Newest first. Keep the first hash elsewhere: with it `chirrup audit verify` finds an end that was cut off."""
    span = paging.span(query, default=40, most=200)

    def operation(tx: Tx) -> tuple[list[AuditEntry], dict[int, str]]:
        found = audit.page(tx, call.site.org_id, span)
        actors = visibility.of_one_organisation(tx, call.account_id, {one.actor_id for one in found} - {0})
        return found, {id: one.username for id, one in actors.items()}

    found, names = await call.read(operation)
    return paging.page([_act(one, names) for one in found], [one.id for one in found], span)


def _act(one: AuditEntry, names: dict[int, str]) -> Act:
    return Act(
        id=str(one.id),
        created_at=iso(one.at_ms),
        account_id=str(one.actor_id) if one.actor_id else None,
        username=names.get(one.actor_id, ""),
        action=one.action,
        target_type=one.target_kind,
        target_id=str(one.target_id),
        target=one.target_name,
        text=one.words,
        hash=one.hash,
    )


class RetentionRule(Entity, kw_only=True):
    """kind: posts, direct (posts), media. room_id: null where it is about all that has no rule of its own."""

    kind: RetentionClass
    days: int
    room_id: Id | None = None


class Kept(Entity, kw_only=True):
    """rules: what is not kept for ever. ran_at: when old posts were deleted last; problem: why that stopped, or ""."""

    rules: list[RetentionRule]
    ran_at: str | None
    purged: int
    problem: str


class NewRule(msgspec.Struct, kw_only=True):
    kind: RetentionClass
    days: int  # 0: for ever
    room_id: GivenId = "0"


async def kept(call: Call) -> Kept:
    return await call.read(_kept, call.site.org_id)


def _kept(tx: Tx, org_id: int) -> Kept:
    run = retention.last_run(tx, org_id)
    return Kept(
        rules=[_rule(one) for one in retention.rules(tx, org_id)],
        ran_at=iso_or_none(run.at_ms) if run else None,
        purged=run.purged if run else 0,
        problem=run.problem if run else "",
    )


def _rule(one: Retention) -> RetentionRule:
    room = str(one.room_id) if one.room_id else None
    return RetentionRule(kind=RetentionClass(one.kind), days=one.days, room_id=room)


async def keep(call: Call, body: NewRule) -> Kept:
    """From the next run on: what is older than so many days is deleted, unless it is held."""

    def operation(tx: Tx) -> Kept:
        org_id = call.site.org_id
        retention.choose(tx, org_id, call.account_id, body.kind, body.days, room_id=_given(body.room_id))
        return _kept(tx, org_id)

    return await call.write(operation)


class OnHold(Entity, kw_only=True):
    """Posts that nothing deletes for good. scope: account, room, all; subject_id: the account or room; null: all."""

    id: Id
    scope: str
    subject_id: Id | None
    since: str | None  # of posts from then on; null: from the first one
    until: str | None  # null: there is no end
    reason: str
    created_by: Id


class NewHold(msgspec.Struct, kw_only=True):
    scope: HoldScope
    reason: str
    subject_id: GivenId = "0"
    since: str = ""
    until: str = ""


def _hold(one: Hold) -> OnHold:
    return OnHold(
        id=str(one.id),
        scope=one.scope,
        subject_id=None if one.scope == HoldScope.ALL else str(one.subject_id),
        since=iso_or_none(one.from_ms),
        until=iso_or_none(one.until_ms),
        reason=one.reason,
        created_by=str(one.actor_id),
    )


async def all_holds(call: Call) -> list[OnHold]:
    return [_hold(one) for one in await call.read(holds.every, call.site.org_id)]


async def place(call: Call, body: NewHold) -> OnHold:
    """From now on nothing deletes for good what it is about; nobody it is about is told."""
    wanted = holds.Wanted(
        body.scope, body.reason, _given(body.subject_id), _date("since", body.since), _date("until", body.until)
    )
    return _hold(await call.write(holds.place, call.site.org_id, call.account_id, wanted))


async def end(call: Call, id: int) -> dict[str, Any]:
    """What was deleted meanwhile, and no other hold is about, goes for good."""
    await call.write(holds.end, call.site.org_id, call.account_id, id)
    return {}


class Sought(msgspec.Struct, kw_only=True):
    """words: all of them must be in one of the versions. next: of the answer before."""

    words: str = ""
    account_id: GivenId = "0"
    room_id: GivenId = "0"
    since: str = ""
    until: str = ""
    next: str = ""


class Version(Entity, kw_only=True):
    created_at: str
    text: str
    spoiler_text: str


class FileOfPost(Entity, kw_only=True):
    id: Id
    kind: str
    description: str


class Said(Entity, kw_only=True):
    """A post with all that is left of it, whoever it was for. deleted_at: it is kept only because it is held."""

    id: Id
    account_id: Id
    username: str
    created_at: str
    edited_at: str | None
    deleted_at: str | None
    visibility: str
    room_id: Id | None
    text: str
    spoiler_text: str
    mentions: list[str]
    options: list[str]
    media: list[FileOfPost]
    versions: list[Version]  # the earlier ones, oldest first


class Findings(Entity, kw_only=True):
    """next: ask again with it; null: that was all. An answer without posts may have a next one."""

    posts: list[Said]
    next: str | None


async def search(call: Call, body: Sought) -> Findings:
    """What the organisation's people said: also in direct posts, before an edit, and in deleted posts that are held.

    The search itself is an entry of the log of acts.
    """
    db, place = call.services.engines.db, _place(body.next)
    answer = await compliance.search(db, call.site.org_id, call.account_id, _wanted(body), place)
    found = [said(one) for one in answer.found]
    return Findings(posts=found, next=f"{answer.next.author_id}-{answer.next.post_id}" if answer.next else None)


async def export(call: Call, body: Sought) -> Reply:
    """All that search() finds as a zip file: posts.jsonl, media, SHA256SUMS. Logged, as a search is."""
    engines, folder = call.services.engines, call.settings.data
    file, size = await compliance_export.write(engines, call.site.org_id, call.account_id, _wanted(body), folder)
    headers = {"Content-Disposition": 'attachment; filename="posts.zip"'}
    return Reply(FilePart(file, 0, size), 200, headers, "application/zip")


def _wanted(body: Sought) -> compliance.Wanted:
    return compliance.Wanted(
        body.words,
        _given(body.account_id),
        _given(body.room_id),
        _date("since", body.since),
        _date("until", body.until),
    )


def said(one: compliance.Found) -> Said:
    post = one.post
    return Said(
        id=str(post.id),
        account_id=str(post.author_id),
        username=one.author.username,
        created_at=iso(post.created_ms),
        edited_at=iso_or_none(post.edited_ms),
        deleted_at=iso_or_none(post.deleted_ms),
        visibility=post.visibility,
        room_id=str(post.audience_id) if post.audience_id else None,
        text=post.text,
        spoiler_text=post.summary,
        mentions=[mention.username for mention in post.mentioned],
        options=one.options,
        media=[_file(file) for file in one.media],
        versions=[_version(version) for version in one.versions],
    )


def _file(one: Media) -> FileOfPost:
    return FileOfPost(id=str(one.id), kind=one.kind, description=one.description)


def _version(one: PostVersion) -> Version:
    return Version(created_at=iso(one.at_ms), text=one.text, spoiler_text=one.summary)


def _place(given: str) -> compliance.Place | None:
    if not given:
        return None
    author, _, post = given.partition("-")
    if not (author.isascii() and author.isdigit() and post.isascii() and post.isdigit() and len(given) < 45):
        raise BadRequest("{name} must be what an answer has as next, got {got!r}", name="next", got=given[:60])
    return compliance.Place(min(int(author), ID_MAX), min(int(post), ID_MAX))


def _given(id: str) -> int:
    return min(int(id), ID_MAX)


def _date(name: str, given: str) -> int:
    if not given.strip():
        return 0
    try:
        at_ms = ms_of_text(given)
    except (ValueError, OverflowError):
        at_ms = -1
    if at_ms < 0:
        raise Invalid(
            name, "invalid", "must be a date like 2026-01-31 or 2026-01-31T12:00:00Z; got {got!r}", got=given[:40]
        )
    return at_ms


PATH = "/api/chirrup/v1/org"
COMPLIANCE = Permission.COMPLIANCE
ROUTES = [
    Route("GET", f"{PATH}/audit", acts, "admin:read", ADMIN, Permission.VIEW_AUDIT_LOG),
    Route("GET", f"{PATH}/retention", kept, "admin:read", ADMIN, Permission.MANAGE_SETTINGS),
    Route("PUT", f"{PATH}/retention", keep, "admin:write", ADMIN, Permission.MANAGE_SETTINGS),
    Route("GET", f"{PATH}/holds", all_holds, "admin:read", ADMIN, COMPLIANCE),
    Route("POST", f"{PATH}/holds", place, "admin:write", ADMIN, COMPLIANCE),
    Route("DELETE", f"{PATH}/holds/{{id}}", end, "admin:write", ADMIN, COMPLIANCE),
    Route("POST", f"{PATH}/search/export", export, "admin:write", ADMIN, COMPLIANCE, cost=SLOW),
    Route("POST", f"{PATH}/search", search, "admin:write", ADMIN, COMPLIANCE, cost=SLOW),
]
