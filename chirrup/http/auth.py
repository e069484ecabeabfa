"""Which account a request acts for, by its bearer token. Each token is looked up once a second at most.

Tokens come in the Authorization header, as Mastodon documents. A token in a query would get into logs and histories.
Only streams read one there (stream/request.py), because browsers cannot set a header of a WebSocket. A token in a form
(RFC 6750, 2.2) is documented nowhere and not read.
"""

import time

from ..access import tokens
from ..errors import Unauthorised
from ..ports import Database
from ..types import ANYBODY, Viewer

FRESH_S = 1.0  # a revoked token or suspended account is refused after this: we promise one second, on every process
KEPT = 50_000  # tokens


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
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            raise Unauthorised("The Authorization header must be 'Bearer' and a token")
        if even_unconfirmed:
            return await self._db.read(tokens.find, token, org_id, even_unconfirmed=True), token
        return await self.by_token(token, org_id), token

    async def by_token(self, token: str, org_id: int = 0) -> Viewer:
        """Raises Unauthorised: unknown, revoked, of another site; Forbidden: the account may not be used now."""
        now = time.monotonic()
        kept = self._known.get(token)
        if kept and kept[0] > now and kept[1].org_id == org_id:
            return kept[1]
        viewer = await self._db.read(tokens.find, token, org_id)
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[token] = (now + FRESH_S, viewer)
        return viewer

    def forget(self, *_: object) -> None:
        """Look every token up again, because some have been revoked."""
        self._known.clear()
