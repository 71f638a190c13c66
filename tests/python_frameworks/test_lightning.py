"""Lightning for real: loaders that are made before it starts its processes, and
validations that see the same rows each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fuelrail as fr
import fuelrail.torch
import lightning
import numbered_rows
import pytest
import torch
from conftest import Program
from lightning.pytorch.callbacks import ModelCheckpoint
from torchdata.stateful_dataloader import StatefulDataLoader

SCRIPT = Path(__file__).with_name("lightning_rows.py")
N_ROWS = 203

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*:lightning.fabric.utilities.rank_zero.LightningDeprecationWarning"),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_rows.write(tmp_path_factory.mktemp("numbered") / "rows", N_ROWS)


def order(path: Path, n_epochs: int) -> list[list[int]]:
    loader = fr.Loader(path, batch_size=16, seed=7, rank=0, world_size=1)
    return [[int(row) for batch in loader for row in batch.rows[batch.valid]] for _ in range(n_epochs)]


@pytest.mark.parametrize("devices", [1, 2])
def test_every_row_comes_once_an_epoch(path: Path, tmp_path: Path, devices: int) -> None:
    Program(SCRIPT, path, tmp_path, devices).finish()
    had = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(devices)]
    n_steps = -(-N_ROWS // (16 * devices))
    for epoch, expected in enumerate(order(path, 2)):
        steps = [process["train"][epoch * n_steps : (epoch + 1) * n_steps] for process in had]
        rows = [row for step in zip(*steps, strict=True) for part in step for row in part]
        assert rows == expected
    # Two batches before the training, and three behind each epoch, of which
    # each pass begins at the beginning.
    batches = [[row for part in step for row in part] for step in zip(*(p["validated"] for p in had), strict=True)]
    first = [list(range(at, at + 16 * devices)) for at in range(0, 3 * 16 * devices, 16 * devices)]
    assert batches == first[:2] + first + first


class Rows(lightning.LightningModule):
    """Remembers what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(16, 1)
        self.seen: list[int] = []

    def training_step(self, batch: dict[str, torch.Tensor], _: int) -> torch.Tensor:
        self.seen += batch["id"][batch["valid"]].tolist()
        return self.layer(batch["x"]).square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 1e-9)


def fit(folder: Path, loader: Any, **options: Any) -> list[int]:
    """What a run saw that writes a checkpoint at step 18."""
    checkpoint = options.pop("checkpoint", None)
    model = Rows()
    saves = ModelCheckpoint(folder, "at", every_n_train_steps=18, save_top_k=-1)
    trainer = lightning.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        callbacks=[saves], default_root_dir=folder, **options,
    )  # fmt: skip
    trainer.fit(model, loader, ckpt_path=checkpoint, weights_only=False)
    return model.seen


@pytest.mark.parametrize("around", ["view", "torchdata"])
def test_a_checkpoint_of_lightnings_own_goes_on(path: Path, tmp_path: Path, around: str) -> None:
    """A view, or a StatefulDataLoader around it, is in the checkpoint with its
    state."""

    def loader() -> Any:
        view = fr.Loader(path, batch_size=16, seed=7, rank=0, world_size=1, columns=["id", "x"]).to_torch()
        return view if around == "view" else StatefulDataLoader(view, batch_size=None)

    first = fit(tmp_path, loader(), max_steps=18)
    rest = fit(tmp_path, loader(), max_epochs=3, checkpoint=str(tmp_path / "at.ckpt"))
    assert first + rest == sum(order(path, 3), [])


def test_a_loader_that_is_asked_too_early_names_the_way_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"WORLD_SIZE": "2", "LOCAL_RANK": "1", "NODE_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RANK", raising=False)
    loader = fuelrail.torch.IterableDataset(path, batch_size=16)
    with pytest.raises(fr.UsageError, match="expected RANK in the environment beside WORLD_SIZE=2") as caught:
        next(iter(loader))
    assert "train_dataloader()" in str(caught.value.hint)
