"""A dataset for the tests of frameworks whose rows say their own numbers: `id`,
int64, `x`, sixteen float32 of the same number, and ragged `words`."""

from __future__ import annotations

from pathlib import Path

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def words(row: int) -> list[int]:
    """The ragged value of a row: up to four elements."""
    return list(range(row, row + row % 5))


def write(folder: Path, n_rows: int) -> Path:
    """Shards `n_rows` rows."""
    folder.mkdir(parents=True)
    rows = np.arange(n_rows)
    columns = {
        "id": pa.array(rows),
        "x": pa.FixedSizeListArray.from_arrays(pa.array(np.repeat(rows.astype("float32"), 16)), 16),
        "words": pa.array([words(row) for row in range(n_rows)], pa.list_(pa.int32())),
    }
    fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    pq.write_table(pa.table(list(columns.values()), schema=pa.schema(fields)), folder / "rows.parquet")
    pipeline = fr.Pipeline(folder / "rows.parquet").sink(folder / "shards", shard_size="32KiB")
    pipeline.shard(progress="never")
    return folder / "shards"
