"""Shows a post once in a home or list timeline, however many followees boost it.

A boost is left out if the same post, or an earlier boost of it, is among the NEAR entries below. So the first stays
where it was read, and a viewer who pages through meets each post once. Timelines keep every id. Boosts are left out
when a page is shown, by what the viewer may see then: docs/decisions/0018-a-post-once.md.
"""

from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from ..access.visibility import Found, Seen
from ..ports import Database, Tx
from ..store import posts

NEAR = 60  # Mastodon has 40 shown entries; some of ours may be deleted or hidden by now
KEPT = 100_000  # entries of _kept for each database

Below = Callable[[Tx], Sequence[int]]

# post -> the post it boosts, 0 for none. It never changes, so it is read once.
_kept: "WeakKeyDictionary[Database, dict[int, int]]" = WeakKeyDictionary()


class Excerpt:
    """A page of a timeline, newest first. below: reads the next NEAR ids, called only if needed."""

    def __init__(self, db: Database, ids: Sequence[int], below: Below) -> None:
        self.ids = ids
        self.together: dict[int, list[int]] = {}  # shown entry -> boosts left out because of it, earliest first
        self._below = below
        self._db = db
        self._firsts: dict[int, list[int]] = {}  # boost -> entries it may be left out because of, newest first

    def beside(self, tx: Tx, found: Found) -> Found:
        """found, with what else has to be judged. A query for posts not seen before, where a boost is among found."""
        if not [post for post in found.posts.values() if post.boost_of_id]:  # any() would cost twice as much
            return found
        boosts = {id: post.boost_of_id for id in self.ids if (post := found.posts.get(id)) and post.boost_of_id}
        known = _kept.setdefault(self._db, {})
        if len(known) > KEPT:
            known.clear()
        known.update({id: post.boost_of_id for id, post in found.posts.items()})
        wanted = set(boosts.values())
        line = [*self.ids, *self._below(tx)]
        places: dict[int, list[int]] = {}  # post -> indexes in line where it is shown, newest first
        for place, original in enumerate(_shown_at(tx, known, line)):
            if original in wanted:
                places.setdefault(original, []).append(place)
        self._firsts = {
            id: [line[at] for at in places[boosts[id]] if place < at <= place + NEAR]
            for place, id in enumerate(self.ids)
            if id in boosts
        }
        firsts = {first for some in self._firsts.values() for first in some}
        return Found(found.posts | posts.by_ids(tx, firsts - found.posts.keys()), found.parents, found.quoted)

    def shown(self, seen: Seen) -> Sequence[int]:
        """Those of ids that stay, as far as they are in seen. What an edit made the viewer mind is left out, too."""
        found = seen.posts
        if not self._firsts and not seen.may_mind:
            return self.ids
        wanted = found.keys()
        if seen.may_mind:
            wanted = {id for id, post in found.items() if not seen.minds(post)}
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
    """The post shown by each entry: for a boost, the boosted post. Costs a query if an entry was not seen before."""
    boosted = {id: known.get(id) for id in line}  # a copy: another read may clear known meanwhile
    if unknown := [id for id, original in boosted.items() if original is None]:
        read = dict.fromkeys(unknown, 0) | posts.boosts_among(tx, unknown)
        known.update(read)
        boosted |= read
    return [boosted[id] or id for id in line]


class Standing:
    """The newest entries of a timeline, for its stream: another boost of the same post is no news."""

    def __init__(self, shown: dict[int, int]) -> None:
        self._shown = shown  # id of an entry -> post that it shows, oldest first

    def is_news(self, id: int, shows: int) -> bool:
        """Whether no other entry shows the post `shows`. Adds the entry."""
        stands = id != shows and any(shows == other for at, other in self._shown.items() if at != id)
        self._shown[id] = shows
        if len(self._shown) > NEAR:
            del self._shown[next(iter(self._shown))]
        return not stands

    def forget(self, id: int) -> None:
        self._shown.pop(id, None)


def shown_in(tx: Tx, db: Database, ids: Sequence[int]) -> Standing:
    """The newest entries of a timeline. ids: oldest first."""
    return Standing(dict(zip(ids, _shown_at(tx, _kept.setdefault(db, {}), ids), strict=True)))
