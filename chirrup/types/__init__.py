"""The types of the product. They are frozen. Times are UTC ms (`_ms`), 0 means never; ids are integers.

The words are ours (CONTRIBUTING.md): post, boost, favourite. Mastodon's words are used in mastodon/ only.
"""

from enum import StrEnum

import msgspec

from ..ids import ms_of
from .access import ANYBODY as ANYBODY
from .access import App as App
from .access import Author as Author
from .access import Code as Code
from .access import OrgRole as OrgRole
from .access import Passkey as Passkey
from .access import Role as Role
from .access import SecondFactor as SecondFactor
from .access import Session as Session
from .access import Standing as Standing
from .access import Stranger as Stranger
from .access import Token as Token
from .access import User as User
from .access import Viewer as Viewer
from .acknowledgements import Ack as Ack
from .acknowledgements import AckRequest as AckRequest
from .acknowledgements import AckState as AckState
from .acknowledgements import Approval as Approval
from .acknowledgements import ApprovalState as ApprovalState
from .acknowledgements import Chain as Chain
from .acknowledgements import Decision as Decision
from .acknowledgements import Enough as Enough
from .acknowledgements import Rotation as Rotation
from .acknowledgements import Step as Step
from .acknowledgements import Who as Who
from .action_rules import ActionRule as ActionRule
from .action_rules import Outcome as Outcome
from .action_rules import RuleRun as RuleRun
from .action_rules import RuleState as RuleState
from .action_rules import RuleVersion as RuleVersion
from .actions import Delivery as Delivery
from .actions import DeliveryState as DeliveryState
from .actions import HookIn as HookIn
from .actions import HookOut as HookOut
from .actions import HookPayload as HookPayload
from .announcements import Announcement as Announcement
from .announcements import AnnouncementReactions as AnnouncementReactions
from .annual_reports import AnnualReport as AnnualReport
from .annual_reports import Month as Month
from .annual_reports import YearData as YearData
from .cards import Card as Card
from .cards import Link as Link
from .cards import LinkedPage as LinkedPage
from .collections import Collection as Collection
from .collections import CollectionItem as CollectionItem
from .compliance import AuditEntry as AuditEntry
from .compliance import AuditHead as AuditHead
from .compliance import Hold as Hold
from .compliance import HoldScope as HoldScope
from .compliance import Retention as Retention
from .compliance import RetentionClass as RetentionClass
from .compliance import RetentionRun as RetentionRun
from .emojis import Emoji as Emoji
from .lists import json_strings
from .mail import Digest as Digest
from .mail import MailIn as MailIn
from .mail import MailMode as MailMode
from .mail import MailPrefs as MailPrefs
from .mail import MailVerdict as MailVerdict
from .moderation import Ban as Ban
from .moderation import Report as Report
from .moderation import Strike as Strike
from .moving import Move as Move
from .notifications import ON_COLLECTIONS as ON_COLLECTIONS
from .notifications import Notification as Notification
from .notifications import NotificationGroup as NotificationGroup
from .notifications import NotificationKind as NotificationKind
from .notifications import NotificationPolicy as NotificationPolicy
from .notifications import NotificationRequest as NotificationRequest
from .notifications import PushPolicy as PushPolicy
from .notifications import PushSubscription as PushSubscription
from .notifications import Treatment as Treatment
from .organisations import Domain as Domain
from .organisations import Invite as Invite
from .organisations import Org as Org
from .organisations import OrgSettings as OrgSettings
from .organisations import RoomMakers as RoomMakers
from .organisations import Rule as Rule
from .organisations import RuleWords as RuleWords
from .organisations import SignUps as SignUps
from .organisations import SiteKind as SiteKind
from .portability import Archive as Archive
from .portability import Import as Import
from .portability import ImportRow as ImportRow
from .portability import ImportStage as ImportStage
from .portability import OrgExport as OrgExport
from .posts import POST_COLUMNS as POST_COLUMNS
from .posts import Draft as Draft
from .posts import KeptDraft as KeptDraft
from .posts import Media as Media
from .posts import MediaState as MediaState
from .posts import Mention as Mention
from .posts import Poll as Poll
from .posts import PollDraft as PollDraft
from .posts import PollOption as PollOption
from .posts import Post as Post
from .posts import PostCounts as PostCounts
from .posts import PostFlags as PostFlags
from .posts import PostVersion as PostVersion
from .posts import QuotePolicy as QuotePolicy
from .posts import QuoteState as QuoteState
from .posts import Visibility as Visibility
from .scim import ScimResource as ScimResource
from .scim import ScimToken as ScimToken
from .trends import LinkTrend as LinkTrend
from .trends import TrendKind as TrendKind
from .trends import Trends as Trends


class Struct(msgspec.Struct, frozen=True):
    pass


class Field(Struct, frozen=True):
    """One line of a profile's table."""

    name: str
    value: str


class Presentation(Struct, frozen=True, omit_defaults=True):
    """How a profile is shown, beside its texts and pictures."""

    avatar_description: str = ""  # for those who do not see it
    header_description: str = ""
    show_media: bool = True  # in a tab of their own
    show_media_replies: bool = True  # there too
    show_featured: bool = True
    attribution_domains: tuple[str, ...] = ()  # of web sites that may name the account as their author


class AccountKind(StrEnum):
    """A person; a room, whose followers are its members; a guest: a person who sees the rooms they are in, no more; a
    bot: of a hook, nobody logs in to it."""

    PERSON = ""
    ROOM = "room"
    GUEST = "guest"
    BOT = "bot"


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
    silenced_ms: int = 0  # since when only followers meet it where nobody asked for it; 0: it is not so
    sensitized_ms: int = 0  # since when all its posts are marked as sensitive; 0: it is not so
    presentation: str = ""  # JSON of Presentation; "": all as it is at first
    pending: int = 0  # 1: it waits until staff let it in; nobody else sees it
    moved_to_id: int = 0  # the account that its owner uses instead; 0: none
    kind: str = ""  # an AccountKind

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)

    @property
    def is_room(self) -> bool:
        return self.kind == AccountKind.ROOM

    @property
    def is_recommended(self) -> bool:
        """It may be recommended to strangers: it wants that, staff do not mind, and it has not moved."""
        return bool(self.discoverable) and not (self.silenced_ms or self.moved_to_id)

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
    silenced_ms: int = 0
    sensitized_ms: int = 0
    pending: int = 0
    media_epoch: int = 0  # another each time that somebody may see its posts for followers no more


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
    domain_blocking: bool = False  # the viewer blocks the domain of its server
    endorsed: bool = False
    note: str = ""


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
        return json_strings(self.contexts)


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


class Span(Struct, frozen=True):
    """A page of a list: at most `limit` ids with after < id < before, the newest ones, or (oldest) the oldest ones."""

    before: int
    after: int = 0
    limit: int = 20
    oldest: bool = False
