"""Endpoints for programs, one for each route: decode, call the handler, encode. Every error has one form."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec

from ..access import limits, scopes
from ..access.sites import Site
from ..errors import ChirrupError, Forbidden, NotAllowed, Quota, Unauthorised
from ..types import Viewer
from . import problems
from .answer import Answer, FileAnswer, to_programs
from .arguments import Arguments
from .at_site import site_of
from .auth import is_basic
from .call import Call, Reply, Result, Services
from .files import FilePart
from .language import language_in
from .problems import Words
from .request import Request
from .route import ADMIN, ANYONE, CLIENT, USER, Route

BODY_BYTES_MAX = 1024 * 1024
_encode = msgspec.json.Encoder().encode


def endpoints(
    services: Services, routes: Iterable[Route], make_call: type[Call], words: Words
) -> list["ProgramEndpoint"]:
    """make_call: the kind of Call that the handlers get. words: the body of an error."""
    return [ProgramEndpoint(services, route, make_call, words) for route in routes]


class ProgramEndpoint:
    """Answers the requests of one route."""

    def __init__(self, services: Services, route: Route, make_call: type[Call], words: Words) -> None:
        self.route = route
        self._make_call, self._words = make_call, words
        self._services, self._arguments = services, Arguments(route.handler)
        uploads_max = max(services.settings.media_bytes_max, services.settings.film_bytes_max)
        self._max_bytes = uploads_max + 64 * 1024 if route.uploads else BODY_BYTES_MAX

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        services, route, headers, quota = self._services, self.route, request.headers, None
        call: Call | None = None
        try:
            site = site_of(scope)
            ip = request.ip
            authorization = "" if route.who == CLIENT else headers.get("authorization", "")
            viewer, token, quota = await _identify(services, route, site, authorization, ip)
            scope["account_id"] = viewer.account_id
            _check_access(route, site, viewer, bool(token))
            query = self._arguments.query_of(scope["query_string"])
            call = self._make_call(
                services,
                viewer=viewer,
                site=site,
                token=token,
                headers=headers,
                ip=ip,
                url=site.base_url + scope["raw_path"].decode("latin-1"),
                params=query.params,
            )
            if route.limits and (not route.uploads or headers.get("content-type", "").startswith("multipart/")):
                await call.throttle(route.limits, account=str(call.viewer_id))
            body = partial(request.chunks, self._max_bytes)
            given = await self._arguments.decode(call, query, scope["path_params"], body)
            answer = _respond(call, await route.handler(call, **given), quota)
        except Exception as error:
            language = call.language if call else language_in(scope, headers)
            status, own, body = problems.answer(error, self._words, language)
            answer = Answer(status, to_programs((problems.quota_headers(quota) if quota else {}) | own), body)
        await answer(scope, receive, send)


async def _identify(
    services: Services, route: Route, site: Site, authorization: str, ip: str
) -> tuple[Viewer, str, Quota | None]:
    """(viewer, token, what is left of the request limit). Raises Unauthorised, Forbidden, TooMany."""
    count, most = services.engines.limits, services.settings.request_limit
    try:
        viewer, token = await services.auth.viewer(authorization, site.org_id, even_unconfirmed=route.even_unconfirmed)
    except ChirrupError:
        if route.counted:
            await limits.check_request(count, most, ip=ip)
        if is_basic(authorization) and not services.settings.testing:
            await limits.check(count, limits.LOGIN_WRONG, ip=ip)
        raise
    if not route.counted:
        return viewer, token, None
    return viewer, token, await limits.check_request(count, most, ip=ip, account_id=viewer.account_id)


def _check_access(route: Route, site: Site, viewer: Viewer, has_token: bool) -> None:
    if site.closed and not viewer.account_id and not route.when_closed:
        raise Unauthorised(Call.NOBODY)
    if route.who in (ANYONE, CLIENT) and not has_token:
        return
    if not has_token:
        raise Unauthorised("The access token is invalid: this method needs one")
    if route.scope and not scopes.covers(viewer.scopes, route.scope):
        raise Forbidden("This action is outside the authorized scopes")
    if route.who in (USER, ADMIN) and not viewer.account_id:
        raise Unauthorised("This method requires an authenticated user")
    if route.who == ADMIN and not site.may(viewer, route.permission):
        raise NotAllowed()


def _respond(call: Call, result: Any, quota: Quota | None) -> "Answer":
    reply = result.reply(call) if isinstance(result, Result) else Reply(result)
    headers, content = reply.headers, reply.body
    if quota:
        headers = headers | problems.quota_headers(quota)
    if isinstance(content, FilePart):
        return FileAnswer(to_programs(headers, reply.media_type), content)
    body = content if isinstance(content, bytes) else _encode(content)
    return Answer(reply.status, to_programs(headers, reply.media_type), body)
