"""Makes a post from a draft: checks its text, audience, mentions, media and poll. Writes nothing.

posts.publish() writes the post at once, drafts.py keeps the draft for later.
"""

import msgspec

from ..access import visibility
from ..errors import Invalid, NotFound, too_long, too_many
from ..ids import bucket_of
from ..ports import Tx
from ..store import accounts as account_rows
from ..types import Account, Author, Draft, MediaState, Post, QuotePolicy, User, Visibility
from ..wording import N_
from . import in_rooms, languages, links, mentions, polls, text
from .accounts import parse_quote_policy, parse_visibility

TEXT_CHARS_MAX = 500  # Mastodon's default; clients read ours from GET /api/v2/instance
CODE_POINTS_MAX = 200  # for one counted character: a link of 4,096 counts as 23, a grapheme has 64 bytes at most
MEDIA_MAX = 4
MENTIONS_MAX = 100  # each costs a notification, so there must be a limit
TAGS_MAX = 60


class MentionsUnexpected(Invalid):
    """The text mentions accounts that allowed_mentions does not name."""

    def __init__(self, account_ids: list[int]) -> None:
        super().__init__("text", "mentions", "mentions accounts you did not expect")
        self.account_ids = account_ids


class TooWide(Invalid):
    """The reply is visible to more people than the post it replies to, which draft.within_parent forbids."""

    def __init__(self) -> None:
        super().__init__("visibility", "too_wide", "must not be wider than that of the post it answers")


def compose(
    tx: Tx, author: int, user: Author | None, draft: Draft, *, domain: str = "", chars_max: int = TEXT_CHARS_MAX
) -> Post:
    """The post for draft, with a new id. user: the author's. Raises as posts.publish()."""
    words, summary, found = checked_text(draft, chars_max)
    parent = _parent(tx, author, draft.reply_to_id)
    org_id = user.org_id if user else _org_of(tx, author)
    addressed = [] if draft.names_nobody else mentioned(tx, author, found, domain, org_id)
    addressed += _room(tx, draft.room_id)
    _check_expected(addressed, draft.allowed_mentions, author)
    check_attached(draft, quotes=bool(draft.quote_of_id))
    quoted = _quoted(tx, author, draft.quote_of_id)
    audience = _visibility(draft, user, parent)
    room = in_rooms.chosen(tx, author, addressed, parent, quoted, audience)
    if room:
        audience = in_rooms.visibility_in(room, audience)
        if parent and draft.within_parent and audience != narrower(audience, parent.visibility):
            raise TooWide
    if quoted:
        audience = _of_quote(audience, author, quoted, addressed)
    in_rooms.check_guest(tx, user, room, audience)
    named = in_rooms.told(tx, room, audience, author, addressed)

    bucket = bucket_of(author)
    id = tx.new_id(bucket, after=max(parent.id if parent else 0, quoted.id if quoted else 0))
    return Post(
        id=id,
        author_id=author,
        boost_of_id=0,
        reply_to_id=parent.id if parent else 0,
        reply_to_author_id=parent.author_id if parent else 0,
        root_id=parent.root_id if parent else id,
        visibility=audience,
        text=words,
        summary=summary,
        sensitive=_sensitive(draft, summary, user),
        language=languages.code_of(draft.language) or languages.code_of(user.post_language if user else ""),
        app_id=draft.app_id,
        mentions=as_json(named) if named else "[]",
        tags=tag_names(found),
        media_ids=as_json(list(draft.media_ids)) if draft.media_ids else "[]",
        poll_id=tx.new_id(bucket) if draft.poll else 0,
        changed_ms=tx.now_ms,
        edited_ms=0,
        deleted_ms=0,
        org_id=org_id,
        quote_of_id=quoted.id if quoted else 0,
        quote_policy=policy(draft.quote_policy or (user.quote_policy if user else ""), audience),
        link=links.first(found.urls, domain, org_id) if found.urls else "",
        audience_id=room.id if room else 0,
    )


def _org_of(tx: Tx, author: int) -> int:
    """Of an account without a user: a hook's."""
    account = account_rows.by_id(tx, author)
    return account.org_id if account else 0


def _room(tx: Tx, id: int) -> list[Account]:
    room = account_rows.by_id(tx, id) if id else None
    if id and room is None:
        raise NotFound("room", id)
    return [room] if room else []


def policy(wanted: str, audience: str) -> str:
    """Who may quote a post of this audience, where its author wants that. Raises Invalid."""
    if wanted:
        parse_quote_policy(wanted)
    return wanted if audience in visibility.OPEN else QuotePolicy.NOBODY


def _quoted(tx: Tx, author: int, id: int) -> Post | None:
    """What is quoted; behind a boost, what that boosts. Raises NotFound: absent, hidden, or not to be quoted."""
    if not id:
        return None
    seen = visibility.see(tx, author, [id])
    quoted = seen.posts.get(id)
    if quoted and quoted.boost_of_id:
        quoted = seen.posts.get(quoted.boost_of_id)
    if quoted is None or not seen.may_quote(quoted):
        raise NotFound("quoted post", id)
    return quoted


def _of_quote(audience: Visibility, author: int, quoted: Post, named: list[Account]) -> Visibility:
    """For whom a quote of this post is. Raises Invalid: behind the back of whom it quotes."""
    if quoted.visibility == Visibility.FOLLOWERS:
        audience = narrower(audience, Visibility.FOLLOWERS)
    addressed = {author, *(one.id for one in named)}
    if audience == Visibility.DIRECT and quoted.author_id not in addressed:
        raise Invalid(
            "text", "unmentioned", "must mention the author of what it quotes, since only those it mentions see it"
        )
    return audience


def check_attached(draft: Draft, *, quotes: bool = False) -> None:
    """Checks media and poll, without the database. Raises Invalid."""
    if len(draft.media_ids) > MEDIA_MAX:
        raise too_many("media_ids", MEDIA_MAX, len(draft.media_ids))
    if quotes and (draft.poll or draft.media_ids):
        field = "poll" if draft.poll else "media_ids"
        raise Invalid(field, "quote", "cannot be attached to a post that quotes another")
    if draft.poll and draft.media_ids:
        raise Invalid("media_ids", "poll", "cannot be attached to a post with a poll")
    if draft.poll:
        polls.check(draft.poll)


def media_taken() -> Invalid:
    """The error for media of another account or another post."""
    return Invalid("media_ids", "unknown", "must be your own uploads that no other post uses")


def check_playable(attached: list[tuple[str, str]]) -> None:
    """attached: (kind, state) of a post's media. Raises Invalid: one is not ready, or a film does not stand alone."""
    if any(state != MediaState.READY for _, state in attached):
        why = N_("A film or a sound is not ready yet, or could not be read. Wait a moment and send it again")
        raise Invalid("media_ids", "not_ready", why)
    if len(attached) > 1 and any(kind in ("video", "audio") for kind, _ in attached):
        raise Invalid("media_ids", "mixed", "must be one film or sound alone, or only pictures")


def checked_text(draft: Draft, chars_max: int) -> tuple[str, str, text.Extracted]:
    """(text, summary, entities of the text); cleaned, with their lengths checked."""
    words, summary = text.clean(draft.text), text.clean(draft.summary)
    if not words and not draft.media_ids and not draft.quote_of_id:
        raise Invalid("text", "blank", "can't be blank: write something, or attach media")
    if len(words) + len(summary) > chars_max * CODE_POINTS_MAX:  # too long for any links in it to matter
        raise Invalid("text", "too_long", "must have at most {most} characters, has many thousands", most=chars_max)
    found = text.extract(words)
    length = text.length(words, found=found) + (text.length(summary) if summary else 0)
    if length > chars_max:
        raise too_long("text", chars_max, length)
    return words, summary, found


def _parent(tx: Tx, author: int, id: int) -> Post | None:
    if not id:
        return None
    parent = visibility.see_one(tx, author, id)
    if parent is None:
        raise NotFound("post", id)
    if parent.boost_of_id:
        return _parent(tx, author, parent.boost_of_id)
    return parent


def mentioned(tx: Tx, author: int, found: text.Extracted, domain: str, org_id: int) -> list[Account]:
    """The accounts that a text mentions. Raises Invalid: too many."""
    named = mentions.accounts(tx, author, found.mentions, domain, org_id)
    if len(named) > MENTIONS_MAX:
        raise Invalid(
            "text",
            "too_many",
            "must mention at most {most} accounts, mentions {has}",
            most=MENTIONS_MAX,
            has=len(named),
        )
    return named


def _check_expected(mentioned: list[Account], allowed: tuple[int, ...] | None, author: int) -> None:
    if allowed is None:
        return
    unexpected = [one.id for one in mentioned if one.id not in allowed and one.id != author]
    if unexpected:
        raise MentionsUnexpected(unexpected)


def _visibility(draft: Draft, user: User | None, parent: Post | None) -> Visibility:
    default = Visibility(user.post_visibility) if user else Visibility.PUBLIC
    wanted = parse_visibility(draft.visibility) if draft.visibility else None
    if parent is None:
        return wanted or default
    if wanted and draft.within_parent and wanted != narrower(wanted, parent.visibility):
        raise TooWide
    return wanted or narrower(default, parent.visibility)


def narrower(one: str, other: str) -> Visibility:
    """The one of two visibilities with the smaller audience."""
    return max(Visibility(one), Visibility(other), key=list(Visibility).index)


def _sensitive(draft: Draft, summary: str, user: User | None) -> int:
    if draft.sensitive is not None:
        return int(draft.sensitive or bool(summary))
    return int(bool(summary) or bool(user and user.post_sensitive))


def tag_names(found: text.Extracted) -> str:
    """The hashtags of a text, for the column `tags`. Raises Invalid: too many."""
    names = {text.hashtag_key(entity.value): entity.value for entity in reversed(found.hashtags)}
    if len(names) > TAGS_MAX:
        raise Invalid("text", "too_many", "must have at most {most} hashtags, has {has}", most=TAGS_MAX, has=len(names))
    return as_json(list(reversed(names.values()))) if names else "[]"


def as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
