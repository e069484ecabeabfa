"""Two organisations that have a row each in every table, for tests of what goes over all tables."""

from typing import Any

from chirrup.ids import ID_MAX, bucket_of, bucket_of_text, first_at
from chirrup.ports import Tx
from chirrup.social import drafts
from chirrup.store import belonging, jobs, tables
from chirrup.store.belonging import ALSO, BLANK, KEYED, ORG, TEXT, WAYS

ACME, OTHER = (first_at(1_700_000_000_000 + place) + place for place in (1000, 2000))
CHEAP = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"


def id_in(org_id: int, table: str) -> int:
    """The id of the organisation's row in the table. All its rows are in one bucket."""
    table = "accounts" if table == "rooms" else table
    number = sorted(tables.every()).index(table) + 1
    return org_id if table == "orgs" else first_at((org_id >> 16) + number) + bucket_of(org_id)


def row(name: str, org_id: int) -> dict[str, Any]:
    table = tables.every()[name]
    line: dict[str, Any] = {column: str(org_id) if column in table.texts else 1 for column in table.columns}
    line |= {column: f"{belonging.prefix(org_id)}x" for column in line if (name, column) in KEYED}
    if "id" in line and "id" not in table.texts and "org_id" not in table.key:
        line["id"] = id_in(org_id, name)
    column, holds = WAYS[name]
    line["bucket"] = bucket_of(org_id)
    if holds == ORG:
        line[column] = org_id
    elif holds == TEXT:
        line[column] = f"{belonging.prefix(org_id)}words of {name}"
        line["bucket"] = bucket_of_text(line[column])
    else:
        line[column] = id_in(org_id, holds)
    line |= {of: id_in(org_id, parent) for also, of, parent in ALSO if also == name}
    if "org_id" in line:
        line["org_id"] = org_id
    if name == "orgs":
        line |= {"name": f"org{org_id % 4096}", "host": f"{org_id}.example", "settings": ""}
    if name == "users":
        line["password_hash"] = CHEAP
    line |= {column: "" for column in line if (name, column) in BLANK}
    return {column: line[column] for column in table.columns}


def fill(tx: Tx, org_id: int) -> None:
    """A row in every table that belongs to an organisation, and a post for later with its job."""
    for name in belonging.order():
        line = row(name, org_id)
        tx.copy(name, tuple(line), [tuple(line.values())])
    due = [id_in(org_id, "drafts"), id_in(org_id, "accounts")]
    jobs.enqueue(tx, drafts.PUBLISH, of=org_id, key=f"{due[0]}", payload=due, due_ms=ID_MAX >> 20)
    jobs.enqueue(tx, "mail", of=org_id, key=f"{due[0]}", payload=due)
