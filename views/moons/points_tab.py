"""A visitor's own points instead of a ready-made data set: from a CSV file, or drawn on a board."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cache.visitor import Visit, VisitStore
from pruning.data.csv_points import MAX_BYTES, MAX_POINTS, MIN_POINTS, PointsError, drawn_points, read_points
from pruning.data.own_points import Points
from pruning.data.splits import sizes
from pruning.evaluation.memo import remembered
from uncertainty.proportion import wilson_interval
from views.browser import points_keeper
from views.browser.drawing_board import draw_pad
from views.browser.visitor_cookie import visitor
from views.charts.colours import Theme
from views.controls import lock, state
from views.text.markdown import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

TELLING = 100  # test points; with fewer, an accuracy of 0.9 is known to about ± 0.06 and worse
USUAL = 0.9  # an accuracy
EXAMPLE = "x,y,label\n" + "".join(
    f"{(i % 10) / 5 - 1 + (i // 30) * 0.9:.2f},{(i * 7 % 13) / 6 - 1:.2f},{'left' if i < 30 else 'right'}\n"
    for i in range(60)
)


def visit() -> Visit:
    """What this visit alone has: its store, the points instead of the data set, and whose turns it has in queues."""
    return Visit(state.VISIT_STORE.first(VisitStore), state.POINTS.get(), visitor())


def keep() -> None:
    """Have the page keep the points, and take back those that it has of a visit which the server has let go."""
    if lock.current():
        return
    points = state.POINTS.get()
    text = remembered(points, "csv", points.to_csv) if points else None
    points_keeper.keep(text, state.POINTS.is_set, on_found=_take_back)


def _take_back(text: str) -> None:
    """Take the points that a page has kept, unless this visit has points of its own by now."""
    if not state.POINTS.is_set:
        state.POINTS.set(None)  # whatever becomes of them, this visit has had them
        _take(read_points, text.encode())


def draw_banner(points: Points, place: DeltaGenerator) -> None:
    """What the networks are learning, and the way back."""
    sizes = ", ".join(f"{plain(name)} {(points.labels == c).sum()}" for c, name in enumerate(points.classes))
    row = place.container(horizontal=True, vertical_alignment="center")
    row.info(
        f"The networks learn **your own {len(points.labels):,} points** ({len(points.classes)} classes), so the "
        f"controls Dataset, Noise and Points say nothing here. {told_of_split(len(points.labels))} "
        "The points stay in this visit, until the page is loaded anew, and are stored nowhere.",
        icon=":material/scatter_plot:",
    )
    row.button("Back to the data set", on_click=forget, icon=":material/undo:", help=f"Points of each class: {sizes}")


def told_of_split(points: int) -> str:
    """How many points are trained, validated and tested on and, where these are few, how little they tell."""
    n_train, n_val, n_test = sizes(points)
    told = f"{n_train:,} of them train, {n_val:,} validate and {n_test:,} test, each class by its share."
    if n_test >= TELLING:
        return told
    right = round(USUAL * n_test)
    low, high = wilson_interval(right, n_test)
    return (
        f"{told} {n_test} test points tell little: a network that is right on {right} of them "
        f"may be right on {100 * low:.0f} to {100 * high:.0f} % of all such points."
    )


def draw(theme: Theme, place: DeltaGenerator) -> DeltaGenerator:
    """Two ways to bring points, and what was wrong with the last ones; a place for what comes of them."""
    if lock.current():
        place.info("This link is locked by whoever made it: it shows one data set.", icon=":material/lock:")
        return place.container()
    line = place.empty()  # always there: else all below would take another place, and be seen twice while it trains
    if problem := state.POINTS_PROBLEM.get():
        line.error(plain(problem), icon=":material/error:")
    board, file = place.columns(2, gap="large")
    points = state.POINTS.get()
    answer = file.container()  # on a phone it comes right below the board
    if points:
        answer.markdown("**Pruned** network on your points; all pictures above show them too")
    board.markdown("**Draw them**")
    draw_pad(5, theme, board, on_rows=partial(_take, drawn_points))
    file.markdown("**Or bring a file**")
    file.file_uploader(
        "CSV: two columns of numbers and a label",
        type=["csv", "txt", "tsv"],
        max_upload_size=MAX_BYTES // 2**20,
        key=state.OWN_FILE,
        on_change=_upload,
        help="It is read on this server, kept in memory for this visit, and stored nowhere.",
    )
    file.caption(
        f"One point a line, 2 to 5 classes, {MIN_POINTS} to {MAX_POINTS:,} points; a header line is optional. Labels "
        "may be words. Numbers need one decimal sign throughout, point or comma. Each column is brought to mean 0 "
        "and standard deviation 1 by the training points, without a look at the others."
    )
    file.download_button(
        "An example file", EXAMPLE, "points.csv", "text/csv", icon=":material/download:", on_click="ignore"
    )
    for note in points.notes if points else ():
        file.caption(f"{plain(note)}.")
    return answer


def _upload() -> None:
    file = state.said(state.OWN_FILE)
    if file is None:
        state.POINTS_PROBLEM.set(None)
    else:
        _take(read_points, file.getvalue())


def _take(read: Any, data: Any) -> None:
    """Take the points that `read` finds in the data, or note why there are none; those before stay then."""
    try:
        state.POINTS.set(read(data))
        state.POINTS_PROBLEM.set(None)
    except PointsError as problem:
        state.POINTS_PROBLEM.set(str(problem))


def forget() -> None:
    """Go back to the data set."""
    state.POINTS.set(None)
    state.POINTS_PROBLEM.set(None)
