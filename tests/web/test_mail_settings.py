"""The page of what one gets by mail, and the link in each mail that stops some with one click."""

import re
from functools import partial

import requests
from client import Server
from visitor import Visitor

from chirrup.access import signing
from chirrup.access.mail_addresses import MailAddresses, Stop, Stops
from chirrup.config import Settings
from chirrup.ports import Engines
from chirrup.social import mail_prefs

PREFS = "/api/chirrup/v1/mail/prefs"


def test_what_comes_by_mail_is_chosen_on_a_page_and_by_the_api(server: Server):
    ann = server.person()
    page = Visitor(server.url)
    page.log_in(ann.name)
    room = ann.post("/api/chirrup/v1/rooms", name=f"r{ann.id[-9:]}", title="Bakers").json()
    assert ann.get(PREFS).json() == {
        "mode": "none",  # this server sends no mail
        "digest": "none",
        "digest_hour": 8,
        "quiet_from": "00:00",
        "quiet_until": "00:00",
        "zone": "",
        "rooms": [],
        "off_at": None,
        "off_reason": "",
    }

    assert "This server sends no mail yet" in page.get("/settings/mail").text
    sent = {"digest": "weekly", "digest_hour": "7", "quiet_from": "22:30", "quiet_until": "06:00", "zone": "Asia/Tokyo"}
    assert page.post("/settings/mail", mode="rooms", **sent).status_code == 303
    chosen = ann.get(PREFS).json()
    assert {name: str(chosen[name]) for name in sent} == sent
    assert (chosen["mode"], chosen["rooms"]) == ("rooms", [room["id"]])
    shown = page.get("/settings/mail").text
    assert re.search(rf'name="room" value="{room["id"]}" checked', shown)
    assert 'value="22:30"' in shown

    assert page.post("/settings/mail", mode="rooms", **sent).status_code == 303  # no room is ticked
    assert ann.get(PREFS).json()["rooms"] == []
    again = page.post("/settings/mail", mode="rooms", **sent | {"zone": "Mars/Olympus"})
    assert (again.status_code, "Mars/Olympus" in again.text, 'value="22:30"' in again.text) == (422, True, True)

    assert ann.patch(PREFS, mode="all", rooms=[room["id"], "1"]).json()["rooms"] == [room["id"]]
    for wrong in (
        {"mode": "some"},
        {"digest": "hourly"},
        {"digest_hour": 24},
        {"quiet_from": "25:00"},
        {"zone": "../x"},
    ):
        answer = ann.patch(PREFS, **wrong)
        assert (answer.status_code, next(iter(wrong)).split("_")[0] in answer.text) == (422, True), wrong
    assert ann.get(PREFS).json()["mode"] == "all"


async def bounce(account_id: int, hard: bool, why: str, engines: Engines) -> None:
    await engines.db.write(mail_prefs.bounced, account_id, hard=hard, why=why)


def test_who_gets_no_mail_any_more_is_told_on_the_pages_and_switches_it_on_again(server: Server):
    ann = server.person()
    page = Visitor(server.url)
    page.log_in(ann.name)
    for _ in range(mail_prefs.HARD_BOUNCES):
        assert "You get no mail" not in page.get("/notifications").text
        for hard, why in ((False, "full"), (True, "no such user")):
            server.do(partial(bounce, int(ann.id), hard, why))
    assert "You get no mail" in page.get("/notifications").text
    assert "no such user" in page.get("/settings/mail").text
    assert ann.get(PREFS).json()["off_reason"] == "no such user"

    assert page.post("/settings/mail/on").status_code == 303
    assert ann.get(PREFS).json()["off_at"] is None
    server.do(partial(bounce, int(ann.id), True, "again"))
    assert "You get no mail" not in page.get("/notifications").text  # those of before do not count
    assert ann.post(f"{PREFS}/on").json()["off_at"] is None


def test_one_click_of_a_mail_program_stops_what_its_link_says_and_looking_at_it_nothing(server: Server):
    ann, anyone = server.person(), Visitor(server.url)
    ann.patch(PREFS, mode="mentions", digest="daily")
    settings = Settings(data=server.data, url=server.url)
    made = MailAddresses(signing.signer(settings), "localhost", 0)

    for what in (Stops.MENTIONS, Stops.DIGEST):
        path = f"/mail/stop/{made.stop(Stop(int(ann.id), what))}"
        before = ann.get(PREFS).json()
        for _ in range(2):
            page = anyone.get(path)
            assert (page.status_code, f'action="{path}"' in page.text) == (200, True)
        assert ann.get(PREFS).json() == before
        for _ in range(2):  # as RFC 8058 has it: no cookie, no form of ours, an origin of nobody
            body, kind = b"List-Unsubscribe=One-Click", {"Content-Type": "application/x-www-form-urlencoded"}
            assert requests.post(server.url + path, data=body, headers=kind, timeout=20).status_code == 200
        assert ann.get(PREFS).json() != before
    assert {name: ann.get(PREFS).json()[name] for name in ("mode", "digest")} == {"mode": "none", "digest": "none"}

    forged = path[:-1] + ("a" if path[-1] != "a" else "b")
    assert [anyone.get(forged).status_code, requests.post(server.url + forged, timeout=20).status_code] == [404, 404]
