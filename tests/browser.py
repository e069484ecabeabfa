"""Debian's Chromium, driven by Playwright. Records everything that a page must never do."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, async_playwright

# Runs before the page's own scripts: a script that the policy stopped has been injected all the same.
REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"""


class Watched:
    """A browser of one user, and what went wrong in it."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.wrongs: list[str] = []

    async def page(self) -> Page:
        page = await self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrongs.append(f"exception: {error}"))
        page.on("dialog", self._dialog)
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrongs.append(f"{message.type}: {message.text}")

    async def _dialog(self, dialog: Dialog) -> None:
        self.wrongs.append(f"a script ran: {dialog.message}")
        await dialog.dismiss()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a browser run in the loop of the session: so all of a process share one, which takes 1 s to start."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def started_chromium(chromium_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def chromium(started_chromium: Browser) -> AsyncIterator[Browser]:
    """A browser without any profile; those that a test opens are closed after it."""
    yield started_chromium
    for context in started_chromium.contexts:
        await context.close()


async def somebody(chromium: Browser, url: str, **options: Any) -> Watched:
    """A new browser profile. options: of Playwright's new_context."""
    context = await chromium.new_context(base_url=url, **options)
    context.set_default_timeout(10_000)
    if options.get("java_script_enabled", True):
        await context.add_init_script(REPORT_VIOLATIONS)
    return Watched(context)
