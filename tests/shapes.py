"""Checks answers against their documented types (mastodon/entities.py): every key is known, none is missing."""

from typing import Any

import msgspec
import requests


def decode(answer: requests.Response, kind: Any) -> Any:
    """The decoded body, which must match kind exactly. Use `list[Account]` for lists."""
    assert answer.ok, f"{answer.status_code} {answer.text}"
    made = msgspec.json.decode(answer.content, type=kind)
    again = msgspec.json.decode(msgspec.json.encode(made))
    assert again == answer.json()
    return made
