"""Arguments that are looked at before the native half sees them."""

from __future__ import annotations

from fuelrail._errors import UsageTypeError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def text(name: str, value: object) -> str:
    """The value of the argument ``name``, which is text."""
    if not isinstance(value, str):
        raise UsageTypeError(f"expected {name} to be text, got {value!r}")
    return value


def texts(name: str, value: Iterable[str]) -> list[str]:
    """The values of the argument ``name``, which are text."""
    if isinstance(value, str):
        raise UsageTypeError(f"expected {name} to be a list of texts, got {value!r}", hint=f"{name}=[{value!r}]")
    return [text(f"each of {name}", item) for item in value]


def dtype_name(dtype: object) -> str:
    """The name of a dtype of numpy, torch or jax, or of a name."""
    if isinstance(dtype, str):
        return dtype
    # numpy's dtypes have a name, its types and jax's are called by it.
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    return str(name).removeprefix("torch.").rstrip("_")


def dtype_of_step(given: object) -> object:
    """A dtype by its name, for a step; what is none, the engine refuses."""
    return given if given is None or isinstance(given, (str, int, float)) else dtype_name(given)


def flag(name: str, value: object) -> bool:
    """The value of the argument ``name``, which is True or False."""
    if not isinstance(value, bool):
        raise UsageTypeError(f"expected {name} to be True or False, got {value!r}")
    return value
