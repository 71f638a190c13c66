"""What pipelines do to numbers, operator by operator, against numpy."""

import bisect
import json

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from test_steps import ORACLES as OF_IMAGES

WHOLE = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]


def odd(dtype, n=3000):
    """Numbers of all sizes, the odd ones of the type among them."""
    rng = np.random.default_rng(11)
    info = np.iinfo(dtype) if np.issubdtype(dtype, np.integer) else np.finfo(dtype)
    if isinstance(info, np.iinfo):
        few = [info.min, info.min + 1, 0, 1, 2, 3, 5, 100, info.max - 1, info.max]
        some = rng.integers(-128 if info.min else 0, 127, n, dtype=dtype)
    else:
        few = [0.0, -0.0, 0.5, 2.5, np.nan, np.inf, -np.inf, info.max, info.min, info.tiny, info.smallest_subnormal]
        tenths = (np.arange(-320, 720) / 10).astype(dtype)
        some = np.concatenate([tenths, rng.standard_normal(n).astype(dtype) * dtype(10)])
    return np.concatenate([np.array(few, dtype=dtype), some])


def normal(values, mean, std):
    """Float arithmetic of the contract; tiny values are zero."""
    kind = np.float64 if values.dtype.itemsize == 8 else np.float32
    mean, factor = kind(mean), kind(1 / std)

    def flushed(it):
        return np.where(np.abs(it) <= np.finfo(kind).tiny, np.copysign(kind(0), it), it)

    with np.errstate(all="ignore"):
        return flushed(flushed(flushed(values.astype(kind)) - mean) * factor)


# Tenths, of which only float64 has the nearest; whole numbers, many of them more than once; and
# those that float64 would take for their neighbours.
TENTHS = [number / 10 for number in range(-300, 700)]
REPEATED = np.sort(np.random.default_rng(3).integers(-300, 300, 1000)).tolist()
EXACT = [-(2**63), 1 - 2**63, -1, 2.5, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1, 1e30]


def bins(edges, side, to):
    """What `numpy.searchsorted` counts: among Python's numbers if whole ones are asked for, which nothing rounds."""

    def counted(values):
        kind = object if values.dtype.kind in "iu" else np.float64
        return np.searchsorted(np.array(edges, kind), values.astype(kind), side).astype(to)

    return counted


# The keys of an operator beside `column`, the types it is tried on, and what numpy makes
# of an array of them.
ORACLES = {
    "normalize": ({"mean": 1.5, "std": 0.25}, [*WHOLE, *FLOATS], lambda it: normal(it, 1.5, 0.25)),
    "normalize-clip": (
        {"mean": 3.0, "std": 7.0, "clip": [-1.0, 1.0]},
        [*WHOLE, *FLOATS],
        lambda it: np.clip(normal(it, 3.0, 7.0), -1, 1),
    ),
    "cast": ({"dtype": "float32"}, [*WHOLE, "float16"], lambda it: it.astype(np.float32)),
    "cast-saturate": (
        {"dtype": "int16", "overflow": "saturate"},
        [dtype for dtype in WHOLE if dtype != "int16"],
        lambda it: np.array([min(max(int(number), -32768), 32767) for number in it], np.int16),
    ),
    "bucketize": ({"edges": TENTHS}, [*WHOLE, *FLOATS], bins(TENTHS, "left", np.uint16)),
    "bucketize-right": ({"edges": TENTHS, "right": True}, [*WHOLE, *FLOATS], bins(TENTHS, "right", np.uint16)),
    "bucketize-repeated": ({"edges": REPEATED}, [*WHOLE, *FLOATS], bins(REPEATED, "left", np.uint16)),
    "bucketize-repeated-right": (
        {"edges": np.array(REPEATED), "right": True},
        [*WHOLE, *FLOATS],
        bins(REPEATED, "right", np.uint16),
    ),
    "bucketize-exact": ({"edges": EXACT}, WHOLE, bins(EXACT, "left", np.uint8)),
    "bucketize-exact-right": ({"edges": EXACT, "right": True}, WHOLE, bins(EXACT, "right", np.uint8)),
    "bucketize-one": ({"edges": [2.5]}, [*WHOLE, *FLOATS], bins([2.5], "left", np.uint8)),
    "bucketize-many": (
        {"edges": np.arange(-35_000, 35_000) / 512},
        ["int8", "float32", "float64"],
        bins(np.arange(-35_000, 35_000) / 512, "left", np.uint32),
    ),
}
CASES = [(name, dtype) for name, (_, dtypes, _) in ORACLES.items() for dtype in dtypes]


def test_every_operator_has_an_oracle(fuelrail):
    schema = json.loads(fuelrail("schema").stdout)
    operators = {one["properties"]["op"]["const"] for one in schema["$defs"]["ColumnOperator"]["oneOf"]}
    # `test_images.py` and `test_color.py` have the oracles of the rest.
    assert operators <= {name.split("-")[0] for name in [*ORACLES, *OF_IMAGES]} | {"decode", "grayscale"}


def same(found, expected):
    """The same bits; NaN is canonical in what we write and of any kind in what numpy does."""
    assert found.dtype == expected.dtype
    is_nan = np.isnan(expected) if expected.dtype.kind == "f" else np.zeros(len(expected), bool)
    np.testing.assert_array_equal(found[~is_nan].view(np.uint8), expected[~is_nan].view(np.uint8))
    assert np.isnan(found[is_nan]).all() if is_nan.any() else True


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_columns_become_what_numpy_makes_of_them(name, dtype, tmp_path):
    keys, _, oracle = ORACLES[name]
    values = odd(np.dtype(dtype).type)
    expected = oracle(values)
    for device in ["cpu:scalar", "cpu", "wgpu:software"]:
        pipeline = fr.Pipeline(pa.table({"x": values}), device=device)
        pipeline = getattr(pipeline, name.split("-")[0])(column="x", **keys)
        dataset = pipeline.shard(tmp_path / device.replace(":", "-"), progress="never")
        loader = fr.Loader(dataset, batch_size=512, shuffle=None, rank=0, world_size=1, last="short")
        same(np.concatenate([batch["x"].numpy().copy() for batch in loader]), expected)


@pytest.mark.parametrize("right", [False, True])
def test_bins_keep_nulls_and_shapes(right, tmp_path):
    columns = {
        "one": pa.array([1, None, 2**53 + 1, 2**53]),
        "two": pa.array([[0.5, 1.0], None, [np.nan, 2.0], [np.inf, -1.0]], pa.list_(pa.float32(), 2)),
        "any": pa.array([[1, 2, 3], [], None, [4]], pa.list_(pa.int16())),
    }
    edges = [1.0, 2, 2**53 + 1]
    pipeline = fr.Pipeline(pa.table(columns)).bucketize(column=list(columns), edges=edges, right=right)
    found = pa.table(pipeline.shard(tmp_path / "out", progress="never"))
    find = bisect.bisect_right if right else bisect.bisect_left

    def expected(value):
        if value is None or isinstance(value, list):
            return value and [expected(item) for item in value]
        return len(edges) if value != value else find(edges, value)

    for name, column in columns.items():
        assert found[name].to_pylist() == [expected(value) for value in column.to_pylist()], name
    item = pa.field("item", pa.uint8(), nullable=False)
    assert [found[name].type for name in columns] == [pa.uint8(), pa.list_(item, 2), pa.large_list(item)]


def test_edges_come_back_from_the_text_of_a_pipeline():
    pipeline = fr.Pipeline("a.parquet").sink("out").bucketize(column="x", edges=[-(2**63), 0.1, 2**63 - 1], right=True)
    assert fr.Pipeline.from_toml(pipeline.to_toml()) == pipeline
