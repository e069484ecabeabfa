"""`python -m bench.scim`: how long a company's directory takes to make 10,000 users here by SCIM, one after the other.

The bar is 60 s (docs/decisions/0068-scim.md). One process on SQLite; the client has one core of this machine.
"""

import argparse
import time
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import msgspec
from rich.console import Console

from chirrup.orgs.scim import tokens

from . import target

BAR_S = 60


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scim", description=__doc__)
    parser.add_argument("--users", type=int, default=10_000, help="how many (10,000)")
    asked = parser.parse_args()
    with target.embedded() as server:
        _, token = server.db.write_now(tokens.make, 0, 0, "bench")
        client = HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}

        def ask(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
            client.request(method, f"/scim/v2{path}", msgspec.json.encode(body) if body else None, headers)
            answer = client.getresponse()
            data = answer.read()
            if answer.status >= 400:
                raise SystemExit(f"{method} {path}: {answer.status} {data.decode()}")
            return msgspec.json.decode(data)

        began_s, began_cpu_s = time.perf_counter(), server.cost()
        for n in range(asked.users):
            address = f"person{n}@acme.example"
            ask("POST", "/Users", {"userName": address, "displayName": f"Person {n}", "emails": [{"value": address}]})
        made_s, cpu_s = time.perf_counter() - began_s, server.cost() - began_cpu_s
        began_s = time.perf_counter()
        last = quote(f'userName eq "person{asked.users - 1}@acme.example"')
        found = ask("GET", f"/Users?filter={last}")
        found_ms = (time.perf_counter() - began_s) * 1000
        client.close()
    assert found["totalResults"] == 1
    console = Console()
    console.print(
        f"{asked.users:,} users in {made_s:.1f} s: {made_s / asked.users * 1000:.2f} ms each, "
        f"{cpu_s / asked.users * 1000:.2f} of them CPU of the server.",
        highlight=False,
    )
    console.print(
        f"The bar is 10,000 in {BAR_S} s. One of them is found by userName in {found_ms:.1f} ms.", highlight=False
    )


if __name__ == "__main__":
    main()
