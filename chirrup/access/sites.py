"""Whose site a request is for: its Host names an organisation, with a name, an address and texts of its own.

A Host that no organisation has is the server's own network: a server is also reached by 127.0.0.1, by its address in a
network, or through a proxy that sends another name (docs/decisions/0037-sites.md).
"""

import asyncio
import itertools
import re
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ..config import Settings
from ..errors import NotFound
from ..events import Signal
from ..ports import Broker, Database, Tx
from ..store import orgs
from ..types import Account, Org, OrgSettings, Rule, Struct, Viewer
from ..waiting import keep_fresh
from . import networks, roles
from .barred import Barred
from .roles import FOUR, Permission, Roles

FRESH_S = 1.0  # what is known of a host is looked up again after this, on every process
KEPT = 10_000  # hosts; strangers can invent them
CHANNEL = "sites"  # of the broker: what an organisation has chosen has changed
_NAME = re.compile(r"(?=.*[a-z])[a-z0-9.-]+")  # of a host; numbers alone are an address
_KEYS = OrgSettings.__struct_fields__
BOUNDED = ("media_bytes_max", "film_bytes_max")  # no organisation has more than the server says
# What the server says is for all sites.
_SHARED = ("languages", "registrations", "trends_approval", "post_chars_max", *BOUNDED)


class Site(Struct, frozen=True):
    """An organisation as those see it who come to its address."""

    org_id: int  # 0: the server's own network
    base_url: str  # "https://town.example"
    streaming_url: str
    documents: Path | None  # the folder of its documents: social/documents.py; None: it has none
    settings: OrgSettings
    roles: Roles = FOUR
    turned: int = 0  # Org.media_epoch
    closing_ms: int = 0  # when it closes for good; 0: it does not

    @property
    def title(self) -> str:
        return self.settings.title

    @property
    def description(self) -> str:
        return self.settings.description

    @property
    def contact_email(self) -> str:
        return self.settings.contact_email

    @property
    def contact_account(self) -> str:
        return self.settings.contact_account

    @property
    def languages(self) -> tuple[str, ...]:
        return self.settings.languages

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self.settings.rules

    @property
    def registrations(self) -> bool:
        """Some who have no account yet may make one."""
        mode = self.settings.registrations
        open_to_some = mode == "domain" or (mode in ("open", "approval") and not self.settings.closed)
        return open_to_some and not self.owners_only

    @property
    def owners_only(self) -> bool:
        """Nobody else logs in with a password of ours, or signs up: a directory knows its people."""
        return any(one.only for one in (self.settings.oidc, self.settings.ldap) if one)

    @property
    def by_domain(self) -> bool:
        """They need an address of a domain that is proved to be the organisation's. A closed one may have it so."""
        return self.settings.registrations == "domain"

    @property
    def approval(self) -> bool:
        """Staff let new accounts in, one by one."""
        return self.settings.registrations == "approval"

    @property
    def post_chars_max(self) -> int:
        return self.settings.post_chars_max

    @property
    def media_bytes_max(self) -> int:
        return self.settings.media_bytes_max

    @property
    def film_bytes_max(self) -> int:
        return self.settings.film_bytes_max

    @property
    def trends_approval(self) -> bool:
        return self.settings.trends_approval

    @property
    def closed(self) -> bool:
        """Nothing is shown without a login."""
        return self.settings.closed

    @property
    def domain(self) -> str:
        """Host and port as people see them: the part after the second @ of a full handle."""
        return self.base_url.split("://", 1)[1].split("/")[0]

    @property
    def mail_domain(self) -> str:
        """The host in addresses and ids of mails: a name, where the site has one."""
        host = urlsplit(self.base_url).hostname or ""
        return host if _NAME.fullmatch(host) else "localhost"

    @property
    def media_epoch(self) -> int:
        """Addresses of files of before have ended. An open network of strangers has none: there somebody goes each
        minute."""
        return self.turned if self.org_id or self.closed else 0

    def lets_in(self, ip: str) -> bool:
        """Whether the site may be used from this address."""
        return networks.holds(self.settings.ip_ranges, ip)

    def may(self, viewer: Viewer, needed: Permission) -> bool:
        """Whether the viewer has one of these permissions here. None needed: staff of any kind."""
        return self.roles.may(viewer.role, needed) or bool(viewer.compliance and needed & Permission.COMPLIANCE)


def said(settings: Settings) -> dict[str, Any]:
    """What the server's settings say about its own network, by name of OrgSettings: nobody else can choose that."""
    found = {name: value for name in _KEYS if (value := getattr(settings, name, None)) is not None}
    if "rules" in found:
        found["rules"] = numbered([Rule(one) if isinstance(one, str) else one for one in found["rules"]])
    if "contact_account" in found:
        found["contact_account"] = found["contact_account"].removeprefix("@")
    return found


def numbered(rules: Iterable[Rule], last_id: int = 0) -> tuple[Rule, ...]:
    """The rules, where those without an id have the next ones: of rules that a file lists, their places in it."""
    rules = tuple(rules)
    ids = itertools.count(max([last_id, *(one.id for one in rules)]) + 1)
    return tuple(one if one.id else msgspec.structs.replace(one, id=next(ids)) for one in rules)


def own(settings: Settings, org: Org | None = None, known: Roles = FOUR) -> Site:
    """The server's own network. org: its row, with what its staff have chosen; known: its roles."""
    base_url = settings.base_url
    return Site(
        org_id=0,
        base_url=base_url,
        streaming_url=settings.streaming_url.rstrip("/") or _streaming(base_url),
        documents=settings.documents_folder,
        settings=chosen_of((org.chosen if org else {}) | said(settings)),
        roles=known,
        turned=org.media_epoch if org else 0,
    )


def of_org(settings: Settings, org: Org, known: Roles = FOUR) -> Site:
    """An organisation's: reached like the server's own network, by http or https, at a host of its own."""
    base_url = f"{settings.base_url.split('://', 1)[0]}://{org.host}"
    shared = {name: value for name, value in said(settings).items() if name in _SHARED}
    return Site(
        org_id=org.id,
        base_url=base_url,
        streaming_url=_streaming(base_url),
        documents=None,
        settings=chosen_of(shared | org.chosen | _bounded(settings, org.chosen)),
        roles=known,
        turned=org.media_epoch,
        closing_ms=org.closing_ms,
    )


def _bounded(settings: Settings, chosen: Mapping[str, Any]) -> dict[str, int]:
    """The server may have got a lower limit since it was chosen."""
    return {name: min(chosen[name], getattr(settings, name)) for name in BOUNDED if name in chosen}


def of_row(settings: Settings, org: Org | None) -> Site:
    """org: None: of the server's own network, for which nothing is chosen."""
    return of_org(settings, org) if org and org.id else own(settings, org)


def chosen_of(chosen: Mapping[str, Any]) -> OrgSettings:
    """Keys that only a newer version knows are left out. Raises ValidationError: a value is of the wrong kind."""
    found = msgspec.convert({name: one for name, one in chosen.items() if name in _KEYS}, OrgSettings)
    if all(one.id for one in found.rules):
        return found
    return msgspec.structs.replace(found, rules=numbered(found.rules))


def at(tx: Tx, settings: Settings, org_id: int) -> Site:
    """That of the organisation, for what is said outside of a request. Raises NotFound: it is no more."""
    org = orgs.by_id(tx, org_id)
    if org_id and org is None:
        raise NotFound("organisation", org_id)
    return of_row(settings, org)


def of_account(tx: Tx, settings: Settings, account: Account) -> Site:
    """Where it belongs. Raises NotFound: its organisation is no more."""
    return at(tx, settings, account.org_id)


def _streaming(base_url: str) -> str:
    return "ws" + base_url.removeprefix("http")


def host_of(header: str, scheme: str) -> str:
    """The Host of a request as hosts are kept: in lower case, without the port that needs no saying."""
    return header.strip().lower().removesuffix(":443" if scheme == "https" else ":80")


class Sites:
    """One per process. The server's own network is read again by a task, so that no request waits for it."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self.own = own(settings)
        self.barred = Barred(db)
        self._settings, self._db = settings, db
        self._scheme = self.own.base_url.split("://", 1)[0]
        self._own_host = host_of(self.own.domain, self._scheme)
        self._own_row: tuple[Org | None, Roles] = None, FOUR
        self._known: dict[str, tuple[float, Site]] = {}
        self._broker: Broker | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def known(self, header: str) -> Site | None:
        """The site of a Host header, where that needs no look-up."""
        if header == self.own.domain:  # as nearly every request spells it
            return self.own
        host = host_of(header, self._scheme)
        if host == self._own_host or not host:
            return self.own
        kept = self._known.get(host)
        return kept[1] if kept and kept[0] > time.monotonic() else None

    async def find(self, header: str) -> Site:
        """The same, looked up where it must be. While the database is away: as it was when last seen, if it was.

        Raises Unavailable.
        """
        if site := self.known(header):
            return site
        host = host_of(header, self._scheme)
        org, known = await self._db.read(_org_of, host)
        site = of_org(self._settings, org, known) if org else self.own
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[host] = (time.monotonic() + FRESH_S, site)
        return site

    async def now(self, org_ids: Collection[int]) -> dict[int, Site]:
        """Those of org_ids that are there, as the database has them: one query, none for the server's own."""
        own = {0: self.own} if 0 in org_ids else {}
        others = [id for id in org_ids if id]
        rows = await self._db.read(orgs.by_ids, others) if others else {}
        return own | {id: of_org(self._settings, org) for id, org in rows.items() if not org.ended_ms}

    async def renewed(self, site: Site) -> Site:
        """The site after a change. This process knows it from now on, and the others hear of it."""
        self._forget()
        if self._broker:
            await self._broker.publish([CHANNEL], Signal("sites", site.org_id, 0).packed)
        if site.org_id:
            return await self.find(site.domain)
        await self.load()
        return self.own

    async def load(self) -> None:
        """The server's own network as it is now."""
        row = await self._db.read(_with_roles, 0)
        if row != self._own_row:
            self._own_row, self.own = row, own(self._settings, *row)

    async def start(self, broker: Broker) -> None:
        self._broker = broker
        await broker.listen([CHANNEL], lambda *_: self._hear(), on_gap=self._hear)
        self._changed.set()
        self._task = asyncio.ensure_future(
            keep_fresh(self._changed, FRESH_S, self.load, "the settings of this site are not read, trying again")
        )
        await self.barred.start(broker)

    async def stop(self) -> None:
        await self.barred.stop()
        if self._task:
            self._task.cancel()

    def _forget(self) -> None:
        self._known.clear()

    def _hear(self) -> None:
        self._forget()
        self._changed.set()


def _org_of(tx: Tx, host: str) -> tuple[Org | None, Roles]:
    org_id = orgs.id_by_host(tx, host) if host.isprintable() else 0
    return _with_roles(tx, org_id) if org_id else (None, FOUR)


def _with_roles(tx: Tx, org_id: int) -> tuple[Org | None, Roles]:
    return orgs.by_id(tx, org_id), roles.find(tx, org_id)
