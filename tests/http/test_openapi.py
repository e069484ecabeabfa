"""The OpenAPI document: the parameters and answers of every route."""

import re
from typing import Any

import jsonschema_rs
import pytest
import requests

from chirrup import openapi
from chirrup.http.arguments import Arguments
from chirrup.http.call import Reply
from chirrup.http.route import Route
from chirrup.mastodon import entities
from chirrup.programs import ROUTES

pytestmark = pytest.mark.slow

DOCUMENT = openapi.document(tuple(ROUTES), "http://localhost:3000")
NOT_DIGITS = {"client_id", "RoleEntity.id"}


def operation(route: Route) -> dict[str, Any]:
    return DOCUMENT["paths"][route.path][route.method.lower()]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_says_what_it_answers_and_who_may_call_it(route: Route):
    found = operation(route)

    assert found["summary"]
    assert {one["name"] for one in found["parameters"] if one["in"] == "path"} == set(re.findall("{(.+?)}", route.path))
    assert found["security"][-1] == {"oauth": [route.scope] if route.scope else []}
    if Arguments(route.handler).answer is not Reply:
        schema = found["responses"]["200"]["content"]["application/json"]["schema"]
        assert schema, f"{route.handler.__qualname__} needs a return annotation that is an entity, a Page or a list"
    if route.method == "GET":
        assert "requestBody" not in found


def test_no_two_operations_share_an_id():
    ids = [one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values()]

    assert len(ids) == len(set(ids)) == len(ROUTES)


def test_bodies_have_three_content_types_and_files_one():
    said = operation(next(r for r in ROUTES if (r.method, r.path) == ("POST", "/api/v1/statuses")))["requestBody"]
    sent = operation(next(r for r in ROUTES if (r.method, r.path) == ("POST", "/api/v2/media")))["requestBody"]

    form = said["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert list(said["content"]) == ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
    assert form["poll[options][]"] == {"type": "array", "items": {"type": "string"}, "default": []}
    assert form["media_ids[]"]["items"] == openapi.ID
    assert list(sent["content"]) == ["multipart/form-data"]


def test_ids_are_strings_of_digits():
    answers = {name: part for name, part in DOCUMENT["components"]["schemas"].items() if hasattr(entities, name)}
    assert "Status" in answers
    for name, component in answers.items():
        for key, schema in component.get("properties", {}).items():
            if re.search("(^|_)id$", key) and not NOT_DIGITS & {key, f"{name}.{key}"}:
                assert openapi.ID in (schema, *schema.get("anyOf", [])), f"{name}.{key} should be an entities.Id"


def test_every_schema_is_valid_and_every_reference_exists():
    for name, component in DOCUMENT["components"]["schemas"].items():
        jsonschema_rs.meta.validate(component)
        jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


def test_the_server_serves_it(server):
    served = requests.get(f"{server.url}/api/openapi.json")

    assert served.status_code == 200
    assert served.json() == openapi.document(tuple(ROUTES), server.url)
