"""The socket of directories: who somebody is, asked where a company keeps its people. Plugs: engines/directory/."""

from typing import Protocol

import msgspec

from ..types.directory import Ldap, Oidc, Person


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. to_do: what helps, where it is wrong; "": it is well."""

    what: str
    to_do: str = ""


class Attempt(msgspec.Struct, frozen=True):
    """A login that somebody has begun in a browser."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str  # of PKCE (RFC 7636)
    again: bool = False  # ask them there even if they are logged in there


class Provider(Protocol):
    """A directory that people log in to by themselves, in their browser: OpenID Connect.

    Errors: Unreachable (it is away), Unauthorised (in words for whoever logs in), Refused (in words for operators:
    something is set wrong).
    """

    async def begin(self, attempt: Attempt) -> str:
        """The address where the browser goes."""
        ...

    async def finish(self, attempt: Attempt, code: str, issuer: str) -> Person:
        """Who came back with this code. issuer: that the provider named with it (RFC 9207); "": none."""
        ...

    async def logged_out(self, token: str) -> str:
        """The subject who has logged out there, by a logout token."""
        ...

    async def check(self, redirect_uri: str) -> list[Finding]:
        """What is well and what is wrong, in the order in which it matters."""
        ...


class Directory(Protocol):
    """A directory that is looked into: LDAP. Errors: Unreachable, Refused, both in words for operators."""

    async def log_in(self, name: str, password: str) -> Person | None:
        """None: nobody there has this name and password, or they may not come in."""
        ...

    async def everybody(self) -> list[Person]:
        """All who may come in. Never only a part of them."""
        ...

    async def check(self) -> list[Finding]: ...


class Directories(Protocol):
    """Opens what an organisation has set. Nothing is connected to by that."""

    def provider(self, of: Oidc) -> Provider: ...

    def directory(self, of: Ldap) -> Directory: ...
