"""Mail: what accounts want to have, what came back, what came in. raw: a mail that staff look at, as it came."""

TABLES = {
    "mail_prefs": "account_id",
    "room_mails": "room_id",
    "bounces": "account_id",
    "mail_in": "account_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS mail_prefs (
  account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, mode TEXT NOT NULL, digest TEXT NOT NULL,
  digest_hour INTEGER NOT NULL, quiet_from INTEGER NOT NULL, quiet_until INTEGER NOT NULL, zone TEXT NOT NULL,
  epoch BIGINT NOT NULL, off_ms BIGINT NOT NULL, off_why TEXT NOT NULL,
  PRIMARY KEY (account_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS room_mails (
  bucket INTEGER NOT NULL, room_id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (room_id, account_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS bounces (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL, hard INTEGER NOT NULL, why TEXT NOT NULL,
  PRIMARY KEY (bucket, account_id, id)) {clustered};

CREATE TABLE IF NOT EXISTS mail_in (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, org_id BIGINT NOT NULL, digest TEXT NOT NULL,
  verdict TEXT NOT NULL, post_id BIGINT NOT NULL, why TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
  subject TEXT NOT NULL, raw TEXT NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS mail_in_once ON mail_in (bucket, account_id, digest);
CREATE INDEX IF NOT EXISTS mail_in_held ON mail_in (org_id, id DESC, bucket) WHERE verdict = 'held';
"""
