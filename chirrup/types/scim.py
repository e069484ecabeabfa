"""What a directory tells by SCIM."""

import msgspec


class ScimToken(msgspec.Struct, frozen=True):
    """What a directory authenticates with. Columns of `scim_tokens`, but for the hash."""

    org_id: int
    id: int
    name: str  # of the directory, for people
    created_ms: int
    used_ms: int  # to the hour; 0: never


class ScimResource(msgspec.Struct, frozen=True):
    """A user or a group as a directory described it. Columns of `scim_resources`."""

    org_id: int
    kind: str  # "User", "Group"
    id: int
    account_id: int  # of the member or the room that it is
    name: str  # its userName or displayName, folded: two users never have the same
    external_id: str  # "": none
    body: str  # JSON of all that it was described with
    version: int  # rises with each change
    created_ms: int
    changed_ms: int
