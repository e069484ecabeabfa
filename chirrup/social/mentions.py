"""The accounts that a text mentions."""

from collections.abc import Iterable

from ..access import visibility
from ..ids import text_key
from ..ports import Tx
from ..store import accounts as rows
from ..types import Account, Mention, Stranger
from . import text


def named(tx: Tx, found: Iterable[text.Entity], domain: str, org_id: int) -> list[Mention]:
    """accounts() for everybody: no closed rooms."""
    return [Mention(one.id, one.username) for one in accounts(tx, Stranger(org_id), found, domain, org_id)]


def accounts(tx: Tx, author: int, found: Iterable[text.Entity], domain: str, org_id: int) -> list[Account]:
    """The accounts of this site (domain) among found, once each, in the order of the text: those whose handles mean
    something in what author writes. Two queries, or none; one more where it is a closed room's."""
    names = [text_key(org_id, text.username_key(one.value)) for one in found if text.is_ours(one.host, domain)]
    if not names:
        return []
    ids = rows.ids_by_names(tx, set(names))
    there = visibility.of_one_organisation(tx, author, set(ids.values()))
    known = {one.id: one for one in visibility.may_mention(tx, author, there.values())}
    return list({id: known[id] for name in names if (id := ids.get(name, 0)) in known}.values())


def named_in_profiles(tx: Tx, texts: Iterable[str], domain: str, org_id: int) -> list[Mention]:
    """The accounts mentioned in the descriptions and fields of profiles, together."""
    found = (one for words in texts if "@" in words for one in text.extract(words).mentions)
    return named(tx, found, domain, org_id)
