"""The loader's order against one written from docs/order.md alone."""

from __future__ import annotations

from pathlib import Path

import pytest

import fuelrail as fr
import numbered
import read_order


@pytest.fixture(scope="module")
def dataset(fuelrail, tmp_path_factory) -> Path:
    # 2 KiB a row: more than a hundred blocks, the last one short.
    folder = tmp_path_factory.mktemp("order") / "rows"
    return numbered.write(folder, fuelrail.path, 60_011, length=1024, shard_size="8MiB")


def test_philox_gives_the_known_answers():
    assert read_order.philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    ones = 2**32 - 1
    assert read_order.philox([ones] * 4, [ones] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


@pytest.mark.parametrize("seed, epoch", [(0, 0), (2**64 - 1, 3)])
@pytest.mark.parametrize("shuffle", ["rows", "blocks"])
def test_the_order_is_the_documented_one(dataset, shuffle, seed, epoch):
    n_rows = 60_011
    len_bytes = sum(shard.stat().st_size for shard in (dataset / "shards").iterdir())
    loader = fr.Loader(dataset, batch_size=1000, shuffle=shuffle, seed=seed, last="short", columns=["id"], verify="off")
    loader.set_epoch(epoch)
    rows = [row for batch in loader for row in batch.rows.tolist()]
    if shuffle == "rows":
        assert rows == read_order.rows_order(n_rows, seed, epoch)
    else:
        block_rows = read_order.block_rows(n_rows, len_bytes)
        assert 2 < n_rows / block_rows / read_order.WINDOW_BLOCKS < 10
        assert rows == read_order.blocks_order(n_rows, block_rows, seed, epoch)
