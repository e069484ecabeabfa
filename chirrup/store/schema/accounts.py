"""Accounts, their names and addresses, and what people note down of each other."""

TABLES = {
    "accounts": "id",
    "account_names": "crc32(name)",
    "emails": "crc32(email)",
    "users": "account_id",
    "account_counts": "account_id",
    "account_notes": "account_id",
    "endorsements": "account_id",
    "collections": "id (the owner's)",
    "collection_items": "collection_id",
    "collected_in": "account_id",
    "suggestions_refused": "account_id",
    "annual_reports": "account_id",
    "featured_tags": "account_id",
    "followed_tags": "account_id",
    "aliases": "account_id",
    "moves": "account_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, username TEXT NOT NULL, display_name TEXT NOT NULL, note TEXT NOT NULL,
  fields TEXT NOT NULL, avatar TEXT NOT NULL, avatar_static TEXT NOT NULL, header TEXT NOT NULL,
  locked INTEGER NOT NULL, bot INTEGER NOT NULL, discoverable INTEGER NOT NULL, hide_network INTEGER NOT NULL,
  indexable INTEGER NOT NULL, changed_ms BIGINT NOT NULL, suspended_ms BIGINT NOT NULL,
  org_id BIGINT NOT NULL DEFAULT 0, host TEXT NOT NULL DEFAULT '', uri TEXT NOT NULL DEFAULT '',
  filters_version BIGINT NOT NULL DEFAULT 0,
  silenced_ms BIGINT NOT NULL DEFAULT 0, sensitized_ms BIGINT NOT NULL DEFAULT 0,
  presentation TEXT NOT NULL DEFAULT '',
  pending INTEGER NOT NULL DEFAULT 0, moved_to_id BIGINT NOT NULL DEFAULT 0,
  kind TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS accounts_of_org ON accounts (org_id, id DESC, bucket);

CREATE TABLE IF NOT EXISTS account_names (
  bucket INTEGER NOT NULL, name TEXT NOT NULL, account_id BIGINT NOT NULL, PRIMARY KEY (name, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS emails (
  bucket INTEGER NOT NULL, email TEXT NOT NULL, account_id BIGINT NOT NULL, PRIMARY KEY (bucket, email)) {clustered};

CREATE TABLE IF NOT EXISTS users (
  account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, email TEXT NOT NULL, password_hash TEXT NOT NULL,
  role TEXT NOT NULL, confirmed_ms BIGINT NOT NULL, approved INTEGER NOT NULL, disabled INTEGER NOT NULL,
  locale TEXT NOT NULL, post_visibility TEXT NOT NULL, post_sensitive INTEGER NOT NULL, post_language TEXT NOT NULL,
  org_id BIGINT NOT NULL DEFAULT 0, quote_policy TEXT NOT NULL DEFAULT 'public',
  sign_up_ip TEXT NOT NULL DEFAULT '', sign_up_reason TEXT NOT NULL DEFAULT '',
  sign_up_app_id BIGINT NOT NULL DEFAULT 0, gone_ms BIGINT NOT NULL DEFAULT 0,
  deactivated_ms BIGINT NOT NULL DEFAULT 0, compliance_by_id BIGINT NOT NULL DEFAULT 0,
  invite_id BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, bucket)) {clustered};
CREATE INDEX IF NOT EXISTS users_staff ON users (org_id, account_id, bucket) WHERE role <> '';
CREATE INDEX IF NOT EXISTS users_invited ON users (org_id, invite_id, account_id, bucket) WHERE invite_id > 0;
CREATE INDEX IF NOT EXISTS users_ip ON users (account_id, bucket) WHERE sign_up_ip <> '';

CREATE TABLE IF NOT EXISTS account_counts (
  account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, followers BIGINT NOT NULL, followees BIGINT NOT NULL,
  posts BIGINT NOT NULL, last_post_ms BIGINT NOT NULL, media_epoch BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS account_notes (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (bucket, account_id, target_id)) {clustered};

CREATE TABLE IF NOT EXISTS endorsements (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, target_id)) {clustered};

CREATE TABLE IF NOT EXISTS collections (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, name TEXT NOT NULL,
  description TEXT NOT NULL, language TEXT NOT NULL, tag TEXT NOT NULL, sensitive INTEGER NOT NULL,
  discoverable INTEGER NOT NULL, changed_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS collections_of_account ON collections (bucket, account_id, id DESC);

CREATE TABLE IF NOT EXISTS collection_items (
  bucket INTEGER NOT NULL, collection_id BIGINT NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL,
  revoked_ms BIGINT NOT NULL, PRIMARY KEY (collection_id, account_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS collected_in (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, collection_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, collection_id)) {clustered};

CREATE TABLE IF NOT EXISTS annual_reports (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, year INTEGER NOT NULL, data TEXT NOT NULL,
  asked_ms BIGINT NOT NULL, read_ms BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, year)) {clustered};

CREATE TABLE IF NOT EXISTS suggestions_refused (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, target_id)) {clustered};

CREATE TABLE IF NOT EXISTS featured_tags (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, tag TEXT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL,
  posts BIGINT NOT NULL, last_post_ms BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, tag)) {clustered};

CREATE TABLE IF NOT EXISTS followed_tags (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, tag TEXT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, tag)) {clustered};

CREATE TABLE IF NOT EXISTS aliases (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, target_id)) {clustered};

CREATE TABLE IF NOT EXISTS moves (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL, target_id BIGINT NOT NULL,
  followers BIGINT NOT NULL, done BIGINT NOT NULL, after_id BIGINT NOT NULL, ended_ms BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, id)) {clustered};
"""
