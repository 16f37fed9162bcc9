"""Following a long job from a page: a button that starts it, a look every second, a way to stop."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st
from streamlit import runtime

from cache.jobs import Cancelled, Job, Jobs, QueueFull, Watcher
from views.browser import script_run
from views.browser.visitor_cookie import visitor
from views.controls import state
from views.controls.state import Followed

LOOK = 1.0  # seconds between two looks
LEASE = 15.0  # seconds for which a page that looks in every second is believed to be still there
STOPPED = "Stopped. What had been finished is kept."

Start = Callable[[Watcher, float], Job]
"""Joins the job, or starts it, for a watcher and so many seconds. Raises QueueFull, RuntimeError, ValueError."""


@dataclass(frozen=True)
class Kind:
    """One kind of job, as pages follow it."""

    name: str  # its place in the session
    queue: Callable[[], Jobs]
    failure: Callable[[Exception, str], str]  # an exception and the job's key → a sentence for people
    progress: Callable[[Job], tuple[float, str]]  # how far it is, from 0 to 1, and in words
    draw: Callable[[Job], Any]  # what else there is to see; where what it returns changes, the page is drawn anew


def follow(kind: Kind, key: str, start: Start, offer: Callable[[], str] | None) -> None:
    """Draw where the job of this key stands.

    It starts by itself without `offer`; with it, on the click of a button, whose label `offer`
    returns after it has drawn what should be known before. A job of this kind with another key is left.
    """
    leave_others(kind, key)
    followed = _followed(kind)
    try:
        if followed and followed.job.cancelled.is_set() and not followed.left:
            followed = None  # it ended because this visitor was away for long, and not by a Stop
            offer = None
        if followed is None and (offer is None or kind.queue().get(key)):
            followed = _start(kind, start)
    except (QueueFull, RuntimeError, ValueError) as error:
        st.error(str(error), icon=":material/error:")
        return
    if followed is None:
        _draw_offer(kind, start, offer)
    elif followed.over:
        _draw_end(kind, followed)
    elif followed.left:
        st.info("You have left this job; somebody else still waits for it, so it goes on.")
        st.button("Follow it", key=_key(kind), on_click=_clicked, args=(kind, start))
    else:
        st.fragment(_look, run_every=LOOK)(kind)


def leave(kind: Kind) -> None:
    """Stop following; where nobody else wants the job, it ends."""
    followed = state.FOLLOWED.of(kind.name).pop()
    if followed:
        kind.queue().leave(followed.job.key, _watcher())


def leave_others(kind: Kind, key: str) -> None:
    """Stop following a job of this kind whose key is another one."""
    followed = _followed(kind)
    if followed and followed.job.key != key:
        leave(kind)


def _watcher() -> Watcher:
    """Who this visitor is to a queue, and whether their browser is still connected."""
    connected = partial(_is_connected, script_run.session())
    return Watcher(state.WATCHER.first(lambda: uuid.uuid4().hex), connected, visitor())


def _is_connected(session: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(session)


def _followed(kind: Kind) -> Followed | None:
    return state.FOLLOWED.of(kind.name).get()


def _start(kind: Kind, start: Start) -> Followed:
    followed = Followed(start, start(_watcher(), LEASE))
    state.FOLLOWED.of(kind.name).set(followed)
    return followed


def _draw_offer(kind: Kind, start: Start, offer: Callable[[], str] | None) -> None:
    if refusal := state.REFUSED.of(kind.name).pop():
        st.error(refusal, icon=":material/error:")
    if offer:
        st.button(offer(), key=_key(kind), type="primary", on_click=_clicked, args=(kind, start))


def _clicked(kind: Kind, start: Start) -> None:
    try:
        _start(kind, start)
    except (QueueFull, RuntimeError, ValueError) as error:
        state.REFUSED.of(kind.name).set(str(error))


def _draw_end(kind: Kind, followed: Followed) -> None:
    """Why the job ended without what the page needs, and a way to go on."""
    problem, label = STOPPED, "Go on"
    try:
        if not followed.job.cancelled.is_set():
            followed.job.result()
            problem = "The job has finished, but its result could not be kept."
    except Cancelled:
        pass
    except Exception as error:
        problem, label = kind.failure(error, followed.job.key), "Try again"
    if problem == STOPPED:
        st.info(problem, icon=":material/stop_circle:")
    else:
        st.error(problem, icon=":material/error:")
    st.button(label, key=_key(kind), type="primary", on_click=_clicked, args=(kind, followed.start))


def _key(kind: Kind) -> str:
    """Of the button: two kinds of job may be followed on one page."""
    return f"job_{kind.name}"


def _look(kind: Kind) -> None:
    """One look at the job, every second, on its own."""
    followed = _followed(kind)
    if followed is None:
        return
    if followed.left or followed.over:
        st.rerun()
    # Whoever looks in late, after a cut network or from a hidden tab, finds the job or begins it again: see `follow`.
    kind.queue().renew(followed.job, _watcher(), LEASE)
    bar, button = st.columns([6, 1], vertical_alignment="bottom")
    stop, icon = f"{_key(kind)}_stop", ":material/stop_circle:"
    button.button("Stop", key=stop, icon=icon, on_click=_stop, args=(kind,), width="stretch")
    if waiting := kind.queue().position_in_words(followed.job):
        bar.progress(0.0, waiting)
        return
    bar.progress(*kind.progress(followed.job))
    seen = kind.draw(followed.job)
    if seen != followed.seen:
        first, followed.seen = followed.seen is None, seen
        if not first:
            st.rerun()


def _stop(kind: Kind) -> None:
    followed = _followed(kind)
    if followed:
        followed.left = True
        kind.queue().leave(followed.job.key, _watcher())
