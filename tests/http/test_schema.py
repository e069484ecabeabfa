"""Every operation of the OpenAPI document gets generated requests, good and bad: no answer is a 5xx, none is unlike
what the document says. `make fuzz CASES=2000` asks for so many cases of each operation, from a seed that differs each
time.
"""

import json
import os
import re
from typing import Any

import pytest
import schemathesis
from client import Person
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from world import World

from chirrup import openapi
from chirrup.programs import ROUTES

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("CHIRRUP_FUZZ", "2"))
THOROUGH = "CHIRRUP_FUZZ" in os.environ
CHECKED = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
load_all_checks()
checks = CHECKS.get_by_names(CHECKED)


# What the types do not say, so that good requests often are: by name of the field.
LIKELY: dict[str, Any] = {
    "status": {"type": "string", "minLength": 1, "maxLength": 400},
    "visibility": {"enum": ["public", "unlisted", "private", "direct"]},
    "scopes": {"enum": ["read", "read write"]},
    "redirect_uris": {"enum": ["urn:ietf:wg:oauth:2.0:oob", "https://example.com/back"]},
    "options": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2, "maxItems": 4},
    "poll[options][]": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2, "maxItems": 4},
    "limit": {"type": "string", "pattern": "^[0-9]{0,2}$"},
    **{f"{which}_id": openapi.ID for which in ("max", "since", "min")},
}


def operations(mode: str) -> Any:
    """Of requests as the document wants them (positive), or with something wrong in each (negative)."""
    text = json.dumps(openapi.document(tuple(ROUTES), "http://localhost:3000"))
    if mode == "negative":
        text = text.replace(', "format": "binary"', "")  # schemathesis cannot make wrong ones of bytes
    document = json.loads(text)
    components = document["components"]["schemas"]
    for path in document["paths"].values():
        for method, operation in list(path.items()):
            for parameter in operation["parameters"]:
                parameter["schema"] = LIKELY.get(parameter["name"], parameter["schema"])
            for body in operation.get("requestBody", {}).get("content", {}).values():
                for schema in (body["schema"], *(components[name] for name in parts(body["schema"], components))):
                    narrow(schema)
            any_text = all(parameter["schema"] == {"type": "string"} for parameter in operation["parameters"])
            if mode == "negative" and any_text and "requestBody" not in operation:
                del path[method]  # nothing to get wrong
    settings = {"generation": {"mode": mode}, "phases": {"coverage": {"enabled": THOROUGH}}}
    return schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(settings))


def parts(schema: dict[str, Any], components: dict[str, Any]) -> set[str]:
    """Names of the components it is made of."""
    names = set(re.findall(r'schemas/(\w+)"', json.dumps(schema)))
    return names.union(*(parts(components[name], components) for name in names))


def narrow(schema: dict[str, Any]) -> None:
    if "properties" in schema:
        schema["properties"] |= {name: LIKELY[name] for name in LIKELY.keys() & schema["properties"].keys()}
        schema["required"] = list({*schema.get("required", []), *({"status"} & schema["properties"].keys())})
        schema["additionalProperties"] = False


def bounded(cases: int) -> Any:
    return settings(
        max_examples=cases,
        derandomize=not THOROUGH,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def caller(case: Any, world: World, admin: Person) -> Person:
    """Who may do it, so that requests get further than the door."""
    return admin if "/admin/" in case.path else world.user


@operations("positive").parametrize()
@bounded(CASES)
def test_good_requests_are_answered_as_the_document_says(case: Any, world: World, admin: Person):
    send(case, caller(case, world, admin))
    if "id" in case.path_parameters:
        case.path_parameters["id"] = world.id_for(case.path)
        send(case, caller(case, world, admin))
    send(case, world.nobody)


@operations("negative").parametrize()
@bounded(CASES if THOROUGH else 1)
def test_bad_requests_are_answered_as_the_document_says(case: Any, world: World, admin: Person):
    send(case, caller(case, world, admin))


def send(case: Any, person: Person) -> None:
    answer = case.call(base_url=person.server.url, session=person._session)
    case.validate_response(answer, checks=checks)
