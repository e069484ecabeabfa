"""A session of requests with a seventh of its CPU time, which the tests of HTTP spend most of theirs in.

It is for a server on this machine: no proxies, no TLS, no compression, no streams. What else a request asks for, a file
for one, is left to requests itself.
"""

import contextlib
import json as jsons
import re
import select
import socket
from dataclasses import dataclass
from email.message import Message
from typing import Any, BinaryIO
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import MockRequest, MockResponse, get_cookie_header
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

# What prepare_url() would leave as it is.
PLAIN = re.compile(r"http://[\w.:]+/[\w/@:=&?,+-]*", re.ASCII)
OWN = {"params", "data", "json", "headers", "timeout", "allow_redirects"}
REDIRECTS = 30


@dataclass(slots=True)
class Asked:
    method: str
    url: str
    headers: dict[str, Any]  # names in small letters
    body: bytes | None


class Answer(requests.Response):
    def __init__(self, asked: Asked, status: int, reason: str, headers: list[tuple[str, str]], content: bytes) -> None:
        self.request, self.url, self.history = asked, asked.url, []  # pyright: ignore[reportAttributeAccessIssue]
        self.status_code, self.reason = status, reason
        self.headers = CaseInsensitiveDict()
        for name, value in headers:
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        self.encoding = get_encoding_from_headers(self.headers)
        self._content, self._content_consumed, self.raw = content, True, None
        self.cookies_set = [value for name, value in headers if name.lower() == "set-cookie"]


class Connection:
    def __init__(self, host: str, timeout_s: float | None) -> None:
        name, _, port = host.partition(":")
        self.socket = socket.create_connection((name, int(port or 80)), timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming: BinaryIO = self.socket.makefile("rb")
        self.ended = select.poll()
        self.ended.register(self.socket, select.POLLIN)

    def ask(self, asked: Asked, host: str, timeout_s: float | None) -> tuple[Answer, bool]:
        """The answer, and whether the connection can be used again."""
        self.socket.settimeout(timeout_s)
        asked.headers.setdefault("host", host)
        lines = [f"{asked.method} /{asked.url.split('#')[0].split('/', 3)[3]} HTTP/1.1\r\n".encode()]
        for name, value in asked.headers.items():
            encoded = value if isinstance(value, bytes) else value.encode("latin-1")
            lines.append(b"%b: %b\r\n" % (name.encode(), encoded))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it had read all
            self.socket.sendall(b"".join(lines) + b"\r\n" + (asked.body or b""))
        status, reason, headers = self._head()
        found = {name.lower(): value for name, value in headers}
        is_open = found.get("connection", "").lower() != "close"
        if asked.method == "HEAD" or status in (204, 304):
            content = b""
        elif found.get("transfer-encoding") == "chunked":
            content = self._chunks()
        elif "content-length" in found:
            content = self._exactly(int(found["content-length"]))
        else:
            content, is_open = self.incoming.read(), False
        return Answer(asked, status, reason, headers, content), is_open

    def _line(self) -> str:
        line = self.incoming.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the server has ended the connection")
        return line.rstrip(b"\r\n").decode("latin-1")

    def _head(self) -> tuple[int, str, list[tuple[str, str]]]:
        status = 100
        while status < 200:
            _, code, *reason = self._line().split(" ", 2)
            status = int(code)
            headers = list[tuple[str, str]]()
            while line := self._line():
                name, _, value = line.partition(":")
                headers.append((name, value.strip()))
        return status, "".join(reason), headers  # pyright: ignore[reportPossiblyUnboundVariable]

    def _exactly(self, length: int) -> bytes:
        content = self.incoming.read(length)
        if len(content) < length:
            raise ConnectionError(f"the server has ended the connection after {len(content)} of {length} bytes")
        return content

    def _chunks(self) -> bytes:
        chunks = list[bytes]()
        while length := int(self._line().split(";")[0], 16):
            chunks.append(self._exactly(length))
            self._line()
        while self._line():
            pass
        return b"".join(chunks)


class Session(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # to look for proxies in the environment takes a third of a request's time
        del self.headers["Accept-Encoding"]
        self._idle: dict[str, list[Connection]] = {}

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # pyright: ignore[reportIncompatibleMethodOverride]
        data, headers = options.get("data"), options.get("headers") or {}
        if (
            options.keys() - OWN
            or not url.startswith("http://")
            or not isinstance(data, str | bytes | dict | list | tuple | None)
            or any(name.lower() == "accept-encoding" for name in headers)
            or type(self.adapters["http://"]) is not HTTPAdapter  # a test's own
        ):
            return super().request(method, url, **options)
        asked = self._asked(method, url, options.get("params"), data, options.get("json"), headers)
        history = list[requests.Response]()
        while True:
            answer = self._send(asked, options.get("timeout"))
            answer.history = history[:]
            if not options.get("allow_redirects", True) or not answer.is_redirect:
                return answer
            history.append(answer)
            if len(history) > REDIRECTS:
                raise requests.TooManyRedirects(response=answer)
            asked = _redirected(asked, answer)

    def close(self) -> None:
        super().close()
        self._idle.clear()

    def _asked(self, method: str, url: str, params: Any, data: Any, json: Any, headers: Any) -> Asked:
        sent = dict(self.headers.lower_items()) | {name.lower(): value for name, value in headers.items()}
        body, kind = data or None, None
        if not data and json is not None:
            body, kind = jsons.dumps(json, allow_nan=False), "application/json"
        elif isinstance(data, dict | list | tuple) and data:
            body, kind = _encoded(data), "application/x-www-form-urlencoded"
        body = body.encode() if isinstance(body, str) else body
        if kind:
            sent.setdefault("content-type", kind)
        if body or method not in ("GET", "HEAD"):
            sent.setdefault("content-length", str(len(body or b"")))
        sent = {name: value for name, value in sent.items() if value is not None}
        return Asked(method, _address(url, params), sent, body)

    def _send(self, asked: Asked, timeout_s: float | None) -> Answer:
        if self.cookies and "cookie" not in asked.headers and (cookie := get_cookie_header(self.cookies, asked)):
            asked.headers["cookie"] = cookie
        host = asked.url.split("/", 3)[2]
        idle = self._idle.setdefault(host, [])
        try:
            connection = None
            while idle and not connection:
                connection = idle.pop()
                connection = None if connection.ended.poll(0) else connection
            connection = connection or Connection(host, timeout_s)
            answer, is_open = connection.ask(asked, host, timeout_s)
        except TimeoutError as error:
            raise requests.ReadTimeout(f"{asked.method} {asked.url}: {error}") from error
        except OSError as error:
            raise requests.ConnectionError(f"{asked.method} {asked.url}: {error}") from error
        if is_open:
            idle.append(connection)
        if answer.cookies_set:
            message = Message()
            for value in answer.cookies_set:
                message["Set-Cookie"] = value
            self.cookies.extract_cookies(MockResponse(message), MockRequest(asked))  # pyright: ignore[reportArgumentType]
        return answer


def _encoded(values: Any) -> str:
    return requests.PreparedRequest._encode_params(values)  # pyright: ignore


def _address(url: str, params: Any) -> str:
    if not PLAIN.fullmatch(url):
        prepared = requests.PreparedRequest()
        prepared.prepare_url(url, params)
        return prepared.url or url
    query = _encoded(params) if params else ""
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _redirected(asked: Asked, answer: Answer) -> Asked:
    """What is asked after a redirect, as browsers do."""
    url = _address(urljoin(asked.url, answer.headers["Location"]), None)
    headers = {name: value for name, value in asked.headers.items() if name not in ("cookie", "host")}
    if url.split("/", 3)[2] != asked.url.split("/", 3)[2]:
        headers.pop("authorization", None)
    if answer.status_code in (307, 308) or asked.method == "HEAD":
        return Asked(asked.method, url, headers, asked.body)
    headers = {name: value for name, value in headers.items() if name not in ("content-type", "content-length")}
    return Asked(
        "GET" if asked.method == "POST" or answer.status_code in (302, 303) else asked.method, url, headers, None
    )
