"""Millions of generated documents through every kind of tokenizer, here and in the
library that it comes from: ids, offsets, words, types, masks and decoded text.

    tokenizer_oracle.py [--documents N] [--kind KIND]… [--seed SEED] [--processes N] [--list]

Documents come in chunks of 2,000, each from a seed. The first that differs is
printed with both answers, its kind and its seed, and ends the run with status 1;
`--kind KIND --seed SEED --documents 2000` does that chunk again. What was
compared is printed at the end.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import functools
import importlib.metadata
import json
import multiprocessing
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sentencepiece
import test_sentencepiece
import test_tokenizer_kinds
import tiktoken
import tiktoken_patterns
import token_texts
import tokenizer_kinds
import tokenizer_models
import tokenizer_peers
from tokenizers import Encoding, Tokenizer

CHUNK = 2_000
WITH_ADDED = "+added"
# Lengths at which something changes: of keys, of words, of buffers.
LENGTHS = (14, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257)
LONG = (4_095, 4_096, 4_097, 65_535, 65_536, 65_537)
LETTERS = ("abcdefghijklmnopqrstuvwxyz", "ab", "ACGT", "0123456789", "^", " ", " \n", "北京日本", "🚀\u200d", "a\u0301")

Answer = dict[str, object]


@dataclasses.dataclass
class Outcome:
    """What a chunk came to."""

    kind: str
    seed: int
    n_documents: int = 0
    n_tokens: int = 0
    n_bytes: int = 0
    difference: str | None = None


def document(rng: random.Random) -> str:
    """A document: words, few characters, any characters, a piece of a real one, a
    run of some length, or several of these."""
    kind = rng.random()
    if kind < 0.55:
        return test_tokenizer_kinds.text(rng)
    if kind < 0.75:
        pool = rng.choice((token_texts.CHARS, token_texts.WORDS, token_texts.CHARS + token_texts.WORDS))
        return "".join(rng.choices(pool, k=rng.choice((1, 3, 8, 20, 60))))
    if kind < 0.85:
        text = rng.choice(token_texts.real())
        start = rng.randrange(max(len(text), 1))
        return text[start : start + rng.choice((10, 100, 500))]
    if kind < 0.95:
        return "".join(rng.choices(rng.choice(LETTERS), k=rng.choice(LENGTHS)))
    return "".join(document(rng) for _ in range(rng.randrange(4)))


def documents(kind: str, seed: int, n_documents: int) -> list[str]:
    """Those of a chunk, two of them long."""
    rng = random.Random(f"{kind} {seed}")
    texts = [document(rng) for _ in range(n_documents)]
    for _ in range(2):
        letters = rng.choice(LETTERS)
        texts[rng.randrange(n_documents)] = "".join(rng.choices(letters, k=rng.choice(LONG)))
    return texts


@dataclasses.dataclass
class Kinds:
    """Tokenizers, each in a file under the name of its kind."""

    folder: Path

    @staticmethod
    def names() -> Iterator[str]:
        """All kinds."""
        for name in test_tokenizer_kinds.NAMES:
            yield name
            yield name + WITH_ADDED
        yield from (f"odd-{name}" for name in tokenizer_models.KINDS)
        yield from (f"tiktoken-{name}" for name in tokenizer_peers.TIKTOKEN_NAMES)
        yield from (f"pattern-{name}" for name in tiktoken_patterns.PATTERNS)
        yield from (f"sentencepiece-{kind}-{name}" for kind, name in test_sentencepiece.CASES)

    def write(self, names: list[str]) -> None:
        """Trains and writes what several chunks share."""
        tokenizer_peers.built_example("encode_tokens")
        trained = {name.removesuffix(WITH_ADDED) for name in names} & set(test_tokenizer_kinds.NAMES)
        if trained:
            rng = random.Random(1)
            corpus = [test_tokenizer_kinds.text(rng) for _ in range(4_000)]
            for name, tokenizer in tokenizer_kinds.every_kind(corpus).items():
                tokenizer.save(str(self.folder / f"{name}.json"))
        if any(name.startswith(("tiktoken-", "pattern-")) for name in names):
            for name in tokenizer_peers.TIKTOKEN_NAMES:
                tokenizer_peers.tiktoken_encoding(name)
            ranks = tokenizer_peers.ranks("cl100k_base").items()
            lines = (base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks)
            (self.folder / "ranks").write_bytes(b"".join(lines))
        for kind, name in test_sentencepiece.CASES:
            if f"sentencepiece-{kind}-{name}" in names:
                model = test_sentencepiece.trained(**test_sentencepiece.options_of(kind, name))
                (self.folder / f"sentencepiece-{kind}-{name}.model").write_bytes(model)

    def path(self, name: str, seed: int) -> Path:
        """The file of a tokenizer that Hugging Face's library reads."""
        rng = random.Random(f"tokenizer {name} {seed}")
        path = self.folder / f"{name}-{seed}.json"
        if name.startswith("odd-"):
            make, cutter, _ = tokenizer_models.KINDS[name.removeprefix("odd-")]
            file = {"version": "1.0", "model": make(rng), "pre_tokenizer": cutter and {"type": cutter}}
            if cutter == "ByteLevel":
                file["pre_tokenizer"] |= {"add_prefix_space": rng.random() < 0.5, "trim_offsets": True}
            path.write_text(json.dumps(file), "utf-8")
        elif name.endswith(WITH_ADDED):
            base = Tokenizer.from_file(str(self.folder / f"{name.removesuffix(WITH_ADDED)}.json"))
            tokenizer_kinds.with_added(base, rng).save(str(path))
        else:
            path = self.folder / f"{name}.json"
        return path

    def compare(self, name: str, seed: int, n_documents: int) -> Outcome:
        """One chunk."""
        outcome = Outcome(name, seed, n_documents)
        texts = documents(name, seed, n_documents)
        outcome.n_bytes = sum(len(text.encode()) for text in texts)
        if name.startswith("sentencepiece-"):
            self.with_sentencepiece(outcome, texts)
        elif name.startswith(("tiktoken-", "pattern-")):
            self.with_tiktoken(outcome, texts)
        else:
            self.with_hugging_face(outcome, texts)
        return outcome

    def with_hugging_face(self, outcome: Outcome, texts: list[str]) -> None:
        path = self.path(outcome.kind, outcome.seed)
        theirs = Tokenizer.from_file(str(path))
        answers = tokenizer_peers.encode_tokens(str(path), texts)
        for text, ours, encoding in zip(texts, answers, encodings(theirs, texts), strict=True):
            # What has no token is an error here, and there an error or left out.
            if "has no token for what is unknown" in str(ours.get("error")) and outcome.kind.startswith("odd-"):
                continue
            if encoding is None or "error" in ours:
                outcome.difference = difference(outcome, text, ours, encoding and encoding.ids)
                return
            wanted = test_tokenizer_kinds.expected(theirs, encoding)
            outcome.n_tokens += len(encoding.ids)
            if ours != wanted:
                outcome.difference = difference(outcome, text, ours, wanted)
                return

    def with_tiktoken(self, outcome: Outcome, texts: list[str]) -> None:
        kind, name = outcome.kind.split("-", 1)
        if kind == "tiktoken":
            theirs, given = tokenizer_peers.tiktoken_encoding(name), name
        else:
            pattern, special = tiktoken_patterns.PATTERNS[name], tiktoken_patterns.SPECIAL
            theirs = tiktoken_patterns.encoding(pattern, **special)
            rules = {"pattern": pattern, "special_tokens": special, "ranks": (self.folder / "ranks").read_text()}
            path = self.folder / f"{name}.tiktoken.json"
            path.write_text(json.dumps(rules), "utf-8")
            given = str(path)
        answers = tokenizer_peers.encode_tokens(given, texts)
        for text, ours in zip(texts, answers, strict=True):
            ids = theirs.encode(text, allowed_special="all")
            outcome.n_tokens += len(ids)
            wanted: Answer = {"ids": ids, "decoded": theirs.decode(ids)}
            found: Answer = {"ids": ours["ids"], "decoded": ours["decoded"]}
            if name != "gaps":
                wanted["starts"] = starts(theirs, ids)
                found["starts"] = [start for start, _ in ours["offsets"]]
            if found != wanted:
                outcome.difference = difference(outcome, text, found, wanted)
                return

    def with_sentencepiece(self, outcome: Outcome, texts: list[str]) -> None:
        path = self.folder / f"{outcome.kind}.model"
        theirs = sentencepiece.SentencePieceProcessor(model_file=str(path))
        answers = tokenizer_peers.encode_tokens(str(path), texts, "text")
        for text, ours in zip(texts, answers, strict=True):
            wanted = theirs.encode(text, return_type="offset_mapping")
            outcome.n_tokens += len(wanted["ids"])
            places = test_sentencepiece.of_last_bytes(theirs, ours["ids"], list(map(tuple, ours["offsets"])))
            found = {"ids": ours["ids"], "offsets": places, "decoded": ours["decoded"]}
            expected = {"ids": wanted["ids"], "offsets": wanted["offsets"], "decoded": theirs.decode(wanted["ids"])}
            if found != expected:
                outcome.difference = difference(outcome, text, found, expected)
                return


def encodings(tokenizer: Tokenizer, texts: list[str]) -> list[Encoding | None]:
    """What Hugging Face says of texts; None where it refuses one."""
    try:
        return list(tokenizer.encode_batch(texts))
    except Exception:  # noqa: BLE001 - it raises no other
        return [one_encoding(tokenizer, text) for text in texts]


def one_encoding(tokenizer: Tokenizer, text: str) -> Encoding | None:
    """What Hugging Face says of one."""
    try:
        return tokenizer.encode(text)
    except Exception:  # noqa: BLE001 - it raises no other
        return None


def starts(encoding: tiktoken.Encoding, ids: list[int]) -> list[int]:
    """Where tokens begin, of a text that tokens cover."""
    return encoding.decode_with_offsets(ids)[1]


def difference(outcome: Outcome, text: str, ours: object, wanted: object) -> str:
    """A text, and what is said of it."""
    if isinstance(ours, dict) and isinstance(wanted, dict):
        ours = {key: value for key, value in ours.items() if value != wanted.get(key)}
        wanted = {key: wanted.get(key) for key in ours}
    return f"{outcome.kind}, seed {outcome.seed}:\n  text   {text!r}\n  ours   {ours!r}\n  theirs {wanted!r}"


def main() -> int:
    """Runs all chunks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--documents", type=int, default=20_000, help="documents of each kind (default: 20,000)")
    parser.add_argument("--kind", action="append", help="a kind, or how several begin; all unless given")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first chunk (default: 0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="print the kinds")
    args = parser.parse_args()
    names = [name for name in Kinds.names() if not args.kind or name.startswith(tuple(args.kind))]
    names = [name for name in names if name in args.kind] or names if args.kind else names
    if args.list or not names:
        print(*Kinds.names(), sep="\n")
        return int(not args.list)
    chunks = [
        (name, args.seed + nth, min(CHUNK, args.documents - nth * CHUNK))
        for nth in range(-(-args.documents // CHUNK))
        for name in names
    ]
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        kinds = Kinds(Path(folder))
        kinds.write(names)
        token_texts.real()
        with multiprocessing.get_context("fork").Pool(args.processes) as pool:
            totals = run(pool.imap_unordered(functools.partial(chunk, kinds), chunks))
    seconds = time.monotonic() - begin
    return report(totals, seconds)


def chunk(kinds: Kinds, given: tuple[str, int, int]) -> Outcome:
    """One chunk, in a process of its own."""
    return kinds.compare(*given)


def run(outcomes: Iterator[Outcome]) -> dict[str, Outcome]:
    """Adds up chunks until one differs."""
    totals: dict[str, Outcome] = {}
    for outcome in outcomes:
        total = totals.setdefault(outcome.kind, Outcome(outcome.kind, outcome.seed))
        if outcome.difference is not None:
            print(outcome.difference, flush=True)
            total.difference = outcome.difference
            break
        total.n_documents += outcome.n_documents
        total.n_tokens += outcome.n_tokens
        total.n_bytes += outcome.n_bytes
    return totals


def versions() -> str:
    """What was compared with what, where and when."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=tokenizer_peers.ROOT, capture_output=True)
    peers = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("tokenizers", "tiktoken", "sentencepiece")
    )
    return (
        f"{time.strftime('%Y-%m-%d')}, commit {commit.stdout.decode().strip()}, {peers}, Python "
        f"{platform.python_version()}, {platform.machine()} with {os.cpu_count()} processors\n"
        f"{' '.join(['tokenizer_oracle.py', *sys.argv[1:]])}"
    )


def report(totals: dict[str, Outcome], seconds: float) -> int:
    """Prints what was compared; the status."""
    print(versions())
    print(f"{'kind':36} {'documents':>12} {'tokens':>14} {'bytes':>14}")
    for name in sorted(totals):
        total = totals[name]
        print(f"{name:36} {total.n_documents:12,} {total.n_tokens:14,} {total.n_bytes:14,}")
    documents_in_all = sum(total.n_documents for total in totals.values())
    tokens_in_all = sum(total.n_tokens for total in totals.values())
    n_different = sum(total.difference is not None for total in totals.values())
    print(
        f"{documents_in_all:,} documents, {tokens_in_all:,} tokens of {len(totals)} kinds in {seconds:.0f} s: "
        f"{'no difference' if not n_different else 'A DIFFERENCE'}"
    )
    return int(n_different > 0)


if __name__ == "__main__":
    sys.exit(main())
