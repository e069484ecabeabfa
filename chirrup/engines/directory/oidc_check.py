"""What is well and what is wrong with a provider of OpenID Connect, and what helps."""

from ...errors import Refused, Unreachable
from ...ports.directory import Attempt, Finding
from .oidc_remote import About, OAuthAnswer, Remote, address_of, decoded
from .oidc_tokens import ALGORITHMS

MADE_UP = "chirrup-identity-check-" * 2  # a code that no provider gave out
NAME_IT = "if it is a host of your own, name it in identity_hosts, with its port where that is not 443"
WHAT_HELPS = {  # part of what went wrong -> what helps
    "there is no host": "look at the name in the issuer, and at the DNS of this machine",
    "not public": NAME_IT,
    "names port": NAME_IT,
    "is this machine": NAME_IT,
    "is not https": "use https; only hosts in identity_hosts may do without",
    "ertificate": "renew its certificate; an authority of your own must be trusted by the system of this machine",
    "CERTIFICATE": "renew its certificate; an authority of your own must be trusted by the system of this machine",
    "SSL": "see that it speaks TLS at this port",
    "calls itself": "write that as the issuer, letter by letter",
    "answers 404": "the issuer is the address before /.well-known/openid-configuration",
    "as OpenID Connect has it": "the issuer is the address before /.well-known/openid-configuration",
}


async def check(remote: Remote, redirect_uri: str) -> list[Finding]:
    try:
        about = await remote.discover()
    except (Unreachable, Refused) as error:
        return [_wrong(f"{remote.settings.issuer}: {error.message}")]
    found = [Finding(f"{about.issuer} answers, and says where its parts are"), *_shape(remote, about)]
    for look in (_keys, _secret, _address):
        try:
            found.append(await look(remote, about, redirect_uri))
        except (Unreachable, Refused) as error:
            found.append(_wrong(error.message))
    return found


def _wrong(what: str) -> Finding:
    helps = next((to_do for part, to_do in WHAT_HELPS.items() if part in what), "")
    return Finding(what, helps or "see that it runs, and that this machine may connect to it")


def _shape(remote: Remote, about: About) -> list[Finding]:
    found: list[Finding] = []
    if about.code_challenge_methods_supported is not None and "S256" not in about.code_challenge_methods_supported:
        found.append(Finding("it does not know PKCE with S256", "turn PKCE on for this client"))
    if not set(ALGORITHMS) & set(about.id_token_signing_alg_values_supported):
        signs = ", ".join(about.id_token_signing_alg_values_supported)
        found.append(Finding(f"it signs with {signs}, which is not taken", "let it sign with RS256 or ES256"))
    unknown = sorted(set(remote.settings.scopes) - set(about.scopes_supported)) if about.scopes_supported else []
    if unknown:
        found.append(Finding(f"it does not know the scopes {', '.join(unknown)}", "take them out of `scopes`"))
    return found


async def _keys(remote: Remote, about: About, redirect_uri: str) -> Finding:
    keys = await remote.read_keys(about)
    if not keys:
        return Finding("it shows no key for signatures", "give it one, RSA or elliptic")
    return Finding(f"it shows its keys for signatures: {len(keys)}")


async def _secret(remote: Remote, about: About, redirect_uri: str) -> Finding:
    """A made-up code with the right secret is an invalid grant; with a wrong one, the client is refused."""
    answer = await remote.redeem(about, Attempt(redirect_uri, MADE_UP, MADE_UP, MADE_UP), MADE_UP)
    told = decoded(answer, OAuthAnswer)
    if told.error in ("invalid_grant", "invalid_request"):
        return Finding("it knows this client and its secret")
    if told.error in ("invalid_client", "unauthorized_client"):
        to_do = "copy client_id and client_secret from the provider again, and see that the client may use codes"
        return Finding(f"it refuses this client: {told.error} {told.error_description}".strip(), to_do)
    return Finding(f"it answers {answer.status} {told.error} to a code that it never gave out", "look into its log")


async def _address(remote: Remote, about: About, redirect_uri: str) -> Finding:
    """It is asked for somebody who is logged in already: it says no at the redirect URI, if it knows that."""
    attempt = Attempt(redirect_uri, MADE_UP, MADE_UP, MADE_UP)
    answer = await remote.fetch(address_of(remote.settings, about, attempt, prompt="none"))
    if answer.status in (301, 302, 303, 307) and answer.headers.get("location", "").startswith(redirect_uri):
        return Finding(f"it sends people back to {redirect_uri}")
    if answer.status >= 400:
        to_do = f"add {redirect_uri} to the redirect URIs of this client, letter by letter"
        return Finding(f"it does not take the redirect URI of this site: it answers {answer.status}", to_do)
    return Finding("whether it knows the redirect URI cannot be seen from here: try to log in")
