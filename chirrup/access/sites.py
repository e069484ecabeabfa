"""Whose site a request is for: its Host names an organisation, with a name, an address and texts of its own.

A Host that no organisation has is the server's own network: a server is also reached by 127.0.0.1, by its address in a
network, or through a proxy that sends another name (docs/decisions/0037-sites.md).
"""

import re
import time
from pathlib import Path
from urllib.parse import urlsplit

from ..config import Rule, Settings
from ..errors import NotFound
from ..ports import Database, Tx
from ..store import orgs
from ..types import Account, Org, Struct
from .barred import Barred

FRESH_S = 1.0  # what is known of a host is looked up again after this, on every process
KEPT = 10_000  # hosts; strangers can invent them
_NAME = re.compile(r"(?=.*[a-z])[a-z0-9.-]+")  # of a host; numbers alone are an address


class Site(Struct, frozen=True):
    """An organisation as those see it who come to its address."""

    org_id: int  # 0: the server's own network
    base_url: str  # "https://town.example"
    title: str
    description: str
    contact_email: str
    contact_account: str  # its name; "": none
    documents: Path | None  # the folder of its documents: social/documents.py; None: it has none
    languages: tuple[str, ...]  # spoken here, the main one first
    rules: tuple[Rule, ...]
    registrations: bool  # whoever wants to may sign up
    approval: bool  # staff let new accounts in, one by one
    streaming_url: str
    post_chars_max: int
    trends_approval: bool = False  # staff allow what may be shown as a trend
    closed: bool = False  # nothing is shown without a login

    @property
    def domain(self) -> str:
        """Host and port as people see them: the part after the second @ of a full handle."""
        return self.base_url.split("://", 1)[1].split("/")[0]

    @property
    def mail_domain(self) -> str:
        """The host in addresses and ids of mails: a name, where the site has one."""
        host = urlsplit(self.base_url).hostname or ""
        return host if _NAME.fullmatch(host) else "localhost"


def own(settings: Settings) -> Site:
    """The server's own network."""
    base_url = settings.base_url
    return Site(
        org_id=0,
        base_url=base_url,
        title=settings.title,
        description=settings.description,
        contact_email=settings.contact_email,
        contact_account=settings.contact_account.removeprefix("@"),
        documents=settings.documents_folder,
        languages=settings.languages,
        rules=tuple(Rule(one) if isinstance(one, str) else one for one in settings.rules),
        registrations=settings.registrations != "closed",
        approval=settings.registrations == "approval",
        streaming_url=settings.streaming_url.rstrip("/") or _streaming(base_url),
        post_chars_max=settings.post_chars_max,
        trends_approval=settings.trends_approval,
    )


def of_org(settings: Settings, org: Org) -> Site:
    """An organisation's: reached like the server's own network, by http or https, at a host of its own."""
    base_url = f"{settings.base_url.split('://', 1)[0]}://{org.host}"
    return Site(
        org_id=org.id,
        base_url=base_url,
        title=org.title,
        description="",
        contact_email="",
        contact_account="",
        documents=None,
        languages=settings.languages,
        rules=(),
        registrations=settings.registrations != "closed" and not org.closed,
        approval=settings.registrations == "approval",
        streaming_url=_streaming(base_url),
        post_chars_max=settings.post_chars_max,
        trends_approval=settings.trends_approval,
        closed=bool(org.closed),
    )


def of_account(tx: Tx, settings: Settings, account: Account) -> Site:
    """Where it belongs, for what is said outside of a request. Raises NotFound: its organisation is no more."""
    if not account.org_id:
        return own(settings)
    org = orgs.by_id(tx, account.org_id)
    if org is None:
        raise NotFound("organisation", account.org_id)
    return of_org(settings, org)


def _streaming(base_url: str) -> str:
    return "ws" + base_url.removeprefix("http")


def host_of(header: str, scheme: str) -> str:
    """The Host of a request as hosts are kept: in lower case, without the port that needs no saying."""
    return header.strip().lower().removesuffix(":443" if scheme == "https" else ":80")


class Sites:
    """One per process."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self.own = own(settings)
        self.barred = Barred(db)
        self._settings, self._db = settings, db
        self._scheme = self.own.base_url.split("://", 1)[0]
        self._own_host = host_of(self.own.domain, self._scheme)
        self._known: dict[str, tuple[float, Site]] = {}

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
        org = await self._db.read(_org_of, host)
        site = of_org(self._settings, org) if org else self.own
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[host] = (time.monotonic() + FRESH_S, site)
        return site


def _org_of(tx: Tx, host: str) -> Org | None:
    org_id = orgs.id_by_host(tx, host) if host.isprintable() else 0
    return orgs.by_id(tx, org_id) if org_id else None
