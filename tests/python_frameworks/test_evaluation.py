"""The evaluation chain of image classifiers beside torchvision's own, on images of many sizes."""

import io

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
import torch
from fuelrail import steps
from PIL import Image
from torchvision.transforms import v2

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.parametrize("device", ["cpu", "cpu:scalar", "wgpu:software"])
def test_evaluation_is_that_of_torchvision(device, tmp_path):
    rng = np.random.default_rng(3)
    files = []
    for _ in range(60):
        out = io.BytesIO()
        height, width = rng.integers(30, 120, 2)
        Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(out, "JPEG", quality=95)
        files.append(out.getvalue())
    dataset = fr.Pipeline(pa.table({"image": pa.array(files, pa.binary())})).shard(tmp_path / "shards", progress="never")
    wanted = [
        steps.decode("image", exif="ignore"),
        steps.resize("image", shorter=36),
        steps.center_crop("image", height=32, width=31),
        steps.normalize("image", mean="imagenet"),
    ]
    theirs = v2.Compose(
        [v2.Resize(36), v2.CenterCrop((32, 31)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    )
    options = {"batch_size": len(files), "shuffle": None, "rank": 0, "world_size": 1, "device": device}
    [batch] = fr.Loader(dataset, steps=wanted, **options)
    wrong = []
    for row, file in enumerate(files):
        image = Image.open(io.BytesIO(file))
        if not np.array_equal(batch["image"].numpy()[row], theirs(image).numpy()):
            wrong.append((row, image.size))
    assert not wrong
