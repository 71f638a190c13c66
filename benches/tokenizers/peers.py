#!/usr/bin/env python3
"""The process of one peer that is a Python package; see ``src/message.rs`` for
what it and the driver say to each other."""

from __future__ import annotations

import json
import struct
import sys
import time
from pathlib import Path
from typing import Any


def read(path: str) -> list[bytes]:
    """The documents of a corpus."""
    raw, at, found = Path(path).read_bytes(), 0, []
    while at < len(raw):
        (size,) = struct.unpack_from("<I", raw, at)
        found.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    return found


class Gigatoken:
    """gigatoken's batch call over bytes, its array of ids as the result.

    A list of bytes is what it takes without copying or checking them again, and
    its array is what it makes without a Python object an id. On one thread it
    is told not to use its pool, with more the driver sets the size of that.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        if job["output"] != "ids":
            raise ValueError("has no offsets")
        import gigatoken

        self.tokenizer = gigatoken.Tokenizer(job["tokenizer"])
        self.parallel = job["n_threads"] > 1

    def encode(self, documents: list[bytes]) -> Any:
        """The ids of all documents."""
        return self.tokenizer.encode_batch(documents, parallel=self.parallel)

    def arrays(self, made: Any) -> tuple[Any, Any]:
        """The ids in a row, and the number of each document."""
        import awkward
        import numpy

        flat, lengths = awkward.flatten(made, axis=1), awkward.num(made, axis=1)
        ids, numbers = (awkward.to_numpy(array).astype(numpy.uint32, copy=False) for array in (flat, lengths))
        return ids, numbers


class FuelrailPython:
    """fuelrail's batch call over the same list of bytes."""

    def __init__(self, job: dict[str, Any]) -> None:
        if job["output"] != "ids":
            raise ValueError("the package gives no offsets yet")
        import fuelrail

        self.tokenizer = fuelrail.Tokenizer(job["tokenizer"])
        self.threads = job["n_threads"]

    def encode(self, documents: list[bytes]) -> Any:
        """The ids of all documents."""
        return self.tokenizer.encode_batch(documents, add_special_tokens=False, threads=self.threads)

    def arrays(self, made: Any) -> tuple[Any, Any]:
        """The ids in a row, and the number of each document."""
        import numpy

        ids, starts = made
        return ids, numpy.diff(starts).astype(numpy.uint32)


class SentencePiece:
    """The library SentencePiece, on its own file; its lists of ids are its result."""

    def __init__(self, job: dict[str, Any]) -> None:
        if not job["vocabulary"].endswith(".model"):
            raise ValueError("has files of its own only")
        if job["output"] != "ids":
            raise ValueError("has no offsets in bytes")
        import sentencepiece

        model = Path(job["tokenizer"]).with_name(job["vocabulary"])
        self.tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(model))
        self.threads = job["n_threads"]

    def encode(self, documents: list[bytes]) -> Any:
        """The ids of all documents."""
        return self.tokenizer.encode(documents, num_threads=self.threads)

    def arrays(self, made: Any) -> tuple[Any, Any]:
        """The ids in a row, and the number of each document."""
        import numpy

        flat = numpy.fromiter((number for ids in made for number in ids), dtype=numpy.uint32)
        return flat, numpy.array([len(ids) for ids in made], dtype=numpy.uint32)


PEERS = {"gigatoken": Gigatoken, "sentencepiece": SentencePiece, "fuelrail-python": FuelrailPython}


def timed(tokenizer: Any, documents: list[bytes]) -> dict[str, float]:
    """One pass over the documents."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = tokenizer.encode(documents)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    ids, _ = tokenizer.arrays(made)
    return {"wall_seconds": wall, "cpu_seconds": cpu, "n_tokens": len(ids)}


def main() -> None:
    """Answers the driver until its input ends."""
    peer = PEERS[sys.argv[1]]
    job: dict[str, Any] = {}
    documents: list[bytes] = []

    def answer(ask: dict[str, Any]) -> dict[str, Any]:
        nonlocal job, documents
        if ask["ask"] == "open":
            peer(ask).encode([b"word"])
            job, every = ask, read(ask["documents"])
            total = sum(map(len, every))
            documents = every[:: max(1, -(-total // max(1, ask["len_bytes"])))]
            return {"answer": "opened", "n_documents": len(documents), "len_bytes": sum(map(len, documents))}
        tokenizer = peer(job)
        if ask["ask"] == "round":
            cold = timed(tokenizer, documents)
            return {"answer": "timed", "cold": cold, "warm": timed(tokenizer, documents)}
        ids, lengths = tokenizer.arrays(tokenizer.encode(read(job["documents"])))
        ids.tofile(Path(ask["out"]) / "ids.u32")
        lengths.tofile(Path(ask["out"]) / "lengths.u32")
        return {"answer": "written"}

    for line in sys.stdin:
        try:
            told = answer(json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer
            text = str(error).strip().splitlines()
            told = {"answer": "refused", "error": text[0] if text else type(error).__name__}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
