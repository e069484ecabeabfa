"""Information about this server, and its limits. https://docs.joinmastodon.org/methods/instance/"""

from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

from .. import __version__
from ..access.sites import Site
from ..errors import NotFound, Unavailable
from ..http.route import ANYONE, FREE, Route
from ..orgs import logo, privacy
from ..social import (
    accounts,
    annual_reports,
    composing,
    documents,
    emojis,
    media,
    polls,
    reactions,
    tags,
    text,
    uploads,
)
from ..social.films import probe, tools
from ..social.image_read import LIMITS
from ..social.usage import Counts
from ..times import iso, today
from . import server_entities as shapes
from .api_versions import API_VERSION
from .call import Call
from .entities import CustomEmoji
from .server_entities import (
    ExtendedDescription,
    Health,
    Instance,
    PrivacyPolicy,
    Rule,
    TermsOfService,
    V1Instance,
    WeekActivity,
)

# Clients compare this with what they want to use: the version of Mastodon whose documented endpoints are here, but for
# those that docs/api.md gives a reason for. Newer clients look at API_VERSION instead.
MASTODON = "4.6.0"
VERSION = f"{MASTODON} (compatible; Chirrup {__version__})"


async def v2(call: Call) -> Instance:
    site = call.site
    counts = await _counts(call)
    limits = _limits(call)
    everybody = shapes.FeedAccess(local="public", remote="disabled")  # there are no other servers
    return Instance(
        domain=site.domain,
        title=site.title,
        version=VERSION,
        source_url="",  # it is not published anywhere yet
        description=site.description,
        wrapstodon=annual_reports.campaign(today()) or None,
        usage=shapes.InstanceUsage(users=shapes.UsersUsage(active_month=counts.active_month)),
        thumbnail=shapes.Thumbnail(url=_thumbnail(site), description=site.title if site.settings.logo else ""),
        icon=[],
        languages=list(site.languages),
        configuration=shapes.Configuration(
            accounts=limits.accounts,
            statuses=limits.statuses,
            media_attachments=limits.media_attachments,
            polls=limits.polls,
            urls=shapes.Urls(
                streaming=site.streaming_url,
                status=None,
                about=f"{site.base_url}/about",
                privacy_policy=f"{site.base_url}/about#privacy-policy" if documents.privacy(site) else None,
                terms_of_service=f"{site.base_url}/about#terms" if documents.terms(site, today()) else None,
            ),
            vapid=shapes.Vapid(public_key=call.engines.pusher.public_key),
            translation=shapes.Translation(enabled=False),
            timelines_access=shapes.TimelinesAccess(
                live_feeds=everybody, hashtag_feeds=everybody, trending_link_feeds=everybody
            ),
            limited_federation=True,
        ),
        registrations=shapes.Registrations(
            enabled=site.registrations,
            approval_required=site.approval,
            reason_required=False,
            message=None,
            min_age=None,
            url=f"{site.base_url}/sign-up" if site.by_domain else None,
        ),
        api_versions={"mastodon": API_VERSION},
        contact=shapes.Contact(email=site.contact_email, account=await _contact(call)),
        rules=rules_of(site),
    )


async def v1(call: Call) -> V1Instance:
    site = call.site
    counts = await _counts(call)
    return V1Instance(
        uri=site.domain,
        title=site.title,
        short_description=site.description,
        description=escape(site.description),
        email=site.contact_email,
        version=VERSION,
        urls=shapes.V1Urls(streaming_api=site.streaming_url),
        stats=shapes.V1Stats(user_count=counts.people, status_count=counts.posts, domain_count=0),
        thumbnail=_thumbnail(site),
        languages=list(site.languages),
        registrations=site.registrations,
        approval_required=site.approval,
        invites_enabled=False,
        configuration=_limits(call),
        contact_account=await _contact(call),
        rules=rules_of(site),
    )


async def _contact(call: Call) -> Any:
    """The account that may be written to; None: there is none. A closed site names nobody without a login."""
    site = call.site
    if not site.contact_account or (site.closed and not call.viewer_id):
        return None
    try:
        account = await call.read(accounts.by_acct, site.contact_account, site.domain, site.org_id)
        return await call.read(call.render.account, account.id)
    except NotFound:
        return None


async def _counts(call: Call) -> Counts:
    """A closed site does not show its numbers without a login."""
    if call.site.closed and not call.viewer_id:
        return Counts(0, 0, 0, 0)
    return await call.services.usage.counts(call.db, call.site.org_id)


def _limits(call: Call) -> shapes.Limits:
    films = tools.there()
    return shapes.Limits(
        accounts=shapes.AccountLimits(
            max_display_name_length=accounts.DISPLAY_NAME_CHARS_MAX,
            max_note_length=accounts.NOTE_CHARS_MAX,
            max_avatar_description_length=accounts.PICTURE_TEXT_CHARS_MAX,
            max_header_description_length=accounts.PICTURE_TEXT_CHARS_MAX,
            max_featured_tags=tags.FEATURED_MAX,
            max_pinned_statuses=reactions.PINS_MAX,
            max_profile_fields=accounts.FIELDS_MAX,
            profile_field_name_limit=accounts.FIELD_CHARS_MAX,
            profile_field_value_limit=accounts.FIELD_CHARS_MAX,
        ),
        statuses=shapes.StatusLimits(
            max_characters=call.site.post_chars_max,
            max_media_attachments=composing.MEDIA_MAX,
            characters_reserved_per_url=text.URL_LENGTH,
        ),
        media_attachments=shapes.MediaLimits(
            description_limit=media.DESCRIPTION_CHARS_MAX,
            supported_mime_types=uploads.types(),
            image_size_limit=call.site.media_bytes_max,
            image_matrix_limit=LIMITS.pixels_max,
            video_size_limit=call.site.film_bytes_max if films else 0,  # 0: none are taken
            video_frame_rate_limit=probe.RATE_MAX if films else 0,
            video_matrix_limit=probe.AREA_MAX if films else 0,
        ),
        polls=shapes.PollLimits(
            max_options=polls.OPTIONS_MAX,
            max_characters_per_option=polls.OPTION_CHARS_MAX,
            min_expiration=polls.EXPIRES_MIN_S,
            max_expiration=polls.EXPIRES_MAX_S,
        ),
    )


def _thumbnail(site: Site) -> str:
    return site.base_url + (logo.path(site) or "/static/header.png")


def rules_of(site: Site) -> list[Rule]:
    """In their order."""
    return [
        Rule(
            id=str(one.id),
            text=one.text,
            hint=one.hint,
            translations={
                language: shapes.RuleTranslation(text=words.text, hint=words.hint)
                for language, words in one.translations.items()
            },
        )
        for one in site.rules
    ]


async def rules(call: Call) -> list[Rule]:
    return rules_of(call.site)


async def activity(call: Call) -> list[WeekActivity]:
    """The last weeks, this one first. logins: accounts that published something; who only reads is not kept."""
    return [
        WeekActivity(
            week=str(one.began_ms // 1000),
            statuses=str(one.posts),
            logins=str(one.people),
            registrations=str(one.sign_ups),
        )
        for one in await call.services.usage.weeks(call.db, call.site.org_id)
    ]


async def peers(call: Call) -> list[str]:
    """The other servers that are known here: none yet."""
    return []


async def translation_languages(call: Call) -> dict[str, list[str]]:
    """From which languages posts are translated, and into which: there is no translation."""
    return {}


async def extended_description(call: Call) -> ExtendedDescription:
    """Mastodon's answer when it has none: an empty one."""
    found = documents.about(call.site)
    return ExtendedDescription(content=found.html if found else "", updated_at=iso(found.changed_ms) if found else None)


async def privacy_policy(call: Call) -> PrivacyPolicy:
    found = await call.read(privacy.policy, call.site)
    if found is None:
        raise NotFound("privacy policy")
    return PrivacyPolicy(content=found.html, updated_at=iso(found.changed_ms))


async def terms_of_service(call: Call) -> TermsOfService:
    """Those that apply today, else the next ones."""
    return await terms_of_date(call, "")


async def terms_of_date(call: Call, date: str) -> TermsOfService:
    found = documents.terms(call.site, today(), date)
    if found is None:
        raise NotFound("terms of service", date)
    return TermsOfService(
        effective_date=found.date,
        effective=found.effective,
        content=found.html,
        succeeded_by=found.successor or None,
    )


async def custom_emojis(call: Call) -> list[CustomEmoji]:
    """All of them. https://docs.joinmastodon.org/methods/custom_emojis/"""
    return call.render.emojis(await call.read(emojis.every, call.site.org_id))


async def health(call: Call) -> Health:
    """Whether this process can do its work, from the last check. Raises Unavailable with the reason."""
    if problem := call.services.health.problem:
        raise Unavailable(problem)
    return Health(status="OK")


async def alive(_: Call) -> Health:
    """This process runs. The services it depends on may be away."""
    return Health(status="OK")


def _probe(path: str, handler: Callable[[Call], Awaitable[Health]]) -> Route:
    return Route("GET", path, handler, who=ANYONE, role="", cost=FREE, counted=False, when_closed=True, any_site=True)


ROUTES = [
    Route("GET", "/api/v1/instance", v1, who=ANYONE, when_closed=True),
    Route("GET", "/api/v2/instance", v2, who=ANYONE, when_closed=True),
    Route("GET", "/api/v1/instance/rules", rules, who=ANYONE),
    Route("GET", "/api/v1/instance/activity", activity, who=ANYONE),
    Route("GET", "/api/v1/instance/peers", peers, who=ANYONE),
    Route("GET", "/api/v1/instance/translation_languages", translation_languages, who=ANYONE),
    Route("GET", "/api/v1/instance/extended_description", extended_description, who=ANYONE),
    Route("GET", "/api/v1/instance/privacy_policy", privacy_policy, who=ANYONE),
    Route("GET", "/api/v1/instance/terms_of_service", terms_of_service, who=ANYONE),
    Route("GET", "/api/v1/instance/terms_of_service/{date}", terms_of_date, who=ANYONE),
    Route("GET", "/api/v1/custom_emojis", custom_emojis, who=ANYONE),
    _probe("/health", health),
    _probe("/health/ready", health),
    _probe("/health/live", alive),
]
