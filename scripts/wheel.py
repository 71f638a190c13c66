"""Checks that a wheel is what its name promises: every ELF in it runs with the
glibc of its manylinux tag and links nothing that a machine may lack, the
package is whole, and it is small.

    python scripts/wheel.py WHEEL
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "python/fuelrail"
MAX_BYTES = 25_000_000
# What manylinux lets a wheel take from the machine, and we do.
SYSTEM = {"libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "librt.so.1"}
LOADER = re.compile(r"ld-linux[\w-]*\.so\.\d")


def main(path: Path) -> None:
    """Prints what was found; ends with what is wrong."""
    wrong = []
    match = re.fullmatch(r"fuelrail-[^-]+-cp310-abi3-manylinux_(\d+)_(\d+)_(\w+)\.whl", path.name)
    if match is None:
        raise SystemExit(f"wheel: expected an abi3 wheel for manylinux, got {path.name}")
    promised = int(match[1]), int(match[2])
    floor, floor_of = (0, 0), "none"
    with zipfile.ZipFile(path) as wheel, tempfile.TemporaryDirectory() as folder:
        wrong += missing(wheel.namelist())
        for name in wheel.namelist():
            if wheel.read(name)[:4] != b"\x7fELF":
                continue
            versions, needed = elf(Path(wheel.extract(name, folder)))
            highest = max(versions)
            if highest > floor:
                floor, floor_of = highest, name
            strangers = {library for library in needed - SYSTEM if not LOADER.fullmatch(library)}
            wrong += [f"{name} links {library}, which a machine may lack" for library in sorted(strangers)]
    if floor == (0, 0):
        wrong.append("expected a native module, found none")
    if floor > promised:
        wrong.append(f"{floor_of} wants glibc {spell(floor)}, the name promises {spell(promised)}")
    size = path.stat().st_size
    if size > MAX_BYTES:
        wrong.append(f"expected at most {MAX_BYTES / 1e6:.0f} MB, got {size / 1e6:.1f}")
    print(f"wheel: {path.name}, {size / 1e6:.1f} MB, runs with glibc {spell(floor)} and newer ({floor_of})")
    if wrong:
        raise SystemExit("\n".join(f"wheel: {objection}" for objection in wrong))


def missing(names: list[str]) -> list[str]:
    """What of the package is not in the wheel, or in it and not of the package."""
    files = {
        f"fuelrail/{path.relative_to(PACKAGE)}"
        for path in PACKAGE.rglob("*")
        if path.suffix in (".py", ".pyi", ".typed")
    }
    files |= {"fuelrail/_native.abi3.so"}
    inside = {name for name in names if name.startswith("fuelrail/")}
    licences = {name.rsplit("/", 1)[-1] for name in names if ".dist-info/licenses/" in name}
    objections = [f"{name} is missing" for name in sorted(files - inside)]
    objections += [f"{name} does not belong" for name in sorted(inside - files)]
    objections += [f"{name} is missing" for name in sorted({"LICENSE-APACHE", "LICENSE-MIT"} - licences)]
    return objections


def elf(path: Path) -> tuple[set[tuple[int, ...]], set[str]]:
    """The versions of glibc whose symbols an ELF file wants, and the libraries."""
    said = subprocess.run(
        ["readelf", "--wide", "--version-info", "--dynamic", path], capture_output=True, text=True, check=True
    ).stdout
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"Name: GLIBC_([\d.]+)", said)}
    return versions or {(0, 0)}, set(re.findall(r"\(NEEDED\).*\[(.+)\]", said))


def spell(version: tuple[int, ...]) -> str:
    """As glibc numbers itself."""
    return ".".join(map(str, version))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
