"""What an organisation announces to all its people, and what they do with it."""

import msgspec

from ..times import DAY_MS


class Announcement(msgspec.Struct, frozen=True):
    """Columns of `announcements`."""

    id: int
    org_id: int
    text: str
    starts_ms: int  # when what it is about begins; 0: it says nothing of that
    ends_ms: int  # and ends: from then on it is not shown any more; 0: until somebody ends it
    all_day: int  # 1: both are days, the last one included
    due_ms: int  # when it is to be published, if that was not at once
    published_ms: int  # 0: not yet
    changed_ms: int

    @property
    def over_ms(self) -> int:
        """From then on it is not shown; 0: never."""
        return self.ends_ms and self.ends_ms + (DAY_MS if self.all_day else 0)

    def is_shown(self, now_ms: int) -> bool:
        return bool(self.published_ms) and not 0 < self.over_ms <= now_ms


class AnnouncementReactions(msgspec.Struct, frozen=True):
    """Who reacted to an announcement with one emoji, counted. Columns of `announcement_counts`."""

    announcement_id: int
    name: str  # an emoji of Unicode, or the shortcode of one of the organisation's
    id: int  # orders them by who was first
    accounts: int
