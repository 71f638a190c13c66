"""Loaders for torch: batches as dicts of tensors, without a copy, and a face
that ``torch.utils.data.DataLoader``, its stateful kin and those of Accelerate
take."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.utils.data import IterableDataset as _IterableDataset
from torch.utils.data import get_worker_info

from fuelrail import _around, _shared_out
from fuelrail._batch import BatchDict, _to_torch
from fuelrail._calls import passes_on, told
from fuelrail._errors import UsageError
from fuelrail._loader import Loader
from fuelrail._options import dtypes as _dtypes
from fuelrail._view import Batches

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from fuelrail import _native
    from fuelrail._dataset import Dataset
    from fuelrail._mix import Mixture

__all__ = ["IterableDataset", "TorchBatch", "TorchBatches", "whole_batch"]

# torch computes little with the types on the left.
_WIDE = {"uint16": "int32", "uint32": "int64"}


class TorchBatch(BatchDict[torch.Tensor]):
    """A batch as a dict of tensors, with the loader's state after it."""

    __slots__ = ()

    def to(self, device: torch.device | str | int, *, non_blocking: bool = False) -> TorchBatch:
        """The same batch on a device, with its state: what Accelerate and
        Lightning call to move it."""
        moved = TorchBatch({name: tensor.to(device, non_blocking=non_blocking) for name, tensor in self.items()})
        moved._with_state_of(self)
        _shared_out.check_dispatched()
        return moved


_to_torch(TorchBatch)


def whole_batch(batches: Sequence[Mapping[str, torch.Tensor]]) -> Mapping[str, torch.Tensor]:
    """The one whole batch in a list, as it is: the ``collate_fn`` of a torch
    ``DataLoader`` that must have a ``batch_size``, which is 1 then, and the
    ``data_collator`` of a Hugging Face ``Trainer``.

    Raises:
        UsageError: If there is more than one.

    """
    if len(batches) != 1:
        raise UsageError(
            f"expected one whole batch at a time, got {len(batches)}",
            hint="batch_size=1 of the DataLoader, or per_device_train_batch_size=1 of the Trainer; how many rows a "
            "batch has is the loader's batch_size",
        )
    return batches[0]


class _Copies:
    """Batches that are being copied to a device: held, so that their memory is
    not used for another batch, until an event behind each copy has come."""

    # One copies while the next is read.
    MOST = 1

    def __init__(self) -> None:
        self._held: deque[tuple[torch.cuda.Event, Mapping[str, torch.Tensor]]] = deque()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, event: torch.cuda.Event, tensors: Mapping[str, torch.Tensor]) -> None:
        """Holds one batch more, and lets those go that have been copied; waits
        where there are too many."""
        self._held.append((event, tensors))
        while self._held and (len(self._held) > self.MOST or self._held[0][0].query()):
            self._held[0][0].synchronize()
            self._held.popleft()


@told
class TorchBatches(Batches["torch.Tensor"], _IterableDataset["BatchDict[torch.Tensor]"]):
    """What :meth:`fuelrail.Loader.to_torch` returns: an iterable of dicts of
    tensors, which lie in the loader's memory or on the device asked for.

    A ``torch.utils.data.DataLoader`` takes it as it takes an
    :class:`IterableDataset`: ``DataLoader(loader.to_torch(), batch_size=None)``.
    One that Accelerate has prepared gives every row to one process.
    """

    def __init__(
        self,
        loader: Loader,
        *,
        dtypes: object | Mapping[str, object] | None = None,
        device: object | None = None,
        mask: str | None = "valid",
    ) -> None:
        own = dict(loader._asked["dtypes"])
        # Boxes and keypoints come as float32, whatever is stored.
        as_they_are = own.keys() | loader._changed.moved
        wide = {
            name: _WIDE[stored]
            for name, _, _, stored, _, _ in loader._columns()
            if stored in _WIDE and name not in as_they_are
        }
        self._device = None if device is None else torch.device(cast("Any", device))
        super().__init__(
            loader,
            {**wide, **dict(_dtypes(loader._columns(), dtypes))},
            mask,
            on_host=_on_host(loader, self._device),
        )
        if self._device is not None and self._device.type == "cpu":
            self._device = None
        self._copies = _Copies()
        self._pass = loader._ahead.setdefault("accelerate", _shared_out.Pass())

    @property  # type: ignore[misc]
    def __class__(self) -> type[TorchBatches]:
        # What isinstance() reads, and with it a DataLoader that is being made, and
        # Accelerate before it refuses one without saying what to give instead.
        _shared_out.look()
        return type(self)

    def __iter__(self) -> Iterator[TorchBatch]:
        """What is left of the current epoch."""
        worker = get_worker_info()
        if worker is not None:
            raise UsageError(
                f"expected num_workers=0, got worker {worker.id} of {worker.num_workers}",
                hint="fuelrail reads with threads of its own; set threads= here and num_workers=0 there",
            )
        around = _around.find()
        _check_fetcher(around.fetcher)
        self._pass.settle(self._loader)
        if around.reads_ahead:
            return self._pass.items(self, around)
        batches = super().__iter__()
        _shared_out.go_to_skipped(self._loader, around.n_skipped)
        return cast("Iterator[TorchBatch]", batches)

    def __len__(self) -> int:
        """Batches of a whole epoch, the same for every rank; where Accelerate
        counts them, those of all ranks."""
        around = _around.find()
        if around.shard is None and around.dispatcher is None:
            return super().__len__()
        return _shared_out.Reading.of(self, around).n_items()

    def set_epoch(self, epoch: int) -> None:
        """As :meth:`fuelrail.Loader.set_epoch`."""
        _shared_out.check_around(self, _around.find())
        super().set_epoch(epoch)

    def _arrays(self, batch: _native.Batch) -> TorchBatch:
        tensors = TorchBatch({name: torch.from_dlpack(tensor) for name, tensor in batch.items()})
        self._with_mask(tensors, lambda: torch.from_numpy(batch.valid))
        return tensors if self._device is None else self._moved(tensors)

    def _moved(self, tensors: TorchBatch) -> TorchBatch:
        """Copies to the device. Those to CUDA may still be under way when they
        are returned, as all that is done there."""
        moved = TorchBatch({name: tensor.to(self._device, non_blocking=True) for name, tensor in tensors.items()})
        if self._device is not None and self._device.type == "cuda":
            event = torch.cuda.Event()
            event.record(torch.cuda.current_stream(self._device))
            self._copies.hold(event, tensors)
        return moved

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self._loader, self._mask, self._device)


def _on_host(loader: Loader, device: torch.device | None) -> bool:
    """Whether what steps have changed on a device is wanted in memory of the host:
    on the processor, and by a torch that knows no CUDA."""
    if device is not None:
        return bool(device.type != "cuda")
    # Asking starts CUDA, so only those are asked who have a use for it.
    return not loader._uses_device() or not torch.cuda.is_available()


def _again(of: type[TorchBatches], loader: Loader, mask: str | None, device: torch.device | None) -> TorchBatches:
    """A view that has been pickled; its loader has the dtypes already."""
    made = object.__new__(of)
    made._loader, made._mask, made._device = loader, mask, device
    made._copies, made._pass = _Copies(), loader._ahead.setdefault("accelerate", _shared_out.Pass())
    return made


def _check_fetcher(fetcher: Any) -> None:  # noqa: ANN401
    """Refuses a DataLoader that would put batches together to batches.

    Raises:
        UsageError: If this is one's.

    """
    collate = getattr(fetcher, "collate_fn", None)
    # A Trainer puts its own around it.
    collate = getattr(collate, "data_collator", collate)
    if getattr(fetcher, "auto_collation", False) and collate is not whole_batch:
        raise UsageError(
            "expected a torch DataLoader that takes whole batches as they are, got one that puts them together once "
            "more",
            hint="items of this dataset are batches already: give the DataLoader batch_size=None (its default is 1). "
            "Where it must have one, as in a Hugging Face Trainer, that is 1, with fuelrail.torch.whole_batch for its "
            "collate_fn or data_collator",
        )


@told
class IterableDataset(TorchBatches):
    """A loader for scripts that want a ``torch.utils.data.DataLoader``.

    Items are whole batches, so the loader around it takes them as they are:
    ``DataLoader(dataset, batch_size=None)``. It reads with threads of its own;
    worker processes would read every row again and are refused.

    With torchdata's ``StatefulDataLoader`` its position is saved and restored.

    Args:
        dataset: The dataset, or its directory, or a mixture of several.
        dtypes: As :meth:`fuelrail.Loader.to_torch` takes them.
        device: As :meth:`fuelrail.Loader.to_torch` takes it.
        mask: As :meth:`fuelrail.Loader.to_torch` takes it.
        options: All else that :class:`fuelrail.Loader` takes.

    """

    @passes_on(Loader)
    def __init__(
        self,
        dataset: Dataset | Mixture | str | os.PathLike[str],
        *,
        dtypes: object | Mapping[str, object] | None = None,
        device: object | None = None,
        mask: str | None = "valid",
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(Loader(dataset, **options), dtypes=dtypes, device=device, mask=mask)
