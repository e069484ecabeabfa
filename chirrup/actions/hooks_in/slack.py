"""What Slack's incoming webhooks take, which is what most programs can send: a text, blocks, attachments.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks,
https://docs.slack.dev/reference/block-kit/blocks, https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

import json
from collections.abc import Iterator
from typing import Any

from ...errors import Invalid
from ...wording import N_
from .incoming import TEXT_CHARS_MAX, Incoming, Read, Said, at, items, joined, line, url, words
from .mrkdwn import labelled, plain, unescaped

DEPTH_MAX = 6  # of rich text in rich text
PARTS_MAX = 20  # blocks, attachments, fields, elements that are looked at


_KEYS = {
    *(
        "text",
        "blocks",
        "attachments",
        "channel",
        "username",
        "icon_emoji",
        "icon_url",
        "mrkdwn",
        "link_names",
        "parse",
    ),
    *("unfurl_links", "unfurl_media", "thread_ts", "reply_broadcast", "response_type", "as_user", "metadata"),
}


def fits(incoming: Incoming) -> bool:
    """A text among nothing but what Slack knows, or blocks or attachments."""
    body = incoming.body
    if not isinstance(body, dict):
        return False
    parts = any(isinstance(at(body, name), list) for name in ("blocks", "attachments"))
    return parts or (bool(words(body, "text")) and body.keys() <= _KEYS)


def read(incoming: Incoming) -> Read:
    """Raises Invalid: there are no words in it."""
    body = incoming.body
    parts = [_blocks(at(body, "blocks")) or _text(body), *map(_attachment, _list(at(body, "attachments")))]
    said = joined(*parts, by="\n\n")
    if not said:
        why = N_("must have a text: in `text`, in `blocks` or in `attachments`")
        raise Invalid("payload", "no_text", why)
    return Read(
        (Said(said, link=_link(body)),),
        id=incoming.headers.get("idempotency-key", ""),
        places=_named(body, "channel"),
        names=_named(body, "username"),
    )


def _named(body: Any, key: str) -> tuple[str, ...]:
    name = line(body, key)
    return (name,) if name else ()


def _text(value: Any) -> str:
    return plain(words(value, "text")) if at(value, "mrkdwn") is not False else unescaped(words(value, "text"))


def _link(body: Any) -> str:
    """The first address that an attachment's title leads to."""
    return next(filter(None, (url(one, "title_link") for one in _list(at(body, "attachments")))), "")


def _list(value: Any) -> list[Any]:
    """A list; in a form it may be JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    return items([value], 0, most=PARTS_MAX)


def _attachment(one: Any) -> str:
    if not isinstance(one, dict):
        return plain(words([one], 0))
    title = plain(line(one, "title"))
    said = joined(
        plain(words(one, "pretext")),
        plain(line(one, "author_name")),
        labelled(title, url(one, "title_link")) if url(one, "title_link") else title,
        _text(one),
        *map(_field, items(one, "fields", most=PARTS_MAX)),
        _blocks(at(one, "blocks")),
        *(_button(action) for action in items(one, "actions", most=PARTS_MAX)),
        plain(line(one, "footer")),
    )
    return said or plain(words(one, "fallback"))


def _field(one: Any) -> str:
    return joined(plain(line(one, "title")), plain(words(one, "value")), by=": ")


def _button(one: Any) -> str:
    return labelled(_said(at(one, "text")), url(one, "url")) if url(one, "url") else ""


def _blocks(value: Any) -> str:
    return joined(*map(_block, _list(value)))


def _block(one: Any) -> str:
    kind = words(one, "type")
    if kind == "rich_text":
        return "\n".join(_rich(at(one, "elements"), DEPTH_MAX))
    if kind == "image":
        return joined(_said(at(one, "title")), words(one, "alt_text"), by=": ")
    if kind == "video":
        title = _said(at(one, "title"))
        return joined(labelled(title, url(one, "title_url")) if url(one, "title_url") else title, _said_of(one))
    said = [_said(at(one, "text")), *(_said(field) for field in items(one, "fields", most=PARTS_MAX))]
    elements = [_element(element) for element in items(one, "elements", most=PARTS_MAX)]
    return joined(*said, _element(at(one, "accessory")), joined(*elements, by=" · "))


def _said_of(one: Any) -> str:
    return _said(at(one, "description"))


def _element(one: Any) -> str:
    """A button with an address, a picture's description, words beside pictures."""
    kind = words(one, "type")
    if kind == "image":
        return words(one, "alt_text")
    if kind in ("mrkdwn", "plain_text"):
        return _said(one)
    return _button(one)


def _said(one: Any) -> str:
    """A text object, or a plain text where one should be."""
    if isinstance(one, str):
        return plain(words([one], 0))
    return words(one, "text") if words(one, "type") == "plain_text" else plain(words(one, "text"))


def _rich(elements: Any, depth: int) -> Iterator[str]:
    """The lines of rich text."""
    for one in _list(elements) if depth else []:
        kind = words(one, "type")
        if kind == "rich_text_list":
            yield from (f"• {item}" for item in _rich(at(one, "elements"), depth - 1))
        elif kind in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
            text = "".join(map(_piece, _list(at(one, "elements")))).strip()
            yield f"> {text}" if kind == "rich_text_quote" and text else text
        elif piece := _piece(one):
            yield piece


def _piece(one: Any) -> str:
    kind = words(one, "type")
    if kind == "link":
        return labelled(words(one, "text"), url(one, "url"))
    if kind == "emoji":
        return f":{line(one, 'name')}:"
    if kind == "user":
        return f"@{line(one, 'user_id')}"
    if kind == "broadcast":
        return f"@{line(one, 'range')}"
    if kind == "usergroup":
        return f"@{line(one, 'usergroup_id')}"
    if kind == "channel":
        return f"#{line(one, 'channel_id')}"
    if kind == "date":
        return line(one, "fallback")
    found = at(one, "text")
    return found[:TEXT_CHARS_MAX] if isinstance(found, str) else ""
