"""Pages below /org: hooks by which other programs speak here. Those by which they hear: hooks_out.py."""

from typing import Any

import msgspec

from ....access.roles import Permission
from ....actions import signatures
from ....actions.hooks_in import formats, manage, trying
from ....actions.hooks_in.manage import Wanted
from ....actions.hooks_out import kinds
from ....actions.hooks_out import manage as out
from ....errors import NotAllowed
from ....http.arguments import path_id
from ....orgs import rooms
from ....ports import Tx
from ....types import HookIn, HookOut, HookPayload
from ...call import Call, Go, Page
from ...forms import Fields
from ...problems import Problem
from .places import page

PATH, NEW = "/org/hooks", "/org/hooks/in"
ONE = f"{NEW}/{{id}}"
PAYLOAD = f"{ONE}/payloads/{{payload}}"
HOOKS = Permission.MANAGE_WEBHOOKS
MAPPED = ("text", "link", "about", "id", "ends", "only")
FORMATS = [(formats.AUTO, "Guess each time"), *((name, one.name) for name, one in formats.FORMATS.items())]
VISIBILITIES = [("unlisted", "Quiet: not in public timelines"), ("public", "Public"), ("private", "Followers only")]
ROOMS_LISTED = 100


class _Listed(msgspec.Struct, frozen=True):
    said: list[tuple[HookIn, str, str]]  # (hook, its bot's username, its room's)
    heard: list[tuple[HookOut, str]]  # (hook, the name of its room)
    rooms: list[tuple[str, str]]


def list_rooms(tx: Tx, call: Call) -> list[tuple[str, str]]:
    """(id, name) of those that the viewer is in."""
    found = rooms.entered(tx, call.account_id)[:ROOMS_LISTED]
    return [(str(one.id), one.display_name or one.username) for one in found]


def _list(tx: Tx, call: Call) -> _Listed:
    said, heard = manage.every(tx, call.site.org_id), out.every(tx, call.site.org_id)
    known = manage.accounts_of(tx, said, {one.room_id for one in heard} - {0})
    name = {id: one.username for id, one in known.items()}
    return _Listed(
        said=[(one, name.get(one.bot_id, ""), name.get(one.room_id, "")) for one in said],
        heard=[(one, name.get(one.room_id, "")) for one in heard],
        rooms=list_rooms(tx, call),
    )


async def index(call: Call) -> Page:
    return await listed(call)


async def again(call: Call, problem: Problem) -> Page:
    return await listed(call, problem)


async def listed(call: Call, problem: Problem | None = None, **told: Any) -> Page:
    """told: what is shown once."""
    found = await call.read(_list, call)
    form = call.form if problem else Fields()
    values: dict[str, Any] = {
        "said": found.said,
        "heard": found.heard,
        "rooms": [("", "No room: its own timeline"), *found.rooms],
        "rooms_heard": [("", "What everybody here may see"), *found.rooms],
        "formats": FORMATS,
        "visibilities": VISIBILITIES,
        "kinds": [(name, words, name in form.texts("event")) for name, words in kinds.KINDS.items()],
        "given": {name: form.text(name) for name in ("hook_name", "format", "room", "visibility", "secret", "url")},
        "out_failed": bool(problem and call.path.endswith("/out")),
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
        "made_url": "",
        "made_secret": "",
        **told,
    }
    return page(call, "hooks.html", values, status=problem.status if problem else 200)


async def create(call: Call) -> Page:
    """The page with the address, and the secret where one was made: they are shown once."""
    form = call.form
    secret = form.text("secret").strip()
    made = signatures.new_secret() if not secret and form.text("format") == formats.STANDARD else ""
    given = manage.checked_secret(secret, form.text("format")) or made
    wanted = Wanted(
        name=form.text("hook_name"),
        format=form.text("format") or formats.AUTO,
        secret=call.engines.pusher.seal(given) if given else "",
        room_id=form.id("room"),
        visibility=form.text("visibility"),
    )
    _, token = await call.write(manage.create, call.site.org_id, call.account_id, wanted)
    return await listed(call, made_url=f"{call.site.base_url}/hooks/in/{token}", made_secret=made)


class _Shown(msgspec.Struct, frozen=True):
    hook: HookIn
    bot: str
    rooms: list[tuple[str, str]]
    payloads: list[HookPayload] | None  # None: the viewer may not read them


def _show(tx: Tx, call: Call, id: int) -> _Shown:
    hook = manage.get(tx, call.site.org_id, id)
    known = manage.accounts_of(tx, [hook])
    there = list_rooms(tx, call)
    if hook.room_id and str(hook.room_id) not in dict(there):
        there.append((str(hook.room_id), f"@{known[hook.room_id].username}" if hook.room_id in known else "?"))
    try:
        came = manage.payloads(tx, call.site.org_id, call.account_id, id)
    except NotAllowed:
        came = None
    return _Shown(hook, known[hook.bot_id].username, there, came)


async def show(call: Call, id: str) -> Page:
    return await _page(call, path_id(id))


async def one_again(call: Call, problem: Problem, id: str) -> Page:
    return await _page(call, path_id(id), problem)


async def _page(call: Call, id: int, problem: Problem | None = None, **told: Any) -> Page:
    found = await call.read(_show, call, id)
    hook, form = found.hook, call.form
    typed = bool(form.sent()) and (problem is not None or bool(told.get("tried")))
    mapped = msgspec.json.decode(hook.mapping) if hook.mapping else {}
    own = {"hook_name": hook.name, "format": hook.format, "visibility": hook.visibility}
    own["room"] = str(hook.room_id or "")
    own |= {f"map_{name}": mapped.get(name, "") for name in MAPPED} | {"payload": ""}
    values: dict[str, Any] = {
        "hook": hook,
        "bot": found.bot,
        "rooms": [("", "No room: its own timeline"), *found.rooms],
        "formats": FORMATS,
        "visibilities": VISIBILITIES,
        "payloads": found.payloads,
        "given": {name: form.text(name) for name in own} if typed else own,
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
        "tried": None,
        "made_url": "",
        **told,
    }
    return page(call, "hook_in.html", values, status=problem.status if problem else 200)


def _mapping(form: Fields) -> str:
    found = {name: given for name in MAPPED if (given := form.text(f"map_{name}").strip())}
    return msgspec.json.encode(found).decode() if found else ""


async def save(call: Call, id: str) -> Page | Go:
    """Save it; or (do = try) show what it would say of a payload so."""
    form, org_id, hook_id = call.form, call.site.org_id, path_id(id)
    if form.text("do") == "try":
        format, texts = await call.read(_try, call, hook_id)
        return await _page(call, hook_id, tried=(dict(FORMATS)[format], texts))
    secret = form.text("secret").strip()
    wanted = Wanted(
        name=form.text("hook_name"),
        format=form.text("format"),
        mapping=_mapping(form),
        secret=call.engines.pusher.seal(manage.checked_secret(secret, form.text("format"))) if secret else None,
        room_id=form.id("room"),
        visibility=form.text("visibility"),
    )
    await call.write(manage.change, org_id, call.account_id, hook_id, wanted)
    return Go(f"{NEW}/{hook_id}?saved=1")


def _try(tx: Tx, call: Call, id: int) -> tuple[str, list[str]]:
    hook = manage.get(tx, call.site.org_id, id)
    kept = manage.payload(tx, hook, call.account_id, call.form.id("payload"))
    return trying.attempt(hook, kept, "", call.form.text("format"), _mapping(call.form))


async def switch(call: Call, id: str) -> Go:
    wanted = Wanted(off=call.form.text("to") == "off")
    await call.write(manage.change, call.site.org_id, call.account_id, path_id(id), wanted)
    return Go(f"{NEW}/{path_id(id)}?saved=1")


async def renew(call: Call, id: str) -> Page:
    """The page with the new address, which is shown once."""
    _, token = await call.write(manage.renew_token, call.site.org_id, call.account_id, path_id(id))
    return await _page(call, path_id(id), made_url=f"{call.site.base_url}/hooks/in/{token}")


async def end(call: Call, id: str) -> Go:
    await call.write(manage.end, call.site.org_id, call.account_id, path_id(id))
    return Go(f"{PATH}?saved=1")


async def payload(call: Call, id: str, payload: str) -> Page:
    """What came, whole: a text that was cut leads here."""

    def operation(tx: Tx) -> tuple[HookIn, HookPayload]:
        hook = manage.get(tx, call.site.org_id, path_id(id))
        return hook, manage.payload(tx, hook, call.account_id, path_id(payload))

    hook, found = await call.read(operation)
    return page(call, "hook_payload.html", {"hook": hook, "payload": found})
