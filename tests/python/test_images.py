"""Image files through a loader's steps, against Pillow 12 and chance drawn by the Philox
of `drawn`."""

import io

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from drawn import draws, fixed, middle_of, part_of
from fuelrail import steps
from PIL import Image, ImageOps

N_ROWS = 60
NO_ROW = 2**64 - 1
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def picture(rng, size, channels=3):
    """Colours that change slowly, with some noise."""
    small = Image.fromarray(rng.integers(0, 256, (4, 5, channels), dtype=np.uint8).squeeze())
    smooth = np.asarray(small.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    return Image.fromarray(np.clip(smooth + rng.integers(-12, 13, smooth.shape), 0, 255).astype(np.uint8))


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo(rng, row):
    """A file of one of the kinds that people have."""
    image = picture(rng, (int(rng.integers(3, 260)), int(rng.integers(3, 260))))
    exif = Image.Exif()
    exif[0x0112] = row % 8 + 1
    return [
        lambda: encoded(image, "JPEG", quality=95, subsampling=row % 3, exif=exif),
        lambda: encoded(image, "JPEG", quality=60, progressive=True),
        lambda: encoded(image.convert("L"), "JPEG", quality=85),
        lambda: encoded(image, "PNG", exif=exif),
        lambda: encoded(image.convert("P"), "PNG"),
        lambda: encoded(image, "WEBP", quality=80),
        lambda: encoded(image, "BMP"),
        lambda: encoded(image, "TIFF", compression="tiff_lzw"),
        lambda: encoded(image.convert("P"), "GIF"),
    ][row % 9]()


@pytest.fixture(scope="module")
def files():
    rng = np.random.default_rng(13)
    return [photo(rng, row) for row in range(N_ROWS)]


@pytest.fixture(scope="module")
def photos(files, tmp_path_factory):
    return stored(files, tmp_path_factory.mktemp("images"))


def stored(files, folder):
    """A dataset of files and labels."""
    table = pa.table({"image": pa.array(files, pa.binary()), "label": np.arange(len(files))})
    return fr.Pipeline(table).shard(folder / "shards", progress="never")


def rows_of(dataset, wanted, *, epoch=0, **options):
    """All rows of an epoch in the order of the dataset: name to array."""
    options = {"batch_size": 16, "seed": 5, "rank": 0, "world_size": 1, "last": "short"} | options
    loader = fr.Loader(dataset, steps=wanted, **options)
    loader.set_epoch(epoch)
    rows, found = [], {}
    for batch in loader:
        rows.append(np.array(batch.rows[batch.rows != NO_ROW]))
        for name in batch:
            found.setdefault(name, []).append(batch[name].numpy()[batch.rows != NO_ROW].copy())
    order = np.argsort(np.concatenate(rows))
    return {name: np.concatenate(parts)[order] for name, parts in found.items()}


def opened(file, exif="ignore", mode="RGB"):
    image = Image.open(io.BytesIO(file))
    if exif == "apply":
        image = ImageOps.exif_transpose(image)
    return image.convert(mode)


def floats(image):
    scaled = np.asarray(image).astype(np.float32) * (np.float32(1) / np.float32(255))
    return ((scaled - np.float32(MEAN)) / np.float32(STD)).transpose(2, 0, 1)


DEVICE = pytest.mark.parametrize("device", ["cpu", "cpu:scalar", "wgpu:software"])


@DEVICE
@pytest.mark.parametrize("exif", ["apply", "ignore"])
@pytest.mark.parametrize("name", FILTERS)
def test_resized_files_are_those_of_pillow(files, photos, name, exif, device):
    wanted = [steps.decode("image", exif=exif), steps.resize("image", height=37, width=51, interpolation=name)]
    found = rows_of(photos, wanted, device=device)
    expected = np.stack([np.asarray(opened(file, exif).resize((51, 37), FILTERS[name])) for file in files])
    np.testing.assert_array_equal(found["image"], expected)
    assert not found["image.status"].any()
    assert set(found) == {"image", "image.status", "image.valid", "label", "label.valid"}


@DEVICE
@pytest.mark.parametrize(("mode", "pillow"), [("grey", "L"), ("rgba", "RGBA")])
def test_modes_are_those_of_pillow(files, photos, mode, pillow, device):
    wanted = [steps.decode("image", exif="ignore", mode=mode), steps.center_crop("image", height=3, width=3)]

    def middle(image):
        return np.asarray(image.crop(middle_of(image.height, image.width, 3, 3))).reshape(3, 3, -1)

    found = rows_of(photos, wanted, device=device)["image"]
    np.testing.assert_array_equal(found, np.stack([middle(opened(file, mode=pillow)) for file in files]))


@DEVICE
def test_the_evaluation_chain_is_that_of_torchvision(files, photos, device):
    wanted = [
        steps.decode("image", exif="apply"),
        steps.resize("image", shorter=40),
        steps.center_crop("image", height=32, width=32),
        steps.normalize("image", mean="imagenet"),
    ]

    def evaluated(file):
        image = opened(file, "apply")
        short, long = sorted(image.size)
        longer = int(40 * long / short)
        image = image.resize((40, longer) if image.width <= image.height else (longer, 40), Image.Resampling.BILINEAR)
        return floats(image.crop(middle_of(image.height, image.width, 32, 32)))

    found = rows_of(photos, wanted, device=device)["image"]
    np.testing.assert_array_equal(found, np.stack([evaluated(file) for file in files]))


TRAIN = [
    steps.decode("image", exif="apply"),
    steps.random_resized_crop("image", height=24, width=32),
    steps.random_flip("image"),
    steps.normalize("image", mean="imagenet"),
]


def trained(file, row, seed, epoch):
    """What the steps above make of a file."""
    image = opened(file, "apply")
    box = part_of(image.size, draws(seed, epoch, "random_resized_crop/0", row))
    image = image.crop(box).resize((32, 24), Image.Resampling.BILINEAR)
    if next(draws(seed, epoch, "random_flip/0", row)) < 1 << 31:
        image = ImageOps.mirror(image)
    return floats(image)


@pytest.mark.parametrize("epoch", [0, 7])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 1},
        {"batch_size": 64},
        {"threads": 0},
        {"threads": 7, "prefetch": 7, "batch_size": 5},
        {"shuffle": None},
        {"shuffle": "blocks"},
        {"device": "cpu:scalar"},
        {"device": "wgpu:software"},
        {"device": "wgpu:software", "batch_size": 7, "last": "pad"},
    ],
)
def test_the_training_chain_is_that_of_torchvision_however_it_is_read(files, photos, epoch, options):
    found = rows_of(photos, TRAIN, epoch=epoch, **options)
    assert len(found["image"]) == len(files)
    expected = np.stack([trained(file, row, 5, epoch) for row, file in enumerate(files)])
    np.testing.assert_array_equal(found["image"], expected)
    np.testing.assert_array_equal(found["label"], np.arange(N_ROWS))


def test_a_resumed_loader_gives_what_the_first_would_have(photos):
    options = {"batch_size": 8, "seed": 3, "rank": 0, "world_size": 1, "steps": TRAIN}
    loader = fr.Loader(photos, **options)
    seen = [(batch.rows.copy(), batch["image"].numpy().copy(), batch.state) for batch in loader]
    again = fr.Loader(photos, **options)
    again.load_state_dict(seen[2][2])
    for batch, (rows, images, _) in zip(again, seen[3:], strict=True):
        np.testing.assert_array_equal(batch.rows, rows)
        np.testing.assert_array_equal(batch["image"].numpy(), images)


@DEVICE
def test_what_was_cut_off_does_not_come_back_as_a_border(files, photos, device):
    wanted = [
        steps.decode("image", exif="apply"),
        steps.center_crop("image", height=3, width=2),
        steps.pad("image", sides=[2, 1, 2, 3], fill=99),
        steps.center_crop("image", height=5, width=6),
    ]

    def changed(file):
        image = opened(file, "apply")
        small = np.asarray(image.crop(middle_of(image.height, image.width, 3, 2)))
        return np.pad(small, ((2, 2), (1, 3), (0, 0)), constant_values=99)[1:6, :6]

    found = rows_of(photos, wanted, device=device)["image"]
    np.testing.assert_array_equal(found, np.stack([changed(file) for file in files]))


@pytest.fixture(scope="module")
def bad(files, tmp_path_factory):
    """A dataset in which some files cannot be decoded; one is null."""
    some = list(files[:20])
    some[3] = some[3][: len(some[3]) // 2]
    some[7] = b""
    some[11] = b"no image at all"
    some[15] = None
    return stored(some, tmp_path_factory.mktemp("bad")), [3, 7, 11]


def shrunk(**keys):
    return [steps.decode("image", exif="ignore", **keys), steps.resize("image", height=8, width=8)]


def test_a_bad_file_is_an_error_that_names_its_row(bad):
    dataset, _ = bad
    with pytest.raises(fr.DataError, match=r"row (4|8|12)\b") as caught:
        rows_of(dataset, shrunk())
    assert 'column "image"' in str(caught.value)
    assert "on_error" in str(caught.value)


@DEVICE
def test_bad_files_are_skipped_and_keep_their_places(bad, device):
    dataset, wrong = bad
    options = {"steps": shrunk(on_error="skip"), "max_damage": 0.5, "device": device}
    loader = fr.Loader(dataset, batch_size=20, shuffle=None, rank=0, world_size=1, **options)
    [batch] = loader
    assert np.flatnonzero(~batch.valid).tolist() == wrong
    assert np.flatnonzero(batch["image.status"].numpy() == 2).tolist() == wrong
    assert not batch["image"].numpy()[wrong].any()
    assert not batch["label"].numpy()[wrong].any()
    assert [damage["row"] for damage in loader.stats()["damage"]] == wrong


@DEVICE
def test_bad_files_are_substituted(bad, device):
    dataset, wrong = bad
    keys = {"on_error": "substitute", "fill": 51}
    found = rows_of(dataset, [*shrunk(**keys), steps.normalize("image")], max_damage=0.5, device=device)
    assert np.flatnonzero(found["image.status"] == 2).tolist() == wrong
    assert (found["image"][wrong] == np.float32(51) * (np.float32(1) / np.float32(255))).all()
    assert found["label"].tolist() == list(range(20))


def test_too_many_bad_files_are_an_error(bad):
    dataset, _ = bad
    with pytest.raises(fr.DamageError, match="of the 20 rows"):
        rows_of(dataset, shrunk(on_error="skip"), max_damage=0.05)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([steps.resize("image", height=8, width=8)], ["uint8 in rows of any length", "`decode`"]),
        ([steps.decode("image", exif="apply")], ["images of one size", "`resize`"]),
        ([steps.decode("label", exif="apply")], ["expected a column of bytes", "int64"]),
        ([steps.decode("image", exif="apply"), steps.decode("image", exif="apply")], ["before all other steps"]),
        ([*shrunk(), steps.normalize("image"), steps.invert("image")], ["behind `normalize`", "float32"]),
        ([*shrunk(), steps.resize("image", height=8)], ["`height` and `width`, or `shorter`"]),
        ([*shrunk(), steps.resize("image", height=0, width=8)], ["height from 1"]),
        (
            [*shrunk(), steps.random_resized_crop("image", height=8, width=8, scale=[0.5, 0.1])],
            ["two positive numbers in order"],
        ),
        ([steps.decode("image", exif="upright")], ["\"apply\"", "\"ignore\""]),
    ],
)
def test_wrong_steps_are_refused_with_what_helps(photos, wanted, words):
    with pytest.raises(fr.PipelineError) as caught:
        fr.Loader(photos, batch_size=8, steps=wanted)
    for word in words:
        assert word in str(caught.value)


EVALUATE = [
    steps.decode("image", exif="apply"),
    steps.resize("image", shorter=40),
    steps.center_crop("image", height=32, width=32),
]


def piped(files, wanted, out, **options):
    """A dataset of what a pipeline with these steps makes of files."""
    table = pa.table({"image": pa.array(files, pa.binary()), "label": np.arange(len(files))})
    pipeline = fr.Pipeline(table, on_error=options.pop("on_error", "fail"), **options)
    for step in wanted:
        pipeline = getattr(pipeline, step["op"])(**{key: value for key, value in step.items() if key != "op"})
    return pipeline.shard(out, progress="never")


def test_pipelines_store_what_loaders_serve(files, photos, tmp_path):
    dataset = piped(files, EVALUATE, tmp_path / "out")
    found = rows_of(dataset, [])
    np.testing.assert_array_equal(found["image"], rows_of(photos, EVALUATE)["image"])
    assert found["image"].dtype == np.uint8
    normal = piped(files, [*EVALUATE, steps.normalize("image", mean="imagenet")], tmp_path / "normal")
    served = rows_of(photos, [*EVALUATE, steps.normalize("image", mean="imagenet")])
    np.testing.assert_array_equal(rows_of(normal, [])["image"], served["image"])


def test_steps_between_change_nothing(files, tmp_path):
    table = pa.table({"image": pa.array(files, pa.binary()), "label": np.arange(len(files))})
    pipeline = fr.Pipeline(table).decode(column="image", exif="apply").select(columns=["image"])
    pipeline = pipeline.resize(column="image", shorter=40).filter(column="image")
    dataset = pipeline.center_crop(column="image", height=32, width=32).shard(tmp_path / "a", progress="never")
    expected = rows_of(piped(files, EVALUATE, tmp_path / "b"), [])["image"]
    np.testing.assert_array_equal(rows_of(dataset, [])["image"], expected)


def test_images_of_any_size_are_no_text(files, tmp_path):
    table = pa.table({"image": pa.array(files, pa.binary())})
    pipeline = fr.Pipeline(table).decode(column="image", exif="apply")
    with pytest.raises(fr.PipelineError, match="expected text, got images of any size"):
        pipeline.tokenize(column="image", tokenizer="gpt2").shard(tmp_path / "out", progress="never")


def test_a_row_that_is_bad_in_two_columns_is_damaged_once(files, tmp_path):
    some = [files[0], b"none", files[2]]
    table = pa.table({"image": pa.array(some, pa.binary()), "other": pa.array(some, pa.binary())})
    dataset = fr.Pipeline(table).shard(tmp_path / "out", progress="never")
    both = ["image", "other"]
    wanted = [steps.decode(both, exif="ignore", on_error="skip"), steps.resize(both, height=8, width=8)]
    loader = fr.Loader(dataset, batch_size=3, rank=0, world_size=1, steps=wanted, max_damage=0.4)
    [batch] = loader
    assert batch.n_valid == 2
    assert [damage["row"] for damage in loader.stats()["damage"]] == [1]


def test_pipelines_set_bad_files_aside(bad, files, tmp_path):
    some = list(files[:20])
    some[3], some[11], some[15] = some[3][:9], b"no image at all", None
    with pytest.raises(fr.DataError, match="quarantine"):
        piped(some, EVALUATE, tmp_path / "fails")
    dataset = piped(some, EVALUATE, tmp_path / "out", on_error="quarantine")
    found = rows_of(dataset, [])
    assert found["label"].tolist() == [row for row in range(20) if row not in (3, 11)]
    assert found["image.valid"].tolist() == [row != 15 for row in range(20) if row not in (3, 11)]


@DEVICE
@pytest.mark.parametrize("name", FILTERS)
def test_pipelines_resize_stored_images(name, device, tmp_path):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (12, 23, 31, 3), dtype=np.uint8)
    step = steps.resize("image", height=40, width=17, interpolation=name)
    expected = np.stack([np.asarray(Image.fromarray(image).resize((17, 40), FILTERS[name])) for image in images])
    table = pa.table({"image": fixed(images)})
    dataset = fr.Pipeline(table).resize(column="image", height=40, width=17, interpolation=name).shard(tmp_path / "a", progress="never")
    np.testing.assert_array_equal(rows_of(dataset, [])["image"], expected)
    plain = fr.Pipeline(table).shard(tmp_path / "b", progress="never")
    np.testing.assert_array_equal(rows_of(plain, [step], device=device)["image"], expected)


@pytest.mark.parametrize(("shape", "width"), [((1, 70_000), 1), ((5_000, 16), 16)])
def test_sums_of_many_samples_are_right_on_a_device_that_cuts_loops_short(shape, width, tmp_path):
    images = np.random.default_rng(6).integers(0, 256, (2, *shape, 1), dtype=np.uint8)
    dataset = fr.Pipeline(pa.table({"image": fixed(images)})).shard(tmp_path / "shards", progress="never")
    wanted = [steps.resize("image", height=1, width=width, layout="hwc")]
    expected = rows_of(dataset, wanted)["image"]
    for row, image in enumerate(images):
        resized = Image.fromarray(image[..., 0]).resize((width, 1), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(expected[row, ..., 0], np.asarray(resized))
    options = {"batch_size": 2, "shuffle": None, "seed": 5, "rank": 0, "world_size": 1}
    loader = fr.Loader(dataset, steps=wanted, device="wgpu:software", **options)
    [batch] = loader
    np.testing.assert_array_equal(batch["image"].numpy(), expected)
    assert loader.stats()["too_large_for_device"] == 2


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([steps.decode("image", exif="apply")], ["images of one size"]),
        ([steps.decode("label", exif="apply")], ["expected a column of bytes", "int64"]),
        ([steps.decode("image", exif="apply", on_error="skip")], ["quarantine"]),
        ([steps.resize("image", height=8, width=8)], ["expected images of uint8"]),
        ([*EVALUATE, steps.decode("image", exif="apply")], ["expected a column of bytes"]),
        (
            [EVALUATE[0], {"op": "filter", "column": "image", "min_length": 4}, *EVALUATE[1:]],
            ["which have a length, got images of any size", "before `decode`"],
        ),
    ],
)
def test_pipelines_refuse_with_what_helps(files, wanted, words, tmp_path):
    with pytest.raises(fr.PipelineError) as caught:
        piped(files, wanted, tmp_path / "out")
    for word in words:
        assert word in str(caught.value)


def test_a_batch_that_no_memory_holds_is_refused(photos):
    """Before the system promises memory that it does not have, and ends the process."""
    wanted = [steps.decode("image", exif="ignore"), steps.resize("image", height=512, width=512)]
    loader = fr.Loader(photos, batch_size=2**31 - 1, rank=0, world_size=1, last="pad", steps=wanted)
    with pytest.raises(fr.UsageError, match="fits memory"):
        next(iter(loader))
