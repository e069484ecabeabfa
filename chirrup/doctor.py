"""`chirrup doctor`: checks this machine and the settings. Prints a line for each check, with what to do."""

import asyncio
import platform
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import apsw
import msgspec
from rich.console import Console
from rich.markup import escape

from . import __version__, folder, recount, redate
from .access import sites
from .app import open_blobs, open_broker, open_database, open_mailer, open_resolver
from .config import NO_PROXY, Settings
from .errors import ChirrupError, SettingsError, Unavailable
from .mail import dkim, message
from .ports import Database, Doubt
from .social import image_read, images
from .social.films import tools
from .store import distribute, jobs, migrations, outbox

GOOD, WARN, BAD = "good", "warn", "bad"
MARK = {GOOD: "[green]ok[/]  ", WARN: "[yellow]look[/]", BAD: "[red]bad[/] "}
DISK_FREE_MIN = 1024**3
BACKUP_DAYS = 7  # an older one is worth a look
# Debian and others ship these; a WAL written by two connections can be corrupted: https://sqlite.org/wal.html#walresetbug
SQLITE_FIXED = (3, 51, 3)


class Finding(msgspec.Struct, frozen=True):
    state: str
    what: str
    to_do: str = ""


def examine(settings: Settings, console: Console) -> bool:
    """Print every finding. False: something is bad."""
    fine = True
    for finding in _findings(settings):
        console.print(f"{MARK[finding.state]} {escape(finding.what)}", highlight=False)
        if finding.to_do:
            console.print(f"     {escape(finding.to_do)}", style="dim", highlight=False)
        fine = fine and finding.state != BAD
    console.print("All is well." if fine else "Something needs you.", style="bold")
    return fine


def _findings(settings: Settings) -> Iterator[Finding]:
    yield from _versions()
    yield from _tools()
    yield from _settings(settings)
    yield from _disk(settings.data)
    yield from _blobs(settings)
    yield from _copies(settings)
    yield from _database(settings)
    yield from _broker(settings)
    yield from _mail(settings)
    yield from _dkim(settings)
    yield from _mail_in(settings)
    yield from _address(settings)


def _versions() -> Iterator[Finding]:
    yield Finding(GOOD, f"Chirrup {__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    sqlite = tuple(map(int, apsw.sqlite_lib_version().split(".")[:3]))
    if sqlite < SQLITE_FIXED:
        yield Finding(
            BAD, f"SQLite {apsw.sqlite_lib_version()} can corrupt its log", "run `make setup`: it installs a newer one"
        )
    else:
        yield Finding(GOOD, f"SQLite {apsw.sqlite_lib_version()}")


def _tools() -> Iterator[Finding]:
    if tools.there():
        yield Finding(GOOD, "ffmpeg is here: films and sound are taken, and moving GIFs become films")
    else:
        yield Finding(
            WARN,
            "there is no ffmpeg: no film or sound is taken, and moving GIFs stay pictures, larger and slower",
            "apt-get install ffmpeg",
        )
    if image_read.reads_heif():
        yield Finding(GOOD, "pillow-heif is here: HEIC pictures are read")
    else:
        yield Finding(GOOD, "HEIC pictures are refused: pip install 'chirrup[heic]' if people should send them")


def _settings(settings: Settings) -> Iterator[Finding]:
    base_url = sites.own(settings).base_url
    address = urlsplit(base_url)
    if settings.testing:
        yield Finding(
            WARN,
            "CHIRRUP_TESTING is set: weak passwords, no confirmation, no throttling",
            "unset it before real people come",
        )
    if address.scheme not in ("http", "https") or not address.hostname:
        yield Finding(BAD, f"url is {base_url!r}", "set CHIRRUP_URL to how people reach it: https://town.example")
    elif address.scheme == "http" and address.hostname not in ("127.0.0.1", "localhost", "::1"):
        yield Finding(WARN, f"{base_url} is not encrypted", "put a web server with TLS before it, set CHIRRUP_URL")
    elif settings.lacks_proxy:
        yield Finding(
            BAD,
            NO_PROXY,
            "set it to the address that the web server connects from, such as 127.0.0.1: docs/operate/proxy.md",
        )
    else:
        yield Finding(GOOD, f"people reach it at {base_url}")


def _disk(data: Path) -> Iterator[Finding]:
    existing = next(p for p in (data.absolute(), *data.absolute().parents) if p.exists())
    free = shutil.disk_usage(existing).free
    if free < DISK_FREE_MIN:
        yield Finding(BAD, f"{free / 1e6:.0f} MB free for {data}", "free some space: below 1 GB writes may soon fail")
    else:
        yield Finding(GOOD, f"{free / 1e9:.0f} GB free for {data}")
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / ".doctor"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        yield Finding(BAD, f"cannot write to {data}: {error.strerror}", "give the folder to the user who runs chirrup")


def _blobs(settings: Settings) -> Iterator[Finding]:
    """Nothing to say of a folder: _disk() has looked at it."""
    if not settings.blobs:
        return
    key, kind = images.new_key("upload", 0), "application/octet-stream"
    try:
        blobs = open_blobs(settings)
        blobs.put(key, b"a test", kind)
        found = blobs.get(key)
        blobs.delete(key)
    except (SettingsError, Unavailable) as error:
        why = f"{error.message} ({error.__cause__})" if error.__cause__ else error.message
        yield Finding(BAD, f"no file can be kept in {settings.blobs}: {why}", "see docs/operate/objects.md")
        return
    if found != (b"a test", kind) or blobs.get(key):
        yield Finding(BAD, f"{settings.blobs} gives back other files than it was given", "see docs/operate/objects.md")
    else:
        yield Finding(GOOD, f"files are kept in {settings.blobs}")


def _copies(settings: Settings) -> Iterator[Finding]:
    """Nothing to say where no backup was ever made: others may make them."""
    try:
        folder.expect_restored(settings)
    except SettingsError as error:
        yield Finding(BAD, error.message)
    if last := folder.last_backup(settings):
        days = (datetime.now(UTC) - last).days
        if days >= BACKUP_DAYS:
            yield Finding(WARN, f"the last backup is {days} days old", "`chirrup backup A-NEW-FOLDER` makes one")
        else:
            yield Finding(GOOD, f"the last backup was made on {last:%Y-%m-%d %H:%M UTC}")


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        folder.expect_database(settings)
    except SettingsError as error:
        yield Finding(WARN, error.message)
        return
    try:
        db = open_database(settings)
    except (ChirrupError, OSError) as error:
        yield Finding(BAD, f"database: {error}", "see CHIRRUP_DATABASE")
        return
    try:
        version = db.write_now(migrations.version)
        waiting, failed = db.write_now(outbox.waiting), db.write_now(outbox.failed)
        yield Finding(GOOD, f"database answers, schema {version} of {len(migrations.STEPS)}, {waiting} events waiting")
        if ahead := redate.ahead_ms(db):
            yield Finding(
                BAD,
                f"the newest post is dated {redate.span(ahead)} ahead of the clock, and so is all that follows it",
                "a clock was wrong once: set it right, stop the server, and run `chirrup redate`",
            )
        yield from _counters(db)
        for doubt in db.doubts():
            yield Finding(WARN, doubt.what, doubt.to_do)
        if local := db.write_now(distribute.local):
            yield Finding(
                WARN, f"on the Citus coordinator only: {', '.join(local)}", "`chirrup migrate --citus` distributes them"
            )
        if newer := db.write_now(outbox.left_to_newer):
            yield Finding(
                WARN,
                f"{newer} events wait for a version of Chirrup that knows their kind",
                "bring all workers to the newest version that ran here; `chirrup failed` shows the events",
            )
        if failed:
            yield Finding(
                WARN,
                f"{failed} events could not be acted on",
                "`chirrup failed` shows them and the reasons; with --retry they are tried again",
            )
        if aside := sum(one.jobs for one in db.write_now(jobs.counts) if one.state == jobs.State.SET_ASIDE):
            yield Finding(
                WARN,
                f"{aside} jobs are set aside: they could not be done, or came with a backup",
                "`chirrup jobs --state set-aside` shows them and why; --retry has them tried again, --drop deletes",
            )
    finally:
        db.close()


def _counters(db: Database) -> Iterator[Finding]:
    try:
        off = asyncio.run(_off(db))
    except Unavailable:
        yield Finding(
            WARN, "counters could not be compared in time", "`chirrup recount` compares all, without a time limit"
        )
        return
    if off:
        yield Finding(
            WARN,
            f"{off} of the newest accounts and posts have wrong counters",
            "`chirrup recount` corrects all counters, while the server runs",
        )


async def _off(db: Database) -> int:
    return await db.read(recount.off_among_newest)


def _broker(settings: Settings) -> Iterator[Finding]:
    if not settings.broker:
        return
    try:
        away, doubts = asyncio.run(_look_at_broker(settings))
    except ChirrupError as error:
        yield Finding(BAD, f"broker: {error.message}", "see CHIRRUP_BROKER")
        return
    if away:
        yield Finding(
            BAD, "broker: no primary answers, or not all of a Cluster's", "see CHIRRUP_BROKER; is Redis running there?"
        )
    else:
        yield Finding(GOOD, "broker answers")
    for doubt in doubts:
        yield Finding(WARN, doubt.what, doubt.to_do)


async def _look_at_broker(settings: Settings) -> tuple[bool, list[Doubt]]:
    broker = open_broker(settings)
    try:
        await broker.connect()
        return broker.blind, await broker.doubts()
    finally:
        await broker.close()


def _mail(settings: Settings) -> Iterator[Finding]:
    try:
        sender = message.letterhead(settings).sender
        where = asyncio.run(open_mailer(settings).check())
    except ChirrupError as error:
        yield Finding(BAD, f"mail: {error.message}", "see CHIRRUP_MAIL and docs/operate/mail.md")
        return
    if settings.mail:
        yield Finding(GOOD, f"{where}; they come from {sender}", f"`chirrup mail test {sender}` sends one")
    else:
        yield Finding(
            WARN,
            where,
            "set CHIRRUP_MAIL=smtp://user:password@host to send them; until then give people their links from there",
        )


def _dkim(settings: Settings) -> Iterator[Finding]:
    """Whether mails are signed, and DNS says with which key."""
    if not settings.mail:
        return
    try:
        key = dkim.find(settings)
        if key is None:
            yield Finding(
                WARN, "mails are not signed here", "`chirrup mail dkim` makes a key, if no other server signs"
            )
            return
        domain = message.letterhead(settings).sender.rpartition("@")[2]
        name = f"{dkim.SELECTOR}._domainkey.{domain}"
        said = asyncio.run(open_resolver(settings).texts(name))
    except ChirrupError as error:
        yield Finding(BAD, f"mails cannot be signed: {error.message}", "see docs/operate/mail.md")
        return
    if key.record in said:
        yield Finding(GOOD, f"mails are signed, and DNS has the key: {name}")
    else:
        has = "another key" if said else "no key"
        yield Finding(BAD, f"mails are signed, but DNS has {has} at {name}", "`chirrup mail dkim` prints the record")


def _mail_in(settings: Settings) -> Iterator[Finding]:
    """Whether mails can come in, and be told from forged ones."""
    if not settings.mail_in:
        return
    try:
        if settings.mail_in.startswith("imap"):
            from .mail import mailbox

            where = f"in the mailbox at {mailbox.of(settings).host}"
            asyncio.run(mailbox.check(mailbox.of(settings)))
        else:
            from .mail import lmtp

            where = f"by LMTP at {settings.mail_in.removeprefix('lmtp:').removeprefix('//')}"
            lmtp.place(settings)
    except ChirrupError as error:
        yield Finding(BAD, f"mails cannot come in: {error.message}", "see docs/operate/mail.md")
        return
    others = "your networks" if settings.mail_in_networks else ""
    others = " or ".join(filter(None, (others, settings.mail_in_results)))
    yield Finding(GOOD, f"mails come in {where}; who wrote them is shown by DKIM{f' or {others}' if others else ''}")


def _address(settings: Settings) -> Iterator[Finding]:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((settings.host, settings.port)) == 0:
            yield Finding(GOOD, f"something listens on {settings.host}:{settings.port}: a server seems to be running")
        else:
            yield Finding(GOOD, f"{settings.host}:{settings.port} is free to listen on")
