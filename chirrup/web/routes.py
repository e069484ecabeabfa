"""Every page and every form there is, once: method, path, handler, who may.

server.py turns each line into a request handler. Parameters named in the path are given to the handler by name;
`handle` is a username with its @. Forms (POST) carry a csrf token, checked before the handler runs.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from ..social import follows, reactions
from . import compose, home, live, login, notifications, oauth, people_lists, posts, profiles, search, settings

ANYONE, USER = "anyone", "user"


class Route(msgspec.Struct, frozen=True):
    method: Literal["GET", "POST"]
    path: str
    handler: Callable[..., Any]
    who: str = ANYONE
    uploads: bool = False  # the form may carry pictures
    again: Callable[..., Any] | None = None  # the page of the form, as it was sent, with what was wrong (kept.py)


POST_PATH = "/{handle:str}/{id:str}"

ROUTES: list[Route] = [
    # coming in
    Route("GET", "/", home.start),
    Route("GET", "/about", home.about),
    Route("GET", "/sign-up", login.sign_up_form),
    Route("POST", "/sign-up", login.sign_up, again=login.sign_up_again),
    Route("GET", "/login", login.login_form),
    Route("POST", "/login", login.login, again=login.login_again),
    Route("POST", "/logout", login.logout, USER),
    Route("GET", "/oauth/authorize", oauth.consent_form),
    Route("POST", "/oauth/authorize", oauth.consent, USER),
    Route("GET", "/oauth/authorize/native", oauth.show_code),
    # reading
    Route("GET", "/home", home.home, USER),
    Route("GET", "/home/live", live.live, USER),
    Route("GET", "/public", home.public),
    Route("GET", "/tags/{name:str}", home.tag),
    Route("GET", "/search", search.search, again=search.again),
    Route("GET", "/notifications", notifications.show, USER),
    Route("GET", "/bookmarks", home.bookmarks, USER),
    Route("GET", "/follow-requests", people_lists.follow_requests, USER),
    # writing
    Route("GET", "/compose", compose.form, USER),
    Route("POST", "/compose", compose.send, USER, uploads=True, again=compose.again),
    # settings
    Route("GET", "/settings", settings.profile_form, USER),
    Route("POST", "/settings", settings.save_profile, USER, uploads=True, again=settings.profile_again),
    Route("GET", "/settings/posting", settings.posting_form, USER),
    Route("POST", "/settings/posting", settings.save_posting, USER, again=settings.posting_again),
    Route("GET", "/settings/access", settings.access_form, USER),
    Route("POST", "/settings/password", settings.change_password, USER, again=settings.password_again),
    Route("POST", "/settings/sessions", settings.end_sessions, USER),
    Route("POST", "/settings/apps", settings.revoke_app, USER),
    # people
    Route("GET", "/{handle:str}", profiles.posts),
    Route("GET", "/{handle:str}/with_replies", profiles.with_replies),
    Route("GET", "/{handle:str}/media", profiles.media),
    Route("GET", "/{handle:str}/followers", people_lists.followers),
    Route("GET", "/{handle:str}/following", people_lists.following),
    Route("POST", "/{handle:str}/follow", profiles.relate(follows.follow), USER),
    Route("POST", "/{handle:str}/unfollow", profiles.relate(follows.unfollow), USER),
    Route("POST", "/{handle:str}/block", profiles.relate(follows.block), USER),
    Route("POST", "/{handle:str}/unblock", profiles.relate(follows.unblock), USER),
    Route("POST", "/{handle:str}/mute", profiles.relate(follows.mute), USER),
    Route("POST", "/{handle:str}/unmute", profiles.relate(follows.unmute), USER),
    Route("POST", "/{handle:str}/drop", profiles.relate(follows.remove_follower), USER),
    Route("POST", "/{handle:str}/accept", profiles.relate(follows.accept), USER),
    Route("POST", "/{handle:str}/reject", profiles.relate(follows.reject), USER),
    # posts
    Route("GET", POST_PATH, posts.thread),
    Route("GET", f"{POST_PATH}/edit", compose.edit_form, USER),
    Route("POST", f"{POST_PATH}/edit", compose.edit, USER, uploads=True, again=compose.edit_again),
    Route("GET", f"{POST_PATH}/delete", posts.delete_form, USER),
    Route("POST", f"{POST_PATH}/delete", posts.delete, USER),
    Route("POST", f"{POST_PATH}/vote", posts.vote, USER),
    Route("GET", f"{POST_PATH}/favourites", people_lists.favourited_by),
    Route("GET", f"{POST_PATH}/boosts", people_lists.boosted_by),
    Route("POST", f"{POST_PATH}/favourite", posts.react(reactions.favourite), USER),
    Route("POST", f"{POST_PATH}/unfavourite", posts.react(reactions.unfavourite), USER),
    Route("POST", f"{POST_PATH}/boost", posts.react(reactions.boost), USER),
    Route("POST", f"{POST_PATH}/unboost", posts.react(reactions.unboost), USER),
    Route("POST", f"{POST_PATH}/bookmark", posts.react(reactions.bookmark), USER),
    Route("POST", f"{POST_PATH}/unbookmark", posts.react(reactions.unbookmark), USER),
    Route("POST", f"{POST_PATH}/pin", posts.react(reactions.pin), USER),
    Route("POST", f"{POST_PATH}/unpin", posts.react(reactions.unpin), USER),
    Route("POST", f"{POST_PATH}/mute", posts.react(reactions.mute_thread), USER),
    Route("POST", f"{POST_PATH}/unmute", posts.react(reactions.unmute_thread), USER),
]


def form_at(path: str) -> tuple[Route, dict[str, str]] | None:
    """(the route that takes forms at this address, the parts of the address that it names)."""
    parts = path.split("/")
    for route in ROUTES:
        pattern = route.path.split("/")
        if route.method == "POST" and len(pattern) == len(parts):
            pairs = list(zip(pattern, parts, strict=True))
            if all(one == other or (one.startswith("{") and other) for one, other in pairs):
                return route, {one[1:].partition(":")[0]: other for one, other in pairs if one.startswith("{")}
    return None
