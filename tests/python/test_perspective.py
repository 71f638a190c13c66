"""`perspective` against Pillow 12's `Image.transform` and against whole numbers, with chance
drawn by the Philox of `drawn` and maps solved here in fractions."""

import re
from fractions import Fraction

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from drawn import corners_of, draws, fixed
from fuelrail import steps
from PIL import Image
from test_images import opened, photo, rows_of, stored
from test_trace import pixels_of, told  # noqa: F401

DEVICE = pytest.mark.parametrize("device", ["cpu", "cpu:scalar", "wgpu:software"])
PARTS = 4096


def solved(corners, size):
    """The eight coefficients of the map from these corners to those of the image, in fractions."""
    width, height = size
    ends = [(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)]
    lines = []
    for (x, y), (u, v) in zip(corners, ends, strict=True):
        lines.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        lines.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    lines = [[Fraction(number) for number in line] for line in lines]
    for at in range(8):
        pivot = next(row for row in range(at, 8) if lines[row][at])
        lines[at], lines[pivot] = lines[pivot], lines[at]
        lines[at] = [number / lines[at][at] for number in lines[at]]
        for row in range(8):
            if row != at and lines[row][at]:
                lines[row] = [a - lines[row][at] * b for a, b in zip(lines[row], lines[at], strict=True)]
    return [line[8] for line in lines]


def places(coefficients, corners, size):
    """Where each pixel is sampled, x, y and the depth, which is above 0 within the corners: in fractions scaled to
    whole numbers, and how many units are one."""
    a, b, c, d, e, f, g, h = coefficients
    lines = [[a, b, c], [d, e, f], [g, h, Fraction(1)]]
    unit = np.lcm.reduce([number.denominator for line in lines for number in line], dtype=object) * 2
    sign = 1 if g * corners[0][0] + h * corners[0][1] + 1 > 0 else -1
    width, height = size
    x, y = (2 * np.arange(n, dtype=object) + 1 for n in (width, height))

    def at(line):
        across, down, first = (int(number * unit) * sign for number in line)
        return (across * x[None, :] + down * y[:, None] + 2 * first) // 2

    return [at(line) for line in lines]


def expected_nearest(image, corners, fill):
    """By the exact map, and how far each place is from the nearest edge of a pixel, and how far it may be off."""
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    u, v, depth = places(solved(corners, image.size), corners, image.size)
    is_before = depth > 0
    safe = np.where(is_before, depth, 1)
    column, row = u // safe, v // safe
    inside = (is_before & (column >= 0) & (column < width) & (row >= 0) & (row < height)).astype(bool)
    out = np.empty_like(pixels)
    out[:] = fill
    out[inside] = pixels[row[inside].astype(int), column[inside].astype(int)]
    exact = [(number / safe).astype(float) for number in (u, v)]
    # The bound that kernels/src/warp/mod.rs states.
    largest = max(np.abs(number.astype(float)).max() for number in (u, v, depth))
    share = safe.astype(float) / (2 * largest)
    e = (width + height + 1) / 2 / 2**50
    bound = [2**-12 + abs(p) * 2**-23 + 1.001 * e * (1 + abs(p)) / share for p in exact]
    beside = [abs(p - np.round(p)) <= off for p, off in zip(exact, bound, strict=True)]
    # Next to the horizon a place may be before it or behind.
    return out, beside[0] | beside[1] | (share < 2**-30)


def expected_bilinear(image, corners, fill):
    """A model in binary64."""
    pixels = np.asarray(image).astype(float)
    height, width = pixels.shape[:2]
    u, v, depth = places(solved(corners, image.size), corners, image.size)
    safe = np.where(depth > 0, depth, 1)
    x, y = ((number / safe).astype(float) for number in (u, v))
    inside = (depth > 0).astype(bool) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = np.where(inside, x, 0) - 0.5, np.where(inside, y, 0) - 0.5
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    f, g = (x - left)[..., None], (y - top)[..., None]

    def at(rows, columns):
        return pixels[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]

    above = (1 - f) * at(top, left) + f * at(top, left + 1)
    below_ = (1 - f) * at(top + 1, left) + f * at(top + 1, left + 1)
    return np.where(inside[..., None], (1 - g) * above + g * below_, np.float64(fill)), inside


@pytest.fixture(scope="module")
def files():
    rng = np.random.default_rng(31)
    return [photo(rng, row) for row in range(60)]


@pytest.fixture(scope="module")
def photos(files, tmp_path_factory):
    return stored(files, tmp_path_factory.mktemp("perspective"))


def resized(file, size=(47, 33)):
    return opened(file).resize(size, Image.Resampling.BILINEAR)


BEFORE = [steps.decode("image", exif="ignore"), steps.resize("image", height=33, width=47)]


@DEVICE
@pytest.mark.parametrize("scale", [0.2, 0.5, 0.95])
def test_nearest_is_that_of_pillow(files, photos, scale, device):
    """All pixels are, but for those whose place lies within the stated distance of an edge."""
    keys = {"distortion_scale": scale, "probability": 0.8, "interpolation": "nearest", "fill": [9, 80, 250]}
    found = rows_of(photos, [*BEFORE, steps.perspective("image", **keys)], epoch=1, device=device)["image"]
    n_changed = n_other = 0
    for row, file in enumerate(files):
        image = resized(file)
        corners = corners_of(draws(5, 1, "perspective/0", row), image.size, scale, 0.8)
        if corners is None:
            np.testing.assert_array_equal(found[row], np.asarray(image))
            continue
        n_changed += 1
        exact, beside = expected_nearest(image, corners, keys["fill"])
        np.testing.assert_array_equal(found[row][~beside], exact[~beside], f"row {row}: {corners}")
        coefficients = [float(number) for number in solved(corners, image.size)]
        pillow = image.transform(image.size, Image.Transform.PERSPECTIVE, coefficients, fillcolor=(9, 80, 250))
        differs = (found[row] != np.asarray(pillow)).any(-1)
        # Pillow samples what is behind the horizon as well; there is none of it in convex corners.
        _, _, depth = places(solved(corners, image.size), corners, image.size)
        assert not (differs & ~beside & (depth > 0)).any(), f"row {row}: {corners}"
        # They are next to none.
        n_other += (found[row] != exact).any(-1).mean()
    assert n_changed > 35
    assert n_other / n_changed < 0.001


@DEVICE
def test_bilinear_is_within_a_level_of_a_model(files, photos, device):
    wanted = [*BEFORE, steps.perspective("image", probability=1, fill=100)]
    found = rows_of(photos, wanted, device=device)["image"]
    for row, file in enumerate(files):
        image = resized(file)
        corners = corners_of(draws(5, 0, "perspective/0", row), image.size, probability=1)
        model, inside = expected_bilinear(image, corners, [100] * 3)
        _, beside = expected_nearest(image, corners, 0)
        sure = inside | ~beside
        assert np.abs(found[row] - model)[sure].max() <= 0.75, f"row {row}: {corners}"
        assert (found[row] == np.round(model))[sure].mean() > 0.9
        coefficients = [float(number) for number in solved(corners, image.size)]
        pillow = image.transform(
            image.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR, fillcolor=(100,) * 3
        )
        # Pillow cuts fractions off.
        assert np.abs(found[row].astype(int) - np.asarray(pillow))[sure & ~beside].max() <= 1


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 1},
        {"batch_size": 64, "threads": 7, "prefetch": 7},
        {"threads": 0, "shuffle": "blocks"},
        {"device": "cpu:scalar", "shuffle": None},
        {"device": "wgpu:software", "batch_size": 7},
    ],
)
def test_what_is_drawn_depends_on_the_row_alone(photos, options):
    wanted = [
        steps.decode("image", exif="ignore"),
        steps.perspective("image", distortion_scale=0.3, probability=0.7),
        steps.random_resized_crop("image", height=32, width=40),
        steps.random_flip("image"),
        steps.perspective("image", distortion_scale=0.9, fill=[1, 2, 3]),
        steps.color_jitter("image", brightness=0.4, hue=0.1),
        steps.perspective("image", interpolation="nearest", stream="last"),
        steps.normalize("image", mean="imagenet"),
    ]
    found = rows_of(photos, wanted, epoch=2, **options)
    np.testing.assert_array_equal(found["image"], rows_of(photos, wanted, epoch=2)["image"])


@DEVICE
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (9, 1, 1), (2, 2, 3), (2, 3, 4), (3, 2, 2), (20, 17), (3, 30, 11)])
def test_small_images_and_other_layouts(shape, device, tmp_path):
    """Images with one row or column have no quadrilateral, and stay; planes are sampled as pixels are."""
    images = np.random.default_rng(3).integers(0, 256, (40, *shape), dtype=np.uint8)
    dataset = fr.Pipeline(pa.table({"image": fixed(images)})).shard(tmp_path / "shards", progress="never")
    step = steps.perspective("image", distortion_scale=1, probability=1, interpolation="nearest", fill=77)
    found = rows_of(dataset, [step], device=device)["image"]
    is_planes = len(shape) == 3 and shape[-1] > 4
    for row, image in enumerate(images):
        pixels = image.transpose(1, 2, 0) if is_planes else image
        height, width = pixels.shape[:2]
        corners = corners_of(draws(5, 0, "perspective/0", row), (width, height), 1, 1)
        if corners is None:
            np.testing.assert_array_equal(found[row], image)
            continue
        assert min(height, width) > 1
        got = found[row].transpose(1, 2, 0) if is_planes else found[row]

        class Pixels(np.ndarray):
            size = (width, height)

        expected, beside = expected_nearest(pixels.view(Pixels), corners, 77)
        np.testing.assert_array_equal(got[~beside], np.asarray(expected)[~beside])


def test_masks_boxes_and_points_follow(files, photos, tmp_path):
    """A mask holds the row's number of each pixel: it follows by the nearest. Boxes and points are those of the forward map."""
    rng = np.random.default_rng(5)
    height, width = 40, 50
    images = rng.integers(0, 256, (30, height, width, 3), dtype=np.uint8)
    masks = rng.integers(1, 200, (30, height, width), dtype=np.uint8)
    boxes = np.sort(rng.uniform(0, 40, (30, 3, 2, 2)), axis=2).reshape(30, 3, 4).astype(np.float32)
    points = rng.uniform(0, 39, (30, 4, 2)).astype(np.float32)
    table = pa.table({"image": fixed(images), "mask": fixed(masks), "boxes": fixed(boxes), "points": fixed(points)})
    dataset = fr.Pipeline(table).shard(tmp_path / "shards", progress="never")
    wanted = [
        steps.annotate("image", masks="mask", boxes="boxes", keypoints="points", mask_fill=255),
        steps.perspective("image", probability=0.8),
    ]
    for device in ("cpu", "wgpu:software"):
        found = rows_of(dataset, wanted, device=device)
        for row in range(30):
            corners = corners_of(draws(5, 0, "perspective/0", row), (width, height), probability=0.8)
            if corners is None:
                np.testing.assert_array_equal(found["mask"][row], masks[row])
                np.testing.assert_array_equal(found["points"][row], points[row])
                continue
            expected, beside = expected_nearest(Image.fromarray(masks[row]), corners, 255)
            np.testing.assert_array_equal(found["mask"][row][~beside], expected[~beside])
            ends = [(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)]
            a, b, c, d, e, f, g, h = map(float, solved_from(ends, corners))

            def forward(x, y, numbers=(a, b, c, d, e, f, g, h)):
                a, b, c, d, e, f, g, h = numbers
                return np.array([(a * x + b * y + c), (d * x + e * y + f)]) / (g * x + h * y + 1)

            for point, got, kept in zip(points[row], found["points"][row], found["points.kept"][row], strict=True):
                moved = forward(*map(float, point))
                np.testing.assert_allclose(got, moved, rtol=1e-6, atol=1e-4)
                assert kept == (0 <= got[0] < width and 0 <= got[1] < height)
            for box, got in zip(boxes[row].astype(float), found["boxes"][row], strict=True):
                x0, y0, x1, y1 = box
                moved = np.stack([forward(x, y) for x, y in [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]])
                around = [*moved.min(0), *moved.max(0)]
                np.testing.assert_allclose(got, np.clip(around, 0, [width, height] * 2), rtol=1e-6, atol=1e-4)


def solved_from(starts, ends):
    """The map from four points to four others."""
    lines = []
    for (x, y), (u, v) in zip(starts, ends, strict=True):
        lines.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        lines.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    return np.linalg.solve(np.array(lines, float), np.array(ends, float).reshape(-1))


def test_the_probability_is_that_of_rows(photos):
    before = rows_of(photos, BEFORE)["image"]
    for probability, name in ((0, None), (0.3, "tilt")):
        step = steps.perspective("image", probability=probability, stream=name)
        found = rows_of(photos, [*BEFORE, step])["image"]
        for row in range(len(found)):
            corners = corners_of(draws(5, 0, name or "perspective/0", row), (47, 33), probability=probability)
            assert (corners is None) == np.array_equal(found[row], before[row]), row


def test_explain_tells_where_the_corners_go(photos):
    wanted = [*BEFORE, steps.perspective("image", probability=0.5, fill=[1, 2, 3])]
    loader = fr.Loader(photos, batch_size=4, seed=5, steps=wanted)
    said = set()
    for row in range(12):
        corners = corners_of(draws(5, 0, "perspective/0", row), (47, 33))
        text = loader.explain(row=row, epoch=0)
        assert "perspective of corners moved by up to 0.5 of half a side in 50 % of rows, bilinear, outside [1, 2, 3]" in text
        words = "stays as it is" if corners is None else f"its corners go to {', '.join(map(str, corners))}"
        assert f"this row: {words}" in text
        said.add(corners is None)
    assert said == {True, False}


def test_trace_tells_where_the_corners_go(files, photos, told):
    """The picture behind the step is what the loader gives, too."""
    wanted = [*BEFORE, steps.perspective("image", interpolation="nearest")]
    found, said = rows_of(photos, wanted)["image"], set()
    for row in range(8):
        corners = corners_of(draws(5, 0, "perspective/0", row), (47, 33))
        story, out = told(photos, wanted, row)
        (effect,) = story["columns"][0]["steps"][2]["effects"]
        assert (effect["what"], effect["drawn"]) == ("projected", True)
        assert effect["corners"] == (corners and [list(corner) for corner in corners])
        np.testing.assert_array_equal(pixels_of(out, story, 3), found[row])
        said.add(corners is None)
    assert said == {True, False}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"distortion_scale": 1.5}, "expected distortion_scale to be from 0 to 1, got 1.5"),
        ({"distortion_scale": float("nan")}, "expected distortion_scale to be from 0 to 1, got NaN"),
        ({"distortion_scale": -0.1}, "expected distortion_scale to be from 0 to 1, got -0.1"),
        ({"probability": 2}, "expected probability to be from 0 to 1, got 2"),
        ({"fill": 256}, "expected fill to be one byte from 0 to 255, or one for each of 3 channels, got 256"),
        ({"fill": [1, 2]}, "expected fill to be one byte from 0 to 255, or one for each of 3 channels, got 1, 2"),
        ({"fill": 0.5}, "got 0.5"),
        ({"fill": float("inf")}, "got inf"),
        ({"interpolation": "bicubic"}, "bicubic"),
    ],
)
def test_wrong_keys_are_refused(photos, keys, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        fr.Loader(photos, batch_size=4, steps=[*BEFORE, steps.perspective("image", **keys)])


def test_sides_beyond_the_kernel_are_refused(photos):
    wanted = [BEFORE[0], steps.resize("image", height=65_536, width=1), steps.perspective("image")]
    with pytest.raises(ValueError, match="expected sides up to 65535 and less than 2 GiB, got 65536 x 1"):
        fr.Loader(photos, batch_size=4, steps=wanted)


def test_columns_of_one_step_have_one_size(tmp_path):
    table = pa.table({"a": fixed(np.zeros((3, 4, 5, 3), np.uint8)), "b": fixed(np.zeros((3, 5, 5, 3), np.uint8))})
    dataset = fr.Pipeline(table).shard(tmp_path / "shards", progress="never")
    with pytest.raises(ValueError, match="expected images of one size"):
        fr.Loader(dataset, batch_size=3, steps=[steps.perspective(["a", "b"])])
