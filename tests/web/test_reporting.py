"""Reports from the pages: of an account, and of a post of its."""

from client import Person, Server
from visitor import Visitor


def test_a_post_is_reported_from_its_menu(server: Server, ann: Person, bob: Person, anns: Visitor):
    boss = server.admin()
    post, other = bob.say("spam")["id"], ann.say("mine")["id"]
    page = f"/@{bob.name}/report?post={post}"
    assert f'href="{page}"' in anns.get(f"/@{bob.name}/{post}").text
    assert f'href="/@{bob.name}/report"' in anns.get(f"/@{bob.name}").text
    assert f"/@{ann.name}/report" not in anns.get(f"/@{ann.name}/{other}").text
    assert "spam" in anns.get(page).text

    fields = {"csrf": anns.csrf(page), "post": post, "category": "legal"}
    refused = anns.send(page, fields | {"text": "z" * 1001})
    assert refused.status_code == 422
    assert "Your text must have at most 1000 characters" in refused.text
    assert "z" * 1001 in refused.text
    assert 'value="legal" checked' in refused.text
    done = anns.send(page, fields | {"text": "Look"})
    assert done.headers["Location"] == f"/@{bob.name}?reported=1"
    assert "Thank you." in anns.get(done.headers["Location"]).text

    (made,) = boss.get("/api/v1/admin/reports", target_account_id=bob.id).json()
    assert (made["comment"], made["category"], made["account"]["id"]) == ("Look", "legal", ann.id)
    assert [one["id"] for one in made["statuses"]] == [post]


def test_only_posts_of_whom_one_reports_are_reported(server: Server, ann: Person, bob: Person, anns: Visitor):
    boss, eve = server.admin(), server.person()
    page = f"/@{bob.name}/report"
    secret = bob.say("psst", visibility="direct")["id"]
    for post in (eve.say("another's")["id"], secret, "123"):
        assert anns.post(page, csrf_from=page, post=post, category="other").status_code == 303

    found = boss.get("/api/v1/admin/reports", target_account_id=bob.id).json()
    assert [one["statuses"] for one in found] == [[], [], []]
    for address in (f"/@{ann.name}/report", "/@nobody_at_all/report"):
        assert anns.get(address).status_code == 404
    assert anns.post(page, csrf_from=page, category="odd", text="kept").status_code == 422
    broken = anns.post(page, csrf_from=page, category="violation", text="kept")
    assert broken.status_code == 422
    assert "Choose the rule that it breaks." in broken.text
