"""Colours of images, against Pillow 12's `ImageEnhance` and what torchvision does with it,
with chance drawn by the Philox of `drawn`."""

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from drawn import below, draws, fixed
from fuelrail import steps
from PIL import Image, ImageEnhance
from test_images import encoded, opened, photo, piped, rows_of, stored

DEVICE = pytest.mark.parametrize("device", ["cpu", "cpu:scalar", "wgpu:software"])
BOUNDS = {"brightness": (0.2, 1.8), "contrast": (0.5, 2.5), "saturation": (0.0, 3.0), "hue": (-0.5, 0.5)}


def hue_moved(image, factor):
    """torchvision's `adjust_hue` for Pillow's images."""
    hue, saturation, value = image.convert("HSV").split()
    moved = np.array(hue, dtype=np.uint8) + np.array(factor * 255).astype(np.int32).astype(np.uint8)
    return Image.merge("HSV", (Image.fromarray(moved), saturation, value)).convert("RGB")


ADJUSTED = {
    "brightness": lambda image, factor: ImageEnhance.Brightness(image).enhance(factor),
    "contrast": lambda image, factor: ImageEnhance.Contrast(image).enhance(factor),
    "saturation": lambda image, factor: ImageEnhance.Color(image).enhance(factor),
    "hue": hue_moved,
}


def drawn(draw, bounds, probability=1.0):
    """The adjustments that docs/images.md says are drawn, in order."""
    if next(draw) >= round(probability * 2**32):
        return []
    order = list(ADJUSTED)
    for last in (3, 2, 1):
        other = below(draw, last + 1)
        order[last], order[other] = order[other], order[last]
    words = {name: next(draw) for name in ADJUSTED}
    within = {name: low + words[name] / 2**32 * (high - low) for name, (low, high) in bounds.items()}
    return [(name, within[name]) for name in order if name in bounds]


def jittered(image, adjustments):
    for name, factor in adjustments:
        image = ADJUSTED[name](image, factor)
    return np.asarray(image)


@pytest.fixture(scope="module")
def files():
    rng = np.random.default_rng(29)
    return [photo(rng, row) for row in range(60)]


@pytest.fixture(scope="module")
def photos(files, tmp_path_factory):
    return stored(files, tmp_path_factory.mktemp("colours"))


def resized(file, mode="RGB"):
    return opened(file, mode=mode).resize((33, 21), Image.Resampling.BILINEAR)


BEFORE = [steps.decode("image", exif="ignore"), steps.resize("image", height=21, width=33)]


@DEVICE
@pytest.mark.parametrize("names", [[name] for name in BOUNDS] + [["contrast", "hue"], list(BOUNDS)])
def test_jitter_is_that_of_torchvision_on_pillow(files, photos, names, device):
    bounds = {name: BOUNDS[name] for name in names}
    wanted = [*BEFORE, steps.color_jitter("image", **{name: list(it) for name, it in bounds.items()})]
    for epoch in (0, 3):
        found = rows_of(photos, wanted, epoch=epoch, device=device)["image"]
        for row, file in enumerate(files):
            adjustments = drawn(draws(5, epoch, "color_jitter/0", row), bounds)
            expected = jittered(resized(file), adjustments)
            np.testing.assert_array_equal(found[row], expected, f"row {row}: {adjustments}")


def test_every_colour_has_its_hue_moved_as_pillow_does(tmp_path):
    """A sixteenth of all colours, through the whole circle."""
    red, green, blue = np.meshgrid(np.arange(256), np.arange(256), np.arange(0, 256, 16), indexing="ij")
    image = np.stack([red, green, (blue + red + green) % 256], -1).astype(np.uint8).reshape(1024, 1024, 3)
    images = np.repeat(image[None], 24, axis=0)
    dataset = fr.Pipeline(pa.table({"image": fixed(images)})).shard(tmp_path, progress="never")
    found = rows_of(dataset, [steps.color_jitter("image", hue=0.5)], batch_size=4)["image"]
    for row in range(len(images)):
        expected = jittered(Image.fromarray(image), drawn(draws(5, 0, "color_jitter/0", row), {"hue": (-0.5, 0.5)}))
        np.testing.assert_array_equal(found[row], expected)


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
    """Two jitters, the second one rarely, grey by chance, mirrored between them."""
    wanted = [
        *BEFORE,
        steps.color_jitter("image", brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1, probability=0.8),
        steps.random_flip("image"),
        steps.random_grayscale("image", probability=0.5),
        steps.color_jitter("image", contrast=1, probability=0.25),
        steps.normalize("image", mean="imagenet"),
    ]
    found = rows_of(photos, wanted, epoch=2, **options)
    np.testing.assert_array_equal(found["image"], rows_of(photos, wanted, epoch=2)["image"])


def test_a_number_is_bounds_around_one(photos):
    of_number = steps.color_jitter("image", brightness=0.4, contrast=3, hue=0.25)
    of_bounds = steps.color_jitter("image", brightness=[0.6, 1.4], contrast=[0, 4], hue=[-0.25, 0.25])
    found = [rows_of(photos, [*BEFORE, step])["image"] for step in (of_number, of_bounds)]
    np.testing.assert_array_equal(*found)


def test_the_probability_is_that_of_rows(files, photos):
    wanted = [*BEFORE, steps.color_jitter("image", brightness=0.9, probability=0.3, stream="tint")]
    found = rows_of(photos, wanted)["image"]
    for row, file in enumerate(files):
        adjustments = drawn(draws(5, 0, "tint", row), {"brightness": (1 - 0.9, 1.9)}, 0.3)
        np.testing.assert_array_equal(found[row], jittered(resized(file), adjustments))


@DEVICE
def test_grey_is_that_of_pillow(files, photos, device):
    all_channels = rows_of(photos, [*BEFORE, steps.grayscale("image")], device=device)["image"]
    one = rows_of(photos, [*BEFORE, steps.grayscale("image", channels=1)], device=device)["image"]
    flipped = [*BEFORE, steps.grayscale("image", channels=1), steps.pad("image", sides=[2, 2, 2, 2], fill=7)]
    padded = rows_of(photos, flipped, device=device)["image"]
    for row, file in enumerate(files):
        expected = np.asarray(resized(file).convert("L"))[..., None]
        np.testing.assert_array_equal(one[row], expected)
        np.testing.assert_array_equal(all_channels[row], expected.repeat(3, -1))
        np.testing.assert_array_equal(padded[row], np.pad(expected, ((2, 2), (2, 2), (0, 0)), constant_values=7))


def test_one_channel_before_a_resize_is_one_channel(files, photos):
    """What is cut out of each image next does not bring the others back."""
    wanted = [
        steps.decode("image", exif="ignore"),
        steps.grayscale("image", channels=1),
        steps.resize("image", height=21, width=33),
        steps.center_crop("image", height=20, width=20),
    ]
    found = rows_of(photos, wanted)["image"]
    for row, file in enumerate(files):
        grey = opened(file).convert("L").resize((33, 21), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(found[row][..., 0], np.asarray(grey)[0:20, 6:26])


@DEVICE
def test_grey_images_and_transparent_ones(files, photos, device):
    wanted = {"brightness": [0.3, 1.7], "contrast": [0.4, 1.9], "saturation": [0, 2]}
    bounds = {name: tuple(it) for name, it in wanted.items()}
    for mode, pillow in (("grey", "L"), ("rgba", "RGBA")):
        before = [steps.decode("image", mode=mode, exif="ignore"), *BEFORE[1:]]
        # With one channel a saturation is nothing.
        used = {name: it for name, it in bounds.items() if mode != "grey" or name != "saturation"}
        found = rows_of(photos, [*before, steps.color_jitter("image", **wanted)], device=device)["image"]
        for row, file in enumerate(files):
            adjustments = [it for it in drawn(draws(5, 0, "color_jitter/0", row), bounds) if it[0] in used]
            image = opened(file, mode=pillow)
            image = Image.merge(pillow, [it.resize((33, 21), Image.Resampling.BILINEAR) for it in image.split()])
            expected = jittered(image, adjustments).reshape(found[row].shape)
            np.testing.assert_array_equal(found[row], expected, f"row {row} {mode}: {adjustments}")


@DEVICE
@pytest.mark.parametrize("layout", ["hwc", "chw"])
def test_stored_images_are_adjusted_too(layout, device, tmp_path):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (40, 3, 11, 17), dtype=np.uint8)
    stored_as = images if layout == "chw" else np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    dataset = fr.Pipeline(pa.table({"image": fixed(stored_as)})).shard(tmp_path, progress="never")
    bounds = {"contrast": (0.5, 1.5), "hue": (-0.5, 0.5)}
    step = steps.color_jitter("image", layout=layout, **{name: list(it) for name, it in bounds.items()})
    found = rows_of(dataset, [step], device=device)["image"]
    for row in range(len(images)):
        expected = jittered(
            Image.fromarray(np.ascontiguousarray(images[row].transpose(1, 2, 0))),
            drawn(draws(5, 0, "color_jitter/0", row), bounds),
        )
        expected = expected.transpose(2, 0, 1) if layout == "chw" else expected
        np.testing.assert_array_equal(found[row], expected)


@pytest.mark.parametrize("channels", [None, 1])
def test_pipelines_make_images_grey(files, photos, channels, tmp_path):
    grey = steps.grayscale("image") if channels is None else steps.grayscale("image", channels=channels)
    dataset = piped(files, [*BEFORE, grey], tmp_path / "files")
    np.testing.assert_array_equal(rows_of(dataset, [])["image"], rows_of(photos, [*BEFORE, grey])["image"])
    images = rows_of(photos, BEFORE)["image"]
    of_stored = fr.Pipeline(pa.table({"image": fixed(images)}))
    keys = {} if channels is None else {"channels": channels}
    of_stored = of_stored.grayscale(column="image", **keys).shard(tmp_path / "stored", progress="never")
    np.testing.assert_array_equal(rows_of(of_stored, [])["image"], rows_of(photos, [*BEFORE, grey])["image"])


def test_what_can_only_stay_as_it_is_stays(photos):
    """As torchvision has it: a hue that moves by nothing would be rounded on its way to HSV and back."""
    for wanted in ({"hue": 0}, {"brightness": [1, 1], "contrast": 0, "saturation": [1, 1], "hue": [0, 0]}):
        found = rows_of(photos, [*BEFORE, steps.color_jitter("image", **wanted)])["image"]
        np.testing.assert_array_equal(found, rows_of(photos, BEFORE)["image"])


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"brightness": -0.1}, ["brightness", "a number from 0 to", "got -0.1"]),
        ({"brightness": float("nan")}, ["brightness", "NaN"]),
        ({"contrast": [2, 1]}, ["contrast", "in order", "got 2, 1"]),
        ({"contrast": [1, 2, 3]}, ["contrast", "got 1, 2, 3"]),
        ({"saturation": [-1, 2]}, ["saturation", "from 0"]),
        ({"saturation": 1e9}, ["saturation", "65535"]),
        ({"hue": 0.6}, ["hue", "0.5"]),
        ({"hue": [-0.6, 0.1]}, ["hue", "-0.5"]),
        ({"hue": float("inf")}, ["hue", "inf"]),
        ({}, ["brightness, contrast, saturation or hue", "none"]),
        ({"hue": 0.1, "probability": 1.5}, ["probability", "1.5"]),
    ],
)
def test_wrong_factors_are_refused(photos, step, words):
    with pytest.raises(fr.PipelineError) as caught:
        fr.Loader(photos, batch_size=8, steps=[*BEFORE, steps.color_jitter("image", **step)])
    for word in ["color_jitter", *words]:
        assert word in str(caught.value)


def test_images_of_two_channels_have_no_colours(tmp_path):
    images = np.zeros((4, 5, 6, 2), np.uint8)
    dataset = fr.Pipeline(pa.table({"image": fixed(images)})).shard(tmp_path, progress="never")
    with pytest.raises(fr.PipelineError, match="1, 3 or 4 channels, got 2"):
        fr.Loader(dataset, batch_size=2, steps=[steps.grayscale("image", layout="hwc")])
    with pytest.raises(fr.PipelineError, match="channels to be 1 or 2, got 3"):
        fr.Loader(dataset, batch_size=2, steps=[steps.grayscale("image", layout="hwc", channels=3)])


def test_explain_says_what_is_drawn(tmp_path):
    images = np.zeros((4, 5, 6, 3), np.uint8)
    dataset = fr.Pipeline(pa.table({"image": fixed(images)})).shard(tmp_path, progress="never")
    wanted = [steps.color_jitter("image", brightness=[0.5, 0.5], hue=[0.25, 0.25])]
    loader = fr.Loader(dataset, batch_size=2, steps=wanted, rank=0, world_size=1)
    assert "brightness 0.5 to 0.5, hue 0.25 to 0.25" in loader.explain()


def test_means_over_many_pixels_are_right_on_a_device_that_cuts_loops_short(tmp_path):
    rng = np.random.default_rng(6)
    sides = [(2900, 3000), (20, 30)]
    images = [encoded(Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8)), "PNG") for size in sides]
    dataset = stored(images, tmp_path)
    wanted = [
        steps.decode("image", exif="ignore", mode="grey"),
        steps.color_jitter("image", contrast=[1.5, 1.5], brightness=[0.9, 0.9]),
        steps.resize("image", height=12, width=11, interpolation="nearest"),
    ]
    expected = rows_of(dataset, wanted)["image"]
    options = {"batch_size": 2, "shuffle": None, "seed": 5, "rank": 0, "world_size": 1}
    loader = fr.Loader(dataset, steps=wanted, device="wgpu:software", **options)
    [batch] = loader
    np.testing.assert_array_equal(batch["image"].numpy(), expected)
    # Nothing tells which row of a slot was cut short.
    assert loader.stats()["too_large_for_device"] == 2
    assert loader.stats()["device_lost"] is None
