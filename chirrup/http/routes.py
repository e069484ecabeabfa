"""Every request that is answered: the first of the two tables that tell all that can happen (workers/subscribers.py).

A handler is `async def f(call, …) -> entity`: its parameters named in the path, `query` and `body` are decoded by
their types, which also make the OpenAPI document (openapi.py). Scopes: https://docs.joinmastodon.org/api/oauth-scopes/
"""

from . import accounts, markers, media, notifications, oauth, openapi, polls, statuses, tags, timelines
from .route import ANYONE, APP, USER, Route

__all__ = ["ANYONE", "APP", "ROUTES", "USER", "Route"]

V1 = "/api/v1"

ROUTES: list[Route] = [
    Route("GET", "/api/openapi.json", openapi.show, who=ANYONE),
    # OAuth; the forms a person sees are pages: web/routes.py
    Route("POST", f"{V1}/apps", oauth.create_app, who=ANYONE),
    Route("GET", f"{V1}/apps/verify_credentials", oauth.verify_app, who=APP),
    Route("POST", "/oauth/token", oauth.token, who=ANYONE),
    Route("POST", "/oauth/revoke", oauth.revoke, who=ANYONE),
    Route("GET", "/.well-known/oauth-authorization-server", oauth.metadata, who=ANYONE),
    Route("POST", f"{V1}/accounts", oauth.sign_up, "write:accounts", APP),
    Route("POST", f"{V1}/emails/confirmations", oauth.resend_confirmation, "write:accounts"),
    # posts
    Route("POST", f"{V1}/statuses", statuses.create, "write:statuses"),
    Route("GET", f"{V1}/statuses", statuses.show_many, "read:statuses", ANYONE),
    Route("GET", f"{V1}/statuses/{{id:str}}", statuses.show, "read:statuses", ANYONE),
    Route("PUT", f"{V1}/statuses/{{id:str}}", statuses.edit, "write:statuses"),
    Route("DELETE", f"{V1}/statuses/{{id:str}}", statuses.delete, "write:statuses"),
    Route("GET", f"{V1}/statuses/{{id:str}}/context", statuses.context, "read:statuses", ANYONE),
    Route("GET", f"{V1}/statuses/{{id:str}}/source", statuses.source, "read:statuses"),
    Route("GET", f"{V1}/statuses/{{id:str}}/history", statuses.history, "read:statuses", ANYONE),
    Route("GET", f"{V1}/statuses/{{id:str}}/favourited_by", statuses.favourited_by, "read:accounts", ANYONE),
    Route("GET", f"{V1}/statuses/{{id:str}}/reblogged_by", statuses.reblogged_by, "read:accounts", ANYONE),
    Route("POST", f"{V1}/statuses/{{id:str}}/favourite", statuses.favourite, "write:favourites"),
    Route("POST", f"{V1}/statuses/{{id:str}}/unfavourite", statuses.unfavourite, "write:favourites"),
    Route("POST", f"{V1}/statuses/{{id:str}}/reblog", statuses.reblog, "write:statuses"),
    Route("POST", f"{V1}/statuses/{{id:str}}/unreblog", statuses.unreblog, "write:statuses"),
    Route("POST", f"{V1}/statuses/{{id:str}}/bookmark", statuses.bookmark, "write:bookmarks"),
    Route("POST", f"{V1}/statuses/{{id:str}}/unbookmark", statuses.unbookmark, "write:bookmarks"),
    Route("POST", f"{V1}/statuses/{{id:str}}/pin", statuses.pin, "write:accounts"),
    Route("POST", f"{V1}/statuses/{{id:str}}/unpin", statuses.unpin, "write:accounts"),
    Route("POST", f"{V1}/statuses/{{id:str}}/mute", statuses.mute, "write:mutes"),
    Route("POST", f"{V1}/statuses/{{id:str}}/unmute", statuses.unmute, "write:mutes"),
    Route("GET", f"{V1}/favourites", statuses.favourites, "read:favourites"),
    Route("GET", f"{V1}/bookmarks", statuses.bookmarks, "read:bookmarks"),
    # media
    Route("POST", f"{V1}/media", media.create, "write:media", uploads=True),
    Route("POST", "/api/v2/media", media.create, "write:media", uploads=True),
    Route("GET", f"{V1}/media/{{id:str}}", media.show, "write:media"),
    Route("PUT", f"{V1}/media/{{id:str}}", media.update, "write:media", uploads=True),
    Route("DELETE", f"{V1}/media/{{id:str}}", media.delete, "write:media"),
    Route("GET", "/media/files/{id:str}/{name:str}", media.file, who=ANYONE),
    Route("GET", "/media/profiles/{id:str}/{name:str}", media.profile_file, who=ANYONE),
    # polls
    Route("GET", f"{V1}/polls/{{id:str}}", polls.show, "read:statuses", ANYONE),
    Route("POST", f"{V1}/polls/{{id:str}}/votes", polls.vote, "write:statuses"),
    # hashtags
    Route("GET", f"{V1}/tags/{{name:str}}", tags.show, who=ANYONE),
    Route("POST", f"{V1}/tags/{{name:str}}/follow", tags.follow, "write:follows"),
    Route("POST", f"{V1}/tags/{{name:str}}/unfollow", tags.unfollow, "write:follows"),
    Route("POST", f"{V1}/tags/{{name:str}}/feature", tags.feature, "write:accounts"),
    Route("POST", f"{V1}/tags/{{name:str}}/unfeature", tags.unfeature, "write:accounts"),
    Route("GET", f"{V1}/followed_tags", tags.followed, "read:follows"),
    Route("GET", f"{V1}/featured_tags", tags.featured, "read:accounts"),
    Route("POST", f"{V1}/featured_tags", tags.add_featured, "write:accounts"),
    Route("GET", f"{V1}/featured_tags/suggestions", tags.suggestions, "read:accounts"),
    Route("DELETE", f"{V1}/featured_tags/{{id:str}}", tags.remove_featured, "write:accounts"),
    Route("GET", f"{V1}/accounts/{{id:str}}/featured_tags", tags.featured_by, "read:accounts", ANYONE),
    # notifications, and how far things were read
    Route("GET", f"{V1}/notifications", notifications.index, "read:notifications"),
    Route("GET", f"{V1}/notifications/unread_count", notifications.unread_count, "read:notifications"),
    Route("POST", f"{V1}/notifications/clear", notifications.clear, "write:notifications"),
    Route("POST", f"{V1}/notifications/dismiss", notifications.dismiss_by_form, "write:notifications"),
    Route("GET", f"{V1}/notifications/{{id:str}}", notifications.show, "read:notifications"),
    Route("POST", f"{V1}/notifications/{{id:str}}/dismiss", notifications.dismiss, "write:notifications"),
    Route("GET", f"{V1}/markers", markers.show, "read:statuses"),
    Route("POST", f"{V1}/markers", markers.save, "write:statuses"),
    # accounts
    Route("GET", f"{V1}/accounts/verify_credentials", accounts.verify_credentials, "read:accounts"),
    Route("GET", f"{V1}/accounts/{{id:str}}", accounts.show, "read:accounts", ANYONE),
    Route("GET", f"{V1}/accounts/{{id:str}}/statuses", accounts.statuses, "read:statuses", ANYONE),
    Route("POST", f"{V1}/accounts/{{id:str}}/follow", accounts.follow, "write:follows"),
    Route("POST", f"{V1}/accounts/{{id:str}}/unfollow", accounts.unfollow, "write:follows"),
    # timelines
    Route("GET", f"{V1}/timelines/home", timelines.home, "read:statuses"),
    Route("GET", f"{V1}/timelines/public", timelines.public, "read:statuses", ANYONE),
    Route("GET", f"{V1}/timelines/tag/{{hashtag:str}}", timelines.tag, "read:statuses", ANYONE),
]
