"""The pages of OAuth: consent, and the code for apps that cannot be redirected to. The rest is mastodon/oauth.py."""

from urllib.parse import quote, urlencode, urlsplit

from ....access import codes, redirects
from ....access.codes import Asked
from ....errors import Forbidden
from ....ports import Tx
from ...call import Call, Go, Page
from ...forms import Fields

PARAMETERS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)

# scope -> what the app may do with it, for the user who decides. Narrower scopes are shown by their names.
POWERS = {
    "profile": "see who you are",
    "read": "read everything you can read: posts, messages, alerts, lists, settings",
    "write": "post, change and delete in your name, and change your profile",
    "follow": "follow, mute and block in your name",
    "push": "send you push notifications",
    "admin:read": "read everything that administrators can read",
    "admin:write": "do everything that administrators can do",
}


async def consent_form(call: Call) -> Page | Go:
    """Checked before the login, so that nobody types a password for an invalid request.

    Raises OAuthError: shown here, never redirected to the app's address (RFC 9700, 4.11.2).
    """
    asked = await call.read(_ask, call.query, call.site.org_id)
    if not call.viewer_id or call.query.text("force_login") in ("true", "1"):
        parameters = {name: call.query.text(name) for name in PARAMETERS if call.query.text(name)}
        back = f"{call.path}?{urlencode(parameters)}"
        return Go(f"/login?{'again=1&' if call.viewer_id else ''}return_to={quote(back, safe='')}")
    native = asked.redirect_uri == redirects.OUT_OF_BAND
    address = urlsplit(asked.redirect_uri)
    values = {
        "app": asked.app,
        "powers": [POWERS.get(scope, _in_words(scope)) for scope in asked.scopes.split()],
        "where": "" if native else address.netloc if address.scheme in ("http", "https") else f"{address.scheme}:",
        "asked": {name: call.query.text(name) for name in PARAMETERS if call.query.text(name)},
    }
    return Page("entry/consent.html", values, form_targets=_form_targets(asked.redirect_uri))


def _ask(tx: Tx, sent: Fields, org_id: int) -> Asked:
    return codes.ask(tx, **{name: sent.text(name) for name in PARAMETERS}, org_id=org_id)


def _in_words(scope: str) -> str:
    """write:media becomes "write: media"."""
    return scope.replace("_", " ").replace(":", ": ")


def _form_targets(redirect_uri: str) -> str:
    """CSP form-action for the consent. Chromium checks every redirect after a form, and the app may redirect again."""
    scheme = urlsplit(redirect_uri).scheme
    if redirect_uri == redirects.OUT_OF_BAND:
        return "'self'"
    return "'self' http: https:" if scheme == "http" else f"'self' {scheme}:"


async def consent(call: Call) -> Go:
    """Raises OAuthError as consent_form(); Forbidden: neither yes nor no."""
    asked = await call.read(_ask, call.form, call.site.org_id)
    decision = call.form.text("decision")
    if decision == "deny":
        return _back(asked, error="access_denied", state=asked.state)
    if decision != "allow":
        raise Forbidden("The form says neither yes nor no: press one of its buttons.")
    code = await call.write(codes.issue, call.account_id, asked)
    return _back(asked, code=code, state=asked.state)


def _back(asked: Asked, **answer: str) -> Go:
    native = asked.redirect_uri == redirects.OUT_OF_BAND
    return Go(redirects.answer("/oauth/authorize/native" if native else asked.redirect_uri, **answer))


async def show_code(call: Call) -> Page:
    """Raises NotFound: not a code of this account (it may be a text that another person made up), or used already."""
    code = call.query.text("code")
    if code or not call.query.text("error"):
        await call.read(codes.check_shown, call.viewer_id, code)
    return Page("entry/code.html", {"code": code})
