"""What a person has said in the text of a mail: without quotes, the lines that introduce them, and signatures.

It looks at one line after the other, and takes time linear in the text. What cannot be told apart for sure is kept:
a quote too much is seen by all, a sentence that is missing by nobody. Where answers stand within a quote, each is shown
below the first words of what it answers. Why it is our own: docs/decisions/0076-mail-in.md.
"""

import re

import msgspec

from . import phrases
from .html import CID

LINES_MAX = 20_000
_LINE_CHARS = 500  # of a line that are looked at
_QUOTE_SHOWN = 80  # characters of a quoted paragraph before an answer within it
_SIGNATURE_LINES, _FOOTER_LINES = 15, 8
_MARK = re.compile(r"[ \t]{0,3}>")
_MARKS = re.compile(r"^(?:[ \t]{0,3}>)+ ?")
_SIGNED = re.compile(r"(?:--|__|—|––) ?")
_RULE = re.compile(r"[_-]{20,}")
_LIST_FOOT = re.compile(r"https?://|mailto:|@\S+\.\w")
_PICTURE_NOTE = re.compile(r"\[(?:cid:[^\]\s]{1,200}|image: ?[^\]]{1,200}|Image ?[^\]]{0,80}|Bild ?[^\]]{0,80})\]")

SAID, QUOTE, INTRO = "said", "quote", "intro"


class Said(msgspec.Struct, frozen=True):
    """text: what the person wrote. pictures: the Content-IDs of those that stand in it; last: nothing follows."""

    text: str
    pictures: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


def said(text: str) -> Said:
    """What its sender wrote in this text of a mail, in order."""
    lines = [line.rstrip() if line != "-- " else line for line in _tidy(text).split("\n")[:LINES_MAX]]
    kinds = _kinds(lines)
    answers = _answers(lines, kinds)
    shown = [_unsigned(answer, first=not before) for before, answer in answers]
    kept = [(before, one) for (before, _), one in zip(answers, shown, strict=True) if any(line.strip() for line in one)]
    if (
        not kept
        and lines
        and not all(kind == INTRO or not line.strip() for line, kind in zip(lines, kinds, strict=True))
    ):
        kept = [([], [line for line, kind in zip(lines, kinds, strict=True) if kind == SAID])]
    within = len(kept) > 1
    blocks: list[str] = []
    for before, answer in kept:
        block = "\n".join(answer).strip("\n")
        quoted = _shortened(before) if within else ""
        blocks.append(f"> {quoted}\n{block}" if quoted else block)
    return _pictures("\n\n".join(blocks))


def _tidy(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").replace("\u200b", "")
    return _PICTURE_NOTE.sub("", text)


def _pictures(text: str) -> Said:
    parts = text.split(CID)
    found = tuple(dict.fromkeys(parts[1::2]))
    last = tuple(one for at, one in enumerate(parts) if at % 2 and not "".join(parts[at + 1 :: 2]).strip())
    words = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in "".join(parts[::2]).split("\n")))
    return Said(words.strip("\n ").strip(), found, last)


def _kinds(lines: list[str]) -> list[str]:
    """For each line, whether it was said, quoted, or introduces a quote."""
    kinds = [QUOTE if _MARK.match(line) else SAID for line in lines]
    for at, kind in enumerate(kinds):
        if kind == QUOTE and (at == 0 or kinds[at - 1] != QUOTE):
            _mark_intro(lines, kinds, at)
    at = 0
    above: list[str] = []  # the last lines that were said above
    while at < len(lines):
        end = _intro_end(lines, kinds, at) if kinds[at] == SAID and lines[at].strip() else 0
        if not end:
            if kinds[at] == SAID and lines[at].strip():
                above = [*above[-9:], lines[at][:_LINE_CHARS]]
            at += 1
            continue
        kinds[at:end] = [INTRO] * (end - at)
        below = _next_said(lines, end)
        unmarked = below < len(lines) and kinds[below] == SAID and not _intro_end(lines, kinds, below)
        if unmarked and above and not phrases.ANSWERS_BELOW.search("\n".join(above)):
            kinds[end:] = [QUOTE] * (len(lines) - end)
            return kinds
        at = end
    return kinds


def _next_said(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _mark_intro(lines: list[str], kinds: list[str], quote: int) -> None:
    """Mark the lines "On …, Ann wrote:" before a quote."""
    end = quote
    while end and quote - end < 2 and not lines[end - 1].strip():
        end -= 1
    first = next(
        (at for at in range(end - 1, max(-1, end - 5), -1) if kinds[at] != SAID or not lines[at].strip()), end - 5
    )
    for sure in (2, 1, 0):
        for at in range(end - 1, max(-1, first), -1):
            joined = " ".join(line.strip()[:_LINE_CHARS] for line in lines[at:end])
            if phrases.introduces(joined, sure):
                kinds[at:end] = [INTRO] * (end - at)
                return


def _intro_end(lines: list[str], kinds: list[str], at: int) -> int:
    """Where what introduces an unmarked quote ends that begins with this line; 0: nothing begins here."""
    line = lines[at].strip()[:_LINE_CHARS]
    if phrases.SEPARATOR.fullmatch(line) or (
        _RULE.fullmatch(line.replace(" ", "")) and _heads(lines, _next_said(lines, at + 1))
    ):
        below = _next_said(lines, at + 1)
        return _heads(lines, below) or _wrote(lines, kinds, below) or at + 1
    return _heads(lines, at) or _wrote(lines, kinds, at)


def _wrote(lines: list[str], kinds: list[str], at: int) -> int:
    for end in range(at + 1, min(at + 4, len(lines)) + 1):
        if kinds[end - 1] != SAID or not lines[end - 1].strip():
            return 0
        if phrases.surely_introduces(" ".join(line.strip()[:_LINE_CHARS] for line in lines[at:end])):
            return end
    return 0


def _heads(lines: list[str], at: int) -> int:
    """Where the block "From: … Sent: … To: …" ends that begins with this line; 0: none does."""
    found: set[str] = set()
    end = at
    gap = 0
    for n in range(at, min(at + 14, len(lines))):
        line = _MARKS.sub("", lines[n].strip())[:_LINE_CHARS]
        label = phrases.LABEL.match(line)
        role = phrases.ROLES.get(label[1].casefold()) if label else None
        if role:
            found.add(role)
            end, gap = n + 1, 0
        elif not found:
            return 0
        elif line and not gap and len(found) < 4 and ("@" in line or lines[n][:1] in " \t"):
            end = n + 1  # it goes on
        elif line or gap:
            break
        else:
            gap = 1
    return end if "from" in found and len(found) >= 3 else 0


def _answers(lines: list[str], kinds: list[str]) -> list[tuple[list[str], list[str]]]:
    """(the quoted lines before it, its lines) of each run of lines that were said."""
    found: list[tuple[list[str], list[str]]] = []
    before: list[str] = []
    for line, kind in zip(lines, kinds, strict=True):
        if kind == SAID:
            if not found or before:
                if not line.strip():
                    continue
                found.append((before, []))
                before = []
            found[-1][1].append(line)
        elif kind == QUOTE:
            before = [*before[-20:], line]
        elif found:
            before = before or [""]
    return found


def _shortened(quoted: list[str]) -> str:
    """The first words of the last paragraph that is quoted."""
    plain = [_MARKS.sub("", line).strip() for line in quoted]
    while plain and not plain[-1]:
        plain.pop()
    first = next((at + 1 for at in range(len(plain) - 1, -1, -1) if not plain[at]), 0)
    words = " ".join(plain[first:])
    return words if len(words) <= _QUOTE_SHOWN else words[:_QUOTE_SHOWN].rsplit(" ", 1)[0] + " …"


def _unsigned(lines: list[str], *, first: bool) -> list[str]:
    """Without the signature, the foot that a list or a program has put below, and a farewell with a name.

    first: nothing is quoted above.
    """
    lines = list(lines)
    cut, below = len(lines), list[str]()
    for at in range(len(lines) - 1, -1 if not first else 0, -1):
        line = lines[at].strip() if lines[at] != "-- " else lines[at]
        foot = below and len(below) <= _FOOTER_LINES and _RULE.fullmatch(line) and any(map(_LIST_FOOT.search, below))
        if foot or _SIGNED.fullmatch(line):
            cut = at
        elif line:
            below.append(line[:_LINE_CHARS])
        if len(below) > _SIGNATURE_LINES:
            break
    lines = lines[:cut]
    _strip(lines)
    while lines and len(lines) > 1 and phrases.is_sent_from(lines[-1].strip()):
        lines.pop()
        _strip(lines)
    for at in range(max(1, len(lines) - 9), len(lines)):
        below = [one.strip() for one in lines[at + 1 :] if one.strip()]
        if phrases.FAREWELL.fullmatch(lines[at].strip()) and all(map(_is_of_signature, below)):
            lines = lines[:at]
            break
        named = below and phrases.NAME.fullmatch(below[0]) and all(map(_is_of_signature, below[1:]))
        if named and phrases.THANKS.fullmatch(lines[at].strip()):
            lines = lines[: at + 1]  # the thanks are said
            break
    _strip(lines)
    if len(lines) > 2 and not lines[-2].strip() and phrases.DASHED_NAME.fullmatch(lines[-1].strip()):
        lines = lines[:-1]
    _strip(lines)
    return lines


def _is_of_signature(line: str) -> bool:
    """Names, telephones, addresses: no sentence."""
    return len(line) <= 80 and (not line.endswith((".", "!", "?", ":")) or bool(phrases.CONTACT.search(line)))


def _strip(lines: list[str]) -> None:
    while lines and not lines[-1].strip():
        lines.pop()
