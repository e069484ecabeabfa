"""Posts: what is said, its versions, and what it is before it is published."""

from enum import StrEnum

import msgspec

from ..ids import ms_of
from .lists import json_ints, json_strings


class Visibility(StrEnum):
    """Who may see a post: everybody; everybody, but not in public timelines; followers; mentioned accounts."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    FOLLOWERS = "private"
    DIRECT = "direct"


class QuotePolicy(StrEnum):
    """Who may quote a post, beside its author."""

    PUBLIC = "public"
    FOLLOWERS = "followers"
    NOBODY = "nobody"


class QuoteState(StrEnum):
    """What a viewer is shown of what a post quotes: it itself in ACCEPTED, BLOCKED and MUTED only."""

    ACCEPTED = "accepted"
    REVOKED = "revoked"  # by its author
    DELETED = "deleted"
    HIDDEN = "unauthorized"
    BLOCKED = "blocked_account"  # the viewer blocks its author
    MUTED = "muted_account"


_FOR_ALL, _BY_FOLLOWERS = (Visibility.PUBLIC, Visibility.UNLISTED), QuotePolicy.FOLLOWERS


class Mention(msgspec.Struct, frozen=True, array_like=True):
    account_id: int
    username: str


class Post(msgspec.Struct, frozen=True):
    """A post, or (boost_of_id) a boost. Columns of `posts`."""

    id: int
    author_id: int
    boost_of_id: int
    reply_to_id: int
    reply_to_author_id: int
    root_id: int  # first post of the thread; its own id when it starts one
    visibility: str
    text: str
    summary: str  # content warning, "" for none
    sensitive: int
    language: str
    app_id: int
    mentions: str  # JSON list of Mention
    tags: str  # JSON list of hashtags as written, without "#"
    media_ids: str  # JSON list of media ids, in order
    poll_id: int
    changed_ms: int  # of all that renderings show, so also of media descriptions
    edited_ms: int
    deleted_ms: int
    org_id: int = 0  # its author's
    quote_of_id: int = 0  # what it quotes
    quote_revoked_ms: int = 0  # when the author of that took it back
    quote_policy: str = ""  # who may quote it: QuotePolicy; "" for those of before, which nobody else may
    link: str = ""  # the key of the page that it links first: social/links.py; "": none
    card_id: int = 0  # what is shown of that page; 0: nothing, or nothing yet
    audience_id: int = 0  # the room whose members it is for; 0: it is in no room
    plain: bool = False  # no column: found out when it is made

    def __post_init__(self) -> None:
        """plain: words and files for everybody, which name no post, poll, page, room or account but their author's.

        Many posts are. Whoever shows a page asks them this in place of ten other things: 5 % of a home timeline.
        """
        names = self.boost_of_id or self.reply_to_id or self.quote_of_id or self.poll_id or self.card_id
        names = names or self.audience_id or self.mentions != "[]"
        plain = not names and self.visibility in _FOR_ALL and self.quote_policy != _BY_FOLLOWERS
        msgspec.structs.force_setattr(self, "plain", plain)

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)

    @property
    def mentioned(self) -> list[Mention]:
        return _mentions(self.mentions) if self.mentions != "[]" else []

    @property
    def addressed(self) -> set[int]:
        """The accounts that it replies to or mentions."""
        mentioned = {one.account_id for one in self.mentioned} if self.mentions != "[]" else set[int]()
        return mentioned | {self.reply_to_author_id} if self.reply_to_author_id else mentioned

    @property
    def answers(self) -> int:
        """The account that this replies to; 0: no reply, or a reply to its own author."""
        return self.reply_to_author_id if self.reply_to_author_id != self.author_id else 0

    @property
    def sources(self) -> tuple[int, ...]:
        """The accounts whose followers get it: its author; its room; both, if others than the room may see it."""
        if not self.audience_id:
            return (self.author_id,)
        closed = self.visibility == Visibility.FOLLOWERS
        return (self.audience_id,) if closed else (self.audience_id, self.author_id)

    @property
    def tag_names(self) -> list[str]:
        return json_strings(self.tags) if self.tags != "[]" else []

    @property
    def media(self) -> list[int]:
        return json_ints(self.media_ids) if self.media_ids != "[]" else []


POST_COLUMNS = tuple(name for name in Post.__struct_fields__ if name != "plain")

_mentions = msgspec.json.Decoder(list[Mention]).decode


class PostCounts(msgspec.Struct, frozen=True):
    post_id: int
    replies: int = 0
    boosts: int = 0
    favourites: int = 0
    quotes: int = 0


class PostFlags(msgspec.Struct, frozen=True):
    """A viewer's marks of a post."""

    favourited: bool = False
    boosted: bool = False
    bookmarked: bool = False
    pinned: bool = False
    muted: bool = False  # the thread


class PostVersion(msgspec.Struct, frozen=True):
    """One version of an edited post."""

    post_id: int
    at_ms: int
    text: str
    summary: str
    sensitive: int
    media_ids: str
    poll_options: str  # JSON list of titles, "[]" for none
    descriptions: str  # JSON list, of the media in their order; "[]" in rows from before 0.1.0

    @property
    def media(self) -> list[int]:
        return json_ints(self.media_ids)

    @property
    def described(self) -> dict[int, str]:
        """media id -> its description in this version."""
        return dict(zip(self.media, json_strings(self.descriptions), strict=False))


class PollDraft(msgspec.Struct, frozen=True):
    options: list[str]
    expires_in_s: int
    multiple: bool = False
    hide_totals: bool = False


class Draft(msgspec.Struct, frozen=True):
    """A post as its author wants it, before any checks."""

    text: str = ""
    summary: str = ""
    visibility: str = ""  # "": the author's default
    sensitive: bool | None = None
    language: str = ""
    reply_to_id: int = 0
    media_ids: tuple[int, ...] = ()
    poll: PollDraft | None = None
    app_id: int = 0
    allowed_mentions: tuple[int, ...] | None = None
    idempotency_key: str = ""
    quote_of_id: int = 0
    quote_policy: str = ""  # "": the author's default
    within_parent: bool = False  # refuse a reply with a wider audience than its parent's
    room_id: int = 0  # the room that it is in, though its text names none
    names_nobody: bool = False  # whatever stands in its text: what a program wrote notifies nobody by accident


class KeptDraft(msgspec.Struct, frozen=True):
    """A post that its author has not published yet. Columns of `drafts`."""

    id: int
    account_id: int
    body: str  # JSON of Draft
    due_ms: int  # when it is to be published; 0: when its author says so
    version: int  # counts its changes, from 1 on
    changed_ms: int
    problem: str  # why it could not be published when it was due; "": it was not tried

    @property
    def draft(self) -> Draft:
        return _draft(self.body)


_draft = msgspec.json.Decoder(Draft).decode


class MediaState(StrEnum):
    READY = "ready"
    PROCESSING = "processing"  # a film or a sound that a job writes anew
    FAILED = "failed"  # that cannot be shown
    HELD = "held"  # of a deleted post that is kept out of sight


class Media(msgspec.Struct, frozen=True):
    """Columns of `media`."""

    id: int
    owner_id: int
    post_id: int  # 0 until a post shows it
    kind: str  # "image", "gifv", "video", "audio"
    content_type: str
    key: str  # blob key of the large file; while it is processed, of what was uploaded, which nobody is given
    preview_key: str  # "": it has no preview
    blurhash: str
    meta: str  # JSON, in Mastodon's form
    description: str
    size_bytes: int
    released_ms: int = 0  # when its post was deleted, or a draft let it go: from then on a post may take it; 0: never
    draft_id: int = 0  # the draft that it is kept for
    state: str = MediaState.READY
    problem: str = ""  # why it failed: JSON of errors.as_dict()

    @property
    def shown_by(self) -> int:
        """The post that shows it; 0: none does."""
        return 0 if self.released_ms else max(0, self.post_id)  # below 0: released by a program of before


class Poll(msgspec.Struct, frozen=True):
    """Columns of `polls`; options with their votes are rows of poll_options."""

    id: int
    post_id: int
    author_id: int
    expires_ms: int
    multiple: int
    hide_totals: int
    voters: int
    open_for_s: int  # the duration that its author chose; 0 in rows from before 0.1.0
    limited: int = 0  # 1: only those in poll_voters vote


class PollOption(msgspec.Struct, frozen=True):
    poll_id: int
    position: int
    title: str
    votes: int
