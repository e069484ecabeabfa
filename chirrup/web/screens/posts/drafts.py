"""Drafts and scheduled posts: the list of each, the form to go on with one, and what the form for posts keeps."""

from datetime import UTC, datetime, timedelta

import msgspec

from ....access.sites import Site
from ....errors import Invalid, NotFound
from ....http.arguments import path_id
from ....ids import ID_MAX
from ....ports import Tx
from ....social import drafts, polls
from ....social.drafts import Rules
from ....types import Draft, KeptDraft, Post, Span
from ...call import Call, Go, Page
from ...forms import Fields
from ...views import PostView
from . import typed
from .typed import Typed

LISTED = 40
GONE = "This draft was posted or deleted meanwhile. Your words can still be posted, or kept, as they stand here."
ZONE_MINUTES_MAX = 24 * 60


class DraftView(msgspec.Struct, frozen=True):
    id: int
    said: str
    due_ms: int
    changed_ms: int
    problem: str
    pictures: int


async def undated(call: Call) -> Page:
    return await _list(call, scheduled=False)


async def scheduled(call: Call) -> Page:
    return await _list(call, scheduled=True)


async def _list(call: Call, *, scheduled: bool) -> Page:
    span = Span(call.query.id("before", ID_MAX), limit=LISTED)
    found: list[KeptDraft] = await call.read(drafts.page, call.account_id, span, scheduled=scheduled)
    values = {
        "drafts": [_view(one) for one in found],
        "scheduled": scheduled,
        "before": found[-1].id if len(found) == LISTED else 0,
        "notice": "Saved." if call.query.flag("saved") else "",
    }
    return Page("posts/drafts.html", values)


def _view(one: KeptDraft) -> DraftView:
    draft = one.draft
    said = draft.summary or draft.text or ("A poll" if draft.poll else "Pictures" if draft.media_ids else "Empty")
    return DraftView(one.id, said, one.due_ms, one.changed_ms, one.problem, len(draft.media_ids))


class Opened(msgspec.Struct, frozen=True):
    draft: Typed
    reply_to: PostView | None


async def edit_form(call: Call, id: str) -> Page:
    """Raises NotFound."""
    found = await call.read(_opened, call, path_id(id))
    return Page("posts/write.html", {"draft": found.draft, "reply_to": found.reply_to, "edit": ""})


def _opened(tx: Tx, call: Call, id: int) -> Opened:
    one = drafts.get(tx, call.account_id, id)
    draft, form = one.draft, typed.empty(tx, call.account_id)
    reply_to, quotes = (_shown(tx, call, other) for other in (draft.reply_to_id, draft.quote_of_id))
    gone = [drafts.GONE[what] for what, id, found in _others(draft, reply_to, quotes) if id and not found]
    form = msgspec.structs.replace(
        form,
        text=draft.text,
        summary=draft.summary,
        visibility=draft.visibility or form.visibility,
        language=draft.language,
        sensitive=bool(draft.sensitive),
        pictures=call.views.uploads(tx, call.account_id, draft.media_ids, draft_id=one.id),
        quotes=quotes,
        quote_policy=draft.quote_policy or form.quote_policy,
        quote_id=quotes.id if quotes else 0,
        draft_id=one.id,
        return_to="/home",
        version=one.version,
        at=f"{datetime.fromtimestamp(one.due_ms / 1000, UTC):%Y-%m-%dT%H:%M}" if one.due_ms else "",
        problem=" ".join(_sentence(words) for words in [*([one.problem] if one.problem else []), *gone]),
    )
    if draft.poll:
        options, open_for_s = list(draft.poll.options)[: polls.OPTIONS_MAX], draft.poll.expires_in_s
        form = msgspec.structs.replace(form, options=options, multiple=draft.poll.multiple, open_for_s=open_for_s)
    return Opened(form.answering(reply_to.visibility) if reply_to else form, reply_to)


def _others(draft: Draft, reply_to: PostView | None, quotes: PostView | None) -> list[tuple[str, int, PostView | None]]:
    return [("post", draft.reply_to_id, reply_to), ("quoted post", draft.quote_of_id, quotes)]


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _shown(tx: Tx, call: Call, id: int) -> PostView | None:
    found = call.views.shown(tx, call.account_id, [id]) if id else []
    return found[0] if found else None


async def delete(call: Call, id: str) -> Go:
    await call.write(drafts.delete, call.account_id, path_id(id))
    return Go(call.return_to("/drafts"))


# the form for posts


def is_to_be_kept(form: Fields) -> bool:
    return form.flag("keep") or bool(form.text("at"))


def keep(tx: Tx, account_id: int, draft: Draft, form: Fields, site: Site) -> KeptDraft:
    """Store what the form has: as a draft, or to be published at its date. Raises as drafts.keep()."""
    due_ms = 0 if form.flag("keep") else due_ms_of(form)
    id, version = form.id("draft"), form.id("version")
    return drafts.keep(tx, account_id, draft, due_ms, rules=_rules(site), id=id, version=version)


def publish(tx: Tx, account_id: int, draft: Draft, form: Fields, site: Site) -> Post:
    """Publish what the form has, in place of the draft that it was opened with. Raises as drafts.publish()."""
    id, version = form.id("draft"), form.id("version")
    drafts.keep(tx, account_id, draft, rules=_rules(site), id=id, version=version)
    return drafts.publish(tx, account_id, id, rules=_rules(site))


def _rules(site: Site) -> Rules:
    return Rules(domain=site.domain, chars_max=site.post_chars_max)


def due_ms_of(form: Fields) -> int:
    """The date of the form. Its zone, in minutes behind UTC, is written by a script; without one it is UTC.

    Raises Invalid.
    """
    zone = form.text("at_zone")
    try:
        minutes = int(zone) if zone else 0
        at = datetime.fromisoformat(form.text("at")).replace(tzinfo=UTC) + timedelta(minutes=minutes)
        if abs(minutes) > ZONE_MINUTES_MAX:
            raise ValueError(minutes)
    except (ValueError, OverflowError) as error:
        raise Invalid("scheduled_at", "invalid", "must be a date and a time, such as 2030-12-24T18:00") from error
    return int(at.timestamp() * 1000)


def opened_with(tx: Tx, call: Call, draft: Typed) -> Typed:
    """The form as it was sent, with the newest version of its draft; with none, if that is gone."""
    if not draft.draft_id:
        return draft
    try:
        return msgspec.structs.replace(draft, version=drafts.get(tx, call.account_id, draft.draft_id).version)
    except NotFound:
        return msgspec.structs.replace(draft, draft_id=0, version=0, problem=GONE)
