"""Datasets of a billion rows that take no disk: every row is zero, the shards
are sparse files with true headers and true checksums of zeros.

Written from docs/format.md, after the manifest of a small dataset that the
command line made.
"""

from __future__ import annotations

import json
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash
from loaders_data import COLUMN, FUELRAIL, fixed_lists

BLOCK_BYTES = 65536
ALIGNMENT = 4096
TOKENS = 64
SHARD_ROWS = 1 << 21


@dataclass
class Layout:
    """The tensors of a shard, one after another."""

    tensors: dict[str, object]
    end: int = 0

    def add(self, name: str, dtype: str, shape: list[int], n_bytes: int) -> None:
        """Puts a tensor at the next aligned place, a pad before it if needed."""
        if gap := -self.end % ALIGNMENT:
            pads = sum(key.startswith("__pad.") for key in self.tensors)
            self.place(f"__pad.{pads}", "U8", [gap], gap)
        self.place(name, dtype, shape, n_bytes)

    def place(self, name: str, dtype: str, shape: list[int], n_bytes: int) -> None:
        """Puts a tensor right here."""
        offsets = [self.end, self.end + n_bytes]
        self.tensors[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        self.end += n_bytes


def small(folder: Path) -> dict[str, object]:
    """The manifest of a dataset of four rows, from the command line."""
    import pyarrow as pa

    folder.mkdir(parents=True, exist_ok=True)
    column = fixed_lists(np.zeros((4, TOKENS), np.uint16))
    schema = pa.schema([pa.field(COLUMN, column.type, nullable=False)])
    with pa.ipc.new_file(folder / "zeros.arrow", schema) as writer:
        writer.write_batch(pa.record_batch([column], schema=schema))
    pipeline = folder / "zeros.toml"
    pipeline.write_text('[source]\nuri = "zeros.arrow"\n[sink]\nuri = "zeros"\n')
    if not (folder / "zeros/dataset.json").exists():
        subprocess.run([FUELRAIL, "shard", pipeline, "--quiet"], check=True)
    return json.loads((folder / "zeros/dataset.json").read_text())


def header(n_rows: int, schema: object) -> tuple[bytes, int, int]:
    """The bytes of a shard before its data, where its checksums begin in the
    data, and how many there are."""
    metadata = {
        "format": "fuelrail-shard",
        "version": "1",
        "n_rows": str(n_rows),
        "block_bytes": str(BLOCK_BYTES),
        "schema": json.dumps(schema, separators=(",", ":")),
    }
    layout = Layout({"__metadata__": metadata})
    layout.add(COLUMN, "U16", [n_rows, TOKENS], n_rows * TOKENS * 2)
    layout.add("__origin.file", "U32", [n_rows], n_rows * 4)
    layout.add("__origin.row", "U64", [n_rows], n_rows * 8)
    table = layout.end + -layout.end % ALIGNMENT
    n_blocks = -(-table // BLOCK_BYTES)
    layout.add("__block_xxh3", "U64", [n_blocks], n_blocks * 8)
    text = json.dumps(layout.tensors, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % ALIGNMENT)
    return struct.pack("<Q", len(text)) + text, table, n_blocks


def write_shard(folder: Path, number: int, first_row: int, n_rows: int, schema: object) -> dict[str, object]:
    """Writes one shard of zeros; its entry in the manifest."""
    head, table, n_blocks = header(n_rows, schema)
    zero = xxhash.xxh3_64_intdigest(bytes(BLOCK_BYTES))
    sums = np.full(n_blocks, zero, "<u8")
    if last := table % BLOCK_BYTES:
        sums[-1] = xxhash.xxh3_64_intdigest(bytes(last))
    digest = xxhash.xxh3_128(head + sums.tobytes()).hexdigest()
    name = f"part-00000-{number:05}-{digest[:16]}.safetensors"
    with open(folder / name, "wb") as file:
        file.write(head)
        file.seek(len(head) + table)
        file.write(sums.tobytes())
    length = (folder / name).stat().st_size
    return {"name": name, "len_bytes": length, "n_rows": n_rows, "first_row": first_row, "digest": digest}


def write(folder: Path, n_rows: int) -> Path:
    """A dataset of so many rows of zeros."""
    root = folder / f"zeros-{n_rows}"
    if (root / "dataset.json").exists():
        return root
    manifest = small(folder)
    (root / "shards").mkdir(parents=True, exist_ok=True)
    shards = []
    for number, first in enumerate(range(0, n_rows, SHARD_ROWS)):
        rows = min(SHARD_ROWS, n_rows - first)
        shards.append(write_shard(root / "shards", number, first, rows, manifest["schema"]))
    manifest |= {"n_rows": n_rows, "shards": shards, "digest": "0" * 32}
    manifest["stats"] |= {"rows_read": n_rows, "documents": n_rows}
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    digest = xxhash.xxh3_128(text.encode()).hexdigest()
    head, _, tail = text.rpartition("0" * 32)
    (root / "dataset.json").write_text(head + digest + tail)
    return root
