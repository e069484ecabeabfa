"""Posts that must be acknowledged, chains and rotations of who is asked, approvals with their decisions."""

TABLES = {
    "ack_requests": "post_id",
    "acks": "post_id",
    "ack_waiting": "account_id",
    "chains": "id (the organisation's)",
    "rotations": "id (the organisation's)",
    "poll_voters": "poll_id",
    "approvals": "post_id",
    "decisions": "post_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS ack_requests (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, org_id BIGINT NOT NULL, asked_by BIGINT NOT NULL,
  enough TEXT NOT NULL, within_ms BIGINT NOT NULL, chain_id BIGINT NOT NULL, rounds INTEGER NOT NULL,
  due_ms BIGINT NOT NULL, state TEXT NOT NULL, asked_ms BIGINT NOT NULL,
  PRIMARY KEY (post_id, bucket)) {clustered};
CREATE INDEX IF NOT EXISTS ack_requests_of_org ON ack_requests (org_id, post_id DESC, bucket);

CREATE TABLE IF NOT EXISTS acks (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, account_id BIGINT NOT NULL, asked_ms BIGINT NOT NULL,
  acked_ms BIGINT NOT NULL, via TEXT NOT NULL, PRIMARY KEY (post_id, bucket, account_id)) {clustered};

CREATE TABLE IF NOT EXISTS ack_waiting (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, post_id)) {clustered};

CREATE TABLE IF NOT EXISTS chains (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, name TEXT NOT NULL, steps TEXT NOT NULL,
  repeats INTEGER NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS chains_name ON chains (bucket, org_id, name);

CREATE TABLE IF NOT EXISTS rotations (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, name TEXT NOT NULL, people TEXT NOT NULL,
  zone TEXT NOT NULL, from_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS rotations_name ON rotations (bucket, org_id, name);

CREATE TABLE IF NOT EXISTS poll_voters (
  bucket INTEGER NOT NULL, poll_id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  PRIMARY KEY (poll_id, bucket, account_id)) {clustered};

CREATE TABLE IF NOT EXISTS approvals (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, org_id BIGINT NOT NULL, poll_id BIGINT NOT NULL,
  asked_by BIGINT NOT NULL, quorum INTEGER NOT NULL, until_ms BIGINT NOT NULL, digest TEXT NOT NULL,
  state TEXT NOT NULL, decided_ms BIGINT NOT NULL,
  PRIMARY KEY (post_id, bucket)) {clustered};
CREATE INDEX IF NOT EXISTS approvals_of_org ON approvals (org_id, post_id DESC, bucket);

CREATE TABLE IF NOT EXISTS decisions (
  bucket INTEGER NOT NULL, post_id BIGINT NOT NULL, number INTEGER NOT NULL, account_id BIGINT NOT NULL,
  name TEXT NOT NULL, choice TEXT NOT NULL, at_ms BIGINT NOT NULL, before TEXT NOT NULL, signature TEXT NOT NULL,
  PRIMARY KEY (post_id, bucket, number)) {clustered};
"""
