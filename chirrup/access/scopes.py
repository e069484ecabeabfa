"""OAuth scopes: what the holder of a token may do (docs.joinmastodon.org/api/oauth-scopes).

`read` covers every `read:…`. A route names the narrowest scope that it needs.
"""

from functools import lru_cache

from ..errors import Invalid, OAuthError
from ..types import App

DEFAULT = "read"

_READ = "accounts blocks bookmarks collections favourites filters follows lists mutes notifications search statuses"
_WRITE = (
    "accounts blocks bookmarks collections conversations favourites filters follows lists media mutes notifications "
    "reports statuses"
)
_ADMIN = "accounts reports domain_allows domain_blocks ip_blocks email_domain_blocks canonical_email_blocks"

# Scope -> the narrower scopes that it covers.
COVERS: dict[str, frozenset[str]] = {
    "profile": frozenset(),
    "push": frozenset(),
    "read": frozenset(f"read:{noun}" for noun in _READ.split()) | {"profile"},
    "write": frozenset(f"write:{noun}" for noun in _WRITE.split()),
    "follow": frozenset(f"{verb}:{noun}" for verb in ("read", "write") for noun in ("blocks", "follows", "mutes")),
    "admin:read": frozenset(f"admin:read:{noun}" for noun in _ADMIN.split()),
    "admin:write": frozenset(f"admin:write:{noun}" for noun in _ADMIN.split()),
}
COVERS |= {narrow: frozenset[str]() for wide in list(COVERS.values()) for narrow in wide if narrow not in COVERS}
COVERS["read:accounts"] = frozenset({"profile"})  # either one is enough for accounts/verify_credentials
ALL = frozenset(COVERS)


def parse(text: str) -> frozenset[str]:
    """The scopes in a space-separated list. Raises Invalid: an unknown scope."""
    names = frozenset(text.split())
    if unknown := names - ALL:
        raise Invalid(
            "scopes",
            "unknown",
            "must be among those of /.well-known/oauth-authorization-server; got {got!r}",
            got=min(unknown),
        )
    return names


@lru_cache(maxsize=1024)
def expand(text: str) -> frozenset[str]:
    """The scopes of a stored list and all that they cover, for covers()."""
    names = text.split()
    return frozenset(names).union(*(COVERS[name] for name in names if name in COVERS))


def covers(granted: frozenset[str], needed: str) -> bool:
    """Whether granted has the needed scope. granted: from expand(), as in Viewer.scopes."""
    return needed in granted


def tidy(text: str) -> str:
    """The same list in the same order, each scope once. `read` when it is empty."""
    return " ".join(dict.fromkeys(text.split())) or DEFAULT


def grantable(app: App, asked: str) -> str:
    """The list to grant when app asks for `asked` ("": read).

    Raises OAuthError invalid_scope: unknown, or not registered by the app.
    """
    wanted = tidy(asked)
    if not frozenset(wanted.split()) <= expand(app.scopes) & ALL:
        raise OAuthError("invalid_scope")
    return wanted
