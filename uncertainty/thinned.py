"""Thinned networks: the network itself, run once for each sample with the sample's masks in its dropouts.

This is the definition of a sample, for any network. What comes before the first dropout is the same
in every sample: it is computed for the first one, and its results are handed out again to the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from uncertainty.dropout import Drop, Masks, drop_of
from uncertainty.examined import Examined, checked_logits
from uncertainty.refusal import Refused


def thinned_logits(
    network: Examined, batch: Tensor, masks: Sequence[Masks | None], n_samples: int
) -> Iterator[Tensor]:
    """Logits (N, C) of one sample after the other; `masks` has an entry for each call of dropout."""
    prefix: _Prefix | None = None
    for sample in range(n_samples):
        prefix = prefix or _Prefix(batch.clone())
        thinned = _Thinned(prefix, masks, sample)
        with torch.no_grad(), thinned:
            output = network.model(prefix.batch)
        if thinned.seen != len(masks):
            raise Refused(_another_way(network.name))
        yield checked_logits(output, len(batch), network.name)
        if prefix.is_worn():
            prefix = None


class _Prefix:
    """The batch, and what each call before the first dropout came to. The first pass fills it."""

    def __init__(self, batch: Tensor) -> None:
        self.batch = batch
        self.calls: list[tuple[Callable[..., Any], Any]] = []
        self.versions: list[tuple[Tensor, int]] | None = None  # once it is full
        self.is_guarded = False

    def close(self) -> None:
        """From the first dropout on the results must stay as they are then. In-place work before it is in them."""
        results = [self.batch, *(result for _, result in self.calls)]
        tensors = [t for r in results for t in (r if isinstance(r, tuple | list) else [r]) if isinstance(t, Tensor)]
        self.versions = [(tensor, tensor._version) for tensor in tensors if not tensor.is_inference()]
        self.is_guarded = len(self.versions) == len(tensors)  # torch does not count what is done to inference tensors

    def is_worn(self) -> bool:
        """Whether something behind the first dropout has worked on the results in place."""
        if self.versions is None or not self.is_guarded:
            return True
        return any(tensor._version != version for tensor, version in self.versions)


class _Thinned(TorchFunctionMode):
    """Puts the masks of one sample where dropout is called, and before that hands out what the prefix has."""

    def __init__(self, prefix: _Prefix, masks: Sequence[Masks | None], sample: int) -> None:
        super().__init__()
        self._prefix, self._masks, self._sample = prefix, masks, sample
        self._ready = iter(prefix.calls if prefix.versions else ())
        self.seen = 0  # calls of dropout

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        drop = drop_of(func, args, kwargs)
        if drop is not None:
            return self._drop(drop)
        known = next(self._ready, None)
        if known is not None:
            if known[0] != func:  # not `is`: what reads an attribute is a new object every time
                raise Refused(_another_way("the network"))
            return known[1]
        result = func(*args, **kwargs)
        if self._prefix.versions is None:
            self._prefix.calls.append((func, result))
        return result

    def _drop(self, drop: Drop) -> Tensor:
        masks = self._masks[self.seen] if self.seen < len(self._masks) else None
        self.seen += 1
        if masks is None:
            return drop.values
        if self._prefix.versions is None:
            self._prefix.close()
        thinned = masks.of(drop.values, self._sample)
        return drop.values.copy_(thinned) if drop.inplace else thinned


def _another_way(name: str) -> str:
    return f"{name} calls other functions from one pass to the next, so that no sample is like the other"
