"""`chirrup hook`: hooks of a site, a test of one, and a receiver for who writes one."""

from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..errors import Unauthorised
from .common import COMMON, Common, console, opened_database, org_at

commands = cyclopts.App(
    name="hook", help="Hooks: other programs speak here, and hear what happens. They are made in the browser."
)

Host = Annotated[str, Parameter(help="Of the organisation at this host (default: the server's own network).")]


@commands.command(name="list")
def list_(*, host: Host = "", common: Common = COMMON) -> None:
    """List the hooks: those that speak here (in), and those that hear (out)."""
    from ..actions.hooks_in import manage as speaking
    from ..actions.hooks_out import manage as hearing

    table = Table("id", "", "name", "what", "state")
    with opened_database(common.settings()) as db:
        org_id = org_at(db, host)
        for one in db.write_now(speaking.every, org_id):
            table.add_row(str(one.id), "in", escape(one.name), one.format, "off" if one.off_ms else "on")
        for one in db.write_now(hearing.every, org_id):
            state = one.off_why or "off" if one.off_ms else "on"
            table.add_row(str(one.id), "out", escape(one.name), one.events, state)
    console.print(table)


@commands.command
def test(id: int, *, host: Host = "", common: Common = COMMON) -> None:
    """Have the server send something that has not happened to the hook ID, which hears."""
    from ..actions.hooks_out import manage

    with opened_database(common.settings()) as db:
        sent = db.write_now(manage.test, org_at(db, host), 0, id)
    console.print(f"Delivery {sent.id} is sent as soon as the server runs. What it answered stands at /org/hooks.")


@commands.command
def listen(
    secret: Annotated[str, Parameter(help="Of the hook, whsec_…", env_var="CHIRRUP_HOOK_SECRET")],
    *,
    port: int = 4000,
    host: str = "127.0.0.1",
) -> None:
    """Receive what a hook sends, check that it is signed with SECRET, and print it.

    Give the hook the address http://127.0.0.1:4000/ of this machine, and name it on the server: hook_hosts.
    """
    import json
    import time
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from ..actions import signatures

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length", "0") or 0), 1024 * 1024))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                signatures.check("standardwebhooks", secret, headers, body, int(1000 * time.time()))
                status, told = 204, json.dumps(json.loads(body), indent=2, ensure_ascii=False)
            except (Unauthorised, ValueError) as error:
                status, told = 401, f"refused: {error}"
            console.print(f"{headers.get('webhook-id', 'without an id')}: {told}", markup=False, highlight=False)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    signatures.key_of(secret)
    server = HTTPServer((host, port), Receiver)
    console.print(f"Listening at http://{host}:{server.server_port}/. Stop with Ctrl-C.")
    server.serve_forever()
