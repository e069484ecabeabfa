"""Templates and static files."""

import hashlib
import mimetypes
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import msgspec

from .. import __version__
from ..config import Settings
from ..social.text import isolate

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


class StaticFile(msgspec.Struct, frozen=True):
    data: bytes
    content_type: str
    version: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Everything in static/ by name, read once."""
    return {
        file.name: StaticFile(
            data := file.read_bytes(),
            mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            hashlib.sha256(data).hexdigest()[:12],
        )
        for file in sorted((HERE / "static").iterdir())
        if file.suffix not in (".md", ".json")  # which tell where the others are from
    }


def asset(name: str) -> str:
    """The address of a static file, another one when the file changes."""
    return f"/static/{name}?v={static_files()[name].version}"


class Site(msgspec.Struct, frozen=True):
    """What every page may say of the server."""

    title: str
    description: str
    contact_email: str
    registrations: bool
    post_chars_max: int
    url: str
    domain: str


class Pages:
    """Renders templates. One per process."""

    def __init__(self, settings: Settings) -> None:
        self._env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._env.globals |= {
            "asset": asset,
            "site": Site(
                title=settings.title,
                description=settings.description,
                contact_email=settings.contact_email,
                registrations=settings.registrations,
                post_chars_max=settings.post_chars_max,
                url=settings.base_url,
                domain=settings.domain,
            ),
            "languages": LANGUAGES,
            "open_for": OPEN_FOR,
            "image_types": "image/jpeg,image/png,image/gif,image/webp",
            "bytes_max": settings.media_bytes_max,
            "version": __version__,
            "new_key": lambda: secrets.token_urlsafe(16),
        }
        self._env.filters |= {
            "ago": ago,
            "area": area,
            "date": date,
            "iso": iso,
            "short": short,
            "isolate": isolate,
            "shorten": shorten,
        }

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        return self._env.get_template(template).render(values)


def area(text: str) -> str:
    """For a textarea: browsers leave out a line break that it begins with."""
    return "\n" + text if text.startswith(("\n", "\r")) else text


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def date(ms: int) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def ago(ms: int, now_ms: int) -> str:
    """How long ago, in a few letters; a date after a day."""
    minutes = max(0, now_ms - ms) // 60_000
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h"
    at, now = (datetime.fromtimestamp(one / 1000, UTC) for one in (ms, now_ms))
    return f"{at.day} {at:%b}" if at.year == now.year else f"{at.day} {at:%b %Y}"


def short(count: int) -> str:
    """1234 as 1.2k."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count // (size // 10) / 10:g}{letter}"
    return str(count)


def shorten(text: str, chars_max: int) -> str:
    """At most chars_max characters on one line."""
    text = " ".join(text.split())
    return text if len(text) <= chars_max else text[: chars_max - 1].rstrip() + "…"
