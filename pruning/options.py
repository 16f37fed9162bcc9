"""The choices an experiment offers: each an enum member, with the sentence that explains it.

Nothing heavy is imported here, so that a page can list the choices before PyTorch is loaded.
"""

from __future__ import annotations

from typing import Literal

from uncertainty.options import Entry, Option

MaskFrom = Literal["scores", "chance"]
StartFrom = Literal["trained", "rewound", "random"]


class Strategy(Option):
    """How a pruned network comes about from a dense one, as a recipe of four decisions.

    `mask_from`   which units go: the lowest `scores` of a trained network, or as many of each layer
                  by `chance`.
    `start_from`  the weights that the kept units start with: `trained` (as they were),
                  `rewound` (their values at the rewind epoch of the dense run) or `random` (new).
    `iterative`   whether the ratio is reached over several levels, training in between.
    `retrain`     whether anything is trained after pruning.

    A new strategy is a new member: the engine reads nothing but these four.
    """

    def __init__(
        self, value: str, label: str, help: str,
        mask_from: MaskFrom, start_from: StartFrom, iterative: bool, retrain: bool,
    ) -> None:  # fmt: skip
        self.mask_from = mask_from
        self.start_from = start_from
        self.iterative = iterative
        self.retrain = retrain

    ONE_SHOT = (
        "one_shot",
        "One-shot",
        "Prune the trained network once, then fine-tune what is left.",
        "scores", "trained", False, True,
    )  # fmt: skip
    ONE_SHOT_REWIND = (
        "one_shot_rewind",
        "One-shot, re-initialised",
        "Prune once, put the kept weights back to their early values, train again: a lottery ticket.",
        "scores", "rewound", False, True,
    )  # fmt: skip
    ONE_SHOT_RANDOM = (
        "one_shot_random",
        "One-shot, randomly re-initialised",
        "Prune once, draw new random weights for the kept units, train: is it the mask or the values?",
        "scores", "random", False, True,
    )  # fmt: skip
    ITERATIVE = (
        "iterative",
        "Iterative, re-initialised",
        "Prune a little, re-initialise, train, and repeat until the ratio is reached.",
        "scores", "rewound", True, True,
    )  # fmt: skip
    ITERATIVE_FINETUNE = (
        "iterative_finetune",
        "Iterative, fine-tuned",
        "Prune a little, train on without re-initialising, and repeat until the ratio is reached.",
        "scores", "trained", True, True,
    )  # fmt: skip
    PRUNE_ONLY = (
        "prune_only",
        "No retraining",
        "Prune the trained network and leave it as it is.",
        "scores", "trained", False, False,
    )  # fmt: skip
    RANDOM_MASK = (
        "random_mask",
        "Random tickets (control)",
        "Remove as many units of each layer by chance, re-initialise the rest, train: is it the size or the units?",
        "chance", "rewound", False, True,
    )  # fmt: skip


class Criterion(Option):
    """The importance score of a unit; a larger score is kept longer.

    `greedy` says that a layer is scored after the layers before it are pruned; else all are scored first.
    """

    def __init__(self, value: str, label: str, help: str, greedy: bool = False) -> None:
        self.greedy = greedy

    L1 = (
        "l1",
        "L1 of incoming weights",
        "Sum of the absolute incoming weights of a unit, in all layers before any is pruned: the independent form.",
    )
    L2 = ("l2", "L2 of incoming weights", "Euclidean length of a unit's incoming weights.")
    L1_GREEDY = (
        "l1_greedy",
        "L1, greedy (the study's)",
        "The same sum, of each layer after the layers before it are pruned: weights from removed units do not count.",
        True,
    )
    TAYLOR = (
        "taylor",
        "Taylor (gradient × activation)",
        "How much each example's loss would change, to first order, without the unit; ups and downs do not cancel.",
    )
    ACTIVATION = (
        "activation",
        "Mean activation",
        "How strongly the unit answers to the training data on average.",
    )
    RANDOM = (
        "random",
        "Random",
        "A score drawn by chance, the baseline; with One-shot, re-initialised it is Random tickets by another name.",
    )


class Scope(Option):
    """Where the lowest scores are looked for."""

    LAYER = ("layer", "Per layer", "Remove the same share of units from every hidden layer.")
    GLOBAL = (
        "global",
        "Global",
        "One threshold over all hidden layers, with the scores of each layer scaled to length one.",
    )


class DropoutRule(Option):
    """What becomes of the dropout rate where units are removed, in training after pruning and in MC dropout alike."""

    FIXED = ("fixed", "Fixed", "The same rate whatever is left: the narrower a layer, the more its noise weighs.")
    SCALED = (
        "scaled",
        "Scaled with what is left",
        "The rate of a layer times the share of its units that are left, as Han et al. 2015 do.",
    )


class Dataset(Option):
    """A two-dimensional classification task."""

    MOONS = ("moons", "Two moons", "Two interleaving half circles.")
    CIRCLES = ("circles", "Circles", "A small circle inside a large one.")
    XOR = ("xor", "XOR", "Four squares, coloured like a chessboard.")
    SPIRALS = ("spirals", "Spirals", "Two arms winding around each other: hard for small networks.")
    BLOBS = ("blobs", "Three blobs", "Three round clouds, three classes.")


class Architecture(Option):
    """A convolutional network: ReLU and 2 × 2 pooling after each convolution, dropout after each hidden layer.

    `channels` and `hidden` are its widths, `kernel` the side of its filters (`padding` keeps the
    size of the picture), `batch_norm` whether BatchNorm follows each convolution.
    """

    def __init__(
        self, value: str, label: str, help: str,
        channels: tuple[int, ...], hidden: tuple[int, ...], kernel: int, padding: int, batch_norm: bool,
    ) -> None:  # fmt: skip
        self.channels = channels
        self.hidden = hidden
        self.kernel = kernel
        self.padding = padding
        self.batch_norm = batch_norm

    SMALL = (
        "small", "Small CNN", "8 and 16 channels of 3 × 3, then 32 neurons: enough for digits.",
        (8, 16), (32,), 3, 1, False,
    )  # fmt: skip
    LENET = (
        "lenet", "LeNet",
        "The layers of the study, with dropout added: 6 and 16 channels of 5 × 5, then 120 and 84 neurons.",
        (6, 16), (120, 84), 5, 0, False,
    )  # fmt: skip
    WIDE = (
        "wide", "Wider CNN",
        "The layers of the study's first network: 32 and 64 channels of 3 × 3, then 128 neurons. Slower.",
        (32, 64), (128,), 3, 1, False,
    )  # fmt: skip
    WIDE_NORM = (
        "wide_norm", "Wider CNN, BatchNorm", "The wider CNN with BatchNorm, which is pruned along with its channels.",
        (32, 64), (128,), 3, 1, True,
    )  # fmt: skip


class ImageSet(Entry):
    """An image classification task, with the images it has never seen.

    `shape` is (H, W, channels) of a picture, `flip` whether its mirror image is of the same class,
    `batch_size` what suits the number of its images, `networks` those that fit, the usual one first, and
    `train_sizes` the numbers of training images that pages offer, 0 for all. `sources` names the packed files
    (see `image_download.SOURCES`) of what is learned and of what is never seen; without any the images are
    bundled. `confused` is an unknown class and the known one that it is worth comparing with, `confused_by`
    whose pair that is.
    """

    def __init__(
        self, value: str, label: str, help: str,
        shape: tuple[int, int, int], n_classes: int, flip: bool, batch_size: int,
        networks: tuple[Architecture, ...], train_sizes: tuple[int, ...],
        sources: tuple[str, ...], confused: tuple[str, str], confused_by: str = "usual",
    ) -> None:  # fmt: skip
        self.shape = shape
        self.n_classes = n_classes
        self.flip = flip
        self.batch_size = batch_size
        self.networks = networks
        self.train_sizes = train_sizes
        self.sources = sources
        self.confused = confused
        self.confused_by = confused_by

    DIGITS = (
        "digits",
        "Digits",
        "Handwritten 0 to 7 of 8 × 8 pixels, bundled with scikit-learn; 8 and 9 are out of distribution.",
        (8, 8, 1), 8, False, 32,
        (Architecture.SMALL, Architecture.WIDE, Architecture.WIDE_NORM), (100, 200, 400, 0),
        (), ("9", "3"),
    )  # fmt: skip
    CIFAR10 = (
        "cifar10",
        "CIFAR-10 → CIFAR-100",
        "Photographs of ten classes, 32 × 32 pixels; those of CIFAR-100 are out of distribution.",
        (32, 32, 3), 10, True, 128,
        (Architecture.LENET, Architecture.WIDE, Architecture.WIDE_NORM), (1000, 2000, 5000, 10_000, 20_000, 0),
        ("cifar10", "cifar100"), ("man", "deer"), "study's",
    )  # fmt: skip
    FASHION = (
        "fashion_mnist",
        "FashionMNIST → MNIST",
        "Clothes of ten kinds, 28 × 28 pixels; the handwritten digits of MNIST are out of distribution.",
        (28, 28, 1), 10, True, 128,
        (Architecture.SMALL, Architecture.LENET), (1000, 2000, 5000, 10_000, 20_000, 0),
        ("fashion_mnist", "mnist"), ("1", "Trouser"),
    )  # fmt: skip
    MNIST = (
        "mnist",
        "MNIST → FashionMNIST",
        "Handwritten digits of 28 × 28 pixels; the clothes of FashionMNIST are out of distribution.",
        (28, 28, 1), 10, False, 128,
        (Architecture.SMALL, Architecture.LENET), (1000, 2000, 5000, 10_000, 20_000, 0),
        ("mnist", "fashion_mnist"), ("Trouser", "1"),
    )  # fmt: skip


class Part(Option):
    """Examples that a network is asked about."""

    VALIDATION = ("validation", "Validation", "What the early stop is judged by.")
    TEST = ("test", "Test", "Examples of the task that decide nothing.")
    OOD = ("ood", "Out of distribution", "Inputs far from the data, or pictures of classes that were never learned.")
    FRESH = (
        "fresh",
        "Fresh points",
        "Points of a generated task that no network has seen, and the truth about them.",
    )


class PrunedLayers(Option):
    """Which layers lose units."""

    ALL = ("all", "All layers", "Channels of the convolutions, and neurons.")
    FULLY_CONNECTED = ("fully_connected", "Fully connected only", "Neurons alone, as in the study.")
