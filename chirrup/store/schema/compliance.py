"""What an organisation keeps on record: the log of acts."""

TABLES = {
    "audit": "org_id",
    "audit_heads": "org_id",
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
"""
