"""Tokenizers of Hugging Face's libraries, told by what they can do: no library is
imported.
"""

from __future__ import annotations

from fuelrail._errors import UsageError, UsageTypeError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TypeAlias

    class _Tokenizers(Protocol):
        """A ``tokenizers.Tokenizer``."""

        def to_str(self, *, pretty: bool = ...) -> str: ...

    class _Transformers(Protocol):
        """A fast tokenizer of ``transformers``."""

        @property
        def backend_tokenizer(self) -> _Tokenizers: ...

    HuggingFace: TypeAlias = _Tokenizers | _Transformers

# Names under which a configuration holds what a tokenizer is told beside its file.
_SETTINGS = ("model_max_length", "padding_side", "truncation_side")


def content_of(tokenizer: object) -> str:
    """The ``tokenizer.json`` of an object of Hugging Face's, told by what it can
    do: no library is imported."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None and hasattr(backend, "to_str"):
        if getattr(tokenizer, "split_special_tokens", False) is True:
            raise UsageError(
                "expected a tokenizer that finds special tokens in texts, got one with split_special_tokens",
                hint='set it to False, and say special="text" where texts are encoded',
            )
        # What a fast tokenizer of transformers cuts and fills is said at each
        # call; what its backend holds is left from the last one.
        return _whole(backend.to_str(pretty=True))
    if hasattr(tokenizer, "to_str"):
        # As `tokenizer.save(path)` writes it, so that datasets have the same digest.
        content: str = tokenizer.to_str(pretty=True)
        return content
    name = f"{type(tokenizer).__module__}.{type(tokenizer).__qualname__}"
    if hasattr(tokenizer, "convert_tokens_to_ids"):
        raise UsageTypeError(
            f"expected a fast tokenizer of transformers, got a slow one, {name}",
            hint="load it with use_fast=True; one that has no tokenizer.json cannot be used here",
        )
    hint = "give a name, a path, or a tokenizer of `tokenizers` or `transformers`"
    if hasattr(tokenizer, "encode_ordinary"):
        hint = (
            f"name the encoding of tiktoken: {getattr(tokenizer, 'name', 'cl100k_base')!r}; one of your own is "
            "Tokenizer.from_tiktoken(path, pattern=…, special_tokens=…)"
        )
    raise UsageTypeError(f"expected a tokenizer, got {name}", hint=hint)


def _whole(content: str) -> str:
    """The same without sections that cut and fill texts."""
    if all(f'"{section}": null' in content[:1_000] for section in ("truncation", "padding")):
        return content
    import json

    fields = json.loads(content) | {"truncation": None, "padding": None}
    return json.dumps(fields, ensure_ascii=False, indent=2)


def config_of(tokenizer: object) -> str | None:
    """What the ``tokenizer_config.json`` of a fast tokenizer of transformers would
    hold of templates and special tokens; None for other objects."""
    tokens = getattr(tokenizer, "special_tokens_map", None)
    if tokens is None:
        return None
    import json

    fields = {name: str(token) for name, token in tokens.items() if not isinstance(token, (list, tuple))}
    template = getattr(tokenizer, "chat_template", None)
    if isinstance(template, dict):
        template = [{"name": name, "template": source} for name, source in template.items()]
    settings = {name: getattr(tokenizer, name, None) for name in _SETTINGS}
    config = fields | settings | {"chat_template": template}
    if any(not name.endswith("_token") for name in fields):
        # Only under this name can tokens be called anything.
        config["model_specific_special_tokens"] = fields
    return json.dumps(config)
