"""The tokens of the kit: contrast is sufficient in both themes, and no file uses values outside the scales."""

import re
from pathlib import Path

import pytest

import chirrup.web.kit
from chirrup.web.kit import tokens

CSS = Path(chirrup.web.kit.__file__).parent / "css"
GROUNDS = ("paper", "card", "sunk")
WORDS = [
    *((word, ground) for ground in GROUNDS for word in ("text", "soft", "accent", "accent-strong")),
    *((word, ground) for ground in GROUNDS for word in ("good", "warn", "bad")),
    *((word, f"{mood}-soft") for mood in ("accent", "good", "warn", "bad") for word in (mood, "text")),
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bad", "bad"),
    *(("on-tint", f"tint{n}") for n in range(8)),
]
CONTROLS = [
    *(("edge", ground) for ground in GROUNDS),
    *(("accent", ground) for ground in (*GROUNDS, "accent-soft")),  # marked items and the focus
    *((f"series{n}", ground) for n in range(1, 5) for ground in ("paper", "card")),
]
SCALE = {"12": "16", "14": "20", "15": "22", "17": "24", "20": "26", "28": "34"}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(WORDS, 4.5), (CONTROLS, 3.0)], ids=["words", "controls"])
def test_what_is_shown_can_be_told_from_its_ground(theme: str, pairs: list[tuple[str, str]], least: float):
    ratios = {pair: contrast(*(tokens.colour(name, theme) for name in pair)) for pair in pairs}

    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < least} == {}


def test_every_colour_is_in_a_pair():
    named = {name for pair in WORDS + CONTROLS for name in pair} | {"line"}  # which carries no meaning

    assert {name for name, value in tokens.values().items() if "#" in value} == named


def test_the_scale_of_type_is_the_one_that_was_drawn():
    found = {name[4:]: value.split()[0] for name, value in tokens.values().items() if name.startswith("type")}

    px = lambda rem: f"{float(rem.removesuffix('rem')) * 16:g}"  # noqa: E731
    assert {size: (px(both.split("/")[0]), px(both.split("/")[1])) for size, both in found.items()} == {
        size: (size, height) for size, height in SCALE.items()
    }


def declarations() -> list[tuple[str, str, str]]:
    """(file, property, value) of all declarations except the tokens themselves."""
    found = []
    for file in sorted(CSS.glob("*.css")):
        if file.name != "tokens.css":
            text = re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.DOTALL)
            found += [(file.name, name, value.strip()) for name, value in re.findall(r"([\w-]+): ([^;{}]+);", text)]
    assert found
    return found


def test_colours_sizes_of_type_and_times_come_from_the_tokens():
    wrong = [
        one
        for one in declarations()
        if re.search(r"#[0-9a-f]{3,8}\b|rgb|hsl", one[2])
        or (one[1] == "font" and one[2] != "inherit" and "var(--type" not in one[2])
        or (one[1] in ("font-size", "line-height") and one[2] not in ("0", "inherit", "var(--line-of-links)"))
        or (one[1].startswith(("transition", "animation")) and re.search(r"\d(ms|s)\b", one[2]))
        or (one[1] == "box-shadow" and one[2] not in ("none", "var(--shadow)") and "inset" not in one[2])
        or ("radius" in one[1] and re.search(r"\d(px|rem|em)", one[2]))
    ]

    assert wrong == []


def test_space_is_a_multiple_of_four_pixels():
    wrong = []
    for file, name, value in declarations():
        if re.match(r"(margin|padding|gap|row-gap|column-gap)", name):
            sizes = [float(n) * (16 if unit == "rem" else 1) for n, unit in re.findall(r"([\d.]+)(rem|px)", value)]
            wrong += [(file, name, value) for size in sizes if size % 4]

    assert wrong == []


def test_every_token_is_used_and_every_use_is_a_token():
    text = "".join(file.read_text("utf-8") for file in CSS.glob("*.css"))
    used = set(re.findall(r"var\(--([\w-]+)\)", text))

    assert used == set(tokens.values())
