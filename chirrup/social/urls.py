"""Links in plain text, with or without https://, found where twitter-text finds them.

What that means, and where it is left on purpose, is in docs/decisions/0010-text-extraction.md. Each character is
looked at a bounded number of times: labels between dots are judged once, from right to left, and never tried again
from another start as one regular expression for a whole link would do.
"""

import re  # twice as fast as regex, which is here for what re lacks
import string
from importlib.resources import files

import regex

URL_CHARS_MAX = 4096  # twitter-text's
_TCO_SLUG_MAX = 40  # likewise: longer ones are no t.co links

# Letters that twitter-text takes for part of an ASCII word: Latin with accents, and combining accents.
ACCENTS = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b"
    "\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN = "\u00ad\u200b\u2060-\u2064\ufeff\ufffe\uffff"
_SPACES = "\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NOT_IN_HOST = r"""\x00-\x20!"#$%&'()*+,/:;<=>?@\[\\\]\^`{|}~\x7f-\xa0""" + _SPACES + _BIDI + _UNSEEN

_DOT = re.compile(rf"\.[^-_.{_NOT_IN_HOST}]")  # one that may end a name and begin the next
_NEXT_EDGE = re.compile(f"[{_NOT_IN_HOST}]")
_LAST_EDGE = regex.compile(f"[{_NOT_IN_HOST}]", regex.REVERSE)
_BEFORE = "(?<![A-Za-z0-9@＠$#＃\ufeff\ufffe\uffff])"
_START = re.compile(_BEFORE + "[^-_.]")
_SCHEME = re.compile(_BEFORE + "[Hh][Tt][Tt][Pp][Ss]?://")
_TLD_WORD = re.compile("([Xx][Nn]--[-0-9A-Za-z]++)|[0-9A-Za-z]++")
_LATIN_HOST = re.compile(rf"(?<![-0-9A-Za-z{ACCENTS}])(?:[-0-9A-Za-z{ACCENTS}]++\.)++")

_IN_PATH = rf"[0-9A-Za-z!*';:=+,.$/%#\[\]\-_~@|&\u2013\u0400-\u04ff{ACCENTS}]"
_PATH_END = rf"[0-9A-Za-z+\-=_#/\u0400-\u04ff{ACCENTS}]"
_PARENS = rf"\((?:{_IN_PATH}++|{_IN_PATH}*+\({_IN_PATH}++\){_IN_PATH}*+)\)"
_QUERY = r"\?[0-9A-Za-z!?*'@();:&=+$/%#\[\]\-_.,~|]*[0-9A-Za-z\-_&=#/]"
_PATH = rf"/(?:{_IN_PATH}*(?:{_PARENS}{_IN_PATH}*)*(?:{_PATH_END}|{_PARENS}))?"
_TAIL = re.compile(rf"(?::[0-9]++)?({_PATH})?(?:{_QUERY})?")
_TCO = re.compile(rf"https?://t\.co/([0-9a-z]++)(?:{_QUERY})?", re.IGNORECASE | re.ASCII)


def _read_tlds() -> frozenset[str]:
    """The top level domains in use: last labels of the public suffix list's first part, without its comments."""
    rules = files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8")
    lines = rules.split("===END ICANN DOMAINS===")[0].splitlines()
    return frozenset(line.rpartition(".")[2] for line in lines if line and not line.startswith("//"))


TLDS = _read_tlds()
# Names for private networks and examples (RFC 6761, RFC 6762, ICANN 2024): links only where https:// says so.
_SPECIAL_TLDS = TLDS | {"example", "internal", "local", "localhost", "test"}
_TLD_CHARS_MAX = max(map(len, TLDS))
_GLUE = frozenset("@+-" + string.ascii_letters + string.digits)  # after one of these a top level domain goes on


def find(text: str) -> list[tuple[int, int]]:
    """(start, end) of every link, in order, never overlapping. See address() for where one leads."""
    links: list[tuple[int, int]] = []
    past = 0  # end of the last match, used or not: the next one needs a character between
    stop = 0
    while dot := _DOT.search(text, max(stop, past)):
        edge = _LAST_EDGE.search(text, max(stop, past), dot.start())
        start = edge.end() if edge else max(stop, past)
        edge = _NEXT_EDGE.search(text, dot.end())
        stop = edge.start() if edge else len(text)
        labels = _labels(text, start, stop)
        known = _SPECIAL_TLDS if text.startswith("://", max(start - 3, 0)) else TLDS
        tlds = [0, *(begin < end and _tld(text, begin, end, known) for begin, end in labels[1:])]
        if not any(tlds):
            continue
        reach = _reach(text, labels, tlds)

        for i, (begin, end) in enumerate(labels[:-1]):
            host_end = reach[i + 1] or tlds[i + 1]
            at = max(begin, past + 1 if past else 0)
            if not host_end or at >= end or text[end - 1] in "-_":
                continue
            if not reach[i + 1]:  # the name right before a top level domain has no underscore
                at = max(at, text.rfind("_", begin, end) + 1)

            scheme = _scheme(text, start, past) if begin == start == at else -1
            if scheme >= 0:
                host_start = start
            elif first := _START.search(text, at, end):
                host_start = first.start()
            else:
                continue
            tail = _TAIL.match(text, host_end)  # port, path, query
            past = tail.end() if tail else host_end
            if scheme >= 0:
                links += _with_scheme(text, scheme, host_start, host_end, past)
            elif not host_start or text[host_start - 1] not in "-_./":
                with_path = tail and tail[1] is not None
                links += _without_scheme(text, host_start, host_end, past if with_path else host_end, labels, tlds)
    return links


def address(link: str) -> str:
    """The absolute URL that a link written in a text leads to."""
    return link if _SCHEME.match(link) else "https://" + link


def _labels(text: str, start: int, stop: int) -> list[tuple[int, int]]:
    spans = []
    for label in text[start:stop].split("."):
        spans.append((start, start + len(label)))
        start += len(label) + 1
    return spans


def _tld(text: str, begin: int, end: int, known: frozenset[str]) -> int:
    """Where the top level domain ends that the label at begin is or starts with; 0 when it does not."""
    if word := _TLD_WORD.match(text, begin):
        stop = word.end()
        if word[1] or (word[0].lower() in known and text[stop : stop + 1] not in _GLUE):
            return stop
    if not text[begin:end].isascii():
        for stop in range(min(end, begin + _TLD_CHARS_MAX), begin, -1):
            if text[stop : stop + 1] not in _GLUE and text[begin:stop].lower() in known:
                return stop
    return 0


def _reach(text: str, labels: list[tuple[int, int]], tlds: list[int]) -> list[int]:
    """For each label: the end of the longest host that starts with all of it, or 0."""
    reach = [0] * len(labels)
    for i in range(len(labels) - 2, 0, -1):
        begin, end = labels[i]
        if begin < end and text[begin] not in "-_" and text[end - 1] not in "-_":
            reach[i] = reach[i + 1] or (tlds[i + 1] if text.find("_", begin, end) < 0 else 0)
    return reach


def _scheme(text: str, host_start: int, past: int) -> int:
    """Where the http:// or https:// starts that ends at host_start; -1 for none."""
    if text.startswith("//", host_start - 2) and text[host_start] not in "-_.":
        for at in (host_start - 8, host_start - 7):
            free = at > past or at == 0
            if free and (scheme := _SCHEME.match(text, at)) and scheme.end() == host_start:
                return at
    return -1


def _with_scheme(text: str, start: int, host_start: int, host_end: int, end: int) -> list[tuple[int, int]]:
    if short := _TCO.match(text, start, end):
        if len(short[1]) > _TCO_SLUG_MAX:
            return []
        end = short.end()
    return [(start, end)] if end - start <= URL_CHARS_MAX and _may_resolve(text[host_start:host_end]) else []


def _without_scheme(
    text: str, start: int, host_end: int, end: int, labels: list[tuple[int, int]], tlds: list[int]
) -> list[tuple[int, int]]:
    """The hosts in Latin letters among text[start:host_end]; a path up to end belongs to the last one."""
    host = text[start:host_end]
    if host.isascii() and "_" not in host:
        spans = [(start, host_end)]
    else:
        stops = {begin: stop for (begin, _), stop in zip(labels, tlds, strict=True) if stop}
        spans = []
        for chain in _LATIN_HOST.finditer(host):
            dots = (i for i in range(chain.end(), chain.start(), -1) if host[i - 1] == ".")
            if stop := next((stops[start + i] for i in dots if start + i in stops), 0):
                spans.append((start + chain.start(), stop))
    links = [(begin, end if stop == host_end else stop) for begin, stop in spans if _may_resolve(text[begin:stop])]
    return [(begin, stop) for begin, stop in links if stop - begin <= URL_CHARS_MAX]


def _may_resolve(host: str) -> bool:
    """Within the lengths of DNS (RFC 1035, 2.3.4: 63 a label, 253 in all) once in ASCII; xn-- is ASCII already."""
    if len(host) <= 63 and host.isascii():
        return True
    return len(host) <= 253 and all(
        len(label) <= 63 and (label.isascii() or (label[:4].lower() != "xn--" and len(_in_dns(label)) <= 63))
        for label in host.split(".")
    )


def _in_dns(label: str) -> str:
    return label if label.isascii() else "xn--" + label.lower().encode("punycode").decode()


def host_key(host: str) -> str:
    """The form in which two spellings of a host are equal: lower case, labels of other scripts as DNS has them."""
    return host.lower() if host.isascii() else ".".join(_in_dns(label) for label in host.casefold().split("."))


# What passes for another host: two scripts of the same shapes in one label, nothing but Cyrillic letters of Latin shape
# before a Latin top level domain, and signs that look like the slash or dot that ends a host.
_OTHERS = r"[\p{Cyrillic}\p{Greek}\p{Armenian}\p{Cherokee}]"
_TWO_SCRIPTS = regex.compile(rf"\p{{Latin}}.*{_OTHERS}|{_OTHERS}.*\p{{Latin}}")
_LATIN_SHAPES = re.compile("[-0-9асԁеһіјӏорԛѕԝхуѵ]+")
_SIGNS = regex.compile(r"[[\p{P}\p{Sm}]--[-]]", regex.VERSION1)


def shown_host(host: str) -> str:
    """The host as a reader should see it: labels that could pass for others are in punycode."""
    if host.isascii():
        return host
    labels = host.split(".")
    latin = labels[-1].isascii()
    return ".".join(_in_dns(label) if _deceives(label, latin) else label for label in labels)


def _deceives(label: str, latin: bool) -> bool:
    shapes = latin and _LATIN_SHAPES.fullmatch(label)
    return not label.isascii() and bool(shapes or _TWO_SCRIPTS.search(label) or _SIGNS.search(label))
