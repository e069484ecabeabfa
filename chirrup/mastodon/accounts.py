"""Accounts: profiles and their posts. https://docs.joinmastodon.org/methods/accounts/"""

from typing import Any

import msgspec

from ..http import paging
from ..http.paging import Page, PageQuery
from ..http.route import ANYONE, Route
from ..orgs import room_requests
from ..ports import Tx
from ..social import accounts, shown
from ..timelines import pull
from . import entities
from .call import Call
from .entities import Account, AccountField, CredentialAccount, Status
from .relations import IdsQuery
from .render_accounts import role_entity


async def verify_credentials(call: Call) -> CredentialAccount:
    return await call.read(credentials, call, call.account_id)


def credentials(tx: Tx, call: Call, account_id: int) -> CredentialAccount:
    """The account with the fields that only its owner sees."""
    account, user = accounts.get(tx, account_id, account_id), accounts.user(tx, account_id)
    profile = shown.profile(tx, account, call.site)
    entity = call.render.account_entity(tx, profile)
    return CredentialAccount(
        **{name: getattr(entity, name) for name in entity.__struct_fields__},
        source=entities.Source(
            attribution_domains=list(profile.presentation.attribution_domains),
            note=account.note,
            fields=[AccountField(name=one.name, value=one.value) for one in profile.fields],
            privacy=user.post_visibility,
            sensitive=bool(user.post_sensitive),
            language=user.post_language or None,
            quote_policy=user.quote_policy,
            follow_requests_count=room_requests.count(tx, account_id, most=1000),
            hide_collections=bool(account.hide_network),
            discoverable=bool(account.discoverable),
            indexable=bool(account.indexable),
        ),
        role=role_entity(call.site.roles.rank(user.role)),
    )


async def show(call: Call, id: int) -> Account:
    def operation(tx: Tx) -> Any:
        return call.render.account(tx, accounts.get(tx, call.viewer_id, id).id)

    return await call.read(operation)


async def show_many(call: Call, query: IdsQuery) -> list[Account]:
    def operation(tx: Tx) -> list[Any]:
        return call.render.accounts(tx, accounts.existing(tx, call.viewer_id, query.ids, with_suspended=True))

    return await call.read(operation)


class LookupQuery(msgspec.Struct, kw_only=True):
    acct: str = ""


async def lookup(call: Call, query: LookupQuery) -> Account:
    """By `name`, or `name@host` with the host and port of this server."""

    def operation(tx: Tx) -> Any:
        site = call.site
        found = accounts.by_acct(tx, query.acct, site.domain, site.org_id, viewer_id=call.viewer_id)
        return call.render.account(tx, found.id)

    return await call.read(operation)


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
        return paging.page(await call.read(call.render.statuses, call.viewer_id, ids), ids, span)
    found = await call.read(
        pull.account,
        call.viewer_id,
        id,
        span,
        only_media=query.only_media,
        exclude_replies=query.exclude_replies,
        exclude_boosts=query.exclude_reblogs,
        tag=query.tagged,
    )
    return paging.filled(await call.read(call.render.statuses, call.viewer_id, found.items), found, span)


ROUTES = [
    Route("GET", "/api/v1/accounts/verify_credentials", verify_credentials, "profile"),
    Route("GET", "/api/v1/accounts", show_many, "read:accounts", ANYONE),
    Route("GET", "/api/v1/accounts/lookup", lookup, "read:accounts", ANYONE),
    Route("GET", "/api/v1/accounts/{id}", show, "read:accounts", ANYONE),
    Route("GET", "/api/v1/accounts/{id}/statuses", statuses, "read:statuses", ANYONE),
]
