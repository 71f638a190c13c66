"""What a loader draws for its rows, read from what it explains, and how likely numbers are
to be the draws of a distribution."""

import io
import math
import re

import fuelrail as fr
import numpy as np
import pyarrow as pa
from PIL import Image

WINDOW = re.compile(r"begins at row (\d+), column (\d+) of the image; one row down is \+1,\+0, one column right is \+0,\+1\n")
RESIZED = re.compile(r"this row: (\d+)x(\d+) becomes")
FLIPPED = re.compile(r"step \d: flip top.*\n.*one row down is ([+-])1,\+0, one column right is \+0,([+-])1\n")
COLOURS = re.compile(r"step \d: in .* any order: .*\n    this row: (.*)\n")
GREY = re.compile(r"step \d: grey in .*\n    this row: (.*)\n")
FACTOR = re.compile(r"(brightness|contrast|saturation|hue moved by) ([0-9.e-]+)")


def images(folder, size, n_rows, **columns):
    """A dataset of white images of a width and height, of two colours, as such a file is small; with more columns."""
    out = io.BytesIO()
    Image.new("1", size, 1).save(out, "PNG")
    table = {"image": pa.array([out.getvalue()] * n_rows, pa.binary())} | columns
    return fr.Pipeline(pa.table(table)).shard(folder, progress="never")


def loader_of(dataset, wanted, seed):
    return fr.Loader(dataset, batch_size=8, seed=seed, steps=wanted, rank=0, world_size=1)


def window_of(text):
    """Top, left, height and width of what is kept of the image."""
    return (*map(int, WINDOW.search(text).groups()), *map(int, RESIZED.search(text).groups()))


def flips_of(text):
    """Whether the image is flipped from left to right, and from top to bottom."""
    down, right = FLIPPED.search(text).groups()
    return right == "-", down == "-"


def factors_of(text):
    """The factors of a jitter in the order in which they are applied; hue in parts of 255, from -127."""
    found = {name.split()[0]: float(number) for name, number in FACTOR.findall(COLOURS.search(text)[1])}
    if "hue" in found:
        found["hue"] = round(255 * found["hue"])
    return found


def is_grey(text):
    """Whether the colours are taken out."""
    return "stays" not in GREY.search(text)[1]


def tail_of_normal(z):
    """How likely it is that a normal number is farther from 0."""
    return math.erfc(abs(z) / math.sqrt(2))


def kolmogorov(distance, n):
    """How likely a distance is to be exceeded, by the series of Kolmogorov with the correction of Stephens (1970)."""
    scaled = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * distance
    terms = (2 * (-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    # The series does not converge where all samples would be farther.
    return 1.0 if scaled < 0.2 else min(1.0, max(0.0, sum(terms)))


def is_even(values):
    """The probability of numbers from 0 to 1 to be as uneven as these, by the test of Kolmogorov and Smirnov."""
    values, n = np.sort(values), len(values)
    assert values[0] >= 0
    assert values[-1] <= 1
    steps = np.arange(n + 1) / n
    return kolmogorov(max((steps[1:] - values).max(), (values - steps[:-1]).max()), n)


def are_alike(ours, theirs):
    """That of two samples to be as far from one another as these, by the same test."""
    ours, theirs = np.sort(ours), np.sort(theirs)
    both = np.concatenate([ours, theirs])
    cumulated = [np.searchsorted(one, both, side="right") / len(one) for one in (ours, theirs)]
    n = len(ours) * len(theirs) / (len(ours) + len(theirs))
    return kolmogorov(np.abs(cumulated[0] - cumulated[1]).max(), n)


def windows_alike(ours, theirs):
    """That of each property of windows, given as top, left, height and width."""

    def properties(windows):
        top, left, rows, cols = np.array(windows, np.float64).T
        places = {"top": top, "left": left, "bottom": top + rows, "right": left + cols}
        return places | {"height": rows, "width": cols, "area": rows * cols, "shape": cols / rows}

    expected = properties(theirs)
    return {name: are_alike(one, expected[name]) for name, one in properties(ours).items()}


def is_share(n_hits, n, probability):
    """That of so many hits among n, as far from what is expected."""
    return tail_of_normal((n_hits - n * probability) / math.sqrt(n * probability * (1 - probability)))


def are_counts(counts, probabilities):
    """That of counts by Pearson's chi-squared, with the normal approximation of Wilson and Hilferty (1931)."""
    expected = np.asarray(probabilities) * sum(counts)
    squared = ((counts - expected) ** 2 / expected).sum()
    free = len(expected) - 1
    z = ((squared / free) ** (1 / 3) - (1 - 2 / (9 * free))) / math.sqrt(2 / (9 * free))
    return math.erfc(z / math.sqrt(2)) / 2
