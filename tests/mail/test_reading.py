"""What is read in a mail: what its sender said, and which files belong to it."""

import base64
import struct
import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from chirrup.errors import Invalid
from chirrup.mail.reading import html, mime, quotes
from chirrup.mail.reading.mail import Letter, read

# ruff: noqa: E501 (mails as they are)

# What mail programs send when somebody answers. program -> (the text, what was said in it)
ANSWERS = {
    "gmail": (
        "At six.\n\nOn Tue, Dec 1, 2026 at 10:00 AM Ann Smith <r-abc@town.example>\nwrote:\n\n> When is bread?\n",
        "At six.",
    ),
    "gmail de": (
        "Um sechs.\n\nAm Di., 1. Dez. 2026 um 10:00 Uhr schrieb Ann <r@town.example>:\n\n> Wann?\n",
        "Um sechs.",
    ),
    "gmail fr": ("À six.\n\nLe mar. 1 déc. 2026 à 10:00, Ann <r@town.example> a écrit :\n\n> Quand ?\n", "À six."),
    "gmail es": (
        "A las seis.\n\nEl mar, 1 dic 2026 a las 10:00, Ann (<r@town.example>) escribió:\n\n> ¿Cuándo?\n",
        "A las seis.",
    ),
    "gmail nl": ("Om zes.\n\nOp di 1 dec 2026 om 10:00 schreef Ann <r@town.example>:\n\n> Wanneer?\n", "Om zes."),
    "outlook desktop": (
        "At six.\n\nFrom: Ann <r@town.example>\nSent: Tuesday, December 1, 2026 10:00 AM\nTo: Bob\nSubject: Bread\n\nWhen?\n",
        "At six.",
    ),
    "outlook desktop de": (
        "Um sechs.\n\nVon: Ann <r@town.example>\nGesendet: Dienstag, 1. Dezember 2026 10:00\nAn: Bob\nBetreff: Brot\n\nWann?",
        "Um sechs.",
    ),
    "outlook web fr": (
        "À six.\n________________________________\nDe : Ann <r@town.example>\nEnvoyé : mardi 1 décembre 2026 10:00\n"
        "À : Bob\nObjet : Pain\n\nQuand ?",
        "À six.",
    ),
    "outlook mobile": (
        "At six.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Ann <r@town.example>\n"
        "Sent: Tuesday, December 1, 2026 10:00:00 AM\nTo: Bob <bob@acme.example>\nSubject: Bread\n\nWhen?",
        "At six.",
    ),
    "apple mail": ("At six.\n\n> On 1. Dec 2026, at 10:00, Ann <r@town.example> wrote:\n> \n> When?\n", "At six."),
    "apple mail de": ("Um sechs.\n\nAm 01.12.2026 um 10:00 schrieb Ann <r@town.example>:\n\n> Wann?", "Um sechs."),
    "iphone": (
        "At six.\n\nSent from my iPhone\n\n> On Dec 1, 2026, at 10:00, Ann <r@town.example> wrote:\n> \n> ﻿When?",
        "At six.",
    ),
    "iphone de": (
        "Um sechs.\n\nVon meinem iPhone gesendet\n\n> Am 01.12.2026 um 10:00 schrieb Ann:\n> \n> Wann?",
        "Um sechs.",
    ),
    "thunderbird": ("On 01/12/2026 10:00, Ann wrote:\n> When is bread?\n\nAt six.\n\n-- \nBob\nACME", "At six."),
    "thunderbird de": ("Am 01.12.26 um 10:00 schrieb Ann:\n> Wann?\n\nUm sechs.\n", "Um sechs."),
    "k-9": ("At six.\n-- \nSent from my Android device with K-9 Mail. Please excuse my brevity.", "At six."),
    "k-9 quoting": ("At six.\n\nAm 1. Dezember 2026 10:00:00 MEZ schrieb Ann <r@town.example>:\n>Wann?\n>", "At six."),
    "android": (
        "At six.\n\nSent from my Android phone using TouchDown (www.example)\n\nAnn <r@town.example> wrote:\n\n>When?\n",
        "At six.",
    ),
    "mutt": ("On Tue, Dec 01, 2026 at 10:00:00AM +0100, Ann wrote:\n> When?\nAt six.\n\n-- \nBob", "At six."),
    "yahoo": (
        "At six.\n\n    On Tuesday, December 1, 2026 at 10:00:00 AM GMT+1, Ann <r@town.example> wrote:  \n \n When?\n  Bread.",
        "At six.",
    ),
    "yahoo old": (
        "At six.\n\n\n________________________________\n From: Ann <r@town.example>\nTo: Bob \n"
        "Sent: Tuesday, December 1, 2026 10:00 AM\nSubject: Bread\n \nWhen?",
        "At six.",
    ),
    "notes": (
        'At six.\n\n"Ann" <r@town.example> wrote on 12/01/2026 10:00:00 AM:\n\n> From: "Ann" <r@town.example>\n> When?',
        "At six.",
    ),
    "notes de": (
        "Um sechs.\n\n\n\nVon:    Ann <r@town.example>\nAn:     Bob/ACME\nDatum:  01.12.2026 10:00\nBetreff:        Brot\n\n\n\nWann?",
        "Um sechs.",
    ),
    "notes dashed": (
        "At six.\n\n-----Ann <r@town.example> wrote: -----\nTo: bob@acme.example\nFrom: Ann <r@town.example>\n"
        "Date: 12/01/2026 10:00AM\nSubject: Bread\n\nWhen?",
        "At six.",
    ),
    "protonmail": (
        "At six.\n\nSent with [Proton Mail](https://proton.example/) secure email.\n\n"
        "On Tuesday, December 1st, 2026 at 10:00, Ann <r@town.example> wrote:\n\n> When?",
        "At six.",
    ),
    "protonmail old": (
        "At six.\n\n------- Original Message -------\nOn Tuesday, December 1st, 2026 at 10:00, Ann <r@town.example> wrote:\n\n\n> When?",
        "At six.",
    ),
    "blackberry": (
        "At six.\nSent from my BlackBerry\n\n-----Original Message-----\nFrom: Ann <r@town.example>\nDate: Tue, 1 Dec 2026\n"
        "To: <bob@acme.example>\nSubject: Bread\n\nWhen?",
        "At six.",
    ),
    "blackberry 10": (
        "At six.\n\nSent from my BlackBerry 10 smartphone.\n  Original Message  \nFrom: Ann\nSent: Tuesday\nTo: Bob\nSubject: Bread\n\nWhen?",
        "At six.",
    ),
    "hotmail": (
        "At six.\n\nDate: Tue, 1 Dec 2026 10:00:00 +0100\nSubject: Bread\nFrom: r@town.example\nTo: bob@acme.example\n\n\nWhen?",
        "At six.",
    ),
    "comcast": (
        'At six.\n\n----- Original Message -----\n\nFrom: "Ann" <r@town.example>\nTo: bob@acme.example\nSent: Tuesday\nSubject: Bread\n\nWhen?',
        "At six.",
    ),
    "yandex": ('В шесть.\n\n01.12.2026, 10:00, "Ann" <r@town.example>:\n> Когда?\n', "В шесть."),
    "mail.ru": (
        "В шесть.\n\n\nВторник,  1 декабря 2026, 10:00 +04:00 от Ann <r@town.example>:\n>Когда?\n>\n",
        "В шесть.",
    ),
    "italian": (
        "Alle sei.\n\nIl giorno mar 1 dic 2026 alle ore 10:00 Ann <r@town.example> ha scritto:\n\n> Quando?",
        "Alle sei.",
    ),
    "list": (
        "At six.\n\n_______________________________________________\ntown mailing list\ntown@town.example\nhttps://town.example/list",
        "At six.",
    ),
    "farewell": ("At six.\n\nKind regards,\nBob Jones\nACME Ltd\nPhone: +44 20 1234567", "At six."),
    "farewell de": ("Um sechs.\n\nMit freundlichen Grüßen\n\nBob Jones", "Um sechs."),
}
# What looks like a quote or a signature, and is none: all of it stays.
KEPT = (
    "Thanks, I will do that.\nAnd bring bread.",
    "Thanks!\nI'll be there",
    "On Monday we met.\nHe wrote:\nthis is bad",
    "- one\n- two",
    "Warning: the press is hot.",
    "Two things:\n\n-- the oven\n-- the flour, which is out",
    "From: the baker\nwith love",
    "Sent from my desk, which is much easier than my telephone.",
    "Best regards to your mother.\nSee you on Monday.",
    "    indented\n  twice",
)


def test_what_was_said_is_found_in_the_answers_of_mail_programs():
    found = {name: quotes.said(text).text for name, (text, _) in ANSWERS.items()}

    assert found == {name: said for name, (_, said) in ANSWERS.items()}
    assert {text: quotes.said(text).text for text in KEPT} == {text: text.strip() for text in KEPT}


def test_answers_within_a_quote_are_all_there_each_below_what_it_answers():
    below = (
        "Hi Ann,\n\nOn 01/12/2026 10:00, Ann wrote:\n> Who bakes?\n\nEve does.\n\n> Who sells, and\n> until when?\n>\n"
        "\nBob, until six.\n\n> -- \n> Ann\n\n-- \nBob"
    )
    unmarked = (
        "My answers are below, in red.\n\nFrom: Ann\nSent: Tuesday\nTo: Bob\nSubject: Bread\n\nWho bakes?\nEve does."
    )
    nothing_above = "From: Ann\nSent: Tuesday\nTo: Bob\nSubject: Bread\n\nWho bakes?\nEve does."

    assert (
        quotes.said(below).text == "Hi Ann,\n\n> Who bakes?\nEve does.\n\n> Who sells, and until when?\nBob, until six."
    )
    assert "Eve does." in quotes.said(unmarked).text
    assert "Eve does." in quotes.said(nothing_above).text


def test_a_page_becomes_text_with_links_lists_and_quotes():
    page = (
        "<style>p{color:red}</style><div>Look&nbsp;at <a href='https://town.example/a?b=1&amp;c=2'>the plan</a>, "
        "<a href='https://town.example'>town.example</a>&hellip;</div><ul><li>flour<li>salt<ol><li>fine</ol></ul>"
        "<div style='display:none'>unseen</div><p>R&amp;D <b>1 &lt; 2</b></p><pre>a\n  b</pre>"
        "<div class='gmail_signature'>Bob</div><div class='gmail_quote'>On Tue, Dec 1, 2026 at 10:00 Ann &lt;r@x.example&gt; "
        "wrote:<br><blockquote class='gmail_quote'>When?</blockquote></div>"
    )

    assert quotes.said(html.text_of(page)).text == (
        "Look at the plan (https://town.example/a?b=1&c=2), town.example…\n\n- flour\n- salt\n  1. fine\n\nR&D 1 < 2\n\na\n  b"
    )
    assert (
        html.text_of("<blockquote style='margin:0 0 0 40px;border:none;padding:0'>indented</blockquote>") == "indented"
    )


def made(text: str = "", *, page: str = "", **headers: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    for name, value in ({"Subject": "Bread"} | headers).items():
        mail[name] = value
    if text or not page:
        mail.set_content(text)
    if page and text:
        mail.add_alternative(page, subtype="html")
    elif page:
        mail.set_content(page, subtype="html")
    return mail


def letter(mail: EmailMessage | bytes) -> Letter:
    return read(mime.take_apart(mail if isinstance(mail, bytes) else mail.as_bytes()))


def test_charsets_encodings_and_flowed_lines():
    def raw(charset: str, body: bytes, more: str = "") -> bytes:
        return (
            f"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain; charset={charset}{more}\r\n\r\n".encode()
            + body
        )

    assert letter(raw("utf-8", "Grüße".encode())).subject == "Grüße"
    for charset, body in {
        "utf-8": "Grüße".encode(),
        "iso-8859-1": "Grüße".encode("latin-1"),
        "us-ascii": "Grüße".encode(),  # it lies
        "x-nobody-knows": "Grüße".encode("cp1252"),
        "utf-8 ": "Grüße".encode("cp1252"),  # it lies, too
        '"windows-1252"': "Grüße".encode("cp1252"),
        "idna": b"Gr\xfc\xdfe",
    }.items():
        assert letter(raw(charset, body)).text == "Grüße", charset
    assert letter(raw("gb2312", "面包六点".encode("gb18030"))).text == "面包六点"
    assert letter(raw("iso-2022-jp", "パン".encode("iso-2022-jp"))).text == "パン"
    flowed = b"Bread is at \r\nsix, and \r\nnot at five.\r\nNew line.\r\n-- \r\nBob"
    assert letter(raw("utf-8", flowed, "; format=flowed")).text == "Bread is at six, and not at five.\nNew line."
    quoted = b"Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nsoft=\r\n line =C3=BC\r\n"
    assert letter(quoted).text == "soft line ü"


PNG = b"\x89PNG" + b"x" * 60_000


def test_files_that_were_sent_are_there_and_those_of_signatures_and_quotes_are_not():
    page = (
        "<p>Look <img src='cid:shot'></p><p>and buy.</p><img src='cid:smile'><div>-- </div><img src='cid:logo'>"
        "<blockquote type='cite'><img src='cid:theirs'></blockquote>"
    )
    mail = made("Look [cid:shot]\n\nand buy.\n\n-- \n[cid:logo]\n\n> [cid:theirs]", page=page)
    body = mail.get_body(("html",))
    assert body
    for name, data in {"shot": PNG, "smile": b"\x89PNG", "logo": PNG, "theirs": PNG}.items():
        body.add_related(data, "image", "png", cid=f"<{name}>", filename=f"{name}.png")
    mail.add_attachment(PNG, "image", "png", filename="oven.png")
    mail.add_attachment(b"%PDF", "application", "octet-stream", filename="Rechnung März.pdf")
    mail.add_attachment("hello", subtype="plain", filename="notes.txt")

    found = letter(mail)

    assert found.text == "Look\n\nand buy."
    assert [one.name for one in found.files] == ["shot.png", "oven.png", "Rechnung März.pdf", "notes.txt"]
    assert [one.is_picture for one in found.files] == [True, True, False, False]
    assert letter(made(page="<p>Hello</p>")).text == "Hello"


def test_invitations_and_winmail_files():
    event = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Bread\\, tasting\r\nDTSTART;TZID=Europe/Berlin:20261201T\r\n 100000\r\nLOCATION:Oven 2\r\nEND:VEVENT\r\n"
    mail = made("Please come.")
    mail.add_alternative(event.encode(), "text", "calendar", params={"method": "REQUEST"})
    mail.add_attachment(event.encode(), "application", "ics", filename="invite.ics")

    assert letter(mail).text == "Please come.\n\nInvitation: Bread, tasting, 2026-12-01 10:00 Europe/Berlin, Oven 2"

    def attribute(name: int, value: bytes) -> bytes:
        return struct.pack("<BHHI", 2, name, 0, len(value)) + value + b"\0\0"

    winmail = (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(0x9002, b"")
        + attribute(0x8010, b"oven.png\0")
        + attribute(0x800F, PNG)
    )
    mail = made("Look.")
    mail.add_attachment(winmail, "application", "ms-tnef", filename="winmail.dat")
    (file,) = letter(mail).files
    assert (file.name, file.kind, file.data, file.is_picture) == ("oven.png", "image/png", PNG, True)
    mail = made("Look.")
    mail.add_attachment(winmail[:40], "application", "ms-tnef", filename="winmail.dat")
    assert letter(mail).files == ()


def nested(depth: int) -> bytes:
    head = "Subject: x\r\n" + "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(depth)
    )
    return head.encode() + b"Content-Type: text/plain\r\n\r\nhello"


HOSTILE = {
    "10,000 parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nhello\r\n" * 10_000,
    "depth 100": nested(100),
    "depth 5,000": nested(5_000),
    "50 MB": b"Subject: x\r\n\r\n" + b"x" * 50 * 2**20,
    "a head without end": b"X: y\r\n" * 100_000,
    "one header": b"X: " + b"y" * 10**6,
}
SLOW = {
    "near limits": nested(11) + b"\r\n" + b"--b1x\r\n" * 500_000,
    "one line": b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b">" * 2**20,
    "brackets": b"Content-Type: text/html\r\n\r\n" + b"<" * 2**20,
    "blockquotes": b"Content-Type: text/html\r\n\r\n" + b"<blockquote>" * 80_000,
    "ampersands": b"Content-Type: text/html\r\n\r\n" + b"&" * 2**20,
    "encoded words": b"Subject: " + b"=?a?q?" * 10_000 + b"\r\n\r\nx",
    "rules": b"\r\n\r\n" + b"____________________\n" * 50_000,
    "marks and answers": b"\r\n\r\n" + b"> a\nb\n" * 100_000,
    "punycode": b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 500_000,
    "parameters": b"Content-Type: text/plain; " + b"a*0=b; " * 9_000 + b"\r\n\r\nx",
    "bad base64": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.b64encode(b"x" * 10**6)[:-3]
    + b"!",
}


def test_hostile_mails_are_refused_or_read_within_bounds():
    for name, raw in HOSTILE.items():
        begun = time.process_time()
        with pytest.raises(Invalid):
            letter(raw)
        assert time.process_time() - begun < 2, name
    for name, raw in SLOW.items():
        begun = time.process_time()
        letter(raw)
        assert time.process_time() - begun < 4, name


def test_nothing_in_a_mail_is_an_error_of_ours():
    strange = [
        b"",
        b"\r\n",
        b"\x00",
        b"Subject",
        b"Content-Type: multipart/mixed\r\n\r\nx",
        b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n',
        b"Content-Type: text/plain; charset*0*=utf-8''%E4; charset*1=x\r\n\r\nx",
        b"Content-Disposition: attachment; filename*=x'y'%ff\r\n\r\nx",
        b"Subject: =?utf-8?b?!!!?=\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n=",
        b"\xff\xfe: \xff\r\n\r\n\xff",
        b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nDTSTART:99999999T999999Z",
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b--",
    ]
    for raw in strange:
        letter(raw)
