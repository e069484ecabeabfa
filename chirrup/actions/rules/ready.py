"""A rule made ready: what the matcher finds it by, and whether it applies to a post."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import product
from zoneinfo import ZoneInfo

import msgspec

from ...ports import Tx
from ...store import accounts
from ...types import Account, AccountKind, ActionRule, Post
from .. import matcher
from ..matcher import Parts, Signs, Sought
from . import tree
from .checking import expression
from .sentences import test_said
from .tree import Rule, Test

_EACH: list[Parts] = [()]
_PRODUCT_MAX = 100  # alternatives of what must hold together; beyond that only some of it is looked for
_names = msgspec.json.Decoder(dict[str, int]).decode


class Facts:
    """A post, and what rules ask of it. author None: gone."""

    def __init__(self, post: Post, author: Account | None, role: str) -> None:
        self.post, self.author, self.role = post, author, role

    @cached_property
    def signs(self) -> Signs:
        return Signs(self.post)

    @property
    def text(self) -> str:
        return f"{self.post.summary}\n{self.post.text}" if self.post.summary else self.post.text


def facts(tx: Tx, posts: Collection[Post]) -> list[Facts]:
    """Two queries, whatever len(posts)."""
    ids = {post.author_id for post in posts}
    authors, roles = tx.together(lambda: accounts.by_ids(tx, ids), lambda: accounts.roles(tx, ids))
    return [Facts(post, authors.get(post.author_id), roles.get(post.author_id, "")) for post in posts]


class Ready:
    def __init__(self, row: ActionRule) -> None:
        self.row = row
        self.rule: Rule = tree.stored(row.tree)
        self._ids: Mapping[str, int] = _names(row.names)
        tests = [tree.In(self.rule.when.rooms)] if self.rule.when.rooms else []
        self._tests: list[Test] = [*tests, self.rule.test] if self.rule.test else [*tests]

    @property
    def sought(self) -> Sought[int]:
        return Sought(self.row.id, self._both([self._alternatives(one) for one in self._tests]))

    def id_of(self, name: str) -> int:
        """The account or room; 0: there was none."""
        return self._ids.get(name.lower(), 0)

    def applies(self, found: Facts) -> bool:
        return all(self._holds(one, found) for one in self._tests)

    def why(self, found: Facts) -> list[tuple[str, bool]]:
        """Each of its tests as a sentence, and whether it holds."""
        single = [
            one
            for test in self._tests
            for one in tree.nodes(test)
            if not isinstance(one, tree.Not | tree.All | tree.Any)
        ]
        return [(test_said(one), self._holds(one, found)) for one in single]

    def _alternatives(self, test: Test) -> list[Parts]:
        """One of these is in each post of which the test holds."""
        match test:
            case tree.In():
                return [(matcher.in_room(self.id_of(name)),) for name in test.rooms]
            case tree.From() if not set(tree.SORTS).intersection(test.who):
                return [(matcher.by_author(self.id_of(name)),) for name in test.who]
            case tree.Mentions():
                return [(matcher.mention(name),) for name in test.who]
            case tree.Tagged():
                return [(matcher.tag(name),) for name in test.tags]
            case tree.Has():
                return [(matcher.phrase(test.words),)]
            case tree.All():
                return self._both([self._alternatives(one) for one in test.tests])
            case tree.Any():
                found = [parts for one in test.tests for parts in self._alternatives(one)]
                return _EACH if () in found else found
            case _:
                return _EACH

    def _both(self, needed: list[list[Parts]]) -> list[Parts]:
        found = _EACH
        for some in sorted(needed, key=len):
            if len(found) * len(some) <= _PRODUCT_MAX:
                found = [(*one, *other) for one, other in product(found, some)]
        return found

    def _holds(self, test: Test, found: Facts) -> bool:
        match test:
            case tree.In():
                return found.post.audience_id in {self.id_of(name) for name in test.rooms} - {0}
            case tree.From():
                return any(self._is(who, found) for who in test.who)
            case tree.Mentions():
                return any(one.account_id in {self.id_of(who) for who in test.who} for one in found.post.mentioned)
            case tree.Tagged():
                return any(found.signs.have(matcher.tag(name)) for name in test.tags)
            case tree.Has():
                return found.signs.have(matcher.phrase(test.words))
            case tree.Matches():
                return expression(test.pattern).search(found.text) is not None
            case tree.IsKind():
                return not set(test.kinds).isdisjoint(_kinds(found.post))
            case tree.HasRole():
                return found.role in test.roles
            case tree.Hours():
                return _is_within(test, found.post.created_ms)
            case tree.Not():
                return not self._holds(test.test, found)
            case tree.All():
                return all(self._holds(one, found) for one in test.tests)
            case tree.Any():
                return any(self._holds(one, found) for one in test.tests)

    def _is(self, who: str, found: Facts) -> bool:
        author = found.author
        match who:
            case "bot":
                return bool(author and author.bot)
            case "guest":
                return bool(author and author.kind == AccountKind.GUEST)
            case "staff":
                return bool(found.role)
            case _:
                return found.post.author_id == self.id_of(who)


def _kinds(post: Post) -> set[str]:
    found = {"reply" if post.reply_to_id else "quote" if post.quote_of_id else "post"}
    facts = (("quote", post.quote_of_id), ("poll", post.poll_id), ("media", post.media), ("link", post.link))
    return found | {kind for kind, there in facts if there}


@lru_cache(100)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _is_within(test: tree.Hours, at_ms: int) -> bool:
    """The night after a day belongs to that day."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_zone(test.zone))
    minute, day = at.hour * 60 + at.minute, at
    if test.start < test.end:
        inside = test.start <= minute < test.end
    else:
        inside = minute >= test.start or minute < test.end
        if minute < test.end:
            day = at - timedelta(days=1)
    return inside and (not test.days or tree.DAYS[day.weekday()] in test.days)
