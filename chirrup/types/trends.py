"""What an organisation talks about more than usual."""

from enum import StrEnum

import msgspec


class TrendKind(StrEnum):
    TAG = "tag"
    POST = "post"
    LINK = "link"


class LinkTrend(msgspec.Struct, frozen=True, array_like=True):
    """A page that is linked by many. days: (day since 1970, public posts, accounts), newest first."""

    link: str
    days: list[tuple[int, int, int]]


class Trends(msgspec.Struct, frozen=True):
    """What came out when it was last counted, the strongest first."""

    tags: list[str] = []  # normal forms in the organisation
    posts: list[int] = []
    links: list[LinkTrend] = []
    decisions: dict[str, bool] = {}  # of staff about some of these, by subject(): it may be shown

    @property
    def subjects(self) -> list[str]:
        """Of all that is listed."""
        tags = [subject(TrendKind.TAG, tag) for tag in self.tags]
        posts = [subject(TrendKind.POST, id) for id in self.posts]
        return tags + posts + [subject(TrendKind.LINK, one.link) for one in self.links]


def subject(kind: TrendKind, key: str | int) -> str:
    """What a decision is about. key: a normal form of a tag, the id of a post, the key of a link."""
    return f"{kind} {key}"
