"""A provider of OpenID Connect on loopback that says what a test wants, signed or forged as a test wants."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from servers import free_port

CLIENT, SECRET = "chirrup", "a secret: with signs/"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


class Provider:
    """claims: of whoever logs in next. more: what is told of them beside the token. asked: paths, in order."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.claims: dict[str, Any] = {"sub": "1"}
        self.more: dict[str, Any] = {}
        self.forge: Callable[[Provider, dict[str, Any]], str] = lambda provider, claims: provider.sign(claims)
        self.asked: list[str] = []
        self.key = key("first")
        self.known_redirects: set[str] = set()
        self.secret = SECRET
        self._codes: dict[str, dict[str, str]] = {}
        self._server: ThreadingHTTPServer | None = None

    @property
    def settings(self) -> dict[str, Any]:
        return {"issuer": self.issuer, "client_id": CLIENT, "client_secret": SECRET, "name": "Acme"}

    def start(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._answer(self, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider._answer(self, {name: values[0] for name, values in parse_qs(body).items()})

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Nothing listens on its port until start()."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def sign(self, claims: dict[str, Any], *, by: Any = None, **head: Any) -> str:
        by = by or self.key
        return jwt.encode({"alg": "ES256", "kid": by.kid, **head}, claims, by)

    def logout_token(self, sub: str, **more: Any) -> str:
        now = int(time.time())
        own = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": secrets.token_hex(8), "sub": sub}
        return self.sign(own | {"events": {LOGOUT: {}}} | more, typ="logout+jwt")

    def _answer(self, request: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        parts = urlsplit(request.path)
        self.asked.append(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found: Any = {
            "/.well-known/openid-configuration": self._about,
            "/jwks": lambda: {"keys": [self.key.as_dict(private=False)]},
            "/me": lambda: self.claims | self.more,
        }.get(parts.path)
        status, headers, body = 200, {"Content-Type": "application/json"}, b""
        if found:
            body = json.dumps(found()).encode()
        elif parts.path == "/authorize":
            status, headers["Location"] = self._authorize(query)
        elif parts.path == "/token":
            status, told = self._token(form, request.headers.get("Authorization", ""))
            body = json.dumps(told).encode()
        else:
            status = 404
        request.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def _about(self) -> dict[str, Any]:
        parts = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "jwks",
            "userinfo_endpoint": "me",
        }
        own = {"issuer": self.issuer, "code_challenge_methods_supported": ["S256"]}
        own["id_token_signing_alg_values_supported"] = ["ES256"]
        return own | {name: f"{self.issuer}/{path}" for name, path in parts.items()}

    def _authorize(self, asked: dict[str, str]) -> tuple[int, str]:
        if self.known_redirects and asked["redirect_uri"] not in self.known_redirects:
            return 400, ""
        if asked.get("prompt") == "none":
            return 303, f"{asked['redirect_uri']}?{urlencode({'error': 'login_required', 'state': asked['state']})}"
        assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        return 303, f"{asked['redirect_uri']}?{urlencode(back)}"

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        wanted = base64.b64encode(f"{CLIENT}:{quote(self.secret, safe='')}".encode())
        if authorization != f"Basic {wanted.decode()}":
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form["code"], None)
        if asked is None:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(time.time())
        own = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        return 200, {"id_token": self.forge(self, own | self.claims), "access_token": "x", "token_type": "Bearer"}


@contextmanager
def provider() -> Iterator[Provider]:
    one = Provider()
    one.start()
    try:
        yield one
    finally:
        one.stop()


def unsigned(claims: dict[str, Any]) -> str:
    part = lambda told: base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")  # noqa: E731
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


def by_secret(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(SECRET * 2))


def by_another(kid: str) -> Callable[[Provider, dict[str, Any]], str]:
    return lambda provider, claims: provider.sign(claims, by=key(kid))


def rsa() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa"})
