"""`fuelrail.show`: a look at the images of a batch."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from pathlib import Path

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from drawn import fixed
from fuelrail import steps
from PIL import Image


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def pictures(grid):
    """What a notebook shows: the pixels of each picture, and the text below it."""
    page = grid._repr_html_()
    shown = [opened(base64.b64decode(data)) for data in re.findall(r"base64,([^\"]*)", page)]
    return shown, re.findall(r"<figcaption[^>]*>(.*?)</figcaption>", page)


@pytest.fixture
def rng():
    return np.random.default_rng(2)


@pytest.fixture
def dataset(rng, tmp_path):
    table = pa.table(
        {
            "image": fixed(rng.integers(0, 256, (10, 100, 97, 3), dtype=np.uint8)),
            "label": np.arange(10),
            "class": [f"<b>{name}</b>" for name in "abcdefghij"],
        }
    )
    return fr.Pipeline(table).shard(tmp_path / "shards", progress="never")


def loader(dataset, **options):
    options = {"batch_size": 4, "shuffle": None, "rank": 0, "world_size": 1} | options
    return fr.Loader(dataset, **options)


def test_bytes_are_shown_as_they_are(dataset):
    batch = next(iter(loader(dataset)))
    grid = fr.show(batch)
    shown, labels = pictures(grid)
    np.testing.assert_array_equal(shown, batch["image"].numpy())
    assert labels == [f"&lt;b&gt;{name}&lt;/b&gt;" for name in "abcd"]
    assert (len(grid), grid.caption) == (4, "image, 4 of 4, 100x97x3 uint8")
    whole = opened(grid.png())
    # The first stands in the corner behind the gap, the second beside it.
    np.testing.assert_array_equal(whole[8:108, 8:105], shown[0])
    np.testing.assert_array_equal(whole[8:108, 113:210], shown[1])
    assert (whole[109:] < 100).any(), "no label is written"


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("layout", ["chw", "hwc"])
def test_floats_are_scaled_all_alike(dataset, dtype, layout):
    options = {"steps": [steps.normalize("image", mean="imagenet", dtype=dtype, layout=layout)]}
    batch = next(iter(loader(dataset, **options)))
    numbers = batch["image"].numpy().astype(np.float64)
    numbers = numbers.transpose(0, 2, 3, 1) if layout == "chw" else numbers
    black, white = numbers.min(), numbers.max()
    grid = fr.show(batch)
    expected = np.rint((numbers - black) / (white - black) * 255)
    np.testing.assert_array_equal(pictures(grid)[0], expected)
    assert grid.caption == f"image, 4 of 4, 100x97x3 {dtype}, scaled: {black:.4g} is black, {white:.4g} is white"


def test_bfloat16_needs_no_package(dataset):
    script = f"""
import sys
sys.modules["ml_dtypes"] = sys.modules["PIL"] = sys.modules["matplotlib"] = None
import fuelrail as fr
loader = fr.Loader({str(dataset.path)!r}, batch_size=2, rank=0, world_size=1,
                   steps=[fr.steps.normalize("image", dtype="bfloat16")])
fr.show(next(iter(loader))).save("grid.png")
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(dataset.path).parent)
    with Image.open(Path(dataset.path).parent / "grid.png") as grid:
        assert grid.size == (8 + 2 * 105, 8 + 100 + 18 + 8)


def test_padding_is_left_out(dataset):
    batches = list(loader(dataset, last="pad"))
    assert [len(fr.show(batch)) for batch in batches] == [4, 4, 2]
    dicts = list(loader(dataset, last="pad").to_numpy())
    assert [len(fr.show(batch)) for batch in dicts] == [4, 4, 2]
    assert len(fr.show(batches[0], n=3)) == 3
    assert len(fr.show(batches[0], n=0)) == 0
    assert fr.show(batches[0], n=0).png()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["uint8", "float32", "uint16", "bool"])
def test_all_kinds_of_images(rng, channels, kind):
    images = rng.integers(0, 2 if kind == "bool" else 200, (3, 120, 70, channels)).astype(kind)
    grid = fr.show(images)
    shown, labels = pictures(grid)
    assert labels == [""] * 3
    beside = channels == 2 or (channels == 4 and kind != "uint8")
    assert shown[0].shape[:2] == (120, 70 * channels if beside else 70)
    assert opened(grid.png()).ndim == 3
    if kind == "uint8" and not beside:
        np.testing.assert_array_equal(np.asarray(shown).reshape(images.shape), images)
    in_planes = fr.show(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    assert (in_planes.caption, in_planes.png()) == (grid.caption, grid.png())


def test_small_ones_are_enlarged_and_large_ones_made_smaller(rng):
    small = rng.integers(0, 256, (1, 28, 30), dtype=np.uint8)
    np.testing.assert_array_equal(pictures(fr.show(small))[0][0], small[0].repeat(3, 0).repeat(3, 1))
    large = rng.integers(0, 256, (1, 641, 960, 1), dtype=np.uint8)
    shown = pictures(fr.show(large))[0][0]
    assert shown.shape == (214, 320)
    mean = large[0, :3, :3].astype(int).sum() / 9
    assert abs(int(shown[0, 0]) - mean) <= 0.5
    thin = np.zeros((1, 1, 4000, 1), np.uint8)
    assert pictures(fr.show(thin))[0][0].shape == (1, 308)


def test_what_is_not_finite_is_said():
    images = np.array([0, 1, np.nan, np.inf], np.float32).reshape(1, 2, 2, 1)
    grid = fr.show(images)
    assert grid.caption.endswith("scaled: 0 is black, 1 is white, 2 numbers not finite")
    assert pictures(grid)[0][0][::48, ::48].tolist() == [[0, 255], [0, 255]]
    assert fr.show(np.full((1, 2, 2, 1), np.nan)).png()


def test_labels_are_chosen(dataset):
    batch = next(iter(loader(dataset)))
    assert pictures(fr.show(batch, labels="label"))[1] == list("0123")
    assert pictures(fr.show(batch, "image", columns=1, labels="label"))[1] == list("0123")
    assert opened(fr.show(batch, columns=1).png()).shape[1] == 8 + 105
    assert opened(fr.show(batch, columns=9).png()).shape[1] == 8 + 4 * 105
    hostile = {"image": np.zeros((1, 9, 9, 3), np.uint8), "label": np.array(["<script>alert('&')</script>"])}
    page = fr.show(hostile)._repr_html_()
    assert "<script" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("batch", "options", "message"),
    [
        ({"label": np.arange(3)}, {}, r"expected a batch with images, .* got label"),
        ({}, {}, "got nothing"),
        ({"image": np.zeros((1, 2, 2, 3))}, {"name": "mask"}, "expected a tensor of the batch, got 'mask'"),
        ({"image": np.zeros((1, 2, 2, 3))}, {"labels": "class"}, "for the labels, got 'class'"),
        ({"image": np.zeros((2, 2, 2, 3)), "class": np.zeros(5)}, {"labels": "class"}, "one value or text a row"),
        ({"image": np.zeros((2, 0, 2, 3))}, {}, "images with pixels"),
        (np.zeros((2, 7, 9, 5)), {}, "1 to 4 channels"),
        (np.zeros(7), {}, "1 to 4 channels"),
        (np.array(["a"]), {}, "1 to 4 channels"),
        (np.zeros((1, 2, 2, 3)), {"layout": "nhwc"}, "layout"),
        (np.zeros((1, 2, 2, 3)), {"n": -1}, "expected n to be"),
        (np.zeros((1, 2, 2, 3)), {"columns": 0}, "expected columns to be"),
    ],
)
def test_what_cannot_be_shown_is_an_error(batch, options, message):
    with pytest.raises(fr.UsageError, match=message):
        fr.show(batch, **options)
