"""Errors have a stable rule, a field and parameters. Each edge has its own words for them."""

import ast
from pathlib import Path

import pytest

from chirrup.errors import Invalid, InvalidFields, InvalidSignUp, NotAllowed, NotFound, not_among, too_long
from chirrup.mastodon import problems as mastodon
from chirrup.social.composing import MentionsUnexpected
from chirrup.web import problems as pages
from chirrup.wording import ENGLISH

CHIRRUP = Path(__file__).parents[1] / "chirrup"
WITHOUT_WORDS = ["errors.py", "store", "access", "social", "timelines", "http"]  # of any API


def files(parts: list[str]) -> list[Path]:
    return [
        one for part in parts for one in ([CHIRRUP / part] if part.endswith(".py") else CHIRRUP.glob(f"{part}/*.py"))
    ]


@pytest.mark.parametrize("words", ["Validation failed", "ERR_", "Record not found", "reblog"])
def test_the_product_does_not_speak_as_one_api(words: str):
    assert [one.name for one in files(WITHOUT_WORDS) if words in one.read_text()] == []


def test_what_is_refused_has_a_rule_and_a_sentence():
    """That sentences can be said in other languages: test_words.py."""
    nodes = (node for one in CHIRRUP.rglob("*.py") for node in ast.walk(ast.parse(one.read_text())))
    calls = [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Invalid"]

    written = [call for call in calls if len(call.args) > 2 and isinstance(call.args[1], ast.Constant)]
    assert len(written) > 50
    for call in written:
        assert str(call.args[1].value).replace("_", "").isalpha(), ast.unparse(call)


SAID = [
    (too_long("text", 500, 612), "text must have at most 500 characters, has 612"),
    (not_among("order", ["new", "active"], "{old}"), "order must be one of new, active; got '{old}'"),
    (Invalid("poll", "ended", "The poll has already ended"), "The poll has already ended"),
    (Invalid("tag", "invalid", "is no hashtag"), "Tag is invalid"),
    (Invalid("file", "x", "has {braces} in a text that was sent"), "file has {braces} in a text that was sent"),
    (InvalidFields([Invalid("a", "x", "is b"), Invalid("c", "y", "is d")]), "a is b, c is d"),
]


@pytest.mark.parametrize(("error", "words"), SAID, ids=lambda one: str(one))
def test_mastodon_s_words_for_a_field(error: Invalid, words: str):
    assert mastodon.words(error, ENGLISH)["error"] == f"Validation failed: {words}"


def test_mastodon_s_words_for_the_rest():
    assert mastodon.words(NotFound("post", 1), ENGLISH) == {"error": "Record not found"}
    assert mastodon.words(NotAllowed(), ENGLISH) == {"error": "This action is not allowed"}
    assert mastodon.message(NotAllowed("an account cannot follow itself"), ENGLISH).endswith(
        "allowed: an account cannot follow itself"
    )
    assert mastodon.words(MentionsUnexpected([7]), ENGLISH) == {
        "error": "Unexpected accounts mentioned",
        "unexpected_accounts": [{"id": "7"}],
    }
    both = InvalidSignUp([Invalid("a", "blank", "can't be blank"), Invalid("a", "odd", "is odd")])
    assert mastodon.words(both, ENGLISH)["details"] == {
        "a": [
            {"error": "ERR_BLANK", "description": "can't be blank"},
            {"error": "ERR_INVALID", "description": "is odd"},
        ]
    }


def test_the_pages_say_the_same_with_the_names_that_people_see():
    assert pages.said(too_long("text", 500, 612)) == "Your text must have at most 500 characters, has 612."
    assert pages.said(Invalid("poll", "ended", "The poll has already ended")) == "The poll has already ended."
    assert pages.said(NotAllowed("an account cannot follow itself")) == "An account cannot follow itself."


def test_the_same_may_be_wrong_with_another_field():
    error = too_long("file", 500, 612).of("picture2")

    assert (error.field, error.rule, error.params) == ("picture2", "too_long", {"most": 500, "has": 612})
    assert error.message == "picture2 must have at most 500 characters, has 612"
