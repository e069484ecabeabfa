"""Whoever deletes the account is gone at once, for everybody and everywhere."""

import pytest
import requests
from client import Person, Server, eventually
from mail_folder import newest
from visitor import Visitor
from web.test_axe import picture

pytestmark = pytest.mark.slow

PAGE = "/settings/leave"


def test_an_account_is_deleted_by_its_owner_and_nobody_else(server: Server, ann: Person, bob: Person, anns: Visitor):
    ann.follow(bob)
    bob.follow(ann)
    said = ann.say("bye", media_ids=[picture(ann)])
    file = said["media_attachments"][0]["url"]
    assert requests.get(file, timeout=10).ok
    for wrong in ({}, {"password": "no"}):
        assert anns.post(PAGE, csrf_from=PAGE, **wrong).status_code == 422
    assert anns.is_logged_in

    left = anns.post(PAGE, csrf_from=PAGE, password="password")

    assert (left.status_code, left.headers["Location"]) == (303, "/gone")
    assert "is deleted" in anns.get("/gone").text and not anns.is_logged_in
    assert ann.get("/api/v1/accounts/verify_credentials").status_code == 401
    assert Visitor(server.url).log_in(ann.name).status_code in (403, 422)
    assert bob.get(f"/api/v1/statuses/{said['id']}").status_code == 404
    assert [post["id"] for post in bob.home()] == []
    assert "This account is deleted." in Visitor(server.url).get(f"/@{ann.name}").text
    counts = ("followers_count", "following_count")
    eventually(lambda: [bob.get("/api/v1/accounts/verify_credentials").json()[name] for name in counts] == [0, 0])
    eventually(lambda: requests.get(file, timeout=10).status_code == 404)
    eventually(lambda: newest(server, f"{ann.name}@example.com")[0] == "Your account is deleted")
    fields = {"username": ann.name, "email": "else@example.com", "password": "password"}
    again = Visitor(server.url).post("/sign-up", csrf_from="/sign-up", **fields)
    assert (again.status_code, "taken" in again.text) == (422, True)
