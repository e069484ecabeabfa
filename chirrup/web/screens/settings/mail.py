"""What one gets by mail, and the page of the link in each mail that stops some."""

import msgspec

from ....access.mail_addresses import MailAddresses, Stop, Stops
from ....errors import Invalid, NotFound
from ....orgs import rooms
from ....ports import Tx
from ....social import accounts, mail_prefs
from ....social.mail_prefs import Change
from ....types import Account, MailPrefs
from ...call import Call, Go, Page
from ...problems import Problem

PATH = "/settings/mail"
STOP_PATH = "/mail/stop/{secret}"
MODES = [
    ("none", "Nothing"),
    ("mentions", "What is said to me, and what waits for my answer"),
    ("rooms", "That, and every post in my rooms"),
    ("all", "Whatever I am notified of, and every post in my rooms"),
]
DIGESTS = [("none", "None"), ("daily", "Each day"), ("weekly", "Each Monday")]
STOPPED = {
    Stops.MENTIONS: "You get no mail any more when something happens here.",
    Stops.ROOM: "You get no mails of this room any more.",
    Stops.DIGEST: "You get no summary any more.",
}


class Form(msgspec.Struct, frozen=True):
    """As it is shown. rooms: ids of those of which every post is wanted."""

    mode: str
    digest: str
    digest_hour: str
    quiet_from: str
    quiet_until: str
    zone: str
    rooms: frozenset[int]


def _stored(prefs: MailPrefs, wanted: set[int]) -> Form:
    return Form(
        mail_prefs.mode_of(prefs.mode),
        prefs.digest,
        str(prefs.digest_hour),
        mail_prefs.clock(prefs.quiet_from),
        mail_prefs.clock(prefs.quiet_until),
        prefs.zone,
        frozenset(wanted),
    )


def _sent(call: Call) -> Form:
    text = call.form.text
    rooms = frozenset(int(id) for id in call.form.texts("room") if id.isascii() and id.isdigit() and len(id) < 20)
    names = ("mode", "digest", "digest_hour", "quiet_from", "quiet_until", "zone")
    return Form(**{name: text(name) for name in names}, rooms=rooms)


async def form(call: Call) -> Page:
    prefs, wanted, entered, address = await call.read(_look, call.account_id)
    return _page(call, _stored(prefs, wanted), prefs, entered, address)


async def form_again(call: Call, problem: Problem) -> Page:
    prefs, _, entered, address = await call.read(_look, call.account_id)
    return _page(call, _sent(call), prefs, entered, address, problem)


def _look(tx: Tx, account_id: int) -> tuple[MailPrefs, set[int], list[Account], str]:
    wanted = mail_prefs.rooms_by_mail(tx, account_id)
    return mail_prefs.of(tx, account_id), wanted, rooms.entered(tx, account_id), accounts.user(tx, account_id).email


def _page(
    call: Call, form: Form, prefs: MailPrefs, entered: list[Account], address: str, problem: Problem | None = None
) -> Page:
    values = {
        "form": form,
        "modes": MODES,
        "digests": DIGESTS,
        "hours": [(str(hour), f"{hour}:00") for hour in range(24)],
        "rooms": [(one.id, one.display_name or f"@{one.username}") for one in entered],
        "zones": mail_prefs.zones(),
        "address": address,
        "off_why": prefs.off_why if prefs.off_ms else "",
        "sends": bool(call.settings.mail),
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return Page("settings/mail.html", values, status=problem.status if problem else 200)


async def save(call: Call) -> Go:
    """Raises Invalid."""
    sent = _sent(call)
    hour = int(sent.digest_hour) if sent.digest_hour.isascii() and sent.digest_hour.isdigit() else -1
    change = Change(sent.mode, sent.digest, min(hour, 99), sent.quiet_from, sent.quiet_until, sent.zone)
    await call.write(mail_prefs.change, call.account_id, change, rooms=sent.rooms)
    return Go(f"{PATH}?saved=1")


async def switch_on(call: Call) -> Go:
    await call.write(mail_prefs.switch_on, call.account_id)
    return Go(f"{PATH}?saved=1")


# one click


async def stop_form(call: Call, secret: str) -> Page:
    """Changes nothing: programs that look at mails open links."""
    try:
        stop, room, name = await call.read(_look_at, _read(call, secret))
    except (Invalid, NotFound):
        return _dead()
    values = {"secret": secret, "what": stop.what.name.lower(), "room": room, "name": name}
    return Page("settings/stop_mail.html", values)


async def stop(call: Call, secret: str) -> Page:
    """A button on our page, or one of the mail program (RFC 8058). The address itself says who means it."""
    try:
        wanted = _read(call, secret)
    except Invalid:
        return _dead()
    await call.write(mail_prefs.stop, wanted)
    said = [STOPPED[wanted.what], "You can choose otherwise in the settings at any time."]
    return Page("entry/said.html", {"title": "Done", "said": said, "next": (PATH, "Settings of mail")})


def _read(call: Call, secret: str) -> Stop:
    """Raises Invalid."""
    return MailAddresses(call.services.signer, call.site.mail_domain, call.site.org_id).read_stop(secret)


def _look_at(tx: Tx, stop: Stop) -> tuple[Stop, str, str]:
    """What it stops, the name of the room, whose mails they are. Raises NotFound: the account is gone."""
    account = accounts.get(tx, stop.account_id, stop.account_id)
    room = ""
    if stop.room_id:
        found = accounts.get(tx, stop.account_id, stop.room_id)
        room = found.display_name or f"@{found.username}"
    return stop, room, account.username


def _dead() -> Page:
    said = ["Some of its letters may be missing. In the settings you choose what you get."]
    values = {"title": "This link does not work", "said": said, "next": (PATH, "Settings of mail")}
    return Page("entry/said.html", values, status=404)
