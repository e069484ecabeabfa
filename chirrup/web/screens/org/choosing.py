"""What the forms of an organisation's settings have in common: fields, what is fixed, and the change."""

from typing import Any

from ....access import sites
from ....errors import Invalid, InvalidFields
from ....orgs import settings
from ...call import Call

PREFIX = "site_"  # of fields: `title` and `description` are fields of other forms


def fixed(call: Call) -> set[str]:
    """The names of fields that the server's settings say, and nobody can choose here."""
    return set() if call.site.org_id else {f"{PREFIX}{name}" for name in sites.said(call.settings)}


async def choose(call: Call, wanted: dict[str, Any]) -> None:
    """wanted: by name of OrgSettings. Raises InvalidFields."""
    try:
        settings.check_reach(wanted, call.ip, sure=call.form.flag("sure"))
        await call.write(settings.change, call.settings, call.site.org_id, call.account_id, wanted)
    except InvalidFields as error:
        raise InvalidFields([one.of(f"{PREFIX}{one.field}") for one in error.problems]) from error
    except Invalid as error:
        raise error.of(f"{PREFIX}{error.field}") from error
    await call.services.sites.renewed(call.site)
