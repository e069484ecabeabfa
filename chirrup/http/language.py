"""The language of the answer to a request: its parameter `lang`, else its Accept-Language, else its site's."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from ..access.sites import Site
from ..wording import Language
from ..wording.wanted import wanted
from .at_site import SITE

QUERY_BYTES = 2000  # of a query that could not be read, or not yet


def language_of(params: Mapping[str, Any], headers: Mapping[str, str], site: object) -> Language:
    """params: of the query and the body. site: a Site, or what stands in its place where it is not known."""
    spoken = site.languages if isinstance(site, Site) else ()
    return wanted(params.get("lang"), headers.get("accept-language", ""), spoken)


def language_in(scope: Any, headers: Mapping[str, str]) -> Language:
    """The same for a request whose parameters were not read."""
    query = scope["query_string"][:QUERY_BYTES].decode("latin-1")
    params = {name: values[-1] for name, values in parse_qs(query).items()} if "lang=" in query else {}
    return language_of(params, headers, scope.get(SITE))
