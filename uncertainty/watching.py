"""A pass of a network, watched: its dropouts, its sizes, what it ends in, and whether chance has a say.

Modes of torch see every call in the thread that they are entered in, wherever in the network it is
made, so that the network itself stays untouched.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from uncertainty.dropout import Drop, drop_of
from uncertainty.refusal import Refused, whose

SQUASHING = {
    *("softmax", "special_softmax", "softmin", "gumbel_softmax"),
    *("sigmoid", "sigmoid_", "special_expit", "hardsigmoid", "logsigmoid"),
}
"""What makes probabilities of logits; not log_softmax, for softmax gives back its probabilities."""
SHAPING = {
    *("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "transpose", "permute", "contiguous"),
    *("clone", "detach", "float", "double", "half", "bfloat16", "to", "type", "clamp", "clip", "__getitem__"),
}


class Watching(TorchFunctionMode):
    """Sees a pass. Dropout lets everything through while it is watched."""

    def __init__(self, names: Mapping[int, str], on_drop: Callable[[Drop, Callable[[], str]], None]) -> None:
        super().__init__()
        self.largest = 1  # values in the largest result
        self.total = 1  # and in all of them
        self._names, self._on_drop = names, on_drop
        self._squashed: list[tuple[Tensor, str]] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        drop = drop_of(func, args, kwargs)
        if drop is not None:
            self._on_drop(drop, lambda: whose(self._names))
            return drop.values
        result = func(*args, **kwargs)
        if isinstance(result, Tensor):
            self.largest = max(self.largest, result.numel())
            self.total += 0 if result._is_view() else result.numel()
            self._trace(getattr(func, "__name__", ""), args, result)
        return result

    def squashed(self, values: Tensor, what: str) -> None:
        """These values are probabilities, which `what` made."""
        self._squashed.append((values, what))

    def ending(self, output: Tensor) -> str | None:
        """What made probabilities of the output, if something did."""
        return next((what for tensor, what in self._squashed if tensor is output), None)

    def _trace(self, name: str, args: Sequence[Any], result: Tensor) -> None:
        if name in SQUASHING:
            self.squashed(result, f"{name} in {whose(self._names)}")
        elif name in SHAPING and args and (what := self.ending(args[0])):
            self.squashed(result, what)


class NoChance(TorchDispatchMode):
    """Refuses every draw of random numbers; `training` says in which mode the pass is.

    Those of Python and NumPy are told by their generators, which belong to all threads: one that draws at
    the same time is taken for the network.
    """

    def __init__(self, names: Mapping[int, str], *, training: bool) -> None:
        super().__init__()
        self._names, self._training = names, training
        self._states: list[bytes] = []
        self._refused: Refused | None = None  # TorchScript, for one, makes another error of it

    def __enter__(self) -> Self:
        self._states = _states()
        return super().__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        super().__exit__(kind, error, trace)
        if self._refused is not None and error is not self._refused:
            raise self._refused from error
        if error is None and _states() != self._states:
            raise self._refusal(next(iter(self._names.values())), "random or numpy.random")

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded in func.tags and self._draws(func, args, kwargs):
            self._refused = self._refusal(whose(self._names), func.__name__.split(".")[0])
            raise self._refused
        return func(*args, **kwargs)

    def _refusal(self, where: str, what: str) -> Refused:
        if self._training:
            return Refused(
                f"{where} draws random numbers of its own in training ({what}), which MC dropout can neither "
                "give masks to nor tell from noise; write it with layers such as nn.Dropout, "
                "or switch it off (dropout=0, nn.Identity)"
            )
        return Refused(f"{where} draws random numbers in evaluation mode too ({what}), so no pass is like the other")

    def _draws(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
        names = [argument.name for argument in func._schema.arguments]
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        if "dropout_p" in names:  # attention
            return given.get("dropout_p", 0.0) > 0
        switches = [
            given.get(name, False) for name in names if name in ("training", "train")
        ]  # RReLU, recurrent nets
        return all(switches) and given.get("dropout", 1.0) > 0


def _states() -> list[bytes]:
    """Where the generators stand that Python and NumPy have for everybody."""
    return [pickle.dumps(random.getstate()), pickle.dumps(np.random.get_state())]  # noqa: NPY002
