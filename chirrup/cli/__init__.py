"""The command line: `chirrup --help`. Errors are sentences; the exit status is 1 when one was printed.

A command imports what it needs when it runs, so that each starts quickly.
"""

import sys

import cyclopts
from rich.console import Console

from .. import __version__
from ..errors import ChirrupError
from . import (
    announce,
    audit,
    bringing,
    care,
    copies,
    decisions,
    emoji,
    hook,
    identity,
    mail,
    member,
    org,
    role,
    room,
    server,
    setup,
    user,
    waiting,
)

complain = Console(stderr=True)

app = cyclopts.App(
    name="chirrup",
    version=__version__,
    help="""A social messaging server. Start it with `chirrup serve`, then open http://127.0.0.1:3000.

    Everything has a default. Change it on the command line, by CHIRRUP_HOST, CHIRRUP_DATABASE, … or in a TOML file.""",
)
for command in (
    *(server.serve, setup.setup, server.demo, server.migrate, server.load),
    *(care.doctor, care.recount, care.redate),
    *(copies.commands, copies.restore, copies.move),
    *(waiting.jobs, waiting.failed),
    bringing.import_,
    *(mail.commands, user.commands, audit.commands, org.commands, member.commands, role.commands, room.commands),
    decisions.commands,
    *(emoji.commands, announce.commands, identity.commands, hook.commands),
):
    app.command(command)


def main() -> None:
    """Run the command line; a ChirrupError is printed as a sentence."""
    try:
        app()
    except ChirrupError as error:
        complain.print(f"[bold red]chirrup:[/] {error.message}", highlight=False, soft_wrap=True)  # paths stay whole
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
