"""Filters as clients of before Mastodon 4.0 know them: each is one keyword, whose filter may have others.

https://docs.joinmastodon.org/methods/filters/#v1
"""

import msgspec

from ..errors import Invalid, InvalidFields
from ..http.route import Route
from ..ports import Tx
from ..social import filters
from ..social.filters import FilterChange, KeywordChange, Whole
from ..types import FilterAction, FilterKeyword
from .call import Call
from .entities import Empty
from .filter_entities import FilterV1
from .filters import lasts_s
from .render_filters import filter_entity


class PhraseBody(msgspec.Struct, kw_only=True):
    phrase: str | None = None
    context: list[str] | None = None
    irreversible: bool | None = None
    whole_word: bool | None = None
    expires_in: int | None = None


def _entity(whole: Whole, keyword: FilterKeyword) -> FilterV1:
    shown = filter_entity(whole.filter)
    return FilterV1(
        id=str(keyword.id),
        phrase=keyword.keyword,
        context=shown.context,
        whole_word=bool(keyword.whole_word),
        expires_at=shown.expires_at,
        irreversible=whole.filter.action == FilterAction.HIDE,
    )


async def index(call: Call) -> list[FilterV1]:
    found = await call.read(filters.owned, call.account_id)
    return [_entity(one, keyword) for one in found for keyword in one.keywords]


async def show(call: Call, id: int) -> FilterV1:
    return _entity(*await call.read(filters.keyword, call.account_id, id))


async def create(call: Call, body: PhraseBody) -> FilterV1:
    phrase = body.phrase or ""
    wanted = FilterChange(
        _title(phrase),
        body.context,
        _action(body.irreversible),
        lasts_s(call, body.expires_in),
        [KeywordChange(keyword=phrase, whole_word=bool(body.whole_word))],
    )
    try:
        made = await call.write(filters.create, call.account_id, wanted)
    except InvalidFields as error:
        raise _of_phrase(error) from error
    return _entity(made, made.keywords[0])


def _of_phrase(error: InvalidFields) -> InvalidFields:
    """Title and keyword are one here."""
    renamed = [one.of("phrase") if one.field in ("title", "keyword") else one for one in error.problems]
    return InvalidFields(list({(one.field, one.rule): one for one in renamed}.values()))


async def update(call: Call, id: int, body: PhraseBody) -> FilterV1:
    """What others share with it cannot be changed: another client would not know that it did."""
    keyword = KeywordChange(id, body.phrase, body.whole_word)
    wanted = FilterChange(
        contexts=body.context, action=_action(body.irreversible), lasts_s=lasts_s(call, body.expires_in)
    )
    try:
        return _entity(*await call.write(_update, call.account_id, wanted, keyword))
    except InvalidFields as error:
        raise _of_phrase(error) from error


def _update(tx: Tx, account_id: int, wanted: FilterChange, keyword: KeywordChange) -> tuple[Whole, FilterKeyword]:
    before, phrase = filters.keyword(tx, account_id, keyword.id)
    if keyword.keyword is not None and before.filter.title == _title(phrase.keyword):
        wanted = msgspec.structs.replace(wanted, title=_title(keyword.keyword))
    after = filters.change(tx, account_id, before.filter.id, msgspec.structs.replace(wanted, keywords=[keyword]))
    if len(after.keywords) > 1 and _shared(after) != _shared(before):
        raise Invalid("filter", "shared", "is shared by other keywords")
    return filters.keyword(tx, account_id, keyword.id)


def _shared(one: Whole) -> object:
    return set(one.filter.places), one.filter.action, one.filter.expires_ms


def _title(phrase: str) -> str:
    return phrase[: filters.TITLE_CHARS_MAX]


async def delete(call: Call, id: int) -> Empty:
    """Its filter stays, with whatever else is in it."""
    await call.write(filters.remove_keyword, call.account_id, id)
    return Empty()


def _action(irreversible: bool | None) -> str | None:
    return None if irreversible is None else FilterAction.HIDE if irreversible else FilterAction.WARN


ROUTES = [
    Route("GET", "/api/v1/filters", index, "read:filters"),
    Route("POST", "/api/v1/filters", create, "write:filters"),
    Route("GET", "/api/v1/filters/{id}", show, "read:filters"),
    Route("PUT", "/api/v1/filters/{id}", update, "write:filters"),
    Route("DELETE", "/api/v1/filters/{id}", delete, "write:filters"),
]
