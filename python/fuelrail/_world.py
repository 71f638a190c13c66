"""Which of how many readers this process is, by whoever has started it."""

from __future__ import annotations

import os
import sys

from fuelrail._errors import UsageError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Names of rank and world size, those of torchrun first. Those of Open MPI, and of
# MPICH and Intel MPI, come before Slurm's, because under Slurm mpirun starts its processes from steps of
# one task a node. The batch script of an allocation is a process of rank 0 as
# well, and has the tasks of the allocation in SLURM_NTASKS: it is a reader among
# others only if `srun` has started it, which alone sets the size of a step.
_SLURM_RANK = "SLURM_PROCID"
_NAMES = (
    ("RANK", "WORLD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    (_SLURM_RANK, "SLURM_STEP_NUM_TASKS"),
)


def find(
    rank: int | None = None,
    world_size: int | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[int, int]:
    """Rank and world size: those that are given, else those of a framework
    that has been initialised, else those of the environment, else ``(0, 1)``.

    torch and jax are asked only if they have been imported already.

    Raises:
        UsageError: If one is given without the other, or they contradict.

    """
    if rank is not None and world_size is not None:
        return _checked(rank, world_size, "the arguments")
    if rank is not None or world_size is not None:
        raise UsageError(
            f"expected both rank and world_size or neither, got rank={rank}, world_size={world_size}",
            hint="give both, or leave both to torch.distributed, jax or the environment",
        )
    found = [(name, ask()) for name, ask in _FRAMEWORKS.items()]
    worlds = [(name, world) for name, world in found if world is not None]
    if len({world for _, world in worlds}) > 1:
        raise UsageError(
            "expected one rank and world size, got " + ", ".join(f"{world} from {name}" for name, world in worlds),
            hint="give rank and world_size",
        )
    if worlds:
        name, world = worlds[0]
        return _checked(*world, name)
    return _from_environment(environ)


def _from_environment(environ: Mapping[str, str]) -> tuple[int, int]:
    for rank_name, size_name in _NAMES:
        rank, size = environ.get(rank_name), environ.get(size_name)
        if not size and (not rank or rank_name == _SLURM_RANK):
            continue
        if not rank or not size:
            there, missing = (size_name, rank_name) if size else (rank_name, size_name)
            raise UsageError(
                f"expected {missing} in the environment beside {there}={size or rank}, found none",
                hint=f"a loader asks for its rank when it is first used: use it after the launcher has set up its "
                f"processes (with Lightning, make it in train_dataloader() or hand it to fit()), set {missing}, "
                "or give rank and world_size",
            )
        if not (rank.isascii() and rank.isdigit() and size.isascii() and size.isdigit()):
            raise UsageError(
                f"expected whole numbers in the environment, got {rank_name}={rank}, {size_name}={size}",
                hint="give rank and world_size",
            )
        return _checked(int(rank), int(size), f"{rank_name} and {size_name} of the environment")
    return 0, 1


def _of_torch() -> tuple[int, int] | None:
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return distributed.get_rank(), distributed.get_world_size()


def _of_jax() -> tuple[int, int] | None:
    jax = sys.modules.get("jax")
    # Asked first: process_index() alone would start all of jax's devices.
    is_initialized = getattr(getattr(jax, "distributed", None), "is_initialized", None)
    if jax is None or is_initialized is None or not is_initialized():
        return None
    return jax.process_index(), jax.process_count()


_FRAMEWORKS: dict[str, Callable[[], tuple[int, int] | None]] = {
    "torch.distributed": _of_torch,
    "jax": _of_jax,
}


def _checked(rank: int, world_size: int, whose: str) -> tuple[int, int]:
    if not 0 <= rank < world_size:
        raise UsageError(
            f"expected a rank from 0 and below the world size, got rank {rank} of {world_size} from {whose}",
            hint="ranks count from 0",
        )
    return rank, world_size
