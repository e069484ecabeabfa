"""What each number of `api_versions.mastodon` stands for, as Mastodon's documentation says where it was added.

Clients use what a number promises, so API_VERSION is the highest up to which everything works. docs/api.md has this
table; tests/http/test_instance.py holds it to the routes.
"""

from typing import NamedTuple


class Version(NamedTuple):
    since: str  # Mastodon's
    what: str
    needs: tuple[str, ...] = ()  # "METHOD path", or "METHOD path field" of its query or body


_GROUPS, _COLLECTION = "/api/v2/notifications", "/api/v1/collections"
VERSIONS: dict[int, Version] = {
    1: Version("4.3", "the number itself"),
    2: Version(
        "4.3",
        "grouped notifications",
        (
            f"GET {_GROUPS} grouped_types",
            f"GET {_GROUPS}/unread_count",
            f"GET {_GROUPS}/{{group_key}}",
            f"GET {_GROUPS}/{{group_key}}/accounts",
            f"POST {_GROUPS}/{{group_key}}/dismiss",
        ),
    ),
    3: Version(
        "4.4",
        "`attribution_domains`: web sites that may name an account",
        ("PATCH /api/v1/accounts/update_credentials attribution_domains",),
    ),
    4: Version(
        "4.4",
        "files are deleted, alone or with their post (`delete_media`)",
        ("DELETE /api/v1/media/{id}", "DELETE /api/v1/statuses/{id} delete_media"),
    ),
    5: Version("4.4", "filters that `blur`", ("POST /api/v2/filters filter_action",)),
    6: Version("4.4", "nothing that is documented beside what 4.4 has"),
    7: Version(
        "4.5",
        "quotes, who may make them, and their notifications",
        (
            "POST /api/v1/statuses quoted_status_id",
            "POST /api/v1/statuses quote_approval_policy",
            "PUT /api/v1/statuses/{id} quote_approval_policy",
            "PUT /api/v1/statuses/{id}/interaction_policy",
            "GET /api/v1/statuses/{id}/quotes",
            "POST /api/v1/statuses/{id}/quotes/{quoting_status_id}/revoke",
        ),
    ),
    8: Version(
        "4.6",
        "profiles as they were typed; annual reports that are asked for",
        (
            "GET /api/v1/profile",
            "PATCH /api/v1/profile",
            "GET /api/v1/annual_reports/{year}/state",
            "POST /api/v1/annual_reports/{year}/generate",
        ),
    ),
    9: Version(
        "4.6",
        "words for avatar and header",
        ("PATCH /api/v1/profile avatar_description", "PATCH /api/v1/profile header_description"),
    ),
    10: Version(
        "4.6",
        "collections, shown with posts that link to them; notifications in words for apps that do not know their type "
        "(`supported_types`)",
        (
            f"POST {_COLLECTION} account_ids",
            f"GET {_COLLECTION}/{{id}}",
            f"PATCH {_COLLECTION}/{{id}}",
            f"DELETE {_COLLECTION}/{{id}}",
            f"POST {_COLLECTION}/{{id}}/items account_id",
            f"DELETE {_COLLECTION}/{{id}}/items/{{item_id}}",
            f"POST {_COLLECTION}/{{id}}/items/{{item_id}}/revoke",
            "GET /api/v1/accounts/{id}/collections",
            "GET /api/v1/accounts/{id}/in_collections",
            "POST /api/v1/reports collection_ids",
            "GET /api/v1/notifications supported_types",
            "GET /api/v1/notifications/{id} supported_types",
            f"GET {_GROUPS} supported_types",
            f"GET {_GROUPS}/{{group_key}} supported_types",
        ),
    ),
}
API_VERSION = 10
