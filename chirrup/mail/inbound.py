"""A mail that has come for an address of this server: read, its sender made sure of, and posted, or held, or answered.

It may come by LMTP (lmtp.py) or from a mailbox (mailbox.py); both keep it until receive() has returned. What follows
from a mail is written in one transaction, so it happens once however often the mail comes: social/mails_in.py.
"""

import asyncio
import hashlib
from contextlib import suppress
from io import BytesIO

import structlog

from ..access import signing
from ..access.acts import Act
from ..access.mail_addresses import MailAddresses, Reply, Returned, ToRoom
from ..access.sites import Site, Sites
from ..config import Settings
from ..errors import ChirrupError, Forbidden, Invalid, NotFound, TooMany
from ..ports import Engines, Tx
from ..social import mail_prefs, mails_in, media, uploads
from ..social.composing import MEDIA_MAX
from ..social.mails_in import Arrived, Place, Wording
from ..types import MailIn
from . import automatic, sender
from .reading import mime
from .reading.mail import File, Letter, read
from .reading.mime import Taken
from .sender import Came

log = structlog.get_logger()

# Of one account; with more, the mail server keeps the mail and comes again. The figures are Zulip's.
RATES = (("mail_minute", 50, 60), ("mail_5_min", 120, 300), ("mail_hour", 600, 3600))
BOUNCES_A_DAY, DAY_S = 50, 86_400  # of one account that are counted
DROPPED, BOUNCED = "automatic", "bounced"  # beside MailVerdict


class Stranger(ChirrupError):
    """Who writes to a room's address has no account here."""

    code = "stranger"


class Inbound:
    """One for each process that takes mails."""

    def __init__(self, settings: Settings, engines: Engines, known: Sites) -> None:
        self._settings, self._engines, self._sites = settings, engines, known
        self._signer = signing.signer(settings)

    async def site(self, address: str) -> Site:
        """That the address is of. Raises Invalid: of none."""
        host = address.rpartition("@")[2].strip().lower()
        own = self._sites.own
        if host == own.mail_domain:
            return own
        port = own.base_url.rpartition(":")[2]
        for named in (host, f"{host}:{port}"):
            found = await self._sites.find(named)
            if found.org_id and found.mail_domain == host:
                return found
        raise Invalid("address", "unknown", "There is no such address here, or it has ended.")

    async def expect(self, address: str) -> None:
        """Raises Invalid: nothing can be sent to this address. Unavailable: the database is away."""
        site = await self.site(address)
        await self._engines.db.read(self._addresses(site).read, address)

    def _addresses(self, site: Site) -> MailAddresses:
        return MailAddresses(self._signer, site.mail_domain, site.org_id)

    async def take(self, raw: bytes) -> Taken:
        """Raises Invalid: it is too large, or of too many parts."""
        return await asyncio.to_thread(mime.take_apart, raw)

    async def receive(self, raw: bytes, mail: Taken, recipient: str, came: Came) -> str:
        """What has become of it: one of MailVerdict, DROPPED or BOUNCED. Durable on return. May be repeated.

        Raises Invalid (address, mail), Stranger, TooMany, Unavailable: the database or DNS is away.
        """
        site = await self.site(recipient)
        to = await self._engines.db.read(self._addresses(site).read, recipient)
        if isinstance(to, Returned):
            return await self._returned(raw, mail, to)
        if why := automatic.why(mail, came.envelope, {self._sites.own.mail_domain, site.mail_domain}):
            log.info("a mail was not posted", why=why)
            return DROPPED
        said_from = sender.address_of(mail)
        account_id, address = await self._engines.db.read(_whose, to, said_from, site.org_id)
        arrived = _arrived(raw, mail, recipient, account_id, site, said_from)
        if known := await self._engines.db.read(mails_in.before, account_id, arrived.digest):
            return known.verdict
        await self._count(account_id)
        doubt = await sender.doubt(raw, mail, came, self._settings, self._engines.resolver)
        if not doubt and not address:
            doubt = "It came from another address than that of the account."
        if doubt:
            await self._engines.db.write(mails_in.hold, arrived, doubt, raw)
            return "held"
        return (await self._post(mail, arrived, to, site)).verdict

    async def _returned(self, raw: bytes, mail: Taken, to: Returned) -> str:
        allowance = await self._engines.limits.hit("mail_bounce", str(to.account_id), amount=BOUNCES_A_DAY, per_s=DAY_S)
        if allowance.allowed:
            for hard in await asyncio.to_thread(automatic.bounce, raw):
                await self._engines.db.write(mail_prefs.bounced, to.account_id, hard=hard, why=mail.said("subject"))
        return BOUNCED

    async def _count(self, account_id: int) -> None:
        for name, amount, per_s in RATES:
            allowance = await self._engines.limits.hit(name, str(account_id), amount=amount, per_s=per_s)
            if not allowance.allowed and not self._settings.testing:
                raise TooMany("Too many mails in a short time; it is tried again later", retry_after_s=per_s)

    async def _post(self, mail: Taken, arrived: Arrived, to: Reply | ToRoom, site: Site, held_id: int = 0) -> MailIn:
        letter = await asyncio.to_thread(read, mail)
        uploaded: list[int] = []
        try:
            try:
                named = await self._upload(arrived.account_id, letter, uploaded, site)
                text = "\n\n".join(filter(None, (letter.text, "\n".join(named))))
                said = Wording(letter.subject, text, tuple(uploaded))
                act = Act(mails_in.post)
                place = Place(site.domain, site.post_chars_max)
                done = await self._engines.db.write(act, arrived, to, said, place, held_id=held_id)
                await act.show(self._engines.timelines)
            except (Invalid, NotFound, Forbidden) as error:
                why = _why(error)
                done = await self._engines.db.write(mails_in.cannot, arrived, why, letter.text, held_id=held_id)
        except BaseException:
            await self._take_back(arrived.account_id, uploaded)
            raise
        if not done.post_id:
            await self._take_back(arrived.account_id, uploaded)
        return done

    async def _upload(self, account_id: int, letter: Letter, uploaded: list[int], site: Site) -> list[str]:
        """Fills uploaded. Returns words for the files that a post cannot show."""
        rules, named = uploads.rules(self._settings, site), list[str]()
        for file in letter.files:
            if file.is_picture and len(uploaded) < MEDIA_MAX:
                with suppress(Invalid):
                    one = await uploads.add(self._engines, account_id, BytesIO(file.data), media.Change(), rules)
                    uploaded.append(one.id)
                    continue
            named.append(_named(file))
        return named

    async def _take_back(self, account_id: int, uploaded: list[int]) -> None:
        for id in uploaded:
            with suppress(ChirrupError):  # it goes after a day
                await uploads.remove(self._engines, account_id, id)

    async def let_in(self, held_id: int) -> None:
        """Post what staff have let in. Harmless when repeated."""
        found = await self._engines.db.read(mails_in.let_in, held_id)
        raw = await self._engines.db.read(mails_in.raw, held_id) if found else b""
        if found is None or not raw:
            return
        mail, site = await self.take(raw), await self.site(found.recipient)
        arrived = _arrived(raw, mail, found.recipient, found.account_id, site, found.sender)
        try:
            to = await self._engines.db.read(self._addresses(site).read, found.recipient)
        except Invalid as error:  # it has ended meanwhile
            letter = await asyncio.to_thread(read, mail)
            await self._engines.db.write(mails_in.cannot, arrived, error.message, letter.text, held_id=held_id)
            return
        assert not isinstance(to, Returned)
        await self._post(mail, arrived, to, site, held_id)


def _whose(tx: Tx, to: Reply | ToRoom, said_from: str, org_id: int) -> tuple[int, bool]:
    """(the account that the mail is for, whether the mail is from its address). Raises Stranger."""
    owner_id = mails_in.account_of(tx, said_from, org_id) if said_from else 0
    if isinstance(to, Reply):
        return to.account_id, to.account_id == owner_id
    if not owner_id:
        raise Stranger("Only members write here, from the address of their account")
    return owner_id, True


def _arrived(raw: bytes, mail: Taken, recipient: str, account_id: int, site: Site, said_from: str) -> Arrived:
    message_id = mail.said("message-id")
    known_by = message_id or hashlib.sha256(raw).hexdigest()
    digest = hashlib.sha256(f"{known_by}\n{recipient.strip().lower()}".encode()).hexdigest()[:32]
    return Arrived(account_id, site.org_id, digest, said_from, recipient, mail.said("subject"), message_id)


def _why(error: ChirrupError) -> str:
    if isinstance(error, NotFound):
        return "What you answered is not there any more, or you cannot see it any more."
    if isinstance(error, Invalid) and not error.is_sentence:
        return f"Your {'text' if error.field == 'text' else 'mail'} {error.why}."
    return error.message


def _named(file: File) -> str:
    size = len(file.data)
    shown = f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{max(1, round(size / 1024))} kB"
    return f"[{file.name}, {shown}: not attached]"


__all__ = ["BOUNCED", "DROPPED", "Came", "Inbound", "Stranger"]
