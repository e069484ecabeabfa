"""Signed addresses of mails: what they say, and to whom they are dead."""

from typing import Any

import pytest
from access_kit import insert_person

from chirrup.access import logins
from chirrup.access.mail_addresses import LIFE_DAYS, About, MailAddresses, Reply, Returned, ToRoom
from chirrup.access.signing import Signer
from chirrup.errors import Invalid
from chirrup.ids import ID_MAX
from chirrup.ports import Database, Tx
from chirrup.store import accounts, mail_prefs
from chirrup.times import DAY_MS
from chirrup.types import Account, MailPrefs

MADE = MailAddresses(Signer(b"a secret"), "town.example", 0)
ELSEWHERE = MailAddresses(Signer(b"a secret"), "acme.example", 7)
FORGED = MailAddresses(Signer(b"another"), "town.example", 0)


def insert_room(tx: Tx, name: str) -> int:
    id = tx.new_id(77)
    accounts.insert(tx, Account(id, name, "", "", "[]", "", "", "", 1, 0, 1, 0, 1, tx.now_ms, 0, kind="room"))
    accounts.claim_name(tx, name, id)
    return id


def dead(tx: Tx, address: str) -> str:
    with pytest.raises(Invalid) as caught:
        MADE.read(tx, address)
    return caught.value.rule


async def test_an_address_says_what_it_is_about_in_any_case_and_no_other_does(db: Database):
    def ask(tx: Tx) -> None:
        ann, room = insert_person(tx), insert_room(tx, "a" * 25 + "_room")
        of = mail_prefs.of(tx, ann)
        reply = MADE.reply(of, About.POST, ID_MAX, now_ms=tx.now_ms)
        asked = MADE.reply(of, About.REQUEST, 1, now_ms=tx.now_ms)
        posting = MADE.room(mail_prefs.of(tx, room), "A" * 25 + "_Room")
        returned = MADE.bounce(of, ID_MAX)

        meant: dict[str, Any] = {
            reply: Reply(ann, About.POST, ID_MAX),
            asked: Reply(ann, About.REQUEST, 1),
            posting: ToRoom(room),
            returned: Returned(ann, ID_MAX),
        }
        for address, what in meant.items():
            local, _, host = address.partition("@")
            assert (len(local) <= 64, host) == (True, "town.example")
            for said in (address, address.upper(), address.title(), f" {address} "):
                assert MADE.read(tx, said) == what
            assert dead(tx, address.replace("town", "acme")) == "unknown"
            for at in (2, len(local) // 2, len(local) - 1):  # no letter can be another one
                other = "b" if local[at] == "a" else "a"
                assert dead(tx, f"{local[:at]}{other}{local[at + 1 :]}@{host}") == "unknown", (address, at)
            for said in (local, f"{local}a@{host}", f"{local[:-1]}@{host}", f"ß{local}@{host}", f"{local}=@{host}"):
                assert dead(tx, said) == "unknown"

        assert dead(tx, "ann@town.example") == dead(tx, "r-@town.example") == dead(tx, "") == "unknown"
        assert dead(tx, FORGED.reply(of, About.POST, 5, now_ms=tx.now_ms)) == "unknown"
        assert dead(tx, FORGED.bounce(of, 5)) == dead(tx, FORGED.room(MailPrefs(room), "a" * 25 + "_room")) == "unknown"
        assert dead(tx, MADE.room(MailPrefs(ann), "ann")) == "unknown"  # it is no room
        with pytest.raises(Invalid):
            ELSEWHERE.read(tx, ELSEWHERE.reply(of, About.POST, 5, now_ms=tx.now_ms))  # no member there

    await db.write(ask)


async def test_addresses_end_with_time_and_with_whatever_ends_access(db: Database):
    def ask(tx: Tx) -> None:
        ann = insert_person(tx)

        def made(days_ago: int = 0) -> str:
            return MADE.reply(mail_prefs.of(tx, ann), About.POST, 5, now_ms=tx.now_ms - days_ago * DAY_MS)

        assert MADE.read(tx, made(LIFE_DAYS)) == Reply(ann, About.POST, 5)
        assert dead(tx, made(LIFE_DAYS + 1)) == "expired"

        before, returned = made(), MADE.bounce(mail_prefs.of(tx, ann), 3)
        logins.set_password(tx, ann, "-")
        assert dead(tx, before) == dead(tx, returned) == "unknown"
        assert MADE.read(tx, made()) == Reply(ann, About.POST, 5)

        for name in ("disabled", "deactivated_ms", "gone_ms"):
            eve = insert_person(tx, name[:5], **{name: 1})
            assert dead(tx, MADE.reply(MailPrefs(eve), About.POST, 5, now_ms=tx.now_ms)) == "closed", name
        for name in ("confirmed_ms", "approved"):
            eve = insert_person(tx, name[:6], **{name: 0})
            assert dead(tx, MADE.reply(MailPrefs(eve), About.POST, 5, now_ms=tx.now_ms)) == "closed", name

        room = insert_room(tx, "baking")
        posting = MADE.room(mail_prefs.of(tx, room), "baking")
        mail_prefs.end_addresses(tx, room)
        assert dead(tx, posting) == "unknown"

    await db.write(ask)
