"""Rules that members write, "when … if … do …": docs/rules.md. They act with the rights of who wrote them last."""

from typing import Any

import msgspec

from ..access.roles import Permission
from ..actions.rules import keeping, sentences, tree, trying
from ..actions.rules.tree import Rule
from ..actions.rules.trying import Tried
from ..errors import not_among
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.route import ADMIN, SLOW, Route
from ..times import iso
from ..types import ActionRule, RuleRun, RuleVersion


class RuleEntity(Entity, kw_only=True):
    """text and tree are the same rule, as a sentence and for programs. owner_id: with whose rights it acts.

    state: "on", "off", "failed" (it failed five times in a row) or "left" (its owner may have no rules any more).
    """

    id: Id
    name: str
    text: str
    tree: dict[str, Any]
    state: str
    version: int
    owner_id: Id
    failures: int
    changed_at: str


class Version(Entity, kw_only=True):
    version: int
    name: str
    text: str
    by_id: Id
    at: str


class Run(Entity, kw_only=True):
    """event: "post 123", which the rule answered. outcome: "done", "failed" (problem says why), "loop" or "often".

    made: the ids of the posts that it made.
    """

    event: str
    at: str
    outcome: str
    made: list[str]
    problem: str


class Test(Entity, kw_only=True):
    test: str
    holds: bool


class TriedPost(Entity, kw_only=True):
    """applies: the rule would act on it. why: each of its tests."""

    id: Id
    url: str
    account: str
    text: str
    applies: bool
    why: list[Test]


def _shown(row: ActionRule) -> RuleEntity:
    rule = tree.stored(row.tree)
    return RuleEntity(
        id=str(row.id),
        name=row.name,
        text=sentences.said(rule),
        tree=msgspec.to_builtins(rule),
        state=row.state,
        version=row.version,
        owner_id=str(row.owner_id),
        failures=row.failures,
        changed_at=iso(row.changed_ms),
    )


def _version(one: RuleVersion) -> Version:
    text = sentences.said(tree.stored(one.tree))
    return Version(version=one.version, name=one.name, text=text, by_id=str(one.by_id), at=iso(one.at_ms))


def _run(one: RuleRun) -> Run:
    made = [str(id) for id in msgspec.json.decode(one.made, type=list[int])]
    return Run(event=one.event, at=iso(one.at_ms), outcome=one.outcome, made=made, problem=one.problem)


def _tried(call: Call, one: Tried) -> TriedPost:
    name = one.author.acct if one.author else ""
    return TriedPost(
        id=str(one.post.id),
        url=f"{call.site.base_url}/@{name}/{one.post.id}",
        account=name,
        text=one.post.text,
        applies=one.applies,
        why=[Test(test=test, holds=holds) for test, holds in one.why],
    )


async def index(call: Call) -> list[RuleEntity]:
    """All of them, the newest first: 500 at most."""
    return [_shown(one) for one in await call.read(keeping.every, call.site.org_id)]


class NewRule(msgspec.Struct, kw_only=True):
    """One of text and tree."""

    name: str = ""
    text: str = ""
    tree: dict[str, Any] | None = None
    state: str = "on"


class Change(msgspec.Struct, kw_only=True):
    name: str | None = None
    text: str | None = None
    tree: dict[str, Any] | None = None
    state: str | None = None


class Wanted(msgspec.Struct, kw_only=True):
    """One of text and tree."""

    text: str = ""
    tree: dict[str, Any] | None = None


def _rule(text: str, given: dict[str, Any] | None) -> Rule:
    return sentences.parse(text) if given is None else tree.given(given)


def _is_on(state: str) -> bool:
    if state not in ("on", "off"):
        raise not_among("state", ["on", "off"], state)
    return state == "on"


async def create(call: Call, body: NewRule) -> RuleEntity:
    rule, on = _rule(body.text, body.tree), _is_on(body.state)
    return _shown(await call.write(keeping.create, call.site.org_id, call.account_id, body.name, rule, on=on))


async def show(call: Call, id: int) -> RuleEntity:
    return _shown(await call.read(keeping.get, call.site.org_id, id))


async def change(call: Call, id: int, body: Change) -> RuleEntity:
    """Whoever changes its text or switches it on is its owner from then on."""
    rule = None if body.text is None and body.tree is None else _rule(body.text or "", body.tree)
    on = None if body.state is None else _is_on(body.state)
    org_id, by = call.site.org_id, call.account_id
    return _shown(await call.write(keeping.change, org_id, by, id, name=body.name, rule=rule, on=on))


async def remove(call: Call, id: int) -> Entity:
    """With its versions and its log."""
    await call.write(keeping.remove, call.site.org_id, call.account_id, id)
    return Entity()


async def versions(call: Call, id: int) -> list[Version]:
    """The newest first: 100 at most."""
    return [_version(one) for one in await call.read(keeping.versions, call.site.org_id, id)]


async def restore(call: Call, id: int, version: int) -> RuleEntity:
    """As it was then, as a new version."""
    return _shown(await call.write(keeping.restore, call.site.org_id, call.account_id, id, version))


async def runs(call: Call, id: int) -> list[Run]:
    """The newest first: 200 at most, of 30 days."""
    return [_run(one) for one in await call.read(keeping.runs, call.site.org_id, id)]


async def try_saved(call: Call, id: int) -> list[TriedPost]:
    """On the last 200 posts that the caller may see, the newest first. Nothing is done."""
    row = await call.read(keeping.get, call.site.org_id, id)
    return await _try(call, tree.stored(row.tree))


async def try_new(call: Call, body: Wanted) -> list[TriedPost]:
    """The same with a rule that is not kept."""
    return await _try(call, _rule(body.text, body.tree))


async def _try(call: Call, rule: Rule) -> list[TriedPost]:
    found = await call.read(trying.try_out, call.account_id, call.site.org_id, rule)
    return [_tried(call, one) for one in found]


PATH, READ, WRITE, NEEDED = "/api/chirrup/v1/rules", "admin:read", "admin:write", Permission.AUTOMATE
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, NEEDED),
    Route("POST", PATH, create, WRITE, ADMIN, NEEDED),
    Route("POST", f"{PATH}/try", try_new, WRITE, ADMIN, NEEDED, cost=SLOW),
    Route("GET", f"{PATH}/{{id}}", show, READ, ADMIN, NEEDED),
    Route("PATCH", f"{PATH}/{{id}}", change, WRITE, ADMIN, NEEDED),
    Route("DELETE", f"{PATH}/{{id}}", remove, WRITE, ADMIN, NEEDED),
    Route("GET", f"{PATH}/{{id}}/versions", versions, READ, ADMIN, NEEDED),
    Route("POST", f"{PATH}/{{id}}/versions/{{version}}/restore", restore, WRITE, ADMIN, NEEDED),
    Route("GET", f"{PATH}/{{id}}/runs", runs, READ, ADMIN, NEEDED),
    Route("POST", f"{PATH}/{{id}}/try", try_saved, WRITE, ADMIN, NEEDED, cost=SLOW),
]
