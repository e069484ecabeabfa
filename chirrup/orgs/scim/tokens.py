"""Tokens of directories: each is one organisation's, made by its staff, and kept as a hash."""

from ...access import secret
from ...errors import Invalid, NotAllowed, NotFound, Unauthorised, too_long
from ...ids import bucket_of
from ...ports import Tx
from ...social import audit, text
from ...store import scim as rows
from ...types import ScimToken

NAME_CHARS_MAX = 60
TOKENS_MAX = 20  # of an organisation
HOUR_MS = 3600 * 1000


def make(tx: Tx, org_id: int, actor_id: int, name: str) -> tuple[ScimToken, str]:
    """(token, its secret, which nobody can be shown again). name: of the directory. Raises Invalid, NotAllowed."""
    name = text.clean(name, "name").strip()
    if not name:
        raise Invalid("name", "blank", "can't be blank: it says which directory has the token")
    if len(name) > NAME_CHARS_MAX:
        raise too_long("name", NAME_CHARS_MAX, len(name))
    if len(rows.tokens(tx, org_id)) >= TOKENS_MAX:
        raise NotAllowed("there are {most} tokens, and no more: end one first", most=TOKENS_MAX)
    given = secret.new(org_id)
    token = ScimToken(org_id, tx.new_id(bucket_of(org_id)), name, tx.now_ms, 0)
    rows.insert_token(tx, token, secret.digest(given))
    audit.note(tx, org_id, actor_id, "add", "scim token", token.id, name)
    return token, given


def every(tx: Tx, org_id: int) -> list[ScimToken]:
    """The oldest first."""
    return rows.tokens(tx, org_id)


def end(tx: Tx, org_id: int, actor_id: int, id: int) -> None:
    """It is refused from the next request on. Raises NotFound."""
    found = next((one for one in rows.tokens(tx, org_id) if one.id == id), None)
    if found is None or not rows.delete_token(tx, org_id, id):
        raise NotFound("scim token", id)
    audit.note(tx, org_id, actor_id, "remove", "scim token", id, found.name)


def check(tx: Tx, org_id: int, given: str) -> tuple[ScimToken, bool]:
    """(whose it is, whether its use is to be noted: once an hour). Raises Unauthorised: none of the organisation's."""
    _, hash = secret.locate(given)
    found = rows.token_by_hash(tx, org_id, hash) if hash else None
    if found is None:
        raise Unauthorised("The token is none of this organisation's")
    return found, found.used_ms < tx.now_ms - HOUR_MS


def note_use(tx: Tx, token: ScimToken) -> None:
    rows.set_used(tx, token)
