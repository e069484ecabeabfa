"""What an organisation chooses for itself: checked, and kept. Read it from its site: access/sites.py."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from ..access import networks, sites
from ..config import Settings
from ..errors import Invalid, InvalidFields, too_long, too_many
from ..ports import Tx
from ..social import accounts, audit, languages, text
from ..store import orgs as rows
from ..types import OrgSettings, Rule, RuleWords
from ..wording import N_
from . import colours
from .colours import Theme
from .organisations import TITLE_CHARS_MAX

DESCRIPTION_CHARS_MAX = 500
RULES_MAX, RULE_CHARS_MAX, HINT_CHARS_MAX = 50, 300, 1000
LANGUAGES_MAX = 20
RANGES_MAX = 100
POST_CHARS_MIN, POST_CHARS_MAX = 50, 10_000
MB = 2**20
_NAME = re.compile(r"@?([A-Za-z0-9_]{1,30})")


def change(tx: Tx, settings: Settings, org_id: int, by: int, wanted: Mapping[str, Any]) -> None:
    """wanted: by name of OrgSettings, of its types. by: 0: a command. Nothing is changed if something is wrong.

    Raises InvalidFields: all that is wrong; what the server's settings say cannot be chosen here.
    """
    if not org_id:
        rows.put_own(tx)
    rows.lock(tx, org_id)
    now = sites.at(tx, settings, org_id).settings
    fixed = {} if org_id else sites.said(settings)
    problems, chosen = list[Invalid](), dict[str, Any]()
    for name, value in wanted.items():
        try:
            checked = CHECKS[name](name, value) if name in CHECKS else value
            checked = _with_ids(checked, now) if name == "rules" else checked
            if name in sites.BOUNDED:
                _check_bytes(name, value, getattr(settings, name))
            if checked == getattr(now, name):
                continue
            if name in fixed:
                raise Invalid(name, "fixed", "is said in the server's settings: change it there, and start it again")
            chosen[name] = checked
        except Invalid as problem:
            problems.append(problem)
    if problems:
        raise InvalidFields(problems)
    if chosen:
        last_rule = {"last_rule_id": _last_rule_id(now, chosen["rules"])} if "rules" in chosen else {}
        _keep(tx, org_id, chosen | last_rule)
        audit.note(tx, org_id, by, "change settings", "organisation", org_id, now.title, ", ".join(chosen))


def _with_ids(rules: tuple[Rule, ...], now: OrgSettings) -> tuple[Rule, ...]:
    """One without an id is that with the same text, or a new one. Raises Invalid."""
    left = {one.id: one.text for one in now.rules}
    given = [one.id for one in rules if one.id]
    if unknown := [id for id in given if id not in left]:
        raise Invalid("rules", "unknown", "has none with the id {got}", got=unknown[0])
    if len(set(given)) < len(given):
        raise Invalid("rules", "taken", "has two with the same id")
    same = {text: id for id, text in left.items() if id not in given}
    found = (one if one.id else msgspec.structs.replace(one, id=same.pop(one.text, 0)) for one in rules)
    return sites.numbered(found, _last_rule_id(now))


def _last_rule_id(now: OrgSettings, rules: Iterable[Rule] = ()) -> int:
    return max([now.last_rule_id, *(one.id for one in (*now.rules, *rules))])


def _keep(tx: Tx, org_id: int, chosen: dict[str, Any]) -> None:
    org = rows.by_id(tx, org_id)
    assert org  # locked by the caller
    kept = org.chosen | msgspec.to_builtins(chosen)
    title, closed = kept.pop("title", ""), kept.pop("closed", False)
    told = msgspec.json.encode(kept).decode() if kept else ""
    rows.choose(tx, msgspec.structs.replace(org, title=title, closed=int(closed), settings=told))


# checks: what a value must be beside its type


def _line(most: int, *, blank: bool = False) -> Callable[[str, str], str]:
    def check(name: str, value: str) -> str:
        value = " ".join(text.clean(value, name).split())
        if not value and not blank:
            raise Invalid(name, "blank", "must have a letter or more")
        if len(value) > most:
            raise too_long(name, most, len(value))
        return value

    return check


def _prose(most: int) -> Callable[[str, str], str]:
    def check(name: str, value: str) -> str:
        value = text.clean(value, name)
        if len(value) > most:
            raise too_long(name, most, len(value))
        return value

    return check


def _email(name: str, value: str) -> str:
    value = value.strip()
    if problems := accounts.check_email(value) if value else []:
        raise problems[0].of(name)
    return value


def _account(name: str, value: str) -> str:
    if not (value := value.strip()):
        return ""
    if not (found := _NAME.fullmatch(value)):
        raise Invalid(name, "invalid", "must be the name of an account here, like ann; got {got!r}", got=value[:40])
    return found[1]


def _languages(name: str, value: tuple[str, ...]) -> tuple[str, ...]:
    codes = dict.fromkeys(languages.code_of(one) or one for one in value)
    if not codes:
        raise Invalid(name, "blank", "must name one language or more, like en")
    if len(codes) > LANGUAGES_MAX:
        raise too_many(name, LANGUAGES_MAX, len(codes))
    if unknown := [one for one in codes if not languages.code_of(one)]:
        raise Invalid(name, "unknown", "must be codes like en or de; got {got!r}", got=unknown[0][:40])
    return tuple(codes)


def _rules(name: str, value: tuple[Rule, ...]) -> tuple[Rule, ...]:
    if len(value) > RULES_MAX:
        raise too_many(name, RULES_MAX, len(value))
    return tuple(
        Rule(
            **_words(name, one),
            translations={
                _languages(name, (code,))[0]: RuleWords(**_words(name, words))
                for code, words in one.translations.items()
            },
            id=one.id,
        )
        for one in value
    )


def _words(name: str, one: RuleWords) -> dict[str, str]:
    return {"text": _line(RULE_CHARS_MAX)(name, one.text), "hint": _prose(HINT_CHARS_MAX)(name, one.hint)}


def _post_chars(name: str, value: int) -> int:
    least, most = POST_CHARS_MIN, POST_CHARS_MAX
    if not least <= value <= most:
        raise Invalid(name, "out_of_range", "must be {least} to {most}, is {got}", least=least, most=most, got=value)
    return value


def _check_bytes(name: str, value: int, most: int) -> None:
    """0 is good for films alone: none are taken."""
    if not MB <= value <= most and not (name == "film_bytes_max" and value == 0):
        told = {"least": "1", "most": f"{most / MB:.4g}", "got": f"{value / MB:.4g}"}
        raise Invalid(name, "out_of_range", "must be {least} to {most} MB, is {got} MB", **told)


def _accent(theme: Theme) -> Callable[[str, str], str]:
    def check(name: str, value: str) -> str:
        value = value.strip().lower()
        if value and not colours.FORM.fullmatch(value):
            raise Invalid(name, "invalid", "must be a colour like #1f5fa8; got {got!r}", got=value[:20])
        if value and (has := colours.least(value, theme)) < colours.WORDS:
            raise _unreadable(name, theme, round(has, 1), colours.fitting(value, theme))
        return value

    return check


def _unreadable(name: str, theme: Theme, has: float, better: str) -> Invalid:
    told: dict[str, Any] = {"has": has, "least": colours.WORDS, "better": better}
    if theme == "dark":
        why = N_(
            "is too dark to be read on dark pages: its contrast is {has} there, and {least} is needed. A lighter one"
            " would do: {better}"
        )
        return Invalid(name, "contrast", why, **told)
    why = N_(
        "is too light to be read on light pages: its contrast is {has} there, and {least} is needed. A darker one would"
        " do: {better}"
    )
    return Invalid(name, "contrast", why, **told)


def _ranges(name: str, value: tuple[str, ...]) -> tuple[str, ...]:
    found = list[str]()
    for one in value:
        try:
            found.append(str(ipaddress.ip_network(one.strip(), strict=False)))
        except ValueError:
            raise Invalid(
                name, "invalid", "must be networks like 192.0.2.0/24 or 2001:db8::/32; got {got!r}", got=one[:60]
            ) from None
    found = list(dict.fromkeys(found))
    if len(found) > RANGES_MAX:
        raise too_many(name, RANGES_MAX, len(found))
    return tuple(found)


def check_reach(wanted: Mapping[str, Any], ip: str, *, sure: bool) -> None:
    """Raises Invalid: whoever chooses these networks, from this address, is in none of them, and is not sure."""
    ranges = _ranges("ip_ranges", wanted.get("ip_ranges") or ())
    if not sure and not networks.holds(ranges, ip):
        raise Invalid(
            "ip_ranges",
            "locks_out",
            "would lock you out: your address, {ip}, is in none of them. Add it, or say that you mean it",
            ip=ip,
        )


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "title": _line(TITLE_CHARS_MAX),
    "description": _prose(DESCRIPTION_CHARS_MAX),
    "contact_email": _email,
    "contact_account": _account,
    "languages": _languages,
    "rules": _rules,
    "post_chars_max": _post_chars,
    "ip_ranges": _ranges,
    "accent": _accent("light"),
    "accent_dark": _accent("dark"),
}
