"""`chirrup mail test`, and `chirrup doctor` on mail: an operator sees whether mails arrive, and why not."""

import os
import re
import subprocess
from pathlib import Path

import forkserver
import pytest
from dns_server import dns_server
from mail_server import mail_server, read, text_of
from servers import free_port

pytestmark = pytest.mark.slow


def chirrup(data: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    own = {"CHIRRUP_DATA": str(data), "CHIRRUP_URL": "https://town.example", "CHIRRUP_TRUSTED_PROXIES": "127.0.0.1"}
    return forkserver.run(*words, env=os.environ | own | env)


def test_without_a_mail_server_mails_lie_in_a_folder_and_doctor_says_so(tmp_path: Path):
    data = tmp_path / "data"
    done = chirrup(data, "mail", "test", "ann@example.com")

    assert done.returncode == 0, done.stderr
    (file,) = (data / "mail").iterdir()
    assert file.name in done.stdout.replace("\n", "")
    mail = read(file.read_bytes())
    assert (mail["To"], mail["From"]) == ("ann@example.com", "Chirrup <no-reply@town.example>")
    assert "https://town.example can send you mail" in text_of(mail)
    assert [one.stat().st_mode & 0o077 for one in (data, data / "mail", file)] == [0, 0, 0]

    said = chirrup(data, "doctor").stdout
    assert "mails lie in" in said
    assert "CHIRRUP_MAIL=smtp://" in said


def test_with_a_mail_server_the_mail_is_there_and_doctor_has_asked_it(tmp_path: Path):
    with mail_server() as server:
        env = {"CHIRRUP_MAIL": f"smtp://127.0.0.1:{server.port}", "CHIRRUP_MAIL_FROM": "Town <hello@town.example>"}
        done = chirrup(tmp_path / "data", "mail", "test", "ann@example.com", **env)
        assert (done.returncode, server.envelopes) == (0, [("hello@town.example", ["ann@example.com"])]), done.stderr
        assert server.mails[0]["From"] == "Town <hello@town.example>"
        assert not (tmp_path / "data" / "mail").exists()

        said = chirrup(tmp_path / "data", "doctor", **env).stdout
        assert f"mails go to 127.0.0.1:{server.port}, which answers" in said
        assert "hello@town.example" in said

        server.recipient_answer = "550 no such user"
        refused = chirrup(tmp_path / "data", "mail", "test", "eve@example.com", **env)
        assert (refused.returncode, "no such user (550)" in " ".join(refused.stderr.split())) == (1, True)


def test_mails_are_signed_with_a_key_that_a_command_makes_and_doctor_looks_for_it_in_dns(tmp_path: Path):
    data = tmp_path / "data"
    with mail_server() as server, dns_server() as dns:
        dns.say()
        env = {"CHIRRUP_MAIL": f"smtp://127.0.0.1:{server.port}", "CHIRRUP_DNS": dns.address}
        said = chirrup(data, "mail", "dkim", **env).stdout
        record = re.sub(r'" "', "", re.search(r'chirrup._domainkey.town.example. TXT "(.*)"', said)[1])  # pyright: ignore
        assert (data / "dkim.pem").stat().st_mode & 0o077 == 0
        again = chirrup(data, "mail", "dkim", **env).stdout  # the same key
        assert record[-60:] in again.replace("\n", "")

        assert "but DNS has no key" in " ".join(chirrup(data, "doctor", **env).stdout.split())
        dns.say(**{"chirrup._domainkey.town.example": ",".join((record[:255], record[255:]))})
        assert "and DNS has the key" in " ".join(chirrup(data, "doctor", **env).stdout.split())

        done = chirrup(data, "mail", "test", "ann@example.com", **env)
        assert [line[:2] for line in done.stdout.splitlines()][:4] == ["1.", "2.", "3.", "4."], done.stderr
        assert server.raw[0].startswith(b"DKIM-Signature: v=1;")


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"CHIRRUP_MAIL": "http://mail.example"}, "mail must be smtp://"),
        ({"CHIRRUP_MAIL_FROM": "nobody"}, "mail_from must be an address"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(env: dict[str, str], said: str, tmp_path: Path):
    done = chirrup(tmp_path / "data", "mail", "test", "ann@example.com", **env)

    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_mail_server_that_is_away_is_bad(tmp_path: Path):
    done = chirrup(tmp_path / "data", "doctor", CHIRRUP_MAIL=f"smtp://127.0.0.1:{free_port()}")

    assert done.returncode == 1
    assert "took no mail" in " ".join(done.stdout.split())
