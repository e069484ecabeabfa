"""Posts on other sites: the oEmbed of a post, and the page for frames."""

import re
from urllib.parse import unquote

import pytest
import shapes
from client import Person, Server
from visitor import Visitor

from chirrup.mastodon.oembed import OEmbed

pytestmark = pytest.mark.slow


def test_open_posts_may_be_shown_in_frames(server: Server, ann: Person, anns: Visitor):
    post = ann.say("look <b>here</b>", poll={"options": ["rye", "wheat"], "expires_in": 3600})
    path = f"/@{ann.name}/{post['id']}"
    found = re.search(r'type="application/json\+oembed" href="([^"]+)"', Visitor(server.url).get(path).text)
    assert found and found[1].startswith(f"{server.url}/api/oembed?url=")
    url = unquote(found[1].partition("url=")[2])

    told = shapes.decode(server.anyone().get("/api/oembed", url=url), OEmbed)
    assert (told.type, told.version, told.width, told.height) == ("rich", "1.0", 400, None)
    assert told.title == f"New status by {ann.name}" and told.author_url == f"{server.url}/@{ann.name}"
    assert f'src="{server.url}{path}/embed"' in told.html and "<script" not in told.html
    told = shapes.decode(server.anyone().get("/api/oembed", url=url, maxwidth=300, maxheight=200), OEmbed)
    assert (told.width, told.height) == (300, 200) and 'width="300" height="200"' in told.html
    for query in ({"maxwidth": -1}, {"maxwidth": 10**12, "maxheight": -3}, {"maxwidth": 0}):
        assert server.anyone().get("/api/oembed", url=f"{url}/embed", **query).ok
    assert server.anyone().get("/api/oembed", url=url, maxwidth="many").status_code in (400, 422)

    for visitor in (Visitor(server.url), anns):
        page = visitor.get(f"{path}/embed")
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors *" in policy and "script-src" not in policy and "default-src 'none'" in policy
        assert "x-frame-options" not in page.headers and "set-cookie" not in page.headers
        assert "look &lt;b&gt;here" in page.text and "rye" in page.text and "noindex" in page.text
        assert "<script" not in page.text and "<button" not in page.text and '<base target="_blank">' in page.text
        assert visitor.get(path).headers["x-frame-options"] == "DENY"
    assert anns.get("/home").status_code == 200  # still logged in
    boost = ann.post(f"/api/v1/statuses/{post['id']}/reblog").json()
    assert f"{path}/embed" in anns.get(f"/@{ann.name}/{boost['id']}/embed").url


def test_others_may_not(server: Server, ann: Person, bob: Person):
    stranger = Visitor(server.url)

    def shown(post: str) -> tuple[int, int, bool]:
        path = f"/@{ann.name}/{post}"
        oembed = server.anyone().get("/api/oembed", url=f"{server.url}{path}").status_code
        return oembed, stranger.get(f"{path}/embed").status_code, "json+oembed" in stranger.get(path).text

    posts = {kind: ann.say("psst", visibility=kind)["id"] for kind in ("public", "unlisted", "private", "direct")}
    assert [shown(post)[:2] for post in posts.values()] == [(200, 200), (200, 200), (404, 404), (404, 404)]
    assert shown(posts["unlisted"])[2]
    for url in ("", server.url, f"{server.url}/@{ann.name}", f"http://else.example/@{ann.name}/{posts['public']}"):
        assert server.anyone().get("/api/oembed", url=url).status_code == 404
    for change in ("discoverable", "indexable"):
        ann.patch("/api/v1/accounts/update_credentials", **{change: False})
        assert shown(posts["public"]) == shown(posts["unlisted"]) == (404, 404, False)
        ann.patch("/api/v1/accounts/update_credentials", **{change: True})
    assert shown(posts["public"]) == (200, 200, True)
    ann.delete(f"/api/v1/statuses/{posts['public']}")
    assert shown(posts["public"]) == (404, 404, False)
