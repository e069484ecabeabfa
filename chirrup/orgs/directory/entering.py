"""From a person of a directory to an account: found by what never changes there, or made at the first login.

An address joins an account that is here already only if the directory has checked it, and its domain is proved to be
the organisation's: else whoever may write an address into a directory would come into any account.
"""

import re
import secrets
import unicodedata

import msgspec

from ...access import domains, emails, logins
from ...ports import Tx
from ...social import accounts, audit, staff, text
from ...store import accounts as account_rows
from ...store import identities as rows
from ...store import scim as scim_rows
from ...types.directory import AccountIdentity, Mapping, Person
from .. import members
from . import groups

NAME_CHARS_MAX = 30
TRIES = 50  # names with a number behind them
_OTHERS = re.compile(r"[^A-Za-z0-9_]+")


def enter(
    tx: Tx, org_id: int, person: Person, mapping: Mapping, *, proves_addresses: bool, scim_subject: str = ""
) -> int:
    """The person's account. Of several logins at the same time, one makes it. scim_subject: Scim.subject."""
    identity = rows.key_of(org_id, person.issuer, person.subject)
    if rows.claim(tx, identity, 0):
        account_id = _described(tx, org_id, person, scim_subject)
        account_id = account_id or _joined(tx, org_id, person, proves_addresses=proves_addresses)
        account_id = account_id or _new(tx, org_id, person)
        rows.set_account(tx, identity, account_id)
        rows.insert(tx, AccountIdentity(account_id, org_id, person.issuer, person.subject))
    else:
        account_id = rows.account_id(tx, identity)
    come_back(tx, account_id, person.issuer)
    groups.give(tx, account_id, person, mapping)
    return account_id


def come_back(tx: Tx, account_id: int, issuer: str) -> None:
    """The directory has the person. If it had not, and the account was deactivated for that, it is a member's again."""
    one = rows.find(tx, account_id, issuer)
    if one and one.gone_ms:
        members.reactivate(tx, account_id)
        rows.set_given(tx, account_id, issuer, role=one.role, rooms=one.rooms, gone_ms=0)


def log_out(tx: Tx, org_id: int, issuer: str, subject: str) -> None:
    """All sessions and tokens of the person's account end. Nobody is told whether there is one."""
    if account_id := rows.account_id(tx, rows.key_of(org_id, issuer, subject)):
        logins.end_all_access(tx, account_id)


def _described(tx: Tx, org_id: int, person: Person, attribute: str) -> int:
    """The account of the user whom the directory tells by SCIM to be this person; 0: none, or it may be another's."""
    told = person.directory_id
    if not (attribute and told):
        return 0
    column, value = ("external_id", told) if attribute == "externalId" else ("name", told.casefold())
    found = scim_rows.equal(tx, org_id, "User", column, value)
    found = [one for one in found if msgspec.json.decode(one.body).get(attribute) == told]  # a name in the same case
    user = account_rows.user(tx, found[0].account_id) if len(found) == 1 else None
    if user is None or rows.find(tx, user.account_id, person.issuer):
        return 0
    if user.password_hash and not domains.has_say(tx, org_id, user):  # somebody was here before the directory
        return 0
    _note_joined(tx, org_id, user.account_id, person)
    return user.account_id


def _joined(tx: Tx, org_id: int, person: Person, *, proves_addresses: bool) -> int:
    """The account that has the person's address; 0: none, or it is not proved that it is theirs."""
    if not (person.email_verified and person.email) or accounts.check_email(person.email):
        return 0
    account_id = emails.owner_id(tx, person.email, org_id)
    user = account_rows.user(tx, account_id) if account_id else None
    if user is None or rows.find(tx, account_id, person.issuer):  # it is somebody else there already
        return 0
    if not domains.has_say(tx, org_id, user):
        return 0
    if not (proves_addresses or user.role):  # who signed up may have taken an address that is not theirs
        logins.set_password(tx, account_id, "")
    _note_joined(tx, org_id, account_id, person)
    return account_id


def _note_joined(tx: Tx, org_id: int, account_id: int, person: Person) -> None:
    account, _ = staff.person(tx, account_id)
    audit.note(tx, org_id, 0, "join identity", "account", account_id, account.username, person.issuer)


def _new(tx: Tx, org_id: int, person: Person) -> int:
    email = person.email if person.email_verified and not accounts.check_email(person.email) else ""
    if email and emails.owner_id(tx, email, org_id):
        email = ""  # another account has it, and keeps it
    name = text.clean(person.name, "display_name")[: accounts.DISPLAY_NAME_CHARS_MAX].strip()
    username = free_name(tx, org_id, person.username, person.email, person.name)
    return members.join(tx, org_id, members.Joining(username, email, display_name=name)).id


def free_name(tx: Tx, org_id: int, *given: str) -> str:
    """A username that nobody has: made of the first of given that one can be made of, or with a number."""
    base = next(filter(None, map(_as_name, given)), "member")
    tried = [base, *(f"{base[: NAME_CHARS_MAX - len(str(n))]}{n}" for n in range(2, TRIES))]
    tried = [one for one in tried if not accounts.check_username(one)]
    keys = {accounts.name_key(org_id, one): one for one in tried}
    taken = account_rows.ids_by_names(tx, list(keys))
    free = (name for key, name in keys.items() if key not in taken)
    return next(free, f"{base[:20]}_{secrets.token_hex(4)}")


def _as_name(given: str) -> str:
    """Of "Ann.Ábc@acme.example" Ann_Abc."""
    plain = unicodedata.normalize("NFKD", given.partition("@")[0]).encode("ascii", "ignore").decode()
    return _OTHERS.sub("_", plain).strip("_")[:NAME_CHARS_MAX]
