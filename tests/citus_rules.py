"""The rules for the schema and every statement on Citus: docs/decisions/0001-ids-and-buckets.md.

The kind of a statement says what it costs there: "router" uses one shard, "multi" the shards of a list of ids or
buckets, "fanout" all shards. Checked against Citus's own EXPLAIN when the rules were made.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp

KINDS = ("router", "multi", "fanout")
TYPES = {"INTEGER", "INT", "SMALLINT", "BIGINT", "TEXT", "TSVECTOR"}
UNSTEADY = re.compile(
    r"\b(now|random|clock_timestamp|statement_timestamp|gen_random_uuid|current_timestamp|current_date|datetime|nextval"
    r"|strftime|unixepoch|randomblob)\b",
    re.I,
)


class Table(NamedTuple):
    columns: dict[str, str]  # type by name
    not_null: set[str]
    key: tuple[str, ...]
    uniques: list[tuple[str, ...]]  # without the key
    indexes: list[tuple[str, ...]]  # all, with the key
    checks: list[str]
    foreign: list[str]

    @property
    def conflicts(self) -> list[set[str]]:
        """The sets of columns that an ON CONFLICT can name."""
        return [set(key) for key in (self.key, *self.uniques)]


Schema = dict[str, Table]
Registry = Mapping[str, str]  # table -> what its bucket is taken from, or "reference": store/schema/


def bucket_source(table: str, registry: Registry) -> str:
    """The column whose low 12 bits are the bucket; "" for text keys."""
    found = re.match(r"(\w+)(?!\w*\()", registry[table])
    return found[1] if found else ""


# the schema


def read_schema(statements: Iterable[str]) -> tuple[Schema, list[str]]:
    """(tables, statements that are not allowed)."""
    tables: Schema = {}
    wrong: list[str] = []
    for sql in statements:
        tree = _parse(sql)
        if not isinstance(tree, exp.Create) or tree.kind not in ("TABLE", "INDEX"):
            wrong.append(
                f"only tables and indexes are created, no triggers, sequences or views: {' '.join(sql.split())}"
            )
        elif tree.kind == "TABLE":
            tables[tree.this.this.name] = _table(tree.this)
        else:
            index = tree.this
            columns = tuple(column.this.name for column in index.args["params"].args.get("columns") or [])
            table = tables[index.args["table"].name]
            table.indexes.append(columns)
            if tree.args.get("unique"):
                table.uniques.append(columns)
    return tables, wrong


def _table(schema: exp.Schema) -> Table:
    table = Table({}, set(), (), [], [], [], [])
    key: tuple[str, ...] = ()
    for part in schema.expressions:
        if isinstance(part, exp.ColumnDef):
            table.columns[part.name] = part.args["kind"].sql("postgres") if part.args.get("kind") else ""
            for constraint in part.constraints:
                kind = constraint.kind
                if isinstance(kind, exp.NotNullColumnConstraint):
                    table.not_null.add(part.name)
                elif isinstance(kind, exp.PrimaryKeyColumnConstraint):
                    key = (part.name,)
                elif isinstance(kind, exp.UniqueColumnConstraint):
                    table.uniques.append((part.name,))
                elif isinstance(kind, exp.Reference):
                    table.foreign.append(constraint.sql())
                elif isinstance(kind, exp.DefaultColumnConstraint) and isinstance(kind.this, exp.Literal):
                    pass  # of a newer column: the old program does not name it
                elif not isinstance(kind, exp.CheckColumnConstraint):
                    table.columns[part.name] += f" {constraint.sql()}"  # generated, identity: no plain type
        elif isinstance(part, exp.PrimaryKey):
            key = tuple(column.name for column in part.expressions)
        elif isinstance(part, exp.UniqueColumnConstraint):
            table.uniques.append(tuple(column.name for column in part.this.expressions))
        elif isinstance(part, exp.ForeignKey):
            table.foreign.append(part.sql())
        elif isinstance(part, exp.Constraint | exp.CheckColumnConstraint):
            table.checks.append(part.sql("postgres"))
    return table._replace(key=key, indexes=[key, *table.uniques])


def check_schema(tables: Schema, registry: Registry) -> Iterator[str]:
    """One sentence for each breach."""
    for name in sorted(tables.keys() - registry.keys()):
        yield f"{name}: not in TABLES (store/schema/): say there what its bucket is taken from"
    for name in sorted(registry.keys() - tables.keys()):
        yield f"{name}: in TABLES (store/schema/), but no statement creates it"
    for name in sorted(tables.keys() & registry.keys()):
        yield from (f"{name}: {breach}" for breach in _check_table(name, tables[name], registry))


def _check_table(name: str, table: Table, registry: Registry) -> Iterator[str]:
    for column, kind in table.columns.items():
        if kind.upper() not in TYPES:
            yield f"{column} is {kind}; types are INTEGER, BIGINT and TEXT, plain"
        if column not in table.not_null and column in {name for key in (table.key, *table.uniques) for name in key}:
            yield f"{column} must be NOT NULL: NULLs never conflict in a unique key"
    if not table.key:
        yield "needs a PRIMARY KEY: shards are moved by it"
    for foreign in table.foreign:
        yield f"no foreign keys: {foreign}"
    if registry[name] == "reference":
        if "bucket" in table.columns:
            yield "a reference table has no bucket"
        return
    if table.columns.get("bucket", "").upper() not in ("INTEGER", "INT") or "bucket" not in table.not_null:
        yield "needs `bucket INTEGER NOT NULL`"
    for key in (table.key, *table.uniques):
        if key and "bucket" not in key:
            yield f"the unique key ({', '.join(key)}) must include bucket"
    source = bucket_source(name, registry)
    if source and source not in table.columns:
        yield f"TABLES says the bucket is taken from {source}, which is no column of it"
    if source == "id":
        if table.key[:1] != ("id",):
            yield f"its PRIMARY KEY ({', '.join(table.key)}) must begin with id: lists of ids are looked up by it"
        if not any(re.search(r"bucket = \(?id & 4095\)?", check) for check in table.checks):
            yield "needs CHECK (bucket = (id & 4095))"


# statements


def check(sql: str, tables: Schema, registry: Registry, *, may_skip: bool = False) -> tuple[str, list[str]]:
    """(kind, one sentence for each breach). may_skip: OFFSET is allowed."""
    try:
        tree = _parse(sql)
    except sqlglot.ParseError as error:
        return "fanout", [f"sqlglot cannot read it: {error.errors[0]['description']}"]
    breaches: list[str] = []
    unknown = sorted({t.name for t in tree.find_all(exp.Table) if t.name} - registry.keys() - _derived(tree))
    breaches += [f"the table {name} is not in TABLES (store/schema/)" for name in unknown]
    if unknown:
        return "fanout", breaches
    kind = _Pins(tree, tables, registry, breaches).kind
    writes = isinstance(tree, exp.Insert | exp.Update | exp.Delete)
    if isinstance(tree, exp.Insert):
        breaches += _check_insert(tree, tables, registry)
    if writes and (found := UNSTEADY.search(_without_text(sql))):
        breaches.append(f"{found[0]} differs from shard to shard: pass times and random values as parameters")
    if isinstance(tree, exp.Update) and "bucket" in _assigned(tree.expressions):
        breaches.append("SET bucket: a row never moves to another bucket")
    if list(tree.find_all(exp.Offset)) and not may_skip:
        breaches.append("OFFSET: page by key, `id < :before ORDER BY id DESC LIMIT :limit`")
    if list(tree.find_all(exp.Lock)) and kind != "router":
        breaches.append("FOR UPDATE works in one bucket only")
    if any(with_.recursive for with_ in tree.find_all(exp.With)) and kind != "router":
        breaches.append("WITH RECURSIVE works in one bucket only")
    return kind, breaches


def _check_insert(tree: exp.Insert, tables: Schema, registry: Registry) -> Iterator[str]:
    target = tree.this
    name = target.this.name if isinstance(target, exp.Schema) else target.name
    columns = [column.name for column in target.expressions] if isinstance(target, exp.Schema) else []
    sharded = registry[name] != "reference"
    if not columns:
        yield "INSERT must list its columns"
    elif sharded and "bucket" not in columns:
        yield "INSERT must list bucket"
    for column in columns:
        if column not in tables[name].columns:
            yield f"{name} has no column {column}"
    conflict = tree.args.get("conflict")
    if conflict is None:
        return
    keys = {
        key.this.name if isinstance(key, exp.Ordered) else key.name for key in conflict.args.get("conflict_keys") or []
    }
    if not keys:
        yield "ON CONFLICT must name its target: ON CONFLICT (id, bucket)"
    elif sharded and "bucket" not in keys:
        yield f"ON CONFLICT ({', '.join(sorted(keys))}): the target must include bucket"
    elif keys not in tables[name].conflicts:
        yield f"ON CONFLICT ({', '.join(sorted(keys))}): {name} has no such unique key"
    if "bucket" in _assigned(conflict.expressions):
        yield "DO UPDATE SET bucket: a row never moves to another bucket"


def _assigned(expressions: list[exp.Expression]) -> set[str]:
    return {one.this.name for one in expressions if isinstance(one, exp.EQ)}


def _derived(tree: exp.Expression) -> set[str]:
    return {cte.alias for cte in tree.find_all(exp.CTE)} | {"excluded"}


def _without_text(sql: str) -> str:
    return re.sub(r"'(?:[^']|'')*'|:\w+", "''", sql)


def _parse(sql: str) -> exp.Expression:
    return sqlglot.parse_one(sql, dialect="postgres")


class _Pins:
    """Finds which tables of a statement are pinned to a bucket, for each SELECT, UPDATE or DELETE in it."""

    def __init__(self, tree: exp.Expression, tables: Schema, registry: Registry, breaches: list[str]) -> None:
        self._tables, self._registry, self._breaches = tables, registry, breaches
        self._derived = _derived(tree)
        self.kind = "router"
        self._visit(tree, {})

    def _visit(self, node: exp.Expression, outer: dict[str, str]) -> None:
        """outer: alias of an outer table -> what it is pinned to, for subqueries that refer to it."""
        if isinstance(node, exp.Select | exp.Update | exp.Delete):
            outer = self._pin(node, outer)
        for child in node.iter_expressions():
            self._visit(child, outer)

    def _pin(self, core: exp.Expression, outer: dict[str, str]) -> dict[str, str]:
        aliases = {
            table.alias_or_name: table.name
            for table in _sources(core)
            if table.name not in self._derived and self._registry[table.name] != "reference"
        }
        group = {alias: alias for alias in aliases}  # alias -> who stands for all that share its bucket
        outer = {alias: pin for alias, pin in outer.items() if alias not in aliases}  # a name may come again inside
        pinned = dict(outer)  # alias or parameter -> "one", "list" or "none"
        listed: dict[str, set[str]] = {alias: set() for alias in aliases}

        def column(node: exp.Expression | None) -> tuple[str, str]:
            """(alias, column) where it is of a sharded table."""
            if not isinstance(node, exp.Column):
                return "", ""
            alias = node.table or (next(iter(aliases)) if len(aliases) == 1 else "")
            return (alias, node.name) if alias in aliases or alias in outer else ("", "")

        equal: list[tuple[str, str]] = []
        for condition, reach in _conditions(core):
            if isinstance(condition, exp.In) and not condition.args.get("query"):
                condition = exp.EQ(this=condition.this, expression=exp.Any())
            if not isinstance(condition, exp.EQ):
                continue
            sides = [condition.this, condition.expression]
            for one, other in (sides, sides[::-1]):
                alias, name = column(one)
                if not alias or alias in outer or (reach and alias != reach):
                    continue
                if isinstance(other, exp.Any):
                    listed[alias].add(name)
                elif name == "bucket" and isinstance(other, exp.Placeholder | exp.Literal):
                    equal.append((alias, f":{other.name}"))
                    pinned[f":{other.name}"] = "one"
                elif name == "bucket" and column(other)[1] == "bucket":
                    equal.append((alias, column(other)[0]))

        for alias, names in listed.items():
            if "bucket" in names:  # Citus cannot know that what the bucket is taken from says it, too
                pinned.setdefault(alias, "list")
            self._check_two_lists(aliases[alias], names)
        self._join(group, equal)
        places = {place: _root(group, place) for place in group}
        for place, root in places.items():
            kinds = [pinned[one] for one, its in places.items() if its == root and one in pinned]
            if place in aliases and kinds:
                pinned[place] = min(kinds, key=("one", "list", "none").index)
        roots = {places[alias] for alias in aliases}
        if len(roots) > 1:
            self._breaches.append(
                f"{', '.join(sorted(aliases))}: joined tables must share their bucket, a.bucket = b.bucket"
            )
        for alias in aliases:
            found = {"one": "router", "list": "multi"}.get(pinned.get(alias, ""), "fanout")
            self.kind = max(self.kind, found, key=KINDS.index)
        return {alias: pinned.get(alias, "none") for alias in aliases} | outer

    def _join(self, group: dict[str, str], equal: list[tuple[str, str]]) -> None:
        for one, other in equal:
            for place in (one, other):
                group.setdefault(place, place)
            group[_root(group, one)] = _root(group, other)

    def _check_two_lists(self, table: str, names: set[str]) -> None:
        """`bucket IN (40) AND id IN (40)` is 1,600 look-ups by a key (bucket, id), 40 by a key (id, bucket)."""
        if "bucket" in names and len(names) > 1:
            firsts = {index[0] for index in self._tables[table].indexes if index}
            if not names & (firsts - {"bucket"}):
                others = ", ".join(sorted(names - {"bucket"}))
                self._breaches.append(
                    f"two lists, of bucket and of {others}: {table} needs a key or index that begins with {others}"
                )


def _root(group: dict[str, str], place: str) -> str:
    while group[place] != place:
        place = group[place]
    return place


def _sources(core: exp.Expression) -> Iterator[exp.Table]:
    """The tables named directly in FROM and JOIN, or that are written to."""
    places: list[Any] = [core.args.get("this")] if not isinstance(core, exp.Select) else []
    places += [core.args["from_"].this] if core.args.get("from_") else []
    places += [join.this for join in core.args.get("joins") or []]
    return (place for place in places if isinstance(place, exp.Table))


def _conditions(core: exp.Expression) -> Iterator[tuple[exp.Expression, str]]:
    """(condition, "" or the only table it restricts): all must hold; what is under OR is left whole."""
    where = core.args.get("where")
    if where:
        yield from ((one, "") for one in _ands(where.this))
    for join in core.args.get("joins") or []:
        if join.args.get("on"):
            outer = join.this.alias_or_name if join.args.get("side") else ""
            yield from ((one, outer) for one in _ands(join.args["on"]))


def _ands(node: exp.Expression) -> Iterator[exp.Expression]:
    node = node.unnest()
    if isinstance(node, exp.And):
        yield from _ands(node.this)
        yield from _ands(node.expression)
    else:
        yield node
