"""The roles that an organisation makes for itself, beside the four that all have. What they mean: access/roles.py."""

import re
from collections.abc import Iterable

from ..access import roles
from ..access.roles import IN_NO_ROLE, Permission, Rank, Roles, above
from ..errors import Invalid, NotAllowed, NotFound, too_long, too_many
from ..ids import bucket_of
from ..ports import Tx
from ..social import audit, staff, text
from ..store import accounts, members
from ..store import org_roles as rows
from ..types import OrgRole

NAME_CHARS_MAX = 30
MOST = 100
_NAME = re.compile(r"[^\W_][\w &'+.-]*")  # it stands in addresses
GIVABLE = [one for one in Permission if not one & IN_NO_ROLE]  # what a role of an organisation's own may have


def every(tx: Tx, org_id: int) -> list[Rank]:
    """The four, but that of everybody, and then the organisation's own."""
    return [rank for name, rank in roles.find(tx, org_id).ranks.items() if name]


def create(tx: Tx, org_id: int, by: int, name: str, permissions: Permission) -> Rank:
    """by: who makes it; 0: a command. Raises Invalid: the name, too many; NotAllowed: more than they may themselves."""
    name = _named(name)
    staff.one_at_a_time(tx, org_id)
    known = roles.find(tx, org_id)
    taken = {"none", "new", *(one.casefold() for pair in known.ranks.items() for one in (pair[0], pair[1].name))}
    if name.casefold() in taken:
        raise Invalid("name", "taken", "has already been taken")
    if len(rows.of_org(tx, org_id)) >= MOST:
        raise too_many("roles", MOST, MOST + 1)
    _check(tx, known, by, permissions)
    made = OrgRole(name, tx.new_id(bucket_of(org_id)), int(permissions))
    rows.insert(tx, org_id, made)
    audit.note(tx, org_id, by, "add", "role", made.id, name, words(permissions))
    return Rank(made.id, name, permissions)


def change(tx: Tx, org_id: int, by: int, name: str, permissions: Permission) -> Rank:
    """Whoever has the role may do this from now on. Raises NotFound; NotAllowed: it is not below theirs."""
    known = roles.find(tx, org_id)
    one = _own(known, name)
    _check(tx, known, by, one.permissions)
    _check(tx, known, by, permissions)
    rows.set_bits(tx, org_id, name, int(permissions))
    audit.note(tx, org_id, by, "change", "role", one.id, name, words(permissions))
    return Rank(one.id, name, permissions)


def delete(tx: Tx, org_id: int, by: int, name: str) -> None:
    """Raises NotFound; NotAllowed: it is not below theirs, or somebody has it."""
    known = roles.find(tx, org_id)
    one = _own(known, name)
    _check(tx, known, by, one.permissions)
    if have := members.count_with_role(tx, org_id, name):
        raise NotAllowed("{have} accounts have this role: give them another one first", have=have)
    rows.delete(tx, org_id, name)
    audit.note(tx, org_id, by, "remove", "role", one.id, name)


def words(permissions: Permission) -> str:
    """ "invite_users, manage_rooms"."""
    return ", ".join(str(one.name).lower() for one in permissions)


def permissions_of(names: Iterable[str]) -> Permission:
    """The opposite of words(). Raises Invalid."""
    known = {str(one.name).lower(): one for one in GIVABLE}
    found = Permission(0)
    for name in names:
        if name.lower() not in known:
            raise Invalid(
                "permissions", "unknown", "must be of {known}; got {got!r}", known=", ".join(known), got=name[:40]
            )
        found |= known[name.lower()]
    return found


def _named(name: str) -> str:
    name = " ".join(text.clean(name, "name").split())
    if not name:
        raise Invalid("name", "blank", "can't be blank")
    if len(name) > NAME_CHARS_MAX:
        raise too_long("name", NAME_CHARS_MAX, len(name))
    if not _NAME.fullmatch(name):
        raise Invalid(
            "name", "invalid", "must begin with a letter or digit, and have letters, digits, spaces and & ' + . - only"
        )
    return name


def _own(known: Roles, name: str) -> Rank:
    if name in roles.RANKS or name not in known.ranks:
        raise NotFound("role", name)
    return known.ranks[name]


def _check(tx: Tx, known: Roles, by: int, permissions: Permission) -> None:
    """Raises NotAllowed: who acts may not do all of it, and more; Invalid: no role can have it."""
    if permissions & IN_NO_ROLE:
        raise Invalid("permissions", "unknown", "administrator and compliance are in no role that you make")
    if by:
        actor = accounts.user(tx, by)
        if actor is None or not above(known.rank(actor.role).all, permissions):
            raise NotAllowed("only who may do all that this role may, and more, can make, change or remove it")
