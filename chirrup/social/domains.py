"""Domains as people write them: of other servers and web sites."""

import re

from ..errors import Invalid, too_long
from .urls import host_key

CHARS_MAX = 253  # of a name in DNS (RFC 1035, 2.3.4), as it is written

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::\d{{1,5}})?")  # with a port: servers may be at one


def key_of(domain: str, field: str = "domain") -> str:
    """Its normal form: urls.host_key(). Raises Invalid (field)."""
    domain = domain.strip()
    if not domain:
        raise Invalid(field, "blank", "can't be blank")
    if len(domain) > CHARS_MAX:
        raise too_long(field, CHARS_MAX, len(domain))
    key = host_key(domain).removesuffix(".")
    if not _DOMAIN.fullmatch(key):
        raise Invalid(field, "invalid", 'must be a domain like "town.example", got {got!r}', got=domain[:40])
    return key
