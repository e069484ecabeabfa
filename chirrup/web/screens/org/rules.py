"""The rules of an organisation: the list, and a page for each, with more about it and in the languages spoken here."""

from collections.abc import Sequence

import msgspec

from ....errors import Invalid, NotFound
from ....http.arguments import path_id
from ....types import Rule, RuleWords
from ...call import Call, Go, Page
from ...problems import Problem
from . import places
from .choosing import PREFIX, choose, fixed

PATH = "/org/rules"
NEW, ONE = f"{PATH}/new", f"{PATH}/{{id}}"


class WordsView(msgspec.Struct, frozen=True):
    """A rule in one language."""

    language: str
    text: str
    hint: str


async def index(call: Call) -> Page:
    values = {
        "rules": call.site.rules,
        "is_fixed": f"{PREFIX}rules" in fixed(call),
        "notice": "Saved." if call.query.flag("saved") else "",
    }
    return places.page(call, "rules.html", values)


async def new_form(call: Call) -> Page:
    return _page(call, 0, Rule(""))


async def form(call: Call, id: str) -> Page:
    number = path_id(id)
    return _page(call, number, _rule(call, number))


async def again(call: Call, problem: Problem, id: str = "0") -> Page:
    return _page(call, path_id(id), _sent(call, Rule("")), problem)


async def add(call: Call) -> Go:
    return await _choose(call, [*call.site.rules, _sent(call, Rule(""))])


async def save(call: Call, id: str) -> Go:
    number, rules = _unchanged(call, id), list(call.site.rules)
    rules[number - 1] = _sent(call, rules[number - 1])
    return await _choose(call, rules)


async def remove(call: Call, id: str) -> Go:
    number, rules = _unchanged(call, id), list(call.site.rules)
    del rules[number - 1]
    return await _choose(call, rules)


async def _choose(call: Call, rules: Sequence[Rule]) -> Go:
    await choose(call, {"rules": tuple(rules)})
    return Go(f"{PATH}?saved=1")


def _rule(call: Call, number: int) -> Rule:
    if not 1 <= number <= len(call.site.rules):
        raise NotFound("rule", number)
    return call.site.rules[number - 1]


def _unchanged(call: Call, id: str) -> int:
    """The number of the rule that the form was about. Raises Invalid: it has another place, or other words by now."""
    number = path_id(id)
    if _rule(call, number).text != call.form.text("before"):
        raise Invalid("site_rules", "changed", "Somebody has changed the rules meanwhile. Look at them, and try again.")
    return number


def _sent(call: Call, before: Rule) -> Rule:
    """The rule of the form. What it has in languages that are not asked for stays."""
    asked, texts, hints = (call.form.texts(name) for name in ("rule_language", "rule_text", "rule_hint"))
    words = [RuleWords(text, hint) for text, hint in zip(texts, hints, strict=False)] or [RuleWords("")]
    others = {code: one for code, one in zip(asked[1:], words[1:], strict=False) if one.text.strip()}
    kept = {code: one for code, one in before.translations.items() if code not in asked}
    return Rule(words[0].text, words[0].hint, kept | others)


def _page(call: Call, number: int, rule: Rule, problem: Problem | None = None) -> Page:
    """number: 0: a new one."""
    main, *others = call.site.languages
    nothing = RuleWords("")
    words = [(main, rule), *((code, rule.translations.get(code, nothing)) for code in others)]
    values = {
        "number": number,
        "before": call.form.text("before") if problem else rule.text,
        "words": [WordsView(code, one.text, one.hint) for code, one in words],
        "problem": problem.message if problem else "",
    }
    return places.page(call, "rule.html", values, status=problem.status if problem else 200)
