"""Batches as dicts of a framework's arrays, each with the state after it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

from fuelrail._errors import UsageAttributeError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class BatchDict(dict[str, T]):
    """A batch as a dict, by the names of its tensors, that knows the loader's
    state after it: what to save with a model that has been trained on it.

    Copies keep the state. What another library makes of it, such as
    ``jax.tree.map``, is such a dict too, and has none.

    >>> import json
    >>> from pathlib import Path
    >>> import fuelrail as fr
    >>> lines = (json.dumps({"label": n}) for n in range(1000))
    >>> _ = Path("numbers.jsonl").write_text("\\n".join(lines) + "\\n")
    >>> dataset = fr.Pipeline("numbers.jsonl").shard("shards", progress="never")
    >>> batch = next(iter(fr.Loader(dataset, batch_size=64).to_numpy()))
    >>> isinstance(batch, dict), batch["label"].shape, batch.state["position"]
    (True, (64,), 64)

    """

    __slots__ = ("_state",)
    # As text, which is made sooner than a dict and seldom asked for.
    _state: str

    @property
    def state(self) -> dict[str, Any]:
        """Where the loader stands after this batch."""
        try:
            return cast("dict[str, Any]", json.loads(self._state))
        except AttributeError:
            raise UsageAttributeError(
                "expected a batch as its loader made it, got one that was made out of it and has no state",
                hint="take batch.state before the batch is changed, or the loader's or view's state_dict()",
            ) from None

    def _with_state_of(self, other: BatchDict[Any]) -> BatchDict[T]:
        """The same, with the state of another, if that has one."""
        text = getattr(other, "_state", None)
        if text is not None:
            self._state = text
        return self

    def copy(self) -> BatchDict[T]:
        """A dict of the same arrays, with the state."""
        return type(self)(self)._with_state_of(self)


def make_known() -> None:
    """Has the libraries that are imported take batches apart and put them
    together again as they do with dicts, which of a dict's own kind they do not
    by themselves."""
    for name, register in _LIBRARIES.items():
        if name in sys.modules and name not in _known:
            # Two threads may both do so, and the later one is told.
            _known.add(name)
            register(BatchDict)


def _to_jax(kind: type[BatchDict[Any]]) -> None:
    import jax

    def names(batch: BatchDict[Any]) -> tuple[str, ...]:
        return tuple(sorted(batch))

    # A state would be compiled anew for each batch, or be that of another one.
    jax.tree_util.register_pytree_with_keys(
        kind,
        lambda batch: ([(jax.tree_util.DictKey(name), batch[name]) for name in names(batch)], names(batch)),
        lambda names, arrays: kind(zip(names, arrays, strict=True)),
        lambda batch: ([batch[name] for name in names(batch)], names(batch)),
    )


def _to_torch(kind: type[BatchDict[Any]]) -> None:
    from torch.utils import _pytree

    _pytree.register_pytree_node(
        kind,
        lambda batch: (list(batch.values()), list(batch)),
        lambda arrays, names: kind(zip(names, arrays, strict=True)),
        serialized_type_name=f"{kind.__module__}.{kind.__qualname__}",
    )


_LIBRARIES: dict[str, Callable[[type[BatchDict[Any]]], None]] = {
    "jax.tree_util": _to_jax,
    "torch.utils._pytree": _to_torch,
}
_known: set[str] = set()
