"""Cards of links on pages and over HTTP: all of it comes from this server."""

from typing import Any

import pytest
import shapes
from client import Person, Server
from elsewhere import make_card
from visitor import Visitor
from world import png

from chirrup.mastodon.entities import Status

pytestmark = pytest.mark.slow

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def linking(server: Server, person: Person, text: str, title: str, head: str = "", **more: Any) -> Status:
    """A post whose card has arrived."""
    id = person.say(text, **more)["id"]
    server.do(lambda engines: make_card(engines, int(id), title, head, png()))
    return shapes.decode(person.get(f"/api/v1/statuses/{id}"), Status)


def test_a_card_is_shown_and_nothing_of_another_server(server: Server, ann: Person, anns: Visitor):
    head = f"""<meta property="og:title" content='{HOSTILE.replace("<", "&lt;")}'>
      <meta name="author" content="&lt;b>Jo">
      <meta property="og:image:alt" content="a loaf">"""
    post = linking(server, ann, "look http://news.example/bread", "", head)
    assert post.card and (post.card.title, post.card.type, post.card.image_description) == (HOSTILE, "link", "a loaf")
    assert ann.home()[0]["card"] == ann.get(f"/api/v1/statuses/{post.id}").json()["card"]
    for page in (anns.get("/home"), Visitor(server.url).get(f"/@{ann.name}/{post.id}")):
        assert '<div class="linked">' in page.text and 'href="http://news.example/bread" target="_blank"' in page.text
        assert "&lt;script&gt;alert(1)" in page.text and "<script>alert" not in page.text and "<b>Jo" not in page.text
        assert 'alt="a loaf"' in page.text and 'src="http://news' not in page.text
    assert post.card.image and post.card.image.startswith(f"{server.url}/media/cards/")
    image = server.anyone().get(post.card.image.removeprefix(server.url))
    assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
    assert "sandbox" in image.headers["content-security-policy"] and image.headers["x-robots-tag"] == "noindex"
    assert server.anyone().get(f"/media/cards/1/{post.card.image.rsplit('/', 1)[1]}").status_code == 404

    hidden = linking(server, ann, "http://news.example/2", "Two", sensitive=True)
    page = anns.get(f"/@{ann.name}/{hidden.id}").text
    assert ">Two<" in page and "/media/cards/" not in page
    ann.delete(f"/api/v1/statuses/{post.id}")
