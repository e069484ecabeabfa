"""Whom mails are for: who may get any, in which language and zone, and what stands below each mail for them."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from html import escape

import msgspec

from ..access import emails, signing, sites
from ..access.mail_addresses import MailAddresses, Stop, Stops
from ..access.signing import Signer
from ..access.sites import Site
from ..config import Settings
from ..errors import NotFound
from ..ports import Tx
from ..social import accounts, mail_prefs
from ..types import Account, MailPrefs, User
from ..wording import N_, Language
from ..wording.wanted import wanted as language_wanted
from .message import Letterhead, letterhead
from .said import Said

_SMALL = "font-size:14px;line-height:20px"
# NDR is not among them: Exchange shall say that a mail could not be delivered.
NO_REPLIES = ("X-Auto-Response-Suppress", "OOF, AutoReply, DR, RN, NRN")
Way = tuple[str, str]  # what one can do: (words, address; "": none)


class Reader(msgspec.Struct, frozen=True):
    account: Account
    user: User
    prefs: MailPrefs
    site: Site
    head: Letterhead
    language: Language
    addresses: MailAddresses

    @property
    def id(self) -> int:
        return self.account.id

    def clock(self, ms: int) -> str:
        """A time, as it was where the reader is."""
        return mail_prefs.local(self.prefs, ms).strftime("%Y-%m-%d %H:%M")

    def stop_url(self, wanted: Stop) -> str:
        return f"{self.head.url}/mail/stop/{self.addresses.stop(wanted)}"

    def stopping(self, wanted: Stop) -> list[tuple[str, str]]:
        """The headers that make mail programs show a button: RFC 8058."""
        one_click = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        return [("List-Unsubscribe", f"<{self.stop_url(wanted)}>"), one_click]

    def stop_way(self, what: Stops) -> Way:
        return self.language.say(N_("No more mails like this one")), self.stop_url(Stop(self.id, what))

    @property
    def settings_way(self) -> Way:
        return self.language.say(N_("Choose what you get by mail")), f"{self.head.url}/settings/mail"


class Readers:
    """Finds them. One per process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _signer(self) -> Signer:
        return signing.signer(self._settings)

    def find(self, tx: Tx, account_id: int) -> Reader | None:
        """None: no mail goes there: the account is gone, closed, or its address is not confirmed or takes none."""
        try:
            account, user = accounts.get(tx, account_id, account_id), accounts.user(tx, account_id)
            site = sites.of_account(tx, self._settings, account)
        except NotFound:
            return None
        closed = user.disabled or user.deactivated_ms or user.gone_ms or account.suspended_ms or account.moved_to_id
        prefs = mail_prefs.of(tx, account_id)
        if closed or prefs.off_ms or not (user.confirmed_ms and user.approved):
            return None
        if emails.owner_id(tx, user.email, user.org_id) != account_id:
            return None
        language = language_wanted(user.locale, "", site.languages)
        addresses = MailAddresses(self._signer, site.mail_domain, site.org_id)
        return Reader(account, user, prefs, site, letterhead(self._settings, site), language, addresses)


def name(account: Account) -> str:
    """Ann (@ann)"""
    return f"{account.display_name} (@{account.username})" if account.display_name else f"@{account.username}"


def title(room: Account) -> str:
    return room.display_name or f"@{room.username}"


def text(said: Sequence[Said], reader: Reader, ways: Iterable[Way]) -> str:
    """The plain text of a mail: what is said, then what one can do with it."""
    foot = [f"{words}:\n{url}" if url else words for words, url in ways]
    return "\n\n".join([*(one.text for one in said), "-- \n" + "\n".join(foot)]) + "\n"


def html(said: Sequence[Said], reader: Reader, ways: Iterable[Way]) -> str:
    foot = [f'<a href="{escape(url)}">{escape(words)}</a>' if url else escape(words) for words, url in ways]
    at = f'<a href="{escape(reader.head.url)}">{escape(reader.head.title)}</a>'
    return "\n".join([*(one.html for one in said), f'<p style="{_SMALL}">{"<br>".join([*foot, at])}</p>'])
