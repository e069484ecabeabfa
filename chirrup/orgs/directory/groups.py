"""What a directory's groups give: a role, and rooms. It takes away only what it has given."""

import structlog

from ...errors import ChirrupError
from ...ports import Tx
from ...social import staff
from ...store import accounts as account_rows
from ...store import identities as rows
from ...types import Role
from ...types.directory import Mapping, Person

log = structlog.get_logger()


def give(tx: Tx, account_id: int, person: Person, mapping: Mapping) -> None:
    """As the mapping says now. Groups that are not known at the moment change nothing."""
    had = rows.find(tx, account_id, person.issuer)
    if had is None or person.groups is None:
        return
    role = next((role for group, role in mapping.roles.items() if group in person.groups), "")
    given = had.role if role == had.role else _give_role(tx, account_id, had.role, role)
    if given != had.role:
        rows.set_given(tx, account_id, person.issuer, role=given, rooms=had.rooms, gone_ms=had.gone_ms)


def _give_role(tx: Tx, account_id: int, before: str, role: str) -> str:
    """What it has from the directory then. A role that somebody here has given stays as it is."""
    user = account_rows.user(tx, account_id)
    if user is None or user.role != before:
        return before
    try:
        staff.give_role(tx, account_id, Role(role))
    except (ChirrupError, ValueError) as error:  # there is no such role, or this is the last owner
        log.warning("a directory's group gives no role", account_id=account_id, role=role, why=str(error))
        return before
    return role
