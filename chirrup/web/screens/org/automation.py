"""Rules that members write, "when … if … do …": the list, and a page for each, where it is tried, with its versions
and its log. A form puts together the sentence of a common rule.
"""

from collections.abc import Iterable

import msgspec

from ....access import visibility
from ....actions.rules import keeping, sentences, tree, trying
from ....actions.rules.tree import Rule, Test
from ....errors import Invalid
from ....http.arguments import path_id
from ....ports import Tx
from ....types import ActionRule, RuleRun, RuleState
from ...call import Call, Go, Page
from ...problems import Problem, said
from . import places

PATH = "/org/automation"
NEW, ONE = f"{PATH}/new", f"{PATH}/{{id}}"
STATES = {
    RuleState.ON: "On",
    RuleState.OFF: "Off",
    RuleState.FAILED: "Off: it failed five times in a row",
    RuleState.LEFT: "Off: its owner may have no rules any more",
}
OUTCOMES = {
    "done": "Done",
    "failed": "Failed",
    "loop": "Not done: rules had made the post, three in a row",
    "often": "Not done for the rest of that minute: it ran 60 times",
}
ACTIONS = [("reply", "Answer the post"), ("post", "Post something else"), ("forward", "Send its link to a room")]
PARTS = ("part_room", "part_words", "part_people", "part_do", "part_said", "part_to")
FIELDS = {"text": "sentence", "name": "automation_name"}  # field of operations -> of this form


class RuleView(msgspec.Struct, frozen=True):
    id: int
    name: str
    text: str
    state: str
    is_on: bool
    owner: str


class VersionView(msgspec.Struct, frozen=True):
    version: int
    name: str
    text: str
    at_ms: int
    by: str


class RunView(msgspec.Struct, frozen=True):
    at_ms: int
    outcome: str
    problem: str
    posts: list[str]  # addresses of what it answered and what it made


class TriedView(msgspec.Struct, frozen=True):
    path: str
    author: str
    text: str
    applies: bool
    why: list[tuple[str, bool]]


# the list


async def index(call: Call) -> Page:
    def operation(tx: Tx) -> list[RuleView]:
        found = keeping.every(tx, call.site.org_id)
        names = _names(tx, call, [one.owner_id for one in found])
        return [_view(one, names) for one in found]

    values = {"rules": await call.read(operation), "notice": "Saved." if call.query.flag("saved") else ""}
    return places.page(call, "automations.html", values)


# a new one


async def new_form(call: Call) -> Page:
    """With parts, their sentence stands in the form already."""
    parts = {name: call.query.text(name) for name in PARTS}
    sentence, trouble = "", ""
    if any(value.strip() for name, value in parts.items() if name != "part_do"):
        try:
            sentence = sentences.said(_from_parts(parts))
        except Invalid as error:
            trouble = said(error)
    return _new_page(call, sentence=sentence, parts=parts, trouble=trouble)


async def new_again(call: Call, problem: Problem) -> Page:
    return _new_page(call, problem=problem)


async def create(call: Call) -> Page | Go:
    rule = _parsed(call)
    if call.form.text("do") == "try":
        tried = await _tried(call, rule)
        return _new_page(call, tried=tried)
    try:
        row = await call.write(
            keeping.create, call.site.org_id, call.account_id, call.form.text("automation_name"), rule
        )
    except Invalid as error:
        raise _of_form(error) from error
    return Go(f"{PATH}/{row.id}?saved=1")


# one


async def show(call: Call, id: str) -> Page:
    return await _page(call, path_id(id), notice="Saved." if call.query.flag("saved") else "")


async def again(call: Call, problem: Problem, id: str, **_: str) -> Page:
    return await _page(call, path_id(id), problem=problem)


async def save(call: Call, id: str) -> Page | Go:
    number = path_id(id)
    rule = _parsed(call)
    if call.form.text("do") == "try":
        return await _page(call, number, tried=await _tried(call, rule))
    name = call.form.text("automation_name")
    try:
        await call.write(keeping.change, call.site.org_id, call.account_id, number, name=name, rule=rule)
    except Invalid as error:
        raise _of_form(error) from error
    return _saved(number)


async def switch(call: Call, id: str) -> Go:
    on = call.form.text("on") == "1"
    await call.write(keeping.change, call.site.org_id, call.account_id, path_id(id), on=on)
    return _saved(path_id(id))


async def restore(call: Call, id: str, version: str) -> Go:
    await call.write(keeping.restore, call.site.org_id, call.account_id, path_id(id), path_id(version))
    return _saved(path_id(id))


async def remove(call: Call, id: str) -> Go:
    await call.write(keeping.remove, call.site.org_id, call.account_id, path_id(id))
    return Go(f"{PATH}?saved=1")


def _saved(id: int) -> Go:
    return Go(f"{PATH}/{id}?saved=1")


# parts of a sentence


def _from_parts(parts: dict[str, str]) -> Rule:
    """Raises Invalid."""
    words, people, answer = (parts[name].strip() for name in ("part_words", "part_people", "part_said"))
    rooms, to = _listed(parts["part_room"]), "".join(_listed(parts["part_to"])[:1])
    tests: list[Test] = [tree.Has(words)] if words else []
    tests += [tree.From(_listed(people))] if people else []
    test = tests[0] if len(tests) == 1 else tree.All(tuple(tests)) if tests else None
    match parts["part_do"]:
        case "forward":
            if not to:
                raise Invalid("sentence", "blank", "Name the room that the link goes to.")
            do = tree.Forward(to)
        case "post":
            do = tree.Post(answer, to)
        case _:
            do = tree.Reply(answer)
    if not isinstance(do, tree.Forward) and not answer:
        raise Invalid("sentence", "blank", "Write what the rule is to say.")
    return sentences.parse(sentences.said(Rule(tree.Posted(rooms), (do,), test)))


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.removeprefix("@") for name in names.replace(",", " ").split())


# pages


def _parsed(call: Call) -> Rule:
    try:
        return sentences.parse(call.form.text("sentence"))
    except Invalid as error:
        raise _of_form(error) from error


def _of_form(error: Invalid) -> Invalid:
    return error.of(FIELDS.get(error.field, error.field))


async def _tried(call: Call, rule: Rule) -> list[TriedView]:
    try:
        found = await call.read(trying.try_out, call.account_id, call.site.org_id, rule)
    except Invalid as error:
        raise _of_form(error) from error
    names = [one.author.acct if one.author else "" for one in found]
    views = [
        TriedView(f"/@{name}/{one.post.id}", name, one.post.text, one.applies, one.why)
        for one, name in zip(found, names, strict=True)
    ]
    return sorted(views, key=lambda one: not one.applies)  # stable: else the newest first


def _names(tx: Tx, call: Call, ids: Iterable[int]) -> dict[int, str]:
    return {id: one.acct for id, one in visibility.of_one_organisation(tx, call.account_id, set(ids)).items()}


def _runs(tx: Tx, call: Call, found: list[RuleRun]) -> list[RunView]:
    """With links to those of the posts that the viewer may see."""
    ids = {one.event: [*_post_of(one), *msgspec.json.decode(one.made, type=list[int])] for one in found}
    seen = visibility.see(tx, call.account_id, {id for some in ids.values() for id in some}).posts
    names = _names(tx, call, [post.author_id for post in seen.values()])
    paths = {id: f"/@{names[post.author_id]}/{id}" for id, post in seen.items() if post.author_id in names}
    return [
        RunView(one.at_ms, OUTCOMES[one.outcome], one.problem, [paths[id] for id in ids[one.event] if id in paths])
        for one in found
    ]


def _post_of(run: RuleRun) -> list[int]:
    kind, _, id = run.event.partition(" ")
    return [int(id)] if kind == "post" else []


def _view(row: ActionRule, names: dict[int, str]) -> RuleView:
    text = sentences.said(tree.stored(row.tree))
    state = RuleState(row.state)
    return RuleView(row.id, row.name, text, STATES[state], state == RuleState.ON, names.get(row.owner_id, ""))


def _form(
    call: Call, name: str, sentence: str, problem: Problem | None, tried: list[TriedView] | None
) -> dict[str, object]:
    sent = problem is not None or tried is not None
    return {
        "automation_name": call.form.text("automation_name") if sent else name,
        "sentence": call.form.text("sentence") if sent else sentence,
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
        "tried": tried,
        "acts_on": sum(one.applies for one in tried) if tried else 0,
    }


def _new_page(
    call: Call,
    *,
    sentence: str = "",
    parts: dict[str, str] | None = None,
    trouble: str = "",
    problem: Problem | None = None,
    tried: list[TriedView] | None = None,
) -> Page:
    values = {
        **_form(call, "", sentence, problem, tried),
        "id": 0,
        "parts": parts or dict.fromkeys(PARTS, ""),
        "trouble": trouble,
        "actions": ACTIONS,
    }
    return places.page(call, "automation.html", values, status=problem.status if problem else 200)


async def _page(
    call: Call, id: int, *, notice: str = "", problem: Problem | None = None, tried: list[TriedView] | None = None
) -> Page:
    def operation(tx: Tx) -> tuple[RuleView, list[VersionView], list[RunView]]:
        org_id = call.site.org_id
        row, kept, runs = keeping.get(tx, org_id, id), keeping.versions(tx, org_id, id), keeping.runs(tx, org_id, id)
        names = _names(tx, call, {row.owner_id} | {one.by_id for one in kept})
        versions = [
            VersionView(
                one.version, one.name, sentences.said(tree.stored(one.tree)), one.at_ms, names.get(one.by_id, "")
            )
            for one in kept
        ]
        return _view(row, names), versions, _runs(tx, call, runs)

    rule, versions, runs = await call.read(operation)
    values = {
        **_form(call, rule.name, rule.text, problem, tried),
        "id": id,
        "rule": rule,
        "versions": versions,
        "runs": runs,
        "notice": notice,
    }
    return places.page(call, "automation.html", values, status=problem.status if problem else 200)
