"""The rows that the benches of loaders read, in the format of each peer.

Rows are noise from a seed, so that every format holds the same ones and none
can be compressed. A format is written under a temporary name and renamed, so
what has its name is complete.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FUELRAIL = ROOT / "target/release/fuelrail"

# Rows are made this many at a time.
BLOCK_ROWS = 1024
COLUMN = "x"
FILE_BYTES = 64 << 20

# An odd number, from which the factors of the hash of a row come.
FACTOR = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Kind:
    """What the rows of a dataset are."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    n_rows: int

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return int(np.prod(self.shape)) * self.dtype.itemsize

    def blocks(self) -> Iterator[np.ndarray]:
        """All rows in order, block by block."""
        for first in range(0, self.n_rows, BLOCK_ROWS):
            yield self.block(first // BLOCK_ROWS)

    def block(self, index: int) -> np.ndarray:
        """The rows of one block."""
        n_rows = min(BLOCK_ROWS, self.n_rows - index * BLOCK_ROWS)
        noise = np.random.default_rng((index, self.row_bytes)).bytes(n_rows * self.row_bytes)
        return np.frombuffer(noise, self.dtype).reshape(n_rows, *self.shape)

    def rows(self) -> Iterator[np.ndarray]:
        """All rows in order, one by one."""
        for block in self.blocks():
            yield from block


KINDS = {
    kind.name: kind
    for kind in (
        Kind("tokens", np.dtype(np.uint16), (2048,), 180 * BLOCK_ROWS),
        Kind("images", np.dtype(np.uint8), (3, 224, 224), 5 * BLOCK_ROWS),
    )
}


def hashes(rows: np.ndarray) -> np.ndarray:
    """A 64-bit hash of each row; other rows, other hashes, but for chance."""
    words = np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.uint64)
    factors = np.arange(1, 2 * words.shape[1], 2, dtype=np.uint64) * np.uint64(FACTOR)
    mixed = words ^ (words >> np.uint64(32))
    return np.einsum("ij,j->i", mixed, factors)


def digest(all_hashes: np.ndarray) -> str:
    """A name for a multiset of rows."""
    return hashlib.blake2b(np.sort(all_hashes).tobytes(), digest_size=16).hexdigest()


def fixed_lists(rows: np.ndarray):
    """Rows as nested fixed-size lists of Arrow, without a copy."""
    import pyarrow as pa

    array = pa.array(rows.reshape(-1))
    for length in reversed(rows.shape[1:]):
        item = pa.field("item", array.type, nullable=False)
        array = pa.FixedSizeListArray.from_arrays(array, type=pa.list_(item, length))
    return array


def write_npy(kind: Kind, out: Path) -> None:
    """One file that numpy maps."""
    with open(out, "wb") as file:
        header = {"descr": kind.dtype.str, "fortran_order": False, "shape": (kind.n_rows, *kind.shape)}
        np.lib.format.write_array_header_2_0(file, header)
        for block in kind.blocks():
            block.tofile(file)


def write_fuelrail(kind: Kind, out: Path) -> None:
    """Shards, made by the command line from an Arrow file."""
    import pyarrow as pa

    source = out.with_suffix(".arrow")
    column = fixed_lists(kind.block(0)).type
    schema = pa.schema([pa.field(COLUMN, column, nullable=False)])
    with pa.ipc.new_file(source, schema) as writer:
        for block in kind.blocks():
            writer.write_batch(pa.record_batch([fixed_lists(block)], schema=schema))
    pipeline = out.with_suffix(".toml")
    pipeline.write_text(f'[source]\nuri = "{source}"\n[sink]\nuri = "{out}"\n')
    subprocess.run([FUELRAIL, "shard", pipeline, "--quiet"], check=True)
    source.unlink()
    pipeline.unlink()


def write_litdata(kind: Kind, out: Path) -> None:
    """Chunks; tokens as the blocks of its loader of tokens."""
    from litdata.streaming import TokensLoader
    from litdata.streaming.cache import Cache

    options = {"item_loader": TokensLoader(kind.shape[0])} if kind.name == "tokens" else {}
    cache = Cache(str(out), chunk_bytes=FILE_BYTES, **options)
    for index, row in enumerate(kind.rows()):
        cache[index] = row
    cache.done()
    cache.merge()


def write_arrayrecord(kind: Kind, out: Path) -> None:
    """Files of records that are found one by one, not compressed."""
    from array_record.python.array_record_module import ArrayRecordWriter

    out.mkdir()
    for index, block in enumerate(kind.blocks()):
        if index % 20 == 0:
            if index:
                writer.close()
            writer = ArrayRecordWriter(str(out / f"rows-{index:05}.array_record"), "group_size:1,uncompressed")
        for row in block:
            writer.write(row.tobytes())
    writer.close()


def write_mds(kind: Kind, out: Path) -> None:
    """Shards of samples whose dtype and shape are fixed."""
    from streaming import MDSWriter

    shape = ",".join(map(str, kind.shape))
    columns = {COLUMN: f"ndarray:{kind.dtype.name}:{shape}"}
    with MDSWriter(out=str(out), columns=columns, size_limit=FILE_BYTES) as writer:
        for row in kind.rows():
            writer.write({COLUMN: row})


def write_hf(kind: Kind, out: Path) -> None:
    """Arrow files of fixed-size lists."""
    import datasets
    import pyarrow as pa

    datasets.disable_progress_bars()
    folder = out.with_suffix(".parts")
    folder.mkdir(exist_ok=True)
    flat = kind.row_bytes // kind.dtype.itemsize
    parts = []
    for index, block in enumerate(kind.blocks()):
        table = pa.table({COLUMN: fixed_lists(block.reshape(len(block), flat))})
        if index % 40 == 0:
            if index:
                writer.close()
            parts.append(folder / f"{index:05}.arrow")
            writer = pa.ipc.new_stream(parts[-1], table.schema)
        writer.write_table(table)
    writer.close()
    whole = datasets.concatenate_datasets([datasets.Dataset.from_file(str(part)) for part in parts])
    whole.save_to_disk(str(out), max_shard_size="256MB")
    shutil.rmtree(folder)


def write_webdataset(kind: Kind, out: Path) -> None:
    """Tar files of samples."""
    import webdataset

    out.mkdir()
    with webdataset.ShardWriter(str(out / "rows-%05d.tar"), maxsize=FILE_BYTES, maxcount=1 << 40, verbose=0) as writer:
        for index, row in enumerate(kind.rows()):
            writer.write({"__key__": f"{index:08}", f"{COLUMN}.bin": row.tobytes()})


FORMATS: dict[str, Callable[[Kind, Path], None]] = {
    "npy": write_npy,
    "fuelrail": write_fuelrail,
    "litdata": write_litdata,
    "arrayrecord": write_arrayrecord,
    "mds": write_mds,
    "hf": write_hf,
    "webdataset": write_webdataset,
}


def folder_of(work: Path, kind: Kind) -> Path:
    """Where the formats of a kind lie."""
    return work / f"{kind.name}-{kind.n_rows}"


def made(work: Path, kind: Kind, name: str) -> Path:
    """The rows in a format, written where they are not yet there."""
    folder = folder_of(work, kind)
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{name}-part"
        for old in (part, part.with_suffix(".parts")):
            shutil.rmtree(old, ignore_errors=True)
        part.unlink(missing_ok=True)
        FORMATS[name](kind, part)
        os.rename(part, path)
        forget(path)
    return path


def wanted(work: Path, kind: Kind) -> str:
    """The digest of all rows, from what made them."""
    path = folder_of(work, kind) / "digest"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(digest(np.concatenate([hashes(block) for block in kind.blocks()])))
    return path.read_text()


def files(path: Path) -> list[Path]:
    """The files below a path, or itself."""
    return [path] if path.is_file() else [file for file in sorted(path.rglob("*")) if file.is_file()]


def forget(path: Path) -> None:
    """Has the page cache give up what lies below a path. What is read from the
    disk lies there in larger pieces than what was written bit by bit, which
    decides how many page faults a map costs: so every format is read."""
    for file in files(path):
        with open(file, "rb+") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def warm(path: Path) -> int:
    """Reads every byte below a path from the disk, so that the page cache has
    it; how many bytes those are.

    What it had before goes first: pages that were cached while they were
    written lie in other units than those that were read, and the first touch of
    a map costs several times more in small ones than in large ones."""
    n_bytes = 0
    for file in files(path):
        with open(file, "rb", buffering=0) as stream:
            os.fdatasync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while n := len(stream.read(4 << 20)):
                n_bytes += n
    return n_bytes
