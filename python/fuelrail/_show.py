"""A look at the images of a batch: a grid for notebooks and files."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fuelrail import _glyphs, _native
from fuelrail._calls import told
from fuelrail._options import count
from fuelrail._samples import image_name, in_pixels, labels_of, on_host

if TYPE_CHECKING:
    import os
    from typing import SupportsIndex

    import numpy as np

# Sides of a picture in the grid: smaller ones are enlarged, larger ones made smaller.
_LEAST, _MOST = 96, 320
_GAP = 8
_LETTER = 2
_PAPER, _INK = (250, 248, 245), (60, 55, 50)


@told
class ImageGrid:
    """Images of a batch, as :func:`fuelrail.show` puts them together. A notebook shows
    it by itself."""

    def __init__(self, pixels: np.ndarray[Any, Any], labels: list[str] | None, caption: str, columns: int) -> None:
        self._pixels = pixels
        self._labels = labels
        self._columns = columns
        #: What is shown, and how floats were scaled.
        self.caption = caption

    def __len__(self) -> int:
        """Pictures that it shows."""
        return len(self._pixels)

    def __repr__(self) -> str:
        return f"<fuelrail.ImageGrid of {len(self)}: {self.caption}>"

    def png(self) -> bytes:
        """All pictures side by side as the bytes of a PNG file, with their labels below
        them: letters as capitals."""
        return _png(self._grid())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes :meth:`png` to a file."""
        Path(path).write_bytes(self.png())

    def _repr_png_(self) -> bytes:
        return self.png()

    def _repr_html_(self) -> str:
        figures = []
        for at, pixels in enumerate(self._pixels):
            label = "" if self._labels is None else html.escape(self._labels[at])
            # Notebooks have a style of their own.
            data = base64.b64encode(_png(_sized(pixels))).decode("ascii")
            figures.append(
                '<figure style="margin:0;min-width:0">'
                f'<img src="data:image/png;base64,{data}" alt="image {at}{label and f", {label}"}" '
                'style="display:block;width:100%;image-rendering:pixelated;border-radius:3px">'
                f'<figcaption style="font-size:12px;overflow-wrap:anywhere;opacity:.8">{label}</figcaption></figure>'
            )
        columns = min(self._columns, max(len(figures), 1))
        return (
            f'<div style="max-width:{columns * 180}px"><div style="display:grid;gap:8px;'
            f'grid-template-columns:repeat({columns},minmax(0,1fr))">{"".join(figures)}</div>'
            f'<p style="font-size:12px;opacity:.7">{html.escape(self.caption)}</p></div>'
        )

    def _grid(self) -> np.ndarray[Any, Any]:
        """The pixels of the whole grid, [height, width, 3]."""
        import numpy as np

        cells = [_opaque(_sized(pixels)) for pixels in self._pixels]
        columns = min(self._columns, max(len(cells), 1))
        rows = -(-len(cells) // columns)
        high, wide = cells[0].shape[:2] if cells else (_LEAST, _LEAST)
        below = 0 if self._labels is None else _LETTER * _glyphs.HEIGHT + _GAP
        step = (high + below + _GAP, wide + _GAP)
        grid = np.empty((max(rows, 1) * step[0] + _GAP, columns * step[1] + _GAP, 3), np.uint8)
        grid[:] = _PAPER
        for at, cell in enumerate(cells):
            top, left = _GAP + at // columns * step[0], _GAP + at % columns * step[1]
            grid[top : top + high, left : left + wide] = cell
            if self._labels is not None:
                _write(grid[top + high + _GAP // 2 :, left : left + wide], self._labels[at])
        return grid


@told
def show(
    batch: _native.Batch | Mapping[str, Any] | object,
    name: str | None = None,
    *,
    n: SupportsIndex = 16,
    columns: SupportsIndex | None = None,
    labels: str | None = None,
    layout: Literal["hwc", "chw"] | None = None,
) -> ImageGrid:
    """The first images of a batch as a grid, for a look: of a loader's batch, of a dict
    of arrays of numpy, torch or JAX, or of one such array, wherever it lies.

    ``name`` is the tensor of the images, the first that looks like one without it;
    ``n`` how many are shown at most, ``columns`` how many stand side by side. Bytes are
    shown as they are. Other numbers are scaled, all pictures alike: the least of them is
    black, the greatest white, and the caption says which these are. Rows that fill a
    batch up are left out. ``labels`` names the tensor whose values stand below the
    pictures; without it, that is ``class`` or ``label`` if there is one. ``layout`` is
    the order of the axes where the shape does not tell it.

    >>> import numpy as np
    >>> import fuelrail as fr
    >>> batch = {"image": np.zeros((6, 8, 8, 3), np.uint8), "label": np.arange(6)}
    >>> fr.show(batch, n=4)
    <fuelrail.ImageGrid of 4: image, 4 of 6, 8x8x3 uint8>
    >>> fr.show(batch).save("grid.png")

    """
    import numpy as np

    tensors: Mapping[str, Any]
    if isinstance(batch, (_native.Batch, Mapping)):
        tensors = batch
        name = image_name(tensors, name)
    else:
        name = "image" if name is None else name
        tensors = {name: batch}
    images = in_pixels(on_host(tensors[name]), layout)
    n_rows = len(images)
    said = labels_of(tensors, labels, n_rows)
    valid = _valid(batch, n_rows)
    rows = np.arange(n_rows) if valid is None else np.flatnonzero(valid)
    n_valid, rows = len(rows), rows[: count("n", n)]
    many = max(1, round(len(rows) ** 0.5 + 0.49)) if columns is None else count("columns", columns, 1 << 16, 1)
    pixels, how = _bytes_of(images[rows])
    height, width, channels = images.shape[1:]
    kind = str(getattr(tensors[name], "dtype", images.dtype)).removeprefix("torch.")
    caption = f"{name}, {len(rows)} of {n_valid}, {height}x{width}x{channels} {kind}{how}"
    chosen = None if said is None else [said[row] for row in rows]
    return ImageGrid(pixels, chosen, caption, many)


def _valid(batch: object, n_rows: int) -> np.ndarray[Any, Any] | None:
    """Which rows are no padding, if a batch says so: a loader's, or the dict that one of
    its views has made of it."""
    mask = batch.get("valid") if isinstance(batch, dict) else getattr(batch, "valid", None)
    valid = None if mask is None else on_host(mask)
    return valid if valid is not None and valid.dtype == bool and valid.shape == (n_rows,) else None


def _bytes_of(images: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], str]:
    """Images of bytes, in grey, colours, or colours and opacity, and how they came to be
    that."""
    import numpy as np

    how = ""
    is_bytes = images.dtype == np.uint8
    if not is_bytes:
        numbers = images.astype(np.float64)
        finite = numbers[np.isfinite(numbers)]
        black, white = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
        span = white - black if white > black else 1.0
        filled = np.nan_to_num(numbers, nan=black, posinf=white, neginf=black)
        images = np.clip(np.rint((filled - black) / span * 255), 0, 255).astype(np.uint8)
        how = f", scaled: {black:.4g} is black, {white:.4g} is white"
        if finite.size < numbers.size:
            how += f", {numbers.size - finite.size} numbers not finite"
    channels = images.shape[3]
    if channels == 2 or (channels == 4 and not is_bytes):
        # No colours: one channel beside the other, in grey.
        images = np.concatenate(np.split(images, channels, axis=3), axis=2)
        how += ", one channel beside the other"
    return images, how


def _sized(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A picture enlarged, or made smaller, by a whole number."""
    import numpy as np

    longer = max(pixels.shape[:2])
    if longer < _LEAST:
        times = _LEAST // longer
        return pixels.repeat(times, axis=0).repeat(times, axis=1)
    times = -(-longer // _MOST)
    if times == 1:
        return pixels
    high, wide, channels = pixels.shape
    rest = ((0, -high % times), (0, -wide % times), (0, 0))
    blocks = np.pad(pixels, rest, mode="edge").astype(np.uint32)
    blocks = blocks.reshape(-(-high // times), times, -(-wide // times), times, channels)
    mean: np.ndarray[Any, Any] = (blocks.sum(axis=(1, 3)) + times * times // 2) // (times * times)
    return mean.astype(np.uint8)


def _opaque(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Red, green and blue, over paper where they are not opaque."""
    import numpy as np

    if pixels.shape[2] == 1:
        return pixels.repeat(3, axis=2)
    if pixels.shape[2] == 3:
        return pixels
    share = pixels[..., 3:].astype(np.float64) / 255
    mixed = pixels[..., :3] * share + np.array(_PAPER) * (1 - share)
    return np.rint(mixed).astype(np.uint8)


def _write(onto: np.ndarray[Any, Any], text: str) -> None:
    """Writes the beginning of a text that there is room for."""
    room = onto.shape[1] // (_LETTER * _glyphs.ADVANCE)
    for row, col in _glyphs.marked(text[:room]):
        onto[_LETTER * row : _LETTER * (row + 1), _LETTER * col : _LETTER * (col + 1)] = _INK


def _png(pixels: np.ndarray[Any, Any]) -> bytes:
    """A PNG file of bytes [height, width, 1, 3 or 4 samples], without filters."""
    import numpy as np

    high, wide, channels = pixels.shape
    colour = {1: 0, 3: 2, 4: 6}[channels]
    lines = np.zeros((high, 1 + wide * channels), np.uint8)
    lines[:, 1:] = pixels.reshape(high, wide * channels)

    def chunk(name: bytes, content: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + end

    header = struct.pack(">IIBBBBB", wide, high, 8, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
