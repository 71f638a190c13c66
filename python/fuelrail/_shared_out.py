"""A view in the hands of Accelerate, which shares out among its processes what a
dataset gives, and reads one batch ahead.

A loader shares rows out by itself, and both together would give each process a
part of its part. So here a view gives what makes Accelerate's sharing come to
the same rows as the loader's own:

- where process 0 reads for all (``DataLoaderDispatcher``, its default), it is a
  reader alone, and each global batch comes as one item for each process, all of
  one size, or as one item with ``split_batches``;
- where each process reads all items and keeps every n-th
  (``IterableDatasetShard``, ``dispatch_batches=False``), it gets its own batch
  n times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch

from fuelrail import _around
from fuelrail._errors import UsageError
from fuelrail._passes import WholePass
from fuelrail._view import ragged_flat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuelrail._loader import Loader
    from fuelrail.torch import TorchBatch, TorchBatches

_ALONE = (0, 1)
# Batches that Accelerate holds at a time beside what the loop has: those read
# ahead, and the first of each pass.
_HELD = 4

_WHOLE = "DataLoader(view, batch_size=1, collate_fn=fuelrail.torch.whole_batch)"
_UNPREPARED = (
    "or do not prepare the DataLoader: a loader finds its rank by itself, and for batch in loader.to_torch() needs no "
    "more"
)


class Reading(NamedTuple):
    """How a view is read in one process of Accelerate's."""

    loader: Loader
    n_parts: int
    """Items that a global batch is cut into."""
    n_times: int
    """How often each item comes."""
    n_rows: int | None
    """Rows of an item, if it is cut."""

    @classmethod
    def of(cls, view: TorchBatches, around: _around.Around) -> Reading:
        """How ``around`` reads a view.

        Raises:
            UsageError: If it would lose or change rows.

        """
        loader, asked = view._loader, view._loader._asked
        room = asked["keep"] + _HELD
        if around.shard is not None:
            _check_shard(around.shard)
            world = int(around.shard.process_index), int(around.shard.num_processes)
            _check_world(loader, world)
            return cls(loader._derived(world=world, keep=room), 1, world[1], None)
        if around.dispatcher is None:
            return cls(loader._derived(keep=room), 1, 1, None)
        n = int(around.dispatcher.state.num_processes)
        _check_world(loader, (-1, n))
        n_rows = _check_dispatched(loader, around.dispatcher, n)
        alone = loader._derived(
            world=_ALONE,
            keep=room,
            batch_size=None,
            global_batch_size=asked["global_batch_size"] or asked["batch_size"] * n,
        )
        is_split = bool(around.dispatcher.split_batches)
        return cls(alone, 1 if is_split else n, 1, n * n_rows if is_split else n_rows)

    def n_items(self) -> int:
        """Items of a whole epoch."""
        return len(self.loader) * self.n_parts * self.n_times

    def items(self, batch: TorchBatch) -> Iterator[TorchBatch]:
        """The items of a batch."""
        if self.n_rows is None:
            for _ in range(self.n_times):
                yield batch
            return
        if self.loader._asked["last"] == "pad":
            batch = _padded(batch, self.n_parts * self.n_rows)
        if self.n_parts == 1:
            yield batch
            return
        for start in range(0, self.n_parts * self.n_rows, self.n_rows):
            part = {name: tensor[start : start + self.n_rows] for name, tensor in batch.items()}
            yield type(batch)(part)


class Pass:
    """The pass of a loader's views that is under way in the hands of what reads a
    batch ahead, and what of it was used."""

    def __init__(self) -> None:
        self._loader: Loader | None = None
        # Behind the last global batch of which every item was taken, and behind
        # the one before, which is the one that the loop has.
        self._taken: dict[str, Any] = {}
        self._used: dict[str, Any] = {}
        # The same, or behind a global batch that is still being taken.
        self._read: dict[str, Any] = {}

    def items(self, view: TorchBatches, around: _around.Around) -> Iterator[TorchBatch]:
        """The items of what is left of the epoch. Nothing is done before the first
        is asked for: what iterates may still be in the making, or be one that
        never asks."""
        reading = Reading.of(view, around)
        self._loader = loader = reading.loader
        batches = loader._batches()
        go_to_skipped(loader, around.n_skipped)
        self._taken = self._used = self._read = taken = used = loader._any().state_dict()
        try:
            while True:
                if self._loader is not loader:
                    self._go_on(loader, used, taken)
                # The position may have been moved meanwhile.
                before = loader._any().state_dict()
                batch = next(batches, None)
                if batch is None:
                    break
                self._loader, self._read = loader, batch.state
                items = reading.items(cast("TorchBatch", view._convert(batch)))
                del batch
                item = next(items)
                for following in items:
                    yield item
                    item = following
                if self._loader is loader:
                    self._used, self._taken = used, taken = before, self._read
                yield item
                del item, items
        except GeneratorExit:
            if self._loader is loader:
                self.settle(loader)
            raise
        if self._loader is loader:
            self._loader = None

    def _go_on(self, loader: Loader, used: dict[str, Any], taken: dict[str, Any]) -> None:
        """Goes on with a pass that was ended by another, which began behind
        ``used``: the batch up to ``taken``, which was read ahead, is the next that
        the loop of this one gets, for Accelerate has it."""
        self.check(loader, used)
        # Where passes are repeated, that it was ended says its iterator.
        if not loader._asked["restart"]:
            loader._any().seek(taken)

    def check(self, loader: Loader, used: dict[str, Any]) -> None:
        """Refuses to go on with a pass whose loop stands at ``used``, if what it has
        read ahead has been handed out to another.

        Raises:
            UsageError: If it has.

        """
        if self._loader is loader:
            return
        self.settle(loader)
        if loader._any().state_dict() != used and not loader._asked["restart"]:
            raise UsageError(
                "expected one loop at a time over what Accelerate has prepared, got another, which was given the "
                "batch that this one had read ahead",
                hint="take both from one iterator, batches = iter(prepared), which shares the rows out; or give each "
                "loop a loader of its own, which has all of them",
            )

    def behind(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state behind what was used, or, for torchdata, behind what was taken,
        where a loader's own is ``state``."""
        if self._loader is None or state != self._read:
            return state
        return self._taken if _around.is_saved_by_torchdata() else self._used

    def settle(self, loader: Loader) -> None:
        """Ends the pass; what was read ahead and not used is read again."""
        if self._loader is not None:
            self._loader = None
            if loader._any().state_dict() == self._read:
                loader._any().seek(self._used)


def go_to_skipped(loader: Loader, n_skipped: int) -> None:
    """Goes back to the beginning of the epoch where Accelerate is about to skip
    what has been had of it: it counts from there, and would skip as much again.

    Raises:
        UsageError: If it is about to skip another number of rows.

    """
    state = loader._any().state_dict()
    position = state["position"]
    if not n_skipped or position == 0:
        return
    asked = loader._asked
    n_rows = n_skipped * int(asked["global_batch_size"] or asked["batch_size"] * loader.world_size)
    if position != n_rows:
        raise UsageError(
            f"expected the beginning of an epoch, from which Accelerate skips {n_skipped} batches of "
            f"{n_rows // n_skipped} rows, got a loader that stands at row {position} of epoch {state['epoch']}",
            hint="leave skip_first_batches out, since a loader goes on where it stands or where a state has put it; or "
            "go to the beginning first: view.reset()",
        )
    loader._any().seek({**state, "position": 0})


def check_around(view: TorchBatches, around: _around.Around) -> None:
    """Refuses, in every process, a sharing out that would lose or change rows,
    where one process alone reads for all.

    Raises:
        UsageError: If it would.

    """
    if around.shard is not None or around.dispatcher is not None:
        Reading.of(view, around)


def check_dispatched() -> None:
    """Looks at what Accelerate's dispatcher hands to its loop: where another pass
    over the same DataLoader came to its end, it hands out what it has read ahead
    and asks for no more.

    Raises:
        UsageError: If the other pass has had it.

    """
    items = _around.dispatched()
    frame = getattr(items, "gi_frame", None)
    if frame is not None and frame.f_code is Pass.items.__code__:
        found = frame.f_locals
        # Not those of a pass that has only begun.
        if "used" in found:
            found["self"].check(found["loader"], found["used"])
            if isinstance(found["batches"], WholePass):
                found["batches"].check()


class _Unprepared:
    """The answer to Accelerate's question to a DataLoader of whether it has been
    prepared, which is the one that it asks before all others."""

    def __bool__(self) -> bool:
        _check_split()
        return False


def look() -> None:
    """Sees who looks at a view, so that what Accelerate asks for is said before it
    refuses a DataLoader in words of its own.

    Raises:
        UsageError: If it is about to.

    """
    made = _around.being_made()
    if made is not None:
        made._is_accelerate_prepared = _Unprepared()
    _check_split()


def _check_split() -> None:
    dataloader, splits, dispatches = _around.preparing()
    if splits and getattr(dataloader, "batch_size", 1) is None:
        # It does not do both.
        leave_out = "leave split_batches out, with " if dispatches is False else ""
        raise UsageError(
            "expected a DataLoader that has a batch_size, as Accelerate's split_batches=True asks for, got "
            "batch_size=None",
            hint=f"{leave_out}{_WHOLE}; {_UNPREPARED}",
        )


def _check_shard(shard: Any) -> None:  # noqa: ANN401
    """Refuses a sharing out of items with which Accelerate does not work."""
    way_out = f"leave dispatch_batches out; {_UNPREPARED}"
    if shard.split_batches:
        # It would count the batches of an epoch wrongly.
        raise UsageError(
            "expected one of Accelerate's dispatch_batches=False and split_batches=True around whole batches, got both",
            hint=f"leave split_batches out, or {way_out}",
        )
    if shard.batch_size != 1:
        raise UsageError(
            "expected Accelerate's dispatch_batches=False around a DataLoader with batch_size=1, got "
            f"{shard.batch_size}",
            hint=f"{_WHOLE}; or {way_out}",
        )


def _check_world(loader: Loader, world: tuple[int, int]) -> None:
    """Refuses a rank that was given and is another than Accelerate's."""
    given = loader._given
    if given is None or given in (_ALONE, world):
        return
    raise UsageError(
        f"expected the rank to be left to Accelerate, which shares the batches out among {world[1]} processes, got "
        f"rank {given[0]} of {given[1]}",
        hint="leave out rank and world_size, or do not prepare the DataLoader",
    )


def _check_dispatched(loader: Loader, dispatcher: Any, n: int) -> int:  # noqa: ANN401
    """Rows of each process in a batch that process 0 reads for all.

    Raises:
        UsageError: If Accelerate would cut rows off, or hand some out twice.

    """
    asked = loader._asked
    if names := ragged_flat(loader):
        raise UsageError(
            f"expected columns that can be cut by rows, as Accelerate does with what process 0 reads, got the ragged "
            f"{', '.join(names)}",
            hint=f'ragged="pad" with a max_length, {_UNPREPARED}',
        )
    if getattr(dispatcher, "submesh_tp", None) is not None:
        raise UsageError(
            "expected Accelerate to give each process rows of its own, got a mesh with tensor parallelism",
            hint=f"give rank and world_size of the data-parallel group, {_UNPREPARED}",
        )
    if asked["last"] == "short" and n > 1:
        raise UsageError(
            "expected batches of one size, since Accelerate fills the last one up with rows that came before, got "
            'last="short"',
            hint=f'last="pad", {_UNPREPARED}',
        )
    total = asked["global_batch_size"] or asked["batch_size"] * n
    if asked["last"] == "drop" and total % n:
        raise UsageError(
            f'expected a global batch that the {n} processes divide, with last="drop", got {total} rows',
            hint=f'last="pad", {_UNPREPARED}',
        )
    return -(-int(total) // n)


def _padded(batch: TorchBatch, n_rows: int) -> TorchBatch:
    """A batch with zeros up to ``n_rows`` rows."""
    padded = type(batch)()
    for name, tensor in batch.items():
        missing = n_rows - len(tensor)
        padded[name] = torch.cat([tensor, tensor.new_zeros((missing, *tensor.shape[1:]))]) if missing else tensor
    padded._with_state_of(batch)
    return padded
