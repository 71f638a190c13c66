#!/usr/bin/env bash
# Every check and every test; installs what they need.
#
# A section that fails does not stop the next, so that one run shows all that is
# wrong; the command fails if any did. Nothing is left out in silence: a test
# that is skipped or ignored fails its section, unless FUELRAIL_ALLOW_SKIPS=1.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

logs=target/test-logs
mkdir -p "$logs"
summary=()
failed=()

# section NAME COMMAND…: runs a command, keeps its output, notes its time.
section() {
    local name=$1 begin=$SECONDS status=0 result=passed
    shift
    say "$name: $*"
    "$@" 2>&1 | tee "$logs/$name.log" || status=$?
    if [ $status -ne 0 ]; then
        result=FAILED
        failed+=("$name")
    fi
    summary+=("$(printf '%-10s %s (%d s)' "$name" "$result" $((SECONDS - begin)))")
    echo "-- $name $result in $((SECONDS - begin)) s"
}

# No Rust test was ignored. (Python's are counted in tests/python/conftest.py.)
none_ignored() {
    if grep -E '[1-9][0-9]* ignored' "$logs/rust.log"; then
        [ "${FUELRAIL_ALLOW_SKIPS:-}" = 1 ] && return
        echo "error: some tests were ignored; set FUELRAIL_ALLOW_SKIPS=1 to allow that"
        return 1
    fi
    echo "none ignored"
}

# The wheel is installed where the tests find it; its types, and those of the
# stubs beside what the native module has, are right.
package_checks() {
    local bin=target/venv/bin config=python/pyproject.toml
    "$bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall target/wheels/*.whl &&
        "$bin/ruff" check --config "$config" python &&
        "$bin/ruff" format --config "$config" --check python &&
        "$bin/mypy" --config-file "$config" &&
        "$bin/stubtest" --mypy-config-file "$config" fuelrail._native
}

# Killed at every file operation, and at random moments.
crash_test() {
    scripts/crash.sh 200
}

# The wheel as it is installed, with torch and JAX: the examples have the types
# they say, learn, are killed and resumed, and the documentation's code runs.
frameworks_test() {
    local venv=target/frameworks-venv
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall target/wheels/fuelrail-*.whl &&
        target/venv/bin/mypy --strict --cache-dir "$logs/mypy" --python-executable "$venv/bin/python" examples/*.py &&
        "$venv/bin/python" -m pytest tests/python_frameworks -c tests/python_frameworks/pytest.ini --durations 5
}

need_room 14 "9 for the build, 5 for Python with torch and JAX, which are downloaded"
say "checking for what the tests need"
need_rust
need_component fmt rustfmt
need_component clippy
need_command c++ g++
need_vulkan
# A page is looked at in it; with a font, or it would be one without letters.
need_command chromium chromium fonts-dejavu-core
need_venv target/venv tests/python/requirements.txt
need_venv target/frameworks-venv tests/python_frameworks/requirements.txt --no-deps

export FUELRAIL_BIN=$PWD/target/release/fuelrail

# Devices whose tests must run, not pass because there is none.
export FUELRAIL_REQUIRE_DEVICES=${FUELRAIL_REQUIRE_DEVICES:-wgpu}
# Mesa complains where it is not set.
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$PWD/$logs}

export RUST_BACKTRACE=${RUST_BACKTRACE:-1}

section fmt cargo fmt --all --check
section clippy cargo clippy --release --workspace --all-targets -- -D warnings
section docs env RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps
# --workspace with --bin: the same outside crates as the tests, built once.
section build cargo build --release --workspace --bins
section rust cargo test --release --workspace
section ignored none_ignored
section ptx scripts/ptx.sh --check
section cuda-sim scripts/cuda_sim.sh
section faults scripts/cuda_faults.sh
section wheel scripts/wheel.sh
section package package_checks
section python target/venv/bin/python -m pytest tests/python -c tests/python/pytest.ini
section cuda-py scripts/cuda_python.sh
section frameworks frameworks_test
section crash crash_test
section fuzz scripts/fuzz.sh 9

say "closing lines of the test runners"
grep -hE '^test result:' "$logs/rust.log" || true
tail -qn 1 "$logs/python.log" "$logs/frameworks.log"
grep -hE '^fuzz ' "$logs/fuzz.log" || true

say "summary"
printf '%s\n' "${summary[@]}"
if [ ${#failed[@]} -gt 0 ]; then
    fail "failed: ${failed[*]}"
fi
echo "all sections passed in $SECONDS s"
