"""Text to token ids and back."""

from __future__ import annotations

from fuelrail import _native
from fuelrail._calls import told
from fuelrail._chat import ChatTemplate, asked_conversation, check_variables, ending
from fuelrail._config import Config
from fuelrail._encoding import Encoding, TextStream, asked_ids, asked_tokens, numbers_of, shaped
from fuelrail._errors import UsageError
from fuelrail._family import family_of
from fuelrail._hugging_face import config_of, content_of
from fuelrail._lengths import call_padding, call_truncation, pad_of, padding_of, truncation_of
from fuelrail._vocabulary import Vocabulary

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal, TypeAlias, overload

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from fuelrail._chat import Messages, Now
    from fuelrail._encoding import Special, Unit, Utf8Mode
    from fuelrail._family import Family
    from fuelrail._hugging_face import HuggingFace
    from fuelrail._lengths import Padding, Truncation

    Ids: TypeAlias = NDArray[np.uint32] | NDArray[np.uint16]
    IdType: TypeAlias = Literal["uint32", "uint16"]
    ArrayType: TypeAlias = Literal["int64", "int32", "uint32", "uint16"]
    Side: TypeAlias = Literal["left", "right"]
else:

    def overload(function):  # noqa: ANN001, ANN202
        """What only type checkers read."""
        return function


@told
class Tokenizer(Vocabulary):
    """Text to token ids and back, with exactly the ids of Hugging Face tokenizers,
    of sentencepiece for its models, and of tiktoken.

    ``source`` is a built-in tokenizer such as ``"cl100k_base"``, the path of a
    model's folder or of a ``tokenizer.json``, ``.tiktoken``, ``.model``,
    ``vocab.txt`` or ``vocab.json`` file (with its ``merges.txt``), or a tokenizer
    of Hugging Face's: a ``tokenizers.Tokenizer`` or a fast one of
    ``transformers``. ``family`` is for a ``.tiktoken`` file whose name does not
    tell pattern and special tokens: that of a built-in tokenizer, ``"llama3"``,
    ``"llama3.1"``, ``"qwen"``, or what :meth:`from_tiktoken` takes, as a dict.

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

    __slots__ = ("_config_or_none", "_family", "_name")

    _name: str | None
    """None for one that was made of an object."""

    def __init__(self, source: str | os.PathLike[str] | HuggingFace, *, family: Family | None = None) -> None:
        import os

        self._family = family_of(family)
        self._config_or_none: Config | None = None
        if isinstance(source, (str, bytes, os.PathLike)):
            self._name = os.fspath(source)
            self._native = _native.Tokenizer(self._name, self._family)
        else:
            if family is not None:
                raise UsageError("`family` is for .tiktoken files only", hint="leave `family` out")
            self._name = None
            self._native = _native.Tokenizer.from_json(content_of(source))
            self._config_or_none = Config(config_of(source))
        if notes := self._native.notes():
            import warnings

            for note in notes:
                warnings.warn(f"{self._shown()}: {note}", stacklevel=2)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, family: Family | None = None) -> Tokenizer:
        """The tokenizer in a file, or in the folder of a model."""
        return cls(path, family=family)

    @classmethod
    def from_tiktoken(
        cls, path: str | os.PathLike[str], *, pattern: str, special_tokens: Mapping[str, int] | None = None
    ) -> Tokenizer:
        """The tokenizer in a ``.tiktoken`` file, with the ``pat_str`` and the
        ``special_tokens`` of a ``tiktoken.Encoding``, and its ids."""
        return cls(path, family={"pattern": pattern, "special_tokens": special_tokens or {}})

    @overload
    def encode(
        self,
        text: str | bytes,
        *,
        special: Special = "text",
        invalid_utf8: Utf8Mode = "error",
        add_special_tokens: bool = True,
        dtype: Literal["uint32"] = "uint32",
    ) -> NDArray[np.uint32]: ...
    @overload
    def encode(  # noqa: F811
        self,
        text: str | bytes,
        *,
        special: Special = "text",
        invalid_utf8: Utf8Mode = "error",
        add_special_tokens: bool = True,
        dtype: Literal["uint16"],
    ) -> NDArray[np.uint16]: ...
    def encode(  # noqa: F811
        self,
        text: str | bytes,
        *,
        special: Special = "text",
        invalid_utf8: Utf8Mode = "error",
        add_special_tokens: bool = True,
        dtype: IdType = "uint32",
    ) -> Ids:
        """The ids of one text; ``bytes`` are UTF-8, unless ``invalid_utf8`` says
        what happens where they are not: ``"replace"`` puts U+FFFD there, as
        :meth:`bytes.decode` does, and ``"bytes"`` encodes them byte by byte, as
        tiktoken's ``_encode_bytes`` does, so that they decode to the same bytes.

        ``special`` says what happens where the text spells a special token: it
        is ordinary text, it becomes that token (``"parse"``, as Hugging Face has
        it), or it is an error (``"refuse"``). The tokens that the file's
        post-processor puts before and after a text, such as ``<s>``, are added
        unless ``add_special_tokens`` is False; most files and all built-in
        tokenizers have none. ``dtype="uint16"`` is for vocabularies of at most
        65,536 tokens.

        >>> import fuelrail as fr
        >>> tokenizer = fr.Tokenizer("cl100k_base")
        >>> tokenizer.encode("<|endoftext|>").size
        7
        >>> tokenizer.encode("<|endoftext|>", special="parse")
        array([100257], dtype=uint32)
        """
        import numpy as np

        return np.asarray(self._native.encode(text, asked_ids(special, invalid_utf8, add_special_tokens, dtype)))

    def encode_batch(
        self,
        texts: Iterable[str | bytes] | object,
        *,
        special: Special = "text",
        invalid_utf8: Utf8Mode = "error",
        add_special_tokens: bool = True,
        threads: int | None = None,
        dtype: IdType = "uint32",
    ) -> tuple[Ids, NDArray[np.int64]]:
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

        ids, offsets = self._native.encode_batch(
            texts, asked_ids(special, invalid_utf8, add_special_tokens, dtype), threads
        )
        return np.asarray(ids), np.asarray(offsets)

    def count(
        self,
        text: str | bytes,
        *,
        special: Special = "text",
        invalid_utf8: Utf8Mode = "error",
        add_special_tokens: bool = True,
    ) -> int:
        """How many ids :meth:`encode` gives, without making any.

        >>> import fuelrail as fr
        >>> fr.Tokenizer("cl100k_base").count("Hello world")
        2
        """
        return self._native.count(text, asked_ids(special, invalid_utf8, add_special_tokens))

    def count_batch(
        self,
        texts: Iterable[str | bytes] | object,
        *,
        special: Special = "text",
        invalid_utf8: Utf8Mode = "error",
        add_special_tokens: bool = True,
        threads: int | None = None,
    ) -> NDArray[np.int64]:
        """How many ids each of many texts has."""
        import numpy as np

        return np.asarray(
            self._native.count_batch(texts, asked_ids(special, invalid_utf8, add_special_tokens), threads)
        )

    def encode_tokens(
        self,
        text: str | bytes,
        pair: str | bytes | None = None,
        *,
        special: Special = "parse",
        invalid_utf8: Literal["error", "replace"] = "error",
        add_special_tokens: bool = True,
        truncation: Truncation | None = None,
        padding: Padding | None = None,
        offsets: Unit = "chars",
    ) -> Encoding:
        """One text, or two, with what is known of each token: Hugging Face's
        ``encode``.

        ``truncation`` is the most tokens, those that are added among them, or a
        dict of ``max_length``, ``stride``, ``strategy`` (``"longest_first"``,
        ``"only_first"``, ``"only_second"``) and ``direction``; ``padding`` is the
        least, or a dict of ``length``, ``direction``, ``pad_id``,
        ``pad_type_id``, ``pad_token`` and ``pad_to_multiple_of``. What a
        tokenizer's file says of both is done only if it is asked for, as
        ``truncation=tokenizer.truncation``.

        >>> import fuelrail as fr
        >>> encoding = fr.Tokenizer("cl100k_base").encode_tokens("naïve 北京", truncation=4)
        >>> encoding.offsets
        [(0, 2), (2, 3), (3, 5), (5, 7)]
        >>> encoding.overflowing[0].offsets
        [(6, 7), (7, 8)]
        """
        asked = asked_tokens(
            (special, invalid_utf8),
            add_special_tokens,
            truncation_of(truncation),
            padding_of(padding, pad_of(self._native, self._config)),
            offsets,
        )
        return Encoding._of(self._native.encode_tokens(text, pair, asked))

    def encode_tokens_batch(
        self,
        texts: Iterable[str | bytes] | object,
        pairs: Iterable[str | bytes] | object | None = None,
        *,
        special: Special = "parse",
        invalid_utf8: Literal["error", "replace"] = "error",
        add_special_tokens: bool = True,
        truncation: Truncation | None = None,
        padding: Padding | None = None,
        offsets: Unit = "chars",
        threads: int | None = None,
    ) -> list[Encoding]:
        """Many texts, or pairs of them, as :meth:`encode_tokens` has one; with
        ``padding="longest"`` all are as long as the longest."""
        asked = asked_tokens(
            (special, invalid_utf8),
            add_special_tokens,
            truncation_of(truncation),
            padding_of(padding, pad_of(self._native, self._config)),
            offsets,
        )
        return [Encoding._of(native) for native in self._native.encode_tokens_batch(texts, pairs, asked, threads)]

    @told
    def __call__(
        self,
        texts: str | bytes | Iterable[str | bytes] | object,
        pairs: str | bytes | Iterable[str | bytes] | object | None = None,
        *,
        special: Special = "parse",
        invalid_utf8: Literal["error", "replace"] = "error",
        add_special_tokens: bool = True,
        padding: bool | Literal["longest", "max_length", "do_not_pad"] = False,
        truncation: bool | Literal["longest_first", "only_first", "only_second", "do_not_truncate"] = False,
        max_length: int | None = None,
        stride: int = 0,
        pad_to_multiple_of: int | None = None,
        pad_token: str | None = None,
        padding_side: Side | None = None,
        truncation_side: Side | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool = True,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        offsets: Unit = "chars",
        dtype: ArrayType = "int64",
        threads: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Texts, or pairs of them, as rectangular numpy arrays for a model: what a
        tokenizer of transformers gives with ``return_tensors="np"``.

        The keywords mean what they mean there. ``token_type_ids`` are given for
        pairs unless told otherwise. Sides, the greatest length and the token that
        pads come from the tokenizer's files unless they are given.

        >>> import fuelrail as fr
        >>> arrays = fr.Tokenizer("cl100k_base")(["Hello world", "Hello"], padding=True, pad_token="<|endoftext|>")
        >>> arrays["input_ids"].tolist(), arrays["attention_mask"].tolist()
        ([[9906, 1917], [9906, 100257]], [[1, 1], [1, 0]])
        """
        if isinstance(texts, (str, bytes)):
            texts = [texts]
            pairs = None if pairs is None else [pairs]
        model = (self._native, self._config)
        cut = call_truncation(model, truncation, max_length, stride, truncation_side)
        if max_length is not None and cut is None and padding != "max_length":
            raise UsageError("`max_length` is for truncation or padding", hint="add truncation=True")
        pad = call_padding(model, padding, max_length, pad_to_multiple_of, (padding_side, pad_token))
        asked = asked_tokens((special, invalid_utf8), add_special_tokens, cut, pad, offsets)
        names = {
            "input_ids": True,
            "token_type_ids": pairs is not None if return_token_type_ids is None else return_token_type_ids,
            "attention_mask": return_attention_mask,
            "special_tokens_mask": return_special_tokens_mask,
            "offset_mapping": return_offsets_mapping,
            "overflow_to_sample_mapping": return_overflowing_tokens,
        }
        arrays = {"dtype": dtype, "names": [name for name, wanted in names.items() if wanted], "threads": threads}
        return shaped(self._native.encode_arrays(texts, pairs, asked, arrays))

    def decode(self, ids: ArrayLike, *, skip_special_tokens: bool = False, errors: str = "replace") -> str:
        """The text of ids: a list, or an array of any shape in its order.

        ``errors`` is that of :meth:`bytes.decode`: a token alone may be a part
        of a character.

        >>> import fuelrail as fr
        >>> fr.Tokenizer("cl100k_base").decode([9906, 1917, 100257], skip_special_tokens=True)
        'Hello world'
        """
        return self.decode_bytes(ids, skip_special_tokens=skip_special_tokens).decode("utf-8", errors)

    def decode_batch(
        self, batch: Iterable[ArrayLike], *, skip_special_tokens: bool = False, errors: str = "replace"
    ) -> list[str]:
        """The texts of many lists of ids, or of the rows of an array."""
        return [self.decode(ids, skip_special_tokens=skip_special_tokens, errors=errors) for ids in batch]

    def stream(self, *, skip_special_tokens: bool = True) -> TextStream:
        """What gives text as ids come: see :class:`TextStream`."""
        return TextStream(self._native, skip_special_tokens=skip_special_tokens)

    def decode_bytes(self, ids: ArrayLike, *, skip_special_tokens: bool = False) -> bytes:
        """The bytes of ids, exactly.

        >>> import fuelrail as fr
        >>> fr.Tokenizer("cl100k_base").decode_bytes([9906, 1917])
        b'Hello world'
        """
        import numpy as np

        numbers = numbers_of(ids)
        if numbers.size and numbers.dtype.kind not in "iu":
            raise UsageError(f"expected token ids, got numbers of {numbers.dtype}", hint="for example [9906, 1917]")
        return self._native.decode(numbers.astype(np.int64).tobytes(), skip_special_tokens)

    def apply_chat_template(
        self,
        messages: Messages,
        tools: Sequence[Mapping[str, Any]] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        chat_template: str | ChatTemplate | None = None,
        *,
        add_generation_prompt: bool = False,
        continue_final_message: bool | str = False,
        tokenize: bool = True,
        return_assistant_tokens_mask: bool = False,
        now: Now | None = None,
        **variables: Any,  # noqa: ANN401
    ) -> str | NDArray[np.uint32] | tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The ids of a conversation by the model's chat template; its text without
        ``tokenize``; with ``return_assistant_tokens_mask`` the ids and 1 for those
        of the assistant, 0 for others: what a loss is to count.

        ``chat_template`` is a template, or the name of one of the model's; unless
        told, that is what the model's folder or object comes with. Special
        tokens have the names that they have there, such as ``bos_token``. The
        rest is as for :meth:`ChatTemplate.render`.

        >>> import fuelrail as fr
        >>> tokenizer = fr.Tokenizer("cl100k_base")
        >>> template = fr.ChatTemplate("{% for m in messages %}{{ m.content }}<|endoftext|>{% endfor %}")
        >>> messages = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": " world"}]
        >>> ids, mask = tokenizer.apply_chat_template(
        ...     messages, chat_template=template, return_assistant_tokens_mask=True
        ... )
        >>> ids.tolist(), mask.tolist()
        ([9906, 100257, 1917, 100257], [0, 0, 1, 1])
        """
        template = self._config.template(chat_template, has_tools=tools is not None)
        check_variables(variables, template.source())
        end = ending(add_generation_prompt, continue_final_message)
        known: dict[str, Any] = {**self._config.special_tokens, **variables}
        asked = asked_conversation(messages, tools, documents, known, end, now)
        if not return_assistant_tokens_mask:
            text = template.render(asked)
            return self.encode(text, special="parse", add_special_tokens=False) if tokenize else text
        if not tokenize:
            raise UsageError("a mask of tokens needs tokens", hint="leave tokenize=False out")
        import numpy as np

        ids, mask = self._native.encode_marked(*template.render_marked(asked))
        return np.asarray(ids), np.asarray(mask)

    @property
    def chat_templates(self) -> list[str]:
        """The names of the model's chat templates."""
        return self._config.templates.names()

    @property
    def _config(self) -> Config:
        """What stands beside the tokenizer in its model's folder."""
        if self._config_or_none is None:
            import os

            is_file = self._name is not None and os.path.exists(self._name)
            self._config_or_none = Config.beside(str(self._name)) if is_file else Config()
        return self._config_or_none

    def _shown(self) -> str:
        return "a tokenizer of Hugging Face's" if self._name is None else repr(self._name)

    def __repr__(self) -> str:
        name = "<tokenizer.json>" if self._name is None else repr(self._name)
        return f"Tokenizer({name}, vocab_size={self.vocab_size})"

    def __reduce__(self) -> tuple[object, ...]:
        if self._name is None:
            return _of_content, (self._native.content(), self._config.text)
        import os

        # A built-in name is none of a file, which pickles with its place.
        name = os.path.abspath(self._name) if os.path.exists(self._name) else self._name
        return _again, (name, self._family)


def _again(name: str, family: Family | None) -> Tokenizer:
    """A tokenizer as it was in another process."""
    return Tokenizer(name, family=family)


def _of_content(content: bytes, config: str | None = None) -> Tokenizer:
    """A tokenizer of an object as it was in another process."""
    tokenizer = Tokenizer.__new__(Tokenizer)
    tokenizer._name = tokenizer._family = None
    tokenizer._native = _native.Tokenizer.from_json(content.decode())
    tokenizer._config_or_none = Config(config)
    return tokenizer
