"""Each peer's way from its files to shuffled batches of 64 rows.

A peer is a class: `format` is what it reads, `batch` what it hands out, and
`epoch(number)` an iterator of one epoch's batches, each a numpy array of
[64, …] (the last may be shorter) that is good until the next one. Peers that
can fill memory of ours fill one staging array; the others hand out the batch
that they make themselves, without another copy.

Whatever a peer needs is imported when it is made: each runs in a process of
its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from loaders_data import COLUMN, Kind

BATCH = 64
SEED = 0

Batches = Iterator[np.ndarray]


class Peer:
    """What every peer has."""

    format: str
    batch = "staging array"

    def __init__(self, kind: Kind, path: Path, threads: int) -> None:
        self.kind, self.path, self.threads = kind, path, threads
        self.staging = np.zeros((BATCH, *kind.shape), kind.dtype)
        self.open()

    def open(self) -> None:
        """Opens the files."""

    def epoch(self, number: int) -> Batches:
        """The batches of an epoch."""
        raise NotImplementedError

    def staged(self, rows: Iterator[np.ndarray]) -> Batches:
        """Copies rows that come one by one into the staging array."""
        at = 0
        for row in rows:
            self.staging[at] = row
            at += 1
            if at == BATCH:
                yield self.staging
                at = 0
        if at:
            yield self.staging[:at]


class Numpy(Peer):
    """`np.take(out=)` from a memory map."""

    format = "npy"

    def open(self) -> None:
        self.rows = np.load(self.path, mmap_mode="r")

    def epoch(self, number: int) -> Batches:
        order = np.random.default_rng((SEED, number)).permutation(self.kind.n_rows)
        for first in range(0, self.kind.n_rows, BATCH):
            index = order[first : first + BATCH]
            out = self.staging[: len(index)]
            # Without a mode other than "raise" numpy fills a buffer first.
            np.take(self.rows, index, axis=0, out=out, mode="clip")
            yield out


class NumpyThreads(Numpy):
    """The same, each half of a batch by a thread of its own."""

    def epoch(self, number: int) -> Batches:
        from concurrent.futures import ThreadPoolExecutor

        order = np.random.default_rng((SEED, number)).permutation(self.kind.n_rows)
        with ThreadPoolExecutor(1) as pool:
            for first in range(0, self.kind.n_rows, BATCH):
                index = order[first : first + BATCH]
                out, half = self.staging[: len(index)], len(index) // 2
                take = {"axis": 0, "mode": "clip"}
                other = pool.submit(np.take, self.rows, index[half:], out=out[half:], **take)
                np.take(self.rows, index[:half], out=out[:half], **take)
                other.result()
                yield out


class Fuelrail(Peer):
    """`fuelrail.Loader`; `threads` besides the caller."""

    format = "fuelrail"
    batch = "ring slot"
    options: dict[str, str | None] = {}

    def open(self) -> None:
        import fuelrail

        options = {"shuffle": "rows", "verify": "off", **self.options}
        self.loader = fuelrail.Loader(
            self.path, batch_size=BATCH, seed=SEED, last="short", threads=self.threads - 1, rank=0, world_size=1, **options
        )

    def epoch(self, number: int) -> Batches:
        for batch in self.loader:
            yield np.from_dlpack(batch[COLUMN])


class FuelrailVerified(Fuelrail):
    """The same, every block compared with its checksum at first touch."""

    options = {"verify": "first"}


class TorchRows:
    """A map-style dataset over a memory map, as scripts write it."""

    def __init__(self, path: Path) -> None:
        self.rows = np.load(path, mmap_mode="r")

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int):
        import torch

        return torch.from_numpy(self.rows[row])


class TorchBatches(TorchRows):
    """The same, taking the indices of a whole batch."""

    def __getitem__(self, rows: list[int]):
        import torch

        return torch.from_numpy(np.take(self.rows, rows, axis=0))


class Torch(Peer):
    """`DataLoader(shuffle=True)`, its default collation; workers where there
    is more than one thread."""

    format = "npy"
    batch = "new tensor"

    def open(self) -> None:
        import warnings

        import torch
        from torch.utils.data import DataLoader

        # The map is read-only, and nobody writes to it.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        torch.set_num_threads(1)
        workers = self.threads if self.threads > 1 else 0
        self.loader = DataLoader(
            num_workers=workers,
            persistent_workers=workers > 0,
            generator=torch.Generator().manual_seed(SEED),
            **self.source(),
        )

    def source(self) -> dict[str, object]:
        """The dataset and how it is sampled."""
        return {"dataset": TorchRows(self.path), "batch_size": BATCH, "shuffle": True}

    def epoch(self, number: int) -> Batches:
        for batch in self.loader:
            yield batch.numpy()


class TorchBatched(Torch):
    """`DataLoader` with a sampler of batches, each taken by numpy at once."""

    def source(self) -> dict[str, object]:
        from torch.utils.data import BatchSampler, RandomSampler

        dataset = TorchBatches(self.path)
        sampler = BatchSampler(RandomSampler(range(len(dataset))), BATCH, drop_last=False)
        return {"dataset": dataset, "sampler": sampler, "batch_size": None}


class Litdata(Peer):
    """`StreamingDataset` and `StreamingDataLoader`; tokens by `TokensLoader`."""

    format = "litdata"
    batch = "new tensor"

    def open(self) -> None:
        import torch
        from litdata import StreamingDataLoader, StreamingDataset, TokensLoader

        torch.set_num_threads(1)
        loader = TokensLoader(self.kind.shape[0]) if self.kind.name == "tokens" else None
        dataset = StreamingDataset(str(self.path), item_loader=loader, shuffle=True, seed=SEED, drop_last=False)
        workers = self.threads if self.threads > 1 else 0
        self.loader = StreamingDataLoader(dataset, batch_size=BATCH, num_workers=workers)

    def epoch(self, number: int) -> Batches:
        for batch in self.loader:
            yield np.asarray(batch)


class Grain(Peer):
    """`MapDataset` over ArrayRecord: shuffle, decode, batch."""

    format = "arrayrecord"
    batch = "new array"

    def open(self) -> None:
        import grain

        self.grain = grain
        self.source = grain.sources.ArrayRecordDataSource(sorted(map(str, self.path.glob("*.array_record"))))

    def decode(self, record: bytes) -> np.ndarray:
        """A record as a row."""
        return np.frombuffer(record, self.kind.dtype).reshape(self.kind.shape)

    def epoch(self, number: int) -> Batches:
        rows = self.grain.MapDataset.source(self.source).shuffle(seed=number).map(self.decode)
        threads = self.threads if self.threads > 1 else 0
        options = self.grain.ReadOptions(num_threads=threads, prefetch_buffer_size=4 * threads)
        yield from rows.batch(BATCH).to_iter_dataset(options)


class Mds(Peer):
    """`StreamingDataset`, its rows copied into the staging array; by torch's
    workers where there is more than one thread."""

    format = "mds"

    def open(self) -> None:
        from streaming import StreamingDataset

        self.dataset = StreamingDataset(local=str(self.path), shuffle=True, shuffle_seed=SEED, batch_size=BATCH)
        if self.threads > 1:
            import torch
            from torch.utils.data import DataLoader

            torch.set_num_threads(1)
            self.batch = "new tensor"
            self.loader = DataLoader(self.dataset, BATCH, num_workers=self.threads, persistent_workers=True)

    def epoch(self, number: int) -> Batches:
        if self.threads == 1:
            yield from self.staged(row[COLUMN] for row in self.dataset)
            return
        for batch in self.loader:
            yield batch[COLUMN].numpy()


class Hf(Peer):
    """`Dataset.shuffle`, batches as Arrow tables, copied into the staging
    array."""

    format = "hf"

    def open(self) -> None:
        import datasets

        datasets.disable_progress_bars()
        self.dataset = datasets.load_from_disk(str(self.path))

    def epoch(self, number: int) -> Batches:
        shuffled = self.dataset.shuffle(seed=number, keep_in_memory=True).with_format("arrow")
        for table in shuffled.iter(BATCH):
            at = 0
            for chunk in table.column(0).chunks:
                rows = chunk.flatten().to_numpy(zero_copy_only=True).reshape(-1, *self.kind.shape)
                self.staging[at : at + len(rows)] = rows
                at += len(rows)
            yield self.staging[:at]


class Webdataset(Peer):
    """Tar files in random order, through a shuffling buffer of 1,000 rows."""

    format = "webdataset"

    def open(self) -> None:
        import webdataset

        shards = sorted(map(str, self.path.glob("*.tar")))
        self.dataset = webdataset.WebDataset(shards, shardshuffle=len(shards), seed=SEED, detshuffle=True).shuffle(1000)

    def epoch(self, number: int) -> Batches:
        def decoded() -> Iterator[np.ndarray]:
            for sample in self.dataset:
                yield np.frombuffer(sample[f"{COLUMN}.bin"], self.kind.dtype).reshape(self.kind.shape)

        yield from self.staged(decoded())


class NumpyCopy(Numpy):
    """Rows in order, copied from the map; nobody reads the copy."""

    def epoch(self, number: int) -> Batches:
        for first in range(0, self.kind.n_rows, BATCH):
            rows = self.rows[first : first + BATCH]
            out = self.staging[: len(rows)]
            np.copyto(out, rows)
            yield out


class FuelrailView(Fuelrail):
    """Rows in order as views of the map; nobody reads them."""

    batch = "view"
    options = {"shuffle": None, "access": "view"}


class FuelrailViewRead(FuelrailView):
    """The same, every byte read."""

    batch = "view, read"

    def epoch(self, number: int) -> Batches:
        for rows in super().epoch(number):
            read(rows)
            yield rows


class NumpyView(Numpy):
    """Slices of the map in order, every byte read."""

    batch = "view, read"

    def epoch(self, number: int) -> Batches:
        for first in range(0, self.kind.n_rows, BATCH):
            rows = self.rows[first : first + BATCH]
            read(rows)
            yield rows


class NumpyCopyRead(NumpyCopy):
    """Rows in order, copied from the map, every byte of the copy read."""

    batch = "staging array, read"

    def epoch(self, number: int) -> Batches:
        for rows in super().epoch(number):
            read(rows)
            yield rows


def read(rows: np.ndarray) -> int:
    """Reads every byte, as fast as numpy can."""
    return int(rows.reshape(-1).view(np.uint64).max())


VIEWS: dict[str, type[Peer]] = {
    "fuelrail-view": FuelrailView,
    "numpy-copy": NumpyCopy,
    "fuelrail-view-read": FuelrailViewRead,
    "numpy-view-read": NumpyView,
    "numpy-copy-read": NumpyCopyRead,
}

PEERS: dict[str, type[Peer]] = {
    "fuelrail": Fuelrail,
    "fuelrail-verified": FuelrailVerified,
    "numpy": Numpy,
    "numpy-threads": NumpyThreads,
    "torch": Torch,
    "torch-batched": TorchBatched,
    "hf": Hf,
    "litdata": Litdata,
    "webdataset": Webdataset,
    "grain": Grain,
    "mds": Mds,
    **VIEWS,
}

# What each runs with; numpy's own `take` knows one thread, and some peers have
# nothing to gain from two.
THREADS: dict[str, tuple[int, ...]] = {
    "numpy": (1,),
    "numpy-threads": (2,),
    "hf": (1,),
    "webdataset": (1,),
    **dict.fromkeys(VIEWS, (1,)),
}
