"""Ann and Bob sign up, find each other and talk, each in their own browser."""

import secrets

from browser import Watched, somebody
from client import Server
from playwright.async_api import Browser, Page, expect


async def sign_up(watched: Watched, name: str) -> Page:
    page = await watched.page()
    await page.goto("/")
    await page.get_by_role("main").get_by_role("link", name="Sign up").click()
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("E-mail address").fill(f"{name}@example.com")
    await page.get_by_label("Password").fill("a password of several words")
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    return page


async def say(page: Page, words: str) -> None:
    await page.get_by_label("What is on your mind?").fill(words)
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(page.locator("article.post").first).to_contain_text(words)


async def test_two_friends_find_each_other_and_talk(chromium: Browser, server: Server):
    ann, bob = f"ann_{secrets.token_hex(3)}", f"bob_{secrets.token_hex(3)}"
    of_ann, of_bob = [await somebody(chromium, server.url) for _ in range(2)]

    anns = await sign_up(of_ann, ann)
    await say(anns, "First post, from the hill above the town.")
    await anns.get_by_label("What is on your mind?").fill("x" * 501)
    await expect(anns.locator("output.count")).to_have_text("-1")
    await expect(anns.get_by_role("button", name="Post", exact=True)).to_be_disabled()
    await anns.get_by_label("What is on your mind?").fill("")

    bobs = await sign_up(of_bob, bob)
    await bobs.get_by_role("navigation").get_by_role("link", name="Search").click()
    await bobs.get_by_label("Words, a name").fill(f"@{ann}")
    await bobs.get_by_role("button", name="Search").click()
    await bobs.locator("main").get_by_role("link", name=f"@{ann}").first.click()
    await expect(bobs.locator("article.post")).to_have_count(1)
    await bobs.get_by_role("button", name="Follow").click()
    await expect(bobs.get_by_role("button", name="Following")).to_be_visible()

    await bobs.goto("/home")
    await expect(bobs.locator("article.post")).to_have_count(1)
    await say(anns, "A kestrel over the church tower!")
    show = bobs.get_by_role("button", name="Show 1 new post")
    await expect(show).to_be_visible(timeout=10_000)  # nothing moved under the reader's eyes, and nothing was reloaded
    await expect(bobs.locator("#posts article.post")).to_have_count(1)
    await show.click()
    await expect(bobs.locator("#posts article.post").first).to_contain_text("A kestrel over the church tower!")
    await expect(show).to_be_hidden()

    kestrel = bobs.locator("article.post", has_text="kestrel")
    await kestrel.get_by_role("button", name="Favourite").click()
    await expect(kestrel.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    await expect(kestrel.get_by_role("button", name="Favourite")).to_contain_text("1")
    await kestrel.get_by_role("link", name="Reply").click()
    await expect(bobs.get_by_label("Your reply")).to_have_value(f"@{ann} ")
    await bobs.get_by_label("Your reply").press_sequentially("I saw it too.")
    await bobs.get_by_role("button", name="Reply", exact=True).click()
    await expect(bobs.locator("article.post.focus")).to_contain_text("I saw it too.")
    await expect(bobs.locator("article.post.above")).to_contain_text("kestrel")

    await expect(anns.locator(".badge")).to_have_text("3", timeout=10_000)  # followed, favourited, mentioned: unasked
    await anns.get_by_role("navigation").get_by_role("link", name="Alerts").click()
    alerts = anns.get_by_role("main")
    await expect(alerts).to_contain_text(f"{bob} follows you")
    await expect(alerts).to_contain_text(f"{bob} favourited your post")
    await expect(alerts.locator("article.post")).to_contain_text("I saw it too.")
    await expect(anns.locator(".badge")).to_be_hidden()

    await anns.goto("/home")
    theirs = anns.locator("article.post", has_text="kestrel")
    await theirs.locator("summary[title=More]").click()
    await theirs.get_by_role("link", name="Delete").click()
    await bobs.goto("/home")
    await expect(bobs.locator("article.post", has_text="A kestrel")).to_be_visible()
    await anns.get_by_role("button", name="Delete").click()
    await expect(bobs.locator("article.post", has_text="A kestrel")).to_have_count(0, timeout=10_000)

    assert of_ann.wrongs == []
    assert of_bob.wrongs == []
