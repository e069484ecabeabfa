"""Hashtags: their posts, days and followers."""

TABLES = {
    "tags": "crc32(tag)",
    "tag_posts": "crc32(tag)",
    "tag_days": "crc32(tag)",
    "tag_day_accounts": "crc32(tag)",
    "tag_followers": "crc32(tag)",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS tags (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, tag)) {clustered};
CREATE INDEX IF NOT EXISTS tags_names ON tags (tag, bucket);

CREATE TABLE IF NOT EXISTS tag_posts (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, post_id BIGINT NOT NULL, counted INTEGER NOT NULL,
  PRIMARY KEY (bucket, tag, post_id)) {clustered};

CREATE TABLE IF NOT EXISTS tag_days (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, day INTEGER NOT NULL, uses BIGINT NOT NULL, accounts BIGINT NOT NULL,
  PRIMARY KEY (tag, bucket, day)) {clustered};

CREATE TABLE IF NOT EXISTS tag_day_accounts (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, day INTEGER NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, tag, day, account_id)) {clustered};

CREATE TABLE IF NOT EXISTS tag_followers (
  bucket INTEGER NOT NULL, tag TEXT NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, tag, account_id)) {clustered};
"""
