"""Every SQL statement of the product, read from its source: the first argument of tx.all, tx.by_ids and the others.

If a statement is built from names, each value that a name can have is tried. Values come from the module itself
(COLUMNS), from assignments in the function, from the calls of a private function, or from stand_ins for parameters.
"""

import ast
import builtins
import importlib
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import chirrup

PACKAGE = Path(chirrup.__file__).parent
CALLS = {"all", "one", "by_ids", "run", "changed", "many"}


class Statement(NamedTuple):
    place: str  # "store/posts.py:by_ids", as FANOUT names it
    line: int
    sql: str

    def __str__(self) -> str:
        shown = " ".join(self.sql.split())
        return f"chirrup/{self.place.replace(':', f':{self.line} ', 1)}()\n      {shown}"


class Unclear(Exception):
    """The text of a statement cannot be found from the source."""


def collect(file: Path, stand_ins: Mapping[str, list[Any]]) -> Iterator[Statement]:
    """The statements of one module. stand_ins: values by parameter name, or by "store/posts.py:name" for one file only.

    Raises Unclear.
    """
    inside = file.relative_to(PACKAGE).as_posix()
    module = importlib.import_module("chirrup." + inside.removesuffix(".py").replace("/", "."))
    return collect_from(file.read_text(), vars(module), inside, stand_ins)


def collect_from(
    source: str, module: dict[str, Any], inside: str, stand_ins: Mapping[str, list[Any]]
) -> Iterator[Statement]:
    """collect() for source that has run with module as its globals; inside: what to call it."""
    tree = ast.parse(source)
    reader = _Reader(tree, module, {**stand_ins, **_of_file(inside, stand_ins)})
    for function in _functions(tree):
        for call in calls(function):
            try:
                for sql in dict.fromkeys(reader.values(call.args[0], function)):
                    yield Statement(f"{inside}:{function.name}", call.lineno, sql)
            except Unclear as error:
                raise Unclear(
                    f"chirrup/{inside}:{call.lineno} {function.name}(): what is `{error}`? Give the values it can have "
                    f'in STAND_INS, in tests/store/test_citus_rules.py: "{inside}:{error}": [...]'
                ) from error


def _of_file(inside: str, stand_ins: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {name.split(":")[1]: values for name, values in stand_ins.items() if name.startswith(f"{inside}:")}


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Where SQL is run: tx.all(…), tx.one(…) and the others of CALLS."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CALLS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "tx"
        ):
            yield node


class _Reader:
    def __init__(self, tree: ast.Module, module: dict[str, Any], stand_ins: Mapping[str, list[Any]]) -> None:
        self._tree, self._module, self._stand_ins = tree, module, stand_ins
        self._asking: set[tuple[str, str]] = set()

    def values(self, expression: ast.expr, function: ast.FunctionDef) -> list[Any]:
        """The values that expression can have inside function."""
        if isinstance(expression, ast.JoinedStr):  # piece by piece: each piece has few values
            pieces = [self.values(piece, function) for piece in expression.values]
            return ["".join(map(str, chosen)) for chosen in product(*pieces)]
        if isinstance(expression, ast.FormattedValue):
            return self.values(expression.value, function)
        if isinstance(expression, ast.IfExp):
            return self.values(expression.body, function) + self.values(expression.orelse, function)
        names = sorted(_free_names(expression))
        choices = [self._values_of(name, function) for name in names]
        code = compile(ast.Expression(expression), "<statement>", "eval")
        return [eval(code, self._module, dict(zip(names, chosen, strict=True))) for chosen in product(*choices)]

    def _values_of(self, name: str, function: ast.FunctionDef) -> list[Any]:
        if name in self._stand_ins:
            return self._stand_ins[name]
        if (function.name, name) in self._asking:  # it is made from itself
            raise Unclear(name)
        self._asking.add((function.name, name))
        try:
            values = self._assigned_in(function, name) or self._given_to(function, name)
        finally:
            self._asking.discard((function.name, name))
        if not values and name in self._module:
            return [self._module[name]]
        if not values and hasattr(builtins, name):
            return [getattr(builtins, name)]
        if not values:
            raise Unclear(name)
        return values

    def _assigned_in(self, function: ast.FunctionDef, name: str) -> list[Any]:
        values: list[Any] = []
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and any(_is(target, name) for target in node.targets):
                values += self.values(node.value, function)
            elif isinstance(node, ast.For) and _is(node.target, name):
                values += [value for each in self.values(node.iter, function) for value in each]
            elif isinstance(node, ast.AugAssign | ast.AnnAssign) and _is(node.target, name):
                raise Unclear(name)
        return values

    def _given_to(self, function: ast.FunctionDef, name: str) -> list[Any]:
        """The arguments for this parameter in calls by other functions of the module, and its default."""
        parameters = [*function.args.posonlyargs, *function.args.args]
        places = {parameter.arg: place for place, parameter in enumerate(parameters)}
        if name not in [*places, *(parameter.arg for parameter in function.args.kwonlyargs)]:
            return []
        defaults = dict(zip([p.arg for p in parameters][::-1], function.args.defaults[::-1], strict=False))
        defaults |= {p.arg: d for p, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if d}
        values = self.values(defaults[name], function) if name in defaults else []
        for caller in _functions(self._tree):
            for call in ast.walk(caller):
                if isinstance(call, ast.Call) and _is(call.func, function.name):
                    given = [keyword.value for keyword in call.keywords if keyword.arg == name]
                    if name in places:
                        given += call.args[places[name] : places[name] + 1]
                    for argument in given:
                        values += self.values(argument, caller)
        if not values:
            raise Unclear(name)
        return values


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _free_names(expression: ast.expr) -> set[str]:
    names = [node for node in ast.walk(expression) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}  # by comprehensions
    return {node.id for node in names if node.id not in bound}
