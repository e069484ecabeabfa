"""Organisations: made, closed and listed by whoever runs the server. Their sites: access/sites.py."""

import re

import msgspec

from ..errors import Invalid, NotFound, too_long
from ..ids import random_bucket
from ..ports import Tx
from ..social import text
from ..store import orgs as rows
from ..types import Org

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?")
TITLE_CHARS_MAX = 60
_HOST = re.compile(r"(?=.{1,253}(?::|$))[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
STEP = 500


def create(tx: Tx, name: str, host: str, *, title: str = "", closed: bool = False, own_host: str = "") -> Org:
    """A new organisation, whose site is at host. own_host: of the server's own network.

    Raises Invalid: name, host or title is malformed or taken.
    """
    check_name(tx, name)
    host = checked_host(host, own_host)
    title = text.clean(title, "title") or name
    if len(title) > TITLE_CHARS_MAX:
        raise too_long("title", TITLE_CHARS_MAX, len(title))
    org = Org(tx.new_id(random_bucket()), name, title, host, int(closed))
    while not rows.insert(tx, org):  # another process drew the same id
        org = msgspec.structs.replace(org, id=tx.new_id(random_bucket()))
    claim(tx, host, org.id)
    return org


def check_name(tx: Tx, name: str) -> None:
    """Raises Invalid: it is malformed or taken."""
    if not NAME.fullmatch(name):
        raise Invalid("name", "invalid", "must have 1 to 30 of a-z, 0-9 and -, like acme; got {got!r}", got=name[:60])
    if any(one.name == name for one in every(tx)):
        raise Invalid(
            "name", "taken", "is taken: there is an organisation {name}; `chirrup org list` shows all", name=name
        )


def checked_host(host: str, own_host: str) -> str:
    """In its normal form. own_host: of the server's own network. Raises Invalid: it is malformed, or that one."""
    host = text.host_key(host.strip())
    if not _HOST.fullmatch(host) or ".." in host:
        raise Invalid(
            "host",
            "invalid",
            "must be a host without https:// or a path, like social.acme.example; got {got!r}",
            got=host[:60],
        )
    if host == own_host:
        raise Invalid(
            "host",
            "taken",
            "is the server's own: give the organisation a host beside {host}, like social.{host}",
            host=host,
        )
    return host


def claim(tx: Tx, host: str, org_id: int) -> None:
    """From the end of the transaction on, its site is there. Raises Invalid: another one's is."""
    if not rows.claim_host(tx, host, org_id):
        raise Invalid(
            "host", "taken", "is taken: an organisation is at {host}; `chirrup org list` shows all", host=host
        )


def close(tx: Tx, name: str, *, closed: bool = True) -> Org:
    """From now on its site shows nothing without a login, or does again. Raises NotFound."""
    org = named(tx, name)
    rows.set_closed(tx, org.id, closed=closed)
    return org


def named(tx: Tx, name: str) -> Org:
    """By its name. Raises NotFound: there is none, or it has closed for good."""
    for one in every(tx):
        if one.name == name and not one.ended_ms:
            return one
    raise NotFound("organisation", name)


def every(tx: Tx) -> list[Org]:
    """The oldest first, also those that have closed for good and are being deleted."""
    found: list[Org] = []
    while page := rows.page(tx, after=found[-1].id if found else 0, limit=STEP):
        found += page
    return found
