"""A real server and a real Chromium; any console error or request to another host fails the test."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# On any page but the first, Streamlit looks for its server beside the page before it looks at the root.
MISSING = tuple(f"/{page}/_stcore/{asked}" for page in ("images", "study") for asked in ("health", "host-config"))
SENTENCE = re.compile(r"^(Pruned to \d|Nothing is pruned)")  # what stands above the pictures once they are there
PLAIN = "?ratio=0.5"  # every control at its default; a bare address opens on something more curious
TRAINING = 300_000  # milliseconds that all networks of a run may take on a busy machine
# What of Chromium is left out: what Playwright leaves out (the last list counts alone), and the two pages that
# wait behind every window's address bar, each of which loads as much as a small page of ours.
LEFT_OUT = (
    "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter",
    "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch",
    "ThirdPartyStoragePartitioning", "WebUIOmniboxAimPopup", "WebUIOmniboxPopup",
)  # fmt: skip
SWITCHES = ("--no-sandbox", "--disable-gpu", f"--disable-features={','.join(LEFT_OUT)}")
PATIENCE = 120_000  # milliseconds that a script may take until it is at rest
# Notes when the page last asked its server for a run, and when it last heard that one begins: by the numbers of the
# fields `rerun_script` and `new_session` of Streamlit's messages. That an older run goes on or ends is no answer.
OVERHEAR = """(() => {
  const { send } = WebSocket.prototype;
  const heard = new WeakSet();
  const line = { asked: -Infinity, answered: 0 };
  Object.defineProperty(window, "overheard", { value: line });
  const fields = function* (data) {
    const bytes = new Uint8Array(data);
    let at = 0;
    const number = () => {
      let value = 0, places = 1;
      for (; bytes[at] > 127; places *= 128) value += (bytes[at++] - 128) * places;
      return value + bytes[at++] * places;
    };
    while (at < bytes.length) {
      const tag = number();
      yield tag >> 3;
      const size = number();
      if ((tag & 7) === 2) at += size;
    }
  };
  const says = (data, field) => typeof data !== "string" && fields(data).some((each) => each === field);
  WebSocket.prototype.send = function (data) {
    if (!heard.has(this)) {
      heard.add(this);
      this.addEventListener("message", ({ data }) => { if (says(data, 4)) line.answered = performance.now(); });
    }
    if (says(data, 11)) line.asked = performance.now();
    return send.call(this, data);
  };
})()"""
# The page's line to its server: closed by `cut()`, and led to where nobody answers until `mend()`.
LINE = """(() => {
  const made = [], Real = WebSocket;
  let isCut = false;
  window.WebSocket = class extends Real {
    constructor(...given) {
      if (isCut) given[0] = "ws://localhost:9";
      super(...given);
      made.push(this);
    }
  };
  window.cut = () => { isCut = true; made.forEach((line) => line.close()); };
  window.mend = () => { isCut = false; };
})()"""
# Looks, 50 milliseconds apart by the page's own clock, which a busy page delays as it delays what it has still
# to do, until at fourteen in a row the script is at rest, what was asked is answered or is long ago, and no element
# waits for the script that draws it: a busy server is slow with files, too.
CALM = """patience => new Promise((done) => {
  const until = performance.now() + patience;
  let calm = 0;
  const look = () => {
    const now = performance.now();
    const { testConnectionState, testScriptState } = document.querySelector("[data-testid=stApp]")?.dataset ?? {};
    const { asked, answered } = window.overheard;
    const due = asked >= answered && now - asked < 20000;
    const waits = document.querySelector("[data-testid=stSkeleton]");
    const rests = testConnectionState === "CONNECTED" && testScriptState === "notRunning" && !due && !waits;
    calm = rests ? calm + 1 : 0;
    if (calm === 14) return done(true);
    return now < until ? setTimeout(look, 50) : done(false);
  };
  look();
})"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, so that `-m "not browser"` leaves it out."""
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


def executable() -> str:
    """The system's Chromium; without one the tests are skipped, but in CI that is a failure."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"no browser found; CI needs one of: {', '.join(BROWSERS)}")
    if found is None:
        pytest.skip(f"no browser found; install one of: {', '.join(BROWSERS)}")
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_server(
    folder: Path,
    script: str = "streamlit_app.py",
    launcher: tuple[str, ...] = ("-m", "streamlit"),
    options: tuple[str, ...] = ("--server.address", "0.0.0.0"),
    **settings: str,
) -> tuple[subprocess.Popen[bytes], str]:
    """A server with an empty store of its own, once it answers; the process and its address.

    launcher: what Python is to run as Streamlit; options: for it, by default that others are let in. settings:
    environment variables.
    """
    port = free_port()
    command = [sys.executable, *launcher, "run", script, "--server.port", str(port), *options]
    environment = {**os.environ, "EXPLORER_CACHE": str(folder / "store"), **settings}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://localhost:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
            return process, address
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    process.kill()
    pytest.fail("the server did not start:\n" + (folder / "server.log").read_text())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One for each process that runs tests; all share a store, and what one of them has trained."""
    folder = tmp_path_factory.mktemp("server")
    common = folder.parent.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    process, address = start_server(folder, EXPLORER_CACHE=str(common / "store"))
    yield address
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser; Playwright is imported late, so that its absence is a skip."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = executable()
    sync_api.expect.set_options(timeout=PATIENCE)  # a busy machine takes longer than the five seconds of Playwright
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield Profiles(browser)
        browser.close()


class Profiles:
    """Browser contexts and their pages; what visitors have left is emptied for the next, who need no new process."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.kinds: dict[Any, str] = {}  # context → its options
        self.empty: dict[str, list[Any]] = {}  # by their options
        self.pages: dict[Any, list[Any]] = {}  # context → its pages that nobody has

    def new_context(self, **options: Any) -> Any:
        kind = repr(sorted(options.items()))
        if left := self.empty.get(kind):
            return left.pop()
        context = self.browser.new_context(**options)
        context.set_default_timeout(PATIENCE)  # Playwright's own is half a minute
        context.add_init_script(OVERHEAR)
        self.kinds[context], self.pages[context] = kind, []
        return context

    def new_page(self, context: Any) -> Any:
        pages = self.pages[context]
        return pages.pop() if pages else context.new_page()

    def leave(self, context: Any, server: str) -> None:
        """Take back all pages, which keep nothing of what they knew of this server but the browser's cache."""
        for page in context.pages:
            page.goto(f"{server}/_stcore/health")  # a few letters of the same server's
            page.evaluate("sessionStorage.clear()")
            page.mouse.move(0, 0)
        for page in context.pages:
            session = context.new_cdp_session(page)
            session.send("Page.resetNavigationHistory")
            session.send("Storage.clearDataForOrigin", {"origin": server, "storageTypes": "all"})
            session.detach()
        context.clear_cookies()
        self.pages[context] = context.pages
        self.empty.setdefault(self.kinds[context], []).append(context)


class Visitor:
    """A person with a browser: opens the page, waits until it stands still, looks at it."""

    def __init__(self, chromium, server: str, context: Any = None, **options) -> None:
        """context: that of a browser in which others are already; without one, a new one with these options."""
        self.server = server
        self.context = context or chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page = chromium.new_page(self.context)
        self.errors: list[str] = []
        self.noted = {"console": self._note_error, "pageerror": self._note_exception, "request": self._note_stranger}
        for event, note in self.noted.items():
            self.page.on(event, note)

    def note_no_more(self) -> None:
        """Whoever has this page next notes what there is to note."""
        for event, note in self.noted.items():
            self.page.remove_listener(event, note)

    def _note_exception(self, error) -> None:
        self.errors.append(str(error))

    def _note_error(self, message) -> None:
        place = message.location["url"]
        looked_for = "404" in message.text and place.startswith(self.server) and urlsplit(place).path in MISSING
        if message.type == "error" and not looked_for:
            self.errors.append(f"{message.text} ({place})")

    def _note_stranger(self, request) -> None:
        if not request.url.startswith((self.server, self.server.replace("http", "ws"), "data:", "blob:")):
            self.errors.append(f"request to another host: {request.url}")

    def open(self, link: str = PLAIN) -> Visitor:
        self.page.goto(self.server + "/" + link)
        self.page.get_by_text("Seeds" if link.startswith("study") else "MC-dropout samples").first.wait_for()
        return self.settle()

    def settle(self) -> Visitor:
        """Wait until the script has run and what it sent is drawn: until nothing has run for a while."""
        until, calm = time.monotonic() + PATIENCE / 1000, False
        while not calm:
            try:
                calm = self.page.evaluate(CALM, PATIENCE)
            except Exception as error:
                if "context was destroyed" not in str(error) or time.monotonic() > until:
                    raise
            else:
                assert calm, "the page does not come to rest"
        return self

    def complete(self) -> Visitor:
        """Wait until all networks are there, as the curves over all prune ratios show, and nothing trains."""
        points = self.chart("Accuracy against").locator("[aria-roledescription=circle]")
        points.nth(10).wait_for(state="attached", timeout=TRAINING)
        self.page.locator("[data-testid=stProgress]").wait_for(state="detached", timeout=TRAINING)
        return self.settle()

    def tab(self, name: str) -> Visitor:
        self.page.get_by_role("tab", name=name).click()
        return self.settle()

    def button(self, label: str):
        return self.page.get_by_role("button", name=label, exact=True)

    def says(self, words: str) -> None:
        """Wait until the page says so; what it says instead, if it does not."""
        try:
            self.page.get_by_text(words).first.wait_for(timeout=TRAINING)
        except Exception as error:
            shown = self.page.locator("section.stMain, [data-testid=stMain]").first.inner_text()
            raise AssertionError(f"{words!r} is not among: {shown}") from error

    def alerts(self) -> list[str]:
        """The boxes that warn or inform, without their icon."""
        boxes = self.page.locator("[data-testid=stAlert]").all_inner_texts()
        return [text.rpartition("\n")[2] for text in boxes]

    def exceptions(self) -> list[str]:
        """What an exception of the server's says on the page, with its trace."""
        return self.page.locator("[data-testid=stException]").all_inner_texts()

    def slider(self, label: str):
        return self.page.get_by_role("slider", name=label).first

    def choose(self, label: str, option: str) -> Visitor:
        self.page.get_by_role("combobox", name=label).click()
        self.page.get_by_role("option", name=option, exact=True).click()
        return self.settle()

    def press(self, group: str, option: str) -> Visitor:
        self.page.locator(f".st-key-{group}").get_by_text(option, exact=True).click()
        return self.settle()

    def chart(self, start: str):
        """The chart whose description starts so."""
        return self.page.locator(f'[data-testid=stVegaLiteChart][aria-label^="{start}"]')

    def plane(self, network: str, key: str = "plane_pair"):
        """The plane of a network, in the pair of both or beside something else."""
        return self.page.locator(f".st-key-{key} figure[data-drawn]").filter(
            has=self.page.get_by_text(network, exact=True)
        )

    def picture(self, network: str, key: str = "plane_pair") -> str:
        """The plane of a network without its points, as a data URL."""
        return self.plane(network, key).locator(".map").evaluate("canvas => canvas.toDataURL()")

    def settings(self) -> Visitor:
        """Unfold what is folded away beside the page."""
        self.page.locator("[data-testid=stExpandSidebarButton]").click()
        self.page.locator(
            "[data-testid=stSidebar][aria-expanded=true], [data-testid=stSidebar][data-collapsed=false]"
        ).wait_for()
        return self.settle()

    def sentence(self) -> str:
        return self.page.get_by_text(SENTENCE).first.inner_text()

    def query(self) -> dict[str, str]:
        """What the address says behind the question mark."""
        return dict(parse_qsl(urlsplit(self.page.url).query))

    def reach(self, target, most: int = 70) -> Visitor:
        """Press Tab until the keyboard's focus is on this."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if target.evaluate("target => target.matches(':focus-visible')"):
                return self
        pytest.fail(f"after {most} times Tab the focus is not on {target}")

    def keys(self, *names: str) -> Visitor:
        """Press these keys one after the other, and wait for what comes of it."""
        for name in names:
            self.page.keyboard.press(name)
        return self.settle()

    def close(self) -> None:
        self.context.close()


@contextmanager
def visitors(chromium, server: str) -> Iterator[Callable[..., Visitor]]:
    """Opens pages as new visitors; afterwards no error may have been logged, nor an exception shown."""
    opened: list[Visitor] = []

    def new(link: str = PLAIN, **options) -> Visitor:
        opened.append(Visitor(chromium, server, **options))
        return opened[-1].open(link)

    yield new
    for visitor in opened:
        exceptions = visitor.exceptions()
        visitor.note_no_more()
        chromium.leave(visitor.context, server)
        assert visitor.errors == []
        assert exceptions == []


@pytest.fixture
def visit(chromium, server: str) -> Iterator[Callable[..., Visitor]]:
    """Open the page as a new visitor, who meets no error."""
    with visitors(chromium, server) as new:
        yield new


def sentence(visitor: Visitor) -> str:
    """The sentence under the controls, in figures."""
    return visitor.page.get_by_text(re.compile(r"^Pruned to \d")).inner_text()


def told(visitor: Visitor, *words: str) -> None:
    """The page stands still, and says this."""
    visitor.settle()
    for each in words:
        assert visitor.page.get_by_text(each).first.is_visible(), f"{each!r} is not to be read"
