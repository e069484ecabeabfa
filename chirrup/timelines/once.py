"""A post stands at home, and in a list, once, however many of those one reads boost it.

A boost is left out while what it boosts, itself or boosted by somebody else, stands among the NEAR below it: the first
stays where it was read, and whoever walks from page to page meets each post once. Timelines hold every id. What is left
out is found when a page is shown, among what the viewer sees at that moment: docs/decisions/0018-a-post-once.md.
"""

from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from ..access.visibility import Found, Seen
from ..ports import Database, Tx
from ..store import posts

NEAR = 60  # Mastodon's is 40 of what is shown; some of ours may be deleted or hidden by now
KEPT = 100_000  # facts of each database

Below = Callable[[Tx], Sequence[int]]

# What a post boosts, 0 for nothing. It never changes, so it is asked for once.
_kept: "WeakKeyDictionary[Database, dict[int, int]]" = WeakKeyDictionary()


class Excerpt:
    """A page of a timeline, newest first, and what stands below it: the next NEAR ids, asked for where they matter."""

    def __init__(self, db: Database, ids: Sequence[int], below: Below) -> None:
        self.ids = ids
        self.together: dict[int, list[int]] = {}  # by what is shown: boosts left out for it, the earliest first
        self._below = below
        self._db = db
        self._firsts: dict[int, list[int]] = {}  # by boost: what it may be left out for, the newest first

    def beside(self, tx: Tx, found: Found) -> Found:
        """found, with what else has to be judged. A query for posts not seen before, where a boost is among found."""
        if not any(post.boost_of_id for post in found.posts.values()):
            return found
        boosts = {id: post.boost_of_id for id in self.ids if (post := found.posts.get(id)) and post.boost_of_id}
        known = _kept.setdefault(self._db, {})
        if len(known) > KEPT:
            known.clear()
        known.update({id: post.boost_of_id for id, post in found.posts.items()})
        wanted = set(boosts.values())
        line = [*self.ids, *self._below(tx)]
        places: dict[int, list[int]] = {}  # by what is shown there, the newest first
        for place, original in enumerate(_shown_at(tx, known, line)):
            if original in wanted:
                places.setdefault(original, []).append(place)
        self._firsts = {
            id: [line[at] for at in places[boosts[id]] if place < at <= place + NEAR]
            for place, id in enumerate(self.ids)
            if id in boosts
        }
        firsts = {first for some in self._firsts.values() for first in some}
        return Found(found.posts | posts.by_ids(tx, firsts - found.posts.keys()), found.parents)

    def shown(self, seen: Seen) -> list[int]:
        """Those of ids that stay. What an edit made the viewer mind is left out, too."""
        found, relations = seen.posts, seen.relations
        wanted = found.keys()
        if relations.is_averse:
            wanted = {id for id, post in found.items() if not relations.minds(post, found.get(post.boost_of_id))}
        if not self._firsts:
            return [id for id in self.ids if id in wanted]
        self.together, stay = {}, list[int]()
        for id in reversed(self.ids):
            if id not in wanted:
                continue
            firsts = [first for first in self._firsts.get(id, ()) if first in wanted]
            if firsts:
                self.together.setdefault(firsts[-1], []).append(id)
            else:
                stay.append(id)
        return stay[::-1]


def _shown_at(tx: Tx, known: dict[int, int], line: Sequence[int]) -> list[int]:
    """What is shown in each place: for a boost what it boosts. A query where one was not seen before."""
    boosted = {id: known.get(id) for id in line}  # others may empty what is known meanwhile
    if unknown := [id for id, original in boosted.items() if original is None]:
        read = dict.fromkeys(unknown, 0) | posts.boosts_among(tx, unknown)
        known.update(read)
        boosted |= read
    return [boosted[id] or id for id in line]


class Standing:
    """The newest of a timeline as those know it who hear its stream: what is boosted again is no news to them."""

    def __init__(self, shown: dict[int, int]) -> None:
        self._shown = shown  # what is shown there, by id, the oldest first

    def is_news(self, id: int, shows: int) -> bool:
        """From now on it stands there."""
        stands = id != shows and any(shows == other for at, other in self._shown.items() if at != id)
        self._shown[id] = shows
        if len(self._shown) > NEAR:
            del self._shown[next(iter(self._shown))]
        return not stands

    def forget(self, id: int) -> None:
        self._shown.pop(id, None)


def shown_in(tx: Tx, db: Database, ids: Sequence[int]) -> Standing:
    """What stands in a timeline. ids: oldest first."""
    return Standing(dict(zip(ids, _shown_at(tx, _kept.setdefault(db, {}), ids), strict=True)))
