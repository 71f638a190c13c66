"""The tokens of a text with what is known of each, and how they are asked for."""

from __future__ import annotations

from fuelrail import _native
from fuelrail._calls import told
from fuelrail._errors import UsageError, UsageTypeError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from numpy.typing import NDArray

    Native: TypeAlias = _native.Encoding
    Special: TypeAlias = Literal["text", "parse", "refuse"]
    Unit: TypeAlias = Literal["chars", "bytes"]
    Utf8Mode: TypeAlias = Literal["error", "replace", "bytes"]


@told
class Encoding:
    """The tokens of a text, or of a pair, with what is known of each.

    All lists but ``overflowing`` have one entry a token. Offsets are in
    characters, as Python counts them, or in bytes of UTF-8 if the call asked
    for those; so are the places that look-ups take and give. A look-up that
    finds nothing gives None.

    >>> import fuelrail as fr
    >>> encoding = fr.Tokenizer("cl100k_base").encode_tokens("Hello world")
    >>> encoding
    Encoding(2 tokens)
    >>> encoding.tokens, encoding.offsets
    (['Hello', 'Ġworld'], [(0, 5), (5, 11)])
    >>> encoding.char_to_token(7)
    1
    """

    __slots__ = ("_native",)

    _native: Native

    def __init__(self) -> None:
        raise UsageTypeError("expected an encoding as a tokenizer makes it", hint="use Tokenizer.encode_tokens")

    @classmethod
    def _of(cls, native: Native) -> Encoding:
        encoding = cls.__new__(cls)
        encoding._native = native
        return encoding

    @property
    def ids(self) -> list[int]:
        """The ids."""
        return self._native.ids()

    @property
    def tokens(self) -> list[str]:
        """The tokens as the vocabulary spells them: in a byte-level one a space
        is ``Ġ``."""
        return self._native.tokens()

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """Where each token begins and ends in its text."""
        return self._native.offsets()

    @property
    def word_ids(self) -> list[int | None]:
        """The number of the word that each token is of; None for added ones."""
        return self._native.word_ids()

    @property
    def sequence_ids(self) -> list[int | None]:
        """0 for the tokens of the text, 1 for those of its pair, else None."""
        return self._native.sequence_ids()

    @property
    def type_ids(self) -> list[int]:
        """To which part of its input a model is to count each token."""
        return self._native.type_ids()

    @property
    def attention_mask(self) -> list[int]:
        """0 for padding, else 1."""
        return self._native.attention_mask()

    @property
    def special_tokens_mask(self) -> list[int]:
        """1 for tokens that are not of the text, else 0."""
        return self._native.special_tokens_mask()

    @property
    def overflowing(self) -> list[Encoding]:
        """What truncation has taken off, each part an encoding."""
        return [Encoding._of(part) for part in self._native.overflowing()]

    def char_to_token(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """The token at a place of a text."""
        return self._native.place_to_token(char_pos, sequence_index)

    def char_to_word(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """The word at a place of a text."""
        token = self._native.place_to_token(char_pos, sequence_index)
        return None if token is None else self.token_to_word(token)

    def token_to_chars(self, token_index: int) -> tuple[int, int] | None:
        """Where a token begins and ends in its text."""
        return None if self.token_to_sequence(token_index) is None else self.offsets[token_index]

    def token_to_sequence(self, token_index: int) -> int | None:
        """Of which text a token is: 0 or 1."""
        return self._native.token_to_sequence(token_index)

    def token_to_word(self, token_index: int) -> int | None:
        """The word that a token is of."""
        return None if self.token_to_sequence(token_index) is None else self.word_ids[token_index]

    def word_to_chars(self, word_index: int, sequence_index: int = 0) -> tuple[int, int] | None:
        """Where a word begins and ends in its text."""
        return self._native.word_to_span(word_index, sequence_index)

    def word_to_tokens(self, word_index: int, sequence_index: int = 0) -> tuple[int, int] | None:
        """The first token of a word, and one past its last."""
        return self._native.word_to_tokens(word_index, sequence_index)

    def __len__(self) -> int:
        return len(self._native)

    def __repr__(self) -> str:
        return f"Encoding({len(self)} tokens)"


@told
class TextStream:
    """The text of ids as they come, for what a language model writes: never a
    part of a character, and all parts together are the text of all ids.

    >>> import fuelrail as fr
    >>> stream = fr.Tokenizer("cl100k_base").stream()
    >>> [stream.push(id) for id in [15339, 11410, 248, 222]]
    ['hello', None, None, ' 🚀']
    >>> stream.finish()
    ''
    """

    __slots__ = ("_native",)

    def __init__(self, tokenizer: _native.Tokenizer, *, skip_special_tokens: bool) -> None:
        self._native = tokenizer.stream(skip_special_tokens)

    def push(self, ids: Any) -> str | None:  # noqa: ANN401
        """Takes the next id or ids; the text that is whole now, if any."""
        import numpy as np

        numbers = np.atleast_1d(numbers_of(ids))
        if numbers.size and numbers.dtype.kind not in "iu":
            raise UsageError(f"expected token ids, got numbers of {numbers.dtype}", hint="for example 9906")
        if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) < 1 << 32:
            raise UsageError(f"expected ids from 0 to {(1 << 32) - 1}, got {numbers.tolist()}")
        return self._native.push(numbers.ravel().tolist())

    def finish(self) -> str:
        """The text that is left, parts of characters as U+FFFD; the stream is
        then at the start of a text."""
        return self._native.finish()


def numbers_of(ids: Any) -> NDArray[Any]:  # noqa: ANN401
    """Ids as an array; lists in a list have one length."""
    import numpy as np

    try:
        return np.asarray(ids)
    except ValueError as error:
        raise UsageError(
            "expected ids, or lists of them of one length, got lists of several lengths",
            hint="decode_batch takes lists of any lengths, and gives a text for each",
            cause=str(error),
        ) from None


def asked_tokens(
    modes: tuple[str, str],
    add_special_tokens: bool,  # noqa: FBT001
    truncation: dict[str, object] | None,
    padding: dict[str, object] | None,
    offsets: str,
) -> dict[str, object]:
    """What is asked of an encoding, as the native half takes it; ``modes`` are
    those of special tokens and of what is not UTF-8."""
    special, invalid_utf8 = modes
    return {
        "special": special,
        "invalid_utf8": invalid_utf8,
        "add_special_tokens": bool(add_special_tokens),
        "truncation": truncation,
        "padding": padding,
        "offsets": offsets,
    }


def asked_ids(
    special: str,
    invalid_utf8: str,
    add_special_tokens: bool,  # noqa: FBT001
    dtype: str = "uint32",
) -> dict[str, object]:
    """What is asked of ids, as the native half takes it."""
    return {
        "special": special,
        "invalid_utf8": invalid_utf8,
        "add_special_tokens": bool(add_special_tokens),
        "dtype": dtype,
    }


def shaped(made: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """The arrays by their names, in their shapes."""
    import numpy as np

    shape = (made["n_rows"], made["width"])
    shapes = {"offset_mapping": (*shape, 2), "overflow_to_sample_mapping": shape[:1]}
    return {name: np.asarray(numbers).reshape(shapes.get(name, shape)) for name, numbers in made["arrays"]}
