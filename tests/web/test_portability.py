"""Settings, import and export: files to save, files that are brought in, and how far that has come."""

import io
import json
import re
import zipfile

from client import Person, Server, eventually
from social.test_old_posts import zipped
from visitor import Visitor, logged_in

PATH = "/settings/data"


def bring(visitor: Visitor, kind: str, words: str | bytes, **fields: str):
    files = {"table": ("a.csv", words, "text/csv")}
    return visitor.send(PATH, {"csrf": visitor.csrf(PATH), "kind": kind, **fields}, files=files)


def test_a_file_that_was_saved_is_brought_in_and_its_failures_are_told(
    server: Server, ann: Person, bob: Person, anns: Visitor
):
    ann.follow(bob)
    domain = server.url.split("//")[1]
    saved = anns.get(f"{PATH}/following_accounts.csv")
    assert saved.text == (
        "Account address,Show boosts,Notify on new posts,Languages\n" + f"{bob.name}@{domain},true,false,\n"
    )
    assert saved.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert saved.headers["Content-Disposition"] == 'attachment; filename="following_accounts.csv"'
    assert saved.headers["Cache-Control"] == "private, no-store"
    assert [anns.get(f"{PATH}/{name}.csv").text for name in ("blocked_accounts", "bookmarks", "lists")] == [""] * 3
    assert anns.get(f"{PATH}/others.csv").status_code == 404

    carlas = logged_in(server, carla := server.person())
    answer = bring(carlas, "following", saved.text + "nobody@far.example\n=1+1,true\n")
    assert answer.headers["Location"] == f"{PATH}?begun=1"
    eventually(lambda: "2 of 3" not in (page := carlas.get(PATH).text) and "3 of 3" in page)

    page = carlas.get(PATH).text
    assert "2 of them with problems" in page and "through" in page
    assert 'hx-trigger="every' not in page
    assert carla.get("/api/v1/accounts/relationships", id=bob.id).json()[0]["following"]
    found = re.search(rf"{PATH}/imports/(\d+)", page)
    assert found
    failed = carlas.get(f"{found[0]}/failed.csv").text
    assert failed == (
        "Account address,Show boosts,Notify on new posts,Languages,Problem\n"
        "nobody@far.example,,,,is not known here\n=1+1,true,,,is not known here\n"
    )
    for path in (found[0], f"{PATH}/imports/117000000000000001"):  # of another, or of nobody
        assert anns.get(f"{path}/failed.csv").status_code == 404
        assert anns.post(f"{path}/delete").status_code == 404
    assert carlas.post(f"{found[0]}/delete").headers["Location"] == PATH
    assert found[0] not in carlas.get(PATH).text
    assert bring(carlas, "following", failed, replaces="1").status_code == 303  # what failed, put right, can be sent


def test_a_file_that_cannot_be_brought_in_says_why(anns: Visitor, visitor: Visitor):
    for kind, words, said in (
        ("blocked", "", "Choose a file"),
        ("blocked", "Account address,Languages\nbob,en\n", "looks like following_accounts.csv"),
        ("blocked", b"\xff", "The file must be a text in UTF-8"),
        ("pets", "bob", "The choice of what it is must be one of"),
        ("muted", "x" * 5_000_000, "at most 4 MB"),
        ("muted", "x" * 20_000_000, "at most 4 MB"),
    ):
        answer = bring(anns, kind, words, replaces="1")
        assert answer.status_code == 422 and said in answer.text, said
        assert 'name="replaces" value="1" checked' in answer.text
        if kind != "pets":
            assert f'value="{kind}" selected' in answer.text
    assert "brought-in" not in anns.get(PATH).text
    for path in (PATH, f"{PATH}/lists.csv", f"{PATH}/imports/1/failed.csv"):
        assert "/login" in visitor.get(path, allow_redirects=False).headers["Location"]


def test_an_archive_is_asked_for_and_saved_by_its_owner(ann: Person, anns: Visitor, bob: Person, server: Server):
    ann.say("hello")
    assert "Ask for an archive" in anns.get(PATH).text
    assert anns.post(f"{PATH}/archive", csrf_from=PATH).headers["Location"] == f"{PATH}?begun=1"
    found = eventually(lambda: re.search(rf"{PATH}/archives/(\d+)", anns.get(PATH).text))
    assert found

    page = anns.get(PATH).text
    assert "1 posts" not in page and "1 post " in page and "ready" in page and "Ask for an archive" not in page
    saved = anns.get(found[0])
    assert saved.headers["Content-Type"] == "application/zip" and "attachment" in saved.headers["Content-Disposition"]
    assert saved.headers["Cache-Control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(saved.content)) as zipped:
        assert "hello" in zipped.read("outbox.json").decode()
    part = anns.get(found[0], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PK\x03\x04")
    again = anns.post(f"{PATH}/archive", csrf_from=PATH)
    assert again.status_code == 422 and "once a week" in again.text
    bobs = logged_in(server, bob)
    assert bobs.get(found[0]).status_code == bobs.get(f"{PATH}/archives/1").status_code == 404


def test_posts_of_an_archive_come_in_and_their_problems_are_told(ann: Person, anns: Visitor):
    def sent(data: bytes, **fields: str):
        form = {"csrf": anns.csrf(PATH), **fields}
        return anns.send(f"{PATH}/posts", form, files={"archive": ("a.zip", data, "application/zip")})

    tweets = [{"tweet": {"id_str": "1", "full_text": "long ago", "created_at": "Wed Oct 10 20:19:25 +0000 2018"}}]
    tweets += [{"tweet": {"id_str": "2", "full_text": "=never", "created_at": "never"}}]
    archive = zipped({"data/tweets.js": "window.YTD.tweets.part0 = " + json.dumps(tweets)}).getvalue()
    for data, audience, said in (
        (archive, "", "The choice of who may see them must be chosen"),
        (archive, "direct", "must be one of"),
        (b"no zip", "", "The archive cannot be read as a zip file"),
        (b"", "", "Choose a file"),
        (zipped({"x": "y"}).getvalue(), "", "The archive has no posts"),
    ):
        answer = sent(data, audience=audience)
        assert answer.status_code == 422 and said in answer.text, said

    assert sent(archive, audience="private").status_code == 303
    eventually(lambda: "2 of 2" in (page := anns.get(PATH).text) and "through" in page)
    (post,) = ann.get(f"/api/v1/accounts/{ann.id}/statuses").json()
    assert (post["created_at"], post["visibility"]) == ("2018-10-10T20:19:25.000Z", "private")
    found = re.search(rf"{PATH}/imports/\d+/failed.csv", anns.get(PATH).text)
    assert found
    assert anns.get(found[0]).text == "Address,Text,Problem\ntwitter:2,=never,has no date that can be read\n"
