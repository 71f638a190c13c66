#!/usr/bin/env python3
"""fuelrail's loader beside its peers: what they hand out is compared first,
then they are timed in turns, each in a fresh process, the page cache warm.

Sections:
  tokens, images  shuffled batches of 64 rows of 2048 x u16 and 3 x 224 x 224 x u8
  view            the rows in order: views of the map beside copies from one
  start           import, and import to the first shuffled batch
  resume          at half an epoch of a million and of a billion rows
  encode          `Tokenizer.encode_batch` beside the Rust crate

An epoch is "first" (of a process: pages are not mapped yet, blocks not yet
compared with their checksums) or "later"; like is compared with like. CPU time
is that of all threads and processes. A slow peer is stopped after --seconds of
its first epoch.

Prints a table for each section and writes benches/results/<date>-loaders.json.
Set up and run by scripts/bench-loaders.sh.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

import loaders_data
import loaders_start
import measure
from loaders_data import Kind
from loaders_peers import PEERS, THREADS, VIEWS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECTIONS = ("tokens", "images", "view", "start", "resume", "encode")
EPOCHS = 4

# A turn is taken again, so many times at most, if other processes took more of
# the machine meanwhile than this part of a core.
TURNS = 6
FORKING = ("torch", "torch-batched", "litdata", "mds")
DISTURBED = 0.15

Figures = dict[str, float]


class Mismatch(RuntimeError):
    """A peer handed out other rows than there are."""


@dataclasses.dataclass(frozen=True, order=True)
class Way:
    """A peer with its threads."""

    peer: str
    threads: int

    @property
    def name(self) -> str:
        """What it is called in records."""
        return f"{self.peer} {self.threads}"


def child(way: Way, mode: str, kind: Kind, path: Path, *rest: object) -> dict[str, object]:
    """Runs a peer in a process of its own."""
    words = [mode, way.peer, kind.name, kind.n_rows, path, way.threads, *rest]
    environment = {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT / "python"),
        "PYTHONWARNINGS": "ignore",
        "HF_HUB_OFFLINE": "1",
    }
    taken = measure.run([sys.executable, str(HERE / "loaders_child.py"), *map(str, words)], env=environment)
    return {**json.loads(taken.stdout.splitlines()[-1]), "cpu_s": taken.cpu_s}


def check(args: argparse.Namespace, kind: Kind, ways: list[Way]) -> dict[str, str]:
    """Compares the rows of an epoch of every way with those there are; says how
    each hands out its batches.

    What was compared before is not again, as long as neither the rows, the
    peers nor what runs them have changed; fuelrail always is."""
    want = loaders_data.wanted(args.work, kind)
    batches = {}
    for way in ways:
        path = loaders_data.made(args.work, kind, PEERS[way.peer].format)
        known = path.parent / f"checked-{way.peer}-{way.threads}"
        if not way.peer.startswith("fuelrail") and known.exists():
            seal, _, batch = known.read_text().partition(" ")
            if seal == unchanged(want):
                batches[way.name] = batch
                print(f"  {way.name}: compared before, and nothing has changed", flush=True)
                continue
        got = child(way, "check", kind, path)
        result = got["result"]
        if result["digest"] != want or result["rows"] != kind.n_rows:
            raise Mismatch(f"{way.name}: expected {kind.n_rows} rows {want}, got {result['rows']} {result['digest']}")
        if result["shuffled"] == (way.peer in VIEWS):
            raise Mismatch(f"{way.name}: the rows come in another order than was asked for")
        if max(result["batches_of"]) != 64 or len(result["batches_of"]) > 2:
            raise Mismatch(f"{way.name}: expected batches of 64 rows, got {result['batches_of']}")
        batches[way.name] = got["batch"]
        known.write_text(f"{unchanged(want)} {got['batch']}")
        print(f"  {way.name}: {result['rows']} rows of an epoch equal, batches of 64 in one {got['batch']}", flush=True)
    return batches


@dataclasses.dataclass(frozen=True)
class Busy:
    """What all processes of the machine have used so far."""

    wall_s: float
    busy_s: float


def measure_busy() -> Busy:
    """Reads the clocks."""
    user, nice, system, _idle, _wait, irq, soft, *_ = map(int, Path("/proc/stat").read_text().split()[1:11])
    ticks = os.sysconf("SC_CLK_TCK")
    return Busy(time.perf_counter(), (user + nice + system + irq + soft) / ticks)


def unchanged(want: str) -> str:
    """A name for rows, peers and what runs them."""
    state = hashlib.blake2b(want.encode(), digest_size=16)
    for name in ("loaders_child.py", "loaders_data.py", "loaders_peers.py", "requirements-loaders.txt"):
        state.update((HERE / name).read_bytes())
    return state.hexdigest()


def timed(args: argparse.Namespace, kind: Kind, way: Way) -> dict[str, Figures]:
    """The first epoch of a process, and the median of later ones."""
    path = loaders_data.made(args.work, kind, PEERS[way.peer].format)
    loaders_data.warm(path)
    for _ in range(TURNS):
        before = measure_busy()
        found = child(way, "time", kind, path, EPOCHS, args.seconds)
        after = measure_busy()
        others = (after.busy_s - before.busy_s - found["cpu_s"]) / (after.wall_s - before.wall_s)
        # Workers that a peer leaves behind count as others.
        if others < DISTURBED or (way.threads > 1 and way.peer in FORKING):
            break
        print(f"  {way.name}: again, others took {others:.2f} cores meanwhile", flush=True)
    epochs = found["result"]
    whole = [epoch for epoch in epochs[1:] if epoch["whole"]]
    figures = {"first": {**epochs[0], "others_cores": others}}
    if whole:
        figures["later"] = {key: statistics.median(epoch[key] for epoch in whole) for key in whole[0]}
    return figures


def ways_of(args: argparse.Namespace, peers: list[str]) -> list[Way]:
    """Every peer with one thread and with two, where it can."""
    return [
        Way(peer, threads)
        for peer in peers
        if args.peers is None or peer in args.peers
        for threads in THREADS.get(peer, (1, 2))
    ]


def throughput(args: argparse.Namespace, kind: Kind, peers: list[str]) -> dict[str, object]:
    """Rows a second of every way, round by round."""
    ways = ways_of(args, peers)
    batches = {} if args.no_check else check(args, kind, ways)
    if args.prepare:
        return {}
    rounds = []
    for number in range(args.rounds):
        one = {}
        for way in ways:
            one[way.name] = timed(args, kind, way)
            line = ", ".join(
                f"{epoch} {figures['rows_per_s']:,.0f} rows/s {figures['cpu_us_per_batch']:,.1f} us"
                for epoch, figures in one[way.name].items()
            )
            print(f"  round {number + 1}/{args.rounds} {way.name}: {line}", flush=True)
        rounds.append(one)
    if not args.keep:
        shutil.rmtree(loaders_data.folder_of(args.work, kind))
    return {
        "rows": kind.n_rows,
        "row_bytes": kind.row_bytes,
        "batches": batches,
        "median": {way.name: medians([one[way.name] for one in rounds]) for way in ways},
        "rounds": rounds,
    }


def medians(runs: list[dict[str, Figures]]) -> dict[str, Figures]:
    """The median of each figure over the rounds."""
    epochs = [epoch for epoch in ("first", "later") if all(epoch in run for run in runs)]
    return {
        epoch: {key: statistics.median(run[epoch][key] for run in runs) for key in runs[0][epoch] if key != "whole"}
        for epoch in epochs
    }


def ratio(section: dict[str, object], ours: str, theirs: str, epoch: str) -> float | None:
    """The median over rounds of ours / theirs in the same round."""
    pairs = [(one.get(ours, {}), one.get(theirs, {})) for one in section["rounds"]]
    if not all(epoch in a and epoch in b for a, b in pairs):
        return None
    return statistics.median(a[epoch]["rows_per_s"] / b[epoch]["rows_per_s"] for a, b in pairs)


def goals(kind: str, section: dict[str, object]) -> list[dict[str, object]]:
    """What was asked for beside what was found."""
    if kind == "view":
        asked = [("fuelrail-view 1", "numpy-copy 1", 2.5), ("fuelrail-view-read 1", "numpy-copy-read 1", None)]
    else:
        one, two = (1.2, 1.5) if kind == "tokens" else (1.0, 1.6)
        asked = [
            ("fuelrail 1", "numpy 1", one),
            ("fuelrail 2", "numpy 1", two),
            ("fuelrail-verified 1", "fuelrail 1", 0.95),
            ("fuelrail-verified 2", "fuelrail 2", 0.95),
        ]
    found = []
    for ours, theirs, least in asked:
        for epoch in ("first", "later"):
            got = ratio(section, ours, theirs, epoch)
            # Comparing with checksums is what the first verified epoch is for.
            goal = None if "verified" in ours and epoch == "first" else least
            if got is not None:
                met = None if goal is None else got >= goal
                found.append({"what": f"{ours} / {theirs}, {epoch}", "ratio": got, "goal": goal, "met": met})
    return found


def print_section(section: dict[str, object]) -> None:
    """The table of a section."""
    print(f"\n  {'':22}{'epoch':>7}{'rows/s':>12}{'GB/s':>7}{'CPU us/batch':>14}{'faults minor':>14}{'major':>7}{'fuelrail is':>13}")
    for name, epochs in section["median"].items():
        threads = name.rsplit(" ", 1)[1]
        for epoch, figures in epochs.items():
            gb_per_s = figures["rows_per_s"] * section["row_bytes"] / 1e9
            against = ratio(section, f"{section['ours']} {threads}", name, epoch)
            print(
                f"  {name:22}{epoch:>7}{figures['rows_per_s']:12,.0f}{gb_per_s:7.2f}{figures['cpu_us_per_batch']:14,.1f}"
                f"{figures['minor_faults']:14,.0f}{figures['major_faults']:7,.0f}" + (f"{against:12.2f}x" if against else "")
            )
    print_goals(section["goals"])


def print_goals(found: list[dict[str, object]]) -> None:
    """What was asked for beside what was found."""
    for one in found:
        verdict = "" if one["met"] is None else f", asked for {one['goal']}: {'met' if one['met'] else 'MISSED'}"
        print(f"  {one['what']}: {one['ratio']:.3g}{verdict}")


def section_of(args: argparse.Namespace, name: str) -> dict[str, object]:
    """Runs a section."""
    if name in ("start", "resume", "encode"):
        return getattr(loaders_start, name)(args)
    kind = loaders_data.KINDS["tokens" if name == "view" else name]
    if args.scale != 1:
        kind = dataclasses.replace(kind, n_rows=max(1, int(kind.n_rows * args.scale)))
    peers = list(VIEWS) if name == "view" else [peer for peer in PEERS if peer not in VIEWS]
    section = throughput(args, kind, peers)
    if args.prepare:
        return section
    section["ours"] = "fuelrail-view" if name == "view" else "fuelrail"
    section["goals"] = goals(name, section)
    print_section(section)
    return section


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), help="these and no others")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="when a slow peer is stopped")
    parser.add_argument("--repeats", type=int, default=20, help="processes of the section start")
    parser.add_argument("--scale", type=float, default=1.0, help="this part of the rows, to try the bench out")
    parser.add_argument("--keep", action="store_true", help="leave the datasets, 11 GB, where they are")
    parser.add_argument("--prepare", action="store_true", help="make the datasets and compare rows, no more")
    parser.add_argument("--no-check", action="store_true", help="do not compare rows first; writes no record")
    parser.add_argument("--work", type=Path, default=ROOT / "target/bench-loaders")
    parser.add_argument("--results", type=Path, default=ROOT / "benches/results")
    parser.add_argument("--name", default="loaders", help="the record is <date>-NAME.json")
    return parser.parse_args()


def main() -> int:
    """Runs the sections and writes the record."""
    args = parse_args()
    args.work = args.work.resolve()
    record: dict[str, object] = {
        "date": measure.today(),
        "command": ["scripts/bench-loaders.sh", *sys.argv[1:]],
        "commit": measure.run(["git", "rev-parse", "HEAD"], cwd=ROOT).stdout.strip(),
        "machine": measure.machine(),
        "rounds": args.rounds,
        "versions": loaders_start.versions(),
    }
    print(json.dumps(record["machine"]))
    for name in args.only:
        print(f"\n{name}", flush=True)
        record[name] = section_of(args, name)
    if args.no_check or args.prepare:
        return 0
    args.results.mkdir(parents=True, exist_ok=True)
    path = args.results / f"{record['date']}-{args.name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"\nwritten: {os.path.relpath(path, ROOT)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Mismatch, measure.CommandFailed, FileNotFoundError) as error:
        sys.exit(f"loaders: {error}")
