"""The settings of a server as a TOML file in its copy: what the server is, not where it runs."""

import json
from typing import Any

import msgspec

from ..config import Settings

NAME = "chirrup.toml"
# Where it runs and with whose help; documents are in the copy, and so is the secret.
_PLACES = ("role", "host", "port", "data", "database", "database_replica", "broker", "streaming_url", "mail", "blobs")
_PLACES += ("s3_endpoint", "s3_region", "s3_key", "s3_secret", "trusted_proxies", "metrics_port", "metrics_host")
_PLACES += ("metrics_token", "traces", "documents", "secret", "testing", "kit_page")


def text(settings: Settings) -> str:
    """Those in force that differ from the defaults; of the others, which ones were set."""
    usual = Settings()
    changed = {
        name: value for name in Settings.__struct_fields__ if (value := getattr(settings, name)) != getattr(usual, name)
    }
    lines = [f"{name} = {_value(value)}" for name, value in changed.items() if name not in _PLACES]
    lines.insert(0, "# The settings of the server that was copied: chirrup serve --config THIS-FILE")
    if places := ", ".join(name for name in changed if name in _PLACES and name != "data"):
        lines.append(f"# These were set too, and are not copied: {places}")
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """As TOML writes it: its strings, numbers and truths are those of JSON, where nothing is escaped but ASCII."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(name)} = {_value(one)}' for name, one in value.items())}}}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
