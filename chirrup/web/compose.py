"""Write, answer and edit posts."""

import msgspec

from ..access import limits
from ..config import Settings
from ..errors import ChirrupError, Invalid, NotFound
from ..ports import Tx
from ..social import media, polls, posts, uploads
from ..store import accounts
from ..store import polls as poll_rows
from ..types import Draft, PollDraft, Post, Visibility
from . import audience, problems
from .call import Call, Go, Page
from .forms import Fields, path_id
from .views import PostView

PICTURES = 4


class Typed(msgspec.Struct, frozen=True):
    """What the form shows: what its author typed before, or the author's defaults."""

    text: str = ""
    summary: str = ""
    visibility: str = "public"
    language: str = ""
    sensitive: bool = False
    options: list[str] = []
    problem: str = ""
    ceiling: str = "public"  # no wider audience is offered
    choices: list[audience.Choice] = []  # where a wider audience is asked about, instead

    @property
    def audiences(self) -> list[tuple[str, str]]:
        return audience.within(self.ceiling)

    def answering(self, visibility: str) -> "Typed":
        """The same, offering what is no wider than the post that it answers."""
        return msgspec.structs.replace(self, visibility=posts.narrower(self.visibility, visibility), ceiling=visibility)


def typed_by(tx: Tx, account_id: int) -> Typed:
    """An empty form with the defaults of its author."""
    user = accounts.user(tx, account_id)
    return Typed(visibility=user.post_visibility, language=user.post_language) if user else Typed()


def _typed(form: Fields, problem: str) -> Typed:
    return Typed(
        text=form.text("text"),
        summary=form.text("summary"),
        visibility=_visibility(form, "visibility"),
        language=form.text("language"),
        sensitive=form.flag("sensitive"),
        options=form.texts("option"),
        problem=problem,
    )


def _visibility(form: Fields, name: str, otherwise: str = "public") -> str:
    sent = form.text(name)
    return sent if sent in list(Visibility) else otherwise


async def form(call: Call) -> Page:
    """`?text=` fills the form, so that others can offer "say this" links."""
    defaults = await call.read(typed_by, call.account_id)
    draft = msgspec.structs.replace(defaults, text=call.query.text("text")[:5000])
    return Page("write.html", {"draft": draft, "reply_to": None, "edit": ""})


async def send(call: Call) -> Page | Go:
    """Publish, or show the form again with what is wrong; pictures have to be chosen again then."""
    reply_to_id = call.form.id("reply_to")
    if reply_to_id and call.form.flag("wider"):
        return await _ask_audience(call, reply_to_id)
    try:
        draft = await _draft(call, reply_to_id)
        post = await call.write(
            posts.publish,
            call.account_id,
            draft,
            domain=call.settings.domain,
            chars_max=call.settings.post_chars_max,
        )
    except posts.TooWide:
        return await _ask_audience(call, reply_to_id, status=422)
    except Invalid as error:
        parent = await call.read(_parent, call, reply_to_id) if reply_to_id else None
        return _again(call, error, reply_to=parent)
    except NotFound:
        if not reply_to_id:
            raise
        return _unanswerable(call)
    assert call.me
    return Go(f"/@{call.me.username}/{post.id}" if reply_to_id else call.return_to("/home"))


def _parent(tx: Tx, call: Call, id: int) -> PostView:
    """What a reply to id answers: behind a boost, what was boosted."""
    post = posts.get(tx, call.account_id, id)
    return call.views.one(tx, call.account_id, post.boost_of_id or post.id)


async def _ask_audience(call: Call, reply_to_id: int, *, status: int = 200) -> Page:
    """The second step of a reply that more people are to see than what it answers: who would that be?"""
    try:
        parent = await call.read(_parent, call, reply_to_id)
    except NotFound:
        return _unanswerable(call)
    draft = _choosing(call, _typed(call.form, ""), parent)
    return Page("write.html", {"draft": draft, "reply_to": parent, "edit": ""}, status=status)


def _choosing(call: Call, draft: Typed, parent: PostView) -> Typed:
    """The form of the second step; an audience that was chosen there stays so."""
    kept = draft.visibility if audience.is_confirmed(call, parent.id, draft.visibility) else None
    draft = draft.answering(parent.visibility)
    return msgspec.structs.replace(
        draft, visibility=kept or draft.visibility, choices=audience.choices(call, parent.id, parent.visibility)
    )


def _unanswerable(call: Call) -> Page:
    """What was answered has gone meanwhile, or is hidden: the words may stand alone, for no more people than before."""
    problem = "The post that you answer has gone, or is not for you to see any more. Your words can stand on their own."
    draft = _typed(call.form, problem).answering(_visibility(call.form, "ceiling", "direct"))
    return Page("write.html", {"draft": draft, "reply_to": None, "edit": ""}, status=404)


async def _draft(call: Call, reply_to_id: int) -> Draft:
    form = call.form
    options = [option for option in form.texts("option") if option.strip()]
    poll = PollDraft(options, form.id("open_for_s", 86400), form.flag("multiple")) if options else None
    return Draft(
        text=form.text("text"),
        summary=form.text("summary"),
        visibility=form.text("visibility"),
        sensitive=form.flag("sensitive") or None,
        language=form.text("language"),
        reply_to_id=reply_to_id,
        media_ids=tuple(await _pictures(call)),
        poll=poll,
        idempotency_key=form.text("key")[:64],
        within_parent=not audience.is_confirmed(call, reply_to_id, form.text("visibility")),
    )


async def _pictures(call: Call) -> list[int]:
    ids: list[int] = []
    for n in range(PICTURES):
        if data := call.form.file(f"picture{n}"):
            await call.throttle(limits.MEDIA, account=str(call.account_id))
            wanted = media.Change(description=call.form.text(f"description{n}"))
            bytes_max = call.settings.media_bytes_max
            ids.append((await uploads.add(call.engines, call.account_id, data, wanted, bytes_max=bytes_max)).id)
    return ids


def _again(call: Call, error: ChirrupError, *, reply_to: PostView | None = None, edit: str = "") -> Page:
    draft = _typed(call.form, problems.said(error))
    if reply_to and call.form.text("confirmed"):
        draft = _choosing(call, draft, reply_to)
    elif reply_to:
        draft = draft.answering(reply_to.visibility)
    return Page("write.html", {"draft": draft, "reply_to": reply_to, "edit": edit}, status=422)


async def edit_form(call: Call, handle: str, id: str) -> Page:
    post, draft = await call.read(_as_typed, call.account_id, path_id(id))
    return Page("write.html", {"draft": draft, "reply_to": None, "edit": f"/@{handle}/{post.id}/edit"})


def _as_typed(tx: Tx, account_id: int, id: int) -> tuple[Post, Typed]:
    post = posts.own(tx, account_id, id)
    return post, Typed(post.text, post.summary, post.visibility, post.language, bool(post.sensitive))


async def edit(call: Call, handle: str, id: str) -> Page | Go:
    form = call.form
    wanted = Draft(
        text=form.text("text"),
        summary=form.text("summary"),
        sensitive=form.flag("sensitive"),
        language=form.text("language"),
    )
    try:
        await call.write(_edit, call.account_id, path_id(id), wanted, call.settings)
    except Invalid as error:
        return _again(call, error, edit=call.path)
    return Go(f"/@{handle}/{id}")


def _edit(tx: Tx, account_id: int, id: int, wanted: Draft, settings: Settings) -> Post:
    """The form changes words only: pictures and poll stay."""
    post = posts.own(tx, account_id, id)
    poll = poll_rows.by_ids(tx, [post.poll_id]).get(post.poll_id) if post.poll_id else None
    kept = None
    if poll:
        options = polls.titles(tx, poll.id)
        kept = PollDraft(options, polls.EXPIRES_MIN_S, bool(poll.multiple), bool(poll.hide_totals))
    wanted = msgspec.structs.replace(wanted, media_ids=tuple(post.media), poll=kept)
    return posts.edit(tx, account_id, id, wanted, domain=settings.domain, chars_max=settings.post_chars_max)
