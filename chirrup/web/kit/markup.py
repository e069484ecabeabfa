"""What the kit's macros need beyond Jinja's own filters."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape


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
