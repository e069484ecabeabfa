"""Directories: where an organisation's people come from, who they are there, and what was read."""

from typing import Literal

import msgspec


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What groups of a directory give. Names of groups are as the directory writes them."""

    roles: dict[str, str] = {}  # group -> role here; of several the first one in this order
    rooms: dict[str, str] = {}  # group -> name of a room
    only: bool = False  # nobody but owners logs in with a password of ours, and nobody signs up


class Oidc(Mapping, frozen=True, kw_only=True):
    """A provider of OpenID Connect. docs/operate/identity.md"""

    issuer: str  # "https://login.acme.example/realms/acme"
    client_id: str
    client_secret: str = ""  # "": a public client
    name: str = ""  # on the button; "": the issuer's host
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    groups: str = "groups"  # the claim with the names of groups
    username: str = "preferred_username"  # the claim that the @name is made of
    directory_id: str = "sub"  # the claim that a directory tells by SCIM, too: Scim.subject says where

    @property
    def label(self) -> str:
        return self.name or self.issuer.partition("://")[2].partition("/")[0]


class Ldap(Mapping, frozen=True, kw_only=True):
    """An LDAP directory. docs/operate/identity.md"""

    url: str  # "ldaps://ldap.acme.example", or "ldap://…", on which TLS is begun; without TLS nothing is sent
    bind_dn: str  # who looks people up
    bind_password: str
    base: str  # "ou=people,dc=acme,dc=example": people are at or below it
    filter: str = "(objectClass=inetOrgPerson)"  # who may come in
    login: str = "uid"  # the attribute that is typed to log in, and that the @name is made of
    key: str = "entryUUID"  # the attribute that never changes
    groups_base: str = ""  # groups are below it, and name their members; "": people name their groups (memberOf)
    trust_mail: bool = False  # people cannot change their own address there: it may join an account
    ca: str = ""  # who vouches for its certificate: PEM, or a file with it; "": whom the system trusts

    @property
    def label(self) -> str:
        return self.url.partition("://")[2].partition("/")[0]


class Scim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of what a directory tells by SCIM. docs/operate/scim.md"""

    roles: dict[str, str] = {}  # group -> role, as in Mapping; each group is a room without being named
    subject: Literal["", "externalId", "userName"] = ""  # where it writes what the provider tells in Oidc.directory_id


class Person(msgspec.Struct, frozen=True):
    """Who somebody is to a directory."""

    issuer: str  # of the directory
    subject: str  # which never changes there
    username: str = ""
    name: str = ""
    email: str = ""
    email_verified: bool = False
    directory_id: str = ""  # as whom a directory tells of them by SCIM; "": not known
    groups: tuple[str, ...] | None = ()  # None: not known now


class AccountIdentity(msgspec.Struct, frozen=True):
    """Who an account is to a directory, and what it has from there. Columns of `account_identities`."""

    account_id: int
    org_id: int
    issuer: str
    subject: str
    role: str = ""  # that the directory gave
    rooms: str = "[]"  # JSON list of the rooms that it gave
    gone_ms: int = 0  # since when it is deactivated because the directory has it no more; 0: it is there


class DirectoryRun(msgspec.Struct, frozen=True):
    """A reading of a directory, and those after it that found the same. Columns of `directory_runs`."""

    id: int
    org_id: int
    issuer: str
    state: str  # "done"; "failed"; "waits" for an owner; "approved" or "refused" by one
    people: int = 0  # that it has
    members: int = 0  # accounts here that it had before
    gone: int = 0  # of these
    back: int = 0  # who were gone before
    words: str = ""  # what is wrong
    gone_ids: str = "[]"  # JSON list of the accounts that would be deactivated
    decided_by_id: int = 0  # who approved or refused it; 0: nobody, or a command
    read_ms: int = 0  # the last of these readings
