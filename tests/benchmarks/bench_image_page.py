"""The gallery in a real browser, everything stored, against a bare Streamlit page with as many pictures.

From the key press on the ratio slider until other pictures are there, all of them loaded, the
script is at rest and two frames have passed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.bench_page import STILL
from tests.benchmarks.timing import report
from tests.browser.conftest import executable, start_server

PICTURES = "[data-testid=stMain] img"
ALL_TRAINED = 180_000  # milliseconds

WATCH = """([pictures, still]) => {
  const now = () => [...document.querySelectorAll(pictures)];
  const key = () => now().map(image => image.src).join();
  const before = key(), start = performance.now();
  window.result = new Promise(resolve => {
    const look = () => key() !== before && now().every(image => image.complete) && document.querySelector(still)
      ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)))
      : requestAnimationFrame(look);
    look();
  });
}"""


def redraws(page: Page, moves: int = 14) -> list[float]:
    """Milliseconds of each move of the ratio slider, up and down again so that all is cached."""
    slider = page.get_by_role("slider", name="Prune ratio")
    times = []
    for i in range(moves):
        page.evaluate(WATCH, [PICTURES, STILL])
        slider.press("ArrowRight" if i % 2 == 0 else "ArrowLeft")
        times.append(page.evaluate("() => window.result"))
        page.wait_for_timeout(400)
    return times[4:]


def measured(browser: Browser, script: str, path: str) -> list[float]:
    """The redraws of a page once all its networks are trained."""
    process, address = start_server(Path(tempfile.mkdtemp()), script)
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(address + path)
    page.get_by_text("354 pictures").first.wait_for(timeout=ALL_TRAINED)
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").wait_for(state="detached", timeout=ALL_TRAINED)
    page.locator(STILL).wait_for(timeout=ALL_TRAINED)
    page.wait_for_timeout(2000)
    times = redraws(page)
    page.close()
    process.terminate()
    process.wait(20)
    return times


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu"])
        ours, bare = [], []
        for _ in range(2):
            bare += measured(browser, "tests/benchmarks/bare_gallery_page.py", "")
            ours += measured(browser, "streamlit_app.py", "/images?tab=Gallery")
        browser.close()
    report(
        "Cached slider to redrawn gallery",
        median(ours) / median(bare),
        "at most 2",
        f"{median(bare):.0f} ms bare → {median(ours):.0f} ms",
    )


if __name__ == "__main__":
    main()
