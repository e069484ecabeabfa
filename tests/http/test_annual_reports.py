"""Annual reports over the network. What is counted: tests/social/test_annual_reports.py."""

import msgspec
import pytest
from client import Person, Server
from shapes import decode

from chirrup.mastodon.annual_reports import WrappedAnnualReports
from chirrup.ports import Tx
from chirrup.store import annual_reports as rows
from chirrup.types import Month, YearData

pytestmark = pytest.mark.slow
PATH = "/api/v1/annual_reports"


def test_nobody_has_one_at_first(ann: Person):
    assert ann.get(PATH).json() == {"annual_reports": [], "accounts": [], "statuses": []}
    assert ann.get(f"{PATH}/2025/state").json() == {"state": "ineligible"}
    generated = ann.post(f"{PATH}/2025/generate")
    assert (generated.status_code, generated.json()) == (200, {})
    assert [ann.get(f"{PATH}/2025").status_code, ann.post(f"{PATH}/2025/read").status_code] == [404, 404]
    for year in ("0", "99999", "next", "²⁰²⁵", "-001"):
        assert ann.get(f"{PATH}/{year}/state").status_code == 404


def test_one_is_shown_with_what_it_names_while_that_is_there(server: Server, ann: Person):
    post = ann.say("hello", visibility="unlisted")
    data = YearData("oracle", [Month(n, n, 1) for n in range(1, 13)], "Cats", 13, int(post["id"]))

    def put(tx: Tx) -> None:
        rows.insert(tx, int(ann.id), 2025)
        rows.set_data(tx, int(ann.id), 2025, msgspec.json.encode(data).decode())

    server.do(lambda engines: engines.db.write(put))

    found = decode(ann.get(f"{PATH}/2025"), WrappedAnnualReports)
    (one,) = found.annual_reports
    assert (one.year, one.schema_version, one.share_url, one.account_id) == (2025, 2, None, ann.id)
    assert (one.data.archetype, one.data.top_hashtags[0].name, one.data.top_hashtags[0].count) == ("oracle", "Cats", 13)
    assert [(m.month, m.statuses, m.followers) for m in one.data.time_series][11] == (12, 12, 1)
    assert one.data.top_statuses.by_reblogs == post["id"] == found.statuses[0].id
    assert [account.id for account in found.accounts] == [ann.id]
    assert ann.get(PATH).json() == ann.get(f"{PATH}/2025").json()
    assert ann.get(f"{PATH}/2025/state").json() == {"state": "available"}
    assert ann.post(f"{PATH}/2025/read").json() == {} == ann.post(f"{PATH}/2025/generate").json()

    ann.delete(f"/api/v1/statuses/{post['id']}")
    gone = decode(ann.get(f"{PATH}/2025"), WrappedAnnualReports)
    assert (gone.annual_reports[0].data.top_statuses.by_reblogs, gone.statuses) == (None, [])
