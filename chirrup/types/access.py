"""Who logs in, with what, and who looks."""

from enum import StrEnum

import msgspec

from .posts import QuotePolicy


class Role(StrEnum):
    """What each may do: access/roles.py."""

    USER = ""
    MODERATOR = "moderator"
    ADMIN = "admin"
    OWNER = "owner"


class OrgRole(msgspec.Struct, frozen=True):
    """A role that an organisation has made for itself. Columns of `org_roles`."""

    name: str  # what stands in User.role
    id: int
    bits: int  # access/roles.Permission


class User(msgspec.Struct, frozen=True):
    """Who logs in to an account. Columns of `users`."""

    account_id: int
    email: str
    password_hash: str
    role: str
    confirmed_ms: int
    approved: int
    disabled: int
    locale: str
    post_visibility: str
    post_sensitive: int
    post_language: str
    org_id: int = 0  # the account's
    quote_policy: str = QuotePolicy.PUBLIC  # of new posts
    sign_up_ip: str = ""  # "": not known, or forgotten
    sign_up_reason: str = ""  # why they want to come in, where that is asked
    sign_up_app_id: int = 0  # 0: with the pages or by a command
    gone_ms: int = 0  # since when what the account had is deleted, or being deleted; 0: it is not so
    deactivated_ms: int = 0  # since when its owner has not been a member any more; 0: it is one
    invite_id: int = 0  # the invitation that it came by; 0: none
    compliance_by_id: int = 0  # the owner who let it search and export whatever was said; 0: it may not


class Author(User, frozen=True):
    """Who writes a post: the user, with what its account is."""

    is_guest: bool = False


class App(msgspec.Struct, frozen=True):
    """An OAuth client. Columns of `oauth_apps`."""

    id: int
    client_id: str
    secret_hash: str
    name: str
    website: str
    redirect_uris: str  # one a line
    scopes: str
    created_ms: int
    org_id: int = 0  # of the site where it was registered, and may be used


class Token(msgspec.Struct, frozen=True):
    """An access token without its secret. Columns of `tokens`."""

    id: str  # hash of the token string, hex
    account_id: int  # 0: the app itself
    app_id: int
    scopes: str
    created_ms: int
    name: str = ""  # of an app password (access/app_passwords.py); "": it is none
    used_ms: int = 0  # of an app password: the last use, noted once an hour; 0: never


class Code(msgspec.Struct, frozen=True):
    """An authorization code without its secret. Columns of `oauth_codes`."""

    id: str  # hash of the code, hex
    account_id: int
    app_id: int
    scopes: str
    redirect_uri: str
    challenge: str  # PKCE S256, "" for none
    expires_ms: int
    used_ms: int
    token_id: str  # what it was exchanged for, "" for nothing


class Session(msgspec.Struct, frozen=True):
    """A browser that is logged in to the built-in pages. Columns of `sessions`."""

    id: str  # hash of the cookie, hex
    account_id: int
    created_ms: int
    seen_ms: int
    expires_ms: int
    user_agent: str


class SecondFactor(msgspec.Struct, frozen=True):
    """What an account that has a second factor is asked for after its password. Columns of `second_factors`."""

    account_id: int
    salt: str  # its key is made of this and the server's secret: access/second_factor.py
    since_ms: int
    used_step: int  # of the last code that was used: access/totp.py
    recovery: str  # signatures of the recovery codes that are left, one a line


class Passkey(msgspec.Struct, frozen=True):
    """A key in a device of the owner, without its private half. Columns of `passkeys`. Base64url is without padding."""

    id: str  # base64url; chosen by the device
    account_id: int
    public_key: str  # COSE, base64url
    sign_count: int  # what the device said last; 0: it does not count
    name: str  # that its owner gave it
    created_ms: int
    used_ms: int  # 0: never
    asked_ms: int  # time of the last challenge that it answered


class Standing(msgspec.Struct, frozen=True):
    """Whether the holder of a token or session may act at all. From `users` and `accounts`."""

    role: str
    confirmed_ms: int
    approved: int
    disabled: int
    suspended_ms: int
    org_id: int = 0
    filters_version: int = 0
    moved_to_id: int = 0
    kind: str = ""
    deactivated_ms: int = 0
    compliance_by_id: int = 0


class Stranger(int):
    """The viewer_id without a login: 0. It has the organisation of the site, which an account's row says otherwise."""

    org_id: int

    def __new__(cls, org_id: int) -> "Stranger":
        made = super().__new__(cls, 0)
        made.org_id = org_id
        return made


class Viewer(msgspec.Struct, frozen=True):
    """Who makes a request, and what the token allows. account_id 0: no account."""

    account_id: int = 0
    scopes: frozenset[str] = frozenset()  # with all that they include
    app_id: int = 0  # 0: a browser's session
    token_id: str = ""  # of the token or session
    role: str = ""
    org_id: int = 0  # of the site
    has_filters: bool = False  # when the token was looked up
    is_guest: bool = False
    compliance: bool = False  # it may search and export whatever was said, beside what its role may do


ANYBODY = Viewer()
