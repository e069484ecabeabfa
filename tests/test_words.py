"""Sentences for people: what the code says, what the catalogues have of it, and who is answered in which language."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from string import Formatter

import pytest

from chirrup import wording
from chirrup.access.limits import TOO_MANY
from chirrup.errors import Invalid, NotAllowed, NotFound, OAuthError, TooMany, not_among, too_long
from chirrup.mastodon import problems as mastodon
from chirrup.web import problems as pages
from chirrup.wording import ENGLISH, Counted
from chirrup.wording.wanted import wanted

_spec = importlib.util.spec_from_file_location("words", Path(__file__).parent.parent / "tools" / "words.py")
assert _spec and _spec.loader
words = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(words)

CATALOGUES = sorted(words.CATALOGUES.glob("*.po"))
GERMAN = wording.of("de")

each_catalogue = pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)


def said(one) -> list[tuple[str, str]]:
    """(English, translation) of a message: two of them for a Counted."""
    return list(zip(one.id, one.string, strict=True)) if one.pluralizable else [(one.id, one.string)]


def messages(file: Path) -> list:
    return [one for one in words.read(file) if one.id]


@each_catalogue
def test_a_catalogue_has_the_sentences_of_the_code_and_no_others(file: Path):
    catalogue = words.updated(words.read(file), words.template())

    assert file.read_bytes() == words.as_po(catalogue), "take them in with: make words"
    assert file.with_suffix(".mo").read_bytes() == words.as_mo(catalogue), "compile it with: make words"


@each_catalogue
def test_every_sentence_is_translated(file: Path):
    assert len(messages(file)) > 350
    assert words.lacking(words.read(file)) == []


@each_catalogue
def test_a_translation_has_the_parameters_and_the_beginning_of_its_sentence(file: Path):
    """A small letter goes on from the field's name; a capital is a sentence of its own."""
    for one in messages(file):
        for english, translation in said(one):
            assert names_in(translation) == names_in(english), english
            if not one.context and english[0].isalpha():
                assert translation[0].isupper() == english[0].isupper(), english
                assert translation.endswith(".") == english.endswith("."), english


def names_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_every_error_has_a_sentence_that_can_be_looked_up():
    """So it is written as a whole where it is raised, or marked with N_(); what differs is put in."""
    unclear = [one for one in words.found() if isinstance(one, words.Unclear)]

    assert {(one.place, one.code) for one in unclear} == {
        ("chirrup/access/passwords.py", "Invalid(field, 'weak', problem)"),  # marked in weak.py
        ("chirrup/engines/database/sqlite.py", "Unavailable(self.trouble)"),  # one that was raised before
        ("chirrup/errors.py", "Invalid(field, self.rule, self.template, **self.params)"),
        ("chirrup/http/health.py", "Unavailable(trouble)"),  # to operators, as the one below
        ("chirrup/mastodon/instance.py", "Unavailable(problem)"),
        ("chirrup/stream/websocket.py", "BadRequest(sentence, **params)"),  # marked in http/unfit.py
    }


SAID = [
    (too_long("text", 500, 512), "Ungültige Eingabe: Text darf höchstens 500 Zeichen haben, hat aber 512"),
    (too_long("text", 5000, 12345), "Ungültige Eingabe: Text darf höchstens 5.000 Zeichen haben, hat aber 12.345"),
    (
        not_among("order", ["new", "active"], "{old}"),
        "Ungültige Eingabe: Reihenfolge muss eins von diesen sein: new, active; angegeben ist '{old}'",
    ),
    (Invalid("poll", "ended", "The poll has already ended"), "Ungültige Eingabe: Die Umfrage ist schon zu Ende"),
    (Invalid("tag", "invalid", "is no hashtag"), "Ungültige Eingabe: Der Hashtag ist ungültig"),
    (Invalid("scheduled_at", "unreadable", "must be a time"), "Ungültige Angabe"),
    (NotFound("post", 1), "Nicht gefunden"),
    (NotAllowed(), "Das ist nicht erlaubt"),
    (NotAllowed("an account cannot follow itself"), "Das ist nicht erlaubt: ein Konto kann sich nicht selbst folgen"),
    (
        NotAllowed("{most} accounts have a role already", most=7),
        "Das ist nicht erlaubt: 7 Konten haben schon eine Rolle",
    ),
]


@pytest.mark.parametrize(("error", "sentence"), SAID, ids=lambda one: str(one)[:40])
def test_an_error_in_german(error, sentence: str):
    assert mastodon.message(error, GERMAN) == sentence


def test_the_pages_have_names_of_their_own_for_fields():
    assert pages.said(too_long("text", 500, 512), GERMAN) == "Dein Text darf höchstens 500 Zeichen haben, hat aber 512."
    assert pages.said(too_long("description1", 9, 10), GERMAN).startswith(
        "Die Beschreibung von Bild 2 darf höchstens 9"
    )
    assert pages.said(too_long("description1", 9, 10)).startswith("The description of picture 2 must have at most 9")
    assert pages.of(NotFound(), GERMAN).title == "Hier ist nichts"
    assert pages.of(Invalid("title", "blank", "can't be blank"), GERMAN).fields == {"title": "Darf nicht leer sein"}


@pytest.mark.parametrize(("wait_s", "time"), [(1, "1 second|1 Sekunde"), (90, "90 seconds|90 Sekunden")])
def test_one_is_said_in_another_way_than_many(wait_s: int, time: str):
    english, german = time.split("|")
    error = TooMany(TOO_MANY, wait_s, wait_s=wait_s)

    assert error.message == mastodon.message(error, ENGLISH) == f"Too many tries: come back in {english}"
    assert mastodon.message(error, GERMAN) == f"Zu viele Versuche: komm in {german} wieder"


def test_numbers_have_the_signs_of_the_language():
    params = {"a": 1234567, "b": 0.5, "c": "1.5"}

    assert ENGLISH.say("{a:,} {b} {c}", params) == "1,234,567 0.5 1.5"
    assert GERMAN.say("{a:,} {b} {c}", params) == "1.234.567 0,5 1.5"


def test_what_programs_read_is_the_same_in_every_language():
    error = OAuthError("invalid_client")

    assert mastodon.words(error, GERMAN) == mastodon.words(error, ENGLISH)
    assert all(text.isascii() for text in mastodon.words(error, GERMAN).values())


def test_a_sentence_without_a_translation_is_said_in_english():
    assert GERMAN.say("{n} was not translated", {"n": 1}) == "1 was not translated"
    assert GERMAN.say(Counted("{n} dog", "{n} dogs", by="n"), {"n": 1}) == "1 dog"
    assert GERMAN.field("unheard_of") == "unheard_of"
    assert GERMAN.say("") == ""


@pytest.mark.parametrize(
    ("named", "accepted", "spoken", "code"),
    [
        (None, "", (), "en"),
        ("de", "", (), "de"),
        ("de", "en", ("en",), "de"),
        ("DE_at", "", (), "de"),
        ("de-AT-1901", "", (), "de"),
        ("en", "de", (), "en"),
        ("xx", "de", (), "de"),  # not here: what the header says counts
        ("", "de", (), "de"),
        (["de"], "", (), "en"),
        ({"de": 1}, "", (), "en"),
        (None, "de", (), "de"),
        (None, "de-DE,de;q=0.9,en;q=0.8", (), "de"),
        (None, "en-US,en;q=0.9,de;q=0.8", (), "en"),
        (None, "en;q=0.5, DE-ch ; Q=0.9", (), "de"),
        (None, "de;q=0.5, en;q=0.5", (), "de"),  # equal: the first
        (None, "fr, de;q=0.1", (), "de"),
        (None, "fr", (), "en"),
        (None, "fr", ("de",), "de"),
        (None, "de;q=0", (), "en"),
        (None, "de;q=0.0000", (), "en"),  # more digits than RFC 9110 knows
        (None, "de;q=2, en;q=0.1", (), "en"),
        (None, "de;q=nan", (), "en"),
        (None, "de;level=1", (), "en"),
        (None, "*", (), "en"),
        (None, "*", ("de", "en"), "de"),
        (None, "en, *;q=0.1", ("de",), "en"),
        (None, "", ("fr", "de", "en"), "de"),
        (None, ",;,;q=1,=;", (), "en"),
        (None, "../../etc/passwd, de\0, ドイツ", (), "en"),
    ],
)
def test_the_language_is_what_was_named_else_accepted_else_spoken_here(named, accepted: str, spoken, code: str):
    assert wanted(named, accepted, spoken).code == code


@pytest.mark.parametrize(
    "part", ["en;q=0.1,", "a-", "a_", ",", ";", ";q=", "=", "q=0.", "de,", "x" * 50 + ",", "0", " "]
)
def test_a_hostile_header_costs_little(part: str):
    header = part * (60_000 // len(part))

    before = time.process_time()
    wanted(header, header)

    assert time.process_time() - before < 0.02


def test_a_catalogue_is_read_when_somebody_asks_for_its_language():
    code = (
        "from chirrup import wording; from chirrup.wording.wanted import wanted;"
        "wanted(None, 'en-GB,en'); print(wording.of.cache_info().currsize);"
        "wanted('de', ''); print(wording.of.cache_info().currsize)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["1", "2"]
