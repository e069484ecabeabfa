"""Every kind of job, and how it is done: its handler, its tries, its limits. Who enqueues it says store/jobs.py."""

from .jobs import Kind

KINDS: dict[str, Kind] = {}
