"""Write posts and replies, and edit them."""

import msgspec

from ....access import limits
from ....access.sites import Site
from ....errors import Invalid, InvalidFields, NotFound
from ....http.arguments import path_id
from ....ports import Tx
from ....social import composing, media, polls, posts, uploads
from ....social.films import work as films
from ....types import Draft, KeptDraft, PollDraft, Post
from ....wording import N_
from ...call import Call, Go, Page
from ...forms import Fields
from ...kept import has_words
from ...problems import Problem
from ...views import PostView
from . import audience, drafts, typed
from .typed import PICTURES_MAX, Typed

GONE = "The post that you answer has gone, or is not for you to see any more. Your words can stand on their own."
WAIT_S = 10.0  # for films, before the form comes back with them
QUOTED_GONE = (
    "The post that you quote has gone, or is not for you to quote any more. Your words can stand on their own."
)
EDITED_GONE = "The post has gone meanwhile. Your words can become a new one."


def _page(draft: Typed, *, reply_to: PostView | None = None, edit: str = "", status: int = 200) -> Page:
    return Page("posts/write.html", {"draft": draft, "reply_to": reply_to, "edit": edit}, status=status)


async def form(call: Call) -> Page:
    """`?text=` fills the form, so other sites can offer links for sharing. `?quote=` is the id of a post to quote.

    Raises NotFound: it is hidden, or not for the viewer to quote.
    """
    defaults = await call.read(typed.empty, call.account_id)
    draft = msgspec.structs.replace(defaults, text=call.query.text("text")[:5000])
    if quote_id := call.query.id("quote"):
        quoted = await call.read(_parent, call, quote_id)
        if not quoted.quotable:
            raise NotFound("quoted post", quote_id)
        draft = msgspec.structs.replace(draft, quotes=quoted, quote_id=quoted.id)
    return _page(draft)


async def send(call: Call) -> Page | Go:
    """Publish. For a reply with a wider audience than its parent, ask first."""
    reply_to_id = call.form.id("reply_to")
    await _upload(call)
    if reply_to_id and call.form.flag("wider"):
        return await _ask_audience(call, reply_to_id)
    draft = _draft(call, reply_to_id)
    try:
        if drafts.is_to_be_kept(call.form):
            kept = await call.write(_keep, call.account_id, draft, call.form, call.site)
            return Go("/scheduled?saved=1" if kept.due_ms else "/drafts?saved=1")
        post = await call.write(_publish, call.account_id, draft, call.form, call.site)
    except composing.TooWide:
        return await _ask_audience(call, reply_to_id, status=422)
    assert call.me
    path = f"/@{call.me.username}/{post.id}"
    if post.audience_id and await call.read(posts.untold, call.account_id, post.id, domain=call.site.domain):
        return Go(f"{path}?untold=1")
    return Go(path if reply_to_id else call.return_to("/home"))


def _publish(tx: Tx, account_id: int, draft: Draft, form: Fields, site: Site) -> Post:
    _describe(tx, account_id, form, draft.media_ids)
    if form.id("draft"):
        return drafts.publish(tx, account_id, draft, form, site)
    return posts.publish(tx, account_id, draft, domain=site.domain, chars_max=site.post_chars_max)


def _keep(tx: Tx, account_id: int, draft: Draft, form: Fields, site: Site) -> KeptDraft:
    _describe(tx, account_id, form, draft.media_ids)
    return drafts.keep(tx, account_id, draft, form, site)


def _describe(tx: Tx, account_id: int, form: Fields, media_ids: tuple[int, ...]) -> None:
    for id, change in _described(form, media_ids).items():
        try:
            media.change(tx, account_id, id, change)
        except NotFound as error:
            why = N_("are kept for a day until they are posted, and one of these is gone: choose it again")
            raise Invalid("media_ids", "unknown", why) from error


def _described(form: Fields, media_ids: tuple[int, ...]) -> dict[int, media.Change]:
    sent = dict(form.sent())
    return {id: media.Change(description=words) for id in media_ids if (words := sent.get(f"about{id}")) is not None}


def _draft(call: Call, reply_to_id: int) -> Draft:
    form = call.form
    options = [option for option in form.texts("option") if option.strip()]
    poll = PollDraft(options, form.id("open_for_s", 86400), form.flag("multiple")) if options else None
    return Draft(
        text=form.text("text"),
        summary=form.text("summary"),
        visibility=form.text("visibility"),
        sensitive=form.flag("sensitive"),
        language=form.text("language"),
        reply_to_id=reply_to_id,
        quote_of_id=form.id("quote"),
        quote_policy=form.text("quote_policy"),
        media_ids=_kept(form),
        poll=poll,
        idempotency_key=form.text("key")[:64],
        within_parent=not audience.is_confirmed(call, reply_to_id, form.text("visibility")),
    )


def _kept(form: Fields) -> tuple[int, ...]:
    """Pictures that the form has uploaded, without those that the author removes."""
    return tuple(id for id in dict.fromkeys(form.ids("media")) if id not in form.ids("drop"))


async def _upload(call: Call) -> None:
    """Upload the pictures of the form and replace them in it by their ids. Wait for films, but not for long ones: what
    comes then is the form again, with the film in it.

    Raises InvalidFields: pictures that were refused; TooMany.
    """
    wrong: list[Invalid] = []
    rules = uploads.rules(call.settings, call.site)
    for n in range(PICTURES_MAX):
        name, file, size_bytes = f"picture{n}", call.form.file(f"picture{n}"), call.form.oversized.get(f"picture{n}")
        if not file and not size_bytes:
            continue
        try:
            if not file:
                raise uploads.too_large("file", size_bytes or 0, rules.film_bytes_max)
            await call.throttle(limits.MEDIA, account=str(call.account_id))
            wanted = media.Change(description=call.form.text(f"description{n}"))
            one = await uploads.add(call.engines, call.account_id, file.file, wanted, rules)
            one = await films.ready(call.engines, call.account_id, one.id, within_s=WAIT_S)
            if problem := media.problem_of(one):
                raise problem
        except Invalid as error:
            field = name if error.field == "file" else f"{error.field}{n}"
            wrong.append(error.of(field))
        else:
            call.form.replace(f"description{n}", (f"about{one.id}", one.description))
            call.form.replace(name, ("media", str(one.id)))
    if wrong:
        raise InvalidFields(wrong)


def _parent(tx: Tx, call: Call, id: int) -> PostView:
    """The parent of a reply to id: for a boost, the boosted post."""
    post = posts.get(tx, call.account_id, id)
    return call.views.one(tx, call.account_id, post.boost_of_id or post.id)


async def _ask_audience(call: Call, reply_to_id: int, *, status: int = 200) -> Page:
    """The second step of a reply with a wider audience than its parent: a page that names who would see it."""
    parent = await call.read(_parent, call, reply_to_id)
    return _page(_choosing(call, await _typed(call), parent), reply_to=parent, status=status)


def _choosing(call: Call, draft: Typed, parent: PostView) -> Typed:
    """The form of the second step, with the audience that was chosen there."""
    kept = draft.visibility if audience.is_confirmed(call, parent.id, draft.visibility) else None
    draft = draft.answering(parent.visibility)
    return msgspec.structs.replace(
        draft, visibility=kept or draft.visibility, choices=audience.choices(call, parent.id, parent.visibility)
    )


async def _typed(call: Call, problem: Problem | None = None) -> Typed:
    draft_id = call.form.id("draft")
    pictures = await call.read(call.views.uploads, call.account_id, _kept(call.form), draft_id=draft_id)
    draft = typed.again(call.form, pictures, problem, return_to=call.return_to(""))
    draft = await call.read(drafts.opened_with, call, draft)
    if not (quote_id := call.form.id("quote")):
        return draft
    try:
        return msgspec.structs.replace(draft, quotes=await call.read(_parent, call, quote_id), quote_id=quote_id)
    except NotFound:
        return msgspec.structs.replace(draft, problem=QUOTED_GONE)


async def again(call: Call, problem: Problem) -> Page:
    """The form as it was sent. If the parent was deleted, the reply may become a post, with no wider audience."""
    draft = await _typed(call, problem)
    if not call.form.text("reply_to"):
        return _page(draft, status=problem.status)
    try:
        parent = await call.read(_parent, call, call.form.id("reply_to"))
    except NotFound:
        draft = draft.answering(typed.visibility(call.form, "ceiling", "direct"))
        return _page(msgspec.structs.replace(draft, problem=GONE), status=problem.status)
    choosing = bool(call.form.text("confirmed"))
    draft = _choosing(call, draft, parent) if choosing else draft.answering(parent.visibility)
    return _page(draft, reply_to=parent, status=problem.status)


async def edit_form(call: Call, handle: str, id: str) -> Page:
    return _page(await call.read(_as_posted, call, path_id(id)), edit=_edit_path(handle, id))


def _edit_path(handle: str, id: str) -> str:
    return f"/@{handle}/{path_id(id)}/edit"


def _as_posted(tx: Tx, call: Call, id: int) -> Typed:
    """The form for an edit. Raises NotFound: not a post of the author's."""
    post = posts.own(tx, call.account_id, id)
    return Typed(
        text=post.text,
        summary=post.summary,
        visibility=post.visibility,
        language=post.language,
        sensitive=bool(post.sensitive),
        pictures=call.views.uploads(tx, call.account_id, post.media, post_id=id),
        has_poll=bool(post.poll_id),
    )


async def edit(call: Call, handle: str, id: str) -> Go:
    await _upload(call)
    await call.write(_edit, call.account_id, path_id(id), call.form, call.site)
    return Go(f"/@{handle}/{path_id(id)}")


def _edit(tx: Tx, account_id: int, id: int, form: Fields, site: Site) -> Post:
    """Pictures stay unless the author removes them; so does the poll."""
    post = posts.own(tx, account_id, id)
    media_ids = tuple(dict.fromkeys([*(one for one in post.media if one not in form.ids("drop")), *_kept(form)]))
    wanted = Draft(
        text=form.text("text"),
        summary=form.text("summary"),
        sensitive=form.flag("sensitive"),
        language=form.text("language"),
        media_ids=media_ids,
        poll=polls.as_draft(tx, post.poll_id) if post.poll_id else None,
    )
    return posts.edit(
        tx,
        account_id,
        id,
        wanted,
        domain=site.domain,
        chars_max=site.post_chars_max,
        media_changes=_described(form, media_ids),
    )


async def edit_again(call: Call, problem: Problem, handle: str, id: str) -> Page:
    draft = await _typed(call, problem)
    try:
        before = await call.read(_as_posted, call, path_id(id))
    except NotFound:
        if not has_words(call.form):
            raise
        draft = msgspec.structs.replace(draft, problem=EDITED_GONE, visibility="direct")
        return _page(draft, status=problem.status)
    drop = call.form.ids("drop")
    shown = [one for one in before.pictures if one.id not in drop] + draft.pictures
    draft = typed.again(call.form, shown, problem)
    return _page(
        msgspec.structs.replace(draft, has_poll=before.has_poll), edit=_edit_path(handle, id), status=problem.status
    )
