"""Text to token ids and back."""

from __future__ import annotations

from fuelrail import _native
from fuelrail._errors import UsageError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import Literal, TypeAlias

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Special: TypeAlias = Literal["text", "parse", "refuse"]


class Tokenizer:
    """Text to token ids by byte-level byte pair encoding, with exactly the ids
    of tiktoken or of Hugging Face tokenizers.

    ``name`` is a built-in tokenizer such as ``"cl100k_base"``, or the path of a
    ``tokenizer.json`` or ``.tiktoken`` file. ``family`` is for a ``.tiktoken``
    file whose name does not tell pattern and special tokens: the built-in that
    has the same.

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

    def __init__(self, name: str | os.PathLike[str], *, family: str | None = None) -> None:
        import os

        self._name = os.fspath(name)
        self._family = family
        self._native = _native.Tokenizer(self._name, family)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, family: str | None = None) -> Tokenizer:
        """The tokenizer in a ``tokenizer.json`` or ``.tiktoken`` file."""
        return cls(path, family=family)

    def encode(self, text: str | bytes, *, special: Special = "text") -> NDArray[np.uint32]:
        """The ids of one text; ``bytes`` are UTF-8.

        ``special`` says what happens where the text spells a special token: it
        is ordinary text, it becomes that token (``"parse"``), or it is an error
        (``"refuse"``). No token is put before or after the text.

        >>> import fuelrail as fr
        >>> tokenizer = fr.Tokenizer("cl100k_base")
        >>> tokenizer.encode("<|endoftext|>").size
        7
        >>> tokenizer.encode("<|endoftext|>", special="parse")
        array([100257], dtype=uint32)
        """
        import numpy as np

        return np.asarray(self._native.encode(text, special))

    def encode_batch(
        self,
        texts: Iterable[str | bytes] | object,
        *,
        special: Special = "text",
        threads: int | None = None,
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The ids of many texts, one after another, and where each begins.

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

        ids, offsets = self._native.encode_batch(texts, special, threads)
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

    def __repr__(self) -> str:
        return f"Tokenizer({self._name!r}, vocab_size={self.vocab_size})"

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (self._name, self._family)


def _again(name: str, family: str | None) -> Tokenizer:
    """A tokenizer as it was in another process."""
    return Tokenizer(name, family=family)
