"""Arguments that are looked at before the native half sees them."""

from __future__ import annotations

from fuelrail._errors import UsageError


def text(name: str, value: object) -> str:
    """The value of the argument ``name``, which is text."""
    if not isinstance(value, str):
        raise UsageError(f"expected {name} to be text, got {value!r}")
    return value


def dtype_name(dtype: object) -> str:
    """The name of a dtype of numpy, torch or jax, or of a name."""
    if isinstance(dtype, str):
        return dtype
    # numpy's dtypes have a name, its types and jax's are called by it.
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    return str(name).removeprefix("torch.").rstrip("_")
