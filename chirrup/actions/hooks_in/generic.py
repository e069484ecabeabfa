"""Any JSON, by a mapping: which part of it is the text, the link, what it is about. Without one: by usual names.

A mapping's values are dotted paths ("alert.host.name", "items.0.title", "items.*.title"), or texts with paths in them:
"{{ alert.name }} is {{ status }}".
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from ...errors import Invalid
from ...wording import N_
from .incoming import Incoming, Read, Said, at, items, joined, line, url, words

VALUE_CHARS_MAX = 1000  # of one value of a mapping
LISTED = 12  # values that are shown where no text is found
LEVELS = 4  # of objects in objects that are looked into
STARS_MAX = 20  # items that a * stands for
_PATH = re.compile(r"\{\{\s*([^{}]{1,200}?)\s*\}\}")
_TITLES = ("title", "subject", "headline", "name", "event_name", "alert_name", "summary")
_TEXTS = ("text", "message", "msg", "body", "content", "description", "details", "detail", "reason", "summary", "note")
_KINDS = ("event", "event_type", "eventType", "type", "action", "status", "state", "level", "severity", "priority")
_LINKS = ("url", "link", "html_url", "htmlUrl", "web_url", "webUrl", "permalink", "href", "target_url", "self")


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    text: str
    link: str = ""
    about: str = ""  # what has the same answers what was said about it first
    id: str = ""  # of the delivery: what has the same is said once
    ends: str = ""  # a condition: it is over, and the next about the same begins anew
    only: str = ""  # a condition: all else is passed over


def parse(text: str) -> Mapping | None:
    """None: there is none. Raises Invalid."""
    if not text.strip():
        return None
    try:
        found = msgspec.json.decode(text, type=Mapping)
    except (msgspec.DecodeError, RecursionError) as error:
        why = N_("must be JSON with the keys text, link, about, id, ends, only, of which text is needed: {told}")
        raise Invalid("mapping", "malformed", why, told=str(error)[:200]) from error
    for name in Mapping.__struct_fields__:
        if len(getattr(found, name)) > VALUE_CHARS_MAX:
            raise Invalid("mapping", "too_long", "must have values of at most {most} characters", most=VALUE_CHARS_MAX)
    for condition in (found.ends, found.only):
        if condition and "=" not in condition:
            why = N_('must have conditions such as "status = resolved | closed"; got {got!r}')
            raise Invalid("mapping", "malformed", why, got=condition[:80])
    return found


def fits(incoming: Incoming) -> bool:
    return True


def read(incoming: Incoming) -> Read:
    """Raises Invalid: a mapping finds no text; there is nothing in it."""
    body, mapping = incoming.body, parse(incoming.mapping)
    id = incoming.headers.get("webhook-id", "") or incoming.headers.get("idempotency-key", "")
    if mapping is None:
        return Read((_guessed(body),), id)
    id = _filled(mapping.id, body) or id
    if mapping.only and not _holds(mapping.only, body):
        return Read((), id)
    text = _filled(mapping.text, body)
    if not text:
        why = N_("has no text where the mapping looks for it: {path}")
        raise Invalid("payload", "no_text", why, path=mapping.text[:200])
    link = _filled(mapping.link, body)
    link = url([link], 0)
    about = _filled(mapping.about, body)
    ends = bool(mapping.ends) and _holds(mapping.ends, body)
    shown = "" if link and link in text else link
    return Read((Said(joined(text, shown), link, (about,) if about else (), ends=ends),), id)


# with a mapping


def _filled(template: str, body: Any) -> str:
    if "{{" not in template:
        return _value(template.strip(), body) if template.strip() else ""
    return _PATH.sub(lambda found: _value(found[1], body), template).strip()


def _value(path: str, body: Any) -> str:
    found = [words([one], 0) for one in _at_path(path.split("."), body)]
    return ", ".join(filter(None, found))


def _at_path(steps: list[str], value: Any) -> Iterator[Any]:
    """What stands at a dotted path; several where a step is *."""
    for n, step in enumerate(steps):
        if step == "*":
            each = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            for one in list(each)[:STARS_MAX]:
                yield from _at_path(steps[n + 1 :], one)
            return
        value = at(value, int(step)) if isinstance(value, list) and _is_index(step) else at(value, step)
    yield value


def _is_index(step: str) -> bool:
    return step.isascii() and step.removeprefix("-").isdigit() and len(step) < 6


def _holds(condition: str, body: Any) -> bool:
    """ "path = one | another": whether one of these stands there, in any case."""
    path, _, wanted = condition.partition("=")
    given = _value(path.strip(), body).casefold()
    return given in [one.strip().strip('"').casefold() for one in wanted.split("|")]


# without one


def _guessed(body: Any) -> Said:
    """What usual names lead to; where there are none, the first values with their paths."""
    objects = list(_objects(body, LEVELS))
    title = _first(objects, _TITLES)
    texts = [one for one in (_first([some], _TEXTS) for some in objects) if one and one != title]
    kinds = " ".join(dict.fromkeys(filter(None, (line(body, key) for key in _KINDS))))
    link = next(filter(None, (url(one, key) for one in objects for key in _LINKS)), "")
    text = joined(joined(kinds, title, by=": "), texts[0] if texts else "")
    if not (title or texts):
        listed = [f"{path}: {value}" for path, value in _leaves(body, "", LEVELS)][:LISTED]
        text = joined(*listed)
    if not text:
        raise Invalid("payload", "no_text", "has nothing in it that could be said: send JSON with a `text`")
    return Said(joined(text, "" if link in text else link), link)


def _objects(value: Any, levels: int) -> Iterator[Any]:
    """The object, then those in it: the next level after all of this one."""
    level = items([value], 0) if isinstance(value, dict) else items(value)[:1] if isinstance(value, list) else []
    for _ in range(levels):
        yield from level
        level = [inner for one in level if isinstance(one, dict) for inner in list(one.values())[:50]]
        level = [one for one in level if isinstance(one, dict)]


def _first(objects: list[Any], names: tuple[str, ...]) -> str:
    return next(
        filter(
            None,
            (
                found
                for one in objects
                for name in names
                if isinstance(at(one, name), str) and (found := words(one, name))
            ),
        ),
        "",
    )


def _leaves(value: Any, path: str, levels: int) -> Iterator[tuple[str, str]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in list(inner)[:50]:
        at_it = f"{path}.{line([key], 0)}" if path else line([key], 0)
        if isinstance(one, dict | list):
            yield from _leaves(one, at_it, levels - 1) if levels > 1 else ()
        elif shown := line([one], 0):
            yield at_it, shown[:200]
