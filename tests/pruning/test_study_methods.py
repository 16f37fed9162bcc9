"""Studies by method: rows are those of single runs by the same source, and whose networks are trained for them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pruning import Experiment, ImageExperiment, Method, Source, run
from pruning.evaluation.by_method import SOURCES
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.metrics import flat
from pruning.evaluation.rows import DENSE, N_SAMPLES
from pruning.lottery import engine
from pruning.lottery.engine import InMemory, here
from pruning.study import BASE, Study, StudyProgress, Variant, by_methods, rows_key, run_study, so_far, verdicts
from tests.conftest import CLOCK
from uncertainty.options import ENSEMBLE_MEMBERS, MC_DROPOUT, Score

SMALL = Experiment(hidden=(6,), points=150, max_epochs=8)
STUDY = Study(SMALL, ("one_shot",), (0.5,), (0, 3))
SINGLE, LAPLACE, ENSEMBLE = Source("single_pass"), Source("last_layer", tempered=True), Source("ensemble")


class Counted:
    """A call in this thread that notes the networks it was to train, stack by stack."""

    def __init__(self) -> None:
        self.stacks: list[list[str]] = []

    @property
    def trained(self) -> list[str]:
        return [key for stack in self.stacks for key in stack]

    def __call__(self, function: Any, order: Any, *, report: Any) -> Any:
        if function is engine.carry_out:
            self.stacks.append([step.key for step in order.batch.steps])
        return here(function, order, report=report)


@pytest.fixture(scope="module")
def kept() -> InMemory:
    """Where the networks of this file's study are, once somebody has asked for them."""
    return InMemory()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.label)
def test_a_study_is_its_single_runs_by_every_method(kept, source):
    """Number for number: every figure, floors and AUROC, dense and pruned."""
    table = run_study(replace(STUDY, source=source), kept=kept).set_index(["prune_ratio", "seed"])
    assert len(table) == 4
    assert set(zip(table.method, table.tempered, strict=True)) == {(source.method.value, source.tempered)}
    for seed in STUDY.seeds:
        alone = run(replace(SMALL, seed=seed, data_seed=42 + seed, prune_ratio=0.5), source=source)
        seen = Evaluated(alone, source.method.samples(N_SAMPLES))
        for network in (alone.dense, alone.pruned):
            row, found = table.loc[(network.prune_ratio, seed)], flat(seen.figures(network))
            for name in found.keys() - CLOCK:
                assert row[name] == found[name], name
            assert row.ece_floor == seen.of(network).floor().mean
            assert row.auroc == seen.detection(network, Score.ENTROPY).auroc


def test_images_have_studies_by_method_too():
    """On the digits, by the ensemble."""
    base = ImageExperiment(train_images=64, max_epochs=1)
    table = run_study(Study(base, ("prune_only",), (0.5,), (1,), source=ENSEMBLE))
    seen = Evaluated(run(replace(base, strategy="prune_only", seed=1), source=ENSEMBLE), ENSEMBLE_MEMBERS)
    assert table.accuracy.tolist() == [seen.figures(network).accuracy for network in seen.outcome.networks]
    assert table.nll.tolist() == [seen.figures(network).nll for network in seen.outcome.networks]


def test_methods_side_by_side_ask_the_same_networks():
    """Each trained once; a line for every method, beside the dense network by that method."""
    call, told, kept = Counted(), list[StudyProgress](), InMemory()
    study = replace(STUDY, variants=by_methods([MC_DROPOUT, SINGLE, LAPLACE]))
    table = run_study(study, told.append, call=call, kept=kept)
    assert len(call.trained) == len(set(call.trained)) == told[-1].total == told[-1].done == 4
    names = [
        name for each in (MC_DROPOUT, SINGLE, LAPLACE) for name in (f"dense, {each.label}", f"one_shot, {each.label}")
    ]
    assert list(dict.fromkeys(table.line)) == names
    for source in (MC_DROPOUT, SINGLE, LAPLACE):
        alone = so_far(replace(STUDY, source=source), kept)
        own = table[table.variant == source.label]
        assert own.nll.tolist() == alone.nll.tolist()
    assert table.groupby(["strategy", "prune_ratio", "seed"]).parameters.nunique().max() == 1


def test_an_ensemble_trains_its_members_and_counts_them():
    """Ten dense ones as a stack and ten pruned ones, for each seed on its own points."""
    call, told = Counted(), list[StudyProgress]()
    run_study(replace(STUDY, source=ENSEMBLE), told.append, call=call)
    assert [len(stack) for stack in call.stacks] == [ENSEMBLE_MEMBERS] * 4
    assert len(set(call.trained)) == told[-1].total == told[-1].done == 4 * ENSEMBLE_MEMBERS


def test_verdicts_hold_a_method_against_its_own_dense_networks():
    """Not against those by another method; another line may be asked for by its name."""
    study = replace(STUDY, seeds=range(5), variants=by_methods([SINGLE, LAPLACE]))
    table = run_study(study)
    values = table.set_index(["line", "seed"]).nll
    for found in verdicts(table, "nll"):
        method = found.line.removeprefix("one_shot, ")
        assert found.verdict.value == pytest.approx((values[found.line] - values[f"{DENSE}, {method}"]).mean())
    (beside,) = verdicts(table, "nll", against=f"one_shot, {SINGLE.label}")
    difference = values[f"one_shot, {LAPLACE.label}"] - values[f"one_shot, {SINGLE.label}"]
    assert beside.verdict.value == pytest.approx(difference.mean())


def test_what_is_by_mc_dropout_keeps_its_keys():
    """Of the study and of its rows; every other source has its own."""
    assert "source" not in json.loads(STUDY.key)
    keys = [replace(STUDY, source=source).key for source in SOURCES]
    assert len(set(keys)) == len(SOURCES)
    assert rows_key(SMALL, (0.5,), MC_DROPOUT) == rows_key(SMALL, (0.5,))
    assert "asked by" not in rows_key(SMALL, (0.5,))
    assert len({rows_key(SMALL, (0.5,), source) for source in SOURCES}) == len(SOURCES)


def test_a_variant_says_how_it_is_asked_beside_how_it_is_trained():
    """What it leaves open is as in the study; methods go by name."""
    variants = (BASE, Variant.of("wide", hidden=(9,), method="ensemble"), Variant.of("cool", tempered=True))
    study = replace(STUDY, variants=variants, source=Source("single_pass"))
    plain, wide, cool = study.variants
    assert [study.source_of(each) for each in (plain, wide, cool)] == [
        SINGLE, ENSEMBLE, Source(Method.SINGLE_PASS, tempered=True),
    ]  # fmt: skip
    assert study.run("one_shot", 0, wide).hidden == (9,)
    assert study.run("one_shot", 0, cool) == study.run("one_shot", 0)


def test_a_part_holds_all_methods_of_its_networks():
    """So that no other part waits for them; of ensembles, whose stacks are large, there are fewer seeds in one."""
    study = Study(SMALL, ("one_shot", "random_mask"), (0.5, 0.9), variants=by_methods([MC_DROPOUT, SINGLE]))
    assert [len({run.seed for _, run in shard}) for shard in study.shards()] == [1, 3, 3, 3]
    assert all({variant.name for variant, _ in shard} == {"MC dropout", "Single pass"} for shard in study.shards())
    many = Study(SMALL, ("one_shot",), (0.1, 0.3, 0.5, 0.7, 0.8, 0.9), source=ENSEMBLE)
    assert [len(shard) for shard in many.shards()] == [1, 2, 2, 2, 2, 1]
    two = replace(study, variants=(*by_methods([SINGLE]), Variant.of("wide", hidden=(9,)), *by_methods([MC_DROPOUT])))
    assert [variant.name for variant, _ in two.shards()[0]] == ["Single pass"] * 2 + ["MC dropout"] * 2
