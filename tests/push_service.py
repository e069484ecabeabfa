"""A push service on loopback, and an app that has a subscription there and reads what comes, with its private key.

What comes is decrypted by the receiver's side of RFC 8291 and of its draft, and each signature is checked.
"""

import asyncio
import base64
import json
import os
import re
from contextlib import suppress
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from engines import reaching

from chirrup.engines.outgoing.client import GuardedHttp

HOST = "push.example"


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


class App:
    """key, secret: as it names them when it subscribes."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None, secret: bytes = b"") -> None:
        self._private = private or ec.generate_private_key(ec.SECP256R1())
        self._secret = secret or os.urandom(16)
        self._public = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.key, self.secret = b64(self._public), b64(self._secret)

    def subscription(self, path: str = "/one", **more: Any) -> dict[str, Any]:
        return {"endpoint": f"http://{HOST}{path}", "keys": {"p256dh": self.key, "auth": self.secret}, **more}

    def read(self, headers: dict[str, str], body: bytes) -> bytes:
        """What was encrypted for it, by either standard."""
        if headers["content-encoding"] == "aes128gcm":
            return self._read_standard(body)
        assert headers["content-encoding"] == "aesgcm"
        salt = unb64(re.fullmatch(r"salt=([\w-]+)", headers["encryption"])[1])  # type: ignore[index]
        sender = unb64(re.search(r"dh=([\w-]+)", headers["crypto-key"])[1])  # type: ignore[index]
        material = _derive(self._agree(sender), self._secret, b"Content-Encoding: auth\0", 32)
        context = b"P-256\0" + b"\0\x41" + self._public + b"\0\x41" + sender
        key = _derive(material, salt, b"Content-Encoding: aesgcm\0" + context, 16)
        nonce = _derive(material, salt, b"Content-Encoding: nonce\0" + context, 12)
        plain = AESGCM(key).decrypt(nonce, body, None)
        return plain[2 + int.from_bytes(plain[:2]) :]

    def _read_standard(self, body: bytes) -> bytes:
        salt, record, length = body[:16], int.from_bytes(body[16:20]), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= record
        material = _derive(self._agree(sender), self._secret, b"WebPush: info\0" + self._public + sender, 32)
        key = _derive(material, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _derive(material, salt, b"Content-Encoding: nonce\0", 12)
        plain = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert plain.endswith(b"\2")
        return plain[:-1]

    def _agree(self, sender: bytes) -> bytes:
        return self._private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))


def claims(headers: dict[str, str], server_key: str) -> dict[str, Any]:
    """Of the server's signature, which must be right by the key that it tells apps (RFC 8292, and its first draft)."""
    if headers["authorization"].startswith("vapid "):
        token, key = re.fullmatch(r"vapid t=([\w.-]+), k=([\w-]+)", headers["authorization"]).groups()  # type: ignore[union-attr]
    else:
        token = headers["authorization"].removeprefix("WebPush ")
        key = re.search(r"p256ecdsa=([\w-]+)", headers["crypto-key"])[1]  # type: ignore[index]
    assert key == server_key.rstrip("=")
    text, _, signature = token.rpartition(".")
    r, s = unb64(signature)[:32], unb64(signature)[32:]
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(key))
    public.verify(encode_dss_signature(int.from_bytes(r), int.from_bytes(s)), text.encode(), ec.ECDSA(hashes.SHA256()))
    head, body = (json.loads(unb64(part)) for part in text.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    return body


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class PushService:
    """answers: the status of each request; once they are used up, 201. Away: it refuses connections."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list[int] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nothing listens on its port until start()."""
        if self._server:
            self._server.close()
            self._server = None

    def outgoing(self) -> GuardedHttp:
        return outgoing(self.port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            assert head[0].startswith("POST ")
            self.requests.append(Request(head[0].split()[1], headers, body))
            status = self.answers.pop(0) if self.answers else 201
            writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()


def outgoing(port: int) -> GuardedHttp:
    """A client that finds it by its name, and reaches nothing else that is not public."""
    return reaching(port, lambda host: host == HOST)
