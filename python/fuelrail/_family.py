"""What a ``.tiktoken`` file does not say: the name of a family that fixes it, or
a pattern and special tokens.
"""

from __future__ import annotations

from fuelrail._errors import UsageError, UsageTypeError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    Family: TypeAlias = str | Mapping[str, Any]


def family_of(family: Family | None) -> str | dict[str, Any] | None:
    """A family as the native half takes it."""
    if family is None or isinstance(family, str):
        return family
    try:
        given = dict(family)
    except (TypeError, ValueError):
        raise UsageTypeError(f"family: expected a name or a dict, got {type(family).__name__}") from None
    rules = {"special_tokens": {}} | given
    if rules.keys() != {"pattern", "special_tokens"}:
        raise UsageError(
            f"family: expected a dict of `pattern` and `special_tokens`, got one of {', '.join(map(repr, given))}"
        )
    if not isinstance(rules["pattern"], str):
        raise UsageTypeError(f"pattern: expected a regular expression, got {type(rules['pattern']).__name__}")
    return {"pattern": rules["pattern"], "special_tokens": _tokens(rules["special_tokens"])}


def _tokens(tokens: Mapping[str, int]) -> dict[str, int]:
    """The ids of special tokens."""
    try:
        given = dict(tokens)
    except (TypeError, ValueError):
        raise UsageTypeError(f"special_tokens: expected ids by token, got {type(tokens).__name__}") from None
    found = {}
    for token, number in given.items():
        if not isinstance(token, str) or isinstance(number, bool) or not hasattr(number, "__index__"):
            raise UsageTypeError(f"special_tokens: expected ids by token, got {token!r}: {number!r}")
        found[token] = number.__index__()
        if not 0 <= found[token] < (1 << 32) - 1:
            raise UsageError(f"special_tokens: expected ids from 0 to {(1 << 32) - 2}, got {number} for {token!r}")
    return found
