"""Choices of a Laplace approximation: which weights have a posterior, and which of its covariances are kept."""

from __future__ import annotations

from uncertainty.options import Option


class Subnetwork(Option):
    """The weights that have a posterior; all others stay at their trained values."""

    LAST_LAYER = (
        "last_layer", "Last layer", "Weights and biases of the last linear layer: Kristiadi et al. 2020.",
    )  # fmt: skip
    SURVIVING = (
        "surviving", "Surviving weights",
        "All weights that pruning has left or, where these are too many, those that the data say most of.",
    )  # fmt: skip
    LEAST_CERTAIN = (
        "least_certain", "Least certain weights",
        "All weights that pruning has left or, where these are too many, of largest variance: Daxberger et al. 2021.",
    )  # fmt: skip


class Structure(Option):
    """The covariances between weights that are kept."""

    FULL = "full", "Full", "The covariance of every weight with every other."
    KRON = (
        "kron", "Kronecker-factored",
        "A covariance of a layer's inputs times one of its outputs: less memory, Ritter et al. 2018.",
    )  # fmt: skip
