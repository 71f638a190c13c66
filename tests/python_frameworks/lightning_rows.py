"""Trains with Lightning in two processes, which Lightning starts itself by
running this anew; loaders are made before `fit`. Each writes the rows it had."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import fuelrail as fr
import lightning
import torch
from torch.utils.data import DataLoader


class Model(lightning.LightningModule):
    """Learns nothing, and remembers what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(16, 1)
        self.seen: list[list[int]] = []
        self.validated: list[list[int]] = []

    def training_step(self, batch: dict[str, torch.Tensor], _: int) -> torch.Tensor:
        self.seen.append(batch["id"][batch["valid"]].tolist())
        return self.layer(batch["x"]).square().mean()

    def validation_step(self, batch: dict[str, torch.Tensor], _: int) -> None:
        self.validated.append(batch["id"][batch["valid"]].tolist())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 1e-9)


def main() -> None:
    data, out, devices = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    warnings.simplefilter("ignore")
    options = {"batch_size": 16, "columns": ["id", "x"]}
    train = DataLoader(fr.Loader(data, seed=7, **options).to_torch(), batch_size=None)
    validation = DataLoader(fr.Loader(data, shuffle=None, restart=True, **options).to_torch(), batch_size=None)
    model = Model()
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=devices,
        strategy="ddp" if devices > 1 else "auto",
        max_epochs=2,
        limit_val_batches=3,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, train, validation)
    had = {"train": model.seen, "validated": model.validated}
    (out / f"{trainer.global_rank}.json").write_text(json.dumps(had))


if __name__ == "__main__":
    main()
