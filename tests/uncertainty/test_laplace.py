"""Laplace's posterior: the right curvature, evidence and prior precision, and refusals that say what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd.functional import hessian

from tests.uncertainty.laplace_networks import examples, fitted, tanh_net, trained_on_moons
from uncertainty import laplace
from uncertainty.laplace import fit_laplace
from uncertainty.laplace_options import Structure, Subnetwork
from uncertainty.laplace_subnetwork import least_certain, most_certain, rooted

LAST = list(range(15, 33))  # of `tanh_net`
SOME = [0, 3, 7, 12, 20, 30]

# laplace-torch 0.3 with the BackPACK backend, prior precision 0.7: log marginal likelihood, trace and sum of the
# posterior covariance, some of its second row, and the probit predictive of the four inputs. Its Kronecker factors
# leave out the covariances of bias and weights, so that they are compared without a bias.
ORACLE = {
    "last layer": (
        {"weights": "last_layer"},
        (-54.98382512451284, 17.838677206313186, 25.714285714285722),
        (0.01106212116423923, 1.1079700995158712, 0.05028731199531615, 0.15508449644577746),
        [
            (0.042754889389136186, 0.07435874150912904, 0.8828863691017348),
            (0.0811988534437679, 0.07532994078073062, 0.8434712057755015),
            (0.03466712545121085, 0.09774321915507701, 0.8675896553937121),
            (0.4133579896115407, 0.47176971768680953, 0.11487229270164966),
        ],
    ),
    "kron": (
        {"weights": "last_layer", "structure": "kron", "bias": False},
        (-49.583334823901566, 13.63560777879452, 21.428571428571406),
        (-0.026780521297944806, 0.8185267699075501, -0.020364415557816845, 0.2569567101022379),
        [
            (0.07431591813308012, 0.05611767159993933, 0.8695664102669804),
            (0.14908873088355268, 0.054361145140150925, 0.7965501239762964),
            (0.05618921636005766, 0.0812591680901362, 0.8625516155498061),
            (0.6593968939638797, 0.2754790522437374, 0.06512405379238292),
        ],
    ),
    "all": (
        {"weights": "surviving"},
        (-63.071709874266794, 34.92316747708767, 38.30307147498066),
        (0.24607555049751442, 0.9052483617494608, -0.06966879291802769, -0.036187366020017445),
        [
            (0.08325118887271422, 0.07967035452599666, 0.8370784566012891),
            (0.08395894645902961, 0.078257451112802, 0.8377836024281684),
            (0.03733648155022885, 0.10602577995570005, 0.8566377384940711),
            (0.39704080515732376, 0.43398174017394725, 0.16897745466872902),
        ],
    ),
    "some": (
        {"weights": SOME},
        (-49.31113020387217, 3.811914935449258, 4.1448372218629554),
        (-0.04827968661196717, 0.26523063379011813, -0.23738873057911022, 0.038183670007682455),
        [
            (0.013500463844248068, 0.027751662446179968, 0.9587478737095718),
            (0.03018137835959612, 0.028761576863116957, 0.941057044777287),
            (0.0052494893665792014, 0.03187848563190527, 0.9628720250015155),
            (0.41248354501153295, 0.44767959396363055, 0.13983686102483647),
        ],
    ),
}
oracle = pytest.mark.parametrize(("options", "sums", "row", "probit"), ORACLE.values(), ids=list(ORACLE))


# Against others


@oracle
def test_posterior_and_evidence_are_those_of_laplace_torch(options, sums, row, probit):
    """The covariance, the log marginal likelihood and the probit predictive, to rounding."""
    found = fitted(**options, prior_precision=0.7)
    covariance = found.covariance()
    np.testing.assert_allclose(
        (found.log_marginal_likelihood, covariance.trace(), covariance.sum()), sums, rtol=1e-10
    )
    np.testing.assert_allclose(covariance[1, :4], row, rtol=1e-9)
    np.testing.assert_allclose(found.probit(examples()[2]), probit, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "precision", "evidence"),
    [
        ({"weights": "last_layer"}, 0.4834, -54.70352123961382),
        ({"weights": "last_layer", "structure": "kron", "bias": False}, 0.5369, -49.450033037907616),
    ],
)
def test_the_best_precision_is_that_of_laplace_torch(options, precision, evidence):
    """Its 5,000 steps of Adam over the evidence end where the root of MacKay's equation lies."""
    found = fitted(**options)
    assert found.prior_precision == pytest.approx(precision, abs=1e-4)
    assert found.log_marginal_likelihood == pytest.approx(evidence, abs=1e-9)


def test_the_curvature_of_a_linear_model_is_the_hessian():
    """For one linear layer the GGN is the Hessian of the negative log likelihood, which autograd computes."""
    inputs, labels, _ = examples()
    model = nn.Linear(2, 3).double()

    def loss(weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        logits = nn.functional.linear(torch.from_numpy(inputs), weight, bias)
        return nn.functional.cross_entropy(logits, torch.from_numpy(labels), reduction="sum")

    (ww, wb), (bw, bb) = hessian(loss, (model.weight.detach(), model.bias.detach()))
    rows = [torch.cat([ww.reshape(6, 6), wb.reshape(6, 3)], 1), torch.cat([bw.reshape(3, 6), bb.reshape(3, 3)], 1)]
    for weights in ("last_layer", "surviving"):
        found = fit_laplace(model, inputs, labels, weights, prior_precision=0.3)
        np.testing.assert_allclose(np.linalg.inv(found.covariance()), torch.cat(rows) + 0.3 * torch.eye(9), atol=1e-9)


def test_logistic_regression_by_hand():
    """One feature x = 2, no bias, p = ½: Λ = ¼ [[1, −1], [−1, 1]], H = [[1, −1], [−1, 1]] with eigenvalues 0, 2."""
    model = nn.Linear(1, 2, bias=False).double()
    nn.init.constant_(model.weight, 0.5)
    found = fit_laplace(model, np.array([[2.0]]), [1], prior_precision=2)
    # (H + 2I)⁻¹ = [[3, 1], [1, 3]] / 8; ln ½ − ½ (2 · 0.5 + ln(1 + 2/2)).
    np.testing.assert_allclose(found.covariance(), [[0.375, 0.125], [0.125, 0.375]], atol=1e-12)
    assert found.log_marginal_likelihood == pytest.approx(np.log(0.5) - (1 + np.log(2)) / 2)
    assert found.effective_weights == pytest.approx(0.5)
    # At x = 1 the variance of each logit is 0.375.
    np.testing.assert_allclose(found.logit_variances(np.array([[1.0]])), [[0.375, 0.375]], atol=1e-12)
    # The best λ is γ/‖θ‖² = (2/(2 + λ))/½: λ² + 2λ − 4 = 0.
    assert fit_laplace(model, np.array([[2.0]]), [1]).prior_precision == pytest.approx(5**0.5 - 1)


def test_rows_of_rooted_jacobians_sum_to_the_curvature():
    """RᵀR = diag(p) − ppᵀ, by the identity as Jacobian."""
    probs = torch.tensor([[0.2, 0.3, 0.5]], dtype=torch.float64)
    rows = rooted(torch.eye(3, dtype=torch.float64)[None], probs)
    np.testing.assert_allclose(rows.T @ rows, torch.diag(probs[0]) - probs.T @ probs, atol=1e-15)


# Forms that must agree


@pytest.mark.parametrize("bias", [True, False])
def test_one_training_example_has_a_kronecker_product_for_a_curvature(bias):
    """Full and Kronecker-factored are then the same posterior, with the same draws."""
    inputs, labels, asked = examples()
    full, kron = (fit_laplace(tanh_net(bias), inputs[:1], labels[:1], structure=structure) for structure in Structure)
    assert full.prior_precision == pytest.approx(kron.prior_precision)
    np.testing.assert_allclose(full.covariance(), kron.covariance(), atol=1e-10)
    np.testing.assert_allclose(full.draws(3, 0), kron.draws(3, 0), atol=1e-7)
    np.testing.assert_allclose(full.logit_variances(asked), kron.logit_variances(asked), atol=1e-10)


def test_the_last_layer_is_the_subnetwork_of_its_weights():
    """Chosen by their indices, the same weights have the same posterior, evidence, draws and predictive."""
    last, chosen = fitted(), fitted(LAST[::-1])
    np.testing.assert_array_equal(last.indices, LAST)
    np.testing.assert_array_equal(chosen.indices, LAST)
    asked = examples()[2]
    assert last.prior_precision == pytest.approx(chosen.prior_precision)
    assert last.log_marginal_likelihood == pytest.approx(chosen.log_marginal_likelihood)
    np.testing.assert_allclose(last.covariance(), chosen.covariance(), atol=1e-10)
    np.testing.assert_allclose(last.sample_logits(asked, 5, 1), chosen.sample_logits(asked, 5, 1), atol=1e-9)
    np.testing.assert_allclose(last.probit(asked), chosen.probit(asked), atol=1e-10)


def test_all_weights_are_taken_while_they_are_few():
    """Up to the limit every weight; beyond it as many as it says, and that is told."""
    whole, limited = fitted("surviving", limit=33), fitted("surviving", limit=32)
    assert (whole.n_weights, whole.is_limited) == (33, False)
    assert (limited.n_weights, limited.is_limited) == (32, True)


def test_where_weights_are_too_many_the_rule_decides_by_the_diagonal():
    """The largest curvature, or the smallest, which is the largest variance (Daxberger et al. 2021)."""
    precision = np.linalg.inv(fitted("surviving", prior_precision=1.0).covariance())
    rising = np.argsort(precision.diagonal())
    np.testing.assert_array_equal(fitted("surviving", limit=5).indices, np.sort(rising[-5:]))
    np.testing.assert_array_equal(fitted("least_certain", limit=5).indices, np.sort(rising[:5]))


def test_of_equal_weights_the_first_are_taken():
    """So that the choice is the same everywhere."""
    equal = torch.tensor([1.0, 0, 1, 0, 1, 0])
    assert most_certain(equal, 2).tolist() == [0, 2]
    assert least_certain(equal, 2).tolist() == [1, 3]


def test_blocks_change_nothing(monkeypatch):
    """Fitted in blocks of a few examples, the posterior is the same."""
    forms = ({"weights": "last_layer"}, {"weights": "surviving"}, {"structure": "kron"})
    whole = [fitted(**options).covariance() for options in forms]
    monkeypatch.setattr(laplace, "BLOCK_ELEMENTS", 30)
    monkeypatch.setattr("uncertainty.laplace_subnetwork.JACOBIAN_ELEMENTS", 1000)
    for options, covariance in zip(forms, whole, strict=True):
        np.testing.assert_allclose(fitted(**options).covariance(), covariance, rtol=1e-9, atol=1e-12)


def test_dead_weights_are_not_what_the_predictive_depends_on():
    """Under the weights of largest curvature it is nearer to that under all weights than under the least certain."""
    model, points, labels = trained_on_moons()
    asked = points[:50] * 2
    whole = fit_laplace(model, points, labels, "surviving")
    near, far = (
        fit_laplace(model, points, labels, rule, prior_precision=whole.prior_precision, limit=300).probit(asked)
        for rule in (Subnetwork.SURVIVING, Subnetwork.LEAST_CERTAIN)
    )
    exact = whole.probit(asked)
    assert np.abs(near - exact).mean() < 0.5 * np.abs(far - exact).mean()


# The prior precision


@pytest.mark.parametrize("options", [options for options, *_ in ORACLE.values()], ids=list(ORACLE))
def test_the_best_precision_has_more_evidence_than_its_neighbours(options):
    """And it is where as many weights are decided by the data as MacKay's equation says: λ‖θ‖² = γ."""
    found = fitted(**options)
    best = found.log_marginal_likelihood
    for factor in (0.5, 0.99, 1.01, 2):
        assert found.log_evidence(found.prior_precision * factor) < best
    assert found.prior_precision * found.squares == pytest.approx(found.effective_weights)


def test_covariance_shrinks_with_more_data():
    """Every variance is less with each example more, at the same prior; without any it would be the prior's."""
    inputs, labels, _ = examples()
    variances = [
        fit_laplace(tanh_net(), inputs[:n], labels[:n], prior_precision=0.5).covariance().diagonal()
        for n in (1, 5, 30)
    ]
    assert (variances[0] <= 2 + 1e-12).all()
    assert (variances[1] < variances[0]).all()
    assert (variances[2] < variances[1]).all()


def test_a_unit_that_is_constant_leaves_a_posterior():
    """Its feature is a second bias, or zero: the curvature is singular, and the prior makes up for it."""
    model = tanh_net()
    with torch.no_grad():
        model[0].weight[:2] = 0
        model[0].bias[:2] = torch.tensor([0.0, 1.0])
    inputs, labels, _ = examples()
    for structure in Structure:
        found = fit_laplace(model, inputs, labels, structure=structure)
        covariance = found.covariance()
        assert np.linalg.eigvalsh(covariance).min() > 0
        np.testing.assert_allclose(covariance[0, 0], 1 / found.prior_precision)  # of the feature that is zero


def test_the_model_may_go_on_being_trained():
    """It is copied, left in its mode, and its parameters go on needing gradients."""
    model, (inputs, labels, asked) = tanh_net().train(), examples()
    found = fit_laplace(model, inputs, labels, "surviving")
    before = found.sample_logits(asked, 3, 0)
    with torch.no_grad():
        model[0].weight.zero_()
    np.testing.assert_array_equal(found.sample_logits(asked, 3, 0), before)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


# Refusals


def changed(change):
    model = tanh_net()
    with torch.no_grad():
        change(model)
    return model


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (lambda: nn.Sequential(tanh_net(), nn.Tanh()), {}, "does not end in an nn.Linear"),
        (lambda: nn.Sequential(nn.Linear(2, 3).double(), nn.BatchNorm1d(3).double()), {}, "does not end in"),
        (lambda: nn.Sequential(tanh_net(), nn.Softmax(1)), {}, "probabilities"),
        (lambda: changed(lambda m: m[0].weight.fill_(float("nan"))), {}, "'0.weight' .* not finite"),
        (lambda: changed(lambda m: m[2].bias.fill_(float("inf"))), {}, "'2.bias' .* not finite"),
        (lambda: changed(lambda m: m[2].weight.fill_(1.7e308)), {}, "logits that are not finite for"),
        (lambda: changed(lambda m: (m[2].weight.zero_(), m[2].bias.zero_())), {}, "all zero.*give one"),
        (lambda: changed(lambda m: m[2].bias.add_(torch.tensor([0, 0, 1e5]))), {}, "curvature is zero.*give one"),
        (lambda: nn.Linear(4, 3), {}, "cannot take inputs"),
        (lambda: nn.Sequential(nn.BatchNorm1d(2, track_running_stats=False), nn.Linear(2, 3)), {}, "beside it"),
        (tanh_net, {"prior_precision": 0}, "prior_precision is 0; it must be a finite number above 0"),
        (tanh_net, {"prior_precision": -1.0}, "prior_precision is -1.0"),
        (tanh_net, {"prior_precision": float("nan")}, "prior_precision is nan"),
        (tanh_net, {"weights": "first_layer"}, "'first_layer' is unknown; choose one of: last_layer, surviving"),
        (tanh_net, {"structure": "diag"}, "'diag' is unknown; choose one of: full, kron"),
        (tanh_net, {"weights": "surviving", "structure": "kron"}, "structure is kron"),
        (tanh_net, {"weights": [0, 33]}, "weights has index 33; .* from 0 to 32"),
        (tanh_net, {"weights": [-1, 3]}, "different indices from 0 on.*from -1"),
        (tanh_net, {"weights": [3, 3]}, "1 of them different"),
        (tanh_net, {"weights": []}, "1 to 4096 whole numbers"),
        (tanh_net, {"weights": [0.5]}, "1 to 4096 whole numbers"),
        (tanh_net, {"limit": 0}, "limit is 0"),
        (tanh_net, {"limit": 5000}, "limit is 5000; .* 4096"),
        (lambda: nn.Linear(2, 1400), {}, "structure kron takes more"),
    ],
)
def test_what_cannot_be_served_is_refused_with_a_sentence(model, options, message):
    """The message names the value and what is legal."""
    inputs, labels, _ = examples()
    with pytest.raises(ValueError, match=message):
        fit_laplace(model(), inputs, labels, **options)


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (np.zeros((0, 2)), [], "inputs is empty"),
        (np.zeros((2, 2)), [0, 3], "labels must be whole numbers from 0 to 2; got 3"),
        (np.zeros((2, 2)), [0, -1], "got -1"),
        (np.zeros((2, 2)), [0, 0.5], "got 0.5"),
        (np.zeros((2, 2)), [0], r"labels has shape \(1,\); one for each of the 2 inputs"),
        (np.full((2, 2), np.nan), [0, 1], "logits that are not finite for 2 of 2 inputs"),
    ],
)
def test_examples_that_cannot_be_learned_from_are_refused(inputs, labels, message):
    """Empty inputs, labels out of range or too few, and inputs that are no numbers."""
    with pytest.raises(ValueError, match=message):
        fit_laplace(tanh_net(), inputs, labels)


def test_a_layer_that_is_called_twice_is_refused():
    """In its weights the logits are not linear; chosen as a subnetwork they are linearised."""
    layer = nn.Linear(2, 2).double()
    model, (inputs, labels, asked) = nn.Sequential(layer, nn.Tanh(), layer), examples()
    with pytest.raises(ValueError, match="called twice"):
        fit_laplace(model, inputs, labels % 2)
    assert fit_laplace(model, inputs, labels % 2, "surviving").probit(asked).shape == (4, 2)


class HeadFirst(nn.Module):
    """`tanh_net` with a forward of its own, the last layer first among its parameters."""

    def __init__(self) -> None:
        super().__init__()
        net = tanh_net()
        self.head, self.body = net[2], net[0]

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(values).tanh())


def test_the_last_layer_is_found_in_a_forward_of_its_own():
    """Whatever module makes the call, and wherever its weights stand among the parameters."""
    inputs, labels, asked = examples()
    found, same = fit_laplace(HeadFirst(), inputs, labels), fitted()
    np.testing.assert_array_equal(found.indices, range(18))
    assert found.log_marginal_likelihood == pytest.approx(same.log_marginal_likelihood)
    np.testing.assert_allclose(found.sample_logits(asked, 3, 0), same.sample_logits(asked, 3, 0), atol=1e-9)
