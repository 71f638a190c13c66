"""What iterates a loader's view: torch's DataLoader, and Accelerate's around it.

Neither tells the dataset in its hands that it puts items together once more, or
that it shares them out among processes: they only call ``iter`` and ``len``. So
their frames are looked for on the stack, once a pass. What is not found there
iterates by itself.
"""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from fuelrail._errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Frames that are looked at; those of both libraries together are some ten.
_MOST = 40

_FETCH = "torch.utils.data._utils.fetch"
# What passes items on as they are, from a dataset to what fetches them.
_PASSES_ON = ("fuelrail.", "torch.utils.data.", "torchdata.", "accelerate.", "lightning.", "pytorch_lightning.")


class Around(NamedTuple):
    """What iterates, as far as it is known."""

    fetcher: Any = None
    """torch's fetcher, which takes our items with nothing between."""
    shard: Any = None
    """Accelerate's ``IterableDatasetShard``: each process reads all items, and
    keeps its share."""
    dispatcher: Any = None
    """Accelerate's ``DataLoaderDispatcher``: process 0 reads all items, and
    hands shares of them out."""
    reads_ahead: bool = False
    """Whether it is one of Accelerate's that read one batch ahead."""
    n_skipped: int = 0
    """Batches of each process that one of Accelerate's takes and does not hand out:
    those of ``skip_first_batches``."""


def find() -> Around:
    """What iterates whoever calls this."""
    accelerate = sys.modules.get("accelerate.data_loader")
    kinds = {
        "shard": getattr(accelerate, "IterableDatasetShard", ()),
        "dispatcher": getattr(accelerate, "DataLoaderDispatcher", ()),
        "reads_ahead": getattr(accelerate, "DataLoaderShard", ()),
        "adapter": getattr(accelerate, "DataLoaderAdapter", ()),
    }
    found: dict[str, Any] = {}
    is_direct = True
    for frame in _frames():
        module = frame.f_globals.get("__name__", "")
        is_direct = is_direct and module.startswith(_PASSES_ON)
        if not is_direct and accelerate is None:
            break
        caller = frame.f_locals.get("self")
        if module == _FETCH and is_direct:
            found.setdefault("fetcher", caller)
        for name, kind in kinds.items():
            # Accelerate's say of themselves that they are of another class.
            if kind and issubclass(type(caller), kind):
                found.setdefault(name, caller)
    found["reads_ahead"] = "reads_ahead" in found or "dispatcher" in found
    found["n_skipped"] = int(getattr(found.pop("adapter", None), "skip_batches", 0))
    return Around(**found)


class Preparing(NamedTuple):
    """What Accelerate has in hand where it is asked to prepare a DataLoader."""

    dataloader: Any = None
    splits: Any = False
    dispatches: Any = None


def preparing() -> Preparing:
    """What Accelerate looks at because it is asked to prepare it; nothing
    elsewhere."""
    # Between them may be the frame of isinstance().
    for frame in itertools.islice(_frames(), 2):
        found = frame.f_locals
        if frame.f_code.co_name != "prepare_data_loader":
            continue
        if frame.f_globals.get("__name__") == "accelerate.accelerator":
            return Preparing(found["data_loader"], found["self"].split_batches, found["self"].dispatch_batches)
        if frame.f_globals.get("__name__") == "accelerate.data_loader":
            return Preparing(found["dataloader"], found["split_batches"], found["dispatch_batches"])
    return Preparing()


def being_made() -> Any:  # noqa: ANN401
    """The DataLoader that looks at its dataset because it is being made; nothing
    elsewhere."""
    kind = getattr(sys.modules.get("torch.utils.data"), "DataLoader", ())
    for frame in itertools.islice(_frames(), 2):
        caller = frame.f_locals.get("self")
        if frame.f_code.co_name == "__init__" and issubclass(type(caller), kind):
            return caller
    return None


def dispatched() -> Any:  # noqa: ANN401
    """The iterator from which process 0 has read what Accelerate's dispatcher moves
    to the device; nothing elsewhere."""
    for frame in itertools.islice(_frames(), 4):
        if frame.f_code.co_name == "__iter__" and frame.f_globals.get("__name__") == "accelerate.data_loader":
            fetcher = getattr(frame.f_locals.get("main_iterator"), "_dataset_fetcher", None)
            return getattr(fetcher, "dataset_iter", None)
    return None


def is_saved_by_torchdata() -> bool:
    """Whether torchdata asks for a state, which it times by itself."""
    return any(frame.f_globals.get("__name__", "").startswith("torchdata.") for frame in _frames())


def by_index(what: object) -> None:
    """Refuses a torch DataLoader that takes batches by their index, as it does
    from what is no dataset of torch's: no position moves there.

    Raises:
        UsageError: If it is one that asks.

    """
    if "torch" not in sys.modules:
        return
    caller = next(_frames(), None)
    if caller is not None and caller.f_globals.get("__name__") == _FETCH:
        raise UsageError(
            f"expected loader.to_torch() in a torch DataLoader, got {what!r}: taken by index, batches would be those "
            "of one epoch again and again, and its state would never move",
            hint="DataLoader(loader.to_torch(), batch_size=None)",
        )


def _frames() -> Iterator[FrameType]:
    """The frames of those who have called, the innermost first, without this
    package's own."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_MOST):
        if frame is None:
            return
        if not frame.f_globals.get("__name__", "").startswith("fuelrail."):
            yield frame
        frame = frame.f_back
