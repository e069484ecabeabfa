"""What people do with posts of others, and their marks on threads."""

TABLES = {
    "favourites": "account_id",
    "favourited_by": "post_id",
    "boosts": "account_id",
    "boosted_by": "post_id",
    "bookmarks": "account_id",
    "pins": "account_id",
    "thread_mutes": "account_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS favourites (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, post_id)) {clustered};
CREATE INDEX IF NOT EXISTS favourites_order ON favourites (bucket, account_id, id DESC);

CREATE TABLE IF NOT EXISTS favourited_by (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, post_id, account_id)) {clustered};

CREATE TABLE IF NOT EXISTS boosts (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, post_id)) {clustered};

CREATE TABLE IF NOT EXISTS boosted_by (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, post_id, account_id)) {clustered};

CREATE TABLE IF NOT EXISTS bookmarks (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, post_id)) {clustered};
CREATE INDEX IF NOT EXISTS bookmarks_order ON bookmarks (bucket, account_id, id DESC);

CREATE TABLE IF NOT EXISTS pins (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, post_id)) {clustered};

CREATE TABLE IF NOT EXISTS thread_mutes (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, root_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, root_id)) {clustered};
"""
