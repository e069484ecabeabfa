"""Domains that organisations say are theirs, in the domain's bucket; of an organisation: its list of names, in its own.

Several may say so; one may have proved it.
"""

from collections.abc import Collection

from ..ids import bucket_of, bucket_of_text
from ..ports import Tx
from ..types import Domain

COLUMNS = ", ".join(Domain.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Domain.__struct_fields__)


def insert(tx: Tx, one: Domain) -> bool:
    """False when it is there already."""
    return 1 == tx.changed(
        f"""INSERT INTO domains (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (domain, bucket, org_id) DO NOTHING""",
        bucket=bucket_of_text(one.domain),
        **{name: getattr(one, name) for name in Domain.__struct_fields__},
    )


def list_name(tx: Tx, org_id: int, domain: str) -> None:
    """Harmless when it is listed already."""
    tx.run(
        """INSERT INTO org_domains (bucket, org_id, domain) VALUES (:bucket, :org, :domain)
           ON CONFLICT (bucket, org_id, domain) DO NOTHING""",
        bucket=bucket_of(org_id),
        org=org_id,
        domain=domain,
    )


def names(tx: Tx, org_id: int) -> list[str]:
    """Those that the organisation says are its own, by the alphabet."""
    rows = tx.all(
        "SELECT domain FROM org_domains WHERE bucket = :bucket AND org_id = :org ORDER BY domain",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [name for (name,) in rows]


def of(tx: Tx, domains: Collection[str]) -> list[Domain]:
    """All that say that one of these is theirs."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM domains
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("domain", "domains")} ORDER BY domain""",
        buckets=list({bucket_of_text(one) for one in domains}),
        domains=list(domains),
    )
    return [Domain(*row) for row in rows]


def lock(tx: Tx, domain: str) -> None:
    """Whoever else checks the domain waits until this transaction ends."""
    tx.run(
        "UPDATE domains SET checked_ms = checked_ms WHERE bucket = :bucket AND domain = :domain",
        bucket=bucket_of_text(domain),
        domain=domain,
    )


def set_state(tx: Tx, one: Domain) -> None:
    tx.run(
        """UPDATE domains SET verified_ms = :verified, checked_ms = :checked, lost_ms = :lost
           WHERE bucket = :bucket AND domain = :domain AND org_id = :org""",
        verified=one.verified_ms,
        checked=one.checked_ms,
        lost=one.lost_ms,
        bucket=bucket_of_text(one.domain),
        domain=one.domain,
        org=one.org_id,
    )


def delete(tx: Tx, org_id: int, domain: str) -> bool:
    """False when it is not there."""
    return 1 == tx.changed(
        "DELETE FROM domains WHERE bucket = :bucket AND domain = :domain AND org_id = :org",
        bucket=bucket_of_text(domain),
        domain=domain,
        org=org_id,
    )


def unlist_name(tx: Tx, org_id: int, domain: str) -> None:
    tx.run(
        "DELETE FROM org_domains WHERE bucket = :bucket AND org_id = :org AND domain = :domain",
        bucket=bucket_of(org_id),
        org=org_id,
        domain=domain,
    )
