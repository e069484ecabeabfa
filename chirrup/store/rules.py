"""Rules "when … if … do …", their versions, runs, and the posts that they made: rows of schema/rules.py."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import ActionRule, RuleRun, RuleVersion

COLUMNS = ", ".join(ActionRule.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in ActionRule.__struct_fields__)
_VERSION = ", ".join(RuleVersion.__struct_fields__)
_VERSION_VALUES = ", ".join(f":{name}" for name in RuleVersion.__struct_fields__)
_RUN = ", ".join(RuleRun.__struct_fields__)
_RUN_VALUES = ", ".join(f":{name}" for name in RuleRun.__struct_fields__)


def _fields(one: ActionRule | RuleVersion | RuleRun) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def of_org(tx: Tx, org_id: int) -> list[ActionRule]:
    """The newest first."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM rules WHERE bucket = :bucket AND org_id = :org ORDER BY id DESC",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [ActionRule(*row) for row in rows]


def orgs_with_any(tx: Tx) -> list[tuple[int, int, int]]:
    """(organisation, how many of its rules are on, when one changed last). Reads the whole table, which is small."""
    return tx.all(
        "SELECT org_id, SUM(CASE WHEN state = 'on' THEN 1 ELSE 0 END), MAX(changed_ms) FROM rules GROUP BY org_id"
    )


def by_id(tx: Tx, id: int) -> ActionRule | None:
    row = tx.one(f"SELECT {COLUMNS} FROM rules WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return ActionRule(*row) if row else None


def lock(tx: Tx, id: int) -> None:
    """Who else changes or runs the rule waits until this transaction ends."""
    tx.run("UPDATE rules SET failures = failures WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def insert(tx: Tx, one: ActionRule) -> None:
    tx.run(
        f"INSERT INTO rules (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})", bucket=bucket_of(one.id), **_fields(one)
    )


def update(tx: Tx, one: ActionRule) -> None:
    """All but what never changes: the organisation."""
    tx.run(
        """UPDATE rules SET owner_id = :owner_id, name = :name, tree = :tree, names = :names, state = :state,
             version = :version, failures = :failures, changed_ms = :changed_ms
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(one.id),
        **{name: value for name, value in _fields(one).items() if name != "org_id"},
    )


def set_failures(tx: Tx, id: int, failures: int) -> None:
    tx.run(
        "UPDATE rules SET failures = :failures WHERE bucket = :bucket AND id = :id",
        failures=failures,
        bucket=bucket_of(id),
        id=id,
    )


def delete(tx: Tx, id: int) -> None:
    """Its versions and runs: forget()."""
    tx.run("DELETE FROM rules WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def forget_versions(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM rule_versions WHERE bucket = :bucket AND rule_id = :id", bucket=bucket_of(id), id=id)


def forget_runs(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM rule_runs WHERE bucket = :bucket AND rule_id = :id", bucket=bucket_of(id), id=id)


# versions


def insert_version(tx: Tx, one: RuleVersion) -> None:
    tx.run(
        f"INSERT INTO rule_versions (bucket, {_VERSION}) VALUES (:bucket, {_VERSION_VALUES})",
        bucket=bucket_of(one.rule_id),
        **_fields(one),
    )


def versions(tx: Tx, rule_id: int, limit: int) -> list[RuleVersion]:
    """The newest first."""
    rows = tx.all(
        f"""SELECT {_VERSION} FROM rule_versions WHERE bucket = :bucket AND rule_id = :rule
            ORDER BY version DESC LIMIT :limit""",
        bucket=bucket_of(rule_id),
        rule=rule_id,
        limit=limit,
    )
    return [RuleVersion(*row) for row in rows]


# runs


def insert_run(tx: Tx, one: RuleRun) -> bool:
    """False when what happened is in the log already."""
    return 1 == tx.changed(
        f"""INSERT INTO rule_runs (bucket, {_RUN}) VALUES (:bucket, {_RUN_VALUES})
            ON CONFLICT (rule_id, bucket, event) DO NOTHING""",
        bucket=bucket_of(one.rule_id),
        **_fields(one),
    )


def set_made(tx: Tx, rule_id: int, event: str, made: str) -> None:
    tx.run(
        "UPDATE rule_runs SET made = :made WHERE bucket = :bucket AND rule_id = :rule AND event = :event",
        made=made,
        bucket=bucket_of(rule_id),
        rule=rule_id,
        event=event,
    )


def runs(tx: Tx, rule_id: int, limit: int) -> list[RuleRun]:
    """The newest first."""
    rows = tx.all(
        f"""SELECT {_RUN} FROM rule_runs WHERE bucket = :bucket AND rule_id = :rule
            ORDER BY at_ms DESC, event DESC LIMIT :limit""",
        bucket=bucket_of(rule_id),
        rule=rule_id,
        limit=limit,
    )
    return [RuleRun(*row) for row in rows]


def runs_since(tx: Tx, rule_id: int, since_ms: int) -> int:
    """How many were done, or tried."""
    row = tx.one(
        """SELECT COUNT(*) FROM rule_runs
           WHERE bucket = :bucket AND rule_id = :rule AND at_ms > :since AND outcome IN ('done', 'failed')""",
        bucket=bucket_of(rule_id),
        rule=rule_id,
        since=since_ms,
    )
    return row[0] if row else 0


def trim_runs(tx: Tx, rule_id: int, before_ms: int) -> None:
    tx.run(
        "DELETE FROM rule_runs WHERE bucket = :bucket AND rule_id = :rule AND at_ms < :before",
        bucket=bucket_of(rule_id),
        rule=rule_id,
        before=before_ms,
    )


# posts that rules made


def insert_post(tx: Tx, post_id: int, rule_id: int, depth: int) -> None:
    tx.run(
        "INSERT INTO rule_posts (bucket, post_id, rule_id, depth) VALUES (:bucket, :post, :rule, :depth)",
        bucket=bucket_of(post_id),
        post=post_id,
        rule=rule_id,
        depth=depth,
    )


def trim_posts(tx: Tx, bucket: int, before: int) -> None:
    """Forget those in the bucket whose ids are lower: nothing answers them any more."""
    tx.run("DELETE FROM rule_posts WHERE bucket = :bucket AND post_id < :before", bucket=bucket, before=before)


def depth(tx: Tx, post_id: int) -> int:
    """How many posts in a row rules have made, up to this one; 0: no rule made it."""
    row = tx.one(
        "SELECT depth FROM rule_posts WHERE bucket = :bucket AND post_id = :post",
        bucket=bucket_of(post_id),
        post=post_id,
    )
    return row[0] if row else 0
