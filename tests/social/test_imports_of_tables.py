"""CSV files of follows, lists, blocks, mutes and bookmarks: taken out, and brought in row by row."""

import pytest
from databases import Clock
from kit import person, settle, work_off

from chirrup.errors import Invalid, NotFound
from chirrup.ids import ID_MAX
from chirrup.ports import Engines
from chirrup.social import accounts, blocked_domains, follows, lists, posts, reactions
from chirrup.social.portability import csv_files, imports, tables
from chirrup.social.portability.imports import KEPT_MS, Due
from chirrup.social.portability.tables import TABLES, Owner
from chirrup.store import follows as follow_rows
from chirrup.types import Draft, Import, Span, Visibility

URL = "https://town.example"
ALL = Span(before=ID_MAX, limit=400)
NAMES = ("ann", "bob", "carla", "dev", "eve")


@pytest.fixture
async def who(engines: Engines) -> dict[str, int]:
    return {name: await engines.db.write(person, name) for name in NAMES}


async def taken_out(engines: Engines, account_id: int, kind: str, limit: int = 2) -> str:
    """The file, read in small pages."""
    data, after = b"", 0
    while True:
        rows, after = await engines.db.read(tables.out, kind, Owner(account_id, URL, 0), after, limit)
        data += csv_files.encoded(rows)
        if not after:
            return data.decode()


async def begin(engines: Engines, account_id: int, kind: str, words: str | bytes, *, replaces: bool = False) -> Import:
    found = imports.rows_of(kind, words if isinstance(words, bytes) else words.encode())
    return await engines.db.write(imports.begin, account_id, kind, found, replaces=replaces, base_url=URL)


async def bring(engines: Engines, account_id: int, kind: str, words: str | bytes, *, replaces: bool = False) -> Import:
    """The import after a worker has worked on it."""
    one = await begin(engines, account_id, kind, words, replaces=replaces)
    await work_off(engines)
    return await engines.db.read(imports.get, account_id, one.id)


async def failed(engines: Engines, account_id: int, one: Import) -> list[tuple[int, str]]:
    return [(row.position, row.problem) for row in await engines.db.read(imports.failures, account_id, one.id, 0)]


async def test_what_is_taken_out_of_one_account_is_brought_into_another(engines: Engines, who: dict[str, int]):
    ann, bob, carla, dev, eve = who.values()
    db = engines.db
    await db.write(follows.follow, ann, bob, show_boosts=False, notify=True, languages=("en", "de"))
    await db.write(follows.follow, ann, carla)
    await db.write(follows.follow, ann, dev)
    await db.write(follows.block, ann, eve)
    await db.write(blocked_domains.block, ann, "bad.example", "town.example")
    await db.write(follows.mute, ann, carla, notifications=False)
    await db.write(follows.mute, ann, dev)
    for title, members in (("Birds, and bees", [bob, carla]), ('Say "hi"', [bob, ann])):
        made = await db.write(lists.create, ann, lists.ListChange(title=title))
        await db.write(lists.add, ann, made.id, members)
    marked = [(await db.write(posts.publish, bob, Draft(text=f"post {n}"))).id for n in range(3)]
    for post_id in reversed(marked):
        await db.write(reactions.bookmark, ann, post_id)

    out = {kind: await taken_out(engines, ann, kind) for kind in TABLES}

    assert out == {
        "following": 'bob@town.example,false,true,"en, de"\n'
        "carla@town.example,true,false,\ndev@town.example,true,false,\n",
        "lists": '"Birds, and bees",bob@town.example\n"Birds, and bees",carla@town.example\n'
        '"Say ""hi""",bob@town.example\n"Say ""hi""",ann@town.example\n',
        "blocked": "eve@town.example\n",
        "domains": "bad.example\n",
        "muted": "carla@town.example,false\ndev@town.example,true\n",
        "bookmarks": "".join(f"{URL}/@bob/{id}\n" for id in reversed(marked)),
    }

    new = await db.write(person, "ann2")
    heads = {"following": "Account address,Show boosts,Notify on new posts,Languages\n"}
    done = {kind: await bring(engines, new, kind, heads.get(kind, "") + words) for kind, words in out.items()}

    assert {kind: (one.total, one.done, one.failed) for kind, one in done.items()} == {
        kind: (words.count("\n"),) * 2 + (0,) for kind, words in out.items()
    }
    assert {kind: await taken_out(engines, new, kind) for kind in TABLES} == out | {
        "following": out["following"] + "ann@town.example,true,false,\n"  # who is on a list is followed
    }
    for kind, words in out.items():  # again: nothing is doubled
        assert (await bring(engines, new, kind, words)).failed == 0
    assert len(await db.read(lists.owned, new)) == 2
    assert (await db.read(lists.members, new, (await db.read(lists.owned, new))[0].id, ALL)).items
    assert len(await db.read(follow_rows.followees, new)) == 4


async def test_rows_that_cannot_be_brought_in_are_kept_with_the_reason(engines: Engines, who: dict[str, int]):
    ann, bob, _, dev, eve = who.values()
    db = engines.db
    await db.write(follows.block, ann, bob)
    await db.write(follows.block, eve, ann)
    hidden = await db.write(posts.publish, bob, Draft(text="for few", visibility=Visibility.FOLLOWERS))

    one = await bring(
        engines,
        ann,
        "following",
        "Languages,Account address,Show boosts\n"
        ",nobody@town.example,true\n,bob@town.example,true\n,eve@town.example,\n,bob@far.example,\n"
        "xx-nothing,carla,true\n,dev@TOWN.example,perhaps\n,ann@town.example,true\n,not an address!,true\n"
        "de,@Dev,false\n",
    )

    gone = "is not known here"
    assert (one.total, one.done, one.failed, one.stage) == (9, 9, 8, "ended")
    problems = await failed(engines, ann, one)
    assert [position for position, _ in problems] == [*range(1, 9)]
    assert [problems[n][1] for n in (0, 2, 3, 7)] == [gone] * 4
    assert problems[1][1] == "you block this account"
    assert "language" in problems[4][1] and "perhaps" in problems[5][1] and "itself" in problems[6][1]
    (followed,) = await db.read(follow_rows.followees, ann)
    assert (followed.other_id, followed.languages, followed.show_boosts) == (dev, "de", 0)

    unseen = f"{URL}/@bob/{hidden.id}\nhttps://far.example/@bob/{hidden.id}\n{URL}/@bob/1\nnonsense\n"
    one = await bring(engines, ann, "domains", "#domain\nBad.Example\ntown.example\nno domain\n")
    assert [position for position, _ in await failed(engines, ann, one)] == [2, 3]
    assert (await taken_out(engines, ann, "domains")) == "bad.example\n"
    one = await bring(engines, ann, "bookmarks", unseen)
    assert await failed(engines, ann, one) == [(n, gone) for n in range(1, 5)]
    assert (await taken_out(engines, ann, "bookmarks")) == ""


async def test_who_must_be_asked_first_cannot_be_on_a_list_yet(engines: Engines, who: dict[str, int]):
    ann, bob = who["ann"], who["bob"]
    await engines.db.write(accounts.change_profile, bob, accounts.ProfileChange(locked=True))

    one = await bring(engines, ann, "lists", "Friends,bob\nFriends,carla\n")

    assert "accept your follow" in (await failed(engines, ann, one))[0][1]
    assert await taken_out(engines, ann, "lists") == "Friends,carla@town.example\n"


async def test_replacing_takes_away_what_is_not_in_the_file_and_no_more(engines: Engines, who: dict[str, int]):
    ann, bob, carla, dev, eve = who.values()
    db = engines.db
    for other in (bob, carla):
        await db.write(follows.follow, ann, other)
    for title in ("one", "two"):
        made = await db.write(lists.create, ann, lists.ListChange(title=title))
        await db.write(lists.add, ann, made.id, [bob, carla])
    await db.write(follows.block, ann, eve)
    await db.write(follows.mute, ann, bob)

    await bring(engines, ann, "lists", "one,carla\none,nobody\n", replaces=True)
    assert await taken_out(engines, ann, "lists") == "one,carla@town.example\n" + "".join(
        f"two,{name}@town.example\n" for name in ("bob", "carla")
    )
    await bring(engines, ann, "following", "dev\ncarla,false\n", replaces=True)
    assert (
        await taken_out(engines, ann, "following") == "carla@town.example,false,false,\ndev@town.example,true,false,\n"
    )
    await bring(engines, ann, "blocked", "nobody\nsomebody@far.example\n", replaces=True)  # surely the wrong file
    assert await taken_out(engines, ann, "blocked") == "eve@town.example\n"
    await db.write(blocked_domains.block, ann, "bad.example", "town.example")
    await bring(engines, ann, "domains", "worse.example\n", replaces=True)
    assert await taken_out(engines, ann, "domains") == "worse.example\n"
    await bring(engines, ann, "muted", "eve\n", replaces=True)
    assert await taken_out(engines, ann, "muted") == "eve@town.example,true\n"
    post = await db.write(posts.publish, dev, Draft(text="hello"))
    await db.write(reactions.bookmark, ann, post.id)
    await bring(engines, ann, "bookmarks", f"{URL}/@dev/{post.id + 4096}\n", replaces=True)
    assert await taken_out(engines, ann, "bookmarks") == ""


async def test_it_goes_on_where_it_was_left_and_is_forgotten_in_the_end(
    engines: Engines, who: dict[str, int], clock: Clock
):
    ann, bob = who["ann"], who["bob"]
    db = engines.db
    one = await begin(engines, ann, "following", "bob\nnobody\ncarla\ndev\n")
    with pytest.raises(Invalid, match="not through"):
        await begin(engines, ann, "following", "bob\n")

    class Killed(BaseException): ...

    def told(now: Import) -> None:
        if now.done == 2:
            raise Killed

    with pytest.raises(Killed):
        await imports.bring_in(engines, Due(one.id, URL), told)
    assert [(now.done, now.failed) for now in await db.read(imports.owned, ann)] == [(2, 1)]
    await work_off(engines)

    after = await db.read(imports.get, ann, one.id)
    assert (after.done, after.failed, after.stage, after.problem) == (4, 1, "ended", "")
    assert len(await db.read(follow_rows.followees, ann)) == 3
    with pytest.raises(NotFound):
        await db.read(imports.get, bob, one.id)
    with pytest.raises(NotFound):
        await db.read(imports.failures, bob, one.id, 0)
    with pytest.raises(NotFound):
        await db.write(imports.delete, bob, one.id)
    clock.pass_ms(KEPT_MS)
    await work_off(engines)
    assert await db.read(imports.owned, ann) == []


async def test_an_import_that_is_deleted_or_whose_account_may_not_act_ends(engines: Engines, who: dict[str, int]):
    ann = who["ann"]
    one = await begin(engines, ann, "muted", "bob\ncarla\n")
    await engines.db.write(imports.delete, ann, one.id)
    await work_off(engines)
    assert await taken_out(engines, ann, "muted") == ""

    one = await begin(engines, ann, "muted", "bob\n", replaces=True)
    await engines.db.write(accounts.suspend, ann)
    await work_off(engines)
    after = await engines.db.read(imports.get, ann, one.id)
    assert (after.stage, after.done) == ("ended", 0) and "could not act" in after.problem
    await settle(engines)


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("following", b"", "no rows"),
        ("following", b"\n \n", "no rows"),
        ("following", b"Account address,Show boosts\n", "no rows"),
        ("following", b"bob\xff\n", "UTF-8"),
        ("following", b"x" * (csv_files.BYTES_MAX + 1), "4 MB"),
        ("following", b"bob\n" * (csv_files.ROWS_MAX + 1), "20000 rows"),
        ("following", b'"' + b"x" * 200_000, "CSV"),
        ("blocked", b"Account address,Show boosts\nbob,true\n", "looks like following_accounts.csv"),
        ("bookmarks", b"Account address\nbob\n", "looks like"),
        ("lists", b"Account address\nbob\n", "List name"),
        ("pets", b"bob\n", "must be one of"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(kind: str, data: bytes, said: str):
    with pytest.raises(Invalid, match=said):
        imports.rows_of(kind, data)


@pytest.mark.parametrize("data", ["\ufeffbob\r\ncarla\r\n".encode(), "bob\ncarla\n".encode("utf-16"), b"bob\rcarla\r"])
def test_other_line_ends_and_encodings_are_read(data: bytes):
    assert imports.rows_of("blocked", data) == [["bob"], ["carla"]]


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_what_a_spreadsheet_has_put_between_the_cells_is_seen(between: str):
    rows = [["Account address", "Show boosts", "Languages"], ["bob", "false", '"de, en"'], ["carla", "true", ""]]
    data = "\n".join(between.join(row) for row in rows).encode()

    assert imports.rows_of("following", data) == [["bob", "false", "", "de, en"], ["carla", "true", "", ""]]
    assert imports.rows_of("lists", f"my{between}bob\n".encode()) == [["my", "bob"]]
