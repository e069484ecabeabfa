"""The table of results, and its lines."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from client import Server
from faults import ledger
from faults.boxes import Boxes
from faults.ledger import Line
from servers import Postgres, Redis


@pytest.fixture
def ledger_line(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Line]]:
    """ledger_line("R1 web killed") begins this test's line."""
    lines: list[Line] = []

    def begin(fault: str) -> Line:
        lines.append(Line(fault))
        print(f"{fault}: CHIRRUP_SEED={ledger.SEED} CHIRRUP_ROUNDS={ledger.ROUNDS}")
        return lines[-1]

    yield begin
    request.node.user_properties += [("fault", dataclasses.asdict(line)) for line in lines]


@pytest.fixture
def killed_server(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """On both profiles: SQLite with memory, PostgreSQL with Redis."""
    env = {"CHIRRUP_DATABASE": database_url}
    if not database_url.startswith("sqlite"):
        env["CHIRRUP_BROKER"] = request.getfixturevalue("redis_url")
    with Server(tmp_path / "data", env=env) as server:
        yield server


@pytest.fixture
def postgres_database(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """A database with the schema, for tests that need many processes."""
    with postgres.database(postgres_template) as url:
        yield url


@pytest.fixture(scope="module")
def boxes(
    postgres_template: str, postgres: Postgres, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Boxes]:
    """After a test that stops some, all five are started again."""
    redis_server.flush()
    with postgres.database(postgres_template) as database, ExitStack() as running:
        yield Boxes(tmp_path_factory.mktemp("boxes"), database, redis_server.url, running)


def _lines(terminal: pytest.TerminalReporter) -> list[Line]:
    reports = [one for reports in terminal.stats.values() for one in reports if getattr(one, "when", "") == "teardown"]
    return [Line(**line) for report in reports for name, line in report.user_properties if name == "fault"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if lines := _lines(terminalreporter):
        terminalreporter.section(f"faults: CHIRRUP_SEED={ledger.SEED}, {ledger.ROUNDS} rounds of each kill")
        terminalreporter.write_line(ledger.table(lines))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A long run with fewer posts than POSTS_WANTED fails."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    whole = not session.config.option.keyword and len(session.config.args) == 1
    if ledger.LONG and whole and terminal and sum(line.posts for line in _lines(terminal)) < ledger.POSTS_WANTED:
        terminal.write_line(f"fewer than {ledger.POSTS_WANTED} posts were acknowledged: raise CHIRRUP_ROUNDS", red=True)
        session.exitstatus = session.exitstatus or 1
