"""Loaders for jax: batches as dicts of arrays on the processor, without a copy.

jax moves them to a device where a computation or ``jax.device_put`` asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
from jax.dlpack import from_dlpack

from fuelrail._loader import PATIENCE, _dtypes
from fuelrail._view import Batches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fuelrail import _native
    from fuelrail._loader import Loader

__all__ = ["JaxBatches"]

# jax computes behind Python's back and holds a batch until the step on it is
# done, so a caller who drops every batch at once may still wait for a step.
_PATIENCE = 300.0

# What jax makes of numbers of 64 bits, unless it has been told to keep them. Of
# integers it would cut off what does not fit; changed as they are copied, that
# is an error.
_NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32"}


class JaxBatches(Batches["jax.Array"]):
    """What :meth:`fuelrail.Loader.to_jax` returns: an iterable of dicts of
    arrays of jax, which lie in the loader's memory."""

    def __init__(
        self,
        loader: Loader,
        *,
        dtypes: object | Mapping[str, object] | None = None,
        mask: str | None = "valid",
    ) -> None:
        own = dict(loader._asked["dtypes"])
        wanted = dict(_dtypes(loader._columns(), dtypes))
        if jax.dtypes.canonicalize_dtype("int64") != "int64":
            for name, _, _, stored, _, _ in loader._columns():
                dtype = wanted.get(name, own.get(name, stored))
                if dtype in _NARROW:
                    wanted[name] = _NARROW[dtype]
        asked = loader._asked["patience"]
        super().__init__(loader, wanted, mask, _PATIENCE if asked == PATIENCE else asked)

    def _convert(self, batch: _native.Batch) -> dict[str, jax.Array]:
        arrays = {name: from_dlpack(tensor) for name, tensor in batch.items()}
        if self._mask is not None:
            arrays[self._mask] = jax.numpy.asarray(batch.valid)
        return arrays
