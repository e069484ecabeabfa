"""What the kit's macros need beyond Jinja's own filters."""

from collections.abc import Mapping
from typing import Any

from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, _escape_inner, escape  # pyright: ignore[reportPrivateImportUsage, reportPrivateUsage]


def written(value: Any) -> str:
    """A value as a template writes it: escape(), without the Markup that nobody needs any more when it is joined.

    A page of 20 posts writes 1,500 values, and their Markup was a third of what a page costs (decision 32).
    """
    kind = type(value)
    if kind is str:
        return _escape_inner(value)
    if kind is Markup:
        return value
    return str(value) if kind is int else escape(value)


class Generator(CodeGenerator):
    """Has templates call `environment.written` for what they write."""

    def _output_child_pre(self, node: Any, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.written(")
        else:
            super()._output_child_pre(node, frame, finalize)


def attrs(given: Mapping[str, Any]) -> Markup:
    """` name="value"` for each. True: the name alone; False and None: nothing. aria_label is aria-label.

    A name ends with _ where it is a word of the language: class_, for_.
    """
    parts = []
    for name, value in given.items():
        if value is None or value is False:
            continue
        name = escape(name.removesuffix("_").replace("_", "-"))
        parts.append(f" {name}" if value is True else f' {name}="{escape(value)}"')
    return Markup("".join(parts))


def short(count: float) -> str:
    """1234 as 1.2k."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count // (size // 10) / 10:g}{letter}"
    return f"{count:g}"
