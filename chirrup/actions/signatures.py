"""Whether a payload comes from who knows the hook's secret. Each sender proves it in its own way, in a header.

Standard Webhooks sign the id, the time and the body, so nothing can be sent again later; GitHub and Grafana sign the
body; GitLab, and whoever can send a header, sends the secret itself.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from ..errors import Invalid, Unauthorised
from ..wording import N_

SKEW_S = 300  # the clock of a sender may be wrong by so much
PREFIX = "whsec_"
_WRONG = N_("The signature does not fit: use the secret of this hook, and sign the body as it is sent")


def check(format: str, secret: str, headers: Mapping[str, str], body: bytes, now_ms: int) -> None:
    """secret: of the hook. Raises Unauthorised."""
    if format == "standardwebhooks" or "webhook-signature" in headers:
        _check_standard(secret, headers, body, now_ms)
        return
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    proofs = (
        (headers.get("x-hub-signature-256", ""), f"sha256={digest}"),
        (headers.get("x-grafana-alerting-signature", ""), digest),
        (headers.get("x-gitlab-token", ""), secret),
        (_bearer(headers.get("authorization", "")), secret),
    )
    given = [(_bytes(one), _bytes(wanted)) for one, wanted in proofs if one]
    if not given:
        raise Unauthorised("This hook takes only what is signed with its secret, and this is not signed")
    if not all(hmac.compare_digest(one, wanted) for one, wanted in given):
        raise Unauthorised(_WRONG)


def _check_standard(secret: str, headers: Mapping[str, str], body: bytes, now_ms: int) -> None:
    id, at, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (id and at and signatures):
        why = N_("The headers webhook-id, webhook-timestamp and webhook-signature are needed")
        raise Unauthorised(why)
    if not (at.isascii() and at.isdigit() and len(at) < 14) or abs(int(at) - now_ms // 1000) > SKEW_S:
        why = N_("webhook-timestamp must be the present time in seconds, and is more than {most} seconds off")
        raise Unauthorised(why, most=SKEW_S)
    wanted = _bytes(sign(secret, id, int(at), body))
    fits = [hmac.compare_digest(_bytes(one), wanted) for one in signatures.split(" ")[:20]]
    if not any(fits):
        raise Unauthorised(_WRONG)


def sign(secret: str, id: str, at_s: int, body: bytes) -> str:
    """One signature as webhook-signature has it."""
    told = f"{id}.{at_s}.".encode("utf-8", "surrogateescape") + body
    return "v1," + base64.b64encode(hmac.new(key_of(secret), told, hashlib.sha256).digest()).decode()


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Raises Invalid: it is not base64."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        why = N_("must be base64, with or without {prefix} before it, as Standard Webhooks have it")
        raise Invalid("secret", "malformed", why, prefix=PREFIX) from error


def _bearer(header: str) -> str:
    kind, _, given = header.partition(" ")
    return given.strip() if kind.lower() == "bearer" else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
