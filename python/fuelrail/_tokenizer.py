"""Text to token ids and back."""

from __future__ import annotations

from fuelrail import _native
from fuelrail._calls import told
from fuelrail._errors import UsageError, UsageTypeError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import Literal, Protocol, TypeAlias

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Special: TypeAlias = Literal["text", "parse", "refuse"]

    class _Tokenizers(Protocol):
        """A ``tokenizers.Tokenizer``."""

        def to_str(self, *, pretty: bool = ...) -> str: ...

    class _Transformers(Protocol):
        """A fast tokenizer of ``transformers``."""

        @property
        def backend_tokenizer(self) -> _Tokenizers: ...

    HuggingFace: TypeAlias = _Tokenizers | _Transformers


@told
class Tokenizer:
    """Text to token ids by byte-level byte pair encoding, with exactly the ids
    of tiktoken or of Hugging Face tokenizers.

    ``source`` is a built-in tokenizer such as ``"cl100k_base"``, the path of a
    ``tokenizer.json`` or ``.tiktoken`` file, or a tokenizer of Hugging Face's:
    a ``tokenizers.Tokenizer`` or a fast one of ``transformers``. ``family`` is
    for a ``.tiktoken`` file whose name does not tell pattern and special tokens:
    the built-in that has the same.

    What of a file is not applied though Hugging Face applies it, such as
    ``truncation``, is a :class:`UserWarning`.

    >>> import fuelrail as fr
    >>> tokenizer = fr.Tokenizer("cl100k_base")
    >>> tokenizer
    Tokenizer('cl100k_base', vocab_size=100277)
    >>> ids = tokenizer.encode("Hello world")
    >>> ids
    array([9906, 1917], dtype=uint32)
    >>> tokenizer.decode(ids)
    'Hello world'

    It can be used by any number of threads at once, and encodes without holding
    the interpreter.
    """

    __slots__ = ("_family", "_name", "_native")

    _name: str | None
    """None for one that was made of an object."""

    def __init__(self, source: str | os.PathLike[str] | HuggingFace, *, family: str | None = None) -> None:
        import os

        self._family = family
        if isinstance(source, (str, bytes, os.PathLike)):
            self._name = os.fspath(source)
            self._native = _native.Tokenizer(self._name, family)
        else:
            if family is not None:
                raise UsageError("`family` is for .tiktoken files only", hint="leave `family` out")
            self._name = None
            self._native = _native.Tokenizer.from_json(_content(source))
        if notes := self._native.notes():
            import warnings

            for note in notes:
                warnings.warn(f"{self._shown()}: {note}", stacklevel=2)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, family: str | None = None) -> Tokenizer:
        """The tokenizer in a ``tokenizer.json`` or ``.tiktoken`` file."""
        return cls(path, family=family)

    def encode(
        self, text: str | bytes, *, special: Special = "text", add_special_tokens: bool = True
    ) -> NDArray[np.uint32]:
        """The ids of one text; ``bytes`` are UTF-8.

        ``special`` says what happens where the text spells a special token: it
        is ordinary text, it becomes that token (``"parse"``, as Hugging Face has
        it), or it is an error (``"refuse"``). The tokens that the file's
        post-processor puts before and after a text, such as ``<s>``, are added
        unless ``add_special_tokens`` is False; most files and all built-in
        tokenizers have none.

        >>> import fuelrail as fr
        >>> tokenizer = fr.Tokenizer("cl100k_base")
        >>> tokenizer.encode("<|endoftext|>").size
        7
        >>> tokenizer.encode("<|endoftext|>", special="parse")
        array([100257], dtype=uint32)
        """
        import numpy as np

        return np.asarray(self._native.encode(text, special, add_special_tokens))

    def encode_batch(
        self,
        texts: Iterable[str | bytes] | object,
        *,
        special: Special = "text",
        add_special_tokens: bool = True,
        threads: int | None = None,
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The ids of many texts, one after another, and where each begins; each
        as :meth:`encode` gives them.

        ``texts`` is a list of ``str`` or ``bytes``, or an array of strings of
        any library that speaks Arrow's PyCapsule interface (pyarrow, polars,
        pandas, duckdb), which is read where it lies. The ids of text ``i`` are
        ``ids[offsets[i]:offsets[i + 1]]``; they do not depend on ``threads``
        (default: one for each core).

        >>> import fuelrail as fr
        >>> ids, offsets = fr.Tokenizer("cl100k_base").encode_batch(["Hello world", "", b"Hello"])
        >>> ids
        array([9906, 1917, 9906], dtype=uint32)
        >>> offsets
        array([0, 2, 2, 3])
        """
        import numpy as np

        ids, offsets = self._native.encode_batch(texts, special, add_special_tokens, threads)
        return np.asarray(ids), np.asarray(offsets)

    def decode(self, ids: ArrayLike, *, errors: str = "replace") -> str:
        """The text of ids: a list, or an array of any shape in its order.

        ``errors`` is that of :meth:`bytes.decode`: a token alone may be a part
        of a character.
        """
        return self.decode_bytes(ids).decode("utf-8", errors)

    def decode_bytes(self, ids: ArrayLike) -> bytes:
        """The bytes of ids, exactly.

        >>> import fuelrail as fr
        >>> fr.Tokenizer("cl100k_base").decode_bytes([9906, 1917])
        b'Hello world'
        """
        import numpy as np

        numbers = np.asarray(ids)
        if numbers.size and numbers.dtype.kind not in "iu":
            raise UsageError(f"expected token ids, got numbers of {numbers.dtype}", hint="for example [9906, 1917]")
        return self._native.decode(numbers.astype(np.int64).tobytes())

    def token_to_id(self, token: str) -> int | None:
        """The id of a token by its text, special ones included; None if there
        is no such token."""
        return self._native.token_to_id(token)

    @property
    def vocab_size(self) -> int:
        """The greatest id + 1, special tokens included."""
        return self._native.vocab_size

    @property
    def special_tokens(self) -> dict[str, int]:
        """The special tokens and their ids.

        >>> import fuelrail as fr
        >>> fr.Tokenizer("cl100k_base").special_tokens["<|endoftext|>"]
        100257
        """
        return dict(self._native.special_tokens())

    @property
    def template(self) -> tuple[list[int], list[int]]:
        """The ids that the file's post-processor puts before and after a text.

        >>> import fuelrail as fr
        >>> fr.Tokenizer("cl100k_base").template
        ([], [])
        """
        return self._native.template()

    def _shown(self) -> str:
        return "a tokenizer of Hugging Face's" if self._name is None else repr(self._name)

    def __repr__(self) -> str:
        name = "<tokenizer.json>" if self._name is None else repr(self._name)
        return f"Tokenizer({name}, vocab_size={self.vocab_size})"

    def __reduce__(self) -> tuple[object, ...]:
        if self._name is None:
            return _of_content, (self._native.content(),)
        import os

        # A built-in name is none of a file, which pickles with its place.
        name = os.path.abspath(self._name) if os.path.exists(self._name) else self._name
        return _again, (name, self._family)


def _again(name: str, family: str | None) -> Tokenizer:
    """A tokenizer as it was in another process."""
    return Tokenizer(name, family=family)


def _of_content(content: bytes) -> Tokenizer:
    """A tokenizer of an object as it was in another process."""
    tokenizer = Tokenizer.__new__(Tokenizer)
    tokenizer._name = tokenizer._family = None
    tokenizer._native = _native.Tokenizer.from_json(content.decode())
    return tokenizer


def _content(tokenizer: object) -> str:
    """The ``tokenizer.json`` of an object of Hugging Face's, told by what it can
    do: no library is imported."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None and hasattr(backend, "to_str"):
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
        hint = f"name the encoding of tiktoken: {getattr(tokenizer, 'name', 'cl100k_base')!r}"
    raise UsageTypeError(f"expected a tokenizer, got {name}", hint=hint)


def _whole(content: str) -> str:
    """The same without sections that cut and fill texts."""
    if all(f'"{section}": null' in content[:1_000] for section in ("truncation", "padding")):
        return content
    import json

    fields = json.loads(content) | {"truncation": None, "padding": None}
    return json.dumps(fields, ensure_ascii=False, indent=2)
