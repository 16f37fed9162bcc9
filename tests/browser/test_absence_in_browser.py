"""Whoever is away for longer than a page is believed to be there: a hidden tab, a cut network, a server that froze.

What they asked for goes on, or waits, or is begun again; it is there without a click, and nobody is told that they
have stopped anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.conftest import LINE, TRAINING, Visitor
from tests.browser.house import CIFAR, LONG, PROGRESS, QUICK, House, frozen, open_house, started
from tests.browser.short_lease import LEASE

AWAY = 3 * LEASE * 1000  # milliseconds
WAITING = "Waiting: 1 job before this one"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Here a page that has not looked in for two seconds may be gone."""
    launcher = (str(Path(__file__).with_name("short_lease.py")),)
    with open_house(tmp_path_factory.mktemp("absence"), launcher=launcher) as house:
        yield house


@pytest.fixture
def arrive(chromium, house: House) -> Iterator[Callable[[str], Visitor]]:
    """Come as a new visitor who asks for the training by this link."""
    arrived: list[Visitor] = []

    def new(link: str) -> Visitor:
        visitor = Visitor(chromium, house.address)
        arrived.append(visitor)
        visitor.page.add_init_script(LINE)
        visitor.open("images" + CIFAR + QUICK + LONG + link)
        return visitor

    yield new
    exceptions = [text for visitor in arrived for text in visitor.exceptions()]
    for visitor in arrived:
        visitor.close()
    assert exceptions == []


@contextmanager
def one_under_way_and_one_waiting(arrive, house: House, *seeds: int) -> Iterator[tuple[Visitor, Visitor]]:
    """Two visitors, the second after the first; afterwards both have what they asked for, without a click."""
    one, two = (f"&seed={seed}" for seed in seeds)
    under_way = started(arrive(one))
    with house.training_held():
        waiting = arrive(two)
        waiting.button("Train").click()
        waiting.says(WAITING)
        yield under_way, waiting
    for each in (under_way, waiting):
        each.complete()
        assert each.alerts() == []  # nobody says that it was stopped
        assert each.button("Go on").count() == each.button("Train").count() == 0


def test_tabs_that_were_hidden_find_what_they_asked_for(arrive, house):
    """A browser lets a hidden page's clock stand; both the run under way and the one that waits are kept."""
    with one_under_way_and_one_waiting(arrive, house, 1, 2) as (one, two):
        lines = [each.context.new_cdp_session(each.page) for each in (one, two)]
        for line in lines:
            line.send("Page.setWebLifecycleState", {"state": "frozen"})
        one.page.wait_for_timeout(AWAY)
        for line in lines:
            line.send("Page.setWebLifecycleState", {"state": "active"})
        two.says(WAITING)
        assert one.page.locator(PROGRESS).inner_text().startswith(("Loading", "Training"))


def test_a_cut_network_costs_nothing_but_the_time(arrive, house):
    """The run under way goes on, who waited is in the line again, as soon as the line is mended."""
    with one_under_way_and_one_waiting(arrive, house, 3, 4) as both:
        for each in both:
            each.page.evaluate("cut()")
        both[0].page.wait_for_timeout(AWAY)
        for each in both:
            each.page.evaluate("mend()")
        for each in both:
            each.page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]").wait_for(timeout=TRAINING)


def test_a_server_that_froze_has_stopped_nobody(arrive, house):
    """It looks at its clock, on which all have been silent for long, before it hears that they are there."""
    with one_under_way_and_one_waiting(arrive, house, 5, 6) as (one, two):
        with frozen(house.pid):
            one.page.wait_for_timeout(AWAY)
        two.says(WAITING)
