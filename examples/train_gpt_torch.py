"""Trains a small GPT with torch on rows of packed text, and goes on after any
interruption as if there had been none.

    fuelrail shard examples/gpt.toml                          # once: text to rows
    python examples/train_gpt_torch.py --steps 100            # loss 7 to about 4
    python examples/train_gpt_torch.py --steps 200 --resume   # goes on at step 100
    torchrun --nproc-per-node 2 examples/train_gpt_torch.py   # the same batches, shared out

A checkpoint holds the model, the optimizer and where the loader stands, which
is a handful of numbers. Kill the process at any moment: on a processor, the run
that resumes prints the same losses to the last bit. A checkpoint of two
processes can be resumed by one or by three: the loader gives them the same
global batches, each row once an epoch.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import fuelrail as fr
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Shape:
    """The size of the model: 0.45 million parameters."""

    vocabulary: int = 1024
    length: int = 256
    width: int = 96
    n_heads: int = 4
    n_layers: int = 3


class Block(nn.Module):
    """Attention, then a hidden layer, each added to what came in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.n_heads = shape.n_heads
        self.attention_norm = nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)
        self.hidden_norm = nn.LayerNorm(shape.width)
        self.up = nn.Linear(shape.width, 4 * shape.width, bias=False)
        self.down = nn.Linear(4 * shape.width, shape.width, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for part in self.qkv(self.attention_norm(x)).chunk(3, dim=-1)
        )
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(seen.transpose(1, 2).flatten(-2))
        return torch.add(x, self.down(F.gelu(self.up(self.hidden_norm(x)))))


class GPT(nn.Module):
    """A decoder; the embedding of the tokens is also the last layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.length, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.n_layers))
        self.norm = nn.LayerNorm(shape.width)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.1)

    def forward(self, tokens: Tensor, documents: Tensor, positions: Tensor) -> Tensor:
        same = documents[:, :, None] == documents[:, None, :]
        mask = same.tril()[:, None]
        x = self.tokens(tokens) + self.positions(positions)
        for block in self.blocks:
            x = block(x, mask)
        return F.linear(self.norm(x), self.tokens.weight)


def documents_of(batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """For each token of each row: its document, its position there, and
    whether it belongs to one at all.

    A row of `cu_seqlens` says where its documents begin and the last one ends.
    The rows lie one after another, and `cu_seqlens.cu_seqlens` says where each
    of them begins. On a GPU both together are what variable-length attention
    takes; here they become a mask, which the processor is as quick with.
    """
    n_rows, length = batch["tokens"].shape
    bounds, first = batch["cu_seqlens"].long(), batch["cu_seqlens.cu_seqlens"]
    row = torch.repeat_interleave(torch.arange(n_rows), first.diff())
    begins = torch.zeros(n_rows, length + 1, dtype=torch.long)
    begins[row, bounds] = 1
    document = begins.cumsum(1)
    at = torch.arange(length + 1)
    position = at - (at * begins).cummax(1).values
    is_text = document < document[:, -1:]
    return document[:, :-1], position[:, :-1], is_text[:, :-1]


def loss_of(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """The sum of the losses of all tokens that are to be foretold, and their
    number: not the first of a document, nor what fills a row or a batch."""
    tokens = batch["tokens"]
    documents, positions, is_text = documents_of(batch)
    logits = model(tokens[:, :-1], documents[:, :-1], positions[:, :-1])
    losses = F.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], reduction="none")
    counts = is_text[:, 1:] & (documents[:, 1:] == documents[:, :-1])
    return (losses * counts).sum(), counts.sum()


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: Mapping[str, Tensor]) -> float:
    """One step on this process's part of a global batch; the mean loss of the
    whole of it."""
    loss, count = loss_of(model, batch)
    total = torch.stack([loss.detach(), count.to(loss.dtype)])
    scale = 1
    if dist.is_initialized():
        # Processes have different numbers of tokens, and their gradients are averaged.
        dist.all_reduce(total)
        scale = dist.get_world_size()
    optimizer.zero_grad()
    torch.autograd.backward(loss * scale / total[1])
    optimizer.step()
    return (total[0] / total[1]).item()


def save(path: Path, checkpoint: Mapping[str, object]) -> None:
    """Writes a checkpoint such that there is always a whole one."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        torch.save(dict(checkpoint), file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains a small GPT on packed rows.")
    parser.add_argument("--data", type=Path, default=ROOT / "target/demo/gpt", help="a dataset of examples/gpt.toml")
    parser.add_argument("--steps", type=int, default=100, help="steps in all, those before a resume included")
    parser.add_argument("--batch", type=int, default=16, help="rows of a global batch, for all processes together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "target/demo/gpt.pt")
    parser.add_argument("--every", type=int, default=10, help="steps between checkpoints")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, if there is one")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch; other numbers, other bits")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(args.threads)
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("gloo")
    is_first = not dist.is_initialized() or dist.get_rank() == 0

    # Rank and world are those of torch.distributed. Embeddings take int64, and
    # the tokens are widened on their way into the batch.
    loader = fr.Loader(args.data, global_batch_size=args.batch, seed=args.seed, dtypes={"tokens": "int64"})
    batches = loader.to_torch()
    raw = GPT(Shape())
    optimizer = torch.optim.AdamW(raw.parameters(), lr=1e-2, betas=(0.9, 0.95), weight_decay=0.1)
    step = 0
    if args.resume and args.checkpoint.exists():
        checkpoint = torch.load(args.checkpoint, weights_only=True)
        raw.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        batches.load_state_dict(checkpoint["loader"])
        step = checkpoint["step"]
    model = DistributedDataParallel(raw) if dist.is_initialized() else raw

    while step < args.steps:
        for batch in batches:  # the rest of the epoch
            loss = train_step(model, optimizer, batch)
            step += 1
            is_last = step == args.steps
            if is_first:
                # Nine digits tell every binary32 from its neighbours.
                print(f"step {step} loss {loss:.9g}", flush=True)
            if is_first and (is_last or step % args.every == 0):
                save(
                    args.checkpoint,
                    {
                        "step": step,
                        "model": raw.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "loader": batches.state_dict(),
                    },
                )
            if is_last:
                break
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
