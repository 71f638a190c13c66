"""Masks, boxes and keypoints that move with their images: what is refused, what is bad,
and that all stay where the pixels are. `tests/python_frameworks/test_annotations.py` has
torchvision as the oracle."""

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from drawn import fixed
from fuelrail import steps
from PIL import Image
from whole_batch import arrays, encoded, files, lists, read, stored

N_ROWS = 20
NO_ROW = 2**64 - 1
DEVICE = pytest.mark.parametrize("device", ["cpu", "cpu:scalar", "wgpu:software"])


def boxes_of(found, row, name="boxes"):
    begin, end = found[f"{name}.cu_seqlens"][row : row + 2]
    return found[name][begin:end], found[f"{name}.kept"][begin:end]


MOVES = [
    steps.pad("image", sides=[3, 0, 5, 2], fill=9),
    steps.random_resized_crop("image", height=23, width=31, interpolation="nearest"),
    steps.random_flip("image", vertical=0.5),
    steps.random_crop("image", height=21, width=22, padding=3, fill=9),
    steps.resize("image", height=30, width=33, interpolation="nearest"),
]


def scene(rng):
    """A mask of blocks of labels, and an image that has the labels as its reds."""
    size = int(rng.integers(25, 70)), int(rng.integers(25, 70))
    mask = Image.fromarray(rng.integers(0, 256, (6, 5), dtype=np.uint8)).resize(size, Image.Resampling.NEAREST)
    colours = np.stack([np.asarray(mask), *rng.integers(0, 256, (2, *mask.size[::-1]), dtype=np.uint8)], axis=-1)
    return Image.fromarray(colours), mask


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(1)
    return [scene(rng) for _ in range(N_ROWS)]


@pytest.fixture(scope="module")
def pairs(scenes, tmp_path_factory):
    """A dataset of images and masks, both in files."""
    columns = {"mask": files([encoded(mask) for _, mask in scenes]), "image": files([encoded(it) for it, _ in scenes])}
    return stored(tmp_path_factory.mktemp("pairs"), **columns)


DECODE = [steps.decode("image", exif="apply"), steps.decode("mask", exif="ignore", mode="indices")]


@DEVICE
@pytest.mark.parametrize("order", [DECODE, DECODE[::-1]])
def test_masks_stay_where_the_pixels_are(pairs, order, device):
    wanted = [*order, steps.annotate("image", masks="mask", mask_fill=9), *MOVES]
    seen = set()
    for epoch in range(3):
        loader = fr.Loader(pairs, batch_size=7, seed=3, steps=wanted, device=device, rank=0, world_size=1)
        loader.set_epoch(epoch)
        for batch in loader:
            image, mask = batch["image"].numpy(), batch["mask"].numpy()
            np.testing.assert_array_equal(mask[..., 0], image[..., 0])
            seen.update(one.tobytes() for one in mask[batch.rows != NO_ROW])
    assert len(seen) == 3 * N_ROWS


@DEVICE
def test_colours_leave_masks_alone(pairs, device):
    wanted = [*DECODE, steps.annotate("image", masks="mask", mask_fill=9), *MOVES]
    plain = arrays(read(pairs, wanted, device=device)[0])
    jitter = steps.color_jitter("image", brightness=0.5, contrast=0.5, saturation=0.5, hue=0.1)
    coloured = [*wanted[:4], jitter, steps.solarize("image"), *wanted[4:], steps.random_grayscale("image"), steps.normalize("image")]
    found = arrays(read(pairs, coloured, device=device)[0])
    np.testing.assert_array_equal(found["mask"], plain["mask"])
    assert found["image"].dtype == np.float32


@DEVICE
def test_pictures_are_changed_as_the_images_beside_them(scenes, device, tmp_path):
    images = files([encoded(image) for image, _ in scenes])
    dataset = stored(tmp_path, image=images, clean=images)
    moves = [{**move, "interpolation": "bicubic"} if "interpolation" in move else move for move in MOVES]
    both = ["image", "clean"]
    wanted = [steps.decode(both, exif="apply"), steps.annotate("image", images="clean"), *moves]
    moved = [{**move, "fill": 0} if "fill" in move else move for move in moves]
    found = arrays(read(dataset, wanted[:2] + moved, device=device)[0])
    np.testing.assert_array_equal(found["clean"], found["image"])
    # What is added is that of the image, and colours are those of the columns that a step names.
    found = arrays(read(dataset, [*wanted, steps.solarize("image"), steps.normalize(both)], device=device)[0])
    assert found["clean"].dtype == found["image"].dtype == np.float32
    expected = arrays(read(dataset, [*wanted, steps.normalize(both)], device=device)[0])
    np.testing.assert_array_equal(found["clean"], expected["image"])


@DEVICE
@pytest.mark.parametrize("shape", [(40, 50, 3), (3, 40, 50)])
def test_stored_images_and_masks_move_together(shape, device, tmp_path):
    rng = np.random.default_rng(4)
    images = rng.integers(0, 256, (N_ROWS, *shape), dtype=np.uint8)
    is_hwc = shape[-1] == 3
    reds = images[..., 0] if is_hwc else images[:, 0]
    columns = {"image": fixed(images), "mask": fixed(reds), "boxes": fixed(np.ones((N_ROWS, 1, 4), np.float32))}
    dataset = stored(tmp_path, **columns)
    wanted = [steps.annotate("image", masks="mask", boxes="boxes", mask_fill=9), *MOVES]
    found = arrays(read(dataset, wanted, device=device)[0])
    np.testing.assert_array_equal(found["mask"], found["image"][..., 0] if is_hwc else found["image"][:, 0])
    assert found["mask"].shape == (N_ROWS, 30, 33)
    # Nothing moves at all, and boxes are held within images of the size that they have.
    same = arrays(read(dataset, wanted[:1], device=device)[0])
    np.testing.assert_array_equal(same["mask"], reds)
    np.testing.assert_array_equal(same["image"], images)
    assert same["boxes"].tolist() == [[[1, 1, 1, 1]]] * N_ROWS
    assert not same["boxes.kept"].any()


def test_a_stored_mask_says_the_size_of_the_files(tmp_path):
    rng = np.random.default_rng(4)
    masks = rng.integers(0, 256, (4, 30, 40), dtype=np.uint8)
    images = [encoded(Image.fromarray(mask)) for mask in masks]
    images[2] = encoded(Image.fromarray(masks[2].T.copy()))
    dataset = stored(tmp_path, image=files(images), mask=fixed(masks))

    def wanted(**keys):
        decode = steps.decode("image", exif="ignore", mode="grey", **keys)
        return [decode, steps.annotate("image", masks="mask", mask_fill=9), *MOVES]

    with pytest.raises(fr.DataError, match=r"expected an image of 30x40, that of its mask or of the one beside it, got 40x30.*row 3"):
        read(dataset, wanted())
    found = arrays(read(dataset, wanted(on_error="substitute"), max_damage=0.3)[0])
    good = [0, 1, 3]
    np.testing.assert_array_equal(found["mask"][good], found["image"][good, ..., 0])
    assert (found["mask"][2] == 9).all()
    assert found["image.status"].tolist() == [0, 0, 2, 0]


@DEVICE
def test_a_mask_of_another_size_is_bad(scenes, device, tmp_path):
    images, masks = ([encoded(it) for it in column] for column in zip(*scenes, strict=True))
    image, mask = scenes[5]
    masks[5] = encoded(mask.resize((mask.width + 1, mask.height)))
    boxes = lists([[1, 2, 20, 24]] * N_ROWS)
    dataset = stored(tmp_path, image=files(images), mask=files(masks), boxes=boxes)

    def wanted(**keys):
        decode = [steps.decode("image", exif="apply"), steps.decode("mask", exif="ignore", mode="grey", **keys)]
        return [*decode, steps.annotate("image", masks="mask", boxes="boxes", mask_fill=9), *MOVES]

    sizes = f"expected a mask of {image.height}x{image.width}, that of its image, got {mask.height}x{mask.width + 1}"
    with pytest.raises(fr.DataError, match=rf"{sizes}.*column \"mask\", row 6"):
        read(dataset, wanted(), device=device)
    batch, loader = read(dataset, wanted(on_error="substitute", fill=77), device=device, max_damage=0.1)
    found = arrays(batch)
    assert (found["mask"][5] == 77).all()
    assert found["image"][5].any()
    assert batch.valid.all()
    assert found["mask.status"].tolist() == [2 * (row == 5) for row in range(N_ROWS)]
    assert [sizes in damage["message"] for damage in loader.stats()["damage"]] == [True]
    batch, _ = read(dataset, wanted(on_error="skip"), device=device, max_damage=0.1)
    assert np.flatnonzero(~batch.valid).tolist() == [5]
    boxes, kept = boxes_of(arrays(batch), 5)
    assert boxes.tolist() == [[0, 0, 0, 0]]
    assert not kept.any()


@DEVICE
@pytest.mark.parametrize("on_error", ["skip", "substitute"])
def test_what_belongs_to_a_bad_image_is_empty(scenes, device, on_error, tmp_path):
    images, masks = ([encoded(it) for it in column] for column in zip(*scenes, strict=True))
    images[3], images[8], images[12], masks[15] = b"none", None, images[12][:60], None
    columns = {"image": files(images), "mask": files(masks)}
    columns["boxes"] = lists([None if row == 17 else [0, 0, 99, 99] * (row % 3) for row in range(N_ROWS)])
    columns["points"] = fixed(np.full((N_ROWS, 2, 2), 12, np.float32))
    dataset = stored(tmp_path, **columns)
    wanted = [
        steps.decode("image", exif="apply", on_error=on_error, fill=50),
        DECODE[1],
        steps.annotate("image", masks="mask", boxes="boxes", keypoints="points", mask_fill=9),
        steps.resize("image", height=30, width=33),
    ]
    batch, loader = read(dataset, wanted, device=device, max_damage=0.3)
    found = arrays(batch)
    for row in range(N_ROWS):
        is_bad = row in (3, 12)
        has_image = not is_bad and row != 8
        fill = 9 if on_error == "substitute" or row == 8 else 0
        assert (found["mask"][row] == fill).all() == (not has_image or row == 15 and fill == 0), row
        if row == 15:
            assert not found["mask"][row].any()
        boxes, kept = boxes_of(found, row)
        assert len(boxes) == (0 if row == 17 else row % 3)
        assert (boxes == ([0, 0, 33, 30] if has_image else [0, 0, 0, 0])).all()
        assert (kept == has_image).all()
        assert found["points"][row].any() == has_image
        assert (found["points.kept"][row] == has_image).all()
        assert batch.valid[row] == (not is_bad or on_error == "substitute")
    assert [damage["row"] for damage in loader.stats()["damage"]] == [3, 12]
    assert np.flatnonzero(found["mask.status"]).tolist() == [3, 8, 12]


@pytest.mark.parametrize("options", [{"batch_size": 1}, {"batch_size": 6, "last": "short"}, {"threads": 0, "batch_size": 3}])
def test_a_resumed_loader_gives_the_annotations_that_the_first_would_have(pairs, options):
    wanted = [*DECODE, steps.annotate("image", masks="mask"), *MOVES]
    options = {"seed": 3, "rank": 0, "world_size": 1, "steps": wanted} | options
    loader = fr.Loader(pairs, **options)
    seen = [(batch.rows.copy(), batch["mask"].numpy().copy(), batch.state) for batch in loader]
    again = fr.Loader(pairs, **options)
    again.load_state_dict(seen[2][2])
    for batch, (rows, masks, _) in zip(again, seen[3:], strict=True):
        np.testing.assert_array_equal(batch.rows, rows)
        np.testing.assert_array_equal(batch["mask"].numpy(), masks)


FLIP = steps.random_flip("image", horizontal=1)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A dataset of stored images of 10 rows and 20 columns, with boxes in many forms."""
    boxes = np.array([[[1, 2, 5, 9], [0, 0, 20, 10]], [[3, 3, 4, 4], [19, 9, 20, 10]]])
    points = np.array([[[0, 0, 0], [4, 5, 1], [19, 9, 2]], [[0, 9, 2], [30, 5, 2], [-1, 5, 1]]])
    columns = {
        "image": fixed(np.zeros((2, 10, 20, 3), np.uint8)),
        "mask": fixed(np.zeros((2, 10, 20), np.uint8)),
        "third": fixed(np.zeros((2, 10, 20), np.uint8)),
        "small": fixed(np.zeros((2, 10, 19), np.uint8)),
        "label": pa.array([1, 2]),
        "text": pa.array(["a", "b"]),
        "one": fixed(boxes[:, 0].astype(np.float32)),
        "fixed": fixed(boxes.astype(np.int64)),
        "ragged": lists(boxes.reshape(2, -1).tolist(), pa.int16()),
        "points": fixed(points[..., :2].astype(np.float64)),
        "seen": lists(points.reshape(2, -1).tolist(), pa.float32()),
        "flags": fixed(np.zeros((2, 4), bool)),
        "pair.kept": pa.array([1, 2]),
        "pair": lists([[1, 2, 3, 4], []]),
    }
    return stored(tmp_path_factory.mktemp("plain"), **columns)


def test_boxes_keep_the_form_that_they_are_stored_in(plain):
    expected = np.float32([[[15, 2, 19, 9], [0, 0, 20, 10]], [[16, 3, 17, 4], [0, 9, 1, 10]]])
    wanted = [steps.annotate("image", boxes=["one", "fixed", "ragged"]), FLIP]
    found = arrays(read(plain, wanted)[0])
    np.testing.assert_array_equal(found["one"], expected[:, 0])
    np.testing.assert_array_equal(found["fixed"], expected)
    np.testing.assert_array_equal(found["ragged"], expected.reshape(-1, 4))
    assert found["ragged.cu_seqlens"].tolist() == [0, 2, 4]
    assert {found[name].dtype.name for name in ["one", "fixed", "ragged"]} == {"float32"}
    assert [found[f"{name}.kept"].shape for name in ["one", "fixed", "ragged"]] == [(2,), (2, 2), (4,)]
    assert all(found[f"{name}.kept"].all() for name in ["one", "fixed", "ragged"])
    assert found["one.kept"].dtype == np.bool_

    columns = ["image", "one", "fixed", "ragged"]
    padded = arrays(read(plain, wanted, columns=columns, ragged="pad", max_length=12)[0])
    assert padded["ragged"].shape == (2, 3, 4)
    np.testing.assert_array_equal(padded["ragged"][:, :2], expected)
    assert not padded["ragged"][:, 2].any()
    assert padded["ragged.lengths"].tolist() == [2, 2]
    assert padded["ragged.kept"].tolist() == [[True, True, False]] * 2


def test_boxes_are_padded_beside_image_files(tmp_path):
    images = files([encoded(Image.new("RGB", (20, 10)))] * 3)
    boxes = [[1, 2, 5, 9], [], [0, 0, 20, 10, 3, 3, 4, 4]]
    dataset = stored(tmp_path, image=images, boxes=lists(boxes, pa.float64()))
    crop = steps.center_crop("image", height=10, width=20)
    wanted = [steps.decode("image", exif="apply"), annotated(boxes="boxes"), FLIP, crop]
    for length in (12, {"boxes": 12}):
        found = arrays(read(dataset, iter(wanted), ragged="pad", max_length=length)[0])
        assert found["boxes"].tolist()[0] == [[15, 2, 19, 9], [0] * 4, [0] * 4]
        assert found["boxes"].shape == (3, 3, 4)
        assert found["boxes.lengths"].tolist() == [1, 0, 2]
        assert found["boxes.kept"].tolist() == [[True, False, False], [False] * 3, [True, True, False]]
        assert found["image"].shape == (3, 10, 20, 3)
    with pytest.raises(fr.UsageError, match="got image, whose files a step decodes"):
        read(dataset, wanted, ragged="pad", max_length={"boxes": 12, "image": 500})


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_boxes_have_no_dtype_but_the_one_that_they_come_in(plain, dtype):
    with pytest.raises(fr.UsageError, match=f"which come as float32, got {dtype}") as caught:
        read(plain, [annotated(keypoints="points"), FLIP], dtypes={"points": dtype})
    assert "leave the column out of dtypes" in str(caught.value)


def test_small_boxes_are_not_kept(plain):
    found = arrays(read(plain, [steps.annotate("image", boxes="ragged", min_size=4.5), FLIP])[0])
    assert found["ragged.kept"].tolist() == [False, True, False, False]
    crop = steps.center_crop("image", height=2, width=4)
    found = arrays(read(plain, [steps.annotate("image", boxes="ragged"), crop])[0])
    # Left are columns 8 to 11 of rows 4 and 5.
    assert found["ragged"].tolist() == [[0, 0, 0, 2], [0, 0, 4, 2], [0, 0, 0, 0], [4, 2, 4, 2]]
    assert found["ragged.kept"].tolist() == [False, True, False, False]


def test_points_have_visibility_as_coco_has_it(plain):
    wanted = [steps.annotate("image", keypoints="points"), steps.annotate("image", keypoints="seen", point_size=3), FLIP]
    found = arrays(read(plain, wanted)[0])
    assert found["points"].tolist() == [[[19, 0], [15, 5], [0, 9]], [[19, 9], [-11, 5], [20, 5]]]
    assert found["points.kept"].tolist() == [[True] * 3, [True, False, False]]
    assert found["seen"].tolist() == [[0, 0, 0], [15, 5, 1], [0, 9, 2], [19, 9, 2], [0, 0, 0], [0, 0, 0]]
    assert found["seen.kept"].tolist() == [False, True, True, True, False, False]


def annotated(**keys):
    return steps.annotate("image", **keys)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([annotated()], ["masks, images, boxes or keypoints, got none"]),
        ([steps.annotate(["image", "mask"], boxes="one")], ["one column of images, got 2"]),
        ([annotated(masks="nowhere")], ["expected a column that is read"]),
        ([annotated(boxes="nowhere")], ["expected a column that is read"]),
        ([annotated(masks="image")], ['"image" in one place']),
        ([annotated(masks=["mask", "mask"])], ['"mask" in one place']),
        ([annotated(boxes=["one", "one"])], ['"one" in one place']),
        ([annotated(boxes="one", keypoints="one")], ['"one" in one place']),
        ([annotated(masks="mask"), annotated(masks="mask")], ['"mask" in one place']),
        ([annotated(masks="mask", images="mask")], ['"mask" in one place']),
        ([steps.annotate("mask", masks="image"), annotated(images="third")], ['got those that move with "mask"']),
        ([annotated(images="mask"), steps.annotate("third", masks="image")], ['"image" in one place']),
        ([annotated(masks="small")], ["masks of the images' size, 10x20x3, got 10x19x1"]),
        ([annotated(masks="label")], ["uint8 images", "int64"]),
        ([annotated(boxes="points")], ["[..., 4]", "float64", "[3, 2]"]),
        ([annotated(boxes="label")], ["[..., 4]", "int64"]),
        ([annotated(boxes="flags")], ["bool"]),
        ([annotated(boxes="pair")], ["no tensor `pair.kept`"]),
        ([annotated(keypoints="seen", point_size=4)], ["2 or 3 numbers, got 4"]),
        ([annotated(boxes="one", min_size=0)], ["positive min_size, got 0"]),
        ([annotated(boxes="one", min_size=float("nan"))], ["positive min_size"]),
        ([FLIP, annotated(boxes="one")], ['before all steps that move pixels of "image"', "step 2"]),
        ([steps.pad("mask", sides=[0] * 4), annotated(masks="mask")], ['before all steps that move pixels of "mask"']),
        ([annotated(masks="mask"), steps.annotate("mask", boxes="one")], ['got those that move with "image"']),
        ([annotated(masks="mask"), steps.pad(["image", "mask"], sides=[1] * 4)], ["no step that moves", 'name "image" alone']),
        ([annotated(masks="mask"), steps.resize("mask", height=5, width=5)], ["no step that moves", 'name "image" alone']),
        ([annotated(boxes="one"), steps.invert("one")], ["got boxes or keypoints of `annotate`"]),
        ([annotated(boxes="one"), steps.mixup("image")], ["images without annotations"]),
        ([annotated(masks="mask"), steps.mixup("image")], ["images without annotations"]),
        ([annotated(masks="mask"), steps.mixup("mask")], ["no step that moves or mixes"]),
        ([annotated(boxes="one"), steps.mixup("mask", labels="one")], ["a label that no step changes"]),
    ],
)
def test_wrong_annotations_are_refused_with_what_helps(plain, wanted, words):
    with pytest.raises(fr.PipelineError) as caught:
        fr.Loader(plain, batch_size=2, steps=wanted)
    for word in words:
        assert word in str(caught.value)


def test_boxes_are_not_cut_in_two_by_a_length(plain):
    with pytest.raises(fr.PipelineError, match="max_length of 4n numbers, got 6"):
        read(plain, [annotated(boxes="ragged")], columns=["image", "ragged"], ragged="pad", max_length=6)


HOSTILE = {
    "NaN": ([1.0, 2, 3, 4, 5, float("nan"), 7, 8], "got NaN in box 1"),
    "infinite": ([float("-inf"), 2, 3, 4], "got -inf in box 0"),
    "huge": ([1.0, 2, 3, 2.0**30], "got 1073741824 in box 0"),
    "torn": ([1.0, 2, 3, 4, 5, 6], "expected 4 numbers for each box, got 6 for all"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_boxes_are_bad_rows(name, tmp_path):
    boxes, words = HOSTILE[name]
    rows = [[1, 2, 5, 9]] * 5
    rows[3] = boxes
    dataset = stored(tmp_path, image=fixed(np.ones((5, 10, 20), np.uint8)), boxes=lists(rows), label=pa.array(range(5)))
    with pytest.raises(fr.DataError, match=words) as caught:
        read(dataset, [annotated(boxes="boxes"), FLIP])
    assert 'column "boxes", row 4' in str(caught.value)
    assert "on_error" in str(caught.value)
    for on_error in ["skip", "substitute"]:
        batch, loader = read(dataset, [annotated(boxes="boxes", on_error=on_error), FLIP], max_damage=0.3)
        found = arrays(batch)
        assert np.isfinite(found["boxes"]).all()
        assert found["boxes.cu_seqlens"].tolist() == [0, 1, 2, 3, 3 + len(boxes) // 4, 4 + len(boxes) // 4]
        moved, kept = boxes_of(found, 3)
        assert not moved.any()
        assert not kept.any()
        assert batch.valid.tolist() == [row != 3 or on_error == "substitute" for row in range(5)]
        assert found["image"][3].any() == (on_error == "substitute")
        assert found["label"].tolist() == [0, 1, 2, 3 * (on_error == "substitute"), 4]
        for row in [0, 1, 2, 4]:
            assert boxes_of(found, row)[0].tolist() == [[15, 2, 19, 9]]
        [damage] = loader.stats()["damage"]
        assert damage["row"] == 3
        assert words in damage["message"]


def test_odd_boxes_are_what_torchvision_makes_of_them(tmp_path):
    """Corners out of order stay so, boxes beyond the image are held within it, none is kept."""
    rows = [[5, 9, 1, 2], [-9, -9, -1, -1], [50, 50, 60, 60], [-1e9, -1e9, 1e9, 1e9], [3, 3, 3, 3], []]
    dataset = stored(tmp_path, image=fixed(np.ones((6, 10, 20), np.uint8)), boxes=lists(rows))
    found = arrays(read(dataset, [annotated(boxes="boxes"), FLIP])[0])
    assert found["boxes"].tolist() == [[19, 9, 15, 2], [20, 0, 20, 0], [0, 10, 0, 10], [0, 0, 20, 10], [17, 3, 17, 3]]
    assert found["boxes.kept"].tolist() == [False, False, False, True, False]


def test_explain_tells_what_moves_with_what(plain, tmp_path, fuelrail):
    text = """
        [[step]]
        op = "annotate"
        column = "image"
        masks = "mask"
        boxes = ["ragged"]
        keypoints = "points"
        box_format = "xyxy"

        [[step]]
        op = "random_flip"
        column = "image"
    """
    (tmp_path / "steps.toml").write_text(text)
    said = fuelrail("explain", plain.path, "--steps", tmp_path / "steps.toml", "--row", 1).stdout
    assert "ragged: boxes that move with it" in said
    assert "points: keypoints that move with it" in said
    assert "the masks of image: they move with it" in said
    loader = fr.Loader(plain, batch_size=2, device="wgpu:software", steps=[annotated(boxes="one"), FLIP])
    next(iter(loader))
    assert "boxes and keypoints are moved on the CPU" in loader.explain()
