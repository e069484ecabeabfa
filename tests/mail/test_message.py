"""Composed mails: headers, text and HTML."""

from email.utils import parsedate_to_datetime

import pytest
from mail_server import read, text_of

from chirrup.access import sites
from chirrup.config import Settings
from chirrup.errors import Refused, SettingsError
from chirrup.mail.message import Words, compose, letterhead
from chirrup.types import Org

TOWN = Settings(url="https://town.example:8443", title="Town & Co <3")
HEAD = letterhead(TOWN)
LINK = f"https://town.example/confirm/{'0' * 46}"
WORDS = Words("Hello", ("One <b>paragraph</b>.", "Another."), ("Confirm", LINK), ("Bye.",))


def test_headers_say_who_writes_that_nobody_wrote_it_and_which_mail_it_is():
    mail = compose(HEAD, "ann@example.com", WORDS, id="m-12-ab", now_ms=1_800_000_000_123)

    seen = read(mail.data)
    assert (mail.id, mail.sender, mail.to) == ("m-12-ab", "no-reply@town.example", "ann@example.com")
    assert (seen["To"], seen["Subject"]) == ("ann@example.com", "Hello")
    assert str(seen["From"]) == '"Town & Co <3" <no-reply@town.example>'
    assert seen["Message-ID"] == "<m-12-ab@town.example>"
    assert parsedate_to_datetime(seen["Date"]).timestamp() == 1_800_000_000
    assert (seen["Auto-Submitted"], seen["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert all(line.endswith(b"\r") for line in mail.data.split(b"\n")[:-1])
    assert max(map(len, mail.data.split(b"\r\n"))) < 998


def test_it_is_readable_as_text_and_as_html_with_nothing_fetched():
    seen = read(compose(HEAD, "ann@example.com", WORDS, id="m", now_ms=0).data)

    assert seen.get_content_type() == "multipart/alternative"
    assert text_of(seen).split("\n\n")[:4] == ["One <b>paragraph</b>.", "Another.", f"Confirm:\n{LINK}", "Bye."]
    html = seen.get_body(("html",))
    assert html
    shown = html.get_content()
    assert "One &lt;b&gt;paragraph&lt;/b&gt;." in shown
    assert f'href="{LINK}"' in shown
    assert not any(word in shown for word in ("<img", "<script", "<style", "src=", "@import"))


def test_the_link_stands_whole_in_the_file_for_whoever_reads_it_there():
    assert LINK.encode() in compose(HEAD, "ann@example.com", WORDS, id="m", now_ms=0).data


@pytest.mark.parametrize(
    "word", ["a\r\nBcc: eve@example.com", "a\nX: y", "a\rX: y", "a\u2028X: y", "a\x00b", "a\x0bX: y", "a" * 2000]
)
def test_no_word_brings_a_header(word: str):
    settings = Settings(title=word, url="https://town.example")
    words = Words(word, (word,), None, (word,))

    seen = read(compose(letterhead(settings), "ann@example.com", words, id="m", now_ms=0).data)

    assert set(seen.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
        *("MIME-Version", "Content-Type"),
    }
    assert len(seen.keys()) == len(set(seen.keys()))
    assert seen["To"] == "ann@example.com"


@pytest.mark.parametrize("word", ["Grüße", "問い合わせ", "👪 family", "مرحبا", "café", "=?utf-8?q?a?="])
def test_every_script_arrives(word: str):
    head = letterhead(Settings(title=word, url="https://town.example"))

    mail = compose(head, "ann@example.com", Words(word, (word,)), id="m", now_ms=0)

    assert mail.data.isascii()
    assert word in text_of(read(mail.data))
    if "=?" not in word:
        assert read(mail.data)["Subject"] == word


@pytest.mark.parametrize(
    "to",
    [
        *(
            "",
            "@",
            "ann",
            "ann@",
            "@example.com",
            "ann@example.com\r\nBcc: eve@x.y",
            "ann@example.com, eve@example.com",
        ),
        *(
            "Ann <ann@example.com>",
            "a b@example.com",
            "ann@exa mple.com",
            "änn@example.com",
            "ann@\u2024",
            "ann@-ä.com",
        ),
    ],
)
def test_what_is_no_address_gets_no_mail(to: str):
    with pytest.raises(Refused):
        compose(HEAD, to, WORDS, id="m", now_ms=0)


def test_a_host_in_another_script_is_written_as_dns_has_it():
    mail = compose(HEAD, "ann@bücher.example", WORDS, id="m", now_ms=0)

    assert mail.to == read(mail.data)["To"] == "ann@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("settings", "sender"),
    [
        (Settings(url="https://town.example"), '"Chirrup" <no-reply@town.example>'),
        (Settings(), '"Chirrup" <no-reply@localhost>'),
        (Settings(url="http://[::1]:3000"), '"Chirrup" <no-reply@localhost>'),
        (Settings(mail_from="hello@town.example"), '"Chirrup" <hello@town.example>'),
        (Settings(mail_from="The Town <hello@town.example>"), '"The Town" <hello@town.example>'),
    ],
)
def test_the_sender_is_what_the_settings_say_or_this_server(settings: Settings, sender: str):
    seen = read(compose(letterhead(settings), "a@b.c", WORDS, id="m", now_ms=0).data)

    assert str(seen["From"]).replace('"', "") == sender.replace('"', "")


@pytest.mark.parametrize(
    ("mail_from", "sender"),
    [("", "Acme <no-reply@social.acme.example>"), ("The Town <hello@town.example>", "Acme <hello@town.example>")],
)
def test_an_organisation_writes_in_its_own_name_from_the_address_that_may_send(mail_from: str, sender: str):
    settings = Settings(url="https://town.example", mail_from=mail_from)
    site = sites.of_org(settings, Org(1, "acme", "Acme\r\nBcc: eve@example.com", "social.acme.example:8443", 0))

    mail = compose(letterhead(settings, site), "a@b.c", WORDS, id="m", now_ms=0)

    seen = read(mail.data)
    assert str(seen["From"]).replace('"', "") == sender.replace("Acme", "Acme Bcc: eve@example.com")
    assert seen["Bcc"] is None
    assert seen["Message-ID"] == "<m@social.acme.example>"
    assert "https://social.acme.example:8443" in text_of(seen)


@pytest.mark.parametrize("given", ["nobody", "a b", "a@b@c", "x@y\r\nBcc: z@z", "<>", "Town <>"])
def test_a_sender_that_is_no_address_is_told_to_the_operator(given: str):
    with pytest.raises(SettingsError, match="mail_from"):
        letterhead(Settings(mail_from=given))
