"""An accent colour that can be read on our pages, in the light theme and in the dark one, and what goes with it.

Contrast is that of WCAG 2.2: words need 4.5 to 1. The grounds are those of the pages' kit; a test holds them equal.
"""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

Theme = Literal["light", "dark"]
WORDS = 4.5
GROUNDS: dict[Theme, tuple[str, ...]] = {  # paper, card, sunk
    "light": ("#f6f5f2", "#ffffff", "#efede8"),
    "dark": ("#121618", "#1a2023", "#232b2f"),
}
TEXT: dict[Theme, str] = {"light": "#1d2326", "dark": "#e6eaeb"}
TOWARDS: dict[Theme, str] = {"light": "#000000", "dark": "#ffffff"}  # where contrast rises
HOVER, SOFT = 0.25, 0.12  # how far a stronger accent is from it, and how much of it is in a soft ground
STEPS = 50
FORM = re.compile(r"#[0-9a-f]{6}")


class Accent(msgspec.Struct, frozen=True):
    """The tokens of the kit that are set anew."""

    accent: str
    strong: str
    soft: str
    on: str  # words on it


def contrast(one: str, other: str) -> float:
    """1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def accent(colour: str, theme: Theme) -> Accent:
    card = GROUNDS[theme][1]
    on = max(("#ffffff", "#06201f"), key=lambda one: contrast(one, colour))
    return Accent(colour, mixed(colour, TOWARDS[theme], HOVER), mixed(card, colour, SOFT), on)


def least(colour: str, theme: Theme) -> float:
    """The lowest contrast that it comes to somewhere on a page."""
    made = accent(colour, theme)
    grounds = (*GROUNDS[theme], made.soft)
    shown = [contrast(word, ground) for word in (made.accent, made.strong) for ground in grounds]
    return min(*shown, contrast(TEXT[theme], made.soft), contrast(made.on, made.accent), contrast(made.on, made.strong))


def fitting(colour: str, theme: Theme) -> str:
    """The nearest to it that can be read: itself, or a darker one for the light theme, a lighter one for the dark."""
    return next(one for one in _nearer(colour, theme) if least(one, theme) >= WORDS)


def _nearer(colour: str, theme: Theme) -> Iterator[str]:
    for step in range(STEPS + 1):
        yield mixed(colour, TOWARDS[theme], step / STEPS)


def mixed(one: str, other: str, share: float) -> str:
    """share: of the other, 0 to 1."""
    parts = [round(a + (b - a) * share) for a, b in zip(_parts(one), _parts(other), strict=True)]
    return f"#{parts[0]:02x}{parts[1]:02x}{parts[2]:02x}"


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5))


def _luminance(colour: str) -> float:
    parts = [one / 255 for one in _parts(colour)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
