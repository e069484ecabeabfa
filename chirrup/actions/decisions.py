"""Signed decisions: each says what was decided on, how, by whom and when, and carries the hash of the one before.

What is signed is the JSON of Signed, as said() writes it. Ed25519 (RFC 8032): the organisation's key comes from the
server's secret, and its public half is told to everybody who may see the approval.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ..access.signing import Signer
from ..errors import Invalid
from ..types import Decision, Post
from ..wording import N_

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

APPROVE, REJECT = CHOICES = ("approve", "reject")


class Signed(msgspec.Struct, frozen=True):
    """post: its id. digest: SHA-256 of what it said, hex. at: ms since 1970. before: SHA-256 of said() of the one
    before with its signature, hex; "" for the first."""

    post: str
    digest: str
    number: int
    by: str
    name: str
    choice: str
    at: int
    before: str


def digest_of(post: Post) -> str:
    """Of its words, content warning and files."""
    told = [str(post.id), post.text, post.summary, post.media]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def said(one: Decision, digest: str) -> bytes:
    """What the signature is of."""
    by, post = str(one.account_id), str(one.post_id)
    return msgspec.json.encode(Signed(post, digest, one.number, by, one.name, one.choice, one.at_ms, one.before))


def hash_of(decision: Decision, digest: str) -> str:
    """What the next one has in `before`."""
    return hashlib.sha256(said(decision, digest) + decision.signature.encode()).hexdigest()


def sign(signer: Signer, org_id: int, decision: Decision, digest: str) -> Decision:
    """The decision with its signature."""
    signature = _key(signer, org_id).sign(said(decision, digest))
    return msgspec.structs.replace(decision, signature=base64.b64encode(signature).decode())


def public_key(signer: Signer, org_id: int) -> str:
    """base64 of its 32 bytes."""
    return base64.b64encode(_key(signer, org_id).public_key().public_bytes_raw()).decode()


def _key(signer: Signer, org_id: int) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # few decide anything

    seed = hashlib.sha256(b"decisions:" + signer.key(f"decisions of {org_id}")).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def verify(public: str, digest: str, decisions: Sequence[Decision]) -> None:
    """decisions: all of one approval, in their order. Raises Invalid: what is wrong with which, in words."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
    except ValueError as error:
        raise Invalid("key", "unreadable", "must be the base64 of 32 bytes") from error
    before = ""
    for number, one in enumerate(decisions, 1):
        if one.number != number:
            raise Invalid("decisions", "missing", "Decision {number} is missing.", number=number)
        if one.before != before:
            raise Invalid(
                "decisions",
                "broken",
                "Decision {number} does not go on from the one before it: one was changed, removed or put in.",
                number=number,
            )
        try:
            key.verify(base64.b64decode(one.signature, validate=True), said(one, digest))
        except (InvalidSignature, ValueError) as error:
            why = N_("Decision {number} was changed, or is signed with another key.")
            raise Invalid("decisions", "changed", why, number=number) from error
        before = hash_of(one, digest)
