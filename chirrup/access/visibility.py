"""The one oracle that says who may see what. Every route, stream, count, search and mail asks here.

The rule, for one post:
- of an account of another organisation nobody sees anything: neither it nor what it said is there;
- nobody sees a deleted post, nor one by a suspended account;
- what a silenced account says is seen as any other, but stands in no list of those who do not follow it (Seen.quiet);
- the author sees everything of its own;
- an account that the author blocks sees nothing of the author's;
- public and unlisted posts are seen by everybody else, also without logging in;
- a followers-only post by followers and by those it mentions; a direct post by those it mentions;
- a post in a room: one for followers is for the room's members, whoever it mentions; an open room's by everybody else;
- a closed room is there for its members; that it exists is known to all who log in, where it is listed;
- a guest sees the rooms it is in, what is said and who is in them, and what is said to it directly; nothing else;
- a boost by whoever may see both the boost and what it boosts;
- that a post replies to another is told only to whoever may see that other one: to all others it replies to nothing;
- what a post quotes is shown, and named, only to whoever may see it too, until its author takes it back.
"""

from collections.abc import Collection, Mapping, Set

from ..ports import Tx
from ..store import accounts, blocks_and_mutes, follows, posts, rooms
from ..store.blocks_and_mutes import Relations
from ..types import Account, AccountKind, AccountState, Post, QuotePolicy, Visibility
from .seen import OPEN as OPEN
from .seen import Found as Found
from .seen import Seen as Seen

# to look up a member of an enumeration takes as long as to compare with it
_FOR_FOLLOWERS, _BY_FOLLOWERS = Visibility.FOLLOWERS, QuotePolicy.FOLLOWERS


def see(tx: Tx, viewer_id: int, ids: Collection[int]) -> Seen:
    """The posts among ids that viewer_id (0: not logged in) may see. Four queries, whatever len(ids).

    For what decides. Parents are not looked up: what is shown comes from find() and judge().
    """
    found = posts.by_ids(tx, ids)
    originals = _boosted(found, found.keys()) - found.keys()
    return judge(tx, viewer_id, Found(found | posts.by_ids(tx, originals) if originals else found, {}))


def find(tx: Tx, ids: Collection[int], known: Mapping[int, Post] | None = None) -> Found:
    """The posts among ids, what they boost, what both reply to and quote. known: as posts.by_ids has it.

    What known posts boost, reply to and quote is read with them, in one query; of others it is asked for in a second
    and, for what is boosted and a reply or a quote, in a third one. What is quoted has parents and quotes of its own.
    """
    asked, known = set(ids), known or {}
    others = _others(known, asked)
    tried = asked | others
    # What a known post boosts, replies to and quotes never changes. (difference() would go through all of known.)
    # Look before reading: while we wait for the answer, other operations make more posts known.
    unknown = {id for id in tried if id not in known}
    read = posts.by_ids(tx, tried, known)
    while unknown:
        others = _others(read, asked)
        unknown = others - tried
        read |= posts.by_ids(tx, unknown, known)
        tried |= unknown
    if not others:
        return Found(read, {})
    shown = asked | _boosted(read, asked)
    quoted = _quoted(read, shown)
    parents = {read[id].reply_to_id for id in shown | quoted if id in read}
    quoted |= _quoted(read, quoted)
    return Found(*({id: read[id] for id in ids & read.keys()} for ids in (shown, parents, quoted)))


def _others(found: Mapping[int, Post], ids: Collection[int]) -> set[int]:
    """What the posts of ids boost and what both reply to and quote, as far as found says."""
    others: set[int] = set()
    for id in ids:
        if (post := found.get(id)) and not post.plain:
            if post.boost_of_id:
                others.add(post.boost_of_id)
                post = found.get(post.boost_of_id, post)
            if post.reply_to_id:
                others.add(post.reply_to_id)
            if post.quote_of_id:
                others.add(post.quote_of_id)
                if quoted := found.get(post.quote_of_id):
                    others |= {quoted.reply_to_id, quoted.quote_of_id} - {0}
    return others


def _quoted(found: Mapping[int, Post], ids: Collection[int]) -> set[int]:
    return {found[id].quote_of_id for id in ids if id in found} - {0}


def _boosted(found: Mapping[int, Post], ids: Collection[int]) -> set[int]:
    return {found[id].boost_of_id for id in ids if id in found} - {0}


def judge(tx: Tx, viewer_id: int, found: Found) -> Seen:
    """see() for posts already read."""
    beside = found.parents | found.quoted if found.quoted else found.parents
    read = found.posts | beside if beside else found.posts
    author_ids = {post.author_id for post in read.values()}
    special = [post for post in read.values() if not post.plain]
    audiences = {post.audience_id for post in special} - {0}
    asked = [post for post in special if post.id in found.posts] if beside else special
    answered = {post.reply_to_author_id for post in asked if post.reply_to_author_id}
    named = {id for post in asked if post.mentions != "[]" for id in post.addressed}
    closed = {
        post.author_id for post in special if post.visibility == _FOR_FOLLOWERS or post.quote_policy == _BY_FOLLOWERS
    }
    authors, viewer = tx.together(
        lambda: accounts.states(tx, author_ids | audiences),
        lambda: blocks_and_mutes.of(
            tx, viewer_id, author_ids | answered | named, followees=closed | answered | audiences
        ),
    )
    heard = _heard(authors, viewer)
    seen = {
        id: post
        for id, post in read.items()
        if (post.plain and post.author_id in heard) or _shown(post, read, authors, viewer)
    }
    own_state = authors.get(viewer_id)
    filters_version = own_state.filters_version if own_state else viewer.filters_version
    quiet = _quiet_among(tx, viewer_id, {id for id, one in authors.items() if one.silenced_ms} - {viewer_id})
    sensitized = frozenset({id for id, one in authors.items() if one.sensitized_ms} - {viewer_id})
    if not beside:
        return Seen(
            viewer_id,
            seen,
            authors,
            viewer,
            filters_version=filters_version,
            quiet=quiet,
            sensitized=sensitized,
            states=authors,
        )
    shown = {id: post for id, post in seen.items() if id in found.posts}
    quoted = {id: post for id, post in seen.items() if id in found.quoted} if found.quoted else {}
    own = {post.author_id for posts in (found.posts, quoted) for post in posts.values()}
    return Seen(
        viewer_id,
        shown,
        {id: state for id, state in authors.items() if id in own},
        viewer,
        frozenset(seen.keys() & found.parents.keys()),
        quoted,
        frozenset(found.quoted.keys() - quoted.keys()),
        filters_version,
        quiet,
        sensitized,
        authors,
    )


def _quiet_among(tx: Tx, viewer_id: int, silenced: set[int]) -> frozenset[int]:
    """Those of silenced whom the viewer does not follow. A query only where there is one."""
    if silenced and viewer_id:
        silenced -= follows.among(tx, viewer_id, silenced).keys()
    return frozenset(silenced)


def as_staff(tx: Tx, viewer_id: int, ids: Collection[int], org_id: int) -> Seen:
    """The posts among ids of the organisation that are still there, whoever they were for.

    Only for what was reported: somebody who could see it asks staff to look at it. Two queries.
    """
    found = {id: post for id, post in posts.by_ids(tx, ids).items() if post.org_id == org_id and not post.boost_of_id}
    states = accounts.states(tx, {id for post in found.values() for id in (post.author_id, post.audience_id)} - {0})
    kept = {id: post for id, post in found.items() if post.author_id in states}
    authors = {post.author_id: states[post.author_id] for post in kept.values()}
    return Seen(viewer_id, kept, authors, Relations(viewer_id, org_id=org_id), states=states)


def see_one(tx: Tx, viewer_id: int, id: int) -> Post | None:
    """The post, when it exists and viewer_id may see it."""
    return see(tx, viewer_id, [id]).posts.get(id)


def of_one_organisation(tx: Tx, viewer_id: int, ids: Collection[int]) -> dict[int, Account]:
    """The accounts among ids that are there for the viewer, suspended ones too; none that waits to be let in.

    One query, whatever len(ids).
    """
    found = accounts.by_ids(tx, {*ids, viewer_id} - {0})
    viewer = found.get(viewer_id)
    org_id = viewer.org_id if viewer else blocks_and_mutes.org_of_stranger(viewer_id)
    there = {id: account for id in ids if (account := found.get(id)) and account.org_id == org_id}
    is_guest = viewer is not None and viewer.kind == AccountKind.GUEST
    away = _out_of_reach(tx, viewer_id, there.values(), is_guest=is_guest, by_name=True)
    return {id: account for id, account in there.items() if (not account.pending or id == viewer_id) and id not in away}


def _out_of_reach(
    tx: Tx, viewer_id: int, found: Collection[Account], *, is_guest: bool, by_name: bool = False
) -> set[int]:
    """Those of found, which are of the viewer's organisation, that are not there for the viewer: closed rooms that it
    is not in; for a guest, who is in none of its rooms.

    by_name: that a closed room exists is enough, and those who log in may know it where it is listed. A query only for
    guests, and where there are closed rooms.
    """
    if is_guest:
        ids, entered = {one.id for one in found}, rooms.of_member(tx, viewer_id)
        return ids - entered - {viewer_id} - rooms.members_of_any(tx, entered, ids)
    closed = {
        one.id
        for one in found
        if one.kind == AccountKind.ROOM and one.locked and not (by_name and viewer_id and one.discoverable)
        if one.id != viewer_id  # as operations on it ask
    }
    return closed - follows.among(tx, viewer_id, closed).keys() if closed and viewer_id else closed


def may_mention(tx: Tx, viewer_id: int, found: Collection[Account]) -> list[Account]:
    """Those of found, by of_one_organisation(), whose handles mean something in what the viewer writes: not the names
    of closed rooms that it is not in. A query only where there is a closed room."""
    away = _out_of_reach(tx, viewer_id, found, is_guest=False)
    return [one for one in found if not one.suspended_ms and one.id not in away]


def for_search_engines(post: Post, author: Account) -> bool:
    """Whether search engines may keep what everybody may see: its author wants to be found, and did not say it low."""
    wanted = author.discoverable and author.indexable and not author.suspended_ms
    return bool(wanted) and post.visibility == Visibility.PUBLIC


def _heard(authors: dict[int, AccountState], viewer: Relations) -> set[int]:
    """Those of authors whose plain posts the viewer may see, as _allowed() has it."""
    if viewer.is_guest:
        return set()
    org_id = viewer.org_id
    return {id for id, one in authors.items() if one.org_id == org_id and not one.suspended_ms} - viewer.blocked_by


def _shown(post: Post, found: dict[int, Post], authors: dict[int, AccountState], viewer: Relations) -> bool:
    if not _allowed(post, authors, viewer):
        return False
    if not post.boost_of_id:
        return True
    original = found.get(post.boost_of_id)
    return original is not None and _allowed(original, authors, viewer)


def _allowed(post: Post, authors: dict[int, AccountState], viewer: Relations) -> bool:
    author = authors.get(post.author_id)
    if author is None or author.suspended_ms:
        return False
    if post.author_id == viewer.viewer_id:
        return True
    if author.org_id != viewer.org_id or post.author_id in viewer.blocked_by:
        return False
    if post.audience_id and _is_gone(authors.get(post.audience_id)):
        return False
    if viewer.is_guest and post.visibility != Visibility.DIRECT and post.audience_id not in viewer.following:
        return False
    if post.visibility in OPEN:
        return True
    if not viewer.viewer_id:
        return False
    if post.visibility == Visibility.FOLLOWERS and (post.audience_id or post.author_id) in viewer.following:
        return True
    return not post.audience_id and any(mention.account_id == viewer.viewer_id for mention in post.mentioned)


def _is_gone(account: AccountState | None) -> bool:
    return account is None or bool(account.suspended_ms)


def viewers_among(
    tx: Tx,
    post: Post,
    found: dict[int, Post],
    authors: dict[int, AccountState],
    ids: Collection[int],
    org_id: int = 0,
    guests: Set[int] = frozenset(),
) -> set[int]:
    """Those of ids (0: somebody not logged in) who may see post: the rule above for one post and many viewers.

    org_id: of all of them. guests: those of them who are guests.

    found, authors: hold what post boosts, who wrote both, and the rooms of both, as in judge().
    tests/stream/test_oracle.py holds the two sides equal.
    """
    allowed = _allowed_among(tx, post, authors, set(ids), org_id, guests)
    if not post.boost_of_id:
        return allowed
    original = found.get(post.boost_of_id)
    return _allowed_among(tx, original, authors, allowed, org_id, guests) if original else set()


def _allowed_among(
    tx: Tx, post: Post, authors: dict[int, AccountState], ids: set[int], org_id: int, guests: Set[int]
) -> set[int]:
    author = authors.get(post.author_id)
    if author is None or author.suspended_ms or author.org_id != org_id:
        return set()
    others = ids - {author.id}
    if post.audience_id and _is_gone(authors.get(post.audience_id)):
        others = set[int]()
    allowed = others - blocks_and_mutes.blocked_among(tx, author.id, others)
    if post.visibility not in OPEN:
        told = set[int]() if post.audience_id else {mention.account_id for mention in post.mentioned}
        if post.visibility == Visibility.FOLLOWERS:
            told |= follows.followers_among(tx, post.audience_id or author.id, allowed)
        allowed &= told
    if post.visibility != Visibility.DIRECT and (apart := allowed & guests):
        members = follows.followers_among(tx, post.audience_id, apart) if post.audience_id else set[int]()
        allowed -= apart - members
    return allowed | (ids & {author.id})


def may_see_account(tx: Tx, viewer_id: int, account: Account) -> bool:
    """May viewer_id list what belongs to account: posts, followers? Its name and profile are public."""
    return account.id in may_see_accounts(tx, viewer_id, [account])


def may_see_accounts(tx: Tx, viewer_id: int, found: Collection[Account]) -> set[int]:
    """The ids of those of which may_see_account() holds. One query, and one more for guests and closed rooms."""
    others = [one for one in found if not one.suspended_ms and one.id != viewer_id]
    known = blocks_and_mutes.of(tx, viewer_id, [one.id for one in others]) if others else Relations(viewer_id)
    own = {one.id for one in found if one.id == viewer_id and not one.suspended_ms}
    there = [one for one in others if one.org_id == known.org_id and one.id not in known.blocked_by]
    return own | {one.id for one in there} - _out_of_reach(tx, viewer_id, there, is_guest=known.is_guest)


def accounts_shown(tx: Tx, viewer_id: int, ids: Collection[int]) -> list[int]:
    """Those of ids that may stand in a list the viewer reads, in their order: not suspended, no block between, of one
    organisation."""
    found = accounts.by_ids(tx, ids)
    known = blocks_and_mutes.of(tx, viewer_id, ids)
    shown = [
        found[id]
        for id in ids
        if id in found
        and not (found[id].suspended_ms or found[id].pending)
        and (found[id].org_id == known.org_id or id == viewer_id)
        and id not in known.blocking
        and id not in known.blocked_by
    ]
    away = _out_of_reach(tx, viewer_id, shown, is_guest=known.is_guest)
    return [one.id for one in shown if one.id not in away]
