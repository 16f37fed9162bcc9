"""Draws out of Laplace's posterior: functions held for all inputs, around the trained network, uncertain far away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from tests.uncertainty.laplace_networks import examples, fitted, tanh_net, trained_on_moons
from uncertainty import laplace_predictive
from uncertainty.laplace import fit_laplace
from uncertainty.laplace_predictive import Laplace
from uncertainty.predictive import mutual_information
from uncertainty.randomness import Purpose, sampling_seed, stream
from uncertainty.sampling import mc_dropout, single_pass

FORMS = {
    "last layer": {},
    "kron": {"structure": "kron"},
    "all weights": {"weights": "surviving"},
    "some weights": {"weights": "surviving", "limit": 10},
}
every_form = pytest.mark.parametrize("options", FORMS.values(), ids=list(FORMS))


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@every_form
def test_draws_have_the_posterior_covariance(options):
    """20,000 of them: mean zero and the covariance, to within 5 standard errors."""
    found = fitted(**options)
    drawn, covariance = found.draws(20_000, 0), found.covariance()
    variances = covariance.diagonal()
    assert (np.abs(drawn.mean(axis=0)) < 5 * np.sqrt(variances / 20_000)).all()
    error = np.sqrt((np.outer(variances, variances) + covariance**2) / 20_000)
    assert (np.abs(np.cov(drawn.T) - covariance) < 5 * error).all()


@every_form
def test_the_mean_is_the_trained_network(options):
    """Samples average to its logits, within 5 standard errors, and have the variances that are told."""
    found, asked = fitted(**options), examples()[2]
    logits = found.sample_logits(asked, 4000, 0)
    error = logits.std(axis=0) / np.sqrt(4000)
    assert (np.abs(logits.mean(axis=0) - single_pass(tanh_net(), asked)) < 5 * error).all()
    np.testing.assert_allclose(logits.var(axis=0), found.logit_variances(asked), rtol=0.15)


@every_form
def test_samples_are_the_linearised_network(options):
    """f(x) + J(x) δ with Jacobians by differences, for the deviations that `draws` tells."""
    found, asked = fitted(**options), examples()[2]
    model, step = tanh_net(), 1e-6
    trained = nn.utils.parameters_to_vector(model.parameters()).detach()
    jacobian = []
    for index in found.indices:
        sides = []
        for sign in (1, -1):
            moved = trained.clone()
            moved[index] += sign * step
            nn.utils.vector_to_parameters(moved, model.parameters())
            sides.append(single_pass(model, asked))
        jacobian.append((sides[0] - sides[1]) / (2 * step))
    expected = single_pass(tanh_net(), asked) + np.einsum("sp,pnc->snc", found.draws(3, 7), np.array(jacobian))
    np.testing.assert_allclose(found.sample_logits(asked, 3, 7), expected, atol=1e-6)


def test_probit_names_the_class_of_the_single_pass():
    """Of two classes whose logits have one variance: shrunk alike they keep their order, and come nearer to ½."""
    model, points, labels = trained_on_moons()
    single = softmax(single_pass(model, points))
    found = fit_laplace(model, points, labels).probit(points)
    np.testing.assert_array_equal(found.argmax(axis=1), single.argmax(axis=1))
    assert (found.max(axis=1) < single.max(axis=1) + 1e-9).all()


@every_form
def test_a_smaller_sample_is_a_prefix_of_a_larger_one(options):
    """To the bit, over the sizes at which another chunk is begun."""
    found, asked = fitted(**options), examples()[2]
    larger = found.sample_logits(asked, 120, 3)
    for n_samples in (1, 49, 50, 51, 100):
        np.testing.assert_array_equal(found.sample_logits(asked, n_samples, 3), larger[:n_samples])
        np.testing.assert_array_equal(found.draws(n_samples, 3), found.draws(120, 3)[:n_samples])


@every_form
def test_a_sample_is_one_function_of_all_inputs(options, monkeypatch):
    """An input has the same logits alone and among others, in one block or in several."""
    found, asked = fitted(**options), examples()[2]
    together = found.sample_logits(asked, 3, 0)
    for i in range(len(asked)):
        np.testing.assert_allclose(found.sample_logits(asked[i : i + 1], 3, 0)[:, 0], together[:, i], atol=1e-9)
    probit = found.probit(asked)
    monkeypatch.setattr(laplace_predictive, "BLOCK_ELEMENTS", 1)
    np.testing.assert_allclose(found.sample_logits(asked, 3, 0), together, atol=1e-9)
    np.testing.assert_allclose(found.probit(asked), probit, atol=1e-12)


@pytest.mark.parametrize("weights", ["last_layer", "surviving"])
def test_a_prefix_is_one_in_single_precision_too(weights):
    """Where products of another size round differently."""
    model, points, labels = trained_on_moons()
    found = fit_laplace(model, points, labels, weights, prior_precision=1, limit=200)
    larger = found.sample_logits(points, 60, 0)
    for n_samples in (1, 7, 53):
        np.testing.assert_array_equal(found.sample_logits(points, n_samples, 0), larger[:n_samples])


def test_a_seed_decides_the_draws():
    """The same in another fit of the same data, and other ones for another seed."""
    np.testing.assert_array_equal(fitted().draws(2, 5), fitted().draws(2, 5))
    assert (fitted().draws(2, 5) != fitted().draws(2, 6)).all()


def test_the_noise_is_a_stream_of_the_samplers_seed_that_dropout_does_not_use():
    """Where the prior's precision is 1 and a weight has no curvature, its deviation is the noise itself."""
    model, (inputs, labels, _) = tanh_net(), examples()
    with torch.no_grad():
        model[0].weight[0], model[0].bias[0] = 0, 0  # a feature that is zero
    drawn = fit_laplace(model, inputs, labels, prior_precision=1).draws(3, sampling_seed(4))
    noise = stream(4, Purpose.MC_DROPOUT, 2**31).standard_normal((3, 18))
    np.testing.assert_allclose(drawn[:, [0, 5, 10]], noise[:, [0, 5, 10]], atol=1e-12)


@every_form
@pytest.mark.parametrize("temperature", [1, 2.5])
def test_predictions_are_the_means_of_the_samples(options, temperature):
    """For each number of samples, in the form that MC dropout has; all logits divided by the temperature."""
    found, asked, blocks = fitted(**options), examples()[2], []
    predictions = found.predict(asked, [1, 10, 60], 2, lambda: blocks.append(None), temperature)
    probs = softmax(found.sample_logits(asked, 60, 2) / temperature)
    for n_samples in (1, 10, 60):
        np.testing.assert_allclose(predictions.probs(n_samples), probs[:n_samples].mean(axis=0), atol=1e-6)
        information = mutual_information(probs[:n_samples])
        np.testing.assert_allclose(predictions.epistemic(n_samples), information, atol=1e-5)
    np.testing.assert_allclose(
        predictions.single_pass(), softmax(single_pass(tanh_net(), asked) / temperature), atol=1e-6
    )
    assert len(blocks) == 1


def circle(radius: float) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return (np.c_[np.cos(angles), np.sin(angles)] * radius + [0.5, 0.25]).astype(np.float32)


def test_far_from_the_data_the_draws_disagree_more_than_thinned_networks():
    """Mutual information rises with the distance under both posteriors, and by more than that of MC dropout."""
    model, points, labels = trained_on_moons()

    def information(found: Laplace) -> list[float]:
        inputs = [points, *map(circle, (2, 4, 16, 64))]
        return [float(mutual_information(softmax(found.sample_logits(x, 200, 0))).mean()) for x in inputs]

    last, whole = (information(fit_laplace(model, points, labels, rule)) for rule in ("last_layer", "surviving"))
    dropout = [float(mutual_information(mc_dropout(model, x, 200, 0)).mean()) for x in (points, circle(64))]
    assert (np.diff(last) > 0).all()
    assert (np.diff(whole) > 0).all()
    rise = dropout[-1] - dropout[0]
    assert last[-1] - last[0] > 2 * rise
    assert whole[-1] - whole[0] > 3 * rise
    assert whole[-1] > 4 * dropout[-1]


def test_single_precision_is_kept():
    """A model of float32 gives samples of float32, near those of float64."""
    inputs, labels, asked = examples()
    for weights in ("last_layer", "surviving"):
        exact = fit_laplace(tanh_net(), inputs, labels, weights, prior_precision=1).sample_logits(asked, 4, 0)
        found = fit_laplace(tanh_net(dtype=torch.float32), inputs, labels, weights, prior_precision=1)
        samples = found.sample_logits(asked, 4, 0)
        assert samples.dtype == np.float32
        np.testing.assert_allclose(samples, exact, atol=1e-3)


def picture_net(rng: np.random.Generator) -> nn.Sequential:
    model = nn.Sequential(
        *(nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.MaxPool2d(2), nn.ReLU(inplace=True), nn.Flatten()),
        *(nn.Linear(27, 6), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(6, 3)),
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(size=tuple(parameter.shape)) * 0.5))
    return model


@every_form
def test_pictures_and_batch_normalisation_are_served(options):
    """Convolutions, pooling, BatchNorm, dropout and layers that work in place; inputs are left as they were."""
    rng = np.random.default_rng(0)
    model, pictures, labels = picture_net(rng), rng.normal(size=(20, 1, 6, 6)).astype(np.float32), np.arange(20) % 3
    before = pictures.copy()
    found = fit_laplace(model, pictures, labels, **options)
    logits = found.sample_logits(pictures, 600, 0)
    error = logits.std(axis=0) / np.sqrt(600)
    assert (np.abs(logits.mean(axis=0) - single_pass(model, pictures)) < 5 * error + 1e-6).all()
    np.testing.assert_allclose(logits.var(axis=0), found.logit_variances(pictures), rtol=0.35)
    np.testing.assert_array_equal(pictures, before)


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (lambda found: found.sample_logits(np.zeros((2, 5)), 3, 0), ValueError, "cannot take inputs"),
        (lambda found: found.sample_logits(np.zeros((0, 2)), 3, 0), ValueError, "inputs is empty"),
        (lambda found: found.sample_logits(np.zeros((2, 2)), 0, 0), ValueError, "n_samples is 0"),
        (lambda found: found.draws(2, -1), ValueError, "seed is -1"),
        (lambda found: found.draws(2.5, 0), TypeError, "n_samples is 2.5"),
        (lambda found: found.predict(np.zeros((2, 2)), [3, 2], 0), ValueError, "rising"),
        (lambda found: found.log_evidence(0), ValueError, "prior_precision is 0"),
        (lambda found: found.probit("text"), TypeError, "inputs must be"),
    ],
)
def test_questions_that_make_no_sense_are_refused(asked, error, message):
    """With the value and what is legal."""
    with pytest.raises(error, match=message):
        asked(fitted())


def test_several_threads_draw_at_once():
    """Each gets what it would get alone, though torch differentiates forward at one place for all of them."""
    found, (asked, *_) = fitted(weights="surviving"), examples()
    alone = found.sample_logits(asked, 20, 0)

    def draw(_: int) -> bool:
        return all(np.array_equal(found.sample_logits(asked, 20, 0), alone) for _ in range(20))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(draw, range(4)))
