"""`fuelrail trace`: a row's story is what a loader gives, and its page is one that a
browser shows."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from browser import Chromium
from drawn import draws, fixed, part_of, second_row
from fuelrail import steps
from PIL import Image, ImageEnhance
from test_images import encoded, photo, picture, rows_of

SEED = 5
HOSTILE = '"><script>window.caught=1</script>&\u202e\n'


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Files of all kinds, with texts that would be markup."""
    rng = np.random.default_rng(21)
    files = [photo(rng, row) for row in range(18)]
    table = {
        "image": pa.array(files, pa.binary()),
        "label": np.arange(18),
        "caption": [f"{HOSTILE} row {row}" for row in range(18)],
        "essay": [f"<img src=x onerror='window.caught=1'>\n\tline {row} " * 200 for row in range(18)],
    }
    return fr.Pipeline(pa.table(table)).shard(tmp_path_factory.mktemp("trace") / "it's <b>", progress="never")


@pytest.fixture
def told(fuelrail, tmp_path):
    """Runs the command; gives the story, and the folder with its page."""

    def tell(dataset, wanted, row, *, epoch=0):
        out, file = tmp_path / "story", tmp_path / "steps.toml"
        keys = ["".join(f"{key} = {json.dumps(value)}\n" for key, value in step.items()) for step in wanted]
        file.write_text("".join(f"[[step]]\n{step}" for step in keys))
        asked = ["--row", row, "--epoch", epoch, "--seed", SEED, "--steps", file, "--out", out]
        return fuelrail.json("trace", dataset.path, *asked), out

    return tell


def pixels_of(out, story, step, column=0):
    """The picture behind a step: an array, channels last."""
    name = next(it["picture"] for it in story["columns"][column]["steps"] if it["step"] == step)
    with Image.open(out / name) as image:
        return np.asarray(image)


CROPPED = [steps.decode("image", exif="apply"), steps.random_resized_crop("image", height=40, width=30)]
FLIPPED = [*CROPPED, steps.random_flip("image", vertical=0.5), steps.solarize("image", threshold=99)]


@pytest.mark.parametrize("epoch", [0, 3])
@pytest.mark.parametrize("n_steps", [2, 3, 4])
def test_pictures_are_the_pixels_of_a_loader(photos, told, n_steps, epoch):
    expected = rows_of(photos, FLIPPED[:n_steps], epoch=epoch, columns=["image"])["image"]
    for row in range(0, 18, 4 - epoch):
        story, out = told(photos, FLIPPED, row, epoch=epoch)
        np.testing.assert_array_equal(pixels_of(out, story, n_steps), expected[row])


@pytest.mark.parametrize(("dtype", "layout"), [("float32", "chw"), ("float16", "hwc"), ("bfloat16", "chw")])
def test_floats_are_scaled_and_their_numbers_told(photos, told, dtype, layout):
    wanted = [*FLIPPED, steps.normalize("image", mean="imagenet", dtype=dtype, layout=layout)]
    loaded = rows_of(photos, wanted, columns=["image"])["image"][11].astype(np.float64)
    story, out = told(photos, wanted, 11)
    last = story["columns"][0]["steps"][-1]
    image = {"height": 40, "width": 30, "channels": 3, "layout": layout, "dtype": dtype}
    assert last["image"] == image
    assert last["numbers"]["min"] == pytest.approx(loaded.min(), rel=1e-6)
    assert last["numbers"]["max"] == pytest.approx(loaded.max(), rel=1e-6)
    assert last["numbers"]["mean"] == pytest.approx(loaded.mean())
    scaled = (loaded - loaded.min()) / (loaded.max() - loaded.min()) * 255
    scaled = np.floor(scaled + 0.5).astype(np.uint8)
    expected = scaled.transpose(1, 2, 0) if layout == "chw" else scaled
    np.testing.assert_array_equal(pixels_of(out, story, 5), expected)


def test_what_was_drawn_is_what_the_pictures_show(photos, told):
    for row in range(18):
        story, out = told(photos, FLIPPED, row, epoch=1)
        decoded, cropped, flipped = (pixels_of(out, story, step) for step in [1, 2, 3])
        kept, resized = story["columns"][0]["steps"][1]["effects"]
        assert (kept["what"], kept["drawn"], resized["what"]) == ("kept", True, "resized")
        box = (kept["left"], kept["top"], kept["left"] + kept["width"], kept["top"] + kept["height"])
        whole = Image.fromarray(decoded)
        assert box == part_of(whole.size, draws(SEED, 1, "random_resized_crop/0", row))
        np.testing.assert_array_equal(np.asarray(whole.crop(box).resize((30, 40), Image.Resampling.BILINEAR)), cropped)
        for effect in story["columns"][0]["steps"][2]["effects"]:
            axis = 1 if effect["what"] == "flipped_horizontally" else 0
            cropped = np.flip(cropped, axis) if effect["happens"] else cropped
        np.testing.assert_array_equal(cropped, flipped)


ENHANCED = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast, "saturation": ImageEnhance.Color}


def test_colours_change_as_is_told(photos, told):
    jitter = steps.color_jitter("image", brightness=0.4, contrast=0.4, saturation=0.4)
    wanted, orders = [*CROPPED, jitter, steps.grayscale("image")], set()
    for row in range(18):
        story, out = told(photos, wanted, row, epoch=2)
        jittered, grey = story["columns"][0]["steps"][2:]
        (effect,) = jittered["effects"]
        assert (effect["what"], effect["drawn"]) == ("recolored", True)
        pixels = Image.fromarray(pixels_of(out, story, 2))
        for name, factor in effect["adjustments"]:
            pixels = ENHANCED[name](pixels).enhance(float(np.float32(factor)))
        np.testing.assert_array_equal(pixels_of(out, story, 3), np.asarray(pixels))
        orders.add(tuple(name for name, _ in effect["adjustments"]))
        assert grey["effects"][0]["adjustments"] == [["saturation", 0.0]]
        assert not grey["effects"][0]["drawn"]
    story, _ = told(photos, [*CROPPED, steps.color_jitter("image", hue=0.5)], 0)
    ((name, part),) = story["columns"][0]["steps"][2]["effects"][0]["adjustments"]
    assert (name, -0.5 <= part <= 0.5) == ("hue", True)
    assert part * 255 == pytest.approx(round(part * 255), abs=1e-4)
    assert len(orders) > 3


def test_loaders_explain_what_is_drawn_for_a_file(photos, told):
    loader = fr.Loader(photos, batch_size=4, seed=SEED, steps=CROPPED, rank=0, world_size=1)
    kept = told(photos, CROPPED, 7, epoch=2)[0]["columns"][0]["steps"][1]["effects"][0]
    text = loader.explain(7, epoch=2)
    assert f"begins at row {kept['top']}, column {kept['left']} of the image" in text
    assert f"this row: {kept['height']}x{kept['width']} becomes 40x30" in text
    rows, cols = kept["of"]
    assert f"this row: {rows}x{cols}x3" in text


def test_a_mixed_row_has_the_other_one_beside_it(told, tmp_path):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (9, 3, 12, 10), dtype=np.uint8)
    table = pa.table({"image": fixed(images), "label": np.arange(9)})
    dataset = fr.Pipeline(table).shard(tmp_path / "shards", progress="never")
    wanted = [steps.random_crop("image", height=12, width=10, padding=3), steps.mixup("image", labels="label")]
    loaded = rows_of(dataset, wanted, columns=["image", "label"])
    before = rows_of(dataset, wanted[:1], columns=["image"])["image"]
    for row in range(9):
        story, out = told(dataset, wanted, row)
        column = story["columns"][0]
        with Image.open(out / column["picture"]) as stored:
            np.testing.assert_array_equal(np.asarray(stored), images[row].transpose(1, 2, 0))
        np.testing.assert_array_equal(pixels_of(out, story, 2), loaded["image"][row].transpose(1, 2, 0))
        second, parts = second_row(SEED, 0, row, 9)
        (mixed,) = column["steps"][1]["effects"]
        assert (mixed["second"], mixed["weight"] * 32768) == (second, parts)
        assert column["steps"][1]["second"]["row"] == second
        with Image.open(out / column["steps"][1]["second"]["picture"]) as other:
            np.testing.assert_array_equal(np.asarray(other), before[second].transpose(1, 2, 0))


def scenes(folder, n_rows=9, **odd):
    """Images with masks, boxes and points: the mask is the red of the image. ``odd`` has files
    that take the place of those of a row."""
    rng = np.random.default_rng(11)
    rows = []
    for row in range(n_rows):
        sides = (int(rng.integers(40, 60)), int(rng.integers(40, 60)))
        pixels = rng.integers(0, 256, (*sides, 3), dtype=np.uint8)
        files = {"image": encoded(Image.fromarray(pixels), "PNG"), "mask": encoded(Image.fromarray(pixels[..., 0]), "PNG")}
        files |= {name: files_of[row] for name, files_of in odd.items() if row in files_of}
        boxes = [int(it) for _ in range(row % 4) for it in (*rng.integers(0, 20, 2), *rng.integers(20, 40, 2))]
        points = [int(it) for _ in range(2) for it in (*rng.integers(0, 40, 2), rng.integers(0, 3))]
        rows.append(files | {"boxes": boxes, "eyes": points})
    schema = pa.schema([("image", pa.binary()), ("mask", pa.binary()), ("boxes", pa.list_(pa.int32())), ("eyes", pa.list_(pa.float32()))])
    return fr.Pipeline(pa.Table.from_pylist(rows, schema=schema)).shard(folder, progress="never")


def annotated(**keys):
    return [
        steps.decode("image", exif="apply", **keys),
        steps.decode("mask", exif="ignore", mode="indices", **keys),
        steps.annotate("image", masks="mask", boxes="boxes", keypoints="eyes", point_size=3, mask_fill=9, box_format="xywh"),
        steps.random_resized_crop("image", height=24, width=32, interpolation="nearest", scale=[0.1, 0.6]),
        steps.random_flip("image", vertical=0.5),
    ]


def columns_of(story):
    return {it["column"]: it for it in story["columns"]}


def test_annotations_are_those_of_a_loader(told, tmp_path):
    dataset = scenes(tmp_path / "shards")
    found = {}
    for n_steps in (4, 5):
        options = {"batch_size": 9, "shuffle": None, "seed": SEED, "rank": 0, "world_size": 1}
        [batch] = fr.Loader(dataset, steps=annotated()[:n_steps], **options)
        found[n_steps] = {name: batch[name].numpy().copy() for name in batch}
    n_kept = set()
    for row in range(9):
        story, out = told(dataset, annotated(), row)
        columns = columns_of(story)
        assert columns["mask"]["moves_with"] == {"image": "image", "as": "mask"}
        assert columns["image"]["moves_with"] is None
        for n_steps, loaded in found.items():
            step = next(it for it in columns["image"]["steps"] if it["step"] == n_steps)
            assert [it["column"] for it in step["coordinates"]] == ["boxes", "eyes"]
            for it in step["coordinates"]:
                begin, end = loaded[f"{it['column']}.cu_seqlens"][row : row + 2]
                expected = loaded[it["column"]][begin:end]
                np.testing.assert_array_equal(np.float32(it["numbers"]).reshape(expected.shape), expected)
                assert it["kept"] == loaded[f"{it['column']}.kept"][begin:end].tolist()
                assert it["message"] is None
                n_kept.add((len(it["kept"]), sum(it["kept"])))
            np.testing.assert_array_equal(pixels_of(out, story, n_steps), loaded["image"][row])
            mask = next(it for it in columns["mask"]["steps"] if it["step"] == n_steps)
            with Image.open(out / mask["picture"]) as shown:
                np.testing.assert_array_equal(np.asarray(shown), loaded["mask"][row, ..., 0])
    assert len(n_kept) > 5


ODD = {"mask": {1: encoded(Image.new("L", (7, 5)), "PNG")}, "image": {2: b"nothing", 3: None}}


@pytest.mark.parametrize("on_error", ["raise", "skip", "substitute"])
def test_what_belongs_to_a_bad_image_is_told_as_a_loader_gives_it(told, tmp_path, on_error):
    dataset = scenes(tmp_path / "shards", 4, **ODD)
    wanted = annotated(on_error=on_error, **({"fill": 77} if on_error == "substitute" else {}))
    # The mask has another size.
    story, out = told(dataset, wanted, 1)
    mask, image = columns_of(story)["mask"]["steps"], columns_of(story)["image"]["steps"]
    states = [step["outcome"]["state"] for step in mask]
    becomes = {"raise": "failed", "skip": "skipped", "substitute": "substituted"}[on_error]
    rest = ["not_reached"] * 2 if on_error == "raise" else [becomes] * 2
    assert states == ["done", becomes, *rest]
    assert "expected a mask of" in mask[1]["outcome"]["message"]
    assert image[-1]["outcome"]["state"] == {"raise": "not_reached", "skip": "skipped", "substitute": "done"}[on_error]
    if on_error == "raise":
        assert image[1]["outcome"]["message"].startswith('"mask": expected a mask of')
    if on_error == "substitute":
        with Image.open(out / mask[-1]["picture"]) as shown:
            assert (np.asarray(shown) == 77).all()
        assert [sum(it["kept"]) + len(it["kept"]) > 0 for it in image[-1]["coordinates"]] == [True, True]
        assert all(it["message"] is None for it in image[-1]["coordinates"])
    # The image is none.
    story, out = told(dataset, wanted, 2)
    mask, image = columns_of(story)["mask"]["steps"], columns_of(story)["image"]["steps"]
    assert [step["outcome"]["state"] for step in mask[:2]] == ["done", "failed"]
    assert mask[1]["outcome"]["message"].startswith('"image": ')
    if on_error == "substitute":
        assert mask[-1]["outcome"]["state"] == "substituted"
        assert not mask[-1]["effects"]
        with Image.open(out / mask[-1]["picture"]) as shown:
            assert (np.asarray(shown) == 9).all()
        for it in image[-1]["coordinates"]:
            assert not any(it["kept"])
            assert it["message"] == image[-1]["outcome"]["message"]
    # The image is null.
    story, out = told(dataset, wanted, 3)
    mask = columns_of(story)["mask"]["steps"]
    assert [step["outcome"]["state"] for step in mask] == ["done", "not_reached", "substituted", "substituted"]
    with Image.open(out / mask[-1]["picture"]) as shown:
        assert (np.asarray(shown) == 9).all()


def test_rows_are_explained_with_what_belongs_to_them(tmp_path):
    dataset = scenes(tmp_path / "shards", 4, **ODD)
    loader = fr.Loader(dataset, batch_size=2, seed=SEED, steps=annotated(on_error="substitute"), rank=0, world_size=1)
    text = loader.explain(0)
    assert "this row: boxes: 0 of 0 kept" in text
    assert "this row: eyes: " in text
    text = loader.explain(1)
    assert "this row: no image" in text and "got 5x7: a substitute takes its place" in text
    text = loader.explain(2)
    assert text.count("a substitute takes its place") == 2
    assert "this row: eyes: 0 of 2 kept" in text
    raising = fr.Loader(dataset, batch_size=2, seed=SEED, steps=annotated(), rank=0, world_size=1)
    with pytest.raises(fr.DataError, match="expected a mask of"):
        raising.explain(1)


MARKED = """({
    boxes: [...document.querySelectorAll("svg.marks .box.line")].map(path => {
        const frame = path.closest(".frame").querySelector("img").getBoundingClientRect();
        const it = path.getBBox(), view = path.closest("svg").viewBox.baseVal;
        return [it.x, it.y, it.width, it.height, view.width, view.height, frame.width / frame.height];
    }),
    points: document.querySelectorAll("svg.marks .point.line").length,
    numbers: [...document.querySelectorAll(".number")].map(it => it.textContent),
    captions: [...document.querySelectorAll("figcaption")].map(it => it.textContent),
    images: document.images.length,
    text: document.body.innerText,
})"""


def test_the_page_draws_what_belongs_to_an_image(told, tmp_path):
    dataset = scenes(tmp_path / "shards", 4)
    story, out = told(dataset, annotated(), 3)
    (tmp_path / "home").mkdir()
    with Chromium(tmp_path / "home") as chromium:
        page = chromium.look((out / "index.html").as_uri(), script=MARKED)
    assert (page.said, page.requests) == ([], [])
    found, image = page.result, columns_of(story)["image"]
    marked = [step for step in image["steps"] if step["coordinates"] and any(step["coordinates"][0]["kept"])]
    assert len(marked) == len(found["boxes"]) == 3
    for step, (x, y, width, height, whole_width, whole_height, ratio) in zip(marked, found["boxes"], strict=True):
        [boxes, _] = step["coordinates"]
        corners = np.array([[a, b, a + c, b + d] for (a, b, c, d), kept in zip(boxes["numbers"], boxes["kept"], strict=True) if kept])
        least, most = corners.min(axis=0), corners.max(axis=0)
        np.testing.assert_allclose([x, y, x + width, y + height], [least[0], least[1], most[2], most[3]], atol=1e-3)
        assert [whole_height, whole_width] == [step["image"]["height"], step["image"]["width"]]
        assert ratio == pytest.approx(whole_width / whole_height, rel=0.05)
    assert found["points"] > 0 and "0" in found["numbers"]
    beside = [caption for caption in found["captions"] if "the mask that moves with it" in caption]
    assert len(beside) == 3
    assert "a colour for each label" in " ".join(found["captions"])
    assert "Moves as the mask of image." in found["text"]
    # Masks stand beside their images, and by themselves.
    assert found["images"] == sum(file.suffix == ".png" for file in out.iterdir()) + len(beside)


# Without a header nobody knows how large a substitute is before all have one size.
BAD = {
    "raise": [["failed", "not_reached", "not_reached"]] * 2,
    "skip": [["failed", "not_reached", "skipped"], ["skipped"] * 3],
    "substitute": [["failed", "not_reached", "substituted"], ["substituted"] * 3],
}


@pytest.mark.parametrize("on_error", BAD)
def test_a_bad_file_is_shown_as_what_it_is(told, tmp_path, on_error):
    whole = encoded(picture(np.random.default_rng(1), (60, 50)), "JPEG")
    table = pa.table({"image": pa.array([whole, b"nothing", whole[: len(whole) * 2 // 3], b"", None], pa.binary())})
    dataset = fr.Pipeline(table).shard(tmp_path / "shards", progress="never")
    decode = steps.decode("image", exif="ignore", on_error=on_error, fill=7)
    wanted = [decode, steps.random_flip("image"), steps.resize("image", height=8, width=8)]
    for row in range(5):
        story, out = told(dataset, wanted, row)
        column = story["columns"][0]
        states = [step["outcome"]["state"] for step in column["steps"]]
        if row == 4:
            assert (column["stored"]["kind"], states) == ("null", ["null"] * 3)
            continue
        assert column["stored"]["kind"] == ["file", "bad_file", "file", "bad_file"][row]
        assert states == (["done"] * 3 if row == 0 else BAD[on_error][row == 2])
        if row and on_error == "substitute":
            assert (pixels_of(out, story, 3) == 7).all()


def test_rows_without_steps_are_shown_as_they_are_stored(photos, fuelrail, tmp_path):
    story = fuelrail.json("trace", photos.path, "--row", 3, "--out", tmp_path / "story")
    (column,) = story["columns"]
    assert (column["column"], column["steps"], column["stored"]["format"]) == ("image", [], "PNG")
    assert (tmp_path / "story" / column["picture"]).is_file()
    values = dict(story["values"])
    assert values["label"] == "3" and values["caption"].startswith(HOSTILE)
    text = fuelrail("trace", photos.path, "--row", 3).stdout
    assert "\\u{202e}" in text and "\u202e" not in text


def test_what_cannot_be_is_an_error(photos, fuelrail, tmp_path):
    fuelrail("trace", photos.path, "--row", 18, status=2)
    fuelrail("trace", photos.path, "--row", -1, status=2)
    fuelrail("trace", tmp_path / "none", "--row", 0, status=2)
    fuelrail("trace", photos.path, "--row", 0, "--steps", tmp_path / "none.toml", status=2)
    (tmp_path / "steps.toml").write_text('[[step]]\nop = "decode"\ncolumn = "image"\nexif = "apply"\n')
    # A loader would refuse images of any size behind all steps, and so does this.
    fuelrail("trace", photos.path, "--row", 0, "--steps", tmp_path / "steps.toml", status=3)
    done = fuelrail("trace", photos.path, "--row", 0, "--out", photos.path, status=2)
    assert "got a dataset" in done.stderr
    assert not list(Path(photos.path).glob("*.html"))


def looked_at(page, story):
    """The page asked nobody for anything, said nothing, and shows all pictures."""
    assert (page.said, page.requests) == ([], [])
    found = page.result
    assert found["title"] == f"Row {story['row']} of {found['title'].split(' of ', 1)[1]}"
    assert found["caught"] is None
    assert found["scripts"] == 0
    assert found["width"] <= found["room"], "it is wider than the window"
    assert len(found["images"]) >= len(story["columns"][0]["steps"])
    assert all(width > 0 and alt for width, alt in found["images"]), found["images"]
    assert found["headings"] == sorted(found["headings"]) or found["headings"][0] == 1
    with Image.open(io.BytesIO(page.screenshot)) as shot:
        colours = shot.convert("RGB").resize((200, 400)).getcolors(1 << 20)
    assert len(colours) > 100, "it is blank"
    return shot


SCRIPT = """({
    title: document.title,
    caught: window.caught ?? null,
    scripts: document.scripts.length,
    width: document.documentElement.scrollWidth,
    room: window.innerWidth,
    images: [...document.images].map(image => [image.naturalWidth, image.alt]),
    headings: [...document.querySelectorAll("h1, h2, h3")].map(it => Number(it.tagName[1])),
    outlines: document.querySelectorAll("svg.window").length,
    text: document.body.innerText,
})"""


@pytest.mark.parametrize(("width", "dark"), [(1100, False), (390, True)])
def test_the_page_is_one_that_a_browser_shows(told, tmp_path, width, dark):
    rng = np.random.default_rng(8)
    column = HOSTILE.strip()
    names = {"image": "files", column: "small"}
    table = pa.table(
        {
            "image": pa.array([photo(rng, 0)], pa.binary()),
            column: fixed(rng.integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)),
            "caption": [HOSTILE],
            "essay": ["<img src=x onerror='window.caught=1'>\n\tline " * 200],
        }
    )
    dataset = fr.Pipeline(table).shard(tmp_path / "it's <i> & %41", progress="never")
    wanted = [
        *FLIPPED,
        steps.normalize("image"),
        steps.random_crop(column, height=32, width=32, padding=4),
        steps.mixup(column),
    ]
    story, out = told(dataset, wanted, 0)
    (tmp_path / "home").mkdir()
    with Chromium(tmp_path / "home") as chromium:
        page = chromium.look((out / "index.html").as_uri(), script=SCRIPT, width=width, dark=dark)
    looked_at(page, story)
    assert len(story["columns"]) == len(names)
    assert page.result["outlines"] == 2
    text = page.result["text"]
    for said in ["Row 0", "random_resized_crop", "kept ", '"><script>window.caught=1</script>&', "\\u{202e}"]:
        assert said in text, said
    assert sum(file.suffix == ".png" for file in out.iterdir()) == len(page.result["images"])
    assert all(math.isfinite(step["numbers"]["mean"]) for step in story["columns"][0]["steps"])
