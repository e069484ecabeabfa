"""Our signatures are right for others: opendkim verifies them, and no change of a mail gets through."""

import subprocess
from pathlib import Path

import pytest

from chirrup.config import Settings
from chirrup.errors import SettingsError
from chirrup.mail import dkim, message
from chirrup.mail.message import Words
from chirrup.ports import Mail

TOWN = Settings(url="https://town.example", title="Täwn")


def made(words: Words) -> Mail:
    return message.compose(message.letterhead(TOWN), "bob@example.com", words, id="x-1", now_ms=1_700_000_000_000)


def test_opendkim_believes_what_we_sign_and_nothing_that_was_changed(opendkim_path: Path, tmp_path: Path):
    key = dkim.make(Settings(data=tmp_path))
    (tmp_path / "dns").write_text(f"chirrup._domainkey.town.example {key.record}\n")
    config = tmp_path / "conf"
    config.write_text(f"Mode v\nSocket inet:0@127.0.0.1\nSyslog no\nTestDNSData file:{tmp_path / 'dns'}\n")
    plain = key.signed(
        made(Words("Bread at six", ("Hello   there \t ", "a\n\n\nb"), ("Open", "https://town.example/x")))
    ).data
    odd = key.signed(made(Words("Grüße " * 30, (" tab\t x äöü " * 90, "= .\n.\n" * 3)))).data
    mails = {
        "plain": (plain, True),
        "odd": (odd, True),
        "spaces": (plain.replace(b"Subject: ", b"Subject:   ").replace(b"Hello   there", b"Hello there"), True),
        "text": (plain.replace(b"there", b"their"), False),
        "subject": (plain.replace(b"six", b"ten", 1), False),
        "from": (plain.replace(b"\r\nFrom:", b"\r\nFrom: <eve@evil.example>\r\nFrom:"), False),
    }
    for name, (data, _) in mails.items():
        (tmp_path / name).write_bytes(data)

    said = {}
    for name in mails:
        command = [opendkim_path, "-x", str(config), "-v", "-t", str(tmp_path / name)]
        said[name] = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert {name: "succeeded" in one.stdout + one.stderr for name, one in said.items()} == {
        name: believed for name, (_, believed) in mails.items()
    }, said


def test_a_key_is_made_once_and_one_that_is_none_is_refused(tmp_path: Path):
    assert dkim.find(Settings(data=tmp_path)) is None
    record = dkim.make(Settings(data=tmp_path)).record
    assert dkim.make(Settings(data=tmp_path)).record == record
    assert "".join(dkim.strings(record)) == record
    assert max(map(len, dkim.strings(record))) <= 255

    (tmp_path / "dkim.pem").write_text("no key")
    for wrong in (Settings(data=tmp_path), Settings(dkim_key=tmp_path / "absent")):
        with pytest.raises(SettingsError):
            dkim.find(wrong)
