"""The moons page in a real browser: a unit clicked against a curve clicked, a frame of the film, the page's weight.

A move and a click are timed from the key press until the pruned plane's new picture has been painted,
on the same page with the same tab open. The networks of the ratios are stored; every click is of a unit
that nobody has turned over before, so its boundary is computed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.bench_page import APP, STILL, WATCH, clicks_on_a_curve
from tests.benchmarks.timing import report
from tests.browser.conftest import SENTENCE, executable, start_server

FRAMES = "() => performance.getEntriesByName('player frame').map(each => each.duration)"


def opened(browser: Browser, address: str, link: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 1400})
    page.goto(f"{address}/{link}")
    page.get_by_text(SENTENCE).first.wait_for(timeout=120_000)
    page.locator(STILL).wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    return page


def clicks(page: Page, count: int = 12) -> list[float]:
    """Milliseconds of taking out one unit after the other."""
    units = page.get_by_role("button", name="hidden layer 1, unit").filter(visible=True)
    kept = [unit for unit in units.all() if unit.get_attribute("aria-pressed") == "true"][:count]
    times = []
    for unit in kept:
        page.evaluate("watch => { window.result = eval(watch)() }", WATCH)
        unit.focus()
        page.keyboard.press("Enter")
        times.append(page.evaluate("() => window.result"))
        page.locator(STILL).wait_for()
        page.wait_for_timeout(400)
    return times[2:]


def frames(page: Page) -> list[float]:
    """Milliseconds of the browser's time for each frame of five seconds of the film."""
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(5000)
    return page.evaluate(FRAMES)


def weight(browser: Browser, address: str, link: str) -> float:
    """Megabytes that a first visit receives, as they travel: files, and what the page sends after them."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
    page.goto(f"{address}/{link}")
    page.get_by_text(SENTENCE).first.wait_for(timeout=120_000)
    page.wait_for_timeout(6000)
    context.close()
    return sum(sizes) / 1e6


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu"])
        process, address = start_server(Path(tempfile.mkdtemp()), APP)
        opened(browser, address, "").close()  # so that everything is stored
        page = opened(browser, address, "?view=The+network")
        moves, turned = clicks_on_a_curve(page), clicks(page)
        page.close()
        ratio = median(turned) / median(moves)
        words = f"{median(moves):.0f} ms curve → {median(turned):.0f} ms unit"
        report(
            "Unit clicked to redrawn boundary, against another ratio by a click on a curve",
            ratio,
            "at most 1.5",
            words,
        )
        film = frames(opened(browser, address, "?view=Watch+it+train&strategy=Iterative%2C+re-initialised&ratio=0.8"))
        print(f"Film: median {median(film):.1f} ms a frame of {len(film)}, slowest {max(film):.1f} ms (at most 50)")
        for name, link in (("first view", ""), ("film", "?view=Watch+it+train"), ("network", "?view=The+network")):
            print(f"Weight on the wire, {name}: {weight(browser, address, link):.2f} MB (at most 2 without previews)")
        browser.close()
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main()
