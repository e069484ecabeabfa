"""What accounts want to have by mail."""

from enum import StrEnum

import msgspec


class MailMode(StrEnum):
    """What is sent to an account, each with all of those before it."""

    UNCHOSEN = ""  # MENTIONS where a mail server is set, else NONE
    NONE = "none"
    MENTIONS = "mentions"  # what is said to it, and what waits for its answer
    ROOMS = "rooms"  # every post in its rooms, but for those it takes out
    ALL = "all"  # whatever it is notified of, but for favourites and boosts


class Digest(StrEnum):
    NONE = "none"
    DAILY = "daily"
    WEEKLY = "weekly"  # on Mondays


class MailPrefs(msgspec.Struct, frozen=True):
    """Columns of `mail_prefs`. An account without a row has these defaults. A room has a row for its `epoch`."""

    account_id: int
    mode: str = MailMode.UNCHOSEN
    digest: str = Digest.NONE
    digest_hour: int = 8  # 0 to 23, in its zone
    quiet_from: int = 0  # minutes of the day, in its zone, during which nothing is sent; the same twice: none
    quiet_until: int = 0
    zone: str = ""  # "Europe/Berlin"; "": UTC
    epoch: int = 0  # another each time that its signed addresses end
    off_ms: int = 0  # since when nothing is sent, because mails came back; 0: it is sent
    off_why: str = ""  # what the mail server said


class MailVerdict(StrEnum):
    """What has become of a mail that came in."""

    POSTED = "posted"
    DONE = "done"  # what it asked for in its first line
    ANSWERED = "answered"  # it could not be posted; its sender was told why
    HELD = "held"  # nobody has shown that it is from its sender: staff look at it
    LET_IN = "let_in"  # by staff; a job posts it
    REFUSED = "refused"  # by staff


class MailIn(msgspec.Struct, frozen=True):
    """Columns of `mail_in`, but for the mail itself."""

    id: int
    account_id: int  # whose post it is, or would be
    org_id: int
    digest: str  # of its Message-ID and the address that it came to
    verdict: str
    post_id: int  # 0: none
    why: str  # it is held; "": it was not
    sender: str  # the address that it says it is from
    recipient: str
    subject: str
