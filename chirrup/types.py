"""The types of the product. They are frozen. Times are UTC ms (`_ms`), 0 means never; ids are integers.

The words are ours (CONTRIBUTING.md): post, boost, favourite. Mastodon's words are used in mastodon/ only.
"""

from enum import StrEnum

import msgspec

from .ids import ms_of


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


class Role(StrEnum):
    USER = ""
    ADMIN = "admin"


class Struct(msgspec.Struct, frozen=True):
    pass


class Field(Struct, frozen=True):
    """One line of a profile's table."""

    name: str
    value: str


class Account(Struct, frozen=True):
    """A public actor with a @handle. Its columns in the table `accounts`, in this order."""

    id: int
    username: str
    display_name: str
    note: str  # plain text
    fields: str  # JSON list of Field
    avatar: str  # blob key, "" for none
    avatar_static: str
    header: str
    locked: int  # 1: follows need approval
    bot: int
    discoverable: int
    hide_network: int  # 1: followers and followees are shown only to its owner
    indexable: int  # 1: everybody may find its public posts by search
    changed_ms: int
    suspended_ms: int
    org_id: int = 0  # the organisation it belongs to for life; 0: the server's own network
    host: str = ""  # of the account's server; "": this one
    uri: str = ""  # its ActivityPub id; "": made from our address

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)

    @property
    def acct(self) -> str:
        """Its handle here: name, or name@host."""
        return f"{self.username}@{self.host}" if self.host else self.username


class AccountState(Struct, frozen=True):
    """The parts of an account that change often. Small, because it is read with every post that is shown."""

    id: int
    changed_ms: int  # of the rest of the row
    suspended_ms: int
    indexable: int
    followers: int
    followees: int
    posts: int
    last_post_ms: int
    org_id: int = 0
    filters_version: int = 0  # of its filters: another after each change; 0: it has none


class User(Struct, frozen=True):
    """Who logs in to an account. Columns of `users`."""

    account_id: int
    email: str
    password_hash: str
    role: str
    confirmed_ms: int
    approved: int
    disabled: int
    locale: str
    post_visibility: str
    post_sensitive: int
    post_language: str
    org_id: int = 0  # the account's
    quote_policy: str = QuotePolicy.PUBLIC  # of new posts


class Mention(Struct, frozen=True, array_like=True):
    account_id: int
    username: str


class Post(Struct, frozen=True):
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
    def tag_names(self) -> list[str]:
        return _strings(self.tags) if self.tags != "[]" else []

    @property
    def media(self) -> list[int]:
        return _ints(self.media_ids) if self.media_ids != "[]" else []


_mentions = msgspec.json.Decoder(list[Mention]).decode
_strings = msgspec.json.Decoder(list[str]).decode
_ints = msgspec.json.Decoder(list[int]).decode


class PostCounts(Struct, frozen=True):
    post_id: int
    replies: int = 0
    boosts: int = 0
    favourites: int = 0
    quotes: int = 0


class PostFlags(Struct, frozen=True):
    """A viewer's marks of a post."""

    favourited: bool = False
    boosted: bool = False
    bookmarked: bool = False
    pinned: bool = False
    muted: bool = False  # the thread


class PostVersion(Struct, frozen=True):
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
        return _ints(self.media_ids)

    @property
    def described(self) -> dict[int, str]:
        """media id -> its description in this version."""
        return dict(zip(self.media, _strings(self.descriptions), strict=False))


class PollDraft(Struct, frozen=True):
    options: list[str]
    expires_in_s: int
    multiple: bool = False
    hide_totals: bool = False


class Draft(Struct, frozen=True):
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


class KeptDraft(Struct, frozen=True):
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


class Relationship(Struct, frozen=True):
    """The viewer's relationship to the account `id`."""

    id: int
    following: bool = False
    show_boosts: bool = False
    notify: bool = False
    languages: tuple[str, ...] = ()
    followed_by: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: bool = False
    muting_notifications: bool = False
    mute_expires_ms: int = 0
    requested: bool = False
    requested_by: bool = False
    endorsed: bool = False
    note: str = ""


class NotificationKind(StrEnum):
    MENTION = "mention"
    BOOST = "reblog"
    FAVOURITE = "favourite"
    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow_request"
    POLL = "poll"
    POST = "status"  # by a followee, if the viewer wants notifications of its posts
    EDIT = "update"  # of a post that the viewer boosted
    QUOTE = "quote"  # of a post of the viewer's
    QUOTED_EDIT = "quoted_update"  # of a post the viewer quoted; it shows the viewer's post


class Notification(Struct, frozen=True):
    """Columns of `notifications`, without those of groups."""

    id: int
    account_id: int
    kind: str
    from_id: int
    post_id: int
    group_id: int = 0  # the id that the first of its group had; 0: it stands alone


class NotificationGroup(Struct, frozen=True):
    """Notifications that are told as one, or one that stands alone: its newest, as its row tells of all of them."""

    newest: Notification
    members: int = 1
    sample: tuple[int, ...] = ()  # who caused the last of them, the newest first


class Treatment(StrEnum):
    """What happens to a notification: it is told, held until the recipient asks for it, or never made."""

    ACCEPT = "accept"
    FILTER = "filter"
    DROP = "drop"


class NotificationPolicy(Struct, frozen=True):
    """What an account wants to be told, by who caused it. As it is here for whoever never changed it."""

    not_following: Treatment = Treatment.ACCEPT  # accounts that it does not follow
    not_followers: Treatment = Treatment.ACCEPT  # accounts that do not follow it
    new_accounts: Treatment = Treatment.ACCEPT
    private_mentions: Treatment = Treatment.ACCEPT  # direct posts of accounts that it neither follows nor wrote to
    limited_accounts: Treatment = Treatment.FILTER  # by a moderator
    bots: Treatment = Treatment.ACCEPT


class NotificationRequest(Struct, frozen=True):
    """What is held of one account. Columns of `notification_requests`."""

    id: int
    account_id: int
    from_id: int
    notifications: int  # how many are held
    last_post_id: int  # 0: none of them is about a post
    changed_ms: int
    accepted: int  # 1: they are being merged

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)


class PushPolicy(StrEnum):
    """Whose notifications an app wants pushed."""

    ALL = "all"
    FOLLOWED = "followed"
    FOLLOWER = "follower"
    NONE = "none"


class PushSubscription(Struct, frozen=True):
    """Where an app wants notifications pushed. Columns of `push_subscriptions`."""

    id: int
    account_id: int
    token_id: str
    endpoint: str
    key: str  # the app's public key, base64 without padding
    secret: str  # the app's, base64 without padding
    standard: int  # 1: by RFC 8291; 0: by its draft
    alerts: str  # JSON list of the kinds that it wants
    policy: str
    access_token: str  # sealed: only a worker that sends it opens it
    base_url: str  # of the site where the app is logged in

    @property
    def kinds(self) -> list[str]:
        return _strings(self.alerts)


class Media(Struct, frozen=True):
    """Columns of `media`."""

    id: int
    owner_id: int
    post_id: int  # 0 until a post shows it
    kind: str  # "image", "gifv"
    content_type: str
    key: str  # blob key of the large file
    preview_key: str
    blurhash: str
    meta: str  # JSON, in Mastodon's form
    description: str
    size_bytes: int
    released_ms: int = 0  # when its post was deleted, or a draft let it go: from then on a post may take it; 0: never
    draft_id: int = 0  # the draft that it is kept for

    @property
    def shown_by(self) -> int:
        """The post that shows it; 0: none does."""
        return 0 if self.released_ms else max(0, self.post_id)  # below 0: released by a program of before


class Poll(Struct, frozen=True):
    """Columns of `polls`; options with their votes are rows of poll_options."""

    id: int
    post_id: int
    author_id: int
    expires_ms: int
    multiple: int
    hide_totals: int
    voters: int
    open_for_s: int  # the duration that its author chose; 0 in rows from before 0.1.0


class PollOption(Struct, frozen=True):
    poll_id: int
    position: int
    title: str
    votes: int


class PostList(Struct, frozen=True):
    """A named choice of accounts whose posts are read together. Columns of `lists`."""

    id: int
    owner_id: int
    title: str
    replies: str  # "followed", "list", "none": shown are replies to followees, to members, none
    exclusive: int  # 1: members' posts are not in the home timeline


class FilterAction(StrEnum):
    """What is done with a post that a filter matches: a warning instead of it, nothing of it, or a warning instead of
    its pictures and films.
    """

    WARN = "warn"
    HIDE = "hide"
    BLUR = "blur"


class Filter(Struct, frozen=True):
    """What its owner does not want to read, and where. Columns of `filters`."""

    id: int
    account_id: int
    title: str
    contexts: str  # JSON list of where it applies: social/filters.CONTEXTS
    action: str  # a FilterAction
    expires_ms: int  # from then on it does not apply; 0: never

    @property
    def places(self) -> list[str]:
        return _strings(self.contexts)


class FilterKeyword(Struct, frozen=True):
    """Columns of `filter_keywords`."""

    id: int
    account_id: int
    filter_id: int
    keyword: str
    whole_word: int  # 1: not as a part of a longer word


class FilterPost(Struct, frozen=True):
    """A post that a filter matches whatever is said in it. Columns of `filter_posts`."""

    id: int
    account_id: int
    filter_id: int
    post_id: int


class Conversation(Struct, frozen=True):
    """A thread of direct posts as one participant sees it. Columns of `conversations`."""

    id: int
    account_id: int
    root_id: int
    last_post_id: int
    unread: int
    participants: str  # JSON list of account ids, without the owner


class Marker(Struct, frozen=True):
    timeline: str
    last_read_id: int
    version: int
    changed_ms: int


class Tag(Struct, frozen=True):
    """A hashtag that was used in public, followed or featured. Columns of `tags`."""

    tag: str  # the normal form in its organisation (ids.text_key)
    name: str  # as first written
    id: int


class FeaturedTag(Struct, frozen=True):
    """A hashtag on its owner's profile. Columns of `featured_tags`."""

    id: int
    account_id: int
    tag: str
    name: str
    posts: int  # public posts with it
    last_post_ms: int


class TagUse(Struct, frozen=True):
    """Uses of a hashtag on one UTC day (days since 1970)."""

    day: int
    uses: int
    accounts: int


class Org(Struct, frozen=True):
    """An organisation. Columns of `orgs`."""

    id: int
    name: str  # for commands
    title: str
    host: str  # of its site: the part after the second @ of its people's full handles
    closed: int  # 1: nothing is shown without a login


class App(Struct, frozen=True):
    """An OAuth client. Columns of `oauth_apps`."""

    id: int
    client_id: str
    secret_hash: str
    name: str
    website: str
    redirect_uris: str  # one a line
    scopes: str
    created_ms: int
    org_id: int = 0  # of the site where it was registered, and may be used


class Token(Struct, frozen=True):
    """An access token without its secret. Columns of `tokens`."""

    id: str  # hash of the token string, hex
    account_id: int  # 0: the app itself
    app_id: int
    scopes: str
    created_ms: int


class Code(Struct, frozen=True):
    """An authorization code without its secret. Columns of `oauth_codes`."""

    id: str  # hash of the code, hex
    account_id: int
    app_id: int
    scopes: str
    redirect_uri: str
    challenge: str  # PKCE S256, "" for none
    expires_ms: int
    used_ms: int
    token_id: str  # what it was exchanged for, "" for nothing


class Session(Struct, frozen=True):
    """A browser that is logged in to the built-in pages. Columns of `sessions`."""

    id: str  # hash of the cookie, hex
    account_id: int
    created_ms: int
    seen_ms: int
    expires_ms: int
    user_agent: str


class Standing(Struct, frozen=True):
    """Whether the holder of a token or session may act at all. From `users` and `accounts`."""

    role: str
    confirmed_ms: int
    approved: int
    disabled: int
    suspended_ms: int
    org_id: int = 0
    filters_version: int = 0


class Stranger(int):
    """The viewer_id without a login: 0. It has the organisation of the site, which an account's row says otherwise."""

    org_id: int

    def __new__(cls, org_id: int) -> "Stranger":
        made = super().__new__(cls, 0)
        made.org_id = org_id
        return made


class Viewer(Struct, frozen=True):
    """Who makes a request, and what the token allows. account_id 0: no account."""

    account_id: int = 0
    scopes: frozenset[str] = frozenset()  # with all that they include
    app_id: int = 0  # 0: a browser's session
    token_id: str = ""  # of the token or session
    role: str = ""
    org_id: int = 0  # of the site
    has_filters: bool = False  # when the token was looked up


ANYBODY = Viewer()


class ModerationEntry(Struct, frozen=True):
    """An entry in an account's log: what an administrator did to it."""

    id: int
    actor_id: int
    action: str  # of social/moderation.ACTIONS
    words: str  # why


class Span(Struct, frozen=True):
    """A page of a list: at most `limit` ids with after < id < before, the newest ones, or (oldest) the oldest ones."""

    before: int
    after: int = 0
    limit: int = 20
    oldest: bool = False
