"""What pipelines do to numbers, operator by operator, against numpy."""

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
        some = rng.standard_normal(n).astype(dtype) * dtype(10)
    return np.concatenate([np.array(few, dtype=dtype), some])


def normal(values, mean, std):
    """Float arithmetic of the contract; tiny values are zero."""
    kind = np.float64 if values.dtype.itemsize == 8 else np.float32
    mean, factor = kind(mean), kind(1 / std)

    def flushed(it):
        return np.where(np.abs(it) <= np.finfo(kind).tiny, np.copysign(kind(0), it), it)

    with np.errstate(all="ignore"):
        return flushed(flushed(flushed(values.astype(kind)) - mean) * factor)


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
}
CASES = [(name, dtype) for name, (_, dtypes, _) in ORACLES.items() for dtype in dtypes]


def test_every_operator_has_an_oracle(fuelrail):
    schema = json.loads(fuelrail("schema").stdout)
    operators = {one["properties"]["op"]["const"] for one in schema["$defs"]["ColumnOperator"]["oneOf"]}
    assert operators <= {name.split("-")[0] for name in [*ORACLES, *OF_IMAGES]}


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
