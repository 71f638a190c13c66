"""Writes handwritten digits as a folder of images, a folder for each class: the 1,797
of scikit-learn's `load_digits`, each enlarged to a size of its own, as PNG or JPEG.

    python examples/data/make_digits.py [FOLDER]

What it writes depends on nothing but the versions of scikit-learn and Pillow.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/demo/digits"
    digits = load_digits()
    rng = np.random.default_rng(0)
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        grey = Image.fromarray((pixels * (255 / 16)).astype(np.uint8))
        size = tuple(int(side) for side in rng.integers(40, 72, 2))
        image = grey.resize(size, Image.Resampling.BICUBIC).convert("RGB")
        of_class = folder / str(label)
        of_class.mkdir(parents=True, exist_ok=True)
        if number % 2:
            image.save(of_class / f"{number:04}.png")
        else:
            image.save(of_class / f"{number:04}.jpg", quality=90)


if __name__ == "__main__":
    main()
