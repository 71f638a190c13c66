"""torch.distributed for real: whatever the number of processes, and however it
changes, each row comes once an epoch."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import fuelrail as fr
from conftest import Program

SCRIPT = Path(__file__).with_name("gloo_rows.py")
GLOBAL = 16


def run(rows: Path, state: Path, n_processes: int, n_batches: int) -> list[tuple[int, list[list[int]]]]:
    """The epoch of each global batch, and the rows of each process in it."""
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", n_processes)
    lines = Program(*torchrun, SCRIPT, rows, state, n_batches, "--global-batch-size", GLOBAL).finish()
    batches = [json.loads(line) for line in lines]
    assert len(batches) == n_batches and all(len(batch["rows"]) == n_processes for batch in batches)
    return [(batch["epoch"], batch["rows"]) for batch in batches]


def test_rows_come_once_an_epoch_at_any_number_of_processes(rows: Path, tmp_path: Path) -> None:
    """2, then 1, then 3 processes, over the ends of two epochs."""
    n_rows = len(fr.Dataset(rows))
    an_epoch = -(-n_rows // GLOBAL)
    state = tmp_path / "state.json"
    seen = run(rows, state, 2, an_epoch // 2)
    seen += run(rows, state, 1, an_epoch)
    seen += run(rows, state, 3, 2 * an_epoch - len(seen))

    epochs: dict[int, list[int]] = defaultdict(list)
    for epoch, shares in seen:
        sizes = [len(share) for share in shares]
        assert max(sizes) - min(sizes) <= 1, "shares are as even as they go"
        epochs[epoch] += [row for share in shares for row in share]
    assert list(epochs) == [0, 1]
    assert all(sorted(order) == list(range(n_rows)) for order in epochs.values())
    assert epochs[0] != epochs[1]

    # One reader alone has the same global batches in the same order.
    loader = fr.Loader(rows, batch_size=GLOBAL, seed=11, rank=0, world_size=1)
    alone = [(batch.epoch, batch.rows[batch.valid].tolist()) for _ in range(2) for batch in loader]
    assert alone == [(epoch, [row for share in shares for row in share]) for epoch, shares in seen]
