"""States that an earlier fuelrail saved resume with this one, on its datasets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import fuelrail as fr
import pytest

BEFORE = Path(__file__).resolve().parents[1] / "fixtures/before"
STATES = json.loads((BEFORE / "states.json").read_text())


@pytest.mark.parametrize("shuffle", ["rows", "blocks", None])
@pytest.mark.parametrize("global_batch_size", [32, 7])
def test_states_of_before_resume(tmp_path: Path, shuffle: str | None, global_batch_size: int) -> None:
    shutil.copytree(BEFORE / "datasets/rows", tmp_path / "rows")
    found = STATES[str(shuffle)]
    loader = fr.Loader(tmp_path / "rows", global_batch_size=global_batch_size, shuffle=shuffle, rank=0, world_size=1)
    loader.load_state_dict(found["state"])
    rows = [row for _ in range(2) for batch in loader for row in batch.rows[batch.valid].tolist()]
    assert rows == found["rows"]


@pytest.mark.parametrize("name", sorted(path.name for path in (BEFORE / "datasets").iterdir()))
def test_datasets_of_before_are_read(name: str) -> None:
    dataset = fr.Dataset(BEFORE / "datasets" / name)
    assert len(dataset) > 0
    assert len(dataset[0]) == len(dataset.schema)
