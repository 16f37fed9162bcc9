"""Images: three splits that share nothing, the unknown ones apart, and files that may hold anything."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pruning import Architecture, ImageExperiment, ImageSet, run
from pruning.data.images import ROOT, NoImages, files, folder, shown, training

REAL = os.environ.get("EXPLORER_DATA")
N_TRAIN, N_TEST = 40, 12
FILES = files(ImageSet.CIFAR10)
CLASSES10 = [f"thing {number}" for number in range(10)]
CLASSES100 = [f"other thing {number}" for number in range(100)]


def described(images):
    """Every picture with its label as text, in a fixed order: two sets of pictures as values to compare."""
    return sorted((x.tobytes(), int(y)) for x, y in zip(images.pixels, images.labels, strict=True))


def sha(images):
    return images.pixels.tobytes() + images.labels.tobytes()


# ---- digits


def test_the_digits_are_split_60_15_25():
    """Of the 1,443 known digits 866 are for training, 216 for validation and 361 for testing; 354 are unknown."""
    here, learned = shown(ImageSet.DIGITS), training(ImageSet.DIGITS, 0, 0)
    assert [len(part) for part in (learned.train, learned.val, here.test, here.ood)] == [866, 216, 361, 354]


def test_the_splits_of_the_digits_are_scikit_learn_s_digits_each_once():
    """Put together they are all 1,797, so that none is in two of them, and every picture has its own label."""
    raw = load_digits()
    everything = sorted(
        ((image / 16 * 255).round().astype(np.uint8).tobytes(), int(label))
        for image, label in zip(raw.images, raw.target, strict=True)
    )
    here, learned = shown(ImageSet.DIGITS), training(ImageSet.DIGITS, 0, 0)
    known = [pair for part in (learned.train, learned.val, here.test) for pair in described(part)]
    unknown = [(picture, label + 8) for picture, label in described(here.ood)]
    assert sorted([*known, *unknown]) == everything


def test_eight_and_nine_are_never_learned_from():
    """Only 0 to 7 are trained on, validated on and tested on; 8 and 9 are all there is out of distribution."""
    here, learned = shown(ImageSet.DIGITS), training(ImageSet.DIGITS, 0, 0)
    for part in (learned.train, learned.val, here.test):
        assert set(part.labels) == set(range(8))
        assert part.classes == tuple("01234567")
    assert set(here.ood.labels) == {0, 1}
    assert here.ood.classes == ("8", "9")


def test_digits_are_pictures_like_any_other():
    """uint8 of shape (N, 8, 8, 1), black at 0 and the full ink, 16 of scikit-learn's, at 255; labels int64."""
    here, learned = shown(ImageSet.DIGITS), training(ImageSet.DIGITS, 0, 0)
    for part in (learned.train, learned.val, here.test, here.ood):
        assert part.pixels.shape == (len(part), *ImageSet.DIGITS.shape)
        assert (part.pixels.dtype, part.labels.dtype) == (np.uint8, np.int64)
        assert (part.pixels.min(), part.pixels.max()) == (0, 255)


def test_digits_need_no_files(monkeypatch, tmp_path):
    """They come with scikit-learn, whatever folder is named."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "nowhere"))
    assert len(shown(ImageSet.DIGITS).test) == 361
    assert len(training(ImageSet.DIGITS, 0, 0).train) == 866


def test_a_folder_in_the_home_of_nobody_is_named_and_the_usual_one_looked_into(monkeypatch, tmp_path):
    """The sentence names what was asked for, and where the images are looked for instead."""
    monkeypatch.setattr("pruning.data.images.ROOT", tmp_path)
    monkeypatch.setenv("EXPLORER_DATA", "~nobody-of-that-name/data")
    assert folder() == tmp_path / "data"
    told = rf"^EXPLORER_DATA is '~nobody-of-that-name/data', but .* no such user.* not in {tmp_path}/data yet"
    with pytest.raises(NoImages, match=told):
        shown(ImageSet.CIFAR10)


# ---- a part of the training images


def test_a_part_is_drawn_by_the_seed():
    """The same seed draws the same pictures, another seed others; the validation images stay all."""
    a, b, c = (training(ImageSet.DIGITS, 100, seed) for seed in (1, 1, 2))
    assert sha(a.train) == sha(b.train)
    assert sha(a.train) != sha(c.train)
    assert len(a.train) == len(c.train) == 100
    assert sha(a.val) == sha(c.val) == sha(training(ImageSet.DIGITS, 0, 0).val)


def test_a_part_is_of_the_training_images_each_at_most_once():
    """Nothing is drawn from another split or twice, and every picture keeps its label."""
    whole = described(training(ImageSet.DIGITS, 0, 0).train)
    for pair in described(training(ImageSet.DIGITS, 300, 0).train):
        whole.remove(pair)
    assert len(whole) == 866 - 300


def test_a_smaller_part_lies_within_a_larger_one():
    """Fewer images are the first of those that more would be."""
    few, more = (training(ImageSet.DIGITS, n, 0).train for n in (50, 200))
    assert np.array_equal(few.pixels, more.pixels[:50])
    assert np.array_equal(few.labels, more.labels[:50])


@pytest.mark.parametrize("n_images", [0, 866, 50_000])
def test_all_images_come_in_one_order(n_images):
    """0, all, and more than there are: the whole set, whatever the seed."""
    assert sha(training(ImageSet.DIGITS, n_images, 5).train) == sha(training(ImageSet.DIGITS, 0, 0).train)


# ---- CIFAR, from small packed files


def arrays(part_sizes, n_classes, names, seed):
    """Random pictures; the first pixel of each tells its label."""
    rng = np.random.default_rng(seed)
    made = {"classes": np.array(names)}
    for part, size in part_sizes.items():
        made[f"x_{part}"] = rng.integers(0, 256, (size, 32, 32, 3), dtype=np.uint8)
        made[f"y_{part}"] = rng.integers(0, n_classes, size)
        made[f"x_{part}"][:, 0, 0, 0] = made[f"y_{part}"]
    return made


def cifar10(seed=0):
    return arrays({"train": N_TRAIN, "test": N_TEST}, 10, CLASSES10, seed)


def cifar100(seed=1):
    return arrays({"test": N_TEST}, 100, CLASSES100, seed)


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """A folder with both files, which the environment names."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    np.savez(tmp_path / "cifar10.npz", **cifar10())
    np.savez(tmp_path / "cifar100.npz", **cifar100())
    return tmp_path


def test_a_tenth_of_cifar_s_training_images_are_for_validation(packed):
    """36 and 4 of 40, together all of them and none twice; the test images stay as they are."""
    learned, here, written = training(ImageSet.CIFAR10, 0, 0), shown(ImageSet.CIFAR10), cifar10()
    assert [len(part) for part in (learned.train, learned.val, here.test, here.ood)] == [36, 4, N_TEST, N_TEST]
    both = np.concatenate([learned.train.pixels, learned.val.pixels])
    assert sorted(x.tobytes() for x in both) == sorted(x.tobytes() for x in written["x_train"])
    assert np.array_equal(here.test.pixels, written["x_test"])
    assert np.array_equal(here.test.labels, written["y_test"])
    assert np.array_equal(here.ood.pixels, cifar100()["x_test"])


@pytest.mark.parametrize("n_images", [0, 7])
def test_pictures_keep_their_labels(packed, n_images):
    """Through split and draw every picture has the label that its first pixel tells, as int64."""
    learned, here = training(ImageSet.CIFAR10, n_images, 3), shown(ImageSet.CIFAR10)
    for part in (learned.train, learned.val, here.test, here.ood):
        assert np.array_equal(part.labels, part.pixels[:, 0, 0, 0])
        assert (part.pixels.dtype, part.labels.dtype) == (np.uint8, np.int64)


def test_the_validation_images_do_not_depend_on_the_seed(packed):
    """A seed draws from the training images alone."""
    a, b = (training(ImageSet.CIFAR10, 20, seed) for seed in (1, 2))
    assert sha(a.val) == sha(b.val)
    assert sha(a.train) != sha(b.train)


def test_classes_have_their_names(packed):
    """All ten and all hundred, whichever of them the pictures show."""
    here, learned = shown(ImageSet.CIFAR10), training(ImageSet.CIFAR10, 0, 0)
    assert here.test.classes == learned.train.classes == learned.val.classes == tuple(CLASSES10)
    assert here.ood.classes == tuple(CLASSES100)


def test_packed_files_may_be_compressed(packed):
    """What NumPy reads is read."""
    before = sha(shown(ImageSet.CIFAR10).test)
    np.savez_compressed(packed / "cifar10.npz", **cifar10())
    assert sha(shown(ImageSet.CIFAR10).test) == before


@pytest.mark.parametrize("named", [None, ""])
def test_the_folder_is_data_in_the_project_unless_named(monkeypatch, named):
    """Without the variable, or with an empty one, it is `data`; a ~ is the home folder."""
    monkeypatch.delenv("EXPLORER_DATA", raising=False)
    if named is not None:
        monkeypatch.setenv("EXPLORER_DATA", named)
    assert folder() == ROOT / "data"
    monkeypatch.setenv("EXPLORER_DATA", "~/pictures")
    assert folder() == Path.home() / "pictures"


# ---- files that changed


def test_files_are_read_once_while_they_stay_the_same(packed):
    """The second look is at the same arrays."""
    assert shown(ImageSet.CIFAR10) is shown(ImageSet.CIFAR10)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_noticed(packed, name):
    """Other pictures in either file are shown at once, and are other data by their fingerprint."""
    before = shown(ImageSet.CIFAR10)
    np.savez(packed / name, **(cifar10(seed=7) if name == "cifar10.npz" else cifar100(seed=7)))
    after = shown(ImageSet.CIFAR10)
    changed = [sha(a) != sha(b) for a, b in ((before.test, after.test), (before.ood, after.ood))]
    assert changed == [name == "cifar10.npz", name == "cifar100.npz"]
    assert after.fingerprint != before.fingerprint


def test_changed_labels_are_noticed(packed):
    """The same pictures by other names are other data: one label is enough."""
    before, labels = shown(ImageSet.CIFAR10), cifar10()["y_test"]
    labels[-1] = (labels[-1] + 1) % 10
    np.savez(packed / "cifar10.npz", **{**cifar10(), "y_test": labels})
    after = shown(ImageSet.CIFAR10)
    assert np.array_equal(after.test.pixels, before.test.pixels)
    assert after.fingerprint != before.fingerprint


def test_changed_training_images_are_noticed(packed):
    """A new file is read again for training too."""
    before = training(ImageSet.CIFAR10, 0, 0)
    np.savez(packed / "cifar10.npz", **cifar10(seed=7))
    assert sha(training(ImageSet.CIFAR10, 0, 0).train) != sha(before.train)


def test_more_training_images_are_other_data(packed):
    """The test images are the same, the fingerprint is not."""
    before = shown(ImageSet.CIFAR10)
    more = arrays({"train": N_TRAIN + 1}, 10, CLASSES10, 0)
    np.savez(packed / "cifar10.npz", **{**cifar10(), **more})
    after = shown(ImageSet.CIFAR10)
    assert sha(after.test) == sha(before.test)
    assert after.fingerprint != before.fingerprint


def test_a_copy_elsewhere_is_the_same_data(packed, monkeypatch, tmp_path):
    """Neither the folder nor the time of writing is part of the fingerprint."""
    before, copy = shown(ImageSet.CIFAR10).fingerprint, tmp_path / "copy"
    copy.mkdir()
    for name in FILES:
        shutil.copyfile(packed / name, copy / name)
        os.utime(copy / name, (1, 1))
    monkeypatch.setenv("EXPLORER_DATA", str(copy))
    assert shown(ImageSet.CIFAR10).fingerprint == before


# ---- files that cannot be used


@pytest.mark.parametrize("missing", [FILES, FILES[:1], FILES[1:]])
def test_missing_files_are_named_with_their_folder(packed, missing):
    """One missing file is as bad as two: the sentence names the folder, both files, and what needs none."""
    for name in missing:
        (packed / name).unlink()
    for ask in (lambda: shown(ImageSet.CIFAR10), lambda: training(ImageSet.CIFAR10, 0, 0)):
        with pytest.raises(NoImages) as error:
            ask()
        assert all(part in str(error.value) for part in (str(packed), *FILES, "Without any files: Digits"))


def packed_bytes(**changes):
    """The file as bytes, some of its arrays changed or, for None, left out."""
    file = io.BytesIO()
    np.savez_compressed(
        file, **{name: value for name, value in {**cifar10(), **changes}.items() if value is not None}
    )
    return file.getvalue()


def scribbled():
    """A file whose pictures are overwritten in the middle; pale ones, so that they are compressed at all."""
    pale = {name: cifar10()[name] // 128 for name in ("x_train", "x_test")}
    content = bytearray(packed_bytes(**pale))
    for name in (b"x_train.npy", b"x_test.npy"):
        start = content.index(name) + 200
        content[start : start + 40] = b"\xff" * 40
    return bytes(content)


def bare_array():
    file = io.BytesIO()
    np.save(file, cifar10()["x_test"])
    return file.getvalue()


DAMAGED = {
    "cut off": (lambda: packed_bytes()[:-3000], "cannot be read"),
    "empty": (lambda: b"", "cannot be read"),
    "text": (lambda: b"<html>Not found</html>", "cannot be read"),
    "scribbled over": (scribbled, "cannot be read"),
    "one bare array": (bare_array, "cannot be read"),
    "labels are objects": (
        lambda: packed_bytes(y_train=np.array([{}] * N_TRAIN), y_test=np.array([{}] * N_TEST)), "cannot be read",
    ),
    "classes are objects": (lambda: packed_bytes(classes=np.array(CLASSES10, object)), "cannot be read"),
    "one name for all classes": (lambda: packed_bytes(classes=np.array("thing")), "cannot be read"),
    "no classes": (lambda: packed_bytes(classes=None), "has no classes"),
    "no labels": (lambda: packed_bytes(y_train=None, y_test=None), r"has no y_\w+;"),
    "no images": (lambda: packed_bytes(x_train=None, x_test=None), r"has no x_\w+;"),
    "nothing in it": (
        lambda: packed_bytes(**dict.fromkeys(cifar10())), r"has no x_\w+, y_\w+, classes",
    ),
    "images as floats": (
        lambda: packed_bytes(x_train=cifar10()["x_train"] / 255, x_test=cifar10()["x_test"] / 255), "float64",
    ),
    "channels first": (
        lambda: packed_bytes(x_train=np.zeros((N_TRAIN, 3, 32, 32), np.uint8),
                             x_test=np.zeros((N_TEST, 3, 32, 32), np.uint8)),
        r"3, 32, 32\) \(uint8\).*must be \(N, 32, 32, 3\)",
    ),
    "flat images": (
        lambda: packed_bytes(x_train=np.zeros((N_TRAIN, 3072), np.uint8), x_test=np.zeros((N_TEST, 3072), np.uint8)),
        r"3072\)",
    ),
    "not a single image": (
        lambda: packed_bytes(x_train=np.zeros((0, 32, 32, 3), np.uint8), y_train=np.zeros(0, int),
                             x_test=np.zeros((0, 32, 32, 3), np.uint8), y_test=np.zeros(0, int)),
        r"\(0, 32, 32, 3\)",
    ),
    "fewer labels than images": (
        lambda: packed_bytes(y_train=np.zeros(N_TRAIN - 1, int), y_test=np.zeros(N_TEST - 1, int)), "class numbers",
    ),
    "a label too large": (
        lambda: packed_bytes(y_train=np.full(N_TRAIN, 10), y_test=np.full(N_TEST, 10)), "class numbers",
    ),
    "a label below zero": (
        lambda: packed_bytes(y_train=np.full(N_TRAIN, -1), y_test=np.full(N_TEST, -1)), "class numbers",
    ),
    "half a label": (
        lambda: packed_bytes(y_train=np.full(N_TRAIN, 0.5), y_test=np.full(N_TEST, 0.5)), "class numbers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_file_that_cannot_be_used_is_named(packed, kind):
    """One sentence for people names the file, says what is wrong with it and what to do, for either half."""
    content, wrong = DAMAGED[kind]
    path = packed / "cifar10.npz"
    path.write_bytes(content())
    for ask in (lambda: shown(ImageSet.CIFAR10), lambda: training(ImageSet.CIFAR10, 0, 0)):
        with pytest.raises(NoImages, match=wrong) as error:
            ask()
        assert str(error.value).startswith(f"{path} ")
        assert "Remove it" in str(error.value)


def test_the_other_file_is_checked_as_well(packed):
    """Pictures of CIFAR-100 that cannot be used are named by their own path."""
    np.savez(packed / "cifar100.npz", **{**cifar100(), "y_test": np.full(N_TEST, 100)})
    with pytest.raises(NoImages, match=r"cifar100\.npz holds"):
        shown(ImageSet.CIFAR10)


def test_a_repaired_file_is_used_at_once(packed):
    """A failure is not remembered."""
    content = (packed / "cifar10.npz").read_bytes()
    (packed / "cifar10.npz").write_bytes(content[:1000])
    with pytest.raises(NoImages):
        shown(ImageSet.CIFAR10)
    (packed / "cifar10.npz").write_bytes(content)
    assert len(shown(ImageSet.CIFAR10).test) == N_TEST


# ---- the real images, where they are


@pytest.fixture
def real(monkeypatch):
    if not REAL or not all((Path(REAL) / name).is_file() for name in FILES):
        pytest.skip("the packed CIFAR files are not here: EXPLORER_DATA must name their folder")
    monkeypatch.setenv("EXPLORER_DATA", REAL)


@pytest.mark.usefixtures("real")
def test_the_real_images_have_the_sizes_of_cifar_or_of_the_subset():
    """45,000 + 5,000 and 10,000 twice for all of CIFAR; 18,000 + 2,000 and 5,000 twice for the subset."""
    here, learned = shown(ImageSet.CIFAR10), training(ImageSet.CIFAR10, 0, 0)
    sizes = tuple(len(part) for part in (learned.train, learned.val, here.test, here.ood))
    assert sizes in {(45_000, 5_000, 10_000, 10_000), (18_000, 2_000, 5_000, 5_000)}
    assert here.test.classes[:4] == ("airplane", "automobile", "bird", "cat")
    assert len(here.ood.classes) == 100
    assert "man" in here.ood.classes
    assert set(learned.train.labels) == set(here.test.labels) == set(range(10))


@pytest.mark.usefixtures("real")
@pytest.mark.skipif(not os.environ.get("EXPLORER_SLOW_TESTS"), reason="takes a minute: set EXPLORER_SLOW_TESTS")
def test_lenet_learns_cifar():
    """Slow: the study's network reaches 63 % on test images, so that what is shown of it means something."""
    outcome = run(ImageExperiment(dataset=ImageSet.CIFAR10, network=Architecture.LENET, prune_ratio=0))
    assert (outcome.dense.test.logits.argmax(axis=1) == outcome.test_labels).mean() >= 0.63
