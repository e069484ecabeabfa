"""Mail: what accounts want to have, and what came back."""

TABLES = {
    "mail_prefs": "account_id",
    "room_mails": "room_id",
    "bounces": "account_id",
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
"""
