"""Log in where the organisation's people are known: at its provider, there and back, or with a directory's password."""

from typing import Any

import structlog

from ....access import limits
from ....errors import ChirrupError, InvalidSignUp, NotProven, Refused, Unreachable
from ....orgs.directory import entering, sign_on
from ....types.directory import Ldap, Mapping, Oidc, Person
from ...call import Call, Go

log = structlog.get_logger()
NO_PROVIDER = "People do not log in with another server here."
OTHER_BROWSER = "This login was begun in another browser, or took too long. Begin again."
AWAY = "{name} does not answer now. Try again in a moment; who has a password here can use it."
SET_WRONG = "Something is set wrong between this server and {name}: tell whoever looks after one of them."


class NotIn(Exception):
    """Nobody is logged in: status, and words for the login page."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


async def begin(call: Call) -> Go:
    """To the provider. Raises NotIn."""
    provider = _provider(call)
    had = call.cookie
    call.csrf_token()  # a visitor without a cookie gets one
    attempt = sign_on.begin(
        call.services.signer, call.site, call.cookie, call.return_to("/home"), again=call.query.flag("again")
    )
    try:
        to = await call.engines.directories.provider(provider).begin(attempt)
    except (Unreachable, Refused) as error:
        raise _failed(provider, error) from error
    return Go(to, cookie=None if had else call.cookie)


async def come_back(call: Call) -> tuple[int, str]:
    """(the account, where to go). Raises NotIn, TooMany."""
    provider = _provider(call)
    found = sign_on.resume(call.services.signer, call.site, call.cookie, call.query.text("state"))
    if found is None:
        raise NotIn(401, OTHER_BROWSER)
    attempt, place = found
    if told := call.query.text("error"):
        log.info("a provider did not log somebody in", issuer=provider.issuer, told=told[:100])
        raise NotIn(401, f"{provider.label} did not log you in.")
    await call.throttle(limits.PROVIDER)
    try:
        plug = call.engines.directories.provider(provider)
        person = await plug.finish(attempt, call.query.text("code"), call.query.text("iss"))
    except (NotProven, Unreachable, Refused) as error:
        raise _failed(provider, error) from error
    await call.give_back(limits.PROVIDER)
    return await _enter(call, person, provider), place


async def by_password(call: Call, name: str, password: str) -> int:
    """The account, by the organisation's directory. 0: it has none, or does not know this name with this password.

    Raises NotIn.
    """
    settings = call.site.settings.ldap
    if settings is None:
        return 0
    try:
        person = await call.engines.directories.directory(settings).log_in(name, password)
    except (Unreachable, Refused) as error:
        raise _failed(settings, error) from error
    return await _enter(call, person, settings) if person else 0


async def _enter(call: Call, person: Person, mapping: Mapping) -> int:
    """The person's account."""
    given = (entering.enter, call.site.org_id, person, mapping)
    scim_subject = call.site.settings.scim.subject if isinstance(mapping, Oidc) else ""
    more: dict[str, Any] = {"proves_addresses": call.settings.must_confirm, "scim_subject": scim_subject}
    try:
        return await call.write(*given, **more)
    except InvalidSignUp:  # somebody else took the name at this moment: another is chosen
        return await call.write(*given, **more)


def _provider(call: Call) -> Oidc:
    if call.site.settings.oidc is None:
        raise NotIn(404, NO_PROVIDER)
    return call.site.settings.oidc


def _failed(settings: Oidc | Ldap, error: ChirrupError) -> NotIn:
    log.warning("a login with a directory failed", directory=settings.label, why=error.message)
    if isinstance(error, NotProven):
        return NotIn(401, f"{settings.label} could not log you in: {error.message}.")
    return NotIn(503, (AWAY if isinstance(error, Unreachable) else SET_WRONG).format(name=settings.label))
