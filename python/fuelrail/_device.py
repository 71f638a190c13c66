"""The devices of this machine."""

from __future__ import annotations

import json

from fuelrail import _native
from fuelrail._calls import told

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal


@told
def devices() -> list[dict[str, Any]]:
    """The devices of this machine, the processor first: ``id`` (what a pipeline
    calls it), ``kind``, ``name``, ``driver``, ``memory_bytes``, ``is_software``
    and ``details`` of each. None is tried; :func:`selftest` does that.

    >>> import fuelrail as fr
    >>> fr.devices()[0]["kind"]
    'cpu'
    """
    found: list[dict[str, Any]] = json.loads(_native.devices())
    return found


@told
def selftest(device: str = "auto", *, speeds: Literal["skip", "measure"] = "skip") -> dict[str, Any]:
    """Compares every SIMD level of the processor, and ``device``, with the
    scalar reference, bit by bit.

    With ``"auto"``, all devices but software ones; one that is named and
    missing is a :class:`DeviceError`. The result is what ``fuelrail selftest
    --json`` prints, with ``passed``: whether all bits were right. ``speeds``
    has every kernel timed too.

    >>> import fuelrail as fr
    >>> fr.selftest("cpu")["passed"]
    True
    """
    report: dict[str, Any] = json.loads(_native.selftest(device, speeds))
    return report
