"""Whether a mail is from whom it says: by a signature (DKIM), by what the operator's mail server found out, or by where
it came from.

A domain vouches for addresses at itself and at domains below it. So no list of public suffixes is needed.
"""

import asyncio
import re
from concurrent.futures import TimeoutError as TooLate
from email.utils import getaddresses

import idna
import msgspec

from ..access import networks
from ..config import Settings
from ..errors import Unavailable
from ..ports import Resolver
from .reading.mime import Taken

SIGNATURES_MAX = 5
DNS_S = 15.0
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_COMMENT = re.compile(r"\([^()]*\)")
_SPF = re.compile(r"\s*spf\s*=\s*pass\b.*?\bsmtp\.mailfrom\s*=\s*(?:[^\s;@]*@)?([\w.-]+)", re.IGNORECASE)
_DKIM = re.compile(r"\s*dkim\s*=\s*pass\b.*?\bheader\.d\s*=\s*([\w.-]+)", re.IGNORECASE)


class Came(msgspec.Struct, frozen=True):
    """How a mail came. client: the address from which it came to the operator's mail server; "": not known."""

    envelope: str  # the sender for reports; "": the null sender
    client: str = ""


def address_of(mail: Taken) -> str:
    """The address that the mail says it is from; "": it has none, or several."""
    headers = mail.head.get_all("from", [])
    found = [address for _, address in getaddresses([str(one)[:2000] for one in headers])]
    if len(headers) != 1 or len(found) != 1 or found[0].count("@") != 1 or not found[0].isprintable():
        return ""
    return found[0]


async def doubt(raw: bytes, mail: Taken, came: Came, settings: Settings, resolver: Resolver) -> str:
    """Why it may be from somebody else, for staff; "": it is from its sender. Raises Unavailable: DNS is away."""
    domain = _domain(address_of(mail))
    if not domain:
        return "It does not say from which one address it is."
    if came.client and settings.mail_in_networks and networks.holds(settings.mail_in_networks, came.client):
        return ""
    vouched = told(mail, settings.mail_in_results) if settings.mail_in_results else []
    if any(_vouches(by, domain) for by in vouched):
        return ""
    for number, by in enumerate(signers(mail)):
        if _vouches(by, domain) and await _is_signed(raw, number, resolver):
            return ""
    return f"No signature of {domain} fits it, and the mail server did not vouch for it."


def _domain(address: str) -> str:
    host = address.rpartition("@")[2].lower().rstrip(".")
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return ""


def _vouches(by: str, domain: str) -> bool:
    return "." in by and (domain == by or domain.endswith(f".{by}"))


def told(mail: Taken, server: str) -> list[str]:
    """The domains for which the operator's mail server vouches in Authentication-Results (RFC 8601).

    server: as it calls itself there. It has written them above the line with which it received the mail, or right below
    it: what stands further below may be forged.
    """
    found: list[str] = []
    received = 0
    for name, value in mail.head.items():
        received += name.lower() == "received"
        if received > 1:
            break
        if name.lower() != "authentication-results":
            continue
        id, *results = _COMMENT.sub("", _QUOTED.sub("", str(value)[:4000])).split(";")
        if id.split()[:1] == [server]:
            matches = [pattern.match(one) for one in results for pattern in (_SPF, _DKIM)]
            found += [match[1].lower() for match in matches if match]
    return found


def signers(mail: Taken) -> list[str]:
    """The domains that say they have signed the mail, in the order of their signatures."""
    found: list[str] = []
    for value in mail.head.get_all("dkim-signature", [])[:SIGNATURES_MAX]:
        pairs = [tag.partition("=") for tag in str(value).split(";")]
        tags = {name.strip().lower(): said.strip() for name, _, said in pairs}
        whole = "l" not in tags  # with a length, anything may be written below what was signed
        found.append(tags.get("d", "").lower() if whole else "")
    return found


async def _is_signed(raw: bytes, number: int, resolver: Resolver) -> bool:
    import dkim  # loaded only if used

    loop = asyncio.get_running_loop()
    away: list[Unavailable] = []

    def ask(name: bytes, timeout: float = DNS_S) -> bytes | None:
        asked = asyncio.run_coroutine_threadsafe(resolver.texts(name.decode("ascii", "replace").rstrip(".")), loop)
        try:
            return next((one.encode() for one in asked.result(DNS_S)), None)
        except Unavailable as error:
            away.append(error)
        except TooLate:
            away.append(Unavailable("DNS does not answer now; try again in a few minutes"))
        return None

    def verify() -> bool:
        try:
            return bool(dkim.DKIM(raw, minkey=1024).verify(idx=number, dnsfunc=ask))
        except (dkim.DKIMException, ValueError, KeyError, IndexError, TypeError):  # what it makes of broken ones
            return False

    signed = await asyncio.to_thread(verify)
    if away and not signed:
        raise away[0]
    return signed
