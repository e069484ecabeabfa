"""Behind a web server: which address counts, and the warnings if the proxy is not trusted."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from client import ROOT, Server, eventually

pytestmark = pytest.mark.slow

TOLD = "a proxy that is not trusted"


def doctor(tmp_path: Path, **settings: str) -> tuple[int, str]:
    env = {f"CHIRRUP_{name}": value for name, value in settings.items()} | {"COLUMNS": "400"}
    done = subprocess.run(
        [sys.executable, "-m", "chirrup", "doctor", "--data", str(tmp_path / "data")],
        env=Server(tmp_path / "data", env=env).env,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


def test_the_doctor_fails_where_an_https_address_has_no_trusted_proxy(tmp_path: Path):
    status, said = doctor(tmp_path, URL="https://town.example")

    assert status == 1
    assert "CHIRRUP_TRUSTED_PROXIES" in said
    assert "docs/operate/proxy.md" in said


@pytest.mark.parametrize(
    "settings",
    [{"URL": "https://town.example", "TRUSTED_PROXIES": "127.0.0.1"}, {"URL": "http://127.0.0.1:3000"}],
)
def test_the_doctor_is_content_otherwise(tmp_path: Path, settings: dict[str, str]):
    status, said = doctor(tmp_path, **settings)

    assert status == 0, said
    assert "TRUSTED_PROXIES" not in said


def test_the_server_says_it_at_its_start_and_when_such_a_proxy_comes_once(tmp_path: Path):
    with Server(tmp_path / "data", env={"CHIRRUP_URL": "https://town.example"}) as server:
        assert "CHIRRUP_TRUSTED_PROXIES does not name it" in server.log()
        assert TOLD not in server.log()

        for n in range(3):
            assert requests.get(f"{server.url}/about", headers={"X-Forwarded-For": f"10.0.0.{n}"}).ok

        assert eventually(lambda: server.log().count(TOLD)) == 1
        assert "CHIRRUP_TRUSTED_PROXIES=127.0.0.1" in server.log()


def test_a_trusted_proxy_is_nothing_to_speak_of_and_its_clients_have_limits_of_their_own(tmp_path: Path):
    env = {
        "CHIRRUP_URL": "https://town.example",
        "CHIRRUP_TRUSTED_PROXIES": "127.0.0.1",
        "CHIRRUP_TESTING": "",
        "CHIRRUP_REQUESTS_PER_5_MIN": "10",
    }
    with Server(tmp_path / "data", env=env) as server:

        def seen(address: str) -> int:
            return requests.get(f"{server.url}/about", headers={"X-Forwarded-For": address}).status_code

        assert [seen("10.0.0.1") for _ in range(11)] == [200] * 10 + [429]
        assert seen("10.0.0.1, 10.0.0.2") == 200  # the last is the proxy's own word
        assert seen("10.0.0.2, 10.0.0.1") == 429
        assert "TRUSTED_PROXIES" not in server.log()
