"""The steps of a loader: what is done to the rows of each batch.

Each function makes one step for ``fuelrail.Loader(steps=[...])``; docs/operators.md
has them all. Written by scripts/operators.sh from the operators' specs.

>>> from fuelrail import steps
>>> steps.random_flip("image", vertical=0.5)
{'op': 'random_flip', 'column': 'image', 'vertical': 0.5}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuelrail._calls import told
from fuelrail._checks import dtype_of_step as _dtype
from fuelrail._drawn_steps import (
    color_jitter,
    mixup,
    perspective,
    random_crop,
    random_flip,
    random_grayscale,
    random_resized_crop,
)
from fuelrail._step import step as _step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypeAlias

    import numpy as np

    from fuelrail._step import Step

    Dtype: TypeAlias = type[np.generic] | np.dtype[Any]
    FloatType: TypeAlias = Literal[
        "float32", "float16", "bfloat16", "float64"
    ]  # fmt: skip

__all__ = [
    "annotate",
    "center_crop",
    "color_jitter",
    "decode",
    "grayscale",
    "invert",
    "mixup",
    "normalize",
    "pad",
    "perspective",
    "random_crop",
    "random_flip",
    "random_grayscale",
    "random_resized_crop",
    "resize",
    "solarize",
]


@told
def annotate(
    column: str | Sequence[str],
    *,
    masks: str | Sequence[str] | None = None,
    images: str | Sequence[str] | None = None,
    boxes: str | Sequence[str] | None = None,
    keypoints: str | Sequence[str] | None = None,
    box_format: Literal["xyxy", "xywh", "cxcywh"] | None = None,
    min_size: float | None = None,
    point_size: int | None = None,
    mask_fill: int | None = None,
    on_error: Literal["raise", "skip", "substitute"] | None = None,
) -> Step:
    """Says what belongs to images and moves as they do: masks, boxes and keypoints.

    Args:
        column: The column of the images, one.
        masks: Columns of images of labels, each as large as the image of its row
            (default: none). They are resized with "nearest".
        images: Columns of pictures, each as large as the image of its row (default:
            none), such as a clean version of it: they are padded and resized as it is.
        boxes: Columns of boxes in pixels, four numbers each (default: none): of shape
            `[..., 4]`, or lists of 4n numbers. They come as float32 of shape `[...,
            4]`, and `NAME.kept` says of each whether anything of it is left.
        keypoints: Columns of keypoints in pixels, x and y (default: none): of shape
            `[..., 2]`, or lists of 2n numbers. They come as float32, and `NAME.kept`
            says of each whether it lies in the image.
        box_format: What the numbers of a box are (default: "xyxy"): two corners, a
            corner and a size ("xywh"), or the middle and a size ("cxcywh").
        min_size: The width and height in pixels that a box must have to be kept
            (default: 1).
        point_size: Numbers of a keypoint (default: 2): x and y, or 3 with COCO's
            visibility, where all become 0 if the point is not visible or leaves the
            image.
        mask_fill: The byte of masks where a constant border is added to the image
            (default: 0).
        on_error: What becomes of a row whose boxes or keypoints are not finite numbers
            below 2^30, or not whole ones (default: "raise"): an error; "skip", a row
            that is not valid; or "substitute": they are zeros, none of them kept. What
            is skipped or substituted counts as damage.
    """
    return _step(
        "annotate",
        column=column,
        masks=masks,
        images=images,
        boxes=boxes,
        keypoints=keypoints,
        box_format=box_format,
        min_size=min_size,
        point_size=point_size,
        mask_fill=mask_fill,
        on_error=on_error,
    )


@told
def center_crop(
    column: str | Sequence[str],
    *,
    height: int,
    width: int,
    layout: Literal["hwc", "chw"] | None = None,
) -> Step:
    """Cuts the middle out of each image.

    Args:
        column: One column or several, of uint8 images.
        height: Rows of the window.
        width: Columns of the window.
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
    """
    return _step("center_crop", column=column, height=height, width=width, layout=layout)


@told
def decode(
    column: str | Sequence[str],
    *,
    exif: Literal["apply", "ignore"],
    mode: Literal["rgb", "grey", "rgba", "indices"] | None = None,
    on_error: Literal["raise", "skip", "substitute"] | None = None,
    fill: int | None = None,
    max_pixels: int | None = None,
) -> Step:
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
    return _step("decode", column=column, exif=exif, mode=mode, on_error=on_error, fill=fill, max_pixels=max_pixels)


@told
def grayscale(
    column: str | Sequence[str],
    *,
    channels: int | None = None,
    layout: Literal["hwc", "chw"] | None = None,
) -> Step:
    """Makes images grey as Pillow does.

    Args:
        column: One column or several, of uint8 images of 1, 3 or 4 channels.
        channels: Channels that are kept: 1, or all (default: all, which are then
            equal).
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
    """
    return _step("grayscale", column=column, channels=channels, layout=layout)


@told
def invert(
    column: str | Sequence[str],
) -> Step:
    """Inverts all values of images.

    Args:
        column: One column or several, of uint8 images.
    """
    return _step("invert", column=column)


@told
def normalize(
    column: str | Sequence[str],
    *,
    mean: Literal["imagenet", "clip"] | float | Sequence[float] | None = None,
    std: Literal["imagenet", "clip"] | float | Sequence[float] | None = None,
    scale: float | None = None,
    dtype: FloatType | Dtype | None = None,
    from_: Literal["hwc", "chw"] | None = None,
    layout: Literal["hwc", "chw"] | None = None,
) -> Step:
    """Turns images of bytes into floats, channel by channel.

    Args:
        column: One column or several, of uint8 images.
        mean: What is taken away (default: 0): one number, one for each channel, or the
            name of a known one: "imagenet" as torchvision's models have it, "clip" as
            those of CLIP.
        std: What the difference is divided by (default: that which belongs to a `mean`
            with a name, else 1); given as `mean` is.
        scale: What bytes are divided by first (default: 255), so that `mean` and `std`
            are those of numbers from 0 to 1.
        dtype: The type of the results (default: "float32"): "float32", "float16" or
            "bfloat16".
        from_: The order of the axes read, "hwc" or "chw" (default: told by the shape).
        layout: The order of the axes written (default: "chw").
    """
    return _step(
        "normalize",
        column=column,
        mean=mean,
        std=std,
        scale=scale,
        dtype=_dtype(dtype),
        layout=layout,
        **{"from": from_},
    )


@told
def pad(
    column: str | Sequence[str],
    *,
    sides: Sequence[int],
    border: Literal["constant", "edge", "reflect", "symmetric", "wrap"] | None = None,
    fill: int | None = None,
    layout: Literal["hwc", "chw"] | None = None,
) -> Step:
    """Adds rows and columns around each image.

    Args:
        column: One column or several, of uint8 images.
        sides: How many rows and columns: top, left, bottom, right.
        border: What is added (default: "constant").
        fill: The byte that a constant border has (default: 0).
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
    """
    return _step("pad", column=column, sides=sides, border=border, fill=fill, layout=layout)


@told
def resize(
    column: str | Sequence[str],
    *,
    height: int | None = None,
    width: int | None = None,
    shorter: int | None = None,
    interpolation: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] | None = None,
    layout: Literal["hwc", "chw"] | None = None,
) -> Step:
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
    return _step(
        "resize",
        column=column,
        height=height,
        width=width,
        shorter=shorter,
        interpolation=interpolation,
        layout=layout,
    )


@told
def solarize(
    column: str | Sequence[str],
    *,
    threshold: int | None = None,
) -> Step:
    """Inverts the values of images from a threshold on, as Pillow's `ImageOps.solarize` does.

    Args:
        column: One column or several, of uint8 images.
        threshold: The least value that is inverted (default: 128).
    """
    return _step("solarize", column=column, threshold=threshold)
