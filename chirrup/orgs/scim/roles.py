"""What groups that a directory tells by SCIM give beside rooms: roles, as groups of a provider do."""

from collections.abc import Collection

import msgspec

from ...ports import Tx
from ...store import identities
from ...store import scim as rows
from ...types.directory import AccountIdentity, Mapping, Person, Scim
from ..directory import groups

ISSUER = "SCIM"  # of identities that say what a role was given by
STEP = 500


def renew(tx: Tx, org_id: int, scim: Scim) -> None:
    """To everybody, after another mapping was chosen."""
    had: list[AccountIdentity] = []
    while page := identities.page(tx, org_id, ISSUER, after=had[-1].account_id if had else 0, limit=STEP):
        had += page
    there = _subjects_by_group(tx, org_id, scim)
    _give(tx, org_id, scim, there, {one.account_id for one in had}.union(*there.values()))


def give(tx: Tx, org_id: int, scim: Scim, account_ids: Collection[int]) -> None:
    """To those who came into a group or left it. What the directory gave it takes away; nothing else."""
    _give(tx, org_id, scim, _subjects_by_group(tx, org_id, scim), account_ids)


def _give(tx: Tx, org_id: int, scim: Scim, there: dict[str, dict[int, str]], account_ids: Collection[int]) -> None:
    for account_id in sorted(account_ids):
        of = tuple(group for group, people in there.items() if account_id in people)
        if of:
            identities.insert(tx, AccountIdentity(account_id, org_id, ISSUER, there[of[0]][account_id]))
        groups.give(tx, account_id, Person(ISSUER, "", groups=of), Mapping(scim.roles))


def _subjects_by_group(tx: Tx, org_id: int, scim: Scim) -> dict[str, dict[int, str]]:
    """Of each group that gives a role: account -> the id of its user. Names of groups are in any case. Two queries."""
    names = {name.casefold(): name for name in scim.roles}
    found = rows.groups_named(tx, org_id, list(names)) if names else []
    users = {one.id: _user_ids(one.body) for one in found}
    accounts = rows.accounts_of(tx, org_id, set().union(*users.values())) if any(users.values()) else {}
    there: dict[str, dict[int, str]] = {name: {} for name in scim.roles}
    for one in found:
        there[names[one.name]] |= {accounts[id]: str(id) for id in users[one.id] if id in accounts}
    return there


def _user_ids(body: str) -> set[int]:
    members = msgspec.json.decode(body).get("members") or []
    return {int(one["value"]) for one in members if str(one.get("value", "")).isdigit()}
