"""Posts, and what belongs to one: counts, versions, quotes, its thread, media, its poll, its link; drafts."""

TABLES = {
    "posts": "id (the author's)",
    "post_counts": "post_id",
    "quotes": "post_id",
    "post_versions": "post_id",
    "thread_posts": "root_id",
    "media": "id (the owner's)",
    "polls": "id (the author's)",
    "poll_options": "poll_id",
    "poll_votes": "poll_id",
    "drafts": "id (the author's)",
    "links": "crc32(link)",
    "cards": "id (the link's)",
    "idempotency": "account_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS posts (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, author_id BIGINT NOT NULL, boost_of_id BIGINT NOT NULL,
  reply_to_id BIGINT NOT NULL, reply_to_author_id BIGINT NOT NULL, root_id BIGINT NOT NULL,
  visibility TEXT NOT NULL, text TEXT NOT NULL, summary TEXT NOT NULL, sensitive INTEGER NOT NULL,
  language TEXT NOT NULL, app_id BIGINT NOT NULL, mentions TEXT NOT NULL, tags TEXT NOT NULL, media_ids TEXT NOT NULL,
  poll_id BIGINT NOT NULL, changed_ms BIGINT NOT NULL, edited_ms BIGINT NOT NULL, deleted_ms BIGINT NOT NULL,
  org_id BIGINT NOT NULL DEFAULT 0, quote_of_id BIGINT NOT NULL DEFAULT 0,
  quote_revoked_ms BIGINT NOT NULL DEFAULT 0, quote_policy TEXT NOT NULL DEFAULT '',
  link TEXT NOT NULL DEFAULT '', card_id BIGINT NOT NULL DEFAULT 0, audience_id BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS posts_author ON posts (author_id, id DESC, bucket) WHERE deleted_ms = 0;
CREATE INDEX IF NOT EXISTS posts_of_org ON posts (org_id, id DESC, bucket)
  WHERE deleted_ms = 0 AND visibility = 'public' AND boost_of_id = 0 AND reply_to_author_id IN (0, author_id);
CREATE INDEX IF NOT EXISTS posts_replied ON posts (author_id, reply_to_id, bucket)
  WHERE reply_to_id > 0 AND deleted_ms = 0;
CREATE INDEX IF NOT EXISTS posts_link ON posts (link, id DESC, bucket) WHERE link <> '' AND deleted_ms = 0;

CREATE TABLE IF NOT EXISTS post_counts (
  post_id BIGINT NOT NULL, bucket INTEGER NOT NULL, replies BIGINT NOT NULL, boosts BIGINT NOT NULL,
  favourites BIGINT NOT NULL, quotes BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (post_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS quotes (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, quote_id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, post_id, quote_id)) {clustered};

CREATE TABLE IF NOT EXISTS post_versions (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, at_ms BIGINT NOT NULL, text TEXT NOT NULL, summary TEXT NOT NULL,
  sensitive INTEGER NOT NULL, media_ids TEXT NOT NULL, poll_options TEXT NOT NULL,
  descriptions TEXT NOT NULL DEFAULT '[]', PRIMARY KEY (bucket, post_id, at_ms)) {clustered};

CREATE TABLE IF NOT EXISTS thread_posts (
  bucket INTEGER NOT NULL, root_id BIGINT NOT NULL, post_id BIGINT NOT NULL, parent_id BIGINT NOT NULL,
  author_id BIGINT NOT NULL DEFAULT 0, audience TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, root_id, post_id)) {clustered};

CREATE TABLE IF NOT EXISTS media (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, owner_id BIGINT NOT NULL, post_id BIGINT NOT NULL, kind TEXT NOT NULL,
  content_type TEXT NOT NULL, key TEXT NOT NULL, preview_key TEXT NOT NULL, blurhash TEXT NOT NULL, meta TEXT NOT NULL,
  description TEXT NOT NULL, size_bytes BIGINT NOT NULL, released_ms BIGINT NOT NULL DEFAULT 0,
  draft_id BIGINT NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'ready', problem TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS media_unattached ON media (id, bucket) WHERE post_id = 0;
CREATE INDEX IF NOT EXISTS media_post ON media (post_id, bucket) WHERE post_id > 0;
CREATE INDEX IF NOT EXISTS media_released ON media (id, bucket) WHERE post_id < 0;
CREATE INDEX IF NOT EXISTS media_free ON media (released_ms) WHERE released_ms > 0;

CREATE TABLE IF NOT EXISTS polls (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, author_id BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL, multiple INTEGER NOT NULL, hide_totals INTEGER NOT NULL, voters BIGINT NOT NULL,
  ended INTEGER NOT NULL, open_for_s BIGINT NOT NULL DEFAULT 0, limited INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS polls_open ON polls (expires_ms) WHERE ended = 0;

CREATE TABLE IF NOT EXISTS poll_options (
  bucket INTEGER NOT NULL, poll_id BIGINT NOT NULL, position INTEGER NOT NULL, title TEXT NOT NULL,
  votes BIGINT NOT NULL,
  PRIMARY KEY (poll_id, bucket, position)) {clustered};

CREATE TABLE IF NOT EXISTS poll_votes (
  bucket INTEGER NOT NULL, poll_id BIGINT NOT NULL, account_id BIGINT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (poll_id, bucket, account_id, position)) {clustered};

CREATE TABLE IF NOT EXISTS links (
  bucket INTEGER NOT NULL, link TEXT NOT NULL, org_id BIGINT NOT NULL, url TEXT NOT NULL, asked_ms BIGINT NOT NULL,
  card_id BIGINT NOT NULL, PRIMARY KEY (link, bucket)) {clustered};
CREATE TABLE IF NOT EXISTS cards (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, link TEXT NOT NULL, url TEXT NOT NULL,
  page TEXT NOT NULL, author_id BIGINT NOT NULL, image_key TEXT NOT NULL, image_width INTEGER NOT NULL,
  image_height INTEGER NOT NULL, blurhash TEXT NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS cards_link ON cards (bucket, link);

CREATE TABLE IF NOT EXISTS drafts (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, body TEXT NOT NULL, due_ms BIGINT NOT NULL,
  version BIGINT NOT NULL, changed_ms BIGINT NOT NULL, problem TEXT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS drafts_of_account ON drafts (bucket, account_id, id DESC);

CREATE TABLE IF NOT EXISTS idempotency (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, key TEXT NOT NULL, post_id BIGINT NOT NULL,
  digest TEXT NOT NULL, created_ms BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, key)) {clustered};
CREATE INDEX IF NOT EXISTS idempotency_age ON idempotency (created_ms);
"""
