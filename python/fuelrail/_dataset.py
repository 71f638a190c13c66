"""Datasets open for reading: rows as Python has them, and as Arrow has them."""

from __future__ import annotations

import html
import json
import os
from operator import index as _index
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from fuelrail import _native
from fuelrail._calls import told
from fuelrail._errors import UsageError, UsageIndexError, UsageTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import SupportsIndex

    import numpy.typing as npt
    import pyarrow as pa

# Rows that `_repr_html_` shows, and characters of a value.
_SHOWN_ROWS = 5
_SHOWN_CHARS = 80
# Columns that `repr` shows.
_SHOWN_COLUMNS = 8
# What ``Batch.rows`` has in rows that fill up.
_NO_ROW = (1 << 64) - 1


class Origin(NamedTuple):
    """Where a document of a row came from."""

    file: str
    """The input file, as the manifest names it."""
    row: int
    """The row of that file, from 0."""
    start: int
    """The token of the document at which the piece in this row begins; 0
    unless rows are packed."""


class Document(NamedTuple):
    """A document of a row, as a person reads it."""

    origin: Origin
    """Where it came from."""
    n_tokens: int | None
    """How many tokens of it are in this row, if it has been tokenized."""
    text: str | None
    """Those tokens, decoded by the tokenizer that travels with the dataset."""


@told
class Dataset:
    r"""A dataset on disk, open for reading; every byte is checked as it is read.

    It is a sequence of rows, and an Arrow stream to every library that takes
    one: ``pyarrow.table(dataset)``, ``polars.DataFrame(dataset)``,
    ``pandas.DataFrame.from_arrow(dataset)``, or by its name in a query of
    duckdb.

    Args:
        path: The directory with ``dataset.json``.

    Raises:
        IoError: If there is no dataset, or it cannot be read.
        DamageError: If it is not what was written.

    >>> import json
    >>> from pathlib import Path
    >>> import fuelrail as fr
    >>> lines = (json.dumps({"label": n, "text": f"number {n}"}) for n in range(1000))
    >>> _ = Path("numbers.jsonl").write_text("\n".join(lines) + "\n")
    >>> dataset = fr.Pipeline("numbers.jsonl").shard("shards", progress="never")
    >>> len(dataset), dataset.schema
    (1000, {'label': 'int64?', 'text': 'utf8?'})
    >>> dataset[7]
    {'label': 7, 'text': 'number 7'}
    >>> [row["text"] for row in dataset[-2:]]
    ['number 998', 'number 999']
    >>> dataset.take([5, 0, 5])
    <fuelrail.Table 3 rows: label, text>
    >>> dataset.origins(7)
    [Origin(file='numbers.jsonl', row=7, start=0)]
    >>> dataset.account["rows_read"], dataset.account["rows_kept"]
    (1000, 1000)

    """

    __slots__ = ("_native", "_start", "_stop")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._native = _native.Dataset(os.fspath(path))
        self._start = 0
        self._stop: int = self._native.n_rows

    @property
    def path(self) -> str:
        """Where it lies."""
        return os.fspath(self._native.path)

    @property
    def digest(self) -> str:
        """The digest of the manifest, 32 hexadecimal digits: what a loader's
        state names the dataset by."""
        return self._native.digest

    @property
    def plan_digest(self) -> str:
        """The digest of the plan that made it."""
        return self._native.plan_digest

    @property
    def account(self) -> dict[str, Any] | None:
        """What became of every row of the inputs, as the manifest keeps it:
        ``rows_read`` is the sum of ``rows_kept``, ``rows_dropped`` (with the
        reasons in ``dropped``) and the rows in ``set_aside``.
        ``docs/format.md`` names the keys. It is of the whole dataset, also
        in a slice; ``None`` for a dataset of a version that kept none.
        """
        text = self._native.account
        if text is None:
            return None
        account: dict[str, Any] = json.loads(text)
        return account

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [column[0] for column in self._native.columns]

    @property
    def schema(self) -> dict[str, str]:
        """The type of each column: ``int64``, ``uint16[2048]`` where a row has
        that shape, ``list[int32]`` where rows differ in length, and a ``?``
        behind it where rows may be null."""
        return {column[0]: _type_text(column) for column in self._native.columns}

    @property
    def is_whole(self) -> bool:
        """Whether these are all rows, and not those of a slice."""
        return self._start == 0 and self._stop == self._native.n_rows

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, index: SupportsIndex) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: SupportsIndex | slice) -> dict[str, Any] | Dataset:
        """One row as a dict, or a view of the rows of a slice.

        Numbers, text and bytes are Python's, lists and arrays are numpy's,
        times are ``datetime64`` or ``timedelta64``, a null is ``None``.
        """
        if isinstance(index, slice):
            return self._slice(index)
        row = self._row(index)
        return self._native.rows(row, row + 1)[0]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        chunk = min(self._native.chunk_rows, 1024)
        for start in range(self._start, self._stop, chunk):
            yield from self._native.rows(start, min(start + chunk, self._stop))

    def take(self, rows: npt.ArrayLike) -> _native.Table:
        """The rows with these numbers, in this order, in memory.

        A number may come twice; negative ones count from the end. What comes
        back is for any library that takes Arrow.
        """
        return self._native.take(self._rows(rows))

    def to_arrow(self) -> pa.Table:
        """All rows as a table of pyarrow, which must be installed.

        Other libraries need no such method: they take the dataset itself.
        """
        try:
            import pyarrow as pa
        except ImportError:
            raise UsageError(
                "expected the package pyarrow, found none",
                hint="install pyarrow, or hand the dataset itself to the library you use, "
                "such as polars.DataFrame(dataset)",
            ) from None
        return pa.table(self)

    @overload
    def origins(self, index: SupportsIndex) -> list[Origin]: ...
    @overload
    def origins(self) -> list[list[Origin]]: ...
    def origins(self, index: SupportsIndex | None = None) -> list[Origin] | list[list[Origin]]:
        """Where the documents of a row came from; without an index, those of
        every row."""
        if index is not None:
            row = self._row(index)
            return [Origin(*origin) for origin in self._native.origins(row, row + 1)[0]]
        rows = self._native.origins(self._start, self._stop)
        return [[Origin(*origin) for origin in row] for row in rows]

    @overload
    def documents(self, index: SupportsIndex) -> list[Document]: ...
    @overload
    def documents(self) -> list[list[Document]]: ...
    def documents(self, index: SupportsIndex | None = None) -> list[Document] | list[list[Document]]:
        """The documents of a row with their tokens decoded, if the tokenizer
        travels with the dataset; without an index, those of every row.

        The tokenizer is loaded anew each time, so ask for a slice rather than
        for row after row: ``dataset[10:20].documents()``.
        """
        if index is not None:
            row = self._row(index)
            return [_document(*document) for document in self._native.documents(row, row + 1)[0]]
        rows = self._native.documents(self._start, self._stop)
        return [[_document(*document) for document in row] for row in rows]

    def __arrow_c_schema__(self) -> object:
        """The schema, by the Arrow PyCapsule interface."""
        return self._native.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows, by the Arrow PyCapsule interface: read as they are pulled,
        some megabytes at a time."""
        return self._native.stream(self._start, self._stop, requested_schema)

    def __repr__(self) -> str:
        of = "" if self.is_whole else f" rows {self._start}..{self._stop} of {self._native.n_rows}:"
        columns = ", ".join(f"{name}: {type_}" for name, type_ in list(self.schema.items())[:_SHOWN_COLUMNS])
        if (n_more := len(self.columns) - _SHOWN_COLUMNS) > 0:
            columns += f" and {n_more} more"
        return f"<fuelrail.Dataset {self.path!r}{of} {len(self)} rows, {columns}>"

    def _repr_html_(self) -> str:
        """A table of the first rows, for notebooks."""
        escape = html.escape
        head = "".join(f"<th>{escape(name)}<br><small>{escape(of)}</small></th>" for name, of in self.schema.items())
        rows = ["".join(f"<td>{escape(_short(value))}</td>" for value in row.values()) for row in self[:_SHOWN_ROWS]]
        body = "".join(f"<tr><th>{row}</th>{cells}</tr>" for row, cells in enumerate(rows))
        caption = f"{escape(self.path)}: {len(self):,} rows"
        return f"<table><caption>{caption}</caption><tr><th></th>{head}</tr>{body}</table>"

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (self.path, self._start, self._stop, self.digest)

    def _slice(self, of: slice) -> Dataset:
        start, stop, step = of.indices(len(self))
        if step != 1:
            raise UsageError(
                f"expected a slice with step 1, got {step}",
                hint="use take(range(start, stop, step))",
            )
        view = object.__new__(type(self))
        view._native = self._native
        view._start = self._start + start
        view._stop = max(view._start, self._start + stop)
        return view

    def _row(self, index: SupportsIndex) -> int:
        try:
            number = _index(index)
        except TypeError:
            raise UsageTypeError(
                f"expected a row number or a slice, got {index!r}", hint=_other_ways(index, self.columns)
            ) from None
        row = number + len(self) if number < 0 else number
        if not 0 <= row < len(self):
            raise UsageIndexError(f"expected a row within the {len(self)} of the dataset, got {number}")
        return self._start + row

    def _rows(self, rows: npt.ArrayLike) -> bytes:
        """Numbers of rows as the native half takes them."""
        import numpy as np

        array = np.asarray(rows)
        if array.size == 0:
            return b""
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise UsageError(
                f"expected a list of row numbers, got {array.dtype} of shape {array.shape}",
                hint="use numpy.flatnonzero(mask) for a mask" if array.dtype.kind == "b" else None,
            )
        n_rows = len(self)
        # Looked at before they may become negative: the rows that fill up a
        # batch have the largest number there is.
        if array.dtype.kind == "u" and (beyond := array[array >= n_rows]).size:
            fills_up = int(beyond[0]) == _NO_ROW
            hint = "it fills up a batch: take(batch.rows[batch.valid])" if fills_up else None
            raise UsageIndexError(f"row {beyond[0]} is out of range: the dataset has {n_rows} rows", hint=hint)
        numbers = array.astype(np.int64)
        bad = numbers[(numbers < -n_rows) | (numbers >= n_rows)]
        if bad.size:
            raise UsageIndexError(f"row {bad[0]} is out of range: the dataset has {n_rows} rows")
        numbers[numbers < 0] += n_rows
        return (numbers + self._start).tobytes()


def _again(path: str, start: int, stop: int, digest: str) -> Dataset:
    """A dataset as it was in another process."""
    dataset = Dataset(path)
    if dataset.digest != digest:
        from fuelrail._errors import ChangedError

        raise ChangedError(
            f"expected the dataset {digest} that was pickled, got {dataset.digest}",
            location={"path": path},
        )
    return dataset[start:stop]


def _other_ways(index: object, columns: list[str]) -> str:
    """What helps who asks for something else than a row."""
    if isinstance(index, str):
        known = index if index in columns else columns[0]
        return f"to_arrow()[{known!r}] is a column, Loader(columns=[{known!r}]) reads no other; `columns` names them"
    return "take([…]) gives the rows of a list of numbers"


def _document(file: str, row: int, start: int, n_tokens: int | None, text: str | None) -> Document:
    return Document(Origin(file, row, start), n_tokens, text)


def _type_text(column: _native._ColumnText) -> str:
    _, logical, layout, _, shape, nullable = column
    if layout == "ragged" and logical not in ("utf8", "binary"):
        text = f"list[{logical}]"
    elif shape:
        text = f"{logical}[{', '.join(map(str, shape))}]"
    else:
        text = logical
    return text + "?" * nullable


def _short(value: object) -> str:
    """A value as a cell of a table has it."""
    import numpy as np

    if isinstance(value, np.ndarray):
        text = np.array2string(value.ravel(), threshold=8, edgeitems=3, separator=", ")
        text = text if value.ndim < 2 else f"{value.shape} {text}"
    else:
        text = str(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
