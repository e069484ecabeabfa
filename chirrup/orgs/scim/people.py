"""What becomes of a user that a directory describes: a member joins, is renamed, is deactivated, comes back."""

from typing import NamedTuple

from ...access import domains, emails
from ...errors import Invalid
from ...ports import Tx
from ...social import accounts
from ...store import accounts as account_rows
from ...store import scim as rows
from .. import members
from ..directory.entering import free_name
from ..members import Joining


class Person(NamedTuple):
    """What Chirrup uses of a user; the rest is kept as it came."""

    user_name: str
    display_name: str  # "": none
    email: str  # "": none
    active: bool


def take_in(tx: Tx, org_id: int, person: Person, known: int = 0) -> int:
    """The account: a member of before, whom no directory has described yet, or a new one.

    A member of before is who logs in at the provider as this person (known; 0: nobody), or who has the same address.
    Raises Invalid: the address or the name is malformed, or is somebody's who has a role, and the domain is not proved.
    """
    account_id = known if known and not rows.by_account(tx, org_id, [known]) else 0
    if not account_id and person.email:
        account_id = emails.owner_id(tx, person.email, org_id)
        if account_id and rows.by_account(tx, org_id, [account_id]):
            raise Invalid("email", "taken", "belongs to another user of the directory")
        user = account_rows.user(tx, account_id) if account_id else None
        if user and user.role and user.password_hash and not domains.has_say(tx, org_id, user):
            raise Invalid("email", "taken", "belongs to a member with a role: prove first that its domain is yours")
    if account_id:
        set_active(tx, account_id, active=person.active)
        return account_id
    wanted = Joining(
        username=free_name(tx, org_id, person.user_name, person.display_name),
        email=person.email,
        display_name=_shown(person.display_name),
    )
    account = members.join(tx, org_id, wanted)
    if not person.active:
        members.deactivate(tx, account.id)
    return account.id


def change(tx: Tx, account_id: int, before: Person, after: Person) -> None:
    """@name stays, as it stands in posts of others, and so does the address of who has a password here.

    Raises Invalid: the address is malformed or taken.
    """
    if after.display_name != before.display_name and after.display_name:
        change = accounts.ProfileChange(display_name=_shown(after.display_name))
        accounts.change_profile(tx, account_id, change)
    if after.email != before.email and after.email:
        _give_email(tx, account_id, after.email)
    if after.active != before.active:
        set_active(tx, account_id, active=after.active)


def set_active(tx: Tx, account_id: int, *, active: bool) -> None:
    """Raises NotAllowed: it is the last owner."""
    if active:
        members.reactivate(tx, account_id)
    else:
        members.deactivate(tx, account_id)


def _give_email(tx: Tx, account_id: int, email: str) -> None:
    if problems := accounts.check_email(email):
        raise problems[0]
    user = accounts.user(tx, account_id)
    if user.password_hash:  # with another address, whoever reads mails there could set a new one
        return
    if not emails.claim(tx, email, account_id, user.org_id):
        raise Invalid("email", "taken", "has already been taken")
    if emails.key_of(email) != emails.key_of(user.email):
        emails.release(tx, user.email, account_id, user.org_id)
        account_rows.set_email(tx, account_id, email.strip())


def _shown(name: str) -> str:
    return " ".join(name.split())[: accounts.DISPLAY_NAME_CHARS_MAX].strip()
