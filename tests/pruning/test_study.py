"""A study: its runs, its table against single runs, what is trained once, and its verdicts by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from pruning import RATIOS, Experiment, ImageExperiment, Strategy, run
from pruning.data.task_of import task_of
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.metrics import figures, flat
from pruning.evaluation.rows import DENSE, wins
from pruning.inspect.training_gap import training_gap
from pruning.lottery import engine
from pruning.lottery.engine import InMemory, Run, here
from pruning.lottery.engine import outcome as kept_outcome
from pruning.lottery.whole import has_all
from pruning.study import (
    Study,
    StudyProgress,
    Variant,
    gather,
    run_study,
    runs_missing,
    so_far,
    summary,
    verdicts,
)
from tests.conftest import CLOCK

BASE = Experiment(hidden=(8,), points=200, max_epochs=12)
STUDY = Study(BASE, ("one_shot", "random_mask"), (0.5, 0.9), range(2))


def runs_of(study: Study) -> list[Any]:
    return [experiment for shard in study.shards() for _, experiment in shard]


@pytest.fixture(scope="module")
def studied() -> tuple[pd.DataFrame, list[StudyProgress], list[str]]:
    """A small study, how far it said it was, and the keys of what was trained, in order."""
    told: list[StudyProgress] = []
    trained: list[str] = []

    def call(function: Any, order: Any, *, report: Any) -> Any:
        if function is engine.carry_out:
            trained.extend(step.key for step in order.batch.steps)
        return here(function, order, report=report)

    return run_study(STUDY, told.append, call=call), told, trained


def test_a_study_is_its_single_runs(studied):
    """Number for number, whatever was trained beside them; the clock alone is another one."""
    table, _, _ = studied
    for (strategy, ratio, seed), row in table.set_index(["strategy", "prune_ratio", "seed"]).iterrows():
        shown = replace(BASE, seed=seed, data_seed=BASE.data_seed + seed, prune_ratio=ratio)
        outcome = run(shown if strategy == DENSE else replace(shown, strategy=strategy))
        alone = flat(figures(outcome, outcome.pruned))
        assert {name: row[name] for name in alone if name not in CLOCK} == {
            name: value for name, value in alone.items() if name not in CLOCK
        }
        seen = Evaluated(outcome).of(outcome.pruned)
        assert (row.ece_floor, row.uce_floor) == (seen.floor().mean, seen.floor("uncertainty").mean)
        assert row.training_gap == training_gap(outcome, outcome.pruned)


def test_every_network_has_one_row(studied):
    """Two dense networks, and two strategies at two ratios with two seeds."""
    table, _, _ = studied
    counts = table.groupby("strategy").size().to_dict()
    assert counts == {DENSE: 2, "one_shot": 4, "random_mask": 4}
    assert not table.duplicated(["strategy", "prune_ratio", "seed"]).any()
    assert set(table.data_seed) == {42, 43}


def test_strategies_share_their_dense_network(studied):
    """Ten networks are trained once each, and counted so."""
    _, told, trained = studied
    assert len(trained) == len(set(trained)) == 10
    assert told[-1].done == told[-1].total == 10
    assert [each.done for each in told] == sorted(each.done for each in told)


def test_what_is_kept_is_not_trained_again():
    """A study that goes on, or that shares with another one."""
    kept = InMemory()
    first = run_study(STUDY, kept=kept)

    def never(function: Any, order: Any, *, report: Any) -> Any:
        raise AssertionError("nothing is to be trained")

    again = run_study(STUDY, kept=kept, call=never)
    pd.testing.assert_frame_equal(first, again)
    fewer = run_study(replace(STUDY, ratios=STUDY.ratios[:1]), kept=kept, call=never)  # measured anew, not trained
    same = first.merge(fewer, on=["strategy", "prune_ratio", "seed"])
    assert len(same) == len(fewer)
    assert same.seconds_spent_x.tolist() == same.seconds_spent_y.tolist()


def test_what_has_been_measured_is_there_before_the_rest():
    """Whoever looks in meanwhile sees whole runs, and the rest once it has come."""
    kept, seen = InMemory(), []
    whole = run_study(STUDY, lambda news: seen.append(len(so_far(STUDY, kept))), kept=kept)
    assert seen[0] == 0
    assert {5} < set(seen) <= {0, 5, 10}
    pd.testing.assert_frame_equal(so_far(STUDY, kept), whole)


def test_runs_that_others_have_trained_are_gathered(studied):
    """Whole ones, a few at a time, in numbers as if the study had run; a run that lacks a network waits for it."""
    kept, (whole, _, _) = InMemory(), studied
    assert gather(STUDY, kept) == 0
    one, two = (STUDY.run(Strategy.ONE_SHOT, seed) for seed in (0, 1))
    half = STUDY.run(Strategy.RANDOM_MASK, 0, prune_ratio=0.5)
    for experiment, ratios in ((one, STUDY.ratios), (two, RATIOS), (half, (0.5,))):
        Run([experiment], ratios, task_of(experiment), kept).train()
    assert [gather(STUDY, kept, most=1) for _ in range(3)] == [1, 1, 0]
    table = so_far(STUDY, kept)
    assert runs_missing(STUDY, kept) == 2
    same = table.merge(whole, on=["line", "prune_ratio", "seed"])
    assert len(table) == len(same) == 6
    figures_of = [name for name in whole if f"{name}_x" in same and name not in CLOCK]
    pd.testing.assert_frame_equal(
        same[[f"{name}_x" for name in figures_of]].set_axis(figures_of, axis=1),
        same[[f"{name}_y" for name in figures_of]].set_axis(figures_of, axis=1),
    )


def test_a_run_that_has_not_answered_all_there_is_to_ask_waits():
    """Networks come before what they say of fresh points, and before their latency."""
    kept, study = InMemory(), replace(STUDY, strategies=("one_shot",), seeds=(0,))
    run_study(study, kept=kept)
    (experiment,) = runs_of(study)
    task = task_of(experiment)
    whole = kept_outcome(experiment, study.ratios, task, kept.get)
    for lacking in ({"fresh": None}, {"latency": float("nan")}):
        networks = (*whole.networks[:-1], replace(whole.networks[-1], **lacking))
        assert not has_all(replace(whole, networks=networks), task, study.ratios)
    assert has_all(whole, task, study.ratios)
    assert not has_all(replace(whole, networks=whole.networks[:-1]), task, study.ratios)


@pytest.mark.parametrize(
    ("strategies", "ratios", "seeds"),
    [
        (7, 10, [1] * 10),  # seventy networks a seed
        (4, 10, [1, 3, 3, 3]),
        (1, 3, [1, 3, 3, 3]),
        (7, 8, [1, 2, 2, 2, 2, 1]),
    ],
)
def test_a_part_has_as_many_seeds_as_train_well_together(strategies, ratios, seeds):
    """The first one alone, so that something is soon there; of many networks a seed, fewer seeds."""
    study = Study(BASE, tuple(Strategy)[:strategies], RATIOS[1 : 1 + ratios])
    parts = [[run.seed for _, run in shard] for shard in study.shards()]
    assert [len(set(part)) for part in parts] == seeds
    assert sorted(seed for part in parts for seed in set(part)) == list(range(10))
    assert all(len(part) == strategies * len(set(part)) for part in parts)


def test_parts_side_by_side_give_the_same_table():
    """In two threads."""
    first, second = (run_study(replace(STUDY, seeds=range(5)), at_once=n) for n in (1, 2))
    pd.testing.assert_frame_equal(first.drop(columns=[*CLOCK]), second.drop(columns=[*CLOCK]))


def test_every_variant_has_its_dense_network():
    """Where it differs: another width has, another criterion shares it; verdicts stay within a variant."""
    study = Study(
        BASE, ("one_shot",), (0.5,), range(5), variants=(Variant("narrow"), Variant.of("wide", hidden=(16,)))
    )
    table = run_study(study)
    assert list(dict.fromkeys(table.line)) == ["dense, narrow", "one_shot, narrow", "dense, wide", "one_shot, wide"]
    by_line = table.set_index(["line", "seed"]).accuracy
    found = {each.line: each.verdict.value for each in verdicts(table, "accuracy")}
    assert found == {
        f"one_shot, {name}": pytest.approx((by_line[f"one_shot, {name}"] - by_line[f"dense, {name}"]).mean())
        for name in ("narrow", "wide")
    }
    trained = []
    sharing = replace(study, variants=(Variant("L1"), Variant.of("Taylor", criterion="taylor")), seeds=(0,))
    run_study(sharing, lambda news: trained.append(news.total))
    assert trained[-1] == 3


def test_epochs_that_count_from_another_start_are_not_compared():
    """A fine-tuned network cannot stop sooner than the dense one whose epochs are among its own."""
    table = made_up(dense=[50] * 5, one_shot=[80] * 5, random_mask=[40, 41, 42, 43, 44])
    table = table.rename(columns={"accuracy": "early_stop_epoch"})
    tuned, rewound = verdicts(table, "early_stop_epoch")
    assert (tuned.verdict.runs, tuned.verdict.told) == (0, False)
    assert (rewound.verdict.value, rewound.verdict.told) == (-8, True)
    (beside,) = verdicts(table, "early_stop_epoch", against="random_mask")
    assert beside.verdict.value == 38


def test_one_test_set_for_all_seeds_if_asked_for():
    """Every seed then has the points of the base."""
    study = replace(STUDY, own_data=False)
    assert {each.data_seed for each in runs_of(study)} == {42}
    assert {each.data_seed for each in runs_of(STUDY)} == {42, 43}


def test_images_are_the_same_for_all_seeds():
    """They have no data seed."""
    study = Study(ImageExperiment(), ("one_shot",), (0.5,), (0, 1))
    assert [each.seed for each in runs_of(study)] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strategies": ("best",)}, "best"),
        ({"strategies": ()}, "strategies is empty"),
        ({"ratios": (0.5, 0.5)}, "ratios names 0.5 more than once"),
        ({"ratios": (1.0,)}, "prune_ratio"),
        ({"seeds": (-1,)}, "seed"),
        ({"seeds": (3, 4, 3)}, "seeds names 3 more than once"),
        ({"variants": (Variant("a"), Variant("a"))}, "variants names a more than once"),
        ({"variants": (Variant.of("a", strategy="one_shot"),)}, "changes 'strategy'; it may change: .*criterion"),
        ({"variants": (Variant.of("a", criterion="beauty"),)}, "beauty"),
        ({"variants": (Variant.of("a", method="oracle"),)}, "method 'oracle' is unknown; .*last_layer"),
        ({"variants": (Variant.of("a", source="ensemble"),)}, "changes 'source'; it may change: .*method, tempered"),
        ({"seeds": tuple(range(1001))}, "1001 seeds; at most 1000"),
    ],
)
def test_what_no_study_can_be_is_named(changes, words):
    """The value, and what is legal."""
    with pytest.raises(ValueError, match=words):
        replace(STUDY, **changes)


def test_a_dense_network_that_cannot_be_trained_leaves_the_others():
    """Its seed has no rows, and why not is told; it counts as done, for it would break off again."""
    study, kept = Study(replace(BASE, learning_rate=1e30, hidden=(8, 8)), ("one_shot",), (0.5,), (0, 1)), InMemory()
    assert runs_missing(study, kept) == 2
    table = run_study(study, kept=kept)
    assert len(table) == 0
    assert "learning rate" in table.attrs["failed"]["one_shot, seed 0"]
    assert set(table.attrs["failed"]) == {"one_shot, seed 0", "one_shot, seed 1"}
    assert runs_missing(study, kept) == 0
    assert so_far(study, kept).attrs == table.attrs


def made_up(**columns: list[float]) -> pd.DataFrame:
    """Rows of `strategy` at ratio 0.5 by seed, and of the dense network."""
    return pd.DataFrame(
        [
            {
                "line": name,
                "variant": "",
                "strategy": name,
                "stop_compares": name != "one_shot",
                "prune_ratio": 0.0 if name == DENSE else 0.5,
                "seed": seed,
                "accuracy": value,
            }
            for name, values in columns.items()
            for seed, value in enumerate(values)
        ]
    )


TABLE = made_up(
    dense=[0.90, 0.80, 0.90, 0.80, 0.90],
    one_shot=[0.93, 0.82, 0.93, 0.84, 0.93],
    random_mask=[0.95, 0.75, 0.95, 0.75, 0.90],
)


def test_verdicts_are_paired_by_seed():
    """0.03, 0.02, 0.03, 0.04, 0.03 is told, though the dense network alone varies more."""
    one, other = verdicts(TABLE, "accuracy")
    assert (one.line, one.prune_ratio, one.verdict.direction) == ("one_shot", 0.5, 1)
    assert one.verdict.value == pytest.approx(0.03)
    assert (other.line, other.verdict.direction, other.verdict.value) == ("random_mask", 0, pytest.approx(0.0))


def test_another_strategy_may_be_what_is_compared_with():
    """At its own ratio."""
    (found,) = verdicts(TABLE, "accuracy", against="random_mask")
    assert (found.line, found.verdict.value) == ("one_shot", pytest.approx(0.03))
    assert not found.verdict.told


@pytest.mark.parametrize(
    ("figure", "against", "words"),
    [("beauty", DENSE, "figure is 'beauty'"), ("accuracy", "best", "against is 'best'")],
)
def test_what_the_table_has_not_is_named(figure, against, words):
    """With what it has."""
    with pytest.raises(ValueError, match=words):
        verdicts(TABLE, figure, against)


def test_a_summary_by_hand():
    """Mean 0.86, deviation √0.003, Student's 2.776."""
    first = summary(TABLE, "accuracy").iloc[0]
    half = 2.776445 * (0.003 / 5) ** 0.5
    assert (first["mean"], first.low, first.high) == pytest.approx((0.86, 0.86 - half, 0.86 + half))
    assert (first.line, first.prune_ratio, first.runs) == (DENSE, 0.0, 5)


def test_a_winning_ticket_by_hand():
    """As accurate as the dense network, stopped no later, and started from its own first weights."""
    dense = {"accuracy": 0.9, "early_stop_epoch": 50}
    for accuracy, epoch, strategy, due in (
        (0.9, 50, Strategy.ONE_SHOT_REWIND, True),
        (0.95, 20, Strategy.ITERATIVE, True),
        (0.89, 20, Strategy.ONE_SHOT_REWIND, False),
        (0.95, 51, Strategy.ONE_SHOT_REWIND, False),
        (0.95, 20, Strategy.ONE_SHOT_RANDOM, False),
        (0.95, None, Strategy.PRUNE_ONLY, False),
    ):
        assert wins({"accuracy": accuracy, "early_stop_epoch": epoch}, dense, strategy) is due


def test_a_winning_ticket_is_judged_by_the_truth_where_it_is_known():
    """The test points may say another thing."""
    dense = {"accuracy": 0.9, "truth_accuracy": 0.95, "early_stop_epoch": 50}
    pruned = {"accuracy": 0.95, "truth_accuracy": 0.94, "early_stop_epoch": 50}
    assert not wins(pruned, dense, Strategy.ONE_SHOT_REWIND)
