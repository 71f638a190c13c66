"""One thread, MB of UTF-8 a CPU second: fuelrail, tiktoken and Hugging Face
tokenizers, on the same documents, in turns, after comparing their ids.

    python benches/peers/encode_speed.py [--mb 30] [--rounds 3] [--kind prose|multi]

Prose is the text of the Rust documentation and the Python library's; multi is
random words of many scripts. Every round of every peer starts with nothing
remembered ("cold"); fuelrail's second pass over the same text is "warm".
"""

from __future__ import annotations

import argparse
import html
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/python"))

import tokenizer_peers as peers  # noqa: E402

LONGEST = 20_000


def prose(n_bytes: int) -> list[str]:
    docs = sorted(Path.home().glob(".rustup/toolchains/*/share/doc/rust/html/**/*.html"))
    random.Random(0).shuffle(docs)
    found, size, seen = [], 0, set()
    for path in docs:
        text = path.read_text("utf-8", errors="replace")
        text = re.sub(r"(?s)<(script|style|head|nav).*?</\1>", " ", text)
        text = html.unescape(re.sub(r"<[^>]+>", "", text))
        # Paragraphs of sentences, each once: the pages repeat their menus.
        paragraphs = [p for p in text.split("\n") if p.count(" ") > 4 and p not in seen]
        seen.update(paragraphs)
        text = "\n".join(paragraphs)
        if len(text) > 500:
            found.append(text[:LONGEST])
            size += len(found[-1].encode())
        if size >= n_bytes:
            break
    return found


def multi(n_bytes: int) -> list[str]:
    rng = random.Random(0)
    scripts = [(0x41, 26), (0x61, 26), (0x430, 32), (0x3B1, 25), (0x5D0, 27), (0x627, 36), (0x905, 53), (0xE01, 46), (0x3041, 83), (0x4E00, 3000), (0xAC00, 2000)]
    words = []
    for _ in range(60_000):
        start, size = rng.choice(scripts)
        words.append("".join(chr(start + rng.randrange(size)) for _ in range(rng.randrange(1, 9))))
    found, size = [], 0
    while size < n_bytes:
        found.append(" ".join(words[min(int(rng.paretovariate(0.7)), len(words)) - 1] for _ in range(400)))
        size += len(found[-1].encode())
    return found


def fuelrail(name: str, lines: bytes) -> tuple[float, float]:
    done = subprocess.run([peers.example(), "--seconds", name], input=lines, capture_output=True, check=True)
    cold, warm = json.loads(done.stdout)
    return cold, warm


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--mb", type=int, default=30)
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--kind", choices=("prose", "multi"), default="prose")
    options = args.parse_args()
    documents = {"prose": prose, "multi": multi}[options.kind](options.mb * 1_000_000)
    megabytes = sum(len(text.encode()) for text in documents) / 1e6
    lines = "".join(json.dumps(text) + "\n" for text in documents).encode()
    os.environ["FUELRAIL_ENCODE"] = "{example} {tokenizer} {special}"
    for name, pattern in (("cl100k_base", peers.CL100K), ("o200k_base", peers.O200K)):
        encoding = peers.tiktoken_encoding(name)
        tokenizer = peers.hf_tokenizer(peers.hf_model(name, True), peers.split(pattern))
        fewer = documents[:: max(1, len(documents) // 500)]
        fewer_mb = sum(len(text.encode()) for text in fewer) / 1e6
        theirs = [encoding.encode_ordinary(text) for text in documents]
        assert peers.encode(name, "text", documents) == theirs
        # cl100k's pattern differs at the end of a text that ends in white space.
        stripped = [text.rstrip() for text in fewer]
        hf = [tokenizer.encode(text, add_special_tokens=False).ids for text in stripped]
        assert hf == [encoding.encode_ordinary(text) for text in stripped]
        best: dict[str, float] = {}
        for _ in range(options.rounds):
            cold, warm = fuelrail(name, lines)
            start = time.thread_time()
            for text in documents:
                encoding.encode_ordinary(text)
            tiktoken_seconds = time.thread_time() - start
            start = time.thread_time()
            for text in fewer:
                tokenizer.encode(text, add_special_tokens=False)
            hf_seconds = time.thread_time() - start
            for peer, rate in (
                ("fuelrail cold", megabytes / cold),
                ("fuelrail warm", megabytes / warm),
                ("tiktoken", megabytes / tiktoken_seconds),
                ("tokenizers", fewer_mb / hf_seconds),
            ):
                best[peer] = max(rate, best.get(peer, 0.0))
        print(f"{name} {options.kind} {megabytes:.1f} MB, best of {options.rounds}")
        for peer, rate in best.items():
            print(f"  {peer:14} {rate:8.1f} MB a CPU second   fuelrail cold is {best['fuelrail cold'] / rate:6.1f}x")


if __name__ == "__main__":
    main()
