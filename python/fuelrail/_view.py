"""What the views of a loader for numpy, torch and jax share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fuelrail._around import by_index
from fuelrail._batch import BatchDict, make_known
from fuelrail._calls import told
from fuelrail._errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import SupportsIndex

    from fuelrail import _native
    from fuelrail._loader import Loader

T = TypeVar("T")


@told
class Batches(Generic[T]):
    """A loader's batches as dicts, at the position of that loader: what is read
    here is read there, and a state of one is a state of the other. Each dict is a
    :class:`fuelrail.BatchDict`, whose ``state`` is that after it."""

    def __init__(
        self,
        loader: Loader,
        dtypes: dict[str, str],
        mask: str | None,
        *,
        patience: float | None = None,
        on_host: bool = False,
    ) -> None:
        asked = loader._asked
        self._loader = loader._derived(
            dtypes=list({**dict(asked["dtypes"]), **dtypes}.items()),
            patience=asked["patience"] if patience is None else patience,
            # Where the framework reads no other memory.
            results="host" if on_host else asked["results"],
        )
        self._mask = mask if asked["last"] == "pad" else None
        if self._mask in _tensors(loader):
            raise _taken(self._mask)
        # What is wrong with the dtypes is said here too.
        self._loader._checked()

    def _arrays(self, batch: _native.Batch) -> BatchDict[T]:
        """A batch as a dict of this framework's arrays, the mask among them."""
        raise NotImplementedError

    def _convert(self, batch: _native.Batch) -> BatchDict[T]:
        make_known()
        arrays = self._arrays(batch)
        arrays._state = batch.state_text()
        return arrays

    def __iter__(self) -> Iterator[BatchDict[T]]:
        """What is left of the current epoch."""
        # Which epoch that is, is settled here and not at the first batch.
        return map(self._convert, self._loader)

    def __len__(self) -> int:
        """Batches of a whole epoch, the same for every rank."""
        return len(self._loader)

    @property
    def n_batches_left(self) -> int:
        """As :attr:`fuelrail.Loader.n_batches_left`."""
        return self._loader.n_batches_left

    def __getitem__(self, index: SupportsIndex) -> BatchDict[T]:
        """A batch of the current epoch; the position stays where it is."""
        by_index(self)
        return self._convert(self._loader[index])

    @property
    def loader(self) -> Loader:
        """The loader it reads with."""
        return self._loader

    @property
    def epoch(self) -> int:
        """The epoch of the next batch."""
        return self._loader.epoch

    def set_epoch(self, epoch: int) -> None:
        """As :meth:`fuelrail.Loader.set_epoch`."""
        self._loader.set_epoch(epoch)

    def reset(self, epoch: int | None = None) -> None:
        """As :meth:`fuelrail.Loader.reset`."""
        self._loader.reset(epoch)

    def state_dict(self) -> dict[str, Any]:
        """As :meth:`fuelrail.Loader.state_dict`."""
        return self._loader.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """As :meth:`fuelrail.Loader.load_state_dict`."""
        self._loader.load_state_dict(state_dict)

    def _with_mask(self, arrays: dict[str, Any], mask: Callable[[], object]) -> None:
        """Adds the mask, unless a step has made a tensor of its name."""
        if self._mask is None:
            return
        if self._mask in arrays:
            raise _taken(self._mask)
        arrays[self._mask] = mask()

    def close(self) -> None:
        """As :meth:`fuelrail.Loader.close`."""
        self._loader.close()

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} of {self._loader!r}>"


def _taken(mask: str | None) -> UsageError:
    return UsageError(
        f"expected a name for the mask that no tensor has, got {mask!r}",
        hint='give another name, such as mask="is_row", or mask=None for none',
    )


def _tensors(loader: Loader) -> list[str]:
    """The names of the tensors in a loader's batches."""
    padded = {name for name, _ in loader._asked["ragged"]}
    names = []
    for name, _, layout, _, _, nullable in loader._columns():
        names.append(name)
        if nullable:
            names.append(f"{name}.valid")
        if name in loader._changed.moved:
            names.append(f"{name}.kept")
        if name in loader._changed.decoded:
            names.append(f"{name}.status")
        elif layout == "ragged":
            names.append(f"{name}.lengths" if name in padded else f"{name}.cu_seqlens")
    return names


def ragged_flat(loader: Loader) -> list[str]:
    """Columns whose rows come one after another in a tensor."""
    in_rows = {name for name, _ in loader._asked["ragged"]} | loader._changed.decoded
    return [column[0] for column in loader._columns() if column[2] == "ragged" and column[0] not in in_rows]
