"""The tab on detection: what is computed, what is said of it, and what is drawn, without a browser."""

from __future__ import annotations

import json
from math import log
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from streamlit.testing.v1 import AppTest

from pruning import ImageExperiment, Network, Outcome
from pruning.data.images import Images, Shown
from pruning.outcome import IMAGE_SAMPLES
from uncertainty import ood
from uncertainty.options import Score
from uncertainty.predictions import Predictions, running_means
from uncertainty.predictive import entropy
from views.charts import detection as detection_charts
from views.charts.detection import MOST_POINTS, N_BINS, Curve
from views.controls import images as image_controls
from views.controls.images import ImageChoice
from views.images import detection, detection_tab
from views.images.detection import Group, Measures

LABELS = np.arange(40) % 8


def predictions(rng: np.random.Generator, n: int, sharpness: float) -> Predictions:
    """Random samples of eight classes; the larger `sharpness`, the surer."""
    logits = sharpness * rng.normal(size=(n, 8)).astype(np.float32)
    noisy = logits + rng.normal(size=(IMAGE_SAMPLES[-1], n, 8))
    probs = np.exp(noisy) / np.exp(noisy).sum(axis=-1, keepdims=True)
    return Predictions(
        IMAGE_SAMPLES, running_means(probs, IMAGE_SAMPLES), running_means(entropy(probs), IMAGE_SAMPLES), logits
    )


def network(prune_ratio: float, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    return Network(
        prune_ratio=prune_ratio, level=int(prune_ratio > 0), masks={}, start_weights={}, weights={},
        early_stop_epoch=3, train_loss=np.zeros(0), val_loss=np.zeros(4), diverged=False,
        units=10, parameters=25, multiply_adds=20, latency=0.002,
        test=predictions(rng, 40, 3.0), ood=predictions(rng, 30, 1.0),
    )  # fmt: skip


def outcome(**changes: object) -> Outcome:
    networks = (network(0.0, 1), network(0.5, 2), network(0.9, 3))
    return Outcome(ImageExperiment(**{"prune_ratio": 0.5} | changes), LABELS, 8, networks)


def small(logits: list[list[float]], first: list[list[float]], second: list[list[float]]) -> Predictions:
    """Two samples of two classes."""
    probs = np.array([first, second])
    return Predictions((1, 2), running_means(probs, (1, 2)), running_means(entropy(probs), (1, 2)), np.array(logits))


class Logits:
    """As much of a network as is asked for its logits; something that a memo can hold on to."""

    def __init__(self, test: np.ndarray, unknown: np.ndarray) -> None:
        self.test, self.ood = SimpleNamespace(logits=test), SimpleNamespace(logits=unknown)


# Scores


@pytest.mark.parametrize(
    ("score", "value"),
    [
        (Score.MSP, 0.5),  # the mean of (1, 0) and (0, 1) is undecided
        (Score.ENTROPY, log(2)),
        (Score.INFORMATION, log(2)),  # each sample is certain, they disagree entirely
        (Score.ENERGY, -log(3 + 1)),
        (Score.MAX_LOGIT, -log(3)),
    ],
)
def test_each_score_is_its_formula(score, value):
    """One image, logits ln 3 and 0, two samples that are certain of different classes."""
    image = small([[log(3), 0.0]], [[1.0, 0.0]], [[0.0, 1.0]])
    np.testing.assert_allclose(detection.scores(score, image, 2), [value], atol=1e-6)


@pytest.mark.parametrize("score", Score)
def test_a_doubtful_image_has_the_higher_score(score):
    """For every score, higher means more OOD: an image that is certain comes below one that is not."""
    pair = small([[5.0, 0.0], [0.5, 0.4]], [[0.99, 0.01], [0.9, 0.1]], [[0.99, 0.01], [0.2, 0.8]])
    certain, doubtful = detection.scores(score, pair, 2)
    assert certain < doubtful


def test_the_answer_is_of_the_prediction_that_the_score_is_made_of():
    """Samples say class 1, the single pass says class 0: scores of the one do not judge answers of the other."""
    image = small([[2.0, 0.0]], [[0.1, 0.9]], [[0.2, 0.8]])
    said = {score: detection.answers(score, image, 2)[0] for score in Score}
    assert said == {score: int(score not in (Score.ENERGY, Score.MAX_LOGIT)) for score in Score}


@pytest.mark.parametrize("score", Score)
def test_the_measures_are_those_of_a_trusted_library_with_unknown_classes_positive(score):
    """AUROC and average precision, and the false positives where 95 % are caught, on random networks."""
    one = network(0.5)
    known, unknown = (detection.scores(score, part, 20) for part in (one.test, one.ood))
    truth, values = np.repeat([0, 1], [len(known), len(unknown)]), np.concatenate([known, unknown])
    result = detection.measures(score, one, 20)
    assert result.auroc == pytest.approx(roc_auc_score(truth, values))
    assert result.aupr == pytest.approx(average_precision_score(truth, values))
    threshold = np.sort(unknown)[::-1][28]  # 29 of 30 are at least this, 28 would be less than 95 %
    assert result.fpr == (known >= threshold).mean()


def test_what_is_remembered_of_a_network_depends_on_score_and_samples():
    """Another score or number of samples is another answer; the single pass knows no number of samples."""
    one = network(0.5)
    asked = {(score, n): detection.measures(score, one, n).auroc for score in Score for n in (2, 100)}
    assert asked[Score.ENERGY, 2] == asked[Score.ENERGY, 100]
    sampled = [value for (score, _), value in asked.items() if score.sampled]
    assert len(set(sampled)) == len(sampled)


def test_samples_that_cannot_disagree_have_no_measures():
    """One sample, or dropout 0, leaves mutual information without meaning, and no other score."""
    for n_samples, dropout in ((1, 0.2), (50, 0.0)):
        missing = {s for s in Score if detection.compared(s, outcome(dropout=dropout), n_samples) is None}
        assert missing == {Score.INFORMATION}
    assert all(detection.compared(score, outcome(), 2) for score in Score)


# Rejection


def test_refusing_half_of_four_images():
    """Wrong answers have the highest scores: half are refused, the rest is right, and one of two strangers goes.

    Energy of one logit is its negative: scores −4 −3 −2 −1, and of the strangers −5 and −1.5.
    """
    logits = np.array([[4.0, -99], [3.0, -99], [2.0, -99], [1.0, -99]])
    one = Logits(logits, np.array([[5.0, -99], [1.5, -99]]))
    judged = detection.judge(Score.ENERGY, one, np.array([0, 0, 0, 1]), 1, 0.5)
    assert judged.accuracy == 0.75
    assert judged.threshold == pytest.approx(-3)
    assert (judged.kept.id_kept, judged.kept.ood_refused, judged.kept.accuracy) == (2, 1, 1.0)
    assert judged.refused == (0.5, 0.5)
    assert judged.risk == (0.5, 0.0)
    np.testing.assert_allclose(judged.curves.risk.y, [0, 0, 0, 0.25])
    assert judged.curves.aurc == judged.curves.best == pytest.approx(0.25 / 4)


def test_the_threshold_lies_on_both_curves():
    """The dots of the charts are points of the curves, as they are before they are thinned."""
    one = network(0.5)
    judged = detection.judge(Score.ENTROPY, one, LABELS, 20, 0.3)
    curve = ood.roc(judged.known, judged.unknown)
    assert judged.refused in set(zip(curve.fpr, curve.tpr, strict=True))
    at = np.flatnonzero(np.isclose(judged.curves.risk.x, judged.risk[0]))
    assert judged.curves.risk.y[at] == pytest.approx(judged.risk[1])


def test_the_risk_coverage_curve_begins_where_there_are_images_enough():
    """The error rate of one image in forty is not drawn; AURC counts it all the same."""
    judged = detection.judge(Score.MSP, network(0.5), LABELS, 20, 0.1)
    assert judged.curves.risk.x[0] == pytest.approx(detection.LEAST_COVERAGE)
    assert judged.curves.risk.x[-1] == 1


# Examples


def test_examples_are_in_their_group_and_in_order():
    """A score equal to the threshold is kept; kept ones begin with the lowest, refused ones with the highest."""
    known, unknown = np.array([0.3, 0.9, 0.1, 0.5, 0.7]), np.array([0.8, 0.2, 0.6, 0.4])
    members = [list(group.examples) for group in detection.groups(known, unknown, 0.5)]
    assert members == [[2, 0, 3], [1, 4], [0, 2], [1, 3]]


def test_a_group_shows_a_few_and_counts_all():
    """Of twenty kept images the eight most certain are shown; nobody is refused."""
    kept, refused, *_ = detection.groups(np.arange(20.0)[::-1], np.arange(20.0), 19.0)
    assert list(kept.examples) == list(range(19, 11, -1))
    assert (kept.count, refused.count, len(refused.examples)) == (20, 0, 0)


def test_a_group_is_one_string_with_names_that_are_no_markup():
    """Pictures are part of the text, and a class may have any name."""
    images = Images(np.zeros((2, 8, 8, 1), np.uint8), np.array([0, 1]), ('<b>"', "cat"))
    html = detection_tab.group_html(Group("", True, np.array([0, 1]), 2), images, np.array([1, 0]), ("<i>", "dog"))
    assert html.count('src="data:image/png;base64,') == html.count("<img") == 2
    assert 'alt="&lt;b&gt;&quot; → dog"' in html
    assert 'alt="cat → &lt;i&gt;"' in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "pixelated" in html


def test_an_empty_group_says_so():
    """Where nobody is refused there is a word instead of a hole."""
    images = Images(np.zeros((1, 8, 8, 1), np.uint8), np.array([0]), ("cat",))
    assert ">None.<" in detection_tab.group_html(
        Group("", False, np.array([], int), 0), images, np.array([0]), ("cat",)
    )


# Words


def test_the_sentence_names_who_is_caught_and_who_pays():
    """Three of four test images above the threshold that 95 of 100 strangers reach: 75 % are the test images."""
    known, unknown = np.array([0.0, 2, 3, 4]), np.concatenate([np.zeros(5), np.full(95, 1.0)])
    sentence = detection_tab.orientation(ood.fpr_at_tpr(known, unknown))
    assert sentence == (
        "FPR@95TPR 0.75: to catch 95 % of the images from unknown classes "
        "one must also refuse 75 % of the test images."
    )


def test_the_two_numbers_of_the_sentence_agree():
    """No share is written once as 0.28 and once as 29 %."""
    for share in np.linspace(0, 1, 201):
        words = detection_tab.orientation(share).split()
        assert round(100 * float(words[1].rstrip(":"))) == int(words[-6])


def test_the_table_is_dense_to_pruned_with_the_chosen_score_in_bold():
    """Each measure in its column; what means nothing is a dash."""
    pair = Measures(0.9, 0.8, 0.3), Measures(0.7, 0.6, 0.5)
    table = detection_tab.measure_table({Score.MSP: pair, Score.INFORMATION: None}, Score.MSP)
    assert list(table.iloc[0]) == ["**MSP**", "0.900 → 0.700", "0.800 → 0.600", "0.300 → 0.500"]
    assert list(table.iloc[1]) == ["Mutual information", "–", "–", "–"]


def test_chance_is_the_share_of_the_positive_ones():
    """A constant score has the AUPR that the caption calls chance, and the AUROC."""
    known, unknown = np.zeros(300), np.zeros(100)
    assert ood.aupr(known, unknown) == 0.25
    assert "by chance they are 0.500 and 0.250" in detection_tab.chance(300, 100)


def test_the_rejection_table_counts():
    """Of 40 test images 4 are refused; the shares and the counts are of the same images."""
    judged = detection.judge(Score.MSP, network(0.5), LABELS, 20, 0.1)
    all_images, kept, refused, strangers = detection_tab.rejection_table({"pruned": judged}).Pruned
    assert all_images.endswith("(n = 40)")
    assert kept.endswith("(n = 36)")
    assert refused == "10 % (4 of 40)"
    assert strangers.endswith(f"({judged.kept.ood_refused} of 30)")


# Charts


def test_thinning_keeps_the_ends_and_the_shape():
    """Of a curve of thousands of uneven steps 300 points stay, and no point is further off than one of 298 spaces."""
    rng = np.random.default_rng(0)
    x, y = (np.concatenate([[0.0], np.cumsum(part) / part.sum()]) for part in rng.pareto(1.0, (2, 5000)))
    curve = detection_charts.thinned(x, y)
    assert len(curve.x) <= MOST_POINTS
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (x[0], y[0], x[-1], y[-1])
    distance = np.abs(x[:, None] - curve.x) + np.abs(y[:, None] - curve.y)
    assert distance.min(axis=1).max() <= 2 / (MOST_POINTS - 2)


def test_thinning_leaves_a_short_curve_alone():
    """Few points all stay, in their order; a single one too."""
    x, y = np.array([0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.4, 0.4, 1.0])
    np.testing.assert_array_equal(detection_charts.thinned(x, y).x, x)
    np.testing.assert_array_equal(detection_charts.thinned(x, y).y, y)
    assert detection_charts.thinned(x[:1], y[:1]) == Curve(x[:1], y[:1])


def test_shares_of_each_group_sum_to_one():
    """Groups of different sizes are comparable, the lowest and the highest score land in a bin."""
    scores = [(np.array([0.0, 0.1, 1.0]), np.linspace(0.2, 4.0, 77)), (np.array([2.0]), np.array([-3.0, 3.9]))]
    for chart in detection_charts.histogram_charts(scores, [1.0, 2.0], "light"):
        sums = chart.data["bins"].groupby("group").share.sum()
        np.testing.assert_allclose(sums, [1, 1])


def test_histograms_of_both_networks_compare():
    """Bins are 40 over the range of all scores, and the invisible corners of both charts are the same."""
    scores = [(np.array([0.0, 1.0]), np.array([2.0])), (np.array([4.0]), np.array([8.0]))]
    one, other = detection_charts.histogram_charts(scores, [1.0, 4.0], "light")
    for chart in (one, other):
        assert len(chart.data["bins"]) == 2 * N_BINS
        assert (chart.data["bins"].left.min(), chart.data["bins"].right.max()) == (0, 8)
        assert chart.data["corners"].to_dict("list") == {"x": [0, 8], "share": [0, 1]}
    bins = one.data["bins"]
    filled = bins[bins.share > 0]
    assert list(zip(filled.group, filled.left.round(9), filled.share, strict=True)) == [
        ("test images", 0.0, 0.5), ("test images", 1.0, 0.5), ("unknown classes", 2.0, 1.0)
    ]  # fmt: skip
    assert (one.data["threshold"].x[0], other.data["threshold"].x[0]) == (1, 4)


def test_a_network_that_says_the_same_of_everything_has_a_histogram():
    """Equal scores fill one bin that has a width."""
    same = np.full(5, 0.25)
    (chart,) = detection_charts.histogram_charts([(same, same)], [0.25], "dark")
    filled = chart.data["bins"].query("share > 0")
    assert list(filled.share) == [1, 1]
    assert (filled.right > filled.left).all()


def charts(seed: int) -> list[detection_charts.Chart]:
    rng = np.random.default_rng(seed)
    known, unknown = rng.normal(seed, 1, 50), rng.normal(2 * seed, 1, 40)
    curve = Curve(np.sort(rng.random(9)), np.sort(rng.random(9)))
    pair, dots = {"dense": curve, "pruned": curve}, {"dense": (0.1, 0.2), "pruned": (0.3, 0.4)}
    return [
        *detection_charts.histogram_charts([(known, unknown)], [0.0], "light"),
        detection_charts.roc_chart(pair, dots, "light"),
        detection_charts.risk_chart(pair, dots),
    ]


def test_specifications_do_not_change_with_the_data():
    """Another network, score or threshold swaps the data and nothing else."""
    for one, other in zip(charts(1), charts(2), strict=True):
        assert one.spec == other.spec
        assert any(not one.data[name].equals(other.data[name]) for name in one.data)


def test_every_field_a_chart_asks_for_is_in_its_data():
    """No layer refers to a table or a column that is not there."""
    for chart in charts(1):
        for layer in json.loads(chart.spec)["layer"]:
            table = chart.data[layer["data"]["name"]]
            for channel in layer["encoding"].values():
                for part in channel if isinstance(channel, list) else [channel]:
                    assert part.get("field", table.columns[0]) in table.columns


# The tab


def page(outcome, choice, images, theme):
    import streamlit as st

    from views.images import detection_tab

    detection_tab.draw(outcome, choice, images, theme, st.container())


def tab(n_samples: int = 20, theme: str = "light", **changes: object) -> AppTest:
    """The tab over made-up networks on pictures of noise; the name of one unknown class looks like markup."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    known = Images(pixels, LABELS, tuple("01234567"))
    images = Shown(known, Images(pixels[:30], np.arange(30) % 2, ("<8>", "9")), "")
    of = outcome(**changes)
    arguments = {"outcome": of, "choice": ImageChoice(of.experiment, n_samples, 15), "images": images, "theme": theme}
    return AppTest.from_function(page, default_timeout=60, kwargs=arguments)


def alts(app: AppTest) -> list[str]:
    return [chart.proto.alt for chart in app.get("vega_lite_chart")]


@pytest.mark.parametrize("score", Score)
def test_every_score_draws_every_part(score):
    """Five charts with the same descriptions for all scores, two tables, the sentence, four groups of pictures."""
    app = tab()
    app.session_state["score"] = score
    app.run()
    assert not app.exception
    assert alts(app) == [
        "Dense network: histogram of test images and of unknown classes.",
        "Pruned network: histogram of test images and of unknown classes.",
        "ROC curves of the dense and of the pruned network.",
        "AUROC against prune ratio.",
        "Risk–coverage curves of the dense and of the pruned network.",
    ]
    measured, refused = app.table
    assert list(measured.value.Score[measured.value.Score.str.startswith("**")]) == [f"**{score.label}**"]
    assert refused.value.Dense[2] == "10 % (4 of 40)"
    (sentence,) = (element.value for element in app.markdown if "one must also refuse" in element.value)
    fpr = detection.measures(score, outcome().pruned, 20).fpr
    assert sentence.startswith(f"**{score.label}**, pruned network: FPR@95TPR {fpr:.2f}: ")
    assert sum("<img" in element.proto.body for element in app.get("html")) == 4
    assert not any("<8>" in element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("changes", [{"n_samples": 1}, {"dropout": 0.0}])
def test_samples_that_cannot_disagree_get_a_sentence_and_no_charts(changes):
    """Mutual information of one sample, or without dropout, is explained; the other scores keep their numbers."""
    app = tab(**changes)
    app.session_state["score"] = Score.INFORMATION
    app.run()
    assert not app.exception
    assert [element.value for element in app.info] == [detection_tab.EQUAL_SAMPLES]
    assert alts(app) == []
    assert list(app.table[0].value.AUROC == "–") == [score == Score.INFORMATION for score in Score]
    app.segmented_control(key="score").set_value(Score.MSP).run()
    assert not app.exception
    assert not app.info
    assert len(alts(app)) == 5


def test_refusing_moves_the_threshold_and_nothing_that_is_fixed():
    """The slider changes the table, the dots and the groups; no specification changes, so nothing flickers."""
    app = tab(theme="dark").run()
    before = [chart.proto.spec for chart in app.get("vega_lite_chart")]
    app.select_slider(key="refuse").set_value(0.0).run()
    assert not app.exception
    assert [chart.proto.spec for chart in app.get("vega_lite_chart")] == before
    assert list(app.table[1].value.Dense[2:]) == ["0 % (0 of 40)", app.table[1].value.Dense[3]]
    assert sum("None." in element.proto.body for element in app.get("html")) >= 1
    app.select_slider(key="refuse").set_value(0.9).run()
    assert app.table[1].value.Dense[2] == "90 % (36 of 40)"


def test_nothing_pruned_is_dense_twice():
    """At ratio 0 both columns are of the same network."""
    app = tab(prune_ratio=0.0).run()
    assert not app.exception
    assert list(app.table[1].value.Dense) == list(app.table[1].value.Pruned)


def test_the_controls_are_known_to_the_link():
    """Each choice has a help, a name of its own, and is written as it is shown."""
    assert list(image_controls.SCORE.legal()) == [score.label for score in Score]
    assert list(image_controls.REFUSE.legal())[:3] == ["0 %", "5 %", "10 %"]
    assert list(image_controls.REFUSE.legal())[-1] == "90 %"
    for score in Score:
        assert f"**{score.label}**: {score.help}" in image_controls.SCORE.help
        assert score.help.endswith("Higher is more OOD.")
