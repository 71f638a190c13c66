"""From a dataset to batches for a training loop."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index as _index
from typing import TYPE_CHECKING, Any, cast

from fuelrail import _native, _world
from fuelrail._checks import dtype_name, text
from fuelrail._dataset import Dataset
from fuelrail._errors import UsageError, UsageIndexError, did_you_mean

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from typing import Literal, SupportsIndex

    from fuelrail.jax import JaxBatches
    from fuelrail.numpy import NumpyBatches
    from fuelrail.torch import TorchBatches

# Seconds that a caller who holds all batches is waited for.
PATIENCE = 5.0

# Seconds that no program lasts; clocks do not count to infinity.
_FOR_EVER = 1e9

Mapping.register(_native.Batch)


class Loader:
    r"""Batches of a dataset: shuffled, shared out among ranks, resumable at any
    batch, read ahead by threads into memory that is used again.

    A loader is a position in an endless sequence of epochs, which the seed
    decides. ``for batch in loader`` gives what is left of the current epoch,
    and the next ``for`` the next epoch; who breaks out and iterates again goes
    on behind the last batch. All iterators of a loader, and its views for
    numpy, torch and jax, share that one position.

    An iterator that is dropped before the end of its epoch ends the threads
    and frees the memory, if no other is left; so does :meth:`close`.

    A batch and the tensors in it lie in memory of the loader, which is used for
    a later batch when all that was made of it without a copy is gone. ``keep``
    says how many batches a caller may hold while reading goes on; who holds
    more, and those that were read ahead too, gets an error that says so.

    Args:
        dataset: The dataset, or its directory.
        batch_size: Rows of a batch of this rank.
        global_batch_size: Rows of a batch of all ranks together; give one of
            the two. With a constant global batch, batches are the same for any
            number of ranks.
        shuffle: ``"rows"``: a permutation of all rows. ``"blocks"``: of runs
            of rows, with a few runs mixed: reads stay local, and the shuffle
            is weaker. ``None``: the order of the dataset.
        seed: What the order is drawn from.
        last: The rows that do not fill the last batch of an epoch: ``"pad"``
            fills it with zeros to the full size and marks them in
            ``batch.valid``, ``"short"`` makes it shorter, ``"drop"`` leaves
            them out, and is the one choice that is not exactly-once.
        rank: Which of the readers this is, from 0. Without it and
            ``world_size`` those of ``torch.distributed`` or ``jax``, if they
            are initialised, else of the environment (``RANK``,
            ``OMPI_COMM_WORLD_RANK``, ``SLURM_PROCID`` and their sizes; the
            last in what ``srun`` starts, and not in a batch script).
        world_size: How many readers share each global batch.
        columns: The columns to read, in this order; all of them without.
        dtypes: The dtype to which columns are changed as they are copied, one
            for all columns or by name. A number that does not fit is an error.
        ragged: How a ragged column comes: ``"flat"``, with a tensor
            ``NAME.cu_seqlens``, or ``"pad"``, with a tensor ``NAME.lengths``.
        max_length: Elements of a row of a padded column, one number for all or
            by name.
        overlong: A longer row is an error (``"raise"``) or loses its end
            (``"truncate"``).
        prefetch: Batches read ahead.
        keep: Batches the caller may hold at a time, the newest included.
        threads: Threads that read ahead; with 0 the caller reads.
        verify: When blocks are compared with their checksums: when they are
            touched for the ``"first"`` time, ``"every"`` time, or ``"off"``.
        on_damage: Damaged rows ``"raise"`` an error, or are left out and
            counted (``"skip"``); they keep their place in the order.
        access: ``"copy"``, or ``"view"``: consecutive rows that need no change
            come as views of a private map of the shard. A file that is
            truncated while such a view is held ends the process.
        patience: Seconds that a caller who holds ``keep`` batches waits for
            one to be given back, before that is an error; ``float("inf")``
            for any time.

    Raises:
        UsageError: If an argument is wrong; the hint says what to do.
        DamageError: If the dataset is not what was written.

    >>> from pathlib import Path
    >>> import fuelrail as fr
    >>> lines = (f'{{"label": {n}}}' for n in range(1000))
    >>> _ = Path("numbers.jsonl").write_text("\n".join(lines) + "\n")
    >>> dataset = fr.Pipeline("numbers.jsonl").shard("shards", progress="never")
    >>> loader = fr.Loader(dataset, batch_size=64, seed=1, rank=0, world_size=1)
    >>> len(loader)
    16
    >>> for batch in loader:
    ...     labels = batch["label"].numpy()
    ...     if batch.index == 3:
    ...         break
    >>> labels.shape, batch.n_valid
    ((64,), 64)
    >>> state = loader.state_dict()
    >>> state["epoch"], state["position"]
    (0, 256)
    >>> sum(batch.n_valid for batch in loader), loader.epoch
    (744, 1)
    >>> loader.load_state_dict(state)
    >>> next(iter(loader)).index
    4

    """

    def __init__(
        self,
        dataset: Dataset | str | os.PathLike[str],
        *,
        batch_size: int | None = None,
        global_batch_size: int | None = None,
        shuffle: Literal["rows", "blocks"] | None = "rows",
        seed: int = 0,
        last: Literal["pad", "short", "drop"] = "pad",
        rank: int | None = None,
        world_size: int | None = None,
        columns: Sequence[str] | None = None,
        dtypes: object | Mapping[str, object] | None = None,
        ragged: Literal["flat", "pad"] = "flat",
        max_length: int | Mapping[str, int] | None = None,
        overlong: Literal["raise", "truncate"] = "raise",
        prefetch: int = 2,
        keep: int = 2,
        threads: int | None = None,
        verify: Literal["first", "every", "off"] = "first",
        on_damage: Literal["raise", "skip"] = "raise",
        access: Literal["copy", "view"] = "copy",
        patience: float = PATIENCE,
    ) -> None:
        dataset = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
        if not dataset.is_whole:
            raise UsageError(
                f"expected a whole dataset, got the {len(dataset)} rows of a slice",
                hint="a loader reads all rows; shard a dataset of those you want",
            )
        rank, world_size = _world.find(_optional("rank", rank), _optional("world_size", world_size))
        self._dataset = dataset
        self._asked: dict[str, Any] = {
            "batch_size": _optional("batch_size", batch_size),
            "global_batch_size": _optional("global_batch_size", global_batch_size),
            "shuffle": _shuffle(shuffle),
            "seed": _count("seed", seed),
            "last": text("last", last),
            "rank": _count("rank", rank, 1 << 32),
            "world_size": _count("world_size", world_size, 1 << 32),
            "columns": _names(dataset, columns),
            "overlong": text("overlong", overlong),
            "prefetch": _count("prefetch", prefetch),
            "keep": _count("keep", keep, least=1),
            "threads": 1 if threads is None else _count("threads", threads),
            "verify": text("verify", verify),
            "on_damage": text("on_damage", on_damage),
            "access": text("access", access),
            "patience": _seconds("patience", patience),
        }
        self._asked["dtypes"] = _dtypes(self._columns(), dtypes)
        self._asked["ragged"] = _ragged(self._columns(), ragged, max_length)
        self._native = _native.Loader(dataset._native, self._asked)

    @property
    def dataset(self) -> Dataset:
        """The dataset it reads."""
        return self._dataset

    @property
    def rank(self) -> int:
        """Which of the readers it is."""
        return cast("int", self._asked["rank"])

    @property
    def world_size(self) -> int:
        """How many readers share each global batch."""
        return cast("int", self._asked["world_size"])

    @property
    def epoch(self) -> int:
        """The epoch of the next batch."""
        return self._native.epoch

    def __len__(self) -> int:
        """Batches of a whole epoch, the same for every rank."""
        return len(self._native)

    @property
    def n_batches_left(self) -> int:
        """Batches of the current epoch that have not been handed out: what a
        bar of progress counts after a resume, where ``len()`` stays."""
        return self._native.n_left()

    def __iter__(self) -> Iterator[_native.Batch]:
        return iter(self._native)

    def __getitem__(self, index: SupportsIndex) -> _native.Batch:
        """Batch ``index`` of the current epoch, counted from its beginning; the
        position stays where it is. It has memory of its own beside the slots."""
        number = _index(index)
        if not -len(self) <= number < len(self):
            raise UsageIndexError(f"expected one of the {len(self)} batches of an epoch, got {number}")
        return self._native.batch_at(number % len(self))

    def set_epoch(self, epoch: int) -> None:
        """Goes to the beginning of an epoch; stays where it is if it stands in
        that epoch. So a loop may call it before each epoch, and still goes on
        where a state has put it."""
        self._native.set_epoch(_count("epoch", epoch, 1 << 32))

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: behind the last batch that it has handed out.

        What trains on batches that were fetched ahead saves ``batch.state`` of
        the batch that it has used last.
        """
        return self._native.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Goes on from a state, whatever the batch size and the number of ranks
        were when it was saved.

        Raises:
            ChangedError: If it was saved with another dataset.
            UsageError: If it is no state, or of another way of shuffling.

        """
        if isinstance(state_dict, Mapping):
            state_dict = _state(state_dict, self.state_dict())
        self._native.load_state_dict(state_dict)

    def stats(self) -> dict[str, Any]:
        """What has been handed out: ``batches``, ``rows``, ``skipped`` rows, and
        the first of these in ``damage``."""
        return self._native.stats()

    def close(self) -> None:
        """Ends the threads, each after the batch that it reads, and frees the
        memory that nobody holds; for this loader, its views and the loader that
        it is a view of. The position stays, and who iterates again opens it
        again."""
        self._native.close()

    def to_numpy(self, *, mask: str | None = "valid") -> NumpyBatches:
        """The same batches as dicts of numpy arrays, without a copy; with
        ``last="pad"`` also which rows are real, by the name ``mask``."""
        from fuelrail.numpy import NumpyBatches

        return NumpyBatches(self, mask=mask)

    def to_torch(
        self,
        *,
        dtypes: object | Mapping[str, object] | None = None,
        device: object | None = None,
        mask: str | None = "valid",
    ) -> TorchBatches:
        """The same batches as dicts of tensors of torch.

        They lie in the loader's memory, without a copy. ``uint16`` and
        ``uint32`` columns come as ``int32`` and ``int64``, since torch does
        little with the others, unless ``dtypes`` says otherwise. With a
        ``device``, batches are copied there. With ``last="pad"`` the name
        ``mask`` says which rows are real.
        """
        from fuelrail.torch import TorchBatches

        return TorchBatches(self, dtypes=dtypes, device=device, mask=mask)

    def to_jax(
        self,
        *,
        dtypes: object | Mapping[str, object] | None = None,
        device: object | None = None,
        mask: str | None = "valid",
    ) -> JaxBatches:
        """The same batches as dicts of arrays of jax, on the ``device``: one of
        jax's, a sharding, or the name of a platform.

        Without it they come where jax computes by default; if that is the
        processor, they lie in the loader's memory, without a copy. Unless jax
        has been told to use 64 bits, columns of 64 bits come in 32, where an
        integer that does not fit is an error.
        """
        from fuelrail.jax import JaxBatches

        return JaxBatches(self, dtypes=dtypes, device=device, mask=mask)

    def __repr__(self) -> str:
        asked = self._asked
        size = "batch_size" if asked["batch_size"] is not None else "global_batch_size"
        return (
            f"<fuelrail.Loader {self._dataset.path!r} {size}={asked[size]} shuffle={asked['shuffle']!r} "
            f"seed={asked['seed']} last={asked['last']!r} rank {self.rank} of {self.world_size}>"
        )

    def __copy__(self) -> Loader:
        raise UsageError(
            "expected each loader to be made by itself, got one copied",
            hint="make another, and give it the state: other.load_state_dict(loader.state_dict())",
        )

    def __deepcopy__(self, memo: object) -> Loader:
        return self.__copy__()

    def __reduce__(self) -> tuple[object, ...]:
        raise UsageError(
            "expected a loader to stay in its process, got it pickled",
            hint="make it in the process that uses it; it reads with threads, so a torch DataLoader "
            "around it wants num_workers=0",
        )

    def _columns(self) -> list[_native._ColumnText]:
        """The columns that it reads."""
        columns = {column[0]: column for column in self._dataset._native.columns}
        names = self._asked["columns"]
        return list(columns.values()) if names is None else [columns[name] for name in names]

    def _derived(self, dtypes: dict[str, str], patience: float | None = None) -> Loader:
        """A loader of other dtypes, and another patience where it is given,
        that shares this one's position."""
        made = object.__new__(type(self))
        made._dataset = self._dataset
        made._asked = {**self._asked, "dtypes": list({**dict(self._asked["dtypes"]), **dtypes}.items())}
        if patience is not None:
            made._asked["patience"] = patience
        made._native = self._native.derived(made._asked)
        return made


def _count(name: str, value: SupportsIndex, limit: int = 1 << 64, least: int = 0) -> int:
    try:
        number = _index(value)
    except TypeError:
        number = -1
    if not least <= number < limit:
        below = limit.bit_length() - 1
        raise UsageError(f"expected {name} to be a whole number from {least}, below 2^{below}, got {value!r}")
    return number


def _optional(name: str, value: SupportsIndex | None) -> int | None:
    return None if value is None else _count(name, value)


def _shuffle(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise UsageError(
            f'expected shuffle to be "rows", "blocks" or None, got {value!r}',
            hint='shuffle="rows"' if value else "shuffle=None",
        )
    return value


def _seconds(name: str, value: float) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if not seconds >= 0:
        raise UsageError(f"expected {name} in seconds, got {value!r}", hint=f'{name}=float("inf") waits for ever')
    return min(seconds, _FOR_EVER)


def _state(given: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A state as a dict, of which no key is missing that a state here has; what
    another version writes, the engine judges."""
    missing = [key for key in own if key not in given]
    if not missing or given.get("version", own["version"]) != own["version"]:
        return dict(given)
    inner = [key for key, value in given.items() if isinstance(value, Mapping) and own.keys() <= value.keys()]
    raise UsageError(
        f"expected the dict of a loader's state_dict(), got one without {', '.join(missing)}",
        hint=f"the state is within it: load_state_dict(state[{inner[0]!r}])"
        if inner
        else "give what state_dict() has returned, or begin without a state",
    )


def _unknown(name: object, known: list[str], what: str) -> UsageError:
    return UsageError(
        f"expected {what} of the columns {', '.join(known)}, got {name!r}",
        hint=did_you_mean(name, known),
    )


def _names(dataset: Dataset, columns: Sequence[str] | None) -> list[str] | None:
    if columns is None:
        return None
    if isinstance(columns, str):
        raise UsageError(f"expected a list of columns, got {columns!r}", hint=f"columns=[{columns!r}]")
    known = dataset.columns
    try:
        names = list(columns)
    except TypeError:
        raise UsageError(
            f"expected columns to be a list of names, got {columns!r}", hint=f"columns=[{known[0]!r}]"
        ) from None
    for name in names:
        if name not in known:
            raise _unknown(name, known, "some")
    if len(set(names)) != len(names) or not names:
        raise UsageError(f"expected each column once, and at least one, got {names}")
    return names


def _by_name(columns: list[_native._ColumnText], option: str, given: object) -> dict[str, Any]:
    """An option of columns by their names; one value is for all of them."""
    known = [column[0] for column in columns]
    if not isinstance(given, Mapping):
        return dict.fromkeys(known, given)
    for name in given:
        if name not in known:
            raise _unknown(name, known, f"{option} for some")
    return dict(given)


def _dtypes(columns: list[_native._ColumnText], dtypes: object) -> list[tuple[str, str]]:
    if dtypes is None:
        return []
    named = _by_name(columns, "dtypes", dtypes)
    return [(name, dtype_name(dtype)) for name, dtype in named.items()]


def _ragged(columns: list[_native._ColumnText], ragged: str, max_length: object) -> list[tuple[str, int]]:
    """The columns that are padded, and to which length."""
    if ragged not in ("flat", "pad"):
        raise UsageError(f'expected ragged to be "flat" or "pad", got {ragged!r}')
    if ragged == "flat":
        if max_length is not None:
            raise UsageError('expected max_length with ragged="pad" only', hint='add ragged="pad"')
        return []
    names = [column[0] for column in columns if column[2] == "ragged"]
    lengths = {} if max_length is None else _by_name(columns, "max_length", max_length)
    if missing := [name for name in names if name not in lengths]:
        raise UsageError(
            f"expected max_length for the ragged columns {', '.join(missing)}, got none",
            hint="give one number for all, or a dict by column",
        )
    return [(name, _count("max_length", lengths[name])) for name in names]
