"""The distributions of what is drawn for images: crops as torchvision's formula has them,
flips, colours, and that none of it has to do with another step, row, epoch or seed. All
seeds are fixed, so each test has one outcome."""

import itertools
import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from chance import are_counts, factors_of, flips_of, images, is_even, is_grey, is_share, loader_of, window_of, windows_alike
from drawn import draws, part_of
from fuelrail import steps

N_ROWS, N_EPOCHS = 80, 50
N = N_ROWS * N_EPOCHS
SEEDS = range(12)
# Of a few hundred probabilities the least is around one in a few hundred.
LEAST = 2e-4
LARGE = 4000, 3000
UPSIDE_DOWN, JITTERED, GREY = 0.25, 0.8, 0.2
BOUNDS = {"brightness": (0.6, 1.4), "contrast": (0.2, 1.8), "saturation": (0.0, 2.0), "hue": (-0.5, 0.5)}


def chain(**keys):
    return [
        steps.decode("image", exif="ignore"),
        steps.random_resized_crop("image", height=5, width=6, **keys),
        steps.random_flip("image", vertical=UPSIDE_DOWN),
        steps.color_jitter("image", probability=JITTERED, **{name: list(it) for name, it in BOUNDS.items()}),
        steps.random_grayscale("image", probability=GREY),
    ]


def stories(dataset, seed, wanted, n_epochs=N_EPOCHS):
    """What the loader says of each row, epoch by epoch."""
    loader = loader_of(dataset, wanted, seed)
    return [loader.explain(row=row, epoch=epoch) for epoch in range(n_epochs) for row in range(N_ROWS)]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return images(tmp_path_factory.mktemp("large") / "shards", LARGE, N_ROWS)


@pytest.fixture(scope="module")
def told(large):
    """Crops that always fit at the first try, flips and colours, for each seed."""
    return [stories(large, seed, chain(scale=[0.08, 0.5])) for seed in SEEDS]


def test_what_is_told_is_what_is_done(tmp_path):
    """Two opposite corners of an image say what was kept of it, and how that was mirrored; the chance is that of `drawn`."""
    width, height = 61, 47
    corners = pa.array([[0, 0, width, height]] * N_ROWS, pa.list_(pa.float64()))
    dataset = images(tmp_path / "shards", (width, height), N_ROWS, corners=corners)
    wanted = chain()
    wanted.insert(1, steps.annotate("image", keypoints="corners"))
    loader = loader_of(dataset, wanted, 3)
    for batch in itertools.chain(loader, loader):
        for row, ((x0, y0), (x1, y1)) in zip(batch.rows, batch["corners"].numpy().astype(np.float64).reshape(-1, 2, 2), strict=True):
            text = loader.explain(row=int(row), epoch=batch.epoch)
            flips = x1 < x0, y1 < y0
            (x0, x1), (y0, y1) = (sorted(it) for it in ((x0, x1), (y0, y1)))
            across, down = (x1 - x0) / width, (y1 - y0) / height
            # A mirrored point of a pixel is one pixel farther left than a mirrored edge.
            left, top = (x1 - 5 if flips[0] else -x0) / across, (y1 - 4 if flips[1] else -y0) / down
            assert flips == flips_of(text)
            np.testing.assert_allclose([top, left, 5 / down, 6 / across], window_of(text), atol=1e-4)
            box = part_of((width, height), draws(3, batch.epoch, "random_resized_crop/0", int(row)))
            assert window_of(text) == (box[1], box[0], box[3] - box[1], box[2] - box[0])
    assert loader.epoch == 2


def check(probabilities):
    """None is next to 0, and all of them are spread as probabilities of chance are."""
    assert min(probabilities) > LEAST, probabilities
    if len(probabilities) >= len(SEEDS):
        assert is_even(probabilities) > LEAST, probabilities


def evened(windows, rng, scale, ratio=(3 / 4, 4 / 3)):
    """Areas, shapes and places as parts of what they are drawn from; a whole number anywhere within its step."""
    top, left, rows, cols = np.array(windows, np.float64).T
    rough = [side + rng.uniform(-0.5, 0.5, len(side)) for side in (rows, cols)]
    area = (rough[0] * rough[1] / (LARGE[0] * LARGE[1]) - scale[0]) / (scale[1] - scale[0])
    shape = np.log(rough[1] / rough[0] / ratio[0]) / math.log(ratio[1] / ratio[0])
    return {
        "area": area.clip(0, 1),
        "shape": shape.clip(0, 1),
        "top": (top + rng.random(len(top))) / (LARGE[1] - rows + 1),
        "left": (left + rng.random(len(left))) / (LARGE[0] - cols + 1),
    }


@pytest.mark.parametrize("name", ["area", "shape", "top", "left"])
def test_areas_shapes_and_places_are_even(told, name):
    windows = ([window_of(text) for text in texts] for texts in told)
    check([is_even(evened(some, np.random.default_rng(seed), (0.08, 0.5))[name]) for seed, some in zip(SEEDS, windows, strict=True)])


def by_torchvision(rng, size, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    """torchvision's `RandomResizedCrop.get_params` with numpy's chance: top, left, height and width."""
    width, height = size
    for _ in range(10):
        target = width * height * rng.uniform(*scale)
        shape = math.exp(rng.uniform(*np.log(ratio)))
        cols, rows = round(math.sqrt(target * shape)), round(math.sqrt(target / shape))
        if 0 < cols <= width and 0 < rows <= height:
            return rng.integers(0, height - rows + 1), rng.integers(0, width - cols + 1), rows, cols
    if width / height < ratio[0]:
        cols, rows = width, round(width / ratio[0])
    elif width / height > ratio[1]:
        cols, rows = round(height * ratio[1]), height
    else:
        cols, rows = width, height
    return (height - rows) // 2, (width - cols) // 2, rows, cols


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        ((500, 375), {}),
        ((375, 500), {"scale": [0.5, 1.0], "ratio": [0.5, 2.0]}),
        ((64, 48), {}),
        # Few of its shapes fit, so that most come from a later try, or from none.
        ((900, 100), {"scale": [0.3, 1.0]}),
        ((31, 640), {"ratio": [1.0, 1.5]}),
    ],
)
def test_crops_are_alike_those_of_torchvision(size, keys, tmp_path):
    dataset = images(tmp_path / "shards", size, N_ROWS)
    ours = [window_of(text) for seed in SEEDS[:6] for text in stories(dataset, seed, chain(**keys)[:2])]
    rng = np.random.default_rng(11)
    alike = windows_alike(ours, [by_torchvision(rng, size, **keys) for _ in ours])
    assert min(alike.values()) > 0.01, alike


def test_flips_happen_as_often_as_they_are_asked_for(told):
    flips = np.array([[flips_of(text) for text in texts] for texts in told])
    for axis, probability in enumerate([0.5, UPSIDE_DOWN]):
        check([is_share(one[:, axis].sum(), N, probability) for one in flips])


def test_jitter_and_grey_happen_as_often_as_they_are_asked_for(told):
    check([is_share(sum(bool(factors_of(text)) for text in texts), N, JITTERED) for texts in told])
    check([is_share(sum(is_grey(text) for text in texts), N, GREY) for texts in told])


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_factors_are_even(told, name):
    low, high = BOUNDS[name]
    factors = [[it[name] for text in texts if (it := factors_of(text))] for texts in told]
    check([is_even((np.array(some) - low) / (high - low)) for some in factors])


def test_hues_are_even(told):
    """The whole part of 255 times a number from -1/2 to 1/2: 0 has two parts of 255, the outermost ones half of one."""
    places = np.arange(-127, 128)
    probabilities = np.where(places == 0, 2, np.where(np.abs(places) == 127, 0.5, 1)) / 255
    hues = [Counter(it["hue"] for text in texts if (it := factors_of(text))) for texts in told]
    check([are_counts([some[place] for place in places], probabilities) for some in hues])


def test_orders_of_colours_are_even(told):
    orders = list(itertools.permutations(BOUNDS))
    seen = [Counter(tuple(it) for text in texts if (it := factors_of(text))) for texts in told]
    check([are_counts([some[order] for order in orders], [1 / len(orders)] * len(orders)) for some in seen])


def numbers_of(texts, seed):
    """All that is drawn for each row, each with mean 0 and variance 1 and twice: as it is, and how far it is from its middle."""
    windows = evened([window_of(text) for text in texts], np.random.default_rng(seed), (0.08, 0.5))
    numbers = dict(windows)
    numbers["flip"], numbers["upside down"] = np.array([flips_of(text) for text in texts], np.float64).T
    numbers["grey"] = np.array([is_grey(text) for text in texts], np.float64)
    factors = [factors_of(text) for text in texts]
    numbers["jittered"] = np.array([bool(it) for it in factors], np.float64)
    for name, (low, high) in BOUNDS.items():
        middle = 0.0 if name == "hue" else (low + high) / 2
        numbers[name] = np.array([it.get(name, middle) for it in factors])
        numbers[f"place of {name}"] = np.array([list(it).index(name) if it else 1.5 for it in factors])
    away = {f"{name}, from its middle": np.abs(it - it.mean()) for name, it in numbers.items() if len(set(it)) > 2}
    numbers |= away
    return list(numbers), np.array([(it - it.mean()) / it.std() for it in numbers.values()])


def least_probable(correlations, names, n):
    """The least probability of all correlations of n pairs, for as many as there are, and whose it is."""
    at = np.unravel_index(np.abs(correlations).argmax(), correlations.shape)
    return tail_of_correlation(correlations[at], n) * correlations.size, correlations[at], [names[place] for place in at]


def tail_of_correlation(correlation, n):
    return math.erfc(abs(math.atanh(correlation)) * math.sqrt(n - 3) / math.sqrt(2))


@pytest.fixture(scope="module")
def numbers(told):
    """Names, and for each seed an array [names, epochs, rows]."""
    names, arrays = zip(*[numbers_of(texts, seed) for seed, texts in zip(SEEDS, told, strict=True)], strict=True)
    return names[0], np.array(arrays).reshape(len(SEEDS), len(names[0]), N_EPOCHS, N_ROWS)


# What is drawn together is not independent: the places of four colours in one order, and that nothing is
# drawn where nothing is jittered.
TOGETHER = {"jittered", *BOUNDS, *(f"place of {name}" for name in BOUNDS)}


def test_steps_have_nothing_to_do_with_one_another(numbers):
    names, arrays = numbers
    together = np.array([name.split(",")[0] in TOGETHER for name in names])
    own = np.array([[one.split(",")[0] == other.split(",")[0] for other in names] for one in names])
    apart = ~own & ~(together[:, None] & together)
    flat = arrays.transpose(1, 0, 2, 3).reshape(len(names), -1)
    correlations = np.where(apart, flat @ flat.T / flat.shape[1], 0)
    found = least_probable(correlations, names, flat.shape[1])
    assert found[0] > 0.01, found


@pytest.mark.parametrize("name", ["next row", "row after that", "next epoch", "next seed", "row and epoch changed round"])
def test_neighbours_have_nothing_to_do_with_one_another(numbers, name):
    """Nor do two numbers of neighbours."""
    names, arrays = numbers
    n = min(N_EPOCHS, N_ROWS)
    one, other = {
        "next row": (arrays[..., :-1], arrays[..., 1:]),
        "row after that": (arrays[..., :-2], arrays[..., 2:]),
        "next epoch": (arrays[..., :-1, :], arrays[..., 1:, :]),
        "next seed": (arrays[:-1], arrays[1:]),
        "row and epoch changed round": tuple(it[..., *np.triu_indices(n, 1)] for it in (arrays, arrays.swapaxes(2, 3)[:, :, :n])),
    }[name]
    flat = [np.moveaxis(it, 1, 0).reshape(len(names), -1) for it in (one, other)]
    n_pairs = flat[0].shape[1]
    found = least_probable(flat[0] @ flat[1].T / n_pairs, names, n_pairs)
    assert found[0] > 0.01, found
