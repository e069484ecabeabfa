"""The report of advisories about our dependencies. The query itself needs a network, so it is not tested."""

import importlib.util
import json
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("audit", Path(__file__).parent.parent / "tools" / "audit.py")
assert _spec and _spec.loader
audit = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(audit)

FINE = {"name": "msgspec", "version": "1", "vulns": []}
HOLE = {"name": "pillow", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "uvicorn", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([FINE], 0, []),
        ([FINE, HOLE], 1, ["pillow 1: PYSEC-1, mended in 2"]),
        ([FINE, UNKNOWN], 0, ["Left out: no advisories could be asked for about 1 of 2 packages"]),
    ],
)
def test_an_advisory_fails_and_what_could_not_be_asked_is_said(found: list, code: int, said: list[str]):
    assert audit.verdict(json.dumps({"dependencies": found, "fixes": []})) == (said, code)


@pytest.mark.parametrize("answer", ["", "ConnectionError: no route to pypi.org", "[]", "{}", "null"])
def test_without_a_network_it_is_left_out_with_a_word(answer: str):
    (line,), code = audit.verdict(answer)

    assert code == 0
    assert line.startswith("Left out: nobody looked for advisories")
