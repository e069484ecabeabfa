"""What is to be done: the outbox, jobs, imports and archives, and the workers that share it."""

TABLES = {
    "schema_version": "reference",
    "schema_steps": "reference",
    "loads": "reference",
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

SCHEMA = """
CREATE TABLE IF NOT EXISTS loads (
  id INTEGER NOT NULL, plan TEXT NOT NULL, began_ms BIGINT NOT NULL, step INTEGER NOT NULL, done BIGINT NOT NULL,
  finished INTEGER NOT NULL, PRIMARY KEY (id)) {clustered};

CREATE TABLE IF NOT EXISTS outbox (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, body TEXT NOT NULL, lease_until BIGINT NOT NULL,
  attempts INTEGER NOT NULL, wide INTEGER NOT NULL DEFAULT 0, unfinished INTEGER NOT NULL DEFAULT 0,
  left_to_newer_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};

CREATE TABLE IF NOT EXISTS outbox_failed (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL, failed_ms BIGINT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};

CREATE TABLE IF NOT EXISTS jobs (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL,
  destination TEXT NOT NULL, order_name TEXT NOT NULL, outbox_partition INTEGER NOT NULL, state TEXT NOT NULL,
  due_ms BIGINT NOT NULL, attempts INTEGER NOT NULL, answer TEXT NOT NULL, answered_ms BIGINT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS jobs_key ON jobs (bucket, kind, key);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (kind, due_ms, id) WHERE state <> 'set_aside';
CREATE INDEX IF NOT EXISTS jobs_order ON jobs (bucket, kind, order_name, id)
  WHERE order_name <> '' AND state <> 'set_aside';

CREATE TABLE IF NOT EXISTS imports (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, kind TEXT NOT NULL, stage TEXT NOT NULL,
  total BIGINT NOT NULL, done BIGINT NOT NULL, failed BIGINT NOT NULL, ended_ms BIGINT NOT NULL, problem TEXT NOT NULL,
  file_key TEXT NOT NULL DEFAULT '', audience TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS imports_of_account ON imports (bucket, account_id, id DESC);

CREATE TABLE IF NOT EXISTS import_rows (
  bucket INTEGER NOT NULL, import_id BIGINT NOT NULL, position INTEGER NOT NULL, data TEXT NOT NULL,
  problem TEXT NOT NULL, PRIMARY KEY (bucket, import_id, position)) {clustered};

CREATE TABLE IF NOT EXISTS imported_posts (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, source TEXT NOT NULL, post_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, source)) {clustered};

CREATE TABLE IF NOT EXISTS archives (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, key TEXT NOT NULL,
  size_bytes BIGINT NOT NULL, posts BIGINT NOT NULL, ready_ms BIGINT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS archives_of_account ON archives (bucket, account_id, id DESC);

CREATE TABLE IF NOT EXISTS workers (
  bucket INTEGER NOT NULL, id BIGINT NOT NULL, until BIGINT NOT NULL, PRIMARY KEY (bucket, id)) {clustered};

CREATE TABLE IF NOT EXISTS lanes (
  bucket INTEGER NOT NULL, lane INTEGER NOT NULL, holder BIGINT NOT NULL, until BIGINT NOT NULL,
  PRIMARY KEY (bucket, lane)) {clustered};

CREATE TABLE IF NOT EXISTS missed_pushes (
  bucket INTEGER NOT NULL, kind TEXT NOT NULL, part INTEGER NOT NULL, times BIGINT NOT NULL,
  PRIMARY KEY (bucket, kind, part)) {clustered};

CREATE TABLE IF NOT EXISTS behind (
  bucket INTEGER NOT NULL, part INTEGER NOT NULL, times BIGINT NOT NULL, PRIMARY KEY (bucket, part)) {clustered};
"""
