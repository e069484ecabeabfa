"""Copies of a server on SQLite: made while it runs (make.py), checked, and put back (restore.py)."""
