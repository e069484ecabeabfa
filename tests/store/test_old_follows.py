"""A database made before the packed layout of following and followers keeps its layout, and works."""

from pathlib import Path

from databases import open_database

from chirrup.ids import ID_MAX, made_at
from chirrup.ports import Tx
from chirrup.store import follows, migrations
from chirrup.types import Span

BEFORE = """
CREATE TABLE following (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, target_id BIGINT NOT NULL, id BIGINT NOT NULL,
  show_boosts INTEGER NOT NULL, notify INTEGER NOT NULL, languages TEXT NOT NULL,
  PRIMARY KEY (account_id, bucket, target_id)) {clustered};
CREATE INDEX following_order ON following (bucket, account_id, id DESC);
CREATE TABLE followers (
  bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, follower_id BIGINT NOT NULL, id BIGINT NOT NULL,
  show_boosts INTEGER NOT NULL, notify INTEGER NOT NULL, languages TEXT NOT NULL,
  PRIMARY KEY (bucket, account_id, follower_id)) {clustered};
CREATE INDEX followers_order ON followers (bucket, account_id, id DESC);
INSERT INTO following VALUES (1, 4097, 4098, 20481, 1, 0, 'de');
INSERT INTO followers VALUES (2, 4098, 4097, 20481, 1, 0, 'de')
"""
ANN, BOB, EVE = made_at(0, 1, 1), made_at(0, 1, 2), made_at(0, 2, 3)


def before(tx: Tx) -> None:
    tx.run("CREATE TABLE schema_version (id INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (id))")
    tx.run("INSERT INTO schema_version (id, version) VALUES (1, 3)")
    tx.run(
        "CREATE TABLE outbox (id BIGINT NOT NULL, bucket INTEGER NOT NULL, body TEXT NOT NULL, "
        "lease_until BIGINT NOT NULL, attempts INTEGER NOT NULL, PRIMARY KEY (id, bucket))"
    )
    for statement in BEFORE.replace("{clustered}", tx.sql.clustered).split(";"):
        tx.run(statement)


def test_follows_of_before_are_read_changed_and_ended(empty_database_url: str, tmp_path: Path):
    db = open_database(empty_database_url)
    db.write_now(before)
    migrations.migrate(db)

    def live(tx: Tx) -> None:
        assert follows.insert(tx, EVE, BOB, show_boosts=True, notify=True, languages="")
        assert not follows.insert(tx, ANN, BOB, show_boosts=True, notify=False, languages="")
        pages = follows.followers(tx, BOB, Span(before=ID_MAX, limit=10))
        assert [other for _, other in pages] == [EVE, ANN], "newest first"
        assert [row[1:] for row in follows.followers_step(tx, BOB, after=0, limit=10)] == [
            (ANN, 1, "de"),
            (EVE, 1, ""),
        ]
        follows.change(tx, ANN, BOB, show_boosts=False, notify=True, languages="")
        assert follows.notified_followers(tx, BOB) == follows.followers_among(tx, BOB, [ANN, BOB, EVE]) == {ANN, EVE}
        assert (one := follows.get(tx, ANN, BOB)) and (one.show_boosts, one.notify, one.languages) == (0, 1, "")
        assert follows.delete(tx, ANN, BOB) and not follows.delete(tx, ANN, BOB)
        assert follows.followers_among(tx, BOB, [ANN, BOB, EVE]) == {EVE}

    db.write_now(live)
    db.close()
