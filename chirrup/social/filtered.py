"""What filters of those who look match: on a page of one viewer, and of one post for many viewers."""

from collections.abc import Collection, Mapping

from ..ports import Tx
from ..store import filters as rows
from ..store import media, polls
from ..types import Post
from . import filters
from .known import Known
from .matching import Match, Matcher, prepared


def page(
    tx: Tx, viewer_id: int, version: int, entries: Collection[tuple[Post, Post]], known: Known
) -> dict[int, list[Match]]:
    """By entry, of those that match something. entries: with what they boost, or themselves again.

    version: of the viewer's filters. Nothing is asked where they and the posts are known.
    """
    return for_many(tx, {viewer_id: version}, entries, known).get(viewer_id, {})


def for_many(
    tx: Tx, versions: Mapping[int, int], entries: Collection[tuple[Post, Post]], known: Known
) -> dict[int, dict[int, list[Match]]]:
    """As page(), by viewer: of those for whom something matches. versions: of the filters of each."""
    texts = _texts(tx, {original.id: original for _, original in entries}.values(), known)
    every: dict[int, dict[int, list[Match]]] = {}
    for viewer_id, version in versions.items():
        matcher = _matcher(tx, viewer_id, version, known)
        found = {
            entry.id: matcher.matches(texts[original.id], {entry.id, original.id}, tx.now_ms)
            for entry, original in entries
        }
        if found := {id: matches for id, matches in found.items() if matches}:
            every[viewer_id] = found
    return every


def versions(tx: Tx, viewers: Collection[int]) -> dict[int, int]:
    """Of the filters of those viewers who have any. No query where there is no viewer."""
    return rows.versions(tx, viewers) if viewers else {}


def _matcher(tx: Tx, account_id: int, version: int, known: Known) -> Matcher:
    kept = known.matchers.get(account_id)
    if kept and kept[0] == version:
        return kept[1]
    matcher = Matcher(filters.owned(tx, account_id))
    known.matchers.keep(account_id, version, matcher)
    return matcher


def _texts(tx: Tx, posts: Collection[Post], known: Known) -> dict[int, str]:
    """What filters look through, by post: warning, text, options of the poll, descriptions of media."""
    found: dict[int, str] = {}
    missing: list[Post] = []
    for post in posts:
        kept = known.texts.get(post.id)
        if kept and kept[0] == post.changed_ms:
            found[post.id] = kept[1]
        else:
            missing.append(post)
    if not missing:
        return found
    file_ids = {id for post in missing for id in post.media}
    poll_ids = {post.poll_id for post in missing} - {0}
    files, options = tx.together(
        lambda: media.by_ids(tx, file_ids) if file_ids else {},
        lambda: polls.options(tx, poll_ids) if poll_ids else {},
    )
    for post in missing:
        titles = [one.title for one in options.get(post.poll_id, ())]
        described = [files[id].description for id in post.media if id in files]
        found[post.id] = prepared([post.summary, post.text, *titles, *described])
        known.texts.keep(post.id, (post.changed_ms, found[post.id]))
    return found
