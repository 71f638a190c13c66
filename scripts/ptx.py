"""Compiles the .cu files to PTX with a pinned NVRTC, or checks what is there.

Why NVRTC 12.0: its PTX is version 8.0, which every driver since R525 (the first
of CUDA 12, December 2022) translates; what a newer NVRTC makes, a driver older
than that NVRTC refuses. Why compute_70: the virtual architecture of Volta; a
driver translates it for every GPU from Volta (2017) on, Blackwell included, and
the kernels use nothing newer.

Exactness: PTX says that an add, sub or mul with an explicit rounding is never
fused, so those alone may stand in the text. The check assembles the text for
GPUs of several generations with the first and with a recent assembler and looks
for fused and approximate instructions in the machine code. The driver has an
assembler of its own: what it does is only seen on a GPU.
"""

import ctypes
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SITE = next((ROOT / "target/venv-ptx/lib").glob("python3*/site-packages")) / "nvidia"
OPTIONS = [
    b"--gpu-architecture=compute_70",
    b"--std=c++17",
    b"--fmad=false",
    b"--ftz=false",
    b"--prec-div=true",
    b"--prec-sqrt=true",
    b"--device-as-default-execution-space",
]
# The assemblers, each with GPUs it knows.
ASSEMBLERS = [
    (SITE / "cuda_nvcc/bin/ptxas", ["sm_75", "sm_80", "sm_89", "sm_90"]),
    (SITE / "cu13/bin/ptxas", ["sm_75", "sm_86", "sm_90", "sm_100", "sm_120"]),
]
# What must not stand in PTX: fused or approximate, flushing, not IEEE.
INEXACT_PTX = re.compile(r"\b(fma|mad\.(rn|rz|f\d+)|\w+(\.\w+)*\.(approx|ftz|full)|sin|cos|ex2|lg2|tanh)\b")
# Float arithmetic, which must name its rounding.
FLOAT_PTX = re.compile(r"\b(add|sub|mul|div|sqrt|rcp)\.(?!rn\b)(\w+\.)*(f16|bf16|f32|f64)\b")
# What must not stand in machine code: fused, or an approximation of a float.
INEXACT_SASS = re.compile(r"\b(FFMA|DFMA|HFMA2|MUFU)(\.\w+)*\b")
# A constant put into a register by way of an idle unit: 0 * 0 + constant.
CONSTANT_SASS = re.compile(r"\bHFMA2(\.\w+)* R\d+, -RZ, RZ, -?[\d.e+-]+ ?, ")


def sources():
    """The .cu files, one an operator."""
    return sorted((ROOT / "kernels/src").glob("*/*.cu"))


def check(status, nvrtc, what):
    """Raises for a status that is not success."""
    if status != 0:
        nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
        raise SystemExit(f"error: {what}: {nvrtc.nvrtcGetErrorString(status).decode()}")


def text_of(nvrtc, program, name):
    """A text that NVRTC has for a program: its PTX or its log."""
    size = ctypes.c_size_t()
    check(getattr(nvrtc, f"nvrtcGet{name}Size")(program, ctypes.byref(size)), nvrtc, name)
    text = ctypes.create_string_buffer(size.value)
    check(getattr(nvrtc, f"nvrtcGet{name}")(program, text), nvrtc, name)
    return text.value.decode()


def compiled(source):
    """The PTX of a .cu file."""
    nvrtc = ctypes.CDLL(str(SITE / "cuda_nvrtc/lib/libnvrtc.so.12"))
    program = ctypes.c_void_p()
    created = nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), source.read_bytes(), source.name.encode(), 0, None, None
    )
    check(created, nvrtc, source.name)
    options = [*OPTIONS, f"--include-path={ROOT / 'kernels/cuda'}".encode()]
    status = nvrtc.nvrtcCompileProgram(
        program, len(options), (ctypes.c_char_p * len(options))(*options)
    )
    if status != 0:
        raise SystemExit(text_of(nvrtc, program, "ProgramLog"))
    return text_of(nvrtc, program, "PTX")


def code_only(text):
    """Lines without comments, with their numbers."""
    for number, line in enumerate(text.splitlines(), 1):
        yield number, line.split("//")[0]


def inexact_ptx(path, text):
    """Objections to a PTX text."""
    for number, line in code_only(text):
        if INEXACT_PTX.search(line) or FLOAT_PTX.search(line):
            yield f"{path}:{number}: not exact: {line.strip()}"


def assembled(ptxas, target, path, out):
    """Assembles for a GPU; what the assembler says if it refuses."""
    command = [ptxas, f"--gpu-name={target}", "--fmad=false", path, "-o", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr


def integer_division(lines, at):
    """Whether the reciprocal at a line serves a division of integers: it is
    taken of a number just made of an integer."""
    return "MUFU.RCP" in lines[at] and any("I2F" in line for line in lines[max(0, at - 40) : at])


def is_inexact_sass(lines, at):
    """Whether a line of machine code computes what is not exact."""
    if not INEXACT_SASS.search(lines[at]) or CONSTANT_SASS.search(lines[at]):
        return False
    return not integer_division(lines, at)


def inexact_sass(path):
    """Objections to the machine code of a PTX file, and how much was read."""
    objections, n_lines = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for ptxas, targets in ASSEMBLERS:
            for target in targets:
                out = Path(folder) / "out.cubin"
                refusal = assembled(ptxas, target, path, out)
                if refusal:
                    objections.append(f"{path.name}: {target}: {refusal}")
                    continue
                command = [SITE / "cu13/bin/nvdisasm", "-c", out]
                lines = subprocess.run(
                    command, capture_output=True, text=True, check=True
                ).stdout.splitlines()
                n_lines += sum(bool(re.search(r"/\*[0-9a-f]{4,}\*/", line)) for line in lines)
                for at, line in enumerate(lines):
                    if is_inexact_sass(lines, at):
                        objections.append(f"{path.name}: {target}: not exact: {line.strip()}")
    return objections, n_lines


def self_test():
    """The checks object to what they are there for."""
    for line in [
        "fma.rn.f32 %f1, %f2, %f3, %f4;",
        "mul.f32 %f1, %f2, %f3;",
        "add.ftz.f32 %f1, %f2, %f3;",
        "div.full.f32 %f1, %f2, %f3;",
        "sqrt.approx.f32 %f1, %f2;",
        "mul.rn.ftz.f32 %f1, %f2, %f3;",
        "sub.f64 %fd1, %fd2, %fd3;",
        "mad.f32 %f1, %f2, %f3, %f4;",
    ]:
        assert list(inexact_ptx("x", line)), line
    for line in ["mul.rn.f32 %f1, %f2, %f3;", "mad.lo.s32 %r1, %r2, %r3, %r4;", "add.s64 %rd1, %rd2, %rd3;"]:
        assert not list(inexact_ptx("x", line)), line
    for line in ["FFMA.FTZ R1, R2, R3, R4 ;", "HFMA2 R8, R1, R2, 0, 1 ;", "MUFU.RCP R1, R2 ;", "DFMA R2, R4, R6, R8 ;"]:
        assert is_inexact_sass([line], 0), line
    for line in ["IMAD R1, R2, R3, R4 ;", "HFMA2 R8, -RZ, RZ, 0, 4.7e-07 ;"]:
        assert not is_inexact_sass([line], 0), line
    assert not is_inexact_sass(["I2F.U32.RP R0, R4 ;", "MUFU.RCP R0, R0 ;"], 1)


def main():
    is_check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not is_check:
        raise SystemExit("usage: scripts/ptx.sh [--check]")
    self_test()
    objections = []
    for source in sources():
        path = ROOT / "kernels/ptx" / f"{source.stem}.ptx"
        text = compiled(source)
        if is_check and (not path.exists() or path.read_text() != text):
            objections.append(f"{path.name}: not what {source.name} compiles to; run scripts/ptx.sh")
        if not is_check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        objections.extend(inexact_ptx(path.name, text))
        found, n_lines = inexact_sass(path)
        objections.extend(found)
        print(f"{path.name}: {len(text)} bytes, {n_lines} lines of machine code read")
    if objections:
        raise SystemExit("error:\n" + "\n".join(objections[:40]))
    print("PTX is what the sources compile to and holds nothing fused or approximate"
          if is_check else "PTX written")


if __name__ == "__main__":
    main()
