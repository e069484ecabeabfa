"""`make scale-model`: how many people a number of boxes can serve, which part is full first, and what helps then.

bench/capacity.py calculates, bench/costs.toml has the costs, and docs/scale.md explains both. `--write` puts the tables
into that page.
"""

import argparse
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from .capacity import COSTS, Layout, Load, Setup, loads, rates, read_costs

PAGE = Path(__file__).parents[1] / "docs/scale.md"
BOXES = (1, 2, 10, 100, 1000)

# Remedies for each full part, in the order in which they are tried. * is not written yet.
REMEDIES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "PostgreSQL's CPU": [
        ("a database machine of 32 cores", {"database_size": 16}),
        ("Citus on such boxes", {"citus": True, "database_size": 1}),
        ("posts and authors kept in Redis*", {"cached": True}),
    ],
    "the database's disk": [
        ("a database machine of 32 cores", {"database_size": 16}),
        ("Citus on such boxes", {"citus": True, "database_size": 1}),
    ],
    "PostgreSQL's network": [("10 Gbit/s", {"network": 10})],
    "connections to PostgreSQL": [
        ("2 connections a process", {"connections": 2}),
        ("a pooler before each node (not tried)", {"pooled": True}),
    ],
    "partitions of workers": [("1,024 partitions*", {"partitions": 1024})],
    "groups of Redis": [("1,024 groups*", {"groups": 1024})],
    "the public stream's channel": [("a sample of it*", {"sampled": True})],
    "network of the app boxes": [("10 Gbit/s", {"network": 10})],
    "network of Redis": [("10 Gbit/s", {"network": 10})],
}


class Held(NamedTuple):
    """What a setup can serve. first: the part that is full first. spare: boxes that would not help."""

    setup: Setup
    layout: Layout
    users: float
    first: Load
    spare: int


def fit(costs: dict[str, Any], setup: Setup, users: float) -> tuple[Layout, Load | None]:
    """(the fewest boxes of each kind, the full part). None instead of a part: so many users fit."""
    layout = {1: Layout(1, 0, 0), 2: Layout(1, 0, 1)}.get(setup.boxes, Layout(1, 1, 3 if setup.citus else 1))
    while True:
        over = [load for load in loads(costs, setup, layout, users) if load.full > 1]
        stuck = next((load for load in over if not load.kind or not getattr(layout, load.kind)), None)
        if not over or stuck or sum(layout) >= setup.boxes:
            return layout, stuck or next(iter(over), None)
        wanted = layout._asdict()
        for load in over:
            wanted[load.kind] = max(wanted[load.kind], math.ceil(getattr(layout, load.kind) * min(load.full, 1.5)))
        layout = Layout(**wanted)
        if sum(layout) > setup.boxes:
            return layout, max(over, key=lambda load: getattr(layout, load.kind))


def hold(costs: dict[str, Any], setup: Setup) -> Held:
    """The most active users, with the boxes divided between the kinds as needed."""
    if setup.citus and setup.boxes < 5:
        raise ValueError(f"Citus needs 5 boxes at least: 3 of it, one of Redis, one of the app; got {setup.boxes}")
    few, many = 1.0, 1e10
    while many / few > 1.0001:
        middle = math.sqrt(few * many)
        if fit(costs, setup, middle)[1] is None:
            few = middle
        else:
            many = middle
    layout, (_, full) = fit(costs, setup, few)[0], fit(costs, setup, many)
    assert full
    # more boxes would help: of the parts that were divided coarsely one fills up first, so take the fullest
    if full.kind:
        full = max(loads(costs, setup, layout, many), key=lambda load: load.full)
    return Held(setup, layout, few, full, setup.boxes - sum(layout))


def steps(costs: dict[str, Any], boxes: int) -> Iterator[tuple[str, Held]]:
    """(what was changed, what is held): the plain setup, then remedies for the full part, as long as they help."""
    if boxes == 1:
        yield "SQLite, one process", hold(costs, Setup(1, embedded=True))
    held = hold(costs, Setup(boxes))
    yield "PostgreSQL and Redis", held
    while found := mend(costs, held, held.users * 1.02):
        said, held = found
        yield f"+ {', '.join(said)}", held


def mend(costs: dict[str, Any], held: Held, wanted: float) -> tuple[list[str], Held] | None:
    """The fewest remedies, at most three, that hold more users than wanted."""
    found = (_mend(costs, held, wanted, count) for count in (1, 2, 3))
    return next(filter(None, found), None)


def _mend(costs: dict[str, Any], held: Held, wanted: float, count: int) -> tuple[list[str], Held] | None:
    for said, changes in REMEDIES.get(_to_mend(held), []):
        setup = msgspec.structs.replace(held.setup, **changes)
        if setup == held.setup or (setup.citus and (setup.boxes < 5 or setup.database_size > 1)):
            continue
        better = hold(costs, setup)
        if count == 1 and better.users > wanted:
            return [said], better
        if count > 1 and better.first.part != held.first.part and (found := _mend(costs, better, wanted, count - 1)):
            return [said, *found[0]], found[1]
    return None


def _to_mend(held: Held) -> str:
    """The part that is full first. If only boxes are missing: the part that most boxes serve."""
    if held.first.kind and held.layout.database > held.layout.app:
        return "PostgreSQL's CPU"
    return held.first.part


def rows(costs: dict[str, Any], boxes: int) -> Iterator[list[str]]:
    """The table rows for so many boxes."""
    for n, (said, held) in enumerate(steps(costs, boxes)):
        rate, layout = rates(costs, held.users), held.layout
        star_s = costs["people"]["star"] * held.users / costs["elsewhere"]["wide_deliveries_s"]
        spare = f", {held.spare} spare" if held.spare else ""
        yield [
            "" if n else f"{boxes:,}",
            said,
            f"{layout.app} + {layout.redis} + {layout.database}{spare}",
            _short(held.users),
            *(_short(rate[name]) for name in ("posts", "reads", "deliveries")),
            f"{star_s:.3g} s" if star_s < 100 else f"{star_s / 60:.0f} min",
            f"{held.first.part}{': more boxes' if held.first.kind else ''}",
        ]


HEADS = ["boxes", "what is done", "app + Redis + database", "people", "posts/s", "reads/s", "deliveries/s", "star"]
HEADS += ["full first"]


def check(costs: dict[str, Any]) -> Iterator[list[str]]:
    """bench-scale's rows beside the assumptions: the same cost with more workers, another cost on a Cluster."""
    for row in costs["measured"]:
        each_us = costs["cluster_cpu_us" if row["redis"] > 1 else "cpu_us"]
        said = {work: sum(each_us[work].values()) for work in ("post", "delivery", "read")}
        whole = {work: costs["box"]["cores"] * 1e6 / said[work] for work in said}
        yield [
            str(row["workers"]),
            str(row["redis"]),
            *(f"{row[work]:,.4g} ({row[work] / said[work] - 1:+.0%})" for work in said),
            *(f"{row[f'{work}_s']:,} of {whole[work]:,.0f}" for work in ("post", "read")),
        ]


CHECK_HEADS = ["workers", "Redis nodes", "post, µs", "delivery, µs", "read, µs", "posts/s", "reads/s"]


def mixed(costs: dict[str, Any]) -> str:
    """The cost of posts and reads at the same time, beside the sum of their costs (measured by bench.weights)."""
    reads, measured = costs["mixed"]["reads"], costs["mixed"]["together_us"]
    post, read = (sum(costs["cpu_us"][work].values()) for work in ("post", "read"))
    reckoned = post + reads * read
    return (
        f"A post and the {reads} home timelines that are read beside it: {measured / 1000:,.1f} ms of CPU where"
        f" the sum of the pieces is {reckoned / 1000:,.1f} ({measured / reckoned - 1:+.0%})."
    )


def _short(count: float) -> str:
    for size, sign in ((1e6, " M"), (1e3, " k")):
        if count >= size:
            return f"{count / size:.3g}{sign}"
    return f"{count:.3g}"


def write(page: str, costs: dict[str, Any]) -> str:
    """The page with new figures between its marks `<!-- name -->` and `<!-- /name -->`."""
    texts = {"boxes": _markdown(HEADS, [row for boxes in BOXES for row in rows(costs, boxes)])}
    texts |= {"check": _markdown(CHECK_HEADS, check(costs)), "mixed": mixed(costs)}
    for name, text in texts.items():
        begin, end = page.index(f"<!-- {name} -->"), page.index(f"<!-- /{name} -->")
        page = f"{page[:begin]}<!-- {name} -->\n{text}\n{page[end:]}"
    return page


def _markdown(heads: list[str], lines: Iterable[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *lines])


def main() -> None:
    parser = argparse.ArgumentParser(prog="make scale-model", description=__doc__)
    parser.add_argument("--boxes", default=",".join(map(str, BOXES)), help="how many, one after the other")
    parser.add_argument("--followers", type=int, help="of each who posts, in place of costs.toml's")
    parser.add_argument("--costs", type=Path, default=COSTS, help="another file than bench/costs.toml")
    parser.add_argument("--write", action="store_true", help="the tables into docs/scale.md")
    asked = parser.parse_args()
    costs = read_costs(asked.costs)
    if asked.write:
        PAGE.write_text(write(PAGE.read_text(), costs))
    costs["people"]["followers"] = asked.followers or costs["people"]["followers"]
    table = Table(box=None, padding=(0, 1, 0, 0))
    for n, name in enumerate(HEADS):
        table.add_column(name, justify="right" if 2 < n < 8 else "left")
    for boxes in map(int, asked.boxes.split(",")):
        for row in rows(costs, boxes):
            table.add_row(*row)
    console = Console()
    Console(width=console.width if console.is_terminal else 140).print(table)


if __name__ == "__main__":
    main()
