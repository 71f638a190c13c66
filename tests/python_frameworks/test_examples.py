"""The training examples, run for real: they learn, and killed at a random step
they go on with the same losses to the bit."""

from __future__ import annotations

import random
import time
from pathlib import Path

import fuelrail as fr
import pytest
from conftest import EXAMPLES, Program

STEPS = 32
EVERY = 4
EXAMPLE = pytest.mark.parametrize("example", ["train_gpt_torch.py", "train_jax.py"])


def train(example: str, rows: Path, checkpoint: Path, steps: int, *options: object) -> Program:
    """An example that has begun."""
    script = EXAMPLES / example
    every = ("--steps", steps, "--every", EVERY)
    return Program(script, "--data", rows, "--checkpoint", checkpoint, *every, *options)


def losses(lines: list[str]) -> dict[int, str]:
    """The loss of each step, in digits that tell binary32 numbers apart."""
    split = [line.split() for line in lines]
    assert all(words[0] == "step" and words[2] == "loss" for words in split), lines
    return {int(words[1]): words[3] for words in split}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The images of the vision example, as files in shards."""
    folder = tmp_path_factory.mktemp("vision")
    Program(EXAMPLES / "data/make_digits.py", folder / "digits").finish()
    pipeline = fr.Pipeline.from_file(EXAMPLES / "vision.toml", set=[f"source.uri={folder / 'digits'}"])
    dataset = pipeline.shard(folder / "shards", progress="never")
    assert len(dataset) == 1797
    return folder / "shards"


VISION_STEPS = 60


def train_vision(digits: Path, checkpoint: Path, *options: object) -> Program:
    """The vision example that has begun."""
    every = ("--steps", VISION_STEPS, "--every", EVERY)
    return Program(EXAMPLES / "train_vision_torch.py", "--data", digits, "--checkpoint", checkpoint, *every, *options)


@pytest.fixture(scope="module")
def unbroken_vision(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The losses of a run that nothing interrupts."""
    return losses(train_vision(digits, tmp_path_factory.mktemp("whole") / "checkpoint").finish())


def test_the_classifier_learns(unbroken_vision: dict[int, str]) -> None:
    """From the 2.3 of ten equally likely classes to less than 1."""
    first = float(unbroken_vision[1])
    last = sum(float(unbroken_vision[step]) for step in range(VISION_STEPS - 4, VISION_STEPS + 1)) / 5
    assert 2.0 < first < 2.7 and last < 1.0, (first, last)


def test_the_classifier_killed_and_resumed_is_the_same_run(
    digits: Path, unbroken_vision: dict[int, str], tmp_path: Path
) -> None:
    """SIGKILL at a random step, over the end of an epoch; every part is cut as it would have been."""
    step = random.randint(EVERY + 1, VISION_STEPS - EVERY)
    checkpoint = tmp_path / "checkpoint"
    program = train_vision(digits, checkpoint)
    before = losses(program.lines(step) + program.kill())
    after = losses(train_vision(digits, checkpoint, "--resume").finish())
    assert before | after == unbroken_vision
    assert all(after[at] == before[at] for at in after.keys() & before.keys())


def test_the_classifier_has_the_same_losses_on_every_device(
    digits: Path, unbroken_vision: dict[int, str], tmp_path: Path
) -> None:
    """Images are the same to the bit, so losses are too."""
    on_device = losses(train_vision(digits, tmp_path / "checkpoint", "--device", "wgpu:software").finish())
    assert on_device == unbroken_vision


@pytest.fixture(scope="module")
def unbroken(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, str]]:
    """The losses of runs that nothing interrupts, begun together."""
    folder = tmp_path_factory.mktemp("unbroken")
    names = ["train_gpt_torch.py", "train_jax.py"]
    running = {name: train(name, rows, folder / name, STEPS) for name in names}
    return {name: losses(program.finish()) for name, program in running.items()}


@EXAMPLE
def test_loss_falls(example: str, unbroken: dict[str, dict[int, str]]) -> None:
    """From the 7 of 1,024 equally likely tokens by 1.4 and more in 32 steps."""
    steps = unbroken[example]
    assert list(steps) == list(range(1, STEPS + 1))
    first = float(steps[1])
    last = sum(float(steps[step]) for step in range(STEPS - 4, STEPS + 1)) / 5
    assert 6.5 < first < 8.0 and last < first - 1.4, (first, last)


@EXAMPLE
def test_killed_and_resumed_it_is_the_same_run(
    example: str, rows: Path, unbroken: dict[str, dict[int, str]], tmp_path: Path
) -> None:
    """SIGKILL at a random step and moment; then the losses are those of the run
    that was never stopped, over the end of an epoch and its part batch."""
    whole = unbroken[example]
    step, pause = random.randint(EVERY + 1, STEPS - EVERY), random.uniform(0, 0.2)
    checkpoint = tmp_path / "checkpoint"
    program = train(example, rows, checkpoint, STEPS)
    lines = program.lines(step)
    time.sleep(pause)
    before = losses(lines + program.kill())
    assert step <= len(before) < STEPS, f"killed {pause} s after step {step}"
    assert before == {at: whole[at] for at in before}

    after = losses(train(example, rows, checkpoint, STEPS, "--resume").finish())
    begin = min(after)
    assert (begin - 1) % EVERY == 0 and len(before) - EVERY < begin <= len(before) + 1, (begin, len(before))
    assert after == {at: whole[at] for at in range(begin, STEPS + 1)}


def test_torchrun_shares_the_same_batches_out(rows: Path, unbroken: dict[str, dict[int, str]], tmp_path: Path) -> None:
    """Two processes, then one, then three: each goes on where the last stopped,
    with the global batches of the single run. Sums in another order round
    otherwise, so losses agree to four digits here and not to the bit."""
    checkpoint = tmp_path / "checkpoint"
    seen: dict[int, str] = {}
    for n_processes, steps in [(2, 8), (1, 12), (3, 16)]:
        world = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", n_processes)
        script = (EXAMPLES / "train_gpt_torch.py", "--data", rows, "--checkpoint", checkpoint)
        program = Program(*world, *script, "--steps", steps, "--every", EVERY, "--resume")
        lines = losses(program.finish())
        assert list(lines) == list(range(len(seen) + 1, steps + 1))
        seen |= lines
    expected = unbroken["train_gpt_torch.py"]
    for step, loss in seen.items():
        assert float(loss) == pytest.approx(float(expected[step]), rel=1e-4), f"step {step}"
