"""What becomes of a mail that came in: a post, a command, a question to staff, an answer to its sender. Once each.

mail/inbound.py reads mails and finds out whose they are. A mail is known by its Message-ID and the address that it came
to; its row is written with what it causes, so a mail that comes twice causes it once.
"""

import base64
import zlib

import msgspec

from ..access import emails
from ..access.mail_addresses import About, Reply, ToRoom, may_act
from ..errors import Invalid, NotFound
from ..ids import bucket_of
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import follows as follow_rows
from ..store import jobs
from ..store import mail_in as rows
from ..times import DAY_MS
from ..types import Draft, MailIn, MailVerdict, Post, Span, Visibility
from ..wording import N_
from . import audit, follows, posts, text

KEPT_DAYS = 30
LET_IN, ANSWER, LOOK = "mail_held_let_in", "mail_answer", "mail_look"  # kinds of jobs
LOOK_EVERY_S = 30.0  # into the mailbox of the settings
POSTS_MAX = 10  # that one mail may become
_CLAIMED = "claimed"  # within a transaction only
_WHY_CHARS, _SUBJECT_CHARS = 500, 300
_JOIN, _LEAVE = ("join", "beitreten"), ("leave", "austreten", "verlassen")
_APPROVE, _REJECT = ("approve", "accept", "yes", "ja", "ok", "annehmen"), ("reject", "no", "nein", "ablehnen")
JOINED, LEFT, ASKED, ACCEPTED, REJECTED = "joined", "left", "asked", "accepted", "rejected"


class Arrived(msgspec.Struct, frozen=True):
    """A mail of account_id's, or so it says. digest: of its Message-ID and recipient."""

    account_id: int
    org_id: int
    digest: str
    sender: str
    recipient: str
    subject: str
    message_id: str


class Wording(msgspec.Struct, frozen=True):
    """What is posted. subject: goes before the text where a mail begins a thread."""

    subject: str
    text: str
    media_ids: tuple[int, ...]


class Place(msgspec.Struct, frozen=True):
    """Of the site: what posts.publish() wants to know."""

    domain: str
    chars_max: int


class Answer(msgspec.Struct, frozen=True):
    """The payload of ANSWER: a mail to the account about one that came from it.

    what: ANSWERED, with why, or what was done: JOINED and its neighbours, with the name of whom. text: what it said.
    """

    account_id: int
    what: str
    why: str
    subject: str
    text: str
    message_id: str


def before(tx: Tx, account_id: int, digest: str) -> MailIn | None:
    """What became of it when it came before."""
    return rows.by_digest(tx, account_id, digest)


def account_of(tx: Tx, sender: str, org_id: int) -> int:
    """The account of the organisation with this address, which it has confirmed; 0: none that may act."""
    owner_id = emails.owner_id(tx, sender, org_id) if sender.isprintable() else 0
    return owner_id if owner_id and _may_act(tx, owner_id) else 0


def _may_act(tx: Tx, account_id: int) -> bool:
    account, user = account_rows.by_id(tx, account_id), account_rows.user(tx, account_id)
    return bool(account and user and may_act(account, user))


def post(tx: Tx, arrived: Arrived, to: Reply | ToRoom, said: Wording, place: Place, *, held_id: int = 0) -> MailIn:
    """Do what the mail says: post it, as several posts if it is long, or the command that it is.

    held_id: of the row, if staff have let it in. Raises as posts.publish(), and Invalid (text): far too long.
    """
    mine = _claim(tx, arrived, held_id)
    if mine.verdict != _CLAIMED:
        return mine
    if not _may_act(tx, arrived.account_id):
        raise Invalid("address", "closed", "Your account cannot be used now, so nothing can be posted with it.")
    command = " ".join(said.text.lower().split()).rstrip(".!") if len(said.text) < 40 and not said.media_ids else ""
    if isinstance(to, Reply) and to.about == About.REQUEST:
        _decide(tx, to, command)
        done = Answer(
            to.account_id, ACCEPTED if command in _APPROVE else REJECTED, _name(tx, to.id), *_of(arrived, said)
        )
    elif isinstance(to, ToRoom) and command in _JOIN + _LEAVE:
        done = _move(tx, arrived, to, said, joins=command in _JOIN)
    else:
        first = _publish(tx, arrived, to, said, place)
        return _finish(tx, mine, MailVerdict.POSTED, post_id=first.id)
    _answer(tx, done, arrived.digest)
    return _finish(tx, mine, MailVerdict.DONE)


def _claim(tx: Tx, arrived: Arrived, held_id: int) -> MailIn:
    """The mail's row, from now on of this transaction alone: _CLAIMED. If another one has had it: what became of it."""
    if not held_id:
        mine = _row(tx, arrived, _CLAIMED)
        if rows.insert(tx, mine):
            return mine
    elif rows.decide(tx, held_id, MailVerdict.LET_IN, _CLAIMED):
        return msgspec.structs.replace(_row(tx, arrived, _CLAIMED), id=held_id)
    known = rows.by_digest(tx, arrived.account_id, arrived.digest)
    assert known, "a row that is in the way is there"
    return known


def _of(arrived: Arrived, said: Wording) -> tuple[str, str, str]:
    return arrived.subject, said.text, arrived.message_id


def _name(tx: Tx, account_id: int) -> str:
    account = account_rows.by_id(tx, account_id)
    return account.username if account else ""


def _decide(tx: Tx, to: Reply, command: str) -> None:
    if command in _APPROVE:
        follows.accept(tx, to.account_id, to.id)
    elif command in _REJECT:
        follows.reject(tx, to.account_id, to.id)
    else:
        why = N_("Answer with one word in the first line: approve lets them in, reject does not.")
        raise Invalid("text", "command", why)


def _move(tx: Tx, arrived: Arrived, to: ToRoom, said: Wording, *, joins: bool) -> Answer:
    if joins:
        follows.follow(tx, arrived.account_id, to.room_id)
        what = JOINED if follow_rows.get(tx, arrived.account_id, to.room_id) else ASKED
    else:
        follows.unfollow(tx, arrived.account_id, to.room_id)
        what = LEFT
    return Answer(arrived.account_id, what, _name(tx, to.room_id), *_of(arrived, said))


def _publish(tx: Tx, arrived: Arrived, to: Reply | ToRoom, said: Wording, place: Place) -> Post:
    """The first of the posts. Each goes on the one before; for whom they are follows from what is answered."""
    begins, parent_id = _beginning(tx, arrived, to)
    whole = said.text
    if isinstance(to, ToRoom) and said.subject and said.subject.lower() not in whole[: len(said.subject) + 20].lower():
        whole = f"{said.subject}\n\n{whole}".strip()
    made: list[Post] = []
    for part in cut(whole, place.chars_max - text.length(begins)):
        draft = Draft(
            text=begins + part,
            reply_to_id=made[-1].id if made else parent_id,
            media_ids=() if made else said.media_ids,
            within_parent=True,
        )
        made.append(posts.publish(tx, arrived.account_id, draft, domain=place.domain, chars_max=place.chars_max))
        if isinstance(to, ToRoom) and made[0].audience_id != to.room_id:  # whose name is no name for who is not in it
            raise Invalid("text", "outside", "Only its members write in this room. To ask to come in, send: join")
        if made[0].visibility != Visibility.DIRECT:
            begins = ""
    return made[0]


def _beginning(tx: Tx, arrived: Arrived, to: Reply | ToRoom) -> tuple[str, int]:
    """(the mentions that a client would put first, the post that is answered or 0)."""
    if isinstance(to, ToRoom):
        return f"@{_name(tx, to.room_id)} ", 0
    parent = posts.original(tx, arrived.account_id, to.id)
    named = list(dict.fromkeys([parent.author_id, *(one.account_id for one in parent.mentioned)]))
    known = account_rows.by_ids(tx, [id for id in named if id not in (arrived.account_id, parent.audience_id)])
    return "".join(f"@{known[id].username} " for id in named if id in known), parent.id


def cut(whole: str, most: int) -> list[str]:
    """The text in pieces of at most so many characters, numbered if there are several; cut where a person would.

    Raises Invalid: it would be more than POSTS_MAX.
    """
    whole = text.clean(whole)
    if text.length(whole) <= most:
        return [whole]
    room = most - len(f" ({POSTS_MAX}/{POSTS_MAX})")
    pieces: list[str] = []
    rest = whole
    while rest:
        if len(pieces) == POSTS_MAX:
            why = N_("is too long for a mail: with {most} characters in each, it would be more than {posts} posts")
            raise Invalid("text", "too_long", why, most=most, posts=POSTS_MAX)
        piece = rest if len(rest) <= room * 4 and text.length(rest) <= room else _first(rest, room)
        pieces.append(piece.strip())
        rest = rest[len(piece) :].strip()
    return [f"{piece} ({at}/{len(pieces)})" for at, piece in enumerate(pieces, 1)]


def _first(rest: str, room: int) -> str:
    """The longest beginning that fits, up to the end of a paragraph, line, sentence or word."""
    low, high = 1, min(len(rest), room * 4)
    while low < high:  # a link counts less than it is long, so that more than room may fit
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text.length(rest[:middle]) <= room else (low, middle - 1)
    for end in ("\n\n", "\n", ". ", " "):
        at = rest.rfind(end, low // 3, low)
        if at > 0:
            return rest[: at + len(end)]
    return rest[:low]


def _finish(tx: Tx, mine: MailIn, verdict: str, *, post_id: int = 0) -> MailIn:
    rows.finish(tx, mine.id, verdict, post_id)
    return msgspec.structs.replace(mine, verdict=verdict, post_id=post_id)


def _row(tx: Tx, arrived: Arrived, verdict: str, *, post_id: int = 0, why: str = "") -> MailIn:
    return MailIn(
        id=tx.new_id(bucket_of(arrived.account_id)),
        account_id=arrived.account_id,
        org_id=arrived.org_id,
        digest=arrived.digest,
        verdict=verdict,
        post_id=post_id,
        why=why[:_WHY_CHARS],
        sender=arrived.sender[:_SUBJECT_CHARS],
        recipient=arrived.recipient[:_SUBJECT_CHARS],
        subject=arrived.subject[:_SUBJECT_CHARS],
    )


def cannot(tx: Tx, arrived: Arrived, why: str, said: str, *, held_id: int = 0) -> MailIn:
    """It cannot be posted: its sender is told why, with all that they wrote."""
    mine = _claim(tx, arrived, held_id)
    if mine.verdict != _CLAIMED:
        return mine
    told = Answer(arrived.account_id, MailVerdict.ANSWERED, why, arrived.subject, said, arrived.message_id)
    _answer(tx, told, arrived.digest)
    return _finish(tx, mine, MailVerdict.ANSWERED)


def _answer(tx: Tx, told: Answer, digest: str) -> None:
    jobs.enqueue(tx, ANSWER, of=told.account_id, key=digest, payload=told, destination=emails.DESTINATION)


# held for staff


def hold(tx: Tx, arrived: Arrived, why: str, raw: bytes) -> MailIn:
    """Staff are to say whether it is from whom it says. why: what is missing, for them."""
    packed = base64.b64encode(zlib.compress(raw)).decode()
    one = _row(tx, arrived, MailVerdict.HELD, why=why)
    rows.insert(tx, one, packed)
    return one


def held(tx: Tx, org_id: int, span: Span) -> list[MailIn]:
    """Newest first."""
    return rows.held(tx, org_id, span)


def get_held(tx: Tx, org_id: int, id: int) -> MailIn:
    """Raises NotFound: absent, of another organisation, or decided."""
    one = rows.by_id(tx, id)
    if one is None or one.org_id != org_id or one.verdict != MailVerdict.HELD:
        raise NotFound("mail", id)
    return one


def raw(tx: Tx, id: int) -> bytes:
    """The mail as it came; b"": it is kept no more."""
    packed = rows.raw(tx, id)
    return zlib.decompress(base64.b64decode(packed)) if packed else b""


def decide(tx: Tx, org_id: int, id: int, by: int, *, let_in: bool) -> MailIn:
    """Staff have looked. Let in, it is posted by a job in the name of the account. Raises NotFound."""
    one = get_held(tx, org_id, id)
    verdict = MailVerdict.LET_IN if let_in else MailVerdict.REFUSED
    if not rows.decide(tx, id, MailVerdict.HELD, verdict):
        raise NotFound("mail", id)
    if let_in:
        jobs.enqueue(tx, LET_IN, of=one.account_id, key=str(id), payload=id)
    else:
        rows.finish(tx, id, verdict)
    audit.note(tx, org_id, by, "let in mail" if let_in else "refuse mail", "mail", id, one.sender, one.subject)
    return msgspec.structs.replace(one, verdict=verdict)


def let_in(tx: Tx, id: int) -> MailIn | None:
    """The row, if it is to be posted still."""
    one = rows.by_id(tx, id)
    return one if one and one.verdict == MailVerdict.LET_IN else None


def forget_old(tx: Tx, limit: int) -> int:
    """Those of KEPT_DAYS ago. How many."""
    ids = rows.old(tx, tx.now_ms - KEPT_DAYS * DAY_MS, limit)
    if ids:
        rows.delete(tx, ids)
    return len(ids)
