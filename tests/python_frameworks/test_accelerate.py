"""Accelerate for real, with one process and with several: every row once an
epoch, and states that go on behind the batch that the loop had."""

from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path
from typing import Any

import fuelrail as fr
import fuelrail.torch
import numbered_rows
import pytest
from accelerate import Accelerator, DataLoaderConfiguration, skip_first_batches
from accelerate.data_loader import prepare_data_loader
from conftest import Program
from torch.utils.data import DataLoader, IterableDataset
from torchdata.stateful_dataloader import StatefulDataLoader

SCRIPT = Path(__file__).with_name("accelerate_rows.py")
N_ROWS = 203


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_rows.write(tmp_path_factory.mktemp("numbered") / "rows", N_ROWS)


def order(path: Path, n_epochs: int, **options: Any) -> list[list[int]]:
    """The rows of each epoch, by one reader alone."""
    loader = fr.Loader(path, **{"batch_size": 16, "seed": 7, **options, "rank": 0, "world_size": 1})
    return [[int(row) for batch in loader for row in batch.rows[batch.valid]] for _ in range(n_epochs)]


def run(path: Path, out: Path, n_processes: int, **plan: Any) -> list[dict[str, Any]]:
    """What each process had."""
    out.mkdir(exist_ok=True)
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", n_processes)
    Program(*torchrun, SCRIPT, path, out, json.dumps(plan)).finish()
    return [json.loads((out / f"{rank}.json").read_text()) for rank in range(n_processes)]


def rows_of(had: list[dict[str, Any]], at: int) -> list[int]:
    """The rows of a pass, in the order of the global batches."""
    batches = itertools.zip_longest(*(process["passes"][at] for process in had), fillvalue=[])
    return [row for parts in batches for part in parts for row in part]


@pytest.mark.parametrize(
    ("n_processes", "around", "config", "loader"),
    [
        (2, "plain", {}, {}),
        (3, "plain", {}, {"global_batch_size": 50, "batch_size": None}),
        (3, "whole", {"dispatch_batches": False}, {"batch_size": 10}),
        (2, "whole", {"split_batches": True}, {"global_batch_size": 33, "batch_size": None}),
        (2, "whole", {}, {"last": "drop", "batch_size": 20}),
        (2, "plain", {"use_stateful_dataloader": True}, {}),
    ],
)
def test_every_row_comes_once(
    path: Path, tmp_path: Path, n_processes: int, around: str, config: dict[str, Any], loader: dict[str, Any]
) -> None:
    had = run(path, tmp_path, n_processes, around=around, config=config, loader=loader)
    total = loader.get("global_batch_size") or loader.get("batch_size", 16) * n_processes
    is_drop = loader.get("last") == "drop"
    n_batches = N_ROWS // total if is_drop else -(-N_ROWS // total)
    assert {process["len"] for process in had} == {n_batches}
    assert {tuple(process["shape"]) for process in had} == {(-(-total // n_processes),)}
    for epoch, expected in enumerate(order(path, 2)):
        assert {len(process["passes"][epoch]) for process in had} == {n_batches}
        rows = rows_of(had, epoch)
        # Global batches come one after another, each with the rows that it has
        # for one reader alone.
        want = expected[: n_batches * total] if is_drop else expected
        for start in range(0, len(want), total):
            assert sorted(rows[start : start + total]) == sorted(want[start : start + total])
        assert len(rows) == len(want) == len(set(rows))
    assert had[0]["after"]["epoch"] == 2


@pytest.mark.parametrize(
    ("around", "config"),
    [("plain", {}), ("whole", {"dispatch_batches": False}), ("whole", {"split_batches": True})],
)
def test_a_pass_that_is_left_goes_on_and_is_resumed(
    path: Path, tmp_path: Path, around: str, config: dict[str, Any]
) -> None:
    """Whatever Accelerate has read ahead, no row is lost or repeated; and a state
    goes on by another number of processes."""
    plan = {"around": around, "config": config, "loader": {"batch_size": None, "global_batch_size": 20}}
    [expected, after] = order(path, 2)
    had = run(path, tmp_path, 2, **plan, passes=[3, 2])
    assert rows_of(had, 0) == expected[:60] and rows_of(had, 1) == expected[60:100]
    state = had[0]["state"]
    assert (state["epoch"], state["position"]) == (0, 100) and had[0]["after"] == state
    if config.get("dispatch_batches") is False:
        assert all(process["own"] == state == process["state"] for process in had)
    rest = run(path, tmp_path, 4, **plan, passes=[None, None], state=state)
    assert sorted(rows_of(rest, 0)) == sorted(expected[100:])
    assert sorted(rows_of(rest, 1)) == sorted(after)
    assert rest[0]["after"]["epoch"] == 2


def loader(path: Path, **options: Any) -> fuelrail.torch.TorchBatches:
    options = {"batch_size": 10, "seed": 7, "rank": 0, "world_size": 1, "columns": ["id", "x"], **options}
    return fr.Loader(path, **options).to_torch()


@pytest.fixture
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


def rows(batches: Any) -> list[int]:
    return [row for batch in batches for row in batch["id"][batch["valid"]].tolist()]


def test_a_pass_count_from_0_does_not_rewind_a_state(path: Path, accelerator: Accelerator) -> None:
    epochs = order(path, 4)
    first = loader(path)
    for _ in first:
        pass
    state = [batch.state for batch in itertools.islice(first, 5)][-1]
    assert (state["epoch"], state["position"]) == (1, 50)
    view = loader(path, seed=0)
    view.load_state_dict(state)
    prepared = accelerator.prepare(DataLoader(view, batch_size=None))
    # Accelerate calls set_epoch(0), set_epoch(1), … as its passes begin.
    assert rows(prepared) == epochs[1][50:]
    assert rows(prepared) == epochs[2] and rows(prepared) == epochs[3]
    # A new run has its passes counted as they are.
    prepared = accelerator.prepare(DataLoader(loader(path), batch_size=None))
    assert [rows(prepared) for _ in range(3)] == epochs[:3]


def test_a_checkpoint_of_accelerates_own(path: Path, accelerator: Accelerator, tmp_path: Path) -> None:
    [expected] = order(path, 1)
    view = loader(path)
    accelerator.register_for_checkpointing(view)
    prepared = accelerator.prepare(DataLoader(view, batch_size=None))
    for index, _ in enumerate(prepared):
        if index == 6:
            accelerator.save_state(str(tmp_path / "checkpoint"))
            break
    other = Accelerator(cpu=True)
    view = loader(path, seed=1)
    other.register_for_checkpointing(view)
    prepared = other.prepare(DataLoader(view, batch_size=None))
    other.load_state(str(tmp_path / "checkpoint"))
    assert rows(prepared) == expected[70:]


def test_a_stateful_loader_of_torchdata_in_accelerate(path: Path) -> None:
    [expected] = order(path, 1)
    config = DataLoaderConfiguration(use_stateful_dataloader=True)

    def prepared(view: fuelrail.torch.TorchBatches) -> Any:
        return Accelerator(cpu=True, dataloader_config=config).prepare(DataLoader(view, batch_size=None))

    first = prepared(loader(path))
    seen = rows(itertools.islice(first, 4))
    again = prepared(loader(path, seed=1))
    state = first.state_dict()
    again.load_state_dict(state)
    assert seen + rows(again) == expected


def test_validation_sees_the_same_rows_each_time(path: Path, accelerator: Accelerator) -> None:
    [expected] = order(path, 1)
    prepared = accelerator.prepare(DataLoader(loader(path, restart=True), batch_size=None))
    for n in (2, 3, None, 2, None):
        assert rows(itertools.islice(prepared, n)) == expected[: None if n is None else n * 10]


@pytest.mark.parametrize(
    ("options", "text", "hint"),
    [
        ({"columns": ["id", "words"]}, "the ragged words", 'ragged="pad"'),
        ({"rank": 0, "world_size": 2}, "got rank 0 of 2", "leave out rank and world_size"),
    ],
)
def test_what_accelerate_would_cut_is_refused(
    path: Path, accelerator: Accelerator, options: dict[str, Any], text: str, hint: str
) -> None:
    prepared = accelerator.prepare(DataLoader(loader(path, **options), batch_size=None))
    with pytest.raises(fr.UsageError, match=text) as caught:
        next(iter(prepared))
    assert hint in str(caught.value.hint) and "do not prepare" in str(caught.value.hint)
    # The processes that read nothing only have this called, and wait for the first in vain else.
    with pytest.raises(fr.UsageError, match=text):
        prepared.set_epoch(1)


@pytest.mark.parametrize("dispatches", [None, True, False])
def test_what_split_batches_asks_for_is_said(path: Path, dispatches: bool | None) -> None:
    config = DataLoaderConfiguration(split_batches=True, dispatch_batches=dispatches)
    accelerator = Accelerator(cpu=True, dataloader_config=config)
    for of in (DataLoader, StatefulDataLoader):
        unprepared = pickle.loads(pickle.dumps(of(loader(path), batch_size=None)))
        with pytest.raises(fr.UsageError, match="got batch_size=None") as caught:
            accelerator.prepare(unprepared)
        assert "batch_size=1, collate_fn=fuelrail.torch.whole_batch" in str(caught.value.hint)
        # Accelerate does not split what is not dispatched.
        assert ("leave split_batches out" in str(caught.value.hint)) == (dispatches is False)
        assert len(rows(unprepared)) == N_ROWS
    # A view that is handed over as it is stays as it is.
    view = loader(path)
    assert accelerator.prepare(view) is view and isinstance(view, IterableDataset)
    # One that was prepared is prepared already.
    prepared = accelerator.prepare(DataLoader(view, batch_size=1, collate_fn=fuelrail.torch.whole_batch))
    assert accelerator.prepare(prepared) is prepared and len(rows(prepared)) == N_ROWS


def test_what_split_batches_asks_for_is_said_in_every_process(path: Path, tmp_path: Path) -> None:
    had = run(path, tmp_path, 2, config={"split_batches": True, "dispatch_batches": True})
    assert all("got batch_size=None" in process["refused"] for process in had)


@pytest.mark.parametrize("is_split", [False, True])
def test_shares_that_accelerate_would_miscount_are_refused(path: Path, is_split: bool) -> None:
    view = fr.Loader(path, batch_size=10, columns=["id"]).to_torch()
    whole = DataLoader(view, batch_size=2, collate_fn=fuelrail.torch.whole_batch)
    prepared = prepare_data_loader(
        whole, num_processes=2, process_index=0, put_on_device=False, dispatch_batches=False, split_batches=is_split
    )
    for ask in (len, iter, lambda prepared: prepared.set_epoch(1)):
        with pytest.raises(fr.UsageError, match="got both" if is_split else "batch_size=1, got 2") as caught:
            next(iter(ask(prepared)))
        assert ("leave split_batches out" if is_split else "batch_size=1") in str(caught.value.hint)


READ_AHEAD = pytest.mark.parametrize("config", [{}, {"dispatch_batches": False}, {"use_stateful_dataloader": True}])


def prepared_by(config: dict[str, Any], view: fuelrail.torch.TorchBatches) -> Any:
    accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(**config))
    return accelerator.prepare(DataLoader(view, batch_size=None))


@READ_AHEAD
@pytest.mark.parametrize("within", ["prepared", "view", "rest"])
def test_a_pass_within_a_pass_repeats_nothing(path: Path, config: dict[str, Any], within: str) -> None:
    """What is taken within a loop is what the loop has read ahead: it is told so
    where it would have the same, and what follows goes on behind both."""
    [expected] = order(path, 1)
    view = loader(path)
    prepared = prepared_by(config, view)
    had: list[int] = []
    with pytest.raises(fr.UsageError, match="one loop at a time") as caught:
        for step, batch in enumerate(prepared):
            had += rows([batch])
            assert view.state_dict()["position"] == len(had)
            if step == 2:
                had += rows(prepared) if within == "rest" else rows([next(iter(view if within == "view" else prepared))])
    assert "a loader of its own" in str(caught.value.hint)
    assert had == expected[: None if within == "rest" else 40]
    if within != "rest":
        assert rows(prepared) == expected[40:]


@READ_AHEAD
def test_two_iterators_at_once_repeat_nothing(path: Path, config: dict[str, Any]) -> None:
    [expected] = order(path, 1)
    prepared = prepared_by(config, loader(path))
    had: list[int] = []
    with pytest.raises(fr.UsageError, match="got another, which was given the batch"):
        for pair in zip(prepared, prepared, strict=True):
            had += rows(pair)
    assert had == expected[:20]
    # As the hint says.
    one = iter(prepared)
    for pair in zip(one, one, strict=False):
        had += rows(pair)
    # zip() takes the 21st for a pair, and finds none.
    assert had == expected[:20] + expected[20:200]
    validation = prepared_by(config, loader(path, restart=True))
    with pytest.raises(fr.UsageError, match="restart=True, got another that has begun"):
        list(zip(validation, validation, strict=True))
    assert rows(validation) == expected
    with pytest.raises(fr.UsageError, match="restart=True, got another that has begun"):
        for _ in validation:
            assert rows(validation) == expected


@READ_AHEAD
def test_a_pass_that_began_and_took_nothing_is_no_other(path: Path, config: dict[str, Any]) -> None:
    [expected, after] = order(path, 2)
    view = loader(path)
    prepared = prepared_by(config, view)
    had: list[int] = []
    for step, batch in enumerate(prepared):
        had += rows([batch])
        if step in (0, 7):
            iter(view), iter(view.loader), iter(prepared)
        assert step == 20 or view.state_dict()["position"] == len(had)
    assert had == expected
    # What is gone to from within a loop, is where it goes on.
    for step, _ in enumerate(prepared):
        if step == 3:
            view.reset()
        if step == 6:
            break
    assert view.state_dict()["epoch"] == 1 and view.state_dict()["position"] == 20
    assert rows(prepared) == after[20:]


def test_a_loader_and_its_other_views_know_what_the_loop_has(path: Path, accelerator: Accelerator) -> None:
    """Who saves the state of the loader instead of the view's loses no batch."""
    [expected] = order(path, 1)
    view = loader(path)
    others = [view.loader, view.loader.to_numpy(), view.loader.to_torch()]
    prepared = accelerator.prepare(DataLoader(view, batch_size=None))
    for step, _ in enumerate(prepared):
        assert [other.state_dict() for other in others] == 3 * [view.state_dict()]
        assert step == 20 or view.state_dict()["position"] == 10 * (step + 1)
        if step == 3:
            break
    held = iter(prepared)
    assert rows([next(held)]) == expected[40:50]
    # One that is left goes on from there too, even where what it was read by is held.
    assert next(iter(view.loader)).rows.tolist() == expected[50:60]


AROUND_A_VIEW = pytest.mark.parametrize("config", [None, {}, {"dispatch_batches": False}, {"use_stateful_dataloader": True}])


@AROUND_A_VIEW
def test_what_is_skipped_is_what_was_had(path: Path, config: dict[str, Any] | None) -> None:
    """Scripts skip what was trained on; a loader stands behind that already."""
    [expected, after] = order(path, 2)

    def around(view: fuelrail.torch.TorchBatches) -> Any:
        return DataLoader(view, batch_size=None) if config is None else prepared_by(config, view)

    view = loader(path)
    batches = around(view)
    had = rows(itertools.islice(batches, 4))
    state = view.state_dict()
    # Another number than were had is no place to go on from.
    with pytest.raises(fr.UsageError, match="skips 3 batches of 10 rows, got a loader that stands at row 40") as caught:
        next(iter(skip_first_batches(batches, 3)))
    assert "leave skip_first_batches out" in str(caught.value.hint) and view.state_dict() == state
    assert had + rows(skip_first_batches(batches, 4)) == expected
    # Accelerate counts the epochs of what it has prepared.
    (view if config is None else batches).set_epoch(1)
    assert rows(skip_first_batches(batches, 5)) == after[50:]
    # A state that was loaded, with the batches before it skipped too.
    view = loader(path, seed=0)
    view.load_state_dict(state)
    assert rows(skip_first_batches(around(view), 4)) == expected[40:]
    # Each pass of a validation begins at the beginning.
    view = loader(path, restart=True)
    batches = around(view)
    assert rows(itertools.islice(batches, 3)) == expected[:30]
    assert rows(skip_first_batches(batches, 5)) == expected[50:] and rows(batches) == expected


def test_ragged_rows_that_are_padded_come_whole(path: Path, accelerator: Accelerator) -> None:
    view = loader(path, columns=["id", "words"], ragged="pad", max_length=8)
    prepared = accelerator.prepare(DataLoader(view, batch_size=None))
    for batch in prepared:
        for row, words, length in zip(batch["id"], batch["words"], batch["words.lengths"], strict=True):
            expected = numbered_rows.words(int(row))
            assert words[:length].tolist() == expected or not length
    # Not dispatched, ragged rows come as they are.
    config = DataLoaderConfiguration(dispatch_batches=False)
    flat = DataLoader(loader(path, columns=["id", "words"]), batch_size=None)
    for batch in Accelerator(cpu=True, dataloader_config=config).prepare(flat):
        assert batch["words.cu_seqlens"][-1] == len(batch["words"]) and len(batch["words.cu_seqlens"]) == 11
