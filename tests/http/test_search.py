"""Search: results, for each viewer, and their order."""

import secrets

import pytest
from client import Person, Server, eventually


@pytest.fixture
def word(server: Server) -> str:
    """A word that no other test uses."""
    return f"w{next(server.numbers)}{secrets.token_hex(4)}"


def search(person: Person, q: str, **query) -> dict:
    found = person.get("/api/v2/search", q=q, **query)
    assert found.ok, found.text
    return found.json()


def accounts(person: Person, q: str, **query) -> list[str]:
    return [one["username"] for one in search(person, q, **query)["accounts"]]


def statuses(person: Person, q: str, **query) -> list[str]:
    return [one["id"] for one in search(person, q, **query)["statuses"]]


def hashtags(person: Person, q: str, **query) -> list[str]:
    return [one["name"] for one in search(person, q, **query)["hashtags"]]


# accounts


def test_a_handle_is_found_however_it_is_written(ann, bob, server):
    host = server.url.removeprefix("http://")

    for q in (bob.name, f"@{bob.name}", bob.name.upper(), f"{bob.name}@{host}", f"@{bob.name}@{host}"):
        assert accounts(ann, q)[0] == bob.name
        assert accounts(server.anyone(), q)[0] == bob.name
    assert accounts(ann, f"{bob.name}@elsewhere.example") == []


def test_accounts_are_found_by_how_their_names_begin(ann, server, word):
    named = server.person(display_name=f"Änne {word}")

    eventually(lambda: accounts(ann, word[:-2]) == [named.name])
    assert accounts(ann, f"anne {word}") == [named.name]
    assert accounts(ann, word[1:]) == []


def test_an_exact_handle_comes_first_and_once(server, ann, word):
    longer, exact = server.person(f"{word}_longer"), server.person(word)
    eventually(lambda: set(accounts(ann, word)) == {word, longer.name})

    assert accounts(ann, word) == [exact.name, longer.name]
    assert accounts(ann, word, limit=1) == [exact.name]
    assert accounts(ann, word, limit=1, offset=1) == [longer.name]
    assert accounts(ann, word, limit=1, offset=2) == []


def test_accounts_that_the_searcher_blocks_are_found(ann, bob):
    ann.post(f"/api/v1/accounts/{bob.id}/block")

    assert accounts(ann, bob.name) == [bob.name]


def test_only_followed_accounts_when_asked_for(ann, bob, server, word):
    followed, other = server.person(f"{word}_a"), server.person(f"{word}_b")
    ann.follow(followed)
    eventually(lambda: set(accounts(ann, word)) == {followed.name, other.name})

    assert accounts(ann, word, following=True) == [followed.name]
    assert accounts(ann, other.name, following=True) == []


def test_accounts_have_a_search_of_their_own(ann, bob, server):
    found = ann.get("/api/v1/accounts/search", q=f"@{bob.name}", limit=1, resolve=True)

    assert [one["id"] for one in found.json()] == [bob.id]
    assert server.anyone().get("/api/v1/accounts/search", q=bob.name).status_code == 401
    assert ann.get("/api/v1/accounts/search").json() == []


# hashtags


def test_hashtags_are_found_by_their_beginning_in_the_order_of_their_names(ann, word):
    for ending in ("c", "a", "b", "a_1"):
        ann.say(f"#{word}{ending}")

    eventually(lambda: len(hashtags(ann, word)) == 4)
    assert hashtags(ann, word) == [f"{word}a", f"{word}a_1", f"{word}b", f"{word}c"]
    assert hashtags(ann, f"#{word.upper()}A") == [f"{word}a", f"{word}a_1"]
    assert hashtags(ann, word, limit=2) == [f"{word}a", f"{word}a_1"]
    assert hashtags(ann, word, limit=2, offset=2) == [f"{word}b", f"{word}c"]


def test_what_is_a_pattern_elsewhere_is_a_letter_here(ann, word):
    ann.say(f"#{word}_x #{word}yx")
    eventually(lambda: len(hashtags(ann, word)) == 2)

    assert hashtags(ann, f"{word}_") == [f"{word}_x"]
    for q in (f"{word}%", f"{word[:2]}%", "%", "_%", "#", f"{word}*", "[a-z]"):
        assert hashtags(ann, q) == []


def test_tags_of_private_posts_are_not_found(ann, word):
    ann.say(f"#{word}a", visibility="private")
    ann.say(f"#{word}b", visibility="unlisted")
    ann.say(f"#{word}c")

    eventually(lambda: hashtags(ann, word) == [f"{word}c"])


# posts


def test_posts_with_all_the_words_are_found_newest_first(ann, bob, word):
    first, second = ann.say(f"Apples and {word}"), ann.say(f"{word}: more apples")
    ann.say(f"{word} alone")

    eventually(lambda: statuses(bob, f"APPLES {word}") == [second["id"], first["id"]])
    assert statuses(bob, word, limit=1, max_id=second["id"]) == [first["id"]]
    assert statuses(bob, f"apples {word}", min_id=first["id"]) == [second["id"]]
    assert statuses(bob, f"apples {word}", offset=1) == [first["id"]]


def test_words_find_public_posts_and_those_one_has_to_do_with(ann, bob, server, word):
    """Unlisted and followers-only posts of others are not found, even if the viewer may see them."""
    friend, stranger = server.person(), bob
    friend.follow(ann)
    posts = {
        visibility: ann.say(f"{word} @{friend.name}" if visibility == "direct" else word, visibility=visibility)["id"]
        for visibility in ("public", "unlisted", "private", "direct")
    }
    newest_first = [posts[v] for v in ("direct", "private", "unlisted", "public")]

    eventually(lambda: statuses(ann, word) == newest_first)
    assert statuses(friend, word) == [posts["direct"], posts["public"]]
    assert statuses(stranger, word) == [posts["public"]]
    assert statuses(server.anyone(), word) == []
    assert statuses(stranger, f"{word} from:{ann.name}") == [posts["public"]]

    friend.post(f"/api/v1/statuses/{posts['private']}/bookmark")
    stranger.post(f"/api/v1/statuses/{posts['unlisted']}/favourite")
    assert statuses(friend, word) == [posts["direct"], posts["private"], posts["public"]]
    assert statuses(stranger, word) == [posts["unlisted"], posts["public"]]

    friend.post(f"/api/v1/accounts/{ann.id}/unfollow")
    assert statuses(friend, word) == [posts["direct"], posts["public"]]
    ann.post(f"/api/v1/accounts/{stranger.id}/block")
    assert statuses(stranger, word) == []


def test_what_is_deleted_or_edited_away_is_not_found(ann, word):
    gone, edited = ann.say(word), ann.say(word)
    eventually(lambda: len(statuses(ann, word)) == 2)

    ann.delete(f"/api/v1/statuses/{gone['id']}")
    ann.put(f"/api/v1/statuses/{edited['id']}", status=f"{word}else")

    eventually(lambda: statuses(ann, word) == [])
    assert statuses(ann, f"{word}else") == [edited["id"]]


def test_posts_of_those_who_do_not_want_to_be_found_are_found_by_themselves(ann, bob, word):
    ann.patch("/api/v1/accounts/update_credentials", indexable=False)
    post = ann.say(word)

    eventually(lambda: statuses(ann, word) == [post["id"]])
    assert statuses(bob, word) == []


def test_posts_of_one_author_can_be_asked_for(ann, bob, word):
    by_ann, by_bob = ann.say(word)["id"], bob.say(word)["id"]
    eventually(lambda: statuses(ann, word) == [by_bob, by_ann])

    assert statuses(ann, word, account_id=bob.id) == [by_bob]
    assert statuses(ann, f"{word} from:@{bob.name}") == [by_bob]
    assert statuses(ann, f"from:me {word}") == [by_ann]
    assert statuses(ann, f"{word} from:nobody_here") == []
    assert statuses(ann, f"{word} from:me", account_id=bob.id) == []


# all kinds


def test_an_address_finds_what_it_names(ann, bob):
    post = bob.say("look at this")
    url = f"{bob.server.url}/@{bob.name}"

    found = search(ann, url, resolve=True)
    assert [one["id"] for one in found["accounts"]] == [bob.id]
    found = search(ann, post["url"], resolve=True)
    assert [one["id"] for one in found["statuses"]] == [post["id"]]

    hidden = bob.say("not for you", visibility="private")
    for nothing in (hidden["url"], f"{url}/1", f"{ann.server.url}/@{ann.name}/{post['id']}", f"{url}/{2**63}"):
        assert search(ann, nothing, resolve=True) == {"accounts": [], "statuses": [], "hashtags": []}


def test_one_kind_can_be_asked_for(ann, bob, word):
    server = ann.server
    server.person(word)
    ann.say(f"{word} #{word}")
    eventually(lambda: all(search(ann, word).values()))

    for kind in ("accounts", "statuses", "hashtags"):
        found = search(ann, word, type=kind)
        assert [name for name, some in found.items() if some] == [kind]


def test_strangers_see_the_first_results_only(server):
    anyone = server.anyone()

    assert anyone.get("/api/v2/search", q="a", offset=1).status_code == 401
    assert anyone.get("/api/v2/search", q="a", resolve=True).status_code == 401
    assert anyone.get("/api/v2/search", q="a").ok


@pytest.mark.parametrize(
    "q",
    [
        *("", " ", '"', "'; DROP TABLE posts", "NEAR(a b)", "a OR b", "a*", "-", "https://", "from:", "from:me"),
        *("\x00", "a\x00b", "from:\x00", "#\x00", "\u202e", "\ufb01", "(" * 5000, "#" * 5000, "@" * 5000, "x" * 10_000),
    ],
)
def test_no_question_breaks_the_search(ann, q):
    assert ann.get("/api/v2/search", q=q).status_code in (200, 400)
    assert ann.get("/api/v1/accounts/search", q=q).status_code in (200, 400)


@pytest.mark.parametrize("query", [{"offset": -1}, {"offset": "x"}, {"account_id": "x"}, {"max_id": "x"}])
def test_pages_that_cannot_be_are_refused(ann, query):
    assert ann.get("/api/v2/search", q="a", **query).status_code == 400


def test_too_much_is_capped(ann):
    assert ann.get("/api/v2/search", q="a", limit=10**9).ok
    assert search(ann, "a", offset=10**9) == {"accounts": [], "statuses": [], "hashtags": []}
