"""A device with passkeys, in software: answers what navigator.credentials would be asked."""

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40  # flags: WebAuthn, 6.1


class Authenticator:
    """One passkey. Every argument can be made wrong."""

    def __init__(self, origin: str, *, counts: bool = False) -> None:
        self.origin, self.counts = origin, counts
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.count = 0
        self.handle = ""

    def make(self, options: str, *, origin: str = "", domain: str = "", flags: int = PRESENT | VERIFIED) -> str:
        asked = json.loads(options)
        self.handle = asked["user"]["id"]
        point = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})  # COSE: EC2, ES256, P-256
        credential = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + key
        data = self._data(domain or asked["rp"]["id"], flags | HAS_KEY) + credential
        response = {
            "clientDataJSON": text(self._client("webauthn.create", asked["challenge"], origin)),
            "attestationObject": text(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return self._credential(response)

    def answer(
        self, options: str, *, origin: str = "", domain: str = "", flags: int = PRESENT | VERIFIED, handle: str = ""
    ) -> str:
        asked = json.loads(options)
        self.count += self.counts
        data = self._data(domain or asked["rpId"], flags)
        client = self._client("webauthn.get", asked["challenge"], origin)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": text(client),
            "authenticatorData": text(data),
            "signature": text(signed),
            "userHandle": handle or self.handle,
        }
        return self._credential(response)

    def _data(self, domain: str, flags: int) -> bytes:
        return hashlib.sha256(domain.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _credential(self, response: dict[str, Any]) -> str:
        id = text(self.id)
        return json.dumps({"id": id, "rawId": id, "type": "public-key", "response": response})


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
