"""What a hook would say of a payload: to try a format or a mapping on what came."""

import json
from urllib.parse import parse_qsl

from ...errors import Invalid
from ...types import HookIn, HookPayload
from . import formats
from .incoming import Incoming


def attempt(
    hook: HookIn, kept: HookPayload | None, given: str, format: str | None, mapping: str | None
) -> tuple[str, list[str]]:
    """(format, the texts of posts). format, mapping: None: the hook's. Raises Invalid."""
    if kept and not kept.body:
        raise Invalid("payload", "too_large", "was too large to be kept whole")
    headers = kept.heads if kept else {}
    incoming = Incoming(_decoded(kept.body if kept else given), headers, hook.mapping if mapping is None else mapping)
    name = formats.of(formats.check(format or hook.format), incoming)
    return name, [one.text for one in formats.FORMATS[name].read(incoming).said]


def _decoded(text: str) -> object:
    """As api/hooks_in.py reads a body: JSON, a form with JSON in `payload`, or a text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        fields = dict(parse_qsl(text, max_num_fields=1000)) if "=" in text else {}
    if "payload" in fields:
        return _decoded_json(fields["payload"])
    return fields or {"text": text}


def _decoded_json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("payload", "not_json", "is not JSON") from error
