"""Polls. https://docs.joinmastodon.org/methods/polls/"""

import msgspec

from ..http.route import ANYONE, Route
from ..ports import Tx
from ..social import polls
from .call import Call
from .entities import Poll


async def show(call: Call, id: int) -> Poll:
    return await call.read(_show, call, id)


def _show(tx: Tx, call: Call, id: int) -> Poll:
    poll = polls.get(tx, call.viewer_id, id)
    return call.render.poll(tx, polls.shown(tx, call.viewer_id, [poll.id])[poll.id], call.viewer_id)


class Votes(msgspec.Struct, kw_only=True):
    choices: list[int] = []


async def vote(call: Call, id: int, body: Votes) -> Poll:
    await call.write(_vote, call.account_id, id, body.choices)
    return await show(call, id)


def _vote(tx: Tx, voter: int, id: int, choices: list[int]) -> None:
    polls.vote(tx, voter, polls.get(tx, voter, id), choices)


ROUTES = [
    Route("GET", "/api/v1/polls/{id}", show, "read:statuses", ANYONE),
    Route("POST", "/api/v1/polls/{id}/votes", vote, "write:statuses"),
]
