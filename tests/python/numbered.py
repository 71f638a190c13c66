"""Datasets whose rows say their own numbers, so that a test can tell which of
them it has been given."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def tokens(rows: np.ndarray, length: int) -> np.ndarray:
    """The tokens of the rows with these numbers."""
    return ((rows[:, None] * 7 + np.arange(length)) % 65536).astype(np.uint16)


def words(row: int) -> list[int]:
    """The ragged value of a row: up to four elements."""
    return list(range(row, row + row % 5))


def write(folder: Path, command: Path, n_rows: int, *, length: int = 16, shard_size: str = "64KiB") -> Path:
    """Shards a dataset of `n_rows` rows: `id`, `tokens` and ragged `words`."""
    folder.mkdir(parents=True)
    rows = np.arange(n_rows)
    columns = {
        "id": pa.array(rows),
        "tokens": pa.FixedSizeListArray.from_arrays(pa.array(tokens(rows, length).ravel()), length),
        "words": pa.array([words(row) for row in range(n_rows)], pa.list_(pa.int32())),
    }
    fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    pq.write_table(pa.table(list(columns.values()), schema=pa.schema(fields)), folder / "rows.parquet")
    pipeline = folder / "rows.toml"
    pipeline.write_text(
        f'[source]\nuri = "{folder}/rows.parquet"\n[sink]\nuri = "{folder}/shards"\nshard_size = "{shard_size}"\n'
    )
    subprocess.run([command, "shard", pipeline, "--quiet"], check=True, timeout=600)
    return folder / "shards"
