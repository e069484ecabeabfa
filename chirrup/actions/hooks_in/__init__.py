"""Hooks in: another program calls an address of ours, and a bot says here what it has to say.

incoming.py: what comes, and what a format makes of it. One file for each format, such as slack.py, in the table
of formats.py. receive.py says it: once, in the right thread, at the right length. manage.py: hooks are made, changed,
ended. The edge: api/hooks_in.py. For people: docs/hooks.md.
"""
