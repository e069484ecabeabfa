"""The tables that are taken out and brought in: whom an account follows, blocks and mutes, its lists and bookmarks.

Each is told once: what stands in it now, how a row is written, and what a row of a file means.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from ...access import visibility
from ...errors import Invalid, NotAllowed, NotFound
from ...ids import ID_MAX
from ...ports import Tx
from ...store import accounts as account_rows
from ...store import blocks_and_mutes, reactions
from ...store import follows as follow_rows
from ...store import lists as list_rows
from ...types import Span
from .. import accounts, blocked_domains, follows, lists, text
from .. import reactions as marks
from .csv_files import Layout

Cells = Sequence[str]


class Owner(msgspec.Struct, frozen=True):
    """Whose tables, and where."""

    account_id: int
    base_url: str  # of the site
    org_id: int

    @property
    def domain(self) -> str:
        return self.base_url.split("://", 1)[1]


class Table(msgspec.Struct, frozen=True):
    """One table. An entry is what it has rows of: an account id, a post id, a domain, …"""

    layout: Layout
    page: Callable[[Tx, int, Span], list[tuple[int, Any]]]  # (id that rises with time, entry)
    write: Callable[[Tx, Owner, list[Any]], list[Cells]]  # the rows of entries, in their order
    read: Callable[[Tx, Owner, list[Cells]], list[Any]]  # the entry of each row, known or not
    add: Callable[[Tx, Owner, Any, Cells], None]  # harmless when repeated
    remove: Callable[[Tx, int, Any], None]  # harmless when repeated
    part: Callable[[Any], object] = lambda _: 0  # of the table; a file that replaces it leaves other parts alone


def out(tx: Tx, kind: str, owner: Owner, after: int, limit: int) -> tuple[list[Cells], int]:
    """(rows, where the next page starts; 0: there is none), oldest first."""
    table = TABLES[kind]
    found = table.page(tx, owner.account_id, Span(ID_MAX, after, limit, oldest=True))
    found.sort(key=lambda one: one[0])
    return table.write(tx, owner, [entry for _, entry in found]), found[-1][0] if len(found) == limit else 0


# accounts


def ids_of(tx: Tx, owner: Owner, addresses: Iterable[str]) -> list[int]:
    """The ids of accounts by their addresses; 0: there is none. One query."""
    keys = [_key(owner, address) for address in addresses]
    found = account_rows.ids_by_names(tx, set(keys) - {""})
    return [found.get(key, 0) for key in keys]


def _key(owner: Owner, address: str) -> str:
    name, _, host = address.strip().removeprefix("@").partition("@")
    if not text.is_valid_username(name):
        return ""
    return accounts.name_key(owner.org_id, name, "" if text.is_ours(host, owner.domain) else host)


def _addresses(tx: Tx, owner: Owner, ids: Collection[int]) -> dict[int, str]:
    return {id: one.acct if one.host else f"{one.username}@{owner.domain}" for id, one in _found(tx, ids).items()}


def _found(tx: Tx, ids: Collection[int]) -> dict[int, Any]:
    return account_rows.by_ids(tx, ids)


def _by_first(tx: Tx, owner: Owner, rows: list[Cells]) -> list[int]:
    return ids_of(tx, owner, [cells[0] for cells in rows])


def _known(id: int) -> int:
    if not id:
        raise NotFound("account")
    return id


def _write_addresses(tx: Tx, owner: Owner, ids: list[int]) -> list[Cells]:
    known = _addresses(tx, owner, ids)
    return [(known[id],) for id in ids if id in known]


def _write_followees(tx: Tx, owner: Owner, ids: list[int]) -> list[Cells]:
    known, options = _addresses(tx, owner, ids), follow_rows.among(tx, owner.account_id, ids)
    return [
        (known[id], _said(one.show_boosts), _said(one.notify), ", ".join(one.languages.split()))
        for id in ids
        if id in known and (one := options.get(id))
    ]


def _follow(tx: Tx, owner: Owner, id: int, cells: Cells) -> None:
    if blocks_and_mutes.blocked_among(tx, owner.account_id, [_known(id)]):
        raise NotAllowed("you block this account")
    _, show_boosts, notify, languages = cells
    follows.follow(
        tx,
        owner.account_id,
        id,
        show_boosts=_meant(show_boosts),
        notify=_meant(notify),
        languages=tuple(re.split(r"[\s,]+", languages)) if languages else None,
    )


def _block(tx: Tx, owner: Owner, id: int, cells: Cells) -> None:
    follows.block(tx, owner.account_id, _known(id))


def _write_muted(tx: Tx, owner: Owner, ids: list[int]) -> list[Cells]:
    known, mutes = _addresses(tx, owner, ids), blocks_and_mutes.mutes_of(tx, owner.account_id, ids)
    return [(known[id], _said(mutes[id][0])) for id in ids if id in known and id in mutes]


def _mute(tx: Tx, owner: Owner, id: int, cells: Cells) -> None:
    follows.mute(tx, owner.account_id, _known(id), notifications=_meant(cells[1]) is not False)


def _said(on: object) -> str:
    return "true" if on else "false"


def _meant(cell: str) -> bool | None:
    """None: it says nothing. Raises Invalid."""
    if not cell:
        return None
    if cell.casefold() not in ("true", "false"):
        raise Invalid("table", "unknown", "must have true or false there, has {got!r}", got=cell[:40])
    return cell.casefold() == "true"


# lists: an entry is (title, account id)


def _write_members(tx: Tx, owner: Owner, entries: list[tuple[str, int]]) -> list[Cells]:
    known = _addresses(tx, owner, {id for _, id in entries})
    return [(title, known[id]) for title, id in entries if id in known]


def _read_members(tx: Tx, owner: Owner, rows: list[Cells]) -> list[tuple[str, int]]:
    return [(cells[0], id) for cells, id in zip(rows, ids_of(tx, owner, [cells[1] for cells in rows]), strict=True)]


def _list_named(tx: Tx, owner_id: int, title: str) -> int:
    """0: there is none."""
    return next((one.id for one in lists.owned(tx, owner_id) if one.title == title), 0)


def _add_member(tx: Tx, owner: Owner, entry: tuple[str, int], cells: Cells) -> None:
    """Only who is followed can be on a list, so this follows as well. One list of that name is made if need be."""
    title, me = entry[0], owner.account_id
    id = _known(entry[1])
    if id != me and not follow_rows.get(tx, me, id):
        follows.follow(tx, me, id)
        if not follow_rows.get(tx, me, id):
            raise NotAllowed("this account has to accept your follow first: ask it, then bring the list in again")
    chosen = _list_named(tx, me, title) or lists.create(tx, me, lists.ListChange(title=title)).id
    if not list_rows.with_member(tx, id, [chosen]):
        lists.add(tx, me, chosen, [id])


def _remove_member(tx: Tx, owner_id: int, entry: tuple[str, int]) -> None:
    if chosen := _list_named(tx, owner_id, entry[0]):
        lists.remove(tx, owner_id, chosen, [entry[1]])


# bookmarks: an entry is the id of a post

_POST = re.compile(r"/@[A-Za-z0-9_]{1,30}/([0-9]{1,19})/?")


def _bookmarks(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    return reactions.page_of_posts(tx, "bookmarks", account_id, span)


def _write_posts(tx: Tx, owner: Owner, ids: list[int]) -> list[Cells]:
    """Without those that the owner may not see any more."""
    seen = visibility.see(tx, owner.account_id, ids).posts
    authors = _found(tx, {post.author_id for post in seen.values()})
    return [
        (f"{owner.base_url}/@{author.username}/{id}",)
        for id in ids
        if id in seen and (author := authors.get(seen[id].author_id))
    ]


def marked(tx: Tx, owner: Owner, mark: str, after: int, limit: int) -> tuple[list[str], int]:
    """(addresses of posts with this mark, where the next page starts; 0: there is none), oldest mark first."""
    found = sorted(reactions.page_of_posts(tx, mark, owner.account_id, Span(ID_MAX, after, limit, oldest=True)))
    addresses = [address for address, *_ in _write_posts(tx, owner, [post_id for _, post_id in found])]
    return addresses, found[-1][0] if len(found) == limit else 0


def _read_posts(tx: Tx, owner: Owner, rows: list[Cells]) -> list[int]:
    found = [_POST.fullmatch(uri.removeprefix(owner.base_url)) for uri, *_ in rows]
    return [min(int(match[1]), ID_MAX) if match else 0 for match in found]


def _bookmark(tx: Tx, owner: Owner, id: int, cells: Cells) -> None:
    if not id:
        raise NotFound("post")
    marks.bookmark(tx, owner.account_id, id)


def _unbookmark(tx: Tx, account_id: int, id: int) -> None:
    with suppress(NotFound):  # deleted meanwhile
        marks.unbookmark(tx, account_id, id)


# domains: an entry is one, in its normal form


def _write_domains(tx: Tx, owner: Owner, domains: list[str]) -> list[Cells]:
    return [(domain,) for domain in domains]


def _read_domains(tx: Tx, owner: Owner, rows: list[Cells]) -> list[str]:
    return [text.host_key(cells[0]) for cells in rows]


def _block_domain(tx: Tx, owner: Owner, domain: str, cells: Cells) -> None:
    blocked_domains.block(tx, owner.account_id, domain, owner.domain)


_ADDRESS = "Account address"
TABLES = {
    "following": Table(
        Layout("following_accounts.csv", (_ADDRESS, "Show boosts", "Notify on new posts", "Languages"), headed=True),
        follow_rows.following,
        _write_followees,
        _by_first,
        _follow,
        follows.unfollow,
    ),
    "lists": Table(
        Layout("lists.csv", ("List name", _ADDRESS), needed=2),
        list_rows.entries,
        _write_members,
        _read_members,
        _add_member,
        _remove_member,
        part=lambda entry: entry[0],
    ),
    "blocked": Table(
        Layout("blocked_accounts.csv", (_ADDRESS,)),
        blocks_and_mutes.blocks_page,
        _write_addresses,
        _by_first,
        _block,
        follows.unblock,
    ),
    "muted": Table(
        Layout("muted_accounts.csv", (_ADDRESS, "Hide notifications"), headed=True),
        blocks_and_mutes.mutes_page,
        _write_muted,
        _by_first,
        _mute,
        follows.unmute,
    ),
    "domains": Table(
        Layout("blocked_domains.csv", ("#domain",)),
        blocked_domains.blocked,
        _write_domains,
        _read_domains,
        _block_domain,
        blocked_domains.unblock,
    ),
    "bookmarks": Table(
        Layout("bookmarks.csv", ("#uri",)), _bookmarks, _write_posts, _read_posts, _bookmark, _unbookmark
    ),
}
LAYOUTS = [table.layout for table in TABLES.values()]
