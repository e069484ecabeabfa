"""Who looks after an organisation: the accounts with a role (access/roles.py)."""

from ..access import roles
from ..access.roles import Permission
from ..errors import NotAllowed, NotFound
from ..events import AccountChanged
from ..ports import Tx
from ..store import accounts as rows
from ..types import Role
from . import audit

MOST = 1000  # of an organisation


def who_may(tx: Tx, org_id: int, needed: Permission) -> list[int]:
    """The accounts of the organisation whose role has the permission. One query."""
    return [id for id, role in rows.staff(tx, org_id, MOST) if roles.may(role, needed)]


def give_role(tx: Tx, account_id: int, role: Role) -> None:
    """Raises NotFound; NotAllowed: it is the organisation's last owner, or there are too many with a role."""
    user, account = rows.user(tx, account_id), rows.by_id(tx, account_id)
    if user is None or account is None:
        raise NotFound("account", account_id)
    known = rows.staff(tx, user.org_id, MOST)
    owners = {id for id, one in known if one == Role.OWNER}
    if owners == {account_id} and role != Role.OWNER:
        raise NotAllowed("this is the last owner; make another account an owner first")
    if len(known) == MOST and not user.role and role:
        raise NotAllowed("{most} accounts have a role already", most=MOST)
    rows.set_role(tx, account_id, role)
    rows.set_limits(tx, account_id, changed_ms=max(tx.now_ms, account.changed_ms + 1))  # its profile shows it
    audit.note(tx, user.org_id, 0, f"role {role or 'none'}", "account", account_id, account.username)
    tx.emit(AccountChanged(account_id))
