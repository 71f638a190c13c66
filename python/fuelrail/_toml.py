"""Python values as TOML, which is what the engine checks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping

from fuelrail._errors import PipelineError


def table(keys: Mapping[str, object]) -> str:
    """The keys of a table, each on its line; None leaves a key out."""
    given = {key: value for key, value in keys.items() if value is not None}
    return "".join(f"{_text(key)} = {_value(value, key)}\n" for key, value in given.items())


def _value(value: object, key: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, (str, os.PathLike)):
        return _text(os.fspath(value))
    if hasattr(value, "tolist") and not isinstance(value, type):
        # An array or a number of numpy's, or of a library that follows it.
        return _value(value.tolist(), key)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_text(name)} = {_value(item, key)}' for name, item in value.items())} }}"
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        return f"[{', '.join(_value(item, key) for item in value)}]"
    raise PipelineError(f"{key}: expected text, a number, a list or a dict, got {type(value).__name__}")


def _text(text: str | bytes) -> str:
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PipelineError(f"expected UTF-8 text, got {text!r}") from error
    # JSON's escapes are TOML's, which wants one more.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
