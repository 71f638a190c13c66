"""Stock safetensors opens every shard, and a reader written from the docs
reads the same rows, with every checksum right.

The datasets are written by the `sample_datasets` binary of the test crate.
"""

import json

import ml_dtypes  # with it imported, stock safetensors and numpy know bfloat16
import numpy as np
import pytest
import safetensors.numpy
import xxhash
from read_shards import Dataset

NAMES = ["all_types", "documents", "packed", "many"]


@pytest.fixture(params=NAMES)
def dataset(samples, request):
    return Dataset(samples / request.param)


def test_stock_safetensors_reads_the_same_tensors(dataset):
    for entry, shard in dataset.shards():
        stock = safetensors.numpy.load_file(dataset.root / "shards" / entry["name"])
        assert set(stock) == set(shard.places)
        for name, array in stock.items():
            ours = shard.tensor(name)
            if shard.places[name]["dtype"] == "BF16":
                assert array.dtype == ml_dtypes.bfloat16, name
            else:
                assert array.dtype == ours.dtype, name
            assert array.shape == ours.shape, name
            assert array.tobytes() == ours.tobytes(), name


def test_every_digest_is_right(dataset):
    text = dataset.digested()
    assert xxhash.xxh3_128_hexdigest(text) == dataset.manifest["digest"]
    for entry, shard in dataset.shards():
        assert xxhash.xxh3_128_hexdigest(shard.digested()) == entry["digest"]
        for block, expected in shard.blocks():
            assert xxhash.xxh3_64_intdigest(block) == expected
    for file in [*dataset.manifest["assets"], dataset.manifest["quarantine"]]:
        if file is not None:
            content = (dataset.root / file["file"]).read_bytes()
            assert xxhash.xxh3_128_hexdigest(content) == file["digest"]
            assert len(content) == file["len_bytes"]


def test_pads_are_zero(dataset):
    for _, shard in dataset.shards():
        pads = [shard.tensor(name) for name in shard.places if name.startswith("__pad.")]
        assert pads and not any(pad.any() for pad in pads)


def as_json(value):
    """A value as Arrow's JSON writer gives it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value


@pytest.mark.parametrize("name", ["all_types", "documents", "packed"])
def test_rows_are_what_was_written(samples, name):
    lines = (samples / name / "rows.jsonl").read_text().splitlines()
    rows = list(Dataset(samples / name).rows())
    assert len(lines) == len(rows) > 50
    for line, row in zip(lines, rows, strict=True):
        expected = json.loads(line)
        assert {key: as_json(row[key]) for key in expected} == expected


def test_bfloat16_is_what_was_rounded(samples):
    n_rows = 0
    for row in Dataset(samples / "all_types").rows():
        if row["f64"] is None:
            assert row["bf16"] is None and row["bf16_rows"] is None
            continue
        n_rows += 1
        assert row["bf16"] == float(ml_dtypes.bfloat16(row["f64"]))
        n = int(row["f64"])
        expected = [float(ml_dtypes.bfloat16((n ^ i) & 0xFFFF)) for i in range(4)]
        assert row["bf16_rows"].tolist() == expected
    assert n_rows > 500


def test_origins(samples):
    documents = Dataset(samples / "documents")
    good = [row for row in range(70) if row % 7 != 3]
    assert [o for [o] in documents.origins()][: len(good)] == [(0, row, 0) for row in good]
    packed = list(Dataset(samples / "packed").origins())
    assert packed[: len(good)] == [[(0, r, n) for n in range(r % 3)] for r in good]


def test_the_index_lists_every_shard(samples):
    dataset = Dataset(samples / "many")
    assert isinstance(dataset.manifest["shards"], dict)
    assert len(dataset.entries) > 1000
    assert len(list(dataset.rows())) == dataset.manifest["n_rows"]


def test_half_floats_and_times(samples):
    rows = list(Dataset(samples / "all_types").rows())
    for n, row in enumerate(rows):
        expected = None if n % 9 == 4 else n * 37
        assert row["time"] == expected
        assert row["f16"] == (None if expected is None else np.float16(expected))
