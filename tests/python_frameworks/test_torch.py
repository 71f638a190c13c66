"""Loaders in torch: tensors without a copy, its DataLoader, and torchdata's
that saves its state."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
from pathlib import Path

import fuelrail as fr
import fuelrail.torch
import numpy as np
import packed
import pytest
import torch
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

WORLD = {"rank": 0, "world_size": 1}

# torchdata 0.11 calls what torch 2.15 no longer wants called.
pytestmark = pytest.mark.filterwarnings("ignore:.set_vital. is deprecated")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed.write(tmp_path_factory.mktemp("packed") / "rows")


def load(path: Path, **options: object) -> fr.Loader:
    return fr.Loader(path, **{"batch_size": 16, "seed": 4, **WORLD, **options})


def tokens(path: Path, epochs: int = 1, **options: object) -> list[list[list[int]]]:
    """The tokens of each batch, without torch."""
    loader = load(path, **options)
    return [batch["tokens"].numpy().tolist() for _ in range(epochs) for batch in loader]


@pytest.mark.parametrize("threads", [0, 1])
def test_tensors_lie_in_the_loaders_memory(path: Path, threads: int) -> None:
    for batch in load(path, threads=threads, dtypes={"tokens": "int64"}):
        tensor = torch.from_dlpack(batch["tokens"])
        assert tensor.data_ptr() == batch["tokens"].data_ptr
        assert tensor.dtype == torch.int64 and tensor.is_contiguous() and tensor.device.type == "cpu"
        assert (tensor.numpy() == batch["tokens"].numpy()).all()
        copied = torch.from_dlpack(batch["tokens"], copy=True)
        assert copied.data_ptr() != tensor.data_ptr() and torch.equal(copied, tensor)
    tensor[0, 0] = 5
    assert batch["tokens"].numpy()[0, 0] == 5


def test_a_tensor_holds_its_slot(path: Path) -> None:
    iterator = iter(load(path, keep=1, prefetch=0, threads=0, patience=0.05))
    part = torch.from_dlpack(next(iterator)["cu_seqlens"])[1:]
    with pytest.raises(fr.UsageError, match="still in use after"):
        next(iterator)
    del part
    assert next(iterator).index == 1


def test_a_view_widens_what_torch_knows_little_of(path: Path) -> None:
    loader = load(path)
    n_batches = 0
    for batch, expected in zip(loader.to_torch(), tokens(path), strict=True):
        assert batch["tokens"].dtype == torch.int64 and batch["tokens"].tolist() == expected
        assert batch["tokens"].shape == (16, 32), "shapes are static"
        assert batch["cu_seqlens.cu_seqlens"].dtype == torch.int32
        assert batch["valid"].dtype == torch.bool and batch["valid"].shape == (16,)
        n_batches += 1
    assert n_batches == len(loader) and not batch["valid"].all()
    kept = next(iter(load(path).to_torch(dtypes={"tokens": torch.uint32}, mask=None)))
    assert kept["tokens"].dtype == torch.uint32 and "valid" not in kept
    own = next(iter(load(path, dtypes={"tokens": torch.int32}).to_torch()))
    assert own["tokens"].dtype == torch.int32
    with pytest.raises(fr.UsageError, match="a name for the mask"):
        load(path).to_torch(mask="tokens")


def test_a_state_survives_torch_save(path: Path) -> None:
    loader = load(path)
    expected = tokens(path)
    view = iter(loader.to_torch())
    for _ in range(3):
        next(view)
    file = io.BytesIO()
    torch.save({"loader": loader.state_dict()}, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)["loader"]
    resumed = load(path, seed=0).to_torch()
    resumed.load_state_dict(state)
    assert [batch["tokens"].tolist() for batch in resumed] == expected[3:]


@pytest.mark.parametrize("around", [DataLoader, StatefulDataLoader])
def test_torchs_loader_takes_it(path: Path, around: type) -> None:
    dataset = fuelrail.torch.IterableDataset(path, batch_size=16, seed=4, **WORLD)
    loader = around(dataset, batch_size=None)
    expected = tokens(path, epochs=2)
    assert isinstance(dataset, torch.utils.data.IterableDataset)
    assert len(loader) == len(dataset) == len(expected) // 2
    for epoch in range(2):
        dataset.set_epoch(epoch)
        seen = [batch["tokens"].tolist() for batch in loader]
        assert seen == expected[epoch * len(dataset) : (epoch + 1) * len(dataset)]


@pytest.mark.parametrize("around", [DataLoader, StatefulDataLoader])
def test_torchs_loader_takes_a_view(path: Path, around: type) -> None:
    view = load(path).to_torch()
    loader = around(view, batch_size=None)
    expected = tokens(path, epochs=3)
    assert len(loader) == len(view) == len(expected) // 3
    assert [batch["tokens"].tolist() for _ in range(3) for batch in loader] == expected
    assert view.epoch == 3


def test_torchdata_saves_a_view(path: Path) -> None:
    expected = tokens(path)
    first = StatefulDataLoader(load(path).to_torch(), batch_size=None)
    iterator = iter(first)
    seen = [next(iterator)["tokens"].tolist() for _ in range(3)]
    state = first.state_dict()
    second = StatefulDataLoader(load(path, seed=0).to_torch(), batch_size=None)
    second.load_state_dict(state)
    assert seen + [batch["tokens"].tolist() for batch in second] == expected


@pytest.mark.parametrize("n_used", [0, 1, 5, "all"])
def test_torchdata_saves_and_restores_it(path: Path, n_used: int | str) -> None:
    def make(**options: object) -> StatefulDataLoader:
        dataset = fuelrail.torch.IterableDataset(path, **{"batch_size": 16, "seed": 4, **WORLD, **options})
        return StatefulDataLoader(dataset, batch_size=None)

    expected = tokens(path, epochs=2)
    first = make()
    length = len(first)
    n_steps = length if n_used == "all" else n_used
    seen = []
    if n_steps:
        for batch in first:
            seen.append(batch["tokens"].tolist())
            # At the end the epoch's end is told too.
            if len(seen) == n_steps and n_used != "all":
                break
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second = make(seed=0)
    second.load_state_dict(torch.load(file, weights_only=False))
    rest = [batch["tokens"].tolist() for batch in second]
    assert seen + rest == expected[: length if n_used != "all" else 2 * length]
    assert [batch["tokens"].tolist() for batch in second][:2] == expected[len(seen + rest) :][:2] or n_used == "all"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning", "ignore:.*fork.*:RuntimeWarning")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_worker_processes_are_refused(path: Path, context: str) -> None:
    for dataset in (fuelrail.torch.IterableDataset(path, batch_size=16, **WORLD), load(path).to_torch()):
        with pytest.raises(fr.UsageError) as caught:
            next(iter(DataLoader(dataset, batch_size=None, num_workers=2, multiprocessing_context=context)))
        assert "num_workers=0" in str(caught.value)


def test_torch_is_asked_for_the_world(path: Path) -> None:
    program = """
import sys, torch.distributed as dist, fuelrail as fr
assert fr.Loader(sys.argv[1], batch_size=4).world_size == 1
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
loader = fr.Loader(sys.argv[1], batch_size=4)
assert (loader.rank, loader.world_size) == (0, 1)
dist.destroy_process_group()
"""
    subprocess.run([sys.executable, "-c", program, path], check=True, timeout=120)


def test_fuelrail_imports_no_framework(path: Path) -> None:
    program = """
import sys, fuelrail as fr
fr.Loader(sys.argv[1], batch_size=4)[0]["tokens"].numpy()
assert not {"torch", "jax", "pyarrow", "pandas"} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program, path], check=True, timeout=120)


def test_steps_do_not_grow(path: Path) -> None:
    loader = load(path).to_torch()

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def epochs(n: int) -> int:
        return sum(int(batch["tokens"][0, 0]) for _ in range(n) for batch in loader)

    epochs(20)
    before = resident()
    epochs(300)
    assert resident() - before < 8 << 20


def test_numpy_and_torch_see_one_memory(path: Path) -> None:
    batch = load(path, dtypes={"tokens": "int32"})[0]
    array, tensor = np.from_dlpack(batch["tokens"]), torch.from_dlpack(batch["tokens"])
    array[0, 0] = 1234
    assert tensor[0, 0] == 1234


def test_batches_move_to_a_device(path: Path) -> None:
    view = load(path).to_torch(device="meta")
    batch = next(iter(view))
    assert {tensor.device.type for tensor in batch.values()} == {"meta"}
    assert batch["tokens"].shape == (16, 32) and batch["tokens"].dtype == torch.int64
    here = next(iter(load(path).to_torch(device="cpu")))
    assert here["tokens"].device.type == "cpu"
    with pytest.raises(RuntimeError):
        load(path).to_torch(device="nowhere")


class Event:
    """An event of a device that the test plays."""

    def __init__(self, *, has_come: bool) -> None:
        self.has_come = has_come
        self.was_waited_for = False

    def query(self) -> bool:
        return self.has_come

    def synchronize(self) -> None:
        self.was_waited_for = not self.has_come
        self.has_come = True


def test_a_batch_is_held_until_it_is_copied(path: Path) -> None:
    iterator = iter(load(path, keep=2, prefetch=0, threads=0, patience=0.05))
    copies = fuelrail.torch._Copies()

    def copy(event: Event) -> None:
        copies.hold(event, {"tokens": torch.from_dlpack(next(iterator)["tokens"])})

    copy(Event(has_come=True))
    assert len(copies) == 0
    first, second = Event(has_come=False), Event(has_come=False)
    copy(first)
    assert len(copies) == 1 and not first.was_waited_for
    copy(second)
    assert len(copies) == 1 and first.was_waited_for and not second.was_waited_for
    kept = next(iterator)
    with pytest.raises(fr.UsageError, match="still in use after"):
        next(iterator)
    second.has_come = True
    del kept
    copy(Event(has_come=True))
    assert len(copies) == 0


def test_a_batch_knows_the_state_after_it(path: Path) -> None:
    """A wrapper that reads one batch ahead saves the state of the one it used."""
    rows = [batch.rows.tolist() for batch in load(path)]
    for around in (lambda view: view, lambda view: DataLoader(view, batch_size=None)):
        view = load(path, keep=4).to_torch()
        batches = iter(around(view))
        held = [next(batches) for _ in range(4)]
        used = held[2]
        assert isinstance(used, dict) and used.state["position"] == 48 and view.state_dict()["position"] == 64
        resumed = load(path)
        resumed.load_state_dict(used.state)
        assert next(iter(resumed)).rows.tolist() == rows[3]


def test_a_batch_keeps_its_state_where_it_is_moved(path: Path) -> None:
    batch = next(iter(load(path).to_torch()))
    for moved in (batch.to("meta"), batch.to(torch.device("cpu"), non_blocking=True), batch.copy()):
        assert moved.state == batch.state and list(moved) == list(batch)
    assert batch.to("meta")["tokens"].device.type == "meta"
    kept = torch.utils.data.default_convert(batch)
    assert kept.state == batch.state
    mapped = torch.utils._pytree.tree_map(lambda tensor: tensor * 1, batch)
    assert type(mapped) is type(batch) and list(mapped) == list(batch) and not hasattr(mapped, "state")
    file = io.BytesIO()
    torch.save(batch.state, file)
    file.seek(0)
    assert torch.load(file, weights_only=True) == batch.state


@pytest.mark.parametrize("around", [DataLoader, StatefulDataLoader])
@pytest.mark.parametrize(
    "options", [{}, {"batch_size": 3}, {"batch_size": 16}, {"collate_fn": list}, {"batch_size": 1, "drop_last": True}]
)
def test_a_loader_that_collates_is_told_what_to_do(path: Path, around: type, options: dict[str, object]) -> None:
    for dataset in (load(path).to_torch(), fuelrail.torch.IterableDataset(path, batch_size=16, **WORLD)):
        with pytest.raises(fr.UsageError, match="puts them together once more") as caught:
            next(iter(around(dataset, **options)))
        assert "batch_size=None" in str(caught.value.hint)
        # It has lost nothing by that.
        assert dataset.state_dict()["position"] == 0


def test_a_whole_batch_goes_through_a_collator(path: Path) -> None:
    collate = fuelrail.torch.whole_batch
    batches = list(DataLoader(load(path, keep=64).to_torch(), batch_size=1, collate_fn=collate))
    assert [batch["tokens"].tolist() for batch in batches] == tokens(path)
    with pytest.raises(fr.UsageError, match="one whole batch at a time, got 2"):
        next(iter(DataLoader(load(path, keep=4).to_torch(), batch_size=2, collate_fn=collate)))


def test_batches_that_are_taken_by_index_are_refused(path: Path) -> None:
    """They would be those of one epoch for ever, and the state would stay."""
    for what in (load(path), load(path).to_numpy()):
        for options in ({"batch_size": None}, {"batch_size": 2}, {"batch_size": None, "shuffle": True}):
            with pytest.raises(fr.UsageError, match="by index") as caught:
                next(iter(DataLoader(what, **options)))
            assert "loader.to_torch()" in str(caught.value.hint)
    with pytest.raises(ValueError, match="shuffle"):
        DataLoader(load(path).to_torch(), batch_size=None, shuffle=True)


def test_validation_begins_at_the_beginning(path: Path) -> None:
    view = load(path, shuffle=None, restart=True).to_torch()
    whole = tokens(path, shuffle=None)
    for around in (view, DataLoader(view, batch_size=None), StatefulDataLoader(view, batch_size=None)):
        for n in (2, None, 3, None):
            assert [batch["tokens"].tolist() for batch in itertools.islice(around, n)] == whole[:n]
