"""Steps of an image run: what a key holds, who is whose parent, what comes first, and what is never done twice."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest

from pruning import RATIOS, Criterion, Experiment, ImageExperiment, Progress, PrunedLayers, Scope, Strategy
from pruning.data import plane_task
from pruning.data.image_task import ImageTask
from pruning.data.images import NoImages, shown
from pruning.data.task_of import task_of
from pruning.lottery.engine import InMemory, answer, carry_out, here, outcome, run_seeds
from pruning.lottery.members import members
from pruning.lottery.order import Order
from pruning.lottery.plan import Step, answers_key, worker_code
from pruning.lottery.plan import plan as planned
from pruning.lottery.plan import results as results_of
from pruning.lottery.progress import News, WrongWorker
from pruning.outcome import TrainedNetwork
from uncertainty.options import ENSEMBLE_MEMBERS, MC_DROPOUT, Method
from uncertainty.predictions import Predictions

ROOT = Path(__file__).parents[3]
TINY = {"train_images": 64, "max_epochs": 1}
REWOUND = [s for s in Strategy if s.start_from == "rewound"]
iterating = pytest.mark.parametrize("strategy", [s for s in Strategy if s.iterative])
every_strategy = pytest.mark.parametrize("strategy", Strategy)

# What decides every network, with another value than the default's.
TRAINING = {
    "dataset": "cifar10", "network": "wide", "train_images": 100, "dropout": 0.3, "learning_rate": 0.04,
    "batch_size": 64, "max_epochs": 15, "patience": 4, "seed": 1,
}  # fmt: skip
# What decides a pruned network alone.
PRUNING = {
    "strategy": "iterative_finetune", "criterion": "taylor", "scope": "global", "pruned_layers": "fully_connected",
    "dropout_rule": "scaled",
}  # fmt: skip
LEVELS = {"prune_ratio", "rounds", "round_share"}  # in a key by the levels that they lead to
REWINDING = {"rewind_epoch"}  # decides what is rewound


@dataclass(frozen=True)
class Named(ImageTask):
    """Images of which only the name is known."""

    fingerprint: str = "f"


def plan(*ratios, fingerprint="f", **changes):
    """The steps of an image experiment in their order, each a batch of its own."""
    experiment = ImageExperiment(**changes)
    batches = planned([experiment], ratios, Named(experiment.dataset, fingerprint))
    assert {len(batch.steps) for batch in batches} == {1}
    assert {batch.fingerprint for batch in batches} == {fingerprint}
    return [batch.steps[0] for batch in batches]


def results(experiment, ratios):
    return results_of(experiment, ratios, Named(experiment.dataset))


def keys(*ratios, **changes):
    """The keys of the dense network and of the last step."""
    found = plan(*ratios, **changes)
    return found[0].key, found[-1].key


# ---- keys


def test_every_field_has_its_place_in_a_key():
    """A new field of an experiment must say here which networks it decides."""
    assert {field.name for field in fields(ImageExperiment)} == {*TRAINING, *PRUNING, *LEVELS, *REWINDING}


@pytest.mark.parametrize("name", TRAINING)
def test_what_decides_training_is_in_every_key(name):
    """Another value is another dense and another pruned network."""
    before, after = keys(), keys(**{name: TRAINING[name]})
    assert before[0] != after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize("name", PRUNING)
def test_what_decides_pruning_is_in_the_keys_of_pruned_networks_alone(name):
    """Another value is another pruned network of the same dense one."""
    before, after = keys(prune_ratio=0.1), keys(prune_ratio=0.1, **{name: PRUNING[name]})
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_other_images_are_other_networks():
    """The fingerprint is part of every key, and of every batch."""
    before, after = keys(), keys(fingerprint="g")
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_all_experiments_share_one_dense_network():
    """Whatever is pruned, how, by how much and in how many rounds."""
    dense = {
        keys(strategy=s, criterion=c, scope=scope, pruned_layers=layers, prune_ratio=ratio, rounds=rounds)[0]
        for s in Strategy for c in Criterion for scope in Scope for layers in PrunedLayers
        for ratio, rounds in ((0.0, 0), (0.5, 0), (0.33, 4))
    }  # fmt: skip
    assert len(dense) == 1


@every_strategy
def test_the_rewind_epoch_decides_only_what_is_rewound(strategy):
    """Where nothing is rewound it changes no key; elsewhere all, for the dense network keeps those weights."""
    before, after = keys(strategy=strategy), keys(strategy=strategy, rewind_epoch=1)
    assert (before[0] == after[0], before[1] == after[1]) == ((strategy not in REWOUND),) * 2


def test_strategies_that_rewind_to_one_epoch_share_their_dense_network():
    """One dense network for each rewind epoch."""
    for epoch in (1, 2):
        assert len({keys(strategy=strategy, rewind_epoch=epoch)[0] for strategy in REWOUND}) == 1


def test_strategies_are_told_apart():
    """No two share a pruned network of one ratio."""
    pruned = [keys(strategy=strategy, prune_ratio=0.1)[1] for strategy in Strategy]
    assert len(set(pruned)) == len(Strategy)


def test_random_tickets_do_not_depend_on_the_criterion():
    """Chance looks at no score: all criteria share a network; the scope and the layers still count."""
    assert len({keys(strategy="random_mask", criterion=criterion) for criterion in Criterion}) == 1
    for change in ({"scope": "global"}, {"pruned_layers": "fully_connected"}):
        assert keys(strategy="random_mask", **change)[1] != keys(strategy="random_mask")[1]


@every_strategy
def test_the_ratio_asked_for_decides_no_other_step(strategy):
    """A step of one ratio has the same key, whichever ratio the experiment is about."""
    one = {step.levels: step for step in plan(0.3, strategy=strategy, prune_ratio=0.2)}
    other = {step.levels: step for step in plan(0.2, strategy=strategy, prune_ratio=0.3)}
    assert one == other


@every_strategy
def test_no_two_networks_share_a_key(strategy):
    """Every ratio, every level and every number of rounds is a network of its own."""
    found = {
        step.levels: step for rounds in (0, 2, 3) for step in plan(*RATIOS, 0.33, strategy=strategy, rounds=rounds)
    }
    assert len({step.key for step in found.values()}) == len(found)


@iterating
def test_rounds_count_by_the_levels_they_lead_to(strategy):
    """One round to 10 % is the grid's own first step; three rounds to 50 % are not the grid's."""
    assert keys(strategy=strategy, prune_ratio=0.1, rounds=1) == keys(strategy=strategy, prune_ratio=0.1)
    assert keys(strategy=strategy, prune_ratio=0.5, rounds=3)[1] != keys(strategy=strategy, prune_ratio=0.5)[1]


@pytest.mark.parametrize("dataset", ["digits", "cifar10"])
def test_the_data_set_s_own_batch_size_has_two_names(dataset):
    """0 and the number itself train the same networks."""
    own = ImageExperiment(dataset=dataset).dataset.batch_size
    assert keys(dataset=dataset, batch_size=0) == keys(dataset=dataset, batch_size=own)
    assert keys(dataset=dataset, batch_size=own + 1)[0] != keys(dataset=dataset)[0]


# ---- parents and order


@every_strategy
@pytest.mark.parametrize("rounds", [0, 3])
def test_a_parent_is_the_network_it_is_pruned_from(strategy, rounds):
    """The level before on its chain, the dense network for the first; and it comes earlier in the plan."""
    found = plan(*RATIOS, 0.33, strategy=strategy, rounds=rounds)
    by_levels = {step.levels: step for step in found}
    assert (found[0].levels, found[0].parent, found[0].prune_ratio) == ((), None, 0.0)
    done = set()
    for step in found:
        if step.levels:
            assert step.parent == by_levels[step.levels[:-1]].key
            assert step.parent in done
            assert step.prune_ratio == step.levels[-1]
        done.add(step.key)
    assert len(done) == len(found)


def test_networks_pruned_once_all_come_from_the_dense_one():
    """The ratio of the experiment first, then the others as they rise."""
    assert [step.levels for step in plan(0.3, 0.1, 0.9, 0.0, prune_ratio=0.5)] == [(), (0.5,), (0.1,), (0.3,), (0.9,)]


@iterating
def test_the_chosen_ratio_s_chain_comes_first(strategy):
    """Off the grid it has a chain of its own, which the grid's then goes on from."""
    found = [step.levels for step in plan(0.1, 0.3, 0.4, strategy=strategy, prune_ratio=0.25)]
    grid = (0.1, 0.2, 0.3, 0.4)
    assert found == [(), (0.1,), (0.1, 0.2), (0.1, 0.2, 0.25), grid[:3], grid]


@pytest.mark.parametrize("strategy", ["one_shot", "iterative"])
def test_members_of_an_ensemble_are_all_there_for_a_ratio_before_the_next(strategy):
    """First all dense networks, then the chosen ratio of each, then the others one after the other."""
    experiment = ImageExperiment(strategy=strategy, prune_ratio=0.1)
    batches = planned(members(experiment, Method.ENSEMBLE), (0.2, 0.3), Named(experiment.dataset))
    steps = [step for batch in batches for step in batch.steps]
    seeds = list(range(ENSEMBLE_MEMBERS))
    assert [(step.prune_ratio, step.experiment.seed) for step in steps] == [
        (ratio, seed) for ratio in (0.0, 0.1, 0.2, 0.3) for seed in seeds
    ]
    known: set[str] = set()
    for step in steps:
        assert step.parent is None or step.parent in known
        known.add(step.key)


@iterating
def test_rounds_to_the_chosen_ratio_come_first(strategy):
    """Two rounds to 75 % take half each; those to 36 % a fifth each, and come after."""
    found = [step.levels for step in plan(0.36, strategy=strategy, prune_ratio=0.75, rounds=2)]
    assert found[:3] == [(), (0.5,), (0.5, 0.75)]
    assert found[3] == pytest.approx((0.2,))
    assert found[4] == pytest.approx((0.2, 0.36))


@every_strategy
def test_nothing_but_the_dense_network_is_trained_for_a_ratio_of_zero(strategy):
    """It is the whole plan, and the whole result."""
    assert [step.levels for step in plan(strategy=strategy, prune_ratio=0)] == [()]
    assert list(results(ImageExperiment(strategy=strategy, prune_ratio=0), [0.0])) == [0.0]


@every_strategy
@pytest.mark.parametrize("rounds", [0, 3])
def test_results_are_in_order_of_the_ratio(strategy, rounds):
    """Dense first, then each ratio asked for and the experiment's own, once, by the step that ends on it."""
    experiment = ImageExperiment(strategy=strategy, prune_ratio=0.5, rounds=rounds)
    found = results(experiment, [0.9, 0.33, 0.1, 0.5])
    assert list(found) == [0.0, 0.1, 0.33, 0.5, 0.9]
    assert all(step.prune_ratio == ratio for ratio, step in found.items())
    steps = plan(0.9, 0.33, 0.1, strategy=strategy, prune_ratio=0.5, rounds=rounds)
    assert all(step in steps for step in found.values())


@iterating
def test_a_step_on_the_way_is_no_result(strategy):
    """The grid's 10 % and 20 % lead to 30 % and were not asked for."""
    assert list(results(ImageExperiment(strategy=strategy, prune_ratio=0.3), [])) == [0.0, 0.3]


@pytest.mark.parametrize(
    ("levels", "name"),
    [
        ((), "the dense network"),
        ((0.5,), "the network pruned at 0.5"),
        ((0.1, 0.95), "the network pruned at 0.95"),
        ((0.29289,), "the network pruned at 0.293"),
        ((0.29,), "the network pruned at 0.29"),
    ],
)
def test_a_step_has_a_name_for_people(levels, name):
    """Per cent with three digits at most."""
    assert Step(ImageExperiment(), levels, "key", None, None).name == name


# ---- a run, of networks that nobody trains


def network(step, parent):
    """A network with nothing in it but its place in the plan."""
    return TrainedNetwork(
        prune_ratio=step.prune_ratio, level=len(step.levels), masks={}, start_weights={}, weights={"parent": parent},
        early_stop_epoch=0, train_loss=np.zeros(0), val_loss=np.zeros(1), diverged=False, units=0, parameters=0,
        multiply_adds=0, latency=0.0,
    )  # fmt: skip


class Worker:
    """Stands in for another process: what it is given goes through a pickle, and it notes what it was asked for."""

    def __init__(self):
        self.done = []

    def __call__(self, function, order, *, report):
        function, order = pickle.loads(pickle.dumps((function, order)))
        assert function is carry_out
        (step,) = order.batch.steps
        dense, last = order.dense(step), order.parent(step)
        report(None)
        report(News(f"Training {step.name}"))
        self.done.append((step.levels, dense and dense.level, last and (last.level, last.prune_ratio)))
        nothing = Predictions((1,), np.zeros((1, 0, 8)), np.zeros((1, 0)), np.zeros((0, 8)))
        answers = {answers_key(step.key, MC_DROPOUT, part): nothing for part in order.asked}
        return {step.key: network(step, np.array(last.prune_ratio if last else -1.0)), **answers}


def run_images(experiment, progress=None, *, ratios=(), kept=None, call=here):
    return run_seeds(experiment, [experiment.seed], progress, ratios=ratios, kept=kept, call=call)[0]


CHAIN = {"strategy": "iterative", "prune_ratio": 0.3}


def test_a_step_is_given_the_dense_network_and_its_parent():
    """Both through a pickle, as to another process; the dense step gets neither."""
    worker = Worker()
    run_images(ImageExperiment(**CHAIN), ratios=[0.25], call=worker)
    assert worker.done == [
        ((), None, None),
        ((0.1,), 0, (0, 0.0)),
        ((0.1, 0.2), 0, (1, 0.1)),
        ((0.1, 0.2, 0.3), 0, (2, 0.2)),
        ((0.1, 0.2, 0.25), 0, (2, 0.2)),
    ]


def test_an_outcome_holds_what_was_asked_for_in_order():
    """The ratios asked for, the experiment's own and the dense network, with the labels of the test images."""
    experiment = ImageExperiment(**CHAIN)
    found = run_images(experiment, ratios=[0.25, 0.1 * 2], call=Worker())
    assert [one.prune_ratio for one in found.networks] == [0.0, 0.2, 0.25, 0.3]
    assert found.pruned is found.networks[-1]
    assert np.array_equal(found.test_labels, shown(experiment.dataset).test.labels)
    assert (found.n_classes, found.experiment) == (8, experiment)


def test_an_outcome_can_be_had_of_what_there_is_so_far():
    """The dense network alone is one."""
    experiment = ImageExperiment(**CHAIN)
    task, kept = ImageTask(experiment.dataset), InMemory()

    def stop_after_the_first(part):
        if part and part.done:
            raise KeyboardInterrupt

    assert outcome(experiment, [], task, kept.get) is None
    with pytest.raises(KeyboardInterrupt):
        run_images(experiment, stop_after_the_first, kept=kept, call=Worker())
    found = outcome(experiment, [], task, kept.get)
    assert found.dense.level == 0
    assert not found.has(0.3)
    assert outcome(experiment, [], task, kept.get).dense is found.dense


def test_progress_is_told_the_number_of_the_step():
    """From 0, of all steps, with the words of the step, its beginning and its end; no news are None."""
    told = []
    run_images(ImageExperiment(**CHAIN), told.append, call=Worker())
    names = ["the dense network", *(f"the network pruned at {ratio}" for ratio in (0.1, 0.2, 0.3))]
    expected = []
    for number, name in enumerate(names):
        begin, news = (Progress(number, 4, f"{verb} {name}") for verb in ("Starting on", "Training"))
        expected += [begin, None, news, Progress(number + 1, 4, f"Trained {name}")]
    assert told == expected


def test_a_kept_network_is_announced_all_the_same():
    """A run that finds everything tells its steps, so that it can be stopped."""
    kept, told = InMemory(), []
    run_images(ImageExperiment(**CHAIN), kept=kept, call=Worker())
    run_images(ImageExperiment(**CHAIN), told.append, kept=kept, call=Worker())
    assert [part.done for part in told] == [0, 1, 1, 2, 2, 3, 3, 4]


def test_a_kept_network_is_not_trained_again():
    """The second run asks for nothing; another strategy asks for its own pruned network alone."""
    kept, worker = InMemory(), Worker()
    first = run_images(ImageExperiment(**CHAIN), kept=kept, call=worker)
    assert len(worker.done) == 4
    again = run_images(ImageExperiment(**CHAIN), kept=kept, call=worker)
    assert len(worker.done) == 4
    assert again.networks == first.networks
    run_images(ImageExperiment(strategy="one_shot", prune_ratio=0.3), kept=kept, call=worker)
    assert worker.done[4:] == [((0.3,), 0, (0, 0.0))]


def test_a_longer_chain_goes_on_from_a_shorter_one():
    """Only the levels that are not there yet are trained."""
    kept, worker = InMemory(), Worker()
    run_images(ImageExperiment(**CHAIN), kept=kept, call=worker)
    run_images(replace(ImageExperiment(**CHAIN), prune_ratio=0.5), kept=kept, call=worker)
    assert [levels[-1] for levels, _, _ in worker.done[4:]] == [0.4, 0.5]


def stop(part):
    """Break off the third step once it is under way."""
    if part and part.done == 2 and part.message.startswith("Training"):
        raise KeyboardInterrupt


def test_an_interrupted_run_is_resumed():
    """Stopped at its third step, it has kept two; the next run trains the other two alone."""
    kept, worker = InMemory(), Worker()

    with pytest.raises(KeyboardInterrupt):
        run_images(ImageExperiment(**CHAIN), stop, kept=kept, call=worker)
    assert len(worker.done) == 2
    resumed = run_images(ImageExperiment(**CHAIN), kept=kept, call=worker)
    assert [levels for levels, _, _ in worker.done] == [(), (0.1,), (0.1, 0.2), (0.1, 0.2, 0.3)]
    assert [one.prune_ratio for one in resumed.networks] == [0.0, 0.3]


def test_a_resumed_run_ends_on_the_same_bytes(differences):
    """Trained in earnest and through pickles: stopped after two networks and resumed, or never stopped."""
    experiment = ImageExperiment(**TINY, strategy="iterative_finetune", prune_ratio=0.3)
    whole, kept = run_images(experiment), Pickled()
    with pytest.raises(KeyboardInterrupt):
        run_images(experiment, stop, kept=kept)
    assert len(kept.networks()) == 2
    assert differences(run_images(experiment, kept=kept).networks, whole.networks) == []


class Pickled:
    """Keeps pickles, as a store does."""

    def __init__(self):
        self.pickles = {}

    def networks(self):
        return [key for key in self.pickles if isinstance(self.get(key), TrainedNetwork)]

    def get(self, key):
        return pickle.loads(self.pickles[key]) if key in self.pickles else None

    def fetch_all(self, keys, compute, waiting=None, alone=None):
        if missing := [key for key in keys if key not in self.pickles]:
            self.pickles |= {key: pickle.dumps(value) for key, value in compute(missing).items()}
        return {key: self.get(key) for key in keys}


@pytest.mark.parametrize("ratio", [1.0, -0.1, "half"])
def test_a_ratio_out_of_range_is_refused_before_anything_is_trained(ratio):
    """The sentence is that of an experiment with this ratio."""
    worker = Worker()
    with pytest.raises(ValueError, match=r"^prune_ratio is .*; it must be a number from 0 to 0\.99"):
        run_images(ImageExperiment(), ratios=[ratio], call=worker)
    assert worker.done == []


def test_a_worker_with_other_images_refuses():
    """The sentence names both fingerprints and says where the images come from."""
    here = ImageTask(ImageExperiment().dataset).fingerprint
    with pytest.raises(NoImages, match=rf"other Digits images .* \({here} and elsewhere\).*EXPLORER_DATA"):
        carry_out(order(), report=print)


def order(**changes):
    """An order of the dense digits network, by somebody who has other images, or other code."""
    (batch,) = planned([ImageExperiment(prune_ratio=0)], (), ImageTask(ImageExperiment().dataset))
    return Order(replace(batch, **{"fingerprint": "elsewhere", **changes}), {}, {})


def test_a_worker_with_other_code_refuses():
    """Before it trains anything; the sentence names both versions and says what to do."""
    (batch,) = planned([Experiment(prune_ratio=0)], (), task_of(Experiment()))
    assert batch.code == worker_code(batch.task)
    for function in (carry_out, answer):
        with pytest.raises(WrongWorker, match=rf"\({batch.code} and older\).* same checkout"):
            function(Order(replace(batch, code="older"), {}, {}), report=print)


def test_data_and_fresh_points_are_kept_by_the_code_that_draws_them(monkeypatch):
    """Of another version of that code they are other results, as networks are."""
    task, version = task_of(Experiment()), {}
    monkeypatch.setattr(plane_task, "code_version", lambda module: version.get(module, "first"))
    data, fresh = list(task.kept), task.fresh_key
    version["pruning.data.fresh_points"] = "second"
    assert (list(task.kept) == data, task.fresh_key == fresh) == (True, False)
    version["pruning.data.plane_tasks"] = "second"
    assert list(task.kept) != data


def test_planning_loads_nothing_heavy():
    """Neither PyTorch nor scikit-learn comes with the steps, their keys and their order."""
    code = (
        "import sys; from pruning import Experiment, RATIOS; from pruning.lottery.plan import plan, results;"
        "from pruning.data.task_of import task_of; one = Experiment(strategy='iterative'); task = task_of(one);"
        "plan([one], RATIOS, task), results(one, RATIOS, task);"
        "print(*({'torch', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
