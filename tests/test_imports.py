"""The shape of the code, read from every module's source.

Imports go one way, also inside functions and for types only. Files and functions are read in one sitting.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

# Lowest first. A module imports from its own part and from lower layers; within BASE, from each other too.
BASE = {
    "types",
    "errors",
    "events",
    "ports",
    "ids",
    "durable",
    "bundle",
    "config",
    "logs",
    "metrics",
    "traces",
    "times",
    "waiting",
    "wording",
    "words",
    "__version__",
}
LAYERS: list[set[str]] = [
    BASE,
    {"store"},
    {"access"},
    {"social"},
    {"timelines"},
    {"orgs", "commerce", "actions", "teams"},
    {"http"},
    {"mastodon", "twitter", "api", "web", "mail"},
    {"stream"},
    {"workers"},
    {"openapi"},
    {"programs"},
    {"folder", "serving"},
    {"app"},
    {"load", "demo", "backup", "move", "redate", "recount", "jobs"},  # commands
    {"doctor"},
    {"cli"},
    {"__main__"},
]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
FILE_LINES, FUNCTION_LINES = 400, 60
EXCUSED: dict[str, str] = {}  # larger files and functions, and why
# These may import less than their place in LAYERS allows.
ONLY = {
    "engines": BASE,
    "__main__": {"cli"},
}
# Words of an API and pages ask the product, not its rows.
LESS = {part: {"store"} for part in ("mastodon", "twitter", "api", "web", "mail")}
# And these may import more.
ALSO = {"app": {"engines"}}


def may_import(part: str) -> set[str]:
    """The parts of chirrup that a module of part may import from."""
    if part in ONLY:
        return ONLY[part] | {part}
    height = next(n for n, layer in enumerate(LAYERS) if part in layer)
    own = BASE if part in BASE else {part}
    return own.union(*LAYERS[:height], ALSO.get(part, set())) - LESS.get(part, set())


def violations(package: Path) -> list[str]:
    """One text for each import in package that goes the wrong way, with file, line and what is allowed."""
    known = set(ONLY).union(*LAYERS)
    found = []
    for file in sorted(package.rglob("*.py")):
        inside = file.relative_to(package)
        part = inside.parts[0].removesuffix(".py")
        if part == "__init__":  # every import of any part runs it first: it may import nothing
            allowed: set[str] = set()
        elif part in known:
            allowed = may_import(part)
        else:
            found.append(f"{inside}: {part!r} is in no layer: add it to LAYERS in {Path(__file__).name}")
            continue
        for line, imported in imported_parts(file, package):
            if imported not in allowed:
                found.append(f"{inside}:{line} imports {imported}; {part} may import {', '.join(sorted(allowed))}")
    return found


def imported_parts(file: Path, package: Path) -> Iterator[tuple[int, str]]:
    """(line, part) for each import from package in file: ("chirrup.store.posts" and "..store" are the part "store")."""
    here = [package.name, *file.relative_to(package).parts[:-1]]
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Import):
            modules = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) + 1 - node.level] if node.level else []
            base += node.module.split(".") if node.module else []
            modules = [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from ((node.lineno, module[1]) for module in modules if module[0] == package.name and len(module) > 1)


def test_imports_go_one_way():
    assert violations(REPOSITORY / "chirrup") == []


@pytest.mark.parametrize(
    ("file", "source", "imported"),
    [
        ("store/posts.py", "from ..social import posts", "social"),
        ("store/posts.py", "from .. import social", "social"),
        ("store/deep/posts.py", "from ...social import posts", "social"),
        ("store/posts.py", "import chirrup.social.posts as posts", "social"),
        ("store/posts.py", "from chirrup import social", "social"),
        ("store/posts.py", "def f():\n    from ..social import posts", "social"),
        ("store/posts.py", "if TYPE_CHECKING:\n    from ..social.posts import Draft", "social"),
        ("types/posts.py", "from ..store import posts", "store"),
        ("social/posts.py", "from ..timelines import fanout", "timelines"),
        ("access/tokens.py", "from ..social import accounts", "social"),
        ("timelines/fanout.py", "from ..business import plans", "business"),
        ("http/server.py", "from ..mastodon import routes", "mastodon"),
        ("web/pages.py", "from ..mastodon import render", "mastodon"),
        ("web/pages.py", "from ..store import posts", "store"),
        ("mastodon/tags.py", "from ..store import tags", "store"),
        ("stream/hub.py", "from ..workers import relay", "workers"),
        ("social/posts.py", "from ..engines.database import sqlite", "engines"),
        ("workers/relay.py", "from ..engines.database import sqlite", "engines"),
        ("engines/database/sqlite.py", "from ...store import schema", "store"),
        ("cli.py", "from .engines.database import sqlite", "engines"),
        ("app.py", "from . import cli", "cli"),
        ("__init__.py", "from .types import Post", "types"),
    ],
)
def test_an_import_that_goes_the_wrong_way_is_found(tmp_path: Path, file: str, source: str, imported: str):
    module = tmp_path / "chirrup" / file
    module.parent.mkdir(parents=True)
    module.write_text(f"import os\n{source}\n")

    (found,) = violations(tmp_path / "chirrup")

    assert re.match(rf"{file}:[23] imports {imported}; ", found)


HTTP_CLIENTS = {"aiohttp", "h11", "http.client", "httpcore", "httpcore2", "httpx", "httpx2", "niquests", "pycurl"}
HTTP_CLIENTS |= {"requests", "urllib.request", "urllib3", "websockets.client"}


def test_one_client_speaks_http_to_others():
    """What people name the address of goes through its guard: engines/outgoing/."""
    found = set()
    for file in (REPOSITORY / "chirrup").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(), str(file))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            if any(name == client or name.startswith(f"{client}.") for name in names for client in HTTP_CLIENTS):
                found.add(file.relative_to(REPOSITORY).as_posix())

    assert found == {"chirrup/engines/outgoing/connection.py"}


def test_a_folder_without_a_layer_is_found(tmp_path: Path):
    module = tmp_path / "chirrup" / "novelty" / "new.py"
    module.parent.mkdir(parents=True)
    module.write_text("")

    assert "'novelty' is in no layer" in violations(tmp_path / "chirrup")[0]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("types/posts.py", "from ..ids import ms_of"),
        ("store/posts.py", "from . import outbox\nfrom .outbox import lease\nfrom ..types import Post\nimport os"),
        ("timelines/fanout.py", "from ..social import text\nfrom .. import events"),
        ("workers/relay.py", "from ..timelines import fanout\nfrom ..store import outbox"),
        ("engines/search/fts.py", "from ...ports import Search\nfrom ..database import sqlite"),
        ("app.py", "from .engines.database import sqlite\nfrom .http import server\nfrom .stream import hub"),
        ("cli.py", "from .app import open_engines\nfrom .config import load"),
        ("__main__.py", "from .cli import main"),
    ],
)
def test_an_import_that_goes_the_right_way_is_not(tmp_path: Path, file: str, source: str):
    module = tmp_path / "chirrup" / file
    module.parent.mkdir(parents=True)
    module.write_text(source)

    assert violations(tmp_path / "chirrup") == []


def test_every_file_the_tour_names_exists():
    tour = (REPOSITORY / "docs" / "tour.md").read_text()

    named = set(re.findall(r"`((?:chirrup|tests|bench|docs|tools)/[\w./-]+\.\w+)`", tour))

    assert {name.split("/")[0] for name in named} >= {"chirrup"}
    assert sorted(name for name in named if not (REPOSITORY / name).is_file()) == []


def too_large(package: Path) -> set[str]:
    """Files, and functions as "file: name"."""
    found = set[str]()
    for file in package.rglob("*.py"):
        name, source = str(file.relative_to(package)), file.read_text()
        if len(source.splitlines()) > FILE_LINES:
            found.add(name)
        for node in ast.walk(ast.parse(source)):
            lines = (node.end_lineno or 0) - node.lineno + 1 if isinstance(node, FUNCTIONS) else 0
            if lines > FUNCTION_LINES:
                found.add(f"{name}: {getattr(node, 'name', '')}")
    return found


def test_files_and_functions_are_read_in_one_sitting():
    assert too_large(REPOSITORY / "chirrup") - EXCUSED.keys() == set()


def test_what_is_too_large_is_found(tmp_path: Path):
    (tmp_path / "a.py").write_text("\n" * 401)
    (tmp_path / "b.py").write_text("class A:\n    async def f(self):\n" + "        pass\n" * 60)
    (tmp_path / "c.py").write_text("def f():\n" + "    pass\n" * 59)

    assert too_large(tmp_path) == {"a.py", "b.py: f"}


def test_the_core_is_read_in_one_sitting():
    core = [REPOSITORY / "chirrup" / "timelines" / name for name in ("fanout.py", "audience.py")]

    assert sum(len(file.read_text().splitlines()) for file in core) <= 170


def test_benchmarks_can_be_started_where_only_they_are_on_the_path():
    modules = [f"bench.{file.stem}" for file in (REPOSITORY / "bench").glob("*.py") if file.stem != "__init__"]
    command = [sys.executable, "-c", f"import {', '.join(sorted(modules))}"]

    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
