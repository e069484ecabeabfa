"""One SCIM request, answered in one transaction by scim2-server. Imported when the first directory asks."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    EnterpriseUser,
    ETag,
    External,
    Filter,
    Group,
    InvalidValueException,
    Patch,
    Reference,
    ResourceType,
    SCIMException,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    UniquenessException,
    User,
)
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService

from ...errors import Invalid
from ...ports import Tx
from ...types import OrgSettings
from .storage import Storage

RESULTS_MAX = 1000


@cache
def service() -> ScimService:
    bound = [ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)]
    return ScimService(ScimProvider([User, EnterpriseUser, Group], bound, _config()))


def _config() -> ServiceProviderConfig:
    """What is not supported is said, too: bulk requests, and passwords, which the company's login has."""
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=RESULTS_MAX),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A token that the organisation's staff make, in the Authorization header",
                spec_uri=Reference[External]("https://www.rfc-editor.org/rfc/rfc6750"),
            )
        ],
    )


@cache
def _models() -> dict[str, Any]:
    known = service()
    return {str(one.name): known.get_model(one) for one in known.provider.resource_types}


def request(
    method: str, base_url: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> ScimRequest:
    return ScimRequest("GET" if method == "HEAD" else method, base_url, path, query, headers, body)


def reads(request: ScimRequest) -> bool:
    """Whether it changes nothing."""
    return request.method == "GET" or request.path.endswith("/.search")


def answer(tx: Tx, org_id: int, settings: OrgSettings, request: ScimRequest) -> ScimResponse:
    """Raises SCIMException: nothing is changed then."""
    try:
        return ScimHandler(service(), Storage(tx, org_id, settings, _models())).handle(request)
    except Invalid as error:
        kind = UniquenessException if error.rule == "taken" else InvalidValueException
        raise kind(detail=f"{error.field} {error.message}") from error


def refused(error: Exception) -> ScimResponse:
    """The answer to what the protocol refuses. Raises the error where it is another one."""
    if not isinstance(error, SCIMException):
        raise error
    return service().error_response(error)
