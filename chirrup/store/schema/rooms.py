"""Rooms: accounts whose followers are their members. Their follows are in relations.py, their posts in posts.py."""

TABLES = {
    "rooms": "id",
    "room_roles": "room_id",
    "room_posts": "room_id",
    "member_rooms": "account_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS rooms (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, archived_ms BIGINT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS rooms_of_org ON rooms (org_id, id DESC, bucket);

CREATE TABLE IF NOT EXISTS room_roles (
  bucket INTEGER NOT NULL, room_id BIGINT NOT NULL, account_id BIGINT NOT NULL, role TEXT NOT NULL,
  PRIMARY KEY (room_id, bucket, account_id)) {clustered};

CREATE TABLE IF NOT EXISTS room_posts (
  room_id BIGINT NOT NULL, post_id BIGINT NOT NULL, bucket INTEGER NOT NULL,
  PRIMARY KEY (room_id, post_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS member_rooms (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, room_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, room_id)) {clustered};
"""
