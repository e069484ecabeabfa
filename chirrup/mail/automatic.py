"""Mails that no person has written: they are neither posted nor answered, or mails go round for ever (RFC 3834)."""

from collections.abc import Collection
from email import message_from_bytes

from .reading.mime import Taken

REPORT_BYTES_MAX = 256 * 1024  # of a report that are looked at: what came back stands below
RECEIVED_MAX = 50  # mail servers that it came through: it goes round
_BULK = {"bulk", "list", "junk", "auto_reply"}
_LISTS = ("list-id", "list-unsubscribe", "list-post", "mailing-list", "x-mailing-list", "x-loop", "feedback-id")
_REPLIES = ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-vacation", "x-auto-reply-from")
_NOBODY = ("mailer-daemon", "postmaster", "no-reply", "noreply", "do-not-reply", "listserv", "majordomo")
_SUBJECTS = (
    *("out of office:", "out of office autoreply", "automatic reply:", "autoreply:", "undeliverable:"),
    *("automatische antwort", "abwesenheitsnotiz", "réponse automatique", "respuesta automática"),
    "automatisch antwoord",
)


def why(mail: Taken, envelope: str, domains: Collection[str]) -> str:
    """Why it is such a mail, for operators; "": a person has written it. domains: of this server's own mails."""
    auto = mail.said("auto-submitted").lower()
    if auto and not auto.startswith("no"):
        return "Auto-Submitted"
    if mail.said("precedence").lower() in _BULK:
        return "Precedence"
    if found := next((name for name in (*_LISTS, *_REPLIES) if name in mail.head), ""):
        return found
    if envelope in ("", "<>") or mail.said("return-path") == "<>":
        return "null sender"
    if mail.head.get_content_type() in ("multipart/report", "message/delivery-status"):
        return "a report"
    if envelope.lower().partition("@")[0] in _NOBODY:
        return "sender"
    if mail.said("subject").lower().startswith(_SUBJECTS):
        return "subject"
    message_id = mail.said("message-id").strip("<> ").lower()
    if message_id.rpartition("@")[2] in domains:
        return "a mail of ours"
    return "a loop" if len(mail.head.get_all("received", [])) > RECEIVED_MAX else ""


def bounce(raw: bytes) -> list[bool]:
    """[True]: it says that the address takes no mail; [False]: not now; []: it is about something else."""
    from flufl.bounce import all_failures  # loaded only if used

    try:
        temporary, permanent = all_failures(message_from_bytes(raw[:REPORT_BYTES_MAX]))
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):  # what it makes of broken ones
        return []
    return [True] if permanent else [False] if temporary else []
