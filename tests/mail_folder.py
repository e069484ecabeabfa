"""The mails of a test server, which lie in its folder."""

import re

from client import Server, eventually
from mail_server import read, text_of


def mails(server: Server, to: str) -> list[tuple[str, str]]:
    """(subject, text) of those to this address, oldest first."""
    files = sorted((server.data / "mail").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    found = [read(file.read_bytes()) for file in files]
    return [(mail["Subject"], text_of(mail)) for mail in found if mail["To"] == to]


def newest(server: Server, to: str, *, than: int = 0) -> tuple[str, str]:
    """The newest one, once there are more than so many."""
    return eventually(lambda: mails(server, to)[than:] and mails(server, to)[-1])


def path_in(text: str) -> str:
    """Of the link in it."""
    (path,) = re.findall(r"^https?://[^/\s]+(/(?:confirm|reset|invite)/\S+)$", text, re.MULTILINE)
    return path
