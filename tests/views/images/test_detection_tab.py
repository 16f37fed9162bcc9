"""The tab on detection: what is said and what is drawn, without a browser."""

from __future__ import annotations

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning import ImageExperiment, Network, Outcome
from pruning.data.images import Images, Shown
from pruning.evaluation import Evaluated
from pruning.evaluation.detection import Group, Measures
from pruning.outcome import IMAGE_SAMPLES
from uncertainty import ood
from uncertainty.options import Score
from uncertainty.predictions import Predictions, running_means
from uncertainty.predictive import entropy
from views.charts import detection as detection_charts
from views.charts.detection import MOST_POINTS, N_BINS, Curve
from views.controls import images as image_controls
from views.images import detection_tab
from views.shared import refusal

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


def drawn(share: float, score: Score = Score.MSP) -> refusal.Drawn:
    """What is drawn of one network, where that share of its test images is refused."""
    return refusal.drawn(Evaluated(outcome(), 20).detection(outcome().pruned, score), share)


def test_measures_of_dense_and_pruned_stand_beside_each_other():
    """Those of each network; none where the samples cannot disagree."""
    seen = Evaluated(outcome(), 20)
    dense, pruned = detection_tab.both_measures(seen, Score.ENTROPY)
    assert dense == seen.detection(seen.outcome.dense, Score.ENTROPY).measures
    assert pruned == seen.detection(seen.outcome.pruned, Score.ENTROPY).measures
    assert dense != pruned
    assert detection_tab.both_measures(Evaluated(outcome(), 1), Score.INFORMATION) is None


def test_the_threshold_lies_on_the_curve_that_is_drawn():
    """The dot of the chart is a point of the risk–coverage curve, as thinned as it is."""
    one = drawn(0.3, Score.ENTROPY)
    at = np.flatnonzero(np.isclose(one.risk.x, one.refusal.risk[0]))
    assert one.risk.y[at] == pytest.approx(one.refusal.risk[1])
    assert one.refusal.refused in set(zip(one.roc.x, one.roc.y, strict=True))


def test_the_risk_coverage_curve_begins_where_there_are_images_enough():
    """The error rate of one image in forty is not drawn; AURC counts it all the same."""
    one = drawn(0.1)
    assert one.risk.x[0] == pytest.approx(refusal.LEAST_COVERAGE)
    assert one.risk.x[-1] == 1
    assert one.detection.risk_coverage.coverage[0] < refusal.LEAST_COVERAGE


# Examples


def test_a_group_is_one_string_with_names_that_are_no_markup():
    """Pictures are part of the text, and a class may have any name."""
    images = Images(np.zeros((2, 8, 8, 1), np.uint8), np.array([0, 1]), ('<b>"', "cat"))
    html = detection_tab.group_html(Group(True, False, np.array([0, 1]), 2), images, np.array([1, 0]), ("<i>", "dog"))
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
        Group(False, True, np.array([], int), 0), images, np.array([0]), ("cat",)
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
    found = drawn(0.1).refusal
    all_images, kept, refused, strangers = refusal.rejection_table({"pruned": found}).Pruned
    assert all_images.endswith("(n = 40)")
    assert kept.endswith("(n = 36)")
    assert refused == "10 % (4 of 40)"
    assert strangers.endswith(f"({found.kept.ood_refused} of 30)")


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


def page(seen, images, theme):
    import streamlit as st

    from views.images import detection_tab

    detection_tab.draw(seen, images, theme, st.container())


def tab(n_samples: int = 20, theme: str = "light", **changes: object) -> AppTest:
    """The tab over made-up networks on pictures of noise; the name of one unknown class looks like markup."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    known = Images(pixels, LABELS, tuple("01234567"))
    images = Shown(known, Images(pixels[:30], np.arange(30) % 2, ("<8>", "9")), "")
    arguments = {"seen": Evaluated(outcome(**changes), n_samples), "images": images, "theme": theme}
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
    fpr = Evaluated(outcome(), 20).detection(outcome().pruned, score).measures.fpr
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
    assert [element.value for element in app.info] == [refusal.EQUAL_SAMPLES]
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
