"""The scores an image may be judged by."""

from __future__ import annotations

from pruning.options import Option


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
