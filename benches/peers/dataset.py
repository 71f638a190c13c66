"""Reads fuelrail datasets with the stock safetensors reader, to compare ids."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

IDS, LENGTHS = "ids.u32", "lengths.u32"


class Mismatch(RuntimeError):
    """Two tools disagree on the ids of a document."""


def shards(root: Path) -> list[Path]:
    """The shards in row order; refuses a dataset that is not complete."""
    manifest = json.loads((root / "dataset.json").read_text())
    listed = manifest["shards"]
    found = sorted((root / "shards").glob("*.safetensors"))
    if isinstance(listed, list) and [shard["name"] for shard in listed] != [path.name for path in found]:
        raise Mismatch(f"{root}: the shards there are not those of dataset.json")
    return found


def flat_ids(root: Path, column: str = "tokens") -> tuple[np.ndarray, np.ndarray]:
    """Ids and lengths of a dataset whose rows are documents."""
    ids, lengths = [], []
    for path in shards(root):
        tensors = load_file(path)
        ids.append(tensors[column].astype(np.uint32))
        lengths.append(np.diff(tensors[f"{column}.__offsets"].astype(np.int64)).astype(np.uint32))
    return concatenated(ids), concatenated(lengths)


def packed_ids(root: Path) -> tuple[np.ndarray, np.ndarray]:
    """Ids of a packed dataset put back in source order, and the length of each
    document that has tokens."""
    ids, keys, sizes = [], [], []
    for path in shards(root):
        tensors = load_file(path)
        rows, bounds = tensors["tokens"], tensors["cu_seqlens"].astype(np.int64)
        edges = tensors["cu_seqlens.__offsets"].astype(np.int64)
        for row in range(len(rows)):
            cuts = bounds[edges[row] : edges[row + 1]]
            ids.append(rows[row, : cuts[-1]].astype(np.uint32))
            sizes.append(np.diff(cuts))
        origin = [tensors[f"__origin.{part}"].astype(np.int64) for part in ("file", "row", "start")]
        keys.append(np.stack(origin, axis=1))
    flat, size, key = concatenated(ids), concatenated(sizes), np.concatenate(keys)
    if len(size) != len(key):
        raise Mismatch(f"{root}: expected an origin for each of {len(size)} pieces, got {len(key)}")
    order = np.lexsort((key[:, 2], key[:, 1], key[:, 0]))
    starts = np.concatenate([[0], np.cumsum(size)])
    flat = concatenated([flat[starts[piece] : starts[piece + 1]] for piece in order])
    documents = np.flatnonzero(np.any(np.diff(key[order][:, :2], axis=0, prepend=-1), axis=1))
    return flat, np.add.reduceat(size[order], documents).astype(np.uint32)


def concatenated(arrays: list[np.ndarray]) -> np.ndarray:
    """The arrays as one; empty where there are none."""
    return np.concatenate(arrays) if arrays else np.empty(0, np.uint32)


def peer_ids(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """What a peer has written."""
    return np.fromfile(folder / IDS, np.uint32), np.fromfile(folder / LENGTHS, np.uint32)


def compare(name: str, got: tuple[np.ndarray, np.ndarray], want: tuple[np.ndarray, np.ndarray]) -> None:
    """Raises with the first document on which two tools differ."""
    (ids, lengths), (want_ids, want_lengths) = got, want
    if len(lengths) != len(want_lengths):
        raise Mismatch(f"{name}: expected {len(want_lengths)} documents, got {len(lengths)}")
    if np.array_equal(lengths, want_lengths) and np.array_equal(ids, want_ids):
        return
    starts, want_starts = (np.concatenate([[0], np.cumsum(n, dtype=np.int64)]) for n in (lengths, want_lengths))
    for document in range(len(lengths)):
        a = ids[starts[document] : starts[document + 1]]
        b = want_ids[want_starts[document] : want_starts[document + 1]]
        if not np.array_equal(a, b):
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            raise Mismatch(
                f"{name}: document {document} differs at token {at}: "
                f"expected {b[at : at + 8].tolist()}, got {a[at : at + 8].tolist()}"
            )
    raise Mismatch(f"{name}: ids differ, documents do not")


def digest(ids: np.ndarray, lengths: np.ndarray) -> str:
    """A short name for the ids of all documents."""
    state = hashlib.blake2b(np.ascontiguousarray(ids), digest_size=16)
    state.update(np.ascontiguousarray(lengths))
    return state.hexdigest()
