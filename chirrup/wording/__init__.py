"""The languages in which people are told things. English is what the code says; the others are catalogues of gettext.

A sentence stands in the code as a whole, with `{names}` for what differs. Its translations are in CODE.po beside this
file, and `make words` makes CODE.mo of it, which is read when the first person asks for the language.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gettext import NullTranslations

FIELD = "field"  # the context of the names of fields in a catalogue
# language -> its catalogue. A test adds one.
CATALOGUES = {file.stem: file for file in Path(__file__).parent.glob("*.mo")}
_DECIMAL_COMMA = {"de": str.maketrans(",.", ".,")}


def N_(sentence: str) -> str:
    """The sentence itself: marks one that the extractor would not find where it stands (tools/words.py)."""
    return sentence


class Counted(str):
    """A sentence that is another one for a single thing. It is what is said of many. by: the parameter that counts."""

    __slots__ = ("by", "one")

    def __new__(cls, one: str, many: str, by: str) -> "Counted":
        made = super().__new__(cls, many)
        made.one, made.by = one, by
        return made


class Language:
    """Says sentences. code: of BCP 47, as in Content-Language."""

    def __init__(self, code: str, catalogue: "NullTranslations | None" = None) -> None:
        self.code, self._catalogue = code, catalogue
        signs = _DECIMAL_COMMA.get(code)
        self._format = _Numbers(signs).vformat if signs else _plain

    def say(self, sentence: str, params: Mapping[str, Any] = {}) -> str:
        """The sentence with params put in where it says `{name}`. Without params, braces stay as they are."""
        template = self._find(sentence, params)
        return self._format(template, (), params) if params else template

    def field(self, name: str) -> str:
        """The name of a field for people; in English its name in the API."""
        return self._catalogue.pgettext(FIELD, name) if self._catalogue else name

    def _find(self, sentence: str, params: Mapping[str, Any]) -> str:
        if isinstance(sentence, Counted):
            count = params[sentence.by]
            if self._catalogue:
                return self._catalogue.ngettext(sentence.one, str(sentence), count)
            return sentence.one if count == 1 else str(sentence)
        return self._catalogue.gettext(sentence) if self._catalogue and sentence else sentence


def _plain(template: str, _: tuple[()], params: Mapping[str, Any]) -> str:
    return template.format_map(params)


class _Numbers(Formatter):
    """Formats as str.format() does, with other signs in numbers."""

    def __init__(self, signs: dict[int, int]) -> None:
        self._signs = signs

    def format_field(self, value: Any, format_spec: str) -> Any:
        words = format(value, format_spec)
        return words.translate(self._signs) if isinstance(value, int | float) else words


ENGLISH = Language("en")


@cache
def of(code: str) -> Language:
    """code: "en", or a key of CATALOGUES."""
    if code == ENGLISH.code:
        return ENGLISH
    import gettext  # English does without

    with CATALOGUES[code].open("rb") as file:
        return Language(code, gettext.GNUTranslations(file))
