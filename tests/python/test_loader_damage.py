"""Damage is found before a batch is handed out, named, and accounted for."""

import shutil
import subprocess
import sys

import numbered as rows_of
import numpy as np
import pytest

import fuelrail as fr


@pytest.fixture
def copy(numbered, tmp_path):
    """A copy of the dataset, to be damaged."""
    return shutil.copytree(numbered, tmp_path / "copy")


def shards(path):
    return sorted((path / "shards").iterdir())


def flip(shard, at=4096 + 5000):
    """Changes one bit of the shard's data."""
    with shard.open("r+b") as file:
        file.seek(at)
        [byte] = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 8]))


def load(path, **options):
    options = {"batch_size": 50, "rank": 0, "world_size": 1, "columns": ["id", "tokens"], **options}
    return fr.Loader(path, **options)


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize("verify", ["first", "every"])
def test_a_flipped_bit_is_an_error_with_its_place(copy, threads, verify):
    shard = shards(copy)[1]
    flip(shard)
    loader = load(copy, threads=threads, verify=verify)
    with pytest.raises(fr.DamageError) as caught:
        for _ in loader:
            pass
    error = caught.value
    assert error.location["path"] == str(shard) and error.location["block"] == 0 and "row" in error.location
    assert isinstance(error, RuntimeError)
    # The same batch is tried again; once the shard is whole, it comes.
    before = loader.state_dict()
    with pytest.raises(fr.DamageError):
        next(iter(loader))
    assert loader.state_dict() == before
    flip(shard)
    rest = sum(batch.n_valid for batch in loader)
    assert rest == 1000 - before["position"]


def test_nothing_is_compared_where_nobody_asks(copy):
    flip(shards(copy)[1])
    assert sum(batch.n_valid for batch in load(copy, verify="off")) == 1000


@pytest.mark.parametrize("last", ["pad", "short"])
def test_damaged_rows_are_skipped_and_counted(copy, last):
    shard = shards(copy)[1]
    flip(shard)
    loader = load(copy, on_damage="skip", last=last)
    whole = load(copy, verify="off")
    seen, skipped = [], []
    for batch in loader:
        assert batch.state["position"] == (batch.index + 1) * 50 % 1000
        ids = batch["id"].numpy()
        assert (batch["tokens"].numpy()[batch.valid] == rows_of.tokens(ids[batch.valid], 16)).all()
        seen += ids[batch.valid].tolist()
        skipped += batch.damage
        assert batch.n_valid + len(batch.damage) == 50
        assert len(ids) == (50 if last == "pad" else batch.n_valid)
    rows = [damage["row"] for damage in skipped]
    assert rows and sorted(seen + rows) == list(range(1000))
    assert {damage["shard"] for damage in skipped} == {shard.name}
    assert {damage["block"] for damage in skipped} == {0}
    stats = loader.stats()
    assert (stats["rows"], stats["skipped"]) == (len(seen), len(rows)) and stats["damage"] == skipped
    # Positions are those of a dataset without damage.
    assert seen == [row for batch in whole for row in batch["id"].numpy().tolist() if row not in set(rows)]


@pytest.mark.parametrize("change", ["missing", "swapped", "longer", "zeroed"])
def test_other_damage_is_found_too(copy, change):
    first, second = shards(copy)[:2]
    if change == "missing":
        second.unlink()
    elif change == "swapped":
        content = second.read_bytes()
        second.write_bytes(first.read_bytes())
        first.write_bytes(content)
    elif change == "longer":
        with second.open("ab") as file:
            file.write(b"\0" * 100)
    else:
        with second.open("r+b") as file:
            file.seek(4096)
            file.write(b"\0" * 4096)
    with pytest.raises(fr.DamageError) as caught:
        for _ in load(copy, shuffle=None):
            pass
    assert caught.value.location["path"] in {str(first), str(second)}


def test_a_file_that_is_cut_while_it_is_read_is_an_error(copy):
    text = """
import os, sys, fuelrail as fr
loader = fr.Loader(sys.argv[1], batch_size=10, shuffle=None, threads=0, verify="off", columns=["tokens"])
iterator = iter(loader)
next(iterator)
os.truncate(sys.argv[2], 4096 + 100)
try:
    for batch in iterator:
        pass
except fr.DamageError as error:
    print(error.location["path"])
"""
    shard = shards(copy)[0]
    done = subprocess.run([sys.executable, "-c", text, copy, shard], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"{shard}\n"), done.stderr


def test_views_are_writable_and_private(numbered):
    before = {shard: shard.read_bytes() for shard in shards(numbered)}
    loader = load(numbered, access="view", shuffle=None, batch_size=10)
    for batch in loader:
        array = batch["tokens"].numpy()
        assert (array == rows_of.tokens(batch.rows, 16)).all()
        array[:] = 9
        assert (np.from_dlpack(batch["tokens"]) == 9).all()
    assert {shard: shard.read_bytes() for shard in shards(numbered)} == before


def test_open_files_are_bounded(samples):
    path = samples / "many"
    n_rows = len(fr.Dataset(path))
    assert len(shards(path)) > 1000
    text = """
import os, resource, sys, fuelrail as fr
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
loader = fr.Loader(sys.argv[1], batch_size=100, threads=2)
n_rows = sum(batch.n_valid for _ in range(2) for batch in loader)
assert len(os.listdir("/proc/self/fd")) < 64
print(n_rows)
"""
    done = subprocess.run([sys.executable, "-c", text, path], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, f"{2 * n_rows}\n"), done.stderr


def test_a_folder_in_a_shards_place(copy):
    shard = shards(copy)[0]
    shard.unlink()
    shard.mkdir()
    with pytest.raises(fr.DamageError):
        for _ in load(copy, shuffle=None):
            pass
