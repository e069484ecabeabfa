"""SCIM 2.0 (RFC 7643, 7644): a company's directory makes, changes and ends members and rooms.

tokens.py: what a directory authenticates with. people.py: what becomes of a user, groups.py: of a group. storage.py
and service.py: the protocol, by scim2-server, which is an extra and loaded when the first directory asks. Reasons:
docs/decisions/0068-scim.md.
"""
