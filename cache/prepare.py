"""Train a grid of image experiments beforehand, so that a class finds them stored.

    python -m cache.prepare --task cifar10 --strategies one_shot iterative --seeds 0
    python -m cache.prepare --task digits --strategies one_shot --method ensemble last_layer --tempered both

It can be stopped and started again: what is finished is kept, in the store of the app.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import product
from threading import Event
from typing import Any

from tqdm import tqdm

from cache import runs, services
from cache.jobs import Cancelled
from cache.study import TEMPERED
from pruning import RATIOS, Architecture, ImageExperiment, ImageSet, Strategy
from pruning.data.image_task import ImageTask
from pruning.data.images import NoImages, folder
from pruning.lottery.members import members
from pruning.lottery.plan import plan
from pruning.lottery.progress import Progress
from uncertainty.options import MC_DROPOUT, Method, Source


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what the arguments ask for; 0 if all of it is stored in the end."""
    chosen = _parser().parse_args(arguments)
    task = ImageSet(chosen.task)  # type: ignore[call-arg]  # looking a member up
    networks = chosen.networks or [task.networks[0]]
    try:
        grid = [
            ImageExperiment(
                dataset=task, network=network, strategy=strategy, seed=seed, train_images=chosen.images,
                max_epochs=chosen.epochs,
            )
            for network, strategy, seed in product(networks, chosen.strategies, chosen.seeds)
        ]  # fmt: skip
    except ValueError as error:
        sys.exit(str(error))
    if task.sources:
        _fetch(task)
    sources = [Source(method, tempered) for method in chosen.method for tempered in TEMPERED[chosen.tempered]]
    try:
        return _train(grid, sources)
    except (NoImages, RuntimeError, ValueError) as error:  # what the environment asks for is not there
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    plain = ImageExperiment()
    parser = argparse.ArgumentParser(prog="python -m cache.prepare", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--task", choices=[each.value for each in ImageSet], default=ImageSet.CIFAR10.value)
    parser.add_argument(
        "--networks", nargs="+", choices=[each.value for each in Architecture], default=[], help="default: the page's"
    )
    parser.add_argument(
        "--strategies",
        nargs="+",
        choices=[each.value for each in Strategy],
        default=list(Strategy),
        help="default: all",
    )
    parser.add_argument(
        "--method",
        nargs="+",
        choices=[each.value for each in Method],
        default=[MC_DROPOUT.method.value],
        help="by which the networks are asked, too; an ensemble has nine more trained for each. Default: MC dropout",
    )
    parser.add_argument(
        "--tempered", choices=list(TEMPERED), default="no", help="whether by a temperature; default: no"
    )  # fmt: skip
    parser.add_argument("--seeds", nargs="+", type=int, default=[plain.seed])
    parser.add_argument("--images", type=int, default=plain.train_images, help="training images; 0 takes all")
    parser.add_argument("--epochs", type=int, default=plain.max_epochs)
    return parser


def _fetch(task: ImageSet) -> None:
    """Download and pack the images of a task where they are not there yet."""
    from pruning.data.download import DownloadError
    from pruning.data.image_download import fetch, packed

    if packed(folder(), task.sources):
        return
    with tqdm(unit="B", unit_scale=True) as bar:

        def show(fetching: Any) -> None:
            bar.set_description_str(f"{fetching.name}, {fetching.phase}")
            if transfer := fetching.transfer:
                bar.total, bar.n = transfer.total, transfer.done
            bar.refresh()

        try:
            fetch(folder(), show, names=task.sources)
        except DownloadError as error:
            sys.exit(str(error))


def _train(grid: Sequence[ImageExperiment], sources: Sequence[Source]) -> int:
    """Every network of the grid, those that several experiments share once, asked by every source."""
    work = list(product(grid, sources))
    batches = [
        batch for one, source in work for batch in plan(members(one, source.method), RATIOS, ImageTask(one.dataset))
    ]
    keys = {step.key for batch in batches for step in batch.steps}
    store = services.services().store
    done = {key for key in keys if store.get(key) is not None}
    print(f"{len(keys)} networks, {len(done)} of them stored already in {store.folder}")
    print(f"Asked by {', '.join(source.label for source in sources)}")
    stop, failed = Event(), 0
    with tqdm(total=len(keys), initial=len(done), unit="network") as bar:

        def run(experiment: ImageExperiment, source: Source) -> None:
            def report(progress: Progress | None = None, **_: Any) -> None:
                if stop.is_set():
                    raise Cancelled
                if progress is not None:
                    what = f"{experiment.strategy.label}, {source.label}: {progress.message}"
                    bar.set_description_str(what[:70], refresh=False)
                    bar.update(0)

            def finished(there: Collection[str]) -> None:
                if not done.issuperset(there):
                    done.update(there)
                    bar.n = len(done)
                    bar.refresh()

            runs.train(experiment, report, finished=finished, source=source)

        with ThreadPoolExecutor(services.workers().count) as pool:
            futures = {pool.submit(run, *each): each for each in work}
            try:
                for future in as_completed(futures):
                    if error := future.exception():
                        failed += 1
                        tqdm.write(f"{_name(*futures[future])}: {error}")
            except KeyboardInterrupt:
                stop.set()
                pool.shutdown(cancel_futures=True)
                tqdm.write("Stopped. What is finished is kept; the same command goes on from there.")
                return 130
    if store.note:
        print(store.note)
    return 1 if failed or store.note else 0


def _name(experiment: ImageExperiment, source: Source) -> str:
    by = "" if source == MC_DROPOUT else f", {source.label}"
    return f"{experiment.strategy.label}, {experiment.network.label}, seed {experiment.seed}{by}"


if __name__ == "__main__":
    sys.exit(main())
