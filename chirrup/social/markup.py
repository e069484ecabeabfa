"""HTML for a plain text, as Mastodon's clients expect it, and a sanitiser for foreign HTML."""

from bisect import bisect
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote, urlsplit

import nh3
import regex

from . import urls
from .entities import Entity, extract, hashtag_key
from .shortcodes import WRITTEN

LINK_CHARS_SHOWN = 30  # of a link's text; more if its host is longer, because the host is always shown
_REL = "nofollow noopener noreferrer"

_PARAGRAPH_END = regex.compile("\n{2,}")
_OVERRIDES = regex.compile("[\u202d\u202e]")  # forced writing direction: shows moc.live as evil.com
_BIDI = regex.compile("[\u202a-\u202e\u2066-\u2069]")
_PLAIN_HOST = regex.compile(r"https?://(?![^/?]*xn--)[-.0-9_a-z]++(?![^/?])", regex.IGNORECASE | regex.ASCII)
_BARE_LINK = regex.compile('<a(?! [^>]*(?:class|rel)=")')  # in the output of nh3, where no attribute has a ">"

# The elements and attributes of posts that Mastodon documents (spec/activitypub, "Sanitization"), and target and
# translate, which Mastodon's own links have.
_ELEMENTS = set(regex.findall(r"\w+", "a b blockquote br code del em i li ol p pre rp rt ruby s span strong u ul"))
_SIEVE = nh3.Cleaner(
    tags=_ELEMENTS,
    attributes={"a": {"href"}, "ol": {"start", "reversed"}, "li": {"value"}},
    tag_attribute_values={
        "a": {"rel": {_REL, _REL + " me", "tag"}, "target": {"_blank"}, "translate": {"no"}},
        "span": {"translate": {"no"}},
    },
    allowed_classes={
        "a": {"mention", "hashtag", "u-url"},
        "span": {"h-card", "invisible", "ellipsis", "mention", "hashtag"},
    },
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel=None,
)


_NOTHING: Mapping[str, str] = MappingProxyType({})


def to_html(
    text: str,
    mentions: Mapping[str, str],
    base_url: str,
    *,
    inline: bool = False,
    drawn: Mapping[str, str] = _NOTHING,
) -> str:
    """A plain text as paragraphs with links, hashtags and known mentions linked; the rest is escaped.

    mentions: lower-case username (username@host_key for accounts elsewhere) -> profile URL; others stay plain text.
    base_url: of this server, for hashtags. inline: without paragraphs, for the values of profile fields.
    drawn: shortcode -> HTML of an emoji; without it, sanitise() leaves the result as it is.
    """
    # The browser's parser would change a NUL or CR; stored text has none.
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = _OVERRIDES.sub("", text)
    text = text.strip("\n")
    if not text:
        return ""

    found = extract(text)
    links = [(e, _link(e.value)) for e in found.urls]
    links += [(e, _mention(e, url)) for e in found.mentions if (url := _profile(e, mentions, base_url))]
    links += [(e, _hashtag(e.value, base_url)) for e in found.hashtags]
    if drawn and ":" in text:
        links += _pictures(text, drawn, [entity for entity, _ in links])
    parts, at = [], 0
    for entity, html in sorted(links, key=lambda pair: pair[0].start):
        parts += _escaped(text[at : entity.start]), html
        at = entity.end
    html = "".join(parts) + _escaped(text[at:])

    if inline:
        return html.replace("\n", "<br />")
    paragraphs = _PARAGRAPH_END.split(html) if "\n\n" in html else [html]
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs).replace("\n", "<br />")


def draw(name: str, drawn: Mapping[str, str]) -> str:
    """HTML of a name, in which shortcodes are drawn, and nothing is a link."""
    parts, at = [], 0
    for entity, html in _pictures(name, drawn, []):
        parts += _escaped(name[at : entity.start]), html
        at = entity.end
    return "".join(parts) + _escaped(name[at:])


def _pictures(text: str, drawn: Mapping[str, str], links: list[Entity]) -> list[tuple[Entity, str]]:
    """The shortcodes of the text outside of these links, as HTML."""
    ends = {link.start: link.end for link in links}
    starts = sorted(ends)
    found: list[tuple[Entity, str]] = []
    for match in WRITTEN.finditer(text):
        before = bisect(starts, match.start())
        apart = (not before or ends[starts[before - 1]] <= match.start()) and match.end() <= min(
            starts[before : before + 1], default=match.end()
        )
        if apart and match[1] in drawn:
            found.append((Entity(*match.span(), match[1]), drawn[match[1]]))
    return found


def isolate(name: str) -> str:
    """A name for use between other words of a plain text: its writing direction does not affect them.

    In HTML, <bdi> does this. U+2068 and U+2069 are the first strong isolate and its end (UAX 9).
    """
    return f"\u2068{_BIDI.sub('', name)}\u2069"


def sanitise(html: str) -> str:
    """Foreign HTML, reduced to the elements that a post may contain. Sanitising it again changes nothing."""
    html = _SIEVE.clean(html).replace("<br>", "<br />")
    return _BARE_LINK.sub(f'<a target="_blank" rel="{_REL}"', html)


def _link(link: str) -> str:
    if not _is_address(link):
        return _escaped(link)
    scheme = link[: link.index("://") + 3]
    host = regex.split("[/?#]", link[len(scheme) :], maxsplit=1)[0]
    shown_host = urls.shown_host(host)
    shown = shown_host + link[len(scheme) + len(host) :]
    cut = max(LINK_CHARS_SHOWN, len(shown_host))
    head, rest = _escaped(shown[:cut]), _escaped(shown[cut:])
    return (
        f'<a href="{_quoted(link)}" target="_blank" rel="{_REL}" translate="no">'
        f'<span class="invisible">{scheme}</span>'
        + (
            f'<span class="ellipsis">{head}</span><span class="invisible">{rest}</span>'
            if rest
            else f"<span>{head}</span>"
        )
        + "</a>"
    )


def _is_address(url: str) -> bool:
    """Whether a browser can open it: not with port 99999, nor a name that IDNA refuses."""
    return bool(_PLAIN_HOST.match(url)) or "href" in _SIEVE.clean(f'<a href="{_quoted(url)}"></a>')


def _profile(mention: Entity, mentions: Mapping[str, str], base_url: str) -> str:
    name, host = mention.value.lower(), urls.host_key(mention.host)
    here = urls.is_ours(mention.host, urlsplit(base_url).netloc)
    return mentions.get(name if here else f"{name}@{host}", "")


def _mention(mention: Entity, url: str) -> str:
    return (
        f'<span class="h-card" translate="no"><a href="{_quoted(url)}" class="u-url mention">'
        f"@<span>{mention.value}</span></a></span>"
    )


def tag_url(tag: str, base_url: str) -> str:
    """The URL of a hashtag, the same for all its spellings."""
    return f"{base_url.rstrip('/')}/tags/{quote(hashtag_key(tag), safe='')}"


def _hashtag(tag: str, base_url: str) -> str:
    return f'<a href="{_quoted(tag_url(tag, base_url))}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def _quoted(value: str) -> str:
    return _escaped(value).replace('"', "&quot;")
