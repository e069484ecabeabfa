"""The user's own profile as it is edited: https://docs.joinmastodon.org/methods/profile/"""

from typing import Any

import pytest
import requests
import shapes
from client import Person
from visitor import Visitor
from world import png

from chirrup.mastodon.entities import Account, CredentialAccount
from chirrup.mastodon.profile_entities import ProfileEntity

PATH = "/api/v1/profile"


def update(person: Person, **changes: Any) -> ProfileEntity:
    return shapes.decode(person.patch(PATH, **changes), ProfileEntity)


def test_a_profile_is_edited_as_it_was_typed(server, ann):
    first = shapes.decode(ann.get(PATH), ProfileEntity)
    assert (first.id, first.avatar, first.header_static, first.avatar_description) == (ann.id, None, None, "")
    assert (first.show_media, first.show_media_replies, first.show_featured) == (True, True, True)
    ann.post("/api/v1/featured_tags", name="bread")

    wanted = {
        "note": "I sing <loud>\nhttps://town.example",
        "show_media_replies": False,
        "show_featured": False,
        "attribution_domains": ["Papers.example", "", "papers.example", "bücher.example"],
        "fields_attributes": {"0": {"name": "home", "value": "https://town.example"}},
    }
    made = update(ann, **wanted)
    assert (made.note, made.fields[0].value) == (wanted["note"], "https://town.example")
    assert made.attribution_domains == ["papers.example", "xn--bcher-kva.example"]
    assert [(one.name, one.statuses_count, one.last_status_at) for one in made.featured_tags] == [("bread", "0", None)]

    after = update(ann, show_media=False)
    assert (after.show_media, after.show_media_replies, after.show_featured) == (False, False, False)
    assert after == shapes.decode(ann.get(PATH), ProfileEntity)
    told = shapes.decode(server.anyone().get(f"/api/v1/accounts/{ann.id}"), Account)
    assert (told.show_media, told.show_media_replies, told.show_featured) == (False, False, False)
    own = shapes.decode(ann.get("/api/v1/accounts/verify_credentials"), CredentialAccount)
    assert own.source.attribution_domains == made.attribution_domains
    again = update(ann, show_media=True, show_media_replies=True, show_featured=True, attribution_domains=[])
    assert (again.show_featured, again.attribution_domains) == (True, [])


def test_pictures_are_described_and_lose_that_with_themselves(server, ann):
    files = {name: ("a.png", png(), "image/png") for name in ("avatar", "header")}
    told = {"avatar_description": "a bird", "header_description": "a <wood> & birds"}
    made = shapes.decode(ann.call("PATCH", PATH, files=files, data=told), ProfileEntity)
    assert made.avatar and requests.get(made.avatar, timeout=10).ok
    account = shapes.decode(server.anyone().get(f"/api/v1/accounts/{ann.id}"), Account)
    assert (account.avatar, account.avatar_description) == (made.avatar, "a bird")
    assert 'alt="a &lt;wood&gt; &amp; birds"' in Visitor(server.url).get(f"/@{ann.name}").text

    assert ann.delete(f"{PATH}/avatar").json()["avatar_description"] == ""
    left = shapes.decode(ann.get(PATH), ProfileEntity)
    assert (left.avatar, left.avatar_description) == (None, "")
    assert (left.header, left.header_description) == (made.header, told["header_description"])


def test_a_page_of_a_profile_has_the_tabs_that_its_owner_wants(server, ann):
    media = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json()["id"]
    ann.say("a picture in a reply", media_ids=[media], in_reply_to_id=server.person().say("show me")["id"])
    page = Visitor(server.url)
    assert "a picture in a reply" in page.get(f"/@{ann.name}/media").text

    update(ann, show_media_replies=False)
    assert "a picture in a reply" not in page.get(f"/@{ann.name}/media").text
    assert ">Pictures<" in page.get(f"/@{ann.name}").text.replace("\n", "")
    update(ann, show_media=False)
    assert ">Pictures<" not in page.get(f"/@{ann.name}").text.replace("\n", "")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"attribution_domains": ["two words"]}, "attribution_domains must be a domain"),
        ({"attribution_domains": [f"{n}.example" for n in range(11)]}, "at most 10"),
        ({"avatar_description": "x" * 501}, "avatar_description must have at most 500"),
        ({"header_description": "x" * 501}, "header_description must have at most 500"),
        ({"show_media": {"a": "b"}}, "show_media"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(ann, body: dict[str, Any], told: str):
    before = ann.get(PATH).json()

    refused = ann.patch(PATH, **{"display_name": "changed"} | body)

    assert refused.status_code == 422
    assert told in refused.json()["error"]
    assert ann.get(PATH).json() == before
