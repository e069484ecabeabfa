"""Figures for staff over the API: https://docs.joinmastodon.org/methods/admin/measures/ and its neighbours."""

from datetime import UTC, datetime

import pytest
import shapes
from client import Person, Server

from chirrup.mastodon.admin_measures import AdminCohort, AdminDimension, AdminMeasure

MEASURES, DIMENSIONS, RETENTION = (f"/api/v1/admin/{noun}" for noun in ("measures", "dimensions", "retention"))


@pytest.fixture(scope="module")
def boss(server: Server) -> Person:
    return server.admin()


def test_figures_are_told_in_mastodons_form(server: Server, boss: Person):
    server.person().say("hello")
    today = datetime.now(UTC).date().isoformat()
    span = {"start_at": today, "end_at": today}

    asked = ["new_users", "active_users", "instance_accounts", "nonsense"]
    found = shapes.decode(boss.post(MEASURES, keys=asked, **span), list[AdminMeasure])
    assert [one.key for one in found] == ["new_users", "active_users"]
    for one in found:
        (day,) = one.data
        assert day.date == f"{today}T00:00:00.000Z"
        assert int(one.total) == int(day.value) > 0
    assert boss.post(MEASURES).json() == []

    parts = shapes.decode(boss.post(DIMENSIONS, keys=["sources", "space_usage"], limit=1, **span), list[AdminDimension])
    assert [one.key for one in parts] == ["sources", "space_usage"]
    assert len(parts[0].data) == 1
    assert parts[1].data[0].unit == "bytes"

    (cohort,) = shapes.decode(boss.post(RETENTION, frequency="day", **span), list[AdminCohort])
    assert (cohort.period, cohort.frequency) == (f"{today}T00:00:00.000Z", "day")
    assert 0 < cohort.data[0].rate <= 1


def test_what_is_wrong_is_said(boss: Person):
    for path in (MEASURES, DIMENSIONS, RETENTION):
        assert boss.post(path, start_at="soon").status_code == 422
        assert boss.post(path, start_at="2020-01-01", end_at="2026-01-01").status_code == 422
    assert boss.post(RETENTION, frequency="year").status_code == 422
