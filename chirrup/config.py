"""Settings: defaults, then a TOML file, then CHIRRUP_* in the environment, then the command line; later wins."""

import os
import tomllib
from functools import reduce
from operator import or_
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from .errors import SettingsError
from .types import Rule, SignUps
from .types.directory import Ldap, Oidc, Scim

Role = Literal["all", "web", "stream", "worker"]


NO_PROXY = (
    "the address is https, so a web server stands before it, but CHIRRUP_TRUSTED_PROXIES does not name it: all people "
    "count as one address, whose limits everybody meets"
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, with its default. Names in the environment: CHIRRUP_HOST, CHIRRUP_PORT, …"""

    role: Role = "all"  # what this process does: docs/operate/boxes.md
    host: str = "127.0.0.1"
    port: int = 3000
    url: str = ""  # how people reach it, "https://town.example"; "": http://host:port
    data: Path = Path("data")
    database: str = ""  # "sqlite:PATH" or "postgresql://…"; "": sqlite:<data>/chirrup.db
    database_connections: int = 8  # of each process, for writes, and as many for reads; PostgreSQL only
    database_timeout_s: float = 5.0  # for a read, and on PostgreSQL for one statement; after that the answer is a 503
    database_replica: str = ""  # "postgresql://…": for reads that may be some seconds old; "": none
    broker: str = ""  # "redis://…"; "": in this process
    streaming_url: str = ""  # where clients open streams, "wss://stream.town.example"; "": at url
    mail: str = ""  # "smtp://user:password@mail.town.example", docs/operate/mail.md; "": files in <data>/mail
    confirm_addresses: Literal["with-smtp", "always", "never"] = "with-smtp"  # before a new account may do anything
    dkim_key: Path | None = None  # RSA key that signs mails; None: dkim.pem in the data folder, if there is one
    # Where mails to this server's addresses (r-…@host) come from: "lmtp://127.0.0.1:2424", or a mailbox,
    mail_in: str = ""  # "imaps://user:password@mail.town.example/INBOX": docs/operate/mail.md; "": from nowhere
    mail_in_servers: tuple[str, ...] = ()  # that may connect there, beside those on this machine
    mail_in_networks: tuple[str, ...] = ()  # from which a mail is from whom it says, "192.0.2.0/24"
    mail_in_results: str = ""  # how the mail server calls itself in Authentication-Results, which is believed
    mail_from: str = ""  # "Town <hello@town.example>"; "": no-reply at this server's name
    # Of the server's own network. None: as its staff have chosen it in a browser, or as types/organisations.py says.
    title: str | None = None
    description: str | None = None
    contact_email: str | None = None
    contact_account: str | None = None  # the name of an account that may be written to; "": none
    languages: tuple[str, ...] | None = None  # spoken here; errors are said in the first where nobody asks for another
    rules: tuple[str | Rule, ...] | None = None  # of conduct; in a TOML file with commas, hints, translations
    registrations: SignUps | None = None  # who may make an account
    closed: bool | None = None  # nothing is shown without a login
    trends_approval: bool | None = None  # nothing is shown as a trend before staff have allowed it
    post_chars_max: int | None = None
    oidc: Oidc | None = None  # where its people log in: docs/operate/identity.md
    ldap: Ldap | None = None  # the directory that knows its people
    scim: Scim | None = None  # what another directory tells of them: docs/operate/scim.md
    identity_hosts: tuple[str, ...] = ()  # of directories, "ldap.acme.internal:636": they may be in a private network
    hook_hosts: tuple[str, ...] = ()  # "ci.acme.internal:8080": receivers of hooks in a private network: docs/hooks.md
    dns: str = ""  # "192.0.2.53:53": the server that is asked about domains of organisations; "": the system's
    documents: str = ""  # a folder: docs/operate/documents.md; "": <data>/documents
    link_cards: Literal["open", "always", "never"] = "open"  # pages that posts link are fetched: docs/operate/cards.md
    blobs: str = ""  # "s3://bucket/folder": docs/operate/objects.md; "": the folder <data>/media
    s3_endpoint: str = ""  # of the storage, "https://s3.store.example"; "": Amazon's
    s3_region: str = "us-east-1"
    s3_key: str = ""  # its access key
    s3_secret: str = ""  # and the secret that belongs to it
    media_bytes_max: int = 16 * 1024 * 1024  # of a picture
    film_bytes_max: int = 99 * 1024 * 1024  # of a film or a sound; they are taken where ffmpeg is installed
    secret: str = ""  # for signatures; the same for all processes; "": the file <data>/secret, made when absent
    requests_per_5_min: int = 300  # of an account to the API and the pages; without a login, of an address
    streams_per_account: int = 2000  # open at once in each process, as streams_per_ip; more get a 429
    streams_per_ip: int = 10_000
    connections_per_ip: int = 8192  # at once in each process, streams and those of trusted proxies not counted
    client_head_s: float = 10.0  # how long to wait for a request's first line and headers
    client_still_s: float = 30.0  # how long to wait while a client neither sends the body nor reads the answer
    client_bytes_per_s: int = 1024  # a slow client gets a second more for so many bytes
    testing: bool = False  # accept weak passwords, confirm at once, no throttling: never on a server with people on it
    kit_page: bool = False  # the page /ui, with every part of the kit; `chirrup demo` has it
    trusted_proxies: tuple[str, ...] = ()  # addresses whose X-Forwarded-For and X-Request-Id count
    log_level: str = "info"
    metrics_port: int = 0  # for Prometheus and probes: the first of 16 from here on that is free; 0: none
    metrics_host: str = "127.0.0.1"
    metrics_token: str = ""  # sent as "Authorization: Bearer …"; required if metrics_host is not on loopback
    traces: str = ""  # where OpenTelemetry traces are sent, "http://collector:4318"; "": nowhere
    drain_s: float = 1.0  # how long a process that stops still serves, not ready, while load balancers switch over

    @property
    def documents_folder(self) -> Path:
        return Path(self.documents) if self.documents else self.data / "documents"

    @property
    def base_url(self) -> str:
        if self.url:
            return self.url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'127.0.0.1' if host in ('0.0.0.0', '[::]') else host}:{self.port}"

    @property
    def request_limit(self) -> int:
        """Requests in 5 minutes. Test servers count, but never refuse."""
        return 10_000_000 if self.testing else self.requests_per_5_min

    @property
    def lacks_proxy(self) -> bool:
        """A proxy for TLS is in front of it, but is not trusted to name the clients: see NO_PROXY."""
        return self.url.startswith("https:") and not self.trusted_proxies and self.role != "worker"

    @property
    def connection_limit(self) -> int:
        """Connections of each address. Test servers have many clients at one address."""
        return 100_000 if self.testing else self.connections_per_ip

    @property
    def domain(self) -> str:
        """Host and port as people see them: the part after the second @ of a full handle."""
        return self.base_url.split("://", 1)[1].split("/")[0]

    @property
    def must_confirm(self) -> bool:
        """New users must follow a link sent to their address. Test servers send no mail."""
        if self.confirm_addresses == "with-smtp":
            return bool(self.mail) and not self.testing
        return self.confirm_addresses == "always"

    @property
    def mail_replies(self) -> bool:
        """Mails to this server's addresses reach it."""
        return bool(self.mail_in)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:{self.data / 'chirrup.db'}"


def load(given: dict[str, Any], *, file: Path | None = None, environ: dict[str, str] | None = None) -> Settings:
    """The settings in force. given: from the command line, None where not given.

    Raises SettingsError naming the setting, its source and what is expected.
    """
    environ = dict(os.environ) if environ is None else environ
    file = file or (Path(environ["CHIRRUP_CONFIG"]) if environ.get("CHIRRUP_CONFIG") else None)
    sources: list[tuple[str, dict[str, Any]]] = []
    if file:
        sources.append((str(file), _read_toml(file)))
    known = Settings.__struct_fields__
    sources.append(("the environment", {k: environ[v] for k in known if (v := f"CHIRRUP_{k.upper()}") in environ}))
    sources.append(("the command line", {k: v for k, v in given.items() if v is not None}))

    merged: dict[str, Any] = {}
    for source, values in sources:
        for name, value in values.items():
            if name not in known:
                raise SettingsError(f"{source}: unknown setting {name!r}; known are {', '.join(known)}")
            merged[name] = _typed(source, name, value)
    return Settings(**merged)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except FileNotFoundError as error:
        raise SettingsError(f"no settings file at {file}: write one, or unset CHIRRUP_CONFIG") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error


def _but_none(kind: Any) -> Any:
    """The type of a value that is given: of `str | None`, str."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return reduce(or_, [one for one in kinds if one is not NoneType])


_TYPES = {field.name: _but_none(field.type) for field in msgspec.structs.fields(Settings)}


def _typed(source: str, name: str, value: Any) -> Any:
    kind = _TYPES[name]
    if kind is Path:
        return Path(value)
    if kind is bool and isinstance(value, str):
        value = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}.get(
            value.lower(), value
        )
    if kind in (tuple[str, ...], tuple[str | Rule, ...]) and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        if kind in (Oidc, Ldap, Scim):
            return msgspec.json.decode(value, type=kind) if isinstance(value, str) else msgspec.convert(value, kind)
        return msgspec.convert(value, kind, strict=False)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        shown = "" if kind in (Oidc, Ldap) else f" = {value!r}"  # there is a secret in it
        raise SettingsError(f"{source}: {name}{shown}: {error}") from error
