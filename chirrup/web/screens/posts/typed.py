"""The values in the form of a post: what the author typed before, or the author's defaults."""

import msgspec

from ....ports import Tx
from ....social import accounts, composing, polls
from ....types import QuotePolicy, Visibility
from ...forms import Fields
from ...pages import OPEN_FOR
from ...problems import Problem
from ...views import MediaView, PostView
from . import audience

SENT_BEFORE = "You have sent this form before, with something else in it. Send it again if this is to be another post."
PICTURES_MAX = composing.MEDIA_MAX


class Typed(msgspec.Struct, frozen=True):
    text: str = ""
    summary: str = ""
    visibility: str = "public"
    language: str = ""
    sensitive: bool = False
    pictures: list[MediaView] = []  # uploaded already
    descriptions: list[str] = []  # of pictures that must be chosen again
    options: list[str] = []
    multiple: bool = False
    open_for_s: int = 86400
    has_poll: bool = False  # the edited post has a poll, which stays as it is
    key: str = ""  # idempotency key; "": this form was not sent before
    return_to: str = ""
    problem: str = ""
    ceiling: str = "public"  # the widest audience that the form offers
    quotes: PostView | None = None  # the post that this one quotes
    quote_policy: str = QuotePolicy.PUBLIC
    quote_id: int = 0  # its id, which is sent again also when it cannot be shown
    draft_id: int = 0  # the draft, or scheduled post, that was opened
    version: int = 0  # of it
    at: str = ""  # when it is to be posted, as <input type=datetime-local> has it
    at_zone: str | None = None  # of that, in minutes behind UTC, as it was sent; None: at is in UTC
    choices: list[audience.Choice] = []  # of the second step, which asks about a wider audience

    @property
    def audiences(self) -> list[tuple[str, str]]:
        return audience.within(self.ceiling)

    @property
    def quote_policies(self) -> list[tuple[QuotePolicy, str]]:
        return audience.QUOTE_POLICIES

    @property
    def parent_is_for(self) -> str:
        return audience.of_parent(self.ceiling)

    @property
    def slots(self) -> int:
        """How many more pictures may be added."""
        return PICTURES_MAX - len(self.pictures)

    @property
    def options_shown(self) -> list[str]:
        return self.options + [""] * (polls.OPTIONS_MAX - len(self.options))

    @property
    def has_options(self) -> bool:
        return any(self.options)

    @property
    def has_pictures(self) -> bool:
        return bool(self.pictures or any(self.descriptions))

    def answering(self, visibility: str) -> "Typed":
        """The same form, offering audiences no wider than visibility, the parent's."""
        return msgspec.structs.replace(
            self, visibility=composing.narrower(self.visibility, visibility), ceiling=visibility
        )


def empty(tx: Tx, account_id: int) -> Typed:
    """A form with the author's defaults."""
    user = accounts.user(tx, account_id)
    return Typed(
        visibility=user.post_visibility,
        language=user.post_language,
        sensitive=bool(user.post_sensitive),
        quote_policy=user.quote_policy,
    )


def again(form: Fields, pictures: list[MediaView], problem: Problem | None = None, *, return_to: str = "") -> Typed:
    """The form as it was sent. pictures: those that are uploaded."""
    was_sent = problem is not None and "Idempotency-Key" in problem.fields
    open_for = form.text("open_for_s")
    changed = [
        msgspec.structs.replace(one, description=form.text(f"about{one.id}") or one.description) for one in pictures
    ]
    return Typed(
        text=form.text("text"),
        summary=form.text("summary"),
        visibility=visibility(form, "visibility"),
        language=form.text("language"),
        sensitive=form.flag("sensitive"),
        pictures=changed[:PICTURES_MAX],
        descriptions=[words for n in range(PICTURES_MAX) if (words := form.text(f"description{n}"))],
        options=form.texts("option"),
        multiple=form.flag("multiple"),
        open_for_s=int(open_for) if open_for in [str(s) for s, _ in OPEN_FOR] else Typed().open_for_s,
        key="" if was_sent else form.text("key")[:64],
        return_to=return_to,
        quote_policy=form.text("quote_policy")[:20],
        draft_id=form.id("draft"),
        version=form.id("version"),
        at=form.text("at")[:40],
        at_zone=form.text("at_zone")[:8],
        problem=SENT_BEFORE if was_sent else problem.message if problem else "",
    )


def visibility(form: Fields, name: str, otherwise: str = "public") -> str:
    sent = form.text(name)
    return sent if sent in list(Visibility) else otherwise
