"""The directories that an organisation sets for itself. A secret is stored sealed, and never shown again."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ...access import roles, sites
from ...config import Settings
from ...errors import Invalid, NotAllowed, too_long, too_many
from ...ports import Tx
from ...store import accounts as account_rows
from ...types import Role
from ...types.directory import Ldap, Oidc, Scim
from ...wording import N_
from .. import settings
from ..scim import roles as scim_roles

SEALED = "sealed:"
TEXT_CHARS_MAX, CA_CHARS_MAX = 500, 20_000
GROUPS_MAX = 100

Wanted = dict[str, Oidc | Ldap | Scim | None]  # "oidc", "ldap", "scim"


def change(tx: Tx, server: Settings, org_id: int, by: int, wanted: Wanted, seal: Callable[[str], str]) -> None:
    """wanted: None: none any more; without a secret: that of before, if it is for the same server.

    Raises InvalidFields, NotAllowed: a group would give a role that is not theirs to give.
    """
    now = sites.at(tx, server, org_id).settings
    chosen: dict[str, Any] = {}
    for name, one in wanted.items():
        if one is not None:
            _check(name, one)
            _check_roles(tx, org_id, by, name, one)
            one = one if isinstance(one, Scim) else _sealed(one, getattr(now, name), seal)
        chosen[name] = one
    settings.change(tx, server, org_id, by, chosen)
    if isinstance(scim := chosen.get("scim"), Scim):
        scim_roles.renew(tx, org_id, scim)


def _sealed(one: Oidc | Ldap, before: Oidc | Ldap | None, seal: Callable[[str], str]) -> Oidc | Ldap:
    name = "client_secret" if isinstance(one, Oidc) else "bind_password"
    secret = getattr(one, name)
    if secret:
        return msgspec.structs.replace(one, **{name: SEALED + seal(secret)})
    same = type(one) is type(before) and _whose(one) == _whose(before)
    return msgspec.structs.replace(one, **{name: getattr(before, name)}) if same else one


def _whose(one: Any) -> tuple[str, str]:
    """Who is told the secret: no other server gets it, whoever writes its address here."""
    return (one.issuer, one.client_id) if isinstance(one, Oidc) else (one.url, one.bind_dn)


def _check_roles(tx: Tx, org_id: int, by: int, name: str, mapping: Oidc | Ldap | Scim) -> None:
    known = roles.find(tx, org_id)
    actor = account_rows.user(tx, by) if by else None
    for role in mapping.roles.values():
        if role not in known.ranks or not role:
            raise Invalid(name, "role", "gives a role that there is not: {role}", role=role[:60])
        if actor and not (known.outranks(actor.role, role) or role == actor.role == Role.OWNER):
            raise NotAllowed("only who may do all that this role may, and more, can give it")


def _check(name: str, one: Oidc | Ldap | Scim) -> None:
    """Raises Invalid."""
    if not isinstance(one, Scim):
        _check_place(name, one)
    for field in one.__struct_fields__:
        _check_texts(name, field, getattr(one, field))
    rooms = 0 if isinstance(one, Scim) else len(one.rooms)
    if (has := len(one.roles) + rooms) > GROUPS_MAX:
        raise too_many(name, GROUPS_MAX, has)


def _check_place(name: str, one: Oidc | Ldap) -> None:
    needed = ("issuer", "client_id") if isinstance(one, Oidc) else ("url", "base", "filter", "login", "key")
    if lacking := [field for field in needed if not getattr(one, field).strip()]:
        raise Invalid(name, "blank", "lacks {lacking}", lacking=lacking[0])
    if isinstance(one, Oidc):
        _check_address(name, one.issuer, "https", "http")
    else:
        _check_address(name, one.url, "ldaps", "ldap")
        if not (one.filter.startswith("(") and one.filter.endswith(")")):
            raise Invalid(name, "filter", "has a filter without brackets: it must be like (objectClass=person)")
        if one.ca and "-----BEGIN CERTIFICATE-----" not in one.ca:
            raise Invalid(name, "ca", "has an authority that is no certificate: it must begin with BEGIN CERTIFICATE")


def _check_address(name: str, url: str, *schemes: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in schemes and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        good = False
    if not good:
        why = N_("must have an address that begins with {scheme}://, got {got!r}")
        raise Invalid(name, "url", why, scheme=schemes[0], got=url[:60])


def _check_texts(name: str, field: str, value: Any) -> None:
    most = CA_CHARS_MAX if field == "ca" else TEXT_CHARS_MAX
    if isinstance(value, dict):
        texts = [*value, *value.values()]
    elif isinstance(value, tuple):
        texts = [*value]
    else:
        texts = str(value).splitlines() if field == "ca" else [str(value)]
    if (has := max((sum(map(len, texts)) if field == "ca" else len(text) for text in texts), default=0)) > most:
        raise too_long(name, most, has)
    if not all(text.isprintable() for text in texts):
        raise Invalid(name, "text", "has a text with signs that cannot be shown")
