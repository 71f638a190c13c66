"""What a tokenizer knows beside how text is encoded: its tokens and what its file
says of them.
"""

from __future__ import annotations

from fuelrail._calls import told

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fuelrail import _native


@told
class Vocabulary:
    """The tokens of a tokenizer."""

    __slots__ = ("_native",)

    _native: _native.Tokenizer

    def id_to_token(self, id: int) -> str | None:  # noqa: A002
        """A token as the vocabulary spells it, in a byte-level one with ``Ġ`` for a
        space; None if there is none.

        >>> import fuelrail as fr
        >>> fr.Tokenizer("cl100k_base").id_to_token(1917)
        'Ġworld'
        """
        return self._native.id_to_token(id)

    def get_vocab(self) -> dict[str, int]:
        """All tokens as the vocabulary spells them, with their ids."""
        return self._native.vocab()

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

    @property
    def truncation(self) -> dict[str, Any] | None:
        """What the file says of truncation, as :meth:`encode_tokens` takes it."""
        return self._native.truncation()

    @property
    def padding(self) -> dict[str, Any] | None:
        """What the file says of padding, as :meth:`encode_tokens` takes it."""
        return self._native.padding()
