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
    return _page(call, Rule(""))


async def form(call: Call, id: str) -> Page:
    return _page(call, _rule(call, id))


async def again(call: Call, problem: Problem, id: str = "0") -> Page:
    sent = _sent(call, Rule(""))
    return _page(call, msgspec.structs.replace(sent, id=path_id(id)), problem)


async def add(call: Call) -> Go:
    return await _choose(call, [*call.site.rules, _sent(call, Rule(""))])


async def save(call: Call, id: str) -> Go:
    before = _unchanged(call, id)
    return await _choose(call, [_sent(call, one) if one is before else one for one in call.site.rules])


async def remove(call: Call, id: str) -> Go:
    before = _unchanged(call, id)
    return await _choose(call, [one for one in call.site.rules if one is not before])


async def move_up(call: Call, id: str) -> Go:
    rules, one = list(call.site.rules), _rule(call, id)
    place = rules.index(one)
    rules.insert(max(0, place - 1), rules.pop(place))
    return await _choose(call, rules)


async def _choose(call: Call, rules: Sequence[Rule]) -> Go:
    await choose(call, {"rules": tuple(rules)})
    return Go(f"{PATH}?saved=1")


def _rule(call: Call, id: str) -> Rule:
    number = path_id(id)
    for one in call.site.rules:
        if one.id == number:
            return one
    raise NotFound("rule", number)


def _unchanged(call: Call, id: str) -> Rule:
    """The rule that the form was about. Raises Invalid: it has other words by now."""
    one = _rule(call, id)
    if one.text != call.form.text("before"):
        raise Invalid("site_rules", "changed", "Somebody has changed the rules meanwhile. Look at them, and try again.")
    return one


def _sent(call: Call, before: Rule) -> Rule:
    """The rule of the form. What it has in languages that are not asked for stays."""
    asked, texts, hints = (call.form.texts(name) for name in ("rule_language", "rule_text", "rule_hint"))
    words = [RuleWords(text, hint) for text, hint in zip(texts, hints, strict=False)] or [RuleWords("")]
    others = {code: one for code, one in zip(asked[1:], words[1:], strict=False) if one.text.strip()}
    kept = {code: one for code, one in before.translations.items() if code not in asked}
    return Rule(words[0].text, words[0].hint, kept | others, before.id)


def _page(call: Call, rule: Rule, problem: Problem | None = None) -> Page:
    """rule: a new one has no id."""
    main, *others = call.site.languages
    nothing = RuleWords("")
    words = [(main, rule), *((code, rule.translations.get(code, nothing)) for code in others)]
    values = {
        "id": rule.id,
        "before": call.form.text("before") if problem else rule.text,
        "words": [WordsView(code, one.text, one.hint) for code, one in words],
        "problem": problem.message if problem else "",
    }
    return places.page(call, "rule.html", values, status=problem.status if problem else 200)
