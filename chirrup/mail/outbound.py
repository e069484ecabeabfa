"""The jobs that send mails to people: the text of each mail, its recipient, and whether it is still needed.

A mail that a server refuses for good is logged and forgotten. All others wait and are tried again (workers/jobs.py).
"""

from collections.abc import Callable

import structlog

from ..access import emails, links, sites
from ..access.emails import Wanted
from ..access.links import Link
from ..config import Settings
from ..errors import NotFound, Refused
from ..orgs import invitations
from ..orgs.directory import reading
from ..ports import Engines, Tx
from ..social import accounts, strikes
from ..times import day
from ..types import Struct, User
from .message import Letterhead, Words, compose, letterhead

log = structlog.get_logger()


class About(Struct, frozen=True):
    """The account that a mail is about, and the sender for its site."""

    head: Letterhead
    name: str  # the username
    user: User


class Made(Struct, frozen=True):
    head: Letterhead
    to: str
    words: Words


class Outbound:
    """Makes and sends the mail of a job."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.kinds: dict[str, Callable[[Tx, Wanted], Made | None]] = {
            emails.SIGNED_UP: self._signed_up,
            emails.RESET: self._reset,
            emails.CHANGE: self._change,
            emails.CHANGED: self._changed,
            emails.PASSWORD: self._password_changed,
            emails.ACCESS: self._access_changed,
            emails.LET_IN: self._let_in,
            emails.INVITED: self._invited,
            emails.WARNED: self._warned,
            emails.DIRECTORY: self._directory,
            emails.ORGANISATION: self._organisation,
        }

    async def send(self, engines: Engines, kind: str, id: str, wanted: Wanted) -> None:
        """id: another one for each attempt, a mail of its own: of two that arrive the later one has the good link."""
        now_ms, made = await engines.db.write(self._make, kind, wanted)
        if made is None:  # no mail is needed (any more)
            return
        try:
            mail = compose(made.head, made.to, made.words, id=id, now_ms=now_ms)
            await engines.mailer.send(mail)
        except Refused as error:
            log.warning("a mail was refused", kind=kind, mail=id, why=error.message)

    def _make(self, tx: Tx, kind: str, wanted: Wanted) -> tuple[int, Made | None]:
        return tx.now_ms, self.kinds[kind](tx, wanted)

    def _about(self, tx: Tx, account_id: int) -> About | None:
        try:
            account, user = accounts.get(tx, account_id, account_id), accounts.user(tx, account_id)
            site = sites.of_account(tx, self._settings, account)
        except NotFound:
            return None
        return About(letterhead(self._settings, site), account.username, user)

    def _signed_up(self, tx: Tx, wanted: Wanted) -> Made | None:
        one = self._about(tx, wanted.account_id)
        if one is None or emails.key_of(one.user.email) != emails.key_of(wanted.email):  # put right meanwhile
            return None
        owner_id = emails.owner_id(tx, one.user.email, one.user.org_id)
        if owner_id and owner_id != wanted.account_id:
            return self._taken(tx, owner_id, "signed up")
        link = links.ask_confirmation(tx, wanted.account_id)
        if link is None:
            return None
        words = Words(
            f"Confirm your address for {one.head.title}",
            (f"Somebody signed up at {one.head.title} as @{one.name}, with this address. If it was you, confirm it.",),
            ("Confirm this address", _address(one, "confirm", link)),
            (
                "The link works once, for two days.",
                "If it was not you, do nothing: without the link the account cannot be used.",
            ),
        )
        return Made(one.head, link.email, words)

    def _taken(self, tx: Tx, owner_id: int, did: str) -> Made | None:
        """To the owner of an address with which another person signed up."""
        one = self._about(tx, owner_id)
        if one is None:
            return None
        words = Words(
            f"You have an account at {one.head.title}",
            (
                f"Somebody {did} at {one.head.title} with this address. It is that of your account, @{one.name}, "
                "and stays so.",
                "If it was you, log in to that account. Whoever does not know the password any more gets a new one.",
            ),
            ("Choose a new password", f"{one.head.url}/forgot"),
            ("If it was not you, you need do nothing.",),
        )
        return Made(one.head, one.user.email, words)

    def _reset(self, tx: Tx, wanted: Wanted) -> Made | None:
        link = links.ask_reset(tx, wanted.email, wanted.org_id)
        one = self._about(tx, link.account_id) if link else None
        if link is None or one is None:
            return None
        words = Words(
            f"A new password for @{one.name}",
            (f"Somebody asked for a new password for your account at {one.head.title}.",),
            ("Choose a new password", _address(one, "reset", link)),
            (
                "The link works once, for one hour. Only the newest one that you asked for works.",
                "If it was not you, do nothing: your password stays as it is.",
            ),
        )
        return Made(one.head, link.email, words)

    def _change(self, tx: Tx, wanted: Wanted) -> Made | None:
        one = self._about(tx, wanted.account_id)
        if one is None:
            return None
        owner_id = emails.owner_id(tx, wanted.email, one.user.org_id)
        if owner_id and owner_id != wanted.account_id:
            return self._taken(tx, owner_id, "wanted to use another account")
        link = links.ask_change(tx, wanted.account_id, wanted.email, wanted.under)
        if link is None:
            return None
        words = Words(
            f"Confirm your new address for {one.head.title}",
            (f"@{one.name} at {one.head.title} wants to have this address from now on.",),
            ("Confirm this address", _address(one, "confirm", link)),
            ("The link works once, for one day.", "If this is not your account, do nothing."),
        )
        return Made(one.head, link.email, words)

    def _changed(self, tx: Tx, wanted: Wanted) -> Made | None:
        one = self._about(tx, wanted.account_id)
        if one is None:
            return None
        words = Words(
            "Your address was changed",
            (
                f"@{one.name} at {one.head.title} has another address now. "
                "Mails for it go there, and it is what you log in with.",
                f"If it was not you, write to whoever runs {one.head.title} at once: {one.head.url}/about",
            ),
        )
        return Made(one.head, wanted.email, words)

    def _password_changed(self, tx: Tx, wanted: Wanted) -> Made | None:
        """None for an address that is not confirmed, or is another account's."""
        one = self._about(tx, wanted.account_id)
        if one is None or emails.owner_id(tx, one.user.email, one.user.org_id) != wanted.account_id:
            return None
        words = Words(
            "Your password was changed",
            (
                f"The password of @{one.name} at {one.head.title} was changed. All browsers and apps were logged out.",
                "If it was not you, choose a new one now.",
            ),
            ("Choose a new password", f"{one.head.url}/forgot"),
        )
        return Made(one.head, one.user.email, words)

    def _access_changed(self, tx: Tx, wanted: Wanted) -> Made | None:
        """None as for a password."""
        one = self._about(tx, wanted.account_id)
        if one and wanted.what == emails.LEFT:
            return Made(one.head, wanted.email, _left(one))
        if one is None or emails.owner_id(tx, one.user.email, one.user.org_id) != wanted.account_id:
            return None
        subject, said = ACCESS[wanted.what]
        words = Words(
            subject,
            (f"@{one.name} at {one.head.title}: {said}", "If it was not you, choose a new password now."),
            ("Choose a new password", f"{one.head.url}/forgot"),
            ("A new password logs out all browsers and apps, and removes all passkeys.",),
        )
        return Made(one.head, one.user.email, words)

    def _let_in(self, tx: Tx, wanted: Wanted) -> Made | None:
        """None for an address that is not confirmed, or is another account's."""
        one = self._about(tx, wanted.account_id)
        if one is None or emails.owner_id(tx, one.user.email, one.user.org_id) != wanted.account_id:
            return None
        words = Words(
            f"Welcome to {one.head.title}",
            (f"Your account at {one.head.title}, @{one.name}, was looked at, and you may come in.",),
            ("Log in", f"{one.head.url}/login"),
        )
        return Made(one.head, one.user.email, words)

    def _directory(self, tx: Tx, wanted: Wanted) -> Made | None:
        """None likewise, and when somebody has decided."""
        one, run = self._about(tx, wanted.account_id), reading.waiting(tx, int(wanted.what))
        if one is None or run is None or run.org_id != one.user.org_id:
            return None
        if emails.owner_id(tx, one.user.email, one.user.org_id) != wanted.account_id:
            return None
        words = Words(
            f"Many people are missing in the directory of {one.head.title}",
            (
                f"{run.gone} of the {run.members} people who came from {run.issuer} are there no more. That may be "
                "right, or a fault of the directory. So nothing was done: everybody can go on.",
                "If it is right, say so, and their accounts are deactivated. What they wrote stays.",
            ),
            ("Look at it", f"{one.head.url}/org/identity"),
        )
        return Made(one.head, one.user.email, words)

    def _invited(self, tx: Tx, wanted: Wanted) -> Made | None:
        found = invitations.for_mail(tx, int(wanted.what))
        if found is None:
            return None
        invite, secret = found
        head = letterhead(self._settings, sites.at(tx, self._settings, invite.org_id))
        by = invitations.inviter(tx, invite)
        words = Words(
            f"An invitation to {head.title}",
            (f"{f'@{by.username}' if by else 'Whoever looks after it'} invites you to {head.title}.",),
            ("Look at the invitation", f"{head.url}/invite/{secret}"),
            (
                f"The link works once, until {day(invite.until_ms)}.",
                "If you do not know what this is about, do nothing: nobody hears of it.",
            ),
        )
        return Made(head, invite.email, words)

    def _warned(self, tx: Tx, wanted: Wanted) -> Made | None:
        """None likewise."""
        one, strike = self._about(tx, wanted.account_id), strikes.by_ids(tx, [int(wanted.what)]).get(int(wanted.what))
        if one is None or strike is None:
            return None
        if emails.owner_id(tx, one.user.email, one.user.org_id) != wanted.account_id:
            return None
        subject, said = strikes.TOLD[strike.action]
        why = (f"They say: {strike.words}",) if strike.words else ()
        page = f"{one.head.url}/disputes/strikes/{strike.id}"
        ways = f"If you think that this is wrong, you can say so within twenty days: {page}"
        by = f"Those who look after {one.head.title} looked at your account, @{one.name}. {said}"
        return Made(one.head, one.user.email, Words(subject, (by, *why, ways)))

    def _organisation(self, tx: Tx, wanted: Wanted) -> Made | None:
        """None likewise."""
        one = self._about(tx, wanted.account_id)
        if one is None or emails.owner_id(tx, one.user.email, one.user.org_id) != wanted.account_id:
            return None
        what, _, about = wanted.what.partition(" ")
        subject, said, (button, page) = ORGANISATION[what]
        told = {"title": one.head.title, "about": about, "name": one.name}
        words = tuple(words.format(**told) for words in said)
        return Made(one.head, one.user.email, Words(subject.format(**told), words, (button, one.head.url + page)))


def _left(one: About) -> Words:
    return Words(
        "Your account is deleted",
        (
            f"@{one.name} at {one.head.title} was deleted from its settings, with all that it said and had. "
            "This is the last mail about it.",
            f"If it was not you, write to whoever runs {one.head.title}: {one.head.url}/about",
        ),
    )


# Wanted.what -> (subject, paragraphs, (words of the button, its page))
ORGANISATION: dict[str, tuple[str, tuple[str, ...], tuple[str, str]]] = {
    emails.DOMAIN_PROVED: (
        "{about} belongs to {title}",
        (
            "{title} has proved that {about} is its own. Your account there, @{name}, has an address of that domain.",
            "In 14 days the directory of {title}, if it has one, decides who logs in to such accounts. Until then you"
            " can give yours another address, or delete it.",
        ),
        ("Look at your account", "/settings/access"),
    ),
    emails.RULE_FAILED: (
        "Your rule “{about}” is switched off",
        (
            "The rule “{about}” at {title} failed five times in a row, so it does nothing any more. Its log says why.",
            "When you have mended it, switch it on again.",
        ),
        ("Look at the rule", "/org/automation"),
    ),
    emails.RULE_LEFT: (
        "The rule “{about}” is switched off",
        (
            "Whose rule it was has no rules at {title} any more, and a rule acts with the rights of its owner. So"
            " “{about}” does nothing now.",
            "Whoever may have rules can switch it on again, and is its owner then.",
        ),
        ("Look at the rule", "/org/automation"),
    ),
    emails.DOMAIN_LOST: (
        "DNS does not show {about} as yours any more",
        (
            "The TXT record that proves that {about} belongs to {title} is not there. If it is not back within 14 days,"
            " nobody can sign up with an address of that domain any more.",
            "Nobody is thrown out, neither now nor then.",
        ),
        ("See what is missing", "/org/domains"),
    ),
    emails.DOMAIN_ENDED: (
        "{about} is no longer proved to be yours",
        (
            "The TXT record of {about} was away for 14 days. So nobody can sign up at {title} with an address of that"
            " domain now. Everybody who is there stays there.",
        ),
        ("Prove it again", "/org/domains"),
    ),
    emails.CLOSING: (
        "{title} closes on {about}",
        (
            "{title} closes for good on {about}. All that is there is deleted then: accounts, posts, messages,"
            " pictures. Your account, @{name}, goes, too.",
            "Until then you can take with you what you said and whom you follow.",
        ),
        ("Take it with you", "/settings/data"),
    ),
    emails.HOOK_OFF: (
        "A hook of yours at {title} is off",
        (
            "{about} hears nothing any more: its receiver said that it is gone, or took nothing for three days. What it"
            " answered stands beside each delivery.",
            "Switch it on again when it is there; then you can have sent again what it missed.",
        ),
        ("Look at it", "/org/hooks"),
    ),
    emails.CLOSING_OFF: (
        "{title} does not close",
        ("That {title} closes was called off. Everything stays as it is.",),
        ("Go there", "/home"),
    ),
}
ACCESS = {  # Wanted.what -> (subject, what has happened)
    emails.FACTOR_ON: (
        "A second factor is on",
        "whoever logs in is asked for a code of your authenticator app, besides the password.",
    ),
    emails.FACTOR_OFF: ("The second factor was turned off", "the password is enough to log in again."),
    emails.FACTOR_OFF_BY_OPERATOR: (
        "The second factor was turned off",
        "whoever runs this server has turned it off. The password is enough to log in until you set one up again.",
    ),
    emails.NEW_CODES: ("You have new recovery codes", "ten new recovery codes were made. Those of before are dead."),
    emails.PASSKEY_ADDED: (
        "You have a new passkey",
        "a device was given a passkey. It logs in without the password.",
    ),
    emails.APP_PASSWORD: (
        "An app password was made",
        "an app password was made for it. Programs that have it act for the account until it is ended in the settings.",
    ),
    emails.PASSKEY_REMOVED: ("A passkey was removed", "one of your passkeys was removed, and logs in no more."),
    emails.MOVED: (
        "Your account has moved",
        "it leads to another account of this server from now on, and its followers are being moved there. "
        "The settings can end that; followers who have moved stay there.",
    ),
    emails.RECOVERY_USED: ("A recovery code was used", "one of your recovery codes was used. It does not work again."),
}


def _address(one: About, page: str, link: Link) -> str:
    """Of a page at the account's site, as the settings have it: no request says where links lead."""
    return f"{one.head.url}/{page}/{link.secret}"
