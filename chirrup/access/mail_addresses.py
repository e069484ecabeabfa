"""Mail addresses that say what a mail to them is about, and are signed: nothing is stored for them.

r-…@host             the reply of one account to one post, or to one request to follow it
room-name-…@host     a new post in a room, of whoever may post there
b-…@host             the envelope sender of a mail: it comes back there if it cannot be delivered

They are in letters that survive any change of case, and 62 at most before the @ (RFC 5321, 4.5.3.1.1 allows 64). Their
signatures are of the account's epoch (MailPrefs), so all of an account's end at once: with its password, its
membership, whatever ends its logins. Why: docs/decisions/0072-mail-addresses.md.
"""

import base64
import binascii
import hmac
import re
import struct
from enum import IntEnum

import msgspec

from ..errors import Invalid
from ..ids import ID_MAX, text_key
from ..ports import Tx
from ..store import accounts, mail_prefs
from ..times import DAY_MS
from ..types import Account, AccountKind, MailPrefs, User
from ..wording import N_
from .signing import Signer

LIFE_DAYS = 400
_DAY_0 = 18_262  # 2020-01-01, in days since 1970
_SIGN_BYTES = 16
_REPLY = struct.Struct(">BHQQ")  # what it is about, day, its id, the account
_BOUNCE = struct.Struct(">QQ")  # the account, the mail
_STOP = struct.Struct(">BQQ")  # what stops, the room, the account
_ROOM = re.compile(r"room-([a-z0-9_]{1,30})-([a-z2-7]{26})")


class About(IntEnum):
    """What a reply answers. The numbers are in addresses, and never change."""

    POST = 1
    REQUEST = 2  # to follow the account


class Reply(msgspec.Struct, frozen=True):
    """Whoever writes here is account_id, if the mail is from its address."""

    account_id: int
    about: About
    id: int  # the post; the account that asks


class ToRoom(msgspec.Struct, frozen=True):
    room_id: int


class Returned(msgspec.Struct, frozen=True):
    """A mail to account_id came back."""

    account_id: int
    mail_id: int


class Stops(IntEnum):
    """What a link in a mail stops. The numbers are in links, and never change."""

    MENTIONS = 1  # every mail about what happens
    ROOM = 2  # those of one room
    DIGEST = 3


class Stop(msgspec.Struct, frozen=True):
    account_id: int
    what: Stops
    room_id: int = 0


class MailAddresses:
    """Makes those of a site, and reads them. host: Site.mail_domain."""

    def __init__(self, signer: Signer, host: str, org_id: int) -> None:
        self._signer, self._host, self._org_id = signer, host, org_id

    def reply(self, of: MailPrefs, about: About, id: int, *, now_ms: int) -> str:
        """For the account that of is of: it answers the post, or the account that asks. For LIFE_DAYS."""
        said = _REPLY.pack(about, now_ms // DAY_MS - _DAY_0, id, of.account_id)
        return f"r-{_text(said + self._sign(b'r' + said, of.epoch))}@{self._host}"

    def room(self, of: MailPrefs, name: str) -> str:
        """For whoever may post in the room, which of is of. Until the room's epoch ends."""
        name = name.lower()
        return f"room-{name}-{_text(self._sign(b'room' + of.account_id.to_bytes(8, 'big'), of.epoch))}@{self._host}"

    def bounce(self, of: MailPrefs, mail_id: int) -> str:
        """The envelope sender of a mail to the account that of is of."""
        said = _BOUNCE.pack(of.account_id, mail_id)
        return f"b-{_text(said + self._sign(b'b' + said, of.epoch))}@{self._host}"

    def read(self, tx: Tx, address: str) -> Reply | ToRoom | Returned:
        """What a mail to address, in any case, is about. That its sender is who it should be, the caller finds out.

        Raises Invalid("address", …): unknown (forged, ended, of another site); expired; closed: its account
        may not act.
        """
        local, _, host = address.strip().lower().rpartition("@")
        if host == self._host and address.isascii():
            if found := _ROOM.fullmatch(local):
                return self._read_room(tx, *found.groups())
            if local.startswith("b-"):
                account_id, mail_id = self._said(tx, _BOUNCE, b"b", local[2:])
                return Returned(account_id, mail_id)
            if local.startswith("r-"):
                return self._read_reply(tx, local[2:])
        raise _unknown()

    def stop(self, wanted: Stop) -> str:
        """What stands in the link that stops some mails. It works for ever: an old mail must not be one without end."""
        said = _STOP.pack(wanted.what, wanted.room_id, wanted.account_id)
        return _text(said + self._sign(b"stop" + said, 0))

    def read_stop(self, text: str) -> Stop:
        """Raises Invalid: it is forged, or of another site."""
        data = _bytes(text.lower(), _STOP.size + _SIGN_BYTES)
        said = data[: _STOP.size]
        if not hmac.compare_digest(self._sign(b"stop" + said, 0), data[_STOP.size :]):
            raise _unknown()
        what, room_id, account_id = _STOP.unpack(said)
        return Stop(account_id, Stops(what), room_id)

    def _read_reply(self, tx: Tx, text: str) -> Reply:
        about, day, id, account_id = self._said(tx, _REPLY, b"r", text)
        if tx.now_ms // DAY_MS > day + _DAY_0 + LIFE_DAYS:
            why = N_("This address worked for {days} days. Answer a newer mail, or on the page of what you answer.")
            raise Invalid("address", "expired", why, days=LIFE_DAYS)
        account, user = accounts.by_id(tx, account_id), accounts.user(tx, account_id)
        if account is None or user is None or account.org_id != self._org_id:
            raise _unknown()
        if not may_act(account, user):
            raise Invalid("address", "closed", "Your account cannot be used now, so nothing can be posted with it.")
        return Reply(account_id, About(about), id)

    def _read_room(self, tx: Tx, name: str, text: str) -> ToRoom:
        key = text_key(self._org_id, name)
        room_id = accounts.ids_by_names(tx, [key]).get(key, 0)
        room = accounts.by_id(tx, room_id) if room_id else None
        if room is None or room.kind != AccountKind.ROOM:
            raise _unknown()
        sign = self._sign(b"room" + room_id.to_bytes(8, "big"), mail_prefs.of(tx, room_id).epoch)
        if not hmac.compare_digest(sign, _bytes(text, _SIGN_BYTES)):
            raise _unknown()
        return ToRoom(room_id)

    def _said(self, tx: Tx, form: struct.Struct, kind: bytes, text: str) -> tuple[int, ...]:
        """What is packed in text. Raises Invalid: its signature does not fit, or is of an epoch that has ended."""
        data = _bytes(text, form.size + _SIGN_BYTES)
        said = data[: form.size]
        numbers = form.unpack(said)
        account_id = numbers[0] if form is _BOUNCE else numbers[-1]
        if account_id > ID_MAX:
            raise _unknown()
        sign = self._sign(kind + said, mail_prefs.of(tx, account_id).epoch)
        if not hmac.compare_digest(sign, data[form.size :]):
            raise _unknown()
        return numbers

    def _sign(self, said: bytes, epoch: int) -> bytes:
        return bytes.fromhex(self._signer.sign(f"mail {self._org_id} {epoch} {said.hex()}"))


def may_act(account: Account, user: User) -> bool:
    """Whether what comes by mail from the account's address counts."""
    ended = user.gone_ms or user.deactivated_ms or user.disabled or account.suspended_ms or account.moved_to_id
    return bool(not ended and user.confirmed_ms and user.approved)


def _unknown() -> Invalid:
    return Invalid("address", "unknown", "There is no such address here, or it has ended.")


def _text(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _bytes(text: str, size: int) -> bytes:
    """Raises Invalid: text is not what _text() makes of that many bytes."""
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except binascii.Error:
        raise _unknown() from None
    if len(data) != size or _text(data) != text:
        raise _unknown()
    return data
