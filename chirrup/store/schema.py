"""Every table, for SQLite, PostgreSQL and Citus. Rules and reasons: docs/decisions/0001-ids-and-buckets.md.

- `bucket` (0..4095) is in every table, every key and every join; it is the low 12 bits of the row's main id.
- Types are INTEGER, BIGINT, TEXT. Times are BIGINT ms since 1970, flags INTEGER 0/1, lists and objects TEXT with JSON.
- A relation that is read from both ends is two tables, one in each end's bucket, written in one transaction.
- A key begins with the column that is looked up by lists, then bucket: with (bucket, id), each pair would be a look-up.
- `id` in a relation rises with time: lists of followers, favourites, blocks … page by it.
- An account belongs to one organisation for life (`org_id`, 0: the server's own network). Keys for look-ups by words
  or in public begin with it: as a column, or in the text (ids.text_key) where the key is a text: a name, an e-mail
  address, a tag, a search word. Why: docs/decisions/0036-organisations-in-keys.md.
- `following` and `followers` are by far the largest. Each has one index, columns in an order without gaps, small flags,
  and NULL for all languages: 96 bytes a row on PostgreSQL, 37 on SQLite (docs/decisions/0016-a-million-accounts.md).
"""

# Table -> where its bucket comes from. "reference": a small table without buckets, with a full copy on every node.
TABLES = {
    "schema_version": "reference",
    "schema_steps": "reference",
    "oauth_apps": "reference",
    "loads": "reference",
    "orgs": "id",
    "hosts": "crc32(host)",
    "accounts": "id",
    "account_names": "crc32(name)",
    "emails": "crc32(email)",
    "users": "account_id",
    "account_counts": "account_id",
    "account_notes": "account_id",
    "endorsements": "account_id",
    "suggestions_refused": "account_id",
    "moderation_log": "target_id",
    "reports": "id (the target's)",
    "strikes": "id (the target's)",
    "bans": "crc32(organisation and kind)",
    "ban_tries": "ban_id",
    "posts": "id (the author's)",
    "post_counts": "post_id",
    "quotes": "post_id",
    "post_versions": "post_id",
    "thread_posts": "root_id",
    "drafts": "id (the author's)",
    "idempotency": "account_id",
    "following": "account_id",
    "followers": "account_id",
    "follow_requests": "account_id",
    "blocks": "account_id",
    "blocked_by": "account_id",
    "blocked_domains": "account_id",
    "mutes": "account_id",
    "muted_by": "account_id",
    "favourites": "account_id",
    "favourited_by": "post_id",
    "boosts": "account_id",
    "boosted_by": "post_id",
    "bookmarks": "account_id",
    "pins": "account_id",
    "thread_mutes": "account_id",
    "tags": "crc32(tag)",
    "tag_posts": "crc32(tag)",
    "tag_days": "crc32(tag)",
    "tag_day_accounts": "crc32(tag)",
    "tag_followers": "crc32(tag)",
    "trends": "org_id",
    "followed_tags": "account_id",
    "featured_tags": "account_id",
    "lists": "id (the owner's)",
    "list_members": "list_id",
    "listed_in": "account_id",
    "filters": "account_id",
    "filter_keywords": "account_id",
    "filter_posts": "account_id",
    "notifications": "id (the recipient's)",
    "notification_policies": "account_id",
    "notification_permissions": "account_id",
    "notification_requests": "id (the recipient's)",
    "push_subscriptions": "id (the recipient's)",
    "conversations": "id (the participant's)",
    "markers": "account_id",
    "media": "id (the owner's)",
    "polls": "id (the author's)",
    "poll_options": "poll_id",
    "poll_votes": "poll_id",
    "announcements": "id (the organisation's)",
    "announcement_reactions": "announcement_id",
    "announcement_counts": "announcement_id",
    "announcements_read": "announcement_id",
    "emojis": "id (the organisation's)",
    "emoji_sets": "org_id",
    "tokens": "account_id, or app_id where that is 0 (prefix of the token)",
    "oauth_codes": "account_id (prefix of the code)",
    "sessions": "account_id (prefix of the cookie)",
    "one_time_tokens": "account_id (prefix of the link)",
    "second_factors": "account_id",
    "passkeys": "account_id",
    "outbox": "id (the actor's)",
    "outbox_failed": "id (the actor's)",
    "jobs": "id (of whom it is done for)",
    "imports": "id (of whom it is done for)",
    "import_rows": "import_id",
    "imported_posts": "account_id",
    "archives": "id (of whose posts it has)",
    "workers": "bucket (0: all together, there are few)",
    "lanes": "bucket (0: all together, there are 64)",
    "missed_pushes": "bucket (0: all together, there are few)",
    "behind": "bucket (0: all together, there are few)",
}

_BUCKET_OF_ID = "CHECK (bucket = (id & 4095))"


def statements(clustered: str) -> list[str]:
    """The statements that create the schema. clustered: the engine's phrase that ends CREATE TABLE."""
    return [part.strip() for part in SCHEMA.replace("{clustered}", clustered).split(";") if part.strip()]


def table_of(statement: str) -> str:
    """The table that one of statements() creates, or creates an index of."""
    words = statement.split()
    return words[words.index("ON") + 1] if "INDEX" in words[:3] else words[words.index("EXISTS") + 1]


def index(name: str) -> str:
    """The statement that creates this index."""
    return next(one for one in statements("") if f" INDEX IF NOT EXISTS {name} " in one)


SCHEMA = f"""
CREATE TABLE IF NOT EXISTS oauth_apps (
  id BIGINT NOT NULL, client_id TEXT NOT NULL, secret_hash TEXT NOT NULL, name TEXT NOT NULL, website TEXT NOT NULL,
  redirect_uris TEXT NOT NULL, scopes TEXT NOT NULL, created_ms BIGINT NOT NULL, org_id BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id)) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS oauth_apps_client ON oauth_apps (client_id);

CREATE TABLE IF NOT EXISTS loads (
  id INTEGER NOT NULL, plan TEXT NOT NULL, began_ms BIGINT NOT NULL, step INTEGER NOT NULL, done BIGINT NOT NULL,
  finished INTEGER NOT NULL, PRIMARY KEY (id)) {{clustered}};

CREATE TABLE IF NOT EXISTS orgs (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL, host TEXT NOT NULL,
  closed INTEGER NOT NULL, PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE TABLE IF NOT EXISTS hosts (
  bucket INTEGER NOT NULL, host TEXT NOT NULL, org_id BIGINT NOT NULL, PRIMARY KEY (bucket, host)) {{clustered}};

CREATE TABLE IF NOT EXISTS accounts (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, username TEXT NOT NULL, display_name TEXT NOT NULL, note TEXT NOT NULL,
  fields TEXT NOT NULL, avatar TEXT NOT NULL, avatar_static TEXT NOT NULL, header TEXT NOT NULL,
  locked INTEGER NOT NULL, bot INTEGER NOT NULL, discoverable INTEGER NOT NULL, hide_network INTEGER NOT NULL,
  indexable INTEGER NOT NULL, changed_ms BIGINT NOT NULL, suspended_ms BIGINT NOT NULL,
  org_id BIGINT NOT NULL DEFAULT 0, host TEXT NOT NULL DEFAULT '', uri TEXT NOT NULL DEFAULT '',
  filters_version BIGINT NOT NULL DEFAULT 0,
  silenced_ms BIGINT NOT NULL DEFAULT 0, sensitized_ms BIGINT NOT NULL DEFAULT 0,
  presentation TEXT NOT NULL DEFAULT '',
  pending INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS accounts_of_org ON accounts (org_id, id DESC, bucket);

CREATE TABLE IF NOT EXISTS account_names (
  bucket INTEGER NOT NULL, name TEXT NOT NULL, account_id BIGINT NOT NULL, PRIMARY KEY (name, bucket)) {{clustered}};
CREATE TABLE IF NOT EXISTS emails (
  bucket INTEGER NOT NULL, email TEXT NOT NULL, account_id BIGINT NOT NULL, PRIMARY KEY (bucket, email)) {{clustered}};

CREATE TABLE IF NOT EXISTS users (
  account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, email TEXT NOT NULL, password_hash TEXT NOT NULL,
  role TEXT NOT NULL, confirmed_ms BIGINT NOT NULL, approved INTEGER NOT NULL, disabled INTEGER NOT NULL,
  locale TEXT NOT NULL, post_visibility TEXT NOT NULL, post_sensitive INTEGER NOT NULL, post_language TEXT NOT NULL,
  org_id BIGINT NOT NULL DEFAULT 0, quote_policy TEXT NOT NULL DEFAULT 'public',
  sign_up_ip TEXT NOT NULL DEFAULT '', sign_up_reason TEXT NOT NULL DEFAULT '',
  sign_up_app_id BIGINT NOT NULL DEFAULT 0, gone_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, bucket)) {{clustered}};
CREATE INDEX IF NOT EXISTS users_staff ON users (org_id, account_id, bucket) WHERE role <> '';

CREATE TABLE IF NOT EXISTS account_counts (
  account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, followers BIGINT NOT NULL, followees BIGINT NOT NULL,
  posts BIGINT NOT NULL, last_post_ms BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket)) {{clustered}};

CREATE TABLE IF NOT EXISTS account_notes (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (bucket, account_id, target_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS endorsements (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, target_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS suggestions_refused (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, target_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS moderation_log (
  bucket INTEGER NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL, actor_id BIGINT NOT NULL,
  action TEXT NOT NULL, words TEXT NOT NULL, org_id BIGINT NOT NULL DEFAULT 0,
  target_kind TEXT NOT NULL DEFAULT 'account', target_name TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, target_id, id)) {{clustered}};
CREATE INDEX IF NOT EXISTS moderation_log_of_org ON moderation_log (org_id, id DESC, bucket);

CREATE TABLE IF NOT EXISTS reports (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  target_id BIGINT NOT NULL, category TEXT NOT NULL, comment TEXT NOT NULL, post_ids TEXT NOT NULL,
  rule_ids TEXT NOT NULL, assigned_id BIGINT NOT NULL, resolved_ms BIGINT NOT NULL, resolved_by_id BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS reports_of_org ON reports (org_id, id DESC, bucket);
CREATE INDEX IF NOT EXISTS reports_about ON reports (bucket, target_id, id DESC);

CREATE TABLE IF NOT EXISTS strikes (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, target_id BIGINT NOT NULL,
  actor_id BIGINT NOT NULL, action TEXT NOT NULL, words TEXT NOT NULL, report_id BIGINT NOT NULL,
  post_ids TEXT NOT NULL, appeal TEXT NOT NULL, appeal_state TEXT NOT NULL, appealed_ms BIGINT NOT NULL,
  decided_by_id BIGINT NOT NULL, decided_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS strikes_against ON strikes (bucket, target_id, id DESC);
CREATE INDEX IF NOT EXISTS strikes_appealed ON strikes (org_id, id DESC, bucket) WHERE appeal_state = 'pending';

CREATE TABLE IF NOT EXISTS bans (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  details TEXT NOT NULL, expires_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS bans_subject ON bans (bucket, org_id, kind, subject);
CREATE INDEX IF NOT EXISTS bans_of_org ON bans (bucket, org_id, kind, id DESC);
CREATE INDEX IF NOT EXISTS bans_of_addresses ON bans (id, bucket) WHERE kind = 'ip_block';
CREATE TABLE IF NOT EXISTS ban_tries (
  bucket INTEGER NOT NULL, ban_id BIGINT NOT NULL, day INTEGER NOT NULL, who TEXT NOT NULL, tries BIGINT NOT NULL,
  PRIMARY KEY (bucket, ban_id, day, who)) {{clustered}};

CREATE TABLE IF NOT EXISTS posts (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, author_id BIGINT NOT NULL, boost_of_id BIGINT NOT NULL,
  reply_to_id BIGINT NOT NULL, reply_to_author_id BIGINT NOT NULL, root_id BIGINT NOT NULL,
  visibility TEXT NOT NULL, text TEXT NOT NULL, summary TEXT NOT NULL, sensitive INTEGER NOT NULL,
  language TEXT NOT NULL, app_id BIGINT NOT NULL, mentions TEXT NOT NULL, tags TEXT NOT NULL, media_ids TEXT NOT NULL,
  poll_id BIGINT NOT NULL, changed_ms BIGINT NOT NULL, edited_ms BIGINT NOT NULL, deleted_ms BIGINT NOT NULL,
  org_id BIGINT NOT NULL DEFAULT 0, quote_of_id BIGINT NOT NULL DEFAULT 0,
  quote_revoked_ms BIGINT NOT NULL DEFAULT 0, quote_policy TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS posts_author ON posts (author_id, id DESC, bucket) WHERE deleted_ms = 0;
CREATE INDEX IF NOT EXISTS posts_of_org ON posts (org_id, id DESC, bucket)
  WHERE deleted_ms = 0 AND visibility = 'public' AND boost_of_id = 0 AND reply_to_author_id IN (0, author_id);
CREATE INDEX IF NOT EXISTS posts_replied ON posts (author_id, reply_to_id, bucket)
  WHERE reply_to_id > 0 AND deleted_ms = 0;

CREATE TABLE IF NOT EXISTS post_counts (
  post_id BIGINT NOT NULL, bucket INTEGER NOT NULL, replies BIGINT NOT NULL, boosts BIGINT NOT NULL,
  favourites BIGINT NOT NULL, quotes BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (post_id, bucket)) {{clustered}};
CREATE TABLE IF NOT EXISTS quotes (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, quote_id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, post_id, quote_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS post_versions (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, at_ms BIGINT NOT NULL, text TEXT NOT NULL, summary TEXT NOT NULL,
  sensitive INTEGER NOT NULL, media_ids TEXT NOT NULL, poll_options TEXT NOT NULL,
  descriptions TEXT NOT NULL DEFAULT '[]', PRIMARY KEY (bucket, post_id, at_ms)) {{clustered}};

CREATE TABLE IF NOT EXISTS thread_posts (
  bucket INTEGER NOT NULL, root_id BIGINT NOT NULL, post_id BIGINT NOT NULL, parent_id BIGINT NOT NULL,
  author_id BIGINT NOT NULL DEFAULT 0, audience TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, root_id, post_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS drafts (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, body TEXT NOT NULL, due_ms BIGINT NOT NULL,
  version BIGINT NOT NULL, changed_ms BIGINT NOT NULL, problem TEXT NOT NULL,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS drafts_of_account ON drafts (bucket, account_id, id DESC);

CREATE TABLE IF NOT EXISTS idempotency (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, key TEXT NOT NULL, post_id BIGINT NOT NULL,
  digest TEXT NOT NULL, created_ms BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, key)) {{clustered}};
CREATE INDEX IF NOT EXISTS idempotency_age ON idempotency (created_ms);

CREATE TABLE IF NOT EXISTS following (
  account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL, bucket INTEGER NOT NULL,
  show_boosts SMALLINT NOT NULL, notify SMALLINT NOT NULL, languages TEXT,
  PRIMARY KEY (account_id, target_id, bucket)) {{clustered}};
CREATE TABLE IF NOT EXISTS followers (
  account_id BIGINT NOT NULL, follower_id BIGINT NOT NULL, id BIGINT NOT NULL, bucket INTEGER NOT NULL,
  show_boosts SMALLINT NOT NULL, notify SMALLINT NOT NULL, languages TEXT,
  PRIMARY KEY (bucket, account_id, id)) {{clustered}};
CREATE INDEX IF NOT EXISTS followers_notified ON followers (bucket, account_id) WHERE notify = 1;
CREATE TABLE IF NOT EXISTS follow_requests (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, follower_id BIGINT NOT NULL, id BIGINT NOT NULL,
  show_boosts INTEGER NOT NULL, notify INTEGER NOT NULL, languages TEXT NOT NULL,
  PRIMARY KEY (account_id, bucket, follower_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS blocks (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, target_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS blocked_by (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, blocker_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, blocker_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS blocked_domains (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, domain TEXT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, domain)) {{clustered}};
CREATE INDEX IF NOT EXISTS blocked_domains_order ON blocked_domains (bucket, account_id, id DESC);
CREATE TABLE IF NOT EXISTS mutes (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL,
  notifications INTEGER NOT NULL, expires_ms BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, target_id)) {{clustered}};
CREATE INDEX IF NOT EXISTS mutes_over ON mutes (expires_ms) WHERE expires_ms > 0;
CREATE TABLE IF NOT EXISTS muted_by (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, muter_id BIGINT NOT NULL, expires_ms BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, muter_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS favourites (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, post_id)) {{clustered}};
CREATE INDEX IF NOT EXISTS favourites_order ON favourites (bucket, account_id, id DESC);
CREATE TABLE IF NOT EXISTS favourited_by (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, post_id, account_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS boosts (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, post_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS boosted_by (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, post_id, account_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS bookmarks (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, post_id)) {{clustered}};
CREATE INDEX IF NOT EXISTS bookmarks_order ON bookmarks (bucket, account_id, id DESC);
CREATE TABLE IF NOT EXISTS pins (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, post_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS thread_mutes (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, root_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, root_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS tags (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, tag)) {{clustered}};
CREATE INDEX IF NOT EXISTS tags_names ON tags (tag, bucket);
CREATE TABLE IF NOT EXISTS tag_posts (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, post_id BIGINT NOT NULL, counted INTEGER NOT NULL,
  PRIMARY KEY (bucket, tag, post_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS tag_days (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, day INTEGER NOT NULL, uses BIGINT NOT NULL, accounts BIGINT NOT NULL,
  PRIMARY KEY (tag, bucket, day)) {{clustered}};
CREATE TABLE IF NOT EXISTS tag_day_accounts (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, day INTEGER NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, tag, day, account_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS tag_followers (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, tag, account_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS trends (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, tags TEXT NOT NULL, posts TEXT NOT NULL,
  PRIMARY KEY (org_id, bucket)) {{clustered}};
CREATE TABLE IF NOT EXISTS followed_tags (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, tag TEXT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, tag)) {{clustered}};
CREATE TABLE IF NOT EXISTS featured_tags (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, tag TEXT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL,
  posts BIGINT NOT NULL, last_post_ms BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, tag)) {{clustered}};

CREATE TABLE IF NOT EXISTS lists (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, owner_id BIGINT NOT NULL, title TEXT NOT NULL, replies TEXT NOT NULL,
  exclusive INTEGER NOT NULL, PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS lists_owner ON lists (bucket, owner_id, id);
CREATE TABLE IF NOT EXISTS list_members (
  bucket INTEGER NOT NULL, list_id BIGINT NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, list_id, account_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS listed_in (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, list_id BIGINT NOT NULL, owner_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, list_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS filters (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL, title TEXT NOT NULL, contexts TEXT NOT NULL,
  action TEXT NOT NULL, expires_ms BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, id)) {{clustered}};
CREATE TABLE IF NOT EXISTS filter_keywords (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL, filter_id BIGINT NOT NULL,
  keyword TEXT NOT NULL, whole_word INTEGER NOT NULL, PRIMARY KEY (bucket, account_id, id)) {{clustered}};
CREATE TABLE IF NOT EXISTS filter_posts (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL, filter_id BIGINT NOT NULL,
  post_id BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, id)) {{clustered}};

CREATE TABLE IF NOT EXISTS notifications (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, kind TEXT NOT NULL, from_id BIGINT NOT NULL,
  post_id BIGINT NOT NULL, group_id BIGINT NOT NULL DEFAULT 0, newest INTEGER NOT NULL DEFAULT 1,
  members INTEGER NOT NULL DEFAULT 1, sample TEXT NOT NULL DEFAULT '', filtered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS notifications_once ON notifications (bucket, account_id, kind, from_id, post_id);
CREATE INDEX IF NOT EXISTS notifications_told ON notifications (bucket, account_id, id DESC) WHERE filtered = 0;
CREATE INDEX IF NOT EXISTS notifications_newest ON notifications (bucket, account_id, id DESC) WHERE newest = 1;
CREATE INDEX IF NOT EXISTS notifications_about ON notifications (bucket, account_id, kind, post_id, id DESC)
  WHERE newest = 1 AND group_id > 0;
CREATE INDEX IF NOT EXISTS notifications_group ON notifications (bucket, account_id, group_id, id DESC)
  WHERE group_id > 0;

CREATE INDEX IF NOT EXISTS notifications_held ON notifications (bucket, account_id, id DESC) WHERE filtered = 1;
CREATE INDEX IF NOT EXISTS notifications_held_from ON notifications (bucket, account_id, from_id, id)
  WHERE filtered = 1;
CREATE TABLE IF NOT EXISTS notification_policies (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, policy TEXT NOT NULL,
  PRIMARY KEY (account_id, bucket)) {{clustered}};
CREATE TABLE IF NOT EXISTS notification_permissions (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, from_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, from_id)) {{clustered}};
CREATE TABLE IF NOT EXISTS notification_requests (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, from_id BIGINT NOT NULL,
  notifications INTEGER NOT NULL, last_post_id BIGINT NOT NULL, changed_ms BIGINT NOT NULL, accepted INTEGER NOT NULL,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS notification_requests_from ON notification_requests (bucket, account_id, from_id);
CREATE INDEX IF NOT EXISTS notification_requests_order ON notification_requests (bucket, account_id, id DESC)
  WHERE accepted = 0;

CREATE TABLE IF NOT EXISTS push_subscriptions (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, token_id TEXT NOT NULL,
  endpoint TEXT NOT NULL, key TEXT NOT NULL, secret TEXT NOT NULL, standard INTEGER NOT NULL, alerts TEXT NOT NULL,
  policy TEXT NOT NULL, access_token TEXT NOT NULL, base_url TEXT NOT NULL,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS push_subscriptions_token ON push_subscriptions (bucket, account_id, token_id);

CREATE TABLE IF NOT EXISTS conversations (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, root_id BIGINT NOT NULL,
  last_post_id BIGINT NOT NULL, unread INTEGER NOT NULL, participants TEXT NOT NULL,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS conversations_thread ON conversations (bucket, account_id, root_id);
CREATE INDEX IF NOT EXISTS conversations_order ON conversations (bucket, account_id, last_post_id DESC);

CREATE TABLE IF NOT EXISTS markers (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, timeline TEXT NOT NULL, last_read_id BIGINT NOT NULL,
  version INTEGER NOT NULL, changed_ms BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, timeline)) {{clustered}};

CREATE TABLE IF NOT EXISTS media (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, owner_id BIGINT NOT NULL, post_id BIGINT NOT NULL, kind TEXT NOT NULL,
  content_type TEXT NOT NULL, key TEXT NOT NULL, preview_key TEXT NOT NULL, blurhash TEXT NOT NULL, meta TEXT NOT NULL,
  description TEXT NOT NULL, size_bytes BIGINT NOT NULL, released_ms BIGINT NOT NULL DEFAULT 0,
  draft_id BIGINT NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'ready', problem TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS media_unattached ON media (id, bucket) WHERE post_id = 0;
CREATE INDEX IF NOT EXISTS media_post ON media (post_id, bucket) WHERE post_id > 0;
CREATE INDEX IF NOT EXISTS media_released ON media (id, bucket) WHERE post_id < 0;
CREATE INDEX IF NOT EXISTS media_free ON media (released_ms) WHERE released_ms > 0;

CREATE TABLE IF NOT EXISTS polls (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, author_id BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL, multiple INTEGER NOT NULL, hide_totals INTEGER NOT NULL, voters BIGINT NOT NULL,
  ended INTEGER NOT NULL, open_for_s BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS polls_open ON polls (expires_ms) WHERE ended = 0;
CREATE TABLE IF NOT EXISTS poll_options (
  bucket INTEGER NOT NULL, poll_id BIGINT NOT NULL, position INTEGER NOT NULL, title TEXT NOT NULL,
  votes BIGINT NOT NULL,
  PRIMARY KEY (poll_id, bucket, position)) {{clustered}};
CREATE TABLE IF NOT EXISTS poll_votes (
  bucket INTEGER NOT NULL, poll_id BIGINT NOT NULL, account_id BIGINT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (poll_id, bucket, account_id, position)) {{clustered}};

CREATE TABLE IF NOT EXISTS announcements (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, text TEXT NOT NULL, starts_ms BIGINT NOT NULL,
  ends_ms BIGINT NOT NULL, all_day INTEGER NOT NULL, due_ms BIGINT NOT NULL, published_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS announcements_of_org ON announcements (bucket, org_id, id);
CREATE TABLE IF NOT EXISTS announcement_reactions (
  bucket INTEGER NOT NULL, announcement_id BIGINT NOT NULL, account_id BIGINT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (bucket, announcement_id, account_id, name)) {{clustered}};
CREATE TABLE IF NOT EXISTS announcement_counts (
  bucket INTEGER NOT NULL, announcement_id BIGINT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL,
  accounts BIGINT NOT NULL, PRIMARY KEY (bucket, announcement_id, name)) {{clustered}};
CREATE TABLE IF NOT EXISTS announcements_read (
  bucket INTEGER NOT NULL, announcement_id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, announcement_id, account_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS emojis (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, shortcode TEXT NOT NULL, category TEXT NOT NULL,
  listed INTEGER NOT NULL, key TEXT NOT NULL, still_key TEXT NOT NULL,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS emojis_shortcode ON emojis (bucket, org_id, shortcode);
CREATE TABLE IF NOT EXISTS emoji_sets (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (bucket, org_id)) {{clustered}};

CREATE TABLE IF NOT EXISTS tokens (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, app_id BIGINT NOT NULL, scopes TEXT NOT NULL,
  created_ms BIGINT NOT NULL, PRIMARY KEY (bucket, id)) {{clustered}};
CREATE INDEX IF NOT EXISTS tokens_account ON tokens (bucket, account_id);
CREATE TABLE IF NOT EXISTS oauth_codes (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, app_id BIGINT NOT NULL, scopes TEXT NOT NULL,
  redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL, expires_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL,
  token_id TEXT NOT NULL, PRIMARY KEY (bucket, id)) {{clustered}};
CREATE INDEX IF NOT EXISTS oauth_codes_age ON oauth_codes (expires_ms);
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, created_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, user_agent TEXT NOT NULL,
  PRIMARY KEY (bucket, id)) {{clustered}};
CREATE INDEX IF NOT EXISTS sessions_account ON sessions (bucket, account_id);
CREATE INDEX IF NOT EXISTS sessions_age ON sessions (expires_ms);
CREATE TABLE IF NOT EXISTS one_time_tokens (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, purpose TEXT NOT NULL, email TEXT NOT NULL,
  expires_ms BIGINT NOT NULL, PRIMARY KEY (bucket, id)) {{clustered}};
CREATE INDEX IF NOT EXISTS one_time_tokens_age ON one_time_tokens (expires_ms);
CREATE TABLE IF NOT EXISTS second_factors (
  account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, salt TEXT NOT NULL, since_ms BIGINT NOT NULL,
  used_step BIGINT NOT NULL, recovery TEXT NOT NULL, PRIMARY KEY (account_id, bucket)) {{clustered}};
CREATE TABLE IF NOT EXISTS passkeys (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, public_key TEXT NOT NULL,
  sign_count BIGINT NOT NULL, name TEXT NOT NULL, created_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL,
  asked_ms BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, id)) {{clustered}};

CREATE TABLE IF NOT EXISTS outbox (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, body TEXT NOT NULL, lease_until BIGINT NOT NULL,
  attempts INTEGER NOT NULL, wide INTEGER NOT NULL DEFAULT 0, unfinished INTEGER NOT NULL DEFAULT 0,
  left_to_newer_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE TABLE IF NOT EXISTS outbox_failed (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL, failed_ms BIGINT NOT NULL,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE TABLE IF NOT EXISTS jobs (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL,
  destination TEXT NOT NULL, order_name TEXT NOT NULL, outbox_partition INTEGER NOT NULL, state TEXT NOT NULL,
  due_ms BIGINT NOT NULL, attempts INTEGER NOT NULL, answer TEXT NOT NULL, answered_ms BIGINT NOT NULL,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS jobs_key ON jobs (bucket, kind, key);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (kind, due_ms, id) WHERE state <> 'set_aside';
CREATE INDEX IF NOT EXISTS jobs_order ON jobs (bucket, kind, order_name, id)
  WHERE order_name <> '' AND state <> 'set_aside';

CREATE TABLE IF NOT EXISTS imports (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, kind TEXT NOT NULL, stage TEXT NOT NULL,
  total BIGINT NOT NULL, done BIGINT NOT NULL, failed BIGINT NOT NULL, ended_ms BIGINT NOT NULL, problem TEXT NOT NULL,
  file_key TEXT NOT NULL DEFAULT '', audience TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS imports_of_account ON imports (bucket, account_id, id DESC);
CREATE TABLE IF NOT EXISTS import_rows (
  bucket INTEGER NOT NULL, import_id BIGINT NOT NULL, position INTEGER NOT NULL, data TEXT NOT NULL,
  problem TEXT NOT NULL, PRIMARY KEY (bucket, import_id, position)) {{clustered}};
CREATE TABLE IF NOT EXISTS imported_posts (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, source TEXT NOT NULL, post_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, source)) {{clustered}};
CREATE TABLE IF NOT EXISTS archives (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, key TEXT NOT NULL,
  size_bytes BIGINT NOT NULL, posts BIGINT NOT NULL, ready_ms BIGINT NOT NULL,
  PRIMARY KEY (id, bucket), {_BUCKET_OF_ID}) {{clustered}};
CREATE INDEX IF NOT EXISTS archives_of_account ON archives (bucket, account_id, id DESC);

CREATE TABLE IF NOT EXISTS workers (
  bucket INTEGER NOT NULL, id BIGINT NOT NULL, until BIGINT NOT NULL, PRIMARY KEY (bucket, id)) {{clustered}};
CREATE TABLE IF NOT EXISTS lanes (
  bucket INTEGER NOT NULL, lane INTEGER NOT NULL, holder BIGINT NOT NULL, until BIGINT NOT NULL,
  PRIMARY KEY (bucket, lane)) {{clustered}};
CREATE TABLE IF NOT EXISTS missed_pushes (
  bucket INTEGER NOT NULL, kind TEXT NOT NULL, part INTEGER NOT NULL, times BIGINT NOT NULL,
  PRIMARY KEY (bucket, kind, part)) {{clustered}};
CREATE TABLE IF NOT EXISTS behind (
  bucket INTEGER NOT NULL, part INTEGER NOT NULL, times BIGINT NOT NULL, PRIMARY KEY (bucket, part)) {{clustered}}
"""
