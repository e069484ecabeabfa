"""Standard Webhooks (https://www.standardwebhooks.com): signed, each delivery with an id of its own.

What is in one is nobody's standard: it is read as generic.py reads it, with the hook's mapping or without.
"""

from . import generic
from .incoming import Incoming, Read


def fits(incoming: Incoming) -> bool:
    return "webhook-id" in incoming.headers


def read(incoming: Incoming) -> Read:
    """Raises Invalid."""
    return generic.read(incoming)
