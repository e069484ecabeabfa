"""What staff may do: roles with Mastodon's permission bits (https://docs.joinmastodon.org/entities/Role/).

There are four roles, which commands give; nobody gives or takes one over the API. Everybody acts only on those whose
role stands below their own.
"""

from enum import IntFlag

from ..types import Role, Struct


class Permission(IntFlag):
    ADMINISTRATOR = 0x1  # all of the others
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


_P = Permission
_MODERATES = _P.VIEW_AUDIT_LOG | _P.VIEW_DASHBOARD | _P.MANAGE_REPORTS | _P.MANAGE_USERS | _P.MANAGE_TAXONOMIES
_ALL = Permission(sum(Permission))


class Rank(Struct, frozen=True):
    """What a role is to others."""

    id: int  # Mastodon's of its first roles; -99 is everybody's
    name: str
    height: int  # whose is higher may act on whose is lower
    permissions: Permission
    highlighted: bool  # shown on the profile


RANKS: dict[Role, Rank] = {
    Role.USER: Rank(-99, "", 0, Permission(0), highlighted=False),
    Role.MODERATOR: Rank(1, "Moderator", 10, _MODERATES | _P.VIEW_FEEDS, highlighted=True),
    Role.ADMIN: Rank(2, "Admin", 100, _ALL & ~(_P.ADMINISTRATOR | _P.DEVOPS), highlighted=True),
    Role.OWNER: Rank(3, "Owner", 1000, _P.ADMINISTRATOR, highlighted=True),
}
BY_ID = {rank.id: role for role, rank in RANKS.items()}


def rank(role: str) -> Rank:
    """Of a role as it stands in the database; what only a newer version knows is everybody's."""
    return RANKS[Role(role) if role in RANKS else Role.USER]


def may(role: str, needed: Permission) -> bool:
    """Whether the role has one of the permissions needed. None needed: staff of any kind."""
    has = rank(role).permissions
    return bool(has & Permission.ADMINISTRATOR or has & needed or (has and not needed))


def who_may(needed: Permission) -> list[Role]:
    """The roles that may do it."""
    return [role for role in Role if may(role, needed)]


def outranks(role: str, other: str) -> bool:
    """Whether who has role may act on who has the other."""
    return rank(role).height > rank(other).height
