"""Chance as a loader's steps draw it, by a Philox written here from the paper."""

import itertools
import math

import pyarrow as pa

MASK = 0xFFFFFFFF


def philox(counter, key):
    """Philox4x32-10 of Salmon, Moraes, Dror and Shaw."""
    counter, key = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ key[0], b & MASK, (a >> 32) ^ counter[3] ^ key[1], a & MASK]
        key = [(key[0] + 0x9E3779B9) & MASK, (key[1] + 0xBB67AE85) & MASK]
    return counter


def draws(seed, epoch, stream, row):
    """What docs/loading.md says is drawn, one after another."""
    name = 0xCBF29CE484222325
    for byte in stream.encode():
        name = (name ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    low, high, third, _ = philox([name & MASK, name >> 32, epoch, 0x64726177], [seed & MASK, seed >> 32])
    for n in itertools.count():
        yield philox([row & MASK, row >> 32, n, third], [low, high])[0]


def below(draw, n):
    return next(draw) * n >> 32


def part_of(size, draw, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    """The box, left, top, right and bottom, that torchvision's `RandomResizedCrop.get_params` would give, with our chance."""
    width, height = size

    def within(low, high):
        return low + next(draw) / 2**32 * (high - low)

    for _ in range(10):
        target = width * height * within(*scale)
        aspect = math.exp(within(math.log(ratio[0]), math.log(ratio[1])))
        cols, rows = round(math.sqrt(target * aspect)), round(math.sqrt(target / aspect))
        if 0 < cols <= width and 0 < rows <= height:
            top = below(draw, height - rows + 1)
            left = below(draw, width - cols + 1)
            return left, top, left + cols, top + rows
    cols, rows = width, height
    if width / height < ratio[0]:
        rows = round(width / ratio[0])
    elif width / height > ratio[1]:
        cols = round(height * ratio[1])
    top, left = (height - rows) // 2, (width - cols) // 2
    return left, top, left + cols, top + rows


def middle_of(height, width, rows, cols):
    """The left, top, right and bottom of torchvision's `CenterCrop`: halves rounded to even."""
    top, left = round((height - rows) / 2), round((width - cols) / 2)
    return left, top, left + cols, top + rows


def is_convex(corners):
    def turn(at):
        (x0, y0), (x1, y1), (x2, y2) = (corners[(at + i) % 4] for i in range(3))
        return (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1)

    return all(turn(at) > 0 for at in range(4))


def corners_of(draw, size, scale=0.5, probability=0.5):
    """Where docs/loading.md says that the corners go: torchvision's `get_params` with our chance."""
    if next(draw) >= round(probability * 2**32):
        return None
    width, height = size
    wide, high = int(scale * (width // 2)) + 1, int(scale * (height // 2)) + 1
    for _ in range(10):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = ((below(draw, wide), below(draw, high)) for _ in range(4))
        left, top = width - wide, height - high
        corners = [(x0, y0), (left + x1, y1), (left + x2, top + y2), (x3, top + y3)]
        if is_convex(corners):
            return corners
    return None


def fixed(values):
    """An array as nested lists of fixed length."""
    array = pa.array(values.reshape(-1))
    for length in reversed(values.shape[1:]):
        array = pa.FixedSizeListArray.from_arrays(array, length)
    return array


def second_row(seed, epoch, row, n_rows, *, alpha=1.0, probability=1.0, stream="mixup/0"):
    """The row that `mixup` mixes a row with and the row's own share of 32,768 parts;
    none where it is not mixed."""
    draw = draws(seed, epoch, stream, row)
    if next(draw) >= round(probability * (1 << 32)):
        return None
    word = next(draw) << 32 | next(draw)
    u, v = ((next(draw) + 0.5) / (1 << 32) for _ in range(2))
    p, c = u ** (1 / alpha), math.cos(2 * math.pi * v)
    t = c * math.sqrt(1 - p) / math.sqrt(p + c * c * (1 - p))
    return word * n_rows >> 64, math.floor((1 + t) / 2 * (1 << 15) + 0.5)
