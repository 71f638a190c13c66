"""The native half of the package. It is private: what it is for stands in the
modules that use it."""

from collections.abc import Sequence

__version__: str

def main(args: Sequence[str]) -> int: ...
