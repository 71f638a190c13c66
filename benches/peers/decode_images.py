"""Times JPEG decoding beside Pillow and libjpeg-turbo, one core, turn by turn.

    python benches/peers/decode_images.py DECODE_SPEED [ROUNDS]

DECODE_SPEED is the binary `target/release/decode_speed`. Needs pillow,
simplejpeg, PyTurboJPEG where its library is found, numpy and scikit-image
(requirements-decode.txt). Each peer decodes the same 500x375 photographs of
quality 95 to RGB in each round; what counts is the median of each peer's rounds,
in time on the processor, so that what else runs matters little.
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import simplejpeg
from PIL import Image
from skimage import data

N_FILES = 40


def photographs() -> list[bytes]:
    """Files of 500x375, quality 95, 4:2:0: cuts of photographs, resized."""
    photos = [Image.fromarray(each) for each in (data.astronaut(), data.chelsea(), data.coffee())]
    files = []
    for index in range(N_FILES):
        photo = photos[index % len(photos)]
        margin = index // len(photos)
        box = (margin, margin, photo.width - margin, photo.height - margin)
        out = io.BytesIO()
        photo.crop(box).resize((500, 375), Image.Resampling.LANCZOS).save(
            out, format="JPEG", quality=95, subsampling=2
        )
        files.append(out.getvalue())
    return files


def on_processor(process: int | str) -> float:
    """Seconds that the first thread of a process has run, by the kernel."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


class Served:
    """Our binary, which decodes the folder each time a line is written to it."""

    def __init__(self, binary: str, folder: Path, share: int) -> None:
        self.child = subprocess.Popen(
            [binary, str(folder), str(share)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {0}),
        )

    def __call__(self) -> float:
        begin = on_processor(self.child.pid)
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        self.child.stdout.readline()
        return on_processor(self.child.pid) - begin


def timed(decode, files):
    """Seconds of a pass over all files."""

    def run() -> float:
        begin = on_processor("self")
        for file in files:
            decode(file)
        return on_processor("self") - begin

    return run


def main() -> None:
    """Prints images a second of each peer and its ratio to ours."""
    binary = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    os.sched_setaffinity(0, {0})
    files = photographs()
    with tempfile.TemporaryDirectory() as folder:
        for index, file in enumerate(files):
            (Path(folder) / f"{index:03}.jpg").write_bytes(file)

        def pillow(file):
            return numpy.asarray(Image.open(io.BytesIO(file)).convert("RGB"))

        def simple(file):
            return simplejpeg.decode_jpeg(file, "RGB", fastdct=False, fastupsample=False)

        for file in files:
            assert numpy.array_equal(pillow(file), simple(file))
        peers = {
            "fuelrail": Served(binary, Path(folder), 100),
            "fuelrail, middle 70 %": Served(binary, Path(folder), 70),
            "pillow": timed(pillow, files),
            "simplejpeg": timed(simple, files),
        }
        try:
            from turbojpeg import TJPF_RGB, TurboJPEG

            turbo = TurboJPEG()
            peers["PyTurboJPEG"] = timed(lambda file: turbo.decode(file, pixel_format=TJPF_RGB), files)
        except (ImportError, RuntimeError) as error:
            print(f"no PyTurboJPEG: {error}")
        times: dict[str, list[float]] = {name: [] for name in peers}
        for round_ in range(rounds + 1):
            for name, peer in peers.items():
                taken = peer()
                if round_ > 0:
                    times[name].append(taken)
    ours = statistics.median(times["fuelrail"])
    size = sum(map(len, files)) / len(files)
    print(f"{len(files)} files of {size / 1000:.0f} KB, {rounds} rounds, 500x375, q95, 4:2:0, one core")
    for name, each in times.items():
        median = statistics.median(each)
        print(f"{name:24} {len(files) / median:8.0f} images a second   {median / ours:6.3f} x our time")


if __name__ == "__main__":
    main()
