"""The policy of content in a real browser: every page works under it, and what is foreign does not run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import TRAINING, Visitor

expect = pytest.importorskip("playwright.sync_api").expect

LISTEN = """window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.refused.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
});"""
STUDY = {"points": "200", "hidden": "30", "ratios": "0.5", "seeds": "2", "run_iterative": "false"}


@pytest.fixture
def look(chromium: Any, server: str) -> Iterator[Callable[[str], Visitor]]:
    """Open a page whose refusals are noted; afterwards there may be none, nor an error on the console."""
    opened: list[Visitor] = []

    def new(link: str) -> Visitor:
        opened.append(Visitor(chromium, server))
        opened[-1].page.add_init_script(LISTEN)
        return opened[-1].open(link)

    yield new
    for visitor in opened:
        refused = visitor.page.evaluate("refused")
        visitor.close()
        assert refused == []
        assert visitor.errors == []


def arrives(visitor: Visitor, label: str, beginning: bytes) -> None:
    """A click on this button brings a file that begins so."""
    with visitor.page.expect_download(timeout=TRAINING) as arriving:
        visitor.button(label).first.dispatch_event("click")  # the bar of a chart lies under the page's own
    assert arriving.value.path().read_bytes().startswith(beginning)


def test_planes_charts_and_the_replay_are_drawn(look):
    """And the replay plays, which unpacks its frames in the browser."""
    visitor = look("?ratio=0.5&view=Watch+it+train").complete()
    expect(visitor.plane("Dense").locator(".map")).to_be_visible()
    expect(visitor.chart("Accuracy against").locator("svg")).to_have_count(1)
    visitor.page.get_by_role("button", name="Play").first.click()
    visitor.settle()


def test_the_network_is_drawn_and_points_can_be(look):
    visitor = look("?ratio=0.5&view=The+network")
    visitor.tab("Your own points")
    visitor.button("Ring").click()
    visitor.button("Train on these points").click()
    visitor.says("your own 120 points (2 classes)")
    visitor.settle()


def test_files_and_pictures_of_charts_arrive(look):
    """Those of the server, and the PNG that the browser makes of a chart."""
    visitor = look("?ratio=0.5&view=Take+home").complete()
    arrives(visitor, "Charts as SVG and PNG", b"PK\x03\x04")
    arrives(visitor, "Code", b"from pruning import")
    visitor.chart("Accuracy against").hover()
    arrives(visitor, "Download as PNG: Accuracy against prune ratio.", b"\x89PNG")


def test_pictures_and_the_glossary_are_shown(look):
    visitor = look("images")
    visitor.page.get_by_role("link", name="Glossary").first.click()
    visitor.settle()
    assert visitor.page.locator(".katex").count() > 10


def test_a_study_is_drawn_and_its_report_arrives(look):
    visitor = look(f"study?{urlencode(STUDY)}")
    due = visitor.button("Run")
    if due.count():
        due.click()
    visitor.page.get_by_role("button", name="Report").first.wait_for(timeout=TRAINING)
    visitor.settle()
    arrives(visitor, "Report", b"<!doctype html>")


def test_what_is_foreign_neither_runs_nor_is_asked_for(visit):
    """A script written into the page, text made a function, another site: the browser refuses each of them."""
    visitor = visit()
    visitor.page.evaluate(LISTEN)
    found = visitor.page.evaluate(
        """async () => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          const tried = [window.ran === undefined];
          tried.push(await new Promise((done) => setTimeout(() => {  // by the page, and not by who drives the browser
            try { done(!Function("return 1")()); } catch { done(true); }
          })));
          try { await fetch("https://example.org/"); tried.push(false); } catch { tried.push(true); }
          return tried;
        }"""
    )
    assert found == [True, True, True]
    refused = visitor.page.evaluate("refused.map((each) => each.split(':')[0])")
    assert refused == ["script-src-elem", "script-src", "connect-src"]
    visitor.errors.clear()  # as the browser tells of each


def test_another_site_cannot_frame_a_page(chromium: Any, server: str):
    """The frame stays empty: whoever clicks there presses nothing of ours."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto("about:blank")
    page.set_content(f'<iframe src="{server}/"></iframe>')
    page.wait_for_timeout(500)
    page.frames[1].wait_for_load_state()
    assert page.frames[1].locator("#root").count() == 0
    context.close()
