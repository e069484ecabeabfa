"""Templates and static files."""

import hashlib
import mimetypes
import secrets
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup

from .. import __version__
from ..config import Settings
from ..orgs import logo
from ..social import uploads
from ..social.text import isolate
from ..times import day
from . import theme
from .kit import charts, diffs, faces, markup, times, tokens
from .kit.icons import ICONS
from .kit.markup import short

OPEN_FOR = [(3600, "an hour"), (86400, "a day"), (259_200, "three days"), (604_800, "a week")]  # a poll, in seconds
HERE = Path(__file__).parent
LANGUAGES = [
    tuple(line.split(" ", 1))
    for line in """ar العربية,bg Български,bn বাংলা,ca Català,cs Čeština,da Dansk,de Deutsch,el Ελληνικά,en English,
eo Esperanto,es Español,et Eesti,eu Euskara,fa فارسی,fi Suomi,fr Français,ga Gaeilge,gl Galego,he עברית,hi हिन्दी,
hr Hrvatski,hu Magyar,id Bahasa Indonesia,is Íslenska,it Italiano,ja 日本語,ka ქართული,ko 한국어,lt Lietuvių,
lv Latviešu,nl Nederlands,no Norsk,pl Polski,pt Português,ro Română,ru Русский,sk Slovenčina,sl Slovenščina,
sr Српски,sv Svenska,sw Kiswahili,ta தமிழ்,th ไทย,tr Türkçe,uk Українська,ur اردو,vi Tiếng Việt,zh 中文""".replace(
        "\n", ""
    ).split(",")
]


@lru_cache
def _languages(chosen: str) -> Markup:
    """The <option>s of the languages; cached for each chosen one."""
    known = [("", "Not said"), *LANGUAGES]
    return Markup("").join(
        Markup('<option value="{0}"{1}{2}>{3}</option>').format(
            code, Markup(f' lang="{code}"' if code else ""), Markup(" selected" if code == chosen else ""), name
        )
        for code, name in known
    )


class StaticFile(msgspec.Struct, frozen=True):
    data: bytes
    content_type: str
    version: str


STYLES = ("tokens", "base", "grid", "controls", "notes", "overlays", "posts", "people", "composer", "data")


@cache
def static_files() -> Mapping[str, StaticFile]:
    """name -> file, for all of static/ and the kit's styles as one file. Read once."""
    found = {file.name: file.read_bytes() for file in sorted((HERE / "static").iterdir())}
    found["kit.css"] = b"\n".join((HERE / f"kit/css/{name}.css").read_bytes() for name in STYLES)
    return {
        name: StaticFile(
            data,
            _content_type(name),
            hashlib.sha256(data).hexdigest()[:12],
        )
        for name, data in found.items()
        if not name.endswith((".md", ".json"))  # these only document the origin of the others
    }


def _content_type(name: str) -> str:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def asset(name: str) -> str:
    """The URL of a static file. It changes with the file."""
    return f"/static/{name}?v={static_files()[name].version}"


def _audience(words: str, drawing: str) -> Markup:
    return Markup(f'<span title="{words}">{ICONS[drawing]}<span class="unseen">{words}</span></span>')


# Globals for the kit's macros.
_KIT = {
    "icon": ICONS,
    "whose": {  # visibility -> what is shown beside a post's time
        "public": "",
        "unlisted": _audience("Everybody, but not in public lists", "moon"),
        "private": _audience("Followers only", "lock"),
        "direct": _audience("Only the people mentioned", "mail"),
    },
    "initials": faces.initials,
    "tint": faces.tint,
    "no_avatar": asset("avatar.png"),
    "stamp": times.stamp,
    "full_time": times.full,
    "plot": charts.plot,
    "compare": diffs.compare,
    "theme_colours": {theme: tokens.colour("card", theme) for theme in ("light", "dark")},
}


class _Environment(jinja2.Environment):
    code_generator_class = markup.Generator
    written = staticmethod(markup.written)


class Pages:
    """Renders templates. One per process."""

    def __init__(self, settings: Settings) -> None:
        self._env: Any = _Environment(  # Any, because its types allow only its own globals and filters
            loader=jinja2.ChoiceLoader(
                [
                    jinja2.FileSystemLoader(HERE / "templates"),
                    jinja2.PrefixLoader({"kit": jinja2.FileSystemLoader(HERE / "kit")}),
                ]
            ),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._env.globals |= {
            "asset": asset,
            "theme": theme.address,
            "logo": logo.path,
            "languages": _languages,
            "open_for": OPEN_FOR,
            "image_types": ",".join(uploads.picture_types()),
            "media_types": lambda: ",".join(uploads.types()),
            "version": __version__,
            "new_key": lambda: secrets.token_urlsafe(16),
        } | _KIT
        self._env.filters |= {
            "area": area,
            "attrs": markup.attrs,
            "date": times.date,
            "day": day,
            "iso": times.iso,
            "short": short,
            "isolate": isolate,
            "shorten": shorten,
        }

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        return self._env.get_template(template).render(values)


def area(text: str) -> str:
    """text for a <textarea>, where browsers drop a first line break."""
    return "\n" + text if text.startswith(("\n", "\r")) else text


def shorten(text: str, chars_max: int) -> str:
    """At most chars_max characters on one line."""
    text = " ".join(text.split())
    return text if len(text) <= chars_max else text[: chars_max - 1].rstrip() + "…"
