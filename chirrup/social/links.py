"""Which page a post links: pure functions."""

import hashlib
from collections.abc import Iterable
from urllib.parse import urlsplit

from ..ids import text_key
from ..types import Post
from . import urls
from .entities import Entity, extract

_PORTS = {"http": 80, "https": 443}


def first(found: Iterable[Entity], domain: str, org_id: int) -> str:
    """The key of the first link that leads away from the site at domain; "": there is none.

    What is at the site itself is a profile, a hashtag or a post, and no page to be fetched.
    """
    for one in found:
        if (url := normal(one.value)) and not is_at(url, domain):
            return key_of(org_id, url)
    return ""


def url_of(post: Post) -> str:
    """The address behind post.link, in its normal form; "": it is not in the text any more."""
    for one in extract(post.text).urls:
        if (url := normal(one.value)) and key_of(post.org_id, url) == post.link:
            return url
    return ""


def key_of(org_id: int, url: str) -> str:
    """What equal addresses of one organisation share. url: in its normal form. Stored: a change needs a migration."""
    return text_key(org_id, hashlib.sha256(url.encode()).hexdigest()[:32])


def normal(link: str) -> str:
    """The address as a browser asks for it: without the part after "#", the host as DNS has it. "": it is none."""
    try:
        parts = urlsplit(link)
        port, host = parts.port, urls.host_key(parts.hostname or "")
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host or "@" in parts.netloc:
        return ""
    place = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    return f"{scheme}://{place}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")


def host_of(url: str) -> str:
    """Of an address in its normal form, without the port."""
    return urlsplit(url).hostname or ""


def is_at(url: str, domain: str) -> bool:
    """Whether an address in its normal form is of this site."""
    return urlsplit(url).netloc == urls.host_key(domain)
