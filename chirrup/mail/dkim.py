"""Signs mails so that other servers know whose they are: DKIM, RFC 6376, with RSA of 2048 bits, relaxed/relaxed.

dkimpy signs with 45 ms of pure Python for each mail, in which this process does nothing else; this takes 1 ms. What is
signed by others is verified with a library. Why: docs/decisions/0074-dkim.md.
"""

import base64
import hashlib
import re
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .. import durable
from ..config import Settings
from ..errors import SettingsError
from ..ports import Mail

SELECTOR = "chirrup"
BITS = 2048  # RFC 8301, 3.2
TXT_CHARS_MAX = 255  # of one string in a TXT record
# RFC 8058 wants the List-Unsubscribe headers signed. From is named twice, so that nobody adds a second one.
_SIGNED = (
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "reply-to", "auto-submitted"),
    *("list-id", "list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type"),
)
_SPACES = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")


class Dkim:
    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key

    @property
    def record(self) -> str:
        """What the TXT record of SELECTOR._domainkey.<domain> says."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"

    def signed(self, mail: Mail) -> Mail:
        """The mail with a signature of the domain in its From."""
        head, _, body = mail.data.partition(b"\r\n\r\n")
        headers = [
            (name.lower(), _relaxed(value))
            for name, _, value in (line.partition(b":") for line in _FOLD.sub(b"", head).split(b"\r\n"))
        ]
        there = {name.decode(): value for name, value in headers}
        named = ["from", *(name for name in _SIGNED if name in there)]
        domain = there["from"].rpartition(b"@")[2].rstrip(b"> ").decode()
        body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
        said = (
            f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={SELECTOR}; h={':'.join(named)}; bh={body_hash}; b="
        )
        # The second From is none: it adds nothing to what is signed, and one that is added later breaks it.
        signing = [f"{name}:".encode() + there[name] for name in named[1:]] + [f"dkim-signature:{said}".encode()]
        signature = self._key.sign(b"\r\n".join(signing), padding.PKCS1v15(), hashes.SHA256())
        written = f"DKIM-Signature: {_folded(said)}{_chunks(base64.b64encode(signature).decode())}\r\n".encode()
        return msgspec.structs.replace(mail, data=written + mail.data)


def _relaxed(value: bytes) -> bytes:
    return _SPACES.sub(b" ", value).strip()


def _relaxed_body(body: bytes) -> bytes:
    lines = [_SPACES.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _folded(said: str) -> str:
    return said.replace("; ", ";\r\n ")


def _chunks(signature: str, most: int = 70) -> str:
    return "".join(f"\r\n  {signature[at : at + most]}" for at in range(0, len(signature), most))


def strings(record: str) -> list[str]:
    """The record as DNS has it: in pieces."""
    return [record[at : at + TXT_CHARS_MAX] for at in range(0, len(record), TXT_CHARS_MAX)]


def path(settings: Settings) -> Path:
    return settings.dkim_key or settings.data / "dkim.pem"


def find(settings: Settings) -> Dkim | None:
    """None: no key was made, and mails are not signed. Raises SettingsError: there is one that cannot be used."""
    file = path(settings)
    if not settings.dkim_key and not file.exists():
        return None
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(f"{file} is no key for signing mails, made by `chirrup mail dkim`: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < BITS:
        raise SettingsError(f"{file} must have an RSA key of {BITS} bits or more")
    return Dkim(key)


def make(settings: Settings) -> Dkim:
    """The key that is there, or a new one, which only its owner may read. Raises SettingsError."""
    if found := find(settings):
        return found
    key = rsa.generate_private_key(65537, BITS)
    file = path(settings)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        durable.write(file, pem)
        durable.sync(file.parent)
    except OSError as error:
        raise SettingsError(f"cannot write {file}: {error.strerror}") from error
    return Dkim(key)
