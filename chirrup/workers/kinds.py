"""Every kind of job, and how it is done: its handler, its tries, its limits. Who enqueues it says store/jobs.py."""

from ..store import jobs
from . import reactions, subscribers
from .jobs import Kind

KINDS: dict[str, Kind] = {
    jobs.REACTION: Kind(
        subscribers.react_again, pauses_s=(2, 8, 30), payload=reactions.Again, at_once=8, longest_s=300
    ),
}
