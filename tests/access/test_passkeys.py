"""A passkey logs in by an answer to a challenge of ours, in the browser that it was for, once."""

import json
import re
import secrets
from typing import Any

import msgspec
import pytest
from access_kit import insert_person
from authenticator import PRESENT, Authenticator, text

from chirrup.access import links, logins, passkeys, second_factor, sessions, sites, totp
from chirrup.access.passkeys import Browser
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.errors import Forbidden, Invalid, SecondFactorWanted, WrongPasskey
from chirrup.store import accounts

SIGNER = Signer(secrets.token_bytes(32))
ORIGIN = "https://town.example"
HERE = Browser(SIGNER, "cookie", sites.own(Settings(url=ORIGIN, title="Town")))
ELSEWHERE = msgspec.structs.replace(HERE, cookie="another")


class Owner:
    """Ann, whose device has a passkey."""

    def __init__(self, db, clock, ann: int, *, counts: bool) -> None:
        self.db, self.clock, self.id = db, clock, ann
        self.device = Authenticator(ORIGIN, counts=counts)

    async def register(self, **wrong: Any) -> None:
        known = await self.db.read(passkeys.of_account, self.id)
        options = passkeys.to_make(HERE, self.clock(), account_id=self.id, name="ann@town.example", known=known)
        sent = self.device.make(options, **wrong)
        await self.db.write(passkeys.add, self.id, passkeys.made(HERE, sent, self.clock()), " My  phone ")

    def asked(self, browser: Browser = HERE) -> str:
        return passkeys.to_ask(browser, self.clock())

    async def answer(self, sent: str, browser: Browser = HERE, *, org_id: int = 0, account_id: int = 0):
        shown = passkeys.read(sent, account_id)
        return passkeys.answer(browser, shown, await self.db.read(passkeys.find, shown, org_id), self.clock())

    async def log_in(self, sent: str, browser: Browser = HERE, **given: Any) -> str:
        return await self.db.write(logins.open_by_passkey, await self.answer(sent, browser, **given), "Browser")


@pytest.fixture(params=[False, True], ids=["counts nothing", "counts"])
async def owner(db, clock, ann, request) -> Owner:
    made = Owner(db, clock, ann, counts=request.param)
    await made.register()
    return made


async def test_a_passkey_logs_in_without_a_password_and_each_answer_once(owner, db):
    sent = owner.device.answer(owner.asked())
    cookie = await owner.log_in(sent)
    assert (await db.read(sessions.find, cookie)).viewer.account_id == owner.id
    with pytest.raises(WrongPasskey):
        await owner.log_in(sent)

    owner.clock.pass_ms(1)
    await owner.log_in(owner.device.answer(owner.asked()))

    (key,) = await db.read(passkeys.of_account, owner.id)
    assert (key.name, key.used_ms) == ("My phone", owner.clock.now_ms)


async def test_an_answer_that_does_not_fit_opens_nothing(owner, db):
    eve = await db.write(insert_person, "eve")
    foreign = Authenticator(ORIGIN)
    foreign.handle, foreign.id = owner.device.handle, owner.device.id
    asked = owner.asked()
    good = owner.device.answer(asked)
    for sent in (
        owner.device.answer(asked, origin="https://town.example.evil.example"),
        owner.device.answer(asked, origin="http://town.example"),
        owner.device.answer(asked, domain="evil.example"),
        owner.device.answer(asked, flags=PRESENT),
        owner.device.answer(asked, handle=text(str(eve).encode())),
        owner.device.answer(asked, handle=text(b"\xff")),
        owner.device.answer(asked, handle=text(b"9" * 19)),
        owner.device.answer(json.dumps(json.loads(asked) | {"challenge": text(secrets.token_bytes(32))})),
        owner.device.answer(json.dumps(json.loads(asked) | {"challenge": ""})),
        foreign.answer(asked),
        *("", "{}", "[]", "null", '{"id": 1}', '{"id": "x", "response": {"userHandle": "="}}', "\x00", "9" * 30_000),
        '{"id":' + "[" * 19_000,
        re.sub('(?<="clientDataJSON": ")[^"]+', text(b'{"a":' + b"[" * 14_000), good),
        good.replace("public-key", "password"),
        good.replace(text(owner.device.id), "\\u0000"),
    ):
        with pytest.raises(WrongPasskey):
            await owner.log_in(sent)
    with pytest.raises(WrongPasskey):
        await owner.log_in(good, ELSEWHERE)
    with pytest.raises(WrongPasskey):
        await owner.log_in(good, org_id=7)
    with pytest.raises(WrongPasskey):
        await owner.log_in(good, account_id=eve)
    owner.clock.pass_ms(passkeys.LIFE_MS)
    with pytest.raises(WrongPasskey):
        await owner.log_in(good)


async def test_a_passkey_is_made_in_our_page_by_a_device_that_asks_its_owner(db, clock, ann):
    owner = Owner(db, clock, ann, counts=False)
    for wrong in ({"origin": "https://evil.example"}, {"domain": "evil.example"}, {"flags": PRESENT}):
        with pytest.raises(WrongPasskey):
            await owner.register(**wrong)
    await owner.register()
    with pytest.raises(Invalid):
        await owner.register()
    for name in ("", " ", "x" * 61):
        with pytest.raises(Invalid):
            await db.write(passkeys.add, ann, passkeys.Made("id", "key", 0), name)
    for n in range(passkeys.KEYS_MAX - 1):
        await db.write(passkeys.add, ann, passkeys.Made(f"id{n}", "key", 0), "one")
    with pytest.raises(Invalid):
        await db.write(passkeys.add, ann, passkeys.Made("more", "key", 0), "one more")


async def test_it_opens_nothing_once_removed_or_when_its_owner_may_not_act(owner, db):
    answer = await owner.answer(owner.device.answer(owner.asked()))
    await db.write(accounts.set_standing, owner.id, approved=0)
    with pytest.raises(Forbidden):
        await db.write(logins.open_by_passkey, answer)
    await db.write(accounts.set_standing, owner.id, approved=1)
    await db.write(passkeys.remove, owner.id, answer.key_id)
    await db.write(passkeys.remove, owner.id, answer.key_id)
    with pytest.raises(WrongPasskey):
        await db.write(logins.open_by_passkey, answer)


async def test_whoever_takes_the_account_back_by_a_link_ends_all_passkeys(owner, db):
    answer = await owner.answer(owner.device.answer(owner.asked()))
    login = await db.read(logins.of_account, owner.id)
    await db.write(logins.change_password, login, login.password_hash)
    assert len(await db.read(passkeys.of_account, owner.id)) == 1

    link = await db.write(links.ask_reset, "ann@town.example")
    await db.write(logins.reset_password, link.secret, login.password_hash)

    assert await db.read(passkeys.of_account, owner.id) == []
    with pytest.raises(WrongPasskey):
        await db.write(logins.open_by_passkey, answer)


async def test_it_stands_in_for_a_code_and_for_no_other_account(owner, db):
    salt = second_factor.new_salt()
    code = totp.code_at(second_factor.key_of(SIGNER, owner.id, salt), owner.clock() // totp.STEP_MS)
    await db.write(second_factor.turn_on, SIGNER, owner.id, salt=salt, code=code)
    login = await db.read(logins.of_account, owner.id)
    answer = await owner.answer(owner.device.answer(owner.asked()), account_id=owner.id)

    await db.write(logins.open_session, login, proof=passkeys.as_proof(answer))

    with pytest.raises(WrongPasskey):
        await db.write(logins.open_session, login, proof=passkeys.as_proof(answer))
    other = msgspec.structs.replace(answer, account_id=owner.id + 4096)
    with pytest.raises(SecondFactorWanted):
        await db.write(logins.open_session, login, proof=passkeys.as_proof(other))
