"""The operators of pipelines that map the items of columns, as methods.

Written by scripts/operators.sh from the operators' specs.
"""

from __future__ import annotations

from fuelrail._calls import told
from fuelrail._checks import dtype_of_step as _dtype

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypeAlias

    import numpy as np
    from typing_extensions import Self

    Dtype: TypeAlias = type[np.generic] | np.dtype[Any]
    FloatType: TypeAlias = Literal[
        "float32", "float16", "bfloat16", "float64"
    ]  # fmt: skip
    NumberType: TypeAlias = Literal[
        "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
        "bfloat16", "float32", "float64"
    ]  # fmt: skip


@told
class ColumnSteps:
    """What is done to the items of columns, each by itself; a name that Python keeps
    for itself ends in ``_``."""

    def _and(self, op: str, **keys: object) -> Self:
        """The same with one more step."""
        raise NotImplementedError

    def normalize(
        self,
        *,
        column: str | Sequence[str],
        mean: Literal["imagenet", "clip"] | float | Sequence[float] | None = None,
        std: Literal["imagenet", "clip"] | float | Sequence[float] | None = None,
        clip: Sequence[float] | None = None,
        fill: float | None = None,
        dtype: FloatType | Dtype | None = None,
        shape: Sequence[int] | None = None,
        from_: Literal["hwc", "chw"] | None = None,
        layout: Literal["hwc", "chw"] | None = None,
        crop: Sequence[int] | None = None,
        flip: Literal["none", "horizontal", "vertical", "both"] | None = None,
        scale: float | None = None,
    ) -> Self:
        """Shifts, scales and clips numbers, or turns images of bytes into floats.

        Args:
            column: One column or several: of numbers, of lists of numbers, or of images,
                whose rows are `[H, W, C]` or `[C, H, W]` of uint8.
            mean: What is taken away (default: 0). A list has one for each column of
                numbers, or for each channel of images. For images it may be the name of a
                known one: "imagenet" as torchvision's models have it, "clip" as those of
                CLIP.
            std: What the difference is divided by (default: that which belongs to a `mean`
                with a name, else 1); given as `mean` is.
            clip: The least and the greatest result; those beyond become these. For numbers
                only.
            fill: The number that takes the place of a null, before the arithmetic (default:
                nulls stay null). For numbers only.
            dtype: The type of the results (default: "float32", "float64" for columns of
                64-bit numbers, which alone may ask for it).
            shape: The shape of an image where the column's type does not tell it: height,
                width and channels, in the order of `from`.
            from_: The order of the axes read (default: "hwc"); for images only.
            layout: The order of the axes written (default: "chw"); for images only.
            crop: The window kept: top, left, height, width (default: the whole image).
            flip: How the window is mirrored (default: "none"); for images only.
            scale: What bytes are divided by first (default: 255), so that `mean` and `std`
                are those of numbers from 0 to 1; for images only.
        """
        return self._and(
            "normalize",
            column=column,
            mean=mean,
            std=std,
            clip=clip,
            fill=fill,
            dtype=_dtype(dtype),
            shape=shape,
            layout=layout,
            crop=crop,
            flip=flip,
            scale=scale,
            **{"from": from_},
        )

    def bucketize(
        self,
        *,
        column: str | Sequence[str],
        edges: Sequence[float],
        right: bool | None = None,
    ) -> Self:
        """Counts the edges below each number, which tells its bin, as `torch.bucketize` and `numpy.searchsorted` do.

        NaN lies above all edges. The counts are uint8 for up to 255 edges, uint16 for up to
        65,535 and uint32 for more.

        Args:
            column: One column or several: of numbers or of lists of numbers, which keep
                their shape. Nulls stay null.
            edges: Where one bin ends and the next begins: finite numbers that ascend; equal
                ones may follow each other. They are compared as they are written, whole
                ones of 64 bits too, whatever type the column has.
            right: Where a number goes that equals an edge (default: false): with false, to
                the bin that ends there, `edges[i-1] < x <= edges[i]`, as `side="left"` of
                `numpy.searchsorted`; with true, to the one that begins there, `edges[i-1]
                <= x < edges[i]`, as `side="right"`.
        """
        return self._and("bucketize", column=column, edges=edges, right=right)

    def cast(
        self,
        *,
        column: str | Sequence[str],
        dtype: NumberType | Dtype,
        overflow: Literal["error", "saturate"] | None = None,
    ) -> Self:
        """Changes the type of numbers.

        Args:
            column: One column or several: of numbers or of lists of numbers.
            dtype: The new type. The fraction of a float is cut off on the way to a whole
                number.
            overflow: What becomes of a number that does not fit the new type (default:
                "error").
        """
        return self._and("cast", column=column, dtype=_dtype(dtype), overflow=overflow)

    def center_crop(
        self,
        *,
        column: str | Sequence[str],
        height: int,
        width: int,
        layout: Literal["hwc", "chw"] | None = None,
    ) -> Self:
        """Cuts the middle out of each image.

        Args:
            column: One column or several, of uint8 images.
            height: Rows of the window.
            width: Columns of the window.
            layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        """
        return self._and("center_crop", column=column, height=height, width=width, layout=layout)

    def decode(
        self,
        *,
        column: str | Sequence[str],
        exif: Literal["apply", "ignore"],
        mode: Literal["rgb", "grey", "rgba", "indices"] | None = None,
        on_error: Literal["raise", "skip", "substitute"] | None = None,
        fill: int | None = None,
        max_pixels: int | None = None,
    ) -> Self:
        """Decodes image files as Pillow does.

        Args:
            column: One column or several, of the bytes of image files.
            exif: Whether images are turned as their EXIF orientation says ("apply") or stay
                as they are stored ("ignore"), which is what Pillow does unless it is told.
            mode: What pixels become (default: "rgb"): "rgb", "grey", "rgba", or "indices":
                the numbers of a palette, or greys, as masks of labels have them ("grey"
                would turn numbers into the greys of their colours).
            on_error: What becomes of a file that cannot be decoded or be changed by the
                steps (default: "raise"): an error; "skip", a row that is not valid; or
                "substitute", an image that is all `fill`. What is skipped or substituted
                counts as damage. Pipelines know "raise" alone.
            fill: The byte that all samples of a substitute have (default: 0); in loaders
                only.
            max_pixels: Pixels that an image may have (default: 178,956,970, as Pillow has
                it).
        """
        return self._and(
            "decode",
            column=column,
            exif=exif,
            mode=mode,
            on_error=on_error,
            fill=fill,
            max_pixels=max_pixels,
        )

    def grayscale(
        self,
        *,
        column: str | Sequence[str],
        channels: int | None = None,
        layout: Literal["hwc", "chw"] | None = None,
    ) -> Self:
        """Makes images grey as Pillow does.

        Args:
            column: One column or several, of uint8 images of 1, 3 or 4 channels.
            channels: Channels that are kept: 1, or all (default: all, which are then
                equal).
            layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        """
        return self._and("grayscale", column=column, channels=channels, layout=layout)

    def invert(
        self,
        *,
        column: str | Sequence[str],
    ) -> Self:
        """Inverts all values of images.

        Args:
            column: One column or several, of uint8 images.
        """
        return self._and("invert", column=column)

    def pad(
        self,
        *,
        column: str | Sequence[str],
        sides: Sequence[int],
        border: Literal["constant", "edge", "reflect", "symmetric", "wrap"] | None = None,
        fill: int | None = None,
        layout: Literal["hwc", "chw"] | None = None,
    ) -> Self:
        """Adds rows and columns around each image.

        Args:
            column: One column or several, of uint8 images.
            sides: How many rows and columns: top, left, bottom, right.
            border: What is added (default: "constant").
            fill: The byte that a constant border has (default: 0).
            layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        """
        return self._and("pad", column=column, sides=sides, border=border, fill=fill, layout=layout)

    def resize(
        self,
        *,
        column: str | Sequence[str],
        height: int | None = None,
        width: int | None = None,
        shorter: int | None = None,
        interpolation: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] | None = None,
        layout: Literal["hwc", "chw"] | None = None,
    ) -> Self:
        """Resizes images as Pillow does.

        Args:
            column: One column or several, of uint8 images.
            height: Rows; with `width`.
            width: Columns; with `height`.
            shorter: Rows or columns, whichever are fewer, in place of `height` and `width`.
                The other side becomes `shorter * long / short`, rounded down.
            interpolation: How samples are weighed (default: "bilinear"). All but "nearest"
                are antialiased.
            layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        """
        return self._and(
            "resize",
            column=column,
            height=height,
            width=width,
            shorter=shorter,
            interpolation=interpolation,
            layout=layout,
        )

    def solarize(
        self,
        *,
        column: str | Sequence[str],
        threshold: int | None = None,
    ) -> Self:
        """Inverts the values of images from a threshold on, as Pillow's `ImageOps.solarize` does.

        Args:
            column: One column or several, of uint8 images.
            threshold: The least value that is inverted (default: 128).
        """
        return self._and("solarize", column=column, threshold=threshold)
