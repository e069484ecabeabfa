"""Relationships of accounts: follow, block, mute, feature, note. https://docs.joinmastodon.org/methods/accounts/

And lists of them: followers, blocks, mutes, follow requests, endorsements.
"""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import msgspec

from ..http import paging
from ..http.forms import Id
from ..http.paging import Page, PageQuery
from ..http.route import ANYONE, Route
from ..orgs import room_requests
from ..ports import Tx
from ..social import account_lists, accounts, follows
from ..times import iso_or_none
from ..types import Span
from .call import Call
from .entities import Account, FamiliarFollowers, MutedAccount, Relationship

P = ParamSpec("P")

ASKED_MAX = 100  # accounts in one request; the rest is ignored


class FollowBody(msgspec.Struct, kw_only=True):
    reblogs: bool | None = None
    notify: bool | None = None
    languages: list[str] | None = None


async def follow(call: Call, id: int, body: FollowBody) -> Relationship:
    languages = None if body.languages is None else tuple(body.languages)
    return await _do(call, follows.follow, id, show_boosts=body.reblogs, notify=body.notify, languages=languages)


async def unfollow(call: Call, id: int) -> Relationship:
    return await _do(call, follows.unfollow, id)


async def remove_from_followers(call: Call, id: int) -> Relationship:
    return await _do(call, follows.remove_follower, id)


async def authorize(call: Call, id: int) -> Relationship:
    return await _do(call, room_requests.answer_all_of, id, accept=True)


async def reject(call: Call, id: int) -> Relationship:
    return await _do(call, room_requests.answer_all_of, id, accept=False)


async def block(call: Call, id: int) -> Relationship:
    return await _do(call, follows.block, id)


async def unblock(call: Call, id: int) -> Relationship:
    return await _do(call, follows.unblock, id)


class MuteBody(msgspec.Struct, kw_only=True):
    notifications: bool = True
    duration: int = 0  # s; 0: without an end


async def mute(call: Call, id: int, body: MuteBody) -> Relationship:
    return await _do(call, follows.mute, id, notifications=body.notifications, for_s=body.duration)


async def unmute(call: Call, id: int) -> Relationship:
    return await _do(call, follows.unmute, id)


async def endorse(call: Call, id: int) -> Relationship:
    return await _do(call, account_lists.endorse, id)


async def unendorse(call: Call, id: int) -> Relationship:
    return await _do(call, account_lists.unendorse, id)


class NoteBody(msgspec.Struct, kw_only=True):
    comment: str = ""


async def note(call: Call, id: int, body: NoteBody) -> Relationship:
    return await _do(call, account_lists.set_note, id, body.comment)


async def _do(
    call: Call, operation: Callable[Concatenate[Tx, int, int, P], object], id: int, *args: P.args, **options: P.kwargs
) -> Relationship:
    await call.write(operation, call.account_id, id, *args, **options)
    return (await call.read(_relationships, call.account_id, [id]))[0]


class IdsQuery(msgspec.Struct, kw_only=True):
    id: list[Id] = []

    @property
    def ids(self) -> list[int]:
        """Each once, in their order."""
        return list(dict.fromkeys(self.id))[:ASKED_MAX]


class RelationshipsQuery(IdsQuery, kw_only=True):
    with_suspended: bool = False


async def relationships(call: Call, query: RelationshipsQuery) -> list[Relationship]:
    return await call.read(_known_relationships, call.account_id, query.ids, query.with_suspended)


def _known_relationships(tx: Tx, viewer_id: int, ids: list[int], with_suspended: bool) -> list[Relationship]:
    return _relationships(tx, viewer_id, accounts.existing(tx, viewer_id, ids, with_suspended=with_suspended))


def _relationships(tx: Tx, viewer_id: int, ids: list[int]) -> list[Relationship]:
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
            domain_blocking=one.domain_blocking,
            endorsed=one.endorsed,
            note=one.note,
        )
        for one in account_lists.relationships(tx, viewer_id, ids)
    ]


# lists of accounts, newest relationship first


async def followers(call: Call, id: int, query: PageQuery) -> Page[Account]:
    return await _page(call, query, lambda tx, span: account_lists.followers(tx, call.viewer_id, id, span))


async def following(call: Call, id: int, query: PageQuery) -> Page[Account]:
    return await _page(call, query, lambda tx, span: account_lists.following(tx, call.viewer_id, id, span))


async def endorsements_of(call: Call, id: int, query: PageQuery) -> Page[Account]:
    return await _page(call, query, lambda tx, span: account_lists.endorsed(tx, call.viewer_id, id, span))


async def endorsements(call: Call, query: PageQuery) -> Page[Account]:
    return await endorsements_of(call, call.account_id, query)


async def blocks(call: Call, query: PageQuery) -> Page[Account]:
    return await _page(call, query, lambda tx, span: account_lists.blocked(tx, call.account_id, span))


async def follow_requests(call: Call, query: PageQuery) -> Page[Account]:
    """Also of those who ask to come into a room that the caller manages."""
    return await _page(call, query, lambda tx, span: room_requests.all_of(tx, call.account_id, span))


async def _page(call: Call, query: PageQuery, find: Callable[[Tx, Span], account_lists.Found]) -> Page[Any]:
    span = paging.span(query, default=40, most=80)

    def operation(tx: Tx) -> Page[Any]:
        found = find(tx, span)
        return paging.filled(call.render.accounts(tx, [id for _, id in found.items]), found, span)

    return await call.read(operation)


async def mutes(call: Call, query: PageQuery) -> Page[MutedAccount]:
    span = paging.span(query, default=40, most=80)

    def operation(tx: Tx) -> Page[Any]:
        found = account_lists.muted(tx, call.account_id, span)
        ids = [id for _, id in found.items]
        until = account_lists.mutes_until(tx, call.account_id, ids)
        shown = call.render.accounts_by_id(tx, ids)
        return paging.filled([_muted(shown[id], until[id]) for id in ids], found, span)

    return await call.read(operation)


def _muted(account: msgspec.Raw, expires_ms: int) -> msgspec.Raw:
    return msgspec.Raw(
        bytes(account)[:-1] + b',"mute_expires_at":' + msgspec.json.encode(iso_or_none(expires_ms)) + b"}"
    )


async def familiar_followers(call: Call, query: IdsQuery) -> list[FamiliarFollowers]:
    def operation(tx: Tx) -> list[FamiliarFollowers]:
        found = account_lists.familiar(tx, call.account_id, query.ids)
        shown = call.render.accounts_by_id(tx, {id for ids in found.values() for id in ids})
        return [FamiliarFollowers(id=str(id), accounts=[shown[one] for one in ids]) for id, ids in found.items()]

    return await call.read(operation)


async def identity_proofs(call: Call, id: int) -> list[Any]:
    """Deprecated since Mastodon 3.5. There are no proofs, so the list is always empty."""
    await call.read(accounts.get, call.viewer_id, id)
    return []


ROUTES = [
    Route("GET", "/api/v1/accounts/relationships", relationships, "read:follows"),
    Route("GET", "/api/v1/accounts/familiar_followers", familiar_followers, "read:follows"),
    Route("GET", "/api/v1/accounts/{id}/followers", followers, "read:accounts", ANYONE),
    Route("GET", "/api/v1/accounts/{id}/following", following, "read:accounts", ANYONE),
    Route("GET", "/api/v1/accounts/{id}/endorsements", endorsements_of, "read:accounts", ANYONE),
    Route("GET", "/api/v1/accounts/{id}/identity_proofs", identity_proofs, "read:accounts"),
    Route("POST", "/api/v1/accounts/{id}/follow", follow, "write:follows"),
    Route("POST", "/api/v1/accounts/{id}/unfollow", unfollow, "write:follows"),
    Route("POST", "/api/v1/accounts/{id}/remove_from_followers", remove_from_followers, "write:follows"),
    Route("POST", "/api/v1/accounts/{id}/block", block, "write:blocks"),
    Route("POST", "/api/v1/accounts/{id}/unblock", unblock, "write:blocks"),
    Route("POST", "/api/v1/accounts/{id}/mute", mute, "write:mutes"),
    Route("POST", "/api/v1/accounts/{id}/unmute", unmute, "write:mutes"),
    Route("POST", "/api/v1/accounts/{id}/endorse", endorse, "write:accounts"),
    Route("POST", "/api/v1/accounts/{id}/unendorse", unendorse, "write:accounts"),
    Route("POST", "/api/v1/accounts/{id}/pin", endorse, "write:accounts"),
    Route("POST", "/api/v1/accounts/{id}/unpin", unendorse, "write:accounts"),
    Route("POST", "/api/v1/accounts/{id}/note", note, "write:accounts"),
    Route("GET", "/api/v1/endorsements", endorsements, "read:accounts"),
    Route("GET", "/api/v1/blocks", blocks, "read:blocks"),
    Route("GET", "/api/v1/mutes", mutes, "read:mutes"),
    Route("GET", "/api/v1/follow_requests", follow_requests, "read:follows"),
    Route("POST", "/api/v1/follow_requests/{id}/authorize", authorize, "write:follows"),
    Route("POST", "/api/v1/follow_requests/{id}/reject", reject, "write:follows"),
]
