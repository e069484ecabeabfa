import pytest

from chirrup.access import scopes
from chirrup.errors import Invalid, OAuthError
from chirrup.types import App


def app(registered):
    return App(1, "id", "hash", "App", "", "", registered, 0)


@pytest.mark.parametrize(
    ("granted", "needed", "expected"),
    [
        ("read", "read:statuses", True),
        ("read", "profile", True),
        ("read", "write:statuses", False),
        ("read", "admin:read:accounts", False),
        ("read:statuses", "read:statuses", True),
        ("read:statuses", "read:accounts", False),
        ("read:statuses", "read", False),
        ("read:accounts", "profile", True),
        ("profile", "read:accounts", False),
        ("write", "write:media", True),
        ("write", "push", False),
        ("follow", "read:blocks", True),
        ("follow", "write:follows", True),
        ("follow", "write:statuses", False),
        ("admin:read", "admin:read:ip_blocks", True),
        ("admin:read", "admin:write:ip_blocks", False),
        ("admin:write", "admin:read:reports", False),
        ("read push", "push", True),
        ("", "read:statuses", False),
    ],
)
def test_a_scope_covers_what_is_below_it_and_nothing_else(granted, needed, expected):
    assert scopes.covers(scopes.expand(granted), needed) is expected


def test_lists_are_separated_by_any_space_and_unknown_scopes_are_named():
    assert scopes.parse(" read  write:media\nread ") == {"read", "write:media"}
    assert scopes.parse("") == frozenset()
    with pytest.raises(Invalid, match="'crypto'"):
        scopes.parse("read crypto")


def test_an_app_gets_what_it_registered_or_part_of_it():
    assert scopes.grantable(app("read write"), "write read read") == "write read"
    assert scopes.grantable(app("read write"), "read:statuses") == "read:statuses"
    assert scopes.grantable(app("read write"), "") == "read"


@pytest.mark.parametrize("asked", ["write", "read push", "read nonsense", "admin:read", "READ", "read,write"])
def test_an_app_gets_nothing_beyond_what_it_registered(asked):
    with pytest.raises(OAuthError) as refusal:
        scopes.grantable(app("read"), asked)
    assert refusal.value.error == "invalid_scope"


def test_asking_for_no_scope_means_read_also_for_an_app_that_may_not_read():
    with pytest.raises(OAuthError):
        scopes.grantable(app("write"), "")
