"""Those of the steps of a loader that draw: what they do differs from row to row.

Written by scripts/operators.sh from the operators' specs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuelrail._calls import told
from fuelrail._step import step as _step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from fuelrail._step import Step


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
