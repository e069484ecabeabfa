"""Single sign-on with a provider that is not ours: oidc-provider, a certified one, with its own pages and logout."""

import ctypes
import json
import subprocess
from pathlib import Path

import pytest
from client import ROOT, Server
from servers import PDEATHSIG, free_port
from visitor import Visitor, forms

pytestmark = pytest.mark.slow
FOLDER = ROOT / "tests" / "oidc_provider"
SECRET = "a secret: with signs/+"


@pytest.mark.skipif(not (FOLDER / "node_modules").is_dir(), reason="no oidc-provider here: tools/npm-packages.sh")
def test_a_person_logs_in_and_out_at_a_real_provider(tmp_path: Path):
    port, town = free_port(), Server(tmp_path / "data")
    issuer = f"http://127.0.0.1:{port}"
    settings = {"issuer": issuer, "client_id": "chirrup", "client_secret": SECRET, "roles": {"bosses": "moderator"}}
    settings["scopes"] = ["openid", "profile", "email", "groups"]
    town.env |= {"CHIRRUP_OIDC": json.dumps(settings), "CHIRRUP_IDENTITY_HOSTS": f"127.0.0.1:{port}"}
    prctl = ctypes.CDLL(None).prctl
    command = ["node", str(FOLDER / "server.mjs"), str(port), town.url, SECRET]
    node = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=lambda: prctl(PDEATHSIG, 9)
    )
    try:
        assert node.stdout and any(line.strip() == "ready" for line in node.stdout)
        with town:
            ann = Visitor(town.url)
            asked = forms(ann.get("/login/oidc?return_to=/settings"))[0]
            page = ann.session.post(asked.url, data=asked.fields | {"login": "ann", "password": "any"}, timeout=20)
            agree = forms(page)[0]
            page = ann.session.post(agree.url, data=agree.fields, timeout=20)
            assert (page.status_code, page.url) == (200, f"{town.url}/settings")
            shown = town.anyone().get("/api/v1/accounts/lookup", acct="ann").json()
            assert (shown["display_name"], [one["name"] for one in shown["roles"]]) == ("ann Abc", ["Moderator"])
            told = town.command("identity", "check")
            assert told.count("ok") >= 4 and "bad" not in told

            leave = forms(ann.session.get(f"{issuer}/session/end", timeout=20))[0]
            ann.session.post(leave.url, data=leave.fields | {"logout": "yes"}, timeout=20)
            assert not ann.is_logged_in
    finally:
        node.kill()
        node.wait()
