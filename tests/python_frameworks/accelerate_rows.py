"""Run by torchrun: reads what Accelerate has prepared, in one of the ways there
are, and writes what this process had.

The plan comes as JSON: what DataLoaderConfiguration and the loader are asked
for, what the DataLoader around it is, and after how many batches each pass is
left; and a state that is loaded first. Where the DataLoader is refused, what is
said is all that is written.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import fuelrail as fr
import fuelrail.torch
from accelerate import Accelerator, DataLoaderConfiguration
from torch.utils.data import DataLoader

AROUND = {
    "plain": {"batch_size": None},
    "whole": {"batch_size": 1, "collate_fn": fuelrail.torch.whole_batch},
}


def main() -> None:
    data, out, plan = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "'set_vital' is deprecated")
    accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(**plan.get("config", {})))
    view = fr.Loader(data, **{"seed": 7, "batch_size": 16, "columns": ["id", "x"], **plan.get("loader", {})}).to_torch()
    if state := plan.get("state"):
        view.load_state_dict(state)
    try:
        loader = accelerator.prepare(DataLoader(view, **AROUND[plan.get("around", "plain")]))
    except fr.UsageError as error:
        (out / f"{accelerator.process_index}.json").write_text(json.dumps({"refused": str(error)}))
        return
    had: dict[str, object] = {"len": len(loader)}
    passes = []
    for n_batches in plan.get("passes", [None, None]):
        batches = []
        for batch in loader:
            assert isinstance(batch, dict) and (batch["x"][:, 0] == batch["id"]).all()
            valid = batch["valid"] if "valid" in batch else batch["id"] >= 0
            batches.append(batch["id"][valid].tolist())
            had["shape"] = list(batch["id"].shape)
            # What a checkpoint would hold if it were written here.
            had["state"], had["own"] = view.state_dict(), getattr(batch, "state", None)
            if len(batches) == n_batches:
                break
        passes.append(batches)
    had["passes"], had["after"] = passes, view.state_dict()
    if plan.get("config", {}).get("use_stateful_dataloader"):
        # torchdata's own state can be asked for in every process.
        assert loader.state_dict()
    (out / f"{accelerator.process_index}.json").write_text(json.dumps(had))
    accelerator.wait_for_everyone()
    accelerator.end_training()


if __name__ == "__main__":
    main()
