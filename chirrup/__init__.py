"""Chirrup: a social messaging server. Start reading at docs/tour.md."""

__version__ = "0.1.0"
