#!/usr/bin/env python3
"""From JPEG files to training tensors beside torchvision, albumentationsx, kornia_rs and
DALI: pixels compared first, then CPU time an image on one core, in turns.

JPEGs of 500x375 at quality 95, cut out of the photographs that scikit-learn and
scikit-image bring along; decode, RandomResizedCrop to 224, flip, normalize with
ImageNet's constants, to float32 in CHW. The jitter chain has ColorJitter(0.4, 0.4, 0.4,
0.1) before `normalize`. fuelrail is its Python loader, with ``threads=0``: the caller
decodes. Its resize, torchvision's and DALI's are antialiased, those of albumentationsx
(OpenCV) and kornia_rs are not; colours are Pillow's in fuelrail and torchvision on
Pillow's images, and approximations of them elsewhere. torchvision runs with
ATEN_CPU_CAPABILITY=avx2, without which its resize of bytes is slower on processors with
AVX-512.

Before anything is timed, the evaluation chain (shorter side 256, the middle 224, float32) of
fuelrail is compared with that of torchvision on Pillow's images: all bits are equal. That
the training chains are, with the chance that fuelrail draws, is shown by
tests/python/test_images.py and test_color.py.

Prints ratios, all of them as a table at the end, and writes
benches/results/<date>-vision-chain.json. Run by
scripts/bench-vision-chain.sh, which makes the environment.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import measure
import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZE = (500, 375)
# Of brightness, contrast, saturation and hue.
JITTER = (0.4, 0.4, 0.4, 0.1)
CHAINS = ("basic", "jitter")
ENVIRONMENT = {"ATEN_CPU_CAPABILITY": "avx2", "OMP_NUM_THREADS": "1"}


class Mismatch(RuntimeError):
    """Pixels differ."""


def photographs(n_files: int, size: tuple[int, int] = SIZE) -> list[bytes]:
    """Parts of photographs, each another, of a width and height. Where they are enlarged more than
    twice, the photograph's own fine detail is laid over them, or there would be none."""
    from PIL import Image
    from skimage import data
    from sklearn.datasets import load_sample_images

    sources = [Image.fromarray(image) for image in load_sample_images().images]
    sources += [Image.fromarray(getattr(data, name)()).convert("RGB") for name in ("astronaut", "chelsea", "coffee", "rocket")]
    rng = np.random.default_rng(1)
    files = []
    for row in range(n_files):
        image = sources[row % len(sources)]
        scale = max(size[0] / image.width, size[1] / image.height) * rng.uniform(1, 1.3)
        small = image
        image = image.resize((round(image.width * scale) + 1, round(image.height * scale) + 1), Image.Resampling.LANCZOS)
        left, top = rng.integers(0, image.width - size[0] + 1), rng.integers(0, image.height - size[1] + 1)
        image = image.crop((left, top, left + size[0], top + size[1]))
        out = io.BytesIO()
        (image if scale <= 2 else detailed(image, small)).save(out, "JPEG", quality=95)
        files.append(out.getvalue())
    return files


def detailed(image: Image.Image, small: Image.Image) -> Image.Image:
    """An enlarged image with the fine detail of the small one, mirrored until it covers all of it."""
    from PIL import Image, ImageFilter

    fine = np.asarray(small, np.int16) - np.asarray(small.filter(ImageFilter.GaussianBlur(1)), np.int16)
    rows, cols = (-(-side // length) for side, length in zip(image.size[::-1], fine.shape, strict=False))
    fine = np.pad(fine, ((0, (rows - 1) * fine.shape[0]), (0, (cols - 1) * fine.shape[1]), (0, 0)), mode="symmetric")
    return Image.fromarray(np.clip(np.asarray(image, np.int16) + fine[: image.height, : image.width], 0, 255).astype(np.uint8))


def fuelrail_loader(files: list[bytes], folder: str, chain: list[dict[str, object]], threads: int = 0) -> object:
    """A loader of the files, whose caller does all the work if there are no threads."""
    import fuelrail as fr
    import pyarrow as pa

    path = Path(folder) / "shards"
    fr.Pipeline(pa.table({"image": pa.array(files, pa.binary())})).shard(path, progress="never")
    return fr.Loader(path, batch_size=32, steps=chain, rank=0, world_size=1, shuffle=None, last="short", threads=threads)


def fuelrail_steps(chain: str, side: int = 224) -> list[dict[str, object]]:
    """The steps of a chain, to images of a side."""
    from fuelrail import steps

    jitter = dict(zip(("brightness", "contrast", "saturation", "hue"), JITTER, strict=True))
    return [
        steps.decode("image", exif="ignore"),
        steps.random_resized_crop("image", height=side, width=side),
        steps.random_flip("image"),
        *([steps.color_jitter("image", **jitter)] if chain == "jitter" else []),
        steps.normalize("image", mean="imagenet"),
    ]


def fuelrail_ways(files: list[bytes], folder: str, chain: str) -> dict[str, Callable[[], object]]:
    """Our training chain, as a loader."""
    loader = fuelrail_loader(files, folder, fuelrail_steps(chain))

    def epoch() -> None:
        for batch in loader:
            batch["image"]

    return {"loader": epoch}


def torchvision_transforms(chain: str) -> tuple[object, object]:
    """torchvision's transforms of Pillow's images, and of its own tensors."""
    import torch
    from torchvision.transforms import v2

    colours = [v2.ColorJitter(*JITTER)] if chain == "jitter" else []
    end = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    pil = v2.Compose([v2.RandomResizedCrop(224), v2.RandomHorizontalFlip(), *colours, v2.ToImage(), *end])
    return pil, v2.Compose([v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip(), *colours, *end])


def torchvision_ways(files: list[bytes], _: str, chain: str) -> dict[str, Callable[[], object]]:
    """torchvision on Pillow's images, and on its own tensors."""
    import torch
    from PIL import Image
    from torchvision.io import ImageReadMode, decode_jpeg

    torch.set_num_threads(1)
    pil, tensor = torchvision_transforms(chain)
    buffers = [torch.frombuffer(bytearray(file), dtype=torch.uint8) for file in files]
    return {
        "pil": lambda: each(files, lambda file: pil(Image.open(io.BytesIO(file)).convert("RGB"))),
        "tensor": lambda: each(buffers, lambda buffer: tensor(decode_jpeg(buffer, ImageReadMode.RGB))),
    }


def albumentationsx_ways(files: list[bytes], _: str, chain: str) -> dict[str, Callable[[], object]]:
    """albumentationsx on OpenCV's images."""
    import albumentations
    import cv2
    from albumentations.pytorch import ToTensorV2

    cv2.setNumThreads(1)
    bounds = [(1 - by, 1 + by) for by in JITTER[:3]] + [(-JITTER[3], JITTER[3])]
    steps = [
        albumentations.RandomResizedCrop(size=(224, 224)),
        albumentations.HorizontalFlip(p=0.5),
        *([albumentations.ColorJitter(*bounds, p=1)] if chain == "jitter" else []),
        albumentations.Normalize(MEAN, STD),
        ToTensorV2(),
    ]
    composed = albumentations.Compose(steps)

    def one(file: bytes) -> object:
        image = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB)
        return composed(image=image)["image"]

    return {"cv2": lambda: each(files, one)}


def kornia_rs_ways(files: list[bytes], _: str, chain: str) -> dict[str, Callable[[], object]]:
    """kornia_rs decodes with the C library, crops and mirrors, and then resizes, normalizes
    and transposes in one pass; with a jitter, which works on bytes, in three."""
    from kornia_rs import augmentations, image, imgproc, io as images, pipeline

    rng = np.random.default_rng(0)
    jitter = augmentations.ColorJitter(*JITTER)

    def cut(file: bytes) -> np.ndarray:
        whole = images.decode_image_jpegturbo(file, "rgb")
        top, left, rows, cols = part(rng, whole.shape[:2])
        crop = imgproc.crop(whole, int(left), int(top), int(cols), int(rows))
        return imgproc.horizontal_flip(crop) if rng.random() < 0.5 else crop

    def basic(file: bytes) -> object:
        return pipeline.resize_normalize_to_tensor(cut(file), (224, 224), MEAN, STD)

    def jittered(file: bytes) -> object:
        small = imgproc.resize(cut(file), (224, 224), "bilinear")
        small = np.asarray(jitter(image.Image.fromarray(small)))
        return np.ascontiguousarray(imgproc.normalize_mean_std(small, MEAN, STD).transpose(2, 0, 1))

    return {"turbo": lambda: each(files, jittered if chain == "jitter" else basic)}


def part(rng: np.random.Generator, sides: tuple[int, int]) -> tuple[int, int, int, int]:
    """The window of RandomResizedCrop."""
    height, width = sides
    for _ in range(10):
        target = height * width * rng.uniform(0.08, 1)
        aspect = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
        cols, rows = round(np.sqrt(target * aspect)), round(np.sqrt(target / aspect))
        if 0 < cols <= width and 0 < rows <= height:
            return rng.integers(0, height - rows + 1), rng.integers(0, width - cols + 1), rows, cols
    return 0, 0, height, width


def dali_ways(files: list[bytes], _: str, chain: str) -> dict[str, Callable[[], object]]:
    """DALI's CPU operators with one thread; it decodes what the crop needs."""
    from nvidia.dali import fn, pipeline_def, types

    arrays = [np.frombuffer(file, np.uint8) for file in files]
    size = min(32, len(files))
    if len(files) % size:
        raise Mismatch(f"expected a multiple of DALI's batch of {size} images, got {len(files)}")

    @pipeline_def(batch_size=size, num_threads=1, device_id=None, seed=1)
    def made() -> object:
        encoded = fn.external_source(source=lambda it: arrays[it.idx_in_epoch % len(arrays)], batch=False)
        images = fn.decoders.image_random_crop(encoded, random_area=(0.08, 1.0), random_aspect_ratio=(3 / 4, 4 / 3))
        images = fn.resize(images, size=(224, 224), antialias=True)
        if chain == "jitter":
            images = fn.color_twist(
                images,
                brightness=fn.random.uniform(range=(1 - JITTER[0], 1 + JITTER[0])),
                contrast=fn.random.uniform(range=(1 - JITTER[1], 1 + JITTER[1])),
                saturation=fn.random.uniform(range=(1 - JITTER[2], 1 + JITTER[2])),
                hue=fn.random.uniform(range=(-360 * JITTER[3], 360 * JITTER[3])),
            )
        return fn.crop_mirror_normalize(
            images,
            dtype=types.FLOAT,
            output_layout="CHW",
            mean=[255 * mean for mean in MEAN],
            std=[255 * std for std in STD],
            mirror=fn.random.coin_flip(),
        )

    pipe = made(prefetch_queue_depth=1)
    pipe.build()

    def epoch() -> None:
        for _ in range(len(files) // size):
            pipe.run()

    return {"cpu": epoch}


def each(items: Iterable[object], one: Callable[[object], object]) -> None:
    """All of them, each result dropped before the next."""
    for item in items:
        one(item)


PEERS = {
    "fuelrail": fuelrail_ways,
    "torchvision": torchvision_ways,
    "albumentationsx": albumentationsx_ways,
    "kornia_rs": kornia_rs_ways,
    "dali": dali_ways,
}


def check(files: list[bytes], threads: int = 0) -> None:
    """The evaluation chain beside torchvision on Pillow's images."""
    import torch
    from fuelrail import steps
    from PIL import Image
    from torchvision.transforms import v2

    chain = [
        steps.decode("image", exif="ignore"),
        steps.resize("image", shorter=256),
        steps.center_crop("image", height=224, width=224),
        steps.normalize("image", mean="imagenet"),
    ]
    end = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]

    theirs = v2.Compose([v2.Resize(256), v2.CenterCrop(224), *end])
    with tempfile.TemporaryDirectory() as folder:
        found = [batch["image"].numpy().copy() for batch in fuelrail_loader(files, folder, chain, threads)]
    for ours, file in zip(np.concatenate(found), files, strict=True):
        want = theirs(Image.open(io.BytesIO(file)).convert("RGB")).numpy()
        if not np.array_equal(ours, want):
            raise Mismatch(f"expected torchvision's numbers, got some that differ by {np.abs(ours - want).max():.3g}")
    print(f"  evaluation chain: {len(files)} images equal those of torchvision on Pillow's, to the bit", flush=True)


def settle() -> None:
    """Has and frees some memory, as every process that trains has: from then on the allocator of
    glibc keeps arrays of the size of an image, and does not get each anew from the system, which
    costs some peers a third of their time."""
    np.ones(31 << 20, np.uint8)


def child(args: argparse.Namespace) -> None:
    """Times one peer in this process."""
    settle()
    files = [path.read_bytes() for path in sorted(args.files.iterdir())]
    with tempfile.TemporaryDirectory() as folder:
        ways = PEERS[args.peer](files, folder, args.chain)
        taken = {}
        for name, way in ways.items():
            way()
            passes = []
            for _ in range(args.repeats):
                begin = time.process_time()
                way()
                passes.append(time.process_time() - begin)
            taken[name] = statistics.median(passes) / len(files)
    print(json.dumps(taken))


def written(files: list[bytes], folder: str | Path) -> Path:
    """A folder of the files, for the processes that read them."""
    for row, file in enumerate(files):
        (Path(folder) / f"{row:05}.jpg").write_bytes(file)
    return Path(folder)


def timed(args: argparse.Namespace, chain: str, environment: dict[str, str]) -> dict[str, object]:
    """All peers in turns, round by round, and their ratios to fuelrail."""
    rounds: list[dict[str, float]] = []
    for _ in range(args.rounds):
        taken = {}
        for peer in args.peers:
            command = [sys.executable, HERE / "vision_chain.py", "--peer", peer, "--chain", chain]
            command += ["--files", args.files, "--repeats", args.repeats]
            found = json.loads(measure.run([str(word) for word in command], env=environment).stdout)
            taken |= {f"{peer} {name}": seconds * 1e6 for name, seconds in found.items()}
        rounds.append(taken)
    return summed_up(rounds, "fuelrail loader")


def summed_up(rounds: list[dict[str, float]], ours: str) -> dict[str, object]:
    """Medians of microseconds, and the ratio of each way to ours with the least and the greatest of a round."""
    median = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    ratios = {}
    for name in median:
        of_rounds = [one[name] / one[ours] for one in rounds]
        ratios[name] = [statistics.median(of_rounds), min(of_rounds), max(of_rounds)]
        middle, low, high = ratios[name]
        rate = f"{median[name]:.0f} us an image, {1e6 / median[name]:.0f} a second"
        print(f"  {name}: {rate}; fuelrail is {middle:.2f}x [{low:.2f}, {high:.2f}]", flush=True)
    return {"median": median, "ratios": ratios, "rounds": rounds}


def table(chains: dict[str, dict[str, object]]) -> str:
    """What was found as a table of Markdown, fastest first in the first chain."""
    first = next(iter(chains.values()))["median"]
    lines = ["| us an image | " + " | ".join(f"{chain} | fuelrail is" for chain in chains) + " |", "|---" * (2 * len(chains) + 1) + "|"]
    for name in sorted(first, key=first.get):
        cells = [name]
        for found in chains.values():
            middle, low, high = found["ratios"][name]
            cells += [f"{found['median'][name]:,.0f}", f"{middle:.2f}x [{low:.2f}, {high:.2f}]"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def facts(script: str) -> dict[str, object]:
    """What a record says of how it was made."""
    return {
        "date": measure.today(),
        "command": ["python3", f"benches/peers/{script}", *sys.argv[1:]],
        "commit": measure.run(["git", "rev-parse", "HEAD"], cwd=ROOT).stdout.strip(),
        "machine": measure.machine(),
        "versions": measure.run([sys.executable, "-m", "pip", "freeze"]).stdout.split(),
    }


def save(record: dict[str, object], results: Path, name: str) -> None:
    """Writes a record."""
    path = results / f"{record['date']}-{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"written: {os.path.relpath(path, ROOT)}")


def main() -> int:
    """Compares, times and records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=3, help="passes a peer makes in a round")
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--size", type=int, nargs=2, default=SIZE, metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--results", type=Path, default=ROOT / "benches/results")
    parser.add_argument("--chains", nargs="+", default=list(CHAINS), choices=CHAINS)
    parser.add_argument("--peer", choices=list(PEERS), help=argparse.SUPPRESS)
    parser.add_argument("--chain", choices=CHAINS, help=argparse.SUPPRESS)
    parser.add_argument("--files", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        child(args)
        return 0
    files = photographs(args.images, args.size)
    check(files)
    chains = {}
    with tempfile.TemporaryDirectory() as folder:
        args.files = written(files, folder)
        for chain in args.chains:
            print(f"{chain} chain")
            chains[chain] = timed(args, chain, ENVIRONMENT)
    print(table(chains))
    record = {
        **facts("vision_chain.py"),
        "images": args.images,
        "size": list(args.size),
        "unit": "microseconds of CPU time an image",
        "chains": chains,
    }
    save(record, args.results, "vision-chain")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Mismatch, measure.CommandFailed, FileNotFoundError) as error:
        sys.exit(f"vision_chain: {error}")
