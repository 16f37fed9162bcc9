"""The network of an experiment as a PyTorch module, dense or physically without its removed units."""

from __future__ import annotations

from torch import nn

from pruning.experiment import Experiment, ImageExperiment, Recipe
from pruning.model.networks import cnn, mlp, with_weights
from pruning.model.pruned_dropout import smaller
from pruning.outcome import Network, TrainedNetwork


def empty(experiment: Recipe, n_classes: int) -> nn.Sequential:
    """The experiment's dense network before any weights are set."""
    if isinstance(experiment, ImageExperiment):
        return cnn(experiment.network, experiment.dataset.shape, n_classes, experiment.dropout)
    assert isinstance(experiment, Experiment)
    return mlp(2, experiment.hidden, n_classes, experiment.dropout)


def module(experiment: Recipe, network: TrainedNetwork, n_classes: int) -> nn.Sequential:
    """The network physically without its removed units, in evaluation mode.

    One on points takes (N, 2) numbers, one on images pixels as they are: (N, H, W, channels), 0 to 255.
    """
    dense = with_weights(empty(experiment, n_classes), network.weights)
    return smaller(dense, network.masks, network.dropout)


def modules(experiment: Recipe, network: Network, n_classes: int) -> list[nn.Sequential]:
    """The network as `module` gives it and, where it was asked in an ensemble, the other members."""
    return [module(experiment, each, n_classes) for each in (network, *network.others)]
