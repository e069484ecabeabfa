"""E-mail addresses of accounts: whose an address is, and the mails that follow from what happens to an account.

A mail is a job, written with what it follows from; mail/outbound.py makes and sends it. So an answer takes equally long
whether or not anybody has an address: who has it is looked up later, by the job.
"""

import msgspec

from ..errors import Forbidden
from ..ids import bucket_of, bucket_of_text, text_key
from ..ports import Tx
from ..store import accounts, jobs, sessions
from . import secret

SIGNED_UP, RESET, CHANGE, CHANGED, PASSWORD, ACCESS, LET_IN, INVITED, WARNED, ORGANISATION = (
    "mail_signed_up",  # confirm your address; or, to the owner of an address that was taken: somebody used it
    "mail_reset",  # a link that sets a new password
    "mail_change",  # a link that makes another address the account's
    "mail_changed",  # to the address that was the account's
    "mail_password",  # your password was changed
    "mail_access",  # something else was changed about how one logs in: what, says Wanted.what
    "mail_let_in",  # staff have let you in
    "mail_invited",  # somebody lets you in: the invitation, says Wanted.what
    "mail_warned",  # what staff decided about you: the strike, says Wanted.what
    "mail_organisation",  # what happens to your organisation: DOMAIN_PROVED and so on, and to what, says Wanted.what
)
DIRECTORY = "mail_directory"  # to owners: a directory has lost so many that somebody must say yes
FACTOR_ON, FACTOR_OFF, FACTOR_OFF_BY_OPERATOR = "factor_on", "factor_off", "factor_off_by_operator"
NEW_CODES, RECOVERY_USED = "new_codes", "recovery_used"
PASSKEY_ADDED, PASSKEY_REMOVED = "passkey_added", "passkey_removed"
APP_PASSWORD = "app_password"
MOVED = "moved"
LEFT = "left"
RULE_FAILED, RULE_LEFT = "rule_failed", "rule_left"
DOMAIN_PROVED, DOMAIN_LOST, DOMAIN_ENDED = "domain_proved", "domain_lost", "domain_ended"
CLOSING, CLOSING_OFF = "closing", "closing_off"
HOOK_OFF = "hook_off"
DESTINATION = "mail"  # one server takes them all


class Wanted(msgspec.Struct, frozen=True):
    """The payload of a mail's job."""

    account_id: int = 0  # 0: of whoever has the address,
    email: str = ""
    org_id: int = 0  # in this organisation
    under: str = ""  # mark_of() the password with which it was asked for
    what: str = ""  # FACTOR_ON and so on; the id of a strike


def key_of(email: str) -> str:
    """The normal form of an address."""
    return email.strip().casefold()


def mark_of(password_hash: str) -> str:
    """A mark that differs for each password. It reveals nothing about the password, and gives no access."""
    return secret.digest(password_hash)


def owner_id(tx: Tx, email: str, org_id: int) -> int:
    """The account whose confirmed address it is in this organisation; 0: none."""
    return accounts.id_by_email(tx, text_key(org_id, key_of(email)))


def claim(tx: Tx, email: str, account_id: int, org_id: int) -> bool:
    """Make it this account's address. False when another account of the organisation has it."""
    return (
        accounts.claim_email(tx, text_key(org_id, key_of(email)), account_id)
        or owner_id(tx, email, org_id) == account_id
    )


def release(tx: Tx, email: str, account_id: int, org_id: int) -> None:
    """It is no longer this account's address."""
    accounts.release_email(tx, text_key(org_id, key_of(email)), account_id)


def signed_up(tx: Tx, account_id: int, email: str) -> None:
    """The new account's address is to be confirmed, or its owner to be told."""
    _enqueue(tx, SIGNED_UP, account_id, Wanted(account_id, email))


def ask_again(tx: Tx, account_id: int, email: str = "") -> None:
    """Send the link that confirms the address again, or to another address ("": the same), which is the account's then.

    Raises Forbidden: the address is confirmed.
    """
    user = accounts.user(tx, account_id, in_turn=True)  # not while a link of the account is being followed
    if user is None or user.confirmed_ms:
        raise Forbidden("This method is only available while the e-mail is awaiting confirmation")
    if email and email.strip() != user.email:
        accounts.set_email(tx, account_id, email.strip())
        sessions.delete_links_of_account(tx, account_id)
    signed_up(tx, account_id, email or user.email)


def forgotten(tx: Tx, email: str, org_id: int = 0) -> None:
    """Somebody wants a new password for the account with this address in this organisation, if there is one."""
    key = key_of(email)
    if key.isprintable():  # PostgreSQL accepts no NUL
        _enqueue(tx, RESET, bucket_of_text(text_key(org_id, key)), Wanted(email=key, org_id=org_id))


def change_wanted(tx: Tx, account_id: int, email: str, password_hash: str) -> None:
    """The account is to have this address, once its owner has followed the link that is sent there.

    password_hash: of the password that was asked for. When it is changed before the mail is sent, there is no mail.
    """
    wanted = Wanted(account_id, email.strip(), under=mark_of(password_hash))
    _enqueue(tx, CHANGE, account_id, wanted)


def changed(tx: Tx, account_id: int, before: str) -> None:
    """It has another address now, and this one is told."""
    _enqueue(tx, CHANGED, account_id, Wanted(account_id, before))


def password_changed(tx: Tx, account_id: int) -> None:
    _enqueue(tx, PASSWORD, account_id, Wanted(account_id))


def access_changed(tx: Tx, account_id: int, what: str) -> None:
    """what: FACTOR_ON or one of its neighbours."""
    _enqueue(tx, ACCESS, account_id, Wanted(account_id, what=what))


def left(tx: Tx, account_id: int, email: str) -> None:
    """It is being deleted, with its address, which is told this last thing."""
    _enqueue(tx, ACCESS, account_id, Wanted(account_id, email, what=LEFT))


def let_in(tx: Tx, account_id: int) -> None:
    """Staff have let it in."""
    _enqueue(tx, LET_IN, account_id, Wanted(account_id))


def invited(tx: Tx, org_id: int, invite_id: int) -> None:
    """An invitation goes to its address."""
    _enqueue(tx, INVITED, invite_id, Wanted(org_id=org_id, what=str(invite_id)))


def warned(tx: Tx, account_id: int, strike_id: int) -> None:
    """Staff decided something about it."""
    _enqueue(tx, WARNED, account_id, Wanted(account_id, what=str(strike_id)))


def directory_waits(tx: Tx, owner_id: int, run_id: int) -> None:
    """A directory has lost many, and nothing is done before an owner decides."""
    _enqueue(tx, DIRECTORY, owner_id, Wanted(owner_id, what=str(run_id)))


def about_organisation(tx: Tx, account_id: int, what: str, about: str = "") -> None:
    """what: DOMAIN_PROVED or one of its neighbours, about a domain; CLOSING, about a day; CLOSING_OFF."""
    _enqueue(tx, ORGANISATION, account_id, Wanted(account_id, what=f"{what} {about}"))


def about_rule(tx: Tx, account_id: int, what: str, name: str) -> None:
    """what: RULE_FAILED or RULE_LEFT. name: the rule's."""
    _enqueue(tx, ORGANISATION, account_id, Wanted(account_id, what=f"{what} {name}"))


def _enqueue(tx: Tx, kind: str, of: int, wanted: Wanted) -> None:
    """A mail each time.

    A job that finds nobody to write to is done at once, others wait for the mail server. To write none while one waits
    would take less time, and so tell who has an account.
    """
    key = str(tx.new_id(bucket_of(of)))
    jobs.enqueue(tx, kind, of=of, key=key, payload=wanted, destination=DESTINATION)
