"""Batches as Python has them: which rows, which tensors, which errors."""

import copy
import pickle
from collections.abc import Mapping

import numbered as rows_of
import numpy as np
import pytest

import fuelrail as fr
from fuelrail import _view

N_ROWS = 1000


def load(path, **options):
    options = {"batch_size": 64, "rank": 0, "world_size": 1, **options}
    return fr.Loader(path, **options)


def ids(batches):
    """The rows that batches say they hold, fill left out."""
    return [int(row) for batch in batches for row in batch.rows[batch.valid]]


@pytest.mark.parametrize("threads", [0, 1, 3])
@pytest.mark.parametrize("shuffle", ["rows", "blocks", None])
def test_an_epoch_has_each_row_once(numbered, shuffle, threads):
    loader = load(numbered, shuffle=shuffle, threads=threads)
    seen = []
    for batch in loader:
        arrays = batch.numpy()
        rows = arrays["id"][batch.valid]
        assert rows.tolist() == batch.rows[batch.valid].tolist()
        assert (arrays["tokens"][batch.valid] == rows_of.tokens(rows, 16)).all()
        offsets, flat = arrays["words.cu_seqlens"], arrays["words"]
        for row, start, stop in zip(rows.tolist(), offsets[:-1], offsets[1:], strict=False):
            assert flat[start:stop].tolist() == rows_of.words(row)
        seen += rows.tolist()
    assert sorted(seen) == list(range(N_ROWS))
    assert (seen == sorted(seen)) == (shuffle is None)
    assert loader.epoch == 1


def test_a_seed_and_an_epoch_decide_the_order(numbered):
    one, again, other = load(numbered, seed=5), load(numbered, seed=5, threads=0, prefetch=7), load(numbered, seed=6)
    first, second = ids(one), ids(one)
    assert first == ids(again) and second == ids(again)
    assert first != second and first != ids(other)


def test_a_batch_is_a_mapping_of_tensors(numbered):
    batch = load(numbered)[0]
    assert isinstance(batch, fr.Batch) and isinstance(batch, Mapping)
    names = ["id", "tokens", "words", "words.cu_seqlens"]
    assert list(batch) == names == list(batch.keys()) == [name for name, _ in batch.items()]
    assert len(batch) == 4 and "id" in batch and "x" not in batch and 3 not in batch
    assert batch.get("x") is None and batch.get("x", 5) == 5 and batch.get("id").dtype == "int64"
    tensor = batch["tokens"]
    assert isinstance(tensor, fr.Tensor)
    assert (tensor.shape, tensor.dtype, tensor.ndim, len(tensor)) == ((64, 16), "uint16", 2, 64)
    assert (tensor.nbytes, tensor.device) == (2048, "cpu")
    assert tensor.data_ptr % 4096 == 0
    assert repr(tensor) == "<fuelrail.Tensor (64, 16) uint16>"
    assert repr(batch).startswith("<fuelrail.Batch 0 of epoch 0, 64 rows, id: int64[64], tokens: uint16[64, 16]")
    assert batch.get("x", default=3) == 3 and batch.get(key="id").shape == (64,)
    assert batch.keys() & {"id", "x"} == {"id"} and ("id" in batch.keys()) and len(batch.values()) == 4
    assert {**batch}.keys() == dict(batch.items()).keys() == batch.keys()
    with pytest.raises(KeyError, match="expected one of the tensors id, tokens") as raised:
        batch["idd"]
    assert isinstance(raised.value, fr.UsageError) and raised.value.hint == 'did you mean "id"?'
    assert str(raised.value).startswith("expected one")
    with pytest.raises(KeyError) as raised:
        batch[0]
    assert isinstance(raised.value, fr.UsageError) and 'batch["name"][rows]' in raised.value.hint


def test_what_is_left_of_an_epoch_is_counted(numbered):
    loader = load(numbered)
    view = loader.to_numpy()
    for batch in loader:
        assert loader.n_batches_left == view.n_batches_left == 15 - batch.index
        if batch.index == 5:
            break
    other = load(numbered)
    other.load_state_dict(loader.state_dict())
    assert (other.n_batches_left, len(other)) == (10, 16)
    assert [batch.index for batch in other] == list(range(6, 16))
    assert other.n_batches_left == 16, "the next epoch"


def test_a_mask_takes_no_tensors_name(samples):
    for options in ({}, {"ragged": "pad", "max_length": 4096, "overlong": "truncate"}):
        loader = fr.Loader(samples / "all_types", batch_size=8, rank=0, world_size=1, **options)
        names = list(loader[0])
        assert sorted(_view._tensors(loader)) == sorted(names)
        for name in names:
            with pytest.raises(fr.UsageError, match="no tensor has"):
                loader.to_numpy(mask=name)


def test_a_loader_is_not_copied(numbered):
    loader = load(numbered)
    for make in (copy.copy, copy.deepcopy):
        with pytest.raises(fr.UsageError, match="got one copied") as raised:
            make(loader)
        assert "load_state_dict" in raised.value.hint
    # To another process it goes as a loader of its own, at the same position.
    first = next(iter(loader)).rows.tolist()
    other = pickle.loads(pickle.dumps(loader))
    assert other.state_dict() == loader.state_dict() and repr(other) == repr(loader)
    rest = [batch.rows.tolist() for batch in other]
    assert len(rest) == len(loader) - 1 and first not in rest
    assert rest == [batch.rows.tolist() for batch in loader], "one has not moved the other"


def test_a_caller_may_wait_for_ever(numbered):
    assert sum(batch.n_valid for batch in load(numbered, patience=float("inf"))) == 1000
    for patience in (float("nan"), -1, "soon"):
        with pytest.raises(fr.UsageError, match="patience in seconds") as raised:
            load(numbered, patience=patience)
        assert 'float("inf")' in raised.value.hint


def test_a_missing_dataset_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        fr.Loader(tmp_path / "none", batch_size=4)
    assert isinstance(raised.value, fr.IoError) and raised.value.errno == 2


@pytest.mark.parametrize(
    ("last", "n_batches", "shape", "n_valid"), [("pad", 16, 64, 40), ("short", 16, 40, 40), ("drop", 15, 64, 64)]
)
def test_the_rows_that_do_not_fill_a_batch(numbered, last, n_batches, shape, n_valid):
    loader = load(numbered, last=last)
    batches = [(batch["id"].shape, batch.n_valid, batch.valid.sum(), batch.rows.tolist()) for batch in loader]
    assert len(batches) == len(loader) == n_batches
    assert batches[-1][:3] == ((shape,), n_valid, n_valid)
    fill = [row for row in batches[-1][3] if row == 2**64 - 1]
    assert len(fill) == shape - n_valid
    assert all(batch[:3] == ((64,), 64, 64) for batch in batches[:-1])


def test_what_fills_up_is_zero(numbered):
    batch = load(numbered)[-1]
    arrays = batch.numpy()
    assert not arrays["tokens"][~batch.valid].any() and not arrays["id"][~batch.valid].any()
    assert (np.diff(arrays["words.cu_seqlens"])[~batch.valid] == 0).all()


@pytest.mark.parametrize("world_size", [2, 3, 7])
@pytest.mark.parametrize("last", ["pad", "short"])
def test_ranks_share_each_global_batch(numbered, world_size, last):
    alone = load(numbered, batch_size=None, global_batch_size=64, last="short")
    ranks = [
        load(numbered, batch_size=None, global_batch_size=64, rank=rank, world_size=world_size, last=last)
        for rank in range(world_size)
    ]
    assert {len(rank) for rank in ranks} == {len(alone)}
    for whole, *parts in zip(alone, *ranks, strict=True):
        assert whole.rows.tolist() == ids(parts)
        assert {part.state["position"] for part in parts} == {whole.state["position"]}
        if last == "pad":
            assert {part["tokens"].shape for part in parts} == {(-(-64 // world_size), 16)}


def test_a_loader_goes_on_where_it_stopped(numbered):
    whole = load(numbered)
    expected = [ids(whole), ids(whole)]
    loader = load(numbered)
    seen = []
    for batch in loader:
        seen += ids([batch])
        if batch.index == 4:
            break
    seen += ids([next(iter(loader))])
    seen += ids(loader)
    assert seen == expected[0]
    assert ids(loader) == expected[1]


def test_iterators_share_the_position(numbered):
    loader = load(numbered)
    one, two = iter(loader), iter(loader)
    assert [next(one).index, next(two).index, next(one).index] == [0, 1, 2]
    del one
    assert next(two).index == 3
    assert [batch.index for batch in two] == list(range(4, 16))
    assert list(two) == []
    assert loader.epoch == 1 and next(iter(loader)).index == 0


def test_a_pass_that_another_ends_is_told_so(numbered):
    """With restart=True each begins at the first row, and two at once would have
    less than all of them."""
    loader = load(numbered, restart=True)
    for other in (loader, loader.to_numpy()):
        for batches in (zip(loader, other, strict=True), (None for _ in loader for _ in other)):
            with pytest.raises(fr.UsageError, match="got another that has begun") as caught:
                list(batches)
            assert "a loader of its own" in caught.value.hint
    # One that was left may be held.
    held = [iter(loader) for _ in range(3)]
    next(held[2])
    assert sum(batch.n_valid for batch in loader) == 1000
    # What has had all its batches is at its end, whether or not it was asked.
    left = iter(loader)
    had = [next(left) and None for _ in range(len(loader))]
    assert len(had) == sum(1 for _ in loader)
    assert next(left, None) is next(left, None) is None
    one = iter(loader)
    assert sum(first.n_valid + second.n_valid for first, second in zip(one, one, strict=True)) == 1000


def test_an_iterator_ends_with_its_epoch(numbered):
    loader = load(numbered)
    one = iter(loader)
    assert next(one).index == 0
    assert [batch.index for batch in loader] == list(range(1, 16))
    assert list(one) == [] and loader.state_dict()["position"] == 0
    assert [batch.index for batch in loader] == list(range(16)) and loader.epoch == 2


BEHIND_THE_LAST = {
    "set_epoch": lambda loader, batch: loader.set_epoch(1),
    "load_state_dict": lambda loader, batch: loader.load_state_dict(batch.state),
    "a view": lambda loader, batch: next(iter(loader.to_numpy())),
    "another epoch": lambda loader, batch: loader.set_epoch(5),
}


@pytest.mark.parametrize("what", BEHIND_THE_LAST)
def test_a_loop_ends_whatever_is_done_at_its_last_batch(numbered, what):
    loader = load(numbered)
    epochs = []
    for batch in loader:
        epochs.append(batch.epoch)
        assert len(epochs) <= 16
        if batch.index == 15:
            BEHIND_THE_LAST[what](loader, batch)
    assert epochs == [0] * 16
    assert loader.epoch == (5 if what == "another epoch" else 1)
    assert next(iter(loader)).index == (1 if what == "a view" else 0)


def test_a_loop_goes_on_from_a_state_of_its_epoch(numbered):
    loader = load(numbered)
    indexes, first = [], None
    for batch in loader:
        first = first or batch.state
        indexes.append(batch.index)
        if len(indexes) == 5:
            loader.load_state_dict(first)
    assert indexes == [0, 1, 2, 3, 4, *range(1, 16)]


@pytest.mark.parametrize("last", ["pad", "short", "drop"])
def test_a_rest_of_no_batches_is_an_empty_loop(numbered, last):
    loader = load(numbered, last=last)
    loader.load_state_dict({**loader.state_dict(), "position": 999 if last == "drop" else 1000})
    assert list(loader) == []
    assert {batch.epoch for batch in loader} == {1}


def test_counting_batches_ends_an_epoch_too(numbered):
    loader = load(numbered)
    epochs = [[batch.epoch for _, batch in zip(range(len(loader)), loader, strict=False)] for _ in range(3)]
    assert epochs == [[0] * 16, [1] * 16, [2] * 16]


def test_a_batch_by_its_number_moves_nothing(numbered):
    loader = load(numbered)
    expected = [batch.rows.tolist() for batch in load(numbered)]
    next(iter(loader))
    assert [loader[index].rows.tolist() for index in range(16)] == expected
    assert loader[np.int64(-1)].rows.tolist() == expected[-1]
    assert next(iter(loader)).index == 1
    for index in (16, -17):
        with pytest.raises(IndexError, match="expected one of the 16 batches"):
            loader[index]
    with pytest.raises(TypeError):
        loader["3"]


def test_set_epoch(numbered):
    loader = load(numbered)
    epochs = [ids(loader) for _ in range(3)]
    loader.set_epoch(1)
    assert loader.epoch == 1 and ids(loader) == epochs[1]
    loader.set_epoch(0)
    seen = ids([next(iter(loader))])
    loader.set_epoch(0)  # stays where it is
    assert seen + ids(loader) == epochs[0]


@pytest.mark.parametrize("dtype", ["int32", np.int32, np.dtype("int32")])
def test_dtypes(numbered, dtype):
    batch = load(numbered, columns=["tokens", "id"], dtypes={"tokens": dtype})[0]
    assert list(batch) == ["tokens", "id"]
    assert batch["tokens"].dtype == "int32" and batch["id"].dtype == "int64"
    assert (batch["tokens"].numpy() == rows_of.tokens(batch["id"].numpy(), 16)).all()


def test_a_number_that_does_not_fit_is_an_error(numbered):
    loader = load(numbered, columns=["id"], dtypes="uint8")
    with pytest.raises(fr.DataError) as caught:
        list(loader)
    assert caught.value.location["column"] == "id"
    assert caught.value.location["row"] >= 256


def test_ragged_columns_padded(numbered):
    loader = load(numbered, ragged="pad", max_length=4)
    for batch in loader:
        arrays = batch.numpy()
        assert arrays["words"].shape == (64, 4)
        for row, line, length in zip(batch.rows, arrays["words"], arrays["words.lengths"], strict=True):
            expected = rows_of.words(int(row)) if row < N_ROWS else []
            assert line.tolist() == expected + [0] * (4 - length) and length == len(expected)
    with pytest.raises(fr.DataError):
        list(load(numbered, ragged="pad", max_length={"words": 3}))
    cut = load(numbered, ragged="pad", max_length=3, overlong="truncate")
    assert max(batch["words.lengths"].numpy().max() for batch in cut) == 3


def test_views_share_the_position(numbered):
    loader = load(numbered)
    view = loader.to_numpy()
    iterator = iter(view)
    first = next(iterator)
    assert first["valid"].all() and first["tokens"].shape == (64, 16)
    assert loader.state_dict() == view.state_dict() and loader.state_dict()["position"] == 64
    assert next(iter(loader)).index == 1
    assert next(iterator)["id"].tolist() == load(numbered)[2].rows.tolist()
    assert len(view) == 16 and view.epoch == 0
    assert loader.stats()["rows"] == 192
    view.load_state_dict({**view.state_dict(), "position": 960})
    last = list(loader.to_numpy(mask="real"))
    assert len(last) == 1 and last[0]["real"].sum() == 40
    assert "valid" not in next(iter(load(numbered, last="short").to_numpy()))


def test_stats_count_what_was_handed_out(numbered):
    loader = load(numbered)
    rest = {"skipped": 0, "damage": [], "too_large_for_device": 0, "device_lost": None}
    assert loader.stats() == {"batches": 0, "rows": 0} | rest
    for _ in range(2):
        for _ in loader:
            pass
    loader[3]
    assert loader.stats() == {"batches": 32, "rows": 2000} | rest


WRONG = [
    ({"batch_size": 0}, "at least one row", None),
    ({"batch_size": -1}, "expected batch_size to be a whole number", None),
    ({"batch_size": True}, "expected batch_size to be a whole number from 0, below 2\\^64, got True", None),
    ({"batch_size": 2.5}, "expected batch_size to be a whole number", None),
    ({"batch_size": None}, "batch_size", "global_batch_size"),
    ({"global_batch_size": 8}, "either batch_size or global_batch_size", "all ranks"),
    ({"batch_size": 1 << 40}, "2\\^31", None),
    ({"batch_size": 1001, "last": "drop"}, "1000 rows", "smaller"),
    ({"shuffle": "files"}, '"rows", "blocks" or None', None),
    ({"shuffle": True}, '"rows", "blocks" or None', 'shuffle="rows"'),
    ({"last": None}, "expected last to be text", None),
    ({"patience": "long"}, "patience in seconds", None),
    ({"last": "keep"}, '"short", "pad", "drop"', None),
    ({"rank": 3, "world_size": 3}, "rank 3 of 3", "count from 0"),
    ({"rank": 1, "world_size": None}, "both rank and world_size", "give both"),
    ({"columns": ["token"]}, "got 'token'", '"tokens"'),
    ({"columns": "tokens"}, "a list of columns", "columns="),
    ({"columns": 5}, "columns to be a list of names, got 5", "columns=['id']"),
    ({"columns": ["id", "id"]}, "each column once", None),
    ({"columns": []}, "at least one", None),
    ({"dtypes": {"token": "int32"}}, "got 'token'", '"tokens"'),
    ({"dtypes": {"tokens": "int3"}}, "int32, int64", None),
    ({"ragged": "pad"}, "max_length", "one number"),
    ({"ragged": "list"}, '"flat" or "pad"', None),
    ({"max_length": 5}, 'ragged="pad"', "ragged"),
    ({"ragged": "pad", "max_length": 5, "overlong": "cut"}, '"raise", "truncate"', None),
    ({"prefetch": -2}, "prefetch", None),
    ({"threads": 1 << 40}, "threads", None),
    ({"verify": "never"}, '"first", "every", "off"', None),
    ({"on_damage": "ignore"}, '"raise", "skip"', None),
    ({"access": "mmap"}, '"copy", "view"', None),
    ({"patience": -1.0}, "patience", None),
    ({"patience": float("nan")}, "patience", None),
    ({"seed": -1}, "seed", None),
    ({"seed": 1 << 64}, "seed", None),
]


@pytest.mark.parametrize(("options", "text", "hint"), WRONG, ids=[str(options) for options, _, _ in WRONG])
def test_wrong_arguments_are_typed_errors(numbered, options, text, hint):
    with pytest.raises(fr.UsageError, match=text) as caught:
        load(numbered, **options)
    if hint is not None:
        assert hint in caught.value.hint


def test_what_is_no_dataset(tmp_path, numbered):
    with pytest.raises(fr.IoError) as caught:
        load(tmp_path / "none")
    assert caught.value.filename.endswith("dataset.json")
    with pytest.raises(fr.UsageError, match="a whole dataset"):
        load(fr.Dataset(numbered)[3:])


def test_a_batch_larger_than_the_dataset(numbered):
    with pytest.raises(fr.UsageError, match=f"{N_ROWS} rows, got 4096") as raised:
        load(numbered, batch_size=4096, last="drop")
    assert "short" in raised.value.hint and "no batch would come" in str(raised.value)
    [batch] = list(load(numbered, batch_size=4096, last="short"))
    assert batch["id"].shape == (N_ROWS,) == (batch.n_valid,)
    [batch] = list(load(numbered, batch_size=4096, last="pad"))
    assert batch["id"].shape == (4096,) and sorted(batch.rows[batch.valid].tolist()) == list(range(N_ROWS))


def test_repr_names_what_matters(numbered):
    text = repr(load(numbered, rank=1, world_size=2))
    assert text.startswith("<fuelrail.Loader '") and "batch_size=64" in text and "rank 1 of 2" in text


def test_epochs_have_one_limit(numbered):
    loader = load(numbered)
    last = (1 << 32) - 2
    for move in (loader.set_epoch, loader.reset):
        with pytest.raises(fr.UsageError, match=f"from 0, at most {last}, got {last + 1}"):
            move(last + 1)
        move(last)
