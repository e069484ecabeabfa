"""Every kind of job: its handler, its tries, its limits. Jobs are enqueued with store/jobs.py."""

from contextlib import suppress

import msgspec

from ..access import signing, sites
from ..access.emails import Wanted
from ..actions import acknowledgements, approvals
from ..actions.hooks_out import sending
from ..actions.rules import runs as rule_runs
from ..config import Settings
from ..errors import Forbidden, Invalid, NotFound
from ..ids import ID_MAX
from ..mail import answers
from ..mail.digests import Digests
from ..mail.handing import Handing
from ..mail.inbound import Inbound
from ..mail.message import letterhead
from ..mail.outbound import Outbound
from ..mail.reader import Readers
from ..mail.told import Telling
from ..orgs import closing, domains, exports, holds
from ..orgs.directory import reading
from ..ports import Engines, PushTo, Tx
from ..social import (
    accounts,
    announcements,
    annual_reports,
    cards,
    closing_rooms,
    drafts,
    follows,
    leaving,
    mail_prefs,
    mails,
    mails_in,
    media,
    moving,
    notification_policies,
    polls,
    push_messages,
    push_subscriptions,
)
from ..social.films import tools
from ..social.films import work as films
from ..social.portability import archives, imports, posts_in
from ..store import jobs
from ..store.jobs import Job
from ..types import Hold
from . import reactions, subscribers
from .jobs import Kind

DATED_S = (5, 30, 300, 3600, 6 * 3600)  # pauses of jobs with a date, which only need the database
HOUR_S = 3600
FILM_S = tools.MAKE_S + 120.0  # ffmpeg, and what is done with its result
HOOKS_AT_ONCE = 128  # receivers that are waited for
DNS_PAUSES_S = (60, 600, HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S)  # until the next day's look
CARD_PAUSES_S = (600, 2 * HOUR_S)
# A mail server that is down for days loses no mail: five days in all, as mail servers themselves try.
MAIL_PAUSES_S = (60, 300, 900, HOUR_S, 2 * HOUR_S, 4 * HOUR_S, 8 * HOUR_S, *(9 * [12 * HOUR_S]))


async def end_poll(engines: Engines, job: Job, poll_id: int) -> None:
    """Announce the end of the poll to its author and voters."""
    await engines.db.write(polls.end, poll_id)


async def publish_post(engines: Engines, job: Job, due: drafts.Due) -> None:
    """What cannot be published is not lost: its author finds it among the drafts."""
    try:
        await engines.db.write(drafts.publish_due, due)
    except (Forbidden, Invalid, NotFound) as error:
        await engines.db.write(drafts.give_back, due.id, error)


async def remind(engines: Engines, job: Job, due: acknowledgements.Due) -> None:
    """Remind those who have not acknowledged a post, and ask who is next."""
    await engines.db.write(acknowledgements.come_due, due)


async def end_mute(engines: Engines, job: Job, mute: tuple[int, int]) -> None:
    """Delete the expired mute and drop the muter's home timeline, which was built without the target's posts."""
    await engines.db.write(follows.end_mutes, [mute])


async def announcement_due(engines: Engines, job: Job, id: int) -> None:
    """Publish an announcement, or end it."""
    await engines.db.write(announcements.come_due, id)


async def count_year(engines: Engines, job: Job, report: tuple[int, int]) -> None:
    """The figures of an account's year. report: the account, the year."""
    await annual_reports.count(engines, *report)


async def merge_notifications(engines: Engines, job: Job, request: tuple[int, int]) -> None:
    """Put what an accepted request holds among the notifications, step by step."""
    while await engines.db.write(notification_policies.merge, *request):
        pass


async def bring_in(engines: Engines, job: Job, due: imports.Due) -> None:
    """Try the rows of a file that an account has brought along; killed, it goes on with the next row."""
    await imports.bring_in(engines, due)


async def forget_import(engines: Engines, job: Job, import_id: int) -> None:
    await engines.db.write(imports.forget, import_id)


async def delete_account(engines: Engines, job: Job, given: tuple[int, int]) -> None:
    """All that an account said and had, in steps. given: the account, and the suspension that it follows from."""
    if await engines.db.write(leaving.begin, *given):
        while await engines.db.write(leaving.step, given[0]):
            pass


async def close_room(engines: Engines, job: Job, room_id: int) -> None:
    """What was said in the room is for its members only, step by step."""
    before = ID_MAX
    while before:
        before = await engines.db.write(closing_rooms.step, room_id, before)


async def move_followers(engines: Engines, job: Job, move: tuple[int, int]) -> None:
    """Those of the first account follow the second instead, step by step; who minds the first minds the second."""
    after = await engines.db.write(moving.keep_averse, *move, 0)
    while after:
        after = await engines.db.write(moving.keep_averse, *move, after)
    while await engines.db.write(moving.follow_on, *move):
        pass


async def release_held(engines: Engines, job: Job, hold: Hold) -> None:
    """What was deleted while the hold stood goes for good now, unless there is another one."""
    await holds.release(engines, hold)


async def check_domain(engines: Engines, job: Job, wanted: domains.Wanted) -> None:
    """Whether a domain of an organisation is still its own. One that it has given up is not asked for any more."""
    with suppress(NotFound, Invalid):
        await domains.check(engines, wanted.org_id, 0, wanted.domain)


async def tell_of_domain(engines: Engines, job: Job, wanted: domains.Wanted) -> None:
    """Write to those who have an address of a domain that is proved to be their organisation's now."""
    while before := await engines.db.write(domains.tell, wanted):
        wanted = msgspec.structs.replace(wanted, before=before)


async def tell_of_closing(engines: Engines, job: Job, one: closing.Closing) -> None:
    await closing.tell(engines, one)


async def close_organisation(engines: Engines, job: Job, one: closing.Closing) -> None:
    await closing.close(engines, one)


async def delete_organisation(engines: Engines, job: Job, org_id: int) -> None:
    await closing.delete(engines, org_id)


async def spread_in_room(engines: Engines, job: Job, said: mails.InRoom) -> None:
    """A post of a room for all who want each of them by mail, step by step."""
    after = await engines.db.write(mails.spread, said.post_id, 0)
    while after:
        after = await engines.db.write(mails.spread, said.post_id, after)


async def delete_archive(engines: Engines, job: Job, archive_id: int) -> None:
    await archives.delete(engines, archive_id)


async def delete_export(engines: Engines, job: Job, export_id: int) -> None:
    await exports.delete(engines, export_id)


async def push(engines: Engines, job: Job, ids: tuple[int, int, int]) -> None:
    """Hand one notification to one app's push service."""
    found = await engines.db.read(push_messages.find, *ids)
    if found is None:
        return
    to, message = found
    message = msgspec.structs.replace(message, access_token=engines.pusher.open(message.access_token))
    key, secret = push_subscriptions.decoded(to.key), push_subscriptions.decoded(to.secret)
    place = PushTo(to.endpoint, key, secret, standard=bool(to.standard))
    if not await engines.pusher.push(place, msgspec.json.encode(message), ttl_s=push_messages.KEPT_MS // 1000):
        await engines.db.write(push_subscriptions.end, to.account_id, to.id)


PUSH = Kind(
    push,
    pauses_s=(10, 60, 300, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600),  # as long as it is news
    payload=tuple[int, int, int],
    at_once=16,
    per_destination=4,
    longest_s=30,
)
IN_THE_DATABASE: dict[str, Kind] = {  # they change nothing else: the copy of a backup does them too, see hold()
    jobs.REACTION: Kind(
        subscribers.react_again, pauses_s=(2, 8, 30), payload=reactions.Again, at_once=8, longest_s=300
    ),
    subscribers.DROP_STALE: Kind(subscribers.finish_drop, pauses_s=DATED_S, payload=str),
    acknowledgements.DUE: Kind(remind, pauses_s=DATED_S, payload=acknowledgements.Due),
    polls.ENDS: Kind(end_poll, pauses_s=DATED_S, payload=int),
    drafts.PUBLISH: Kind(publish_post, pauses_s=DATED_S, payload=drafts.Due),
    notification_policies.MERGE: Kind(merge_notifications, pauses_s=DATED_S, payload=tuple[int, int], longest_s=300),
    imports.BRING_IN: Kind(bring_in, pauses_s=DATED_S, payload=imports.Due, longest_s=6 * HOUR_S),
    holds.RELEASE: Kind(release_held, pauses_s=DATED_S, payload=Hold, at_once=2, longest_s=4 * HOUR_S),
    domains.TELL: Kind(tell_of_domain, pauses_s=DATED_S, payload=domains.Wanted, at_once=1, longest_s=HOUR_S),
    closing.TELL: Kind(tell_of_closing, pauses_s=DATED_S, payload=closing.Closing, at_once=1, longest_s=HOUR_S),
    closing.CLOSE: Kind(close_organisation, pauses_s=DATED_S, payload=closing.Closing),
    closing.DELETE: Kind(delete_organisation, pauses_s=DATED_S, payload=int, at_once=1, longest_s=24 * HOUR_S),
    archives.DELETE: Kind(delete_archive, pauses_s=DATED_S, payload=int),
    imports.FORGET: Kind(forget_import, pauses_s=DATED_S, payload=int),
    accounts.DELETION: Kind(delete_account, pauses_s=DATED_S, payload=tuple[int, int], at_once=2, longest_s=4 * 3600),
    exports.DELETE: Kind(delete_export, pauses_s=DATED_S, payload=int),
    moving.FOLLOWERS: Kind(move_followers, pauses_s=DATED_S, payload=tuple[int, int], at_once=2, longest_s=4 * 3600),
    closing_rooms.CLOSE: Kind(close_room, pauses_s=DATED_S, payload=int, at_once=2, longest_s=HOUR_S),
    annual_reports.COUNT: Kind(count_year, pauses_s=DATED_S, payload=tuple[int, int], at_once=1, longest_s=HOUR_S),
    announcements.DUE: Kind(announcement_due, pauses_s=DATED_S, payload=int),
    follows.MUTE_ENDS: Kind(end_mute, pauses_s=DATED_S, payload=tuple[int, int]),
}


DIGEST_PAUSES_S = (60, 600, HOUR_S, 4 * HOUR_S, 8 * HOUR_S)  # then the next one is nearly due


def _hooks(settings: Settings) -> dict[str, Kind]:
    """Attempts to send; those to receivers that are known to take long are a kind of their own."""

    def kind(quick: bool) -> Kind:
        async def send(engines: Engines, job: Job, attempt: sending.Attempt) -> None:
            await sending.send(engines, settings, attempt, quick=quick)

        at_once = HOOKS_AT_ONCE if quick else HOOKS_AT_ONCE // 2
        return Kind(send, DATED_S, sending.Attempt, at_once=at_once, per_destination=4, longest_s=30)

    return {sending.QUICK: kind(True), sending.SLOW: kind(False)}


def kinds(settings: Settings) -> dict[str, Kind]:
    """All, by name. Raises SettingsError: no mail can be written in the name of this server."""
    letterhead(settings)  # to be told now, not by each mail
    outbound, signer = Outbound(settings), signing.signer(settings)
    handing, found = Handing(replies=settings.mail_replies), Readers(settings)
    telling, digests = Telling(settings, found, handing), Digests(found, handing)

    async def send(engines: Engines, job: Job, wanted: Wanted) -> None:
        await outbound.send(engines, job.kind, f"{job.id}-{job.attempts}", wanted)

    async def tell(engines: Engines, job: Job, told: mails.Told) -> None:
        await telling.send(engines, job.id, told)

    async def count_votes(engines: Engines, job: Job, post_id: int) -> None:
        await engines.db.write(approvals.count, post_id, signer)

    async def send_digest(engines: Engines, job: Job, due: mail_prefs.Due) -> None:
        await digests.send(engines, job.id, due)

    async def make_archive(engines: Engines, job: Job, due: archives.Due) -> None:
        await archives.make(engines, due, settings.data)

    async def make_export(engines: Engines, job: Job, export_id: int) -> None:
        await exports.make(engines, export_id, settings.data)

    async def make_card(engines: Engines, job: Job, wanted: cards.Wanted) -> None:
        await cards.make(engines, wanted, settings)

    async def read_directory(engines: Engines, job: Job, org_id: int) -> None:
        site = await engines.db.read(sites.at, settings, org_id)
        if site.settings.ldap:
            await reading.read(engines, org_id, site.settings.ldap)

    async def bring_in_posts(engines: Engines, job: Job, due: imports.Due) -> None:
        await posts_in.bring_in(engines, due, await engines.db.read(posts_in.rules_for, settings, due))

    async def run_rule(engines: Engines, job: Job, due: rule_runs.Due) -> None:
        await rule_runs.run(engines, due, settings)

    posts = Kind(bring_in_posts, DATED_S, imports.Due, at_once=2, longest_s=24 * HOUR_S)
    archive = Kind(make_archive, DATED_S, archives.Due, at_once=1, longest_s=6 * HOUR_S)
    card = Kind(make_card, CARD_PAUSES_S, cards.Wanted, at_once=8, missed=False)
    mail = Kind(send, MAIL_PAUSES_S, Wanted, per_destination=4, longest_s=120)
    film = Kind(films.maker(settings.data), films.PAUSES_S, payload=int, at_once=1, longest_s=FILM_S)
    others = {push_subscriptions.PUSH: PUSH, archives.MAKE: archive, media.MAKE_FILM: film, posts_in.BRING_IN: posts}
    others[cards.FETCH] = card
    others[reading.READ] = Kind(read_directory, DATED_S, payload=int, at_once=2, longest_s=HOUR_S, missed=False)
    others[exports.MAKE] = Kind(make_export, DATED_S, int, at_once=1, longest_s=6 * HOUR_S)

    others[rule_runs.RUN] = Kind(run_rule, DATED_S, rule_runs.Due, at_once=8)
    others[approvals.COUNT] = Kind(count_votes, DATED_S, int)
    others[domains.CHECK] = Kind(check_domain, DNS_PAUSES_S, domains.Wanted, at_once=4, longest_s=30)
    told = Kind(tell, MAIL_PAUSES_S, mails.Told, per_destination=4, longest_s=120)
    of_rooms = Kind(spread_in_room, DATED_S, mails.InRoom, at_once=2, longest_s=HOUR_S)
    # Links that people wait for come before what only happened: jobs of earlier kinds are begun first.
    sent = dict.fromkeys(outbound.kinds, mail) | {mails.TOLD: told, mails.ROOM: of_rooms}
    # All who want theirs at eight are due together; each is ten queries.
    sent[mail_prefs.DIGEST] = Kind(send_digest, DIGEST_PAUSES_S, mail_prefs.Due, at_once=2, missed=False)
    return {**IN_THE_DATABASE, **others, **_hooks(settings), **sent, **_of_mails_in(settings)}


def _of_mails_in(settings: Settings) -> dict[str, Kind]:
    def inbound(engines: Engines) -> Inbound:
        return Inbound(settings, engines, sites.Sites(settings, engines.db))

    async def let_in(engines: Engines, job: Job, held_id: int) -> None:
        await inbound(engines).let_in(held_id)

    async def answer(engines: Engines, job: Job, told: mails_in.Answer) -> None:
        await answers.send(engines, settings, str(job.id), told)

    async def look(engines: Engines, job: Job, _: None) -> None:
        from ..mail import mailbox  # loaded only if used

        if settings.mail_in.startswith("imap"):
            await mailbox.look(inbound(engines), mailbox.of(settings))

    return {
        mails_in.ANSWER: Kind(answer, MAIL_PAUSES_S, mails_in.Answer, per_destination=4, longest_s=120),
        mails_in.LET_IN: Kind(let_in, DATED_S, payload=int, longest_s=300),
        mails_in.LOOK: Kind(look, (), None, at_once=1, longest_s=HOUR_S, missed=False),
    }


FROM_BACKUP = "from a backup: the copied server may have done it since. --retry does it from here, --drop never"


def hold(tx: Tx) -> int:
    """In a restored database: set aside the jobs that send something to others. How many; an operator decides."""
    return jobs.set_aside_except(tx, {*IN_THE_DATABASE, media.MAKE_FILM}, FROM_BACKUP)
