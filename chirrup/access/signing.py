"""Signatures for addresses that work for a limited time. All processes of a server share the secret."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from .. import durable
from ..config import Settings
from ..errors import SettingsError

SECRET_CHARS_MIN = 32


class Signer:
    """Signatures of 128 bits, as 32 hex digits."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:32]

    def key(self, text: str) -> bytes:
        """A key of 160 bits for what text names. No signature tells anything about it."""
        return hmac.new(self._secret, b"key:" + text.encode(), hashlib.sha512).digest()[:20]

    def fits(self, text: str, signature: str) -> bool:
        """Whether signature is sign(text). Takes the same time for both answers."""
        return hmac.compare_digest(self.sign(text).encode(), signature.encode("utf-8", "replace"))


def signer(settings: Settings) -> Signer:
    """A signer with the server's secret. Raises SettingsError."""
    return Signer(hashlib.sha256(b"addresses:" + secret(settings).encode()).digest())


def secret(settings: Settings) -> str:
    """settings.secret, or else what the file `secret` in the data folder holds.

    The file is made when absent; only its owner can read it.
    Raises SettingsError: the secret is too short, or the file cannot be read or made.
    """
    file = settings.data / "secret"
    source = "secret" if settings.secret else str(file)
    found = settings.secret or _read(file)
    if len(found) < SECRET_CHARS_MIN:
        raise SettingsError(
            f"{source} has {len(found)} characters, needs {SECRET_CHARS_MIN}: take what `openssl rand -hex 32` prints"
        )
    return found


def _read(file: Path) -> str:
    """The content of the file. Of several processes that make it at the same time one wins; all read the same."""
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_name(f"{file.name}-{secrets.token_hex(8)}")
            durable.write(unfinished, secrets.token_hex(32).encode())
            with suppress(FileExistsError):
                os.link(unfinished, file)
            unfinished.unlink()
        return file.read_text().strip()
    except OSError as error:
        raise SettingsError(f"cannot read or make {file}: {error.strerror}; check the folder and its owner") from error
