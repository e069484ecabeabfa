"""Drafts and posts for later, on pages: nothing typed is lost, whatever happens to them elsewhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from browser import somebody
from client import Person, Server
from playwright.async_api import Browser, expect
from visitor import Form, Visitor, forms
from web.test_axe import picture

pytestmark = pytest.mark.slow

TOMORROW = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=1)
AT = "%Y-%m-%dT%H:%M"


def form_at(browser: Visitor, path: str) -> Form:
    return next(one for one in forms(browser.get(path)) if one.url.endswith("/compose"))


def send(browser: Visitor, path: str, **fields: Any) -> requests.Response:
    form = form_at(browser, path)
    return browser.send(form.url, form.fields | {"visibility": "public"} | fields)


def kept(ann: Person) -> list[dict[str, Any]]:
    return ann.get("/api/chirrup/v1/drafts").json()


def dated(ann: Person) -> list[dict[str, Any]]:
    return ann.get("/api/v1/scheduled_statuses").json()


def test_a_draft_is_kept_opened_changed_and_posted(ann: Person, anns: Visitor):
    media = picture(ann)
    fields = {"text": "half a thought", "summary": "bread", "media": media, "keep": "1", "language": "de"}
    saved = send(anns, "/compose", **fields)
    assert (saved.status_code, saved.headers["Location"]) == (303, "/drafts?saved=1")
    (draft,) = kept(ann)
    path = f"/drafts/{draft['id']}"
    assert path in anns.get("/drafts").text and "1 picture" in anns.get("/drafts").text

    opened = anns.get(path).text
    for shown in (
        "half a thought",
        'value="bread"',
        f'name="media" value="{media}"',
        'value="de" lang="de" selected',
    ):
        assert shown in opened, shown
    assert send(anns, path, text="a thought", media=media, keep="1").status_code == 303
    assert (kept(ann)[0]["version"], kept(ann)[0]["params"]["text"]) == (2, "a thought")
    posted = send(anns, path, text="a whole thought", media=media)

    assert posted.status_code == 303, posted.text
    assert posted.headers["Location"] == "/home"
    assert kept(ann) == []
    (post,) = ann.get(f"/api/v1/accounts/{ann.id}/statuses").json()
    assert "a whole thought" in post["content"] and len(post["media_attachments"]) == 1


def test_a_draft_stays_the_quote_or_reply_that_it_was(ann: Person, bob: Person, anns: Visitor):
    first = bob.say("said before")
    for begun in (f"/compose?quote={first['id']}", f"/@{bob.name}/{first['id']}"):
        assert send(anns, begun, text="half a thought", keep="1").status_code == 303
    for draft in kept(ann):
        assert "said before" in anns.get(f"/drafts/{draft['id']}").text
        assert send(anns, f"/drafts/{draft['id']}", text="a thought").status_code == 303

    reply, quote = ann.get(f"/api/v1/accounts/{ann.id}/statuses").json()
    if quote["in_reply_to_id"]:
        reply, quote = quote, reply
    assert (reply["in_reply_to_id"], quote["quote"]["state"]) == (first["id"], "accepted")


def test_a_post_for_later_has_its_time_in_the_writers_zone(ann: Person, anns: Visitor):
    saved = send(anns, "/compose", text="later", at=TOMORROW.strftime(AT), at_zone="-90")
    assert (saved.status_code, saved.headers["Location"]) == (303, "/scheduled?saved=1")
    (one,) = dated(ann)
    assert datetime.fromisoformat(one["scheduled_at"]) == TOMORROW - timedelta(minutes=90)
    assert "later" in anns.get("/scheduled").text and "later" not in anns.get("/drafts").text
    path = f"/drafts/{one['id']}"
    assert f'value="{TOMORROW - timedelta(minutes=90):{AT}}" data-utc' in anns.get(path).text

    assert send(anns, path, text="later still", at=f"{TOMORROW + timedelta(hours=1):{AT}}").status_code == 303

    (one,) = dated(ann)
    assert datetime.fromisoformat(one["scheduled_at"]) == TOMORROW + timedelta(hours=1)
    assert anns.post(f"{path}/delete", csrf_from="/scheduled").status_code == 303
    assert dated(ann) == []


def test_a_time_that_cannot_be_comes_back_with_the_words(ann: Person, anns: Visitor):
    soon = datetime.now(UTC) + timedelta(minutes=1)
    for at, zone in ((soon.strftime(AT), ""), ("soon", ""), ("9999-12-31T23:59", "1440"), (TOMORROW.strftime(AT), "x")):
        refused = send(anns, "/compose", text="half a thought", at=at, at_zone=zone)
        assert refused.status_code == 422, at
        assert "half a thought" in refused.text and f'value="{at}"' in refused.text
    assert dated(ann) == []


def test_what_another_device_did_to_a_draft_loses_nothing(ann: Person, bob: Person, anns: Visitor):
    id = ann.post("/api/chirrup/v1/drafts", status="first").json()["id"]
    path = f"/drafts/{id}"
    mine = form_at(anns, path)
    assert ann.put(f"/api/chirrup/v1/drafts/{id}", status="second", version=1).ok

    refused = anns.send(mine.url, mine.fields | {"text": "third", "keep": "1", "visibility": "public"})

    assert (refused.status_code, kept(ann)[0]["params"]["text"]) == (400, "second")
    assert "third" in refused.text and "another device" in refused.text
    (again,) = [one for one in forms(refused) if one.url.endswith("/compose")]
    assert anns.send(again.url, again.fields | {"text": "third", "keep": "1"}).status_code == 303
    assert kept(ann)[0]["params"]["text"] == "third"

    mine = form_at(anns, path)
    ann.delete(f"/api/chirrup/v1/drafts/{id}")
    gone = anns.send(mine.url, mine.fields | {"text": "fourth", "visibility": "public"})
    assert gone.status_code == 404 and "fourth" in gone.text
    (again,) = [one for one in forms(gone) if one.url.endswith("/compose")]
    assert "draft" not in again.fields
    assert anns.send(again.url, again.fields | {"text": "fourth", "visibility": "public"}).status_code == 303
    theirs = bob.post("/api/chirrup/v1/drafts", status="not yours").json()["id"]
    assert anns.get(f"/drafts/{theirs}").status_code == 404
    assert anns.post(f"/drafts/{theirs}/delete", csrf_from="/settings").status_code == 404


async def test_a_browser_sends_and_shows_the_time_of_its_zone(
    chromium: Browser, server: Server, ann: Person, anns: Visitor
):
    watched = await somebody(chromium, server.url, timezone_id="Asia/Kolkata")  # five hours and a half before UTC
    await watched.context.add_cookies([{"name": "chirrup", "value": anns.cookie, "url": server.url}])
    page = await watched.page()
    await page.goto("/compose")

    await page.get_by_label("What is on your mind?").fill("chai")
    await page.get_by_label("Post it later, or keep it").check()
    await page.get_by_label("Post at").fill(TOMORROW.strftime(AT))
    await page.get_by_role("button", name="Post", exact=True).click()
    await page.wait_for_url("**/scheduled?saved=1")

    (one,) = dated(ann)
    assert datetime.fromisoformat(one["scheduled_at"]) == TOMORROW - timedelta(hours=5, minutes=30)
    await page.get_by_role("link", name="chai").click()
    await expect(page.get_by_label("Post at")).to_have_value(TOMORROW.strftime(AT))
    assert watched.wrongs == []
