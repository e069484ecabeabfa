"""The text form of a rule: a sentence that people write, and the same sentence again from the tree.

    when post in @ops if text has "down" and not from bot do reply "Who looks at it?" and forward to @oncall

Words stand apart by spaces, several of a kind by commas. "not" is before "and", "and" is before "or"; ( ) group.
docs/rules.md lists all tests and actions.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ...errors import Invalid
from ...wording import N_
from . import tree
from .tree import Action, Posted, Rule, Test

CHARS_MAX = 8000
DEPTH_MAX = tree.NODES_MAX
_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<name>@[0-9A-Za-z_]+)|(?P<tag>#[^\s",()]+)|(?P<time>[0-9]{1,2}:[0-9]{2}(?![0-9]))'
    r"|(?P<word>[\w/+\-]+)|(?P<mark>[(),])|(?P<other>\S+)",
    re.DOTALL,
)
_DURATION = re.compile("([1-9][0-9]{0,4})([mhd])")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
_WORD = re.compile(r"[\w/+\-]+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class _Token(NamedTuple):
    kind: str  # a group of _TOKEN; "end"
    text: str
    place: int  # counted from 1


# from text


def parse(text: str) -> Rule:
    """Raises Invalid (text): where it is wrong, what is expected there and what stands there."""
    if len(text) > CHARS_MAX:
        raise Invalid(
            "text", "too_long", "must have at most {most} characters, has {has}", most=CHARS_MAX, has=len(text)
        )
    return _Parser(text).rule()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [_Token(m.lastgroup or "", m[0], m.start() + 1) for m in _TOKEN.finditer(text)]
        self._tokens.append(_Token("end", "", len(text) + 1))
        self._at = self._depth = 0

    def rule(self) -> Rule:
        self._expect("when")
        when = self._when()
        test = self._any() if self._take("if") else None
        if not self._take("do"):
            raise self._wrong(["and", "or", "do"] if test else ["if", "do", *([] if when.rooms else ["in"])])
        do = [self._action()]
        while self._take("and"):
            do.append(self._action())
        if self._next.kind != "end":
            raise self._wrong(["and", "the end"])
        return Rule(when, tuple(do), test)

    def _when(self) -> Posted:
        self._expect("post")
        return tree.Posted(self.names() if self._take("in") else ())

    def _any(self) -> Test:
        tests = [self._all()]
        while self._take("or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else tree.Any(tuple(tests))

    def _all(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else tree.All(tuple(tests))

    def _one(self) -> Test:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Invalid("text", "too_long", "must have at most {most} tests", most=tree.NODES_MAX)
        try:
            if self._take("not"):
                return tree.Not(self._one())
            if self._take("("):
                found = self._any()
                self._expect(")", "and", "or")
                return found
            read = _TESTS.get(self._next.text) if self._next.kind == "word" else None
            if read is None:
                raise self._wrong([*_TESTS, "not", "("])
            self._at += 1
            return read(self)
        finally:
            self._depth -= 1

    def _action(self) -> Action:
        read = _ACTIONS.get(self._next.text) if self._next.kind == "word" else None
        if read is None:
            raise self._wrong([*_ACTIONS])
        self._at += 1
        return read(self)

    # tests

    def read_from(self) -> Test:
        return tree.From(self._list(self._somebody))

    def read_mentions(self) -> Test:
        return tree.Mentions(self.names())

    def read_tag(self) -> Test:
        return tree.Tagged(self._list(lambda: self._of("tag", "a #tag")[1:]))

    def read_text(self) -> Test:
        if self._take("has"):
            return tree.Has(self._string('"words"'))
        if self._take("matches"):
            return tree.Matches(self._string('"an expression"'))
        raise self._wrong(["has", "matches"])

    def read_kind(self) -> Test:
        self._expect("is")
        found = self._list(lambda: self._among(tree.KINDS))
        return tree.IsKind(tuple(kind for kind in tree.KINDS if kind in found))

    def read_role(self) -> Test:
        self._expect("is")
        return tree.HasRole(self._list(lambda: self._string('"a role"')))

    def read_hours(self) -> Test:
        start = self._time()
        self._expect("to")
        end = self._time()
        days = self._list(lambda: self._among(tree.DAYS)) if self._take("on") else ()
        zone = self._of("word", "a time zone such as Europe/Berlin") if self._take("in") else "UTC"
        return tree.Hours(start, end, tuple(day for day in tree.DAYS if day in days), zone)

    # actions

    def read_post(self) -> Action:
        text = self._string('"a text"')
        return tree.Post(text, self._name() if self._take("in") else "")

    def read_reply(self) -> Action:
        return tree.Reply(self._string('"a text"'))

    def read_forward(self) -> Action:
        self._expect("to")
        return tree.Forward(self._name())

    def read_need(self) -> Action:
        self._expect("ack")
        self._expect("from")
        one = self._take("one")
        if one:
            self._expect("of")
        who, minutes = self.names(), self._within()
        chain = ""
        if self._take("else"):
            self._expect("chain")
            chain = self._string("") if self._next.kind == "string" else self._of("word", "the name of a chain")
        return tree.NeedAck(who, minutes, one, chain)

    def read_ask(self) -> Action:
        self._expect("approval")
        text = self._string('"a text"')
        self._expect("from")
        who, minutes = self.names(), self._within()
        return tree.AskApproval(text, who, minutes, self._name() if self._take("in") else "")

    def _within(self) -> int:
        self._expect("within")
        found = _DURATION.fullmatch(self._next.text)
        if found is None:
            raise self._wrong(["a time such as 10m, 2h or 1d"])
        self._at += 1
        return int(found[1]) * _MINUTES[found[2]]

    # words

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, word: str) -> bool:
        taken = self._next.kind in ("word", "mark") and self._next.text == word
        self._at += taken
        return taken

    def _expect(self, word: str, *others: str) -> None:
        if not self._take(word):
            raise self._wrong([word, *others])

    def _of(self, kind: str, expected: str) -> str:
        if self._next.kind != kind:
            raise self._wrong([expected])
        self._at += 1
        return self._tokens[self._at - 1].text

    def _among(self, words: Iterable[str]) -> str:
        if self._next.text not in words:
            raise self._wrong(words)
        return self._of("word", "")

    def _name(self) -> str:
        return self._of("name", "an @name")[1:]

    def _somebody(self) -> str:
        return (
            self._of("word", "")
            if self._next.text in tree.SORTS
            else self._of("name", "an @name, bot, guest or staff")[1:]
        )

    def names(self) -> tuple[str, ...]:
        return self._list(self._name)

    def _string(self, expected: str) -> str:
        return _ESCAPED.sub(r"\1", self._of("string", expected)[1:-1])

    def _time(self) -> int:
        hours, minutes = map(int, self._of("time", "a time such as 9:00").split(":"))
        if hours * 60 + minutes > 24 * 60 or minutes > 59:
            self._at -= 1
            raise self._wrong(["a time of the day"])
        return hours * 60 + minutes

    def _list(self, read: Callable[[], str]) -> tuple[str, ...]:
        found = [read()]
        while self._take(","):
            found.append(read())
        return tuple(found)

    def _wrong(self, expected: Iterable[str]) -> Invalid:
        *others, last = expected
        said = f"{', '.join(others)} or {last}" if others else last
        place, got = self._next.place, self._next.text
        if self._next.kind == "end":
            return Invalid("text", "syntax", "ends too early: expected {expected}", expected=said, place=place)
        why = N_("has {got!r} at character {place}, where {expected} is expected")
        return Invalid("text", "syntax", why, got=got[:40], place=place, expected=said)


_TESTS: dict[str, Callable[[_Parser], Test]] = {
    "from": _Parser.read_from,
    "mentions": _Parser.read_mentions,
    "tag": _Parser.read_tag,
    "text": _Parser.read_text,
    "kind": _Parser.read_kind,
    "role": _Parser.read_role,
    "hours": _Parser.read_hours,
    "in": lambda parser: tree.In(parser.names()),
}
_ACTIONS: dict[str, Callable[[_Parser], Action]] = {
    "reply": _Parser.read_reply,
    "post": _Parser.read_post,
    "forward": _Parser.read_forward,
    "need": _Parser.read_need,
    "ask": _Parser.read_ask,
}

# to text


def said(rule: Rule) -> str:
    """The sentence: parse() makes the same tree of it."""
    test = f" if {test_said(rule.test)}" if rule.test else ""
    return f"when {_when_said(rule.when)}{test} do {' and '.join(map(action_said, rule.do))}"


def _when_said(when: Posted) -> str:
    return f"post in {_names_said(when.rooms)}" if when.rooms else "post"


def test_said(test: Test) -> str:
    match test:
        case tree.In():
            return f"in {_names_said(test.rooms)}"
        case tree.From():
            return f"from {', '.join(one if one in tree.SORTS else f'@{one}' for one in test.who)}"
        case tree.Mentions():
            return f"mentions {_names_said(test.who)}"
        case tree.Tagged():
            return f"tag {', '.join(f'#{one}' for one in test.tags)}"
        case tree.Has():
            return f"text has {_quoted(test.words)}"
        case tree.Matches():
            return f"text matches {_quoted(test.pattern)}"
        case tree.IsKind():
            return f"kind is {', '.join(test.kinds)}"
        case tree.HasRole():
            return f"role is {', '.join(map(_quoted, test.roles))}"
        case tree.Hours():
            days = f" on {', '.join(test.days)}" if test.days else ""
            zone = f" in {test.zone}" if test.zone != "UTC" else ""
            return f"hours {_time_said(test.start)} to {_time_said(test.end)}{days}{zone}"
        case tree.Not():
            return f"not {_within(test.test, tree.All | tree.Any)}"
        case tree.All():
            return " and ".join(_within(one, tree.All | tree.Any) for one in test.tests)
        case tree.Any():
            return " or ".join(_within(one, tree.Any) for one in test.tests)


def action_said(action: Action) -> str:
    match action:
        case tree.Post():
            return f"post {_quoted(action.text)}" + (f" in @{action.room}" if action.room else "")
        case tree.Reply():
            return f"reply {_quoted(action.text)}"
        case tree.Forward():
            return f"forward to @{action.room}"
        case tree.NeedAck():
            chain = action.chain if _WORD.fullmatch(action.chain) else _quoted(action.chain)
            whom = f"{'one of ' if action.one else ''}{_names_said(action.who)}"
            ends = f" else chain {chain}" if action.chain else ""
            return f"need ack from {whom} within {_duration_said(action.minutes)}{ends}"
        case tree.AskApproval():
            whom, room = _names_said(action.who), f" in @{action.room}" if action.room else ""
            return f"ask approval {_quoted(action.text)} from {whom} within {_duration_said(action.minutes)}{room}"


def _within(test: Test, grouped: object) -> str:
    text = test_said(test)
    return f"({text})" if isinstance(test, grouped) else text  # pyright: ignore[reportArgumentType]


def _names_said(names: Iterable[str]) -> str:
    return ", ".join(f"@{name}" for name in names)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _duration_said(minutes: int) -> str:
    unit = next(unit for unit, length in reversed(_MINUTES.items()) if minutes % length == 0)
    return f"{minutes // _MINUTES[unit]}{unit}"


def _time_said(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
