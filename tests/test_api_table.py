"""The table of the API's endpoints in docs/api.md is what the tables of routes say."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("api_table", Path(__file__).parent.parent / "tools" / "api_table.py")
assert _spec and _spec.loader
api_table = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(api_table)


def test_the_table_of_the_api_is_true():
    assert api_table.WRITTEN.read_text() == api_table.table(), "write it anew with: make api-table"


def test_no_endpoint_is_documented_twice():
    keys = [one.key for one in api_table.documented()]

    assert len(keys) == len(set(keys)) > 250
