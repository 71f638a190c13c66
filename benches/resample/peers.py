"""fuelrail's resize beside Pillow's and fast_image_resize's: equality with Pillow
first, then microseconds an image on one core, in turns; prints a Markdown table.

    cargo build --release --manifest-path benches/resample/Cargo.toml
    python benches/resample/peers.py benches/resample/target/release/resample-peers
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

FILTERS = ["bilinear", "bicubic", "lanczos", "box", "hamming", "nearest"]
# Height, width, channels, and height and width to become.
SIZES = [(375, 500, 3, 224, 224), (1536, 2048, 3, 224, 224), (224, 224, 3, 384, 384), (375, 500, 1, 224, 224)]
TURNS = 15


def picture(height, width, channels):
    """As in src/main.rs."""
    at = np.arange(height * width * channels, dtype=np.uint32)
    y, x = at // channels // width, at // channels % width
    noise = (at * np.uint32(2654435761)) >> np.uint32(27)
    samples = (x * 3 + y * 5) // 7 + (at % channels) * 40 + noise
    return samples.astype(np.uint8).reshape(height, width, channels)


class Peers:
    """The process that runs all peers but Pillow."""

    def __init__(self, program):
        self.child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, peer, filter, size, times, file="-"):
        self.child.stdin.write(" ".join(map(str, [peer, filter, *size, times, file])) + "\n")
        self.child.stdin.flush()
        return float(self.child.stdout.readline()) / times


def by_pillow(image, filter, size, times):
    resampling = Image.Resampling[filter.upper()]
    to = (size[4], size[3])
    result = image.resize(to, resampling)
    begin = time.perf_counter()
    for _ in range(times):
        image.resize(to, resampling)
    return (time.perf_counter() - begin) / times, np.asarray(result)


def row(peers, levels, filter, size):
    samples = picture(*size[:3])
    image = Image.fromarray(samples if size[2] == 3 else samples[:, :, 0])
    times = max(2, 2_000_000 // (size[0] * size[1] * size[2]))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result"
        _, want = by_pillow(image, filter, size, 1)
        for level in levels:
            peers.seconds(level, filter, size, 1, file)
            if file.read_bytes() != want.tobytes():
                raise SystemExit(f"{level} differs from Pillow: {filter} {size}")
        peers.seconds("fast_image_resize", filter, size, 1, file)
        differ = np.mean(np.frombuffer(file.read_bytes(), np.uint8) != want.reshape(-1))
    names = [*levels, "fast_image_resize", "Pillow"]
    taken = {name: [] for name in names}
    for _ in range(TURNS):
        for name in names:
            if name == "Pillow":
                taken[name].append(by_pillow(image, filter, size, times)[0])
            else:
                taken[name].append(peers.seconds(name, filter, size, times))
    medians = {name: statistics.median(all) * 1e6 for name, all in taken.items()}
    ratios = [statistics.median(p / o for p, o in zip(taken[peer], taken[levels[-1]])) for peer in names[-2:]]
    height, width, channels, *to = size
    cells = [f"{height}x{width}x{channels} -> {to[0]}x{to[1]}", filter]
    cells += [f"{medians[name]:.0f}" for name in names]
    cells += [f"{ratio:.2f}x" for ratio in ratios] + [f"{differ:.1%}"]
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    levels = sys.argv[2].split(",") if len(sys.argv) > 2 else ["avx2", "avx512"]
    peers = Peers(sys.argv[1])
    print(f"Pillow {PIL.__version__}; medians of {TURNS} turns, in microseconds an image; ratios of {levels[-1]}.\n")
    names = [*levels, "fast_image_resize", "Pillow"]
    head = ["size", "filter", *names, "vs fast_image_resize", "vs Pillow", "fast_image_resize differs in"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for size in SIZES:
        for filter in FILTERS:
            row(peers, levels, filter, size)


if __name__ == "__main__":
    main()
