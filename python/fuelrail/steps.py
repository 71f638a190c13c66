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

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypeAlias

    import numpy as np

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

Step = dict[str, object]


def _step(op: str, **keys: object) -> Step:
    """A step with the keys that were given."""
    return {"op": op, **{key: value for key, value in keys.items() if value is not None}}


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
def color_jitter(
    column: str | Sequence[str],
    *,
    brightness: float | Sequence[float] | None = None,
    contrast: float | Sequence[float] | None = None,
    saturation: float | Sequence[float] | None = None,
    hue: float | Sequence[float] | None = None,
    probability: float | None = None,
    layout: Literal["hwc", "chw"] | None = None,
    stream: str | None = None,
) -> Step:
    """Changes brightness, contrast, saturation and hue by factors drawn for each row and epoch.

    Args:
        column: One column or several, of uint8 images of 1, 3 or 4 channels; the fourth
            stays as it is. All that are named change alike.
        brightness: The factor of brightness: 0 is black, 1 as it is.
        contrast: The factor of contrast: 0 is the mean of the image's grey, 1 as it is.
        saturation: The factor of saturation: 0 is grey, 1 as it is.
        hue: How far hues move, from -0.5 to 0.5 of the circle.
        probability: The probability that anything is done (default: 1).
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        stream: The name of the stream that is drawn from (default: the operator's name
            and its number among steps of that name).
    """
    return _step(
        "color_jitter",
        column=column,
        brightness=brightness,
        contrast=contrast,
        saturation=saturation,
        hue=hue,
        probability=probability,
        layout=layout,
        stream=stream,
    )


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
            counts as damage.
        fill: The byte that all samples of a substitute have (default: 0).
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
def mixup(
    column: str | Sequence[str],
    *,
    alpha: float | None = None,
    probability: float | None = None,
    labels: str | Sequence[str] | None = None,
    layout: Literal["hwc", "chw"] | None = None,
    stream: str | None = None,
) -> Step:
    """Mixes each image with that of a row drawn from the dataset, as Pillow's `Image.blend` does.

    Args:
        column: One column or several, of uint8 images. All that are named are mixed
            with the same rows by the same weights. Batches have the weight of each row
            itself as `NAME.weight`: float32, a multiple of 2^-15, and 1 where it is not
            mixed.
        alpha: Weights are drawn from Beta(alpha, alpha), with alpha from 0.001 to 1000
            (default: 1, as in timm and torchvision: all are as likely).
        probability: The probability that a row is mixed (default: 1).
        labels: Columns whose values of the second row come as `NAME.second`: the row's
            own where it is not mixed (default: none).
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        stream: The name of the stream that is drawn from (default: the operator's name
            and its number among steps of that name).
    """
    return _step(
        "mixup",
        column=column,
        alpha=alpha,
        probability=probability,
        labels=labels,
        layout=layout,
        stream=stream,
    )


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
def perspective(
    column: str | Sequence[str],
    *,
    distortion_scale: float | None = None,
    probability: float | None = None,
    interpolation: Literal["nearest", "bilinear"] | None = None,
    fill: float | Sequence[float] | None = None,
    layout: Literal["hwc", "chw"] | None = None,
    stream: str | None = None,
) -> Step:
    """Changes the perspective of images by chance, drawn for each row and epoch.

    Args:
        column: One column or several, of uint8 images with sides up to 65,535. All that
            are named change alike.
        distortion_scale: How far corners may move, of half the image's height and
            width, from 0 to 1 (default: 0.5).
        probability: The probability that anything is done (default: 0.5).
        interpolation: How samples are weighed, "nearest" or "bilinear" (default:
            "bilinear").
        fill: What is outside of the image (default: 0): a byte, or one for each
            channel.
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        stream: The name of the stream that is drawn from (default: the operator's name
            and its number among steps of that name).
    """
    return _step(
        "perspective",
        column=column,
        distortion_scale=distortion_scale,
        probability=probability,
        interpolation=interpolation,
        fill=fill,
        layout=layout,
        stream=stream,
    )


@told
def random_crop(
    column: str | Sequence[str],
    *,
    height: int,
    width: int,
    padding: int | None = None,
    border: Literal["constant", "edge", "reflect", "symmetric", "wrap"] | None = None,
    fill: int | None = None,
    layout: Literal["hwc", "chw"] | None = None,
    stream: str | None = None,
) -> Step:
    """Cuts a window out of each image, at a place drawn for each row and epoch.

    Args:
        column: One column or several, of uint8 images. All that are named have their
            windows at the same places.
        height: Rows of the window.
        width: Columns of the window.
        padding: Rows and columns that are added on every side first (default: 0).
        border: What is added (default: "constant").
        fill: The byte that a constant border has (default: 0).
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        stream: The name of the stream that places are drawn from (default: the
            operator's name and its number among steps of that name).
    """
    return _step(
        "random_crop",
        column=column,
        height=height,
        width=width,
        padding=padding,
        border=border,
        fill=fill,
        layout=layout,
        stream=stream,
    )


@told
def random_flip(
    column: str | Sequence[str],
    *,
    horizontal: float | None = None,
    vertical: float | None = None,
    layout: Literal["hwc", "chw"] | None = None,
    stream: str | None = None,
) -> Step:
    """Mirrors images by chance, drawn for each row and epoch.

    Args:
        column: One column or several, of uint8 images. All that are named are mirrored
            in the same rows.
        horizontal: The probability that left and right change places (default: 0.5).
        vertical: The probability that top and bottom change places (default: 0).
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        stream: The name of the stream that is drawn from (default: the operator's name
            and its number among steps of that name).
    """
    return _step("random_flip", column=column, horizontal=horizontal, vertical=vertical, layout=layout, stream=stream)


@told
def random_grayscale(
    column: str | Sequence[str],
    *,
    probability: float | None = None,
    layout: Literal["hwc", "chw"] | None = None,
    stream: str | None = None,
) -> Step:
    """Makes images grey by chance, drawn for each row and epoch.

    Args:
        column: One column or several, of uint8 images of 1, 3 or 4 channels. All that
            are named are grey in the same rows.
        probability: The probability that an image becomes grey (default: 0.1).
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        stream: The name of the stream that is drawn from (default: the operator's name
            and its number among steps of that name).
    """
    return _step("random_grayscale", column=column, probability=probability, layout=layout, stream=stream)


@told
def random_resized_crop(
    column: str | Sequence[str],
    *,
    height: int,
    width: int,
    scale: Sequence[float] | None = None,
    ratio: Sequence[float] | None = None,
    interpolation: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] | None = None,
    layout: Literal["hwc", "chw"] | None = None,
    stream: str | None = None,
) -> Step:
    """Cuts a part out of each image, whose area, shape and place are drawn for each row and epoch, and resizes it.

    Args:
        column: One column or several, of uint8 images. All that are named have their
            parts at the same places.
        height: Rows that parts become.
        width: Columns that parts become.
        scale: The least and the largest share of the area (default: [0.08, 1]).
        ratio: The least and the largest ratio of width to height (default: [3/4, 4/3]).
        interpolation: How samples are weighed (default: "bilinear"). All but "nearest"
            are antialiased.
        layout: The order of the axes, "hwc" or "chw" (default: told by the shape).
        stream: The name of the stream that parts are drawn from (default: the
            operator's name and its number among steps of that name).
    """
    return _step(
        "random_resized_crop",
        column=column,
        height=height,
        width=width,
        scale=scale,
        ratio=ratio,
        interpolation=interpolation,
        layout=layout,
        stream=stream,
    )


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
