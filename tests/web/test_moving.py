"""A person moves to another account here on the pages, and what the old account may still do there."""

import pytest
from client import Person, Server, eventually
from mail_folder import newest
from visitor import Visitor, logged_in

pytestmark = pytest.mark.slow

PAGE = "/settings/move"


def test_a_person_moves_comes_back_and_is_asked_for_a_proof(server: Server, ann: Person, bob: Person, anns: Visitor):
    new = server.person()
    news = logged_in(server, new)
    bob.follow(ann)
    wanted = {"moved_to": f"@{new.name}", "password": "password"}
    refused = anns.post(PAGE, csrf_from=PAGE, **wanted)
    assert (refused.status_code, "The new account must name" in refused.text) == (422, True)
    assert f'value="@{new.name}"' in refused.text
    unknown = news.post(f"{PAGE}/aliases", csrf_from=PAGE, alias="@nobody_at_all")
    assert (unknown.status_code, 'value="@nobody_at_all"' in unknown.text) == (422, True)
    assert news.post(f"{PAGE}/aliases", csrf_from=PAGE, alias=f"@{ann.name}").status_code == 303
    assert f"Remove: @{ann.name}" in news.get(PAGE).text
    assert anns.post(PAGE, csrf_from=PAGE, **wanted | {"password": "no"}).status_code == 422

    assert anns.post(PAGE, csrf_from=PAGE, **wanted).status_code == 303

    eventually(lambda: [one["id"] for one in new.get(f"/api/v1/accounts/{new.id}/followers").json()] == [bob.id])
    eventually(lambda: "1 of 1" in anns.get(PAGE).text)
    eventually(lambda: newest(server, f"{ann.name}@example.com")[0] == "Your account has moved")
    shown = bob.get(f"/api/v1/accounts/{ann.id}").json()
    assert (shown["moved"]["id"], "moved" in shown["moved"]) == (new.id, False)
    profile = logged_in(server, bob).get(f"/@{ann.name}").text
    assert f"@{ann.name} has moved to" in profile and f'/@{ann.name}/follow"' not in profile
    for path in ("/home", "/settings", "/compose", "/oauth/authorize/x"):
        assert anns.get(path).headers.get("Location") in (PAGE, None)
    refused = anns.post("/compose", csrf_from="/settings/data", text="still here?")
    assert (refused.status_code, "still here?" in refused.text) == (403, True)
    for path in ("/settings/data", "/settings/data/following_accounts.csv", "/settings/access", "/settings/leave"):
        assert anns.get(path).status_code == 200, path
    answer = ann.get("/api/v1/accounts/verify_credentials")
    assert (answer.status_code, answer.json()["error"]) == (403, "Your login is currently disabled")
    assert bob.post(f"/api/v1/accounts/{ann.id}/follow").status_code == 403

    assert anns.post(f"{PAGE}/back", csrf_from=PAGE).status_code == 303
    assert ann.get("/api/v1/accounts/verify_credentials").status_code == 200
    assert "You can move again" in anns.get(PAGE).text
    assert news.post(f"{PAGE}/aliases/remove", csrf_from=PAGE, remove=ann.id).status_code == 303
    assert f"@{ann.name}" not in news.get(PAGE).text
