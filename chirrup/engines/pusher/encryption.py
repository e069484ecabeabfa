"""Encryption of messages for push services, and the server's own keys. Loaded when it is first used.

aes128gcm is RFC 8291 with RFC 8188; aesgcm is their draft of 2016 (webpush-encryption-04, encryption-encoding-03),
which apps before 2025 know.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ...errors import Refused

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256: FIPS 186-4, D.1.2.3
SALT_BYTES, NONCE_BYTES, RECORD_BYTES = 16, 12, 4096
_HEADER = b'{"typ":"JWT","alg":"ES256"}'


def derived(secret: bytes, salt: bytes | None, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def unpadded(text: str) -> str:
    return text.rstrip("=")


def _b64(data: bytes) -> str:
    return unpadded(urlsafe_b64encode(data).decode())


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    """65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class Keys:
    """What is made of the server's secret: the key pair by which push services know it, and one to seal texts with."""

    def __init__(self, secret: str) -> None:
        # 128 bits more than the order has, so that every number is as likely: FIPS 186-5, A.2.1
        number = int.from_bytes(derived(secret.encode(), None, b"chirrup vapid", 48))
        self._private = ec.derive_private_key(number % (ORDER - 1) + 1, CURVE)
        self._sealing = AESGCM(derived(secret.encode(), None, b"chirrup sealed texts", 32))
        self.public_key = urlsafe_b64encode(_point(self._private.public_key())).decode()

    def sign(self, claims: str) -> str:
        """A JWT (RFC 7519) with ES256."""
        text = f"{_b64(_HEADER)}.{_b64(claims.encode())}"
        r, s = decode_dss_signature(self._private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_b64(r.to_bytes(32) + s.to_bytes(32))}"

    def seal(self, text: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._sealing.encrypt(nonce, text.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """Raises Refused."""
        data = urlsafe_b64decode(sealed)
        try:
            return self._sealing.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None).decode()
        except InvalidTag as error:
            raise Refused("it was sealed with another secret: the app has to subscribe again") from error


def _agreed(key: bytes) -> tuple[bytes, bytes]:
    """(what only the owner of key can find out, too; the public key that it needs for that)."""
    own = ec.generate_private_key(CURVE)
    return own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, key)), _point(own.public_key())


def aes128gcm(key: bytes, secret: bytes, message: bytes) -> tuple[dict[str, str], bytes]:
    """(headers, body). key, secret: the subscription's p256dh and auth."""
    shared, own = _agreed(key)
    salt = os.urandom(SALT_BYTES)
    material = derived(shared, secret, b"WebPush: info\0" + key + own, 32)
    content_key = derived(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = derived(material, salt, b"Content-Encoding: nonce\0", NONCE_BYTES)
    head = salt + RECORD_BYTES.to_bytes(4) + bytes([len(own)]) + own
    return {"Content-Encoding": "aes128gcm"}, head + AESGCM(content_key).encrypt(nonce, message + b"\2", None)


def aesgcm(key: bytes, secret: bytes, message: bytes) -> tuple[dict[str, str], bytes]:
    """The same in the draft's way: salt and key are in headers."""
    shared, own = _agreed(key)
    salt = os.urandom(SALT_BYTES)
    material = derived(shared, secret, b"Content-Encoding: auth\0", 32)
    context = b"P-256\0" + b"".join(len(one).to_bytes(2) + one for one in (key, own))
    content_key = derived(material, salt, b"Content-Encoding: aesgcm\0" + context, 16)
    nonce = derived(material, salt, b"Content-Encoding: nonce\0" + context, NONCE_BYTES)
    headers = {
        "Content-Encoding": "aesgcm",
        "Encryption": f"salt={_b64(salt)}",
        "Crypto-Key": f"dh={_b64(own)}",
    }
    return headers, AESGCM(content_key).encrypt(nonce, b"\0\0" + message, None)
