"""SCIM 2.0 at /scim/v2 of each site: the requests of companies' directories, with tokens of their own.

The protocol is orgs/scim, an extra ("scim"): without it each request is told so.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ..access import limits
from ..errors import ChirrupError, NotAllowed, Unauthorised
from ..http import problems
from ..http.answer import SAFE, Answer, encoded
from ..http.at_site import site_of
from ..http.call import Services
from ..http.request import Request
from ..http.route import ANYONE, Route
from ..http.server import BODY_BYTES_MAX
from ..orgs.scim import tokens
from ..wording import ENGLISH, Language

PATH = "/scim/v2"
MEDIA_TYPE = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_encode = msgspec.json.Encoder().encode


def endpoints(services: Services) -> "list[ScimEndpoint]":
    return [ScimEndpoint(services, route) for route in ROUTES]


class ScimEndpoint:
    """Answers the requests of one route."""

    def __init__(self, services: Services, route: Route) -> None:
        self.route = route
        self._services = services

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            answer = await self._answer(scope, request)
        except Exception as error:
            answer = _refused(error)
        await answer(scope, receive, send)

    async def _answer(self, scope: Any, request: Request) -> Answer:
        """Raises ChirrupError."""
        site, db = site_of(scope), self._services.engines.db
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise Unauthorised("The Authorization header must be 'Bearer' and a token of the organisation's directory")
        try:
            token, is_new = await db.read(tokens.check, site.org_id, given.strip())
        except Unauthorised:
            settings = self._services.settings
            await limits.check_request(self._services.engines.limits, settings.request_limit, ip=request.ip)
            raise
        if is_new:
            await db.write(tokens.note_use, token)
        try:
            service = await asyncio.to_thread(_service)  # a second of loading, once: others go on
        except ModuleNotFoundError as error:
            raise NotAllowed("SCIM is not installed on this server: pip install 'chirrup[scim]'") from error
        path = request.path.removeprefix(PATH)
        asked = service.request(
            scope["method"],
            site.base_url + PATH,
            path,
            dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            request.headers,
            b"".join([piece async for piece in request.chunks(BODY_BYTES_MAX)]),
        )
        try:
            operate = db.read if service.reads(asked) else db.write
            found = await operate(service.answer, token.org_id, site.settings, asked)
        except Exception as error:
            found = service.refused(error)
        body = b"" if found.body is None else _encode(found.body)
        headers = SAFE | {"Cache-Control": "no-store", "Location": asked.url} | found.headers
        return Answer(int(found.status), encoded(headers), body)


def _service() -> Any:
    from ..orgs.scim import service

    return service


def _refused(error: Exception) -> Answer:
    def words(known: ChirrupError, _: Language) -> dict[str, Any]:
        return {"schemas": [ERROR], "status": str(problems.status_of(known)), "detail": known.message}

    status, headers, body = problems.answer(error, words, ENGLISH)
    challenge = {"WWW-Authenticate": 'Bearer realm="SCIM"'} if status == 401 else {}
    return Answer(status, encoded(SAFE | headers | challenge | {"Content-Type": MEDIA_TYPE}), body)


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROUTES = [
    Route(method, path, ScimEndpoint, who=ANYONE, for_programs=True, when_closed=True)
    for path in (PATH, f"{PATH}/{{endpoint}}", f"{PATH}/{{endpoint}}/{{id}}")
    for method in METHODS
]
