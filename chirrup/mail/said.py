"""Posts as they stand in mails: plain text that can be answered above, HTML without scripts, pixels or tracking."""

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import quote

import msgspec

from ..access.sites import Site
from ..social import text
from ..social.polls import ShownPoll
from ..social.shown import Shown
from ..types import FilterAction, Media, Post, Visibility
from ..wording import N_, Language

QUOTE_CHARS_MAX = 300
PICTURES_MAX = 4  # in one mail
FOR_MAIL = ("notifications", "home")  # contexts of filters: of what is said to the account, and of rooms
_SMALL = "font-size:14px;line-height:20px"
_BLOCK = "margin:0 0 24px;padding:0 0 0 12px;border-left:3px solid "
_ACCENT = "#1f5fa8"  # the kit's own
_QUOTE = "margin:0 0 12px;padding:0 0 0 12px;border-left:2px solid #888888;font-size:14px;line-height:20px"


class Said(msgspec.Struct, frozen=True):
    """One post. pictures: key of the file by its name in the HTML."""

    text: str
    html: str
    pictures: Mapping[str, str] = {}


class Speaker:
    """Writes posts of a site, in one language, for one account."""

    def __init__(self, site: Site, language: Language, page: Shown) -> None:
        self._site, self._say, self._page = site, language.say, page

    def name(self, post: Post) -> str:
        """Ann (@ann)"""
        author = self._page.details.authors[post.author_id]
        return f"{author.display_name} (@{author.username})" if author.display_name else f"@{author.username}"

    def url(self, post: Post) -> str:
        author = self._page.details.authors[post.author_id]
        return f"{self._site.base_url}/@{author.username}/{post.id}"

    def said(self, post: Post, at: str, *, answers: Post | None = None, room: str = "") -> Said:
        """at: the time, for people. answers: the reader's own post, of which no mail says anything. room: its name."""
        who = {"name": self.name(post), "room": room, "at": at}
        if post.visibility == Visibility.DIRECT and len(post.mentioned) == 1:
            head = self._say(N_("{name} to you alone, {at}:"), who)
        elif post.visibility == Visibility.DIRECT:
            head = self._say(N_("{name} to you and others, who are named, {at}:"), who)
        elif room:
            head = self._say(N_("{name} in {room}, {at}:"), who)
        else:
            head = self._say(N_("{name}, {at}:"), who)
        warning = self._say(N_("Content warning: {words}"), {"words": post.summary}) if post.summary else ""
        files = [self._page.details.files[id] for id in post.media if id in self._page.details.files]
        shown = {} if warning or self._page.seen.is_sensitive(post) else _small(files)
        quoted = self._quoted(post)
        lines = [head, warning, post.text, *map(self._file, files), *self._poll(post), *quoted[:1]]
        if answers:
            lines.append("\n".join(f"> {line}" for line in _cut(answers.text).splitlines()))
        html = [
            f'<p style="margin:0 0 8px;{_SMALL}"><strong>{escape(head)}</strong></p>',
            f"<p><strong>{escape(warning)}</strong></p>" if warning else "",
            self._html(post),
            *(self._picture(one, shown) for one in files),
            *(f"<p>{escape(line)}</p>" for part in self._poll(post) for line in part.splitlines()),
            *quoted[1:],
            f'<blockquote style="{_QUOTE}">{escape(_cut(answers.text))}</blockquote>' if answers else "",
            f'<p style="{_SMALL}"><a href="{escape(self.url(post))}">{escape(self._say(N_("Open it")))}</a></p>',
        ]
        plain = "\n\n".join(part for part in lines if part)
        accent = self._site.settings.accent or _ACCENT
        return Said(plain, f'<div style="{_BLOCK}{accent}">{"".join(html)}</div>', dict(shown.values()))

    def _html(self, post: Post) -> str:
        base_url, host = self._site.base_url, text.host_key(self._site.domain)
        links = {
            name.lower(): f"{base_url}/@{quote(one.username)}"
            for one in post.mentioned
            for name in (one.username, f"{one.username}@{host}")
        }
        return text.to_html(post.text, links, base_url)

    def _file(self, one: Media) -> str:
        return f"[{self._alt(one)}]"

    def _alt(self, one: Media) -> str:
        kinds = {"image": N_("Picture"), "audio": N_("Sound")}
        kind = self._say(kinds.get(one.kind, N_("Film")))
        return f"{kind}: {one.description}" if one.description else kind

    def _picture(self, one: Media, shown: Mapping[int, tuple[str, str]]) -> str:
        if one.id not in shown:
            return f"<p>{escape(self._file(one))}</p>"
        alt = escape(self._alt(one))
        return f'<p><img src="cid:{shown[one.id][0]}" alt="{alt}" style="max-width:100%;height:auto"></p>'

    def _poll(self, post: Post) -> list[str]:
        poll = self._page.polls.get(post.poll_id)
        return ["\n".join(self._options(poll))] if poll else []

    def _options(self, shown: ShownPoll) -> Iterable[str]:
        total = sum(option.votes for option in shown.options)
        for option in shown.options:
            share = "" if shown.totals_hidden or not total else f" – {round(100 * option.votes / total)} %"
            yield f"( ) {option.title}{share}"

    def _quoted(self, post: Post) -> list[str]:
        """What it quotes, as text and as HTML; []: nothing that the reader may see."""
        _, quoted = self._page.seen.quote_of(post)
        if quoted is None or quoted.author_id not in self._page.details.authors:
            return []
        words, name = _cut(quoted.summary or quoted.text), self.name(quoted)
        plain = "\n".join(f"| {line}" for line in [f"{name}:", *words.splitlines()])
        return [plain, f'<blockquote style="{_QUOTE}">{escape(name)}: {escape(words)}</blockquote>']


def is_filtered(page: Shown, post: Post, context: str) -> bool:
    """A filter of the reader's hides it."""
    return any(
        context in match.filter.places and match.filter.action == FilterAction.HIDE
        for match in page.filtered.get(post.id, ())
    )


def _cut(words: str) -> str:
    return words if len(words) <= QUOTE_CHARS_MAX else f"{words[: QUOTE_CHARS_MAX - 1]}…"


def first_words(post: Post, most: int = 60) -> str:
    """What a thread that begins with it is called: its warning, or its first words without the names it begins with."""
    words = (post.summary or post.text).split()
    while len(words) > 1 and words[0].startswith("@"):
        del words[0]
    line = " ".join(words)
    if len(line) <= most:
        return line
    cut = line[:most].rsplit(" ", 1)[0] if " " in line[:most] else line[:most]
    return f"{cut}…"


def _small(files: list[Media]) -> dict[int, tuple[str, str]]:
    """media -> (its name in the HTML, key of the small picture of it)."""
    return {one.id: (f"picture-{one.id}", one.preview_key) for one in files[:PICTURES_MAX] if one.preview_key}
