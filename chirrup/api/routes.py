"""The table of Chirrup's own API, /api/chirrup/v1: what Mastodon's has no words for. Each section's lines are below its
handlers, as in mastodon/routes.py; drafts and strikes are there, because they answer with Mastodon's entities.
"""

from ..http.route import Route
from . import (
    acks,
    app_passwords,
    approvals,
    closing,
    compliance,
    domains,
    exports,
    held_mails,
    hooks,
    hooks_out,
    identity,
    invites,
    mail,
    members,
    org,
    roles,
    rooms,
    rules,
    scim_tokens,
)

SECTIONS = (
    *(org, domains, members, roles, invites, app_passwords, compliance, exports, closing, rooms, identity, hooks),
    *(hooks_out, mail, held_mails, acks, approvals, rules, scim_tokens),
)
ROUTES: list[Route] = [route for section in SECTIONS for route in section.ROUTES]
