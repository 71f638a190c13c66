"""What a loader may be asked for, checked before the native half sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import index as _index
from typing import TYPE_CHECKING, Any, NamedTuple

from fuelrail._checks import dtype_name
from fuelrail._errors import UsageError, did_you_mean
from fuelrail._toml import table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import SupportsIndex

    from fuelrail import _native
    from fuelrail._dataset import Dataset
    from fuelrail._mix import Mixture

# Seconds that no program lasts; clocks do not count to infinity.
_FOR_EVER = 1e9


def count(name: str, value: SupportsIndex, limit: int = 1 << 64, least: int = 0) -> int:
    try:
        # True is no number of rows, though Python counts it among its integers.
        number = -1 if isinstance(value, bool) else _index(value)
    except TypeError:
        number = -1
    if not least <= number < limit:
        near = limit.bit_length() - 1
        most = f"below 2^{near}" if limit == 1 << near else f"at most {limit - 1}"
        raise UsageError(f"expected {name} to be a whole number from {least}, {most}, got {value!r}")
    return number


def optional(name: str, value: SupportsIndex | None) -> int | None:
    return None if value is None else count(name, value)


def shuffle(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise UsageError(
            f'expected shuffle to be "rows", "blocks" or None, got {value!r}',
            hint='shuffle="rows"' if value else "shuffle=None",
        )
    return value


def seconds(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not number >= 0:
        raise UsageError(f"expected {name} in seconds, got {value!r}", hint=f'{name}=float("inf") waits for ever')
    return min(number, _FOR_EVER)


def share(name: str, value: float | None) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= 1:
        raise UsageError(f"expected {name} to be a share from 0 to 1, got {value!r}", hint=f"{name}=0.01 is 1 %")
    return number


def state(given: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A state as a dict, of which no key is missing that a state here has; what
    another version writes, the engine judges."""
    missing = [key for key in own if key not in given]
    if not missing or given.get("version", own["version"]) != own["version"]:
        return dict(given)
    inner = [key for key, value in given.items() if isinstance(value, Mapping) and own.keys() <= value.keys()]
    raise UsageError(
        f"expected the dict of a loader's state_dict(), got one without {', '.join(missing)}",
        hint=f"the state is within it: load_state_dict(state[{inner[0]!r}])"
        if inner
        else "give what state_dict() has returned, or begin without a state",
    )


def _unknown(name: object, known: list[str], what: str) -> UsageError:
    return UsageError(
        f"expected {what} of the columns {', '.join(known)}, got {name!r}",
        hint=did_you_mean(name, known),
    )


def names(dataset: Dataset | Mixture, columns: Sequence[str] | None) -> list[str] | None:
    if columns is None:
        return None
    if isinstance(columns, str):
        raise UsageError(f"expected a list of columns, got {columns!r}", hint=f"columns=[{columns!r}]")
    known = dataset.columns
    try:
        names = list(columns)
    except TypeError:
        raise UsageError(
            f"expected columns to be a list of names, got {columns!r}", hint=f"columns=[{known[0]!r}]"
        ) from None
    for name in names:
        if name not in known:
            raise _unknown(name, known, "some")
    if len(set(names)) != len(names) or not names:
        raise UsageError(f"expected each column once, and at least one, got {names}")
    return names


def _by_name(columns: list[_native._ColumnText], option: str, given: object) -> dict[str, Any]:
    """An option of columns by their names; one value is for all of them."""
    known = [column[0] for column in columns]
    if not isinstance(given, Mapping):
        return dict.fromkeys(known, given)
    for name in given:
        if name not in known:
            raise _unknown(name, known, f"{option} for some")
    return dict(given)


def dtypes(columns: list[_native._ColumnText], dtypes: object) -> list[tuple[str, str]]:
    if dtypes is None:
        return []
    named = _by_name(columns, "dtypes", dtypes)
    return [(name, dtype_name(dtype)) for name, dtype in named.items()]


def steps(given: object) -> str:
    """Steps as TOML, which is what the engine checks."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise UsageError(
            f"expected a list of steps, got {given!r}", hint="steps=[fuelrail.steps.random_flip('image')], for instance"
        )
    tables = []
    for step in given:
        if not isinstance(step, Mapping):
            raise UsageError(
                f"expected a step to be what a function of fuelrail.steps returns, got {step!r}",
                hint="or a dict with the key op",
            )
        if bad := [key for key in step if not isinstance(key, str)]:
            raise UsageError(f"expected the keys of a step to be text, got {bad[0]!r}")
        tables.append("[[step]]\n" + table(step))
    return "".join(tables)


def listed(given: object) -> object:
    """What can be gone through once, so that it can be more often."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        return given
    return list(given)


class Changed(NamedTuple):
    """The columns that steps make others of."""

    decoded: frozenset[str]
    """Files that become images."""
    moved: frozenset[str]
    """Boxes and keypoints."""


def changed(given: object) -> Changed:
    """The columns of files that steps decode, and those of boxes and keypoints; what is no
    step is found by ``steps``."""
    decoded: set[str] = set()
    moved: set[str] = set()
    for step in given if isinstance(given, Iterable) else ():
        if not isinstance(step, Mapping):
            continue
        keys = {"decode": ["column"], "annotate": ["boxes", "keypoints"]}.get(str(step.get("op")), [])
        for named in (step.get(key, ()) for key in keys):
            names = [named] if isinstance(named, str) else named
            of_step = {name for name in names if isinstance(name, str)} if isinstance(names, Iterable) else set()
            (decoded if step["op"] == "decode" else moved).update(of_step)
    return Changed(frozenset(decoded), frozenset(moved))


def ragged(
    columns: list[_native._ColumnText], ragged: str, max_length: object, decoded: frozenset[str]
) -> list[tuple[str, int]]:
    """The columns that are padded, and to which length; files that steps decode are not."""
    if ragged not in ("flat", "pad"):
        raise UsageError(f'expected ragged to be "flat" or "pad", got {ragged!r}')
    if ragged == "flat":
        if max_length is not None:
            raise UsageError('expected max_length with ragged="pad" only', hint='add ragged="pad"')
        return []
    if isinstance(max_length, Mapping) and (files := [name for name in max_length if name in decoded]):
        raise UsageError(
            f"expected max_length of columns that are padded, got {files[0]}, whose files a step decodes",
            hint="leave it out: its images have one size behind the steps",
        )
    names = [column[0] for column in columns if column[2] == "ragged" and column[0] not in decoded]
    lengths = {} if max_length is None else _by_name(columns, "max_length", max_length)
    if missing := [name for name in names if name not in lengths]:
        raise UsageError(
            f"expected max_length for the ragged columns {', '.join(missing)}, got none",
            hint="give one number for all, or a dict by column",
        )
    return [(name, count("max_length", lengths[name])) for name in names]
