"""The image page as a person meets it: digits at once, CIFAR on a click, other people's runs, and what goes wrong."""

from __future__ import annotations

import io
import os
import re
import signal
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from PIL import Image, ImageDraw

from tests.browser.conftest import MISSING, TRAINING, Visitor, free_port, start_server, visitors
from tests.browser.house import CIFAR, LONG, PROGRESS, QUICK, House, open_house, started
from tests.browser.small_cifar import make_archives

expect = pytest.importorskip("playwright.sync_api").expect
TimedOut = pytest.importorskip("playwright.sync_api").TimeoutError

TABS = (
    "Reliability", "Methods", "Gallery", "Mistaken for", "Detection", "Prediction sets", "Your picture", "Take home",
)  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("images")) as house:
        yield house


@pytest.fixture(scope="module")
def first_visit(chromium, house: House) -> str:
    """What the first visitor, who clicks nothing, reads on top once all is trained; what is shown on the way."""
    with visitors(chromium, house.address) as new:
        visitor = new("images?ratio=0.5")
        # Whichever network a look falls on: the dense one may be trained between two looks.
        underway = re.compile(r"Training the (dense network|network pruned at [\d.]+) \(\d+ of 11\), epoch \d")
        visitor.page.get_by_text(underway).first.wait_for(timeout=TRAINING)
        # The curves are folded once one network is there, which on a fast machine is before the first look.
        visitor.chart("loss, nats, epoch by epoch").locator("[aria-roledescription=circle]").first.wait_for(
            state="attached", timeout=TRAINING
        )
        expect(visitor.chart("validation accuracy, epoch by epoch")).to_have_count(1)
        assert visitor.button("Train").count() == 0
        return visitor.complete().sentence()


@pytest.fixture
def look(chromium, house: House, first_visit: str) -> Iterator[Callable[..., Visitor]]:
    """Open the image page as a new visitor, who meets no error; the digits are trained."""
    with visitors(chromium, house.address) as new:
        yield lambda link="?ratio=0.5", **options: new("images" + link, **options)


# Digits


def test_a_first_visit_trains_the_digits_by_itself(first_visit, look):
    """Nothing is asked for: live curves, then all prune ratios, a sentence in figures, and all tabs."""
    figures = r"Pruned to \d+ of \d+ units: .*\d\.\d{3}.*AUROC of unknown classes.*\d\.\d{3}"
    assert re.search(figures, first_visit)
    visitor = look().complete()
    assert visitor.page.get_by_role("tab").all_inner_texts() == list(TABS)
    for tab, words in zip(
        TABS,
        (
            "never learned",
            "where else could the doubt come from",
            "One row a prune ratio",
            "Of 180 pictures",
            "AUROC",
            "as often as promised",
            "The networks know 0",
            "The code",
        ),
        strict=True,
    ):
        visitor.tab(tab).says(words)
    assert visitor.alerts() == []


def test_moving_the_sliders_redraws_and_trains_nothing(look, house):
    """Every prune ratio and number of samples is there: by arrow key, without a progress bar, for good."""
    visitor = look().complete()
    before, stored = visitor.sentence(), house.networks()
    visitor.page.evaluate(
        """bar => {
            window.bars = 0
            const count = () => { window.bars += document.querySelectorAll(bar).length }
            new MutationObserver(count).observe(document.body, {childList: true, subtree: true})
        }""",
        PROGRESS,
    )
    visitor.slider("Prune ratio").press("ArrowRight")
    more_pruned = visitor.settle().sentence()
    visitor.slider("MC-dropout samples").press("Home")
    one_sample = visitor.settle().sentence()
    assert len({before, more_pruned, one_sample}) == 3
    assert visitor.page.evaluate("window.bars") == 0
    assert house.networks() == stored
    visitor.page.reload()
    visitor.says("Pruned to")
    assert visitor.settle().sentence() == one_sample


def test_a_link_restores_what_stands_in_the_tabs(look):
    """Tab, order, filters, score, refusal and pair of classes come back as the link says."""
    visitor = look(
        "?tab=Gallery&pictures=Test+images&order=Doubtful+first&of=3&score=Energy&refuse=20+%25&unknown=8&taken_for=5"
    )
    choice = visitor.page.get_by_role("combobox").and_(visitor.page.locator(":visible"))
    main = ["One-shot", "Dense network", "MC dropout"]
    assert [each.input_value() for each in choice.all()] == [*main, "Doubtful first", "3"]
    assert visitor.page.locator(".st-key-pictures [aria-checked=true]").inner_text() == "Test images"
    visitor.tab("Detection")
    assert visitor.page.locator(".st-key-score [aria-checked=true]").inner_text() == "Energy"
    assert visitor.slider("Refuse the most").get_attribute("aria-valuetext") == "20 %"
    visitor.tab("Mistaken for").says("pictures of 8, called 5")
    assert visitor.alerts() == []


def test_a_wrong_link_is_named_and_the_page_works(look):
    """Each wrong value is quoted with the legal set; the first move of a control takes the warnings away."""
    wrong = {
        "task": "mnist", "strategy": "lottery", "ratio": "7", "samples": "3", "network": "LeNet", "images": "17",
        "seed": "-1", "tab": "Nowhere", "pictures": "", "order": "best", "of": "cat", "unknown": "7",
        "taken_for": "9", "rows": "some", "score": "best", "refuse": "11",
    }  # fmt: skip
    visitor = look("?magic=1&" + "&".join(f"{name}={value}" for name, value in wrong.items())).complete()
    alerts = visitor.alerts()
    for name, value in wrong.items():
        start = f"The link sets {name} to {value or 'nothing'}; it must be "
        assert sum(text.startswith(start) and "Using " in text for text in alerts) == 1, name
    assert sum("sets magic, which this page does not know. It knows: task, " in text for text in alerts) == 1
    assert len(alerts) == len(wrong) + 1
    visitor.slider("Prune ratio").press("ArrowRight")
    visitor.page.locator("[data-testid=stAlert]").first.wait_for(state="detached")
    assert "ratio=0.6" in visitor.settle().page.url


def test_a_hostile_link_is_harmless(look):
    """Markup is shown as text, ten thousand characters as forty."""
    script, image = "<script>document.title='owned'</script>", "<img src=x onerror=document.title='owned'>"
    visitor = look(f"?of={quote_plus(script)}&tab={quote_plus(image)}&{quote_plus(script)}=1&order={'A' * 10_000}")
    alerts = " ".join(visitor.complete().alerts())
    assert script[:40] in alerts
    assert image[:40] in alerts
    assert f"The link sets order to {'A' * 40}…; it must be one of" in alerts
    assert "A" * 41 not in alerts
    assert visitor.page.title() != "owned"


def test_moons_and_images_share_strategy_ratio_and_seed(chromium, house, first_visit):
    """What both pages have carries over, there and back; learning rate, patience and dropout are each page's own."""
    with visitors(chromium, house.address) as new:
        visitor = new("?learning_rate=0.03&patience=5&dropout=0.3&seed=0")
        visitor.choose("Strategy", "No retraining")
        visitor.slider("Prune ratio").press("ArrowRight")
        visitor.settle()
        visitor.page.get_by_role("link", name="Images").click()
        visitor.says("Pruned networks and pictures")
        visitor.complete()
        assert "strategy=No+retraining&ratio=0.6" in visitor.page.url
        visitor.settings()
        for label, value in (("Learning rate", "0.03"), ("Patience", "3"), ("Dropout rate", "0.1")):
            assert visitor.slider(label).get_attribute("aria-valuetext") == value
        assert visitor.alerts() == []
        visitor.slider("Prune ratio").press("ArrowRight")
        visitor.settle().page.get_by_role("link", name="Moons").click()
        visitor.says("When a network is pruned")
        assert visitor.settle().slider("Prune ratio").get_attribute("aria-valuetext") == "0.7"
        assert visitor.page.get_by_role("combobox", name="Strategy").input_value() == "No retraining"
        assert visitor.alerts() == []


def names(visitor: Visitor) -> list[str]:
    """The classes of the pictures on this page of the gallery."""
    return visitor.page.get_by_role("tabpanel").locator("img:visible").evaluate_all("all => all.map(one => one.alt)")


def test_the_gallery_pages_sorts_and_filters_crisp_pictures_without_requests(look):
    """Ten pictures a page, in the page itself; each control shows others, a class shows itself alone."""
    visitor = look("?tab=Gallery")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    pictures = visitor.page.get_by_role("tabpanel").locator("img:visible")
    shown = "all => all.map(one => one.src.slice(0, 22) + getComputedStyle(one).imageRendering)"
    assert pictures.evaluate_all(shown) == ["data:image/png;base64,pixelated"] * 10
    seen = [pictures.evaluate_all("all => all.map(one => one.src)")]
    visitor.page.get_by_role("button", name="Page 2", exact=True).click()
    seen.append(visitor.settle() and pictures.evaluate_all("all => all.map(one => one.src)"))
    visitor.choose("Order", "Most disagreement")
    seen.append(pictures.evaluate_all("all => all.map(one => one.src)"))
    assert len({tuple(page) for page in seen}) == 3
    visitor.choose("Class", "9")
    assert names(visitor) == ["9"] * 10
    visitor.press("pictures", "Test images")
    visitor.says("None of these pictures is of the class 9")
    visitor.choose("Class", "3")
    assert names(visitor) == ["3"] * 10
    assert [url for url in asked if not url.startswith("data:")] == []


def test_a_closer_look_opens_and_closes(look):
    """One picture large, the spread of both networks' samples, the neighbours of each; Escape closes it."""
    visitor = look("?tab=Gallery&order=Doubtful+first")
    visitor.button("Look closer").first.click()
    dialog = visitor.page.get_by_role("dialog")
    for name in ("Dense", "Pruned"):
        dialog.locator(f'[aria-label="{name} network: spread of samples."] svg').first.wait_for()
    dialog.get_by_text("Test images that are answered most alike").wait_for()
    visitor.settle()
    assert dialog.locator("img").count() == 1 + 2 * 8
    visitor.page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert len(names(visitor)) == 10


def test_another_method_is_followed_everywhere(look, house):
    """Laplace asks the networks that are there: its own panels, draws in the closer look, its name in the code."""
    stored = house.networks()
    visitor = look("?tab=Reliability&ratio=0.5").complete().choose("Method", "Last-layer Laplace").complete()
    visitor.says("Last-layer Laplace: confidence")
    visitor.says("mean of 50 Laplace draws")
    visitor.tab("Gallery").button("Look closer").first.click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_text("100 Laplace draws").wait_for()
    dialog.locator('[aria-label="Pruned network: spread of samples."] svg').first.wait_for()
    visitor.settle().page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    visitor.tab("Methods").says("Not asked yet: Deep ensemble.")
    expect(visitor.settle().button("Ask it too")).to_have_count(1)
    code = visitor.tab("Take home").page.get_by_role("tabpanel").locator("code").first
    assert 'source=Source("last_layer")' in code.inner_text()
    assert house.networks() == stored
    assert visitor.alerts() == []


def test_another_pair_of_classes_changes_the_story(look):
    """The counts are those of the pair that is chosen; a button brings the usual pair back."""
    visitor = look("?tab=Mistaken+for")
    assert visitor.page.get_by_text("The usual pair").count() == 0
    visitor.choose("How often is", "8")
    visitor.choose("called", "1")
    visitor.says("Of 174 pictures of 8, called 1:")
    visitor.button("The usual pair: 9 → 3").click()
    visitor.says("Of 180 pictures of 9, called 3:")
    visitor.settle()
    assert visitor.page.get_by_text("The usual pair").count() == 0


def test_every_score_detects_and_the_threshold_refuses(look):
    """Each score has its own reading; a higher refusal keeps fewer test images."""
    visitor = look("?tab=Detection")
    readings = set()
    for score in ("MSP", "Predictive entropy", "Mutual information", "Energy", "Max logit"):
        visitor.press("score", score)
        line = visitor.page.get_by_text(f"{score}, pruned network: FPR@95TPR").inner_text()
        assert re.search(r"also refuse \d+ % of the test images", line)
        readings.add(line)
        assert visitor.chart("ROC curves").locator("path").count() > 0
    assert len(readings) == 5
    row = visitor.page.get_by_role("row").filter(has_text="Test images refused")
    before = row.inner_text()
    visitor.slider("Refuse the most").press("End")
    visitor.settle()
    (dense, pruned) = re.findall(r"\((\d+) of 361\)", row.inner_text())
    (dense_before, pruned_before) = re.findall(r"\((\d+) of 361\)", before)
    assert int(dense) > int(dense_before)
    assert int(pruned) > int(pruned_before)


# A picture of one's own


def drawing(kind: str, size: tuple[int, int] = (200, 200)) -> bytes:
    """A zero in black ink on a white sheet."""
    width, height = size
    sheet = Image.new("L", size, 255)
    box = (0.3 * width, 0.15 * height, 0.7 * width, 0.85 * height)
    ImageDraw.Draw(sheet).ellipse(box, outline=0, width=min(size) // 9)
    file = io.BytesIO()
    sheet.save(file, kind)
    return file.getvalue()


def animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def sixteen_bits() -> bytes:
    file = io.BytesIO()
    Image.new("I;16", (40, 40), 5000).save(file, "PNG")
    return file.getvalue()


def upload(visitor: Visitor, name: str, content: bytes, words: str) -> Visitor:
    """Hand the file over until the page answers: Streamlit loses one that is on its way when a connection breaks."""
    kind = {"png": "image/png", "webp": "image/webp"}.get(name.rpartition(".")[2], "image/jpeg")
    place = visitor.page.locator("[data-testid=stFileUploader] input[type=file]")
    for _ in range(2):
        place.set_input_files({"name": name, "mimeType": kind, "buffer": content})
        visitor.page.locator("[data-testid=stFileUploader]").get_by_text(name, exact=True).wait_for()
        visitor.settle()
        with suppress(TimedOut):
            visitor.page.get_by_text(words).first.wait_for()
            return visitor
    visitor.says(words)
    return visitor


def test_a_drawn_digit_is_recognised_in_every_format(look):
    """PNG, JPEG and WebP are read, each replaces the one before, and both networks call the zero a zero."""
    visitor = look("?tab=Your+picture")
    for name, kind, size in (
        ("a.png", "PNG", (200, 200)),
        ("b.jpg", "JPEG", (640, 480)),
        ("c.webp", "WEBP", (300, 310)),
        ("d.jfif", "JPEG", (320, 240)),  # as Windows and browsers call a JPEG
    ):
        upload(visitor, name, drawing(kind, size), f"{size[0]} × {size[1]} pixels, brought to 8 × 8. Inverted")
        expect(visitor.page.get_by_text("pixels, brought to")).to_have_count(1)
        assert visitor.page.get_by_text(re.compile(r"^0 \(\d\.\d\d\)$")).count() >= 6
    expect(visitor.page.get_by_alt_text("your picture as the networks see it")).to_have_count(1)


def test_files_that_are_no_pictures_leave_a_sentence(look):
    """Each is refused by name, and the picture that follows is read as if nothing had been."""
    visitor = look("?tab=Your+picture")
    bomb = drawing("PNG")
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + bomb[24:29]
    bomb = bomb[:12] + header + zlib.crc32(header).to_bytes(4, "big") + bomb[33:]
    bad = {
        "text.png": (b"I am a letter.", "of a kind not known here"),
        "cut.png": (drawing("PNG")[:300], "The PNG file is damaged or cut short"),
        "bomb.png": (bomb, "The picture is 60,000 × 60,000 = 3,600 megapixels"),
        "gif.png": (animation("GIF"), "The file is a GIF picture"),
        "heic.jpg": (b"\0\0\0\x20ftypheic\0\0\0\0mif1heic", "The file is an HEIC picture, as phones take them"),
        "film.webp": (animation("WEBP"), "The picture is animated, in 2 frames"),
        "deep.png": (sixteen_bits(), "16 bits a channel"),
        "empty.png": (b"", "The file is empty"),
    }
    for name, (content, words) in bad.items():
        upload(visitor, name, content, words)
        assert len(visitor.alerts()) == 1, name
    upload(visitor, "good.png", drawing("PNG"), "200 × 200 pixels")
    assert visitor.alerts() == []


# CIFAR, and long runs


def test_cifar_trains_on_a_click_stops_goes_on_and_is_kept(look, house):
    """Progress names the epoch; Stop ends it with what is finished; Go on does the rest; a reload needs nothing."""
    visitor = look(CIFAR + QUICK + LONG)
    stored = house.networks()
    assert "None of the 11 networks is trained." in visitor.alerts()[0]
    visitor.button("Train").click()
    epoch = re.compile(r"Training the dense network \(1 of 11\), epoch \d+\.\d of at most 30")
    visitor.page.get_by_text(epoch).wait_for(timeout=TRAINING)
    for _ in range(TRAINING // 20):
        if house.networks() > stored:
            break
        visitor.page.wait_for_timeout(20)
    with house.training_held():
        visitor.page.get_by_text(re.compile("^(Pruned to|Nothing is pruned)")).wait_for(timeout=TRAINING)
        visitor.button("Stop").click()
        visitor.button("Go on").wait_for()
        visitor.says("Stopped. What had been finished is kept.")
    assert stored < house.networks() < stored + 11
    visitor.button("Go on").click()
    visitor.complete()
    assert house.networks() == stored + 11
    visitor.page.goto(visitor.page.url + "&tab=Mistaken+for&rows=All+classes&unknown=thing+7&taken_for=cat")
    visitor.says("Of 2 pictures of thing 7, called cat:")
    visitor.settle()
    assert visitor.page.locator(".st-key-rows [aria-checked=true]").inner_text() == "All classes"
    assert visitor.button("Train").count() == visitor.page.locator(PROGRESS).count() == 0


def test_another_strategy_leaves_the_run_under_way(look, house):
    """Whoever asks for something else stops waiting for the old run, which ends as nobody else wants it."""
    visitor = started(look(CIFAR + LONG + "&seed=3"))
    visitor.choose("Strategy", "Iterative, re-initialised")
    visitor.page.get_by_role("button", name=re.compile("^Train")).wait_for()
    assert visitor.page.locator(PROGRESS).count() == 0
    visitor.choose("Strategy", "One-shot")
    visitor.page.get_by_role("button", name=re.compile("^Train")).wait_for()
    assert visitor.page.locator(PROGRESS).count() == 0


def test_equal_requests_are_one_run_and_others_wait_their_turn(look, house):
    """Two who ask for the same see the same progress and get the same; the third sees who comes before."""
    link, stored = CIFAR + QUICK + LONG + "&seed=11", house.networks()
    one = started(look(link))
    with house.training_held():
        two, three = look(link), look("?seed=12")
        three.says("Waiting: 1 job before this one")
        for visitor in (one, two):
            assert visitor.page.locator(PROGRESS).inner_text().partition(" ")[0] in {"Loading", "Training", "Asking"}
        three.button("Stop").click()
        three.button("Go on").wait_for()
    assert one.complete().sentence() == two.complete().sentence()
    assert house.networks() == stored + 11


def test_a_worker_that_dies_is_told_and_replaced(look, house):
    """A killed process leaves a sentence and a button that starts the run again, to its end."""
    visitor = started(look(CIFAR + QUICK + LONG + "&seed=13"))
    os.kill(house.worker(), signal.SIGKILL)
    visitor.says("The process that was training died (exit code -9")
    visitor.button("Try again").click()
    assert visitor.complete().alerts() == []


def test_a_run_goes_on_when_its_visitor_closes_the_page(look, house):
    """Whoever opens the page again finds the run under way, without a click, and in the end its result."""
    link = CIFAR + QUICK + LONG + "&seed=5"
    one = started(look(link))
    with house.training_held():
        one.page.goto("about:blank")
        two = look(link)
        two.page.locator(PROGRESS).wait_for()
        assert two.button("Train").count() == 0
    assert two.complete().alerts() == []


# Where there is no CIFAR


class Site:
    """A server of archives that can be away, send nonsense, or wait in the middle of a file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.go_on = threading.Event()

    @contextmanager
    def open(self) -> Iterator[None]:
        site = self

        class Answer(SimpleHTTPRequestHandler):
            def copyfile(self, source, outputfile) -> None:
                content = source.read()
                outputfile.write(content[: len(content) // 2])
                outputfile.flush()
                assert site.go_on.wait(TRAINING / 1000)
                outputfile.write(content[len(content) // 2 :])

            def log_message(self, *_: object) -> None:
                pass

        handler = partial(Answer, directory=str(self.folder))
        with ThreadingHTTPServer(("127.0.0.1", self.port), handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            yield
            server.shutdown()
            thread.join(10)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    make_archives(tmp_path / "archives")
    (tmp_path / "site").mkdir()
    return Site(tmp_path / "site")


@pytest.fixture
def bare(tmp_path: Path, site: Site) -> Iterator[str]:
    """The address of a server that has no CIFAR and downloads it from the site."""
    process, address = start_server(
        tmp_path,
        launcher=(str(Path(__file__).with_name("small_cifar.py")),),
        EXPLORER_DATA=str(tmp_path / "data"),
        EXPLORER_TEST_SITE=f"http://127.0.0.1:{site.port}",
        EXPLORER_TEST_ARCHIVES=str(tmp_path / "archives"),
        no_proxy="127.0.0.1",
    )
    yield address
    process.terminate()
    process.wait(10)


def test_cifar_is_fetched_on_a_click_through_all_that_may_go_wrong(chromium, bare, site, tmp_path):
    """No files: a sentence and a button; no network, a broken archive: a sentence and a retry; then the page."""
    good = list((tmp_path / "archives").iterdir())
    with visitors(chromium, bare) as new:
        visitor = new("images" + CIFAR)
        assert "CIFAR-10 and CIFAR-100 are not in" in visitor.alerts()[0]
        visitor.page.get_by_role("button", name="Download CIFAR-10").click()
        visitor.says("127.0.0.1 refuses to be connected")
        visitor.press("task", "Digits").says("of 11)")
        visitor.press("task", "CIFAR-10 → CIFAR-100")
        for archive in good:
            (site.folder / archive.name).write_bytes(b"nonsense")
        site.go_on.set()
        with site.open():
            visitor.page.get_by_role("button", name=re.compile("^(Try again|Download)")).click()
            visitor.says("is not the file that was expected")
            for archive in good:
                (site.folder / archive.name).write_bytes(archive.read_bytes())
            site.go_on.clear()
            visitor.button("Try again").click()
            visitor.page.locator(PROGRESS).get_by_text(re.compile(r"CIFAR-10: \d+ of \d+ MB")).wait_for()
            site.go_on.set()
            visitor.button("Train").wait_for(timeout=TRAINING)
        assert visitor.settle().alerts()[0].startswith("None of the 11 networks is trained.")


# Every screen


def test_a_phone_shows_every_tab_without_scrolling_sideways(look):
    """At 375 pixels nothing is wider than the screen, on any tab."""
    visitor = look(viewport={"width": 375, "height": 740}).complete()
    for tab in TABS:
        visitor.tab(tab)
        assert visitor.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 375, tab


def test_the_dark_theme_shows_every_tab(look):
    """Each tab draws in the dark without an error, on a dark page."""
    visitor = look(color_scheme="dark").complete()
    for tab in TABS:
        visitor.tab(tab)
    background = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    assert max(map(int, re.findall(r"\d+", visitor.page.evaluate(background))[:3])) < 80


def test_only_the_requests_beside_the_page_may_fail(chromium, house, first_visit):
    """The two addresses that Streamlit tries beside a deep link are let pass; any other failure is noted."""
    visitor = Visitor(chromium, house.address)
    visitor.open("images")
    assert visitor.errors == []
    visitor.page.route("**/_stcore/other", lambda route: route.fulfill(status=404))
    for path in (*MISSING, "/images/_stcore/other"):
        assert visitor.page.evaluate("path => fetch(path).then(answer => answer.status)", path) == 404
    visitor.page.evaluate("console.error('something broke')")
    visitor.close()
    assert len(visitor.errors) == 2
    assert "/images/_stcore/other" in visitor.errors[0]
    assert "something broke" in visitor.errors[1]
