"""What the page sets stands, whatever the hands do meanwhile, and however late the browser hears of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from views.controls.setting import Pending, answered

CONTROLS = ("ratio", "noise", "hidden")


@dataclass
class Told:
    """What the browser sends: all that its controls say, the last number it heard, and what a press sets."""

    says: Mapping[str, int]
    heard: int
    press: Mapping[str, int]


@dataclass
class Visit:
    """A browser and a server, and what is on its way between them; nothing overtakes, and all of it may be late."""

    says: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CONTROLS, 0))  # of the browser
    heard: int = 0
    pending: Pending = field(default_factory=Pending)
    shows: dict[str, int] = field(default_factory=dict)  # what the last run has drawn
    up: deque[Told] = field(default_factory=deque)
    down: deque[tuple[str, int]] = field(default_factory=deque)

    def move(self, name: str, value: int) -> None:
        self.says[name] = value
        self.up.append(Told(dict(self.says), self.heard, {}))

    def press(self, values: Mapping[str, int]) -> None:
        self.up.append(Told(dict(self.says), self.heard, values))

    def run(self, sent: int) -> None:
        """The server takes a message; of a run that another message ends, only some of the answer is sent."""
        if not self.up:
            return
        told = self.up.popleft()
        due = replace(self.pending, due={**self.pending.due, **told.press})
        said = {name: told.says[name] for name in due.names}
        self.pending, values = answered(due, told.heard, said)
        self.shows = {**told.says, **values}
        answer = [*values.items(), ("heard", self.pending.number)] if values else []
        self.down.extend(answer[:sent] if self.up else answer)

    def hear(self) -> None:
        if self.down:
            name, value = self.down.popleft()
            if name == "heard":
                self.heard = value
            else:
                self.says[name] = value

    def rest(self) -> None:
        while self.up:
            self.run(sent=len(CONTROLS) + 1)
        while self.down:
            self.hear()


names = st.sampled_from(CONTROLS)
presses = st.sets(names, min_size=1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("move"), names),
        st.tuples(st.just("press"), presses),
        st.tuples(st.just("run"), st.integers(0, len(CONTROLS))),
        st.tuples(st.just("hear"), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=400, deadline=None)
@given(steps)
def test_at_rest_controls_and_picture_agree_and_everything_done_is_done(hands):
    """Moves and presses, answers that are late or cut off: in the end each control says what was done to it last."""
    visit, due = Visit(), dict.fromkeys(CONTROLS, 0)
    for value, (what, which) in enumerate(hands, start=1):  # no value comes twice
        if what == "move":
            visit.move(which, value)
            due[which] = value
        elif what == "press":
            visit.press(dict.fromkeys(which, value))
            due.update(dict.fromkeys(which, value))
        elif what == "run":
            visit.run(which)
        else:
            visit.hear()
    visit.rest()
    assert visit.says == due
    assert visit.shows in ({}, due)


def test_what_was_set_stands_against_what_was_said_before():
    """The next message is older than the answer: what it says of what was set is old, but a move counts."""
    pending, values = answered(Pending(due={"ratio": 4, "noise": 1}), 0, {"ratio": 5, "noise": 2})
    assert values == {"ratio": 4, "noise": 1}
    pending, values = answered(pending, 0, {"ratio": 5, "noise": 2})
    assert values == {"ratio": 4, "noise": 1}
    pending, values = answered(pending, 0, {"ratio": 6, "noise": 2})
    assert values == {"ratio": 6, "noise": 1}
    assert pending.number == 3
    assert answered(pending, 3, {"ratio": 5, "noise": 2}) == (replace(pending, told=()), {})


def test_a_value_that_arrives_late_is_not_taken_for_a_move():
    """Of two presses the browser has applied half of the first: the second stands."""
    pending, _ = answered(Pending(due={"ratio": 4, "noise": 1}), 0, {"ratio": 5, "noise": 2})
    pending, values = answered(replace(pending, due={"ratio": 7, "noise": 8}), 0, {"ratio": 4, "noise": 2})
    assert values == {"ratio": 7, "noise": 8}
    assert answered(pending, 1, {"ratio": 4, "noise": 1})[1] == {"ratio": 7, "noise": 8}


# ---- on a page


def _page() -> None:
    import streamlit as st

    from views.controls import setting

    setting.settle()
    ratio = st.select_slider("Ratio", [0, 1, 2, 3], key="ratio", bind="query-params")
    st.button("Press", on_click=setting.put, args=({"ratio": 3, "?units": "a"},))
    st.button("Undo", on_click=setting.put, args=({"?units": ""},))
    if st.button("While drawing"):
        setting.put({"?units": "b"})
    setting.seal()
    st.markdown(f"{ratio} {st.query_params.get('units', 'none')}")


def _says(app: AppTest) -> str:
    assert not app.exception
    return app.markdown[0].value


def test_a_press_sets_controls_and_words_of_the_address():
    """In the run of the press, and for good; afterwards the control moves as ever."""
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert (_says(app), app.text_input[0].value) == ("0 none", "")
    app.button[0].click().run()
    assert (_says(app), app.text_input[0].value) == ("3 a", "1")
    app.select_slider[0].set_value(1).run()
    assert _says(app) == "1 a"
    app.button[1].click().run()
    assert (_says(app), app.text_input[0].value) == ("1 none", "2")


def test_a_browser_that_has_not_heard_is_told_again():
    """What it says of the control is older than the press, unless it has been moved; the number goes up each time."""
    app = AppTest.from_function(_page, default_timeout=60).run()
    app.button[0].click().run()
    for number, moved, due in ((2, 0, "3 a"), (3, 0, "3 a"), (4, 2, "2 a"), (5, 2, "2 a")):
        app.text_input[0].set_value("0")
        app.select_slider[0].set_value(moved).run()
        assert (_says(app), app.text_input[0].value) == (due, str(number))
    app.select_slider[0].set_value(1).run()
    assert (_says(app), app.text_input[0].value) == ("1 a", "5")


def test_what_is_put_while_the_page_is_drawn_is_held_from_then_on():
    """The address that the browser sends next may be the one before."""
    app = AppTest.from_function(_page, default_timeout=60).run()
    app.button[2].click().run()
    assert app.text_input[0].value == "1"
    app.text_input[0].set_value("0").run()
    assert _says(app) == "0 b"


def test_nonsense_in_the_hidden_control_is_no_number():
    """It is the browser that writes there."""
    app = AppTest.from_function(_page, default_timeout=60).run()
    app.button[0].click().run()
    for text in ("-1", "x", "٣", "9" * 5000):
        app.text_input[0].set_value(text)
        app.select_slider[0].set_value(0).run()
        assert _says(app) == "3 a"


def test_a_number_of_the_future_does_no_harm():
    """Whoever writes one there has heard everything."""
    app = AppTest.from_function(_page, default_timeout=60).run()
    app.button[0].click().run()
    app.text_input[0].set_value("999")
    app.select_slider[0].set_value(1).run()
    assert _says(app) == "1 a"
