"""Run by torchrun: takes batches as a training loop would, and prints a line of
JSON for each global batch: the epoch, and the rows that each process had.

The state lies in a file between runs, as it would in a checkpoint. It is the
one that a batch carries, and the loader has read ahead of it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import fuelrail as fr
import torch.distributed as dist


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("n_batches", type=int)
    parser.add_argument("--global-batch-size", type=int, default=16)
    args = parser.parse_args()

    dist.init_process_group("gloo")
    rank, size = dist.get_rank(), dist.get_world_size()
    loader = fr.Loader(args.data, global_batch_size=args.global_batch_size, seed=11, prefetch=3)
    if args.state.exists():
        loader.load_state_dict(json.loads(args.state.read_text()))
    state = loader.state_dict()
    left = args.n_batches
    while left > 0:
        for batch in loader:
            assert len(batch["tokens"]) == -(-args.global_batch_size // size), "shapes are static"
            rows = [int(row) for row, valid in zip(batch.rows, batch.valid, strict=True) if valid]
            assert len(rows) == batch.n_valid
            mine = {"epoch": batch.epoch, "rows": rows, "state": batch.state}
            shares: list[dict[str, object]] = [{} for _ in range(size)]
            dist.all_gather_object(shares, mine)
            assert all(share["state"] == batch.state for share in shares), "all processes stand at one place"
            if rank == 0:
                print(json.dumps({"epoch": batch.epoch, "rows": [share["rows"] for share in shares]}), flush=True)
            state, left = batch.state, left - 1
            if left == 0:
                break
    if rank == 0:
        args.state.write_text(json.dumps(state))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
