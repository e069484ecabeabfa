"""Mastodon's stream names, and who may listen to each. https://docs.joinmastodon.org/methods/streaming/"""

import msgspec

from ..access import scopes
from ..actions import matcher
from ..actions.matcher import Matcher, Sought
from ..errors import BadRequest, Unauthorised
from ..http.arguments import path_id
from ..http.call import Services
from ..ids import text_key
from ..orgs import rooms_as_lists
from ..social import announcements
from ..social.tags import key_of
from ..types import Stranger, Viewer
from ..wording import N_

POSTS = frozenset({"update", "status.update", "delete"})
NOTIFICATIONS = frozenset({"notification", "notifications_merged"})
ANNOUNCEMENTS = frozenset({"announcement", "announcement.reaction", "announcement.delete"})
NAMES = frozenset(
    f"{name}{media}" for name in ("public", "public:local", "public:remote") for media in ("", ":media")
) | {"user", "user:notification", "track", "hashtag", "hashtag:local", "list", "direct"}
TAG_CHARS_MAX = 200


class Stream(msgspec.Struct, frozen=True):
    name: str
    argument: str = ""  # the tag, or the id of the list, as the client wrote it
    channel: str = ""  # of the broker; "": the stream never carries anything
    everybody: str = ""  # a channel for all accounts of the organisation; "": the stream carries nothing of it
    viewer_id: int = 0
    org_id: int = 0  # of a public one: whose posts it carries
    kinds: frozenset[str] = POSTS  # of signals that the stream carries
    is_room: bool = False  # a list that is a room
    sought: Matcher[bool] | None = None  # of a track: what it looks for in public posts

    @property
    def label(self) -> list[str]:
        """Marks the events of this stream on a WebSocket."""
        return [self.name, self.argument] if self.argument else [self.name]

    @property
    def timeline(self) -> tuple[str, int] | None:
        """(kind, owner) of the timeline that this stream carries."""
        if "update" not in self.kinds or self.name not in ("user", "list") or self.is_room:
            return None
        return ("home", self.viewer_id) if self.name == "user" else ("list", int(self.channel.removeprefix("list:")))

    @property
    def key(self) -> tuple[str, str]:
        """Identifies the stream on its connection; each can be open once."""
        return self.name, self.argument

    @property
    def only_media(self) -> bool:
        return self.name.endswith(":media")

    @property
    def is_public(self) -> bool:
        """Carries posts of strangers, so blocks and mutes must be applied."""
        return self.name.startswith(("public", "hashtag", "track")) or self.is_room


def refuse_unknown(name: str) -> None:
    if name not in NAMES:
        known = ", ".join(sorted(NAMES))
        raise BadRequest("Unknown stream type: must be one of {known}; got {got!r}", known=known, got=name[:40])


async def find(
    services: Services, viewer: Viewer, name: str, *, tag: str = "", list_id: str = "", track: str = ""
) -> Stream:
    """The stream with this name, for this viewer.

    track: words, as actions/matcher.py reads them. Raises BadRequest (no such stream, or its tag or list is missing),
    Invalid (track: it has no word, or too many), Unauthorised (no token, missing scopes, or an
    app's token where a person's is needed), NotFound (not a list of the viewer's).
    """
    refuse_unknown(name)
    viewer_id = viewer.account_id or Stranger(viewer.org_id)
    if name.startswith("public"):
        _permit(viewer, "read:statuses")
        return Stream(
            name,
            channel="" if "remote" in name or viewer.is_guest else text_key(viewer.org_id, "public"),
            viewer_id=viewer_id,
            org_id=viewer.org_id,
        )
    if name.startswith("hashtag"):
        tag = tag.removeprefix("#")
        if not 1 <= len(tag) <= TAG_CHARS_MAX:
            why = N_("Missing tag name parameter: the stream {name!r} needs a tag, got {got!r}")
            raise BadRequest(why, name=name, got=tag[:40])
        _permit(viewer, "read:statuses")
        channel = f"hashtag:{key_of(viewer.org_id, tag)}"
        return Stream(name, tag, channel, viewer_id=viewer_id, org_id=viewer.org_id)

    if not viewer.token_id:
        raise Unauthorised("Missing access token: the stream {name!r} needs one", name=name)
    if not viewer.account_id:
        raise Unauthorised("This method requires an authenticated user")
    if name == "track":
        _permit(viewer, "read:statuses")
        sought = Matcher([Sought(True, matcher.track(track))])
        public = text_key(viewer.org_id, "public")
        kinds = frozenset({"update"})
        return Stream(name, track, public, viewer_id=viewer_id, org_id=viewer.org_id, kinds=kinds, sought=sought)
    if name == "direct":
        _permit(viewer, "read:statuses")
        kinds = frozenset({"conversation"})
        return Stream(name, "", f"direct:{viewer.account_id}", viewer_id=viewer.account_id, kinds=kinds)
    if name == "list":
        _permit(viewer, "read:lists", "read:statuses")
        return await _list(services, viewer, list_id)

    kinds = NOTIFICATIONS if scopes.covers(viewer.scopes, "read:notifications") else frozenset[str]()
    if name == "user" and scopes.covers(viewer.scopes, "read:statuses"):
        kinds |= POSTS | ANNOUNCEMENTS | {"filters_changed"}
    if not kinds:
        _permit(viewer, "read:notifications")
    everybody = announcements.channel(viewer.org_id) if kinds & ANNOUNCEMENTS else ""
    return Stream(name, "", f"user:{viewer.account_id}", everybody, viewer.account_id, kinds=kinds)


async def _list(services: Services, viewer: Viewer, list_id: str) -> Stream:
    if not list_id:
        raise BadRequest("Missing list parameter: the stream 'list' needs the id of a list")
    id = path_id(list_id)
    chosen = await services.engines.db.read(rooms_as_lists.get, viewer.account_id, id)
    is_room = rooms_as_lists.is_room(chosen)
    return Stream("list", list_id, f"list:{id}", viewer_id=viewer.account_id, is_room=is_room)


def _permit(viewer: Viewer, *any_of: str) -> None:
    """A token must have one of these scopes. Without a token, the public streams are open."""
    if viewer.token_id and not any(scopes.covers(viewer.scopes, scope) for scope in any_of):
        raise Unauthorised("Access token does not cover required scopes: {scopes}", scopes=" | ".join(any_of))
