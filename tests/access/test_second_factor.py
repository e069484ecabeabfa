"""A second factor: nothing opens without a right code, and no code is right twice."""

import asyncio
import secrets

import pytest

from chirrup.access import logins, second_factor, sessions, totp
from chirrup.access.signing import Signer
from chirrup.errors import Forbidden, SecondFactorWanted
from chirrup.store import second_factors as rows

SIGNER = Signer(secrets.token_bytes(32))
RFC_KEY = b"12345678901234567890"


@pytest.mark.parametrize(
    ("unix_s", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(unix_s: int, code: str):
    """RFC 6238, appendix B: the last six of eight digits."""
    step = unix_s * 1000 // totp.STEP_MS
    assert totp.code_at(RFC_KEY, step) == code
    assert totp.step_of(RFC_KEY, code, unix_s * 1000) == step


def test_a_clock_may_be_one_step_off_and_no_more():
    code = totp.code_at(RFC_KEY, 1000)
    found = [totp.step_of(RFC_KEY, code, step * totp.STEP_MS) for step in range(998, 1003)]
    assert found == [None, 1000, 1000, 1000, None]
    assert totp.step_of(RFC_KEY, code, 1000 * totp.STEP_MS, after=1000) is None


def test_an_app_is_told_name_and_key_whatever_signs_are_in_them():
    address = totp.address(RFC_KEY, issuer="Ann's & Bob's: town", account="ann@town.example:3000")
    assert address == (
        "otpauth://totp/Ann%27s%20%26%20Bob%27s%3A%20town%3Aann%40town.example%3A3000"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Ann%27s%20%26%20Bob%27s%3A%20town"
    )


class Owner:
    """Ann, her authenticator app and her recovery codes."""

    def __init__(self, db, clock, ann: int) -> None:
        self.db, self.clock, self.id = db, clock, ann
        self.salt = second_factor.new_salt()
        self.codes: list[str] = []

    def code(self, *, steps: int = 0) -> str:
        key = second_factor.key_of(SIGNER, self.id, self.salt)
        return totp.code_at(key, self.clock.now_ms // totp.STEP_MS + steps)

    async def turn_on(self) -> None:
        self.codes = await self.db.write(
            second_factor.turn_on, SIGNER, self.id, salt=self.salt, code=self.code(steps=-1)
        )

    async def log_in(self, code: str) -> str:
        login = await self.db.read(logins.of_account, self.id)
        return await self.db.write(logins.open_session, login, proof=second_factor.typed(SIGNER, code))


@pytest.fixture
async def owner(db, clock, ann) -> Owner:
    made = Owner(db, clock, ann)
    await made.turn_on()
    return made


async def test_a_login_needs_a_code_each_time_whatever_it_opens(owner, db, client):
    login = await db.read(logins.look_up, username="ann")
    for attempt in (
        db.write(logins.open_session, login),
        db.write(logins.open_token, login, client.app.id, "read"),
        *(owner.log_in(code) for code in ("", "000000x", owner.code(steps=-1), owner.code(steps=2), owner.salt)),
    ):
        with pytest.raises(SecondFactorWanted):
            await attempt

    cookie = await owner.log_in(f" {owner.code()[:3]} {owner.code()[3:]}\n")

    assert (await db.read(sessions.find, cookie)).viewer.account_id == owner.id
    with pytest.raises(SecondFactorWanted):
        await owner.log_in(owner.code())
    await owner.log_in(owner.code(steps=1).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))
    with pytest.raises(SecondFactorWanted):  # older than one that was used
        await owner.log_in(owner.code())


async def test_of_two_at_once_with_one_code_one_gets_in(owner):
    for code in (owner.code(), owner.codes[0]):
        tries = await asyncio.gather(*(owner.log_in(code) for _ in range(4)), return_exceptions=True)
        assert [type(one) for one in tries if isinstance(one, Exception)] == [SecondFactorWanted] * 3


async def test_each_recovery_code_logs_in_once_however_it_is_written(owner, db):
    assert len(set(owner.codes)) == 10
    misread = owner.codes[1].upper().replace("-", " ").replace("0", "O").replace("1", "l")
    for code in (owner.codes[0], misread):
        await owner.log_in(code)
        with pytest.raises(SecondFactorWanted):
            await owner.log_in(code)

    assert (await db.read(second_factor.state, owner.id)).codes_left == 8
    stored = str(await db.read(rows.find, owner.id))
    assert not [code for code in owner.codes if code in stored or code.replace("-", "") in stored]

    new = await db.write(second_factor.replace_codes, SIGNER, owner.id)
    with pytest.raises(SecondFactorWanted):
        await owner.log_in(owner.codes[2])
    await owner.log_in(new[0])


async def test_what_the_database_holds_is_of_no_use_without_the_secret(owner):
    owner.codes.clear()
    other = Signer(secrets.token_bytes(32))
    assert second_factor.key_of(other, owner.id, owner.salt) != second_factor.key_of(SIGNER, owner.id, owner.salt)
    assert second_factor.key_of(SIGNER, owner.id + 4096, owner.salt) != second_factor.key_of(
        SIGNER, owner.id, owner.salt
    )


async def test_it_is_set_up_by_a_code_of_the_app_once_and_turned_off(db, clock, ann):
    owner = Owner(db, clock, ann)
    with pytest.raises(SecondFactorWanted):
        await db.write(second_factor.turn_on, SIGNER, ann, salt=second_factor.new_salt(), code=owner.code())
    assert await db.read(second_factor.state, ann) == second_factor.State()

    await owner.turn_on()

    assert await db.read(second_factor.state, ann) == second_factor.State(clock.now_ms, 10)
    with pytest.raises(Forbidden):
        await db.write(second_factor.turn_on, SIGNER, ann, salt=owner.salt, code=owner.code())
    assert await db.write(second_factor.turn_off, ann)
    assert not await db.write(second_factor.turn_off, ann)
    await owner.log_in("")
    with pytest.raises(Forbidden):
        await db.write(second_factor.replace_codes, SIGNER, ann)
