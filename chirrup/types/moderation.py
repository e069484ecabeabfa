"""What staff are told, and what they decide."""

import msgspec

from ..ids import ms_of
from .lists import json_ints


class Report(msgspec.Struct, frozen=True):
    """An account told staff of another. Columns of `reports`."""

    id: int
    org_id: int
    account_id: int  # who reports
    target_id: int
    category: str  # of social/reports.CATEGORIES
    comment: str
    post_ids: str  # JSON list: of the target's, that who reports could see
    rule_ids: str  # JSON list of ids of the site's rules; some may be gone by now
    assigned_id: int  # who of the staff takes care of it; 0: nobody yet
    resolved_ms: int
    resolved_by_id: int
    changed_ms: int
    collection_ids: str = "[]"  # JSON list: of the target's, as posts

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)

    @property
    def posts(self) -> list[int]:
        return json_ints(self.post_ids)

    @property
    def collections(self) -> list[int]:
        return json_ints(self.collection_ids)

    @property
    def rules(self) -> list[int]:
        return json_ints(self.rule_ids)


class Ban(msgspec.Struct, frozen=True):
    """Somebody or something that an organisation keeps out. Columns of `bans`."""

    id: int
    org_id: int
    kind: str  # of social/bans.Kind
    subject: str  # a domain, a network, a hash: in its one spelling
    details: str  # JSON, by kind
    expires_ms: int  # 0: never

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)


class Strike(msgspec.Struct, frozen=True):
    """What staff decided about an account, as its owner is told. Columns of `strikes`."""

    id: int
    org_id: int
    target_id: int
    actor_id: int
    action: str
    words: str  # to the owner
    report_id: int  # that it follows from; 0: none
    post_ids: str  # JSON list: the posts it is about
    appeal: str  # what the owner says against it
    appeal_state: str  # "" (there is none), "pending", "approved", "rejected"
    appealed_ms: int
    decided_by_id: int
    decided_ms: int

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)

    @property
    def posts(self) -> list[int]:
        return json_ints(self.post_ids)
