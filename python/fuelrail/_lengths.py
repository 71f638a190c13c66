"""To how many tokens texts are cut and filled: what a call says, and what a
tokenizer's files say where it does not.
"""

from __future__ import annotations

from fuelrail._errors import UsageError, did_you_mean

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal, TypeAlias

    from fuelrail import _native
    from fuelrail._config import Config

    Truncation: TypeAlias = int | Mapping[str, Any]
    Padding: TypeAlias = int | Literal["longest"] | Mapping[str, Any]
    Model: TypeAlias = tuple[_native.Tokenizer, Config]

# The longest padding, as in the native half: what is beyond is a slip of the finger.
_MOST_PADDING = 1 << 24

# What `enable_truncation` and `enable_padding` of Hugging Face's library take.
_TRUNCATION: dict[str, object] = {"max_length": None, "stride": 0, "strategy": "longest_first", "direction": "right"}
_NO_PAD = "the tokenizer does not say which token it is padded with"
_PADDING: dict[str, object] = {
    "length": None,
    "direction": "right",
    "pad_id": 0,
    "pad_type_id": 0,
    "pad_token": "[PAD]",
    "pad_to_multiple_of": None,
}


def truncation_of(asked: Truncation | None) -> dict[str, object] | None:
    """A truncation with all its keywords."""
    if asked is None:
        return None
    if isinstance(asked, int):
        return _TRUNCATION | {"max_length": count("truncation", asked)}
    found = _known("truncation", asked, _TRUNCATION)
    if found["max_length"] is None:
        raise UsageError("truncation: expected a `max_length`", hint='for example {"max_length": 512}')
    return found | {name: count(name, found[name]) for name in ("max_length", "stride")}


def padding_of(asked: Padding | None, default: dict[str, object] | None) -> dict[str, object] | None:
    """A padding with all its keywords; ``default`` names the token of the
    tokenizer, if that is known."""
    if asked is None:
        return None
    if not isinstance(asked, (int, str)):
        names_pad = "pad_id" in asked
        found = _known("padding", asked, _PADDING | ({} if names_pad else default or {}))
    else:
        names_pad = False
        expected = 'a number of tokens or "longest"'
        length = None if asked == "longest" else count("padding", asked, expected, most=_MOST_PADDING)
        found = _PADDING | (default or {}) | {"length": length}
    if not names_pad and default is None:
        raise UsageError(_NO_PAD, hint='name it: padding={"pad_id": 0}')
    lengths = [name for name in ("length", "pad_to_multiple_of") if found[name] is not None]
    found |= {name: count(name, found[name], most=_MOST_PADDING) for name in lengths}
    return found | {name: count(name, found[name]) for name in ("pad_id", "pad_type_id")}


def _known(name: str, asked: Any, defaults: dict[str, object]) -> dict[str, object]:  # noqa: ANN401
    for key in asked:
        if key not in defaults:
            hint = did_you_mean(str(key), list(defaults)) or f"known keywords: {', '.join(defaults)}"
            raise UsageError(f"{name}: unknown keyword `{key}`", hint=hint)
    return defaults | dict(asked)


def count(
    name: str, value: object, expected: str = "a whole number of at least 0", *, most: int = (1 << 32) - 1
) -> int:
    """A number of tokens, or an id, of at most ``most``."""
    if hasattr(value, "__index__") and not isinstance(value, bool):
        number = value.__index__()
        if number > most:
            raise UsageError(f"{name}: expected at most {most}, got {number}")
        if number >= 0:
            return int(number)
    raise UsageError(f"{name}: expected {expected}, got {value!r}")


def pad_of(native: _native.Tokenizer, config: Config) -> dict[str, Any] | None:
    """The token that texts are padded with, if the files say which."""
    if (padding := native.padding()) is not None:
        return padding
    token = config.special_tokens.get("pad_token")
    number = None if token is None else native.token_to_id(token)
    return None if number is None else {"pad_id": number, "pad_token": token}


def call_truncation(
    model: Model,
    asked: bool | str,  # noqa: FBT001
    length: int | None,
    stride: int,
    side: str | None,
) -> dict[str, Any] | None:
    """The truncation that the keywords of transformers ask for."""
    if asked is False or asked == "do_not_truncate":
        return None
    native, config = model
    if length is None:
        length = config.max_length or (native.truncation() or {}).get("max_length")
    if length is None:
        raise UsageError("the model does not say how many tokens it takes", hint="give them: max_length=512")
    return {
        "max_length": count("max_length", length),
        "stride": count("stride", stride),
        "strategy": "longest_first" if asked is True else asked,
        "direction": side or config.side("truncation") or "right",
    }


def call_padding(
    model: Model,
    asked: bool | str,  # noqa: FBT001
    length: int | None,
    multiple: int | None,
    given: tuple[str | None, str | None],
) -> dict[str, Any] | None:
    """The padding that the keywords of transformers ask for; ``given`` are the
    side and the token of the call."""
    if asked is False or asked == "do_not_pad":
        return None
    if asked not in (True, "longest", "max_length"):
        raise UsageError(f'padding: expected True, False, "longest" or "max_length", got {asked!r}')
    native, config = model
    side, token = given
    pad = pad_of(native, config)
    if token is not None:
        number = native.token_to_id(token)
        if number is None:
            raise UsageError(f"pad_token: expected a token of the vocabulary, got {token!r}")
        pad = (pad or {}) | {"pad_id": number, "pad_token": token}
    if pad is None:
        raise UsageError(_NO_PAD, hint='name it: pad_token="<|endoftext|>"')
    least = None
    if asked == "max_length":
        least = config.max_length if length is None else length
        if least is None:
            raise UsageError("the model does not say how many tokens it takes", hint="give them: max_length=512")
    found = pad | {"length": least, "pad_to_multiple_of": multiple}
    if direction := side or config.side("padding"):
        found["direction"] = direction
    return padding_of(found, pad)
