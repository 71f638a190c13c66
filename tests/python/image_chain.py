"""A whole training chain over small files of odd kinds: the files, the steps, the hash of
each sample as Pillow 12 makes it with the chance of `drawn`, and as a loader gives it."""

import hashlib
import io

import fuelrail as fr
import numpy as np
import pyarrow as pa
from drawn import draws, part_of
from fuelrail import steps
from PIL import Image, ImageOps
from test_color import drawn, jittered
from test_images import encoded, floats, opened, picture

N_ROWS, N_EPOCHS, SEED = 41, 2, 5
NO_ROW = 2**64 - 1
HEIGHT, WIDTH = 23, 31
JITTER = {"brightness": (0.6, 1.4), "contrast": (0.5, 1.5), "saturation": (0.3, 2.0), "hue": (-0.1, 0.1)}
JITTERED, GREY, UPSIDE_DOWN = 0.8, 0.25, 0.25


def sides(rng, row):
    """Width and height, the first of them as odd as they get."""
    few = [(1, 1), (1, 97), (89, 1), (2, 3), (17, 16), (8, 9)]
    return few[row] if row < len(few) else tuple(int(rng.integers(3, 120)) for _ in range(2))


def file_of(image, row, exif):
    """A JPEG or PNG of one of the kinds that cameras and programs write."""
    greys = image.convert("L")
    return [
        lambda: encoded(image, "JPEG", quality=95, subsampling=row % 3, exif=exif),
        lambda: encoded(image, "PNG", exif=exif),
        lambda: encoded(image, "JPEG", quality=60, progressive=True, exif=exif),
        lambda: encoded(image.convert("P"), "PNG", exif=exif),
        lambda: encoded(greys, "JPEG", quality=85, restart_marker_blocks=2, exif=exif),
        lambda: encoded(greys.convert("1"), "PNG", exif=exif),
        lambda: encoded(image.convert("CMYK"), "JPEG", quality=90, exif=exif),
        lambda: encoded(Image.merge("RGBA", (*image.split(), greys)), "PNG", exif=exif),
        lambda: encoded(image, "JPEG", quality=30, subsampling=2, optimize=True, exif=exif),
    ][row % 9]()


def annotations(rng, size):
    """A mask as a PNG with a palette, and some boxes, of an image as it is seen."""
    width, height = size
    small = rng.integers(0, 256, (4, 5), dtype=np.uint8)
    mask = Image.fromarray(small).resize(size, Image.Resampling.NEAREST)
    mask.putpalette(bytes(rng.integers(0, 256, 768, dtype=np.uint8)))
    n_boxes = int(rng.integers(0, 4))
    corners = np.sort(rng.uniform(-9, [[width + 9], [height + 9]], (n_boxes, 2, 2)), axis=2)
    boxes = corners.transpose(0, 2, 1).reshape(-1).astype(np.float32)
    return encoded(mask, "PNG"), boxes.tolist()


def rows():
    """Of each row its file, its mask and its boxes, in that order."""
    rng = np.random.default_rng(41)
    made = []
    for row in range(N_ROWS):
        exif = Image.Exif()
        orientation = row * 5 % 8 + 1
        exif[0x0112] = orientation
        size = sides(rng, row)
        file = file_of(picture(rng, size), row, exif)
        made.append((file, *annotations(rng, size[::-1] if orientation > 4 else size)))
    return made


def table_of(made):
    """The rows as a table."""
    files, masks, boxes = zip(*made, strict=True)
    columns = {"image": pa.array(files, pa.binary()), "mask": pa.array(masks, pa.binary())}
    return pa.table(columns | {"boxes": pa.array(boxes, pa.list_(pa.float32()))})


def chain(image="image", mask="mask", boxes="boxes"):
    """The steps, for columns of these names; without boxes if there are none."""
    return [
        steps.decode(image, exif="apply"),
        steps.decode(mask, exif="ignore", mode="indices"),
        steps.annotate(image, masks=mask, **({"boxes": boxes} if boxes else {})),
        steps.random_resized_crop(image, height=HEIGHT, width=WIDTH, scale=[0.2, 1]),
        steps.random_flip(image, vertical=UPSIDE_DOWN),
        steps.color_jitter(image, probability=JITTERED, **{name: list(it) for name, it in JITTER.items()}),
        steps.random_grayscale(image, probability=GREY),
        steps.normalize(image, mean="imagenet"),
    ]


def hashed(array):
    """The type, the shape and the bits of an array."""
    array = np.ascontiguousarray(array)
    return f"{array.dtype}{list(array.shape)} {hashlib.sha256(array.tobytes()).hexdigest()[:24]}"


def moved(boxes, window, flips):
    """Boxes behind a window that is resized and mirrored, and which of them are kept."""
    left, top, right, bottom = window
    corners = np.array(boxes, np.float64).reshape(-1, 2, 2) - [left, top]
    corners = np.clip(corners, 0, [right - left, bottom - top])
    corners = corners * [WIDTH / (right - left), HEIGHT / (bottom - top)]
    for axis, length in enumerate([WIDTH, HEIGHT]):
        if flips[axis]:
            corners[..., axis] = length - corners[:, ::-1, axis]
    corners = np.clip(corners, 0, [WIDTH, HEIGHT])
    return corners.reshape(-1, 4).astype(np.float32), (corners[:, 1] - corners[:, 0] >= 1).all(axis=1)


def expected_row(one, row, epoch, seed):
    """The hashes of a sample, made by Pillow."""
    file, mask, boxes = one
    image = opened(file, "apply")
    window = part_of(image.size, draws(seed, epoch, "random_resized_crop/0", row), scale=(0.2, 1.0))
    draw = draws(seed, epoch, "random_flip/0", row)
    flips = [next(draw) < round(chance * 2**32) for chance in (0.5, UPSIDE_DOWN)]
    image = image.crop(window).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    labels = Image.fromarray(np.asarray(opened_mask(mask)))
    labels = labels.crop(window).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)
    for flipped, change in zip(flips, (ImageOps.mirror, ImageOps.flip), strict=True):
        image, labels = (change(it) if flipped else it for it in (image, labels))
    image = Image.fromarray(jittered(image, drawn(draws(seed, epoch, "color_jitter/0", row), JITTER, JITTERED)))
    if next(draws(seed, epoch, "random_grayscale/0", row)) < round(GREY * 2**32):
        image = image.convert("L").convert("RGB")
    corners, kept = moved(boxes, window, flips)
    arrays = {"image": floats(image), "mask": np.asarray(labels)[..., None], "boxes": corners, "boxes.kept": kept}
    return {name: hashed(array) for name, array in arrays.items()}


def opened_mask(mask):
    """The numbers of a mask's colours."""
    return Image.open(io.BytesIO(mask))


def expected(made, seed=SEED, n_epochs=N_EPOCHS):
    """The hashes of all samples of some epochs: (epoch, row) to name to hash."""
    places = [(epoch, row) for epoch in range(n_epochs) for row in range(len(made))]
    return {(epoch, row): expected_row(made[row], row, epoch, seed) for epoch, row in places}


def batch_hashes(batch, names=("image", "mask", "boxes")):
    """The hashes of a batch's rows, (epoch, row) to name to hash, by the names of `chain`'s columns."""
    arrays = {name: batch[name].cpu().numpy() for name in batch}
    image, mask, boxes = names
    assert not arrays[f"{image}.status"].any()
    assert not arrays[f"{mask}.status"].any()
    found = {}
    for at, row in enumerate(batch.rows):
        if row == NO_ROW:
            continue
        one = {"image": hashed(arrays[image][at]), "mask": hashed(arrays[mask][at])}
        if boxes:
            begin, end = arrays[f"{boxes}.cu_seqlens"][at : at + 2]
            one["boxes"] = hashed(arrays[boxes][begin:end])
            one["boxes.kept"] = hashed(arrays[f"{boxes}.kept"][begin:end])
        found[batch.epoch, int(row)] = one
    return found


def read(loader, n_batches=None, names=("image", "mask", "boxes")):
    """The hashes of the rest of a loader's two epochs, or of its next batches, none of them twice."""
    found = {}
    while loader.epoch < N_EPOCHS:
        for batch in loader:
            some = batch_hashes(batch, names)
            assert not found.keys() & some.keys()
            found |= some
            if n_batches is not None:
                n_batches -= 1
                if not n_batches:
                    return found
    return found


def differing(found, wanted):
    """What is not as it should be: samples that there are not, or should not be, and names that differ."""
    said = [f"{place}: {'missing' if place in wanted else 'not asked for'}" for place in found.keys() ^ wanted.keys()]
    for place in sorted(found.keys() & wanted.keys()):
        names = [name for name, one in found[place].items() if one != wanted[place][name]]
        said += [f"{place}: {', '.join(names)}"] if names else []
    return said


def load(dataset, wanted, **options):
    """A loader of one process."""
    usual = {"batch_size": 8, "seed": SEED, "rank": 0, "world_size": 1, "steps": wanted}
    return fr.Loader(dataset, **(usual | options))
