"""Mails of what happens: what was said to an account, what waits for its answer, and every post of a room.

One mail for one account and one thread, with all that waits for it. Whether it is wanted, and what of it the account
may see, is asked here, when it is sent. social/mails.py writes the jobs. Why: docs/decisions/0073-mails-of-posts.md.
"""

from collections.abc import Collection
from html import escape

from ..access import visibility
from ..access.mail_addresses import About, Stop, Stops
from ..config import Settings
from ..errors import Later, NotFound
from ..ports import Engines, Tx
from ..social import accounts, mail_prefs, mails, markers, notifications, shown, threads
from ..social.mails import Told
from ..social.shown import Known, Shown
from ..types import Account, MailMode, Notification, NotificationKind, Post
from ..wording import N_, Counted
from . import reader as readers
from .handing import Handing, Ready
from .message import Letter
from .reader import Reader, Readers
from .said import FOR_MAIL, PICTURES_MAX, Said, Speaker, first_words, is_filtered

REFERENCES_MAX = 10


Wanted = tuple[Told, Notification | None]  # with its notification, if it is about one


class Telling:
    """Sends the mails of jobs of the kind mails.TOLD."""

    def __init__(self, settings: Settings, readers: Readers, handing: Handing) -> None:
        self._settings, self._readers, self._handing = settings, readers, handing
        self._known = Known()

    async def send(self, engines: Engines, id: int, told: Told) -> None:
        """id: of the job. Raises Later: the account is here, or has its quiet hours."""
        ready = await engines.db.read(self._make, told)
        if ready is None:
            return
        await self._handing.over(engines, ready, id)
        if ready.along:
            await engines.db.write(mails.done, ready.along)

    def _make(self, tx: Tx, told: Told) -> Ready | None:
        reader = self._readers.find(tx, told.account_id)
        if reader is None:
            return None
        mode = mail_prefs.mode_of(reader.prefs.mode)
        if mode == MailMode.NONE:
            return None
        if quiet_ms := mail_prefs.quiet_until_ms(reader.prefs, tx.now_ms):
            raise Later("the account has its quiet hours", quiet_ms - tx.now_ms)
        along = mails.waiting(tx, told)
        wanted = self._wanted(tx, reader, mode, [told, *along.values()])
        if not wanted:
            return None
        if told.root_id:
            return self._thread(tx, reader, wanted, tuple(along))
        return self._others(tx, reader, wanted, tuple(along))

    def _wanted(self, tx: Tx, reader: Reader, mode: MailMode, all: list[Told]) -> list[Wanted]:
        """Those that still are: a notification that is neither read nor gone, a post of a room that it still wants."""
        read = markers.of(tx, reader.id, ["notifications", "home"])
        seen = read["notifications"].last_read_id if "notifications" in read else 0
        left: list[Wanted] = []
        for one in all:
            if not one.told_id:
                left.append((one, None))
                continue
            try:
                notification = notifications.get(tx, reader.id, one.told_id)
            except NotFound:
                continue
            if one.told_id > seen and notification.kind in mails.KINDS[mode]:
                left.append((one, notification))
        is_here = any(one.changed_ms > tx.now_ms - mails.AWAY_MS for one in read.values())
        if left and is_here and mode not in mail_prefs.EVERY_ROOM_POST:
            raise Later("the account is reading", mails.AWAY_MS)
        return left

    # posts

    def _thread(self, tx: Tx, reader: Reader, wanted: list[Wanted], along: tuple[int, ...]) -> Ready | None:
        ids = sorted({one.post_id for one, _ in wanted})
        root_id = wanted[0][0].root_id
        by_room = {one.post_id for one, notification in wanted if notification is None}
        page = self._find(tx, reader, [*ids, root_id])
        posts = self._fit(tx, reader, page, ids, by_room)
        if not posts:
            return None
        answered = {post.id: post.reply_to_id for post in posts if post.reply_to_id not in ids}
        parents = self._find(tx, reader, set(answered.values())).seen.posts if answered else {}
        room, list_post = self._room(tx, reader, posts[-1])
        speaker = Speaker(reader.site, reader.language, page)
        said: list[Said] = []
        for post in posts:
            parent = parents.get(post.reply_to_id)
            own = parent if parent and parent.author_id == reader.id else None
            at = reader.clock(post.created_ms)
            said.append(speaker.said(post, at, answers=own, room=readers.title(room) if room else ""))
        newest, above = posts[-1], threads.above(tx, reader.id, posts[0], REFERENCES_MAX)
        references = [*above, *(post.id for post in posts[:-1])]
        first = page.seen.posts.get(root_id) or posts[0]
        headers, ways = self._headers(reader, newest, references, tx.now_ms), self._ways(reader, speaker.url(newest))
        if room:
            title = readers.title(room)
            headers.append(("List-Id", f"{_listed(title)} <{room.username.lower()}.{reader.head.domain}>"))
            headers.append(("List-Archive", f"<{reader.head.url}/@{room.username}>"))
            if list_post:
                headers.append(("List-Post", f"<mailto:{list_post}>"))
                say_more = reader.language.say(N_("Say something new in {room}"), {"room": title})
                ways.append((say_more, f"mailto:{list_post}"))
        if room and newest.id in by_room:  # that is why it comes
            stop, words = Stop(reader.id, Stops.ROOM, room.id), N_("No more mails of {room}")
            ways.append((reader.language.say(words, {"room": readers.title(room)}), reader.stop_url(stop)))
        else:
            stop = Stop(reader.id, Stops.MENTIONS)
            ways.append(reader.stop_way(Stops.MENTIONS))
        ways.append(reader.settings_way)
        letter = Letter(
            id=f"p.{newest.id}",
            subject=_subject(reader, first, is_reply=bool(references)),
            text=readers.text(said, reader, ways),
            html=readers.html(said, reader, ways),
            language=reader.language.code,
            sender_name=speaker.name(newest),
            headers=(*headers, *reader.stopping(stop)),
        )
        pictures = [one for each in said for one in each.pictures.items()]
        return Ready(reader, tx.now_ms, letter, dict(pictures[:PICTURES_MAX]), along)

    def _find(self, tx: Tx, reader: Reader, ids: Collection[int]) -> Shown:
        return shown.find(tx, reader.id, ids, self._known)

    def _fit(self, tx: Tx, reader: Reader, page: Shown, ids: list[int], by_room: set[int]) -> list[Post]:
        """Those of ids that the reader may see and wants to."""
        seen = [post for id in ids if (post := page.seen.posts.get(id))]
        rooms = mail_prefs.wanted_of(tx, reader.id, {post.audience_id for post in seen if post.id in by_room})
        return [
            post
            for post in seen
            if not is_filtered(page, post, FOR_MAIL[post.id in by_room])
            if post.id not in by_room or (post.audience_id in rooms and not page.seen.minds(post))
        ]

    def _room(self, tx: Tx, reader: Reader, post: Post) -> tuple[Account | None, str]:
        """The room that the post is in, and the address of new posts there; "": mails do not reach this server."""
        if not post.audience_id:
            return None, ""
        try:
            room = accounts.get(tx, reader.id, post.audience_id)
        except NotFound:
            return None, ""
        if not self._settings.mail_replies:
            return room, ""
        return room, reader.addresses.room(mail_prefs.of(tx, room.id), room.username)

    def _headers(self, reader: Reader, post: Post, references: list[int], now_ms: int) -> list[tuple[str, str]]:
        made: list[tuple[str, str]] = [readers.NO_REPLIES]
        if references:
            shown = references[:1] + references[1:][-REFERENCES_MAX:]
            named = [f"<p.{id}@{reader.head.domain}>" for id in shown]
            made += [("In-Reply-To", named[-1]), ("References", " ".join(named))]
        if self._settings.mail_replies:
            made.append(("Reply-To", reader.addresses.reply(reader.prefs, About.POST, post.id, now_ms=now_ms)))
        return made

    def _ways(self, reader: Reader, url: str) -> list[readers.Way]:
        say = reader.language.say
        by_mail = say(N_("Answer this mail, and your answer is there, too."))
        return [*([(by_mail, "")] if self._settings.mail_replies else []), (say(N_("Answer on the page")), url)]

    # what is about no post that goes on a thread

    def _others(self, tx: Tx, reader: Reader, wanted: list[Wanted], along: tuple[int, ...]) -> Ready | None:
        told = [notification for _, notification in wanted if notification]
        people = visibility.of_one_organisation(tx, reader.id, {one.from_id for one in told})
        told = [one for one in told if one.from_id in people]
        if not told:
            return None
        if told[0].kind == NotificationKind.POLL:
            return self._poll(tx, reader, told[0], along)
        names = [readers.name(people[id]) for id in dict.fromkeys(one.from_id for one in told)]
        asks = any(one.kind == NotificationKind.FOLLOW_REQUEST for one in told)
        words = ASKED if asks else FOLLOWED
        subject = reader.language.say(words, {"count": len(names), "name": names[0]})
        page = f"{reader.head.url}/{'follow-requests' if asks else 'notifications'}"
        ways = [(reader.language.say(N_("Look at it")), page), reader.stop_way(Stops.MENTIONS), reader.settings_way]
        plain = "\n".join([f"{subject}.", "", *(f"- {name}" for name in names)])
        rich = f"<p>{escape(subject)}.</p><ul>{''.join(f'<li>{escape(name)}</li>' for name in names)}</ul>"
        letter = Letter(
            id=f"n.{max(one.id for one in told)}",
            subject=subject,
            text=readers.text([Said(plain, rich)], reader, ways),
            html=readers.html([Said(plain, rich)], reader, ways),
            language=reader.language.code,
            headers=(readers.NO_REPLIES, *reader.stopping(Stop(reader.id, Stops.MENTIONS))),
        )
        return Ready(reader, tx.now_ms, letter, {}, along)

    def _poll(self, tx: Tx, reader: Reader, told: Notification, along: tuple[int, ...]) -> Ready | None:
        page = self._find(tx, reader, [told.post_id])
        post = page.seen.posts.get(told.post_id)
        if post is None or is_filtered(page, post, FOR_MAIL[0]):
            return None
        speaker = Speaker(reader.site, reader.language, page)
        said = [speaker.said(post, reader.clock(post.created_ms))]
        subject = reader.language.say(N_("The poll has ended: {words}"), {"words": first_words(post)})
        ways = [
            (reader.language.say(N_("Look at it")), speaker.url(post)),
            reader.stop_way(Stops.MENTIONS),
            reader.settings_way,
        ]
        named = f"<p.{post.id}@{reader.head.domain}>"
        letter = Letter(
            id=f"n.{told.id}",
            subject=subject,
            text=readers.text(said, reader, ways),
            html=readers.html(said, reader, ways),
            language=reader.language.code,
            headers=(
                readers.NO_REPLIES,
                ("In-Reply-To", named),
                ("References", named),
                *reader.stopping(Stop(reader.id, Stops.MENTIONS)),
            ),
        )
        return Ready(reader, tx.now_ms, letter, {}, along)


ASKED = Counted("{name} asks to follow you", "{count} people ask to follow you", by="count")
FOLLOWED = Counted("{name} follows you now", "{count} people follow you now", by="count")


def _subject(reader: Reader, first: Post, *, is_reply: bool) -> str:
    """first: of the thread, or what of it the reader may see. Mail programs join what has the same words after Re:."""
    words = first_words(first) or reader.language.say(N_("A post at {title}"), {"title": reader.head.title})
    return f"Re: {words}" if is_reply else words


def _listed(title: str) -> str:
    """As the phrase of a List-Id: RFC 2919, 3."""
    return '"' + title.replace("\\", "").replace('"', "'") + '"'
