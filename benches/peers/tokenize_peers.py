#!/usr/bin/env python3
"""One peer's way from JSONL files to token ids; run.py starts it as a process
of its own, so that start-up, CPU time and memory are all counted.

Each writes what its users would: Hugging Face an Arrow cache, tiktoken and
gigatoken flat u32 ids and the documents' lengths. None packs, checksums or
syncs. ``--dump`` makes Hugging Face write flat ids too, for the comparison of
results, which is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

import vocab

BATCH = 1000


class FlatIds:
    """Writes ``ids.u32`` and ``lengths.u32`` into a folder."""

    def __init__(self, folder: Path) -> None:
        self.ids = open(folder / "ids.u32", "wb")
        self.lengths = open(folder / "lengths.u32", "wb")

    def add(self, documents: list[list[int]]) -> None:
        """Writes the ids of some documents."""
        np.fromiter((len(ids) for ids in documents), np.uint32, len(documents)).tofile(self.lengths)
        flat = [id_ for ids in documents for id_ in ids]
        np.array(flat, np.uint32).tofile(self.ids)

    def close(self) -> None:
        """Ends both files."""
        self.ids.close()
        self.lengths.close()


def tiktoken_loop(args: argparse.Namespace) -> None:
    """A loop over lines with ``encode_ordinary_batch`` on two threads."""
    encoding = vocab.encoding(vocab.VOCABULARIES[args.vocabulary], vocab.read_ranks(args.ranks))
    out = FlatIds(args.out)
    for path in args.inputs:
        texts: list[str] = []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                texts.append(json.loads(line)["text"])
                if len(texts) == BATCH:
                    out.add(encoding.encode_ordinary_batch(texts, num_threads=args.threads))
                    texts.clear()
        out.add(encoding.encode_ordinary_batch(texts, num_threads=args.threads))
    out.close()


def gigatoken_files(args: argparse.Namespace) -> None:
    """``encode_files`` over the JSONL files: flat ids out."""
    os.environ["RAYON_NUM_THREADS"] = str(args.threads)
    import awkward as ak
    import gigatoken as gt

    scheme = vocab.VOCABULARIES[args.vocabulary].scheme
    tokenizer = gt.Tokenizer.from_tiktoken(args.ranks, pretokenizer=scheme, special_tokens={})
    source = gt.JsonlFileSource([str(path) for path in args.inputs], field="text")
    documents = tokenizer.encode_files(source)
    with open(args.out / "ids.u32", "wb") as file:
        ak.to_numpy(ak.flatten(documents, axis=1)).astype(np.uint32, copy=False).tofile(file)
    with open(args.out / "lengths.u32", "wb") as file:
        ak.to_numpy(ak.num(documents, axis=1)).astype(np.uint32).tofile(file)


def hf_datasets(args: argparse.Namespace) -> None:
    """``load_dataset("json").map(fast tokenizer)`` on two processes."""
    os.environ |= {"TOKENIZERS_PARALLELISM": "false", "HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    from datasets import disable_progress_bars, load_dataset
    from tokenizers import Tokenizer

    disable_progress_bars()
    tokenizer = Tokenizer.from_file(str(args.tokenizer))

    def encode(batch: dict[str, list[str]]) -> dict[str, list[list[int]]]:
        encoded = tokenizer.encode_batch_fast(batch["text"], add_special_tokens=False)
        return {"input_ids": [one.ids for one in encoded]}

    files = [str(path) for path in args.inputs]
    data = load_dataset("json", data_files=files, split="train", cache_dir=str(args.out / "cache"))
    data = data.map(encode, batched=True, num_proc=args.threads, remove_columns=data.column_names)
    if args.dump:
        dump_arrow(data, args.out)


def dump_arrow(data, folder: Path) -> None:
    """Writes a mapped dataset's ids as the other peers do."""
    with open(folder / "ids.u32", "wb") as ids, open(folder / "lengths.u32", "wb") as lengths:
        for batch in data.with_format("arrow").iter(BATCH):
            column = batch.column("input_ids").combine_chunks()
            column.flatten().to_numpy(zero_copy_only=False).astype(np.uint32).tofile(ids)
            column.value_lengths().to_numpy(zero_copy_only=False).astype(np.uint32).tofile(lengths)


PEERS = {"hf-datasets": hf_datasets, "tiktoken": tiktoken_loop, "gigatoken": gigatoken_files}


def main() -> int:
    """Runs one peer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("inputs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", choices=vocab.VOCABULARIES, default="cl100k_base")
    parser.add_argument("--ranks", type=Path, required=True, help="its .tiktoken file")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the same as tokenizer.json")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dump", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    PEERS[args.peer](args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
