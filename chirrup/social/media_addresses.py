"""The addresses of files: of media of posts, of profiles, of emoji. files.py stores and deletes the files.

A file's address names the row that owns it, so look-ups are cheap and viewers who may not see the post get nothing:
/media/files/<media id>/<name> for media of posts, /media/profiles/<account id>/<name> for avatars and headers,
/media/emojis/<emoji id>/<name> for emoji.
The address of a file that not everybody may see is signed for a step of time and for the media epoch of who may see it:
docs/decisions/0071-addresses-of-media.md.
"""

import msgspec

from ..access import visibility
from ..access.signing import Signer
from ..access.sites import Site
from ..access.visibility import OPEN
from ..errors import NotFound
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import media as rows
from ..types import AccountKind, Emoji, Media, MediaState, Post, Stranger

STEP_MS = 6 * 3600 * 1000  # a signed address is the same in one step, and works in this and the next one


class Addresses:
    """Makes and reads the paths of files."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def of_profile(self, account_id: int, key: str) -> str:
        """The path of an account's avatar or header. Public, and works for as long as the account has it."""
        return profile_path(account_id, key)

    def of_media(self, one: Media, key: str, audience: str, now_ms: int) -> str:
        """The path of a file (key or preview_key) of one. audience: of audience_of(); with one, it works for 6 to 12
        hours, while the audience is the same."""
        path = f"/media/files/{one.id}/{file_name(key)}"
        if not audience:
            return path
        until_s = (now_ms // STEP_MS + 2) * STEP_MS // 1000
        return f"{path}?until={until_s}&sign={self._signer.sign(_signed(one, path, str(until_s), audience))}"

    def is_signed(self, one: Media, path: str, until: str, sign: str, audience: str, now_ms: int) -> bool:
        """Whether of_media() made this path, it has not expired, and one still belongs to the same post."""
        in_time = until.isascii() and until.isdigit() and len(until) < 16 and now_ms < int(until) * 1000
        return bool(audience) and in_time and self._signer.fits(_signed(one, path, until, audience), sign)


def _signed(one: Media, path: str, until: str, audience: str) -> str:
    return f"{path}?{until}?{one.shown_by}?{audience}"


def audience_of(site: Site, post: Post | None, media_epoch: int = 0) -> str:
    """For whom the files of post are, as it goes into their addresses; "": for everybody.

    It changes when somebody may see post no more. media_epoch: Seen.media_epoch_of(post). None: of an upload, for its
    owner.
    """
    if post is None:
        return f"{site.media_epoch}"
    if post.visibility not in OPEN:
        return f"{site.media_epoch}?{media_epoch}?{post.audience_id or post.mentions}"
    return f"{site.media_epoch}" if site.closed else ""


def audience_for_owner(tx: Tx, site: Site, owner_id: int, post_id: int) -> str:
    """audience_of() a post of owner's; 0: an upload. Raises NotFound: not at this site; a post that is gone."""
    if not post_id:
        owner = account_rows.by_id(tx, owner_id)
        if owner is None or owner.org_id != site.org_id:
            raise NotFound("account", owner_id)
        return audience_of(site, None)
    seen = visibility.see(tx, owner_id, [post_id])
    post = seen.posts.get(post_id)
    if post is None or post.org_id != site.org_id:
        raise NotFound("post", post_id)
    return audience_of(site, post, seen.media_epoch_of(post))


def profile_path(account_id: int, key: str) -> str:
    return f"/media/profiles/{account_id}/{file_name(key)}"


def emoji_path(emoji: Emoji, key: str) -> str:
    """Of one of its files. Public, and works for as long as the organisation has it."""
    return f"/media/emojis/{emoji.id}/{file_name(key)}"


def file_name(key: str) -> str:
    """A blob key as one part of a path."""
    return key.replace("/", "")


class File(msgspec.Struct, frozen=True):
    """The file of an address."""

    key: str
    private: bool
    indexed: bool  # search engines may keep it


def file(tx: Tx, addresses: Addresses, site: Site, id: int, name: str, *, until: str, sign: str) -> File:
    """The file of an address made by of_media(). A closed site shows nothing without a signature.

    Raises NotFound: absent, another organisation's, deleted, its author suspended, or private and without a valid
    signature.
    """
    one = rows.by_id(tx, id)
    keys = (one.key if one.state == MediaState.READY else "", one.preview_key) if one else ()
    key = next((key for key in keys if file_name(key) == name), "")
    if not one or not key:
        raise NotFound("file", name)
    post = None
    if one.shown_by and not site.closed:
        post = visibility.see_one(tx, Stranger(site.org_id), one.shown_by)
    private = post is None
    if private:
        audience = audience_for_owner(tx, site, one.owner_id, one.shown_by)
        if not addresses.is_signed(one, f"/media/files/{id}/{name}", until, sign, audience, tx.now_ms):
            raise NotFound("file", name)
    author = account_rows.by_id(tx, one.owner_id) if post else None
    indexed = post is not None and author is not None and visibility.for_search_engines(post, author)
    return File(key, private, indexed)


def profile_file(tx: Tx, account_id: int, name: str, org_id: int = 0) -> File:
    """An avatar or header. Raises NotFound: the account has no such picture, is suspended, waits to be let in, or is of
    another site.

    That of a closed room is there for whoever was shown its name: nobody guesses the address.
    """
    account = account_rows.by_id(tx, account_id)
    if account is None or account.org_id != org_id or account.suspended_ms or account.pending:
        raise NotFound("file", name)
    closed = account.kind == AccountKind.ROOM and bool(account.locked)
    for key in (account.avatar, account.avatar_static, account.header):
        if key and file_name(key) == name:
            return File(key, private=closed, indexed=bool(account.discoverable) and not closed)
    raise NotFound("file", name)
