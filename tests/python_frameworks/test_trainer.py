"""The Hugging Face Trainer for real, with one process and with two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fuelrail as fr
import numbered_rows
import pytest
import torch
from conftest import Program
from transformers import Trainer, TrainingArguments

SCRIPT = Path(__file__).with_name("trainer_rows.py")
N_ROWS = 203


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_rows.write(tmp_path_factory.mktemp("numbered") / "rows", N_ROWS)


def order(path: Path) -> list[list[int]]:
    """The rows of two epochs."""
    loader = fr.Loader(path, batch_size=16, seed=7, rank=0, world_size=1)
    return [[int(row) for batch in loader for row in batch.rows[batch.valid]] for _ in range(2)]


def run(path: Path, out: Path, n_processes: int, stop: int = 0, how: str = "anew") -> list[dict[str, Any]]:
    """What each process had."""
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", n_processes)
    Program(*(torchrun if n_processes > 1 else ()), SCRIPT, path, out, stop, how).finish()
    return [json.loads((out / f"{rank}.json").read_text()) for rank in range(n_processes)]


@pytest.mark.parametrize("n_processes", [1, 2])
def test_every_row_comes_once_an_epoch(path: Path, tmp_path: Path, n_processes: int) -> None:
    had = run(path, tmp_path, n_processes)
    n_steps = -(-N_ROWS // (16 * n_processes))
    for process in had:
        assert process["steps"] == process["max_steps"] == 2 * n_steps == len(process["train"])
    for epoch, expected in enumerate(order(path)):
        steps = [process["train"][epoch * n_steps : (epoch + 1) * n_steps] for process in had]
        rows = [row for step in zip(*steps, strict=True) for part in step for row in part]
        assert rows == expected
    # Both evaluations have all rows.
    rows = [row for process in had for step in process["eval"] for row in step]
    assert sorted(rows) == sorted(2 * list(range(N_ROWS)))


def test_a_run_that_was_stopped_goes_on(path: Path, tmp_path: Path) -> None:
    """Within the second epoch: the Trainer counts the steps that were done, and
    passes over as many batches of that epoch."""
    n_steps = -(-N_ROWS // 16)
    [first] = run(path, tmp_path, 1, stop=n_steps + 4)
    [second] = run(path, tmp_path, 1, how="resume")
    assert second["steps"] == 2 * n_steps
    rows = [row for step in first["train"] + second["train"] for row in step]
    assert rows == sum(order(path), [])


def test_a_trainer_that_collates_is_told_what_to_do(path: Path, tmp_path: Path) -> None:
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to="none", disable_tqdm=True)
    trainer = Trainer(
        torch.nn.Linear(16, 1),
        arguments,
        train_dataset=fr.Loader(path, batch_size=16, columns=["x"]).to_torch(),
    )
    with pytest.raises(fr.UsageError, match="puts them together") as caught:
        trainer.train()
    assert "batch_size=None" in str(caught.value.hint) and "fuelrail.torch.whole_batch" in str(caught.value.hint)
