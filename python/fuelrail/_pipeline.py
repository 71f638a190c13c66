"""Pipelines: from raw data to a dataset of shards."""

from __future__ import annotations

import json
import os

from fuelrail import _native
from fuelrail._calls import told
from fuelrail._checks import flag, text, texts
from fuelrail._column_steps import ColumnSteps
from fuelrail._errors import UsageError
from fuelrail._toml import table

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, Protocol, TypeAlias

    from fuelrail._chat import ChatTemplate, Now
    from fuelrail._dataset import Dataset
    from fuelrail._family import Family
    from fuelrail._hugging_face import HuggingFace
    from fuelrail._tokenizer import Tokenizer

    class ArrowStream(Protocol):
        """A table that speaks Arrow: of pyarrow, polars, pandas, duckdb."""

        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

    class ArrowBatch(Protocol):
        """A record batch that speaks Arrow."""

        def __arrow_c_array__(self, requested_schema: object | None = None) -> object: ...

    ArrowTable: TypeAlias = ArrowStream | ArrowBatch
    Path: TypeAlias = str | os.PathLike[str]
    Size: TypeAlias = int | str


# Sources that `repr` shows.
_SHOWN_SOURCES = 3


@told
class Pipeline(ColumnSteps):
    """Where rows come from, what is done to each, and where the dataset goes.

    A pipeline never changes: each method gives another one. Methods and their
    keywords are the tables and keys of the pipeline file, which ``fuelrail
    schema`` describes; a key that is left out has its default. What is wrong
    with a key is said at once, what does not fit the inputs before any data
    moves.

    >>> import fuelrail as fr
    >>> pipeline = (
    ...     fr.Pipeline("corpus/*.jsonl")
    ...     .tokenize(column="text", tokenizer="cl100k_base", end_of_document="<|endoftext|>")
    ...     .pack(length=2048)
    ...     .sink("shards/", shard_size="256MiB")
    ... )
    >>> pipeline
    Pipeline('corpus/*.jsonl', tokenize, pack, 'shards/')

    ``source`` is a file, a directory or a glob, or a list of them; or a table
    in memory, of any library that speaks Arrow: pyarrow, polars, pandas, duckdb
    or fuelrail itself. Paths that
    methods take are relative to the working directory of the process, also
    where the pipeline is from a file elsewhere.
    """

    __slots__ = ("_spec",)
    _spec: _native.Pipeline

    def __init__(
        self,
        source: Path | Sequence[Path] | ArrowTable,
        *,
        name: str | None = None,
        format: Literal["parquet", "arrow", "jsonl", "text", "images", "tar"] | None = None,  # noqa: A002
        document: Literal["file", "line"] | Mapping[Literal["separator"], str] | None = None,
        on_error: Literal["fail", "quarantine"] = "fail",
        limit: int | None = None,
        split: Mapping[str, object] | None = None,
        part_size: Size = "1GiB",
        fingerprint: Literal["content", "sampled"] = "content",
        page_checksums: bool = True,
        int96: Literal["ns", "us"] = "ns",
        schema: Mapping[str, str] | None = None,
        unknown_keys: Literal["error", "ignore", "keep"] | None = None,
        allow_nan: bool = False,
        device: str | None = None,
    ) -> None:
        """``format`` and ``document`` say what the files hold, if their names do
        not; ``on_error`` what becomes of content that cannot be read. ``split``
        takes one side of the rows: ``{"take": "train", "validation": 0.01,
        "key": "url"}``. ``page_checksums`` says whether those of Parquet pages
        are checked, ``int96`` in which unit its timestamps of INT96 are read:
        those of years beyond 2262 fit ``"us"`` only. ``device`` runs the steps that devices can run.

        ``schema`` declares types of keys of JSON lines, ``{"price": "float64",
        "meta.url": "string", "tags": "json"}``; those of others are proposed from
        the lines. ``unknown_keys`` says what becomes of a key that is neither
        declared nor seen, where all keys are stored; with ``allow_nan``, NaN and
        infinities are numbers.

        A table in memory is named ``name`` in the origins of rows, and
        ``"table"`` if that is left out.
        """
        in_memory = not isinstance(source, str) and _has_capsules(source)
        if name is not None and not in_memory:
            raise UsageError(f"expected a name only for a table in memory, got {text('name', name)!r} for {source!r}")
        keys = table(
            {
                "uri": (name if name is not None else "table") if in_memory else source,
                "format": format,
                "document": document,
                "on_error": on_error,
                "limit": limit,
                "split": split,
                "part_size": part_size,
                "fingerprint": fingerprint,
                "page_checksums": None if page_checksums is True else page_checksums,
                "int96": None if int96 == "ns" else int96,
                "schema": schema,
                "unknown_keys": unknown_keys,
                "allow_nan": allow_nan or None,
            }
        )
        spec = _native.Pipeline.of_table(source, keys, device) if in_memory else None
        self._spec = spec or _native.Pipeline.of_source(keys, device)

    @classmethod
    def from_file(cls, path: Path = "fuelrail.toml", *, set: Sequence[str] = ()) -> Pipeline:  # noqa: A002
        """The pipeline in a TOML file, such as ``fuelrail init`` writes; the paths in it are relative to the file's
        directory. ``set`` changes values of it, each as ``"step.key=value"``.
        """
        return cls._of(_native.Pipeline.from_file(os.fspath(path), texts("set", set)))

    @classmethod
    def from_toml(cls, text: str, *, base: Path = "") -> Pipeline:
        """The pipeline in the text of such a file; the paths in it are relative
        to ``base``.

        >>> import fuelrail as fr
        >>> fr.Pipeline.from_toml('''
        ... source.uri = "corpus/*.parquet"
        ... sink.uri = "shards/"
        ... ''')
        Pipeline('corpus/*.parquet', 'shards/')
        """
        return cls._of(_native.Pipeline.from_toml(text, os.fspath(base)))

    @classmethod
    def _of(cls, spec: _native.Pipeline) -> Pipeline:
        pipeline = cls.__new__(cls)
        pipeline._spec = spec
        return pipeline

    def _and(self, op: str, **keys: object) -> Pipeline:
        return self._of(self._spec.and_step(table({"op": op, **keys})))

    def select(self, *, columns: Sequence[str]) -> Pipeline:
        """Keeps these columns, in this order."""
        return self._and("select", columns=columns)

    def filter(
        self,
        *,
        column: str,
        min_length: int | None = None,
        max_length: int | None = None,
        nulls: Literal["drop", "keep"] = "drop",
    ) -> Pipeline:
        """Keeps rows whose value in ``column`` has a length within bounds: bytes
        of text or binary, elements of a list."""
        return self._and("filter", column=column, min_length=min_length, max_length=max_length, nulls=nulls)

    def tokenize(
        self,
        *,
        column: str,
        tokenizer: Path | Tokenizer | HuggingFace,
        family: Family | None = None,
        output: str = "tokens",
        special_tokens: Literal["text", "parse", "refuse"] = "text",
        invalid_utf8: Literal["error", "replace", "bytes"] | None = None,
        begin_of_document: str | int | Literal[False] | None = None,
        end_of_document: str | int | Literal[False] | None = None,
        max_length: int | None = None,
        truncation_side: Literal["right", "left"] | None = None,
        offsets: Literal["bytes", "chars"] | None = None,
        keep_text: bool = False,
        count: str | None = None,
        dtype: Literal["uint16", "uint32"] | None = None,
    ) -> Pipeline:
        """Turns a text column into a column ``output`` of token ids.

        ``tokenizer`` is a built-in name such as ``"cl100k_base"``, the path of a
        ``tokenizer.json`` or ``.tiktoken`` file, or what :class:`Tokenizer`
        takes or is. ``invalid_utf8`` is for values of a binary column that are not
        UTF-8: such a row cannot be used, unless they are replaced or encoded as
        bytes, as :meth:`Tokenizer.encode` does it. ``begin_of_document`` and
        ``end_of_document`` are put around each document: by default what the
        post-processor of a ``tokenizer.json`` says; ``False`` stands for nothing.

        A document of more than ``max_length`` tokens, those around it among them, loses
        what is beyond, from its end or its beginning (``truncation_side``), which is
        counted; without ``max_length`` all are kept. ``offsets`` adds the columns
        ``OUTPUT_start`` and ``OUTPUT_end``, the place of each token in the text, which
        stays with ``keep_text=True``. ``count`` names a column of how many tokens the
        whole document has. Ids are uint16 where all fit, unless ``dtype`` says otherwise.
        """
        pipeline, named = self._knowing(tokenizer, family)
        return pipeline._and(
            "tokenize",
            column=column,
            **named,
            output=output,
            special_tokens=special_tokens,
            invalid_utf8=invalid_utf8,
            begin_of_document=begin_of_document,
            end_of_document=end_of_document,
            max_length=max_length,
            truncation_side=truncation_side,
            offsets=offsets,
            keep_text=keep_text or None,
            count=count,
            dtype=dtype,
        )

    def chat(
        self,
        *,
        column: str,
        tokenizer: Path | Tokenizer | HuggingFace,
        family: Family | None = None,
        chat_template: Path | ChatTemplate | None = None,
        tools: str | None = None,
        documents: str | None = None,
        output: str = "tokens",
        loss_mask: str | Literal[False] = "loss_mask",
        add_generation_prompt: bool = False,
        now: Now | str | None = None,
        variables: Mapping[str, Any] | None = None,
        dtype: Literal["uint16", "uint32"] | None = None,
    ) -> Pipeline:
        """Turns conversations into a column ``output`` of token ids by a chat template,
        and a column ``loss_mask`` that is 1 for each token of the assistant and 0 for
        all others; ``False`` stands for none.

        A conversation is a list of messages, structs with a ``role`` and what else the
        template reads, or the JSON text of such a list; ``tools`` and ``documents`` name
        columns of lists of structs, which go with the conversations unless a later step
        names them, or of JSON text, which stay. ``chat_template`` is a template, its
        text, the path of a ``.jinja`` file or ``tokenizer_config.json``, or the name of
        one of the model's; unless told, it is what the model's folder or object comes
        with, and so are special tokens. ``now`` is the time that the template prints, if
        it does, ``variables`` what else it reads, such as ``{"enable_thinking": False}``.

        What cannot be rendered, and turns that cannot be told in the text, are content
        that cannot be used: ``on_error`` of the pipeline says what becomes of it.

        >>> import fuelrail as fr
        >>> template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|endoftext|>{% endfor %}"
        >>> fr.Pipeline("chats.jsonl").chat(column="messages", tokenizer="gpt2", chat_template=template)
        Pipeline('chats.jsonl', chat)
        """
        from fuelrail._chat import ChatTemplate, seconds

        pipeline, named = self._knowing(tokenizer, family, with_config=True)
        keys: dict[str, object] = {"tools": tools, "documents": documents, "output": output, "loss_mask": loss_mask}
        keys["chat_template"] = chat_template.source if isinstance(chat_template, ChatTemplate) else chat_template
        keys["add_generation_prompt"] = add_generation_prompt
        keys["now"] = now if isinstance(now, str) else seconds(now)
        return pipeline._and("chat", column=column, **named, **keys, variables=variables or None, dtype=dtype)

    def _knowing(
        self, tokenizer: Path | Tokenizer | HuggingFace, family: Family | None, *, with_config: bool = False
    ) -> tuple[Pipeline, dict[str, object]]:
        """A pipeline that knows a tokenizer, and the keys that name it there."""
        if isinstance(tokenizer, (str, bytes, os.PathLike)):
            return self, {"tokenizer": tokenizer, "family": family}
        from fuelrail._tokenizer import Tokenizer

        known = tokenizer if isinstance(tokenizer, Tokenizer) else Tokenizer(tokenizer)
        if known._name is None:
            name, spec = self._spec.knowing(known._native, known._config.text if with_config else None)
            return self._of(spec), {"tokenizer": name, "family": family}
        return self, {"tokenizer": known._name, "family": family if known._family is None else known._family}

    def pack(
        self,
        *,
        length: int,
        column: str | None = None,
        columns: Sequence[str] | None = None,
        method: Literal["best_fit", "concat"] = "best_fit",
        overlong: Literal["split", "truncate", "drop", "refuse"] | None = None,
        pad: str | int | None = None,
        pad_segment: bool = False,
        window: int | None = None,
        max_documents: int | None = None,
        position_ids: bool = False,
        labels: bool = False,
        loss_mask: str | None = None,
    ) -> Pipeline:
        """Lays token lists into rows of ``length`` tokens; the last step.

        ``columns`` names the token column and, behind it, those that have a value
        for each token, such as a loss mask: they are packed along, with 0 in the
        padding, and a document with more or fewer values than tokens is refused. So
        is one longer than a row, unless ``overlong`` or ``method="concat"`` says
        that documents may be cut. The tokens that :meth:`chat` made are packed with
        their loss mask, and not cut either, whether ``columns`` are named or not. With
        ``max_documents``, no row holds more.

        With ``pad_segment``, what fills the end of a row is a last segment in
        ``cu_seqlens``, which so always ends with ``length``. ``position_ids`` adds
        the place of each token in its document. ``labels`` adds what a model is to
        predict: each token in its own place (Hugging Face's models shift by
        themselves), and -100 in the padding, at the first token of each document,
        and where ``loss_mask`` is 0.
        """
        keys: dict[str, object] = {"method": method, "overlong": overlong, "pad": pad, "pad_segment": pad_segment}
        keys |= {"window": window, "max_documents": max_documents, "position_ids": position_ids}
        keys |= {"labels": labels, "loss_mask": loss_mask}
        listed = None if columns is None else list(columns)
        return self._and("pack", column=column, columns=listed, length=length, **keys)

    def chunk(
        self,
        *,
        column: str | Sequence[str],
        length: int,
        overlap: int = 0,
        min_length: int = 1,
        others: Literal["repeat", "drop"] = "repeat",
    ) -> Pipeline:
        """Cuts lists, mostly of token ids, into pieces of at most ``length`` that share
        ``overlap`` with the one before, a row each; the last step.

        Several columns are cut alike. The other columns of a row are repeated for each
        of its pieces, or left out (``others="drop"``). A last piece of fewer than
        ``min_length`` values is left out and counted. ``Dataset.origins`` says of each
        row which document it is of and where in it the piece begins.
        """
        keys = {"length": length, "overlap": overlap, "min_length": min_length, "others": others}
        return self._and("chunk", column=column, **keys)

    def sink(self, uri: Path, *, shard_size: Size = "256MiB") -> Pipeline:
        """Writes the dataset to the directory ``uri``, in shards of at most
        ``shard_size``."""
        return self._of(self._spec.with_sink(table({"uri": uri, "shard_size": shard_size})))

    def to_toml(self) -> str:
        """The text of a pipeline file that means the same where the process is:
        its paths are relative to the working directory.

        >>> import fuelrail as fr
        >>> pipeline = fr.Pipeline("a.jsonl").pack(length=8).sink("shards/")
        >>> fr.Pipeline.from_toml(pipeline.to_toml()) == pipeline
        True
        """
        return self._spec.to_toml()

    def explain(self, *, device: str | None = None, threads: int | None = None) -> str:
        """What it would do, as ``fuelrail plan`` prints it: parts, steps, types,
        memory bound, digest. Looks at the inputs; no row is read. The memory
        bound and the digest depend on the sink, so a pipeline without one is
        refused."""
        return self._spec.explain(device, threads)

    def plan(self, *, device: str | None = None, threads: int | None = None) -> dict[str, Any]:
        """The same as :meth:`explain`, for programs: what ``fuelrail plan --json``
        prints."""
        plan: dict[str, Any] = json.loads(self._spec.plan(device, threads))
        return plan

    def scan(self, *, threads: int | None = None) -> dict[str, Any]:
        """Reads all JSON lines, as ``fuelrail plan --scan`` does, and gives the
        types that hold every row: ``"schema"`` is what the keyword ``schema``
        takes, ``"block"`` the same as a table of the pipeline file. ``"reasons"``
        says why a key is ``json``; ``"n_bad"`` lines cannot be read, and ``"bad"``
        lists the first of them; ``"misfit"`` is why the pipeline does not fit its
        inputs whatever the types, or None."""
        scan: dict[str, Any] = json.loads(self._spec.scan(threads))
        return scan

    def shard(
        self,
        out: Path | None = None,
        *,
        device: str | None = None,
        threads: int | None = None,
        progress: Literal["auto", "always", "never"] = "auto",
        on_existing: Literal["refuse", "replace"] = "refuse",
        into: bool = False,
        on_device_error: Literal["replay", "fail"] = "replay",
    ) -> Dataset:
        """Runs it, and gives the dataset.

        After a crash or a stop, the same call continues where it was, and the
        dataset is the same to the byte; where the dataset is complete, nothing
        is done. Ctrl-C ends it at the next batch, with a checkpoint, and raises
        :class:`KeyboardInterrupt`.

        ``out`` takes the place of the sink's directory. ``progress`` is shown on
        standard error, ``"auto"`` on a terminal. ``on_existing`` says what becomes
        of another dataset at the target; a directory that holds other files is
        written to with ``into=True`` only, and they stay as they are.
        ``on_device_error`` says whether the processor does a batch again on which
        the device fails. What one may not expect of a run, :meth:`explain` says
        and the logger ``fuelrail`` warns of.
        """
        from fuelrail._dataset import Dataset

        out = None if out is None else os.fspath(out)
        for name, value in (("progress", progress), ("on_existing", on_existing), ("on_device_error", on_device_error)):
            text(name, value)
        foreign = "into" if flag("into", into) else "refuse"
        root, notes = self._spec.shard(out, device, threads, progress, on_existing, foreign, on_device_error)
        if notes:
            import logging

            for note in notes:
                logging.getLogger("fuelrail").warning(note)
        return Dataset(root)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pipeline) and self._spec == other._spec

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        sources, steps, sink = self._spec.parts()
        n_rows = self._spec.n_rows()
        n_more = len(sources) - _SHOWN_SOURCES
        if n_rows is not None:
            source = f"<{sources[0]}: {n_rows:,} row{'' if n_rows == 1 else 's'}>"
        elif len(sources) == 1:
            source = repr(sources[0])
        elif n_more > 0:
            source = f"[{', '.join(map(repr, sources[:_SHOWN_SOURCES]))} and {n_more} more]"
        else:
            source = repr(sources)
        return f"Pipeline({', '.join([source, *steps, *([repr(sink)] if sink else [])])})"


def _has_capsules(source: object) -> bool:
    """Whether ``source`` hands out rows by Arrow's PyCapsule interface."""
    return hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__")
