"""A dataset of packed text for the tests of frameworks: `tokens`, uint32
[32], and ragged `cu_seqlens`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def write(folder: Path, n_documents: int = 400) -> Path:
    """Shards some documents; the rows do not fill batches of 16."""
    folder.mkdir(parents=True)
    texts = (f"Document {n}: " + "some words of it, " * (n % 13) for n in range(n_documents))
    (folder / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    pipeline = folder / "packed.toml"
    pipeline.write_text(
        '[source]\nuri = "texts.jsonl"\n'
        '[[step]]\nop = "tokenize"\ncolumn = "text"\ntokenizer = "cl100k_base"\nend_of_document = "<|endoftext|>"\n'
        '[[step]]\nop = "pack"\nlength = 32\n'
        '[sink]\nuri = "shards"\nshard_size = "64KiB"\n'
    )
    subprocess.run([sys.executable, "-m", "fuelrail", "shard", pipeline, "--quiet"], check=True, timeout=600)
    return folder / "shards"
