"""Steps that take longer than a loader waits for a caller who keeps batches:
jax computes them behind Python's back, and holds the batches meanwhile."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import fuelrail as fr
import fuelrail.jax
import jax
import jax.numpy as jnp
import pytest


@jax.jit
def slow_step(total: jax.Array, tokens: jax.Array) -> jax.Array:
    """The sum of all tokens so far, after some work that changes nothing."""
    matrix = jnp.full((500, 500), 1e-4) + 0 * total
    for _ in range(8):
        matrix = jnp.tanh(matrix @ matrix)
    return total + tokens.sum() + (0 * matrix.sum()).astype(jnp.int32)


def test_jax_may_take_its_time_over_a_step(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience as short as this is passed many times over while the ring is
    full of batches that Python has dropped and jax has not come to."""
    monkeypatch.setattr(fuelrail.jax, "PATIENCE", 0.001)
    loader = fr.Loader(rows, batch_size=16, dtypes={"tokens": "int32"}, patience=0.001)
    total = jnp.int32(0)
    for batch in islice(loader.to_jax(), 12):
        total = slow_step(total, batch["tokens"])

    again = fr.Loader(rows, batch_size=16)
    assert int(total) == sum(int(batch["tokens"].numpy().sum()) for batch in islice(again, 12))
