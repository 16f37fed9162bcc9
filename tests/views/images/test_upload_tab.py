"""A visitor's own picture: what is measured of it by hand, and what the page says of good and of bad files."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cache.image_samples import ask
from pruning import ImageExperiment, Network, Outcome, run
from pruning.data.images import shown
from pruning.data.picture_upload import MAX_BYTES, PictureError, read_picture
from pruning.outcome import IMAGE_SAMPLES
from uncertainty.options import Source
from uncertainty.predictions import Predictions, running_means
from uncertainty.predictive import entropy
from views.images import upload_tab

LABEL = "your picture as the networks see it"


@pytest.fixture(scope="module")
def trained() -> Outcome:
    """A dense and a pruned network on digits, trained for a moment."""
    return run(ImageExperiment(train_images=100, max_epochs=1, prune_ratio=0.5))


# Asking


@pytest.mark.parametrize("role", ["test", "ood"])
@pytest.mark.parametrize("prune_ratio", [0.0, 0.5])
def test_the_samples_of_a_picture_are_those_that_are_stored(trained, role, prune_ratio):
    """One picture alone, asked for again, has the mean predictive that was stored of it among hundreds."""
    network, index = trained.at(prune_ratio), 17
    part = getattr(shown(trained.experiment.dataset), role)
    stored = getattr(network, role)
    samples = ask(trained.experiment, network, part.pixels[index : index + 1], 100)
    assert samples.shape == (100, 1, 8)
    np.testing.assert_allclose(samples.sum(axis=-1), 1, atol=1e-5)
    for n_samples in IMAGE_SAMPLES:
        mean = samples[:n_samples, 0].mean(axis=0, dtype=float)
        np.testing.assert_allclose(mean, stored.probs_of(index, n_samples), atol=1e-5)
    assert samples[:, 0].std(axis=0).max() > 0


def test_fewer_samples_are_the_first_of_many(trained):
    """What a picture is told with five samples is the beginning of what it is told with a hundred."""
    pixels = shown(trained.experiment.dataset).test.pixels[:3]
    few, many = (ask(trained.experiment, trained.pruned, pixels, n) for n in (5, 100))
    np.testing.assert_allclose(few, many[:5], atol=1e-6)


# Measures


def network(samples: np.ndarray) -> Network:
    """A network that says these samples (2, N, C) of its test images."""
    said = Predictions((1, 2), running_means(samples, (1, 2)), running_means(entropy(samples), (1, 2)), samples[0])
    return Network(
        prune_ratio=0.0, level=0, masks={}, start_weights={}, weights={}, early_stop_epoch=1,
        train_loss=np.zeros(1), val_loss=np.zeros(2), diverged=False,
        units=10, parameters=25, multiply_adds=20, latency=0.002, test=said, ood=said,
    )  # fmt: skip


def two_classes(first: list[float], second: list[float]) -> np.ndarray:
    """Class-0 probabilities of N images in two samples → (2, N, 2)."""
    class_0 = np.array([first, second])
    return np.stack([class_0, 1 - class_0], axis=-1)


# Of four test images the means are .99 .9 .6 .5, and only the last two have samples that disagree.
USUAL = two_classes([0.99, 0.9, 0.8, 0.9], [0.99, 0.9, 0.4, 0.1])


@pytest.mark.parametrize(
    ("first", "second", "column"),
    [
        # Confidence .7: .99 and .9 are surer. Entropy .61: two lie below. The samples agree: none lies below 0.
        (0.7, 0.7, ["0.70 (50 %)", "0.61 (50 %)", "0.000 (0 %)"]),
        # Certain of one and of the other: confidence .5, entropy ln 2, all of it disagreement.
        (1.0, 0.0, ["0.50 (75 %)", "0.69 (75 %)", "0.693 (100 %)"]),
        # Certain: as sure as can be, nothing is surer and nothing less uncertain.
        (1.0, 1.0, ["1.00 (0 %)", "0.00 (0 %)", "0.000 (0 %)"]),
    ],
)
def test_the_measures_are_those_of_paper(first, second, column):
    """Confidence, entropy and mutual information of the answer, and how many test images are less uncertain."""
    table = upload_tab.measures({"Dense": (network(USUAL), two_classes([first], [second]))}, 2)
    assert list(table.Dense) == column
    assert list(table.Measure) == ["Confidence", "Predictive entropy, nats", "Mutual information, nats"]


def test_each_network_is_measured_by_its_own_test_images():
    """The same answer is usual to a network that always doubts, and new to one that never does."""
    doubtful = network(two_classes([0.5] * 4, [0.5] * 4))
    certain = network(two_classes([1.0] * 4, [1.0] * 4))
    answer = two_classes([0.7], [0.7])
    table = upload_tab.measures({"Dense": (doubtful, answer), "Pruned": (certain, answer)}, 2)
    assert table.Dense[0] == "0.70 (0 %)"
    assert table.Pruned[0] == "0.70 (100 %)"


# The tab


def page(outcome, classes):
    import streamlit as st

    from pruning.evaluation import Evaluated
    from views.images import upload_tab

    upload_tab.draw(Evaluated(outcome, 20, 15), classes, st.container())


def tab(outcome: Outcome) -> AppTest:
    arguments = {"outcome": outcome, "classes": tuple("01234567")}
    return AppTest.from_function(page, default_timeout=60, kwargs=arguments).run()


def drawing() -> bytes:
    """A test image as a PNG, five times as large, dark ink on white paper."""
    pixels = 255 - shown(ImageExperiment().dataset).test.pixels[3, :, :, 0]
    buffer = io.BytesIO()
    Image.fromarray(np.kron(pixels, np.ones((5, 5), np.uint8))).save(buffer, "PNG")
    return buffer.getvalue()


def test_before_there_is_a_picture_the_page_says_what_the_networks_know(trained):
    """One sentence names the classes; nothing else is drawn."""
    app = tab(trained)
    assert not app.exception
    assert [caption.value for caption in app.caption] == [
        "The networks know 0, 1, 2, 3, 4, 5, 6, 7. Show them one of these, or anything else. Photographs in HEIC, as "
        "phones keep them, have to be exported as JPEG before."
    ]
    assert not app.table
    assert app.file_uploader[0].proto.max_upload_size_mb == MAX_BYTES // 2**20


def test_a_picture_is_answered_by_every_network(trained):
    """It is shown as the networks see it, with a row of bars each, the measures of both and what was done to it."""
    app = tab(trained)
    app.file_uploader(key="own_picture").set_value(("seven.png", drawing(), "image/png")).run()
    assert not app.exception
    assert not app.error
    seen, rows, sets = (element.value for element in app.get("html"))
    assert [line.partition(":")[0] for line in sets.split('opacity:.8">')[1:]] == ["Dense", "Pruned"]
    assert f'alt="{LABEL}"' in seen
    assert rows.count("white-space:nowrap") == len(trained.networks)
    assert rows.count("font-weight:bold") == 1
    assert list(app.table[0].value.columns) == ["Measure", "Dense", "Pruned"]
    caption = app.caption[0].value
    assert caption.startswith("40 × 40 pixels, brought to 8 × 8. Inverted: the digits known here are light on dark.")
    picture = read_picture(drawing(), 8, 1)
    mean = ask(trained.experiment, trained.dense, picture.pixels[None], 20)[:, 0].mean(axis=0)
    assert f"{mean.max():.2f}" in rows.split("</div>")[0]


def test_laplace_of_the_survivors_answers_for_the_dense_and_the_pruned_network():
    """It is fitted for every network anew, so that all ratios would take long; the page says so."""
    experiment, source = ImageExperiment(train_images=100, max_epochs=1, prune_ratio=0.9), Source("survivors")
    outcome = run(experiment, ratios=(0.8,), source=source)
    app = tab(outcome)
    app.file_uploader(key="own_picture").set_value(("seven.png", drawing(), "image/png")).run()
    assert not app.exception
    rows = app.get("html")[1].value
    assert rows.count("white-space:nowrap") == 2
    assert upload_tab.TWO_ROWS.format(method="Laplace of the survivors") in app.caption[1].value
    assert list(app.table[0].value.columns) == ["Measure", "Dense", "Pruned"]


def test_whatever_a_jpeg_is_called_it_is_taken(trained):
    """Windows and browsers save JPEG under half a dozen endings; none of them makes a phone send HEIC."""
    app = tab(trained)
    assert {".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".png", ".apng", ".webp", ".mpo"} == set(
        app.file_uploader[0].proto.type
    )
    app.file_uploader(key="own_picture").set_value(("PHOTO.JFIF", drawing(), "image/jpeg")).run()
    assert not app.exception
    assert len(app.table) == 1


@pytest.mark.parametrize("content", [b"no picture at all", b"", b"GIF89a" + bytes(50), drawing()[:60]])
def test_a_file_that_is_no_picture_gets_its_sentence(trained, content):
    """Whatever was uploaded, the page says what is wrong with it, asks no network and stands."""
    with pytest.raises(PictureError) as problem:
        read_picture(content, 8, 1)
    app = tab(trained)
    app.file_uploader(key="own_picture").set_value(("bad.png", content, "image/png")).run()
    assert not app.exception
    assert [error.value for error in app.error] == [str(problem.value)]
    assert not app.table
    app.file_uploader(key="own_picture").set_value(("good.png", drawing(), "image/png")).run()
    assert not app.exception
    assert not app.error
    assert len(app.table) == 1


def test_what_was_said_of_another_picture_leaves_before_the_networks_answer(trained, monkeypatch):
    """A new file shows itself at once, beside empty places, and no old error; for a moved slider nothing blinks."""

    def unanswered(*_: object) -> np.ndarray:
        import streamlit as st

        st.stop()

    def upload(app: AppTest, name: str, content: bytes) -> AppTest:
        return app.file_uploader(key="own_picture").set_value((name, content, "image/png")).run()

    app = upload(tab(trained), "bad.png", b"no picture at all")
    with monkeypatch.context() as patch:
        patch.setattr(upload_tab, "ask", unanswered)
        upload(app, "good.png", drawing())
        assert not app.error
        assert [f'alt="{LABEL}"' in element.value for element in app.get("html")] == [True]
        assert len(app.get("skeleton")) == 2
    app.run()
    assert (len(app.table), len(app.get("skeleton"))) == (1, 0)
    monkeypatch.setattr(upload_tab, "ask", unanswered)
    app.run()
    assert len(app.get("skeleton")) == 0
    upload(app, "other.png", drawing())
    assert len(app.get("skeleton")) == 2


def test_the_camera_is_asked_for_only_where_it_is_wanted(trained, monkeypatch):
    """Until it is chosen there is an upload alone; a photograph is answered as a file is."""
    app = tab(trained)
    assert not app.get("camera_input")
    app.segmented_control(key="own_picture_from").set_value(upload_tab.CAMERA).run()
    assert not app.exception
    assert len(app.get("camera_input")) == 1
    assert not app.get("file_uploader")
    photograph = SimpleNamespace(getvalue=drawing, file_id="1")
    monkeypatch.setattr("streamlit.camera_input", lambda *_, **__: photograph)
    app.run()
    assert not app.exception
    assert len(app.table) == 1
