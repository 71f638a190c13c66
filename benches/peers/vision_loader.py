#!/usr/bin/env python3
"""fuelrail's loader of image files beside torch's `DataLoader` with torchvision, by the clock
on two cores; the chain at 4 megapixels; and what of the loader's time is not the chain's.

Sections:
  loader  batches of 64 images of 224x224, float32, shuffled, to a caller who does nothing with
          them: fuelrail with 2, 1 and no threads that read ahead, and DataLoader with two workers
          and torchvision on Pillow's images or on its own tensors (antialiased, as fuelrail and
          Pillow are). Microseconds of clock an image over whole epochs, workers kept, and of CPU
          time of all processes. torchvision reads files, fuelrail shards; both are in the page
          cache. fuelrail's caller decodes too where it would wait: with one thread beside it, two
          are at work, and what they gain is the ratio of no thread to one.
  large   vision_chain.py's peers in CPU time of one core, at 2449x1633
  share   CPU time of the loader in its caller's thread beside the same loader's with files of
          the same length that hold 8x8 pixels, to images of 8x8: what reading, checking, drawing
          and handing out cost, with the header and the tables of each file. What is left is
          the chain's own time.

The files are those of vision_chain.py, JPEGs at quality 95 cut out of the photographs of
scikit-learn and scikit-image. For the large ones these are enlarged with Lanczos, and the
small photographs' own fine detail is laid over them, so that a pixel takes about as many bytes
as in the small ones. Before anything is timed, the evaluation chain of a loader with two threads is
compared with that of torchvision on Pillow's images: all bits are equal.

Prints ratios and writes benches/results/<date>-vision-loader.json. Run by
scripts/bench-vision-loader.sh, which makes the environment.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import measure
import vision_chain
from vision_chain import CHAINS, ENVIRONMENT, PEERS, ROOT

SECTIONS = ("loader", "large", "share")
LARGE = (2449, 1633)
BATCH = 64
WAYS = {
    "fuelrail, caller and 2 threads": ("fuelrail", 2),
    "fuelrail, caller and 1 thread": ("fuelrail", 1),
    "fuelrail, caller alone": ("fuelrail", 0),
    "torchvision, Pillow, 2 workers": ("pil", 2),
    "torchvision, tensors, 2 workers": ("tensor", 2),
}
OURS = next(iter(WAYS))
TICK = os.sysconf("SC_CLK_TCK")


def fuelrail_batches(shards: Path, chain: str, threads: int) -> Iterable[dict[str, object]]:
    """Our loader, as batches of torch."""
    import fuelrail as fr

    wanted = vision_chain.fuelrail_steps(chain)
    return fr.Loader(shards, batch_size=BATCH, steps=wanted, rank=0, world_size=1, last="short", threads=threads).to_torch()


def torchvision_batches(folder: Path, chain: str, kind: str, workers: int) -> Iterable[object]:
    """torch's DataLoader over files."""
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    from torchvision.io import ImageReadMode, decode_jpeg, read_file

    pil, tensor = vision_chain.torchvision_transforms(chain)
    paths = [str(path) for path in sorted(folder.iterdir())]

    class Files(Dataset):
        """Files as tensors."""

        def __len__(self) -> int:
            return len(paths)

        def __getitem__(self, row: int) -> torch.Tensor:
            if kind == "pil":
                return pil(Image.open(paths[row]).convert("RGB"))
            return tensor(decode_jpeg(read_file(paths[row]), ImageReadMode.RGB))

    return DataLoader(Files(), batch_size=BATCH, shuffle=True, num_workers=workers, persistent_workers=True)


def busy_s() -> float:
    """CPU time of this process and of its children that are there."""
    found = time.process_time()
    for tasks in Path("/proc/self/task").iterdir():
        for child in (tasks / "children").read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            found += (int(fields[11]) + int(fields[12])) / TICK
    return found


def epochs_child(args: argparse.Namespace) -> None:
    """Times epochs of one way in this process, on two cores; prints seconds of clock and of CPU time an image."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    vision_chain.settle()
    kind, n = WAYS[args.way]
    is_ours = kind == "fuelrail"
    batches = fuelrail_batches(args.shards, args.chain, n) if is_ours else torchvision_batches(args.files, args.chain, kind, n)
    n_images = 0
    for number in range(args.repeats + 1):
        # The first epoch starts the workers, and memory is touched for the first time.
        if number == 1:
            begin, busy, n_images = time.perf_counter(), busy_s(), 0
        for batch in batches:
            images = batch["image"] if isinstance(batch, dict) else batch
            n_images += len(images)
    if tuple(images.shape[1:]) != (3, 224, 224):
        raise vision_chain.Mismatch(f"expected images of 3x224x224, got {tuple(images.shape)}")
    taken = {"wall": time.perf_counter() - begin, "cpu": busy_s() - busy}
    print(json.dumps({clock: seconds / n_images * 1e6 for clock, seconds in taken.items()}))


def loader_section(args: argparse.Namespace) -> dict[str, object]:
    """Epochs of all ways in turns."""
    import fuelrail as fr

    with tempfile.TemporaryDirectory() as work:
        files = vision_chain.photographs(args.images)
        vision_chain.check(files[:32], threads=2)
        folder = Path(work) / "files"
        folder.mkdir()
        vision_chain.written([files[row % len(files)] for row in range(args.epoch)], folder)
        # As they are read from a folder, in shards.
        shards = Path(work) / "shards"
        fr.Pipeline(str(folder), format="images").shard(shards, progress="never")
        return {chain: loader_rounds(args, chain, folder, shards) for chain in args.chains}


def loader_rounds(args: argparse.Namespace, chain: str, folder: Path, shards: Path) -> dict[str, object]:
    """All rounds of a chain, by clock and by CPU time."""
    rounds: dict[str, list[dict[str, float]]] = {"wall": [], "cpu": []}
    for _ in range(args.rounds):
        taken = {}
        for way in WAYS:
            command = [sys.executable, __file__, "--way", way, "--chain", chain, "--files", folder, "--shards", shards]
            done = measure.run([*map(str, command), "--repeats", str(args.repeats)], env=ENVIRONMENT)
            taken[way] = json.loads(done.stdout.splitlines()[-1])
        for clock, of_clock in rounds.items():
            of_clock.append({way: found[clock] for way, found in taken.items()})
    found = {}
    for clock, of_clock in rounds.items():
        print(f"{chain} chain in loaders, {clock} time")
        found[clock] = vision_chain.summed_up(of_clock, OURS)
    print(vision_chain.table(found))
    two, one = ("fuelrail, caller and 1 thread", "fuelrail, caller alone")
    gains = sorted(taken[one] / taken[two] for taken in rounds["wall"])
    found["two_threads"] = [statistics.median(gains), gains[0], gains[-1]]
    print(f"  two threads are {found['two_threads'][0]:.2f}x [{gains[0]:.2f}, {gains[-1]:.2f}] one by the clock", flush=True)
    return found


def large_section(args: argparse.Namespace) -> dict[str, object]:
    """The chain on large files."""
    files = vision_chain.photographs(args.large_images, LARGE)
    vision_chain.check(files)
    with tempfile.TemporaryDirectory() as folder:
        args.files = vision_chain.written(files, folder)
        found = {}
        for chain in args.chains:
            print(f"{chain} chain at {LARGE[0]}x{LARGE[1]}, CPU time")
            found[chain] = vision_chain.timed(args, chain, ENVIRONMENT)
    print(vision_chain.table(found))
    return {"bytes_a_pixel": sum(map(len, files)) / len(files) / (LARGE[0] * LARGE[1]), "chains": found}


def padded(file: bytes) -> bytes:
    """A JPEG of 8x8 pixels that is as long as another by its comments."""
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8), (120, 130, 140)).save(out, "JPEG", quality=95)
    small, comments = out.getvalue(), b""
    left = len(file) - len(small)
    while left > 0:
        # A comment has four bytes at least, so none may leave fewer than that.
        length = left if left <= 60_000 else min(60_000, left - 4)
        comments += b"\xff\xfe" + (length - 2).to_bytes(2, "big") + bytes(length - 4)
        left -= length
    return small[:2] + comments + small[2:]


def share_child(args: argparse.Namespace) -> None:
    """Times the loader with the files and with the empty ones, pass by pass in turns."""
    files = [path.read_bytes() for path in sorted(args.files.iterdir())]
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        loaders = {
            "loader": vision_chain.fuelrail_loader(files, first, vision_chain.fuelrail_steps(args.chain)),
            "without the chain": vision_chain.fuelrail_loader(
                [padded(file) for file in files], second, vision_chain.fuelrail_steps(args.chain, side=8)
            ),
        }
        passes: dict[str, list[float]] = {name: [] for name in loaders}
        for _ in range(args.repeats + 1):
            for name, loader in loaders.items():
                begin = time.process_time()
                for batch in loader:
                    batch["image"]
                passes[name].append((time.process_time() - begin) / len(files))
    print(json.dumps({name: statistics.median(taken[1:]) * 1e6 for name, taken in passes.items()}))


def share_section(args: argparse.Namespace) -> dict[str, object]:
    """How much more the loader takes than its chain."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        vision_chain.written(vision_chain.photographs(args.images), folder)
        for chain in args.chains:
            rounds = []
            for _ in range(args.rounds):
                command = [sys.executable, __file__, "--way", "share", "--chain", chain, "--files", folder]
                done = measure.run([*command, "--repeats", str(args.repeats)], env=ENVIRONMENT)
                taken = json.loads(done.stdout)
                rounds.append(taken | {"ratio": taken["loader"] / (taken["loader"] - taken["without the chain"])})
            ratios = [one["ratio"] for one in rounds]
            median = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
            found[chain] = {"median": median, "rounds": rounds}
            print(
                f"{chain} chain: the loader takes {median['loader']:.0f} us of CPU time an image, {median['without the chain']:.0f}"
                f" of them without the chain: {median['ratio']:.3f}x [{min(ratios):.3f}, {max(ratios):.3f}] the chain's own",
                flush=True,
            )
    return found


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=3, help="epochs or passes of a process in a round")
    parser.add_argument("--images", type=int, default=96, help="different images")
    parser.add_argument("--epoch", type=int, default=1536, help="files of an epoch of the section loader")
    parser.add_argument("--large-images", type=int, default=32)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS), help="of the section large")
    parser.add_argument("--chains", nargs="+", default=list(CHAINS), choices=CHAINS)
    parser.add_argument("--sections", nargs="+", default=list(SECTIONS), choices=SECTIONS)
    parser.add_argument("--results", type=Path, default=ROOT / "benches/results")
    parser.add_argument("--way", choices=[*WAYS, "share"], help=argparse.SUPPRESS)
    parser.add_argument("--chain", choices=CHAINS, help=argparse.SUPPRESS)
    parser.add_argument("--files", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--shards", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    # What is read ahead before the clock starts, four batches at most, would be much of a short epoch.
    if args.epoch < 12 * BATCH:
        parser.error(f"expected an epoch of {12 * BATCH} files or more, got {args.epoch}")
    return args


def main() -> int:
    """Compares, times and records."""
    args = options()
    if args.way:
        (share_child if args.way == "share" else epochs_child)(args)
        return 0
    record = vision_chain.facts("vision_loader.py") | {
        "images": args.images,
        "epoch": args.epoch,
        "large_images": args.large_images,
        "size": list(vision_chain.SIZE),
        "large_size": list(LARGE),
        "unit": "microseconds an image",
    }
    sections = {"loader": loader_section, "large": large_section, "share": share_section}
    record |= {name: sections[name](args) for name in args.sections}
    vision_chain.save(record, args.results, "vision-loader")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (vision_chain.Mismatch, measure.CommandFailed, FileNotFoundError) as error:
        sys.exit(f"vision_loader: {error}")
