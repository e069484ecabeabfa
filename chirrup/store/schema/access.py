"""Who is let in: apps, tokens, sessions, second factors."""

TABLES = {
    "oauth_apps": "reference",
    "tokens": "account_id, or app_id where that is 0 (prefix of the token)",
    "oauth_codes": "account_id (prefix of the code)",
    "sessions": "account_id (prefix of the cookie)",
    "one_time_tokens": "account_id (prefix of the link)",
    "second_factors": "account_id",
    "passkeys": "account_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS oauth_apps (
  id BIGINT NOT NULL, client_id TEXT NOT NULL, secret_hash TEXT NOT NULL, name TEXT NOT NULL, website TEXT NOT NULL,
  redirect_uris TEXT NOT NULL, scopes TEXT NOT NULL, created_ms BIGINT NOT NULL, org_id BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id)) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS oauth_apps_client ON oauth_apps (client_id);

CREATE TABLE IF NOT EXISTS tokens (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, app_id BIGINT NOT NULL, scopes TEXT NOT NULL,
  created_ms BIGINT NOT NULL, name TEXT NOT NULL DEFAULT '', used_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, id)) {clustered};
CREATE INDEX IF NOT EXISTS tokens_account ON tokens (bucket, account_id);

CREATE TABLE IF NOT EXISTS oauth_codes (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, app_id BIGINT NOT NULL, scopes TEXT NOT NULL,
  redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL, expires_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL,
  token_id TEXT NOT NULL, PRIMARY KEY (bucket, id)) {clustered};
CREATE INDEX IF NOT EXISTS oauth_codes_age ON oauth_codes (expires_ms);

CREATE TABLE IF NOT EXISTS sessions (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, created_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, user_agent TEXT NOT NULL,
  PRIMARY KEY (bucket, id)) {clustered};
CREATE INDEX IF NOT EXISTS sessions_account ON sessions (bucket, account_id);
CREATE INDEX IF NOT EXISTS sessions_age ON sessions (expires_ms);

CREATE TABLE IF NOT EXISTS one_time_tokens (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, purpose TEXT NOT NULL, email TEXT NOT NULL,
  expires_ms BIGINT NOT NULL, PRIMARY KEY (bucket, id)) {clustered};
CREATE INDEX IF NOT EXISTS one_time_tokens_age ON one_time_tokens (expires_ms);

CREATE TABLE IF NOT EXISTS second_factors (
  account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, salt TEXT NOT NULL, since_ms BIGINT NOT NULL,
  used_step BIGINT NOT NULL, recovery TEXT NOT NULL, PRIMARY KEY (account_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS passkeys (
  id TEXT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, public_key TEXT NOT NULL,
  sign_count BIGINT NOT NULL, name TEXT NOT NULL, created_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL,
  asked_ms BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, id)) {clustered};
"""
