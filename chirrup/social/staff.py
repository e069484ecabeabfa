"""Who looks after an organisation: the accounts with a role (access/roles.py), and who gives which role to whom."""

from ..access import roles
from ..access.roles import Permission
from ..errors import Invalid, NotAllowed, NotFound
from ..events import AccountChanged
from ..ports import Tx
from ..store import accounts as rows
from ..store import members as member_rows
from ..store import orgs
from ..types import Account, AccountKind, Role, User
from . import audit

MOST = 1000  # of an organisation


def who_may(tx: Tx, org_id: int, needed: Permission) -> list[int]:
    """The accounts of the organisation whose role has the permission. Two queries."""
    known = roles.find(tx, org_id)
    return [id for id, role in member_rows.staff(tx, org_id, MOST) if known.may(role, needed)]


def may(tx: Tx, org_id: int, account_id: int, needed: Permission) -> bool:
    """Whether the account's role in this organisation has one of the permissions needed. At most two queries."""
    user = rows.user(tx, account_id)
    if user is None or user.org_id != org_id or not user.role:
        return False
    return roles.find(tx, org_id).may(user.role, needed)


def owners(tx: Tx, org_id: int) -> list[int]:
    return [id for id, role in member_rows.staff(tx, org_id, MOST) if role == Role.OWNER]


def give_role(tx: Tx, account_id: int, role: str, *, by: int = 0) -> None:
    """by: of whom; 0: of a command, which may give any.

    Raises NotFound; Invalid: there is no such role; NotAllowed: it is the last owner, or not theirs to give, or there
    are too many with a role.
    """
    account, user = person(tx, account_id)
    known = roles.find(tx, user.org_id)
    if role not in known.ranks:
        raise Invalid("role", "unknown", "There is no role {role} here.", role=role[:60])
    if role and account.kind == AccountKind.GUEST:
        raise NotAllowed("a guest has no role: make the guest a member first")
    if by:
        actor = above(tx, by, user)
        if not (known.outranks(actor.role, role) or role == actor.role == Role.OWNER):
            raise NotAllowed("only who may do all that this role may, and more, can give it")
    if role != Role.OWNER:
        keep_an_owner(tx, user)
    if role and not user.role and len(member_rows.staff(tx, user.org_id, MOST)) == MOST:
        raise NotAllowed("{most} accounts have a role already", most=MOST)
    _set_role(tx, account, role)
    did, words = ("give role", role) if role else ("take role", user.role)
    audit.note(tx, user.org_id, by, did, "account", account_id, account.username, words)


def hand_over(tx: Tx, owner_id: int, account_id: int) -> None:
    """An owner makes another account an owner, and has no role afterwards. Raises as give_role()."""
    give_role(tx, account_id, Role.OWNER, by=owner_id)
    account, user = person(tx, owner_id)
    keep_an_owner(tx, user)
    _set_role(tx, account, Role.USER)
    audit.note(tx, user.org_id, owner_id, "hand over", "account", account_id, person(tx, account_id)[0].username)


def let_search(tx: Tx, owner_id: int, account_id: int, *, allowed: bool = True) -> None:
    """COMPLIANCE: search and export whatever was said. Only an owner gives it, and only to somebody else; any owner
    takes it back.

    Raises NotFound, NotAllowed.
    """
    account, user = person(tx, account_id)
    actor = _of_same(tx, owner_id, user)
    if actor.role != Role.OWNER:
        raise NotAllowed("only an owner gives this or takes it back")
    if allowed and account_id == owner_id:
        raise NotAllowed("nobody gives this to themselves: another owner must")
    if allowed and (user.deactivated_ms or account.kind == AccountKind.GUEST):
        raise NotAllowed("the account is deactivated, or a guest's")
    member_rows.set_compliance(tx, account_id, owner_id if allowed else 0)
    did = "let search" if allowed else "let search no longer"
    audit.note(tx, user.org_id, owner_id, did, "account", account_id, account.username)


def person(tx: Tx, account_id: int) -> tuple[Account, User]:
    """Raises NotFound: there is no such account, or nobody logs in to it."""
    account, user = rows.by_id(tx, account_id), rows.user(tx, account_id)
    if account is None or user is None or user.gone_ms:
        raise NotFound("account", account_id)
    return account, user


def above(tx: Tx, actor_id: int, user: User) -> User:
    """The actor, who may act on the user. Raises NotFound: of another organisation; NotAllowed."""
    actor = _of_same(tx, actor_id, user)
    if actor_id == user.account_id or not roles.find(tx, user.org_id).outranks(actor.role, user.role):
        raise NotAllowed("this is you, or somebody whose role is not below yours")
    return actor


def _of_same(tx: Tx, actor_id: int, user: User) -> User:
    actor = rows.user(tx, actor_id)
    if actor is None or actor.org_id != user.org_id:
        raise NotFound("account", user.account_id)
    return actor


def keep_an_owner(tx: Tx, user: User) -> None:
    """Raises NotAllowed: the user is the last owner there is. Of several who stop being owners at once, one stays."""
    if user.role != Role.OWNER:
        return
    one_at_a_time(tx, user.org_id)
    owners = {id for id, role in member_rows.staff(tx, user.org_id, MOST) if role == Role.OWNER}
    if owners == {user.account_id}:
        raise NotAllowed("this is the last owner; make another account an owner first")


def one_at_a_time(tx: Tx, org_id: int) -> None:
    """Who else changes the organisation waits until this transaction ends."""
    if not org_id:
        orgs.put_own(tx)
    orgs.lock(tx, org_id)


def _set_role(tx: Tx, account: Account, role: str) -> None:
    member_rows.set_role(tx, account.id, role)
    changed_ms = max(tx.now_ms, account.changed_ms + 1)
    rows.set_limits(tx, account.id, changed_ms=changed_ms)  # its profile shows it
    tx.emit(AccountChanged(account.id))
