"""The values of the tokens in css/tokens.css: for the browser's colours in a page's head, and for tests."""

import re
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "css/tokens.css"
_TOKEN = re.compile(r"^ +--([\w-]+): ([^;]+);", re.MULTILINE)
_BOTH = re.compile(r"light-dark\((#\w+), (#\w+)\)")


@cache
def values() -> dict[str, str]:
    """name without dashes -> value as written, for every token; the first value, if there are two."""
    found = _TOKEN.findall(FILE.read_text("utf-8"))
    return dict(reversed(found))


def colour(name: str, theme: str) -> str:
    """#rrggbb of a colour in the theme, "light" or "dark"."""
    value = values()[name]
    both = _BOTH.fullmatch(value)
    return both[1 if theme == "light" else 2] if both else value


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
