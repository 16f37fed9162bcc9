"""A link to what is on the page, and a sentence for everything that a link gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from views.browser import script_run
from views.controls import lock, opening, setting, state
from views.controls.control import Control
from views.controls.older_links import renewed

C = TypeVar("C")
MOST_PROBLEMS = 20  # told one by one
ELSEWHERE = (
    "You came by a link that is locked, and made for another page. Here the controls stand where it puts them, and "
    "the others at their defaults."
)


def link(values: Mapping[str, Any], controls: Sequence[Control], extra: Mapping[str, str] | None = None) -> str:
    """What stands behind the question mark of the link that reopens these values.

    Defaults are said too: who hands it out today means today's, whatever a later version begins with.
    """
    said = {control.name: control.show(values.get(control.name, control.default)) for control in controls}
    return urlencode({**said, **(extra or {})})


def warn_of_link(
    page: str, controls: Callable[[], Sequence[Control]], draw: Callable[[], C], also: Sequence[str] = ()
) -> C:
    """Draw the controls, and above them what the link got wrong, until one of them is moved.

    `controls` are those the link may set; they are asked for once, and only if it sets any. `also` are
    words of a link that other parts of the page understand.
    """
    if state.ARRIVED.get():
        setting.forget()
        _arrive(controls())
    setting.settle()
    if held := lock.current():
        lock.restore(
            control.name for control in controls() if control.widget != "tabs" and control.knows(held.values)
        )
    # Streamlit drops from the address what it cannot use, so this is read before the controls are drawn.
    problems = state.PROBLEMS.of(page)
    if not problems.is_set:
        given = st.query_params.to_dict()
        params = renewed(given)
        known = controls() if params else ()
        problems.set(tuple(link_problems(params, known, also)))
        if _correct_link(params, known) | _renew(given, params):
            st.rerun()
    place = st.container()
    if lock.is_elsewhere():
        place.info(ELSEWHERE, icon=":material/lock:")
    choice = draw()
    if state.CHOICE.of(page).first(lambda: choice) != choice:
        problems.set(())
    told = problems.get()
    for problem in told[:MOST_PROBLEMS]:
        place.warning(problem, icon=":material/link_off:")
    if len(told) > MOST_PROBLEMS:
        place.warning(f"{len(told) - MOST_PROBLEMS} more things in the link are wrong.")
    return choice


def _arrive(controls: Sequence[Control]) -> None:
    """Put into the address what a page that a visitor comes to from another one is to show.

    Streamlit takes out of it what the pages share, and so would reset those controls. Who goes back
    or forward finds what the address said; along a link to the page the controls keep what they say.
    """
    address = script_run.gone_back_to()
    if address is not None:
        said = dict(parse_qsl(address))
        due = {control.name: said[control.name] for control in controls if control.name in said}
    else:
        values = {control: state.said_or(control.name, control.default) for control in controls if control.is_open}
        due = {
            control.name: control.show(value)
            for control, value in values.items()
            if value != control.default and control.allows(value)
        }
    if not due.keys() <= set(st.query_params):
        st.query_params.update(due)
        state.PAGE.set(None)  # so the run that begins here arrives too
        st.rerun()


def _correct_link(params: Mapping[str, str], controls: Sequence[Control]) -> bool:
    """Take out of the address what `Control.read` refuses, and whether there was any.

    Streamlit reads some of it otherwise (1e3 as a number, the first of two) and breaks on some (inf).
    """
    wrong = {
        control.name
        for control in controls
        if control.name in params and _problem({control.name: control}, control.name, params[control.name])
    }
    twice = {control.name for control in controls if len(st.query_params.get_all(control.name)) > 1} - wrong
    for name in wrong:
        del st.query_params[name]
    for name in twice:
        st.query_params[name] = params[name]
    return bool(wrong | twice)


def _renew(given: Mapping[str, str], params: Mapping[str, str]) -> bool:
    """Have the address say what the link means by the controls of today, and whether that is anything else."""
    new = {name: value for name, value in params.items() if given.get(name) != value}
    st.query_params.update(new)
    return bool(new)


def link_problems(params: Mapping[str, str], controls: Sequence[Control], also: Sequence[str] = ()) -> list[str]:
    """A sentence for everything in the link that no control understands; the page then uses the default."""
    known = {control.name: control for control in controls}
    other = {*also, lock.PARAM, opening.WORD}
    problems = [_problem(known, name, value) for name, value in params.items() if name not in other]
    locked = [] if lock.is_elsewhere() else _lock_problems(params, _names(known))
    return [problem for problem in problems if problem] + locked


def _lock_problems(params: Mapping[str, str], names: str) -> list[str]:
    if lock.PARAM not in params:
        return []
    held = lock.read(params)
    if held is None:
        legal = f"say `{lock.NOTHING}` or name some of: {names}"
        return [
            f"The link sets `{lock.PARAM}`, the controls that it leaves, to no name; it must {legal}. None is locked."
        ]
    unknown = sorted(held.left - set(names.split(", ")) - {lock.NOTHING})
    return [f"The link leaves the control {quoted(name)}, which is none. There are: {names}." for name in unknown]


def _names(known: Mapping[str, Control]) -> str:
    return ", ".join(known)


def _problem(known: Mapping[str, Control], name: str, value: str) -> str | None:
    if name not in known:
        return f"The link sets {quoted(name)}, which this page does not know. It knows: {_names(known)}."
    control = known[name]
    try:
        control.read(value)
    except ValueError as legal:
        return f"The link sets {name} to {quoted(value)}; {legal}. Using {control.show(control.default)}."
    return None


def quoted(text: str) -> str:
    """At most 40 characters of something a stranger wrote, as code, so that nothing in it is markup."""
    clean = "".join(c for c in text if c.isprintable() and c != "`")
    return f"`{clean[:40]}{'…' if len(clean) > 40 else ''}`" if clean else "nothing"
