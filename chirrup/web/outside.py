"""What browsers and crawlers ask for by themselves, at addresses that others have chosen."""

from ..http.answer import Answer, encoded
from ..http.request import Request
from . import pages

# Crawlers may read what a stranger may; which profiles and posts may be found says each page for itself (noindex).
# What is here is for one person alone, or without end.
ROBOTS = b"""User-agent: *
Disallow: /api/
Disallow: /oauth/
Disallow: /login
Disallow: /sign-up
Disallow: /search
Disallow: /home
Disallow: /notifications
Disallow: /bookmarks
Disallow: /follow-requests
Disallow: /compose
Disallow: /settings
"""
A_DAY = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}


def robots(request: Request) -> Answer:
    """RFC 9309."""
    return Answer(200, encoded(A_DAY | {"Content-Type": "text/plain; charset=utf-8"}), ROBOTS)


def favicon(request: Request) -> Answer:
    """Asked for where no page says which icon it has: for a picture, a text, an error."""
    file = pages.static_files()["favicon.ico"]
    return Answer(200, encoded(A_DAY | {"Content-Type": file.content_type}), file.data)
