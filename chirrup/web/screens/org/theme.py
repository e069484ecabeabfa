"""How an organisation looks: its logo, and the colour of links and buttons."""

from ....access import limits
from ....errors import Invalid
from ....orgs import logo
from ....social import uploads
from ...call import Call, Go, Page
from ...problems import Problem
from . import places
from .choosing import PREFIX, choose

PATH = "/org/theme"
NAMES = ("accent", "accent_dark")


async def form(call: Call) -> Page:
    chosen = call.site.settings
    return _page(call, {f"{PREFIX}{name}": getattr(chosen, name) for name in NAMES})


async def again(call: Call, problem: Problem) -> Page:
    return _page(call, {f"{PREFIX}{name}": call.form.text(f"{PREFIX}{name}") for name in NAMES}, problem)


async def save(call: Call) -> Go:
    """The colours, and a new logo, if one was chosen."""
    field = f"{PREFIX}logo"
    if size_bytes := call.form.oversized.get(field):
        raise uploads.too_large(field, size_bytes, logo.BYTES_MAX)
    await choose(call, {name: call.form.text(f"{PREFIX}{name}") for name in NAMES})
    if sent := call.form.file(field):
        await call.throttle(limits.MEDIA, account=str(call.account_id))
        try:
            data = sent.read(logo.BYTES_MAX, "logo")
            await logo.put(call.engines, call.settings, call.site, call.account_id, data)
        except Invalid as error:
            raise error.of(field) from error
    elif call.form.flag("no_logo"):
        await logo.remove(call.engines, call.settings, call.site, call.account_id)
    await call.services.sites.renewed(call.site)
    return Go(f"{PATH}?saved=1")


def _page(call: Call, values: dict[str, str], problem: Problem | None = None) -> Page:
    shown = {
        "values": values,
        "logo_bytes_max": logo.BYTES_MAX,
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return places.page(call, "theme.html", shown, status=problem.status if problem else 200)
