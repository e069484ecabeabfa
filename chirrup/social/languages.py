"""Language codes in their normal form: ISO 639, with an optional script and region (BCP 47): en, pt-BR, zh-Hant-TW.

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
    """The code in its normal form; "" if it is no code, for example "English", "12" or "zzzz"."""
    found = _FORM.fullmatch(written)
    if not found or found[1].lower() not in _known():
        return ""
    language, script, region = found.groups(default="")
    return "-".join(part for part in (language.lower(), script.title(), region.upper()) if part)
