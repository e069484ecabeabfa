"""Takes the picture of the home page that README.md shows, docs/home.png: .venv/bin/python tools/picture.py

It runs `chirrup demo` on a new folder, has Ann log in with Chromium, and ends the server.
"""

import asyncio
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests
from PIL import Image, ImageDraw
from playwright.async_api import Browser, FilePayload, Page, async_playwright

from chirrup.demo import PASSWORD

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs/home.png"
WIDTH, HEIGHT = 1280, 860
WORDS = "Evening light over the fields. The swifts are late this year. #birds"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CHIRRUP_")}
        server = subprocess.Popen(
            [sys.executable, "-m", "chirrup", "demo", "--port", str(port), "--data", folder],
            cwd=ROOT,
            env=environment | {"CHIRRUP_METRICS_PORT": "0"},
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/health")
            asyncio.run(take(f"http://127.0.0.1:{port}"))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    print(f"{FILE} has {FILE.stat().st_size:,} bytes")


async def take(url: str) -> None:
    async with async_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await log_in(browser, url, "bob")
        await page.get_by_label("What is on your mind?").fill(WORDS)
        picture: FilePayload = {"name": "fields.png", "mimeType": "image/png", "buffer": fields()}
        await page.locator("input[type=file]").first.set_input_files(picture)
        await page.get_by_role("button", name="Post", exact=True).click()
        await page.locator("article.post img").first.wait_for()
        for name in ("carla", "dev"):
            page = await log_in(browser, url, name)
            star = page.locator("article.post", has_text="The swifts are late").get_by_role("button", name="Favourite")
            await star.click()
            await page.wait_for_load_state("networkidle")
        page = await log_in(browser, url, "ann")
        await page.wait_for_load_state("networkidle")
        await page.screenshot(path=FILE)
        await browser.close()


async def log_in(browser: Browser, url: str, name: str) -> Page:
    context = await browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    page = await context.new_page()
    await page.goto(f"{url}/login")
    await page.fill("input[name=email]", f"{name}@town.example")
    await page.fill("input[name=password]", PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_role("heading", name="Home").wait_for()
    return page


def fields() -> bytes:
    """A picture: hills in the evening."""
    image = Image.new("RGB", (1200, 460))
    draw = ImageDraw.Draw(image)
    for y in range(460):
        draw.line([(0, y), (1200, y)], fill=(250 - y // 5, 196 - y // 5, 150 - y // 9))
    draw.ellipse([800, 70, 970, 240], fill=(255, 238, 200))
    for n, colour in enumerate(((122, 84, 92), (86, 60, 78), (52, 42, 60))):
        tops = [(x, 260 + 62 * n + round(46 * ((x / 260 + n * 1.7) % 2 - 1) ** 2)) for x in range(0, 1201, 4)]
        draw.polygon([(0, 460), *tops, (1200, 460)], fill=colour)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str) -> None:
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at:
        try:
            if requests.get(url, timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise SystemExit(f"no server answers at {url}")


if __name__ == "__main__":
    main()
