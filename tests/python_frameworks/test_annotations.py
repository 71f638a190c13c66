"""Masks, boxes and keypoints that move with their images, against torchvision's
transforms v2 over random chains of steps, with chance drawn by the Philox of `drawn`."""

from __future__ import annotations

import io

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
import torch
from drawn import below, draws, middle_of, part_of
from fuelrail import steps
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

N_ROWS = 24
SEED, EPOCH = 11, 3
N_CHAINS = 24
# torchvision scales by a ratio of binary32, which is off by 2^-25 of it.
TOLERANCE = 1e-4
SIDES = 21, 90


def encoded(pixels, kind="PNG", **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


class Sample:
    """An image with all that belongs to it."""

    def __init__(self, rng, row):
        height, width = (int(side) for side in rng.integers(*SIDES, 2))
        self.size = height, width
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        self.mask = rng.integers(0, 21, (height, width), dtype=np.uint8)
        if row % 3 == 0:
            exif = Image.Exif()
            exif[0x0112] = 6
            # Turned by a quarter as a camera would do it.
            self.image = encoded(np.ascontiguousarray(np.rot90(image)), "JPEG", quality=90, exif=exif)
        else:
            self.image = encoded(image)
        n = int(rng.integers(0, 6))
        corners = np.sort(rng.uniform(-9, 99, (n, 2, 2)), axis=1).reshape(n, 4)
        if row % 4 == 0:
            corners = corners.round()
        if row % 5 == 0 and n:
            # A box whose corners are out of order.
            corners[0] = corners[0][[2, 3, 0, 1]]
        self.corners = corners
        self.points = rng.uniform(-5, 95, (int(rng.integers(0, 5)), 2))

    def boxes(self, box_format):
        left, top, right, bottom = self.corners.T
        return {
            "xyxy": self.corners,
            "xywh": np.stack([left, top, right - left, bottom - top], axis=1),
            "cxcywh": np.stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top], axis=1),
        }[box_format]


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(5)
    return [Sample(rng, row) for row in range(N_ROWS)]


@pytest.fixture(scope="module")
def dataset(samples, tmp_path_factory):
    table = {
        "image": pa.array([sample.image for sample in samples], pa.binary()),
        "mask": pa.array([encoded(sample.mask) for sample in samples], pa.binary()),
        "points": pa.array([sample.points.reshape(-1) for sample in samples], pa.list_(pa.float64())),
    }
    for box_format in ["xyxy", "xywh", "cxcywh"]:
        boxes = [sample.boxes(box_format).reshape(-1) for sample in samples]
        table[box_format] = pa.array(boxes, pa.list_(pa.float64()))
    return fr.Pipeline(pa.table(table)).shard(tmp_path_factory.mktemp("annotated") / "shards", progress="never")


class Chain:
    """Steps of a loader, and the same by torchvision on one sample."""

    def __init__(self, rng):
        self.fill = int(rng.integers(0, 256))
        self.min_size = float(rng.choice([1, 3.5]))
        self.box_format = str(rng.choice(["xyxy", "xywh", "cxcywh"]))
        self.steps = [
            steps.decode("image", exif="apply"),
            steps.decode("mask", exif="ignore", mode="grey"),
            steps.annotate(
                "image",
                masks="mask",
                boxes=self.box_format,
                keypoints="points",
                box_format=self.box_format,
                min_size=self.min_size,
                mask_fill=self.fill,
            ),
        ]
        self.moves = []
        least = SIDES[0]
        kinds = ["pad", "flip", "resize", "shorter", "part", "centre", "anywhere", "colour"]
        for kind in rng.choice(kinds, int(rng.integers(1, 6))):
            least = self.add(rng, str(kind), least)
        self.add(rng, "resize" if rng.random() < 0.5 else "centre", least)

    def add(self, rng, kind, least):
        """Adds a step; gives the least side that an image can have behind it."""
        high, wide = (int(side) for side in rng.integers(4, 70, 2))
        small = [int(rng.integers(1, least + 1)) for _ in range(2)]
        before = sum(step["op"] == self.op(kind) for step in self.steps)
        if kind == "pad":
            sides = [int(n) for n in rng.integers(0, 9, 4)]
            self.steps.append(steps.pad("image", sides=sides, fill=3))
            self.moves.append(lambda one, row: one.pad(sides, self.fill))
            return least
        if kind == "flip":
            chances = float(rng.choice([0, 0.5, 1])), float(rng.choice([0, 0.5, 1]))
            self.steps.append(steps.random_flip("image", horizontal=chances[0], vertical=chances[1]))
            self.moves.append(lambda one, row: one.flip(draws(SEED, EPOCH, f"random_flip/{before}", row), chances))
            return least
        if kind == "resize":
            filters = ["nearest", "bilinear", "lanczos"]
            self.steps.append(steps.resize("image", height=high, width=wide, interpolation=str(rng.choice(filters))))
            self.moves.append(lambda one, row: one.resize([high, wide]))
            return min(high, wide)
        if kind == "shorter":
            self.steps.append(steps.resize("image", shorter=high))
            self.moves.append(lambda one, row: one.resize([high]))
            return high
        if kind == "part":
            self.steps.append(steps.random_resized_crop("image", height=high, width=wide, scale=[0.2, 1]))
            stream = f"random_resized_crop/{before}"
            self.moves.append(lambda one, row: one.part(draws(SEED, EPOCH, stream, row), [high, wide]))
            return min(high, wide)
        if kind == "centre":
            self.steps.append(steps.center_crop("image", height=small[0], width=small[1]))
            self.moves.append(lambda one, row: one.centre(small))
            return min(small)
        if kind == "anywhere":
            padding = int(rng.integers(0, 5))
            self.steps.append(steps.random_crop("image", height=small[0], width=small[1], padding=padding, border="edge"))
            stream = f"random_crop/{before}"
            self.moves.append(lambda one, row: one.anywhere(draws(SEED, EPOCH, stream, row), small, padding))
            return min(small)
        self.steps.append(steps.invert("image"))
        return least

    @staticmethod
    def op(kind):
        return {"flip": "random_flip", "part": "random_resized_crop", "anywhere": "random_crop"}.get(kind)

    def read(self, dataset, **options):
        """Mask, boxes, points and what is kept of them, of each row."""
        options = {"batch_size": 7, "shuffle": None, "rank": 0, "world_size": 1, "last": "short"} | options
        loader = fr.Loader(dataset, seed=SEED, steps=self.steps, **options)
        loader.set_epoch(EPOCH)
        rows = {}
        for batch in loader:
            for at, row in enumerate(batch.rows):
                if row == 2**64 - 1:
                    continue
                found = {"mask": batch["mask"].numpy()[at].copy(), "status": batch["mask.status"].numpy()[at]}
                for name in [self.box_format, "points"]:
                    begin, end = batch[f"{name}.cu_seqlens"].numpy()[at : at + 2]
                    found[name] = batch[name].numpy()[begin:end].copy()
                    found[f"{name}.kept"] = batch[f"{name}.kept"].numpy()[begin:end].copy()
                rows[int(row)] = found
        return rows


class Torch:
    """A sample on its way through torchvision."""

    def __init__(self, sample, box_format):
        self.mask = Image.fromarray(sample.mask)
        self.boxes = tv_tensors.BoundingBoxes(
            torch.from_numpy(sample.boxes(box_format)), format=box_format.upper(), canvas_size=sample.size
        )
        self.points = tv_tensors.KeyPoints(torch.from_numpy(sample.points), canvas_size=sample.size)

    def both(self, change, *args, **keys):
        self.boxes = change(self.boxes, *args, **keys)
        self.points = change(self.points, *args, **keys)

    def pad(self, sides, fill, mode="constant"):
        top, left, bottom, right = sides
        around = [left, top, right, bottom]
        self.mask = F.pad(self.mask, around, fill=fill, padding_mode=mode)
        self.both(F.pad, around)

    def flip(self, draw, chances):
        for chance, change in zip(chances, [F.horizontal_flip, F.vertical_flip], strict=True):
            if next(draw) < round(chance * 2**32):
                self.mask = change(self.mask)
                self.both(change)

    def resize(self, size):
        self.mask = F.resize(self.mask, size, interpolation=InterpolationMode.NEAREST)
        self.both(F.resize, size)

    def crop(self, top, left, height, width):
        self.mask = F.crop(self.mask, top, left, height, width)
        self.both(F.crop, top, left, height, width)

    def part(self, draw, size):
        left, top, right, bottom = part_of(self.mask.size, draw, scale=(0.2, 1))
        self.crop(top, left, bottom - top, right - left)
        self.resize(size)

    def centre(self, size):
        left, top, _, _ = middle_of(*self.mask.size[::-1], *size)
        self.crop(top, left, *size)

    def anywhere(self, draw, size, padding):
        if padding:
            self.pad([padding] * 4, 0, "edge")
        top = below(draw, self.mask.height - size[0] + 1)
        left = below(draw, self.mask.width - size[1] + 1)
        self.crop(top, left, *size)


def check_row(chain, sample, row, found):
    """Compares a row with torchvision's; gives how many boxes are left."""
    expected = Torch(sample, chain.box_format)
    for move in chain.moves:
        move(expected, row)
    assert found["mask"].shape == (*expected.mask.size[::-1], 1)
    np.testing.assert_array_equal(found["mask"][..., 0], np.asarray(expected.mask))

    boxes = F.clamp_bounding_boxes(expected.boxes)
    assert found[chain.box_format].dtype == np.float32
    np.testing.assert_allclose(found[chain.box_format], boxes.numpy(), rtol=0, atol=TOLERANCE)
    # A size may reach beyond the image by the last bit.
    corners = F.clamp_bounding_boxes(F.convert_bounding_box_format(boxes, new_format="XYXY"))
    _, left = F.sanitize_bounding_boxes(corners, min_size=chain.min_size, min_area=0.0)
    sizes = (corners[:, 2:] - corners[:, :2]).numpy()
    is_sure = (np.abs(sizes - chain.min_size) > TOLERANCE).all(axis=1)
    np.testing.assert_array_equal(found[f"{chain.box_format}.kept"][is_sure], left.numpy()[is_sure])

    points = expected.points
    # Those that leave the image are as far away as its scale takes them.
    np.testing.assert_allclose(found["points"], points.numpy(), rtol=2**-22, atol=TOLERANCE)
    _, is_in = F.sanitize_keypoints(points)
    width, height = expected.mask.size
    edges = np.array([[[0, width]], [[0, height]]])
    is_sure = (np.abs(points.numpy().T[:, :, None] - edges) > TOLERANCE).all(axis=(0, 2))
    np.testing.assert_array_equal(found["points.kept"][is_sure], is_in.numpy()[is_sure])
    return int(left.sum())


@pytest.mark.parametrize("group", range(5))
def test_annotations_move_as_torchvision_moves_them(samples, dataset, group):
    n_left = 0
    for number in range(N_CHAINS):
        chain = Chain(np.random.default_rng([group, number]))
        device = ["cpu", "cpu:scalar", "wgpu:software"][number % 3]
        found = chain.read(dataset, device=device, batch_size=[1, 7, 64][number % 3])
        assert sorted(found) == list(range(N_ROWS))
        n_left += sum(check_row(chain, sample, row, found[row]) for row, sample in enumerate(samples))
    assert n_left > 5 * N_CHAINS


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 1},
        {"batch_size": 64},
        {"threads": 0},
        {"threads": 7, "prefetch": 7, "batch_size": 5},
        {"shuffle": "rows"},
        {"shuffle": "rows", "last": "pad"},
        {"device": "cpu:scalar"},
        {"device": "wgpu:software", "batch_size": 5},
    ],
)
def test_annotations_do_not_depend_on_how_they_are_read(dataset, number, options):
    chain = Chain(np.random.default_rng(100 + number))
    expected, found = chain.read(dataset), chain.read(dataset, **options)
    assert found.keys() == expected.keys()
    for row, one in expected.items():
        for name, values in one.items():
            np.testing.assert_array_equal(found[row][name], values)
