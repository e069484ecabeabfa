"""Accounts: profiles and how they relate. https://docs.joinmastodon.org/methods/accounts/"""

import msgspec

from ..ids import ID_MAX
from ..ports import Tx
from ..social import accounts, follows
from ..store import accounts as rows
from ..store import follows as follow_rows
from ..timelines import pull
from ..types import AccountCounts, Span
from . import entities, paging
from .call import Call
from .entities import Account, CredentialAccount, Relationship, Status, iso_or_none
from .paging import Page, PageQuery
from .render import role_entity


async def verify_credentials(call: Call) -> CredentialAccount:
    return await call.read(credentials, call, call.account_id)


def credentials(tx: Tx, call: Call, account_id: int) -> CredentialAccount:
    """The account with what only its owner sees."""
    account = accounts.get(tx, account_id, account_id)
    count = rows.counts(tx, [account_id]).get(account_id) or AccountCounts(account_id)
    user = rows.user(tx, account_id)
    assert user
    shown = call.render.account_entity(account, count, call.render.roles(tx, account_id))
    waiting = len(follow_rows.requests(tx, account_id, Span(before=ID_MAX, limit=1000)))
    return CredentialAccount(
        **{name: getattr(shown, name) for name in shown.__struct_fields__},
        source=entities.Source(
            note=account.note,
            fields=call.render.fields(account, raw=True),
            privacy=user.post_visibility,
            sensitive=bool(user.post_sensitive),
            language=user.post_language or None,
            follow_requests_count=waiting,
            hide_collections=bool(account.hide_network),
            discoverable=bool(account.discoverable),
            indexable=bool(account.indexable),
        ),
        role=role_entity(user.role),
    )


async def show(call: Call, id: int) -> Account:
    return await call.read(call.render.account, id)


class StatusesQuery(PageQuery, kw_only=True):
    only_media: bool = False
    exclude_replies: bool = False
    exclude_reblogs: bool = False
    pinned: bool = False
    tagged: str = ""


async def statuses(call: Call, id: int, query: StatusesQuery) -> Page[Status]:
    span = paging.span(query)
    if query.pinned:
        ids = await call.read(pull.pinned, call.viewer_id, id)
    else:
        ids = await call.read(
            pull.account,
            call.viewer_id,
            id,
            span,
            only_media=query.only_media,
            exclude_replies=query.exclude_replies,
            exclude_boosts=query.exclude_reblogs,
            tag=query.tagged,
        )
    return paging.page(await call.read(call.render.statuses, call.viewer_id, ids), ids, span)


class FollowBody(msgspec.Struct, kw_only=True):
    reblogs: bool | None = None
    notify: bool | None = None
    languages: list[str] | None = None


async def follow(call: Call, id: int, body: FollowBody) -> Relationship:
    await call.write(
        follows.follow,
        call.account_id,
        id,
        show_boosts=body.reblogs,
        notify=body.notify,
        languages=None if body.languages is None else tuple(body.languages),
    )
    return await relationship(call, id)


async def unfollow(call: Call, id: int) -> Relationship:
    await call.write(follows.unfollow, call.account_id, id)
    return await relationship(call, id)


async def relationship(call: Call, id: int) -> Relationship:
    return (await call.read(accounts_relationships, call.account_id, [id]))[0]


def accounts_relationships(tx: Tx, viewer_id: int, ids: list[int]) -> list[Relationship]:
    return [
        Relationship(
            id=str(one.id),
            following=one.following,
            showing_reblogs=one.show_boosts,
            notifying=one.notify,
            languages=list(one.languages) or None,
            followed_by=one.followed_by,
            blocking=one.blocking,
            blocked_by=one.blocked_by,
            muting=one.muting,
            muting_notifications=one.muting_notifications,
            muting_expires_at=iso_or_none(one.mute_expires_ms),
            requested=one.requested,
            requested_by=one.requested_by,
            domain_blocking=False,
            endorsed=one.endorsed,
            note=one.note,
        )
        for one in accounts.relationships(tx, viewer_id, ids)
    ]
