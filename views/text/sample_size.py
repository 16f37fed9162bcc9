"""How many samples are enough, in words."""

from __future__ import annotations

from collections.abc import Mapping

from pruning.evaluation.sample_size import SampleBand
from uncertainty.options import Method, Source
from views.text import names
from views.text.names import listed

HEADER = "How many samples are enough?"
TITLES = {"accuracy": "Accuracy", "nll": "NLL, nats", "ece": "ECE"}
CAPTION = (
    "Grey is the dense network, violet the pruned one: a line is what the first samples give, its band where "
    "95\u00a0% of other draws of as many would lie, by how far blocks of the samples lie apart. The upright line is "
    "the number that is chosen."
)


def same(source: Source, dropout: float) -> str:
    """What is said where all samples are equal."""
    if source.method == Method.SINGLE_PASS:
        return "A single pass is one answer: it has no samples, and another one would give the same."
    if source.method == Method.MC_DROPOUT and dropout == 0:
        return "At dropout rate 0 all samples are equal: one is enough."
    return "These samples do not vary: one is enough."


def enough(bands: Mapping[str, Mapping[str, SampleBand]], source: Source, n_samples: int) -> str:
    """Half the band at the chosen number, of each network; bands: network → figure → band."""
    noun = names.samples_of(source.method, n_samples)
    said = [
        f"the {network} network's accuracy moves by {_size(found['accuracy'], n_samples)}, its NLL by "
        f"{_size(found['nll'], n_samples)} nats, its ECE by {_size(found['ece'], n_samples)}"
        for network, found in bands.items()
    ]
    return f"From one draw of {n_samples} {noun} to another: {listed(said)}."


def _size(band: SampleBand, n_samples: int) -> str:
    half = band.half(n_samples)
    return f"±{half:.4f}" if half >= 5e-5 else "less than 0.0001"
