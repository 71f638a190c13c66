"""Writes table.parquet, the input of examples/table.toml: make_table.py [OUT].

Every value is made up here, drawn from a seeded generator or written down;
nothing comes from a data set. Needs numpy and pyarrow as pinned in
tests/python/requirements.txt, with which the file comes out the same each time.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20261122
N_ROWS = 600
N_IMAGES = 30
HEIGHT, WIDTH, CHANNELS = 24, 20, 3
# What a kernel may get wrong: signed zeros, subnormals, infinities, NaN.
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1e-310, 3.4e38, -3.4e38]


def with_nulls(draw, values, share):
    """The values with a share of nulls, none in the first row."""
    hidden = draw.random(len(values)) < share
    hidden[0] = False
    return pa.array(values, mask=hidden)


def odd(draw, values):
    """The values with an odd one in every seventh row or so."""
    at = draw.random(len(values)) < 1 / 7
    values[at] = draw.choice(np.array(ODD), at.sum()).astype(values.dtype)
    return values


def images(draw):
    """Some gradients of random direction, over and over, so that the file stays
    small; their bytes have every value.
    """
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    slope = draw.integers(0, 6, (N_IMAGES, 2, 1, 1, CHANNELS))
    start = draw.integers(0, 256, (N_IMAGES, 1, 1, CHANNELS))
    ramps = start + slope[:, 0] * y[None, :, :, None] + slope[:, 1] * x[None, :, :, None]
    return ramps.astype(np.uint8)[draw.integers(0, N_IMAGES, N_ROWS)]


def image_column(draw):
    """[H, W, C] in lists of fixed length, a few rows null."""
    values = pa.array(images(draw).reshape(-1))
    for length in (CHANNELS, WIDTH):
        values = pa.FixedSizeListArray.from_arrays(values, length)
    hidden = pa.array(np.arange(N_ROWS) % 97 == 13)
    return pa.FixedSizeListArray.from_arrays(values, HEIGHT, mask=hidden)


def token_column(draw):
    """Lists of 0 to 24 ids, a few rows null."""
    lengths = draw.integers(0, 25, N_ROWS)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    ids = draw.integers(0, 1 << 16, offsets[-1]).astype(np.uint16)
    hidden = pa.array(np.arange(N_ROWS) % 50 == 7)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids), mask=hidden)


def table():
    draw = np.random.default_rng(SEED)
    price = odd(draw, draw.lognormal(3, 1, N_ROWS).astype(np.float32))
    distance = odd(draw, draw.normal(0, 1e6, N_ROWS))
    vector = draw.normal(0, 1, N_ROWS * 4).astype(np.float32)
    return pa.table({
        "id": pa.array(np.arange(N_ROWS, dtype=np.int64)),
        "price": with_nulls(draw, price, 0.1),
        "distance": with_nulls(draw, distance, 0.1),
        "quantity": with_nulls(draw, draw.integers(-500, 500, N_ROWS).astype(np.int32), 0.2),
        "visits": with_nulls(draw, draw.integers(0, 1 << 40, N_ROWS), 0.2),
        "level": with_nulls(draw, draw.integers(0, 200, N_ROWS).astype(np.int16), 0.05),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vector), 4),
        "image": image_column(draw),
        "tokens": token_column(draw),
    })  # fmt: skip


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("table.parquet")
    # Two row groups, so that a row group's end falls inside a batch.
    pq.write_table(table(), out, compression="zstd", row_group_size=N_ROWS // 2 + 50)


if __name__ == "__main__":
    main()
