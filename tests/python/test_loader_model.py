"""A loader beside a model of it in plain Python: whatever is done to it, in
whatever order, by however many ranks, the rows are the model's."""

import pickle
import random

import numbered as rows_of
import pytest
from read_order import rows_order

import fuelrail as fr

SEED = 5


class Model:
    """What a loader is, without its bytes: a position in a sequence of epochs,
    and what may move it."""

    def __init__(self, n_rows, shuffle, restart):
        self.n_rows, self.shuffle, self.restart = n_rows, shuffle, restart
        self.epoch = self.position = 0
        self.loaded = None
        self.orders = {}

    def order(self):
        if self.epoch not in self.orders:
            rows = rows_order(self.n_rows, SEED, self.epoch) if self.shuffle else list(range(self.n_rows))
            self.orders[self.epoch] = rows
        return self.orders[self.epoch]

    def go(self, epoch):
        self.epoch, self.position = epoch, 0

    def end(self):
        self.go(self.epoch if self.restart else self.epoch + 1)

    def load(self, epoch, position):
        self.epoch, self.position, self.loaded = epoch, position, "unused"

    def reset(self, epoch=None):
        self.loaded = None
        self.go(self.epoch if epoch is None else epoch)

    def set_epoch(self, epoch):
        if self.restart or self.loaded == "unused" or epoch == self.epoch:
            return
        if self.loaded is None or epoch > self.epoch:
            self.go(epoch)

    def take(self, n, global_batch, last):
        """The global batches of a loop that is left after `n` of them."""
        if self.restart and self.loaded != "unused":
            self.position = 0
        batches = []
        while len(batches) < n:
            left = self.n_rows - self.position
            if left == 0 or (last == "drop" and left < global_batch):
                self.end()
                break
            batches.append(self.order()[self.position : self.position + global_batch])
            self.position += len(batches[-1])
            self.loaded = self.loaded and "used"
            left = self.n_rows - self.position
            if left == 0 or (last == "drop" and left < global_batch):
                self.end()
                break
        return batches


class Ranks:
    """The loaders of a world, which do the same things at the same time."""

    def __init__(self, path, choose, model):
        self.world = choose.choice([1, 2, 3, 7])
        self.last = choose.choice(["pad", "short", "drop"])
        most = model.n_rows if self.last == "drop" else model.n_rows * 3
        self.batch = choose.choice([1, min(3, most), choose.randint(1, most), max(1, model.n_rows // 3)])
        self.loaders = [
            fr.Loader(
                path,
                global_batch_size=self.batch,
                seed=SEED,
                shuffle="rows" if model.shuffle else None,
                last=self.last,
                restart=model.restart,
                rank=rank,
                world_size=self.world,
                threads=choose.choice([0, 1]),
                prefetch=choose.choice([0, 1, 3]),
                columns=["id"],
            )
            for rank in range(self.world)
        ]
        # A view is at its loader's position, and reads as it does.
        self.views = [loader.to_numpy() for loader in self.loaders]

    def take(self, n):
        """The rows of each global batch of a loop that is left after `n`."""
        iterators = [iter(loader) for loader in self.loaders]
        batches = []
        for _ in range(n):
            parts = [next(iterator, None) for iterator in iterators]
            if parts[0] is None:
                assert parts == [None] * self.world
                break
            sizes = {len(part["id"]) for part in parts}
            if self.last == "pad":
                assert sizes == {-(-self.batch // self.world)}, "shapes are static"
            assert all(part.state == parts[0].state for part in parts)
            for part in parts:
                assert part["id"].numpy()[part.valid].tolist() == part.rows[part.valid].tolist()
            batches.append([int(row) for part in parts for row in part.rows[part.valid]])
        return batches

    def do(self, what, *arguments):
        for loader, view in zip(self.loaders, self.views, strict=True):
            getattr(random.choice([loader, view]), what)(*arguments)

    def state(self):
        states = [loader.state_dict() for loader in self.loaders] + [view.state_dict() for view in self.views]
        assert all(state == states[0] for state in states)
        return states[0]

    def travel(self):
        """To another process, as far as a loader can tell."""
        self.loaders = [pickle.loads(pickle.dumps(loader)) for loader in self.loaders]
        self.views = [loader.to_numpy() for loader in self.loaders]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory, fuelrail):
    """Datasets of few rows, by their numbers."""
    folder = tmp_path_factory.mktemp("few")
    return {n: rows_of.write(folder / str(n), fuelrail.path, n, shard_size="32KiB") for n in (1, 10, 97)}


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("trial", range(40))
def test_a_loader_does_what_its_model_does(datasets, trial, restart):
    random.seed(trial)
    choose = random.Random(trial * 2 + restart)
    n_rows = choose.choice(list(datasets))
    path = datasets[n_rows]
    model = Model(n_rows, choose.choice([True, False]), restart)
    ranks = Ranks(path, choose, model)
    saved = [ranks.state()]
    said = [f"{n_rows} rows, {ranks.world} ranks, {ranks.batch} {ranks.last}"]
    for _ in range(30):
        step = choose.choice(["take", "take", "take", "all", "save", "load", "set_epoch", "reset", "world", "travel"])
        said.append(step)
        if step in ("take", "all"):
            n = choose.randint(1, 4) if step == "take" else n_rows + 1
            assert ranks.take(n) == model.take(n, ranks.batch, ranks.last), said
        elif step == "save":
            saved.append(ranks.state())
        elif step == "load":
            state = choose.choice(saved)
            ranks.do("load_state_dict", state)
            model.load(state["epoch"], state["position"])
        elif step == "set_epoch":
            epoch = choose.choice([0, 1, model.epoch, model.epoch + 1, model.epoch + 3])
            ranks.do("set_epoch", epoch)
            model.set_epoch(epoch)
        elif step == "reset":
            arguments = choose.choice([(), (0,), (2,)])
            ranks.do("reset", *arguments)
            model.reset(*arguments)
        elif step == "world":
            # A run that begins again, as another number of processes.
            state = ranks.state()
            ranks = Ranks(path, choose, model)
            ranks.do("load_state_dict", state)
            model.load(state["epoch"], state["position"])
            said.append(f"{ranks.world} ranks, {ranks.batch} {ranks.last}")
        else:
            state = ranks.state()
            ranks.travel()
            model.load(state["epoch"], state["position"])
        state = ranks.state()
        assert (state["epoch"], state["position"]) == (model.epoch, model.position), said


@pytest.mark.parametrize("world", [1, 2, 3, 16])
@pytest.mark.parametrize("n_rows", [1, 10, 97])
@pytest.mark.parametrize("last", ["pad", "short"])
def test_a_batch_of_more_rows_than_there_are_has_them_all(datasets, n_rows, world, last):
    ranks = [
        fr.Loader(datasets[n_rows], batch_size=64, last=last, seed=2, rank=rank, world_size=world)
        for rank in range(world)
    ]
    batches = [list(loader) for loader in ranks]
    assert {len(part) for part in batches} == {-(-n_rows // (64 * world))} == {len(loader) for loader in ranks}
    rows = [int(row) for part in batches for batch in part for row in batch.rows[batch.valid]]
    assert sorted(rows) == list(range(n_rows))
    if last == "pad":
        assert {batch["id"].shape for part in batches for batch in part} == {(64,)}


def test_drop_says_that_it_would_leave_out_all(datasets):
    with pytest.raises(fr.UsageError, match="no batch would come") as caught:
        fr.Loader(datasets[10], batch_size=64, last="drop")
    assert 'last = "pad"' in caught.value.hint
