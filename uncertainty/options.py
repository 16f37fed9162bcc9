"""Choices: each an enum member with the sentence that explains it. The scores an image may be judged by."""

from __future__ import annotations

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


class Method(Option):
    """Where class probabilities come from."""

    SINGLE_PASS = ("single_pass", "Single pass", "One pass of the network with dropout off.")
    MC_DROPOUT = ("mc_dropout", "MC dropout", "The mean over passes with dropout on: Gal & Ghahramani 2016.")


class Score(Option):
    """What an image is judged by; higher means more OOD. `sampled` ones come from MC dropout."""

    def __init__(self, value: str, label: str, help: str, sampled: bool) -> None:
        self.sampled = sampled

    MSP = "msp", "MSP", "1 − the largest class probability of the mean prediction. Higher is more OOD.", True
    ENTROPY = (
        "entropy", "Predictive entropy",
        "How evenly the mean prediction is spread over the classes, in nats. Higher is more OOD.", True,
    )  # fmt: skip
    INFORMATION = (
        "information", "Mutual information",
        "How much the MC-dropout samples disagree, in nats. Higher is more OOD.", True,
    )  # fmt: skip
    ENERGY = "energy", "Energy", "−ln Σ exp(logits) of a single pass without dropout. Higher is more OOD.", False
    MAX_LOGIT = (
        "max_logit", "Max logit", "−1 times the largest logit of a single pass without dropout. Higher is more OOD.",
        False,
    )  # fmt: skip
