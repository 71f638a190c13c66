"""Loaders for numpy: batches as dicts of arrays, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fuelrail._batch import BatchDict
from fuelrail._calls import told
from fuelrail._view import Batches

if TYPE_CHECKING:
    import numpy as np

    from fuelrail import _native
    from fuelrail._loader import Loader

__all__ = ["NumpyBatches"]


@told
class NumpyBatches(Batches["np.ndarray[Any, Any]"]):
    """What :meth:`fuelrail.Loader.to_numpy` returns: an iterable of dicts of
    numpy arrays, which lie in the loader's memory; what steps have changed on a
    device is downloaded."""

    def __init__(self, loader: Loader, *, mask: str | None = "valid") -> None:
        super().__init__(loader, {}, mask, on_host=True)

    def _arrays(self, batch: _native.Batch) -> BatchDict[np.ndarray[Any, Any]]:
        arrays = BatchDict(batch.numpy())
        self._with_mask(arrays, lambda: batch.valid)
        return arrays
