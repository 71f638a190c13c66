"""A loader's steps against the same done by numpy, with chance drawn by the Philox of
`drawn`, and by Pillow."""

import pickle
import subprocess
from pathlib import Path

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from drawn import below, draws, fixed
from fuelrail import steps
from PIL import Image, ImageOps

N_ROWS, HEIGHT, WIDTH = 83, 20, 17


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A dataset of images, masks and planes, and what it holds."""
    rng = np.random.default_rng(7)
    held = {
        "image": rng.integers(0, 256, (N_ROWS, HEIGHT, WIDTH, 3), dtype=np.uint8),
        "mask": rng.integers(0, 256, (N_ROWS, HEIGHT, WIDTH), dtype=np.uint8),
        "planes": rng.integers(0, 256, (N_ROWS, 2, HEIGHT, WIDTH), dtype=np.uint8),
        "either": rng.integers(0, 256, (N_ROWS, 4, 8, 3), dtype=np.uint8),
        "small": rng.integers(0, 256, (N_ROWS, 5, 6), dtype=np.uint8),
        "label": np.arange(N_ROWS, dtype=np.int64),
    }
    columns = {name: pa.array(values) if values.ndim == 1 else fixed(values) for name, values in held.items()}
    out = tmp_path_factory.mktemp("steps") / "shards"
    return fr.Pipeline(pa.table(columns)).shard(out, progress="never"), held


def batches(dataset, wanted, *, epoch=0, **options):
    """All rows of an epoch in the order of the dataset: column to array."""
    options = {"batch_size": 16, "seed": 5, "rank": 0, "world_size": 1, "last": "short"} | options
    loader = fr.Loader(dataset, steps=wanted, **options)
    loader.set_epoch(epoch)
    rows, found = [], {name: [] for name in dataset.columns}
    for batch in loader:
        rows.append(np.array(batch.rows))
        for name, parts in found.items():
            parts.append(batch[name].numpy().copy())
    order = np.argsort(np.concatenate(rows))
    return {name: np.concatenate(parts)[order] for name, parts in found.items()}


STEPS = [
    steps.random_crop(["image", "mask"], height=18, width=16, padding=3, border="reflect"),
    steps.random_flip(["image", "mask"], vertical=0.25),
    steps.solarize("image", threshold=100),
    steps.random_crop("planes", height=5, width=6),
    steps.pad("planes", sides=[1, 0, 2, 3], fill=9),
    steps.center_crop("mask", height=11, width=16),
]


def by_numpy(held, seed, epoch):
    """What the steps above do."""
    image = np.empty((N_ROWS, 18, 16, 3), np.uint8)
    mask, planes = np.empty((N_ROWS, 11, 16), np.uint8), np.empty((N_ROWS, 2, 8, 9), np.uint8)
    for row in range(N_ROWS):
        crop, flip = draws(seed, epoch, "random_crop/0", row), draws(seed, epoch, "random_flip/0", row)
        top, left = below(crop, HEIGHT + 6 - 18 + 1), below(crop, WIDTH + 6 - 16 + 1)
        is_flipped, is_upside_down = next(flip) < 1 << 31, next(flip) < 1 << 30

        def changed(values, top=top, left=left, is_flipped=is_flipped, is_upside_down=is_upside_down):
            sides = [(3, 3), (3, 3), *[(0, 0)] * (values.ndim - 2)]
            values = np.pad(values, sides, mode="reflect")[top : top + 18, left : left + 16]
            values = values[:, ::-1] if is_flipped else values
            return values[::-1] if is_upside_down else values

        image[row] = ImageOps.solarize(Image.fromarray(np.ascontiguousarray(changed(held["image"][row]))), 100)
        mask[row] = changed(held["mask"][row])[4:15]
        second = draws(seed, epoch, "random_crop/1", row)
        top, left = below(second, HEIGHT - 5 + 1), below(second, WIDTH - 6 + 1)
        window = held["planes"][row][:, top : top + 5, left : left + 6]
        planes[row] = np.pad(window, [(0, 0), (1, 2), (0, 3)], constant_values=9)
    return {"image": image, "mask": mask, "planes": planes, "label": held["label"]}


def floats(image, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), scale=255):
    """An image of [H, W, 3] as `normalize` has it; by default with ImageNet's constants."""
    factor = np.float32(1) / np.float32(scale)
    return (image.astype(np.float32) * factor - np.float32(mean)) / np.float32(std)


# A step without chance, and what the field makes of an image of [H, W, 3].
ORACLES = {
    "invert": (steps.invert("image"), lambda it: ImageOps.invert(Image.fromarray(it))),
    # `test_mixup.py` has the oracle for what is mixed.
    "mixup": (steps.mixup("image", probability=0), lambda it: it),
    "solarize": (steps.solarize("image", threshold=100), lambda it: ImageOps.solarize(Image.fromarray(it), 100)),
    "solarize-usual": (steps.solarize("image"), lambda it: ImageOps.solarize(Image.fromarray(it))),
    "center_crop": (steps.center_crop("image", height=11, width=6), lambda it: it[4:15, 6:12]),
    "pad": (steps.pad("image", sides=[1, 2, 3, 4]), lambda it: np.pad(it, [(1, 3), (2, 4), (0, 0)])),
    "pad-wrap": (
        steps.pad("image", sides=[1, 2, 30, 4], border="wrap"),
        lambda it: np.pad(it, [(1, 30), (2, 4), (0, 0)], mode="wrap"),
    ),
    "pad-symmetric": (
        steps.pad("image", sides=[21, 2, 3, 40], border="symmetric"),
        lambda it: np.pad(it, [(21, 3), (2, 40), (0, 0)], mode="symmetric"),
    ),
    "pad-edge": (
        steps.pad("image", sides=[0, 0, 3, 1], border="edge"),
        lambda it: np.pad(it, [(0, 3), (0, 1), (0, 0)], mode="edge"),
    ),
    "normalize": (steps.normalize("image", mean="imagenet"), lambda it: floats(it).transpose(2, 0, 1)),
    "normalize-hwc": (
        steps.normalize("image", mean=0.5, std=[0.5, 0.25, 2], scale=1, layout="hwc"),
        lambda it: floats(it, [0.5] * 3, [0.5, 0.25, 2], 1),
    ),
    "normalize-half": (
        steps.normalize("image", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225], dtype=np.float16),
        lambda it: floats(it).transpose(2, 0, 1).astype(np.float16),
    ),
    "resize": (
        steps.resize("image", height=31, width=12, interpolation="lanczos"),
        lambda it: Image.fromarray(it).resize((12, 31), Image.Resampling.LANCZOS),
    ),
    # All of the image is the one part of its ratio that has its area.
    "random_resized_crop": (
        steps.random_resized_crop("image", height=9, width=21, scale=[1, 1], ratio=[WIDTH / HEIGHT] * 2),
        lambda it: Image.fromarray(it).resize((21, 9), Image.Resampling.BILINEAR),
    ),
    "random_flip": (steps.random_flip("image", horizontal=1, vertical=1), lambda it: it[::-1, ::-1]),
    "random_crop": (steps.random_crop("image", height=HEIGHT, width=WIDTH), lambda it: it),
}


@pytest.mark.parametrize("device", ["cpu:scalar", "cpu", "wgpu:software"])
@pytest.mark.parametrize("name", ORACLES)
def test_every_operator_does_what_the_field_does(stored, name, device):
    dataset, held = stored
    step, oracle = ORACLES[name]
    found = batches(dataset, [step], device=device)["image"]
    np.testing.assert_array_equal(found, np.stack([np.asarray(oracle(image)) for image in held["image"]]))


def test_every_operator_has_an_oracle():
    # `test_images.py`, `test_annotations.py`, `test_color.py` and `test_perspective.py` have the oracles of the rest.
    assert set(steps.__all__) == {name.split("-")[0] for name in ORACLES} | {"annotate", "color_jitter", "decode", "grayscale", "perspective", "random_grayscale"}


def piped(images, wanted, out, **options):
    """What a pipeline with these steps stores of images, the seventh null, and which rows are not null."""
    column = fixed(images)
    nulls = pa.array([row == 7 for row in range(len(images))])
    column = pa.FixedSizeListArray.from_arrays(column.flatten(), type=column.type, mask=nulls)
    pipeline = fr.Pipeline(pa.table({"image": column}), device=options.pop("device", None))
    for step in wanted:
        keys = {"from_" if key == "from" else key: value for key, value in step.items() if key != "op"}
        pipeline = getattr(pipeline, step["op"])(**keys)
    dataset = pipeline.shard(out, progress="never", **options)
    [batch] = fr.Loader(dataset, batch_size=len(images), shuffle=None, rank=0, world_size=1)
    np.testing.assert_array_equal(np.flatnonzero(batch["image.valid"].numpy() == 0), [7])
    return np.delete(batch["image"].numpy(), 7, axis=0)


@pytest.mark.parametrize("device", ["cpu:scalar", "cpu", "wgpu:software"])
@pytest.mark.parametrize("name", [name for name in ORACLES if hasattr(fr.Pipeline, name.split("-")[0])])
def test_pipelines_store_what_loaders_serve(stored, name, device, tmp_path):
    _, held = stored
    step, oracle = ORACLES[name]
    found = piped(held["image"], [step], tmp_path / "out", device=device)
    expected = np.stack([np.asarray(oracle(image)) for image in held["image"]])
    np.testing.assert_array_equal(found, np.delete(expected, 7, axis=0))


def test_steps_before_normalize_are_its_own_keys(stored, tmp_path):
    _, held = stored
    constants = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    normalize = {"op": "normalize", "column": "image", **constants}
    two = piped(held["image"], [steps.center_crop("image", height=11, width=6), normalize], tmp_path / "two")
    one = piped(held["image"], [{**normalize, "crop": [4, 6, 11, 6]}], tmp_path / "one")
    np.testing.assert_array_equal(two, one)
    inverted = piped(held["image"], [steps.invert("image"), normalize], tmp_path / "inverted")
    same = piped(255 - held["image"], [normalize], tmp_path / "same")
    np.testing.assert_array_equal(inverted, same)


@pytest.mark.parametrize(
    ("column", "step", "text"),
    [
        (pa.array(["a", "b"]), {"op": "invert", "column": "image"}, "expected images of uint8"),
        (pa.array([[1, 2], [3, 4]]), {"op": "invert", "column": "image"}, "expected images of uint8"),
        (fixed(np.zeros((2, 3, 4), np.int8)), {"op": "invert", "column": "image"}, "expected images of uint8"),
        (fixed(np.zeros((2, 5, 4, 9), np.uint8)), {"op": "invert", "column": "image"}, "1 to 4 channels"),
        (
            fixed(np.zeros((2, 3, 4), np.uint8)),
            {"op": "center_crop", "column": "image", "height": 4, "width": 4},
            "expected height from 1 to 3, that of the image, got 4",
        ),
    ],
)
def test_pipelines_refuse_images_that_an_operator_cannot_change(column, step, text, tmp_path):
    pipeline = fr.Pipeline(pa.table({"image": column}))
    keys = {key: value for key, value in step.items() if key != "op"}
    with pytest.raises(fr.PipelineError, match=text) as caught:
        getattr(pipeline, step["op"])(**keys).shard(tmp_path / "out", progress="never")
    assert step["op"] in str(caught.value)


def stored_shape(images, wanted, out):
    """The shape of what a pipeline stores, by one loop of the steps."""
    pipeline = fr.Pipeline(pa.table({"image": fixed(images)}))
    for step in wanted:
        keys = {key: value for key, value in step.items() if key != "op"}
        pipeline = getattr(pipeline, step["op"])(**keys)
    return batches(pipeline.shard(out, progress="never"), [])["image"]


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        # Behind the crop the last axis could be channels.
        ((3, 9, 11), [steps.center_crop("image", height=9, width=3), steps.pad("image", sides=[1, 1, 1, 1])]),
        ((4, 5, 4), [steps.center_crop("image", height=3, width=3, layout="chw"), steps.pad("image", sides=[1] * 4)]),
        ((4, 5, 4), [steps.center_crop("image", height=3, width=3), steps.pad("image", sides=[1] * 4, layout="chw")]),
    ],
)
def test_pipelines_and_loaders_see_the_same_axes(shape, wanted, tmp_path):
    images = np.random.default_rng(3).integers(0, 256, (9, *shape), dtype=np.uint8)
    dataset = fr.Pipeline(pa.table({"image": fixed(images)})).shard(tmp_path / "raw", progress="never")
    served = batches(dataset, wanted)["image"]
    np.testing.assert_array_equal(stored_shape(images, wanted, tmp_path / "out"), served)


def test_pipelines_refuse_two_layouts_of_a_column(tmp_path):
    images = np.zeros((2, 4, 5, 4), np.uint8)
    wanted = [steps.pad("image", sides=[1] * 4, layout="hwc"), steps.pad("image", sides=[1] * 4, layout="chw")]
    with pytest.raises(fr.PipelineError, match="the same layout in all steps") as caught:
        stored_shape(images, wanted, tmp_path / "out")
    assert "step 2" in str(caught.value)


@pytest.mark.parametrize("keys", [{}, {"from": "hwc"}])
def test_normalize_reads_no_other_axes_than_the_steps_before(keys, tmp_path):
    images = np.zeros((9, 4, 5, 4), np.uint8)
    crop = steps.center_crop("image", height=3, width=3, layout="chw")
    with pytest.raises(fr.PipelineError, match="the order of axes of the other steps") as caught:
        piped(images, [crop, {"op": "normalize", "column": "image", **keys}], tmp_path / "out")
    assert caught.value.hint == 'set from = "chw"'
    found = piped(images, [crop, {"op": "normalize", "column": "image", "from": "chw"}], tmp_path / "chw")
    assert found.shape == (8, 4, 3, 3)


def check(found, expected):
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("epoch", [0, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"threads": 0, "batch_size": 1},
        {"threads": 3, "batch_size": 50},
        {"device": "cpu:scalar"},
        {"device": "wgpu:software", "batch_size": 30},
        {"device": "wgpu:software", "threads": 3},
    ],
)
def test_rows_are_those_of_numpy_and_pillow_however_they_are_read(stored, epoch, options):
    dataset, held = stored
    check(batches(dataset, STEPS, epoch=epoch, **options), by_numpy(held, 5, epoch))


def test_seeds_and_orders_have_their_own_chance_and_no_other(stored):
    dataset, held = stored
    seed = (1 << 40) + 3
    for shuffle in ["rows", "blocks", None]:
        check(batches(dataset, STEPS, seed=seed, shuffle=shuffle), by_numpy(held, seed, 0))


def test_ranks_and_resumed_loaders_have_the_same_rows(stored):
    dataset, held = stored
    expected = by_numpy(held, 5, 0)
    seen = []
    for rank in range(3):
        asked = {"global_batch_size": 12, "seed": 5, "steps": STEPS, "last": "short"}
        loader = fr.Loader(dataset, **asked, rank=rank, world_size=3)
        next(iter(loader))
        state = pickle.loads(pickle.dumps(loader)).state_dict()
        resumed = fr.Loader(dataset, **(asked | {"global_batch_size": 30}), rank=rank, world_size=3)
        resumed.load_state_dict(state)
        for batch in resumed:
            rows = np.array(batch.rows)
            np.testing.assert_array_equal(batch["image"].numpy(), expected["image"][rows])
            np.testing.assert_array_equal(batch["planes"].numpy(), expected["planes"][rows])
            seen.extend(rows)
    assert len(seen) == len(set(seen)) == N_ROWS - 12


def test_a_step_beside_others_draws_what_it_drew_alone(stored):
    dataset, _ = stored
    flip = steps.random_flip("planes", stream="mine")
    alone = batches(dataset, [flip])["planes"]
    among = batches(dataset, [steps.random_flip("image"), *STEPS[:1], flip])["planes"]
    np.testing.assert_array_equal(alone, among)
    assert (alone != batches(dataset, [steps.random_flip("planes")])["planes"]).any()


def test_padded_rows_stay_zeros(stored):
    dataset, _ = stored
    loader = fr.Loader(dataset, batch_size=50, steps=[steps.solarize("image")], rank=0, world_size=1)
    last = list(loader)[-1]
    invalid = ~np.array(last.valid, bool)
    assert invalid.sum() == 17
    assert not last["image"].numpy()[invalid].any()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([steps.random_crop("image", height=30, width=3)], "expected height from 1 to 20, that of the image, got 30 (step 1"),
        ([steps.random_flip("label")], "uint8 images"),
        ([steps.random_flip("imagee")], "did you mean `image`"),
        ([steps.random_flip("image", horizontal=1.5)], "probability"),
        ([{"op": "random_flipp", "column": "image"}], "random_flip"),
        ([{"op": "random_flip", "column": "image", "vertcal": 1}], "vertical"),
        ([{"column": "image"}], "op"),
        ([{"op": "random_flip", "column": "image", 3: 4}], "text"),
        ([steps.random_flip([])], "at least one column"),
        ([steps.pad(["image", "image"], sides=[1] * 4)], "twice"),
        ([steps.random_flip("image", layout="hwc"), steps.random_flip("image", layout="chw")], "same layout"),
        ([steps.random_crop(["image", "small"], height=3, width=3)], "one size"),
        ([steps.random_flip("label")], "int64 in rows of shape []"),
        (steps.random_flip("image"), "list of steps"),
        (["random_flip"], "fuelrail.steps"),
    ],
)
def test_wrong_steps_are_refused_with_what_helps(stored, wanted, words):
    dataset, _ = stored
    with pytest.raises(fr.Error) as caught:
        fr.Loader(dataset, batch_size=4, steps=wanted)
    assert words in str(caught.value), str(caught.value)


def test_a_device_is_named_and_one_that_is_missing_is_refused(stored):
    dataset, _ = stored
    loader = fr.Loader(dataset, batch_size=4, steps=STEPS, device="wgpu:software")
    assert "on wgpu:software (llvmpipe" in loader.explain()
    assert "downloaded into the batch" in loader.explain()
    assert "on the CPU" in fr.Loader(dataset, batch_size=4, steps=STEPS).explain()
    automatic = fr.Loader(dataset, batch_size=4, steps=STEPS, device="auto").explain()
    assert "for no device will do: " in automatic or "downloaded into the batch" in automatic
    with pytest.raises(fr.Error, match="device"):
        fr.Loader(dataset, batch_size=4, steps=STEPS, device="tpu")
    with pytest.raises(fr.DeviceError):
        fr.Loader(dataset, batch_size=4, steps=STEPS, device="wgpu:99")


def test_a_layout_holds_for_all_steps_of_a_column_whichever_says_it(stored):
    dataset, held = stored
    # Its shape, [4, 8, 3], tells HWC; a step that comes second says CHW.
    wanted = [steps.solarize("either"), steps.random_flip("either", horizontal=1, layout="chw")]
    expected = np.where(held["either"] >= 128, 255 - held["either"], held["either"])[..., ::-1]
    np.testing.assert_array_equal(batches(dataset, wanted)["either"], expected)


def test_explain_tells_what_a_loaded_state_draws(stored):
    dataset, held = stored
    flip = [steps.random_flip("image")]
    asked = {"batch_size": N_ROWS, "shuffle": None, "steps": flip, "rank": 0, "world_size": 1}
    loader = fr.Loader(dataset, seed=2, **asked)
    loader.load_state_dict(fr.Loader(dataset, seed=1, **asked).state_dict())
    changed = next(iter(loader))["image"].numpy() != held["image"]
    for row in range(N_ROWS):
        assert changed[row].any() == ("one column right is +0,-1" in loader.explain(row))


def test_nulls_stay_zeros(tmp_path):
    images = fixed(np.full((4, 3, 3), 9, np.uint8)).to_pylist()
    column = pa.array([images[0], None, images[1], None], fixed(np.zeros((1, 3, 3), np.uint8)).type)
    dataset = fr.Pipeline(pa.table({"image": column})).shard(tmp_path / "nulls", progress="never")
    for device in ["cpu", "wgpu:software"]:
        found = batches(dataset, [steps.pad("image", sides=[1] * 4, fill=7), steps.solarize("image")], device=device)
        assert [bool(image.any()) for image in found["image"]] == [True, False, True, False]


def test_steps_are_found_below_the_package():
    assert fr.steps is steps


def test_views_are_refused(stored):
    dataset, _ = stored
    with pytest.raises(fr.UsageError, match="access"):
        fr.Loader(dataset, batch_size=4, steps=STEPS, access="view")


def test_the_records_of_a_row_are_shown(stored, tmp_path, fuelrail):
    dataset, held = stored
    loader = fr.Loader(dataset, batch_size=4, seed=5, steps=STEPS)
    crop = draws(5, 2, "random_crop/1", 7)
    top, left = below(crop, HEIGHT - 5 + 1), below(crop, WIDTH - 6 + 1)
    text = loader.explain(7, epoch=2)
    assert "planes: 20x17x2 -> 8x9x2" in text
    assert f"begins at row {top - 1}, column {left} of the image" in text
    assert "no steps" in fr.Loader(dataset, batch_size=4).explain()
    with pytest.raises(fr.UsageError, match="83 rows"):
        loader.explain(N_ROWS)
    file = tmp_path / "steps.toml"
    file.write_text('[[step]]\nop = "random_flip"\ncolumn = "image"\nhorizontal = 1\n')
    asked = ["explain", dataset.path, "--steps", file, "--row", "7", "--epoch", "2", "--seed", "5"]
    shown = fuelrail(*asked).stdout
    assert "begins at row 0, column 16 of the image; one row down is +1,+0, one column right is +0,-1" in shown


def test_generated_files_are_current(fuelrail):
    root = Path(__file__).resolve().parent.parent.parent
    asked = ["python3", root / "scripts/operators.py", fuelrail.path, "--check"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
