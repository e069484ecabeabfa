"""POST /hooks/in/<token> of each site: other programs say something here. No login: whoever has the address may.

The formats are in actions/hooks_in. To Slack's an answer is a text, to all others JSON.
"""

from typing import Any

import msgspec

from ..access import limits
from ..access.limits import Limit
from ..access.sites import Site
from ..actions import signatures
from ..actions.hooks_in import formats, receive
from ..actions.hooks_in.incoming import HEADERS, Incoming
from ..actions.hooks_in.receive import Came, Outcome, Place
from ..errors import BadRequest, ChirrupError, Forbidden, NotFound
from ..http import forms, problems
from ..http.answer import SAFE, Answer, encoded
from ..http.at_site import site_of
from ..http.call import Services
from ..http.language import language_in
from ..http.request import Request
from ..http.route import ANYONE, Route
from ..http.server import BODY_BYTES_MAX
from ..types import HookIn
from .problems import words

PATH, SLACK = "/hooks/in", "slack"
OFTEN = (Limit("hook_in", "account", 60, 60), Limit("hook_in_day", "account", 10_000, 86_400))
_encode = msgspec.json.Encoder().encode


def endpoints(services: Services) -> "list[HookEndpoint]":
    return [HookEndpoint(services, route) for route in ROUTES]


class HookEndpoint:
    """Answers the requests of one route."""

    def __init__(self, services: Services, route: Route) -> None:
        self.route = route
        self._services = services

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        as_text = False
        try:
            site = site_of(scope)
            hook, now_ms = await self._hook(site, request, scope["path_params"]["token"])
            as_text = hook.format == SLACK
            await self._let_in(hook, request)
            raw = b"".join([piece async for piece in request.chunks(BODY_BYTES_MAX)])
            self._check(hook, request, raw, now_ms)
            format, said = await self._take(site, hook, request, raw)
            as_text = format == SLACK
            answer = _text(200, "ok") if as_text else _json(200, _told(said))
        except Exception as error:
            status, headers, body = problems.answer(error, words, language_in(scope, request.headers))
            answer = Answer(status, encoded(SAFE | headers | {"Content-Type": "application/json; charset=utf-8"}), body)
            if as_text:
                answer = _text(status, msgspec.json.decode(body)["error"], headers)
        await answer(scope, receive, send)

    async def _hook(self, site: Site, request: Request, token: str) -> tuple[HookIn, int]:
        """Raises NotFound, TooMany: too many tries with wrong tokens."""
        engines = self._services.engines
        try:
            return await engines.db.read(receive.by_token, site.org_id, token)
        except NotFound:
            most = self._services.settings.request_limit
            await limits.check_request(engines.limits, most, ip=request.ip)
            raise

    async def _let_in(self, hook: HookIn, request: Request) -> None:
        """Raises TooMany, Forbidden: it is off; Encoded."""
        await limits.check(self._services.engines.limits, OFTEN, ip=request.ip, account=str(hook.id))
        if hook.off_ms:
            raise Forbidden("this hook is switched off")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise problems.Encoded("send the body without Content-Encoding")

    def _check(self, hook: HookIn, request: Request, raw: bytes, now_ms: int) -> None:
        """Raises Unauthorised: it is not signed with the hook's secret."""
        if hook.secret:
            secret = self._services.engines.pusher.open(hook.secret)
            signatures.check(hook.format, secret, request.headers, raw, now_ms)

    async def _take(self, site: Site, hook: HookIn, request: Request, raw: bytes) -> tuple[str, Outcome]:
        """(the format that it was read as, what was said). Raises ChirrupError."""
        db = self._services.engines.db
        headers = {name: request.headers[name][:500] for name in HEADERS if name in request.headers}
        kept = raw.decode("utf-8", "replace").replace("\0", "\ufffd")
        came = Came(_encode(headers).decode(), kept, len(raw))
        place = Place(site.domain, site.base_url, site.post_chars_max)
        try:
            incoming = Incoming(_body(raw, request.headers.get("content-type", "")), headers, hook.mapping)
            format = formats.of(hook.format, incoming)
            read = formats.FORMATS[format].read(incoming)
            return format, await db.write(receive.take, hook, read, came, place)
        except ChirrupError as error:
            await db.write(receive.note_refused, hook, came, error.message)
            raise


def _body(raw: bytes, content_type: str) -> Any:
    """Decoded, whatever the content type says: many programs send JSON as a form. Raises BadRequest."""
    kind, begins = forms.kind_of(content_type), raw.lstrip()[:1]
    if kind == forms.MULTIPART:
        raise BadRequest("send JSON, or a form without files")
    if begins in (b"{", b"["):
        return forms.json_of(raw)
    if kind == forms.FORM:
        fields = dict(forms.pairs(raw))
        return forms.json_of(fields["payload"].encode("utf-8", "surrogatepass")) if "payload" in fields else fields
    if kind.startswith("text/"):
        return {"text": forms.text_of(raw)}
    return forms.json_of(raw)


def _told(said: Outcome) -> dict[str, Any]:
    return {"posts": [str(one.id) for one in said.posts], "known": said.known}


def _json(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, encoded(SAFE | {"Content-Type": "application/json; charset=utf-8"}), _encode(body))


def _text(status: int, body: str, headers: dict[str, str] | None = None) -> Answer:
    own = SAFE | (headers or {}) | {"Content-Type": "text/plain; charset=utf-8"}
    return Answer(status, encoded(own), body.encode("utf-8", "replace"))


ROUTES = [Route("POST", f"{PATH}/{{token}}", HookEndpoint, who=ANYONE, counted=False, when_closed=True)]
