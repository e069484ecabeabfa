"""Accounts, the users behind them, their names, and their counters."""

from collections.abc import Collection
from functools import cache
from typing import NamedTuple

from ..ids import bucket_of, bucket_of_text
from ..ports import Phrases, Tx
from ..types import Account, AccountKind, AccountState, Author, User

COLUMNS = ", ".join(Account.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Account.__struct_fields__)
_USER = ", ".join(User.__struct_fields__)
_USER_VALUES = ", ".join(f":{name}" for name in User.__struct_fields__)


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Account]:
    """The accounts among ids that exist, suspended ones too. One query, whatever len(ids)."""
    return tx.by_ids(f"SELECT {COLUMNS} FROM accounts WHERE {tx.sql.ids_in('id', 'ids')}", Account, ids)


def oldest_id(tx: Tx) -> int:
    """0: there is no account yet."""
    row = tx.one("SELECT id FROM accounts ORDER BY id LIMIT 1")
    return row[0] if row else 0


def states(tx: Tx, ids: Collection[int]) -> dict[int, AccountState]:
    """The same accounts as by_ids(), with their counters. One query, whatever len(ids)."""
    return tx.by_ids(_states(tx.sql), AccountState, ids)


@cache
def _states(sql: Phrases) -> str:
    return f"""SELECT accounts.id, changed_ms, suspended_ms, indexable,
          COALESCE(followers, 0), COALESCE(followees, 0), COALESCE(posts, 0), COALESCE(last_post_ms, 0),
          accounts.org_id, filters_version, silenced_ms, sensitized_ms, pending, COALESCE(media_epoch, 0)
        FROM accounts LEFT JOIN account_counts
          ON account_counts.bucket = accounts.bucket AND account_counts.account_id = accounts.id
        WHERE {sql.ids_in("accounts.id", "ids")}"""


def by_id(tx: Tx, id: int) -> Account | None:
    row = tx.one(f"SELECT {COLUMNS} FROM accounts WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Account(*row) if row else None


def ids_by_names(tx: Tx, names: Collection[str]) -> dict[str, int]:
    """name -> account id, for the names that are taken. names: normal forms in their organisation (ids.text_key)."""
    rows = tx.all(
        f"""SELECT name, account_id FROM account_names
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("name", "names")}""",
        buckets={bucket_of_text(name) for name in names},
        names=names,
    )
    return dict(rows)


def id_by_email(tx: Tx, email: str) -> int:
    """0: no account has it. email: normal form in its organisation."""
    row = tx.one(
        "SELECT account_id FROM emails WHERE bucket = :bucket AND email = :email",
        bucket=bucket_of_text(email),
        email=email,
    )
    return row[0] if row else 0


def insert(tx: Tx, account: Account) -> bool:
    """False when the id is taken: draw another."""
    return 1 == tx.changed(
        f"INSERT INTO accounts (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES}) ON CONFLICT (id, bucket) DO NOTHING",
        bucket=bucket_of(account.id),
        **_fields(account),
    )


_KEPT = ("username", "suspended_ms", "org_id", "host", "uri", "silenced_ms", "sensitized_ms", "pending", "kind")


def update_profile(tx: Tx, account: Account) -> None:
    """Write the columns its owner may change. Not suspension, which an administrator may change at the same moment."""
    tx.run(
        """UPDATE accounts SET display_name = :display_name, note = :note, fields = :fields, avatar = :avatar,
             avatar_static = :avatar_static, header = :header, locked = :locked, bot = :bot,
             discoverable = :discoverable, hide_network = :hide_network, indexable = :indexable,
             presentation = :presentation, changed_ms = :changed_ms
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(account.id),
        **{name: value for name, value in _fields(account).items() if name not in _KEPT},
    )


def set_limits(
    tx: Tx,
    account_id: int,
    *,
    changed_ms: int,
    suspended_ms: int | None = None,
    silenced_ms: int | None = None,
    sensitized_ms: int | None = None,
) -> None:
    """What staff decided about it, and that its profile looks different now. 0: not any more; None: as it is."""
    tx.run(
        """UPDATE accounts SET suspended_ms = COALESCE(:suspended_ms, suspended_ms),
             silenced_ms = COALESCE(:silenced_ms, silenced_ms),
             sensitized_ms = COALESCE(:sensitized_ms, sensitized_ms), changed_ms = :changed_ms
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(account_id),
        id=account_id,
        changed_ms=changed_ms,
        suspended_ms=suspended_ms,
        silenced_ms=silenced_ms,
        sensitized_ms=sensitized_ms,
    )


def set_kind(tx: Tx, account_id: int, kind: str, *, changed_ms: int) -> None:
    tx.run(
        "UPDATE accounts SET kind = :kind, changed_ms = :changed_ms WHERE bucket = :bucket AND id = :id",
        kind=kind,
        changed_ms=changed_ms,
        bucket=bucket_of(account_id),
        id=account_id,
    )


def claim_name(tx: Tx, name: str, account_id: int) -> bool:
    """False when another account has it. name: normal form in its organisation."""
    return 1 == tx.changed(
        """INSERT INTO account_names (bucket, name, account_id) VALUES (:bucket, :name, :account)
           ON CONFLICT (bucket, name) DO NOTHING""",
        bucket=bucket_of_text(name),
        name=name,
        account=account_id,
    )


def claim_email(tx: Tx, email: str, account_id: int) -> bool:
    """False when another account has it. email: normal form in its organisation."""
    return 1 == tx.changed(
        """INSERT INTO emails (bucket, email, account_id) VALUES (:bucket, :email, :account)
           ON CONFLICT (bucket, email) DO NOTHING""",
        bucket=bucket_of_text(email),
        email=email,
        account=account_id,
    )


def release_email(tx: Tx, email: str, account_id: int) -> None:
    """email: normal form. It leads to this account no more; where it leads to another, that stays."""
    tx.run(
        "DELETE FROM emails WHERE bucket = :bucket AND email = :email AND account_id = :account",
        bucket=bucket_of_text(email),
        email=email,
        account=account_id,
    )


def set_email(tx: Tx, account_id: int, email: str) -> None:
    tx.run(
        "UPDATE users SET email = :email WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
        email=email,
    )


def insert_user(tx: Tx, user: User) -> None:
    tx.run(
        f"INSERT INTO users (bucket, {_USER}) VALUES (:bucket, {_USER_VALUES})",
        bucket=bucket_of(user.account_id),
        **_fields(user),
    )


def user(tx: Tx, account_id: int, *, in_turn: bool = False) -> User | None:
    """in_turn: lock the row until this transaction ends, so that the author's posts get ids in the order of commits."""
    row = tx.one(
        f"""SELECT {_USER} FROM users
            WHERE bucket = :bucket AND account_id = :account {tx.sql.in_turn if in_turn else ""}""",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return User(*row) if row else None


def author(tx: Tx, account_id: int) -> Author | None:
    """The account's user, who writes. As user(in_turn=True), in one query."""
    row = tx.one(
        f"""SELECT {_USER}, (SELECT kind FROM accounts WHERE bucket = :bucket AND id = :account) FROM users
            WHERE bucket = :bucket AND account_id = :account {tx.sql.in_turn}""",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return Author(*row[:-1], is_guest=row[-1] == AccountKind.GUEST) if row else None


def is_silenced(tx: Tx, id: int) -> bool:
    return None is not tx.one(
        "SELECT 1 FROM accounts WHERE bucket = :bucket AND id = :id AND silenced_ms > 0", bucket=bucket_of(id), id=id
    )


def users(tx: Tx, ids: Collection[int]) -> dict[int, User]:
    """The people who log in to these accounts, by account. One query, whatever len(ids)."""
    return tx.by_ids(f"SELECT {_USER} FROM users WHERE {tx.sql.ids_in('account_id', 'ids')}", User, ids)


def roles(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    """account id -> Role.…, "" for most; accounts without a user are absent. One query, whatever len(ids)."""
    return tx.by_ids(f"SELECT account_id, role FROM users WHERE {tx.sql.ids_in('account_id', 'ids')}", _role, ids)


def _role(_: int, role: str) -> str:
    return role


def set_defaults(tx: Tx, account_id: int, *, visibility: str, sensitive: int, language: str) -> None:
    """The user's defaults for new posts. Writes nothing else of the user: its password or standing may change at the
    same moment."""
    tx.run(
        """UPDATE users SET post_visibility = :visibility, post_sensitive = :sensitive, post_language = :language
           WHERE bucket = :bucket AND account_id = :account""",
        bucket=bucket_of(account_id),
        account=account_id,
        visibility=visibility,
        sensitive=sensitive,
        language=language,
    )


def set_quote_policy(tx: Tx, account_id: int, policy: str) -> None:
    """Who may quote the user's new posts."""
    tx.run(
        "UPDATE users SET quote_policy = :policy WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
        policy=policy,
    )


def set_standing(
    tx: Tx,
    account_id: int,
    *,
    confirmed_ms: int | None = None,
    approved: int | None = None,
    disabled: int | None = None,
) -> None:
    """Whether this user may act at all; None: no change. A caller that takes it away must end all access too
    (access/logins)."""
    tx.run(
        """UPDATE users SET confirmed_ms = COALESCE(:confirmed_ms, confirmed_ms),
             approved = COALESCE(:approved, approved), disabled = COALESCE(:disabled, disabled)
           WHERE bucket = :bucket AND account_id = :account""",
        bucket=bucket_of(account_id),
        account=account_id,
        confirmed_ms=confirmed_ms,
        approved=approved,
        disabled=disabled,
    )


def let_in(tx: Tx, account_id: int, *, changed_ms: int) -> None:
    """The account waits for nobody any more."""
    tx.run(
        "UPDATE accounts SET pending = 0, changed_ms = :changed_ms WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(account_id),
        id=account_id,
        changed_ms=changed_ms,
    )


def add_counts(
    tx: Tx, account_id: int, *, followers: int = 0, followees: int = 0, posts: int = 0, last_post_ms: int = 0
) -> None:
    """Add to the counters of one account; last_post_ms moves forward only. A lost follower turns the media epoch."""
    tx.run(
        """INSERT INTO account_counts (bucket, account_id, followers, followees, posts, last_post_ms)
           VALUES (:bucket, :account, :followers, :followees, :posts, :last_post_ms)
           ON CONFLICT (account_id, bucket) DO UPDATE SET
             followers = account_counts.followers + excluded.followers,
             followees = account_counts.followees + excluded.followees,
             posts = account_counts.posts + excluded.posts,
             media_epoch = account_counts.media_epoch + CASE WHEN excluded.followers < 0 THEN 1 ELSE 0 END,
             last_post_ms = CASE WHEN excluded.last_post_ms > account_counts.last_post_ms
                                 THEN excluded.last_post_ms ELSE account_counts.last_post_ms END""",
        bucket=bucket_of(account_id),
        account=account_id,
        followers=followers,
        followees=followees,
        posts=posts,
        last_post_ms=last_post_ms,
    )


def turn_media_epochs(tx: Tx, ids: Collection[int]) -> None:
    """Addresses of files in what these accounts, people and rooms, say for their followers end now."""
    tx.many(
        """INSERT INTO account_counts (bucket, account_id, followers, followees, posts, last_post_ms, media_epoch)
           VALUES (:bucket, :account, 0, 0, 0, 0, 1)
           ON CONFLICT (account_id, bucket) DO UPDATE SET media_epoch = account_counts.media_epoch + 1""",
        [{"bucket": bucket_of(id), "account": id} for id in sorted(ids)],
    )


def find_last_post(tx: Tx, account_id: int) -> None:
    """After a deletion: set the time of the newest counted post that is left; 0 for none."""
    tx.run(
        """UPDATE account_counts SET last_post_ms = COALESCE((
             SELECT id >> 16 FROM posts WHERE bucket = :bucket AND author_id = :account AND deleted_ms = 0
               AND visibility IN ('public', 'unlisted') ORDER BY id DESC LIMIT 1), 0)
           WHERE bucket = :bucket AND account_id = :account""",
        bucket=bucket_of(account_id),
        account=account_id,
    )


def page(tx: Tx, *, before: int, limit: int, org_id: int = 0) -> list[Account]:
    """Accounts of an organisation, newest first, for its administrators."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM accounts WHERE org_id = :org AND id < :before
            ORDER BY id DESC LIMIT :limit""",
        org=org_id,
        before=before,
        limit=limit,
    )
    return [Account(*row) for row in rows]


def _fields(struct: Account | User) -> dict[str, object]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def set_note(tx: Tx, account_id: int, target_id: int, note: str) -> None:
    tx.run(
        """INSERT INTO account_notes (bucket, account_id, target_id, note) VALUES (:bucket, :account, :target, :note)
           ON CONFLICT (bucket, account_id, target_id) DO UPDATE SET note = excluded.note""",
        bucket=bucket_of(account_id),
        account=account_id,
        target=target_id,
        note=note,
    )


class Remarks(NamedTuple):
    """What an account keeps for itself about others."""

    notes: dict[int, str]
    endorsed: set[int]
    blocks_domains: bool  # it blocks a domain


def remarks(tx: Tx, account_id: int, targets: Collection[int]) -> Remarks:
    """What account_id keeps about targets. One query in its bucket, whatever len(targets)."""
    rows = tx.all(
        f"""SELECT 0, target_id, note FROM account_notes
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("target_id", "targets")}
            UNION ALL SELECT 1, target_id, '' FROM endorsements
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("target_id", "targets")}
            UNION ALL SELECT 2, 0, '' FROM (SELECT domain FROM blocked_domains
              WHERE bucket = :bucket AND account_id = :account LIMIT 1) AS d""",
        bucket=bucket_of(account_id),
        account=account_id,
        targets=targets,
    )
    return Remarks(
        notes={id: note for kind, id, note in rows if kind == 0},
        endorsed={id for kind, id, _ in rows if kind == 1},
        blocks_domains=any(kind == 2 for kind, _, _ in rows),
    )
