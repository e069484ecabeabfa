"""The user's own profile and defaults for posts. https://docs.joinmastodon.org/methods/accounts/#update_credentials

Also methods/profile and methods/preferences.
"""

import msgspec

from ..access import limits
from ..http.forms import Upload
from ..http.route import Route
from ..ports import Tx
from ..social import accounts, pictures, tags
from ..social.accounts import ProfileChange
from ..social.shown import fields_of
from ..types import Field
from .accounts import verify_credentials
from .call import Call
from .entities import AccountField, CredentialAccount, Preferences
from .profile_entities import ProfileEntity


class FieldAttributes(msgspec.Struct, kw_only=True):
    name: str = ""
    value: str = ""


class SourceAttributes(msgspec.Struct, kw_only=True):
    privacy: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    quote_policy: str | None = None


class ProfileBody(msgspec.Struct, kw_only=True):
    """Other fields cannot be changed: unknown keys are ignored."""

    display_name: str | None = None
    note: str | None = None
    avatar: Upload | None = None
    avatar_description: str | None = None
    header: Upload | None = None
    header_description: str | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    hide_collections: bool | None = None
    indexable: bool | None = None
    show_media: bool | None = None
    show_media_replies: bool | None = None
    show_featured: bool | None = None
    attribution_domains: list[str] | None = None
    fields_attributes: list[FieldAttributes] | dict[str, FieldAttributes] | None = None  # keys of a dict are ignored
    source: SourceAttributes | None = None

    def to_change(self, made: pictures.Pictures) -> ProfileChange:
        given = self.fields_attributes
        table = list(given.values()) if isinstance(given, dict) else given
        source = self.source or SourceAttributes()
        return ProfileChange(
            display_name=self.display_name,
            note=self.note,
            fields=None if table is None else [Field(one.name, one.value) for one in table],
            locked=self.locked,
            bot=self.bot,
            discoverable=self.discoverable,
            hide_network=self.hide_collections,
            indexable=self.indexable,
            avatar=made.avatar,
            avatar_static=made.avatar_static,
            header=made.header,
            avatar_description=self.avatar_description,
            header_description=self.header_description,
            show_media=self.show_media,
            show_media_replies=self.show_media_replies,
            show_featured=self.show_featured,
            attribution_domains=self.attribution_domains,
            post_visibility=source.privacy or None,
            post_sensitive=source.sensitive,
            post_language=source.language,
            quote_policy=source.quote_policy or None,
        )


async def update_credentials(call: Call, body: ProfileBody) -> CredentialAccount:
    await _change(call, body)
    return await verify_credentials(call)


async def update(call: Call, body: ProfileBody) -> ProfileEntity:
    """The same change, answered as the profile that is edited."""
    await _change(call, body)
    return await show(call)


async def _change(call: Call, body: ProfileBody) -> None:
    most = call.site.media_bytes_max
    async with pictures.stored(
        call.engines,
        call.account_id,
        bytes_max=most,
        avatar=body.avatar.read(most, "avatar") if body.avatar else None,
        header=body.header.read(most, "header") if body.header else None,
    ) as made:
        await call.write(accounts.change_profile, call.account_id, body.to_change(made))


async def show(call: Call) -> ProfileEntity:
    return await call.read(_profile, call)


def _profile(tx: Tx, call: Call) -> ProfileEntity:
    account = accounts.get(tx, call.account_id, call.account_id)
    shown_as = accounts.presentation_of(account)

    def picture(key: str) -> str | None:
        return call.render.picture_url(account, key) if key else None

    return ProfileEntity(
        id=str(account.id),
        display_name=account.display_name,
        note=account.note,
        fields=[AccountField(name=one.name, value=one.value) for one in fields_of(account)],
        avatar=picture(account.avatar),
        avatar_static=picture(account.avatar_static or account.avatar),
        avatar_description=shown_as.avatar_description,
        header=picture(account.header),
        header_static=picture(account.header),
        header_description=shown_as.header_description,
        locked=bool(account.locked),
        bot=bool(account.bot),
        hide_collections=bool(account.hide_network),
        discoverable=bool(account.discoverable),
        indexable=bool(account.indexable),
        show_media=shown_as.show_media,
        show_media_replies=shown_as.show_media_replies,
        show_featured=shown_as.show_featured,
        attribution_domains=list(shown_as.attribution_domains),
        featured_tags=[
            call.render.featured_tag(one, account.username) for one in tags.featured(tx, account.id, account.id)
        ],
    )


async def delete_avatar(call: Call) -> CredentialAccount:
    await call.write(accounts.change_profile, call.account_id, ProfileChange(avatar="", avatar_static=""))
    return await verify_credentials(call)


async def delete_header(call: Call) -> CredentialAccount:
    await call.write(accounts.change_profile, call.account_id, ProfileChange(header=""))
    return await verify_credentials(call)


async def preferences(call: Call) -> Preferences:
    """Those for reading are Mastodon's defaults. They are for clients, and cannot be changed yet."""
    user = await call.read(accounts.user, call.account_id)
    return Preferences(
        default_visibility=user.post_visibility,
        default_sensitive=bool(user.post_sensitive),
        default_language=user.post_language or None,
        default_quote_policy=user.quote_policy,
        expand_media="default",
        expand_spoilers=False,
    )


ROUTES = [
    Route(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        update_credentials,
        "write:accounts",
        uploads=True,
        limits=limits.MEDIA,
    ),
    Route("GET", "/api/v1/profile", show, "profile"),
    Route("PATCH", "/api/v1/profile", update, "write:accounts", uploads=True, limits=limits.MEDIA),
    Route("DELETE", "/api/v1/profile/avatar", delete_avatar, "write:accounts"),
    Route("DELETE", "/api/v1/profile/header", delete_header, "write:accounts"),
    Route("GET", "/api/v1/preferences", preferences, "read:accounts"),
]
