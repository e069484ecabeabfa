"""What staff may do: roles with permission bits (https://docs.joinmastodon.org/entities/Role/, and some of ours).

Every organisation has the same four roles, and as many of its own as it likes. A role stands above another if it has
all that the other has, and more: so nobody acts on somebody who may do what they may not, and nobody can give what they
do not have (docs/decisions/0064-members-and-roles.md).
"""

from collections.abc import Iterable, Mapping
from enum import IntFlag

from ..ports import Tx
from ..store import org_roles as rows
from ..types import OrgRole, Role, Struct


class Permission(IntFlag):
    ADMINISTRATOR = 0x1  # all of the others, but COMPLIANCE
    DEVOPS = 0x2
    VIEW_AUDIT_LOG = 0x4
    VIEW_DASHBOARD = 0x8
    MANAGE_REPORTS = 0x10
    MANAGE_FEDERATION = 0x20
    MANAGE_SETTINGS = 0x40
    MANAGE_BLOCKS = 0x80
    MANAGE_TAXONOMIES = 0x100
    MANAGE_APPEALS = 0x200
    MANAGE_USERS = 0x400
    MANAGE_INVITES = 0x800
    MANAGE_RULES = 0x1000
    MANAGE_ANNOUNCEMENTS = 0x2000
    MANAGE_CUSTOM_EMOJIS = 0x4000
    MANAGE_WEBHOOKS = 0x8000
    INVITE_USERS = 0x10000
    MANAGE_ROLES = 0x20000
    MANAGE_USER_ACCESS = 0x40000
    DELETE_USER_DATA = 0x80000
    VIEW_FEEDS = 0x100000
    # Ours: what Mastodon has no bit for.
    INVITE_GUESTS = 1 << 32
    MANAGE_ROOMS = 1 << 33  # all rooms of the organisation
    PRIVATE_ROOMS = 1 << 34  # make closed rooms
    MANAGE_IDENTITY = 1 << 35  # domains, directories, single sign-on
    COMPLIANCE = 1 << 36  # search and export whatever was said; in no role: an owner gives it to somebody else
    AUTOMATE = 1 << 37  # rules: what the organisation has done by itself


_P = Permission
MASTODONS = Permission((1 << 32) - 1)
IN_NO_ROLE = _P.ADMINISTRATOR | _P.COMPLIANCE  # of an organisation's own
_MODERATES = _P.VIEW_AUDIT_LOG | _P.VIEW_DASHBOARD | _P.MANAGE_REPORTS | _P.MANAGE_USERS | _P.MANAGE_TAXONOMIES
_ALL = Permission(sum(Permission)) & ~_P.COMPLIANCE
# Whoever has one of these has a place among the pages of staff.
STAFF = (_MODERATES | _P.MANAGE_APPEALS) & ~_P.VIEW_DASHBOARD
# Whoever has one of these has a place below /org.
ORGANISES = (
    _P.VIEW_AUDIT_LOG | _P.MANAGE_SETTINGS | _P.MANAGE_USERS | _P.MANAGE_INVITES | _P.MANAGE_RULES | _P.INVITE_USERS
) | (
    _P.MANAGE_ROLES
    | _P.INVITE_GUESTS
    | _P.MANAGE_IDENTITY
    | _P.COMPLIANCE
    | _P.AUTOMATE
    | _P.ADMINISTRATOR
    | _P.MANAGE_WEBHOOKS
)


class Rank(Struct, frozen=True):
    """What a role is to others."""

    id: int  # Mastodon's of its first roles; -99 is everybody's
    name: str
    permissions: Permission
    highlighted: bool = False  # shown on the profile

    @property
    def all(self) -> Permission:
        """What it may do: for an administrator more than the bits say."""
        return _ALL if self.permissions & Permission.ADMINISTRATOR else self.permissions


RANKS: Mapping[str, Rank] = {
    Role.USER: Rank(-99, "", Permission(0)),
    Role.MODERATOR: Rank(1, "Moderator", _MODERATES | _P.VIEW_FEEDS, highlighted=True),
    Role.ADMIN: Rank(2, "Admin", _ALL & ~(_P.ADMINISTRATOR | _P.DEVOPS), highlighted=True),
    Role.OWNER: Rank(3, "Owner", _P.ADMINISTRATOR, highlighted=True),
}


class Roles(Struct, frozen=True):
    """Those of one organisation, by the name that stands with an account."""

    ranks: Mapping[str, Rank]

    def rank(self, role: str) -> Rank:
        """A role that there is not, or that only a newer version knows, is everybody's."""
        return self.ranks.get(role, RANKS[Role.USER])

    def may(self, role: str, needed: Permission) -> bool:
        """Whether the role has one of the permissions needed. None needed: staff of any kind."""
        return bool(self.rank(role).all & (needed or STAFF))

    def who_may(self, needed: Permission) -> list[str]:
        """The roles that may do it."""
        return [role for role in self.ranks if self.may(role, needed)]

    def outranks(self, role: str, other: str) -> bool:
        """Whether who has role may act on who has the other, and give it."""
        return above(self.rank(role).all, self.rank(other).all)


def above(some: Permission, others: Permission) -> bool:
    """Whether some are all of the others, and more."""
    return some != others and others & some == others


FOUR = Roles(RANKS)


def of_org(own: Iterable[OrgRole]) -> Roles:
    """The four, and an organisation's own."""
    made = {one.name: Rank(one.id, one.name, Permission(one.bits) & ~IN_NO_ROLE) for one in own}
    return Roles({**RANKS, **made}) if made else FOUR


def find(tx: Tx, org_id: int) -> Roles:
    """Those of an organisation. In a request they are known without a query: Site.roles."""
    return of_org(rows.of_org(tx, org_id))
