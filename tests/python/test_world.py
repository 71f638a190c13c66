"""Which of how many readers a loader thinks it is."""

import sys
import types

import pytest

import fuelrail as fr
from fuelrail._world import find


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Without a framework, whatever this process has imported."""
    for name in ("torch.distributed", "jax"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, (0, 1)),
        ({"RANK": "2", "WORLD_SIZE": "4"}, (2, 4)),
        ({"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "3"}, (1, 3)),
        # The script that sbatch starts once, in an allocation for three.
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "3", "SLURM_NPROCS": "3"}, (0, 1)),
        # A step of two tasks in an allocation for eight.
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "2"}, (1, 2)),
        # An allocation, and no step.
        ({"SLURM_NTASKS": "8"}, (0, 1)),
        ({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"}, (0, 2)),
        ({"PMI_RANK": "3", "PMI_SIZE": "4", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"}, (3, 4)),
        # mpirun under Slurm, which starts what starts the ranks, once a node.
        (
            {
                "OMPI_COMM_WORLD_RANK": "5",
                "OMPI_COMM_WORLD_SIZE": "8",
                "SLURM_PROCID": "0",
                "SLURM_STEP_NUM_TASKS": "1",
            },
            (5, 8),
        ),
        # torchrun under Slurm: a task a node, several ranks each.
        ({"RANK": "5", "WORLD_SIZE": "8", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}, (5, 8)),
        ({"RANK": "", "WORLD_SIZE": ""}, (0, 1)),
    ],
)
def test_the_environment(environ, expected):
    assert find(None, None, environ) == expected
    assert find(3, 7, environ) == (3, 7)


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"RANK": "2"}, "expected WORLD_SIZE in the environment beside RANK=2"),
        ({"WORLD_SIZE": "2"}, "expected RANK in the environment beside WORLD_SIZE=2"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "rank 2 of 2 from RANK"),
        ({"RANK": "x", "WORLD_SIZE": "2"}, "whole numbers"),
        ({"RANK": "-1", "WORLD_SIZE": "2"}, "whole numbers"),
        ({"RANK": "0", "WORLD_SIZE": "0"}, "rank 0 of 0"),
        ({"SLURM_STEP_NUM_TASKS": "2"}, "expected SLURM_PROCID in the environment"),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, "expected OMPI_COMM_WORLD_RANK in the environment"),
    ],
)
def test_what_contradicts_itself_is_refused(environ, text):
    with pytest.raises(fr.UsageError, match=text) as caught:
        find(None, None, environ)
    assert caught.value.hint


def distributed(rank, size, is_initialized=True):
    return types.SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: is_initialized,
        get_rank=lambda: rank,
        get_world_size=lambda: size,
    )


def jax(rank, size, is_initialized=True):
    return types.SimpleNamespace(
        distributed=types.SimpleNamespace(is_initialized=lambda: is_initialized),
        process_index=lambda: rank,
        process_count=lambda: size,
    )


def test_frameworks_are_asked_before_the_environment(monkeypatch):
    environ = {"RANK": "0", "WORLD_SIZE": "9"}
    monkeypatch.setitem(sys.modules, "torch.distributed", distributed(2, 5, is_initialized=False))
    monkeypatch.setitem(sys.modules, "jax", jax(3, 4, is_initialized=False))
    assert find(None, None, environ) == (0, 9)
    monkeypatch.setitem(sys.modules, "torch.distributed", distributed(2, 5))
    assert find(None, None, environ) == (2, 5) and find(0, 1, environ) == (0, 1)
    monkeypatch.setitem(sys.modules, "jax", jax(2, 5))
    assert find(None, None, environ) == (2, 5)
    monkeypatch.setitem(sys.modules, "jax", jax(3, 4))
    with pytest.raises(fr.UsageError, match="one rank and world size") as caught:
        find(None, None, environ)
    assert "torch.distributed" in str(caught.value)


def test_a_loader_asks(monkeypatch, numbered):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "3")
    loader = fr.Loader(numbered, batch_size=4)
    assert (loader.rank, loader.world_size, len(loader)) == (1, 3, 84)
    assert fr.Loader(numbered, batch_size=4, rank=0, world_size=1).world_size == 1


def test_a_loader_asks_when_it_is_used(monkeypatch, numbered):
    """A launcher may set the rank after the loader was made, as Lightning does."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    loader = fr.Loader(numbered, batch_size=4)
    view = loader.to_numpy()
    for use in (lambda: len(loader), lambda: iter(loader), lambda: iter(view), lambda: loader[0], lambda: loader.rank):
        with pytest.raises(fr.UsageError, match="expected RANK in the environment beside WORLD_SIZE=2") as caught:
            use()
        assert "train_dataloader()" in caught.value.hint and "rank and world_size" in caught.value.hint
    # What says nothing of ranks asks for none.
    assert loader.state_dict()["position"] == 0 == loader.epoch and "rank" not in repr(loader)
    monkeypatch.setenv("RANK", "1")
    assert (loader.rank, loader.world_size, len(loader), len(view)) == (1, 2, 125, 125)
    seen = {int(row) for batch in loader for row in batch.rows}
    monkeypatch.setenv("RANK", "0")
    loader.reset(0)
    seen |= {row for batch in view for row in batch["id"].tolist()}
    assert seen == set(range(1000))
    assert "rank 1 of 2" in repr(fr.Loader(numbered, batch_size=4, rank=1, world_size=2))


def test_what_is_given_is_settled_at_once(monkeypatch, numbered):
    loader = fr.Loader(numbered, batch_size=4, rank=0, world_size=1)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert (loader.rank, loader.world_size, len(loader)) == (0, 1, 250)
    with pytest.raises(fr.UsageError, match="both rank and world_size"):
        fr.Loader(numbered, batch_size=4, rank=0)
