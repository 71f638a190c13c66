"""Small datasets of images, and all their rows as one batch."""

import io

import fuelrail as fr
import pyarrow as pa


def encoded(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def stored(folder, **columns):
    return fr.Pipeline(pa.table(columns)).shard(folder / "shards", progress="never")


def files(images):
    return pa.array(images, pa.binary())


def lists(rows, kind=None):
    return pa.array(rows, pa.list_(kind or pa.float32()))


def read(dataset, wanted, **options):
    """The one batch of a dataset, in its order, and its loader."""
    options = {"batch_size": len(dataset), "shuffle": None, "seed": 7, "rank": 0, "world_size": 1} | options
    loader = fr.Loader(dataset, steps=wanted, **options)
    [batch] = loader
    return batch, loader


def arrays(batch):
    return {name: batch[name].numpy().copy() for name in batch}
