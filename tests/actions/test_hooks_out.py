"""Hooks out: who hears what, signed anew each time, tried again for three days; never what their owner may not see."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from databases import Clock
from kit import TOWN, people, settle, work_off
from standardwebhooks import Webhook

from chirrup.actions.hooks_out import kinds, listening, manage, sending
from chirrup.actions.hooks_out.manage import Wanted
from chirrup.config import Settings
from chirrup.errors import Invalid, NotAllowed, NotFound
from chirrup.orgs import members, rooms
from chirrup.orgs.rooms import RoomChange
from chirrup.ports import Engines
from chirrup.social import follows, posts, staff
from chirrup.store import jobs
from chirrup.types import Delivery, DeliveryState, Draft, HookOut, Role, Span
from chirrup.workers.kinds import kinds as job_kinds

HOUR_MS = 3_600_000


class Receiver:
    """On loopback. answers: path -> (status, more of the head, body); others are taken."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, tuple[int, str, bytes]] = {}
        self.port = 0

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            path = first.split()[1]
            self.got.append((path, headers, body))
            status, head, answer = self.answers.get(path, (200, "", b"thanks"))
            writer.write(f"HTTP/1.1 {status} x\r\n{head}Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
            await writer.drain()
        writer.close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        """(path, what came) of all that came since the last time."""
        got, self.got = self.got, []
        return [(path, json.loads(body)) for path, _, body in got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.start()
    yield made
    made.server.close()


class Scene:
    """Ann may have hooks, and is in the closed room with Bob; Eve is not."""

    def __init__(self, engines: Engines, receiver: Receiver) -> None:
        self.engines, self.receiver = engines, receiver
        self.settings = Settings(url=TOWN.url, link_cards="never", hook_hosts=(f"127.0.0.1:{receiver.port}",))

    async def begin(self) -> "Scene":
        write = self.engines.db.write
        self.ann, self.bob, self.eve = await people(self.engines.db, "ann", "bob", "eve")
        await write(staff.give_role, self.ann, Role.ADMIN)
        self.room = (await write(rooms.create, 0, self.ann, "ops", RoomChange(closed=True))).id
        await write(rooms.add_member, self.room, self.bob)
        await settle(self.engines)
        return self

    async def hook(self, path: str = "/all", events: tuple[str, ...] = (kinds.PUBLISHED,), **more: Any) -> HookOut:
        wanted = Wanted("A hook", more.pop("url", self.receiver.url(path)), list(events), **more)
        made, self.secret = await self.engines.db.write(manage.create, 0, self.ann, wanted, self.engines.pusher.seal)
        await listening.of(self.engines.db).load()
        return made

    async def say(self, by: int, text: str, **more: Any) -> int:
        post = await self.engines.db.write(posts.publish, by, Draft(text=text, **more))
        await settle(self.engines)
        return post.id

    async def send(self) -> list[tuple[str, dict[str, Any]]]:
        await settle(self.engines)
        await work_off(self.engines, job_kinds(self.settings))
        return self.receiver.take()

    async def deliveries(self, hook: HookOut) -> list[Delivery]:
        """The oldest first."""
        found = await self.engines.db.read(manage.deliveries, 0, self.ann, hook.id, Span(before=2**63 - 1, limit=100))
        return found[::-1]


@pytest.fixture
async def scene(engines: Engines, receiver: Receiver) -> Scene:
    return await Scene(engines, receiver).begin()


async def test_a_hook_hears_what_its_room_or_everybody_may_see_and_nothing_else(scene: Scene):
    write = scene.engines.db.write
    everything = await scene.hook("/all", (kinds.PUBLISHED, kinds.EDITED, kinds.DELETED))
    room = await scene.hook("/room", tuple(kinds.KINDS), room_id=scene.room)
    await write(follows.follow, scene.ann, scene.eve)
    canaries = {
        "room": await scene.say(scene.bob, "@ops canary"),
        "direct": await scene.say(scene.eve, "@ann canary", visibility="direct"),
        "private": await scene.say(scene.eve, "canary", visibility="private"),
    }
    public = await scene.say(scene.eve, "#bread for all")

    sent = await scene.send()

    assert [(path, one["type"], one["data"]["post"]["id"]) for path, one in sorted(sent, key=str)] == [
        ("/all", "post.published", str(public)),
        ("/room", "post.published", str(canaries["room"])),
    ]
    told = dict(sent)["/room"]
    assert told["data"]["room"]["username"] == "ops"
    assert told["data"]["post"] | {"text": "@ops canary", "in_reply_to_id": None} == told["data"]["post"]
    assert told["data"]["post"]["account"]["url"] == "https://town.example/@bob"
    assert dict(sent)["/all"]["data"]["post"]["tags"] == ["bread"]

    await write(posts.edit, scene.eve, public, Draft(text="other bread"))
    await write(rooms.add_member, scene.room, scene.eve)
    await write(rooms.remove_member, scene.room, scene.eve)
    sent = await scene.send()
    await write(posts.delete, scene.eve, public)
    await write(posts.delete, scene.eve, canaries["private"])
    sent += await scene.send()

    assert [(path, one["type"]) for path, one in sorted(sent, key=lambda pair: pair[1]["type"])] == [
        ("/room", "member.joined"),
        ("/room", "member.left"),
        ("/all", "post.deleted"),
        ("/all", "post.edited"),
    ]
    assert [one["data"] for _, one in sent if one["type"] == "post.deleted"] == [{"post": {"id": str(public)}}]

    await scene.say(scene.bob, "@ops canary two")
    await write(rooms.remove_member, scene.room, scene.ann)  # before it is sent
    assert await scene.send() == []
    *_, last = await scene.engines.db.read(manage.deliveries, 0, 0, room.id, Span(before=2**63 - 1, limit=1))
    assert (last.state, last.request) == (DeliveryState.DROPPED, "")

    await scene.say(scene.eve, "for all")
    await write(members.deactivate, scene.ann)
    assert await scene.send() == []
    off = await scene.engines.db.read(manage.get, 0, everything.id)
    assert off.off_ms and off.off_why == sending.WHY_OWNER


def _signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(headers["webhook-id"], at, body.decode())


async def test_each_attempt_is_signed_anew_with_both_secrets_while_they_change(scene: Scene, clock: Clock):
    hook = await scene.hook()
    first = scene.secret
    scene.receiver.answers["/all"] = 500, "", b"not now"
    await scene.say(scene.eve, "one")
    await work_off(scene.engines, job_kinds(scene.settings))
    _, second = await scene.engines.db.write(manage.renew_secret, 0, scene.ann, hook.id, scene.engines.pusher.seal)

    clock.pass_ms(7_000)
    await work_off(scene.engines, job_kinds(scene.settings))
    clock.pass_ms(24 * HOUR_MS)
    scene.receiver.answers.clear()
    await work_off(scene.engines, job_kinds(scene.settings))

    (_, before, body), (_, between, _), (_, after, _) = scene.receiver.got
    assert before["webhook-id"] == between["webhook-id"] == after["webhook-id"]
    signed = [one["webhook-signature"].split() for one in (before, between, after)]
    assert signed == [
        [_signature(first, before, body)],
        [_signature(second, between, body), _signature(first, between, body)],
        [_signature(second, after, body)],
    ]
    assert int(between["webhook-timestamp"]) - int(before["webhook-timestamp"]) in (7, 8)
    (done,) = await scene.deliveries(hook)
    assert (done.state, done.attempts, done.code, done.answer) == (DeliveryState.DELIVERED, 3, 200, "thanks")


async def test_ten_attempts_in_three_days_then_it_is_off_and_its_owner_is_told(scene: Scene, clock: Clock):
    hook = await scene.hook()
    scene.receiver.answers["/all"] = 500, "", b"broken\0" * 20_000
    await scene.say(scene.eve, "one")
    times = [0]
    began_ms = await scene.engines.db.read(lambda tx: tx.now_ms)
    for pause_s in kinds.PAUSES_S:
        await work_off(scene.engines, job_kinds(scene.settings))
        clock.pass_ms(int(1000 * pause_s * (1 + sending.JITTER)) + 1000)
        times.append(await scene.engines.db.read(lambda tx: tx.now_ms) - began_ms)
    await work_off(scene.engines, job_kinds(scene.settings))

    assert (len(scene.receiver.take()), len(times)) == (10, 10)
    assert 75 * HOUR_MS < times[-1] < 96 * HOUR_MS
    (failed,) = await scene.deliveries(hook)
    assert (failed.state, failed.attempts, failed.code) == (DeliveryState.FAILED, 10, 500)
    assert len(failed.answer) <= sending.ANSWER_CHARS_KEPT and "\0" not in failed.answer
    off = await scene.engines.db.read(manage.get, 0, hook.id)
    assert off.off_why == sending.WHY_FAILED
    mails = scene.engines.mailer.sent  # pyright: ignore[reportAttributeAccessIssue]
    assert b"A hook" in mails[-1].data and mails[-1].to == "ann@example.com"

    await scene.say(scene.eve, "nobody hears it")
    assert await scene.send() == []
    scene.receiver.answers.clear()
    await scene.engines.db.write(manage.change, 0, scene.ann, hook.id, Wanted(off=False))
    await listening.of(scene.engines.db).load()
    again = await scene.engines.db.write(manage.replay_range, 0, scene.ann, hook.id, 0, 2**46, only_failed=True)
    assert ([one.id for one in again], len(await scene.send())) == ([failed.id], 1)
    await scene.engines.db.write(manage.replay, 0, scene.ann, failed.id)
    await scene.engines.db.write(manage.test, 0, scene.ann, hook.id)
    assert sorted(one["type"] for _, one in await scene.send()) == ["post.published", "test"]

    scene.receiver.answers["/all"] = 410, "", b""
    await scene.say(scene.eve, "gone")
    await scene.send()
    assert (await scene.engines.db.read(manage.get, 0, hook.id)).off_why == sending.WHY_GONE


async def test_where_it_leads_and_what_comes_back_hurts_nobody(scene: Scene, clock: Clock):
    inside = [await scene.hook(url=url) for url in ("http://10.0.0.1/", "http://127.0.0.1:1/", "http://none.invalid/x")]
    moved, flood = await scene.hook("/moved"), await scene.hook("/flood")
    scene.receiver.answers["/moved"] = 302, f"Location: {scene.receiver.url('/elsewhere')}\r\n", b""
    scene.receiver.answers["/flood"] = 200, "", b"x" * 1_000_000
    post_id = await scene.say(scene.eve, "one")
    fine = await scene.hook("/fine")
    await scene.say(scene.eve, "two")

    sent = await scene.send()

    assert {path for path, _ in sent} == {"/moved", "/flood", "/fine"}
    for hook in inside:
        assert {one.answer for one in await scene.deliveries(hook)} <= {sending.NOT_REACHED, sending.NOT_TRIED}
        assert (await scene.deliveries(hook))[0].code == 0
    assert (await scene.deliveries(moved))[0].code == 302
    assert {len(one.answer) for one in await scene.deliveries(flood)} <= {
        sending.ANSWER_CHARS_KEPT,
        len(sending.NOT_REACHED),
    }
    assert [one.state for one in await scene.deliveries(fine)] == [DeliveryState.DELIVERED]
    left = await scene.engines.db.read(jobs.page, 100)
    assert {one.kind for one in left} <= {sending.SLOW}, "no job of those fails: the next attempt is another one"
    assert post_id


async def test_a_hook_is_its_owners_and_what_it_is_made_of_is_checked(scene: Scene):
    hook, write = await scene.hook(), scene.engines.db.write
    await write(staff.give_role, scene.eve, Role.ADMIN)
    seal = scene.engines.pusher.seal

    theirs = (0, scene.eve, hook.id)
    for refused in (
        lambda tx: manage.change(tx, *theirs, Wanted(url="https://eve.example")),
        lambda tx: manage.renew_secret(tx, *theirs, seal),
        lambda tx: manage.test(tx, *theirs),
        lambda tx: manage.deliveries(tx, *theirs, Span(before=2**63 - 1)),
    ):
        with pytest.raises(NotAllowed):
            await write(refused)
    for field, wrong in (
        ("name", Wanted(" ", "https://a.example", ["post.published"])),
        ("url", Wanted("x", "ftp://a.example", ["post.published"])),
        ("url", Wanted("x", "https://u:p@a.example", ["post.published"])),
        ("url", Wanted("x", "https://[", ["post.published"])),
        ("events", Wanted("x", "https://a.example", [])),
        ("events", Wanted("x", "https://a.example", ["all"])),
        ("events", Wanted("x", "https://a.example", ["member.joined"])),
    ):
        with pytest.raises(Invalid) as raised:
            await write(manage.create, 0, scene.ann, wrong, seal)
        assert raised.value.field == field, wrong
    with pytest.raises(NotFound):
        await write(manage.create, 0, scene.eve, Wanted("x", "https://a.example", ["post.published"], scene.room), seal)
    assert (await write(manage.change, 0, scene.eve, hook.id, Wanted(off=True))).off_ms
    with pytest.raises(NotAllowed):
        await write(manage.test, 0, scene.ann, hook.id)
    await write(manage.end, 0, scene.eve, hook.id)
    with pytest.raises(NotFound):
        await write(manage.end, 0, scene.ann, hook.id)
