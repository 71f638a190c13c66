"""Trains a small GPT with plain JAX on rows of packed text, and goes on after
any interruption as if there had been none.

    fuelrail shard examples/gpt.toml                      # once: text to rows
    python examples/train_jax.py --steps 100              # loss 7 to about 4
    python examples/train_jax.py --steps 200 --resume     # goes on at step 100

Every batch has the same shapes, the last of an epoch included, so the step is
compiled once. The model is that of train_gpt_torch.py; the optimizer is AdamW,
in the few lines it takes.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import fuelrail as fr
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

ROOT = Path(__file__).resolve().parents[1]
VOCABULARY, LENGTH, WIDTH, N_HEADS, N_LAYERS = 1024, 256, 96, 4, 3
RATE, BETAS, EPSILON, DECAY = 1e-2, (0.9, 0.95), 1e-8, 0.1

# Arrays by name, and blocks of them.
Tree = dict[str, Any]


def init(key: Array) -> Tree:
    """A model of 0.45 million parameters."""
    keys = iter(jax.random.split(key, 2 + 4 * N_LAYERS))

    def weight(*shape: int) -> Array:
        return 0.1 * jax.random.normal(next(keys), shape)

    def norm() -> Tree:
        return {"scale": jnp.ones(WIDTH), "shift": jnp.zeros(WIDTH)}

    def block() -> Tree:
        return {
            "attention_norm": norm(),
            "qkv": weight(WIDTH, 3 * WIDTH),
            "out": weight(WIDTH, WIDTH),
            "hidden_norm": norm(),
            "up": weight(WIDTH, 4 * WIDTH),
            "down": weight(4 * WIDTH, WIDTH),
        }

    return {
        "tokens": weight(VOCABULARY, WIDTH),
        "positions": weight(LENGTH, WIDTH),
        "blocks": [block() for _ in range(N_LAYERS)],
        "norm": norm(),
    }


def normed(norm: Tree, x: Array) -> Array:
    x = x - x.mean(-1, keepdims=True)
    unit = x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5)
    scaled: Array = unit * norm["scale"] + norm["shift"]
    return scaled


def attended(block: Tree, x: Array, mask: Array) -> Array:
    """Attention, then a hidden layer, each added to what came in."""
    n_rows, length, _ = x.shape
    parts = jnp.split(normed(block["attention_norm"], x) @ block["qkv"], 3, axis=-1)
    q, k, v = (part.reshape(n_rows, length, N_HEADS, -1) for part in parts)
    seen = jax.nn.dot_product_attention(q, k, v, mask=mask[:, None])
    x = x + seen.reshape(x.shape) @ block["out"]
    hidden = jax.nn.gelu(normed(block["hidden_norm"], x) @ block["up"])
    return jnp.add(x, hidden @ block["down"])


def logits_of(model: Tree, tokens: Array, documents: Array, positions: Array) -> Array:
    same = documents[:, :, None] == documents[:, None, :]
    mask = jnp.tril(same)
    x = model["tokens"][tokens] + model["positions"][positions]
    for block in model["blocks"]:
        x = attended(block, x, mask)
    logits: Array = normed(model["norm"], x) @ model["tokens"].T
    return logits


def documents_of(batch: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """For each token of each row: its document, its position there, and
    whether it belongs to one at all.

    A row of `cu_seqlens` says where its documents begin and the last one ends;
    of its elements, `cu_seqlens.lengths` are real.
    """
    n_rows, length = batch["tokens"].shape
    bounds, lengths = batch["cu_seqlens"], batch["cu_seqlens.lengths"]
    is_bound = jnp.arange(bounds.shape[1]) < lengths[:, None]
    row = jnp.arange(n_rows)[:, None]
    begins = jnp.zeros((n_rows, length + 1), jnp.int32).at[row, bounds].max(is_bound)
    document = begins.cumsum(1)
    at = jnp.arange(length + 1)
    position = at - jax.lax.cummax(at * begins, axis=1)
    is_text = document < document[:, -1:]
    return document[:, :-1], position[:, :-1], is_text[:, :-1]


def loss_of(model: Tree, batch: Mapping[str, Array]) -> Array:
    """The mean loss of all tokens that are to be foretold: not the first of a
    document, nor what fills a row or a batch."""
    tokens = batch["tokens"]
    documents, positions, is_text = documents_of(batch)
    logits = logits_of(model, tokens[:, :-1], documents[:, :-1], positions[:, :-1])
    chosen = jnp.take_along_axis(logits, tokens[:, 1:, None], axis=-1)[..., 0]
    losses = jax.nn.logsumexp(logits, axis=-1) - chosen
    counts = is_text[:, 1:] & (documents[:, 1:] == documents[:, :-1])
    return jnp.where(counts, losses, 0).sum() / counts.sum()


@partial(jax.jit, donate_argnums=0)
def train_step(state: Tree, batch: Mapping[str, Array]) -> tuple[Tree, Array]:
    """AdamW (Loshchilov and Hutter, 2019)."""
    loss, slope = jax.value_and_grad(loss_of)(state["model"], batch)
    step = state["step"] + 1

    def mean(beta: float, old: Array, new: Array) -> Array:
        return beta * old + (1 - beta) * new

    first = jax.tree.map(partial(mean, BETAS[0]), state["first"], slope)
    second = jax.tree.map(lambda old, new: mean(BETAS[1], old, new * new), state["second"], slope)

    def moved(weight: Array, first: Array, second: Array) -> Array:
        first, second = first / (1 - BETAS[0] ** step), second / (1 - BETAS[1] ** step)
        return weight - RATE * (first / (jnp.sqrt(second) + EPSILON) + DECAY * weight)

    model = jax.tree.map(moved, state["model"], first, second)
    return {"step": step, "model": model, "first": first, "second": second}, loss


def save(path: Path, state: Tree, position: Mapping[str, object]) -> None:
    """Writes a checkpoint such that there is always a whole one."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        np.savez(file, np.array(json.dumps(position)), *leaves)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def load(path: Path, state: Tree) -> tuple[Tree, dict[str, Any]]:
    """A state of the structure of `state`, and where the loader stood."""
    with np.load(path) as file:
        position, *leaves = (file[name] for name in file.files)
    leaves = [jnp.asarray(leaf) for leaf in leaves]
    return jax.tree.unflatten(jax.tree.structure(state), leaves), json.loads(position.item())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains a small GPT on packed rows.")
    parser.add_argument("--data", type=Path, default=ROOT / "target/demo/gpt", help="a dataset of examples/gpt.toml")
    parser.add_argument("--steps", type=int, default=100, help="steps in all, those before a resume included")
    parser.add_argument("--batch", type=int, default=16, help="rows of a batch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "target/demo/gpt.npz")
    parser.add_argument("--every", type=int, default=10, help="steps between checkpoints")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, if there is one")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    # A row of 256 tokens has at most 257 bounds; filling up makes shapes static.
    loader = fr.Loader(
        args.data,
        batch_size=args.batch,
        seed=args.seed,
        dtypes={"tokens": "int32"},
        ragged="pad",
        max_length=LENGTH + 1,
    )
    batches = loader.to_jax()
    model = init(jax.random.key(args.seed))
    zeros = jax.tree.map(jnp.zeros_like, model)
    state: Tree = {"step": jnp.int32(0), "model": model, "first": zeros, "second": jax.tree.map(jnp.copy, zeros)}
    if args.resume and args.checkpoint.exists():
        state, position = load(args.checkpoint, state)
        batches.load_state_dict(position)

    step = int(state["step"])
    while step < args.steps:
        for batch in batches:  # the rest of the epoch
            state, loss = train_step(state, batch)
            step += 1
            # Nine digits tell every binary32 from its neighbours.
            print(f"step {step} loss {float(loss):.9g}", flush=True)
            if step == args.steps or step % args.every == 0:
                save(args.checkpoint, state, batches.state_dict())
            if step == args.steps:
                break


if __name__ == "__main__":
    main()
