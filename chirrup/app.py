"""The wiring: the only file that knows every engine. `build` makes a server, `serve` runs it."""

import asyncio
import shlex
import shutil
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial

import msgspec
import structlog
from rich.console import Console

from . import folder, logs, programs, serving, traces
from .access import signing
from .access.passwords import Passwords
from .access.sites import Sites
from .access.sites import own as own_site
from .actions import watch
from .actions.hooks_out import listening
from .config import NO_PROXY, Settings
from .engines.blobs.disk import DiskBlobs
from .engines.broker.memory import MemoryBroker
from .engines.database.sqlite import SqliteDatabase
from .engines.directory.plugs import Plugs
from .engines.limits.memory import MemoryLimits
from .engines.mailer.folder import FolderMailer
from .engines.outgoing.client import GuardedHttp
from .engines.pusher.web_push import WebPush
from .engines.resolver.system import SystemResolver
from .engines.search.sqlite_fts import SqliteFts
from .engines.timelines.memory import MemoryTimelines
from .errors import SettingsError
from .http import call
from .http.application import Application
from .http.auth import Authenticator
from .http.health import Health
from .http.router import Endpoint
from .http.scrape import Scrape
from .mastodon.call import Services
from .mastodon.problems import words
from .mastodon.render import Renderer
from .orgs import first_run
from .ports import Blobs, Broker, Database, Engines, Limits, Mailer, Resolver, Timelines
from .serving import Built, server_config
from .social import mail_prefs
from .social.media_addresses import Addresses
from .social.shown import Known
from .store import jobs, loads, migrations, outbox, posts
from .stream import routes as stream_routes
from .stream.hub import Hub
from .timelines.missed_pushes import MissedPushes
from .web.server import Web
from .workers.jobs import Jobs, Kind
from .workers.kinds import kinds
from .workers.outbox_partitions import Bell
from .workers.relay import Relay
from .workers.timers import Timers

log = structlog.get_logger()


def open_database(settings: Settings) -> Database:
    """The database of the settings, with its schema up to date. Raises SettingsError."""
    url = settings.database_url
    folder.expect_restored(settings)
    folder.prepare(settings)
    if url.startswith("sqlite:"):
        db: Database = SqliteDatabase(
            url.removeprefix("sqlite:"),
            search=SqliteFts(),
            outbox=outbox.append,
            timeout_s=settings.database_timeout_s,
        )
    elif url.startswith(("postgresql:", "postgres:")):
        from .engines.database.postgres import PostgresDatabase  # loaded only if used
        from .engines.search.postgres_fts import PostgresFts

        db = PostgresDatabase(
            url,
            search=PostgresFts(),
            outbox=outbox.append,
            connections=settings.database_connections,
            timeout_s=settings.database_timeout_s,
            replica=settings.database_replica,
        )
    else:
        raise SettingsError(f"database must be sqlite:PATH or postgresql://…, is {url[:60]!r}")
    migrations.migrate(db)
    db.draw_after(db.write_now(posts.newest_of_all))
    return traces.database(db) if settings.traces else db


def open_broker(settings: Settings) -> Broker:
    """Raises SettingsError, but not if the broker does not answer."""
    if not settings.broker:
        return MemoryBroker()
    if not settings.broker.startswith(("redis:", "rediss:", "unix:", "redis+cluster:", "rediss+cluster:")):
        raise SettingsError(f"broker must be redis://… or redis+cluster://…, is {settings.broker[:60]!r}")
    from .engines.broker.redis import RedisBroker

    return RedisBroker(settings.broker)


def open_mailer(settings: Settings) -> Mailer:
    """Raises SettingsError, but not if the mail server does not answer."""
    if not settings.mail:
        return FolderMailer(settings.data / "mail")
    from .engines.mailer.smtp import SmtpMailer, server_of
    from .mail import dkim

    key = dkim.find(settings)
    return SmtpMailer(server_of(settings.mail), own_site(settings).mail_domain, sign=key.signed if key else None)


def open_resolver(settings: Settings) -> Resolver:
    return SystemResolver(settings.dns)


def open_blobs(settings: Settings) -> Blobs:
    """Raises SettingsError, but not if the storage does not answer."""
    if not settings.blobs:
        return DiskBlobs(settings.data / "media")
    if not settings.blobs.startswith("s3://"):
        raise SettingsError(f"blobs must be s3://bucket/folder, is {settings.blobs[:60]!r}")
    try:
        from .engines.blobs.s3 import S3Blobs
    except ModuleNotFoundError as error:
        raise SettingsError("blobs in s3:// need obstore: pip install 'chirrup[s3]'") from error

    return S3Blobs(settings)


def open_engines(settings: Settings) -> Engines:
    """A plug for every socket, by the settings. Raises SettingsError."""
    mailer, broker, db = open_mailer(settings), open_broker(settings), open_database(settings)
    mail_prefs.by_default(sends=bool(settings.mail))
    for doubt in db.doubts():
        log.warning(doubt.what, to_do=doubt.to_do)
    timelines: Timelines = MemoryTimelines()
    limits: Limits = MemoryLimits()
    if settings.broker:
        from .engines.limits.redis import RedisLimits
        from .engines.timelines.redis import RedisTimelines

        timelines, limits = MissedPushes(RedisTimelines(settings.broker), db), RedisLimits(settings.broker)
    own = own_site(settings)
    resolver = open_resolver(settings)
    outgoing = GuardedHttp(resolver, own.base_url)
    contact = f"mailto:{own.contact_email}" if own.contact_email else own.base_url
    pusher = WebPush(outgoing, lambda: signing.secret(settings), contact)
    to_directories = GuardedHttp(resolver, own.base_url, named=settings.identity_hosts)
    return Engines(
        db=db,
        timelines=timelines,
        broker=broker,
        blobs=open_blobs(settings),
        limits=limits,
        mailer=mailer,
        outgoing=outgoing,
        pusher=pusher,
        directories=Plugs(to_directories, resolver, settings.identity_hosts, pusher.open),
        resolver=resolver,
    )


async def close_engines(engines: Engines) -> None:
    await engines.timelines.close()
    await engines.broker.close()
    await engines.limits.close()
    engines.outgoing.close()
    engines.db.close()


def build(settings: Settings, engines: Engines | None = None) -> Built:
    """The parts of the server for the settings' role, as an ASGI application. Raises SettingsError."""
    _check_role(settings)
    if engines is None:
        engines = open_engines(settings)
        if told := engines.db.write_now(loads.obstacle):
            raise SettingsError(told)
    signer = signing.signer(settings)
    addresses = Addresses(signer)
    shared = call.Services(
        engines=engines,
        settings=settings,
        sites=Sites(settings, engines.db),
        auth=Authenticator(engines.db),
        passwords=Passwords(testing=settings.testing),
        addresses=addresses,
        health=Health(engines),
        signer=signer,
    )
    known = Known()
    services = Services(**msgspec.structs.asdict(shared), render=Renderer(shared.sites.own, addresses, known))
    web = Web(shared, known)
    hub = Hub(services) if settings.role in ("all", "stream") else None
    job_kinds = kinds(settings) if settings.role in ("all", "worker") else {}
    endpoints: list[Endpoint] = [*programs.endpoints(services), *web.endpoints()]
    if hub:
        endpoints += stream_routes.endpoints(hub)
    running = partial(_running, settings, engines, job_kinds, services, hub)
    answered = [one for one in endpoints if one.route.is_for(settings.role)]
    app = Application(answered, web.refuse, words, shared.sites, running)
    return Built(app, services.health, Scrape(settings, engines, services.health, _state(hub)))


@asynccontextmanager
async def _running(
    settings: Settings, engines: Engines, job_kinds: Mapping[str, Kind], services: Services, hub: Hub | None
) -> AsyncGenerator[None]:
    """What runs while the application serves. At the end the engines are closed. job_kinds: none without workers."""
    alone = settings.database_url.startswith("sqlite:")
    if alone:  # one server per file, so leases in it are of a dead one
        await engines.db.write(outbox.release_all)
        await engines.db.write(jobs.release_all)
    await engines.broker.connect()
    engines.db.on_commit = Bell(engines).ring
    relay = Relay(engines, alone=alone)
    workers = [relay, Jobs(engines, job_kinds, lambda: relay.held), Timers(engines, settings)] if job_kinds else []
    heard = listening.of(engines.db)
    if workers:
        await heard.start(engines.broker)
    for worker in workers:
        worker.start()
    if workers:
        await watch.of(engines.db).start(engines.broker)
    if hub:
        await hub.start()
    await services.sites.start(engines.broker)
    await services.health.start()
    mails = await _take_mails(settings, engines, services) if job_kinds else None
    try:
        yield
    finally:
        if mails:
            mails.close()
        await services.health.stop()
        await services.sites.stop()
        for worker in reversed(workers):
            await worker.stop()
        heard.stop()
        await watch.of(engines.db).stop()
        if hub:
            await hub.stop()
        await close_engines(engines)
        await asyncio.to_thread(traces.end)


async def _take_mails(settings: Settings, engines: Engines, services: Services) -> asyncio.Server | None:
    """Mail servers hand mails over from now on, if the settings say where. Raises SettingsError."""
    if not settings.mail_in.startswith("lmtp:"):
        return None
    from .mail import inbound, lmtp  # loaded only if used

    taking = inbound.Inbound(settings, engines, services.sites)
    return await lmtp.listen(settings, taking, services.sites.own.mail_domain)


def _state(hub: Hub | None) -> dict[tuple[str, str], Callable[[], float]]:
    """(name, help) of a gauge -> its present value."""
    return {("chirrup_streams_open", "Open streams."): lambda: hub.open} if hub else {}


def _check_role(settings: Settings) -> None:
    if settings.role == "all":
        return
    if settings.database_url.startswith("sqlite:"):
        raise SettingsError(
            f"role {settings.role} is one of several processes, and SQLite serves one: set the role to all, or the "
            "database to postgresql://…"
        )
    if not settings.broker:
        raise SettingsError(f"role {settings.role} needs the broker that all processes share: set it to redis://…")


def serve(settings: Settings, console: Console) -> None:
    """Run until a signal to stop. Raises SettingsError: cannot listen on the address, or the folder is in use."""
    logs.configure(settings.log_level)
    with folder.held(settings):
        listening, metrics = serving.listen(settings), serving.listen_for_metrics(settings)
        serving.allow_connections()
        serving.return_memory()
        traces.begin(settings.traces, settings.role)
        engines = open_engines(settings)
        built = build(settings, engines)
        first = engines.db.write_now(first_run.offer, 0) if settings.role in ("all", "web") else ""
        with suppress(OSError):  # standard output may be a full disk
            _greet(settings, console, first)
        drain_s = settings.drain_s if settings.role in ("web", "stream") else 0
        server = serving.Server(server_config(settings, built), built, drain_s, metrics)
        server.run(sockets=[listening])


def _greet(settings: Settings, console: Console, first: str) -> None:
    """first: the secret of the link for the first owner; "": there are people who look after it."""
    base_url = own_site(settings).base_url
    console.print(
        (GREETING if settings.role == "all" else PART).format(
            role=settings.role,
            url=base_url,
            listens=f"{settings.host}:{settings.port}",
            data=settings.data.resolve(),
            command=_command(),
            where=_where(settings),
        ),
        highlight=False,
        soft_wrap=True,  # so that addresses can be copied
    )
    if first:
        console.print(FIRST.format(link=base_url + first_run.path(first)), highlight=False, soft_wrap=True)
    if told := folder.take_note_of_copy(settings):
        log.warning("this folder is a backup", note=told)
    if settings.lacks_proxy:
        log.warning(f"{NO_PROXY}: set it to the address that the web server connects from, such as 127.0.0.1")
    if settings.testing:
        log.warning("CHIRRUP_TESTING is set: weak passwords, no throttling. Never with real people on it.")


GREETING = """
[bold]Chirrup[/] is running at [bold]{url}[/]

  Sign up in a browser there, or make an account on the command line:
    {command} user create ann --email ann@example.com{where}
  Then talk with the pages, with an app for Mastodon, or in a terminal:
    toot login --instance {url}
  Everything is kept in {data}. Stop with Ctrl-C.
"""


FIRST = """  [bold]Nobody looks after it yet.[/] Begin here; the link works once, within a week:
    [bold]{link}[/]
"""


PART = """
[bold]Chirrup[/] ({role}) is running at [bold]http://{listens}[/] for {url}. Stop with Ctrl-C.
"""


def _command() -> str:
    """The command with which the user can call chirrup."""
    called = sys.argv[0]
    return called if called.endswith("/chirrup") and not shutil.which("chirrup") else "chirrup"


def _where(settings: Settings) -> str:
    """The options with which commands find this server's data, without passwords."""
    if settings.database:
        return " --database …"
    return "" if settings.data == Settings().data else f" --data {shlex.quote(str(settings.data))}"
