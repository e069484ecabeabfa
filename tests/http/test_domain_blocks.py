"""The domains that a user blocks: kept and told; the user's own is refused."""

import pytest
import shapes

from chirrup.mastodon.profile_entities import DomainBlockPreview

PATH = "/api/v1/domain_blocks"


def test_a_domain_is_blocked_once_however_it_is_written(server, ann, bob):
    for domain in ("Town.example", " town.example ", "town.EXAMPLE.", "bücher.example", "xn--bcher-kva.example"):
        assert ann.post(PATH, domain=domain).json() == {}
    assert ann.call("POST", PATH, data={"domain": "elsewhere.example:8080"}).json() == {}

    listed = ["elsewhere.example:8080", "xn--bcher-kva.example", "town.example"]
    first = ann.get(PATH, limit=2)
    assert first.json() == listed[:2]
    assert ann.get(first.links["next"]["url"]).json() == listed[2:]
    assert bob.get(PATH).json() == []

    assert ann.delete(f"{PATH}?domain=TOWN.example").json() == {}
    for _ in range(2):
        assert ann.delete(PATH, domain="elsewhere.example:8080").json() == {}
    assert ann.get(PATH).json() == listed[1:2]


def test_nobody_of_this_server_is_at_a_blocked_domain(ann, bob):
    ann.follow(bob)
    assert ann.post(PATH, domain="town.example").ok

    relation = ann.get("/api/v1/accounts/relationships", **{"id[]": bob.id}).json()[0]
    assert (relation["following"], relation["domain_blocking"]) == (True, False)
    lost = shapes.decode(ann.get(f"{PATH}/preview", domain="town.example"), DomainBlockPreview)
    assert (lost.following_count, lost.followers_count) == (0, 0)


@pytest.mark.parametrize(
    ("domain", "told"),
    [
        ("", "can't be blank"),
        ("two words", "Domain is not a valid domain name"),
        ("https://town.example", "Domain is not a valid domain name"),
        ("-a.example", "Domain is not a valid domain name"),
        ("a..b", "Domain is not a valid domain name"),
        ("ü" * 5000, "at most 253"),
    ],
)
def test_what_is_no_domain_is_refused(ann, domain: str, told: str):
    for method, path in (("POST", PATH), ("DELETE", PATH), ("GET", f"{PATH}/preview")):
        refused = ann.call(method, path, json={"domain": domain})
        assert refused.status_code == 422
        assert told in refused.json()["error"]


def test_the_own_domain_is_not_blocked(server, ann):
    host = server.url.removeprefix("http://")
    for domain in (host, host.split(":")[0]):
        refused = ann.post(PATH, domain=domain)
        assert refused.status_code == 422
        assert "the one you are on" in refused.json()["error"]
    assert ann.get(PATH).json() == []
