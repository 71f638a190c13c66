"""What is kept of images by chance, beside what torchvision's own `RandomResizedCrop` keeps."""

import pytest
import torch
from chance import images, loader_of, window_of, windows_alike
from fuelrail import steps
from torchvision.transforms import RandomResizedCrop

N_ROWS, N_EPOCHS = 80, 120


@pytest.mark.parametrize(
    ("size", "keys"),
    [((500, 375), {}), ((375, 500), {"scale": [0.5, 1.0], "ratio": [0.5, 2.0]}), ((900, 100), {"scale": [0.3, 1.0]})],
)
def test_crops_are_alike(size, keys, tmp_path):
    dataset = images(tmp_path / "shards", size, N_ROWS)
    wanted = [steps.decode("image", exif="ignore"), steps.random_resized_crop("image", height=5, width=6, **keys)]
    loader = loader_of(dataset, wanted, 1)
    ours = [window_of(loader.explain(row=row, epoch=epoch)) for epoch in range(N_EPOCHS) for row in range(N_ROWS)]
    width, height = size
    image = torch.empty(3, height, width, device="meta")
    scale, ratio = keys.get("scale", [0.08, 1.0]), keys.get("ratio", [3 / 4, 4 / 3])
    with torch.random.fork_rng():
        torch.manual_seed(1)
        theirs = [RandomResizedCrop.get_params(image, scale, ratio) for _ in ours]
    alike = windows_alike(ours, theirs)
    assert min(alike.values()) > 0.01, alike
