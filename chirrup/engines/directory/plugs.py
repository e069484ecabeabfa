"""Which plug opens which settings. What one of them needs is loaded when an organisation first has it."""

from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from ...errors import Refused
from ...ports import OutgoingHttp, Resolver
from ...ports.directory import Directory, Provider
from ...types.directory import Ldap, Oidc

PROVIDERS_MAX = 1000  # what is remembered of each is some kilobytes
SEALED = "sealed:"


class Plugs:
    """trusted: hosts, or host:port, that the operator named: they may be private and have any port.

    outgoing: a client that reaches these too. unseal: opens what is stored of a secret.
    """

    def __init__(
        self, outgoing: OutgoingHttp, resolver: Resolver, trusted: Collection[str], unseal: Callable[[str], str]
    ) -> None:
        self._outgoing, self._resolver, self._unseal = outgoing, resolver, unseal
        self._trusted = frozenset(one.lower() for one in trusted)
        self._providers: dict[bytes, Provider] = {}

    def provider(self, of: Oidc) -> Provider:
        """The same one for the same settings: it remembers what the provider says of itself, and its keys."""
        key = msgspec.json.encode(of)
        if key not in self._providers:
            from .oidc import OidcProvider

            if len(self._providers) >= PROVIDERS_MAX:
                self._providers.clear()
            self._providers[key] = OidcProvider(of, self._secret(of.client_secret), self._outgoing, self._trusted)
        return self._providers[key]

    def directory(self, of: Ldap) -> Directory:
        from .ldap import LdapDirectory

        return LdapDirectory(of, self._secret(of.bind_password), _pem(of.ca), self._resolver, self._trusted)

    def _secret(self, kept: str) -> str:
        """Raises Refused."""
        if not kept.startswith(SEALED):
            return kept
        try:
            return self._unseal(kept.removeprefix(SEALED))
        except Refused as error:
            raise Refused("its secret was sealed by another server: type it in again") from error


def _pem(ca: str) -> str:
    return ca if not ca or "-----BEGIN" in ca else Path(ca).read_text()
