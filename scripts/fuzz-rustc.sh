#!/usr/bin/env bash
# Compiles a crate of this workspace with libFuzzer's coverage counters, debug
# assertions and overflow checks. Cargo runs it as RUSTC_WORKSPACE_WRAPPER (see
# fuzz.sh), so that outside crates stay those of the release build.
case " $* " in
*" --crate-name build_script_"*)
    # Build scripts run on their own, without libFuzzer to count for.
    exec "$@"
    ;;
esac
exec "$@" \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 \
    -Cdebug-assertions=on \
    -Coverflow-checks=on \
    --cfg fuzzing
