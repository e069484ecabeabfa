"""The digest: what people answered, what one's rooms talk about, who is new. At most a screen, and never empty."""

from html import escape

from ..access.mail_addresses import Stop, Stops
from ..ports import Engines, Tx
from ..social import digests, mail_prefs, shown
from ..social.digests import Discussed
from ..social.mail_prefs import Due
from ..social.shown import Known
from ..times import DAY_MS
from ..types import Digest, NotificationKind, Post
from ..wording import N_, Counted
from . import reader as readers
from .handing import Handing, Ready
from .message import Letter
from .reader import Reader, Readers
from .said import FOR_MAIL, Said, Speaker, first_words, is_filtered

_COUNTS = {
    NotificationKind.FAVOURITE: Counted("{count} favourite", "{count} favourites", by="count"),
    NotificationKind.BOOST: Counted("{count} boost", "{count} boosts", by="count"),
    NotificationKind.FOLLOW: Counted("{count} new follower", "{count} new followers", by="count"),
}
_POSTS = Counted("{count} post", "{count} posts", by="count")
Line = tuple[str, str]  # (words, address)


class Digests:
    def __init__(self, readers: Readers, handing: Handing) -> None:
        self._readers, self._handing, self._known = readers, handing, Known()

    async def send(self, engines: Engines, id: int, due: Due) -> None:
        """id: of the job."""
        if not await engines.db.write(mail_prefs.begin_digest, due):
            return
        if ready := await engines.db.read(self._make, due):
            await self._handing.over(engines, ready, id)

    def _make(self, tx: Tx, due: Due) -> Ready | None:
        reader = self._readers.find(tx, due.account_id)
        if reader is None or reader.prefs.digest == Digest.NONE:
            return None
        daily = reader.prefs.digest == Digest.DAILY
        since_ms = due.due_ms - (1 if daily else 7) * DAY_MS
        closed = bool(reader.site.org_id) or reader.site.closed
        found = digests.find(tx, reader.id, since_ms, org_id=reader.site.org_id, closed=closed)
        page = shown.find(tx, reader.id, [*found.answers, *(one.post.id for one in found.discussed)], self._known)
        speaker = Speaker(reader.site, reader.language, page)
        there = {post.id: post for post in page.entries}
        say = reader.language.say
        answers = [post for id in found.answers if (post := there.get(id)) and not is_filtered(page, post, FOR_MAIL[0])]
        discussed = [one for one in found.discussed if one.post.id in there]
        discussed = [one for one in discussed if not is_filtered(page, one.post, FOR_MAIL[1])]
        parts = [
            (
                say(N_("What people said to you")),
                [(f"{speaker.name(post)}: {_words(reader, post)}", speaker.url(post)) for post in answers],
            ),
            (
                say(N_("What your rooms talk about")),
                [(_thread(reader, one), speaker.url(one.post)) for one in discussed],
            ),
            (
                say(N_("Who is new")),
                [(readers.name(one), f"{reader.head.url}/@{one.username}") for one in found.people],
            ),
        ]
        counted = [say(words, {"count": found.counts[kind]}) for kind, words in _COUNTS.items() if found.counts[kind]]
        said = [*(_part(title, lines) for title, lines in parts if lines), *_sum(counted)]
        if not said:
            return None
        subject = say(N_("Your day at {title}") if daily else N_("Your week at {title}"), {"title": reader.head.title})
        ways = [(say(N_("Look at it")), f"{reader.head.url}/home"), reader.stop_way(Stops.DIGEST), reader.settings_way]
        letter = Letter(
            id=f"d.{reader.id}.{due.due_ms}",
            subject=subject,
            text=readers.text(said, reader, ways),
            html=readers.html(said, reader, ways),
            language=reader.language.code,
            headers=(readers.NO_REPLIES, *reader.stopping(Stop(reader.id, Stops.DIGEST))),
        )
        return Ready(reader, tx.now_ms, letter)


def _thread(reader: Reader, one: Discussed) -> str:
    count = reader.language.say(_POSTS, {"count": one.posts})
    return f"{readers.title(one.room)}: {_words(reader, one.post)} ({count})"


def _words(reader: Reader, post: Post) -> str:
    return first_words(post, 100) or reader.language.say(N_("A picture"))


def _part(title: str, lines: list[Line]) -> Said:
    plain = "\n".join([title, *(f"- {words}\n  {url}" for words, url in lines)])
    items = "".join(f'<li><a href="{escape(url)}">{escape(words)}</a></li>' for words, url in lines)
    return Said(plain, f'<h2 style="font-size:18px">{escape(title)}</h2><ul>{items}</ul>')


def _sum(counted: list[str]) -> list[Said]:
    line = ", ".join(counted)
    return [Said(line, f"<p>{escape(line)}</p>")] if line else []
