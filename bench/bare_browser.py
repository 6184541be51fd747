"""A runner: the shortest Playwright script that looks at pages in full, and records nothing.

    python -m bench.bare_browser http://127.0.0.1:PORT PAGES

Two pages at once; frame-step scrolling; every body, a full-page PNG, a PDF and the DOM are fetched and dropped.
"""

import argparse
import asyncio
import json
import time

from playwright.async_api import Browser, Response, async_playwright

from crawler.engine.browser import find_chromium

_SCROLL = """async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
    scrollTo(0, y);
    await new Promise(requestAnimationFrame);
  }
  scrollTo(0, 0);
}"""


async def look(browser: Browser, url: str, slots: asyncio.Semaphore) -> int:
    """Look at one page; returns how many of its pictures were loaded."""
    async with slots:
        context = await browser.new_context(viewport={"width": 1366, "height": 900}, locale="zh-CN")
        page = await context.new_page()
        bodies: list[asyncio.Task[bytes]] = []

        def keep(response: Response) -> None:
            bodies.append(asyncio.ensure_future(response.body()))

        page.on("response", keep)
        await page.goto(url, wait_until="load")
        await page.evaluate(_SCROLL)
        await page.wait_for_load_state("networkidle")
        await page.screenshot(full_page=True)
        await page.pdf()
        await page.content()
        await asyncio.gather(*bodies)
        loaded = await page.evaluate(
            "[...document.images].filter((i) => i.complete && i.naturalWidth).length"
        )
        await context.close()
        return int(loaded)


async def run(site: str, pages: int) -> dict[str, float]:
    """Look at every page."""
    slots = asyncio.Semaphore(2)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium())
        began = time.perf_counter()
        loaded = await asyncio.gather(
            *(look(browser, f"{site}/page/{number}.html", slots) for number in range(pages))
        )
        seconds = time.perf_counter() - began
        await browser.close()
    return {"seconds": seconds, "pictures": sum(loaded)}


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m bench.bare_browser")
    parser.add_argument("site")
    parser.add_argument("pages", type=int)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(run(given.site, given.pages))), flush=True)


if __name__ == "__main__":
    main()
