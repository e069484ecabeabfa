"""Posts that must be acknowledged, and who is asked next: chains and rotations. Clients acknowledge by favourites."""

from collections.abc import Callable

import msgspec

from ..access.fill import Filled
from ..access.roles import Permission
from ..actions import acknowledgements, chains, rotations, who
from ..actions.acknowledgements import Asking, Report
from ..errors import Invalid
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.forms import Id as IdIn
from ..http.paging import Page, PageQuery, filled
from ..http.paging import span as span_of
from ..http.route import ADMIN, Route
from ..ports import Tx
from ..times import iso, iso_or_none, ms_of_text
from ..types import AckRequest, Chain, Rotation, Step

MOST = 80


class Asked(Entity, kw_only=True):
    """Somebody who is asked. via: how they acknowledged it; "": not yet."""

    id: Id
    name: str
    asked_at: str
    acknowledged_at: str | None
    via: str


class AckReport(Entity, kw_only=True):
    """id: of the post. state: open, done, over (nobody is reminded any more). next_at: of the next reminder or step."""

    id: Id
    enough: str
    state: str
    reminders: int
    next_at: str | None
    acknowledged: int
    missing: int
    asked: list[Asked]


class Waiting(Entity, kw_only=True):
    """id: of the post."""

    id: Id
    asked_at: str
    next_at: str | None


class Question(msgspec.Struct, kw_only=True):
    who: list[str] = []
    within_minutes: int = 24 * 60
    enough: str = ""  # "": all; where there is a chain, one
    chain: str = ""


async def ask(call: Call, id: int, body: Question) -> AckReport:
    """Of a post of the caller's. Its content warning says so from now on."""

    def operation(tx: Tx) -> None:
        org_id = call.site.org_id
        chain_id = chains.called(tx, org_id, body.chain).id if body.chain else 0
        asked = who.named(tx, org_id, call.account_id, body.who)
        enough = body.enough or ("one" if chain_id else "all")
        wanted = Asking(tuple(asked), body.within_minutes, enough, chain_id)
        acknowledgements.ask(tx, call.account_id, id, wanted)

    await call.write(operation)
    return await show(call, id)


async def show(call: Call, id: int) -> AckReport:
    """For its author, who asked, and those who make announcements."""
    return _report(await call.read(acknowledgements.report, call.account_id, id))


def _report(found: Report) -> AckReport:
    request, asked, names = found
    done = sum(1 for one in asked if one.acked_ms)
    return AckReport(
        id=str(request.post_id),
        enough=request.enough,
        state=request.state,
        reminders=request.rounds,
        next_at=iso_or_none(request.due_ms),
        acknowledged=done,
        missing=len(asked) - done,
        asked=[
            Asked(
                id=str(one.account_id),
                name=names[one.account_id],
                asked_at=iso(one.asked_ms),
                acknowledged_at=iso_or_none(one.acked_ms),
                via=one.via,
            )
            for one in asked
            if one.account_id in names
        ],
    )


async def waiting(call: Call, query: PageQuery) -> Page[Waiting]:
    """What waits for the caller to acknowledge it, newest first."""
    return await _page(call, query, acknowledgements.waiting)


async def asked_by(call: Call, query: PageQuery) -> Page[Waiting]:
    """What the caller asks others to acknowledge; for those who make announcements, what anybody does."""
    return await _page(call, query, acknowledgements.asked_by)


async def _page(call: Call, query: PageQuery, operation: Callable[..., Filled[int]]) -> Page[Waiting]:
    span = span_of(query, default=40, most=MOST)

    def found(tx: Tx) -> Page[Waiting]:
        some = operation(tx, call.account_id, span)
        requests = acknowledgements.requests(tx, some.items)
        return filled([_waiting(requests[id]) for id in some.items if id in requests], some, span)

    return await call.read(found)


def _waiting(one: AckRequest) -> Waiting:
    return Waiting(id=str(one.post_id), asked_at=iso(one.asked_ms), next_at=iso_or_none(one.due_ms))


# chains


class ChainStep(Entity, kw_only=True):
    """who: @names of people, rooms and rotations. minutes: to wait before the step after it."""

    who: list[str]
    minutes: int


class OwnChain(Entity, kw_only=True):
    id: Id
    name: str
    steps: list[ChainStep]
    repeats: int


def _chains(tx: Tx, found: list[Chain]) -> list[OwnChain]:
    named = {one for chain in found for step in chain.all_steps for one in step.who}
    names = who.names_of(tx, found[0].org_id, named) if found else {}
    return [
        OwnChain(
            id=str(chain.id),
            name=chain.name,
            steps=[
                ChainStep(who=[names[one] for one in step.who if one in names], minutes=step.minutes)
                for step in chain.all_steps
            ],
            repeats=chain.repeats,
        )
        for chain in found
    ]


class StepIn(msgspec.Struct, kw_only=True):
    who: list[str] = []
    minutes: int = 15


class NewChain(msgspec.Struct, kw_only=True):
    name: str = ""
    steps: list[StepIn] = []
    repeats: int = 0


class ChainChange(msgspec.Struct, kw_only=True):
    steps: list[StepIn] = []
    repeats: int = 0


def _steps(tx: Tx, call: Call, steps: list[StepIn]) -> list[Step]:
    return [Step(tuple(who.named(tx, call.site.org_id, call.account_id, one.who)), one.minutes) for one in steps]


async def list_chains(call: Call) -> list[OwnChain]:
    return await call.read(lambda tx: _chains(tx, chains.of_org(tx, call.site.org_id)))


async def make_chain(call: Call, body: NewChain) -> OwnChain:
    def operation(tx: Tx) -> OwnChain:
        steps = _steps(tx, call, body.steps)
        made = chains.create(tx, call.site.org_id, call.account_id, body.name, steps, body.repeats)
        return _chains(tx, [made])[0]

    return await call.write(operation)


async def show_chain(call: Call, id: int) -> OwnChain:
    return await call.read(lambda tx: _chains(tx, [chains.get(tx, call.site.org_id, id)])[0])


async def change_chain(call: Call, id: int, body: ChainChange) -> OwnChain:
    """All of its steps anew."""

    def operation(tx: Tx) -> OwnChain:
        steps = _steps(tx, call, body.steps)
        changed = chains.change(tx, call.site.org_id, call.account_id, id, steps, body.repeats)
        return _chains(tx, [changed])[0]

    return await call.write(operation)


async def delete_chain(call: Call, id: int) -> Entity:
    await call.write(chains.delete, call.site.org_id, call.account_id, id)
    return Entity()


# rotations


class OwnRotation(Entity, kw_only=True):
    """people: ids of accounts, in the order of their weeks. from_at: when the first week began."""

    id: Id
    name: str
    people: list[Id]
    zone: str
    from_at: str
    on_duty: Id | None


def _rotation(tx: Tx, one: Rotation) -> OwnRotation:
    duty = rotations.on_duty(one, tx.now_ms)
    return OwnRotation(
        id=str(one.id),
        name=one.name,
        people=[str(id) for id in one.members],
        zone=one.zone,
        from_at=iso(one.from_ms),
        on_duty=str(duty) if duty else None,
    )


class RotationBody(msgspec.Struct, kw_only=True):
    name: str = ""
    people: list[IdIn] | None = None
    zone: str | None = None
    from_at: str | None = None

    def change(self) -> rotations.RotationChange:
        try:
            from_ms = None if self.from_at is None else ms_of_text(self.from_at)
        except ValueError as error:
            raise Invalid("from_at", "time", "must be a time such as 2026-12-07T09:00:00Z") from error
        return rotations.RotationChange(None if self.people is None else tuple(self.people), self.zone, from_ms)


async def list_rotations(call: Call) -> list[OwnRotation]:
    return await call.read(lambda tx: [_rotation(tx, one) for one in rotations.of_org(tx, call.site.org_id)])


async def make_rotation(call: Call, body: RotationBody) -> OwnRotation:
    change = body.change()
    return await call.write(
        lambda tx: _rotation(tx, rotations.create(tx, call.site.org_id, call.account_id, body.name, change))
    )


async def show_rotation(call: Call, id: int) -> OwnRotation:
    return await call.read(lambda tx: _rotation(tx, rotations.get(tx, call.site.org_id, id)))


async def change_rotation(call: Call, id: int, body: RotationBody) -> OwnRotation:
    change = body.change()
    return await call.write(
        lambda tx: _rotation(tx, rotations.change(tx, call.site.org_id, call.account_id, id, change))
    )


async def delete_rotation(call: Call, id: int) -> Entity:
    await call.write(rotations.delete, call.site.org_id, call.account_id, id)
    return Entity()


V1 = "/api/chirrup/v1"
READ, WRITE = "read:statuses", "write:statuses"
STAFF, ANNOUNCES = "admin:write:accounts", Permission.MANAGE_ANNOUNCEMENTS
ROUTES = [
    Route("POST", f"{V1}/statuses/{{id}}/acks", ask, WRITE),
    Route("GET", f"{V1}/statuses/{{id}}/acks", show, READ),
    Route("GET", f"{V1}/acks", waiting, READ),
    Route("GET", f"{V1}/acks/asked", asked_by, READ),
    Route("GET", f"{V1}/chains", list_chains, READ),
    Route("POST", f"{V1}/chains", make_chain, STAFF, ADMIN, ANNOUNCES),
    Route("GET", f"{V1}/chains/{{id}}", show_chain, READ),
    Route("PUT", f"{V1}/chains/{{id}}", change_chain, STAFF, ADMIN, ANNOUNCES),
    Route("DELETE", f"{V1}/chains/{{id}}", delete_chain, STAFF, ADMIN, ANNOUNCES),
    Route("GET", f"{V1}/rotations", list_rotations, READ),
    Route("POST", f"{V1}/rotations", make_rotation, STAFF, ADMIN, ANNOUNCES),
    Route("GET", f"{V1}/rotations/{{id}}", show_rotation, READ),
    Route("PATCH", f"{V1}/rotations/{{id}}", change_rotation, STAFF, ADMIN, ANNOUNCES),
    Route("DELETE", f"{V1}/rotations/{{id}}", delete_rotation, STAFF, ADMIN, ANNOUNCES),
]
