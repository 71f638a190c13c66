"""The numbers of palettes, as `decode` gives them to masks, beside Pillow's."""

import io
from pathlib import Path

import fuelrail as fr
import numpy as np
import pytest
from fuelrail import steps
from PIL import Image
from whole_batch import arrays, encoded, files, read, stored

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures/images"
DEVICE = pytest.mark.parametrize("device", ["cpu", "cpu:scalar", "wgpu:software"])
INDEXED = {
    "one bit": (2, "P", {"bits": 1}),
    "two bits": (4, "P", {"bits": 2}),
    "four bits": (16, "P", {"bits": 4}),
    "eight bits": (256, "P", {}),
    "transparent": (7, "P", {"transparency": 3}),
    "grey": (256, "L", {}),
    "two greys": (2, "1", {}),
}


@DEVICE
def test_indices_are_those_of_pillow(device, tmp_path):
    rng = np.random.default_rng(8)
    images = []
    for n, mode, options in INDEXED.values():
        pixels = rng.integers(0, n, (13, 19), dtype=np.uint8)
        if mode == "1":
            image = Image.fromarray(pixels * 255).convert("1")
        else:
            image = Image.fromarray(pixels)
        if mode == "P":
            image = image.convert("P")
            image.putpalette(rng.integers(0, 256, 768, dtype=np.uint8).tobytes())
            image.putdata(pixels.reshape(-1).tolist())
        images.append(encoded(image, **options))
        if mode == "P":
            images.append(encoded(image, "GIF"))
    expected = [np.asarray(Image.open(io.BytesIO(image))) for image in images]
    assert {Image.open(io.BytesIO(image)).mode for image in images} == {"P", "L", "1"}
    dataset = stored(tmp_path, image=files(images))
    wanted = [steps.decode("image", exif="ignore", mode="indices"), steps.center_crop("image", height=13, width=19)]
    found = arrays(read(dataset, wanted, device=device)[0])["image"]
    np.testing.assert_array_equal(found[..., 0], np.stack(expected).astype(np.uint8))


def pixels_of(file):
    """What Pillow makes of a file without a conversion; none where it can make nothing."""
    try:
        image = Image.open(io.BytesIO(file))
        return image.format, image.mode, np.asarray(image)
    except (OSError, SyntaxError, ValueError):
        return None


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_indices_of_odd_files_are_those_of_pillow_or_refused(tmp_path):
    by_size = {}
    for path in sorted(path for path in FIXTURES.iterdir() if path.is_file()):
        file = path.read_bytes()
        if (found := pixels_of(file)) is not None:
            by_size.setdefault(found[2].shape[:2], []).append((path.name, file, *found))
    n_equal = 0
    for number, ((height, width), some) in enumerate(by_size.items()):
        dataset = stored(tmp_path / str(number), image=files([file for _, file, *_ in some]))
        decode = steps.decode("image", exif="ignore", mode="indices", on_error="substitute")
        wanted = [decode, steps.center_crop("image", height=height, width=width)]
        found = arrays(read(dataset, wanted, max_damage=1.0)[0])
        for row, (name, _, kind, mode, pixels) in enumerate(some):
            is_refused = found["image.status"][row] == 2
            if mode not in ("P", "L", "1"):
                assert is_refused, (name, mode)
            elif is_refused:
                # Refused as colours, too: Pillow takes the wrong palette.
                assert kind not in ("PNG", "GIF") or name.startswith("local-greys"), (name, mode)
            else:
                np.testing.assert_array_equal(found["image"][row, ..., 0], pixels.astype(np.uint8), err_msg=name)
                n_equal += 1
    assert n_equal > 40


def test_colours_have_no_indices(tmp_path):
    image = Image.fromarray(np.zeros((4, 4, 3), np.uint8))
    deep = Image.fromarray(np.zeros((4, 4), np.uint16))
    wrong = {
        "colours": [encoded(image), encoded(image, "JPEG"), encoded(image.convert("LA")), encoded(image, "WEBP")],
        "16 bits": [encoded(deep), encoded(deep, "TIFF")],
        "of 1 bits": [encoded(image.convert("1"), "TIFF")],
    }
    for words, some in wrong.items():
        for number, one in enumerate(some):
            dataset = stored(tmp_path / f"{words}{number}", image=files([one]))
            wanted = [steps.decode("image", exif="ignore", mode="indices"), steps.center_crop("image", height=4, width=4)]
            with pytest.raises(fr.DataError, match=words):
                read(dataset, wanted)
