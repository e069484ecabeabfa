"""The plug for LDAP against OpenLDAP's slapd: who logs in, who is there, and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers
from ldap_server import GROUPS, PEOPLE, Slapd, certificates, dn_of, person

from chirrup.engines.directory.plugs import Plugs
from chirrup.engines.outgoing.client import GuardedHttp
from chirrup.engines.resolver.system import SystemResolver
from chirrup.errors import Refused, Unreachable
from chirrup.ports.directory import Directory
from chirrup.types.directory import Ldap

pytestmark = pytest.mark.slow
MANY = 1203  # three pages


@pytest.fixture(scope="module")
def slapd(slapd_path: Path) -> Iterator[Slapd]:
    with servers.running(Slapd) as one:
        one.stop()
        odd = person("star", "a*b", description="(|)").replace("uid=star", "uid=s*r").replace("uid: star", "uid: s*r")
        people = [person("ann", "secret", displayName="Ann Abc"), person("bob", "pass"), odd]
        one.load("\n".join([*people, *(person(f"p{n}") for n in range(MANY))]))
        one.start()
        one.add_group("bosses", "ann")
        one.add_group("all", "ann", "bob")
        yield one


def directory(slapd: Slapd, *, named: bool = True, **more: Any) -> Directory:
    resolver = SystemResolver()
    hosts = slapd.hosts if named else ()
    plugs = Plugs(GuardedHttp(resolver, "http://town.example"), resolver, hosts, lambda kept: kept)
    return plugs.directory(Ldap(**slapd.settings | more))


@pytest.mark.parametrize("way", ["ldaps", "StartTLS"])
@pytest.mark.parametrize("groups", ["memberOf", "members"])
async def test_who_logs_in(slapd: Slapd, way: str, groups: str):
    url = slapd.url if way == "ldaps" else slapd.start_tls_url
    plug = directory(slapd, url=url, groups_base=GROUPS if groups == "members" else "")

    ann = await plug.log_in("ann", "secret")

    assert ann and (ann.username, ann.name, ann.email, ann.email_verified) == (
        "ann",
        "Ann Abc",
        "ann@acme.example",
        False,
    )
    assert ann.groups and {"bosses", "all", f"cn=bosses,{GROUPS}"} <= set(ann.groups)
    assert len(ann.subject) == 36
    again = await plug.log_in("ANN", "secret")
    assert again and again.subject == ann.subject
    for name, password in (
        *(
            ("ann", "wrong"),
            ("ann", ""),
            ("nobody", "secret"),
            ("*", "secret"),
            ("a*", "secret"),
            ("ann)(uid=*", "secret"),
        ),
        *(("", "secret"), ("ann\0", "secret"), ("p1", ""), (dn_of("ann"), "secret")),
    ):
        assert await plug.log_in(name, password) is None, (name, password)
    odd = await plug.log_in("s*r", "a*b")
    assert odd and odd.username == "s*r"


async def test_everybody_or_nobody(slapd: Slapd):
    people = await directory(slapd).everybody()
    assert len({one.subject for one in people}) == MANY + 3
    bosses = await directory(slapd, filter=f"(memberOf=cn=bosses,{GROUPS})").everybody()
    assert [one.username for one in bosses] == ["ann"]
    assert await directory(slapd, filter=f"(memberOf=cn=bosses,{GROUPS})").log_in("bob", "pass") is None

    with pytest.raises(Refused, match="no description"):  # not everybody has it: then nobody can be told apart
        await directory(slapd, key="description").everybody()
    with pytest.raises(Refused, match="there is no"):
        await directory(slapd, base=f"ou=none,{PEOPLE}").everybody()
    with pytest.raises(Refused, match="does not let"):
        await directory(slapd, bind_password="wrong").everybody()


async def test_nothing_goes_to_a_server_that_is_not_the_one_meant(slapd: Slapd):
    other_ca, _, _ = certificates()
    for url in (slapd.url, slapd.start_tls_url):
        with pytest.raises(Unreachable, match="ertificate"):
            await directory(slapd, url=url, ca=other_ca).log_in("ann", "secret")
        with pytest.raises(Unreachable, match="ertificate"):
            await directory(slapd, url=url, ca="").log_in("ann", "secret")
        with pytest.raises(Refused, match="names port"):
            await directory(slapd, url=url, named=False).log_in("ann", "secret")
    with pytest.raises(Refused, match="not public"):
        await directory(slapd, url="ldaps://127.0.0.1", named=False).log_in("ann", "secret")
    with pytest.raises(Refused, match="must begin with"):
        await directory(slapd, url="ldapi://x").log_in("ann", "secret")
    with pytest.raises(Unreachable, match="no host"):
        await directory(slapd, url="ldaps://nowhere.invalid").log_in("ann", "secret")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "1206 people may come in"),
        ({"filter": "(uid=nobody)"}, "the filter finds nobody"),
        ({"filter": "(uid=ann"}, "filter"),
        ({"bind_password": "wrong"}, "does not let cn=admin"),
        ({"base": "ou=none,dc=acme,dc=example"}, "there is no ou=none"),
        ({"ca": ""}, "ertificate"),
        ({"url": "ldaps://nowhere.invalid"}, "there is no host nowhere.invalid"),
        ({"login": "description"}, "have no description"),
        ({"roles": {"bosses": "admin", "chiefs": "owner"}}, "nobody is in the group 'chiefs'"),
    ],
)
async def test_what_is_wrong_is_told_in_words(slapd: Slapd, change: dict[str, Any], words: str):
    found = await directory(slapd, **change).check()

    (one,) = [finding for finding in found if words in finding.what]
    assert bool(one.to_do) == bool(change)
    assert sum(bool(finding.to_do) for finding in found) == bool(change)


async def test_a_directory_that_is_away(slapd: Slapd):
    slapd.stop()
    try:
        with pytest.raises(Unreachable):
            await directory(slapd).log_in("ann", "secret")
        assert (await directory(slapd).check())[0].to_do
    finally:
        slapd.start()
