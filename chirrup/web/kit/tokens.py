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
