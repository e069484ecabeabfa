"""Organisations, and what each may choose for itself."""

from typing import Any, Literal

import msgspec

from .directory import Ldap, Oidc, Scim


class RuleWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule of conduct in one language. hint: more about it."""

    text: str
    hint: str = ""


class Rule(RuleWords, frozen=True):
    translations: dict[str, RuleWords] = {}  # by language, "de"
    id: int = 0  # reports name it by this, wherever it stands; 0: it has none yet


# Who may sign up: whoever wants to; whoever staff let in; whoever has an invitation; whoever has an address of a domain
# that is proved to be the organisation's; nobody.
SignUps = Literal["open", "approval", "invitation", "domain", "closed"]


# Who makes rooms: everybody; everybody open ones, and closed ones whose role lets them; only whose role lets them.
RoomMakers = Literal["everybody", "open", "roles"]

# What a site is at its first run: for everybody, for those of a company, for one person.
SiteKind = Literal["town", "company", "me"]


class OrgSettings(msgspec.Struct, frozen=True):
    """What an organisation may choose, with what holds where nobody has chosen.

    A new key is a line here, and one in CHECKS of orgs/settings.py if not all values of its type are good. The server's
    own network has a key in the settings of the server, too, if it has the same name there (config.py).
    """

    title: str = "Chirrup"
    description: str = "A place to talk."
    contact_email: str = ""
    contact_account: str = ""  # the name of an account that may be written to; "": none
    languages: tuple[str, ...] = ("en",)  # spoken here, the main one first
    rules: tuple[Rule, ...] = ()
    last_rule_id: int = 0  # that any rule ever had: the id of one that was taken away stays unused
    registrations: SignUps = "open"
    closed: bool = False  # nothing is shown without a login
    trends_approval: bool = False  # nothing is shown as a trend before staff have allowed it
    post_chars_max: int = 500
    media_bytes_max: int = 16 * 1024 * 1024  # of a picture; the server's own limit is above it
    film_bytes_max: int = 99 * 1024 * 1024  # of a film or a sound; 0: none are taken
    room_makers: RoomMakers = "everybody"  # but guests
    oidc: Oidc | None = None  # where its people log in; what is secret in it is sealed where it is stored
    ldap: Ldap | None = None  # the directory that knows its people
    scim: Scim = Scim()  # what another directory tells of them
    accent: str = ""  # colour of links and buttons, "#1f5fa8"; "": the kit's own
    accent_dark: str = ""  # the same in the dark theme; "": one like `accent` that can be read there
    logo: str = ""  # blob key; "": none
    ip_ranges: tuple[str, ...] = ()  # networks from which it may be used, like 192.0.2.0/24; (): from everywhere


class Domain(msgspec.Struct, frozen=True):
    """A domain that an organisation says is its own. Columns of `domains`."""

    domain: str
    org_id: int
    token: str  # stands in a TXT record of the domain, if it is
    claimed_ms: int
    verified_ms: int = 0  # since when it is proved; 0: it is not
    checked_ms: int = 0  # when DNS was asked last
    lost_ms: int = 0  # since when a proved one lacks its record; 0: it does not

    @property
    def record(self) -> str:
        """The name of the TXT record."""
        return f"_chirrup.{self.domain}"

    @property
    def rights_ms(self) -> int:
        """From then on the organisation's directory opens accounts that were there before; 0: never."""
        return self.verified_ms and self.verified_ms + NOTICE_MS


NOTICE_MS = 14 * 24 * 3600 * 1000  # of what begins, or ends, with a domain


class Org(msgspec.Struct, frozen=True):
    """An organisation. Columns of `orgs`. The server's own network (0) has a row once something is chosen for it."""

    id: int
    name: str  # for commands
    title: str  # of OrgSettings, as `closed`; "": not chosen
    host: str  # of its site: the part after the second @ of its people's full handles
    closed: int
    settings: str = ""  # JSON: what is chosen of the other OrgSettings, by name; "": nothing
    media_epoch: int = 0  # another each time that somebody is a member no more
    closing_ms: int = 0  # when it ends, as its people were told; 0: it does not
    closing_note_id: int = 0  # the announcement that told them
    ended_ms: int = 0  # since when it has no host, and all that it had is being deleted; 0: it has not ended

    @property
    def chosen(self) -> dict[str, Any]:
        """By name of OrgSettings, as JSON has them."""
        told = {"title": self.title} if self.title else {}
        return told | ({"closed": True} if self.closed else {}) | (_object(self.settings) if self.settings else {})


_object = msgspec.json.Decoder(dict[str, Any]).decode


class Invite(msgspec.Struct, frozen=True):
    """An invitation without its secret. Columns of `invites`."""

    id: int
    org_id: int
    hash: str  # of the secret in its link; "": the mail with it is not made yet
    by_id: int  # who invites; 0: a command
    email: str  # whom; "": whoever has the link
    kind: str  # an AccountKind: what they become
    role: str
    rooms: str  # JSON list of the rooms that they are in then
    uses: int  # how many may come by it
    used: int  # how many did
    until_ms: int
    withdrawn_ms: int  # 0: it is not
