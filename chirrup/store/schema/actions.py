"""Hooks: what other programs tell an organisation, in its bucket."""

TABLES = {
    "hooks_in": "org_id",
    "hook_payloads": "org_id",
    "hook_keys": "org_id",
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
"""
