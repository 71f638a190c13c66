"""What a batch holds as numpy arrays on the host, wherever and whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fuelrail import _native
from fuelrail._errors import UsageError

if TYPE_CHECKING:
    import numpy as np

# What a pixel may have of samples.
CHANNELS = range(1, 5)


def on_host(value: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 - of any framework
    """An array of numpy on the host; bfloat16, which numpy does not have, as float32."""
    import numpy as np

    if isinstance(value, _native.Tensor):
        tensor = value.cpu()
        return _widened(tensor) if str(tensor.dtype) == "bfloat16" else tensor.numpy()
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        tensor = value.detach().cpu()
        value = tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor
    elif hasattr(value, "__cuda_array_interface__") and hasattr(value, "get"):
        value = value.get()
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _widened(tensor: _native.Tensor) -> np.ndarray[Any, Any]:
    """bfloat16 as float32: the same bits, and zeros behind them."""
    import ctypes

    import numpy as np

    bits = ctypes.string_at(tensor.data_ptr, tensor.nbytes) if tensor.nbytes else b""
    halves = np.frombuffer(bits, np.uint16).astype(np.uint32) << np.uint32(16)
    return halves.view(np.float32).reshape(tensor.shape)


def image_name(batch: Mapping[str, Any], name: str | None) -> str:
    """The tensor of images: the one of this name, or the first that looks like one."""
    known = list(batch)
    if name is not None:
        if name in batch:
            return name
        raise UsageError(f"expected a tensor of the batch, got {name!r}", hint=f"it has {', '.join(known)}")
    for found in known:
        if _looks_like_images(batch[found]):
            return found
    raise UsageError(
        f"expected a batch with images, [N, H, W, C] or [N, C, H, W], got {', '.join(known) or 'nothing'}",
        hint='a tensor of other images is named: fr.show(batch, "mask")',
    )


def _looks_like_images(value: Any) -> bool:  # noqa: ANN401
    shape = tuple(getattr(value, "shape", ()))
    kind = str(getattr(value, "dtype", ""))
    is_number = any(word in kind for word in ["uint8", "float"])
    return len(shape) == 4 and is_number and (shape[3] in CHANNELS or shape[1] in CHANNELS)


def in_pixels(array: np.ndarray[Any, Any], layout: str | None) -> np.ndarray[Any, Any]:
    """Images as [N, H, W, C]."""
    if layout not in (None, "hwc", "chw"):
        raise UsageError(f'expected layout to be "hwc" or "chw", got {layout!r}')
    if array.ndim == 3:
        return array[..., None]
    is_last = array.ndim == 4 and (array.shape[3] in CHANNELS if layout is None else layout == "hwc")
    pixels = array if is_last or array.ndim != 4 else array.transpose(0, 2, 3, 1)
    if pixels.ndim != 4 or pixels.shape[3] not in CHANNELS or pixels.dtype.kind not in "buif":
        raise UsageError(
            f"expected images [N, H, W, C] or [N, C, H, W] with 1 to 4 channels, got {array.dtype} {list(array.shape)}"
        )
    if 0 in pixels.shape[1:3]:
        raise UsageError(f"expected images with pixels, got {list(array.shape)}")
    return pixels


def labels_of(batch: Mapping[str, Any], name: str | None, n_rows: int) -> list[str] | None:
    """A text for each row: of the tensor of this name, or of `class` or `label`."""
    names = ["class", "label"] if name is None else [name]
    for found in names:
        if found in batch:
            said = _texts(batch, found, n_rows)
            if said is not None:
                return said
            if name is not None:
                raise UsageError(f"expected one value or text a row in {name!r}, got another number of them")
    if name is not None:
        raise UsageError(f"expected a tensor of the batch for the labels, got {name!r}")
    return None


def _texts(batch: Mapping[str, Any], name: str, n_rows: int) -> list[str] | None:
    values, ends = on_host(batch[name]), f"{name}.cu_seqlens"
    if ends in batch:
        cuts = on_host(batch[ends]).tolist()
        if len(cuts) != n_rows + 1:
            return None
        runs = [values[begin:end] for begin, end in pairwise(cuts)]
        # Text comes as its bytes.
        is_text = values.dtype.name == "uint8"
        return [run.tobytes().decode("utf-8", "replace") if is_text else str(run.tolist()) for run in runs]
    if len(values) != n_rows:
        return None
    return [str(value) for value in values.tolist()]
