"""Keeps the catalogues of languages (chirrup/wording/): `make words` after a change of a sentence; docs/languages.md.

Takes the sentences out of the code, puts new ones into each CODE.po, and makes CODE.mo of it. tests/test_words.py fails
where that was not done, and where a translation is missing.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from chirrup.wording import FIELD

REPOSITORY = Path(__file__).resolve().parents[1]
CODE = REPOSITORY / "chirrup"
CATALOGUES = CODE / "wording"

# A call of this name -> which argument is a sentence. Other errors are only for operators, or OAuth's, in English.
SENTENCES = {
    "BadRequest": 0,
    "Encoded": 0,
    "Forbidden": 0,
    "Held": 0,
    "Invalid": 2,
    "InvalidBody": 0,
    "NoMethod": 0,
    "NotAllowed": 0,
    "N_": 0,
    "TooLarge": 0,
    "TooMany": 0,
    "Unauthorised": 0,
    "Unavailable": 0,
    "Unconfirmed": 0,
    "Unexpected": 0,
}
FIELDS = {"Invalid": 0, "of": 0, "field": 0}  # and functions with a parameter `field`
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_NAME = re.compile("[A-Za-z0-9_ -]+")


class Found(NamedTuple):
    place: str  # "chirrup/social/posts.py"
    sentence: str
    many: str = ""  # of a Counted
    is_field: bool = False


class Unclear(NamedTuple):
    """An error whose sentence is not written where it is raised, nor marked with N_()."""

    place: str
    code: str


@cache
def found() -> list[Found | Unclear]:
    """All of the code."""
    files = sorted(CODE.rglob("*.py"))
    return list(found_in({file.relative_to(REPOSITORY).as_posix(): ast.parse(file.read_text()) for file in files}))


def found_in(trees: dict[str, ast.Module]) -> Iterator[Found | Unclear]:
    fields = FIELDS | dict(_with_a_field(trees))
    marked_in = {place: set(_marked(tree)) for place, tree in trees.items()}
    constants = {name for names in marked_in.values() for name in names if name.isupper()}
    for place, tree in trees.items():
        marked = marked_in[place] | constants
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                yield from _of_class(place, node)
            elif isinstance(node, ast.Call):
                yield from _of_call(place, node, marked, fields)
            elif isinstance(node, FUNCTIONS) and (default := _default_field(node)):
                yield Found(place, default, is_field=True)


def _with_a_field(trees: dict[str, ast.Module]) -> Iterator[tuple[str, int]]:
    """Functions that take a field's name, and where."""
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, FUNCTIONS):
                names = [one.arg for one in node.args.args]
                if "field" in names:
                    yield node.name, names.index("field")


def _default_field(node: FUNCTIONS) -> str:
    named = [*node.args.posonlyargs, *node.args.args]
    defaults = zip(reversed(named), reversed(node.args.defaults), strict=False)
    return next((text_of(value) or "" for one, value in defaults if one.arg == "field"), "")


def _of_class(place: str, node: ast.ClassDef) -> Iterator[Found]:
    """What a kind of error says of itself in super().__init__()."""
    for index in (SENTENCES[base] for base in map(ast.unparse, node.bases) if base in SENTENCES):
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
                for sentence in filter(None, map(text_of, call.args[index : index + 1])):
                    yield Found(place, sentence)


def _of_call(place: str, node: ast.Call, marked: set[str], fields: dict[str, int]) -> Iterator[Found | Unclear]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name == "Counted":
        yield Found(place, text_of(node.args[0]) or "", text_of(node.args[1]) or "")
    index = SENTENCES.get(name, -1)
    if 0 <= index < len(node.args):
        given = node.args[index]
        if sentence := text_of(given):
            yield Found(place, sentence)
        elif ast.unparse(given).rpartition(".")[2] not in marked:
            yield Unclear(place, ast.unparse(node))
    index = fields.get(name, -1)
    given = [node.args[index]] if 0 <= index < len(node.args) else []
    given += [keyword.value for keyword in node.keywords if keyword.arg == "field"]
    for one in given:
        if (field := text_of(one)) and _NAME.fullmatch(field):
            yield Found(place, field, is_field=True)


def _marked(tree: ast.Module) -> Iterator[str]:
    """The names that get a sentence that is marked with N_() or is a Counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=True))
                for name, value in pairs:
                    if isinstance(value, ast.Call) and getattr(value.func, "id", "") in ("N_", "Counted"):
                        yield ast.unparse(name)


def text_of(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


class Undated(Catalog):
    """A catalogue whose header has neither dates nor versions: it changes only with its sentences."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        plural = str(self.plural_forms)
        return [("Language", str(self.locale)), ("Content-Type", "text/plain; charset=utf-8"), ("Plural-Forms", plural)]


def template() -> Catalog:
    """All sentences of the code, with the files in which they stand."""
    made = Undated()
    for one in found():
        if isinstance(one, Found) and one.sentence:
            id = (one.sentence, one.many) if one.many else one.sentence
            flags = ["python-brace-format"] if "{" in one.sentence else []
            made.add(id, locations=[(one.place, 0)], flags=flags, context=FIELD if one.is_field else None)
    return made


def read(file: Path) -> Catalog:
    with file.open("rb") as opened:
        return read_po(opened, locale=file.stem)


def updated(known: Catalog, code: Catalog) -> Catalog:
    """The sentences of the code with the translations that are known."""
    made = Undated(known.locale, header_comment="# docs/languages.md", fuzzy=False)
    for one in code:
        if one.id:
            old = known.get(one.id, one.context)
            flags = one.flags | (old.flags if old else set())
            made.add(one.id, old.string if old else "", one.locations, flags, context=one.context)
    return made


def as_po(catalogue: Catalog) -> bytes:
    """Sorted by sentence, without line numbers: a change of the code changes only the lines it must."""
    out = BytesIO()
    write_po(out, catalogue, width=120, sort_output=True, include_lineno=False)
    return out.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def lacking(catalogue: Catalog) -> list[object]:
    """Sentences without a translation, and those whose translation is in doubt."""
    return [one.id for one in catalogue if one.id and (one.fuzzy or not all(strings(one)))]


def strings(one: Message) -> list[object]:
    return list(one.string or ()) if one.pluralizable else [one.string]


def main() -> None:
    code = template()
    for file in sorted(CATALOGUES.glob("*.po")):
        catalogue = updated(read(file), code)
        file.write_bytes(as_po(catalogue))
        file.with_suffix(".mo").write_bytes(as_mo(catalogue))
        for sentence in lacking(catalogue):
            print(f"{file.name} lacks: {sentence}")


if __name__ == "__main__":
    main()
