"""Writes docs/api.md: every endpoint that Mastodon documents, and whether it is here, from the tables of routes.

`make api-table` after a change of routes; tests/test_api_table.py holds it. What differs is told in mastodon_api.tsv.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from chirrup.http.route import Route
from chirrup.mastodon.api_versions import API_VERSION, VERSIONS
from chirrup.programs import ROUTES
from chirrup.stream import routes as streams
from chirrup.web.routes import ROUTES as PAGES

REPOSITORY = Path(__file__).resolve().parents[1]
DOCUMENTED = REPOSITORY / "tools" / "mastodon_api.tsv"
WRITTEN = REPOSITORY / "docs" / "api.md"
HEAD = """# The API, endpoint by endpoint
Made by `make api-table` from the tables of routes; do not change it by hand. What is not here is answered with 404, and
`api_versions` of `GET /api/v2/instance` does not promise it. `GET /api/openapi.json` tells what each takes and answers.
"""


class Endpoint(NamedTuple):
    section: str
    method: str
    path: str
    since: str  # version of Mastodon; "": from the beginning
    note: str

    @property
    def key(self) -> tuple[str, str]:
        return _key(self.method, self.path)


def _key(method: str, path: str) -> tuple[str, str]:
    """Whatever the parameters are called."""
    return method, re.sub(r"\{\w+\}", "{}", path)


def documented() -> list[Endpoint]:
    lines = [line for line in DOCUMENTED.read_text().splitlines() if line and not line.startswith("#")]
    return [Endpoint(*(line.split("\t") + [""] * 5)[:5]) for line in lines]


def here() -> dict[tuple[str, str], Route]:
    return {_key(route.method, route.path): route for route in (*PAGES, *streams.ROUTES, *ROUTES)}


def lines() -> Iterator[str]:
    known, told = here(), documented()
    there = [one for one in told if one.key in known]
    yield HEAD + f"\nOf {len(told)} documented endpoints {len(there)} are here.\n"
    yield f"\n## `api_versions.mastodon` is {API_VERSION}\n| number | since | what it stands for |\n|---|---|---|"
    yield from (f"| {number} | {one.since} | {one.what} |" for number, one in VERSIONS.items())
    section = ""
    for one in told:
        if one.section != section:
            section = one.section
            yield f"\n## {section}\n| endpoint | since | here | scope | what is different |\n|---|---|---|---|---|"
        route = known.get(one.key)
        scope = (f"`{route.scope}`" if route.scope else "") if route else ""
        yield f"| `{one.method} {one.path}` | {one.since} | {'yes' if route else '**no**'} | {scope} | {one.note} |"
    yield "\n## Beside what is documented\n| endpoint | scope |\n|---|---|"
    others = {
        (route.path, route.method): route for route in ROUTES if _key(route.method, route.path) not in _keys(told)
    }
    for (path, method), route in sorted(others.items()):
        yield f"| `{method} {path}` | {f'`{route.scope}`' if route.scope else ''} |"


def _keys(told: list[Endpoint]) -> set[tuple[str, str]]:
    return {one.key for one in told}


def table() -> str:
    return "\n".join(lines()) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(table())
