#!/usr/bin/env python3
"""Runs one peer of the benches of loaders in this process and prints what it
gave, as JSON.

    loaders_child.py check PEER KIND ROWS PATH THREADS
    loaders_child.py time PEER KIND ROWS PATH THREADS EPOCHS SECONDS

`check` hashes every row of an epoch. `time` runs epochs as fast as they come;
an epoch is left after SECONDS, and then it is the last. With one thread the
process stays on one core.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
import time
from pathlib import Path

import loaders_data
import numpy as np
from loaders_peers import PEERS, Peer

# How often the clock is looked at.
BATCHES_A_LOOK = 16


@dataclasses.dataclass(frozen=True)
class Used:
    """What this process and its children have used so far."""

    wall_s: float
    cpu_s: float
    minor_faults: int
    major_faults: int

    @classmethod
    def now(cls) -> Used:
        """Reads the clocks, those of the kernel before that of the wall."""
        own = resource.getrusage(resource.RUSAGE_SELF)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        alive = [stat_of(child) for child in descendants()]
        cpu = [own.ru_utime, own.ru_stime, ended.ru_utime, ended.ru_stime, *(one[0] for one in alive)]
        minor = own.ru_minflt + ended.ru_minflt + sum(one[1] for one in alive)
        major = own.ru_majflt + ended.ru_majflt + sum(one[2] for one in alive)
        return cls(time.perf_counter(), sum(cpu), minor, major)

    def until(self, later: Used, n_rows: int, n_batches: int) -> dict[str, float]:
        """What was used in between, as figures of an epoch."""
        wall, cpu = later.wall_s - self.wall_s, later.cpu_s - self.cpu_s
        return {
            "rows": n_rows,
            "batches": n_batches,
            "wall_s": wall,
            "rows_per_s": n_rows / wall,
            "cpu_us_per_batch": cpu / n_batches * 1e6,
            "minor_faults": later.minor_faults - self.minor_faults,
            "major_faults": later.major_faults - self.major_faults,
        }


def descendants() -> list[int]:
    """The processes below this one."""
    found, todo = [], [os.getpid()]
    while todo:
        pid = todo.pop()
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                children = [int(word) for word in task.read_text().split()]
            except OSError:
                continue
            found += children
            todo += children
    return found


def stat_of(pid: int) -> tuple[float, int, int]:
    """CPU seconds, minor and major faults of another process."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0, 0, 0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"), int(words[7]), int(words[9])


def check(peer: Peer) -> dict[str, object]:
    """The digest of the rows of an epoch."""
    found = [loaders_data.hashes(batch) for batch in peer.epoch(0)]
    rows = np.concatenate(found)
    in_order = np.concatenate([loaders_data.hashes(block) for block in [peer.kind.block(0)]])
    n = min(len(rows), len(in_order))
    return {
        "digest": loaders_data.digest(rows),
        "rows": len(rows),
        "shuffled": not np.array_equal(rows[:n], in_order[:n]),
        "batches_of": sorted({len(one) for one in found}),
    }


def timed(peer: Peer, epochs: int, seconds: float) -> list[dict[str, float]]:
    """Figures of each epoch."""
    figures = []
    for number in range(epochs):
        begin = Used.now()
        deadline = begin.wall_s + seconds
        n_rows = n_batches = 0
        whole = True
        for batch in peer.epoch(number):
            n_rows += len(batch)
            n_batches += 1
            if n_batches % BATCHES_A_LOOK == 0 and time.perf_counter() > deadline:
                whole = False
                break
        figures.append({**begin.until(Used.now(), n_rows, n_batches), "whole": whole})
        if not whole:
            break
    return figures


def main() -> None:
    mode, name, kind_name, n_rows, path, threads, *rest = sys.argv[1:]
    if int(threads) == 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    kind = dataclasses.replace(loaders_data.KINDS[kind_name], n_rows=int(n_rows))
    peer = PEERS[name](kind, Path(path), int(threads))
    if mode == "check":
        result: object = check(peer)
    else:
        result = timed(peer, int(rest[0]), float(rest[1]))
    print(json.dumps({"batch": peer.batch, "result": result}), flush=True)
    # Some peers leave threads behind that do not end by themselves.
    os._exit(0)


if __name__ == "__main__":
    main()
