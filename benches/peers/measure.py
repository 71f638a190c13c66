"""Runs a command and says what it took; describes the machine."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Taken:
    """What a process and the processes it waited for took."""

    wall_s: float
    cpu_s: float
    peak_rss_bytes: int
    stdout: str


class CommandFailed(RuntimeError):
    """A command ended with another status than 0."""


def run(command: list[str], env: dict[str, str] | None = None, cwd: Path | None = None) -> Taken:
    """Runs ``command`` to its end. CPU time is user and system time of the
    process and all it waited for; the peak is of its largest process."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        child = subprocess.Popen(
            [str(word) for word in command], stdout=out, stderr=err, cwd=cwd, env=os.environ | (env or {})
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            tail = err.read().decode(errors="replace")[-4000:]
            raise CommandFailed(f"{' '.join(map(str, command))}: status {child.returncode}\n{tail}")
        text = out.read().decode(errors="replace")
    return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, text)


def cpu_model() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def generation() -> str:
    """What tells machines apart whose processors have one name: "AMD EPYC" is
    all that some virtual machines say, whatever the design."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "unknown"
    first = text.partition("\n\n")[0].splitlines()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first)}
    simd = [name for name in ("avx512f", "avx2", "sse4_1") if name in facts.get("flags", "").split()][:1]
    return ", ".join([*(f"{name} {facts.get(name, '?')}" for name in ("cpu family", "model", "stepping")), *simd])


def memory_bytes() -> int:
    """The machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def machine() -> dict[str, object]:
    """What a record needs to be compared with another."""
    return {
        "cpu": cpu_model(),
        "generation": generation(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory_bytes(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "load_average": list(os.getloadavg()),
    }


def today() -> str:
    """The date of a record."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()
