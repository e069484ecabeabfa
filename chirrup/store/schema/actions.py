"""Hooks: what other programs tell an organisation, and what they hear of it; in its bucket."""

TABLES = {
    "hooks_in": "org_id",
    "hook_payloads": "org_id",
    "hook_keys": "org_id",
    "hooks_out": "org_id",
    "deliveries": "org_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS hooks_in (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, id BIGINT NOT NULL, hash TEXT NOT NULL, name TEXT NOT NULL,
  format TEXT NOT NULL, mapping TEXT NOT NULL, secret TEXT NOT NULL, room_id BIGINT NOT NULL, visibility TEXT NOT NULL,
  bot_id BIGINT NOT NULL, by_id BIGINT NOT NULL, created_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL,
  off_ms BIGINT NOT NULL, PRIMARY KEY (bucket, org_id, id)) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS hooks_in_hash ON hooks_in (bucket, org_id, hash);

CREATE TABLE IF NOT EXISTS hook_payloads (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, hook_id BIGINT NOT NULL, id BIGINT NOT NULL, headers TEXT NOT NULL,
  body TEXT NOT NULL, size_bytes BIGINT NOT NULL, outcome TEXT NOT NULL, post_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, org_id, hook_id, id)) {clustered};

CREATE TABLE IF NOT EXISTS hook_keys (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, hook_id BIGINT NOT NULL, key TEXT NOT NULL, post_id BIGINT NOT NULL,
  until_ms BIGINT NOT NULL, PRIMARY KEY (bucket, org_id, hook_id, key)) {clustered};
CREATE INDEX IF NOT EXISTS hook_keys_until ON hook_keys (bucket, org_id, hook_id, until_ms);

CREATE TABLE IF NOT EXISTS hooks_out (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, id BIGINT NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,
  events TEXT NOT NULL, room_id BIGINT NOT NULL, owner_id BIGINT NOT NULL, secret TEXT NOT NULL,
  old_secret TEXT NOT NULL, old_until_ms BIGINT NOT NULL, off_ms BIGINT NOT NULL, off_why TEXT NOT NULL,
  slow INTEGER NOT NULL, away_until_ms BIGINT NOT NULL, ok_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL,
  PRIMARY KEY (bucket, org_id, id)) {clustered};

CREATE TABLE IF NOT EXISTS deliveries (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, hook_id BIGINT NOT NULL, id BIGINT NOT NULL, kind TEXT NOT NULL,
  key TEXT NOT NULL, post_id BIGINT NOT NULL, account_id BIGINT NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL, code INTEGER NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL,
  took_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL,
  PRIMARY KEY (bucket, org_id, hook_id, id)) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS deliveries_key ON deliveries (bucket, org_id, hook_id, key);
CREATE INDEX IF NOT EXISTS deliveries_id ON deliveries (bucket, org_id, id);
CREATE INDEX IF NOT EXISTS deliveries_post ON deliveries (bucket, org_id, post_id, hook_id) WHERE post_id > 0;
"""
