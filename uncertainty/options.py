"""Choices: each an enum member with the sentence that explains it. The scores an image may be judged by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Option(StrEnum):
    """A named choice. `label` is for people, `help` is one sentence for a tooltip."""

    label: str
    help: str

    def __new__(cls, value: str, label: str, help: str, *_: object) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.help = help
        return member

    @classmethod
    def _missing_(cls, value: object) -> None:
        legal = ", ".join(member.value for member in cls)
        raise ValueError(f"{cls.__name__.lower()} {value!r} is unknown; choose one of: {legal}")


class Entry(Option):
    """A choice of which another one may be added: whoever uses one names, in its keys, what the entry decides.

    So a new entry, or a changed one, discards no result of the others: see `pruning.code_version`.
    """


ENSEMBLE_MEMBERS = 10
"""Networks of a deep ensemble: the one that is asked, and as many more as differ from it in their seed alone."""


class Method(Option):
    """Where class probabilities come from. `noun`: what one of its samples is; `most`: how many there are at most."""

    noun: str
    most: int | None

    def __init__(self, value: str, label: str, help: str, noun: str, most: int | None) -> None:
        self.noun = noun
        self.most = most

    MC_DROPOUT = (
        "mc_dropout", "MC dropout", "The mean over passes with dropout on: Gal & Ghahramani 2016.",
        "MC-dropout sample", None,
    )  # fmt: skip
    SINGLE_PASS = "single_pass", "Single pass", "One pass of the network with dropout off.", "pass", 1
    ENSEMBLE = (
        "ensemble", "Deep ensemble",
        "The mean over networks that were initialised, trained and pruned alike from different seeds: "
        "Lakshminarayanan et al. 2017.", "ensemble member", ENSEMBLE_MEMBERS,
    )  # fmt: skip
    LAST_LAYER = (
        "last_layer", "Last-layer Laplace",
        "A Gaussian around the weights of the last layer, as wide as the training loss is flat there: "
        "Daxberger et al. 2021.",
        "Laplace draw", None,
    )  # fmt: skip
    SURVIVORS = (
        "survivors", "Laplace of the survivors",
        "A Gaussian around the weights that survived pruning or, of many, around those that the data say most of: "
        "Daxberger et al. 2021, over a subnetwork.", "Laplace draw", None,
    )  # fmt: skip

    @property
    def trainings(self) -> int:
        """How many networks are trained for one that is asked."""
        return ENSEMBLE_MEMBERS if self is Method.ENSEMBLE else 1

    def samples(self, wanted: int) -> int:
        """How many of so many samples there are.

        >>> Method.MC_DROPOUT.samples(50), Method.SINGLE_PASS.samples(50), Method.ENSEMBLE.samples(5)
        (50, 1, 5)
        """
        return wanted if self.most is None else min(wanted, self.most)


class DropoutLayers(Option):
    """Which dropout layers are active in MC dropout."""

    ALL = "all", "All layers", "Every dropout layer drops, as in training."
    LAST = (
        "last", "Last layer",
        "The last dropout layer alone drops, in the very samples in which it drops beside the others.",
    )  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where class probabilities come from: a method, with its logits divided by a temperature or as they are.

    Raises ValueError for a method or layers, which may be given by name, that there are not, and for a choice of
    layers where there is none.

    >>> Source("ensemble") == Source(Method.ENSEMBLE)
    True
    """

    method: Method = Method.MC_DROPOUT
    tempered: bool = False  # by what fits the validation examples best: Guo et al. 2017
    layers: DropoutLayers = DropoutLayers.ALL  # of MC dropout; other methods have no choice

    def __post_init__(self) -> None:
        object.__setattr__(self, "method", Method(self.method))  # type: ignore[call-arg]  # looking a member up
        object.__setattr__(self, "layers", DropoutLayers(self.layers))  # type: ignore[call-arg]
        if self.layers != DropoutLayers.ALL and self.method != Method.MC_DROPOUT:
            raise ValueError(f"layers is {self.layers.value!r} for {self.method.value}; only all are legal there")

    @property
    def label(self) -> str:
        only = ", last layer" if self.layers == DropoutLayers.LAST else ""
        return f"{self.method.label}{only}{', tempered' if self.tempered else ''}"


MC_DROPOUT = Source()
"""What every network is asked by as soon as it is trained."""


class Score(Option):
    """What an image is judged by; higher means more OOD. `sampled` ones come from a method's samples."""

    def __init__(self, value: str, label: str, help: str, sampled: bool) -> None:
        self.sampled = sampled

    MSP = "msp", "MSP", "1 − the largest class probability of the mean prediction. Higher is more OOD.", True
    ENTROPY = (
        "entropy", "Predictive entropy",
        "How evenly the mean prediction is spread over the classes, in nats. Higher is more OOD.", True,
    )  # fmt: skip
    INFORMATION = (
        "information", "Mutual information",
        "How much the samples disagree, in nats. Higher is more OOD.", True,
    )  # fmt: skip
    ENERGY = "energy", "Energy", "−ln Σ exp(logits) of a single pass without dropout. Higher is more OOD.", False
    MAX_LOGIT = (
        "max_logit", "Max logit", "−1 times the largest logit of a single pass without dropout. Higher is more OOD.",
        False,
    )  # fmt: skip
