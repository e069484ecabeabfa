"""Profiles, and the viewer's relationship to their owners."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from markupsafe import Markup

from ....ids import ID_MAX
from ....orgs import room_requests
from ....ports import Tx
from ....social import account_lists, accounts, collections, leaving, shown
from ....timelines import pull
from ....types import Account, AccountKind, AccountState, Collection, Presentation
from ...call import Call, Go, Page
from ...views import PersonView, PostView
from ..reading.home import next_page, span


class FieldView(msgspec.Struct, frozen=True):
    name: str
    html: Markup
    drawn: str  # the name with its emoji; "": it has none


class ProfileView(PersonView, frozen=True, kw_only=True):
    header: str
    presentation: Presentation
    note: str
    note_html: Markup
    fields: list[FieldView]
    counts: AccountState | None  # None: suspended, so nothing is shown
    moved_to: str  # the username of whom it leads to; "": nobody
    hidden: str  # why nothing is shown of it; "": all is


async def posts(call: Call, handle: str) -> Page | Go:
    return await _profile(call, handle, "", exclude_replies=True)


async def with_replies(call: Call, handle: str) -> Page | Go:
    return await _profile(call, handle, "/with_replies")


async def media(call: Call, handle: str) -> Page | Go:
    return await _profile(call, handle, "/media", only_media=True)


async def _profile(call: Call, handle: str, tab: str, **filters: Any) -> Page | Go:
    asked = span(call.query)
    account, one = await call.read(_view, call, handle)
    if account.username != handle:
        return Go(f"/@{account.username}{tab}")

    if tab == "/media":
        filters["exclude_replies"] = not one.presentation.show_media_replies

    def operation(tx: Tx) -> tuple[list[PostView], int, list[Collection]]:
        page = pull.account(tx, call.viewer_id, account.id, asked, **filters)
        ids = page.items
        pins = pull.pinned(tx, call.viewer_id, account.id) if not tab and asked.before == ID_MAX else []
        shown = {view.key: view for view in call.views.shown(tx, call.viewer_id, [*pins, *ids], context="account")}
        first = [msgspec.structs.replace(shown[id], pinned=True) for id in pins if id in shown]
        views = [*first, *(shown[id] for id in ids if id in shown and id not in pins)]
        return views, next_page(page, asked), collections.of_account(tx, call.viewer_id, account.id)

    found, before, recommended = await call.read(operation)
    path = f"/@{account.username}"
    tabs = [(path, "Posts"), (f"{path}/with_replies", "Posts and replies")]
    if one.presentation.show_media:
        tabs.append((f"{path}/media", "Pictures"))
    values = {
        "one": one,
        "room": account.kind == AccountKind.ROOM,
        "collections": recommended,
        "posts": found,
        "before": before,
        "tabs": tabs,
        "nothing": _nothing(one),
    }
    if call.query.flag("reported"):
        values["notice"] = f"Thank you. Those who look after {call.site.title} will read it."
    return Page("people/profile.html", values, indexed=one.discoverable and all(post.indexed for post in found))


def _nothing(one: ProfileView) -> str:
    if one.room and one.locked and not (one.tie and one.tie.following):
        return "Only who is in the room reads what is said here."
    return "You cannot see these posts." if one.tie and one.tie.blocked_by else "Nothing here yet."


def find(tx: Tx, call: Call, handle: str) -> Account:
    """The account with this username. Raises NotFound."""
    return accounts.by_acct(tx, handle, call.site.domain, call.site.org_id, viewer_id=call.viewer_id)


def _view(tx: Tx, call: Call, handle: str) -> tuple[Account, ProfileView]:
    account = find(tx, call, handle)
    tie = account_lists.relationships(tx, call.viewer_id, [account.id])[0] if call.viewer_id else None
    gone = bool(account.suspended_ms)
    views = call.views
    profile = shown.profile(tx, account, call.site)
    note, fields, named = ("", [], []) if gone else (account.note, profile.fields, profile.named)
    views.look(tx, (account.display_name, note, *(words for one in fields for words in (one.name, one.value))))
    view = ProfileView(
        **msgspec.structs.asdict(views.person(account, tie)),
        header=views.picture(account, account.header, "header.png"),
        presentation=Presentation() if gone else profile.presentation,
        note=note,
        note_html=views.html(note, named),
        fields=[
            FieldView(one.name, views.html(one.value, named, inline=True), views.drawn(one.name)) for one in fields
        ],
        counts=None if gone else profile.state,
        moved_to=_moved_to(tx, account),
        hidden=_why_hidden(tx, account),
    )
    return account, view


def _moved_to(tx: Tx, account: Account) -> str:
    if not account.moved_to_id or account.suspended_ms:
        return ""
    return accounts.get(tx, account.id, account.moved_to_id).username


def _why_hidden(tx: Tx, account: Account) -> str:
    if not account.suspended_ms:
        return ""
    return "This account is deleted." if leaving.is_gone(tx, account.id) else "This account is suspended."


def relate(operation: Callable[[Tx, int, int], object]) -> Callable[..., Awaitable[Page | Go]]:
    """A handler for operation(tx, account, other). htmx gets the parts that changed, a browser the page."""

    async def handler(call: Call, handle: str) -> Page | Go:
        await call.write(_relate, operation, call, handle)
        if not call.is_htmx:
            return Go(call.return_to(f"/@{handle}"))
        one = (await call.read(_view, call, handle))[1]
        values = {"one": one, "with_numbers": bool(call.form.text("with_numbers")), "here": call.return_to(one.path)}
        return Page("people/follow.html", values)

    handler.__name__ = operation.__name__
    return handler


def accept(tx: Tx, account_id: int, asker: int) -> None:
    room_requests.answer_all_of(tx, account_id, asker, accept=True)


def reject(tx: Tx, account_id: int, asker: int) -> None:
    room_requests.answer_all_of(tx, account_id, asker, accept=False)


def _relate(tx: Tx, operation: Callable[[Tx, int, int], object], call: Call, handle: str) -> None:
    operation(tx, call.account_id, find(tx, call, handle).id)
