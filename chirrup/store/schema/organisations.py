"""Organisations, and what each has for all its people: roles, invitations, announcements, custom emoji, trends."""

TABLES = {
    "orgs": "id",
    "hosts": "crc32(host)",
    "domains": "crc32(domain)",
    "org_domains": "org_id",
    "org_roles": "org_id",
    "invites": "id (the organisation's)",
    "announcements": "id (the organisation's)",
    "announcement_reactions": "announcement_id",
    "announcement_counts": "announcement_id",
    "announcements_read": "announcement_id",
    "emojis": "id (the organisation's)",
    "emoji_sets": "org_id",
    "trends": "org_id",
    "trend_decisions": "org_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS orgs (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL, host TEXT NOT NULL,
  closed INTEGER NOT NULL, settings TEXT NOT NULL DEFAULT '', media_epoch BIGINT NOT NULL DEFAULT 0,
  closing_ms BIGINT NOT NULL DEFAULT 0, closing_note_id BIGINT NOT NULL DEFAULT 0, ended_ms BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};

CREATE TABLE IF NOT EXISTS hosts (
  bucket INTEGER NOT NULL, host TEXT NOT NULL, org_id BIGINT NOT NULL, PRIMARY KEY (bucket, host)) {clustered};

CREATE TABLE IF NOT EXISTS org_roles (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL, bits BIGINT NOT NULL,
  PRIMARY KEY (org_id, bucket, name)) {clustered};

CREATE TABLE IF NOT EXISTS invites (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, hash TEXT NOT NULL, by_id BIGINT NOT NULL,
  email TEXT NOT NULL, kind TEXT NOT NULL, role TEXT NOT NULL, rooms TEXT NOT NULL, uses INTEGER NOT NULL,
  used INTEGER NOT NULL, until_ms BIGINT NOT NULL, withdrawn_ms BIGINT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS invites_of_org ON invites (bucket, org_id, id DESC);
CREATE INDEX IF NOT EXISTS invites_hash ON invites (bucket, hash);

CREATE TABLE IF NOT EXISTS domains (
  bucket INTEGER NOT NULL, domain TEXT NOT NULL, org_id BIGINT NOT NULL, token TEXT NOT NULL,
  claimed_ms BIGINT NOT NULL, verified_ms BIGINT NOT NULL, checked_ms BIGINT NOT NULL, lost_ms BIGINT NOT NULL,
  PRIMARY KEY (domain, bucket, org_id)) {clustered};

CREATE TABLE IF NOT EXISTS org_domains (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, domain TEXT NOT NULL,
  PRIMARY KEY (bucket, org_id, domain)) {clustered};

CREATE TABLE IF NOT EXISTS announcements (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, text TEXT NOT NULL, starts_ms BIGINT NOT NULL,
  ends_ms BIGINT NOT NULL, all_day INTEGER NOT NULL, due_ms BIGINT NOT NULL, published_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS announcements_of_org ON announcements (bucket, org_id, id);

CREATE TABLE IF NOT EXISTS announcement_reactions (
  bucket INTEGER NOT NULL, announcement_id BIGINT NOT NULL, account_id BIGINT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (bucket, announcement_id, account_id, name)) {clustered};

CREATE TABLE IF NOT EXISTS announcement_counts (
  bucket INTEGER NOT NULL, announcement_id BIGINT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL,
  accounts BIGINT NOT NULL, PRIMARY KEY (bucket, announcement_id, name)) {clustered};

CREATE TABLE IF NOT EXISTS announcements_read (
  bucket INTEGER NOT NULL, announcement_id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, announcement_id, account_id)) {clustered};

CREATE TABLE IF NOT EXISTS emojis (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, shortcode TEXT NOT NULL, category TEXT NOT NULL,
  listed INTEGER NOT NULL, key TEXT NOT NULL, still_key TEXT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS emojis_shortcode ON emojis (bucket, org_id, shortcode);

CREATE TABLE IF NOT EXISTS emoji_sets (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (bucket, org_id)) {clustered};

CREATE TABLE IF NOT EXISTS trends (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, tags TEXT NOT NULL, posts TEXT NOT NULL,
  links TEXT NOT NULL DEFAULT '[]', decisions TEXT NOT NULL DEFAULT '{{}}',
  PRIMARY KEY (org_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS trend_decisions (
  bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, subject TEXT NOT NULL, id BIGINT NOT NULL, allowed INTEGER NOT NULL,
  PRIMARY KEY (org_id, bucket, subject)) {clustered};
"""
