"""An organisation that may be used from certain networks only: refused elsewhere, on API, pages and streams."""

from collections.abc import Iterator

import pytest
from client import Person, Server, eventually
from visitor import Visitor
from walls import organisation
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.slow
ORG = "/api/chirrup/v1/org"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> Iterator[Server]:
    """Its proxy, which is this machine, says where a request comes from."""
    with Server(tmp_path_factory.mktemp("networks") / "data", env=engines) as town:
        yield town


def test_from_elsewhere_nothing_is_answered_and_open_streams_close(town: Server):
    acme = organisation(town)
    boss, ann = acme.admin(), acme.person()
    for wrong in (["nonsense"], ["192.0.2.0/33"], [f"10.0.{n}.0/24" for n in range(101)]):
        assert boss.patch(ORG, ip_ranges=wrong).status_code == 422
    refused = boss.patch(ORG, ip_ranges=["192.0.2.0/24"])
    assert (refused.status_code, refused.json()["details"]["ip_ranges"][0]["error"]) == (422, "locks_out")
    assert "127.0.0.1" in refused.json()["error"] or "::1" in refused.json()["error"]
    assert boss.patch(ORG, ip_ranges=["127.0.0.7/8", "::1", "127.0.0.0/8"]).json()["ip_ranges"] == [
        "127.0.0.0/8",
        "::1/128",
    ]
    assert boss.get("/api/v1/timelines/home").ok
    address = f"ws://{acme.url.removeprefix('http://')}/api/v1/streaming?stream=user&access_token={ann.token}"

    with connect(address) as stream:
        assert boss.patch(ORG, ip_ranges=["192.0.2.0/24"], lock_me_out=True).ok
        for who, path in ((ann, "/api/v1/timelines/home"), (acme.anyone(), "/api/v2/instance"), (boss, ORG)):
            answer = who.get(path)
            assert (answer.status_code, "certain networks" in answer.json()["error"]) == (403, True), path
        page = Visitor(acme.url).get("/login")
        assert (page.status_code, "certain networks" in page.text) == (403, True)
        with pytest.raises(ConnectionClosed):
            stream.recv(timeout=5)
    with pytest.raises(InvalidStatus):
        connect(address)
    assert acme.anyone().get("/health/live").ok
    assert Person(town, "").get("/api/v2/instance").ok, "others are not concerned"

    host = acme.url.removeprefix("http://")
    town.command("org", "networks", "--host", host)
    eventually(lambda: ann.get("/api/v1/timelines/home").ok, within_s=3)

    with connect(address) as stream:
        town.command("org", "networks", "192.0.2.0/24", "--host", host)
        with pytest.raises(ConnectionClosed):
            stream.recv(timeout=5)
    town.command("org", "networks", "--host", host)
    public = f"ws://{host}/api/v1/streaming?stream=public"
    eventually(lambda: ann.get("/api/v1/timelines/home").ok, within_s=3)
    with connect(public) as stream:
        town.command("org", "close", "acme")
        with pytest.raises(ConnectionClosed):
            stream.recv(timeout=5)
