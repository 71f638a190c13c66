"""`mixup` against Pillow's `Image.blend`, with second rows and weights computed here."""

import pickle
import shutil

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from drawn import below, draws, fixed, second_row
from fuelrail import steps
from PIL import Image, ImageOps

N_ROWS, HEIGHT, WIDTH = 83, 20, 17
WHOLE = 1 << 15
# Without ragged ones, whose tensors have no row for each of the batch.
COLUMNS = ["image", "mask", "planes", "alone", "label", "target"]
MIX = {"alpha": 0.4, "probability": 0.75}

STEPS = [
    steps.random_crop(["image", "mask"], height=18, width=16, padding=3, border="reflect"),
    steps.solarize("image", threshold=100),
    steps.mixup(["image", "mask"], labels=["label", "target"], **MIX),
    steps.random_flip("image"),
    steps.center_crop("mask", height=11, width=16),
    steps.invert("alone"),
]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A dataset of images and labels, and what it holds."""
    rng = np.random.default_rng(11)
    held = {
        "image": rng.integers(0, 256, (N_ROWS, HEIGHT, WIDTH, 3), dtype=np.uint8),
        "mask": rng.integers(0, 256, (N_ROWS, HEIGHT, WIDTH), dtype=np.uint8),
        "planes": rng.integers(0, 256, (N_ROWS, 2, HEIGHT, WIDTH), dtype=np.uint8),
        "alone": rng.integers(0, 256, (N_ROWS, 3, 4), dtype=np.uint8),
        "label": np.arange(N_ROWS, dtype=np.int64),
        "target": rng.random((N_ROWS, 4), dtype=np.float32),
    }
    columns = {name: pa.array(values) if values.ndim == 1 else fixed(values) for name, values in held.items()}
    columns["words"] = pa.array([list(range(row % 5)) for row in range(N_ROWS)], pa.list_(pa.int32()))
    out = tmp_path_factory.mktemp("mixup") / "shards"
    return fr.Pipeline(pa.table(columns)).sink(out, shard_size="160KiB").shard(progress="never"), held


def rows_of(loader):
    """All rows of an epoch in the order of the dataset: name to array, and their numbers."""
    rows, found = [], {}
    for batch in loader:
        is_row = np.array(batch.valid, bool)
        rows.append(np.array(batch.rows)[is_row])
        for name in batch:
            found.setdefault(name, []).append(batch[name].numpy()[is_row].copy())
    rows = np.concatenate(rows)
    order = np.argsort(rows)
    return {name: np.concatenate(parts)[order] for name, parts in found.items()}, rows[order]


def load(dataset, wanted, *, epoch=0, **options):
    columns = [name for name in fr.Dataset(getattr(dataset, "path", dataset)).columns if name in COLUMNS]
    options = {"batch_size": 16, "seed": 5, "rank": 0, "world_size": 1, "last": "short", "columns": columns} | options
    loader = fr.Loader(dataset, steps=wanted, **options)
    loader.set_epoch(epoch)
    return loader


def blend(own, second, parts):
    """What Pillow makes of two images."""
    images = [Image.fromarray(np.ascontiguousarray(it)) for it in (own, second)]
    return np.asarray(Image.blend(*images, 1 - parts / WHOLE))


def by_numpy(held, seed, epoch, rows=range(N_ROWS)):
    """What the steps above do."""
    before = {"image": {}, "mask": {}}
    for row in range(N_ROWS):
        crop = draws(seed, epoch, "random_crop/0", row)
        top, left = below(crop, HEIGHT + 6 - 18 + 1), below(crop, WIDTH + 6 - 16 + 1)
        for name, of_rows in before.items():
            values = held[name][row]
            sides = [(3, 3), (3, 3), *[(0, 0)] * (values.ndim - 2)]
            values = np.pad(values, sides, mode="reflect")[top : top + 18, left : left + 16]
            of_rows[row] = np.ascontiguousarray(values)
        before["image"][row] = np.asarray(ImageOps.solarize(Image.fromarray(before["image"][row]), 100))
    out = {name: [] for name in ["image", "mask", "label.second", "target.second", "image.weight", "mask.weight"]}
    for row in map(int, rows):
        # Its own number stands for a row that is not mixed.
        second, parts = second_row(seed, epoch, row, N_ROWS, **MIX) or (row, WHOLE)
        mixed = {name: blend(of_rows[row], of_rows[second], parts) for name, of_rows in before.items()}
        is_flipped = next(draws(seed, epoch, "random_flip/0", row)) < 1 << 31
        out["image"].append(mixed["image"][:, ::-1] if is_flipped else mixed["image"])
        out["mask"].append(mixed["mask"][4:15])
        for name in ["label", "target"]:
            out[f"{name}.second"].append(held[name][second])
        for name in ["image.weight", "mask.weight"]:
            out[name].append(np.float32(parts / WHOLE))
    whole = {"label": held["label"][rows], "target": held["target"][rows], "alone": 255 - held["alone"][rows]}
    return {name: np.stack(values) for name, values in out.items()} | whole


def check(found, expected):
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert found[name].dtype == values.dtype, name


@pytest.mark.parametrize("epoch", [0, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"threads": 0, "batch_size": 1},
        {"threads": 3, "batch_size": 50},
        {"device": "cpu:scalar"},
        {"device": "wgpu:software", "batch_size": 30},
        {"device": "wgpu:software", "threads": 3, "batch_size": 7},
        {"verify": "every", "last": "pad"},
    ],
)
def test_rows_are_mixed_as_pillow_does_however_they_are_read(stored, epoch, options):
    dataset, held = stored
    found, rows = rows_of(load(dataset, STEPS, epoch=epoch, **options))
    assert list(rows) == list(range(N_ROWS))
    check(found, by_numpy(held, 5, epoch))


def test_seeds_and_orders_have_their_own_chance_and_no_other(stored):
    dataset, held = stored
    seed = (1 << 40) + 3
    for shuffle in ["rows", "blocks", None]:
        check(rows_of(load(dataset, STEPS, seed=seed, shuffle=shuffle))[0], by_numpy(held, seed, 0))


def test_ranks_and_resumed_loaders_have_the_same_rows(stored):
    dataset, held = stored
    seen = []
    for rank in range(3):
        asked = {"global_batch_size": 12, "seed": 5, "steps": STEPS, "last": "short", "columns": COLUMNS}
        loader = fr.Loader(dataset, **asked, rank=rank, world_size=3)
        next(iter(loader))
        state = pickle.loads(pickle.dumps(loader)).state_dict()
        resumed = fr.Loader(dataset, **(asked | {"global_batch_size": 30}), rank=rank, world_size=3)
        resumed.load_state_dict(state)
        found, rows = rows_of(resumed)
        check(found, by_numpy(held, 5, 0, rows))
        seen.extend(rows)
    assert len(seen) == len(set(seen)) == N_ROWS - 12


@pytest.mark.parametrize("device", ["cpu", "cpu:scalar", "wgpu:software"])
@pytest.mark.parametrize("alpha", [0.001, 0.2, 1, 8, 1000])
def test_a_mix_alone_has_every_weight(stored, alpha, device):
    dataset, held = stored
    wanted = [steps.mixup("image", alpha=alpha), steps.random_flip("planes", horizontal=1)]
    found, _ = rows_of(load(dataset, wanted, device=device))
    seconds = [second_row(5, 0, row, N_ROWS, alpha=alpha) for row in range(N_ROWS)]
    weights = np.array([parts for _, parts in seconds]) / WHOLE
    np.testing.assert_array_equal(found["image.weight"], weights.astype(np.float32))
    images = [blend(held["image"][row], held["image"][it], parts) for row, (it, parts) in enumerate(seconds)]
    np.testing.assert_array_equal(found["image"], np.stack(images))
    np.testing.assert_array_equal(found["planes"], held["planes"][..., ::-1])


def test_planes_are_mixed_and_a_stream_has_its_name(stored):
    dataset, held = stored
    wanted = [steps.mixup("planes", stream="mine", labels="label"), steps.pad("planes", sides=[1] * 4)]
    for device in ["cpu", "wgpu:software"]:
        found, _ = rows_of(load(dataset, wanted, device=device))
        for row in range(N_ROWS):
            second, parts = second_row(5, 0, row, N_ROWS, stream="mine")
            assert found["label.second"][row] == second
            for plane in range(2):
                mixed = blend(held["planes"][row, plane], held["planes"][second, plane], parts)
                np.testing.assert_array_equal(found["planes"][row, plane], np.pad(mixed, 1))


def test_a_share_that_is_mixed_is_what_was_asked_for(stored):
    dataset, held = stored
    none, _ = rows_of(load(dataset, [steps.mixup("image", probability=0, labels=["label"])]))
    check(none, {"image": held["image"], "label.second": held["label"], "image.weight": np.ones(N_ROWS, np.float32)})


def test_rows_that_fill_up_are_zeros(stored):
    dataset, _ = stored
    last = list(fr.Loader(dataset, batch_size=50, steps=STEPS, rank=0, world_size=1))[-1]
    invalid = ~np.array(last.valid, bool)
    assert invalid.sum() == 17
    for name in ["image", "mask", "image.weight", "label.second", "target.second"]:
        assert not last[name].numpy()[invalid].any(), name


def test_batches_go_to_other_frameworks_with_their_tensors(stored):
    dataset, _ = stored
    batch = next(iter(load(dataset, STEPS)))
    names = {"image", "mask", "image.weight", "mask.weight", "label.second", "target.second"}
    assert names < set(batch)
    assert batch["image.weight"].shape == (16,)
    assert batch["target.second"].shape == (16, 4)


def test_padded_rows_and_their_lengths_can_be_labels(stored):
    dataset, _ = stored
    wanted = [steps.mixup("image", labels="words")]
    found, _ = rows_of(load(dataset, wanted, columns=["image", "words"], ragged="pad", max_length={"words": 4}))
    for row in range(N_ROWS):
        second, _ = second_row(5, 0, row, N_ROWS)
        assert found["words.second.lengths"][row] == second % 5
        assert list(found["words.second"][row]) == [*range(second % 5), 0, 0, 0, 0][:4]


def test_a_dataset_of_one_row_is_mixed_with_itself(tmp_path):
    image = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    table = pa.table({"image": fixed(image), "label": pa.array([7])})
    dataset = fr.Pipeline(table).shard(tmp_path / "one", progress="never")
    for device in ["cpu", "wgpu:software"]:
        found, _ = rows_of(load(dataset, [steps.mixup("image", labels="label")], device=device))
        weight = np.array([second_row(5, 0, 0, 1)[1] / WHOLE], np.float32)
        check(found, {"image": image, "label.second": np.array([7]), "image.weight": weight})


@pytest.mark.parametrize("device", ["cpu", "wgpu:software"])
def test_nulls_are_not_mixed(tmp_path, device):
    n_rows = 40
    images = np.random.default_rng(3).integers(1, 256, (n_rows, 3, 3), dtype=np.uint8)
    is_null = np.arange(n_rows) % 4 == 1
    of_labels = np.arange(n_rows) % 5 == 2
    kind = fixed(images[:1]).type
    column = pa.array([None if null else it for it, null in zip(fixed(images).to_pylist(), is_null)], kind)
    labels = pa.array([None if null else row for row, null in enumerate(of_labels)], pa.int32())
    table = pa.table({"image": column, "label": labels})
    dataset = fr.Pipeline(table).shard(tmp_path / "nulls", progress="never")
    wanted = [steps.invert("image"), steps.mixup("image", labels=["label"])]
    found, _ = rows_of(load(dataset, wanted, device=device))
    for row in range(n_rows):
        second, parts = second_row(5, 0, row, n_rows)
        is_mixed = not (is_null[row] or is_null[second])
        assert found["image.weight"][row] == (np.float32(parts / WHOLE) if is_mixed else 1)
        of = second if is_mixed else row
        assert found["label.second.valid"][row] == (not of_labels[of])
        assert found["label.second"][row] == (0 if of_labels[of] else of)
        whole = blend(255 - images[row], 255 - images[second], parts) if is_mixed else 255 - images[row]
        np.testing.assert_array_equal(found["image"][row], 0 if is_null[row] else whole)


@pytest.fixture
def damaged(tmp_path):
    """A dataset with a block of damaged images, and which rows these are."""
    images = np.random.default_rng(4).integers(0, 256, (120, 64, 64, 3), dtype=np.uint8)
    table = pa.table({"image": fixed(images), "label": pa.array(np.arange(120))})
    whole = fr.Pipeline(table).sink(tmp_path / "whole", shard_size="1MiB").shard(progress="never")
    copy = shutil.copytree(whole.path, tmp_path / "copy")
    shard = sorted((copy / "shards").iterdir())[0]
    with shard.open("r+b") as file:
        file.seek(4096 + 3 * 65536 + 99)
        [byte] = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte ^ 8]))
    bad = set(range(3 * 65536 // 12288, (4 * 65536 - 1) // 12288 + 1))
    # Its name does not say which rows a shard has.
    start = next(row for row in range(120) if fails(copy, row))
    return whole, copy, {row - min(bad) + start for row in bad}


def fails(path, row):
    try:
        fr.Dataset(path)[row]
    except fr.DamageError:
        return True
    return False


@pytest.mark.parametrize("device", ["cpu", "wgpu:software"])
@pytest.mark.parametrize(("last", "threads"), [("short", 0), ("pad", 1), ("drop", 3)])
def test_rows_whose_second_row_is_damaged_are_skipped(damaged, last, threads, device):
    whole, copy, bad = damaged
    assert 5 <= len(bad) <= 7 and all(fails(copy, row) for row in bad)
    wanted = [steps.random_flip("image"), steps.mixup("image", alpha=0.8, probability=0.8, labels="label")]
    options = {"last": last, "threads": threads, "batch_size": 12, "device": device}
    expected, _ = rows_of(load(whole, wanted, **options))
    loader = load(copy, wanted, on_damage="skip", max_damage=1.0, **options)
    found, rows = rows_of(loader)
    seconds = [second_row(5, 0, row, 120, alpha=0.8, probability=0.8) for row in range(120)]
    of_second = {row for row, second in enumerate(seconds) if second and second[0] in bad}
    lost = bad | of_second
    assert of_second - bad
    assert set(rows) == set(range(120)) - lost
    check(found, {name: values[rows] for name, values in expected.items()})
    stats = loader.stats()
    assert stats["skipped"] == len(lost)
    told = {damage["row"]: damage["message"] for damage in stats["damage"]}
    assert set(told) == lost
    for row in of_second:
        assert f"row {row} is mixed with row {seconds[row][0]}: " in told[row]
    for row in bad - of_second:
        assert "is mixed with" not in told[row]


def test_a_damaged_second_row_is_an_error_with_its_place(damaged):
    _, copy, bad = damaged
    wanted = [steps.mixup("image")]
    loader = load(copy, wanted, shuffle=None, batch_size=1)
    n_found = 0
    for row in range(120):
        second, _ = second_row(5, 0, row, 120)
        if second in bad:
            with pytest.raises(fr.DamageError, match=f"row {row} is mixed with row {second}: ") as caught:
                loader[row]
            assert caught.value.location["block"] == 3
            assert "path" in caught.value.location and "on_damage" in caught.value.hint
            n_found += row not in bad
        elif row in bad:
            with pytest.raises(fr.DamageError) as caught:
                loader[row]
            assert "is mixed" not in str(caught.value)
        else:
            assert loader[row].n_valid == 1
    assert n_found > 0


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([steps.mixup("image", alpha=0)], "expected alpha from 0.001 to 1000, got 0 (step 1"),
        ([steps.mixup("image", alpha=float("nan"))], "alpha"),
        ([steps.mixup("image", probability=1.5)], "probability from 0 to 1, got 1.5"),
        ([steps.mixup("image", labels="labell")], "did you mean `label`"),
        ([steps.mixup("image", labels=[])], "at least one column"),
        ([steps.mixup("image", labels=["label", "label"])], "twice"),
        ([steps.mixup("image", labels="words")], "`max_length`"),
        ([steps.mixup("image", labels="image")], "a label that no step changes"),
        ([steps.mixup("image", labels="mask"), steps.invert("mask")], "a label that no step changes"),
        ([steps.mixup("image"), steps.invert("image"), steps.mixup("image")], "and step 1 (step 3"),
        ([steps.mixup("image"), steps.mixup("mask", stream="x")], "one step that names a second row, got this one and step 1"),
        ([steps.mixup("label")], "uint8 images"),
        ([steps.mixup("image", layout="chw")], "1 to 4 channels"),
    ],
)
def test_wrong_steps_are_refused_with_what_helps(stored, wanted, words):
    dataset, _ = stored
    with pytest.raises(fr.Error) as caught:
        fr.Loader(dataset, batch_size=4, steps=wanted)
    assert words in str(caught.value), str(caught.value)


def test_a_name_that_is_taken_is_refused(tmp_path):
    images = fixed(np.zeros((2, 3, 3), np.uint8))
    numbers = pa.array([1, 2])
    table = pa.table({"image": images, "image.weight": numbers, "label": numbers, "label.second": numbers})
    dataset = fr.Pipeline(table).shard(tmp_path / "taken", progress="never")
    with pytest.raises(fr.Error, match=r"image\.weight"):
        fr.Loader(dataset, batch_size=1, steps=[steps.mixup("image")])
    columns = ["image", "label", "label.second"]
    with pytest.raises(fr.Error, match=r"label\.second"):
        fr.Loader(dataset, batch_size=1, columns=columns, steps=[steps.mixup("image", labels="label")])
    found, _ = rows_of(load(dataset, [steps.mixup("image", labels="label")], columns=["image", "label"]))
    assert {"image", "image.weight", "label", "label.second", "label.second.valid"} <= set(found)


def test_explain_tells_the_second_row_and_the_weight(stored, tmp_path, fuelrail):
    dataset, _ = stored
    loader = fr.Loader(dataset, batch_size=4, seed=5, steps=STEPS)
    asked = ["explain", dataset.path, "--steps", tmp_path / "steps.toml", "--epoch", 2, "--seed", 5]
    text = '[[step]]\nop = "mixup"\ncolumn = "image"\nalpha = 0.4\nprobability = 0.75\n'
    (tmp_path / "steps.toml").write_text(text)
    for row in range(12):
        second = second_row(5, 2, row, N_ROWS, **MIX)
        told = "stays as it is" if second is None else f"{second[1] / WHOLE} of it, the rest of row {second[0]}"
        assert told in loader.explain(row, epoch=2)
        assert told in fuelrail(*asked, "--row", row).stdout
        [kernel] = fuelrail.json(*asked, "--row", row)["columns"][0]["kernels"]
        number, parts = second or (None, WHOLE)
        assert kernel["row"] == {"second": number, "weight": parts / WHOLE}
    assert "step 3: mix 75 % of rows with rows of the dataset, by weights of Beta(0.4, 0.4)" in loader.explain()
    assert "on the CPU" in loader.explain()
    on_device = fr.Loader(dataset, batch_size=4, steps=STEPS, device="wgpu:software").explain()
    assert "before `blend` and from there on" in on_device
    alone = fr.Loader(dataset, batch_size=4, steps=STEPS[2:3], device="wgpu:software").explain()
    assert "downloaded into the batch" in alone and "before `blend`" not in alone


@pytest.mark.parametrize(
    ("alpha", "n_rows", "answers"),
    [
        (1.0, 10, [(6, 18173), (3, 9515), (4, 5320)]),
        (
            0.2,
            (1 << 64) - 1,
            [(11760490603572299112, 21152), (7243142699870031112, 3205), (9074068033017007846, 366)],
        ),
        (8.0, 1, [(0, 16993), (0, 13880), (0, 11974)]),
    ],
)
def test_answers_are_those_that_the_engine_is_held_to(alpha, n_rows, answers):
    # `answers_are_known` in engine/src/plan/operators/mix.rs.
    assert [second_row(7, 1, row, n_rows, alpha=alpha) for row in [0, 1, 1 << 40]] == answers


@pytest.mark.parametrize("name", ["image.weight", "label.second"])
def test_a_mask_takes_no_name_of_a_tensor_that_a_step_makes(tmp_path, name):
    images = np.zeros((6, 3, 4, 3), np.uint8)
    table = pa.table({"image": fixed(images), "label": np.arange(6)})
    dataset = fr.Pipeline(table).shard(tmp_path / "out", progress="never")
    loader = fr.Loader(dataset, batch_size=4, steps=[steps.mixup("image", labels="label")], rank=0, world_size=1)
    with pytest.raises(fr.UsageError, match="that no tensor has"):
        next(iter(loader.to_numpy(mask=name)))
