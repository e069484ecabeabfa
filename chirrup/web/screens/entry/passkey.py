"""Passkeys in forms: what a page asks the browser for, and what the browser answers (static/passkeys.js)."""

import asyncio
import time

from ....access import passkeys
from ....access.passkeys import Answer, Browser, Made
from ....types import Passkey
from ...call import Call


def asking(call: Call) -> str:
    """The options for a form that any passkey of this site may answer."""
    return passkeys.to_ask(_browser(call), _now_ms())


async def answer(call: Call, account_id: int = 0) -> Answer:
    """The answer that the form has. account_id: whose passkey it must be; 0: anybody's. Raises Forbidden."""
    shown = passkeys.read(call.form.text("passkey"), account_id)
    key: Passkey | None = await call.read(passkeys.find, shown, call.site.org_id)
    return await asyncio.to_thread(passkeys.answer, _browser(call), shown, key, _now_ms())


async def making(call: Call, known: list[Passkey]) -> str:
    """The options for a form that makes one. known: those that the account has."""
    assert call.me
    name, id = f"{call.me.username}@{call.site.domain}", call.account_id
    return await asyncio.to_thread(passkeys.to_make, _browser(call), _now_ms(), account_id=id, name=name, known=known)


async def made(call: Call) -> Made:
    """The passkey that was made for the form. Raises Forbidden."""
    return await asyncio.to_thread(passkeys.made, _browser(call), call.form.text("passkey"), _now_ms())


def _browser(call: Call) -> Browser:
    call.csrf_token()  # a visitor without a cookie gets one
    return Browser(call.services.signer, call.cookie, call.site)


def _now_ms() -> int:
    return int(time.time() * 1000)
