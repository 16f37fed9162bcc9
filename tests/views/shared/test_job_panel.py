"""Following a job from a page: how it starts, what is said while it waits, runs and ends, and that Stop is final."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cache.jobs import Job, Jobs, Watcher
from cache.turns import Visitor
from views.shared import job_panel
from views.shared.job_panel import STOPPED, Kind

PATIENCE = 30  # seconds before a test gives up on something that hangs
LEFT = "You have left this job; somebody else still waits for it, so it goes on."


class Work:
    """Work that goes on until it is told to end, reporting `progress`; then it returns, or raises `error`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.progress, self.calls = error, 0, 0
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, report: Callable[..., None]) -> str:
        self.calls += 1
        self.begun.set()
        end = time.monotonic() + PATIENCE
        while not self.go.wait(0.005):
            report(self.progress)
            report(between_steps=True)
            assert time.monotonic() < end, "neither ended nor cancelled"
        if self.error:
            raise self.error
        return "result"


class Scene:
    """A queue, pieces of work by their key, and a page that follows the one in `key`."""

    def __init__(self) -> None:
        self.now, self.key, self.offer, self.runs = 0.0, "a", None, 0
        self.works: dict[str, Work] = {}
        self.jobs = Jobs(max_waiting=2, clock=lambda: self.now)
        self.kind = Kind("testing", lambda: self.jobs, self._failure, self._progress, lambda job: job.progress)

    def work(self, key: str = "a", error: Exception | None = None) -> Work:
        return self.works.setdefault(key, Work(error))

    def start(self, key: str, watcher: str, seconds: float) -> Job:
        return self.jobs.join(key, self.work(key), watcher, seconds)

    def join(self, key: str) -> Job:
        """As somebody else would, for long."""
        return self.start(key, other(key), 1e6)

    def begun(self, key: str = "a") -> None:
        assert self.work(key).begun.wait(PATIENCE)

    def reported(self, progress: Any) -> None:
        self.work().progress = progress
        self.until(lambda: (job := self.jobs.get("a")) and job.progress == progress)

    def ended(self, key: str = "a") -> None:
        self.work(key).go.set()
        self.until(lambda: self.jobs.get(key) is None)

    def until(self, true: Callable[[], Any]) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.002)

    def page(self) -> AppTest:
        return AppTest.from_function(page, default_timeout=60, kwargs={"scene": self}).run()

    @staticmethod
    def _failure(error: Exception, key: str) -> str:
        return f"{key} failed: {error}"

    @staticmethod
    def _progress(job: Job) -> tuple[float, str]:
        return 0.25, f"progress {job.progress}"


def page(scene):
    from functools import partial

    from views.shared.job_panel import follow

    scene.runs += 1
    follow(scene.kind, scene.key, partial(scene.start, scene.key), scene.offer)


@pytest.fixture
def scene() -> Iterator[Scene]:
    found = Scene()
    yield found
    for work in found.works.values():
        work.go.set()


def labels(app: AppTest) -> list[str]:
    assert not app.exception
    return [button.label for button in app.button]


def said(app: AppTest) -> list[str]:
    assert not app.exception
    return [element.value for element in (*app.info, *app.error)]


def bar(app: AppTest) -> list[tuple[int, str]]:
    assert not app.exception
    return [(element.value, element.text) for element in app.get("progress")]


# Starting


def test_without_an_offer_it_starts_by_itself(scene):
    """The job is under way after the first run, with its progress and a way to stop; more runs start nothing."""
    app = scene.page()
    scene.begun()
    scene.reported(3)
    app.run()
    assert bar(app) == [(25, "progress 3")]
    assert labels(app) == ["Stop"]
    assert scene.work().calls == 1


def test_with_an_offer_it_starts_on_a_click(scene):
    """Nothing starts before; afterwards the offer is gone."""
    scene.offer = lambda: "Train"
    app = scene.page()
    assert labels(app) == ["Train"]
    app.run()
    assert scene.jobs.get("a") is None
    app.button[0].click().run()
    scene.begun()
    assert labels(app) == ["Stop"]


def test_a_job_that_others_have_started_is_followed_without_a_click(scene):
    """Whoever opens the page meanwhile sees how far it is, and is one of those who want it."""
    scene.offer = lambda: "Train"
    scene.join("a")
    scene.begun()
    app = scene.page()
    assert labels(app) == ["Stop"]
    assert scene.jobs.watchers() == 2
    assert scene.work().calls == 1


def test_two_visitors_are_two_watchers(scene):
    """Each page has a name of its own, so that one may leave and the other stays."""
    one, other = scene.page(), scene.page()
    scene.begun()
    assert scene.jobs.watchers() == 2
    other.button[0].click().run()
    assert said(other) == [LEFT]
    assert labels(one.run()) == ["Stop"]


@pytest.mark.parametrize("offered", [False, True])
def test_a_full_queue_is_a_sentence(scene, offered):
    """With or without a click the page says that too much waits, and can be asked again."""
    for key in "xyz":
        scene.join(key)
    scene.offer = (lambda: "Train") if offered else None
    app = scene.page()
    if offered:
        app.button[0].click().run()
        assert labels(app) == ["Train"]
    (sentence,) = said(app)
    assert "3 computations are running or waiting already" in sentence
    for key in "xyz":
        scene.ended(key)
    app.run()
    assert said(app) == []
    assert labels(app) == (["Train"] if offered else ["Stop"])


@pytest.mark.parametrize("error", [RuntimeError("no cluster at tcp://x"), ValueError("EXPLORER_WORKERS is 'x'")])
@pytest.mark.parametrize("offered", [False, True])
def test_a_queue_that_is_not_there_is_a_sentence(scene, error, offered):
    """What the environment got wrong is said on the page, whether anybody clicks or not."""

    def broken() -> Jobs:
        raise error

    scene.kind = Kind("testing", broken, scene._failure, scene._progress, lambda job: None)
    scene.offer = (lambda: "Train") if offered else None
    scene.start = lambda *_: broken()
    assert said(scene.page()) == [str(error)]


def test_a_click_that_is_refused_is_told_once(scene):
    """The reason stands above the button, and is gone with the next run."""
    scene.offer = lambda: "Train"
    scene.start = partial(raise_, ValueError("too much noise"))
    app = scene.page()
    app.button[0].click().run()
    assert (said(app), labels(app)) == (["too much noise"], ["Train"])
    assert said(app.run()) == []


def other(key: str) -> Watcher:
    """Who else wants this key, and no other."""
    return Watcher("somebody else", bool, Visitor(key, key))


def raise_(error: Exception, *_: object) -> None:
    raise error


# Waiting and running


@pytest.mark.parametrize(("others", "words"), [("x", "1 job"), ("xy", "2 jobs")])
def test_who_waits_is_told_behind_how_many(scene, others, words):
    """One running job, or that and one that waits, come first; then it is this one's turn."""
    for key in others:
        scene.join(key)
    scene.begun("x")
    app = scene.page()
    assert bar(app) == [(0, f"Waiting: {words} before this one")]
    assert labels(app) == ["Stop"]
    for key in others:
        scene.ended(key)
    scene.begun()
    scene.reported(1)
    assert bar(app.run()) == [(25, "progress 1")]


def test_what_is_seen_anew_draws_the_page_anew(scene):
    """A network that is finished is shown at once; the first look and equal ones leave the page alone."""
    scene.join("a")
    scene.reported(1)
    app = scene.page()
    assert scene.runs == 1
    app.run()
    assert scene.runs == 2
    scene.reported(2)
    app.run()
    assert scene.runs == 4


def test_looking_keeps_the_job_wanted(scene):
    """Each look renews the lease; a page that is closed without a word lets it run out.

    Who was only away for long is back without a click, and nobody says that they have stopped it.
    """
    app = scene.page()
    scene.begun()
    for _ in range(3):
        scene.now += job_panel.LEASE - 1
        app.run()
        assert scene.jobs.watchers() == 1
    assert labels(app) == ["Stop"]
    scene.now += job_panel.LEASE + 1
    scene.until(lambda: scene.jobs.get("a") is None)
    app.run()
    assert (said(app), labels(app)) == ([], ["Stop"])
    scene.until(lambda: scene.work().calls == 2)
    assert scene.jobs.get("a") is not None


def test_who_comes_back_late_goes_on_without_the_click_that_began_it(scene):
    """A job that was asked for once is not offered again."""
    scene.offer = lambda: "Train"
    app = scene.page()
    app.button[0].click().run()
    scene.begun()
    scene.now += job_panel.LEASE + 1
    scene.until(lambda: scene.jobs.get("a") is None)
    app.run()
    assert (said(app), labels(app)) == ([], ["Stop"])


# Stopping


def test_stop_ends_what_nobody_else_wants(scene):
    """The work is cancelled, the page says what is kept, and starts nothing again by itself."""
    app = scene.page()
    scene.begun()
    app.button[0].click().run()
    for _ in range(3):
        assert (said(app), labels(app)) == ([STOPPED], ["Go on"])
        assert scene.jobs.get("a") is None
        app.run()
    assert scene.work().calls == 1


def test_go_on_starts_again(scene):
    """A click on it is a new job, which can be stopped too."""
    app = scene.page()
    scene.begun()
    app.button[0].click().run()
    app.button[0].click().run()
    scene.until(lambda: scene.work().calls == 2)
    assert labels(app.run()) == ["Stop"]
    assert scene.jobs.get("a") is not None


def test_stop_leaves_a_job_to_those_who_want_it(scene):
    """It goes on without this visitor, who is not counted again however often the page is drawn."""
    scene.join("a")
    scene.begun()
    app = scene.page()
    app.button[0].click().run()
    for _ in range(3):
        assert (said(app), labels(app)) == ([LEFT], ["Follow it"])
        assert bar(app) == []
        assert scene.jobs.watchers() == 1
        app.run()
    assert not scene.jobs.get("a").cancelled.is_set()


def test_who_has_left_may_follow_again(scene):
    """The same job is joined, not a second one."""
    job = scene.join("a")
    scene.begun()
    app = scene.page()
    app.button[0].click().run()
    app.button[0].click().run()
    assert labels(app) == ["Stop"]
    assert scene.jobs.get("a") is job
    assert scene.jobs.watchers() == 2
    assert scene.work().calls == 1


def test_when_the_others_leave_too_it_is_over(scene):
    """Who has left sees in the end that it was stopped."""
    scene.join("a")
    scene.begun()
    app = scene.page()
    app.button[0].click().run()
    scene.jobs.leave("a", other("a"))
    app.run()
    assert (said(app), labels(app)) == ([STOPPED], ["Go on"])


# Ending


def test_a_failure_is_its_sentence_and_a_second_try(scene):
    """The page tells why, does not start by itself again, and does on a click."""
    scene.work(error=MemoryError("too large"))
    app = scene.page()
    scene.ended()
    for _ in range(2):
        app.run()
        assert (said(app), labels(app)) == (["a failed: too large"], ["Try again"])
    assert scene.work().calls == 1
    scene.work().error = None
    scene.work().go.clear()
    app.button[0].click().run()
    scene.until(lambda: scene.work().calls == 2)
    assert labels(app) == ["Stop"]


def test_a_result_that_is_nowhere_to_be_found_is_told(scene):
    """The job has succeeded and the page still needs it: it was not kept, and no loop begins."""
    app = scene.page()
    scene.ended()
    for _ in range(2):
        app.run()
        assert said(app) == ["The job has finished, but its result could not be kept."]
    assert labels(app) == ["Go on"]
    assert scene.work().calls == 1


# Leaving for another


def test_another_key_leaves_the_job_for_the_new_one(scene):
    """What nobody wants any more is cancelled, and the new job is followed."""
    app = scene.page()
    scene.begun("a")
    old = scene.jobs.get("a")
    scene.key = "b"
    app.run()
    scene.begun("b")
    assert old.cancelled.is_set()
    assert scene.jobs.get("a") is None
    assert labels(app) == ["Stop"]


def test_an_end_is_not_carried_over_to_another_key(scene):
    """Who has stopped one job is offered the next one, and back again finds the first as if new."""
    scene.offer = lambda: f"Train {scene.key}"
    app = scene.page()
    app.button[0].click().run()
    scene.begun("a")
    app.button[0].click().run()
    assert labels(app) == ["Go on"]
    scene.key = "b"
    assert (labels(app.run()), said(app)) == (["Train b"], [])
    scene.key = "a"
    assert (labels(app.run()), said(app)) == (["Train a"], [])


def test_leaving_forgets_the_job():
    """Where the page has all it needs, the lease is given back; a second time nothing happens."""

    def page(kind):
        import streamlit as st

        from views.controls import state
        from views.shared.job_panel import leave

        leave(kind)
        leave(kind)
        st.markdown(str(state.FOLLOWED.of(kind.name).is_set))

    left = []
    kind = Kind(
        "testing", lambda: SimpleNamespace(leave=lambda key, who: left.append((key, who.name))), str, str, str
    )
    app = AppTest.from_function(page, kwargs={"kind": kind}, default_timeout=60)
    app.session_state["job_followed_testing"] = SimpleNamespace(job=SimpleNamespace(key="a"))
    app.session_state["watcher"] = "me"
    app.run()
    assert not app.exception
    assert left == [("a", "me")]
    assert app.markdown[0].value == "False"
