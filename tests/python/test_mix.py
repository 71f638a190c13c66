"""Mixtures against a model in plain Python: whose turn it is by the places that a
sample may have, and which row by what a loader of each dataset alone gives."""

from __future__ import annotations

import pickle
import random
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import fuelrail as fr

SIZES = [37, 10, 101, 4]
Item = tuple[int, int]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> list[fr.Dataset]:
    """Datasets whose rows say who they are."""
    made = []
    for number, n_rows in enumerate(SIZES):
        table = pa.table(
            {
                "dataset": pa.array([number] * n_rows, pa.int32()),
                "row": pa.array(range(n_rows), pa.int64()),
                "text": [f"{number}:{row}" * (row % 5) for row in range(n_rows)],
            }
        )
        out = tmp_path_factory.mktemp("mix") / f"d{number}"
        made.append(fr.Pipeline(table).shard(out, progress="never"))
    return made


def cycle(weights: list[int]) -> list[int]:
    """The dataset of each place of a cycle."""
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    n_places = sum(weights) // int(np.gcd.reduce(weights))
    had = [0] * len(weights)
    turns = []
    for place in range(n_places):
        # From the place at which its share begins, before the one at which it ends.
        ends = [(ceil((n + 1) / share), dataset) for dataset, (n, share) in enumerate(zip(had, shares, strict=True))
                if n // share <= place and n < share * n_places]  # fmt: skip
        _, dataset = min(ends)
        had[dataset] += 1
        turns.append(dataset)
    return turns


class Model:
    """The endless sequence of a mixture."""

    def __init__(self, datasets: list[fr.Dataset], weights: list[int], stop: str, **options: Any) -> None:
        self.datasets, self.options = datasets, options
        self.places = cycle(weights)
        counts = [self.places.count(number) for number in range(len(weights))]
        sizes = [len(dataset) for dataset in datasets]
        if stop == "first_exhausted":
            n_cycles = max(1, min(size // count for size, count in zip(sizes, counts, strict=True)))
        else:
            n_cycles = max(-(-size // count) for size, count in zip(sizes, counts, strict=True))
        self.n_rows = n_cycles * len(self.places)

    def rows_of(self, dataset: int, n: int) -> list[int]:
        """The first rows of one dataset alone."""
        loader = fr.Loader(self.datasets[dataset], batch_size=64, rank=0, world_size=1, columns=["row"], **self.options)
        rows: list[int] = []
        while len(rows) < n:
            rows += [row for batch in loader for row in batch["row"][batch.valid].tolist()]
        return rows

    def epochs(self, n: int) -> list[list[Item]]:
        turns = [self.places[at % len(self.places)] for at in range(n * self.n_rows)]
        own = [iter(self.rows_of(number, turns.count(number))) for number in range(len(self.datasets))]
        items = [(dataset, next(own[dataset])) for dataset in turns]
        return [items[at : at + self.n_rows] for at in range(0, len(items), self.n_rows)]


def items(batch: fr.Batch) -> list[Item]:
    """What a batch has, which says the same in its columns and beside them."""
    valid = batch.valid
    found = list(zip(batch["dataset"][valid].tolist(), batch["row"][valid].tolist(), strict=True))
    # For mixtures whose datasets stand in the order of their numbers.
    assert list(zip(batch.datasets[valid].tolist(), batch.rows[valid].tolist(), strict=True)) == found
    assert (batch.datasets[~valid] == -1).all()
    return found


def merged(ranks: list[list[Item]]) -> list[Item]:
    return [item for rank in ranks for item in rank]


def read(loaders: list[fr.Loader]) -> list[Item]:
    """The rest of an epoch, the batches of all ranks one after another."""
    return [item for batches in zip(*loaders, strict=True) for batch in batches for item in items(batch)]


CASES = [
    ([0], [1], "first_exhausted"),
    ([0, 1], [1, 1], "first_exhausted"),
    ([0, 1], [30, 10], "all_exhausted"),
    ([0, 1, 2], [2, 1, 5], "first_exhausted"),
    ([2, 0, 1], [5, 3, 2], "all_exhausted"),
    ([3, 2, 0, 1], [7, 1, 3, 2], "first_exhausted"),
    ([3, 2, 0, 1], [7, 1, 3, 2], "all_exhausted"),
]


def mixture(datasets: list[fr.Dataset], case: tuple[list[int], list[int], str]) -> tuple[fr.Mixture, list[fr.Dataset]]:
    which, weights, stop = case
    chosen = [datasets[number] for number in which]
    return fr.mix(list(zip(chosen, weights, strict=True)), stop=stop), chosen


def numbered(epochs: list[list[Item]], which: list[int]) -> list[list[Item]]:
    """By the numbers that are in the rows."""
    return [[(which[dataset], row) for dataset, row in epoch] for epoch in epochs]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("shuffle", ["rows", "blocks", None])
def test_it_is_its_model(datasets: list[fr.Dataset], case: Any, shuffle: Any) -> None:
    mixed, chosen = mixture(datasets, case)
    model = Model(chosen, case[1], case[2], shuffle=shuffle, seed=5)
    expected = model.epochs(3)
    assert len(mixed) == model.n_rows
    for batch_size in [1, 7, 64]:
        loader = fr.Loader(mixed, batch_size=batch_size, shuffle=shuffle, seed=5, rank=0, world_size=1)
        for epoch in expected:
            # Which dataset of the mixture a row is of, and what it says itself.
            found, said = [], []
            for batch in loader:
                valid = batch.valid
                found += zip(batch.datasets[valid].tolist(), batch.rows[valid].tolist(), strict=True)
                said += zip(batch["dataset"][valid].tolist(), batch["row"][valid].tolist(), strict=True)
            assert found == epoch
            assert said == [(case[0][dataset], row) for dataset, row in epoch]


@pytest.mark.parametrize("world_size", range(1, 8))
def test_ranks_share_it_and_resume_anywhere(datasets: list[fr.Dataset], world_size: int) -> None:
    draw = random.Random(world_size)
    case = ([0, 1, 2], [3, 1, 4], "all_exhausted")
    mixed, chosen = mixture(datasets, case)
    first, second = Model(chosen, case[1], case[2], seed=9).epochs(2)

    def loaders(world: int, size: int) -> list[fr.Loader]:
        options = {"global_batch_size": size, "seed": 9, "last": draw.choice(["pad", "short"])}
        return [fr.Loader(mixed, rank=rank, world_size=world, threads=draw.choice([0, 1]), **options) for rank in range(world)]

    size = draw.choice([5, 16, 30])
    all_ranks = loaders(world_size, size)
    had: list[Item] = []
    states = []
    for batches in zip(*all_ranks, strict=True):
        had += [item for batch in batches for item in items(batch)]
        assert len({str(batch.state) for batch in batches}) == 1
        states.append((len(had), batches[0].state))
    assert had == first
    for n_had, state in states:
        world, other_size = draw.randrange(1, 8), draw.choice([1, 3, 16, 50])
        resumed = loaders(world, other_size)
        for loader in resumed:
            loader.load_state_dict(state)
        # A state at the end of an epoch is at the beginning of the next.
        expected = second if n_had == len(first) else first[n_had:]
        assert read(resumed) == expected
    assert read(all_ranks) == second


def test_no_row_comes_twice_before_all_have_come(datasets: list[fr.Dataset]) -> None:
    mixed, _ = mixture(datasets, ([0, 1, 2, 3], [5, 1, 2, 1], "first_exhausted"))
    loader = fr.Loader(mixed, batch_size=8, seed=3)
    counts = [np.zeros(size, int) for size in SIZES]
    for _ in range(9):
        for batch in loader:
            for dataset, row in items(batch):
                counts[dataset][row] += 1
                assert counts[dataset].max() - counts[dataset].min() <= 1
        for dataset, of in enumerate(loader.stats()["datasets"]):
            assert of["rows"] == counts[dataset].sum()
            assert (of["epoch"], of["position"]) == divmod(of["rows"], SIZES[dataset])


def test_proportions_hold_in_every_run_of_rows(datasets: list[fr.Dataset]) -> None:
    mixed, _ = mixture(datasets, ([0, 2], [3, 1], "all_exhausted"))
    for batch in fr.Loader(mixed, batch_size=16, seed=1, last="drop"):
        assert (batch.datasets == 1).sum() == 4


def test_steps_columns_and_views(datasets: list[fr.Dataset]) -> None:
    mixed, _ = mixture(datasets, ([0, 1], [1, 1], "first_exhausted"))
    assert mixed.columns == ["dataset", "row", "text"] and len(mixed.datasets) == 2 and mixed.weights == [1, 1]
    loader = fr.Loader(mixed, batch_size=4, columns=["text", "row"], dtypes={"row": "int16"}, shuffle=None)
    batch = loader[0]
    assert [name for name in batch if "." not in name] == ["text", "row"] and batch["row"].dtype == "int16"
    assert batch.datasets.tolist() == [0, 1, 0, 1] and batch.rows.tolist() == [0, 0, 1, 1]
    state = loader.state_dict()
    arrays = next(iter(loader.to_numpy()))
    assert arrays["row"].tolist() == [0, 0, 1, 1] and loader.state_dict() != state
    assert arrays.state == loader.state_dict()
    assert "2 of" not in repr(mixed) and "1 of" in repr(loader)
    assert fr.Loader(datasets[0], batch_size=4)[0].datasets is None


def test_a_state_names_its_datasets(datasets: list[fr.Dataset]) -> None:
    pairs = [(datasets[0], 2), (datasets[2], 4)]
    loader = fr.Loader(fr.mix(pairs), batch_size=4, seed=1)
    first = [batch.rows.tolist() for batch in islice(loader, 3)]
    state = loader.state_dict()
    assert state["mixture"] == [[1, datasets[0].digest], [2, datasets[2].digest]]
    import json

    assert len(json.dumps(state, separators=(",", ":"))) < 300
    again = pickle.loads(pickle.dumps(loader))
    assert again.state_dict() == state
    assert [batch.rows.tolist() for batch in again] == [batch.rows.tolist() for batch in loader]
    other = {
        "dataset 1 of the mixture to be the one": [(datasets[0], 1), (datasets[1], 2)],
        "dataset 0 of the mixture to have the weight": [(datasets[0], 3), (datasets[2], 2)],
        "expected a mixture of 2": [(datasets[0], 1), (datasets[2], 1), (datasets[1], 1)],
    }
    for message, pairs in other.items():
        with pytest.raises(fr.ChangedError, match=message):
            fr.Loader(fr.mix(pairs), batch_size=4).load_state_dict(state)
    # Where epochs end is part of what a position means.
    with pytest.raises(fr.ChangedError, match="expected the plan|expected the dataset"):
        fr.Loader(fr.mix([(datasets[0], 1), (datasets[2], 2)], stop="all_exhausted"), batch_size=4).load_state_dict(state)
    with pytest.raises(fr.ChangedError, match="which the state was saved with, got one dataset alone"):
        fr.Loader(datasets[0], batch_size=4).load_state_dict(state)
    with pytest.raises((fr.ChangedError, fr.UsageError)):
        loader.load_state_dict(fr.Loader(datasets[0], batch_size=4).state_dict())
    assert first


def test_damage_is_told_by_the_datasets_own_rows(datasets: list[fr.Dataset], tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "damaged"
    shutil.copytree(datasets[1].path, root)
    shard = next((root / "shards").iterdir())
    raw = bytearray(shard.read_bytes())
    raw[4096] ^= 1
    shard.write_bytes(raw)
    mixed = fr.mix([(datasets[0], 1), (root, 1)])
    with pytest.raises(fr.DamageError, match=shard.name):
        list(fr.Loader(mixed, batch_size=4))
    loader = fr.Loader(mixed, batch_size=4, on_damage="skip", max_damage=1.0)
    for batch in loader:
        assert all(dataset == 0 for dataset, _ in items(batch))
        assert all(damage["row"] < SIZES[1] and damage["shard"] == shard.name for damage in batch.damage)
    assert loader.stats()["skipped"] == len(mixed) // 2


REFUSED = [
    ([], "expected from 1 to 1024 datasets to mix, got 0"),
    ([(0, 0)], "expected a weight to be a whole number from 1"),
    ([(0, 1.5)], "expected a weight to be a whole number from 1"),
    ([(0, 1), (0, 2)], "expected each dataset once, got one twice"),
    ([(0, 99_991), (1, 2)], "add up to at most 65536"),
    ([0], "expected datasets with their weights"),
]


@pytest.mark.parametrize(("pairs", "message"), REFUSED)
def test_what_cannot_be_mixed_is_refused(datasets: list[fr.Dataset], pairs: list[Any], message: str) -> None:
    given = [(datasets[pair[0]], *pair[1:]) if isinstance(pair, tuple) else datasets[pair] for pair in pairs]
    with pytest.raises(fr.UsageError, match=message):
        fr.mix(given)


OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"a": pa.array([1], pa.int64()), "b": pa.array([1], pa.int64())}, "only this one has `b` of int64, nullable"),
    ({"b": pa.array([1], pa.int64())}, "the first has `a` of int64, nullable, this one `b` of int64, nullable"),
    ({"a": pa.array([1], pa.int32())}, "the first has `a` of int64, nullable, this one `a` of int32, nullable"),
    ({"a": pa.array([[1]], pa.list_(pa.int64()))}, "this one `a` of int64, ragged, nullable"),
    ({"a": pa.array([[1]], pa.list_(pa.int64(), 1))}, r"this one `a` of int64\[1\], nullable"),
]


@pytest.mark.parametrize(("columns", "message"), OTHERS)
def test_other_columns_are_named(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    first = fr.Pipeline(pa.table({"a": pa.array([1, 2], pa.int64())})).shard(tmp_path / "a", progress="never")
    other = fr.Pipeline(pa.table(columns)).shard(tmp_path / "b", progress="never")
    with pytest.raises(fr.UsageError, match=message):
        fr.mix([(first, 1), (other, 1)])


def test_it_must_have_rows(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array([1, 2], pa.int64())})
    full = fr.Pipeline(table).shard(tmp_path / "a", progress="never")
    empty = fr.Pipeline(table).filter(column="a").sink(tmp_path / "b")
    none = fr.Pipeline(table.slice(0, 0)).shard(tmp_path / "c", progress="never")
    assert empty and len(none) == 0
    with pytest.raises(fr.UsageError, match="expected datasets with rows to mix"):
        fr.mix([(full, 1), (none, 1)])
