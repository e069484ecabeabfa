"""Roles of an organisation's own; who gives which role to whom; the last owner stays."""

import asyncio

import pytest
from kit import people, person

from chirrup.access import roles as known_roles
from chirrup.access.roles import Permission
from chirrup.access.sites import Sites
from chirrup.config import Settings
from chirrup.errors import Invalid, NotAllowed, NotFound
from chirrup.ids import ID_MAX
from chirrup.orgs import members, organisations, roles
from chirrup.ports import Database
from chirrup.social import accounts, audit, leaving, moderation, staff
from chirrup.social.accounts import SignUp
from chirrup.social.moderation import Decision
from chirrup.types import Role, Span, Viewer

HOST = "social.acme.example"
KEEPER = Permission.MANAGE_ROOMS | Permission.PRIVATE_ROOMS


async def with_roles(db: Database, *names: str, org_id: int = 0) -> list[int]:
    """The account of each role; "owner2" is a second owner."""
    return [
        (
            await db.write(
                accounts.create, SignUp(f"{name}_", f"{name}@example.com", "-", role=name.rstrip("2"), org_id=org_id)
            )
        ).id
        for name in names
    ]


async def test_a_role_of_an_organisations_own_is_known_at_its_site_and_nowhere_else(db: Database):
    acme = (await db.write(organisations.create, "acme", HOST)).id
    await db.write(roles.create, acme, 0, " Keeper  of rooms ", KEEPER)

    sites = Sites(Settings(url="https://town.example"), db)
    site = await sites.find(HOST)

    keeper = Viewer(1, role="Keeper of rooms")
    assert site.may(keeper, Permission.MANAGE_ROOMS)
    assert not site.may(keeper, Permission.MANAGE_USERS)
    assert not site.may(keeper, Permission(0)), "a place among the pages of staff"
    assert not sites.own.may(keeper, Permission.MANAGE_ROOMS)
    for role in Role:
        assert not site.may(Viewer(1, role=role), Permission.COMPLIANCE)
        assert site.may(Viewer(1, role=role), Permission.INVITE_GUESTS) == (role in (Role.ADMIN, Role.OWNER))
    assert site.may(Viewer(1, compliance=True), Permission.COMPLIANCE)
    assert [one.name for one in await db.read(roles.every, acme)] == ["Moderator", "Admin", "Owner", "Keeper of rooms"]


async def test_what_is_wrong_with_a_role_is_said(db: Database):
    await db.write(roles.create, 0, 0, "Keeper", KEEPER)

    for name in ("keeper", "ADMIN", "moderator", "none", "new", "a/b", "..", " ", "x" * 31, "\ud800"):
        with pytest.raises(Invalid):
            await db.write(roles.create, 0, 0, name, KEEPER)
    for never in (Permission.ADMINISTRATOR, Permission.COMPLIANCE):
        with pytest.raises(Invalid):
            await db.write(roles.change, 0, 0, "Keeper", KEEPER | never)
    for missing in ("owner", "Owner", "", "Nobody"):
        with pytest.raises(NotFound):
            await db.write(roles.delete, 0, 0, missing)
    assert roles.permissions_of(["manage_rooms", "PRIVATE_ROOMS"]) == KEEPER
    assert roles.words(KEEPER) == "manage_rooms, private_rooms"
    for wrong in ("administrator", "compliance", "x"):
        with pytest.raises(Invalid):
            roles.permissions_of([wrong])


async def test_there_are_a_hundred_roles_at_most(db: Database):
    def fill(tx) -> None:
        for n in range(roles.MOST):
            roles.create(tx, 0, 0, f"Role {n}", Permission.MANAGE_ROOMS)

    await db.write(fill)

    with pytest.raises(Invalid):
        await db.write(roles.create, 0, 0, "One more", KEEPER)


async def test_nobody_gives_what_they_do_not_have_or_acts_on_who_may_as_much(db: Database):
    owner, admin, moderator = await with_roles(db, "owner", "admin", "moderator")
    ann, bob = await people(db, "ann", "bob")
    await db.write(roles.create, 0, owner, "Keeper", KEEPER)
    await db.write(roles.create, 0, admin, "People", Permission.MANAGE_ROLES | Permission.MANAGE_USERS)
    for role, to in (("People", ann), ("Keeper", bob)):
        await db.write(staff.give_role, to, role, by=admin)

    refused = [
        *((admin, ann, role) for role in ("admin", "owner")),  # not below their own
        *((ann, to, "Keeper") for to in (bob, ann)),  # she may not do that; and nobody acts on themselves
        (ann, bob, ""),  # nor is his role below hers
        (ann, moderator, ""),
        (moderator, owner, ""),
        (admin, owner, ""),
        (owner, owner, ""),
    ]
    for by, to, role in refused:
        with pytest.raises(NotAllowed):
            await db.write(staff.give_role, to, role, by=by)
    for by, permissions in (
        (ann, KEEPER),
        (ann, Permission.MANAGE_ROLES | Permission.MANAGE_USERS),
        (moderator, KEEPER),
    ):
        with pytest.raises(NotAllowed):
            await db.write(roles.create, 0, by, "Mine", permissions)
        with pytest.raises(NotAllowed):
            await db.write(roles.change, 0, by, "Keeper", Permission.MANAGE_USERS)
        with pytest.raises(NotAllowed):
            await db.write(roles.delete, 0, by, "People")
    with pytest.raises(NotAllowed):
        await db.write(moderation.act, moderator, bob, Decision("disable"))
    with pytest.raises(Invalid):
        await db.write(staff.give_role, bob, "Nonsense", by=owner)

    await db.write(staff.give_role, moderator, Role.ADMIN, by=owner)
    await db.write(staff.give_role, moderator, Role.OWNER, by=owner)
    with pytest.raises(NotAllowed):
        await db.write(staff.give_role, moderator, "", by=owner)


async def test_a_role_that_somebody_has_stays(db: Database):
    owner, ann = [*await with_roles(db, "owner"), *await people(db, "ann")]
    await db.write(roles.create, 0, owner, "Keeper", KEEPER)
    await db.write(staff.give_role, ann, "Keeper", by=owner)
    await db.write(members.deactivate, ann, owner)

    with pytest.raises(NotAllowed):
        await db.write(roles.delete, 0, owner, "Keeper")
    await db.write(staff.give_role, ann, "", by=owner)
    await db.write(roles.delete, 0, owner, "Keeper")

    assert await db.read(lambda tx: known_roles.find(tx, 0)) is known_roles.FOUR
    done = {(one.action, one.target_name) for one in await db.read(audit.page, 0, Span(ID_MAX))}
    assert done == {
        *(("add", "Keeper"), ("remove", "Keeper")),
        *(("give role", "ann"), ("take role", "ann"), ("deactivate", "ann")),
    }


async def test_of_another_organisation_nobody_is_there(db: Database):
    acme = (await db.write(organisations.create, "acme", HOST)).id
    (theirs,), (owner,) = await with_roles(db, "owner", org_id=acme), await with_roles(db, "owner2")
    bob = await db.write(person, "bob", acme)
    await db.write(roles.create, 0, 0, "Keeper", KEEPER)

    for act in (staff.give_role, members.deactivate, members.reactivate):
        more = ("moderator",) if act is staff.give_role else ()
        with pytest.raises(NotFound):
            await db.write(act, bob, *more, by=owner)
    with pytest.raises(NotFound):
        await db.write(staff.hand_over, owner, bob)
    with pytest.raises(NotFound):
        await db.write(staff.let_search, owner, theirs)
    with pytest.raises(Invalid):
        await db.write(staff.give_role, bob, "Keeper", by=theirs)


async def test_the_last_owner_stays_whatever_is_tried(db: Database):
    owner, admin = await with_roles(db, "owner", "admin")

    for attempt in (
        lambda tx: staff.give_role(tx, owner, ""),
        lambda tx: members.deactivate(tx, owner),
        lambda tx: leaving.leave(tx, owner),
    ):
        with pytest.raises(NotAllowed, match="make another account an owner first"):
            await db.write(attempt)
    await db.write(staff.hand_over, owner, admin)

    assert [await db.read(lambda tx, id=id: staff.person(tx, id)[1].role) for id in (owner, admin)] == ["", "owner"]
    await db.write(leaving.leave, owner)


async def test_of_two_owners_who_step_down_at_once_one_stays(db: Database):
    first, second = await with_roles(db, "owner", "owner2")
    assert await db.read(staff.who_may, 0, Permission.MANAGE_ROLES) == sorted([first, second])

    ends = await asyncio.gather(
        *(db.write(staff.give_role, one, "") for one in (first, second)), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in ends) == ["NoneType", "NotAllowed"]


async def test_only_another_owner_lets_somebody_search_all_that_was_said(db: Database):
    owner, second, admin = await with_roles(db, "owner", "owner2", "admin")
    (ann,) = await people(db, "ann")

    for by, to in ((owner, owner), (admin, ann), (ann, admin)):
        with pytest.raises(NotAllowed):
            await db.write(staff.let_search, by, to)
    await db.write(staff.let_search, second, owner)
    await db.write(staff.let_search, owner, ann)

    async def given(id: int) -> int:
        return (await db.read(lambda tx: staff.person(tx, id)[1])).compliance_by_id

    assert (await given(owner), await given(ann)) == (second, owner)
    await db.write(staff.let_search, owner, owner, allowed=False)
    await db.write(members.deactivate, ann, owner)
    assert (await given(owner), await given(ann)) == (0, 0)
    with pytest.raises(NotAllowed):
        await db.write(staff.let_search, owner, ann)
