"""What each format makes of a payload, and that none of them fails, whatever stands in one."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from chirrup.actions.hooks_in import formats
from chirrup.actions.hooks_in.incoming import Incoming, Read
from chirrup.actions.hooks_in.mrkdwn import plain
from chirrup.errors import Invalid

REPO = {"full_name": "acme/bakery", "html_url": "https://git.example/acme/bakery"}
BY = {"repository": REPO, "sender": {"login": "ann"}}
PROJECT = {"path_with_namespace": "acme/bakery", "web_url": "https://lab.example/acme/bakery"}


def github(event: str, **body: Any) -> tuple[Any, dict[str, str]]:
    return {**BY, **body}, {"x-github-event": event, "x-github-delivery": f"d-{event}"}


def gitlab(kind: str, **body: Any) -> tuple[Any, dict[str, str]]:
    return {"object_kind": kind, "project": PROJECT, "user": {"name": "Ann"}, **body}, {"x-gitlab-event": "Some Hook"}


def alert(name: str, status: str, fingerprint: str, **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "page", **labels},
        "annotations": {"summary": f"{name} is bad", "description": "Look at the oven.\nThen at the door."},
        "startsAt": "2026-12-01T01:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.example/graph?g0.expr=oven",
        "fingerprint": fingerprint,
    }


def group(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    common = {"alertname": "OvenHot", "severity": "page"}
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "receiver": "ops",
        "alerts": list(alerts),
        "commonLabels": common,
    } | more


HOT, COLD = alert("OvenHot", "firing", "f1", oven="1"), alert("OvenHot", "resolved", "f2", oven="2")
COMMIT = {"message": "Bake longer\n\nMuch longer", "author": {"username": "bob", "name": "Bob"}, "title": "Bake longer"}
PULL = {
    "number": 7,
    "title": "Rye",
    "html_url": "https://git.example/acme/bakery/pull/7",
    "body": "<!-- form -->\nRye\nbread",
    "head": {"ref": "rye"},
    "base": {"ref": "main"},
    "merged": True,
}
ISSUE = {"number": 5, "title": "No flour", "html_url": "https://git.example/acme/bakery/issues/5", "body": "None left"}
RUN = {
    "name": "tests",
    "conclusion": "failure",
    "head_branch": "main",
    "head_sha": "abcdef0123",
    "html_url": "https://git.example/run/1",
    "display_title": "Bake longer",
}

# format -> [(payload, headers, the texts of the posts)]
SAID: dict[str, list[tuple[Any, dict[str, str], list[str]]]] = {
    "slack": [
        ({"text": "Hello &lt;you&gt;"}, {}, ["Hello <you>"]),
        (
            {
                "text": "fallback",
                "channel": "#bread",
                "blocks": [
                    {"type": "header", "text": {"type": "plain_text", "text": "Oven 1"}},
                    {"type": "section", "text": {"type": "mrkdwn", "text": "*Hot* <https://a.example|look>"}},
                    {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Grade*\n300"}, None, {}]},
                    {"type": "divider"},
                    {
                        "type": "context",
                        "elements": [
                            {"type": "image", "image_url": "https://a.example/i.png", "alt_text": "An oven"},
                            {"type": "mrkdwn", "text": "by <@U1|ann>"},
                        ],
                    },
                    {
                        "type": "actions",
                        "elements": [
                            {
                                "type": "button",
                                "text": {"type": "plain_text", "text": "Open"},
                                "url": "https://b.example",
                            }
                        ],
                    },
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {"type": "text", "text": "See "},
                                    {"type": "link", "url": "https://c.example", "text": "this"},
                                    {"type": "emoji", "name": "bread"},
                                    {"type": "broadcast", "range": "here"},
                                ],
                            },
                            {
                                "type": "rich_text_list",
                                "elements": [
                                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}
                                ],
                            },
                        ],
                    },
                    None,
                    {"type": "of tomorrow"},
                ],
            },
            {},
            [
                "Oven 1\nHot look https://a.example\nGrade\n300\nAn oven · by @ann\nOpen https://b.example\n"
                "See this https://c.example:bread:@here\n• one"
            ],
        ),
        (
            {
                "text": None,
                "blocks": None,
                "attachments": [
                    {
                        "pretext": "New",
                        "title": "Order 7",
                        "title_link": "https://shop.example/7",
                        "text": "Two `loaves`",
                        "fields": [{"title": "Price", "value": "7", "short": True}, {"title": None, "value": None}],
                        "footer": None,
                        "ts": 7,
                    },
                    {"fallback": "only this"},
                    None,
                ],
            },
            {},
            ["New\nOrder 7 https://shop.example/7\nTwo loaves\nPrice: 7\n\nonly this"],
        ),
    ],
    "alertmanager": [
        (
            group(HOT, COLD),
            {},
            [
                "[FIRING:1] OvenHot (page)\n• oven=1: OvenHot is bad\nhttps://prometheus.example/graph?g0.expr=oven",
                "[RESOLVED:1] OvenHot (page)\n• oven=2: OvenHot is bad\nhttps://prometheus.example/graph?g0.expr=oven",
            ],
        ),
        (
            group(*(alert("OvenHot", "firing", str(n), oven=str(n)) for n in range(12)))
            | {"externalURL": "https://am.example"},
            {},
            [
                "[FIRING:12] OvenHot (page)\n"
                + "\n".join(f"• oven={n}: OvenHot is bad" for n in range(10))
                + "\nand 2 more\nhttps://prometheus.example/graph?g0.expr=oven"
            ],
        ),
        ({"version": "4", "alerts": [{"status": "firing"}]}, {}, ["[FIRING:1] Alert"]),
    ],
    "grafana": [
        (
            group(HOT | {"values": {"A": 301.5, "B": None}, "panelURL": "https://g.example/d/1?viewPanel=2"})
            | {"orgId": 1, "version": "1", "title": "x", "message": "**Firing**\n…"},
            {},
            ["[FIRING:1] OvenHot (page)\n• oven=1: OvenHot is bad · A=301.5\nhttps://g.example/d/1?viewPanel=2"],
        ),
        (
            group(HOT) | {"orgId": 1, "message": "Open the door"},
            {},
            [
                "[FIRING:1] OvenHot (page)\nOpen the door\n• oven=1: OvenHot is bad\n"
                "https://prometheus.example/graph?g0.expr=oven"
            ],
        ),
        (
            {
                "title": "[Alerting] Oven",
                "ruleId": 3,
                "ruleName": "Oven",
                "ruleUrl": "https://g.example/a",
                "state": "alerting",
                "message": "Hot",
                "evalMatches": [{"metric": "grade", "value": 300, "tags": None}],
            },
            {},
            ["[FIRING] Oven\nHot\n• grade: 300\nhttps://g.example/a"],
        ),
        ({"ruleName": "Oven", "ruleId": 3, "state": "ok"}, {}, ["[RESOLVED] Oven"]),
    ],
    "github": [
        (*github("ping", zen="Keep it warm."), ["[acme/bakery] GitHub is connected\n“Keep it warm.”"]),
        (
            *github(
                "push",
                ref="refs/heads/main",
                after="1" * 40,
                commits=[COMMIT] * 7,
                compare="https://git.example/c",
                pusher={"name": "ann"},
            ),
            [
                "[acme/bakery] ann pushed 7 commits to main\n"
                + "• Bake longer (bob)\n" * 5
                + "and 2 more\nhttps://git.example/c"
            ],
        ),
        (*github("push", ref="refs/tags/v1", deleted=True), ["[acme/bakery] ann deleted tag v1"]),
        (
            *github("issues", action="opened", issue=ISSUE),
            ["[acme/bakery] ann opened issue #5 No flour\nNone left\nhttps://git.example/acme/bakery/issues/5"],
        ),
        (
            *github("issues", action="labeled", issue=ISSUE, label={"name": "urgent"}),
            ["[acme/bakery] ann labeled issue #5 No flour: urgent\nhttps://git.example/acme/bakery/issues/5"],
        ),
        (
            *github(
                "issue_comment", action="created", issue=ISSUE | {"pull_request": {}}, comment={"body": "Buy @bob"}
            ),
            [
                "[acme/bakery] ann commented on pull request #5 No flour\nBuy @bob\n"
                "https://git.example/acme/bakery/issues/5"
            ],
        ),
        (
            *github("pull_request", action="opened", pull_request=PULL),
            [
                "[acme/bakery] ann opened pull request #7 Rye\nrye → main\nRye bread\n"
                "https://git.example/acme/bakery/pull/7"
            ],
        ),
        (
            *github("pull_request", action="closed", pull_request=PULL),
            ["[acme/bakery] ann merged pull request #7 Rye\nhttps://git.example/acme/bakery/pull/7"],
        ),
        (
            *github(
                "pull_request_review",
                action="submitted",
                pull_request=PULL,
                review={"state": "changes_requested", "body": "Less salt"},
            ),
            [
                "[acme/bakery] ann asked for changes in pull request #7 Rye\nLess salt\n"
                "https://git.example/acme/bakery/pull/7"
            ],
        ),
        (
            *github("workflow_run", action="completed", workflow_run=RUN),
            ["[acme/bakery] Workflow tests: failure on main\nBake longer · abcdef0\nhttps://git.example/run/1"],
        ),
        (*github("star", action="created"), ["[acme/bakery] ann starred it"]),
        (
            *github("sponsorship", action="tier_changed"),
            ["[acme/bakery] ann: sponsorship tier changed\nhttps://git.example/acme/bakery"],
        ),
        ({}, {"x-github-event": "meta"}, ["[GitHub] somebody: meta"]),
    ],
    "gitlab": [
        (
            *gitlab("push", ref="refs/heads/main", before="0", after="1", commits=[COMMIT], total_commits_count=1),
            ["[acme/bakery] Ann pushed 1 commit to main\n• Bake longer (Bob)\nhttps://lab.example/acme/bakery"],
        ),
        (
            *gitlab(
                "issue",
                object_attributes={
                    "iid": 5,
                    "title": "No flour",
                    "action": "open",
                    "description": "None\nleft",
                    "url": "https://lab.example/5",
                },
            ),
            ["[acme/bakery] Ann opened issue #5 No flour\nNone left\nhttps://lab.example/5"],
        ),
        (
            *gitlab("merge_request", object_attributes={"iid": 7, "title": "Rye", "action": "merge"}),
            ["[acme/bakery] Ann merged merge request !7 Rye"],
        ),
        (
            *gitlab("note", object_attributes={"note": "Buy some"}, issue={"iid": 5, "title": "No flour"}),
            ["[acme/bakery] Ann commented on issue #5 No flour\nBuy some"],
        ),
        (
            *gitlab(
                "pipeline",
                object_attributes={"id": 31, "status": "failed", "ref": "main"},
                builds=[{"name": "bake", "status": "failed"}, {"name": "eat", "status": "skipped"}],
            ),
            [
                "[acme/bakery] Pipeline #31: failed on main\nfailed: bake\n"
                "https://lab.example/acme/bakery/-/pipelines/31"
            ],
        ),
        (
            *gitlab("feature_flag", object_attributes={"action": "on"}),
            ["[acme/bakery] Ann: feature flag on\nhttps://lab.example/acme/bakery"],
        ),
    ],
    "standardwebhooks": [
        (
            {
                "type": "order.paid",
                "timestamp": "2026-12-01T00:00:00Z",
                "data": {"id": "7", "description": "Two loaves"},
            },
            {"webhook-id": "msg_1"},
            ["order.paid\nTwo loaves"],
        ),
    ],
    "generic": [
        (
            {"event": "paid", "title": "Order 7", "message": "Two loaves", "url": "https://shop.example/7"},
            {},
            ["paid: Order 7\nTwo loaves\nhttps://shop.example/7"],
        ),
        ({"a": {"b": [1, {"c": True}]}, "d": None}, {}, ["a.b.0: 1\na.b.1.c: true"]),
        ([{"incident": {"name": "Oven hot", "status": "open"}}], {}, ["Oven hot"]),
    ],
}


def read(name: str, body: Any, headers: dict[str, str], mapping: str = "") -> Read:
    return formats.FORMATS[name].read(Incoming(body, headers, mapping))


def test_each_format_says_what_its_payloads_say_and_knows_them():
    said = {
        name: [[one.text for one in read(name, body, headers).said] for body, headers, _ in some]
        for name, some in SAID.items()
    }
    guessed = {
        name: {formats.of(formats.AUTO, Incoming(body, headers)) for body, headers, _ in some}
        for name, some in SAID.items()
    }

    assert SAID.keys() == formats.FORMATS.keys()
    assert said == {name: [texts for *_, texts in some] for name, some in SAID.items()}
    assert guessed == {name: {name} for name in SAID}


def test_what_is_about_the_same_is_told_by_the_same_words_and_its_end_is_known():
    def about(name: str, n: int) -> list[tuple[tuple[str, ...], bool]]:
        body, headers, _ = SAID[name][n]
        return [(one.about, one.ends) for one in read(name, body, headers).said]

    assert about("alertmanager", 0) == [(("alert f1",), False), (("alert f2",), True)]
    assert about("grafana", 2) == [(("rule 3",), False)]
    assert about("grafana", 3) == [(("rule 3",), True)]
    assert about("github", 3) == about("github", 5) == [(("acme/bakery #5",), False)]
    assert about("gitlab", 1) == about("gitlab", 3) == [(("acme/bakery #5",), False)]
    ids = [read("alertmanager", group(one), {}).id for one in (HOT, copy.deepcopy(HOT), HOT | {"status": "resolved"})]
    assert ids[0] == ids[1] != ids[2]
    assert read("github", *github("ping")).id == "d-ping"


WRONG = (None, 7, -1.5e300, True, "", "x" * 3000, "\0\ud800 @ann <!here>", [], [[]], {}, {"text": {"a": [None]}})


WRONG = (None, 7, -1.5e300, True, "", "x" * 3000, "\0\ud800 @ann <!here>", [], [[]], {}, {"text": {"a": [None]}})


def changed(value: Any) -> Iterator[Any]:
    """The payload with each of its parts replaced by what should not be there."""
    yield from WRONG
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            for other in changed(value[key]):
                whole = copy.copy(value)
                whole[key] = other
                yield whole


def test_no_format_fails_whatever_stands_in_a_payload():
    tried = 0
    for name, some in SAID.items():
        for body, headers, _ in some:
            for other in changed(body):
                tried += 1
                try:
                    said = read(name, other, headers).said
                    assert all(isinstance(one.text, str) and one.text.strip() for one in said), (name, other)
                    formats.of(formats.AUTO, Incoming(other, {}))
                except Invalid as error:
                    assert error.field == "payload", (name, other)
    assert tried > 5000


@pytest.mark.parametrize("name", SAID)
def test_what_is_huge_or_deep_takes_no_time(name: str):
    deep: Any = "x"
    for _ in range(400):
        deep = (
            {"text": deep, "elements": [deep], "type": "rich_text_list"}
            if isinstance(deep, str)
            else {"elements": [deep]}
        )
    noise = ["<" * 50_000, "*" * 50_000, "`" * 50_000, "<http" * 10_000, "*a" * 25_000, "{{" * 25_000, "\n" * 50_000]
    for one in (*noise, *[[{"text": text, "title": text}] * 500 for text in noise], deep):
        body = dict.fromkeys(("text", "blocks", "attachments", "alerts", "commits", "message", "issue", "title"), one)
        with suppress(Invalid):
            read(name, body | {"ref": noise[0], "object_kind": "push"}, {"x-github-event": "push"})


def test_a_mapping_says_where_the_text_is_and_what_it_is_about():
    def said(body: Any, **mapping: str) -> Any:
        found = read("generic", body, {}, json.dumps(mapping))
        return [(one.text, one.link, one.about, one.ends) for one in found.said], found.id

    order = {
        "order": {"id": 7, "items": [{"name": "rye"}, {"name": "oat"}], "state": "Paid"},
        "at": "https://s.example",
    }
    text = "{{order.items.*.name}} ({{ order.items.0.name }}, {{order.none}}): {{order.state}}"

    assert said(order, text=text, link="at", about="order.id", id="order.id", ends="order.state = paid | gone") == (
        [("rye, oat (rye, ): Paid\nhttps://s.example", "https://s.example", ("7",), True)],
        "7",
    )
    assert said(order, text="order.state", only="order.state = gone") == ([], "")
    assert said([order], text="0.order.state") == ([("Paid", "", (), False)], "")
    with pytest.raises(Invalid, match=r"no text where the mapping looks for it: order\.none"):
        said(order, text="order.none")
    for wrong in ("{", "[]", '{"link": "x"}', '{"text": "x", "to": "y"}', '{"text": 7}', '{"text": "x", "ends": "y"}'):
        with pytest.raises(Invalid) as raised:
            formats.check_mapping(wrong)
        assert raised.value.field == "mapping"


def test_slacks_markup_becomes_plain_text_and_names_nobody():
    said = {
        "*bold* _it_ ~no~ `x*y*z`": "bold it no x*y*z",
        "2*3*4 snake_case_name ~5 ~": "2*3*4 snake_case_name ~5 ~",
        "<!channel> <!here|here> <!everyone>": "@channel @here @everyone",
        "<@U0123|ann> <@U0123> <#C1|ops> <!subteam^S1|@crew>": "@ann @U0123 #ops @crew",
        "<https://a.example> <https://a.example|a.example> <https://a.example|A b>": (
            "https://a.example https://a.example A b https://a.example"
        ),
        "<mailto:a@b.example|a@b.example> <!date^1^{date}|Monday>": "a@b.example Monday",
        "1 &lt; 2 &amp;&amp; &amp;lt; <not a link> <javascript:alert(1)|x>": (
            "1 < 2 && &lt; <not a link> <javascript:alert(1)|x>"
        ),
        "```\nlet *a* = 1\n```": "let *a* = 1",
    }

    assert {text: plain(text) for text in said} == said
