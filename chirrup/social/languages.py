"""Codes of languages, in one spelling: ISO 639, and with it a script and a region (BCP 47): en, pt-BR, zh-Hant-TW, yue.

languages.txt has every code of ISO 639-1, 639-2 and 639-3 (as published in July 2026) and the collective ones of 639-2.
"""

import re
from functools import cache
from importlib.resources import files

_FORM = re.compile("([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?")


@cache
def _known() -> frozenset[str]:
    return frozenset(files("chirrup.social").joinpath("languages.txt").read_text("utf-8").split())


def code_of(written: str) -> str:
    """The code in its one spelling; "" when it is none, as English, 12 and zzzz are."""
    found = _FORM.fullmatch(written)
    if not found or found[1].lower() not in _known():
        return ""
    language, script, region = found.groups(default="")
    return "-".join(part for part in (language.lower(), script.title(), region.upper()) if part)
