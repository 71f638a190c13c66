"""What tests/it/resample.rs holds the kernels against is what Pillow 12 gives."""

from pathlib import Path

import PIL
from resample_cases import N_CASES, by_pillow, case, hashed

FIXTURE = Path(__file__).parents[1] / "fixtures" / "resample" / "pillow12.txt"


def test_the_fixture_is_what_pillow_gives():
    # Pillow 13 resizes the vertical axis first.
    assert PIL.__version__.startswith("12.")
    hashes = FIXTURE.read_text().split()
    assert len(hashes) == N_CASES
    for index, expected in enumerate(hashes):
        assert hashed(by_pillow(*case(index))) == expected, index
