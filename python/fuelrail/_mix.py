"""Several datasets, fed as one in proportion to whole weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuelrail import _native
from fuelrail._calls import told
from fuelrail._checks import text
from fuelrail._dataset import Dataset
from fuelrail._errors import UsageError
from fuelrail._options import count

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import Literal


@told
class Mixture:
    """Several datasets that a :class:`Loader` feeds as one; :func:`mix` makes it."""

    __slots__ = ("_datasets", "_native", "_stop", "_weights")

    def __init__(self, datasets: list[Dataset], weights: list[int], stop: str) -> None:
        self._datasets, self._weights, self._stop = datasets, weights, stop
        pairs = [(dataset._native, weight) for dataset, weight in zip(datasets, weights, strict=True)]
        self._native = _native.Mixture(pairs, stop)

    @property
    def datasets(self) -> list[Dataset]:
        """The datasets, in the order of their numbers in ``Batch.datasets``."""
        return list(self._datasets)

    @property
    def weights(self) -> list[int]:
        """The weight of each, as it was given."""
        return list(self._weights)

    @property
    def stop(self) -> str:
        """Where an epoch ends."""
        return self._stop

    @property
    def columns(self) -> list[str]:
        """The names of the columns, which all datasets have."""
        return self._datasets[0].columns

    def __len__(self) -> int:
        """Rows of an epoch, of all datasets together."""
        return self._native.n_rows

    def __repr__(self) -> str:
        parts = (f"{weight} of {dataset.path!r}" for dataset, weight in zip(self._datasets, self._weights, strict=True))
        return f"<fuelrail.Mixture {', '.join(parts)}, stop={self._stop!r}>"

    def __reduce__(self) -> tuple[object, ...]:
        return Mixture, (self._datasets, self._weights, self._stop)


@told
def mix(
    datasets: Iterable[tuple[Dataset | str | os.PathLike[str], int]],
    *,
    stop: Literal["first_exhausted", "all_exhausted"] = "first_exhausted",
) -> Mixture:
    r"""Several datasets, for a :class:`Loader` that feeds them as one.

    Rows come in a fixed cycle of as many places as the weights add up to, in which
    those of each dataset are spread evenly: after any number of rows, each is less
    than one row from its share. Which row stands at a position follows from the
    position, so a state is a position as it is for one dataset. It fits any number
    of ranks and any batch size, and names each dataset and its weight.

    The rows of each dataset come in the order that a loader of it alone has, with
    the same seed, epoch after epoch of its own: none comes twice before all have
    come once. An epoch of the mixture is a number of whole cycles, and the next
    goes on with each dataset where this one leaves it.

    Args:
        datasets: Each dataset, or its directory, with its weight: a whole number
            from 1. All must have the same columns.
        stop: Where an epoch ends: ``"first_exhausted"`` before any dataset begins
            anew, or ``"all_exhausted"`` when each has come to its end at least once.

    Raises:
        UsageError: If a weight is wrong, or a dataset is empty, comes twice, or has
            other columns than the first.

    >>> from pathlib import Path
    >>> import fuelrail as fr
    >>> for name, n in [("web", 300), ("code", 100)]:
    ...     _ = Path(f"{name}.jsonl").write_text("".join(f'{{"n": {i}}}\n' for i in range(n)))
    ...     _ = fr.Pipeline(f"{name}.jsonl").shard(f"{name}/", progress="never")
    >>> mixture = fr.mix([("web/", 2), ("code/", 1)])
    >>> len(mixture)
    300
    >>> loader = fr.Loader(mixture, batch_size=6, seed=1, rank=0, world_size=1)
    >>> batch = next(iter(loader))
    >>> batch.datasets.tolist()
    [0, 0, 1, 0, 0, 1]
    >>> loader.stats()["datasets"]
    [{'rows': 4, 'epoch': 0, 'position': 4}, {'rows': 2, 'epoch': 0, 'position': 2}]

    """
    opened: list[Dataset] = []
    weights: list[int] = []
    for pair in datasets:
        if isinstance(pair, (str, bytes, Dataset)) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise UsageError(
                f"expected datasets with their weights, got {pair!r}", hint='fr.mix([("web/", 7), ("code/", 3)])'
            )
        dataset, weight = pair
        dataset = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
        if not dataset.is_whole:
            raise UsageError(
                f"expected a whole dataset, got the {len(dataset)} rows of a slice",
                hint="a loader reads all rows; shard a dataset of those you want",
            )
        opened.append(dataset)
        weights.append(count("a weight", weight, 1 << 32, least=1))
    return Mixture(opened, weights, text("stop", stop))
