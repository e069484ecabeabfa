"""Who follows, blocks and mutes whom."""

TABLES = {
    "following": "account_id",
    "followers": "account_id",
    "follow_requests": "account_id",
    "blocks": "account_id",
    "blocked_by": "account_id",
    "blocked_domains": "account_id",
    "mutes": "account_id",
    "muted_by": "account_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS following (
  account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL, bucket INTEGER NOT NULL,
  show_boosts SMALLINT NOT NULL, notify SMALLINT NOT NULL, languages TEXT,
  PRIMARY KEY (account_id, target_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS followers (
  account_id BIGINT NOT NULL, follower_id BIGINT NOT NULL, id BIGINT NOT NULL, bucket INTEGER NOT NULL,
  show_boosts SMALLINT NOT NULL, notify SMALLINT NOT NULL, languages TEXT,
  PRIMARY KEY (bucket, account_id, id)) {clustered};
CREATE INDEX IF NOT EXISTS followers_notified ON followers (bucket, account_id) WHERE notify = 1;

CREATE TABLE IF NOT EXISTS follow_requests (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, follower_id BIGINT NOT NULL, id BIGINT NOT NULL,
  show_boosts INTEGER NOT NULL, notify INTEGER NOT NULL, languages TEXT NOT NULL,
  PRIMARY KEY (account_id, bucket, follower_id)) {clustered};

CREATE TABLE IF NOT EXISTS blocks (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, target_id)) {clustered};

CREATE TABLE IF NOT EXISTS blocked_by (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, blocker_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, blocker_id)) {clustered};

CREATE TABLE IF NOT EXISTS blocked_domains (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, domain TEXT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, domain)) {clustered};
CREATE INDEX IF NOT EXISTS blocked_domains_order ON blocked_domains (bucket, account_id, id DESC);

CREATE TABLE IF NOT EXISTS mutes (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL,
  notifications INTEGER NOT NULL, expires_ms BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, target_id)) {clustered};
CREATE INDEX IF NOT EXISTS mutes_over ON mutes (expires_ms) WHERE expires_ms > 0;

CREATE TABLE IF NOT EXISTS muted_by (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, muter_id BIGINT NOT NULL, expires_ms BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, muter_id)) {clustered};
"""
