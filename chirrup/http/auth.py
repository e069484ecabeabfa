"""Which account a request acts for, by its bearer token. Each token is looked up once a second at most.

Tokens come in the Authorization header, as Mastodon documents; app passwords as HTTP Basic, too. A token in a query
would get into logs and histories. Only streams read one there (stream/request.py), because browsers cannot set a header
of a WebSocket. A token in a form (RFC 6750, 2.2) is documented nowhere and not read.
"""

import time

from ..access import app_passwords, tokens
from ..access.tokens import Found
from ..errors import Unauthorised
from ..ports import Database
from ..types import ANYBODY, Viewer

FRESH_S = 1.0  # a revoked token or suspended account is refused after this: we promise one second, on every process
KEPT = 50_000  # tokens


def is_basic(authorization: str) -> bool:
    return authorization[:6].lower() == "basic "


class Authenticator:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[float, Viewer]] = {}

    async def viewer(
        self, authorization: str, org_id: int = 0, *, even_unconfirmed: bool = False
    ) -> tuple[Viewer, str]:
        """(viewer, token) by the Authorization header; ANYBODY without one. Raises Unauthorised, Forbidden.

        even_unconfirmed: also an account that has not confirmed its e-mail address.
        """
        if not authorization:
            return ANYBODY, ""
        kind, _, token = authorization.partition(" ")
        name, token = None, token.strip()
        if is_basic(authorization):
            name, token = app_passwords.typed(token)
        elif kind.lower() != "bearer" or not token:
            raise Unauthorised("The Authorization header must be 'Bearer' and a token")
        if even_unconfirmed:
            return (await self._look_up(token, org_id, name, even_unconfirmed=True)).viewer, token
        return await self.by_token(token, org_id, name), token

    async def by_token(self, token: str, org_id: int = 0, name: str | None = None) -> Viewer:
        """name: what came with an app password. None: a token came alone.

        Raises Unauthorised: unknown, revoked, of another site; Forbidden: the account may not be used now.
        """
        now = time.monotonic()
        key = token if name is None else f"{name}:{token}"
        kept = self._known.get(key)
        if kept and kept[0] > now and kept[1].org_id == org_id:
            return kept[1]
        found = await self._look_up(token, org_id, name)
        if found.is_stale:
            await self._db.write(tokens.used, found.viewer)
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[key] = (now + FRESH_S, found.viewer)
        return found.viewer

    async def _look_up(self, token: str, org_id: int, name: str | None, *, even_unconfirmed: bool = False) -> Found:
        if name is None:
            return await self._db.read(tokens.look_up, token, org_id, even_unconfirmed=even_unconfirmed)
        return await self._db.read(app_passwords.find, name, token, org_id, even_unconfirmed=even_unconfirmed)

    def forget(self, *_: object) -> None:
        """Look every token up again, because some have been revoked."""
        self._known.clear()
