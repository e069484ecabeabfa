"""What staff see: accounts with who is behind them, reports with all that belongs to them.

Lists in, lists out, as everywhere: forty reports cost the queries of one.
"""

from collections.abc import Sequence

from ..access import visibility
from ..ports import Tx
from ..social import moderation
from ..social.moderation import Person
from ..times import iso, iso_or_none
from ..types import Report
from .call import Call
from .instance import rules_of
from .render_accounts import UNSET, role_entity
from .server_entities import AdminAccount, AdminIp, AdminReport


def people(tx: Tx, call: Call, found: Sequence[Person]) -> list[AdminAccount]:
    """In their order."""
    shown = call.render.accounts_by_id(tx, [account.id for account, _ in found])
    return [
        AdminAccount(
            id=str(account.id),
            username=account.username,
            domain=account.host or None,
            created_at=iso(account.created_ms),
            email=user.email,
            ip=user.sign_up_ip or None,
            ips=[AdminIp(ip=user.sign_up_ip, used_at=iso(account.created_ms))] if user.sign_up_ip else [],
            locale=user.locale or None,
            invite_request=user.sign_up_reason or None,
            role=role_entity(call.site.roles.rank(user.role)),
            confirmed=bool(user.confirmed_ms),
            approved=bool(user.approved),
            disabled=bool(user.disabled or user.deactivated_ms),
            sensitized=bool(account.sensitized_ms),
            silenced=bool(account.silenced_ms),
            suspended=bool(account.suspended_ms),
            account=shown[account.id],
            created_by_application_id=str(user.sign_up_app_id) if user.sign_up_app_id else UNSET,
        )
        for account, user in found
    ]


def reports(tx: Tx, call: Call, found: Sequence[Report]) -> list[AdminReport]:
    """For staff, in their order."""
    ids = {id for one in found for id in (one.account_id, one.target_id, one.assigned_id, one.resolved_by_id)} - {0}
    persons = moderation.get_many(tx, sorted(ids), call.site.org_id)
    known = {one.id: one for one in people(tx, call, persons)}
    seen = visibility.as_staff(tx, call.account_id, {id for one in found for id in one.posts}, call.site.org_id)
    shown = dict(zip(seen.posts, call.render.seen(tx, seen, seen.posts, {}), strict=True)) if seen.posts else {}
    rules = {one.id: one for one in rules_of(call.site)}
    return [
        AdminReport(
            id=str(one.id),
            action_taken=bool(one.resolved_ms),
            action_taken_at=iso_or_none(one.resolved_ms),
            category=one.category,
            comment=one.comment,
            forwarded=False,
            created_at=iso(one.created_ms),
            updated_at=iso(one.changed_ms),
            account=known.get(str(one.account_id)),
            target_account=known.get(str(one.target_id)),
            assigned_account=known.get(str(one.assigned_id)),
            action_taken_by_account=known.get(str(one.resolved_by_id)),
            statuses=[shown[id] for id in one.posts if id in shown],
            rules=[rules[str(id)] for id in one.rules if str(id) in rules],  # some may be gone by now
        )
        for one in found
    ]
