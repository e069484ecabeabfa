"""Which rows are an organisation's: the way from each table to it. For exports, which read all of them, and for the end
of an organisation (closing.py), when all of them are deleted.

Each table of the schema is in WAYS or in LEFT_OUT; a test holds that (tests/store/test_belonging.py).
"""

import re
from collections.abc import Collection

from ..ids import BETWEEN
from ..ports import Phrases, Tx
from . import tables

ORG, TEXT, ACCOUNT = "org", "text", "accounts"

# Table -> (the column, what it holds): the organisation's id; a text that begins with it (ids.text_key); or the id of a
# row of another table, in the same bucket.
WAYS: dict[str, tuple[str, str]] = {
    "orgs": ("id", ORG),
    **dict.fromkeys(("accounts", "users", "posts", "oauth_apps", "announcements", "emojis"), ("org_id", ORG)),
    **dict.fromkeys(("emoji_sets", "trends", "trend_decisions", "links", "cards", "reports"), ("org_id", ORG)),
    **dict.fromkeys(
        ("strikes", "bans", "moderation_log", "audit", "audit_heads", "org_roles", "rooms"), ("org_id", ORG)
    ),
    **dict.fromkeys(
        ("invites", "holds", "retention", "retention_runs", "account_identities", "directory_runs"), ("org_id", ORG)
    ),
    "rules": ("org_id", ORG),
    **dict.fromkeys(("rule_versions", "rule_runs"), ("rule_id", "rules")),
    **dict.fromkeys(("scim_resources", "ack_requests", "approvals", "chains", "rotations"), ("org_id", ORG)),
    "account_names": ("name", TEXT),
    "emails": ("email", TEXT),
    "identities": ("identity", TEXT),
    **dict.fromkeys(("tags", "tag_posts", "tag_days", "tag_day_accounts", "tag_followers"), ("tag", TEXT)),
    **dict.fromkeys(
        (
            *("account_counts", "account_notes", "endorsements", "collections", "collected_in", "suggestions_refused"),
            *("annual_reports", "featured_tags", "followed_tags", "aliases", "moves"),
            *("favourites", "boosts", "bookmarks", "pins", "thread_mutes", "listed_in"),
            *("filters", "filter_keywords", "filter_posts", "conversations", "markers", "drafts", "imported_posts"),
            *("notifications", "notification_policies", "notification_permissions", "notification_requests"),
            *("following", "followers", "follow_requests", "blocks", "blocked_by", "blocked_domains"),
            *("mutes", "muted_by", "member_rooms", "held_posts", "mail_prefs", "ack_waiting"),
        ),
        ("account_id", ACCOUNT),
    ),
    "lists": ("owner_id", ACCOUNT),
    "media": ("owner_id", ACCOUNT),
    "polls": ("author_id", ACCOUNT),
    **dict.fromkeys(("post_counts", "quotes", "post_versions", "favourited_by", "boosted_by"), ("post_id", "posts")),
    "thread_posts": ("root_id", "posts"),
    "poll_options": ("poll_id", "polls"),
    **dict.fromkeys(("poll_votes", "poll_voters"), ("poll_id", "polls")),
    **dict.fromkeys(("acks", "decisions"), ("post_id", "posts")),
    "room_roles": ("room_id", "rooms"),
    "room_posts": ("room_id", "rooms"),
    "room_mails": ("room_id", "rooms"),
    "list_members": ("list_id", "lists"),
    "collection_items": ("collection_id", "collections"),
    "announcement_reactions": ("announcement_id", "announcements"),
    "announcement_counts": ("announcement_id", "announcements"),
    "announcements_read": ("announcement_id", "announcements"),
    "ban_tries": ("ban_id", "bans"),
    "rule_posts": ("post_id", "posts"),
}

_ACCESS = "access ends with a move: people and apps log in anew"
_SHORT = "it is there for some days only"
_SERVER = "it is the server's, not the organisation's"
# Table -> why none of its rows go along.
LEFT_OUT: dict[str, str] = {
    "hosts": "the host is given where it is imported",
    "held": "it is made anew from holds",
    **dict.fromkeys(("tokens", "oauth_codes", "sessions", "one_time_tokens", "push_subscriptions"), _ACCESS),
    **dict.fromkeys(("scim_tokens", "hooks_in", "hook_payloads", "hook_keys"), _ACCESS),
    **dict.fromkeys(("hooks_out", "deliveries"), "their secrets are sealed with the secret of the server alone"),
    **dict.fromkeys(("domains", "org_domains"), "a domain is proved to one server: the other one wants a record, too"),
    "bounces": "the addresses are the same, but another server sends",
    "mail_in": _SHORT,
    "second_factors": "they work with the secret of the server alone: people set them up anew",
    "passkeys": "they are bound to the host: people make new ones",
    "idempotency": _SHORT,
    **dict.fromkeys(("imports", "import_rows", "archives", "org_exports"), _SHORT),
    **dict.fromkeys(("outbox", "outbox_failed"), "what was said is acted on where it was said"),
    "jobs": "those with a date, such as posts for later, are made anew; what is to be sent is sent where it was caused",
    **dict.fromkeys(("schema_version", "schema_steps", "loads", "workers", "lanes"), _SERVER),
    **dict.fromkeys(("missed_pushes", "behind"), _SERVER),
    **dict.fromkeys(("post_words", "account_words"), "the search index is made anew"),
}

# (table, column, parent) of rows that are deleted with those of the parent: what does not go along, and ways that are
# shorter than those of WAYS.
ALSO: tuple[tuple[str, str, str], ...] = (
    *((name, "account_id", ACCOUNT) for name in ("users", "account_identities", "tokens", "oauth_codes", "sessions")),
    *((name, "account_id", ACCOUNT) for name in ("one_time_tokens", "push_subscriptions", "second_factors")),
    *((name, "account_id", ACCOUNT) for name in ("passkeys", "idempotency", "imports", "archives")),
    *((name, "account_id", ACCOUNT) for name in ("bounces", "mail_in")),
    ("rooms", "id", ACCOUNT),
    ("import_rows", "import_id", "imports"),
    ("tokens", "app_id", "oauth_apps"),  # of apps for themselves
    ("one_time_tokens", "account_id", "orgs"),  # of the first run
)
# Tables of what does not go along, with the organisation's id.
OF_ORG = (
    *("domains", "org_domains", "scim_tokens", "org_exports", "hosts"),
    *("hooks_in", "hook_payloads", "hook_keys", "hooks_out", "deliveries"),
)

# Column -> what it holds where it is imported, unless the export is told to have it.
PASSWORDS = {("users", "password_hash"): ""}
# The same, whatever the export is told.
BLANK = {("invites", "hash"): ""}

# Columns with the keys of files, alone or within a text that no person has written.
FILES: dict[str, tuple[str, ...]] = {
    "media": ("key", "preview_key"),
    "accounts": ("avatar", "avatar_static", "header"),
    "emojis": ("key", "still_key"),
    "cards": ("image_key",),
    "orgs": ("settings",),
}
# The same, of files that do not go along.
OTHER_FILES = {"imports": ("file_key",), "archives": ("key",), "org_exports": ("key",)}
FILE_KEY = re.compile(r"\b[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28,64}\.[a-z0-9]+\b")  # as engines/blobs/keys.py checks it

# Columns of keys that begin with the organisation's id (ids.text_key), beside those of TEXT.
KEYED = {("featured_tags", "tag"), ("followed_tags", "tag"), ("links", "link"), ("cards", "link"), ("posts", "link")}

# Columns of texts with ids in them, which no person has written.
TEXTS_WITH_IDS: dict[str, tuple[str, ...]] = {
    "posts": ("mentions", "media_ids"),
    "post_versions": ("media_ids",),
    "thread_posts": ("audience",),
    "drafts": ("body",),
    "conversations": ("participants",),
    "notifications": ("sample",),
    "reports": ("post_ids", "collection_ids"),
    "strikes": ("post_ids",),
    "trends": ("posts", "links"),
    "trend_decisions": ("subject",),
    "directory_runs": ("gone_ids",),
    "account_identities": ("rooms",),
    "invites": ("rooms",),
    "rules": ("names",),
    "rule_runs": ("event", "made"),
    "chains": ("steps",),
    "rotations": ("people",),
}


# Tables of accounts' rows without an index by account: each is read once, not once for each account.
WITHOUT_INDEX = {"media", "polls"}


def prefix(org_id: int) -> str:
    """How every text_key() of the organisation begins."""
    return f"{BETWEEN}{org_id}{BETWEEN}"


def rows(name: str, sql: Phrases) -> str:
    """The query for all rows of the table that are of the organisation :org, whose texts begin with :prefix."""
    table = tables.every()[name]
    found = f"SELECT {', '.join(f't0.{column}' for column in table.columns)} FROM {name} AS t0"
    column, holds = WAYS[name]
    if name in WITHOUT_INDEX:
        return f"{found} WHERE t0.{column} IN (SELECT id FROM {holds} WHERE org_id = :org)"
    at = 0
    while holds not in (ORG, TEXT):
        found += f" JOIN {holds} AS t{at + 1} ON t{at + 1}.bucket = t{at}.bucket AND t{at + 1}.id = t{at}.{column}"
        at += 1
        column, holds = WAYS[holds]
    if holds == TEXT:
        return f"{found} WHERE {sql.begins(f't{at}.{column}', 'prefix')}"
    return f"{found} WHERE t{at}.{column} = :org"


def jobs(sql: Phrases) -> str:
    """The query for the jobs of these :kinds, of all organisations: only their payloads say whose they are."""
    return f"""SELECT bucket, kind, key, payload, order_name, due_ms FROM jobs
               WHERE {sql.is_in("kind", "kinds")} ORDER BY id"""


def ids_taken(tx: Tx, name: str, ids: Collection[int]) -> list[int]:
    """Those of ids that rows of this table have."""
    return [id for (id,) in tx.all(f"SELECT id FROM {name} WHERE {tx.sql.ids_in('id', 'ids')}", ids=ids)]


def order() -> list[str]:
    """The tables that go along: each after those that its rows belong to an organisation by."""
    return sorted(WAYS, key=_steps)  # stable: else in the order of WAYS


def _steps(name: str) -> int:
    holds = WAYS[name][1]
    return 0 if holds in (ORG, TEXT) else 1 + _steps(holds)
