"""What stands in the log of acts, in sentences: for the page /org/audit, and for what was done to one account."""

from collections.abc import Sequence

import msgspec

from ....ports import Tx
from ....types import AuditEntry
from ...call import Call
from .places import people

DID = {  # the action of an entry, or with the kind of what it was done to -> what stands before that
    "none": "warned",
    "sensitive": "put behind a warning all pictures of",
    "silence": "limited",
    "disable": "closed the login of",
    "suspend": "suspended",
    "mark_posts_sensitive": "put behind a warning pictures in posts of",
    "delete_posts": "deleted posts of",
    "unsensitive": "shows again the pictures of",
    "unsilence": "no longer limits",
    "enable": "opened the login of",
    "unsuspend": "brought back",
    "approve": "let in",
    "reject": "turned away",
    "delete": "deleted what there was of",
    "assign": "took on",
    "unassign": "put down",
    "classify": "sorted anew",
    "resolve": "resolved",
    "reopen": "opened again",
    "approve appeal": "accepted",
    "reject appeal": "refused",
    "let in mail": "let in",
    "refuse mail": "refused",
    "add": "added",
    "change": "changed",
    "remove": "removed",
    "allow trend": "allowed among the trends",
    "refuse trend": "keeps out of the trends",
    "claim": "wants to prove",
    "prove": "proved",
    "miss": "misses the record of",
    "find again": "found again the record of",
    "lose for good": "can no longer prove",
    "change settings": "changed settings of",
    "forget trend": "took back what was decided about the trend",
    "give role": "gave a role to",
    "take role": "took the role of",
    "hand over": "is followed as owner by",
    "let search": "gave leave to search whatever was said to",
    "let search no longer": "took leave to search whatever was said from",
    "invite": "made",
    "withdraw": "withdrew",
    "join": "made a member of",
    "deactivate": "deactivated",
    "reactivate": "made a member again of",
    "make guest": "made a guest of",
    "make member": "made a member of",
    "log out": "logged out everywhere ",
    "make app password": "made an app password of",
    "end app password": "ended an app password of",
    "end session": "ended a login of",
    "end other sessions": "ended all other logins of",
    "revoke app": "shut out an app of",
    "announce closing": "announced the end of",
    "call off closing": "called off the end of",
    "export": "had all made into a file that there is of",
    "save export": "saved the file with all that there is of",
    "import": "brought here",
    "create room": "made",
    "update room": "changed",
    "close room": "closed",
    "archive room": "archived",
    "unarchive room": "opened again",
    "add room": "put somebody into",
    "remove room": "put somebody out of",
    "accept room": "let somebody into",
    "reject room": "turned somebody away from",
    "promote room": "made somebody a manager of",
    "demote room": "took a manager from",
    "search posts": "searched in whatever was said by",
    "export posts": "had a file made of whatever was said by",
    "change retention": "chose the time to keep",
    "delete old posts": "deleted",
    "join identity": "joined a login at a directory to",
    "ask about directory": "asks the owners about people who are missing in",
    "approve directory": "lets go people who are missing in",
    "refuse directory": "keeps people who are missing in",
}
KINDS = {  # of what it was done to -> what stands before its name
    "account": "@",
    "report": "the report about @",
    "hold": "the hold on ",
    "strike": "the appeal of @",
    "mail": "the mail of ",
    "domain_block": "the block of the domain ",
    "domain_allow": "the domain that may come ",
    "email_domain_block": "the block of addresses at ",
    "ip_block": "the block of the IP address ",
    "canonical_email_block": "the block of an e-mail address ",
    "tag": "#",
    "post": "a post of @",
    "link": "the page ",
    "role": "the role ",
    "organisation": "",
    "invitation": "an invitation",
    "room": "the room ",
    "scim token": "the token of the directory ",
    "domain": "the domain ",
    "posts": "",
    "retention": "",
}
NAMELESS = {"posts": "anybody", "retention": "what is old"}
PAGES = {"account": "/admin/accounts/{}", "report": "/admin/reports/{}"}


class EntryView(msgspec.Struct, frozen=True):
    by: str  # a username; "": a command
    did: str
    what: str
    words: str
    at_ms: int
    path: str  # of what it was done to; "": it has no page


def entries(tx: Tx, call: Call, found: Sequence[AuditEntry]) -> list[EntryView]:
    known = people(tx, call, {one.actor_id for one in found})
    return [
        EntryView(
            by=known[one.actor_id].username if one.actor_id in known else "",
            did=_did(one),
            what=KINDS.get(one.target_kind, f"{one.target_kind} ")
            + (one.target_name or NAMELESS.get(one.target_kind, "")),
            words=one.words,
            at_ms=one.at_ms,
            path=PAGES.get(one.target_kind, "").format(one.target_id),
        )
        for one in found
    ]


def _did(one: AuditEntry) -> str:
    """What a newer version did is told in its own words."""
    return DID.get(f"{one.action} {one.target_kind}") or DID.get(one.action, one.action)
