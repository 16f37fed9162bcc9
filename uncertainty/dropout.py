"""Dropout as masks: which calls of a network drop, and what the drawn masks make of their values.

A mask is drawn once for all inputs, so that a network under it is one function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from uncertainty.refusal import Refused, described
from uncertainty.unit_dropout import UnitDropout, kept_in_samples

ALPHA = 1.7580993408473766  # λα of SELU: AlphaDropout puts −λα in the place of what it drops


@dataclass(frozen=True)
class Kind:
    """What a dropout function decides upon, and what it puts in the place of what it drops."""

    features: bool  # whole feature maps, the second axis, instead of single values
    alpha: bool  # −λα, then scaled to the mean and variance of before (Klambauer et al. 2017), instead of 0


KINDS: dict[Callable[..., Tensor], Kind] = {
    functional.dropout: Kind(features=False, alpha=False),
    functional.dropout1d: Kind(features=True, alpha=False),
    functional.dropout2d: Kind(features=True, alpha=False),
    functional.dropout3d: Kind(features=True, alpha=False),
    functional.alpha_dropout: Kind(features=False, alpha=True),
    functional.feature_alpha_dropout: Kind(features=True, alpha=True),
}
"""torch's dropout functions, which its dropout layers call too."""
OF_LAYERS: dict[type[nn.Module], Callable[..., Tensor]] = {
    nn.Dropout: functional.dropout,
    UnitDropout: functional.dropout,
    nn.Dropout1d: functional.dropout1d,
    nn.Dropout2d: functional.dropout2d,
    nn.Dropout3d: functional.dropout3d,
    nn.AlphaDropout: functional.alpha_dropout,
    nn.FeatureAlphaDropout: functional.feature_alpha_dropout,
}
UNBATCHED = {functional.dropout1d: 2, functional.dropout3d: 4}
"""Axes with which a function takes the first one for channels, and not for inputs."""


@dataclass(frozen=True)
class Drop:
    """One call of a dropout function, as a pass of the network makes it."""

    function: Callable[..., Tensor]
    values: Tensor  # (N, …)
    p: float  # the probability of being dropped
    training: bool  # whether it is switched on
    inplace: bool
    there: np.ndarray | None = None  # of `UnitDropout`: (W,) the units of the whole layer that are left

    @property
    def kind(self) -> Kind:
        return KINDS[self.function]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a mask: of one input's values or, for whole feature maps, (channels, 1, …)."""
        _, *shape = self.values.shape
        return (shape[0], *[1] * (len(shape) - 1)) if self.kind.features else tuple(shape)


def drop_of(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Drop | None:
    """The call as a dropout, if it is one."""
    if function not in KINDS:
        return None
    given = inspect.signature(function).bind(*args, **kwargs)
    given.apply_defaults()
    values, p, training, inplace = given.arguments.values()
    return Drop(function, values, float(p), bool(training), bool(inplace))


def check_off(drop: Drop, where: Callable[[], str]) -> None:
    """Refuse a dropout that is not switched off in evaluation mode, and one without a probability."""
    if not 0 <= drop.p <= 1:
        raise Refused(f"{drop.function.__name__} in {where()} has p = {drop.p:g}; it must be from 0 to 1")
    if drop.training and drop.p > 0:
        raise Refused(
            f"{drop.function.__name__} in {where()} drops in evaluation mode too, so that no pass is like the other; "
            "pass it training=self.training, or use a layer such as nn.Dropout"
        )


def check_maskable(drop: Drop, n: int, where: Callable[[], str]) -> None:
    """Refuse a dropout whose values do not have the n inputs on their first axis: they cannot share a mask."""
    axes = drop.values.ndim
    if (
        axes < 2
        or len(drop.values) != n
        or axes == UNBATCHED.get(drop.function)
        or not drop.values.is_floating_point()
    ):
        raise Refused(
            f"{drop.function.__name__} in {where()} is given {described(drop.values)} for {n} inputs; for one mask "
            "that is held for all inputs they must be the first axis, with the features to drop behind it"
        )


@dataclass(frozen=True)
class Masks:
    """What S samples make of the values (N, …) at one dropout: values · factor + shift."""

    factor: Tensor  # (S, …) already scaled by 1/(1 − p)
    shift: Tensor | None  # (S, …) for AlphaDropout alone

    def of(self, values: Tensor, sample: int) -> Tensor:
        """The values (N, …) in one sample."""
        thinned = values * self.factor[sample]
        return thinned if self.shift is None else thinned + self.shift[sample]


def draw(drop: Drop, n_samples: int, seed: int, stream: tuple[int, ...]) -> Masks:
    """The masks of a dropout call, from a stream of its own: the first s do not depend on S."""
    rng = np.random.Generator(np.random.SFC64([seed, *stream]))
    drawn = torch.from_numpy(kept_in_samples(drop, drop.shape, n_samples, rng))
    kept = drawn.to(drop.values.device, drop.values.dtype)
    if drop.p >= 1:
        return Masks(torch.zeros_like(kept), None)
    if not drop.kind.alpha:
        return Masks(kept * (1 / (1 - drop.p)), None)
    scale = ((ALPHA**2 * drop.p + 1) * (1 - drop.p)) ** -0.5
    return Masks(kept * scale, ((kept - 1) + drop.p) * (ALPHA * scale))
