"""Trains with a Hugging Face Trainer, by itself or under torchrun, and writes
which rows this process had in each step. With a number of steps it stops there,
behind a checkpoint; with `resume` it goes on from that."""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

import fuelrail as fr
import fuelrail.torch
import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class Model(torch.nn.Module):
    """Learns nothing, and remembers what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(16, 1)
        self.seen: dict[str, list[list[int]]] = {"train": [], "eval": []}

    def forward(self, x: torch.Tensor, id: torch.Tensor, valid: torch.Tensor) -> dict[str, torch.Tensor]:  # noqa: A002
        self.seen["train" if self.training else "eval"].append(id[valid].tolist())
        losses = self.layer(x)[:, 0].square()
        return {"loss": (losses * valid).sum() / valid.sum().clamp(min=1)}


class Stop(TrainerCallback):
    """Ends the training at a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        control.should_training_stop = control.should_save = state.global_step == self.step


def main() -> None:
    data, out, stop, resume = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "resume"
    warnings.simplefilter("ignore")
    options = {"batch_size": 16, "columns": ["id", "x"]}
    arguments = TrainingArguments(
        output_dir=str(out / "run"),
        per_device_train_batch_size=1,
        per_device_eval_batch_size=1,
        num_train_epochs=2,
        save_strategy="no",
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
    )
    model = Model()
    trainer = Trainer(
        model,
        arguments,
        train_dataset=fr.Loader(data, seed=7, **options).to_torch(),
        eval_dataset=fr.Loader(data, shuffle=None, restart=True, **options).to_torch(),
        data_collator=fuelrail.torch.whole_batch,
        callbacks=[Stop(stop)] if stop else [],
    )
    trainer.train(resume_from_checkpoint=resume)
    for _ in range(2):
        trainer.evaluate()
    rank = os.environ.get("RANK", "0")
    had = {**model.seen, "steps": trainer.state.global_step, "max_steps": trainer.state.max_steps}
    (out / f"{rank}.json").write_text(json.dumps(had))
    # A thread of gloo that still holds a broadcast batch when Python ends aborts
    # the process.
    trainer.accelerator.end_training()


if __name__ == "__main__":
    main()
