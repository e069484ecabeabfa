"""`python -m bench.mail`: how many mails a minute one process makes, signs and hands over, for a room read by mail.

SQLite; the mail server is another process, which takes everything. The bar is 2,000 a minute
(docs/decisions/0073-mails-of-posts.md).
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from chirrup.app import close_engines, open_engines
from chirrup.config import Settings
from chirrup.mail import dkim
from chirrup.orgs import rooms
from chirrup.orgs.rooms import RoomChange
from chirrup.ports import Tx
from chirrup.social import accounts, follows, mail_prefs, posts
from chirrup.social.accounts import SignUp
from chirrup.social.mail_prefs import Change
from chirrup.store import outbox, outbox_partitions
from chirrup.types import Draft
from chirrup.workers.jobs import Jobs
from chirrup.workers.kinds import kinds
from chirrup.workers.subscribers import handle

BAR = 2000  # mails a minute
TEXT = "Bread at six, and butter with it: who brings the jam, and who has the big table from last year? " * 3


async def _take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection of a mail server that accepts all that it is given, and keeps nothing."""
    writer.write(b"220 here\r\n")
    while line := await reader.readline():
        command = line[:4].upper()
        if command == b"DATA":
            writer.write(b"354 go on\r\n")
            while await reader.readline() not in (b".\r\n", b""):
                pass
        writer.write(b"221 bye\r\n" if command == b"QUIT" else b"250 good\r\n")
        if command == b"QUIT":
            break
    writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_take, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _room(tx: Tx, readers: int) -> int:
    """The author of what is said in a room of so many, who want all of it by mail."""
    names = [f"p{n}" for n in range(readers + 1)]
    author, *others = [accounts.create(tx, SignUp(name, f"{name}@example.com", "-")).id for name in names]
    room = rooms.create(tx, 0, author, "bench", RoomChange(closed=True)).id
    for one in others:
        follows.join(tx, one, room)
        mail_prefs.change(tx, one, Change(mode="rooms"))
    return author


async def _measure(folder: Path, port: int, readers: int, said: int) -> tuple[float, float]:
    """(seconds, seconds of CPU) for readers x said mails."""
    settings = Settings(data=folder, mail=f"smtp://127.0.0.1:{port}", url="https://town.example")
    dkim.make(settings)
    engines = open_engines(settings)
    try:
        author = await engines.db.write(_room, readers)
        for n in range(said):
            await engines.db.write(posts.publish, author, Draft(text=f"@bench {n} {TEXT}"))
        while leased := await engines.db.write(outbox.lease, 256):
            for one in leased:
                event = one.event
                while event:
                    event, _ = await handle(engines, event)
            await engines.db.write(outbox.finish, [one.id for one in leased])
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        await Jobs(engines, kinds(settings), lambda: outbox_partitions.ALL).work_off()
        return time.perf_counter() - began_s, time.process_time() - began_cpu_s
    finally:
        await close_engines(engines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.mail", description=__doc__)
    parser.add_argument("--readers", type=int, default=500, help="who want each post of a room by mail (500)")
    parser.add_argument("--posts", type=int, default=8, help="said there (8)")
    parser.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.sink:
        asyncio.run(_serve())
    console = Console()
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([sys.executable, "-m", "bench.mail", "--sink"], stdout=subprocess.PIPE) as sink,
    ):
        try:
            assert sink.stdout
            port = int(sink.stdout.readline())
            took_s, cpu_s = asyncio.run(_measure(Path(folder), port, asked.readers, asked.posts))
        finally:
            sink.terminate()
    mails = asked.readers * asked.posts
    console.print(
        f"{mails:,} mails in {took_s:.1f} s on {os.cpu_count()} cores: {60 * mails / took_s:,.0f} a minute, with "
        f"{cpu_s / mails * 1000:.1f} ms of CPU each. The bar is {BAR:,} a minute.",
        highlight=False,
    )


if __name__ == "__main__":
    main()
