"""Filters and functions for the kit's macros."""

from collections.abc import Mapping
from typing import Any

from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, _escape_inner, escape  # pyright: ignore[reportPrivateImportUsage, reportPrivateUsage]


def written(value: Any) -> str:
    """The escaped text of a value, as str: the Markup of escape() is not needed for joining.

    A page of 20 posts writes 1,500 values, and their Markup was a third of a page's cost (decision 32).
    """
    kind = type(value)
    if kind is str:
        return _escape_inner(value)
    if kind is Markup:
        return value
    return str(value) if kind is int else escape(value)


class Generator(CodeGenerator):
    """Makes templates call `environment.written` for each value they write."""

    def _output_child_pre(self, node: Any, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.written(")
        else:
            super()._output_child_pre(node, frame, finalize)


def attrs(given: Mapping[str, Any]) -> Markup:
    """` name="value"` for each. True: only the name; False and None: nothing. aria_label becomes aria-label.

    Names that are Python keywords end with _: class_, for_.
    """
    parts = []
    for name, value in given.items():
        if value is None or value is False:
            continue
        name = escape(name.removesuffix("_").replace("_", "-"))
        parts.append(f" {name}" if value is True else f' {name}="{escape(value)}"')
    return Markup("".join(parts))


def short(count: float) -> str:
    """1234 becomes "1.2k"."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count // (size // 10) / 10:g}{letter}"
    return f"{count:g}"
