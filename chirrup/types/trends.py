"""What an organisation talks about more than usual."""

import msgspec


class LinkTrend(msgspec.Struct, frozen=True, array_like=True):
    """A page that is linked by many. days: (day since 1970, public posts, accounts), newest first."""

    link: str
    days: list[tuple[int, int, int]]


class Trends(msgspec.Struct, frozen=True):
    """What came out when it was last counted, the strongest first."""

    tags: list[str] = []  # normal forms in the organisation
    posts: list[int] = []
    links: list[LinkTrend] = []
