"""Cases of resizing by chance, as tests/it/resample.rs draws them, and what Pillow 12
makes of each. Writes their hashes when it is run:

    python tests/python/resample_cases.py > tests/fixtures/resample/pillow12.txt
"""

import sys

import numpy as np
import xxhash
from PIL import Image

N_CASES = 3000

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15

Resampling = Image.Resampling
FILTERS = [
    Resampling.NEAREST,
    Resampling.BOX,
    Resampling.BILINEAR,
    Resampling.HAMMING,
    Resampling.BICUBIC,
    Resampling.LANCZOS,
]


class Dice:
    """Sebastiano Vigna's splitmix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + GOLDEN) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        return self.next() % n

    def bytes(self, n):
        """The lowest byte of each of the next numbers."""
        steps = np.arange(1, n + 1, dtype=np.uint64)
        z = np.uint64(self.state) + steps * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (z ^ (z >> np.uint64(31))).astype(np.uint8)


def side(dice):
    """Mostly small, sometimes hundreds."""
    kind = dice.below(20)
    return 1 + dice.below(700 if kind == 0 else 12 if kind < 6 else 100)


def case(index):
    """The image, its window (top, left, rows, columns), rows and columns to become,
    and the filter."""
    dice = Dice(index)
    channels, filter = 1 + dice.below(4), FILTERS[dice.below(6)]
    height, width = side(dice), side(dice)
    top, left = dice.below(height), dice.below(width)
    rows, cols = 1 + dice.below(height - top), 1 + dice.below(width - left)
    if dice.below(2) == 0:
        top, left, rows, cols = 0, 0, height, width
    to_rows, to_cols = side(dice), side(dice)
    match dice.below(8):
        case 0:
            to_rows = rows
        case 1:
            to_cols = cols
    image = dice.bytes(height * width * channels).reshape(height, width, channels)
    return image, (top, left, rows, cols), (to_rows, to_cols), filter


def by_pillow(image, window, to, filter):
    """The window cropped, then resized, as an array. Channels are what they are: modes
    with alpha would be multiplied by it."""
    top, left, rows, cols = window
    box = (left, top, left + cols, top + rows)

    def one(samples, mode):
        picture = Image.frombytes(mode, samples.shape[1::-1], np.ascontiguousarray(samples).tobytes())
        return np.asarray(picture.crop(box).resize(to[::-1], filter))

    channels = image.shape[2]
    if channels in (1, 2):
        return np.stack([one(image[:, :, c], "L") for c in range(channels)], axis=2)
    return one(image, "RGB" if channels == 3 else "CMYK")


def hashed(array):
    return xxhash.xxh3_64_hexdigest(np.ascontiguousarray(array).tobytes())


def main():
    for index in range(N_CASES):
        sys.stdout.write(hashed(by_pillow(*case(index))) + "\n")


if __name__ == "__main__":
    main()
