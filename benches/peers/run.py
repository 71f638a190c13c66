#!/usr/bin/env python3
"""fuelrail beside its peers: results compared first, then interleaved timing.

Sections:
  tokenize  JSONL to packed shards (fuelrail) and to token ids (peers)
  pack      fuelrail's packer and Grain's BestFit on the same documents
  write     fuelrail's shard writing and numpy.tofile + fsync, same bytes

Prints a table for each section and writes benches/results/<date>-<name>.json.
A section that cannot run fails the command; leave it out with --only.
Set up and run by scripts/bench.sh.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import dataset
import measure
import vocab

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = ROOT / "target"
SECTIONS = ("tokenize", "pack", "write")
PEERS = ("hf-datasets", "tiktoken", "gigatoken")

PIPELINE = """\
[source]
uri = "{inputs}"
format = "jsonl"

[[step]]
op = "select"
columns = ["text"]

[[step]]
op = "tokenize"
column = "text"
tokenizer = "{tokenizer}"
{pack}
[sink]
uri = "{out}"
"""
PACK = """
[[step]]
op = "pack"
length = 2048
pad = "<|endoftext|>"
"""

Sample = dict[str, float]


class Bench:
    """The folders and files of one run."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.work = args.work
        self.work.mkdir(parents=True, exist_ok=True)
        self.inputs = sorted(args.corpus.glob("part-*.jsonl"))
        if not self.inputs:
            raise SystemExit(f"run: no part-*.jsonl in {args.corpus}; make them with corpus.py")
        self.input_bytes = sum(path.stat().st_size for path in self.inputs)
        ranks = vocab.read_ranks(vocab.find_ranks(args.vocabulary, args.ranks))
        self.ranks = self.work / f"{args.vocabulary}.tiktoken"
        self.tokenizer = self.work / f"{args.vocabulary}.json"
        vocab.write_ranks(ranks, self.ranks)
        if "hf-datasets" in args.peers:
            self.tokenizer.write_text(vocab.tokenizer_json(vocab.VOCABULARIES[args.vocabulary], ranks))

    def fresh(self, name: str) -> Path:
        """An empty folder for one tool's output."""
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    def peer(self, name: str, *extra: str) -> measure.Taken:
        """Runs one tokenizing peer."""
        command = [sys.executable, HERE / "tokenize_peers.py", name, *self.inputs, "--out", self.fresh(name)]
        command += ["--vocabulary", self.args.vocabulary, "--ranks", self.ranks, "--tokenizer", self.tokenizer]
        command += ["--threads", self.args.threads, *extra]
        return measure.run([str(word) for word in command])

    def fuelrail(self, name: str, pack: str) -> measure.Taken:
        """Runs the pipeline, packed or not, into a fresh folder."""
        out = self.fresh(name)
        file = self.work / f"{name}.toml"
        corpus = self.args.corpus.resolve() / "part-*.jsonl"
        tokenizer = self.args.vocabulary
        file.write_text(PIPELINE.format(inputs=corpus, out=out.resolve(), tokenizer=tokenizer, pack=pack))
        command = [self.args.fuelrail, "shard", file, "--out", out, "--threads", self.args.threads, "--json"]
        return measure.run([str(word) for word in command])


def sample(taken: measure.Taken, n_bytes: int) -> Sample:
    """One run as figures."""
    return {
        "wall_s": taken.wall_s,
        "cpu_s": taken.cpu_s,
        "mb_per_s": n_bytes / taken.wall_s / 1e6,
        "cpu_s_per_gb": taken.cpu_s / n_bytes * 1e9,
        "peak_rss_mb": taken.peak_rss_bytes / 1e6,
    }


def interleave(tools: dict[str, Callable[[], Sample]], rounds: int) -> dict[str, list[Sample]]:
    """Runs every tool once a round, so that a slow spell hits all alike."""
    samples: dict[str, list[Sample]] = {name: [] for name in tools}
    for number in range(rounds):
        for name, tool in tools.items():
            samples[name].append(tool())
            print(f"  round {number + 1}/{rounds} {name}: {line(samples[name][-1])}", flush=True)
    return samples


def line(one: Sample) -> str:
    """A sample for people."""
    return ", ".join(f"{key} {value:.4g}" for key, value in one.items())


def medians(samples: dict[str, list[Sample]]) -> dict[str, Sample]:
    """The median of each figure of each tool."""
    return {
        name: {key: statistics.median(one[key] for one in runs) for key in runs[0]}
        for name, runs in samples.items()
        if runs
    }


def ratios(samples: dict[str, list[Sample]], key: str, subject: str = "fuelrail") -> dict[str, list[float]]:
    """Subject / peer of each round, from the least to the greatest."""
    if subject not in samples:
        return {}
    return {
        f"{subject}/{name}": sorted(a[key] / b[key] for a, b in zip(samples[subject], runs))
        for name, runs in samples.items()
        if name != subject
    }


def section(samples: dict[str, list[Sample]], key: str, **more: object) -> dict[str, object]:
    """What a record keeps of a section; ratios are medians over the rounds."""
    by_round = ratios(samples, key)
    kept = {"median": medians(samples), "ratio_of": key}
    kept["ratios"] = {pair: statistics.median(each) for pair, each in by_round.items()}
    kept["ratios_spread"] = {pair: [each[0], each[-1]] for pair, each in by_round.items()}
    return kept | {"samples": samples, **more}


def check_ids(bench: Bench, peers: list[str]) -> dict[str, object]:
    """Runs every tool once and compares the ids of every document."""
    want, reference = None, peers[0]
    for name in peers:
        bench.peer(name, "--dump")
        got = dataset.peer_ids(bench.work / name)
        if want is None:
            want = got
        dataset.compare(f"{name} against {reference}", got, want)
        print(f"  ids of {len(got[1])} documents, {len(got[0])} tokens: {name}", flush=True)
    if bench.args.fuelrail:
        bench.fuelrail("fuelrail-flat", "")
        dataset.compare(f"fuelrail against {reference}", dataset.flat_ids(bench.work / "fuelrail-flat"), want)
        print("  ids equal: fuelrail, a document a row")
        bench.fuelrail("fuelrail", PACK)
        with_tokens = (want[0], want[1][want[1] > 0])
        dataset.compare(f"fuelrail packed against {reference}", dataset.packed_ids(bench.work / "fuelrail"), with_tokens)
        print("  ids equal: fuelrail, packed rows taken apart by origin")
    return {"documents": len(want[1]), "tokens": len(want[0]), "ids_digest": dataset.digest(*want)}


def tokenize(bench: Bench) -> dict[str, object]:
    """JSONL to shards and ids."""
    # In a process of its own: the ids of a corpus are large, and the peak memory
    # of a child counts what its parent had when it was started.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        checked = alone.submit(check_ids, bench, bench.args.peers).result()
    tools: dict[str, Callable[[], Sample]] = {}
    if bench.args.fuelrail:
        tools["fuelrail"] = lambda: sample(bench.fuelrail("fuelrail", PACK), bench.input_bytes)
    for name in bench.args.peers:
        tools[name] = lambda name=name: sample(bench.peer(name), bench.input_bytes)
    samples = interleave(tools, bench.args.rounds)
    return section(samples, "mb_per_s", input_bytes=bench.input_bytes, **checked)


def last_json(text: str) -> dict[str, object]:
    """The last line of JSON that a command printed."""
    found = [line for line in text.splitlines() if line.startswith("{")]
    if not found:
        raise measure.CommandFailed(f"expected a line of JSON, got:\n{text[-2000:]}")
    return json.loads(found[-1])


def figures(taken: measure.Taken) -> Sample:
    """The numbers of a bench's line of JSON."""
    return {key: value for key, value in last_json(taken.stdout).items() if isinstance(value, (int, float))}


def program(name: str) -> str:
    """One of the programs that `cargo build --workspace --bins` makes."""
    path = TARGET / "release" / name
    if not path.is_file():
        raise SystemExit(f"run: no {path}; build it with cargo build --release --workspace --bins")
    return str(path)


def pack_once(lengths: Path) -> Sample:
    """fuelrail's packer over the documents of `lengths`, the copy of their tokens included."""
    one = last_json(measure.run([program("pack_once"), str(lengths), "2048", "5"]).stdout)
    seconds = statistics.median(one["cpu_seconds"])
    return {
        "tokens": one["tokens"],
        "cpu_s": seconds,
        "fill": one["tokens"] / (one["rows"] * one["length"]),
        "tokens_per_cpu_s": one["tokens"] / seconds,
    }


def pack(bench: Bench) -> dict[str, object]:
    """Packing alone, on the same documents: fuelrail and Grain."""
    script = [sys.executable, str(HERE / "grain_pack.py")]
    lengths = bench.work / "lengths.u32"
    measure.run([*script, "--lengths", str(lengths)])
    tools: dict[str, Callable[[], Sample]] = {}
    if bench.args.fuelrail:
        tools["fuelrail"] = lambda: pack_once(lengths)
    tools["grain"] = lambda: figures(measure.run(script))
    samples = interleave(tools, bench.args.rounds)
    tokens = {one["tokens"] for runs in samples.values() for one in runs}
    if len(tokens) != 1:
        raise dataset.Mismatch(f"the packers disagree on the number of tokens: {sorted(tokens)}")
    return section(samples, "tokens_per_cpu_s")


def write_once(folder: Path, n_bytes: int) -> Sample:
    """fuelrail's shard writer: one shard of `n_bytes` of tokens, checksums and syncs included."""
    shutil.rmtree(folder, ignore_errors=True)
    n_batches = n_bytes >> 22
    seconds = float(measure.run([program("shard_speed"), "write", str(folder), str(n_batches)]).stdout)
    return {"bytes": n_batches << 22, "wall_s": seconds, "bytes_per_s": n_bytes / seconds}


def write(bench: Bench) -> dict[str, object]:
    """Shard writing alone, the same number of bytes: fuelrail and numpy; then verifying them."""
    folder = bench.fresh("write")
    folder.mkdir()
    n_bytes = 256 << 20
    script = [sys.executable, HERE / "numpy_write.py", folder / "numpy.bin", "--bytes", n_bytes]
    tools: dict[str, Callable[[], Sample]] = {}
    if bench.args.fuelrail:
        tools["fuelrail"] = lambda: write_once(folder / "fuelrail", n_bytes)
    tools["numpy"] = lambda: figures(measure.run([str(word) for word in script]))
    samples = interleave(tools, max(bench.args.rounds, 5))
    sizes = {one["bytes"] for runs in samples.values() for one in runs}
    if sizes != {n_bytes}:
        raise dataset.Mismatch(f"expected {n_bytes} bytes of rows from both writers, got {sorted(sizes)}")
    record = section(samples, "bytes_per_s", bytes=n_bytes)
    if bench.args.fuelrail:
        on_disk = sum(path.stat().st_size for path in (folder / "fuelrail/shards").iterdir())
        origins = 12 * n_bytes // 4096  # a file and a row for each row of 4 KiB
        record["overhead_percent"] = (on_disk - n_bytes - origins) / n_bytes * 100
        verified = measure.run([program("shard_speed"), "verify", str(folder / "fuelrail"), "5"])
        record["verify"] = last_json(verified.stdout)
    return record


def print_section(name: str, record: dict[str, object]) -> None:
    """A section's medians and ratios for people, with the lowest and the highest
    round in brackets."""
    key = record["ratio_of"]
    print(f"\n{name}: medians")
    for tool, one in record["median"].items():
        rounds = [run[key] for run in record["samples"][tool]]
        print(f"  {tool:12} {line(one)}; {key} [{min(rounds):.4g}, {max(rounds):.4g}]")
    for pair, ratio in record["ratios"].items():
        low, high = record["ratios_spread"][pair]
        print(f"  {pair}: {ratio:.3g}x [{low:.3g}, {high:.3g}] {key}")
    if "verify" in record:
        one = record["verify"]
        print(f"  size overhead, origins apart: {record['overhead_percent']:.3f} %")
        print(f"  verify over xxh3 of the same file: {one['file_ratio_1']:.3g}x, two threads: {one['file_ratio_2']:.3g}x")
        print(f"  verify over xxh3 in memory: {one['memory_ratio_1']:.3g}x, two threads: {one['memory_ratio_2']:.3g}x")


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=TARGET / "corpus/spine", help="folder made by corpus.py")
    parser.add_argument("--fuelrail", type=Path, default=TARGET / "release/fuelrail")
    parser.add_argument("--peers-only", action="store_true", help="do not run fuelrail")
    parser.add_argument("--peers", type=lambda text: text.split(","), default=list(PEERS))
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SECTIONS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--vocabulary", choices=vocab.VOCABULARIES, default="cl100k_base")
    parser.add_argument("--ranks", type=Path, help="its .tiktoken file; found among Cargo's crates by default")
    parser.add_argument("--work", type=Path, default=TARGET / "bench")
    parser.add_argument("--results", type=Path, default=ROOT / "benches/results")
    parser.add_argument("--name", default="spine", help="name of the record")
    args = parser.parse_args()
    for given, known in ((args.peers, PEERS), (args.only, SECTIONS)):
        for name in given:
            if name not in known:
                parser.error(f"unknown {name!r}, expected one of {', '.join(known)}")
    if args.peers_only:
        args.fuelrail = None
    elif not args.fuelrail.is_file():
        parser.error(f"no {args.fuelrail}; build it with cargo build --release, or pass --peers-only")
    return args


def main() -> int:
    """Runs the sections and writes the record."""
    args = parse_args()
    bench = Bench(args)
    record: dict[str, object] = {
        "date": measure.today(),
        "command": ["python3", "benches/peers/run.py", *sys.argv[1:]],
        "commit": measure.run(["git", "rev-parse", "HEAD"], cwd=ROOT).stdout.strip(),
        "machine": measure.machine(),
        "vocabulary": args.vocabulary,
        "threads": args.threads,
        "rounds": args.rounds,
        "versions": (HERE / "requirements.txt").read_text().split("\n", 1)[1].split(),
    }
    print(json.dumps(record["machine"]))
    runners = {"tokenize": tokenize, "pack": pack, "write": write}
    for name in args.only:
        print(f"\n{name}", flush=True)
        record[name] = runners[name](bench)
        print_section(name, record[name])
    args.results.mkdir(parents=True, exist_ok=True)
    path = args.results / f"{record['date']}-{args.name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"\nwritten: {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (dataset.Mismatch, measure.CommandFailed, FileNotFoundError) as error:
        sys.exit(f"run: {error}")
