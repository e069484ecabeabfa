"""Hands messages to push services over the one outgoing client: RFC 8030, with VAPID (RFC 8292).

Both keys are made of the secret that all processes of a server share, so none has to be kept or carried along:
docs/decisions/0042-web-push.md.
"""

import json
import time
from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from ...errors import Refused, Unreachable
from ...ports import OutgoingHttp, PushTo

GONE = (404, 410)  # RFC 8030, 7.3: the subscription has ended
LATER = (408, 425, 429)  # and all of 5xx: the service takes nothing now
ANSWER_BYTES_MAX = 10_000
VALID_S = 12 * 3600  # of a signature; RFC 8292, 2: at most a day


class WebPush:
    """secret: read when it is first needed. contact: whom push services may write to, a `mailto:` or `https:` URL."""

    def __init__(self, outgoing: OutgoingHttp, secret: Callable[[], str], contact: str) -> None:
        self._outgoing, self._secret, self._contact = outgoing, secret, contact

    @cached_property
    def _keys(self) -> Any:
        return _encryption().Keys(self._secret())

    @property
    def public_key(self) -> str:
        return self._keys.public_key

    def seal(self, text: str) -> str:
        return self._keys.seal(text)

    def open(self, sealed: str) -> str:
        return self._keys.open(sealed)

    async def push(self, to: PushTo, message: bytes, *, ttl_s: int) -> bool:
        encryption = _encryption()
        parts = urlsplit(to.endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + VALID_S, "sub": self._contact}
        token = self._keys.sign(json.dumps(claims, separators=(",", ":")))
        encrypt = encryption.aes128gcm if to.standard else encryption.aesgcm
        headers, body = encrypt(to.key, to.secret, message)
        if to.standard:
            headers["Authorization"] = f"vapid t={token}, k={encryption.unpadded(self._keys.public_key)}"
        else:
            headers["Authorization"] = f"WebPush {token}"
            headers["Crypto-Key"] += f";p256ecdsa={encryption.unpadded(self._keys.public_key)}"
        headers |= {"Content-Type": "application/octet-stream", "TTL": str(ttl_s), "Urgency": "normal"}
        answer = await self._outgoing.fetch(
            to.endpoint, method="POST", headers=headers, body=body, redirects=0, bytes_max=ANSWER_BYTES_MAX
        )
        if answer.status in GONE:
            return False
        said = f"the push service answered {answer.status}: {answer.body[:200].decode('utf-8', 'replace')}"
        if answer.status in LATER or answer.status >= 500:
            raise Unreachable(said)
        if not 200 <= answer.status < 300:
            raise Refused(said)
        return True


def _encryption() -> ModuleType:
    """Loaded when it is first used: 30 ms and some MB."""
    from . import encryption

    return encryption
