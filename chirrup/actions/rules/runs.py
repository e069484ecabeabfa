"""What rules do: a rule that concerns a new post is run by a job, once, with the rights of its owner.

It sees what its owner sees (access/visibility.py), and what it posts is its owner's. What came of it is in its log, in
the transaction that did it: so it is done once, also if the worker dies. docs/decisions/0090-rules-and-tracks.md.
"""

import msgspec
import structlog

from ...access import emails, roles, sites, visibility
from ...access.roles import Permission
from ...access.sites import Site
from ...config import Settings
from ...errors import ChirrupError, Invalid, NotFound, Unavailable
from ...events import PostPublished, RulesChanged
from ...ids import bucket_of, first_at
from ...ports import Engines, Tx
from ...social import audit, posts, staff
from ...store import accounts, jobs
from ...store import posts as post_rows
from ...store import rules as rows
from ...times import DAY_MS
from ...types import Account, ActionRule, Draft, Enough, Outcome, Post, RuleRun, RuleState
from .. import acknowledgements, approvals, chains, watch, who
from . import tree
from .ready import Ready, facts

RUN = "run a rule"  # kind of jobs
IN_A_ROW = 3  # posts that rules make, each because of the one before
A_MINUTE = 60  # runs of one rule
FAILURES_MAX = 5  # in a row: then it is off
KEPT_MS = 30 * DAY_MS  # the log
MINUTE_MS = 60_000

log = structlog.get_logger()


class Due(msgspec.Struct, frozen=True):
    """The payload of a job."""

    rule_id: int
    post_id: int

    @property
    def event(self) -> str:
        return f"post {self.post_id}"


async def on_published(engines: Engines, event: PostPublished) -> None:
    """Of those that the post concerns by its words, room or author: their jobs look closer."""
    post = await engines.db.read(post_rows.by_id, event.post_id)
    if post and (found := watch.of(engines.db).rules(post)):
        await engines.db.write(_enqueue, [Due(id, post.id) for id in found])


def _enqueue(tx: Tx, due: list[Due]) -> None:
    for one in due:
        jobs.enqueue(tx, RUN, of=one.rule_id, key=f"{one.rule_id} {one.post_id}", payload=one)


async def run(engines: Engines, due: Due, settings: Settings) -> None:
    """The job. A rule that fails says so in its log, and is not tried again."""
    try:
        await engines.db.write(_run, due, settings)
    except Unavailable:
        raise
    except ChirrupError as error:
        await engines.db.write(_failed, due, error.message)


def _run(tx: Tx, due: Due, settings: Settings) -> None:
    rows.lock(tx, due.rule_id)
    row = rows.by_id(tx, due.rule_id)
    if row is None or row.state != RuleState.ON:
        return
    if not may_have_rules(tx, row.owner_id):
        _switch_off(tx, row, RuleState.LEFT)
        return
    post = visibility.see_one(tx, row.owner_id, due.post_id)
    if post is None or post.boost_of_id:
        return
    ready = Ready(row)
    if not ready.applies(facts(tx, [post])[0]):
        return
    depth = rows.depth(tx, post.id)
    if depth >= IN_A_ROW:
        rows.insert_run(tx, RuleRun(row.id, due.event, tx.now_ms, Outcome.LOOP))
    elif rows.runs_since(tx, row.id, tx.now_ms - MINUTE_MS) >= A_MINUTE:
        rows.insert_run(tx, RuleRun(row.id, f"minute {tx.now_ms // MINUTE_MS}", tx.now_ms, Outcome.OFTEN))
    elif rows.insert_run(tx, RuleRun(row.id, due.event, tx.now_ms, Outcome.DONE)):
        site = sites.at(tx, settings, row.org_id)
        made = [id for action in ready.rule.do if (id := _do(tx, ready, action, post, site))]
        for id in made:
            rows.insert_post(tx, id, row.id, depth + 1)
        rows.set_made(tx, row.id, due.event, msgspec.json.encode(made).decode())
        rows.trim_runs(tx, row.id, tx.now_ms - KEPT_MS)
        rows.trim_posts(tx, bucket_of(row.owner_id), first_at(tx.now_ms - KEPT_MS))
        if row.failures:
            rows.set_failures(tx, row.id, 0)


def _do(tx: Tx, ready: Ready, action: tree.Action, post: Post, site: Site) -> int:
    """The id of the post that it made; 0: it made none. Raises what posting and asking raise; NotFound: a room that it
    names is no more."""
    author = accounts.by_ids(tx, [post.author_id])[post.author_id]
    link = f"{site.base_url}/@{author.acct}/{post.id}"
    owner_id, org_id = ready.row.owner_id, ready.row.org_id
    match action:
        case tree.NeedAck():
            _need_ack(tx, ready.row, action, post)
            return 0
        case tree.AskApproval():
            text = _in_room(tx, ready, action.room, _filled(action.text, author, link))
            asked = tuple(who.named(tx, org_id, owner_id, action.who))
            question = approvals.Question(Draft(text=text), asked, open_for_s=action.minutes * 60)
            made = approvals.ask(tx, owner_id, question, domain=site.domain, chars_max=site.post_chars_max)
            return made.post_id
        case tree.Reply():
            text = _filled(action.text, author, link)
            draft = Draft(text=text, reply_to_id=post.id, visibility=post.visibility, within_parent=True)
        case tree.Post():
            draft = Draft(text=_in_room(tx, ready, action.room, _filled(action.text, author, link)))
        case tree.Forward():
            draft = Draft(text=_in_room(tx, ready, action.room, link))
    return posts.publish(tx, owner_id, draft, domain=site.domain, chars_max=site.post_chars_max).id


def _need_ack(tx: Tx, row: ActionRule, action: tree.NeedAck, post: Post) -> None:
    """Where another rule, or its author, has asked already, that is enough."""
    chain_id = chains.called(tx, row.org_id, action.chain).id if action.chain else 0
    enough = Enough.ONE if action.one else Enough.ALL
    asked = tuple(who.named(tx, row.org_id, row.owner_id, action.who))
    wanted = acknowledgements.Asking(asked, action.minutes, enough, chain_id)
    try:
        acknowledgements.ask(tx, row.owner_id, post.id, wanted, as_rule=True)
    except Invalid as error:
        if error.rule != "asked":
            raise


def _filled(text: str, author: Account, link: str) -> str:
    return text.replace("{author}", author.acct).replace("{link}", link)


def _in_room(tx: Tx, ready: Ready, name: str, text: str) -> str:
    """The text with the mention that puts it into the room; name "": as it is."""
    if not name:
        return text
    room = accounts.by_id(tx, ready.id_of(name))
    if room is None or room.suspended_ms:
        raise NotFound("room", name)
    return f"@{room.username} {text}"


def may_have_rules(tx: Tx, account_id: int) -> bool:
    """Whether it is there, and its role lets it have rules."""
    account, user = accounts.by_id(tx, account_id), accounts.user(tx, account_id)
    if account is None or user is None or account.suspended_ms or user.deactivated_ms or user.gone_ms:
        return False
    return roles.find(tx, user.org_id).may(user.role, Permission.AUTOMATE)


def _failed(tx: Tx, due: Due, why: str) -> None:
    rows.lock(tx, due.rule_id)
    row = rows.by_id(tx, due.rule_id)
    if row is None or row.state != RuleState.ON:
        return
    if not rows.insert_run(tx, RuleRun(row.id, due.event, tx.now_ms, Outcome.FAILED, problem=why)):
        return
    log.info("a rule failed", rule=row.id, post=due.post_id, why=why)
    failures = row.failures + 1
    if failures < FAILURES_MAX:
        rows.set_failures(tx, row.id, failures)
    else:
        _switch_off(tx, msgspec.structs.replace(row, failures=failures), RuleState.FAILED)


def _switch_off(tx: Tx, row: ActionRule, state: RuleState) -> None:
    """Whose rule it is is told; where they have left, those who may have rules."""
    rows.update(tx, msgspec.structs.replace(row, state=state, changed_ms=max(tx.now_ms, row.changed_ms + 1)))
    audit.note(tx, row.org_id, 0, "switch off", "rule", row.id, row.name)
    tx.emit(RulesChanged(row.org_id))
    what = emails.RULE_FAILED if state == RuleState.FAILED else emails.RULE_LEFT
    told = [row.owner_id] if state == RuleState.FAILED else staff.who_may(tx, row.org_id, Permission.AUTOMATE)
    for account_id in told:
        emails.about_rule(tx, account_id, what, row.name)
