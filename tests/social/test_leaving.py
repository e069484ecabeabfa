"""An account that goes leaves nothing: every table of the schema is looked through."""

from typing import Any

import pytest
from kit import people, settle, work_off

from chirrup.access import apps, codes, emails, links, passkeys, second_factor, sessions, tokens
from chirrup.access.signing import Signer
from chirrup.actions import acknowledgements, approvals, chains, rotations
from chirrup.errors import Invalid, NotFound, Unauthorised
from chirrup.ids import ID_MAX, bucket_of
from chirrup.orgs import rooms
from chirrup.ports import Database, Engines, Tx
from chirrup.social import (
    account_lists,
    accounts,
    announcements,
    annual_reports,
    blocked_domains,
    collections,
    discovery,
    drafts,
    filters,
    follows,
    leaving,
    lists,
    markers,
    moving,
    notification_policies,
    polls,
    posts,
    push_subscriptions,
    reactions,
    reports,
    tags,
)
from chirrup.social.accounts import ProfileChange, SignUp
from chirrup.social.portability import archives, imports
from chirrup.social.shortcodes import EMPTY
from chirrup.store import bounces, identities, imported_posts, mail_in, mail_prefs, schema
from chirrup.store import media as media_rows
from chirrup.store import scim as scim_rows
from chirrup.types import Draft, MailIn, MailMode, MailPrefs, Media, PollDraft, Post, ScimResource, Span, Step, Who
from chirrup.types.directory import AccountIdentity

WORD = "zanzibar"  # in all that ann types
SIGNER = Signer(b"x" * 32)
DAY_MS = 86_400_000

IMPERSONAL = {  # tables that have nothing of accounts
    *("schema_version", "schema_steps", "oauth_apps", "loads", "orgs", "hosts", "org_roles", "invites"),
    *("domains", "org_domains"),
    *("bans", "ban_tries", "directory_runs", "moderation_log", "audit_heads"),
    *("outbox_failed", "workers", "lanes", "missed_pushes", "behind"),
    *("emojis", "emoji_sets", "trends", "trend_decisions", "announcements", "announcement_counts"),
    *("scim_tokens", "hooks_in", "hook_payloads", "hook_keys"),
    *("hooks_out", "deliveries"),  # a hook whose owner is gone is switched off: test_hooks_out.py
    *("holds", "held", "held_posts", "retention", "retention_runs"),  # who is held is deleted later: test_holds.py
    *("rooms", "room_posts"),
    *("rules", "rule_versions", "rule_runs", "rule_posts"),  # the organisation's; whose owner has left are switched off
    "org_exports",  # who asked for a file that is deleted within a week
    *("links", "cards"),  # what pages elsewhere say of themselves; who is gone is shown beside none
}
KEPT = {  # table -> what still names the account there
    "accounts": "the name, so that a link to it says that it is gone",
    "account_names": "the name, so that nobody else gets it",
    "users": "that nobody can log in",
    "account_counts": "that it has nothing",
    "posts": "tombstones without content, which keep threads of others whole; posts of others that mention it",
    "post_counts": "of those",
    "thread_posts": "replies of others",
    "favourited_by": "marks of others",
    "conversations": "of others, who wrote to it",
    "poll_votes": "a vote stays counted",
    "tags": "hashtags are everybody's",
    "tag_days": "a day's figure",
    "tag_day_accounts": "a day's figure, for as long as figures are kept",
    "notifications": "that staff was told of it",
    "jobs": "do nothing on their date",
    "audit": "what staff did",
    "reports": "for staff",
    "acks": "who had acknowledged what others asked for",
    "ack_requests": "that it asked, beside a post that is gone",
    "approvals": "likewise",
    "decisions": "who decided: signed, so that nobody can change it",
    "poll_voters": "who was asked to vote",
    "chains": "who is gone is not asked",
    "rotations": "likewise",
    "strikes": "for staff",
}


class Scene:
    """Ann, who has something in every table.

    Bob follows her and is followed; she and Eve block and mute each other; Kim is locked; Sam is a stranger.
    """

    def __init__(self, engines: Engines, ids: list[int]) -> None:
        self.engines, self.db = engines, engines.db
        self.ann, self.bob, self.eve, self.kim, self.sam = ids

    async def do(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        return await self.db.write(operation, *args, **kwargs)

    async def say(self, author: int, text: str, **more: Any) -> Post:
        return await self.do(posts.publish, author, Draft(text=text, **more))

    def held(self, tx: Tx) -> None:
        """A mail that came in and says that it is from her."""
        words = (WORD, "held", 0, WORD, WORD, WORD, WORD)
        mail_in.insert(tx, MailIn(tx.new_id(bucket_of(self.ann)), self.ann, 0, *words))

    async def decide(self) -> None:
        """She is asked to acknowledge and to decide, asks others, and has duty."""
        ann, bob, do = self.ann, self.bob, self.do
        whom = (Who("account", ann),)
        await do(rotations.create, 0, 0, "oncall", rotations.RotationChange((ann,)))
        await do(chains.create, 0, 0, "nights", [Step(whom, 5)], 0)
        read = await self.say(bob, "@ann read this")
        await do(acknowledgements.ask, bob, read.id, acknowledgements.Asking(whom))
        asks = await do(
            approvals.ask, bob, approvals.Question(Draft(text="a van"), (*whom, Who("account", self.eve)), 2)
        )
        await do(polls.vote, ann, await self.db.read(polls.get, ann, asks.poll_id), [0])
        await do(approvals.count, asks.post_id, SIGNER)
        own = await do(approvals.ask, ann, approvals.Question(Draft(text=WORD), (Who("account", bob),)))
        await do(acknowledgements.ask, ann, own.post_id, acknowledgements.Asking((Who("account", bob),)), as_rule=True)

    async def upload(self) -> int:
        def insert(tx: Tx) -> int:
            id = tx.new_id(bucket_of(self.ann))
            media_rows.insert(tx, Media(id, self.ann, 0, "image", "x/y", f"key{id}", "", "", "{}", WORD, 1))
            return id

        return await self.do(insert)

    async def play(self) -> None:
        ann, bob, eve, kim, do, say = self.ann, self.bob, self.eve, self.kim, self.do, self.say
        await do(accounts.change_profile, kim, ProfileChange(locked=True))
        await do(accounts.change_profile, ann, ProfileChange(display_name=WORD, note=WORD))
        for one, other in ((ann, bob), (bob, ann), (ann, kim)):
            await do(follows.follow, one, other)
        await settle(self.engines)
        bobs = await say(bob, "hello @ann")
        await do(mail_prefs.save, MailPrefs(ann, MailMode.ROOMS))
        await do(rooms.create, 0, ann, "den", rooms.RoomChange(closed=True))
        await do(bounces.add, ann, WORD, hard=True)
        await do(self.held)
        await say(ann, f"@den {WORD}")
        first = await say(ann, f"{WORD} #{WORD} @bob", media_ids=(await self.upload(),), idempotency_key="k")
        await do(posts.edit, ann, first.id, Draft(text=f"{WORD} again #{WORD} @bob"))
        asks = await say(ann, WORD, poll=PollDraft([WORD, "b"], 3600, multiple=False))
        await do(polls.vote, bob, await self.db.read(polls.get, bob, asks.poll_id), [0])
        bobs_poll = await say(bob, "which?", poll=PollDraft(["a", "b"], 3600, multiple=False))
        await do(polls.vote, ann, await self.db.read(polls.get, ann, bobs_poll.poll_id), [0])
        await self.decide()
        await say(ann, WORD, quote_of_id=bobs.id)
        await say(bob, "so says she", quote_of_id=first.id)
        await say(ann, WORD, reply_to_id=bobs.id)
        await say(bob, "indeed", reply_to_id=first.id)
        await say(bob, "@ann between us", visibility="direct")
        await say(ann, f"@bob {WORD}", visibility="direct")
        for mark in (reactions.favourite, reactions.boost, reactions.bookmark, reactions.mute_thread):
            await do(mark, ann, bobs.id)
            await do(mark, bob, first.id)
        await do(reactions.pin, ann, first.id)
        described = ScimResource(0, "User", 7 << 16, ann, WORD, "", f'{{"userName": "{WORD}"}}', 1, 1, 1)
        await do(scim_rows.insert, described)
        await self._settings(bobs)
        await self._relations()
        await self._logins()
        await settle(self.engines)
        held = await self.db.read(notification_policies.page, ann, Span(before=ID_MAX, limit=9))
        await do(notification_policies.accept, ann, [one.id for one in held.items if one.from_id == kim])
        await settle(self.engines)
        for one, other in ((ann, eve), (eve, ann)):
            await do(follows.block, one, other)
            await do(follows.mute, one, other, for_s=3600)
        await settle(self.engines)

    async def _settings(self, post: Post) -> None:
        ann, do = self.ann, self.do
        await do(tags.follow, ann, WORD)
        await do(tags.feature, ann, WORD)
        made = await do(lists.create, ann, lists.ListChange(title=WORD))
        await do(lists.add, ann, made.id, [self.bob])
        bobs = await do(lists.create, self.bob, lists.ListChange(title="hers"))
        await do(lists.add, self.bob, bobs.id, [ann])
        change = filters.FilterChange(title=WORD, contexts=["home"], keywords=[filters.KeywordChange(keyword=WORD)])
        whole = await do(filters.create, ann, change)
        await do(filters.add_post, ann, whole.filter.id, post.id)
        await do(drafts.keep, ann, Draft(text=WORD, media_ids=(await self.upload(),)), rules=drafts.Rules())
        await do(drafts.keep, ann, Draft(text=WORD), 1_800_000_000_000 + DAY_MS, rules=drafts.Rules())
        await do(markers.save, ann, {"home": post.id})
        await do(archives.ask, ann, base_url="https://town.example")
        await do(imported_posts.insert, ann, WORD, post.id)
        await do(imports.begin, ann, "domains", [[WORD]], replaces=False, base_url="https://town.example")
        await do(blocked_domains.block, ann, "else.example", "town.example")
        announced = await do(announcements.announce, 0, announcements.Wanted("hello"))
        await do(announcements.react, 0, ann, announced.id, "👍", EMPTY)
        await do(announcements.dismiss, 0, ann, announced.id)
        bob = self.bob
        for one, other in ((ann, bob), (bob, ann), (bob, ann)):
            await do(accounts.change_profile, other, ProfileChange(discoverable=True))
            await do(collections.create, one, collections.Wanted(WORD if one == ann else "hers"), [other])
        await do(annual_reports.rows.insert, ann, 2026)
        last = (await self.db.read(collections.holding, ann, offset=0, limit=1))[0]
        item = (await self.db.read(collections.whole, ann, [last]))[0].items[0].item
        await do(collections.revoke, ann, last.id, item.id)
        await do(reports.file, ann, self.eve, comment=WORD)
        await do(reports.file, self.eve, ann, comment="loud")
        drop = notification_policies.Change(not_following=notification_policies.Treatment.FILTER)
        for account_id in (ann, self.bob):
            await do(notification_policies.change, account_id, drop)

    async def _relations(self) -> None:
        ann, bob, do = self.ann, self.bob, self.do
        for one, other in ((ann, bob), (bob, ann)):
            await do(account_lists.endorse, one, other)
            await do(account_lists.set_note, one, other, f"{WORD if one == ann else 'she'} 1")
            await do(discovery.refuse_suggestion, one, other)
        for one, name in ((ann, "sam"), (self.sam, "ann")):
            await do(moving.add_alias, one, name, "town.example")
        await do(moving.move, ann, "sam", "town.example")
        await do(moving.come_back, ann)
        for stranger in (self.kim, self.sam):
            await self.say(stranger, "@ann do I know you?")
        await self.say(ann, f"@kim {WORD}")

    async def _logins(self) -> None:
        ann, do = self.ann, self.do
        app, secret = await do(apps.register, "App", "https://app.example/", "read push")
        client = await self.db.read(apps.identify, app.client_id, secret)
        token, self.token = await do(tokens.issue, ann, client.app.id, "read push")
        wanted = push_subscriptions.Wanted("https://push.example/x", KEY, "A" * 22)
        given = {"access_token": "sealed", "base_url": "https://town.example"}
        await do(push_subscriptions.subscribe, ann, token.id, wanted, **given)
        self.cookie = await do(sessions.start, ann)
        asked = {"client_id": app.client_id, "redirect_uri": "https://app.example/", "response_type": "code"}
        code = await do(codes.issue, ann, await self.db.read(lambda tx: codes.ask(tx, **asked)))
        await do(codes.redeem, client, code, redirect_uri="https://app.example/")
        await do(links.ask_reset, "ann@example.com")
        salt = second_factor.new_salt()
        now_ms = await self.db.read(lambda tx: tx.now_ms)
        known = AccountIdentity(ann, 0, "https://login.acme.example", WORD)
        await do(identities.claim, identities.key_of(0, known.issuer, known.subject), ann)
        await do(identities.insert, known)
        await do(passkeys.add, ann, passkeys.Made("id", "key", 0), WORD)
        shown = second_factor.totp.code_at(second_factor.key_of(SIGNER, ann, salt), now_ms // 30_000)
        await do(second_factor.turn_on, SIGNER, ann, salt=salt, code=shown)


KEY = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"  # of RFC 8291, 5


async def whole(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    return {table: await db.read(_rows, table) for table in schema.TABLES}


def _rows(tx: Tx, table: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.all(f"SELECT * FROM {table}")]


def naming(found: dict[str, list[tuple[Any, ...]]], account_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """The rows in the account's bucket, and those that name it."""
    return {
        table: named
        for table, rows in found.items()
        if (named := [row for row in rows if _names(row, account_id) or _is_near(table, row, account_id)])
    }


def _names(row: tuple[Any, ...], account_id: int) -> bool:
    words = (str(account_id), WORD)
    return any(value == account_id or (isinstance(value, str) and any(w in value for w in words)) for value in row)


def _is_near(table: str, row: tuple[Any, ...], account_id: int) -> bool:
    return bucket_of(account_id) in row and not schema.TABLES[table].startswith("crc32")


@pytest.fixture
async def scene(engines: Engines) -> Scene:
    ids = await people(engines.db, "ann", "bob", "eve", "kim", "sam")
    made = Scene(engines, ids)
    await made.play()
    return made


async def test_nothing_of_an_account_is_left_in_any_table(scene: Scene):
    db, engines = scene.db, scene.engines
    before = naming(await whole(db), scene.ann)
    assert schema.TABLES.keys() - before.keys() - IMPERSONAL - {"outbox", "strikes", "audit"} == set()

    await db.write(leaving.leave, scene.ann)

    for find, secret in ((tokens.find, scene.token), (sessions.find, scene.cookie)):
        with pytest.raises(Unauthorised):
            await db.read(find, secret)
    await db.write(leaving.step, scene.ann)  # a worker that dies after its first step
    for _ in range(3):  # what the deletion causes may cause more
        await settle(engines)
        await work_off(engines)
    left = await whole(db)
    assert {table: rows for table, rows in naming(left, scene.ann).items() if table not in KEPT} == {}
    assert {table: rows for table, rows in left.items() if WORD in str(rows) and table not in MAY_SAY} == {}
    for other in (scene.bob, scene.eve):
        state = await db.read(lambda tx, id=other: accounts.rows.states(tx, [id])[id])
        assert (state.followers, state.followees) == (0, 0)
    assert {row[1] for row in left["users"] if row[0] == scene.ann} <= {bucket_of(scene.ann)}


MAY_SAY = {"tags", "tag_days", "tag_day_accounts", "reports", "posts"}  # hashtags are everybody's


async def test_what_is_told_too_late_goes_an_hour_later(engines: Engines, clock):
    ann, bob = await people(engines.db, "ann", "bob")
    post = await engines.db.write(posts.publish, ann, Draft(text="hello"))
    await engines.db.write(reactions.favourite, bob, post.id)
    await engines.db.write(leaving.leave, ann)
    await work_off(engines)
    await settle(engines)
    await engines.db.write(markers.save, ann, {"home": post.id})  # as a request that was on its way

    clock.pass_ms(leaving.LATE_MS)
    await work_off(engines)

    left = naming(await whole(engines.db), ann)
    assert left.keys() <= KEPT.keys()


async def test_the_name_is_nobody_elses_and_the_address_is_free(engines: Engines):
    (ann,) = await people(engines.db, "ann")
    await engines.db.write(leaving.leave, ann)
    await work_off(engines)

    with pytest.raises(Invalid, match="taken"):
        await engines.db.write(accounts.create, SignUp("Ann", "other@example.com", "-"))
    again = await engines.db.write(accounts.create, SignUp("ann2", "ann@example.com", "-"))
    assert await engines.db.read(emails.owner_id, "ann@example.com", 0) == again.id
    with pytest.raises(NotFound):
        await engines.db.read(posts.get, again.id, ann)
