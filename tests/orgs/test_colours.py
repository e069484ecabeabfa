"""An accent colour can be read wherever a page shows it, and what cannot is refused with one like it that can."""

import itertools

import pytest
from web.test_tokens import contrast

from chirrup.errors import Invalid
from chirrup.orgs import colours, settings
from chirrup.orgs.colours import Theme
from chirrup.web import theme
from chirrup.web.kit import tokens

THEMES: list[Theme] = ["light", "dark"]


@pytest.mark.parametrize("look", THEMES)
def test_the_grounds_are_those_of_the_kit(look: Theme):
    assert colours.GROUNDS[look] == tuple(tokens.colour(name, look) for name in ("paper", "card", "sunk"))
    assert colours.TEXT[look] == tokens.colour("text", look)


@pytest.mark.parametrize("look", THEMES)
def test_for_every_colour_there_is_one_like_it_that_can_be_read(look: Theme):
    name = "accent" if look == "light" else "accent_dark"
    for parts in itertools.product(range(0, 256, 51), repeat=3):
        colour = "#{:02x}{:02x}{:02x}".format(*parts)
        better = colours.fitting(colour, look)
        made = colours.accent(better, look)
        grounds = [*colours.GROUNDS[look], made.soft]
        pairs = [(word, ground) for word in (made.accent, made.strong) for ground in grounds]
        assert min(contrast(*pair) for pair in [*pairs, (made.on, made.accent), (made.on, made.strong)]) >= 4.5
        if better != colour:
            with pytest.raises(Invalid, match=better):
                settings.CHECKS[name](name, colour)
        assert settings.CHECKS[name](name, better.upper()) == better


def test_what_is_no_colour_is_refused():
    for wrong in ("red", "#12345", "#1234567", "#12345g", "1f5fa8", "url(x)", "#1f5fa8;}"):
        with pytest.raises(Invalid, match="must be a colour"):
            settings.CHECKS["accent"]("accent", wrong)


def test_the_stylesheet_sets_tokens_of_the_kit():
    css = theme._css("#1f5fa8", "").decode()  # pyright: ignore[reportPrivateUsage]

    assert {line.split(":")[0].strip(" -") for line in css.splitlines()[1:-1]} <= tokens.values().keys()
    assert css.startswith(":root {\n  --accent: light-dark(#1f5fa8, #")
