"""Every table, for SQLite, PostgreSQL and Citus. Rules and reasons: docs/decisions/0001-ids-and-buckets.md.

- `bucket` (0..4095) is in every table, every key and every join; it is the low 12 bits of the row's main id.
- Types are INTEGER, BIGINT, TEXT. Times are BIGINT ms since 1970, flags INTEGER 0/1, lists and objects TEXT with JSON.
- A relation that is read from both ends is two tables, one in each end's bucket, written in one transaction.
- A key begins with the column that is looked up by lists, then bucket: with (bucket, id), each pair would be a look-up.
- `id` in a relation rises with time: lists of followers, favourites, blocks … page by it.
- An account belongs to one organisation for life (`org_id`, 0: the server's own network). Keys for look-ups by words
  or in public begin with it: as a column, or in the text (ids.text_key) where the key is a text: a name, an e-mail
  address, a tag, a search word. Why: docs/decisions/0036-organisations-in-keys.md.
- `following` and `followers` are by far the largest. Each has one index, columns in an order without gaps, small flags,
  and NULL for all languages: 96 bytes a row on PostgreSQL, 37 on SQLite (docs/decisions/0016-a-million-accounts.md).
- A file here is one area: where the bucket of each of its tables comes from, and the statements that create them.
"""

from . import (
    access,
    accounts,
    acknowledgements,
    actions,
    compliance,
    identity,
    mail,
    organisations,
    posts,
    reactions,
    reading,
    relations,
    rooms,
    rules,
    scim,
    staff,
    tags,
    work,
)

AREAS = (
    *(organisations, accounts, access, identity, relations, rooms, posts, reactions, tags, reading, staff, compliance),
    scim,
    mail,
    actions,
    rules,
    acknowledgements,
    work,
)

# Table -> where its bucket comes from. "reference": a small table without buckets, with a full copy on every node.
TABLES = {table: source for area in AREAS for table, source in area.TABLES.items()}


def statements(clustered: str) -> list[str]:
    """The statements that create the schema. clustered: the engine's phrase that ends CREATE TABLE."""
    parts = "".join(area.SCHEMA for area in AREAS).split(";")
    checks = {"clustered": clustered, "bucket_of_id": "CHECK (bucket = (id & 4095))"}
    return [part.strip().format_map(checks) for part in parts if part.strip()]


def table_of(statement: str) -> str:
    """The table that one of statements() creates, or creates an index of."""
    words = statement.split()
    return words[words.index("ON") + 1] if "INDEX" in words[:3] else words[words.index("EXISTS") + 1]


def index(name: str) -> str:
    """The statement that creates this index."""
    return next(one for one in statements("") if f" INDEX IF NOT EXISTS {name} " in one)
