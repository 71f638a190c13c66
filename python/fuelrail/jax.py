"""Loaders for jax: batches as dicts of arrays on the device that computes,
without a copy where that is the processor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
from jax.dlpack import from_dlpack

from fuelrail._batch import BatchDict
from fuelrail._calls import told
from fuelrail._errors import UsageError
from fuelrail._loader import PATIENCE
from fuelrail._options import dtypes as _dtypes
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
# integers it would cut off what does not fit, and make floats infinite; changed
# as they are copied, that is an error.
_NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32"}


@told
class JaxBatches(Batches["jax.Array"]):
    """What :meth:`fuelrail.Loader.to_jax` returns: an iterable of dicts of
    arrays of jax, which lie in the loader's memory or on the device asked for."""

    def __init__(
        self,
        loader: Loader,
        *,
        dtypes: object | Mapping[str, object] | None = None,
        device: object | None = None,
        mask: str | None = "valid",
    ) -> None:
        own = dict(loader._asked["dtypes"])
        wanted = dict(_dtypes(loader._columns(), dtypes))
        if jax.dtypes.canonicalize_dtype("int64") != "int64":
            for name, _, _, stored, _, _ in loader._columns():
                dtype = wanted.get(name, own.get(name, stored))
                # Boxes and keypoints come as float32, whatever is stored.
                if dtype in _NARROW and name not in loader._changed.moved:
                    wanted[name] = _NARROW[dtype]
        self._device = _device(device)
        asked = loader._asked["patience"]
        super().__init__(
            loader,
            wanted,
            mask,
            patience=_PATIENCE if asked == PATIENCE else asked,
            on_host=not (loader._uses_device() and _is_gpu(self._where())),
        )

    def _where(self) -> jax.Device | jax.sharding.Sharding:
        return _default() if self._device is None else self._device

    def _arrays(self, batch: _native.Batch) -> BatchDict[jax.Array]:
        reads_here = _reads_here(self._where())
        arrays = BatchDict({name: self._array(tensor, reads_here=reads_here) for name, tensor in batch.items()})
        self._with_mask(arrays, lambda: jax.device_put(batch.valid, self._device))
        return arrays

    def _array(self, tensor: _native.Tensor, *, reads_here: bool) -> jax.Array:
        if tensor.device != "cpu":
            # What stays on a GPU is moved only where another is asked for.
            array = from_dlpack(tensor)
            return array if self._device is None else jax.device_put(array, self._device)
        if reads_here:
            return from_dlpack(tensor)
        # Of numpy's array, because what comes by DLPack is bound to the processor,
        # and jax would not compute with it elsewhere.
        return jax.device_put(tensor.numpy(), self._device)


def _is_gpu(where: jax.Device | jax.sharding.Sharding) -> bool:
    """Whether it is a GPU, or several, so that what lies on one may stay there."""
    devices = [where] if isinstance(where, jax.Device) else where.device_set
    return all(device.platform == "gpu" for device in devices)


def _device(given: object) -> jax.Device | jax.sharding.Sharding | None:
    """Where batches are asked to be; without a word, where jax computes then."""
    if isinstance(given, str):
        return jax.local_devices(backend=given)[0]
    if given is None or isinstance(given, (jax.Device, jax.sharding.Sharding)):
        return given
    raise UsageError(
        f"expected a device of jax, a sharding or the name of a platform, got {given!r}",
        hint="give one of jax.local_devices()",
    )


def _default() -> jax.Device:
    """The device on which jax computes with what is bound to none."""
    asked = jax.config.jax_default_device
    return asked if isinstance(asked, jax.Device) else jax.local_devices(backend=asked)[0]


def _reads_here(device: jax.Device | jax.sharding.Sharding) -> bool:
    """Whether it is the one to which jax binds memory that comes by DLPack."""
    is_cpu = isinstance(device, jax.Device) and device.platform == "cpu"
    return is_cpu and device == jax.local_devices(backend="cpu")[0]
