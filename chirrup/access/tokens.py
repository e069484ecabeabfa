"""Access tokens: issue, look up, revoke. Rows are in store/tokens.py. A token never expires by itself."""

import msgspec

from ..errors import Forbidden, Limited, OAuthError, Unauthorised, Unconfirmed
from ..events import AccessEnded
from ..ids import bucket_of
from ..ports import Tx
from ..store import apps as app_rows
from ..store import tokens as rows
from ..types import AccountKind, App, Standing, Token, Viewer
from ..wording import N_
from . import scopes, secret
from .apps import Client

STALE_MS = 60 * 60 * 1000  # the use of an app password is noted once an hour
DEACTIVATED = N_("Your account here was deactivated: who looks after the members can let you in again")


class Found(msgspec.Struct, frozen=True):
    """The viewer of a token. is_stale: call used() in a transaction of its own."""

    viewer: Viewer
    is_app_password: bool = False
    is_stale: bool = False


def issue(tx: Tx, account_id: int, app_id: int, granted: str, *, name: str = "") -> tuple[Token, str]:
    """A new token and its secret, which we do not keep. account_id 0: an app's own token. granted: a list of scopes.

    name: of an app password.
    """
    text = secret.new(account_id or app_id)
    token = Token(secret.digest(text), account_id, app_id, granted, tx.now_ms, name)
    rows.insert(tx, token)
    return token, text


def issue_to_app(tx: Tx, client: Client, asked: str = "") -> tuple[Token, str]:
    """The app's own token (client_credentials). Raises OAuthError: no secret, or a scope that the app may not have."""
    if not client.proven:
        raise OAuthError("invalid_client")
    return issue(tx, 0, client.app.id, scopes.grantable(client.app, asked))


def find(tx: Tx, text: str, org_id: int = 0, *, even_unconfirmed: bool = False) -> Viewer:
    """look_up() without more."""
    return look_up(tx, text, org_id, even_unconfirmed=even_unconfirmed).viewer


def look_up(tx: Tx, text: str, org_id: int = 0, *, even_unconfirmed: bool = False) -> Found:
    """Who sent this token, in one query. account_id is 0 for an app's own token.

    even_unconfirmed: for the few routes that those who have not confirmed their address may use.
    Raises Unauthorised (unknown, revoked, of another site), Forbidden (unconfirmed, unapproved, disabled, suspended,
    moved to another account).
    """
    found = rows.find(tx, *secret.locate(text))
    if found is None:
        raise Unauthorised()
    token, of_org, standing = found
    if of_org != org_id:
        raise Unauthorised()
    if token.account_id:
        if standing is None:  # the account was deleted
            raise Unauthorised()
        try:
            admit(standing)
        except Unconfirmed:
            if not even_unconfirmed:
                raise
        if standing.moved_to_id:  # on pages it may still look after itself: web/routes.py
            raise Forbidden("Your login is currently disabled")
    viewer = Viewer(
        account_id=token.account_id,
        scopes=scopes.expand(token.scopes),
        app_id=token.app_id,
        token_id=token.id,
        role=standing.role if standing else "",
        org_id=org_id,
        has_filters=bool(standing and standing.filters_version),
        is_guest=bool(standing and standing.kind == AccountKind.GUEST),
        compliance=bool(standing and standing.compliance_by_id),
    )
    is_stale = bool(token.name) and token.used_ms + STALE_MS <= tx.now_ms
    return Found(viewer, is_app_password=bool(token.name), is_stale=is_stale)


def used(tx: Tx, viewer: Viewer) -> None:
    """The app password of this viewer was used now."""
    rows.use(tx, bucket_of(viewer.account_id), viewer.token_id)


def admit(standing: Standing, *, even_limited: bool = False) -> None:
    """Raises Forbidden, in the words that Mastodon's clients know, when this login may not act.

    even_limited: also one that staff have closed or suspended (Limited).
    """
    if standing.deactivated_ms:
        raise Forbidden(DEACTIVATED)
    if is_limited(standing) and not even_limited:
        raise Limited("Your login is currently disabled")
    if not standing.confirmed_ms:
        raise Unconfirmed("Your login is missing a confirmed e-mail address")
    if not standing.approved:
        raise Forbidden("Your login is currently pending approval")


def is_limited(standing: Standing) -> bool:
    return bool(standing.disabled or standing.suspended_ms)


def revoke(tx: Tx, client: Client, text: str) -> None:
    """End the token with this secret. One that has ended, is unknown or of another site is no error.

    Raises OAuthError unauthorized_client: the token belongs to another app.
    """
    found = rows.find(tx, *secret.locate(text))
    if found is None or found[1] != client.app.org_id:
        return
    if found[0].app_id != client.app.id:
        raise OAuthError("unauthorized_client")
    end(tx, found[0].account_id, found[0].app_id, found[0].id)


def end(tx: Tx, account_id: int, app_id: int, token_id: str) -> None:
    """End one token by its id."""
    owner = account_id or app_id
    if rows.delete(tx, bucket_of(owner), token_id):
        tx.emit(AccessEnded(owner, [token_id]))


def revoke_app(tx: Tx, account_id: int, app_id: int) -> None:
    """Revoke all that the account has granted to this app."""
    rows.delete_codes_of_account(tx, account_id, app_id=app_id)
    ended = rows.delete_of_app(tx, account_id, app_id)
    if ended:
        tx.emit(AccessEnded(account_id, ended))


def of_account(tx: Tx, account_id: int) -> list[Token]:
    """The account's tokens, newest first."""
    return sorted(rows.of_account(tx, account_id), key=lambda token: -token.created_ms)


def let_in(tx: Tx, account_id: int) -> list[tuple[App, Token]]:
    """The apps that the account has authorised, each with its newest token, the newest first."""
    newest: dict[int, Token] = {}
    for token in of_account(tx, account_id):
        newest.setdefault(token.app_id, token)
    known = app_rows.by_ids(tx, newest.keys())
    return [(known[id], token) for id, token in newest.items() if id in known]
