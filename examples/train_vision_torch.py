"""Trains a small classifier with torch on image files, and goes on after any
interruption as if there had been none.

    python examples/data/make_digits.py                          # once: images by class
    fuelrail shard examples/vision.toml                          # once: files to shards
    python examples/train_vision_torch.py --steps 100            # loss 2.3 to about 0.5
    python examples/train_vision_torch.py --steps 200 --resume   # goes on at step 100

Files are decoded as they are read, and a part is cut out of each, drawn for this
image and this epoch: neither batches nor threads, restarts or devices change a
pixel. Kill the process at any moment: on a processor, the run that resumes prints
the same losses to the last bit.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

import fuelrail as fr
import torch
import torch.nn.functional as F
from fuelrail import steps
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
SIDE = 24
TRAIN = [
    steps.decode("image", exif="apply", mode="grey"),
    steps.random_resized_crop("image", height=SIDE, width=SIDE, scale=[0.6, 1]),
    steps.normalize("image", mean=0.5, std=0.5),
]


def classifier() -> nn.Module:
    """Two convolutions and a layer: 21 thousand parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3),
        nn.Flatten(),
        nn.Linear(32 * (SIDE // 6) ** 2, 10),
    )


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: Mapping[str, Tensor]) -> float:
    """One step; the mean loss of the rows that hold an image."""
    losses = F.cross_entropy(model(batch["image"]), batch["label"], reduction="none")
    is_image = batch["image.status"] < 2
    loss = (losses * is_image).sum() / is_image.sum()
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()
    return loss.item()


def save(path: Path, checkpoint: Mapping[str, object]) -> None:
    """Writes a checkpoint such that there is always a whole one."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        torch.save(dict(checkpoint), file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains a small classifier on image files.")
    parser.add_argument("--data", type=Path, default=ROOT / "target/demo/vision", help="a dataset of examples/vision.toml")
    parser.add_argument("--steps", type=int, default=100, help="steps in all, those before a resume included")
    parser.add_argument("--batch", type=int, default=64, help="images of a batch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="where images are changed: cpu, wgpu, wgpu:software, cuda, auto")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "target/demo/vision.pt")
    parser.add_argument("--every", type=int, default=10, help="steps between checkpoints")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, if there is one")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch; other numbers, other bits")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(args.threads)

    options = {"columns": ["image", "label"], "steps": TRAIN, "device": args.device, "results": "host", "last": "drop"}
    batches = fr.Loader(args.data, batch_size=args.batch, seed=args.seed, **options).to_torch()
    model = classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    step = 0
    if args.resume and args.checkpoint.exists():
        checkpoint = torch.load(args.checkpoint, weights_only=True)
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        batches.load_state_dict(checkpoint["loader"])
        step = checkpoint["step"]

    while step < args.steps:
        for batch in batches:  # the rest of the epoch
            loss = train_step(model, optimizer, batch)
            step += 1
            is_last = step == args.steps
            # Nine digits tell every binary32 from its neighbours.
            print(f"step {step} loss {loss:.9g}", flush=True)
            if is_last or step % args.every == 0:
                states = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "loader": batches.state_dict()}
                save(args.checkpoint, {"step": step, **states})
            if is_last:
                break


if __name__ == "__main__":
    main()
