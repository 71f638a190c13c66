"""Exactly once: whatever the number of ranks and the batch size become on the
way, no row is lost and none comes twice in an epoch."""

import copy
import io
import json
import pickle
import random
import types

import numbered as rows_of
import numpy as np
import pytest

import fuelrail as fr

N_ROWS = 1000


def load(path, **options):
    options = {"seed": 3, "rank": 0, "world_size": 1, **options}
    return fr.Loader(path, **options)


def ids(batches):
    return [int(row) for batch in batches for row in batch.rows[batch.valid]]


@pytest.fixture(scope="module")
def order(numbered):
    """The rows of the first three epochs, in order."""
    loader = load(numbered, batch_size=100)
    return [ids(loader) for _ in range(3)]


def steps(path, world_size, options, state, n_steps):
    """The rows that all ranks together have in some steps, in order, and the
    state behind them."""
    ranks = [load(path, rank=rank, world_size=world_size, **options) for rank in range(world_size)]
    iterators = []
    for loader in ranks:
        if state is not None:
            loader.load_state_dict(state)
            loader.load_state_dict(json.loads(json.dumps(state)))
        iterators.append(iter(loader))
    seen = []
    for _ in range(n_steps):
        parts = [next(iterator, None) for iterator in iterators]
        if parts[0] is None:
            assert parts == [None] * world_size
            break
        states = [part.state for part in parts]
        assert all(other == states[0] for other in states)
        state = states[0]
        seen += ids(parts)
    return seen, state


@pytest.mark.parametrize("shuffle", ["rows", "blocks"])
@pytest.mark.parametrize("trial", range(3))
def test_worlds_and_batches_change_on_the_way(numbered, shuffle, trial):
    whole = load(numbered, batch_size=100, shuffle=shuffle)
    expected = ids(whole) + ids(whole)
    choose = random.Random(trial)
    state, seen = None, []
    while len(seen) < len(expected):
        world_size = choose.choice([1, 2, 3, 5, 7, 8, 64])
        options = {
            "global_batch_size": choose.choice([1, 7, 64, 100, 333]),
            "last": choose.choice(["pad", "short"]),
            "threads": choose.choice([0, 1]),
            "prefetch": choose.choice([0, 1, 4]),
            "shuffle": shuffle,
        }
        rows, state = steps(numbered, world_size, options, state, choose.randint(1, 8))
        seen += rows
        # Not beyond two epochs.
        if state["epoch"] >= 2:
            break
    seen = seen[: len(expected)]
    assert seen == expected[: len(seen)] and len(seen) == 2 * N_ROWS


def test_the_global_batches_do_not_depend_on_the_world(numbered):
    def batches(world_size):
        ranks = [
            load(numbered, global_batch_size=60, rank=rank, world_size=world_size) for rank in range(world_size)
        ]
        return [sorted(ids(parts)) for parts in zip(*ranks, strict=True)]

    alone = batches(1)
    assert len(alone) == 17 and all(batches(world_size) == alone for world_size in (2, 3, 5, 64))


def test_a_batch_carries_the_state_behind_it(numbered, order):
    loader = load(numbered, batch_size=30, prefetch=8)
    states = [batch.state for batch in loader]
    for used in (0, 3, 32, 33):
        resumed = load(numbered, batch_size=30)
        resumed.load_state_dict(states[used])
        expected = order[0][30 * (used + 1) :] or order[1]
        assert ids(resumed) == expected
    assert states[-1] == loader.state_dict()
    assert (states[-1]["epoch"], states[-1]["position"]) == (1, 0)
    assert len(json.dumps(states[0], separators=(",", ":"))) < 200


def test_a_state_survives_what_it_is_saved_by(numbered, order):
    loader = load(numbered, batch_size=100)
    next(iter(loader))
    state = loader.state_dict()
    through_numpy = io.BytesIO()
    np.save(through_numpy, np.array(json.dumps(state)))
    through_numpy.seek(0)
    for saved in (
        json.loads(json.dumps(state, indent=4, sort_keys=True)),
        pickle.loads(pickle.dumps(state)),
        copy.deepcopy(state),
        types.MappingProxyType(state),
        json.dumps(state),
        str(np.load(through_numpy)),
    ):
        resumed = load(numbered, batch_size=450, seed=99)
        resumed.load_state_dict(saved)
        resumed.load_state_dict(saved)
        assert resumed.state_dict() == state
        assert ids(resumed) == order[0][100:]


def test_a_state_loads_while_batches_are_read_ahead(numbered, order):
    loader = load(numbered, batch_size=100, threads=2, prefetch=4)
    iterator = iter(loader)
    start = loader.state_dict()
    for _ in range(5):
        assert ids([next(iterator)]) == order[0][:100]
        next(iterator)
        loader.load_state_dict(start)
    assert ids(iterator) == order[0]


def test_a_state_of_another_dataset_is_refused(numbered, tmp_path, fuelrail):
    other = rows_of.write(tmp_path / "other", fuelrail.path, 1001)
    state = load(other, batch_size=10).state_dict()
    loader = load(numbered, batch_size=10)
    with pytest.raises(fr.ChangedError, match="that the state was saved with") as caught:
        loader.load_state_dict(state)
    assert caught.value.hint is not None and isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 2}, "version 1, got version 2"),
        ({"position": 1001}, "within the 1000 rows"),
        ({"position": -1}, '"position" is a whole number'),
        ({"position": "5"}, '"position" is a whole number'),
        ({"epoch": 1 << 32}, '"epoch" is a whole number'),
        ({"shuffle": "blocks"}, 'the shuffle "rows", got "blocks"'),
        ({"dataset": "x"}, '"dataset" is 32'),
        ({"more": 1}, "got other text"),
        ({"seed": b"1"}, "expected the dict"),
    ],
)
def test_what_is_no_state_is_refused(numbered, change, text):
    loader = load(numbered, batch_size=10)
    before = loader.state_dict()
    with pytest.raises(fr.UsageError, match=text):
        loader.load_state_dict({**before, **change})
    for nothing in (None, 3, [], {}, "x"):
        with pytest.raises(fr.UsageError):
            loader.load_state_dict(nothing)
    assert loader.state_dict() == before


def test_what_is_no_state_says_what_it_lacks(numbered):
    loader = load(numbered, batch_size=16)
    state = loader.state_dict()
    cases = [
        ({}, "one without version, epoch, seed", "state_dict() has returned"),
        ({"loader": state, "model": {}}, "one without version, epoch", "load_state_dict(state['loader'])"),
        ({"version": 1, "epoch": 0}, "one without seed, shuffle", "begin without a state"),
        ({"version": 9}, "got version 9", "another version of fuelrail"),
    ]
    for given, text, hint in cases:
        with pytest.raises(fr.UsageError) as raised:
            loader.load_state_dict(given)
        assert text in raised.value.message and hint in raised.value.hint, given
        assert loader.state_dict() == state
