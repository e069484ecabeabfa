"""Rules of an organisation, "when … if … do …": the rules, their versions and runs, in the rule's bucket, which is the
organisation's; which posts they made, in the post's."""

TABLES = {
    "rules": "id (the organisation's)",
    "rule_versions": "rule_id",
    "rule_runs": "rule_id",
    "rule_posts": "post_id",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS rules (
  id BIGINT NOT NULL, bucket INTEGER NOT NULL, org_id BIGINT NOT NULL, owner_id BIGINT NOT NULL, name TEXT NOT NULL,
  tree TEXT NOT NULL, names TEXT NOT NULL, state TEXT NOT NULL, version BIGINT NOT NULL, failures INTEGER NOT NULL,
  changed_ms BIGINT NOT NULL, PRIMARY KEY (id, bucket), {bucket_of_id}) {clustered};
CREATE INDEX IF NOT EXISTS rules_of_org ON rules (bucket, org_id, id DESC);

CREATE TABLE IF NOT EXISTS rule_versions (
  bucket INTEGER NOT NULL, rule_id BIGINT NOT NULL, version BIGINT NOT NULL, by_id BIGINT NOT NULL,
  at_ms BIGINT NOT NULL, name TEXT NOT NULL, tree TEXT NOT NULL, PRIMARY KEY (rule_id, bucket, version)) {clustered};

CREATE TABLE IF NOT EXISTS rule_runs (
  bucket INTEGER NOT NULL, rule_id BIGINT NOT NULL, event TEXT NOT NULL, at_ms BIGINT NOT NULL, outcome TEXT NOT NULL,
  made TEXT NOT NULL, problem TEXT NOT NULL, PRIMARY KEY (rule_id, bucket, event)) {clustered};
CREATE INDEX IF NOT EXISTS rule_runs_newest ON rule_runs (bucket, rule_id, at_ms DESC);

CREATE TABLE IF NOT EXISTS rule_posts (
  post_id BIGINT NOT NULL, bucket INTEGER NOT NULL, rule_id BIGINT NOT NULL, depth INTEGER NOT NULL,
  PRIMARY KEY (post_id, bucket)) {clustered};
"""
