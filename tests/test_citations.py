"""Everything that code and docs cite exists: files, decisions, tests, make commands.

A file is cited by its path from the top, from chirrup/ or tests/, from the folder of the citing file, or by its name if
only one file has it. In code, comments and docstrings are checked.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
KINDS = "py|md|sh|toml|lock|css|js|html|png|txt"  # .sql only with a folder: tx.sql is code
CITED = re.compile(
    rf"(?<![\w/.:@~$}}{{<-])(?:\.\./)*(?:(?:[\w.-]+/)*[\w-]+\.(?:{KINDS})|(?:[\w.-]+/)+[\w-]+\.sql)\b(?![/\w-]|\.\w)"
)
DECISION = re.compile(r"\bdecisions? (\d{1,4})\b|docs/decisions/(\d{4})(?!-)")
COMMAND = re.compile(r"`make ([a-z-]+)[^`]*`")
# Names in texts that are not files of ours: programs, files made by operators or browsers, patterns.
NO_FILES = {
    "Mastodon.py",
    "masto.js",
    "chirrup.toml",
    "NNNN-what-it-is-about.md",
    "robots.txt",
    "tweets.js",
    "tweet.js",
    "note-tweet.js",
}


def _files() -> set[str]:
    told = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if told.returncode:
        pytest.skip("this is no git checkout, so nobody can say which files belong to it")
    return {name for name in told.stdout.splitlines() if (ROOT / name).exists()}


FILES = _files()
PROSE = sorted(
    name for name in FILES if name.endswith((".py", ".md", ".toml", ".sh")) or name in ("Makefile", ".ci/run")
)


@cache
def _prose(name: str) -> list[tuple[int, str]]:
    """(line, text) of the prose in it."""
    return list(_lines(name))


def _lines(name: str) -> Iterator[tuple[int, str]]:
    source = (ROOT / name).read_text("utf-8")
    if not name.endswith(".py"):
        yield from enumerate(source.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            text := ast.get_docstring(node, clean=False)
        ):
            yield from enumerate(text.splitlines(), node.body[0].lineno)


def _is_there(cited: str, name: str) -> bool:
    if cited in NO_FILES or (ROOT / name).parent.joinpath(cited).exists():
        return True
    while cited.startswith("../"):
        cited = cited[3:]
    return any(file == cited or file.endswith(f"/{cited}") for file in FILES)


def test_every_file_that_is_cited_exists():
    missing = [
        f"{name}:{line}: {cited}"
        for name in PROSE
        for line, text in _prose(name)
        for cited in CITED.findall(text)
        if not _is_there(cited, name)
    ]
    assert not missing


def test_every_decision_that_is_cited_exists():
    there = {int(file[15:19]) for file in FILES if re.match(r"docs/decisions/\d{4}-", file)}
    missing = [
        f"{name}:{line}: decision {number}"
        for name in PROSE
        for line, text in _prose(name)
        for found in DECISION.finditer(text)
        if int(number := found[1] or found[2]) not in there
    ]
    assert not missing


def test_every_test_that_is_named_exists():
    """In docs, as `folder/test_file::name`: the function test_name of that file."""
    named = {
        found
        for name in PROSE
        if name.endswith(".md")
        for _, text in _prose(name)
        for found in re.findall(r"`((?:\w+/)*test_\w+)::(\w+)`", text)
    }
    missing = [
        f"{file}::{test}"
        for file, test in sorted(named)
        if f"tests/{file}.py" not in FILES or f"def test_{test}(" not in (ROOT / f"tests/{file}.py").read_text("utf-8")
    ]
    assert named and not missing


def test_every_make_command_that_is_named_exists():
    there = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    missing = [
        f"{name}:{line}: make {command}"
        for name in PROSE
        for line, text in _prose(name)
        for command in COMMAND.findall(text)
        if command not in there
    ]
    assert not missing


def test_nothing_lies_outside_of_a_clone():
    beside = [f"{name}:{line}" for name in PROSE for line, text in _prose(name) if "../shared" in text]
    assert not beside
