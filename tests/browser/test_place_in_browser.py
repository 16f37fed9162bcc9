"""What the moons page has around its sliders, as a person meets it: from the tour to the locked link."""

from __future__ import annotations

import http.client
import re
import socket
import statistics
import sys
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.browser.conftest import LINE, PLAIN, TRAINING, Visitor, sentence, start_server, told
from tests.browser.harness import blank_page, events, mount, remount
from views.browser.page_tour import MOONS
from views.controls import moons as moons_controls

expect = pytest.importorskip("playwright.sync_api").expect
POINTS = "x,y,label\n" + "".join(
    f"{side + i % 6},{i // 6},{name}\n" for side, name in ((0, "west"), (9, "east")) for i in range(30)
)
BROKEN = "x,y,label\n0,1,west\n2,three,east\n"


# The tour


def outlined(visitor) -> list[str]:
    """The parts of the page that the tour outlines."""
    style = "part => getComputedStyle(part).outlineStyle"
    parts = [step.target for step in MOONS]
    return [part for part in parts if visitor.page.locator(f".st-key-{part}").evaluate(style) == "solid"]


def test_the_tour_is_walked_by_keyboard_and_not_offered_twice(visit):
    """Three steps by Enter, each outlines its part; Escape ends it, and the next visit has the small button alone."""
    visitor = visit("")
    card, small = visitor.page.get_by_role("region", name="Tour"), visitor.button("Take the tour")
    visitor.reach(visitor.button("Next"))
    for number, step in enumerate(MOONS, start=1):
        expect(card.get_by_text(f"{number} of 3")).to_be_visible()
        assert outlined(visitor) == [step.target]
        if number < len(MOONS):
            visitor.page.keyboard.press("Enter")
    assert visitor.button("Done").evaluate("button => button.matches(':focus')")
    visitor.page.keyboard.press("Escape")
    assert (card.is_visible(), small.is_visible(), outlined(visitor)) == (False, True, [])
    visitor.open()
    assert (card.is_visible(), small.is_visible(), outlined(visitor)) == (False, True, [])


def test_on_a_phone_the_tour_waits_behind_its_button(visit):
    """Its card would push down what one has come for."""
    visitor = visit("", viewport={"width": 375, "height": 812})
    visitor.button("Take the tour").wait_for()
    assert visitor.page.get_by_role("region", name="Tour").is_hidden()
    visitor.button("Take the tour").click()
    assert visitor.page.get_by_role("region", name="Tour").is_visible()


def test_who_comes_by_a_link_is_not_toured(visit):
    """Where the address sets a control, the page belongs to what it shows; the tour waits behind its button."""
    visitor = visit("?ratio=0.4")
    assert not visitor.page.get_by_role("region", name="Tour").is_visible()
    expect(visitor.button("Take the tour")).to_be_visible()
    assert outlined(visitor) == []


# Watch it train


def overheard(page) -> list[str]:
    """Everything that passes between the page and any server from now on."""
    said: list[str] = []

    def listen(socket) -> None:
        socket.on("framesent", lambda _: said.append("sent"))
        socket.on("framereceived", lambda _: said.append("received"))

    page.on("websocket", listen)
    page.on("request", lambda request: said.append(request.url))
    return said


def test_the_film_plays_by_keyboard_and_asks_nothing_of_the_server(visit):
    """Tab, arrows and Enter alone open it, play, pause, scrub and skip, and while it plays no message passes."""
    visitor = visit()
    said = overheard(visitor.page)
    visitor.open(f"{PLAIN}&view=Sets+and+refusal")
    visitor.reach(visitor.page.get_by_role("tab", name="Sets and refusal")).keys("ArrowRight")
    assert said != []  # the ear works
    film, play = visitor.slider("Frame of the film"), visitor.button("Play")
    visitor.reach(film).reach(play)
    said.clear()
    visitor.page.keyboard.press("Enter")
    expect(film).not_to_have_value("0")
    visitor.page.wait_for_timeout(1500)
    assert said == []
    paintings = visitor.page.evaluate("performance.getEntriesByName('player frame').map(frame => frame.duration)")
    assert len(paintings) > 5
    assert statistics.median(paintings) < 50
    visitor.page.keyboard.press("Enter")
    paused = int(film.input_value())
    expect(play).to_be_visible()
    visitor.page.keyboard.press("Shift+Tab")
    for key, frame in (("ArrowRight", paused + 1), ("ArrowLeft", paused), ("Home", 0), ("ArrowUp", 1)):
        visitor.page.keyboard.press(key)
        expect(film).to_have_value(str(frame))
    visitor.page.keyboard.press("PageUp")
    expect(film).to_have_attribute("aria-valuetext", re.compile("^Pruned at 0.5, epoch 0 of"))
    assert said == []


def test_the_film_stays_where_it_is_when_a_slider_moves(visit):
    """A rerun that leaves the networks alone leaves the frame alone, by mouse too."""
    visitor = visit("?view=Watch+it+train")
    film = visitor.slider("Frame of the film")
    film.fill("40")
    visitor.button("One frame on").click()
    words = film.get_attribute("aria-valuetext")
    assert film.input_value() == "41"
    before = visitor.picture("Pruned")
    visitor.slider("MC-dropout samples").press("Home")
    visitor.settle()
    assert visitor.picture("Pruned") != before
    assert (film.input_value(), film.get_attribute("aria-valuetext")) == ("41", words)


# The network


def unit(visitor, number: int):
    """The button of a unit of the first layer, counted from 1."""
    return visitor.page.get_by_role("button", name=re.compile(f"^hidden layer 1, unit {number} of"))


def planes(visitor) -> tuple[str, str, str]:
    """The pictures of the dense plane, of the pruned one, and of the pruned one beside its units."""
    return visitor.picture("Dense"), visitor.picture("Pruned"), visitor.picture("Pruned", "plane_beside_units")


def test_a_unit_is_taken_out_and_put_back_by_keyboard(visit):
    """Enter removes the unit: the pruned planes answer, words weigh it, the link names it; Enter undoes it all."""
    visitor = visit("?view=The+network")
    first = planes(visitor)
    visitor.reach(unit(visitor, 1)).keys("ArrowDown", "ArrowUp", "Enter")
    assert unit(visitor, 1).get_attribute("aria-pressed") == "false"
    assert "removed by hand" in unit(visitor, 1).get_attribute("aria-label")
    after = planes(visitor)
    assert after[0] == first[0]
    assert after[1] != first[1]
    assert after[2] != first[2]
    told(visitor, "taken out", "What it was worth", "Changed by hand, without training: unit 1 of hidden layer 1 out")
    assert visitor.query()["units"] == "hidden1.0"
    assert "63 of 128 units" in sentence(visitor)
    assert unit(visitor, 1).evaluate("unit => unit.matches(':focus')")
    visitor.keys("Enter")
    assert unit(visitor, 1).get_attribute("aria-pressed") == "true"
    assert planes(visitor) == first
    told(visitor, "put back")
    assert "units" not in visitor.query()
    assert visitor.alerts() == []


def test_units_out_by_mouse_are_in_the_link_and_undone_at_once(visit):
    """A click does what Enter does; who gets the link sees the same pictures, and one button restores everything."""
    visitor = visit("?view=The+network")
    first = planes(visitor)
    for number in (1, 2):
        was_kept = unit(visitor, number).get_attribute("aria-pressed") == "true"
        unit(visitor, number).click()
        expect(unit(visitor, number)).to_have_attribute("aria-pressed", str(not was_kept).lower())
        visitor.settle()
    changed = planes(visitor)
    assert changed[1] != first[1]
    assert visitor.query()["units"] == "hidden1.0-hidden1.1"
    other = visit("?" + visitor.page.url.partition("?")[2])
    assert planes(other) == changed
    assert sentence(other) == sentence(visitor)
    other.button("Undo all").click()
    other.settle()
    assert planes(other) == first
    assert "units" not in other.query()


# Curves that answer


def test_a_click_on_a_curve_goes_to_its_prune_ratio(visit):
    """Near a point is enough; after another way round, the same point is answered again."""
    visitor = visit()
    slider = visitor.slider("Prune ratio")

    def click(curve: str, index: int) -> str | None:
        circle = visitor.chart(curve).locator("[aria-roledescription=circle]").nth(index)
        circle.scroll_into_view_if_needed()
        box = circle.bounding_box()
        visitor.page.mouse.click(box["x"] + box["width"] / 2 + 5, box["y"] + box["height"] / 2 + 4)
        visitor.settle()
        assert visitor.query().get("ratio", "0.5") == slider.get_attribute("aria-valuetext")
        return slider.get_attribute("aria-valuetext")

    assert click("Accuracy against", 2) == "0.2"
    assert sentence(visitor).startswith("Pruned to 102 of 128 units")
    assert click("ECE against", 9) == "0.9"
    slider.press("ArrowRight")
    visitor.settle()
    assert slider.get_attribute("aria-valuetext") == "0.95"
    assert click("Accuracy against", 2) == "0.2"
    assert click("Accuracy against", 2) == "0.2"


# Points of one's own


def upload(visitor, text: str) -> None:
    given = {"name": "points.csv", "mimeType": "text/csv", "buffer": text.encode()}
    visitor.page.locator("input[type=file]").set_input_files(given)
    visitor.settle()


def test_a_file_of_points_takes_the_place_of_the_data_set_until_it_is_given_back(visit):
    """The banner counts them, the planes show them; a broken file is told by its line and changes nothing."""
    visitor = visit("?view=Your+own+points")
    before = visitor.picture("Dense")
    upload(visitor, BROKEN)
    assert any(re.search(r"Line 3.*three", alert) for alert in visitor.alerts()), visitor.alerts()
    assert visitor.picture("Dense") == before
    upload(visitor, POINTS)
    visitor.says("your own 60 points")
    visitor.settle()
    assert [alert for alert in visitor.alerts() if "Line" in alert] == []
    own = visitor.picture("Dense")
    assert own != before
    upload(visitor, BROKEN)
    told(visitor, "Line 3", "your own 60 points")
    assert visitor.picture("Dense") == own
    visitor.button("Back to the data set").click()
    visitor.settle()
    assert visitor.picture("Dense") == before
    assert visitor.alerts() == []


def test_points_are_drawn_and_trained_on_by_keyboard(visit):
    """A ready-made start and one button: the networks learn what is on the board, and that is seen beside it."""
    visitor = visit("?view=Your+own+points")
    before, beside = visitor.picture("Dense"), visitor.page.locator(".st-key-plane_beside_points figure")
    assert beside.count() == 0
    visitor.reach(visitor.button("Ring")).page.keyboard.press("Enter")
    visitor.reach(visitor.button("Train on these points")).page.keyboard.press("Enter")
    visitor.says("your own 120 points (2 classes)")
    visitor.settle()
    assert visitor.picture("Dense") != before
    expect(beside).to_have_count(1)


def test_points_outlive_a_visit_that_the_server_has_let_go(chromium, tmp_path):
    """After a long cut the visit is a new one: the page gives the points back, until it is loaded anew."""
    process, address = start_server(tmp_path, options=("--server.disconnectedSessionTTL", "1"))
    visitor = Visitor(chromium, address)
    try:
        visitor.page.add_init_script(LINE)
        visitor.open("?view=Your+own+points")
        visitor.button("Ring").click()
        visitor.button("Train on these points").click()
        visitor.says("your own 120 points (2 classes)")
        visitor.settle()
        picture = visitor.picture("Pruned")
        visitor.page.evaluate("cut()")
        visitor.page.wait_for_timeout(4000)
        visitor.page.evaluate("mend()")
        visitor.page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]").wait_for(timeout=TRAINING)
        for key in ("ArrowLeft", "ArrowRight") * 4:  # only then does the page ask the server for anything
            visitor.slider("Prune ratio").press(key)
            visitor.page.wait_for_timeout(120)  # so that each cuts short what the one before has started
        visitor.says("your own 120 points (2 classes)")
        assert visitor.settle().picture("Pruned") == picture
        visitor.open("?view=Your+own+points")
        assert visitor.page.get_by_text("your own 120 points").count() == 0
    finally:
        visitor.close()
        process.terminate()
        process.wait(10)


def test_a_visit_that_went_before_it_had_the_points_is_not_the_last(chromium):
    """Until a server says that it has them, each that is new is offered them; a page loaded anew has none."""
    gone, has = {"text": None, "settled": False}, {"text": "x,y,label", "settled": True}
    with blank_page(chromium) as page:
        mount(page, "points_keeper", gone)
        assert events(page) == []
        remount(page, has)
        assert events(page) == []
        remount(page, gone)
        remount(page, gone)
        assert events(page) == [["found", {"text": "x,y,label"}]] * 2
        remount(page, {"text": None, "settled": True})  # dropped by whoever drew them
        remount(page, gone)
        assert len(events(page)) == 2


# Take home


def test_everything_on_offer_arrives(visit):
    """The code, the table, the charts and the network are files of the right kind; the code can be copied."""
    visitor = visit("?view=Take+home")
    for label, beginning, ending in (
        ("Code", b"from pruning import Experiment, run\n", ".py"),
        ("All figures, every ratio", b"strategy,prune_ratio,", ".csv"),
        ("Charts as SVG and PNG", b"PK\x03\x04", ".zip"),
        ("The pruned network", b"PK\x03\x04", ".pt"),
    ):
        with visitor.page.expect_download() as arriving:
            visitor.button(label).click()
        assert arriving.value.suggested_filename.endswith(ending)
        assert arriving.value.path().read_bytes().startswith(beginning)
    visitor.page.locator("[data-testid=stCode]").hover()
    visitor.button("Copy to clipboard").wait_for()


# Share


def links(visitor) -> list[dict[str, str]]:
    """What the links say that the opened button offers to copy: the whole one, and the locked one."""
    texts = visitor.page.locator("[data-testid=stPopoverBody] [data-testid=stCode]").all_inner_texts()
    said = [each for text in texts if "class" not in (each := dict(parse_qsl(text.partition("?")[2])))]
    return [next(each for each in said if ("only" in each) == locked) for locked in (False, True)]


def test_a_locked_link_leaves_one_slider(visit):
    """By keyboard: the button, the link to this state, the control to leave; who opens that has this slider alone."""
    visitor = visit("?ratio=0.7")
    visitor.reach(visitor.button("Share")).keys("Enter")
    whole = links(visitor)[0]
    assert whole.keys() == {control.name for control in moons_controls.ALL}
    assert visitor.query().items() <= whole.items()
    expect(visitor.page.get_by_text("localhost is this computer alone").first).to_be_visible()
    visitor.reach(visitor.page.get_by_role("tab", name="This very state")).keys("ArrowRight")
    visitor.reach(visitor.page.get_by_role("combobox", name="Lock controls")).page.keyboard.type("Prune r")
    visitor.keys("Enter")
    locked = links(visitor)[1]
    assert locked == {**whole, "only": "ratio"}
    pupil = visit("?" + urlencode(locked))
    assert [each.get_attribute("aria-label") for each in pupil.page.get_by_role("slider").all()] == ["Prune ratio"]
    assert pupil.page.get_by_role("combobox").count() == 0
    assert pupil.page.get_by_role("radio").count() == 0
    assert pupil.page.locator("[data-testid=stExpandSidebarButton]").count() == 0
    assert sentence(pupil) == sentence(visitor)
    pupil.slider("Prune ratio").press("ArrowLeft")
    pupil.settle()
    assert (pupil.query()["ratio"], pupil.query()["only"]) == ("0.6", "ratio")


def test_the_code_of_a_link_is_large_and_a_file(visit):
    """It fills most of the screen's height, black on white by night too, with the address in words under it."""
    visitor = visit("?ratio=0.7", color_scheme="dark", viewport={"width": 1440, "height": 900})
    visitor.button("Share").click()
    code = visitor.page.locator("[data-testid=stPopoverBody]").get_by_role("button", name="QR code").first
    if not code.count():
        pytest.skip("a machine without a network has no address for others")
    code.click()
    dialog = visitor.page.get_by_role("dialog").filter(has_text="Open this with a camera")
    picture = dialog.locator("img")
    picture.wait_for()
    box = picture.bounding_box()
    assert box["height"] == pytest.approx(box["width"], abs=1)
    assert box["height"] >= 0.6 * 900
    assert "ratio=0.7" in dialog.locator("[data-testid=stCode]").inner_text()
    with visitor.page.expect_download() as arriving:
        dialog.get_by_role("button", name="The code as SVG").click()
    assert arriving.value.path().read_text().startswith("<svg")


@pytest.mark.skipif(sys.platform != "linux", reason="a second address of this computer is Linux's")
def test_nobody_else_is_let_in_unless_asked_for(server, tmp_path):
    """As the README starts it, it answers this computer alone, and by its own names; the option lets others in."""

    def other_address(url: str) -> tuple[str, int]:
        return "127.0.0.2", int(urlsplit(url).port or 0)

    process, alone = start_server(tmp_path, options=())
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(other_address(alone), timeout=5)
        for name, status in (("localhost", 200), ("127.0.0.1", 200), ("evil.example", 421)):
            line = http.client.HTTPConnection("localhost", urlsplit(alone).port)
            line.request("GET", "/", headers={"Host": name})
            assert line.getresponse().status == status
            line.close()
    finally:
        process.terminate()
        process.wait(10)
    socket.create_connection(other_address(server), timeout=5).close()


def test_a_message_that_no_page_sends_is_not_read(visit):
    """Its connection is closed as too big; the page's own goes on."""
    visitor = visit("?ratio=0.7")
    code = visitor.page.evaluate("""() => new Promise((done) => {
      const line = new WebSocket(location.origin.replace("http", "ws") + "/_stcore/stream", ["streamlit"]);
      line.onopen = () => line.send(new Uint8Array(3 * 2 ** 20));
      line.onclose = (event) => done(event.code);
    })""")
    assert code == 1009
    visitor.slider("Prune ratio").press("ArrowLeft")
    visitor.settle()
    assert visitor.query()["ratio"] == "0.6"
