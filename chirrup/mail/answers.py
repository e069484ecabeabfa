"""Answers to mails that could not be posted, and to those that asked for something in their first line."""

import structlog

from ..access import emails, sites
from ..config import Settings
from ..errors import NotFound, Refused
from ..ports import Engines, Tx
from ..social import accounts, mails_in
from ..social.mails_in import Answer
from ..types import MailVerdict
from .message import Letterhead, Words, compose, letterhead

log = structlog.get_logger()

_DONE = {
    mails_in.JOINED: "You are in @{name} now: what is said there comes to you. To leave, answer with leave.",
    mails_in.ASKED: "You have asked to come into @{name}. Those who manage it decide; you will be told.",
    mails_in.LEFT: "You are not in @{name} any more.",
    mails_in.ACCEPTED: "@{name} may come in now.",
    mails_in.REJECTED: "@{name} may not come in. They are not told who decided.",
}


async def send(engines: Engines, settings: Settings, id: str, answer: Answer) -> None:
    """To the address of the account, if it has one still. A mail server that refuses it for good is logged."""
    found = await engines.db.read(_find, settings, answer)
    if found is None:
        return
    head, to, now_ms = found
    try:
        await engines.mailer.send(compose(head, to, words(answer), id=id, now_ms=now_ms))
    except Refused as error:
        log.warning("a mail was refused", mail=id, why=error.message)


def _find(tx: Tx, settings: Settings, answer: Answer) -> tuple[Letterhead, str, int] | None:
    try:
        account, user = accounts.get(tx, answer.account_id, answer.account_id), accounts.user(tx, answer.account_id)
    except NotFound:
        return None
    if emails.owner_id(tx, user.email, user.org_id) != answer.account_id:
        return None
    return letterhead(settings, sites.of_account(tx, settings, account)), user.email, tx.now_ms


def words(answer: Answer) -> Words:
    subject = answer.subject if answer.subject.lower().startswith("re:") else f"Re: {answer.subject}"
    if answer.what != MailVerdict.ANSWERED:
        return Words(subject, (_DONE[answer.what].format(name=answer.why),))
    before = ("Your mail was not posted.", answer.why)
    text = ("What you wrote:", *answer.text.split("\n\n")) if answer.text else ()
    return Words(subject, before + text)
