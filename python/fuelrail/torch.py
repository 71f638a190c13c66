"""Loaders for torch: batches as dicts of tensors, without a copy, and a face
that ``torch.utils.data.DataLoader`` and its stateful kin take."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.utils.data import IterableDataset as _IterableDataset
from torch.utils.data import get_worker_info

from fuelrail._errors import UsageError
from fuelrail._loader import Loader, _dtypes
from fuelrail._view import Batches

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from fuelrail import _native
    from fuelrail._dataset import Dataset

__all__ = ["IterableDataset", "TorchBatches"]

# torch computes little with the types on the left.
_WIDE = {"uint16": "int32", "uint32": "int64"}


class _Copies:
    """Batches that are being copied to a device: held, so that their memory is
    not used for another batch, until an event behind each copy has come."""

    # One copies while the next is read.
    MOST = 1

    def __init__(self) -> None:
        self._held: deque[tuple[torch.cuda.Event, dict[str, torch.Tensor]]] = deque()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, event: torch.cuda.Event, tensors: dict[str, torch.Tensor]) -> None:
        """Holds one batch more, and lets those go that have been copied; waits
        where there are too many."""
        self._held.append((event, tensors))
        while self._held and (len(self._held) > self.MOST or self._held[0][0].query()):
            self._held[0][0].synchronize()
            self._held.popleft()


class TorchBatches(Batches["torch.Tensor"], _IterableDataset["dict[str, torch.Tensor]"]):
    """What :meth:`fuelrail.Loader.to_torch` returns: an iterable of dicts of
    tensors, which lie in the loader's memory or on the device asked for.

    A ``torch.utils.data.DataLoader`` takes it as it takes an
    :class:`IterableDataset`: ``DataLoader(loader.to_torch(), batch_size=None)``.
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
        wide = {
            name: _WIDE[stored] for name, _, _, stored, _, _ in loader._columns() if stored in _WIDE and name not in own
        }
        super().__init__(loader, {**wide, **dict(_dtypes(loader._columns(), dtypes))}, mask)
        self._device = None if device is None else torch.device(cast("Any", device))
        if self._device is not None and self._device.type == "cpu":
            self._device = None
        self._copies = _Copies()

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        """What is left of the current epoch."""
        worker = get_worker_info()
        if worker is not None:
            raise UsageError(
                f"expected num_workers=0, got worker {worker.id} of {worker.num_workers}",
                hint="fuelrail reads with threads of its own; set threads= here and num_workers=0 there",
            )
        return super().__iter__()

    def _convert(self, batch: _native.Batch) -> dict[str, torch.Tensor]:
        tensors = {name: torch.from_dlpack(tensor) for name, tensor in batch.items()}
        if self._mask is not None:
            tensors[self._mask] = torch.from_numpy(batch.valid)
        return tensors if self._device is None else self._moved(tensors)

    def _moved(self, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Copies to the device. Those to CUDA may still be under way when they
        are returned, as all that is done there."""
        moved = {name: tensor.to(self._device, non_blocking=True) for name, tensor in tensors.items()}
        if self._device is not None and self._device.type == "cuda":
            event = torch.cuda.Event()
            event.record(torch.cuda.current_stream(self._device))
            self._copies.hold(event, tensors)
        return moved


class IterableDataset(TorchBatches):
    """A loader for scripts that want a ``torch.utils.data.DataLoader``.

    Items are whole batches, so the loader around it takes them as they are:
    ``DataLoader(dataset, batch_size=None)``. It reads with threads of its own;
    worker processes would read every row again and are refused.

    With torchdata's ``StatefulDataLoader`` its position is saved and restored.

    Args:
        dataset: The dataset, or its directory.
        dtypes: As :meth:`fuelrail.Loader.to_torch` takes them.
        device: As :meth:`fuelrail.Loader.to_torch` takes it.
        mask: As :meth:`fuelrail.Loader.to_torch` takes it.
        options: All else that :class:`fuelrail.Loader` takes.

    """

    def __init__(
        self,
        dataset: Dataset | str | os.PathLike[str],
        *,
        dtypes: object | Mapping[str, object] | None = None,
        device: object | None = None,
        mask: str | None = "valid",
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(Loader(dataset, **options), dtypes=dtypes, device=device, mask=mask)
