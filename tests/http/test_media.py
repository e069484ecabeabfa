"""Uploads, and who gets the files."""

import io

import pytest
import requests
from client import Person, eventually
from PIL import Image
from visitor import logged_in

pytestmark = pytest.mark.slow


def picture(color: str = "red", size: tuple[int, int] = (60, 40), kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind)
    return out.getvalue()


def send(person: Person, data: bytes = b"", *, name: str = "a.png", kind: str = "image/png", **fields: str):
    files = {"file": (name, data or picture(), kind)}
    return person.call("POST", "/api/v2/media", files=files, data=fields)


def upload(person: Person, **fields: str) -> dict:
    made = send(person, **fields)
    assert made.status_code == 200, made.text
    return made.json()


def private_post(person: Person, visibility: str = "private") -> dict:
    return person.say("for few", visibility=visibility, media_ids=[upload(person)["id"]])


def test_an_upload_comes_back_with_sizes_description_and_focus(ann):
    made = upload(ann, description="a red field", focus="0.5,-0.25")

    assert (made["type"], made["description"]) == ("image", "a red field")
    assert made["meta"]["original"] == {"width": 60, "height": 40, "size": "60x40", "aspect": 1.5}
    assert made["meta"]["small"]["size"] == "60x40"
    assert made["meta"]["focus"] == {"x": 0.5, "y": -0.25}
    assert len(made["blurhash"]) > 6
    assert ann.get(f"/api/v1/media/{made['id']}").json()["id"] == made["id"]


@pytest.mark.usefixtures("ffmpeg_path")
def test_a_gif_that_moves_is_a_film_in_apps_and_on_pages(ann, server):
    out = io.BytesIO()
    first, *rest = [Image.new("RGB", (64, 48), color) for color in ("red", "blue", "lime")]
    first.save(out, "GIF", save_all=True, append_images=rest, duration=100, loop=0)

    made = send(ann, out.getvalue(), name="a.gif", kind="image/gif", description="colours").json()
    post = ann.say("look", media_ids=[made["id"]])

    (shown,) = post["media_attachments"]
    assert (shown["type"], shown["description"]) == ("gifv", "colours")
    assert shown["url"].endswith(".mp4") and shown["preview_url"].endswith(".jpg")
    assert shown["meta"]["original"]["frame_rate"] == "10/1" and shown["meta"]["duration"] == pytest.approx(0.3)
    file = requests.get(shown["url"], headers={"Range": "bytes=4-7"})
    assert (file.status_code, file.headers["Content-Type"], file.content) == (206, "video/mp4", b"ftyp")
    page = requests.get(post["url"]).text
    assert "<video" in page and 'aria-label="colours"' in page and f"/{made['id']}/" in page


def test_the_old_address_for_uploads_works_too(ann):
    made = ann.call("POST", "/api/v1/media", files={"file": ("a.png", picture(), "image/png")})

    assert made.status_code == 200
    assert made.json()["url"]


def test_the_type_is_read_from_the_file_not_from_what_it_is_called(ann):
    made = send(ann, name="../../x\u202egpj.html", kind="text/html").json()

    file = requests.get(made["url"])
    assert file.headers["Content-Type"] == "image/png"
    assert made["url"].split("?")[0].endswith(".png")
    assert "x" not in made["url"].rsplit("/", 1)[1].split("?")[0]


@pytest.mark.parametrize(
    "data",
    [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html></html>", b"%PDF-1.4", b"", b"\x89PNG\r\n\x1a\nbroken"],
)
def test_what_is_no_picture_is_refused(ann, data):
    files = {"file": ("a.png", data, "image/png")}

    refused = ann.call("POST", "/api/v2/media", files=files)

    assert refused.status_code == 422
    assert refused.json()["error"]


def test_an_upload_without_a_file_is_refused(ann):
    assert ann.post("/api/v2/media", description="nothing").status_code == 422
    assert ann.post("/api/v2/media", file="text").status_code == 422


@pytest.mark.parametrize(
    "fields", [{"description": "x" * 1501}, {"focus": "2,0"}, {"focus": "abc"}, {"focus": "nan,0"}]
)
def test_fields_out_of_bounds_are_refused(ann, fields):
    assert send(ann, **fields).status_code == 422


def test_the_longest_description_is_kept(ann):
    assert upload(ann, description="ä" * 1500)["description"] == "ä" * 1500


def test_a_thumbnail_of_ones_own_is_the_preview(ann):
    files = {
        "file": ("a.png", picture("red"), "image/png"),
        "thumbnail": ("b.png", picture("blue", (30, 30)), "image/png"),
    }

    made = ann.call("POST", "/api/v2/media", files=files).json()

    shown = Image.open(io.BytesIO(requests.get(made["preview_url"]).content)).convert("RGB")
    assert made["preview_url"].split("?")[0].endswith(".png")
    assert made["meta"]["small"]["size"] == "30x30"
    assert shown.getpixel((5, 5))[2] > 200


def test_description_and_focus_can_be_changed(ann):
    made = upload(ann, description="first", focus="1,1")

    changed = ann.put(f"/api/v1/media/{made['id']}", description="second").json()

    assert changed["description"] == "second"
    assert changed["meta"]["focus"] == {"x": 1, "y": 1}
    assert ann.put(f"/api/v1/media/{made['id']}", focus="0,0").json()["description"] == "second"


def test_a_new_thumbnail_replaces_the_old_one(ann):
    made = upload(ann)

    files = {"thumbnail": ("b.png", picture("blue", (30, 30)), "image/png")}
    changed = ann.call("PUT", f"/api/v1/media/{made['id']}", files=files).json()

    assert changed["preview_url"] != made["preview_url"]
    assert requests.get(changed["preview_url"]).ok
    assert requests.get(made["preview_url"]).status_code == 404


def test_uploads_are_their_owners_alone(ann, bob):
    made = upload(ann)
    missing = bob.get("/api/v1/media/1")

    for answer in (
        bob.get(f"/api/v1/media/{made['id']}"),
        bob.put(f"/api/v1/media/{made['id']}", description="mine"),
        bob.delete(f"/api/v1/media/{made['id']}"),
    ):
        assert (answer.status_code, answer.content) == (404, missing.content)
    assert bob.post("/api/v1/statuses", status="look", media_ids=[made["id"]]).status_code == 422


def test_an_upload_can_be_taken_back_with_its_files(ann):
    made = upload(ann)

    assert ann.delete(f"/api/v1/media/{made['id']}").json() == {}

    assert ann.get(f"/api/v1/media/{made['id']}").status_code == 404
    assert requests.get(made["url"]).status_code == 404


def test_what_a_post_shows_cannot_be_taken_back(ann):
    made = upload(ann)
    ann.say("look", media_ids=[made["id"]])

    assert ann.delete(f"/api/v1/media/{made['id']}").status_code == 422


def test_an_upload_goes_into_one_post_only(ann):
    made = upload(ann)
    ann.say("look", media_ids=[made["id"]])

    assert ann.post("/api/v1/statuses", status="again", media_ids=[made["id"]]).status_code == 422


def test_a_new_description_shows_in_the_post_at_once(ann, bob):
    made = upload(ann)
    post = ann.say("look", media_ids=[made["id"]])

    ann.put(f"/api/v1/media/{made['id']}", description="seen late")

    shown = bob.get(f"/api/v1/statuses/{post['id']}").json()
    assert shown["media_attachments"][0]["description"] == "seen late"
    assert shown["edited_at"] is None


def test_an_edit_of_a_post_describes_its_media(ann):
    made = upload(ann)
    post = ann.say("look", media_ids=[made["id"]])
    described = [{"id": made["id"], "description": "red", "focus": "0.1,0.2"}]

    edited = ann.put(
        f"/api/v1/statuses/{post['id']}", status="look!", media_ids=[made["id"]], media_attributes=described
    ).json()

    shown = edited["media_attachments"][0]
    assert (shown["description"], shown["meta"]["focus"]) == ("red", {"x": 0.1, "y": 0.2})


def test_an_edit_describes_no_media_of_other_posts(ann):
    made, other = upload(ann), upload(ann, description="as it was")
    post = ann.say("look", media_ids=[made["id"]])
    described = [{"id": other["id"], "description": "changed"}]

    refused = ann.put(
        f"/api/v1/statuses/{post['id']}", status="look!", media_ids=[made["id"]], media_attributes=described
    )

    assert refused.status_code == 404
    assert ann.get(f"/api/v1/media/{other['id']}").json()["description"] == "as it was"
    assert ann.get(f"/api/v1/statuses/{post['id']}").json()["content"] == "<p>look</p>"


# the files


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
def test_files_of_open_posts_are_open_and_kept_by_browsers(ann, visibility):
    post = ann.say("look", visibility=visibility, media_ids=[upload(ann)["id"]])
    url = post["media_attachments"][0]["url"]

    file = requests.get(url)

    assert "?" not in url
    assert file.status_code == 200
    assert "immutable" in file.headers["Cache-Control"]
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in file.headers["Content-Security-Policy"]
    assert file.headers["Content-Disposition"].startswith("inline; filename=")
    assert requests.get(url, headers={"If-None-Match": file.headers["ETag"]}).status_code == 304


def test_head_says_what_get_would_give(ann):
    url = ann.say("look", media_ids=[upload(ann)["id"]])["media_attachments"][0]["url"]
    file = requests.get(url)

    head = requests.head(url)

    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Cache-Control", "ETag"):
        assert head.headers[name] == file.headers[name]


@pytest.mark.parametrize(
    ("asked", "part"), [("bytes=0-9", slice(0, 10)), ("bytes=20-", slice(20, None)), ("bytes=-5", slice(-5, None))]
)
def test_a_part_of_a_file_can_be_asked_for(ann, asked, part):
    url = upload(ann)["url"]
    whole = requests.get(url).content

    answer = requests.get(url, headers={"Range": asked})

    assert (answer.status_code, answer.content) == (206, whole[part])
    assert answer.headers["Content-Range"].endswith(f"/{len(whole)}")


@pytest.mark.parametrize("asked", ["bytes=" + ",".join(["0-1"] * 1000), "bytes=999999-", "bytes=5-2", "bytes=-", "x"])
def test_other_ranges_are_refused(ann, asked):
    assert requests.get(upload(ann)["url"], headers={"Range": asked}).status_code == 416


def test_a_part_is_sent_only_of_the_version_that_the_client_knows(ann):
    url = upload(ann)["url"]
    whole = requests.get(url)
    tag = whole.headers["ETag"]

    def asked(version: str, method: str = "GET") -> requests.Response:
        return requests.request(method, url, headers={"Range": "bytes=5-9", "If-Range": version})

    assert whole.headers["Accept-Ranges"] == "bytes"
    assert (asked(tag).status_code, asked(tag).content) == (206, whole.content[5:10])
    for other in ('"other"', f"W/{tag}", "Wed, 21 Oct 2026 07:28:00 GMT", ""):
        assert (asked(other).status_code, asked(other).content) == (200, whole.content)
    head = asked(tag, "HEAD")  # a range is a GET's
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(whole.content)))


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_files_of_private_posts_need_an_address_that_was_shown(ann, visibility):
    shown = private_post(ann, visibility)["media_attachments"][0]

    for url in (shown["url"], shown["preview_url"]):
        bare = url.split("?")[0]
        signed = requests.get(url)
        assert signed.status_code == 200
        assert signed.headers["Cache-Control"].startswith("private")
        for method in ("GET", "HEAD"):
            assert requests.request(method, bare).status_code == 404
            assert requests.request(method, bare, headers={"Range": "bytes=0-1"}).status_code == 404
        assert requests.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 404
        later = url.replace("until=1", "until=2")
        assert later != url
        assert requests.get(later).status_code == 404


def test_an_address_of_a_private_file_ends_when_a_follower_is_lost(ann, server):
    bob = server.person()
    bob.follow(ann)
    post = private_post(ann)
    before = post["media_attachments"][0]

    def answers(shown: dict[str, str], method: str, **headers: str) -> set[int]:
        urls = (shown["url"], shown["preview_url"])
        return {requests.request(method, url, headers=headers).status_code for url in urls}

    page = logged_in(server, ann).get(f"/@{ann.name}/{post['id']}").text.replace("&amp;", "&")
    assert before["preview_url"].removeprefix(server.url) in page
    assert answers(before, "GET") == answers(before, "HEAD") == {200}
    assert answers(before, "GET", Range="bytes=0-1") == {206}
    assert ann.post(f"/api/v1/accounts/{bob.id}/remove_from_followers").ok
    assert answers(before, "GET") == answers(before, "HEAD") == {404}
    tags = ", ".join(f'"{before[name].split("?")[0].rsplit("/", 1)[1]}"' for name in ("url", "preview_url"))
    for asked in ({"Range": "bytes=0-1"}, {"If-None-Match": tags}):
        assert answers(before, "GET", **asked) == {404}
    after = ann.get(f"/api/v1/statuses/{post['id']}").json()["media_attachments"][0]
    assert answers(after, "GET") == {200}
    assert ann.delete(f"/api/v1/statuses/{post['id']}").ok
    assert answers(after, "GET") == answers(after, "HEAD") == {404}


def test_an_address_of_one_file_opens_no_other(ann):
    first, second = private_post(ann)["media_attachments"][0], private_post(ann)["media_attachments"][0]
    signature = first["url"].split("?")[1]

    assert requests.get(f"{second['url'].split('?')[0]}?{signature}").status_code == 404
    assert requests.get(f"{first['preview_url'].split('?')[0]}?{signature}").status_code == 404


def test_an_upload_without_a_post_is_seen_by_its_owner_only(ann):
    made = upload(ann)

    assert requests.get(made["url"]).status_code == 200
    assert requests.get(made["url"].split("?")[0]).status_code == 404


def test_keys_of_files_are_no_way_around(ann, server):
    name = private_post(ann)["media_attachments"][0]["url"].split("?")[0].rsplit("/", 1)[1]
    key = f"{name[:2]}/{name[2:4]}/{name[4:]}"

    for path in (
        f"/media/{key}",
        f"/media/{name}",
        f"/media/profiles/{ann.id}/{name}",
        f"/media/files/{ann.id}/{name}",
    ):
        assert requests.get(server.url + path).status_code == 404


def test_files_go_with_their_post(ann):
    made = upload(ann)
    post = ann.say("look", media_ids=[made["id"]])
    edited = ann.put(f"/api/v1/statuses/{post['id']}", status="look", media_ids=[upload(ann)["id"]]).json()
    urls = [shown[0]["url"] for shown in (post["media_attachments"], edited["media_attachments"])]
    private = private_post(ann)
    assert all(requests.get(url).ok for url in urls)

    ann.delete(f"/api/v1/statuses/{post['id']}?delete_media=true")
    ann.delete(f"/api/v1/statuses/{private['id']}?delete_media=true")

    for url in (*urls, private["media_attachments"][0]["url"]):
        assert requests.get(url).status_code == 404
    kept = ann.server.data / "media"
    names = [url.rsplit("/", 1)[1] for url in urls]
    eventually(lambda: not any((kept / n[:2] / n[2:4] / n[4:]).exists() for n in names))


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_a_deleted_post_can_be_written_anew_with_its_media(ann, bob, visibility):
    post = ann.say("lok", visibility=visibility, media_ids=[upload(ann, description="field")["id"], upload(ann)["id"]])
    ids = [one["id"] for one in post["media_attachments"]]

    deleted = ann.delete(f"/api/v1/statuses/{post['id']}").json()

    assert (deleted["text"], [one["id"] for one in deleted["media_attachments"]]) == ("lok", ids)
    assert [requests.get(one["url"]).status_code for one in post["media_attachments"]] == [404, 404]
    assert [requests.get(one["url"]).status_code for one in deleted["media_attachments"]] == [200, 200]
    assert bob.post("/api/v1/statuses", status="mine", media_ids=ids).status_code == 422
    assert ann.put(f"/api/v1/media/{ids[0]}", description="a field").json()["description"] == "a field"
    again = ann.say("look", visibility=visibility, media_ids=ids)
    assert [one["description"] for one in again["media_attachments"]] == ["a field", None]
    assert requests.get(again["media_attachments"][0]["url"]).ok


def test_the_media_of_an_earlier_version_stay_in_the_history(ann, bob):
    post = ann.say("look", media_ids=[upload(ann, description="first")["id"]])
    ann.put(f"/api/v1/statuses/{post['id']}", status="look", media_ids=[upload(ann, description="second")["id"]])

    history = bob.get(f"/api/v1/statuses/{post['id']}/history").json()

    assert [version["media_attachments"][0]["description"] for version in history] == ["first", "second"]
    assert all(requests.get(version["media_attachments"][0]["url"]).ok for version in history)


@pytest.mark.parametrize("id", ["undefined", "-1", "18446744073709551616", "٣", "..%2f", "0"])
def test_ids_that_cannot_be_are_not_found(ann, server, id):
    assert ann.get(f"/api/v1/media/{id}").status_code == 404
    assert requests.get(f"{server.url}/media/files/{id}/x.png").status_code == 404


def test_scopes_are_needed(server, ann):
    assert (
        server.anyone().call("POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")}).status_code
        == 401
    )
