"""Passes over a loader that begins each one at the same row.

A pass ends the one that was under way, whose iterator would come to its end
before it has had all rows: that is an error, of the iterator that is asked for
more and not of the one that has begun.
"""

from __future__ import annotations

import weakref

from fuelrail._errors import UsageError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuelrail import _native


class Passes:
    """Those over one loader and its views."""

    def __init__(self) -> None:
        self._last: weakref.ref[WholePass] | None = None

    def begin(self, loader: _native.Loader) -> Iterator[_native.Batch]:
        """An iterator over the whole epoch, which ends every other."""
        last = self._last() if self._last is not None else None
        if last is not None:
            last.end_early(loader.state_dict()["position"])
        begun = WholePass(iter(loader))
        self._last = weakref.ref(begun)
        return begun


class WholePass:
    """An iterator over the batches of a whole epoch."""

    __slots__ = ("__weakref__", "_batches", "_has_begun", "_is_cut")

    def __init__(self, batches: Iterator[_native.Batch]) -> None:
        self._batches = batches
        self._has_begun = self._is_cut = False

    def end_early(self, position: int) -> None:
        """Another pass begins, where the loader stands at ``position``: at 0 if
        this one has had its last batch."""
        self._is_cut = position > 0 or not self._has_begun

    def __iter__(self) -> Iterator[_native.Batch]:
        return self

    def __next__(self) -> _native.Batch:
        self.check()
        self._has_begun = True
        return next(self._batches)

    def check(self) -> None:
        """Refuses to go on, or to be said to be at its end.

        Raises:
            UsageError: If another has ended it.

        """
        if self._is_cut:
            raise UsageError(
                "expected one pass at a time over a loader with restart=True, got another that has begun and ended "
                "this one before its last batch",
                hint="give each loop a loader of its own, or take both from one iterator: batches = iter(loader)",
            )
