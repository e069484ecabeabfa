"""What a person reads by: lists, filters, notifications, conversations, markers."""

TABLES = {
    "lists": "id (the owner's)",
    "list_members": "list_id",
    "listed_in": "account_id",
    "filters": "account_id",
    "filter_keywords": "account_id",
    "filter_posts": "account_id",
    "notifications": "id (the recipient's)",
    "notification_policies": "account_id",
    "notification_permissions": "account_id",
    "notification_requests": "id (the recipient's)",
    "push_subscriptions": "id (the recipient's)",
    "conversations": "id (the participant's)",
    "markers": "account_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS lists (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, owner_id BIGINT NOT NULL, title TEXT NOT NULL, replies TEXT NOT NULL,
  exclusive INTEGER NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS lists_owner ON lists (bucket, owner_id, id);

CREATE TABLE IF NOT EXISTS list_members (
  bucket INTEGER NOT NULL, list_id BIGINT NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL,
  PRIMARY KEY (bucket, list_id, account_id)) {clustered};

CREATE TABLE IF NOT EXISTS listed_in (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, list_id BIGINT NOT NULL, owner_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, bucket, list_id)) {clustered};

CREATE TABLE IF NOT EXISTS filters (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL, title TEXT NOT NULL, contexts TEXT NOT NULL,
  action TEXT NOT NULL, expires_ms BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, id)) {clustered};

CREATE TABLE IF NOT EXISTS filter_keywords (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL, filter_id BIGINT NOT NULL,
  keyword TEXT NOT NULL, whole_word INTEGER NOT NULL, PRIMARY KEY (bucket, account_id, id)) {clustered};

CREATE TABLE IF NOT EXISTS filter_posts (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, id BIGINT NOT NULL, filter_id BIGINT NOT NULL,
  post_id BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, id)) {clustered};

CREATE TABLE IF NOT EXISTS notifications (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, kind TEXT NOT NULL, from_id BIGINT NOT NULL,
  post_id BIGINT NOT NULL, group_id BIGINT NOT NULL DEFAULT 0, newest INTEGER NOT NULL DEFAULT 1,
  members INTEGER NOT NULL DEFAULT 1, sample TEXT NOT NULL DEFAULT '', filtered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS notifications_once ON notifications (bucket, account_id, kind, from_id, post_id);
CREATE INDEX IF NOT EXISTS notifications_told ON notifications (bucket, account_id, id DESC) WHERE filtered = 0;
CREATE INDEX IF NOT EXISTS notifications_newest ON notifications (bucket, account_id, id DESC) WHERE newest = 1;
CREATE INDEX IF NOT EXISTS notifications_about ON notifications (bucket, account_id, kind, post_id, id DESC)
  WHERE newest = 1 AND group_id > 0;
CREATE INDEX IF NOT EXISTS notifications_group ON notifications (bucket, account_id, group_id, id DESC)
  WHERE group_id > 0;
CREATE INDEX IF NOT EXISTS notifications_held ON notifications (bucket, account_id, id DESC) WHERE filtered = 1;
CREATE INDEX IF NOT EXISTS notifications_held_from ON notifications (bucket, account_id, from_id, id)
  WHERE filtered = 1;

CREATE TABLE IF NOT EXISTS notification_policies (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, policy TEXT NOT NULL,
  PRIMARY KEY (account_id, bucket)) {clustered};

CREATE TABLE IF NOT EXISTS notification_permissions (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, from_id BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, from_id)) {clustered};

CREATE TABLE IF NOT EXISTS notification_requests (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, from_id BIGINT NOT NULL,
  notifications INTEGER NOT NULL, last_post_id BIGINT NOT NULL, changed_ms BIGINT NOT NULL, accepted INTEGER NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS notification_requests_from ON notification_requests (bucket, account_id, from_id);
CREATE INDEX IF NOT EXISTS notification_requests_order ON notification_requests (bucket, account_id, id DESC)
  WHERE accepted = 0;

CREATE TABLE IF NOT EXISTS push_subscriptions (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, token_id TEXT NOT NULL,
  endpoint TEXT NOT NULL, key TEXT NOT NULL, secret TEXT NOT NULL, standard INTEGER NOT NULL, alerts TEXT NOT NULL,
  policy TEXT NOT NULL, access_token TEXT NOT NULL, base_url TEXT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS push_subscriptions_token ON push_subscriptions (bucket, account_id, token_id);

CREATE TABLE IF NOT EXISTS conversations (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, root_id BIGINT NOT NULL,
  last_post_id BIGINT NOT NULL, unread INTEGER NOT NULL, participants TEXT NOT NULL,
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS conversations_thread ON conversations (bucket, account_id, root_id);
CREATE INDEX IF NOT EXISTS conversations_order ON conversations (bucket, account_id, last_post_id DESC);

CREATE TABLE IF NOT EXISTS markers (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, timeline TEXT NOT NULL, last_read_id BIGINT NOT NULL,
  version INTEGER NOT NULL, changed_ms BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, timeline)) {clustered};
"""
