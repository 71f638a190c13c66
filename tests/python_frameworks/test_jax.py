"""Loaders in jax: arrays on the processor, without a copy, or on another device."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import fuelrail as fr
import jax
import jax.numpy as jnp
import numpy as np
import packed
import pyarrow as pa
import pyarrow.parquet as pq
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
        assert array.dtype == batch["tokens"].dtype == ("uint32" if dtype is None else "int32")
        assert (array == jnp.asarray(batch["tokens"].numpy())).all()


def test_a_tensor_is_an_array_to_jax(path: Path) -> None:
    tensor = load(path)[0]["tokens"]
    assert jnp.asarray(tensor).tolist() == tensor.numpy().tolist()
    assert jnp.result_type(tensor.dtype, jnp.float32) == jnp.float32


def test_an_array_holds_its_slot(path: Path) -> None:
    iterator = iter(load(path, keep=1, prefetch=0, threads=0, patience=0.05))
    array = from_dlpack(next(iterator)["tokens"])
    expected = array.tolist()
    with pytest.raises(fr.UsageError, match="still in use after"):
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


def test_a_view_is_in_memory_of_the_loader(path: Path) -> None:
    view = load(path, keep=2, prefetch=0, threads=0, patience=1.0).to_jax()
    pointers = [batch["tokens"].unsafe_buffer_pointer() for batch in view]
    assert len(pointers) > 2 >= len(set(pointers)), "the slots there are"


# Two devices that jax computes on, of which neither reads the other's memory.
ELSEWHERE = """
import sys, fuelrail as fr, jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

here, there = jax.local_devices()
expected = [np.array(batch["tokens"]) for batch in fr.Loader(sys.argv[1], batch_size=16, rank=0, world_size=1)]
step = jax.jit(lambda weight, tokens, valid: (weight * tokens * valid[:, None]).sum())

def check(what, weight, want, **options):
    loader = fr.Loader(sys.argv[1], batch_size=16, rank=0, world_size=1)
    for batch, tokens in zip(loader.to_jax(**options), expected, strict=True):
        assert {name: array.devices() for name, array in batch.items()} == dict.fromkeys(batch, want), what
        assert (np.asarray(batch["tokens"]) == tokens).all()
        step(weight, batch["tokens"], batch["valid"]).block_until_ready()

def bound(device):
    return jax.device_put(jnp.float32(2), device)

check("default", bound(here), {here})
jax.config.update("jax_default_device", there)
check("default", bound(there), {there})
# Bound to no device, batches follow what they are computed with.
check("default, elsewhere", bound(here), {there})
check("given", bound(here), {here}, device=here)
check("named", bound(here), {here}, device="cpu")
with jax.default_device(here):
    check("in a block", bound(here), {here})
    check("given in a block", bound(there), {there}, device=there)
every = NamedSharding(Mesh(np.array([here, there]), ("batch",)), PartitionSpec())
check("sharded", jax.device_put(jnp.float32(2), every), {here, there}, device=every)
try:
    fr.Loader(sys.argv[1], batch_size=16).to_jax(device=7)
except fr.UsageError as error:
    assert "jax.local_devices()" in error.hint
else:
    raise AssertionError("expected an error")
"""


def test_arrays_are_where_jax_computes(path: Path) -> None:
    environ = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, path], env=environ, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Columns of 64 bits: numbers that fit 32, ragged ones, and some that do not."""
    folder = tmp_path_factory.mktemp("wide")
    prices = [0.25, 0.1, 1 / 3, 1e-3, 123456.789, -2.5]
    columns = {
        "price": pa.array(prices),
        "n": pa.array([*range(5), -(2**31)]),
        "prices": pa.array([prices[:n] for n in range(6)]),
        "large": pa.array([1.0, 2.0, 1e300, 4.0, 5.0, float("inf")]),
        "long": pa.array([1, 2, 3, 2**40, 5, 6]),
    }
    schema = pa.schema([pa.field(name, column.type, nullable=False) for name, column in columns.items()])
    pq.write_table(pa.table(list(columns.values()), schema=schema), folder / "rows.parquet")
    fr.Pipeline(folder / "rows.parquet").sink(folder / "rows").shard(progress="never")
    return folder / "rows"


def test_columns_of_64_bits_are_rounded_to_32(wide: Path) -> None:
    names = ["price", "n", "prices"]
    options = {"batch_size": 6, "shuffle": None, "columns": names, **WORLD}
    exact = fr.Loader(wide, **options)[0].numpy()
    for ragged in ({}, {"ragged": "pad", "max_length": 6}):
        loader = fr.Loader(wide, **options, **ragged)
        stored = loader[0].numpy()
        for batch in (loader.to_jax()[0], fr.Loader(wide, **options, **ragged).to_jax(dtypes={"price": "float32"})[0]):
            assert batch["price"].dtype == jnp.float32 == batch["prices"].dtype and batch["n"].dtype == jnp.int32
            assert (np.asarray(batch["price"]) == exact["price"].astype("float32")).all()
            assert (np.asarray(batch["prices"]) == stored["prices"].astype("float32")).all()
            assert batch["n"].tolist() == exact["n"].tolist()
    with jax.enable_x64(True):
        batch = fr.Loader(wide, **options).to_jax()[0]
        assert batch["price"].dtype == jnp.float64 and batch["n"].dtype == jnp.int64
        assert (np.asarray(batch["prices"]) == exact["prices"]).all()


@pytest.mark.parametrize(
    ("name", "row", "text"),
    [("large", 2, "numbers that fit float32, got 1e300"), ("long", 3, "numbers that fit int32, got 1099511627776")],
)
def test_a_number_beyond_32_bits_is_named(wide: Path, name: str, row: int, text: str) -> None:
    view = fr.Loader(wide, batch_size=6, shuffle=None, columns=["n", name], **WORLD).to_jax()
    with pytest.raises(fr.DataError, match=text) as caught:
        next(iter(view))
    assert caught.value.location["column"] == name and caught.value.location["row"] == row


def test_a_batch_is_a_tree_with_a_state(path: Path) -> None:
    view = load(path, columns=["tokens"]).to_jax()
    batches = iter(view)
    batch = next(batches)
    assert isinstance(batch, dict) and batch.state == view.state_dict() and batch.state["position"] == 16
    assert batch.copy().state == copy.copy(batch).state == pickle.loads(pickle.dumps(batch)).state == batch.state
    assert jax.tree.structure(batch).num_leaves == len(batch)
    places = jax.tree_util.tree_leaves_with_path(batch)
    assert [jax.tree_util.keystr(place) for place, _ in places] == [f"['{name}']" for name in sorted(batch)]
    mapped = jax.tree.map(lambda array: array + 0, batch)
    assert isinstance(mapped, dict) and set(mapped) == set(batch)
    with pytest.raises(fr.UsageError, match="has no state") as caught:
        _ = mapped.state
    assert "batch.state before" in str(caught.value.hint) and not hasattr(mapped, "state")
    n_traces = 0

    @jax.jit
    def step(batch: dict[str, jax.Array]) -> jax.Array:
        nonlocal n_traces
        n_traces += 1
        return batch["tokens"].sum()

    step(batch)
    for other in batches:
        step(other)
    assert n_traces == 1, "states are no part of the tree"
    assert jax.tree.structure(load(path, columns=["tokens"]).to_numpy()[0]) == jax.tree.structure(batch)
