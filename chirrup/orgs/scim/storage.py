"""Users and groups as scim2-server reads and writes them: rows of store/scim.py, in the transaction of one request.

All that a directory says of them is kept as JSON, so it reads what it wrote. people.py and groups.py do the rest.
"""

from datetime import UTC, datetime
from typing import Any, cast

import msgspec
from scim2_models import (
    Group,
    Meta,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimFilter,
    SearchRequest,
    UniquenessException,
    User,
)
from scim2_models.path import CompareOperator, Comparison
from scim2_server.memory import InMemoryStorage
from scim2_server.storage import ScimStorage, SearchPage

from ...ids import bucket_of
from ...ports import Tx
from ...store import identities
from ...store import scim as rows
from ...types import OrgSettings, ScimResource
from . import groups, people, roles
from .people import Person

EQUAL = {"username": "name", "displayname": "name", "externalid": "external_id", "id": "id"}  # attribute -> column
LOOKED_UP = {"User": ("username", "externalid", "id"), "Group": ("displayname", "externalid", "id")}


class Storage(ScimStorage):
    """Of one organisation, in one transaction."""

    def __init__(self, tx: Tx, org_id: int, settings: OrgSettings, models: dict[str, type[Resource[Any]]]) -> None:
        self._tx, self._org_id, self._settings, self._models = tx, org_id, settings, models

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        return self._resource(self._row(resource_type, resource_id))

    def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """Pages and look-ups of one value are asked of the database; for other filters all are read."""
        kinds = [str(one.name) for one in resource_types]
        wanted = search_request.filter
        if len(kinds) == 1 and wanted is None and search_request.sort_by is None:
            return self._page(kinds[0], search_request)
        column, value = _equality(kinds, wanted)
        if column:
            found = self._equal(kinds[0], column, value)
        else:
            found = [row for kind in kinds for row in rows.page(self._tx, self._org_id, kind, 0, 2**31)]
        memory = InMemoryStorage()
        memory.resources = [self._resource(row) for row in found]
        return memory.search(resource_types, search_request)

    def _page(self, kind: str, asked: SearchRequest[Any]) -> SearchPage:
        total = rows.count(self._tx, self._org_id, kind)
        count = total if asked.count is None else asked.count
        found = rows.page(self._tx, self._org_id, kind, min(asked.start_index_0 or 0, total), count) if count else []
        return SearchPage(total, [self._resource(row) for row in found])

    def _equal(self, kind: str, column: str, value: str) -> list[ScimResource]:
        if column == "id":
            one = rows.get(self._tx, self._org_id, kind, _id_of(value))
            return [one] if one else []
        return rows.equal(self._tx, self._org_id, kind, column, _folded(value) if column == "name" else value)

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        tx, org_id = self._tx, self._org_id
        resource = resource.model_copy(deep=True)
        name = _name_of(resource)
        if isinstance(resource, User):
            self._check_name(name)
            account_id = people.take_in(tx, org_id, person_of(resource), self._known(resource))
        else:
            account_id = groups.take_in(tx, org_id, name, self._accounts(resource))
        now = tx.now_ms
        row = ScimResource(
            org_id=org_id,
            kind=str(resource_type.name),
            id=tx.new_id(bucket_of(org_id)),
            account_id=account_id,
            name=_folded(name),
            external_id=resource.external_id or "",
            body=_body(resource),
            version=1,
            created_ms=now,
            changed_ms=now,
        )
        rows.insert(tx, row)
        if isinstance(resource, Group):
            self._give_roles({name}, self._accounts(resource))
        return self._resource(row)

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        tx = self._tx
        before = self._row(resource_type, cast(str, resource.id))
        _check_version(before, expected_version)
        name = _name_of(resource)
        was = self._resource(before)
        there = wanted = set[int]()
        if isinstance(resource, User) and isinstance(was, User):
            if _folded(name) != before.name:
                self._check_name(name)
            people.change(tx, before.account_id, person_of(was), person_of(resource))
        else:
            there, wanted = self._accounts(was), self._accounts(resource)
            groups.change(tx, before.account_id, _name_of(was), name, there, wanted)
        after = msgspec.structs.replace(
            before,
            name=_folded(name),
            external_id=resource.external_id or "",
            body=_body(resource),
            version=before.version + 1,
            changed_ms=max(tx.now_ms, before.changed_ms),
        )
        if not rows.update(tx, after, before.version):
            raise PreconditionFailedException
        if isinstance(resource, Group):
            self._give_roles({_name_of(was), name}, there ^ wanted if after.name == before.name else there | wanted)
        return self._resource(after)

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        row = self._row(resource_type, resource_id)
        _check_version(row, expected_version)
        was = self._resource(row)
        accounts = {row.account_id} if isinstance(was, User) else self._accounts(was)
        if isinstance(was, User):
            people.set_active(self._tx, row.account_id, active=False)
        else:
            groups.end(self._tx, row.account_id, accounts)
        rows.delete(self._tx, row)
        self._give_roles(None if isinstance(was, User) else {_name_of(was)}, accounts)

    def _give_roles(self, names: set[str] | None, account_ids: set[int]) -> None:
        """To who came into a group of these names, or left one. None: all groups."""
        giving = {_folded(one) for one in self._settings.scim.roles}
        if giving and (names is None or giving & {_folded(one) for one in names}):
            roles.give(self._tx, self._org_id, self._settings.scim, account_ids)

    def _known(self, user: User[Any]) -> int:
        """The account that logs in at the provider as this user, if the directory tells as whom; 0: none."""
        said = self._settings.scim.subject
        value = {"externalId": user.external_id, "userName": user.user_name}.get(said)
        oidc = self._settings.oidc
        if not (oidc and value and oidc.directory_id == "sub"):  # logins are kept by their sub
            return 0
        return identities.account_id(self._tx, identities.key_of(self._org_id, oidc.issuer, value))

    def _check_name(self, name: str) -> None:
        if rows.equal(self._tx, self._org_id, "User", "name", _folded(name)):
            raise UniquenessException(detail=f"another user has the userName {name!r}")

    def _row(self, resource_type: ResourceType, id: str) -> ScimResource:
        found = rows.get(self._tx, self._org_id, str(resource_type.name), _id_of(id))
        if found is None:
            raise NotFoundException(detail=f"{resource_type.name} {id!r} not found")
        return found

    def _resource(self, row: ScimResource) -> Resource[Any]:
        resource = self._models[row.kind].model_validate(msgspec.json.decode(row.body))
        resource.id = str(row.id)
        resource.meta = Meta(
            resource_type=row.kind,
            created=_date(row.created_ms),
            last_modified=_date(row.changed_ms),
            version=f'W/"{row.version}"',
        )
        return resource

    def _accounts(self, group: Resource[Any]) -> set[int]:
        """Of the members of a group; those that are groups themselves count for nothing."""
        members = group.members if isinstance(group, Group) else None
        ids = {_id_of(one.value) for one in members or [] if one.value}
        return {*rows.accounts_of(self._tx, self._org_id, ids).values()} if ids else set()


def person_of(user: User[Any]) -> Person:
    """The primary address, else the first one, else a userName that is an address."""
    given = [one for one in user.emails or [] if one.value]
    chosen = next((one for one in given if one.primary), given[0] if given else None)
    user_name = user.user_name or ""
    email = str(chosen.value) if chosen else user_name if "@" in user_name.strip("@") else ""
    parts = user.name
    whole = " ".join(one for one in (parts.given_name, parts.family_name) if one) if parts else ""
    shown = user.display_name or (parts.formatted if parts else "") or whole
    return Person(user_name, shown, email, user.active is not False)


def _equality(kinds: list[str], wanted: ScimFilter[Any] | None) -> tuple[str, str]:
    """(column, value) of a filter that compares only this; ("", ""): another one."""
    node = wanted.ast if wanted else None
    if len(kinds) != 1 or not isinstance(node, Comparison) or node.op != CompareOperator.eq:
        return "", ""
    attribute = str(node.attr_path).rpartition(":")[2].lower()
    if attribute not in LOOKED_UP[kinds[0]] or not isinstance(node.value, str):
        return "", ""
    return EQUAL[attribute], node.value


def _name_of(resource: Resource[Any]) -> str:
    return (resource.user_name if isinstance(resource, User) else cast(Group, resource).display_name) or ""


def _folded(name: str) -> str:
    return name.casefold()


def _body(resource: Resource[Any]) -> str:
    """All but what we say ourselves, and the password, which nobody uses here."""
    if isinstance(resource, User):
        resource = resource.model_copy(update={"password": None})
    values = resource.model_dump()
    return msgspec.json.encode({name: one for name, one in values.items() if name not in ("id", "meta")}).decode()


def _check_version(row: ScimResource, expected: str | None) -> None:
    if expected is not None and expected != f'W/"{row.version}"':
        raise PreconditionFailedException


def _id_of(text: str) -> int:
    """0: it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _date(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
