"""What the people who run the server have to say: about it, its privacy policy, its terms of service.

They are files in a folder (settings.documents): about, privacy, and terms-2026-01-31 for terms that apply from that day
on, each as .html, which is shown as it is, or as .txt. docs/operate/documents.md.
"""

import datetime
import re

import msgspec
import structlog

from ..access.sites import Site
from . import text

log = structlog.get_logger()

KINDS = (".html", ".txt")
_TERMS = re.compile(r"terms-(\d{4}-\d\d-\d\d)")


class Document(msgspec.Struct, frozen=True):
    html: str
    changed_ms: int  # when the file was


class Terms(msgspec.Struct, frozen=True):
    """Terms of service that apply from date on. effective: today; successor: the date of the next ones, "": none."""

    date: str
    html: str
    effective: bool
    successor: str


def about(site: Site) -> Document | None:
    return _read(site, "about")


def privacy(site: Site) -> Document | None:
    return _read(site, "privacy")


def terms(site: Site, today: str, date: str = "") -> Terms | None:
    """Those of that date; "": those that apply today ("2026-01-31"), else the next ones. None: there are none."""
    dates = _dates(site)
    begun = [one for one in dates if one <= today]
    wanted = date or (begun[-1:] or dates[:1] or [""])[0]
    found = _read(site, f"terms-{wanted}") if wanted in dates else None
    if found is None:
        return None
    successor = next((one for one in dates if one > wanted), "")
    return Terms(wanted, found.html, wanted == (begun[-1] if begun else ""), successor)


def _dates(site: Site) -> list[str]:
    """The dates of all terms, the first one first."""
    if not site.documents:
        return []
    names = {file.stem for file in site.documents.glob("terms-*") if file.suffix in KINDS}
    dates = {match[1] for name in names if (match := _TERMS.fullmatch(name))}
    return sorted(one for one in dates if _is_date(one))


def _is_date(words: str) -> bool:
    try:
        datetime.date.fromisoformat(words)
    except ValueError:
        return False
    return True


def _read(site: Site, name: str) -> Document | None:
    if not site.documents:
        return None
    for kind in KINDS:
        file = site.documents / f"{name}{kind}"
        try:
            words, changed_ms = file.read_text(errors="replace"), file.stat().st_mtime_ns // 1_000_000
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("a document cannot be read", file=str(file), why=str(error))
            continue
        return Document(words if kind == ".html" else text.to_html(words.strip(), {}, site.base_url), changed_ms)
    return None
