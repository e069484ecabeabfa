"""Quotes on pages: shown inside the post, made by a form, and not at all where they may not be."""

import pytest
from client import Person, Server
from visitor import Visitor, forms, logged_in

pytestmark = pytest.mark.slow


def quote(browser: Visitor, id: str, text: str) -> str:
    """Quote a post by the form; the id of the quoting post."""
    (form,) = [one for one in forms(browser.get(f"/compose?quote={id}")) if one.url.endswith("/compose")]
    assert form.fields["quote"] == id
    fields = form.fields | {"text": text, "visibility": "public"}
    assert browser.send(form.url, fields).status_code == 303
    return id


def test_a_quoted_post_stands_in_the_one_that_quotes_it(server: Server, ann: Person, bob: Person, anns: Visitor):
    ann.follow(bob)
    first = bob.say("as <i>I</i> said", spoiler_text="about bread")
    plain = bob.say("a plain one", poll={"options": ["rye", "wheat"], "expires_in": 3600})
    page = anns.get(f"/@{bob.name}/{plain['id']}")
    assert f'href="/compose?quote={plain["id"]}"' in page.text
    assert "a plain one" in anns.get(f"/compose?quote={plain['id']}").text

    for post in (first, plain):
        quote(anns, post["id"], "look here")

    home = anns.get("/home").text
    assert home.count('class="quoted"') == 2
    assert "as &lt;i&gt;I&lt;/i&gt; said" in home and "about bread" in home and "rye" in home
    newest = ann.home()[0]["id"]
    for path in (f"/@{ann.name}", f"/@{ann.name}/{newest}"):
        assert 'class="quoted"' in Visitor(server.url).get(path).text
    assert "quoted your post" in logged_in(server, bob).get("/notifications").text


def test_what_may_not_be_seen_is_not_shown_in_a_quote_either(server: Server, ann: Person, bob: Person, anns: Visitor):
    taken, gone, blocked = (bob.say(f"secret {n}") for n in range(3))
    for post in (taken, gone):
        quote(anns, post["id"], "look here")
    by_taken = next(one["id"] for one in ann.get(f"/api/v1/statuses/{taken['id']}/quotes").json())
    assert bob.post(f"/api/v1/statuses/{taken['id']}/quotes/{by_taken}/revoke").ok
    bob.delete(f"/api/v1/statuses/{gone['id']}")
    page = anns.get(f"/@{ann.name}").text
    assert "whose author has taken that back" in page and "a post that is gone" in page
    assert "secret" not in page

    quote(anns, blocked["id"], "look here")
    assert "secret 2" in anns.get(f"/@{ann.name}").text
    ann.post(f"/api/v1/accounts/{bob.id}/block")
    page = anns.get(f"/@{ann.name}").text
    assert "secret 2" not in page
    assert "secret 2" in Visitor(server.url).get(f"/@{ann.name}").text


def test_who_may_be_quoted_is_chosen_in_the_settings(server: Server, ann: Person, bob: Person, anns: Visitor):
    bobs = logged_in(server, bob)
    before = bob.say("quote me")
    fields = {"visibility": "public", "quote_policy": "nobody"}
    assert bobs.post("/settings/posting", csrf_from="/settings/posting", **fields).status_code == 303
    assert '<option value="nobody" selected' in bobs.get("/settings/posting").text
    assert bobs.post("/settings/posting", visibility="public", quote_policy="x").status_code == 422
    own = bob.say("not me")

    assert "/compose?quote=" in anns.get(f"/@{bob.name}/{before['id']}").text
    assert "/compose?quote=" not in anns.get(f"/@{bob.name}/{own['id']}").text
    assert "/compose?quote=" in bobs.get(f"/@{bob.name}/{own['id']}").text
    assert anns.get(f"/compose?quote={own['id']}").status_code == 404
    for id in (own["id"], "1", "12345678901234567"):
        refused = anns.post("/compose", csrf_from="/compose", text="half a thought", quote=id, visibility="public")
        assert refused.status_code == 404
        assert "half a thought" in refused.text
    assert ann.get(f"/api/v1/accounts/{ann.id}/statuses").json() == []


def test_a_quote_that_is_refused_comes_back_with_what_it_quotes(ann: Person, bob: Person, anns: Visitor):
    first = bob.say("said before")
    (form,) = [one for one in forms(anns.get(f"/compose?quote={first['id']}")) if one.url.endswith("/compose")]

    refused = anns.send(form.url, form.fields | {"text": "x" * 6000, "visibility": "public"})

    assert refused.status_code == 422
    assert "said before" in refused.text and f'name="quote" value="{first["id"]}"' in refused.text


def newest(person: Person) -> str:
    return person.get(f"/api/v1/accounts/{person.id}/statuses").json()[0]["id"]


def test_who_may_quote_is_chosen_with_each_post_and_changed_later(ann: Person, bob: Person, anns: Visitor):
    (form,) = [one for one in forms(anns.get("/compose")) if one.url.endswith("/compose")]
    assert anns.send(form.url, form.fields | {"text": "mine", "quote_policy": "nobody"}).status_code == 303
    post = newest(ann)
    page = f"/@{ann.name}/{post}/quotes"
    assert bob.post("/api/v1/statuses", status="x", quoted_status_id=post).status_code == 404
    assert page in anns.get(f"/@{ann.name}/{post}").text

    refused = anns.post(f"/@{ann.name}/{post}/quote-policy", quote_policy="everyone")
    assert refused.status_code == 422
    assert "The choice of who may quote you must be" in refused.text
    assert '<option value="nobody" selected>' in anns.get(page).text
    assert (
        anns.post(f"/@{ann.name}/{post}/quote-policy", quote_policy="public").headers["Location"] == f"{page}?saved=1"
    )

    assert '<option value="public" selected>' in anns.get(page).text
    strange = anns.post(f"/@%E6%97%A5%0A/{post}/quote-policy", quote_policy="public")
    assert strange.headers["Location"] == f"/@%E6%97%A5%0A/{post}/quotes?saved=1"  # and no fault of the server
    bob.say("look", quoted_status_id=post)
    private = ann.say("few", visibility="private")["id"]
    assert "nobody quotes but you" in anns.get(f"/@{ann.name}/{private}/quotes").text


def test_the_choice_of_who_may_quote_comes_back_with_a_refused_post_and_stays_in_a_draft(ann: Person, anns: Visitor):
    (form,) = [one for one in forms(anns.get("/compose")) if one.url.endswith("/compose")]
    refused = anns.send(form.url, form.fields | {"text": "x" * 501, "quote_policy": "followers"})
    assert '<option value="followers" selected>' in refused.text

    assert anns.send(form.url, form.fields | {"text": "later", "quote_policy": "followers", "keep": "1"}).ok

    draft = ann.get("/api/chirrup/v1/drafts").json()[0]["id"]
    assert '<option value="followers" selected>' in anns.get(f"/drafts/{draft}").text


def test_authors_see_who_quotes_them_and_take_quotes_back(server: Server, ann: Person, bob: Person, anns: Visitor):
    post = ann.say("said")["id"]
    page = f"/@{ann.name}/{post}/quotes"
    assert "Nobody has quoted it" in anns.get(page).text
    quoting = bob.say("he said what", quoted_status_id=post)["id"]
    assert "<strong>1</strong> quote</a>" in anns.get(f"/@{ann.name}/{post}").text
    ask = f"/@{ann.name}/{post}/unquote?quote={quoting}"
    theirs = logged_in(server, bob)
    shown = theirs.get(page).text
    assert "he said what" in shown
    assert "/unquote" not in shown
    assert "/quote-policy" not in shown
    assert theirs.get(ask).status_code == 404
    assert theirs.post(f"/@{ann.name}/{post}/unquote", quote=quoting).status_code == 403

    assert ask in anns.get(page).text
    (form,) = [one for one in forms(anns.get(ask)) if one.url.endswith("/unquote")]
    assert anns.send(form.url, form.fields).headers["Location"] == f"{page}?saved=1"

    assert "he said what" not in anns.get(page).text
    assert "whose author has taken that back" in theirs.get(f"/@{bob.name}/{quoting}").text
    assert anns.get(f"/@{ann.name}/{post}/unquote?quote=123").status_code == 404
