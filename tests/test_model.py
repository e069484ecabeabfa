"""bench/model.py: its results follow from its costs, and docs/scale.md has the same numbers."""

import copy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench import model
from bench.capacity import Setup, loads, read_costs
from bench.model import hold, steps

ROOT = Path(__file__).parents[1]
MARKS = ("boxes", "check", "mixed")
BIG = {"database_size": 1000}  # so that the database is never the limit


@pytest.fixture
def costs() -> dict[str, Any]:
    """Round numbers, independent of the last measurement."""
    costs = copy.deepcopy(read_costs())
    for kinds in (costs["cpu_us"], costs["cluster_cpu_us"]):
        kinds["post"] = {"web": 1000, "worker": 1000, "postgres": 1000, "redis": 100}
        kinds["delivery"] = {"web": 0, "worker": 2.5, "postgres": 1.2, "redis": 1.2}
        kinds["read"] = {"web": 1000, "worker": 0, "postgres": 400, "redis": 60}
    costs["box"] |= {"network_mbit_s": 100_000, "disk_gib": 1_000_000}
    return costs


def test_twice_the_boxes_hold_twice_the_people_until_one_part_is_full(costs: dict[str, Any]):
    held = {boxes: hold(costs, Setup(boxes)) for boxes in (3, 4, 50, 100)}
    wide = {boxes: hold(costs, Setup(boxes, **BIG)) for boxes in (25, 50, 100)}

    assert held[100].users == pytest.approx(held[50].users, rel=0.001)
    assert held[100].first.part == "PostgreSQL's CPU"
    assert held[100].spare == held[50].spare + 50
    assert wide[50].users == pytest.approx(2 * wide[25].users, rel=0.1)
    assert wide[100].users == pytest.approx(2 * wide[50].users, rel=0.1)
    assert wide[100].spare == 0


@pytest.mark.parametrize("setup", [Setup(1), Setup(2), Setup(7), Setup(60), Setup(60, citus=True), Setup(1000, **BIG)])
def test_what_is_said_to_fit_fits_and_no_more(costs: dict[str, Any], setup: Setup):
    held = hold(costs, setup)

    assert sum(held.layout) + held.spare == setup.boxes
    assert held.spare >= 0
    assert all(load.full <= 1.001 for load in loads(costs, setup, held.layout, held.users))
    assert model.fit(costs, setup, held.users * 1.001)[1] is not None


def test_only_what_is_full_holds_people_back(costs: dict[str, Any]):
    before = hold(costs, Setup(100))

    costs["cpu_us"]["read"]["web"] /= 2
    cheaper_web = hold(costs, Setup(100))
    costs["cpu_us"]["read"]["postgres"] /= 2
    cheaper_database = hold(costs, Setup(100))

    assert cheaper_web.users == pytest.approx(before.users, rel=0.01)  # fewer stream processes ask the database
    assert cheaper_web.layout.app < before.layout.app
    assert cheaper_database.users > 1.5 * before.users


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"partitions": 1}, "partitions of workers"),
        ({"groups": 1}, "groups of Redis"),
        ({"connections": 500}, "connections to PostgreSQL"),
    ],
)
def test_the_part_that_is_too_small_is_named(costs: dict[str, Any], changes: dict[str, int], part: str):
    setup = Setup(400, **(BIG if part != "connections to PostgreSQL" else {"database_size": 16}), sampled=True)
    setup = Setup(**{name: getattr(setup, name) for name in setup.__struct_fields__} | changes)

    assert hold(costs, setup).first.part == part


def test_a_channel_that_all_streams_have_is_full_at_some_size(costs: dict[str, Any]):
    costs["box"]["redis_message_us"] = 100.0

    assert hold(costs, Setup(400, **BIG)).first.part == "the public stream's channel"
    assert hold(costs, Setup(400, **BIG, sampled=True)).first.part != "the public stream's channel"


@pytest.mark.parametrize("boxes", model.BOXES)
def test_each_remedy_holds_more(costs: dict[str, Any], boxes: int):
    said = [held.users for what, held in steps(costs, boxes) if what != "SQLite, one process"]

    assert said == sorted(said)
    assert all(more > few * 1.02 for few, more in pairwise(said))


def test_citus_asks_for_its_boxes(costs: dict[str, Any]):
    with pytest.raises(ValueError, match="needs 5 boxes"):
        hold(costs, Setup(4, citus=True))


def test_the_page_has_the_tables_of_the_costs():
    page = (ROOT / "docs/scale.md").read_text()

    assert model.write(page, read_costs()) == page, "bench/costs.toml is newer: make scale-model ARGS=--write"


def test_writing_leaves_what_people_wrote():
    page = "above\n" + "between\n".join(f"<!-- {name} -->\nold\n<!-- /{name} -->\n" for name in MARKS) + "below\n"

    written = model.write(page, read_costs())

    assert written.startswith("above\n<!-- boxes -->\n| boxes |")
    assert "old" not in written
    assert "<!-- /boxes -->\nbetween\n<!-- check -->\n| workers |" in written
    assert written.count("between") == 2
    assert written.endswith("<!-- /mixed -->\nbelow\n")


def test_the_command_takes_other_costs(tmp_path: Path):
    other = tmp_path / "costs.toml"
    other.write_text((ROOT / "bench/costs.toml").read_text().replace("cores = 2", "cores = 64", 1))
    command = [sys.executable, "-m", "bench.model", "--boxes", "1"]

    plain, bigger = (
        subprocess.run(each, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for each in (command, [*command, "--costs", str(other)])
    )

    assert "CPU of the" in plain
    assert bigger != plain
