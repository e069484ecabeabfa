"""The SQL that only PostgreSQL spells so: see ports.Phrases."""

SCHEMA_LOCK = 7526467  # any number; we take no other advisory locks
BUCKETS = "__buckets"  # suffix of a value that is computed: the buckets of the list of ids of that name


class PostgresPhrases:
    clustered = ""
    relations = "SELECT relname::TEXT FROM pg_class WHERE relnamespace = current_schema()::REGNAMESPACE"
    bytewise = 'COLLATE "C"'
    extensions = "SELECT extname::TEXT FROM pg_extension"
    # does not wait, because build_index() would wait for us
    lock_schema = f"SELECT pg_try_advisory_xact_lock({SCHEMA_LOCK})"
    lock_patience = "SELECT set_config('lock_timeout', CAST(:ms AS TEXT), true)"
    in_turn = "FOR NO KEY UPDATE"
    oldest_write = """SELECT CAST(EXTRACT(EPOCH FROM MIN(xact_start)) * 1000 AS BIGINT) FROM pg_stat_activity
                      WHERE backend_xid IS NOT NULL AND usename = current_user AND datname = current_database()
                        AND pid <> pg_backend_pid()"""
    columns = """SELECT column_name::TEXT FROM information_schema.columns
                 WHERE table_name = :table AND table_schema = current_schema()"""
    # joins accounts, not unnest(:authors), because Citus can send it to the shards: citus.md, 4 and 6
    newest_posts = """SELECT newest.id FROM accounts CROSS JOIN LATERAL (
                        SELECT posts.id FROM posts WHERE posts.bucket = accounts.bucket
                          AND posts.author_id = accounts.id AND posts.id < :before AND posts.id > :after
                          AND posts.deleted_ms = 0 ORDER BY posts.id DESC LIMIT :limit) AS newest
                      WHERE accounts.id = ANY(:authors) ORDER BY newest.id DESC LIMIT :limit"""
    oldest_posts = newest_posts.replace("DESC", "ASC")
    newest_in_rooms = """SELECT newest.post_id FROM rooms CROSS JOIN LATERAL (
                           SELECT room_posts.post_id FROM room_posts WHERE room_posts.bucket = rooms.bucket
                             AND room_posts.room_id = rooms.id AND room_posts.post_id < :before
                             AND room_posts.post_id > :after ORDER BY room_posts.post_id DESC LIMIT :limit) AS newest
                         WHERE rooms.id = ANY(:rooms) ORDER BY newest.post_id DESC LIMIT :limit"""
    oldest_in_rooms = newest_in_rooms.replace("DESC", "ASC")

    measure = "ANALYZE"

    def packed(self, table: str) -> str:
        return f"ALTER INDEX {table}_pkey SET (fillfactor = 100)"

    def is_in(self, column: str, name: str) -> str:
        return f"{column} = ANY(:{name})"

    def ids_in(self, column: str, name: str) -> str:
        return self.is_in(column, name)

    def seldom(self, table: str) -> str:
        return table  # to begin one scan more costs as much as all look-ups of a list

    def begins(self, column: str, name: str) -> str:
        return f"starts_with({column}, :{name})"


class ShardedPhrases(PostgresPhrases):
    """For Citus, which does not know that an id contains its bucket. Elsewhere a second list would only cost."""

    newest_posts = PostgresPhrases.newest_posts.replace(
        ":authors)", f":authors) AND accounts.bucket = ANY(:authors{BUCKETS})"
    )
    oldest_posts = newest_posts.replace("DESC", "ASC")
    newest_in_rooms = PostgresPhrases.newest_in_rooms.replace(
        ":rooms)", f":rooms) AND rooms.bucket = ANY(:rooms{BUCKETS})"
    )
    oldest_in_rooms = newest_in_rooms.replace("DESC", "ASC")
    # transaction ids differ on each shard
    oldest_write = PostgresPhrases.oldest_write.replace("backend_xid", "xact_start")

    def ids_in(self, column: str, name: str) -> str:
        bucket = f"{column.rpartition('.')[0]}.bucket".lstrip(".")
        return f"({column} = ANY(:{name}) AND {bucket} = ANY(:{name}{BUCKETS}))"


PHRASES, SHARDED = PostgresPhrases(), ShardedPhrases()
