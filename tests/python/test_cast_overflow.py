"""Numbers that a cast makes infinite are numbers that do not fit: their row is
set aside, or they become the nearest that fits and are counted. numpy's rounding
is the oracle."""

import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import fuelrail as fr

ROWS = 700


def numbers(kind: str, seed: int) -> np.ndarray:
    """Numbers around the limits of the narrower types, infinite ones too."""
    random = np.random.default_rng(seed)
    limits = [65504.0, 65519.0, 65520.0, 3.4028235e38, 3.4028236e38, 1.7e308, 0.0, 1.0]
    floats = random.choice(limits, ROWS) * random.choice([1, -1, 1 + 1e-9, 1 - 1e-9], ROWS)
    floats[random.integers(0, ROWS, 20)] = np.inf
    floats[random.integers(0, ROWS, 20)] = -np.inf
    floats[random.integers(0, ROWS, 20)] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind.startswith("float"):
            return floats.astype(kind)
        near = random.integers(65_500, 65_536, ROWS).astype(kind)
        return np.where(random.random(ROWS) < 0.5, near, near % 100).astype(kind)


def narrowed(values: np.ndarray, to: str) -> np.ndarray:
    """By way of binary32, as the contract has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return values.astype("float32").astype(to)


def stored(column: pa.ChunkedArray) -> np.ndarray:
    """All numbers of a column, one behind another."""
    column = column.combine_chunks()
    while not pa.types.is_primitive(column.type):
        column = column.flatten()
    return column.to_numpy(zero_copy_only=False)


@pytest.mark.parametrize("per_row", [1, 3])
@pytest.mark.parametrize(
    ("kind", "to"),
    [
        ("float64", "float32"),
        ("float64", "float16"),
        ("float32", "float16"),
        ("uint16", "float16"),
        ("int64", "float16"),
        ("int64", "float32"),
    ],
)
def test_what_became_infinite_did_not_fit(tmp_path: Path, kind: str, to: str, per_row: int) -> None:
    values = numbers(kind, 5)[: ROWS // per_row * per_row]
    column = pa.array(values)
    if per_row > 1:
        column = pa.FixedSizeListArray.from_arrays(column, per_row)
    table = pa.table({"id": pa.array(range(len(column))), "x": column})
    expected = narrowed(values, to)
    is_misfit = np.isinf(expected) & np.isfinite(values.astype("float64"))
    rows = is_misfit.reshape(-1, per_row).any(axis=1)

    aside = fr.Pipeline(table, on_error="quarantine").cast(column="x", dtype=to)
    dataset = aside.shard(tmp_path / "aside", progress="never")
    kept = dataset.to_arrow()
    assert kept["id"].to_pylist() == np.flatnonzero(~rows).tolist()
    got = stored(kept["x"]).reshape(-1, per_row)
    np.testing.assert_array_equal(got, expected.reshape(-1, per_row)[~rows])
    account = dataset.account
    assert account["set_aside"]["rows"] == int(rows.sum())

    nearest = fr.Pipeline(table).cast(column="x", dtype=to, overflow="saturate")
    dataset = nearest.shard(tmp_path / "nearest", progress="never")
    largest = np.finfo(to).max
    patched = np.where(is_misfit, np.copysign(largest, expected), expected).astype(to)
    np.testing.assert_array_equal(stored(dataset.to_arrow()["x"]), patched)
    converted = {one["what"]: one["values"] for one in dataset.account["converted"]}
    n_misfits = int(is_misfit.sum())
    wanted = {"nearest that fits (step 1, cast)": n_misfits} if n_misfits else {}
    assert converted == wanted


def test_a_normalize_that_makes_numbers_infinite_is_counted(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array([1.0, 1e38, 70_000.0, np.inf], pa.float32())})
    pipeline = fr.Pipeline(table).normalize(column="x", mean=0, std=1e-10, dtype="float16")
    dataset = pipeline.shard(tmp_path / "out", progress="never")
    assert dataset.account["converted"] == [{"column": "x", "what": "infinite (step 1, normalize)", "values": 3}]


def test_bounds_behind_a_cast_hide_nothing(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array([1.0, 1e300, -1e300, 3.0])})
    pipeline = fr.Pipeline(table, on_error="quarantine").cast(column="x", dtype="float32")
    pipeline = pipeline.normalize(column="x", mean=0, std=1, clip=(-10, 10))
    dataset = pipeline.shard(tmp_path / "out", progress="never")
    assert stored(dataset.to_arrow()["x"]).tolist() == [1.0, 3.0]
    assert dataset.account["set_aside"]["rows"] == 2


def test_what_became_the_nearest_fits_what_follows(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array([1.0, 1e300])})
    pipeline = fr.Pipeline(table).cast(column="x", dtype="float16", overflow="saturate")
    dataset = pipeline.cast(column="x", dtype="int32").shard(tmp_path / "out", progress="never")
    assert stored(dataset.to_arrow()["x"]).tolist() == [1, 65504]


def test_a_plan_says_what_a_cast_does_to_numbers() -> None:
    table = pa.table({"x": pa.array([1.5]), "n": pa.array([1], pa.int64())})
    said = str(fr.Pipeline(table).cast(column="x", dtype="int32").cast(column="n", dtype="float32").sink("out").plan())
    assert "float64 -> int32, fractions are cut off, a row with a number" in said
    assert "int64 -> float32, rounded to the nearest" in said
