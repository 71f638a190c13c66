"""Loaders in jax: arrays on the processor, without a copy."""

from __future__ import annotations

from pathlib import Path

import fuelrail as fr
import jax
import jax.numpy as jnp
import packed
import pytest
from jax.dlpack import from_dlpack

WORLD = {"rank": 0, "world_size": 1}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed.write(tmp_path_factory.mktemp("packed") / "rows")


def load(path: Path, **options: object) -> fr.Loader:
    return fr.Loader(path, **{"batch_size": 16, "seed": 4, **WORLD, **options})


@pytest.mark.parametrize("dtype", [None, "int32", jnp.int32])
def test_arrays_lie_in_the_loaders_memory(path: Path, dtype: object) -> None:
    loader = load(path, dtypes=None if dtype is None else {"tokens": dtype})
    for batch in loader:
        array = from_dlpack(batch["tokens"])
        assert array.unsafe_buffer_pointer() == batch["tokens"].data_ptr
        assert str(array.dtype) == batch["tokens"].dtype == ("uint32" if dtype is None else "int32")
        assert (array == jnp.asarray(batch["tokens"].numpy())).all()


def test_an_array_holds_its_slot(path: Path) -> None:
    iterator = iter(load(path, keep=1, prefetch=0, threads=0, patience=0.05))
    array = from_dlpack(next(iterator)["tokens"])
    expected = array.tolist()
    with pytest.raises(fr.UsageError, match="the caller holds"):
        next(iterator)
    assert array.tolist() == expected
    del array
    assert next(iterator).index == 1


def test_a_view(path: Path) -> None:
    loader = load(path)
    view = loader.to_jax()
    expected = [batch["tokens"].numpy().tolist() for batch in load(path)]
    shapes = set()
    for batch, rows in zip(view, expected, strict=True):
        assert batch["tokens"].tolist() == rows and batch["tokens"].dtype == jnp.uint32
        assert batch["valid"].dtype == bool
        shapes.add((batch["tokens"].shape, batch["valid"].shape, batch["cu_seqlens.cu_seqlens"].shape))
    assert shapes == {((16, 32), (16,), (17,))}, "shapes are static"
    assert loader.state_dict() == view.state_dict() and view.epoch == 1


def test_64_bits_come_in_32_unless_jax_keeps_them(path: Path) -> None:
    batch = next(iter(load(path, dtypes={"tokens": "int64"}).to_jax()))
    assert batch["tokens"].dtype == jnp.int32
    with jax.enable_x64(True):
        batch = next(iter(load(path, dtypes={"tokens": "int64"}).to_jax()))
        assert batch["tokens"].dtype == jnp.int64


def test_a_step_is_compiled_once(path: Path) -> None:
    n_traces = 0

    @jax.jit
    def step(tokens: jax.Array, valid: jax.Array) -> jax.Array:
        nonlocal n_traces
        n_traces += 1
        return (tokens.astype(jnp.int32) * valid[:, None]).sum()

    for _ in range(2):
        for batch in load(path).to_jax():
            step(batch["tokens"], batch["valid"]).block_until_ready()
    assert n_traces == 1
