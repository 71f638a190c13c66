"""From a dataset to batches for a training loop."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index as _index
from typing import TYPE_CHECKING, Any

from fuelrail import _native, _options, _world
from fuelrail._around import by_index
from fuelrail._calls import told
from fuelrail._checks import text
from fuelrail._dataset import Dataset
from fuelrail._errors import UsageError, UsageIndexError
from fuelrail._mix import Mixture
from fuelrail._passes import Passes

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from typing import Literal, SupportsIndex

    from fuelrail._shared_out import Pass
    from fuelrail.jax import JaxBatches
    from fuelrail.numpy import NumpyBatches
    from fuelrail.torch import TorchBatches

# Seconds that a caller who holds all batches is waited for.
PATIENCE = 5.0

Mapping.register(_native.Batch)


@told
class Loader:
    r"""Batches of a dataset: shuffled, shared out among ranks, resumable at any
    batch, read ahead by threads into memory that is used again.

    A loader is a position in an endless sequence of epochs, which the seed
    decides. ``for batch in loader`` gives what is left of the current epoch,
    and the next ``for`` the next epoch; who breaks out and iterates again goes
    on behind the last batch. With ``restart=True``, for validation, each ``for``
    begins at the first row of the same epoch instead. All iterators of a loader,
    and its views for numpy, torch and jax, share that one position.

    An iterator that is dropped before the end of its epoch ends the threads
    and frees the memory, if no other is left; so does :meth:`close`.

    A batch and the tensors in it lie in memory of the loader, which is used for
    a later batch when all that was made of it without a copy is gone. ``keep``
    says how many batches a caller may hold while reading goes on; who holds
    more, and those that were read ahead too, gets an error that says so.

    Args:
        dataset: The dataset, or its directory, or what :func:`mix` has made of
            several.
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
            them out, and is the one choice that is not exactly-once: an
            error if that is the whole dataset.
        restart: Whether each pass begins at the first row of the same epoch,
            wherever the last one was left, as a validation wants it.
        rank: Which of the readers this is, from 0. Without it and
            ``world_size`` those of ``torch.distributed`` or ``jax``, if they
            are initialised, else of the environment (``RANK``,
            ``OMPI_COMM_WORLD_RANK``, ``SLURM_PROCID`` and their sizes; the
            last in what ``srun`` starts, and not in a batch script). They are
            asked for in the process that reads, when a pass begins.
        world_size: How many readers share each global batch.
        columns: The columns to read, in this order; all of them without.
        dtypes: The dtype to which columns are changed as they are copied, one
            for all columns or by name. A number that does not fit is an error.
        steps: What is done to the rows of each batch, in order: what the
            functions of :mod:`fuelrail.steps` return. What is drawn for a row
            depends on the seed, the epoch, the row and the step, and on nothing
            else: not on batches, ranks, threads or restarts.
        device: Where the steps run: ``"cpu"``, in the threads that read ahead, or
            ``"cuda"``, ``"wgpu"`` or ``"auto"``. The bits are the same. A device
            that fails is left for the CPU, with a ``RuntimeWarning``.
        results: Where the rows lie that steps have changed: ``"device"``, in memory
            of the device where others can use that, which is so with CUDA, else as
            with ``"host"``: downloaded into the batch.
        ragged: How a ragged column comes: ``"flat"``, with a tensor
            ``NAME.cu_seqlens``, or ``"pad"``, with a tensor ``NAME.lengths``. Image
            files that steps decode are neither.
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
        max_damage: The share of the rows of an epoch that may be skipped; more
            is an error. Without it 1 %, or what has 1 MiB if that is more, up
            to half of the rows.
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
        dataset: Dataset | Mixture | str | os.PathLike[str],
        *,
        batch_size: int | None = None,
        global_batch_size: int | None = None,
        shuffle: Literal["rows", "blocks"] | None = "rows",
        seed: int = 0,
        last: Literal["pad", "short", "drop"] = "pad",
        restart: bool = False,
        rank: int | None = None,
        world_size: int | None = None,
        columns: Sequence[str] | None = None,
        dtypes: object | Mapping[str, object] | None = None,
        steps: Sequence[Mapping[str, object]] = (),
        device: str = "cpu",
        results: Literal["device", "host"] = "device",
        ragged: Literal["flat", "pad"] = "flat",
        max_length: int | Mapping[str, int] | None = None,
        overlong: Literal["raise", "truncate"] = "raise",
        prefetch: int = 2,
        keep: int = 2,
        threads: int | None = None,
        verify: Literal["first", "every", "off"] = "first",
        on_damage: Literal["raise", "skip"] = "raise",
        max_damage: float | None = None,
        access: Literal["copy", "view"] = "copy",
        patience: float = PATIENCE,
    ) -> None:
        dataset = dataset if isinstance(dataset, (Dataset, Mixture)) else Dataset(dataset)
        if isinstance(dataset, Dataset) and not dataset.is_whole:
            raise UsageError(
                f"expected a whole dataset, got the {len(dataset)} rows of a slice",
                hint="a loader reads all rows; shard a dataset of those you want",
            )
        rank, world_size = _options.optional("rank", rank), _options.optional("world_size", world_size)
        self._given = None if rank is None and world_size is None else _world.find(rank, world_size)
        self._dataset = dataset
        self._asked: dict[str, Any] = {
            "batch_size": _options.optional("batch_size", batch_size),
            "global_batch_size": _options.optional("global_batch_size", global_batch_size),
            "shuffle": _options.shuffle(shuffle),
            "seed": _options.count("seed", seed),
            "last": text("last", last),
            "restart": bool(restart),
            "columns": _options.names(dataset, columns),
            "overlong": text("overlong", overlong),
            "prefetch": _options.count("prefetch", prefetch),
            "keep": _options.count("keep", keep, least=1),
            "threads": 1 if threads is None else _options.count("threads", threads),
            "verify": text("verify", verify),
            "on_damage": text("on_damage", on_damage),
            "max_damage": _options.share("max_damage", max_damage),
            "access": text("access", access),
            "patience": _options.seconds("patience", patience),
        }
        # They are looked at twice.
        given = _options.listed(steps)
        self._asked["steps"], self._asked["device"] = _options.steps(given), text("device", device)
        self._changed = _options.changed(given)
        self._asked["results"] = text("results", results)
        self._asked["dtypes"] = _options.dtypes(self._columns(), dtypes)
        self._asked["ragged"] = _options.ragged(self._columns(), ragged, max_length, self._changed.decoded)
        self._checked()
        self._family: dict[str, _native.Loader] = {}
        # What reads a view for others, ahead of them: as shared as the position.
        self._ahead: dict[str, Pass] = {}
        self._passes = Passes()
        self._made: tuple[tuple[int, int], _native.Loader] | None = None

    @property
    def dataset(self) -> Dataset | Mixture:
        """The dataset it reads, or the mixture of several."""
        return self._dataset

    @property
    def rank(self) -> int:
        """Which of the readers it is, in this process as it is now."""
        return self._world()[0]

    @property
    def world_size(self) -> int:
        """How many readers share each global batch, as it is now."""
        return self._world()[1]

    @property
    def epoch(self) -> int:
        """The epoch of the next batch."""
        return self._any().epoch

    def __len__(self) -> int:
        """Batches of a whole epoch, the same for every rank."""
        return len(self._here())

    @property
    def n_batches_left(self) -> int:
        """Batches of the current epoch that have not been handed out: what a
        bar of progress counts after a resume, where ``len()`` stays."""
        return self._here().n_left()

    def __iter__(self) -> Iterator[_native.Batch]:
        for ahead in self._ahead.values():
            ahead.settle(self)
        return self._batches()

    def __getitem__(self, index: SupportsIndex) -> _native.Batch:
        """Batch ``index`` of the current epoch, counted from its beginning; the
        position stays where it is. It has memory of its own beside the slots."""
        by_index(self)
        number = _index(index)
        if not -len(self) <= number < len(self):
            raise UsageIndexError(f"expected one of the {len(self)} batches of an epoch, got {number}")
        return self._here().batch_at(number % len(self))

    def set_epoch(self, epoch: int) -> None:
        """Goes to the beginning of an epoch; stays where it is if it stands in
        that epoch. So a loop may call it before each epoch, and still goes on
        where a state has put it.

        It never goes back behind a state that was loaded: until a batch of it
        has been had, nothing moves, and then only forward. Wrappers that count
        their passes from 0 again, as Accelerate does, cannot rewind a run. With
        ``restart=True`` it does nothing. :meth:`reset` goes anywhere.
        """
        self._any().set_epoch(_options.count("epoch", epoch, (1 << 32) - 1))

    def reset(self, epoch: int | None = None) -> None:
        r"""Goes back to the first row of the current epoch, or to that of another,
        whatever has been read or loaded.

        >>> from pathlib import Path
        >>> import fuelrail as fr
        >>> _ = Path("numbers.jsonl").write_text("".join(f'{{"label": {n}}}\n' for n in range(1000)))
        >>> dataset = fr.Pipeline("numbers.jsonl").shard("shards", progress="never")
        >>> loader = fr.Loader(dataset, batch_size=64, shuffle=None, rank=0, world_size=1)
        >>> [next(iter(loader)).index for _ in range(2)]
        [0, 1]
        >>> loader.reset()
        >>> next(iter(loader)).index
        0
        """
        self._any().reset(None if epoch is None else _options.count("epoch", epoch, (1 << 32) - 1))

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: behind the last batch that it has handed out.

        What trains on batches that were fetched ahead saves ``batch.state`` of
        the batch that it has used last. Within a loop over what Accelerate has
        prepared, which reads ahead, it is the state behind the batch that the
        loop has.
        """
        state = self._any().state_dict()
        for ahead in self._ahead.values():
            state = ahead.behind(state)
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Goes on from a state, whatever the batch size and the number of ranks
        were when it was saved. With ``restart=True`` the next pass does, and
        those after it begin at the first row of that epoch.

        Raises:
            ChangedError: If it was saved with another dataset.
            UsageError: If it is no state, or of another way of shuffling.

        """
        if isinstance(state_dict, Mapping):
            state_dict = _options.state(state_dict, self.state_dict())
        self._any().load_state_dict(state_dict)

    def stats(self) -> dict[str, Any]:
        """What has been handed out: ``batches``, ``rows``, ``skipped`` rows, and
        the first of these in ``damage``. ``too_large_for_device`` counts rows that
        the CPU changed because they are too much for the device of the steps, and
        ``device_lost`` says why it changes all of them, if the device has failed. Of
        a mixture, ``datasets`` has for each dataset its ``rows`` that have been had up
        to here, by all ranks, and its own ``epoch`` and ``position``."""
        return self._any().stats()

    def close(self) -> None:
        """Ends the threads, each after the batch that it reads, and frees the
        memory that nobody holds; for this loader, its views and the loader that
        it is a view of. The position stays, and who iterates again opens it
        again."""
        if self._family:
            self._any().close()

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
        world = self._given or (self._made and self._made[0])
        steps = "" if not asked["steps"] else f" steps on {asked['device']}"
        whole = repr(self._dataset.path) if isinstance(self._dataset, Dataset) else repr(self._dataset)
        whose = "" if world is None else f" rank {world[0]} of {world[1]}"
        return (
            f"<fuelrail.Loader {whole} {size}={asked[size]} shuffle={asked['shuffle']!r} "
            f"seed={asked['seed']} last={asked['last']!r}{whose}{steps}>"
        )

    def explain(self, row: SupportsIndex | None = None, *, epoch: SupportsIndex = 0) -> str:
        """What its steps do to each column: the kernels, and where they run.
        With a row of the dataset, what is drawn for it in an epoch too."""
        number = _options.optional("row", row)
        done = self._any().explain(number, _options.count("epoch", epoch, 1 << 32))
        return done or "no steps: rows as they are stored"

    def __copy__(self) -> Loader:
        raise UsageError(
            "expected each loader to be made by itself, got one copied",
            hint="make another, and give it the state: other.load_state_dict(loader.state_dict())",
        )

    def __deepcopy__(self, memo: object) -> Loader:
        return self.__copy__()

    def __reduce__(self) -> tuple[object, ...]:
        # It reads on its own from here, at the same position; its rank, if that
        # is not given, is that of the process in which it is read again.
        state = self.state_dict() if self._family else None
        return _again, (type(self), self._dataset, self._asked, self._changed, self._given, state)

    def _checked(self) -> None:
        """Says what is wrong with the options. Which rank this is, is asked when
        it reads."""
        _native.Loader(self._dataset._native, _of(self._asked, self._given or (0, 1)))

    def _uses_device(self) -> bool:
        """Whether its steps may run elsewhere than on the CPU, and stay there."""
        asked = self._asked
        return bool(asked["steps"]) and not asked["device"].startswith("cpu") and asked["results"] == "device"

    def _world(self) -> tuple[int, int]:
        """Rank and world size, as they are now."""
        return self._given or _world.find()

    def _here(self) -> _native.Loader:
        """What reads for the rank that this process is now."""
        world = self._world()
        if self._made is None or self._made[0] != world:
            self._made = (world, self._new(world))
        return self._made[1]

    def _batches(self) -> Iterator[_native.Batch]:
        """What is left of the current epoch, or a pass over all of it."""
        here = self._here()
        return self._passes.begin(here) if self._asked["restart"] else iter(here)

    def _any(self) -> _native.Loader:
        """What knows the position, which is the same for every rank."""
        if self._made is not None:
            return self._made[1]
        return self._family.get("first") or self._new(self._given or (0, 1))

    def _new(self, world: tuple[int, int]) -> _native.Loader:
        """What reads for a rank, at the position that the family shares. There
        is none before one of the family is used, so that another process can be
        forked or started until then."""
        asked = _of(self._asked, world)
        first = self._family.get("first")
        if first is None:
            made = _native.Loader(self._dataset._native, asked)
            # Another thread may have been quicker; no lock that a fork could
            # leave behind is needed to find out.
            first = self._family.setdefault("first", made)
            if first is made:
                return made
        return first.derived(asked)

    def _columns(self) -> list[_native._ColumnText]:
        """The columns that it reads."""
        columns = {column[0]: column for column in _first(self._dataset)._native.columns}
        names = self._asked["columns"]
        return list(columns.values()) if names is None else [columns[name] for name in names]

    def _derived(self, *, world: tuple[int, int] | None = None, **changes: object) -> Loader:
        """A loader of which some options are others, and that shares this one's
        position."""
        made = object.__new__(type(self))
        made._dataset, made._changed = self._dataset, self._changed
        made._asked = {**self._asked, **changes}
        made._given = world or self._given
        made._family, made._ahead, made._passes = self._family, self._ahead, self._passes
        made._made = None
        return made


def _first(dataset: Dataset | Mixture) -> Dataset:
    """The dataset whose columns all have that are read."""
    return dataset if isinstance(dataset, Dataset) else dataset.datasets[0]


def _of(asked: dict[str, Any], world: tuple[int, int]) -> dict[str, Any]:
    """The options of one rank."""
    return {**asked, "rank": world[0], "world_size": world[1]}


def _again(
    of: type[Loader],
    dataset: Dataset | Mixture,
    asked: dict[str, Any],
    changed: _options.Changed,
    given: tuple[int, int] | None,
    state: dict[str, Any] | None,
) -> Loader:
    """A loader that has been pickled."""
    made = object.__new__(of)
    made._dataset, made._asked, made._changed, made._given = dataset, asked, changed, given
    made._family, made._ahead, made._passes, made._made = {}, {}, Passes(), None
    if state is not None:
        made.load_state_dict(state)
    return made
