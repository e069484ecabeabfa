"""What may be asked of a new post beyond its words."""

import pytest


@pytest.mark.parametrize("when", ["2999-01-01T00:00:00.000Z", "banana"])
def test_a_post_for_later_is_refused_instead_of_published_now(ann, when):
    refused = ann.post("/api/v1/statuses", status="not yet", scheduled_at=when)

    assert refused.status_code == 422
    assert "scheduled_at" in refused.json()["error"]
    assert ann.home() == []
    assert ann.say("now", scheduled_at=None)["content"] == "<p>now</p>"
