"""`perspective` against torchvision's transforms v2: images of Pillow, boxes and keypoints, by
the same corners, which the Philox of `drawn` draws."""

from __future__ import annotations

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
import torch
from drawn import corners_of, draws, fixed
from fuelrail import steps
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

N_ROWS, HEIGHT, WIDTH = 40, 61, 83
STARTS = [[0, 0], [WIDTH - 1, 0], [WIDTH - 1, HEIGHT - 1], [0, HEIGHT - 1]]


@pytest.fixture(scope="module")
def held():
    rng = np.random.default_rng(17)
    corners = np.sort(rng.uniform(0, 60, (N_ROWS, 3, 2, 2)), axis=2)
    return {
        "image": rng.integers(0, 256, (N_ROWS, HEIGHT, WIDTH, 3), dtype=np.uint8),
        "boxes": corners.reshape(N_ROWS, 3, 4).astype(np.float32),
        "points": rng.uniform(0, 60, (N_ROWS, 5, 2)).astype(np.float32),
    }


@pytest.mark.parametrize("scale", [0.2, 0.5, 0.6])
@pytest.mark.parametrize("name", ["nearest", "bilinear"])
def test_images_boxes_and_points_are_those_of_torchvision(held, scale, name, tmp_path):
    table = pa.table({column: fixed(values) for column, values in held.items()})
    dataset = fr.Pipeline(table).shard(tmp_path / "shards", progress="never")
    wanted = [
        steps.annotate("image", boxes="boxes", keypoints="points"),
        steps.perspective("image", distortion_scale=scale, probability=1, interpolation=name, fill=128),
    ]
    loader = fr.Loader(dataset, batch_size=N_ROWS, seed=3, steps=wanted, shuffle=None)
    (batch,) = loader
    n_other = 0
    for row in range(N_ROWS):
        ends = [list(corner) for corner in corners_of(draws(3, 0, "perspective/0", row), (WIDTH, HEIGHT), scale, 1)]
        image = Image.fromarray(held["image"][row])
        moved = F.perspective(image, STARTS, ends, InterpolationMode(name), fill=[128] * 3)
        # Coefficients of binary32 take a sample from another pixel now and then, and Pillow cuts fractions off.
        distance = np.abs(batch["image"].numpy()[row].astype(int) - np.asarray(moved)).max(-1)
        n_other += (distance > 1).mean()
        boxes = tv_tensors.BoundingBoxes(torch.from_numpy(held["boxes"][row]), format="XYXY", canvas_size=(HEIGHT, WIDTH))
        points = tv_tensors.KeyPoints(torch.from_numpy(held["points"][row]), canvas_size=(HEIGHT, WIDTH))
        for values, found in ((boxes, batch["boxes"]), (points, batch["points"])):
            expected = F.perspective(values, STARTS, ends).numpy()
            np.testing.assert_allclose(found.numpy()[row], expected, rtol=1e-5, atol=5e-3)
    assert n_other / N_ROWS < 0.003


def test_corners_are_spread_evenly_within_their_quarters():
    """Between the bounds of torchvision's `get_params`, both of which are drawn."""
    size, n = (WIDTH, HEIGHT), 3000
    ours = np.array([corners_of(draws(3, 0, "perspective/0", row), size, 0.5, 1) for row in range(n)])
    bounds = np.array([int(0.5 * (WIDTH // 2)), int(0.5 * (HEIGHT // 2))])
    for corner, (x, y) in enumerate(STARTS):
        inward = np.abs(ours[:, corner] - [x, y])
        assert (inward.min(0) == 0).all()
        assert (inward.max(0) == bounds).all()
        assert np.abs(inward.mean(0) / bounds - 0.5).max() < 0.03
