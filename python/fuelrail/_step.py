"""What a step of a loader is: the name of its operator, and its keys."""

from __future__ import annotations

Step = dict[str, object]


def step(op: str, **keys: object) -> Step:
    """A step with the keys that were given."""
    return {"op": op, **{key: value for key, value in keys.items() if value is not None}}
