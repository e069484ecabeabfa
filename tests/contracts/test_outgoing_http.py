"""Requests to addresses that users give: none reaches a private address, and none exceeds its limits (threats F).

Nothing here leaves this machine. A table of the test resolves names, and one port of loopback is allowed, where a peer
answers. A canary listens on another port and counts connections.
"""

import asyncio
import gzip
import ssl
import subprocess
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from chirrup.engines.outgoing.client import AT_ONCE, BYTES_MAX, GuardedHttp
from chirrup.engines.outgoing.public import is_public
from chirrup.engines.resolver.system import SystemResolver
from chirrup.errors import Refused, Unreachable

pytestmark = pytest.mark.slow

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
PUBLIC = ("93.184.215.14", 80)  # an address like any other: nothing here connects to it

SPECIAL = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254
172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1
203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ::ffff:7f00:1 ::ffff:10.0.0.1
::ffff:8.8.8.8 ::ffff:0:7f00:1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2001:10::1
2002:7f00:1::1 2002:808:808::1 3fff::1 3fff:fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%lo fec0::1 ff02::1
ff0e::1
""".split()  # noqa: SIM905 (a list of 60 lines)


class Names:
    """A resolver: each look-up of a name gets the next of its answers, and the last one from then on."""

    def __init__(self, **known: list[list[tuple[str, int]]]) -> None:
        self.known = {name.replace("_", "."): answers for name, answers in known.items()}
        self.asked: list[str] = []

    async def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        self.asked.append(host)
        answers = self.known.get(host, [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def close(self) -> None: ...


class Peer:
    """A server on loopback that answers as the test says, and records its requests."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[bytes] = []
        self.connections, self.open, self.most_open = 0, 0, 0
        self._answer = answer
        self.port = 0

    @property
    def at(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(dict(_headers(head)).get("content-length", "0"))
            self.requests.append(head + await reader.readexactly(length))
            await self._answer(head, writer)
            await writer.drain()
        self.open -= 1
        writer.close()


def _headers(head: bytes) -> list[tuple[str, str]]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]


def says(body: bytes, status: str = "200 OK", **headers: str) -> Answer:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    return answer


def leads(*places: str) -> Answer:
    """Each request is redirected to the next of places; the last one gets a page."""
    left = list(places)

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        if left:
            await says(b"elsewhere", "302 Found", Location=left.pop(0))(head, writer)
        else:
            await says(b"here")(head, writer)

    return answer


@asynccontextmanager
async def listening(answer: Answer, **options: ssl.SSLContext) -> AsyncIterator[Peer]:
    peer = Peer(answer)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, **options)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()


@pytest.fixture
async def canary() -> AsyncIterator[Peer]:
    """Nobody must ever connect to it."""
    async with listening(says(b"secret")) as peer:
        yield peer
        assert peer.connections == 0


def client(names: Names, *allowed: Peer, tls: ssl.SSLContext | None = None) -> GuardedHttp:
    """A client that may reach these peers, besides public addresses."""
    ports = {peer.port for peer in allowed}
    return GuardedHttp(
        names,
        "https://town.example",
        may_reach=lambda ip, port: is_public(ip) or (ip == "127.0.0.1" and port in ports),
        tls=tls,
    )


async def fails(kind: type[Refused | Unreachable], http: GuardedHttp, url: str, **wanted: Any) -> str:
    """The message of the error."""
    with pytest.raises(kind) as failed:
        await http.fetch(url, **wanted)
    return failed.value.message


@pytest.mark.parametrize("ip", SPECIAL)
async def test_no_special_address_is_connected_to(ip: str, canary: Peer):
    assert not is_public(ip)
    http = client(Names(rebound_example=[[(ip, canary.port)]], mixed_example=[[PUBLIC, (ip, canary.port)]]))

    literal = f"[{ip}]" if ":" in ip else ip
    for url in (f"http://{literal}/", "http://rebound.example/", "https://mixed.example/"):
        await fails(Refused, http, url)


@pytest.mark.parametrize(
    "ip", ["8.8.8.8", "93.184.215.14", "172.15.0.1", "172.32.0.1", "2606:2800:21f:cb07::1", "2a00::1"]
)
def test_other_addresses_are_public(ip: str):
    assert is_public(ip)


def test_what_is_no_address_is_not_public():
    assert not any(map(is_public, ("", "localhost", "127.1", "2130706433", "0x7f000001", "8.8.8.8:80", "8.8.8.8/32")))


@pytest.mark.parametrize(
    "url",
    [
        *("http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://127.1/", "http://127.0.1/"),
        *("http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.0.0.01/", "http://127.0.0.0x1/", "http://1.2.3.4.5/"),
        *("http://127.0.0.1./", "http://1/", "http://0/", "http://0x/", "http://256.1.1.1/", "http://example.1/"),
        *(
            "http://127。0。0。1/",
            "http://127．0．0．1/",
            "http://127｡0｡0｡1/",
            "http://①②⑦.0.0.1/",
            "http://ｌocalhost/",
        ),
        *("http://１２７.0.0.1/", "http://example。com/", "http://exam\u00adple.com/", "http://ex\u200bample.com/"),
        *(
            "http://user@example.com/",
            "http://user:pass@example.com/",
            "http://example.com@127.0.0.1/",
            "http://@a.com/",
        ),
        *("http://example.com\\@127.0.0.1/", "http:\\\\example.com/", "http://example.com\\.evil/", "\\\\example.com"),
        *("http://example.com:22/", "http://example.com:8080/", "https://example.com:6379/", "http://example.com:0/"),
        *(
            "http://example.com:99999/",
            "http://example.com:-80/",
            "http://example.com:٨٠/",
            "http://example.com:80:80/",
        ),
        *(
            "file:///etc/passwd",
            "gopher://example.com/",
            "ftp://example.com/",
            "javascript:alert(1)",
            "data:,x",
            "ws://a.b/",
        ),
        *(
            "",
            "/",
            "//example.com/",
            "example.com",
            "http:",
            "http://",
            "http:///x",
            "https://.",
            "http://..",
            "http://a..b",
        ),
        *(
            "http://[::1",
            "http://::1/",
            "http://[::1%25lo]/",
            "http://[fe80::1%lo]/",
            "http://[1.2.3.4]/",
            "http://[]/",
        ),
        *(
            "http://example.com/\r\nX: y",
            "http://example.com/\nx",
            "http://exam\tple.com/",
            "http://example.com/ x",
            " http://a.b/",
        ),
        *(
            "http://example.com/\x00",
            "http://example.com\x00.evil.com/",
            "http://example.com/\x7f",
            "http://a.b/\u202e",
        ),
        *(
            "http://127%2e0%2e0%2e1/",
            "http://%6c%6f%63alhost/",
            "http://exa_mple!.com/",
            "http://-a.com/",
            "http://a-.com/",
        ),
        *(
            f"http://{'a' * 64}.com/",
            f"http://{'a.' * 130}com/",
            f"http://example.com/{'x' * 5000}",
            "http://xn--\udc80.com/",
        ),
    ],
)
async def test_an_address_that_can_be_read_in_two_ways_is_refused_unasked(url: str, canary: Peer):
    names = Names(example_com=[[canary.at]])

    await fails(Refused, client(names, canary), url)

    assert names.asked == []


@pytest.mark.parametrize(
    ("url", "host", "line"),
    [
        ("http://Example.COM", "example.com", "GET / HTTP/1.1"),
        ("HTTP://example.com.:80/a?b=c#d", "example.com", "GET /a?b=c HTTP/1.1"),
        ("http://bücher.example/ä/%20?q=ü&x=[1]", "xn--bcher-kva.example", "GET /%C3%A4/%20?q=%C3%BC&x=[1] HTTP/1.1"),
        ("http://straße.example/", "xn--strae-oqa.example", "GET / HTTP/1.1"),
        ("http://a_b.example/?", "a_b.example", "GET / HTTP/1.1"),
        ("http://example.com:443/", "example.com:443", "GET / HTTP/1.1"),
    ],
)
async def test_a_public_address_is_asked_in_one_spelling(url: str, host: str, line: str):
    async with listening(says(b"hello", Content_Type="text/html", X_Twice="first")) as peer:
        names = Names()
        names.known[host.partition(":")[0]] = [[peer.at]]

        answer = await client(names, peer).fetch(url)

        assert (answer.status, answer.body, answer.is_whole) == (200, b"hello", True)
        assert answer.headers["content-type"] == "text/html"
        sent = peer.requests[0].decode().split("\r\n")
        assert (sent[0], dict(_headers(peer.requests[0]))["host"]) == (line, host)


async def test_it_says_who_asks_and_tells_nothing_else(monkeypatch: pytest.MonkeyPatch):
    async with listening(says(b"", Set_Cookie="a=b")) as peer, listening(says(b"")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        http = client(Names(example_com=[[peer.at]]), peer)

        for _ in range(2):
            await http.fetch("http://example.com/")

        for request in peer.requests:
            headers = dict(_headers(request))
            assert headers["user-agent"].startswith("Chirrup/")
            assert headers["user-agent"].endswith("(+https://town.example)")
            assert headers.keys().isdisjoint({"cookie", "authorization", "referer", "x-forwarded-for", "from"})
        assert (peer.connections, proxy.connections) == (2, 0)


async def test_a_host_is_resolved_once_for_a_connection_which_goes_to_what_was_checked(canary: Peer):
    """A name whose address is public when it is checked, and private a moment later."""
    async with listening(says(b"hello")) as peer:
        names = Names(rebinding_example=[[peer.at], [canary.at]])
        http = client(names, peer)

        assert (await http.fetch("http://rebinding.example/")).body == b"hello"
        assert names.asked == ["rebinding.example"]

        await fails(Refused, http, "http://rebinding.example/")


@pytest.mark.parametrize("hop", [1, 2, 3])
@pytest.mark.parametrize(
    "to", ["http://127.0.0.1/", "http://inside.example/", "http://[::ffff:127.0.0.1]/", "//0x7f.1/"]
)
async def test_redirects_are_checked_like_what_was_typed(hop: int, to: str, canary: Peer):
    async with listening(leads(*["http://example.com/next"] * (hop - 1), to)) as peer:
        names = Names(example_com=[[peer.at]], inside_example=[[canary.at]])

        await fails(Refused, client(names, peer), "http://example.com/")

        assert peer.connections == hop


@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "http://example.com:22/", "gopher://example.com/", "http://u@example.com/", "\\\\x"]
)
async def test_redirects_lead_to_no_other_scheme_or_port(to: str):
    async with listening(leads(to)) as peer:
        await fails(Refused, client(Names(example_com=[[peer.at]]), peer), "http://example.com/")

        assert peer.connections == 1


async def test_a_name_may_rebind_between_redirects_and_gains_nothing(canary: Peer):
    async with listening(leads("/again")) as peer:
        names = Names(example_com=[[peer.at], [canary.at]])

        await fails(Refused, client(names, peer), "http://example.com/")


async def test_redirects_end():
    async with listening(leads(*["/round"] * 50)) as peer:
        answer = await client(Names(example_com=[[peer.at]]), peer).fetch("http://example.com/")

        assert (answer.status, peer.connections) == (302, 4)


async def test_redirects_are_followed_to_other_hosts_without_the_headers_for_the_first():
    async with listening(leads("http://other.example/b")) as peer:
        names = Names(example_com=[[peer.at]], other_example=[[peer.at]])

        answer = await client(names, peer).fetch("http://example.com/a", headers={"X-Secret": "word"})

        assert (answer.url, answer.body) == ("http://other.example/b", b"here")
        assert ["x-secret" in dict(_headers(one)) for one in peer.requests] == [True, False]


@pytest.mark.parametrize(("method", "redirects"), [("POST", 3), ("PUT", 3), ("GET", 0)])
async def test_what_changes_something_is_not_sent_on(method: str, redirects: int):
    async with listening(leads("http://other.example/")) as peer:
        http = client(Names(example_com=[[peer.at]]), peer)

        answer = await http.fetch("http://example.com/", method=method, body=b"{}", redirects=redirects)

        assert (answer.status, answer.headers["location"]) == (302, "http://other.example/")
        assert peer.requests[0].endswith(b"\r\n\r\n{}")


async def test_a_header_cannot_bring_another():
    async with listening(says(b"")) as peer:
        http = client(Names(example_com=[[peer.at]]), peer)

        await fails(Unreachable, http, "http://example.com/", headers={"X-Event": "a\r\nX-Other: b"})

        assert peer.requests == []


async def endless_headers(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def one_huge_header(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Huge: ")
    while True:
        writer.write(b"x" * 10_000)
        await writer.drain()


async def endless_continue(_: bytes, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        await writer.drain()


async def tiny_chunks(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1;x=" + b"y" * 1000 + b"\r\nx\r\n")
        await writer.drain()


async def nonsense(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")


async def nothing(_: bytes, writer: asyncio.StreamWriter) -> None: ...


@pytest.mark.parametrize(
    "answer",
    [endless_headers, one_huge_header, endless_continue, tiny_chunks, nonsense, nothing],
    ids=lambda f: f.__name__,
)
async def test_answers_without_end_or_sense_are_given_up(answer: Answer):
    async with listening(answer) as peer:
        await fails(Unreachable, client(Names(example_com=[[peer.at]]), peer), "http://example.com/")


async def slow_headers(_: bytes, writer: asyncio.StreamWriter) -> None:
    await slowly(writer, b"HTTP/1.1 200 OK\r\nX-Slow: ")


async def slow_body(_: bytes, writer: asyncio.StreamWriter) -> None:
    await slowly(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")


async def slowly(writer: asyncio.StreamWriter, start: bytes) -> None:
    writer.write(start)
    while True:
        await asyncio.sleep(0.01)
        writer.write(b"x")
        await writer.drain()


async def silence(_: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("answer", [slow_headers, slow_body, silence], ids=lambda f: f.__name__)
async def test_all_together_it_takes_no_longer_than_it_may(answer: Answer):
    async with listening(answer) as peer:
        began_s = time.monotonic()

        said = await fails(
            Unreachable, client(Names(example_com=[[peer.at]]), peer), "http://example.com/", within_s=0.2
        )

        assert time.monotonic() - began_s < 5
        assert "within 0.2 s" in said


async def test_redirects_and_resolving_count_too():
    class Slow(Names):
        async def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
            await asyncio.sleep(60)
            return []

    assert "within" in await fails(Unreachable, client(Slow()), "http://example.com/", within_s=0.1)


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
async def test_no_more_of_a_body_is_kept_than_may_be(encoding: str):
    body = b"<html>" + b"\0" * 50_000_000 if encoding else b"<html>" + b"x" * 2_000_000
    packed = {"": body, "gzip": gzip.compress(body, 9), "deflate": zlib.compress(body, 9)}[encoding]
    async with listening(says(packed, Content_Encoding=encoding or "identity")) as peer:
        http = client(Names(example_com=[[peer.at]]), peer)

        for most in (BYTES_MAX, 100):
            answer = await http.fetch("http://example.com/", bytes_max=most)
            assert (len(answer.body), answer.is_whole) == (most, False)
            assert answer.body.startswith(b"<html>")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", " GZip "])
async def test_packed_bodies_are_unpacked(encoding: str):
    packed = zlib.compress(b"hello") if encoding == "deflate" else gzip.compress(b"hello")
    async with listening(says(packed, Content_Encoding=encoding)) as peer:
        answer = await client(Names(example_com=[[peer.at]]), peer).fetch("http://example.com/")

        assert (answer.body, answer.is_whole) == (b"hello", True)


@pytest.mark.parametrize(
    ("encoding", "packed"), [("br", b"x"), ("gzip, gzip", b"x"), ("gzip", b"no gzip"), ("deflate", b"no")]
)
async def test_what_was_packed_in_another_way_is_given_up(encoding: str, packed: bytes):
    async with listening(says(packed, Content_Encoding=encoding)) as peer:
        assert "packed" in await fails(Unreachable, client(Names(example_com=[[peer.at]]), peer), "http://example.com/")


async def test_one_address_gets_few_connections_at_a_time_and_another_is_not_held_up():
    free = asyncio.Event()

    async def when_free(head: bytes, writer: asyncio.StreamWriter) -> None:
        await free.wait()
        await says(b"late")(head, writer)

    async with AsyncExitStack() as stack:
        slow = await stack.enter_async_context(listening(when_free))
        quick = await stack.enter_async_context(listening(says(b"now")))
        names = Names(slow_example=[[slow.at]], quick_example=[[("127.0.0.2", quick.port)]])
        for n in range(20):  # one server under many names
            names.known[f"{n}.slow.example"] = [[slow.at]]
        http = GuardedHttp(names, "https://town.example", may_reach=lambda ip, port: True)
        waiting = [asyncio.ensure_future(http.fetch(f"http://{n}.slow.example/")) for n in range(20)]
        while slow.open < AT_ONCE:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

        with pytest.raises(Unreachable):  # nothing listens at that address, so it fails at once
            await http.fetch("http://quick.example/")

        free.set()
        assert {answer.body for answer in await asyncio.gather(*waiting)} == {b"late"}
        assert slow.most_open == AT_ONCE


async def test_a_host_that_is_down_under_one_address_is_asked_at_the_next():
    async with listening(says(b"hello")) as peer, listening(says(b"")) as gone:
        pass
    async with listening(says(b"hello")) as peer:
        http = client(Names(example_com=[[gone.at, peer.at]]), peer, gone)

        assert (await http.fetch("http://example.com/")).body == b"hello"

        await fails(Unreachable, client(Names(example_com=[[gone.at]]), gone), "http://example.com/")


async def test_a_certificate_must_be_for_the_host_that_was_named(tmp_path: Path):
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key -out certificate"
        " -subj /CN=example.com -addext subjectAltName=DNS:example.com"
    )
    await asyncio.to_thread(subprocess.run, command.split(), cwd=tmp_path, check=True, capture_output=True)
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    believed = ssl.create_default_context(cafile=str(tmp_path / "certificate"))
    async with listening(says(b"hello"), ssl=own) as peer:
        names = Names(example_com=[[peer.at]], other_example=[[peer.at]])

        assert (await client(names, peer, tls=believed).fetch("https://example.com/")).body == b"hello"
        await fails(Unreachable, client(names, peer, tls=believed), "https://other.example/")
        await fails(Unreachable, client(names, peer), "https://example.com/")  # its certificate is not trusted


async def test_this_machine_is_not_fetched_from_as_the_server_is_set_up(canary: Peer):
    """No query to a name server for any of these."""
    http = GuardedHttp(SystemResolver(), "https://town.example")
    for url in ("http://localhost/", "http://LOCALHOST./", "http://a.localhost/", "http://127.0.0.1/", "http://[::1]/"):
        await fails(Refused, http, url)
    await fails(Refused, http, f"http://127.0.0.1:{canary.port}/")
    http.close()
