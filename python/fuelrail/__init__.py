"""fuelrail: raw data into training shards, and shards into training loops,
with the same bits everywhere.

>>> import fuelrail as fr
>>> tokenizer = fr.Tokenizer("cl100k_base")
>>> tokenizer.encode("Hello world").tolist()
[9906, 1917]

A :class:`Pipeline` writes shards, a :class:`Dataset` reads them, a
:class:`Loader` feeds them to a training loop. Whatever goes wrong is an
:class:`Error` with a kind, a place and, where one thing helps, a hint.

Nothing is loaded before it is used: neither numpy nor the native half.
"""

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from fuelrail import steps as steps
    from fuelrail._batch import BatchDict
    from fuelrail._chat import ChatTemplate
    from fuelrail._dataset import Dataset
    from fuelrail._device import devices, selftest
    from fuelrail._encoding import Encoding, TextStream
    from fuelrail._errors import (
        ChangedError,
        DamageError,
        DataError,
        DeviceError,
        Error,
        InternalError,
        IoError,
        LockedError,
        PipelineError,
        StoppedError,
        UsageError,
    )
    from fuelrail._loader import Loader
    from fuelrail._mix import Mixture, mix
    from fuelrail._native import Batch, Table, Tensor, __version__
    from fuelrail._pipeline import Pipeline
    from fuelrail._show import ImageGrid, show
    from fuelrail._tokenizer import Tokenizer

__all__ = [
    "Batch",
    "BatchDict",
    "ChangedError",
    "ChatTemplate",
    "DamageError",
    "DataError",
    "Dataset",
    "DeviceError",
    "Encoding",
    "Error",
    "ImageGrid",
    "InternalError",
    "IoError",
    "Loader",
    "LockedError",
    "Mixture",
    "Pipeline",
    "PipelineError",
    "StoppedError",
    "Table",
    "Tensor",
    "TextStream",
    "Tokenizer",
    "UsageError",
    "__version__",
    "devices",
    "mix",
    "selftest",
    "show",
    "steps",
]

# The module that each public name lives in.
_HOMES = {
    "Batch": "_native",
    "BatchDict": "_batch",
    "ChatTemplate": "_chat",
    "Dataset": "_dataset",
    "Encoding": "_encoding",
    "ImageGrid": "_show",
    "Loader": "_loader",
    "Mixture": "_mix",
    "Pipeline": "_pipeline",
    "Table": "_native",
    "Tensor": "_native",
    "TextStream": "_encoding",
    "Tokenizer": "_tokenizer",
    "__version__": "_native",
    "devices": "_device",
    "mix": "_mix",
    "selftest": "_device",
    "show": "_show",
    "steps": "steps",
}


# Checkers see the names above, and what is none of them they refuse.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        home = importlib.import_module(f"{__name__}.{_HOMES.get(name, '_errors')}")
        # `steps` is a module of its own.
        value: object = getattr(home, name, home)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
