"""What staff do: reports, strikes, bans. moderation_log is what older programs write; audit took it over."""

TABLES = {
    "moderation_log": "target_id",
    "reports": "id (the target's)",
    "strikes": "id (the target's)",
    "bans": "crc32(organisation and kind)",
    "ban_tries": "ban_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS moderation_log (
  bucket INTEGER NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL, actor_id BIGINT NOT NULL,
  action TEXT NOT NULL, words TEXT NOT NULL, org_id BIGINT NOT NULL DEFAULT 0,
  target_kind TEXT NOT NULL DEFAULT 'account', target_name TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, target_id, id)) {clustered};
CREATE INDEX IF NOT EXISTS moderation_log_of_org ON moderation_log (org_id, id DESC, bucket);

CREATE TABLE IF NOT EXISTS reports (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  target_id BIGINT NOT NULL, category TEXT NOT NULL, comment TEXT NOT NULL, post_ids TEXT NOT NULL,
  rule_ids TEXT NOT NULL, assigned_id BIGINT NOT NULL, resolved_ms BIGINT NOT NULL, resolved_by_id BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL, collection_ids TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS reports_of_org ON reports (org_id, id DESC, bucket);
CREATE INDEX IF NOT EXISTS reports_about ON reports (bucket, target_id, id DESC);

CREATE TABLE IF NOT EXISTS strikes (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, target_id BIGINT NOT NULL,
  actor_id BIGINT NOT NULL, action TEXT NOT NULL, words TEXT NOT NULL, report_id BIGINT NOT NULL,
  post_ids TEXT NOT NULL, appeal TEXT NOT NULL, appeal_state TEXT NOT NULL, appealed_ms BIGINT NOT NULL,
  decided_by_id BIGINT NOT NULL, decided_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS strikes_against ON strikes (bucket, target_id, id DESC);
CREATE INDEX IF NOT EXISTS strikes_appealed ON strikes (org_id, id DESC, bucket) WHERE appeal_state = 'pending';

CREATE TABLE IF NOT EXISTS bans (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  details TEXT NOT NULL, expires_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE UNIQUE INDEX IF NOT EXISTS bans_subject ON bans (bucket, org_id, kind, subject);
CREATE INDEX IF NOT EXISTS bans_of_org ON bans (bucket, org_id, kind, id DESC);
CREATE INDEX IF NOT EXISTS bans_of_addresses ON bans (id, bucket) WHERE kind = 'ip_block';

CREATE TABLE IF NOT EXISTS ban_tries (
  bucket INTEGER NOT NULL, ban_id BIGINT NOT NULL, day INTEGER NOT NULL, who TEXT NOT NULL, tries BIGINT NOT NULL,
  PRIMARY KEY (bucket, ban_id, day, who)) {clustered};
"""
