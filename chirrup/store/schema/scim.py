"""What a company's directory tells an organisation by SCIM: tokens, and users and groups as it described them."""

TABLES = {
    "scim_tokens": "org_id",
    "scim_resources": "org_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS scim_tokens (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, id BIGINT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL,
  created_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL, PRIMARY KEY (bucket, org_id, id)) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS scim_tokens_hash ON scim_tokens (bucket, org_id, hash);

CREATE TABLE IF NOT EXISTS scim_resources (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, kind TEXT NOT NULL, id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  name TEXT NOT NULL, external_id TEXT NOT NULL, body TEXT NOT NULL, version BIGINT NOT NULL,
  created_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL, PRIMARY KEY (bucket, org_id, kind, id)) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS scim_resources_account ON scim_resources (bucket, org_id, account_id);
CREATE UNIQUE INDEX IF NOT EXISTS scim_users_name ON scim_resources (bucket, org_id, name) WHERE kind = 'User';
CREATE INDEX IF NOT EXISTS scim_resources_name ON scim_resources (bucket, org_id, kind, name, id);
CREATE INDEX IF NOT EXISTS scim_resources_external ON scim_resources (bucket, org_id, kind, external_id, id);
"""
