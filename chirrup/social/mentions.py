"""The accounts that a text mentions."""

from collections.abc import Iterable

from ..ids import text_key
from ..ports import Tx
from ..store import accounts as rows
from ..types import Mention
from . import text


def named(tx: Tx, found: Iterable[text.Entity], domain: str, org_id: int) -> list[Mention]:
    """The accounts of this site (domain) among found, once each, in the order of the text. Two queries, or none."""
    names = [text_key(org_id, text.username_key(one.value)) for one in found if text.is_ours(one.host, domain)]
    if not names:
        return []
    ids = rows.ids_by_names(tx, set(names))
    accounts = rows.by_ids(tx, set(ids.values()))
    mentioned = {
        id: Mention(id, account.username)
        for name in names
        if (id := ids.get(name, 0)) and (account := accounts.get(id)) and not account.suspended_ms
    }
    return list(mentioned.values())


def named_in_profiles(tx: Tx, texts: Iterable[str], domain: str, org_id: int) -> list[Mention]:
    """The accounts mentioned in the descriptions and fields of profiles, together."""
    found = (one for words in texts if "@" in words for one in text.extract(words).mentions)
    return named(tx, found, domain, org_id)
