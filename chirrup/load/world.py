"""The rows of loaded accounts, follows and posts, in key order, and how a chunk of them is written."""

import random
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

import msgspec

from ..ids import BUCKETS, bucket_of, bucket_of_text, made_at
from ..ports import Row, Tx
from ..social import accounts, tags, text
from ..times import DAY_MS
from ..types import POST_COLUMNS, Account, Post, User, Visibility
from .graph import Graph

CHUNK_ACCOUNTS, CHUNK_FOLLOWS, CHUNK_POSTS = 5_000, 300_000, 5_000  # rows in one transaction
ACCOUNTS_DAYS, FOLLOWS_DAYS, POSTS_DAYS = 400, 60, 30  # before the load: when the first of each was made
SPAN_MS = 4_294_967_291  # length of the time in which follows were made: 49.7 days, and a prime
WORDS = "the town market opens early today bring bread rain over hills again coffee first train late see you there"

_ACCOUNT = ("bucket", *Account.__struct_fields__)
_USER = ("bucket", *User.__struct_fields__)
_POST = ("bucket", *POST_COLUMNS)
_FOLLOWING = ("account_id", "target_id", "id", "bucket", "show_boosts", "notify", "languages")
_FOLLOWERS = ("account_id", "follower_id", "id", "bucket", "show_boosts", "notify", "languages")

Write = Callable[[Tx], object]
Chunk = tuple[int, Write]  # (progress of the step once this is written, the write)


class Step(msgspec.Struct, frozen=True):
    """One part of the load. chunks(done): the chunks that are left after so many rows."""

    name: str
    total: int
    chunks: Callable[[int], Iterator[Chunk]]


class World:
    """All accounts by number, with their ids. The same seed and time give the same ids."""

    def __init__(
        self,
        following: Graph,
        followers: Graph,
        messages: Sequence[str] | int,
        password_hash: str,
        seed: int,
        now_ms: int,
    ) -> None:
        """messages: the texts of the posts, or how many to generate."""
        self._following, self._followers, self._password_hash, self._now_ms = (
            following,
            followers,
            password_hash,
            now_ms,
        )
        people = len(following.starts) - 1
        dice = random.Random(f"{seed} accounts")
        first_ms = now_ms - ACCOUNTS_DAYS * DAY_MS
        step_ms = (ACCOUNTS_DAYS - FOLLOWS_DAYS) * DAY_MS // max(people, 1)
        self._ids = array(
            "q", (made_at(first_ms + n * step_ms, n % 16, dice.randrange(BUCKETS)) for n in range(people))
        )
        self._by_bucket = array("I", sorted(range(people), key=lambda n: (bucket_of(self._ids[n]), n)))
        # A follow was made at (follower * a + followee * b) % SPAN_MS: no two of one account at the same time, and in
        # no order.
        self._a, self._b = dice.randrange(1 << 31, SPAN_MS), dice.randrange(1 << 31, SPAN_MS)

        self._messages, self._seed = messages, seed
        count = messages if isinstance(messages, int) else len(messages)
        weights = accumulate(followers.degree(n) + 1 for n in range(people))  # accounts with more followers post more
        self._authors = array("I", dice.choices(range(people), cum_weights=list(weights), k=count))
        self._posts_from_ms, self._post_step_ms = now_ms - POSTS_DAYS * DAY_MS, POSTS_DAYS * DAY_MS / max(count, 1)

    def steps(self) -> list[Step]:
        people, follows = len(self._ids), len(self._following.others)
        return [
            Step("accounts", people, self._accounts),
            Step("follows", follows, self._follows),
            Step("from the other end", follows, self._followed),
            Step("posts", len(self._authors), self._posts),
        ]

    # accounts

    def _accounts(self, done: int) -> Iterator[Chunk]:
        said, last = array("I", bytes(4 * len(self._ids))), array("I", bytes(4 * len(self._ids)))
        for n, author in enumerate(self._authors):
            said[author] += 1
            last[author] = n

        def write(tx: Tx, numbers: range) -> None:
            made = [accounts.blank(self._ids[n], f"u{n}", f"Person {n}", self._now_ms) for n in numbers]
            emails = [f"{one.username}@load.example" for one in made]
            tx.copy("accounts", _ACCOUNT, ((bucket_of(one.id), *_values(one)) for one in made))
            names = ((bucket_of_text(one.username), one.username, one.id) for one in made)
            tx.copy("account_names", ("bucket", "name", "account_id"), names)
            claimed = ((bucket_of_text(email), email, one.id) for email, one in zip(emails, made, strict=True))
            tx.copy("emails", ("bucket", "email", "account_id"), claimed)
            tx.copy("users", _USER, (self._user(one.id, email) for email, one in zip(emails, made, strict=True)))
            counts = (
                (
                    self._ids[n],
                    bucket_of(self._ids[n]),
                    self._followers.degree(n),
                    self._following.degree(n),
                    said[n],
                    self._posted_ms(last[n]) if said[n] else 0,
                )
                for n in numbers
            )
            columns = ("account_id", "bucket", "followers", "followees", "posts", "last_post_ms")
            tx.copy("account_counts", columns, counts)
            for one in made:
                tx.search.index_account(tx, one.id, one.username, one.display_name)

        for start in range(done, len(self._ids), CHUNK_ACCOUNTS):
            numbers = range(start, min(start + CHUNK_ACCOUNTS, len(self._ids)))
            yield numbers.stop, lambda tx, numbers=numbers: write(tx, numbers)

    def _user(self, id: int, email: str) -> Row:
        user = User(id, email, self._password_hash, "", self._now_ms, 1, 0, "en", Visibility.PUBLIC, 0, "")
        return (bucket_of(id), *_values(user))

    # follows: two tables with the same rows, each in the order of its own key

    def _follows(self, done: int) -> Iterator[Chunk]:
        return self._sides("following", _FOLLOWING, range(len(self._ids)), self._following, self._rows_following, done)

    def _followed(self, done: int) -> Iterator[Chunk]:
        return self._sides("followers", _FOLLOWERS, self._by_bucket, self._followers, self._rows_followers, done)

    def _sides(
        self,
        table: str,
        columns: Sequence[str],
        order: Sequence[int],
        graph: Graph,
        rows: Callable[[Sequence[int]], Iterator[Row]],
        done: int,
    ) -> Iterator[Chunk]:
        """Chunks of whole accounts, in order, with at least CHUNK_FOLLOWS rows."""
        reached, start, size = 0, 0, 0
        for place, n in enumerate(order, 1):
            reached += graph.degree(n)
            size += graph.degree(n)
            if reached <= done:
                start, size = place, 0
            elif size >= CHUNK_FOLLOWS or place == len(order):
                numbers = order[start:place]
                yield reached, lambda tx, numbers=numbers: tx.copy(table, columns, rows(numbers))
                start, size = place, 0

    def _rows_following(self, numbers: Sequence[int]) -> Iterator[Row]:
        ids, a, b, first_ms = self._ids, self._a, self._b, self._now_ms - FOLLOWS_DAYS * DAY_MS
        for n in numbers:
            id, base = ids[n], n * a
            bucket = bucket_of(id)
            for other in self._following.of(n):
                follow = (first_ms + (base + other * b) % SPAN_MS) << 16 | bucket
                yield id, ids[other], follow, bucket, 1, 0, None

    def _rows_followers(self, numbers: Sequence[int]) -> Iterator[Row]:
        ids, a, b, first_ms = self._ids, self._a, self._b, self._now_ms - FOLLOWS_DAYS * DAY_MS
        for n in numbers:
            id, base = ids[n], n * b
            bucket = bucket_of(id)
            found = [
                ((first_ms + (base + other * a) % SPAN_MS) << 16 | bucket_of(ids[other]), ids[other])
                for other in self._followers.of(n)
            ]
            found.sort()
            for follow, follower in found:
                yield id, follower, follow, bucket, 1, 0, None

    # posts

    def _posts(self, done: int) -> Iterator[Chunk]:
        def write(tx: Tx, numbers: range) -> None:
            posts = [self._post(n, message) for n, message in zip(numbers, self._texts(numbers), strict=True)]
            tx.copy(
                "posts",
                _POST,
                ((bucket_of(post.id), *(getattr(post, name) for name in POST_COLUMNS)) for post in posts),
            )
            for post in posts:
                tx.search.index_post(tx, post.id, post.author_id, f"\n{post.text}")
                if post.tag_names:
                    tags.add(tx, post)
                    tags.on_published(tx, post)

        for start in range(done, len(self._authors), CHUNK_POSTS):
            numbers = range(start, min(start + CHUNK_POSTS, len(self._authors)))
            yield numbers.stop, lambda tx, numbers=numbers: write(tx, numbers)

    def _texts(self, numbers: range) -> Iterable[str]:
        if not isinstance(self._messages, int):
            return self._messages[numbers.start : numbers.stop]
        dice, words = random.Random(f"{self._seed} posts from {numbers.start}"), WORDS.split()
        return [" ".join(dice.choices(words, k=dice.randint(3, 20))) for _ in numbers]

    def _posted_ms(self, n: int) -> int:
        return self._posts_from_ms + int(n * self._post_step_ms)

    def _post(self, n: int, message: str) -> Post:
        """A post as if it had been published and delivered long ago."""
        author, words = self._ids[self._authors[n]], text.clean(message)
        names = {text.hashtag_key(one.value): one.value for one in text.extract(words).hashtags}
        id = made_at(self._posted_ms(n), n % 16, bucket_of(author))
        return Post(
            id=id,
            author_id=author,
            boost_of_id=0,
            reply_to_id=0,
            reply_to_author_id=0,
            root_id=id,
            visibility=Visibility.PUBLIC,
            text=words,
            summary="",
            sensitive=0,
            language="en",
            app_id=0,
            mentions="[]",
            tags=msgspec.json.encode(list(names.values())).decode(),
            media_ids="[]",
            poll_id=0,
            changed_ms=self._now_ms,
            edited_ms=0,
            deleted_ms=0,
        )


def _values(struct: msgspec.Struct) -> Row:
    return tuple(getattr(struct, name) for name in struct.__struct_fields__)
