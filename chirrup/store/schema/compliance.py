"""What an organisation keeps on record and for how long: the log of acts, holds, retention."""

TABLES = {
    "audit": "org_id",
    "audit_heads": "org_id",
    "holds": "org_id",
    "held": "subject_id",
    "held_posts": "account_id",
    "retention": "org_id",
    "retention_runs": "org_id",
    "org_exports": "id (the organisation's)",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, id BIGINT NOT NULL, at_ms BIGINT NOT NULL, actor_id BIGINT NOT NULL,
  action TEXT NOT NULL, target_kind TEXT NOT NULL, target_id BIGINT NOT NULL, target_name TEXT NOT NULL,
  words TEXT NOT NULL, hash_before TEXT NOT NULL, hash TEXT NOT NULL,
  PRIMARY KEY (bucket, org_id, id)) {clustered};
CREATE INDEX IF NOT EXISTS audit_about ON audit (bucket, org_id, target_id, id DESC);

CREATE TABLE IF NOT EXISTS audit_heads (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, id BIGINT NOT NULL, hash TEXT NOT NULL,
  PRIMARY KEY (bucket, org_id)) {clustered};

CREATE TABLE IF NOT EXISTS holds (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, id BIGINT NOT NULL, scope TEXT NOT NULL, subject_id BIGINT NOT NULL,
  from_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL, reason TEXT NOT NULL, actor_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, org_id, id)) {clustered};

CREATE TABLE IF NOT EXISTS held (
  subject_id BIGINT NOT NULL, bucket INTEGER NOT NULL, hold_id BIGINT NOT NULL, from_ms BIGINT NOT NULL,
  until_ms BIGINT NOT NULL, PRIMARY KEY (subject_id, bucket, hold_id)) {clustered};

CREATE TABLE IF NOT EXISTS held_posts (
  account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, post_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, post_id)) {clustered};

CREATE TABLE IF NOT EXISTS retention (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, room_id BIGINT NOT NULL, class TEXT NOT NULL, days INTEGER NOT NULL,
  PRIMARY KEY (bucket, org_id, room_id, class)) {clustered};

CREATE TABLE IF NOT EXISTS retention_runs (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, at_ms BIGINT NOT NULL, purged BIGINT NOT NULL, problem TEXT NOT NULL,
  PRIMARY KEY (bucket, org_id)) {clustered};

CREATE TABLE IF NOT EXISTS org_exports (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, account_id BIGINT NOT NULL, key TEXT NOT NULL,
  size_bytes BIGINT NOT NULL, written BIGINT NOT NULL, files BIGINT NOT NULL, ready_ms BIGINT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS org_exports_of_org ON org_exports (bucket, org_id, id DESC);
"""
