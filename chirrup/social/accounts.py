"""Accounts: sign up, change the profile, suspend, look up. Rows are in store/accounts.py."""

import re
from collections.abc import Collection

import msgspec

from ..access import emails, media_epochs
from ..access.visibility import may_see_account, of_one_organisation
from ..errors import Invalid, InvalidSignUp, NotFound, not_among, too_long, too_many
from ..events import AccessEnded, AccountChanged, PicturesReplaced, Unlocked
from ..ids import random_bucket, text_key
from ..ports import Tx
from ..store import accounts as rows
from ..store import jobs
from ..types import (
    Account,
    AccountKind,
    Field,
    Presentation,
    QuotePolicy,
    Role,
    Stranger,
    User,
    Visibility,
)
from . import domains, languages, text

DISPLAY_NAME_CHARS_MAX = 30  # Mastodon's limits for profiles
NOTE_CHARS_MAX = 500
FIELDS_MAX = 4
FIELD_CHARS_MAX = 255
PICTURE_TEXT_CHARS_MAX = 500  # of what describes an avatar or a header; apps read it from GET /api/v2/instance
ATTRIBUTION_DOMAINS_MAX = 10  # Mastodon's
AS_AT_FIRST = Presentation()
_decode_presentation = msgspec.json.Decoder(Presentation).decode
EMAIL_CHARS_MAX = 254  # RFC 5321, 4.5.3.1.3
DELETION = "delete account"  # the kind of the job: leaving.py does it
DELETED_AFTER_MS = 30 * 24 * 3600 * 1000  # a suspension: Mastodon's figure
# What HTML's <input type=email> takes, and hosts in other scripts: no quotes, no comments, no letters beyond ASCII
# before the @, which few mail servers take.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^\W_](?:[\w-]*\w)?(?:\.[^\W_](?:[\w-]*\w)?)*")
_MAY_BE_RESERVED = (Role.MODERATOR, Role.ADMIN, Role.OWNER)
RESERVED = frozenset({"admin", "administrator", "root", "support", "help", "moderator", "chirrup", "api", "oauth"})


class SignUp(msgspec.Struct, frozen=True):
    """password_hash: computed before, outside of any transaction (access/passwords.py).

    confirmed: the account may be used at once, and has its address. If not, both begin with a link that is sent there.
    """

    username: str
    email: str
    password_hash: str
    locale: str = "en"
    role: str = Role.USER
    confirmed: bool = True
    proven: bool = False  # they have shown that the address is theirs, and may learn that another account has it
    display_name: str = ""
    org_id: int = 0  # of the site where it is made
    pending: bool = False  # until staff let it in it can do nothing, and nobody else sees it
    reason: str = ""  # why they want to come in, for staff
    ip: str = ""  # where it came from
    app_id: int = 0  # with which it was made
    kind: str = AccountKind.PERSON
    invite_id: int = 0  # that it came by


def create(tx: Tx, wanted: SignUp, *, tells_addresses: bool = True) -> Account:
    """A new account with its user. Raises InvalidSignUp with all problems of username and email.

    tells_addresses: whether the caller may learn that an e-mail address is taken. If not, no error is raised for one:
    the account is made, the address still belongs to the account that had it first, and its owner gets a mail
    (docs/decisions/0031-mails-about-accounts.md).
    """
    problems = check_username(wanted.username, reserved=wanted.role not in _MAY_BE_RESERVED)
    if wanted.email or wanted.password_hash:  # who comes from a directory may have no address here
        problems += check_email(wanted.email)
    if problems:
        raise InvalidSignUp(problems)
    account = _insert(tx, wanted)
    if not rows.claim_name(tx, name_key(wanted.org_id, wanted.username), account.id):
        problems.append(Invalid("username", "taken", "has already been taken"))
    taken = wanted.email and wanted.confirmed and not emails.claim(tx, wanted.email, account.id, wanted.org_id)
    if taken and tells_addresses:
        problems.append(Invalid("email", "taken", "has already been taken"))
    if problems:
        raise InvalidSignUp(problems)
    rows.insert_user(
        tx,
        User(
            account_id=account.id,
            email=wanted.email.strip(),
            password_hash=wanted.password_hash,
            role=wanted.role,
            confirmed_ms=tx.now_ms if wanted.confirmed else 0,
            approved=int(not wanted.pending),
            disabled=0,
            locale=wanted.locale,
            post_visibility=Visibility.PUBLIC,
            post_sensitive=0,
            post_language="",
            org_id=wanted.org_id,
            sign_up_ip=wanted.ip,
            sign_up_reason=wanted.reason,
            sign_up_app_id=wanted.app_id,
            invite_id=wanted.invite_id,
        ),
    )
    tx.emit(AccountChanged(account.id))
    if not tells_addresses:
        emails.signed_up(tx, account.id, wanted.email)
    return account


def _insert(tx: Tx, wanted: SignUp) -> Account:
    bucket = random_bucket()
    while True:
        account = blank(tx.new_id(bucket), wanted.username, wanted.display_name, tx.now_ms, org_id=wanted.org_id)
        account = msgspec.structs.replace(account, pending=int(wanted.pending), kind=wanted.kind)
        if rows.insert(tx, account):
            return account


def blank(id: int, username: str, display_name: str, now_ms: int, *, org_id: int = 0) -> Account:
    """An account right after its sign-up."""
    return Account(
        id=id,
        username=username,
        display_name=display_name,
        note="",
        fields="[]",
        avatar="",
        avatar_static="",
        header="",
        locked=0,
        bot=0,
        discoverable=1,
        hide_network=0,
        indexable=1,
        changed_ms=now_ms,
        suspended_ms=0,
        org_id=org_id,
    )


def check_username(username: str, *, reserved: bool = True) -> list[Invalid]:
    """The problems of a username; []: none."""
    if not username:
        return [Invalid("username", "blank", "can't be blank")]
    if not text.is_valid_username(username):
        return [Invalid("username", "invalid", "must contain only letters, numbers and underscores, 30 at most")]
    if reserved and text.username_key(username) in RESERVED:
        return [Invalid("username", "reserved", "is reserved")]
    return []


def check_email(email: str) -> list[Invalid]:
    if not email:
        return [Invalid("email", "blank", "can't be blank")]
    if len(email) > EMAIL_CHARS_MAX or not _EMAIL.fullmatch(email.strip()):
        return [Invalid("email", "invalid", "is not a valid e-mail address")]
    return []


def get(tx: Tx, viewer_id: int, id: int) -> Account:
    """The account. Raises NotFound: absent, or hidden from the viewer. If it is suspended, it is rendered empty."""
    account = of_one_organisation(tx, viewer_id, [id]).get(id)
    if account is None:
        raise NotFound("account", id)
    return account


def user(tx: Tx, account_id: int) -> User:
    """The account's user. Raises NotFound: it has none."""
    found = rows.user(tx, account_id)
    if found is None:
        raise NotFound("account", account_id)
    return found


def set_kind(tx: Tx, account_id: int, kind: AccountKind) -> None:
    """What it is from now on: for a person who becomes a guest, or a member."""
    rows.set_kind(tx, account_id, kind, changed_ms=tx.now_ms)
    tx.emit(AccountChanged(account_id))


def existing(tx: Tx, viewer_id: int, ids: Collection[int], *, with_suspended: bool = False) -> list[int]:
    """Those of ids that the viewer may see and that are not suspended, in their order."""
    found = of_one_organisation(tx, viewer_id, ids)
    return [id for id in ids if id in found and (with_suspended or not found[id].suspended_ms)]


def name_key(org_id: int, username: str, host: str = "") -> str:
    """The key of a name in the store. host: of an account of another server."""
    key = text.username_key(username)
    return text_key(org_id, f"{key}@{text.host_key(host)}" if host else key)


def by_acct(tx: Tx, acct: str, domain: str, org_id: int = 0, *, viewer_id: int = 0) -> Account:
    """acct: `name`, `@name` or `name@host`. domain: of the site; its accounts have no host. Raises NotFound."""
    name, _, host = acct.removeprefix("@").partition("@")
    if not text.is_valid_username(name):
        raise NotFound("account", acct)
    key = name_key(org_id, name, "" if text.is_ours(host, domain) else host)
    return get(tx, viewer_id or Stranger(org_id), rows.ids_by_names(tx, [key]).get(key, 0))


def followable(tx: Tx, viewer_id: int, id: int) -> Account:
    """An account that the viewer may follow. Raises NotFound: absent, suspended, or it blocks the viewer."""
    account = get(tx, viewer_id, id)
    may_ask = account.kind == AccountKind.ROOM and not account.suspended_ms  # also where it may see only its name
    if not may_ask and not may_see_account(tx, viewer_id, account):
        raise NotFound("account", id)
    return account


class ProfileChange(msgspec.Struct, frozen=True):
    """None: no change. Blob keys are of files that are stored already."""

    display_name: str | None = None
    note: str | None = None
    fields: list[Field] | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    hide_network: bool | None = None
    indexable: bool | None = None
    avatar: str | None = None
    avatar_static: str | None = None
    header: str | None = None
    avatar_description: str | None = None
    header_description: str | None = None
    show_media: bool | None = None
    show_media_replies: bool | None = None
    show_featured: bool | None = None
    attribution_domains: list[str] | None = None
    post_visibility: str | None = None
    post_sensitive: bool | None = None
    post_language: str | None = None
    quote_policy: str | None = None


def change_profile(tx: Tx, account_id: int, change: ProfileChange) -> Account:
    """The changed account. Its old pictures are deleted later. Raises Invalid: a text too long, too many fields."""
    before = account = get(tx, account_id, account_id)
    wanted: dict[str, object] = {"changed_ms": max(tx.now_ms, account.changed_ms + 1)}
    if change.display_name is not None:
        wanted["display_name"] = _short("display_name", change.display_name, DISPLAY_NAME_CHARS_MAX)
    if change.note is not None:
        wanted["note"] = _short("note", change.note, NOTE_CHARS_MAX)
    if change.fields is not None:
        wanted["fields"] = _fields(change.fields)
    for flag in ("locked", "bot", "discoverable", "hide_network", "indexable"):
        if (value := getattr(change, flag)) is not None:
            wanted[flag] = int(value)
    for key in ("avatar", "avatar_static", "header"):
        if (value := getattr(change, key)) is not None:
            wanted[key] = value
    wanted["presentation"] = _presentation(account, change)
    account = msgspec.structs.replace(account, **wanted)
    rows.update_profile(tx, account)
    _change_defaults(tx, account_id, change)
    tx.emit(AccountChanged(account_id))
    if before.locked and not account.locked:
        tx.emit(Unlocked(account_id))
    if gone := pictures_of(before) - pictures_of(account):
        tx.emit(PicturesReplaced(account_id, sorted(gone)))
    return account


def presentation_of(account: Account) -> Presentation:
    return _decode_presentation(account.presentation) if account.presentation else AS_AT_FIRST


def _presentation(account: Account, change: ProfileChange) -> str:
    """account.presentation after the change. A picture that is taken away takes its description along."""
    wanted: dict[str, object] = {}
    for name in ("avatar", "header"):
        told = f"{name}_description"
        value = "" if getattr(change, name) == "" else getattr(change, told)
        if value is not None:
            wanted[told] = _short(told, value, PICTURE_TEXT_CHARS_MAX)
    for flag in ("show_media", "show_media_replies", "show_featured"):
        if (shown := getattr(change, flag)) is not None:
            wanted[flag] = shown
    if change.attribution_domains is not None:
        wanted["attribution_domains"] = _attribution(change.attribution_domains)
    if not wanted:
        return account.presentation
    after = msgspec.structs.replace(presentation_of(account), **wanted)
    return "" if after == AS_AT_FIRST else msgspec.json.encode(after).decode()


def _attribution(given: list[str]) -> tuple[str, ...]:
    named = list(dict.fromkeys(domains.key_of(one, "attribution_domains") for one in given if one.strip()))
    if len(named) > ATTRIBUTION_DOMAINS_MAX:
        raise too_many("attribution_domains", ATTRIBUTION_DOMAINS_MAX, len(named))
    return tuple(named)


def pictures_of(account: Account) -> set[str]:
    """The blob keys of its pictures."""
    return {account.avatar, account.avatar_static, account.header} - {""}


def _change_defaults(tx: Tx, account_id: int, change: ProfileChange) -> None:
    if change.quote_policy is not None:
        rows.set_quote_policy(tx, account_id, parse_quote_policy(change.quote_policy))
    user = rows.user(tx, account_id)
    wanted = (change.post_visibility, change.post_sensitive, change.post_language)
    if user is None or wanted == (None, None, None):
        return
    visibility, sensitive, language = wanted
    rows.set_defaults(
        tx,
        account_id,
        visibility=user.post_visibility if visibility is None else parse_visibility(visibility, allow_direct=False),
        sensitive=user.post_sensitive if sensitive is None else int(sensitive),
        language=user.post_language if language is None else parse_language(language),
    )


def parse_quote_policy(value: str) -> QuotePolicy:
    """Raises Invalid."""
    try:
        return QuotePolicy(value)
    except ValueError:
        raise not_among("quote_approval_policy", QuotePolicy, value) from None


def parse_language(code: str) -> str:
    """The code in its normal form; "" for none. Raises Invalid."""
    known = languages.code_of(code)
    if code and not known:
        raise Invalid(
            "language", "unknown", 'must be a code of ISO 639 like "en", "yue" or "pt-BR", got {got!r}', got=code[:40]
        )
    return known


def parse_visibility(value: str, *, allow_direct: bool = True) -> Visibility:
    allowed = [v for v in Visibility if allow_direct or v != Visibility.DIRECT]
    if value not in allowed:
        raise not_among("visibility", allowed, value)
    return Visibility(value)


def _short(field: str, value: str, chars_max: int) -> str:
    value = text.clean(value)
    if (length := text.length(value)) > chars_max:
        raise too_long(field, chars_max, length)
    return value


def _fields(fields: list[Field]) -> str:
    kept = [field for field in fields if field.name.strip() or field.value.strip()]
    if len(kept) > FIELDS_MAX:
        raise too_many("fields", FIELDS_MAX, len(kept))
    checked = [
        Field(_short("fields", field.name, FIELD_CHARS_MAX), _short("fields", field.value, FIELD_CHARS_MAX))
        for field in kept
    ]
    return msgspec.json.encode(checked).decode()


def suspend(tx: Tx, account_id: int, *, suspended: bool = True) -> Account:
    """Suspend the account, which hides it and its posts, or end the suspension. After 30 days: leaving.py."""
    account = get(tx, account_id, account_id)
    account = msgspec.structs.replace(
        account,
        suspended_ms=(account.suspended_ms or tx.now_ms) if suspended else 0,
        changed_ms=max(tx.now_ms, account.changed_ms + 1),
    )
    rows.set_limits(tx, account_id, suspended_ms=account.suspended_ms, changed_ms=account.changed_ms)
    tx.emit(AccountChanged(account_id))
    if suspended:
        due_ms = account.suspended_ms + DELETED_AFTER_MS
        payload = (account_id, account.suspended_ms)
        jobs.enqueue(tx, DELETION, of=account_id, key=str(account.suspended_ms), payload=payload, due_ms=due_ms)
        media_epochs.end_for(tx, account)
        tx.emit(AccessEnded(account_id, []))  # its tokens may be kept for better times; its streams end now
    return account
