"""Posts that are not published yet: drafts, and scheduled posts. Rows are in store/drafts.py.

A scheduled post is a draft with a date, on which a job publishes it. If that fails, it becomes a draft again, with the
reason. Media belong to the draft until it is published.
A scheduled post is checked as if it were published at once, and again on its date. Its visibility is fixed when the
date is set, so it is never wider than what its author saw then.
"""

import msgspec

from ..errors import ChirrupError, Invalid, NotAllowed, NotFound, too_many
from ..ids import bucket_of
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import drafts as rows
from ..store import jobs
from ..store import media as media_rows
from ..store import posts as post_rows
from ..times import DAY_MS
from ..types import Author, Draft, KeptDraft, Post, Span
from ..wording import N_
from . import posts
from .composing import MEDIA_MAX, TEXT_CHARS_MAX, check_playable, compose, media_taken

DRAFTS_MAX = 300
DATED_MAX = 300  # scheduled posts; Mastodon's limit, as the next two
DATED_A_DAY_MAX = 25  # scheduled posts on one day
LEAD_MS = 300_000  # the date must be at least so far ahead
BODY_BYTES_MAX = 64 * 1024  # of a draft, which may be longer than a post
PUBLISH = "publish a post"  # a kind of job; the payload is Due
GONE = {  # by what NotFound says it is
    "post": "the post that it answers is gone, or is not for you to see any more",
    "quoted post": "the post that it quotes is gone, or is not for you to quote any more",
}


class Rules(msgspec.Struct, frozen=True):
    """The site's arguments for posts.publish(). Stored with a date, so the same limits apply later."""

    domain: str = ""
    chars_max: int = TEXT_CHARS_MAX


class Due(Rules, frozen=True, kw_only=True):
    id: int
    account_id: int


class Outdated(ChirrupError):
    """The draft has a newer version than the one to replace. current: the newest."""

    code = "outdated"

    def __init__(self, current: KeptDraft) -> None:
        why = N_("It has been changed meanwhile, on another device: look at both, and save the one to keep")
        super().__init__(why)
        self.current = current


def keep(
    tx: Tx, author: int, draft: Draft, due_ms: int = 0, *, rules: Rules, id: int = 0, version: int = 0
) -> KeptDraft:
    """Store a draft, or (due_ms) a scheduled post. id: the draft to replace.

    version: the version that id must have. If draft.idempotency_key was used before, returns what it stored.
    Raises Invalid (as publish(); the date, too many), NotFound (id; the parent), Outdated.
    """
    user = account_rows.author(tx, author)
    key, draft = draft.idempotency_key, msgspec.structs.replace(draft, idempotency_key="")
    digest = posts.digest_of(draft, due_ms)
    if key and not id and (first := posts.first_made(tx, author, key, digest)):
        return get(tx, author, first, scheduled=bool(due_ms))
    before = _at(get(tx, author, id), version) if id else None
    _check_room(tx, author, due_ms, id)
    if due_ms:
        draft = _checked(tx, author, user, draft, rules)
    one = KeptDraft(
        id=id or tx.new_id(bucket_of(author)),
        account_id=author,
        body=_body(draft),
        due_ms=due_ms,
        version=before.version + 1 if before else 1,
        changed_ms=tx.now_ms,
        problem="",
    )
    (rows.update if before else rows.insert)(tx, one)
    _keep_media(tx, one, draft, before)
    if key and not id:
        post_rows.insert_key(tx, author, key, one.id, digest)
    if due_ms:
        _will_be_published(tx, one, rules)
    return one


def _checked(tx: Tx, author: int, user: Author | None, draft: Draft, rules: Rules) -> Draft:
    post = compose(tx, author, user, draft, domain=rules.domain, chars_max=rules.chars_max)
    return msgspec.structs.replace(draft, visibility=post.visibility, quote_policy=post.quote_policy)


def _body(draft: Draft) -> str:
    body = msgspec.json.encode(draft)
    if len(body) > BODY_BYTES_MAX:
        raise Invalid(
            "text", "too_large", "must have at most {most} bytes with all that belongs to it", most=BODY_BYTES_MAX
        )
    return body.decode()


def _check_room(tx: Tx, author: int, due_ms: int, id: int) -> None:
    others = [due for other, due in rows.dates(tx, author).items() if other != id]
    if not due_ms:
        if others.count(0) >= DRAFTS_MAX:
            raise Invalid("draft", "too_many", "You have {most} drafts, and can keep no more", most=DRAFTS_MAX)
        return
    if due_ms < tx.now_ms + LEAD_MS:
        raise Invalid("scheduled_at", "too_soon", "must be at least {least} minutes ahead", least=LEAD_MS // 60_000)
    dated = [due // DAY_MS for due in others if due]
    if len(dated) >= DATED_MAX:
        why = N_("You have exceeded the limit of {most} scheduled posts")
        raise Invalid("scheduled_at", "too_many", why, most=DATED_MAX)
    if dated.count(due_ms // DAY_MS) >= DATED_A_DAY_MAX:
        why = N_("You have exceeded the limit of {most} scheduled posts for that day")
        raise Invalid("scheduled_at", "too_many_a_day", why, most=DATED_A_DAY_MAX)


def _keep_media(tx: Tx, one: KeptDraft, draft: Draft, before: KeptDraft | None) -> None:
    media_ids = set(draft.media_ids)
    if len(media_ids) > MEDIA_MAX:
        raise too_many("media_ids", MEDIA_MAX, len(media_ids))
    if before and (gone := set(before.draft.media_ids) - media_ids):
        media_rows.let_go(tx, gone, one.id)
    kept = media_rows.keep(tx, one.account_id, media_ids, one.id) if media_ids else []
    if len(kept) != len(media_ids):
        raise media_taken()
    if one.due_ms:
        check_playable(kept)


def _will_be_published(tx: Tx, one: KeptDraft, rules: Rules) -> None:
    """Enqueue the publication. If the date is changed, the job for the old one does nothing: see publish_due()."""
    payload = Due(id=one.id, account_id=one.account_id, domain=rules.domain, chars_max=rules.chars_max)
    jobs.enqueue(tx, PUBLISH, of=one.id, key=f"{one.id} at {one.due_ms}", payload=payload, due_ms=one.due_ms)


def page(tx: Tx, author: int, span: Span, *, scheduled: bool) -> list[KeptDraft]:
    """The author's scheduled posts, or its drafts, newest first."""
    return rows.page(tx, author, span, scheduled=scheduled)


def get(tx: Tx, author: int, id: int, *, scheduled: bool | None = None) -> KeptDraft:
    """scheduled: it must (or must not) have a date. Raises NotFound: absent, another account's, or not so."""
    one = rows.by_id(tx, id)
    if one is None or one.account_id != author or scheduled not in (None, bool(one.due_ms)):
        raise NotFound("draft", id)
    return one


def move(tx: Tx, author: int, id: int, due_ms: int, *, rules: Rules) -> KeptDraft:
    """Change the date of a scheduled post. Raises NotFound; Invalid: the date."""
    account_rows.user(tx, author, in_turn=True)
    one = get(tx, author, id, scheduled=True)
    _check_room(tx, author, due_ms, id)
    one = msgspec.structs.replace(one, due_ms=due_ms, version=one.version + 1, changed_ms=tx.now_ms)
    rows.update(tx, one)
    _will_be_published(tx, one, rules)
    return one


def delete(tx: Tx, author: int, id: int, *, scheduled: bool | None = None) -> None:
    """Delete it. Another post may show its media within a day. Raises NotFound."""
    _take_away(tx, get(tx, author, id, scheduled=scheduled))


def _take_away(tx: Tx, one: KeptDraft) -> None:
    if media_ids := one.draft.media_ids:
        media_rows.let_go(tx, media_ids, one.id)
    rows.delete(tx, one.id)


def publish(tx: Tx, author: int, id: int, *, rules: Rules, version: int = 0) -> Post:
    """Publish it now, and delete the draft. version: the version that it must have; 0: any.

    Raises NotFound, Outdated, and as posts.publish() does.
    """
    account_rows.user(tx, author, in_turn=True)
    return _publish(tx, _at(get(tx, author, id), version), rules)


def _at(one: KeptDraft, version: int) -> KeptDraft:
    if version and one.version != version:
        raise Outdated(one)
    return one


def _publish(tx: Tx, one: KeptDraft, rules: Rules) -> Post:
    _take_away(tx, one)
    return posts.publish(tx, one.account_id, one.draft, domain=rules.domain, chars_max=rules.chars_max)


def publish_due(tx: Tx, due: Due) -> None:
    """Publish a scheduled post on its date, once. Raises if it may not be published; then call give_back().

    If the account was deleted, the post is deleted.
    """
    user = account_rows.user(tx, due.account_id, in_turn=True)
    one = rows.by_id(tx, due.id)
    if one is None or not 0 < one.due_ms <= tx.now_ms:
        return
    account = account_rows.by_id(tx, due.account_id)
    if account is None or user is None:
        _take_away(tx, one)
        return
    if account.suspended_ms or account.moved_to_id or user.disabled or user.deactivated_ms:
        raise NotAllowed("your account could not post at that time")
    _publish(tx, one, due)


def give_back(tx: Tx, id: int, error: ChirrupError) -> None:
    """Make a scheduled post that could not be published a draft again, with the reason."""
    one = rows.by_id(tx, id)
    if one is None or not 0 < one.due_ms <= tx.now_ms:
        return
    why = GONE.get(error.what, error.message) if isinstance(error, NotFound) else error.message
    changed = msgspec.structs.replace(one, due_ms=0, version=one.version + 1, changed_ms=tx.now_ms, problem=why)
    rows.update(tx, changed)
