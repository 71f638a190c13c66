"""How soon a loader is there: import, first batch, resume; and `encode_batch`.

Each turn is a process of its own, and peers take turns. The programs below are
given to Python as they stand; each prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

import loaders_data
import loaders_synthetic
import measure
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
ENCODE = ROOT / "target/release/encode_speed"
TOKENIZER = "cl100k_base"
TEXT_BYTES = 20_000_000
LONGEST = 20_000

IMPORT_GOAL_MS = 50
FIRST_GOAL = 1.5
RESUME_GOAL_MS = 10
GROWTH_GOAL_MB = 5
ENCODE_GOAL = 1.1

IMPORT = """
import sys, time
begin = time.perf_counter()
import fuelrail
print((time.perf_counter() - begin) * 1e3)
assert "numpy" not in sys.modules
"""

# From the import to a batch in memory, of which a byte is looked at.
FIRST = {
    "fuelrail": """
import sys, time
begin = time.perf_counter()
import fuelrail
loader = fuelrail.Loader(sys.argv[1], batch_size=64, seed=0, rank=0, world_size=1)
import numpy as np
batch = np.from_dlpack(next(iter(loader))["x"])
batch[63].max()
print((time.perf_counter() - begin) * 1e3)
assert batch.shape[0] == 64
""",
    "numpy": """
import sys, time
begin = time.perf_counter()
import numpy as np
rows = np.load(sys.argv[1], mmap_mode="r")
order = np.random.default_rng(0).permutation(len(rows))
batch = np.empty((64, *rows.shape[1:]), rows.dtype)
np.take(rows, order[:64], axis=0, out=batch, mode="clip")
batch[63].max()
print((time.perf_counter() - begin) * 1e3)
""",
}

# To half an epoch and its batch, the dataset being open; what the process has
# grown by, without the pages of files that are mapped. All that is imported
# only then has been imported by a loader of another, small dataset.
RESUME = """
import json, sys, time
import fuelrail
import numpy as np

def memory():
    with open("/proc/self/status") as status:
        kb = {line.split(":")[0]: line.split()[1] for line in status if line.startswith("Rss")}
    return int(kb["RssAnon"]) / 1e3, int(kb["RssFile"]) / 1e3

def resumed(dataset, state):
    loader = fuelrail.Loader(dataset, batch_size=64, seed=0, rank=0, world_size=1)
    loader.load_state_dict(state)
    batch = next(iter(loader))
    return loader, batch, np.from_dlpack(batch["x"])

small = fuelrail.Dataset(sys.argv[1])
other = fuelrail.Loader(small, batch_size=64, seed=0, rank=0, world_size=1)
resumed(small, other.state_dict())
dataset = fuelrail.Dataset(sys.argv[2])
state = fuelrail.Loader(dataset, batch_size=64, seed=0, rank=0, world_size=1).state_dict()
state = {**state, "position": len(dataset) // 128 * 64}
before = memory()
begin = time.perf_counter()
loader, batch, rows = resumed(dataset, state)
taken = (time.perf_counter() - begin) * 1e3
after = memory()
assert rows.shape[0] == 64 and batch.state["position"] == state["position"] + 64
print(json.dumps({"ms": taken, "grown_mb": after[0] - before[0], "mapped_mb": after[1] - before[1]}))
"""

ENCODE_BATCH = """
import hashlib, json, sys, time
import fuelrail
import numpy as np
name, texts, passes = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3])
tokenizer = fuelrail.Tokenizer(name)
seconds = []
for _ in range(passes):
    begin = time.perf_counter()
    ids, offsets = tokenizer.encode_batch(texts, threads=1)
    seconds.append(time.perf_counter() - begin)
ids, offsets = np.asarray(ids), np.asarray(offsets)
assert len(offsets) == len(texts) + 1 and offsets[-1] == len(ids)
digest = hashlib.blake2b(ids.astype("<u4").tobytes()).hexdigest()
print(json.dumps({"seconds": seconds, "ids": len(ids), "digest": digest}))
"""


def versions() -> list[str]:
    """What the peers are, from the files that pin them."""
    found = []
    for name in ("requirements-loaders.txt", "requirements-images.txt"):
        lines = (Path(__file__).parent / name).read_text().splitlines()
        found += [line for line in lines if "==" in line]
    return sorted(set(found))


def python(program: str, *words: object) -> str:
    """Runs a program in a Python of its own, on any core."""
    environment = {"PYTHONPATH": str(ROOT / "python"), "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    return measure.run([sys.executable, "-c", program, *map(str, words)], env=environment).stdout.strip()


def goal(what: str, got: float, limit: float) -> dict[str, object]:
    """What was asked for, at most, beside what was found."""
    print(f"  {what}: {got:.3g}, asked for {limit:.3g} at most: {'met' if got <= limit else 'MISSED'}")
    return {"what": what, "found": got, "goal": limit, "met": got <= limit}


def start(args: argparse.Namespace) -> dict[str, object]:
    """Import alone, and import to the first shuffled batch."""
    kind = loaders_data.KINDS["tokens"]
    paths = {"fuelrail": "fuelrail", "numpy": "npy"}
    paths = {peer: loaders_data.made(args.work, kind, name) for peer, name in paths.items()}
    for path in paths.values():
        loaders_data.warm(path)
    # The first turn compiles and reads what is imported.
    for peer, program in FIRST.items():
        python(program, paths[peer])
    taken: dict[str, list[float]] = {"import fuelrail": [], **{peer: [] for peer in FIRST}}
    for _ in range(args.repeats):
        taken["import fuelrail"].append(float(python(IMPORT)))
        for peer, program in FIRST.items():
            taken[peer].append(float(python(program, paths[peer])))
    median = {name: statistics.median(ms) for name, ms in taken.items()}
    for name, ms in median.items():
        print(f"  {name}: {ms:.1f} ms, median of {args.repeats}")
    goals = [
        goal("import fuelrail, ms", median["import fuelrail"], IMPORT_GOAL_MS),
        goal("import to first shuffled batch / numpy", median["fuelrail"] / median["numpy"], FIRST_GOAL),
    ]
    return {"median_ms": median, "ms": taken, "goals": goals}


def resume(args: argparse.Namespace) -> dict[str, object]:
    """At half an epoch of datasets of zeros."""
    folder = args.work / "resume"
    small = loaders_synthetic.write(folder, 10_000)
    report: dict[str, object] = {"goals": []}
    for n_rows in (10**6, 10**9):
        root = loaders_synthetic.write(folder, n_rows)
        # The first turn reads from the disk what the others find in memory.
        python(RESUME, small, root)
        runs = [json.loads(python(RESUME, small, root)) for _ in range(args.repeats)]
        median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        report[f"{n_rows} rows"] = {"median": median, "runs": runs}
        report["goals"] += [
            goal(f"resume at half of {n_rows:,} rows, ms", median["ms"], RESUME_GOAL_MS),
            goal(f"memory grown by it, MB ({median['mapped_mb']:.1f} MB of maps besides)", median["grown_mb"], GROWTH_GOAL_MB),
        ]
    return report


def texts(path: Path) -> int:
    """The sources of Python's library as a list of texts; their bytes."""
    found, size = [], 0
    for file in sorted(Path(os.__file__).parent.rglob("*.py")):
        if "site-packages" in file.parts or "test" in file.parts:
            continue
        text = file.read_text("utf-8", errors="replace")[:LONGEST]
        found.append(text)
        size += len(text.encode())
        if size >= TEXT_BYTES:
            break
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))
    return size


def encode(args: argparse.Namespace) -> dict[str, object]:
    """`Tokenizer.encode_batch` and the Rust crate, one core each."""
    import hashlib

    path, ids = args.work / "texts.json", args.work / "ids.u32"
    size = texts(path)
    core = ["taskset", "-c", str(max(os.sched_getaffinity(0)))]
    environment = {"PYTHONPATH": str(ROOT / "python")}
    rates: dict[str, list[float]] = {"crate": [], "python": []}
    for _ in range(max(args.rounds, 3)):
        crate = measure.run([*core, str(ENCODE), TOKENIZER, str(path), str(ids), "5"]).stdout
        program = [*core, sys.executable, "-c", ENCODE_BATCH, TOKENIZER, str(path), "5"]
        ours = json.loads(measure.run(program, env=environment).stdout)
        want = np.fromfile(ids, "<u4")
        if ours["digest"] != hashlib.blake2b(want.tobytes()).hexdigest():
            raise measure.CommandFailed(f"encode_batch: expected the crate's {len(want)} ids, got {ours['ids']} others")
        rates["crate"].append(size / statistics.median(json.loads(crate)) / 1e6)
        rates["python"].append(size / statistics.median(ours["seconds"]) / 1e6)
    median = {name: statistics.median(rate) for name, rate in rates.items()}
    for name, rate in median.items():
        print(f"  {name}: {rate:.1f} MB/s of {size / 1e6:.1f} MB")
    slower = statistics.median(crate / own for crate, own in zip(rates["crate"], rates["python"]))
    return {
        "text_bytes": size,
        "median_mb_per_s": median,
        "mb_per_s": rates,
        "goals": [goal("time of encode_batch / that of the crate", slower, ENCODE_GOAL)],
    }
