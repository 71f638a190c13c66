"""Where a dataset lies, and what becomes of a loader when that changes."""

import os
import pickle

import numbered as rows_of
import pytest

import fuelrail as fr


@pytest.fixture
def here(tmp_path, fuelrail, monkeypatch):
    """A folder with a dataset `rows/shards`, in which the process is."""
    rows_of.write(tmp_path / "rows", fuelrail.path, 500)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(path="rows/shards", **options):
    return fr.Loader(path, **{"batch_size": 64, "rank": 0, "world_size": 1, **options})


@pytest.mark.parametrize("on_damage", ["raise", "skip"])
def test_a_relative_path_is_meant_from_where_it_was_opened(here, on_damage):
    dataset = fr.Dataset("rows/shards")
    loaders = [load(on_damage=on_damage), load(dataset, on_damage=on_damage)]
    views = [loader.to_numpy() for loader in loaders]
    state = loaders[0].state_dict()
    os.chdir("elsewhere")
    for loader in [*loaders, pickle.loads(pickle.dumps(loaders[0]))]:
        assert sum(batch.n_valid for batch in loader) == 500
    for view in [*views, pickle.loads(pickle.dumps(views[0]))]:
        view.reset(0)
        assert sum(int(batch["valid"].sum()) for batch in view) == 500
    assert dataset[499]["id"] == 499 == pickle.loads(pickle.dumps(dataset))[499]["id"]
    assert dataset.path == str(here / "rows/shards")
    # Nothing of that is in a state.
    assert load(here / "rows/shards").state_dict() == state and str(here) not in str(state)


@pytest.mark.parametrize("on_damage", ["raise", "skip"])
@pytest.mark.parametrize("gone", ["rows", "rows/shards", "rows/shards/shards"])
def test_a_dataset_that_is_gone_is_a_missing_file(here, on_damage, gone):
    loader = load(on_damage=on_damage, threads=0)
    os.rename(gone, "gone")
    with pytest.raises(FileNotFoundError) as caught:
        next(iter(loader))
    assert isinstance(caught.value, fr.IoError) and "mount or move it back" in caught.value.hint
    os.rename("gone", gone)
    assert sum(batch.n_valid for batch in loader) == 500


def test_too_much_damage_ends_the_epoch(here):
    shards = sorted((here / "rows/shards/shards").iterdir())
    lost = shards[0].read_bytes()
    shards[0].unlink()
    n_lost = 500 - sum(batch.n_valid for batch in load(on_damage="skip", max_damage=1.0))
    assert n_lost > 250 or len(shards) > 1
    with pytest.raises(fr.DamageError, match="of the 500 rows of an epoch are damaged, limit 5") as caught:
        for _ in load(on_damage="skip", max_damage=0.01):
            pass
    assert "max_damage" in caught.value.hint
    shards[0].write_bytes(lost)
    assert sum(batch.n_valid for batch in load(on_damage="skip", max_damage=0.0)) == 500
    for share in (-1, 1.5, "much", float("nan")):
        with pytest.raises(fr.UsageError, match="a share from 0 to 1"):
            load(max_damage=share)
