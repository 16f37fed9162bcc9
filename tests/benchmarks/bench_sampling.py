"""MC dropout with 100 samples on the whole plane, against 100 plain forward passes of the module."""

from __future__ import annotations

import torch

from pruning.inspect.plane import SAMPLES, grid
from pruning.model.networks import mlp
from tests.benchmarks.timing import report, seconds
from uncertainty.sampling import mc_dropout

N = 100


def main() -> None:
    torch.set_num_threads(1)
    points = grid((-2.0, 3.0, -1.5, 2.0))
    for hidden in ((64, 64), (30,), (128, 128)):
        model = mlp(2, hidden, 2, 0.2)

        def plain(model: torch.nn.Module = model) -> torch.Tensor:
            model.train()
            with torch.inference_mode():
                return torch.stack([model(torch.from_numpy(points)).softmax(1) for _ in range(N)])

        slow, fast = seconds(plain, 3), seconds(lambda model=model: mc_dropout(model, points, N, 0))
        report(
            f"MC dropout, {N} samples of {len(points)} points, layers {hidden}",
            slow / fast,
            "at least 5",
            f"{1000 * slow:.0f} ms → {1000 * fast:.0f} ms",
        )
    assert SAMPLES[-1] >= N


if __name__ == "__main__":
    main()
