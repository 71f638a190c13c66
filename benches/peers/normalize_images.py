#!/usr/bin/env python3
"""`normalize` on images beside torchvision and OpenCV: results compared first,
then interleaved timing, one thread each.

3 x 224 x 224 from HWC bytes to CHW numbers with the constants of ImageNet.
`image` is one image after another, each result dropped or written over before
the next; `batch` is all images to one output. torchvision's v2 functions run
with each instruction set that torch knows (ATEN_CPU_CAPABILITY); binary16 is
`.to(float16)` after them. OpenCV makes binary32 only, by `blobFromImage` with
a factor per channel, and by multiply, subtract, divide and split.

Prints the table of ratios and writes benches/results/<date>-normalize-images.json.
Run by scripts/bench-normalize-images.sh, which makes the environment.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import measure

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SIDE = 224
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
CAPABILITIES = ("avx512", "avx2")
ELEMENTS = ("float32", "float16")
OPENCV_TOLERANCE = 1e-6


class Mismatch(RuntimeError):
    """A peer's numbers are not ours."""


def pixels(path: Path) -> np.ndarray:
    """The images of a file."""
    return np.fromfile(path, np.uint8).reshape(-1, SIDE, SIDE, 3)


def torchvision_ways(src: np.ndarray, element: str) -> dict[str, Callable[[], object]]:
    """What a pass over all images is, by name."""
    import torch
    from torchvision.transforms.v2 import functional

    torch.set_num_threads(1)
    images = torch.from_numpy(src)

    def one(hwc: torch.Tensor) -> torch.Tensor:
        chw = hwc.movedim(-1, -3).contiguous()
        out = functional.to_dtype(chw, torch.float32, scale=True)
        out = functional.normalize(out, MEAN, STD, inplace=True)
        return out.to(torch.float16) if element == "float16" else out

    def each() -> torch.Tensor:
        for image in images:
            out = one(image)
        return out

    return {"image": each, "batch": lambda: one(images)}


def opencv_ways(src: np.ndarray) -> dict[str, Callable[[], object]]:
    """The same for OpenCV, an image at a time."""
    import cv2

    cv2.setNumThreads(1)
    params = cv2.dnn.Image2BlobParams()
    params.scalefactor = tuple(1 / (255 * std) for std in STD)
    params.mean = tuple(255 * mean for mean in MEAN)
    mean, std = (*MEAN, 0.0), (*STD, 1.0)

    def steps(image: np.ndarray) -> np.ndarray:
        out = cv2.multiply(image, (1 / 255,) * 4, dtype=cv2.CV_32F)
        cv2.subtract(out, mean, dst=out)
        cv2.divide(out, std, dst=out)
        planes = np.empty((3, SIDE, SIDE), np.float32)
        cv2.split(out, list(planes))
        return planes

    def over(one: Callable[[np.ndarray], np.ndarray]) -> Callable[[], object]:
        def each() -> np.ndarray:
            for image in src:
                out = one(image)
            return out

        return each

    return {
        "blob": over(lambda image: cv2.dnn.blobFromImageWithParams(image, params)[0]),
        "steps": over(steps),
    }


def ways(peer: str, src: np.ndarray, element: str) -> dict[str, Callable[[], object]]:
    """The passes of a peer."""
    return torchvision_ways(src, element) if peer == "torchvision" else opencv_ways(src)


def names(peer: str) -> tuple[str, str]:
    """What the passes of a peer are called."""
    return ("image", "batch") if peer == "torchvision" else ("blob", "steps")


def child(args: argparse.Namespace) -> None:
    """Runs one peer in this process: dumps its numbers or times it."""
    src = pixels(args.src)
    if args.dump:
        for name in names(args.peer):
            with open(f"{args.dump}-{name}", "wb") as file:
                for image in range(len(src)):
                    each = ways(args.peer, src[image : image + 1], args.element)[name]
                    file.write(np.asarray(each()).tobytes())
        return
    seconds = {}
    for name, each in ways(args.peer, src, args.element).items():
        each()
        taken = []
        for _ in range(args.repeats):
            begin = time.process_time()
            each()
            taken.append(time.process_time() - begin)
        seconds[name] = statistics.median(taken) / len(src)
    print(json.dumps(seconds))


class Bench:
    """The files and programs of one run."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        args.work.mkdir(parents=True, exist_ok=True)
        self.program = args.program
        self.src = args.work / "images.u8"
        noise = np.random.default_rng(0).integers(0, 256, args.images * SIDE * SIDE * 3, np.uint8)
        noise.tofile(self.src)

    def ours(self, *words: object) -> str:
        """Runs our program."""
        return measure.run([str(word) for word in (self.program, *words)]).stdout

    def peer(self, peer: str, element: str, capability: str, *words: object) -> str:
        """Runs a peer in a process of its own."""
        command = [sys.executable, __file__, "--peer", peer, "--element", element, "--src", self.src, *words]
        environment = {"ATEN_CPU_CAPABILITY": capability, "OMP_NUM_THREADS": "1"}
        return measure.run([str(word) for word in command], env=environment).stdout

    def check(self, element: str) -> None:
        """Compares the numbers of every tool on every image."""
        dst = self.args.work / "ours"
        self.ours("image-file", element, self.src, dst)
        want = np.fromfile(dst, element)
        for peer, capability, name in tools(element):
            dump = self.args.work / "peer"
            self.peer(peer, element, capability, "--dump", dump)
            for file in sorted(self.args.work.glob("peer-*")):
                got = np.fromfile(file, element)
                file.unlink()
                if peer == "torchvision":
                    same = got.tobytes() == want.tobytes()
                    worst = 0.0 if same else float("nan")
                else:
                    worst = float(np.max(np.abs(got - want)))
                    same = worst <= OPENCV_TOLERANCE
                print(f"  {element} {name} {file.name[5:]}: {'equal' if worst == 0 else f'within {worst:.2g}'}", flush=True)
                if not same:
                    raise Mismatch(f"{name} {file.name[5:]} differs from ours in {element}")

    def round(self, element: str) -> dict[str, float]:
        """Microseconds of CPU time an image takes each tool."""
        repeats = self.args.repeats
        taken = {}
        for peer, capability, name in tools(element):
            words = ("--repeats", repeats)
            for way, seconds in json.loads(self.peer(peer, element, capability, *words)).items():
                taken[f"{name} {way}"] = seconds * 1e6
        # Ours are many: the kernel's clock of CPU time counts in ticks.
        for way, seconds in json.loads(self.ours("image-time", element, self.src, 20 * repeats)).items():
            taken[f"fuelrail {way}"] = seconds * 1e6
        return taken


def tools(element: str) -> list[tuple[str, str, str]]:
    """Peers, torch's instruction set, and what they are called."""
    out = [("torchvision", capability, f"torchvision-{capability}") for capability in CAPABILITIES]
    return out + ([("opencv", "default", "opencv")] if element == "float32" else [])


def ratios(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median over rounds of peer / ours, like with like."""
    out = {}
    for name in rounds[0]:
        if not name.startswith("fuelrail"):
            ours = "fuelrail batch" if name.endswith("batch") else "fuelrail image"
            out[f"{name} / {ours}"] = statistics.median(one[name] / one[ours] for one in rounds)
    return out


def main() -> int:
    """Compares, times and records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=15, help="passes a tool makes in a round")
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/normalize_speed")
    parser.add_argument("--work", type=Path, default=ROOT / "target/bench-images")
    parser.add_argument("--results", type=Path, default=ROOT / "benches/results")
    for hidden in ("--peer", "--element", "--dump"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--src", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        child(args)
        return 0
    bench = Bench(args)
    requirements = (HERE / "requirements-images.txt").read_text().split("\n", 1)[1].split()
    record: dict[str, object] = {
        "date": measure.today(),
        "command": ["python3", "benches/peers/normalize_images.py", *sys.argv[1:]],
        "commit": measure.run(["git", "rev-parse", "HEAD"], cwd=ROOT).stdout.strip(),
        "machine": measure.machine(),
        "threads": 1,
        "images": args.images,
        "versions": requirements,
        "unit": "microseconds of CPU time an image",
    }
    for element in ELEMENTS:
        bench.check(element)
        rounds = [bench.round(element) for _ in range(args.rounds)]
        median = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        record[element] = {"median": median, "ratios": ratios(rounds), "rounds": rounds}
        for name, taken in median.items():
            print(f"  {element} {name}: {taken:.4g} us")
        for pair, ratio in ratios(rounds).items():
            print(f"  {element} {pair}: {ratio:.3g}x")
    record["beyond_and_within_caches"] = json.loads(bench.ours("images", args.rounds))
    path = args.results / f"{record['date']}-normalize-images.json"
    args.results.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"written: {os.path.relpath(path, ROOT)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Mismatch, measure.CommandFailed, FileNotFoundError) as error:
        sys.exit(f"normalize_images: {error}")
