"""Values that do not fit: what msgspec says of them, taken apart, so that it can be said in other languages."""

import re
from typing import Any

from ..wording import N_

_PLACE = r"(?: - at (?P<place>.+))?"
# What msgspec's message matches, and the same as a sentence: at a place in the body, or of all of it.
_KINDS = [
    (re.compile(pattern + _PLACE, re.DOTALL), at_a_place, of_all)
    for pattern, at_a_place, of_all in (
        (
            r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`",
            N_("Expected `{wanted}`, got `{got}` - at {place}"),
            N_("Expected `{wanted}`, got `{got}`"),
        ),
        (
            r"Object missing required field `(?P<name>[^`]+)`",
            N_("Object missing required field `{name}` - at {place}"),
            N_("Object missing required field `{name}`"),
        ),
        (
            r"Invalid enum value (?P<got>.+?)",
            N_("Invalid enum value {got} - at {place}"),
            N_("Invalid enum value {got}"),
        ),
        (
            r"Expected `(?P<wanted>[^`]+)` of length (?P<bound>[<>]= \d+)",
            N_("Expected `{wanted}` of length {bound} - at {place}"),
            N_("Expected `{wanted}` of length {bound}"),
        ),
        (
            r"Expected `(?P<wanted>[^`]+)` (?P<bound>[<>]=? \S+)",
            N_("Expected `{wanted}` {bound} - at {place}"),
            N_("Expected `{wanted}` {bound}"),
        ),
        (
            r"Integer value out of range",
            N_("Integer value out of range - at {place}"),
            N_("Integer value out of range"),
        ),
    )
]


def said_of(message: str) -> tuple[str, dict[str, Any]]:
    """(sentence, params) of msgspec's message; one that is not known stays as it is."""
    for pattern, at_a_place, of_all in _KINDS:
        if found := pattern.fullmatch(message):
            params = {name: value for name, value in found.groupdict().items() if value is not None}
            return at_a_place if "place" in params else of_all, params
    return "{told}", {"told": message}
