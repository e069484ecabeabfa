"""Directories: who accounts are to them, and what was read there."""

TABLES = {
    "identities": "crc32(issuer, subject)",
    "account_identities": "account_id",
    "directory_runs": "org_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS identities (
  bucket INTEGER NOT NULL, identity TEXT NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (identity, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS account_identities (
  account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, issuer TEXT NOT NULL,
  subject TEXT NOT NULL, role TEXT NOT NULL, rooms TEXT NOT NULL, gone_ms BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, issuer)) {clustered};
CREATE INDEX IF NOT EXISTS account_identities_of_org ON account_identities (org_id, issuer, account_id, bucket);

CREATE TABLE IF NOT EXISTS directory_runs (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, issuer TEXT NOT NULL, state TEXT NOT NULL,
  people INTEGER NOT NULL, members INTEGER NOT NULL, gone INTEGER NOT NULL, back INTEGER NOT NULL,
  words TEXT NOT NULL, gone_ids TEXT NOT NULL, decided_by_id BIGINT NOT NULL, read_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS directory_runs_of_org ON directory_runs (bucket, org_id, id DESC);
"""
