#!/bin/sh
# Tries fuelrail on the GPUs of this machine: what doctor finds, whether every
# kernel has the reference's bits, how fast kernels and transfers are, and
# whether a dataset is the same to the byte as the processor's. Needs nothing
# but a POSIX shell and what lies beside this file (see scripts/gpu/build.sh).
#
#   run.sh RESULTS [--devices LIST] [--require LIST] [--no-speed]
#
# RESULTS    a folder for dated files: a report of the self-test for each
#            device, named by it, what doctor said, and the summary
# --devices  which to try, with commas (default: cuda,wgpu)
# --require  those of them that must be there: one that is missing is only
#            mentioned otherwise
# --no-speed compares bits only
#
# Ends with 0 if all that was there passed, 1 if something failed or is missing
# that must be there, 2 if it was called wrongly.
set -u

kit=$(cd "$(dirname "$0")" && pwd) || exit 2
results=
devices=cuda,wgpu
required=
speed=
while [ $# -gt 0 ]; do
    case $1 in
    --devices) devices=${2:-} && shift ;;
    --require) required=${2:-} && shift ;;
    --no-speed) speed=--no-speed ;;
    -*) echo "error: expected --devices, --require or --no-speed, got $1" >&2 && exit 2 ;;
    *) results=$1 ;;
    esac
    shift
done
if [ -z "$results" ] || [ -z "$devices" ]; then
    echo "usage: $0 RESULTS [--devices LIST] [--require LIST] [--no-speed]" >&2
    exit 2
fi
mkdir -p "$results" && results=$(cd "$results" && pwd) || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
fuelrail=$kit/fuelrail
today=$(date -u +%F)
summary=$results/$today-summary.txt
: >"$summary" || exit 2
n_failed=0

# Prints a line, and keeps it in the summary.
tell() {
    printf '%s\n' "$*" | tee -a "$summary"
}

failed() {
    n_failed=$((n_failed + 1))
    tell "FAILED   $*"
}

# is_in NAME LIST: the list, with commas, names it.
is_in() {
    case ",$2," in *",$1,"*) return 0 ;; *) return 1 ;; esac
}

# The folders where Vulkan's loader looks for drivers.
driver_files() {
    ls /etc/vulkan/icd.d/*.json /usr/share/vulkan/icd.d/*.json \
        /usr/local/share/vulkan/icd.d/*.json 2>/dev/null
}

# has_library NAME: the dynamic linker finds it.
has_library() {
    for folder in $(echo "${LD_LIBRARY_PATH:-}" | tr ':' ' ') /usr/lib/x86_64-linux-gnu /usr/lib64 \
        /usr/local/nvidia/lib64 /usr/lib /usr/lib/wsl/lib; do
        [ -e "$folder/$1" ] && return 0
    done
    (ldconfig -p || /sbin/ldconfig -p) 2>/dev/null | grep -q "$1"
}

# What a reader of the results needs to know of the machine.
diagnose() {
    echo "$("$fuelrail" --version), commit $(cat "$kit/commit")"
    uname -srm
    grep -m 1 'model name' /proc/cpuinfo
    echo "-- nvidia-smi"
    nvidia-smi --query-gpu=name,driver_version,memory.total,pcie.link.gen.max,pcie.link.width.max \
        --format=csv 2>&1 || echo "nvidia-smi does not run"
    echo "-- drivers of Vulkan"
    driver_files | grep . || echo "none"
    for library in libcuda.so.1 libvulkan.so.1 libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
        if has_library $library; then echo "$library: there"; else echo "$library: missing"; fi
    done
    echo "NVIDIA_DRIVER_CAPABILITIES=${NVIDIA_DRIVER_CAPABILITIES:-(not set)}"
}

# Brings Vulkan about where only its loader, or only the file that leads it to
# NVIDIA's driver, is missing.
prepare_vulkan() {
    if ! has_library libvulkan.so.1; then
        LD_LIBRARY_PATH=$kit/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
        export LD_LIBRARY_PATH
        tell "note     no Vulkan loader here: the kit's is used"
    fi
    driver_files | grep -q nvidia && return
    for library in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
        has_library $library || continue
        cat >"$work/nvidia_icd.json" <<EOF
{"file_format_version": "1.0.0", "ICD": {"library_path": "$library", "api_version": "1.3.0"}}
EOF
        VK_ADD_DRIVER_FILES=$work/nvidia_icd.json
        export VK_ADD_DRIVER_FILES
        tell "note     no file leads Vulkan to NVIDIA's driver: one for $library is used"
        return
    done
}

# The name of device $1 in the report $2, fit for a file's name.
name_in() {
    awk -F '"' -v kind="${1%%:*}" '
        $2 == "id" { found = index($4, kind ":") == 1 }
        $2 == "name" && found { print $4; exit }' "$2" |
        tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' '-' | sed 's/^-//; s/-$//' | cut -c 1-48
}

# Bits and speed of device $1. Not there: 1; there, however it fared: 0.
selftest() {
    report=$work/$(echo "$1" | tr ':' '-').json
    begin=$(date +%s)
    "$fuelrail" selftest --device "$1" $speed --save "$report" >"$work/out" 2>"$work/err"
    code=$?
    took=$(($(date +%s) - begin))
    if [ $code -ne 0 ] && [ ! -s "$report" ]; then
        reason=$(tr '\n' ' ' <"$work/err")
        case $code in
        42)
            if is_in "$1" "$required"; then
                failed "$1 must be there: $reason"
            else
                tell "missing  $1: $reason"
            fi
            return 1
            ;;
        esac
        failed "$1: the self-test ended with code $code: $reason"
        return 1
    fi
    saved=$results/$today-$(echo "$1" | tr ':' '-')-$(name_in "$1" "$report").json
    cp "$report" "$saved"
    cat "$work/out"
    if [ $code -eq 0 ]; then
        tell "passed   $1: the self-test, in $took s; see $(basename "$saved")"
    else
        failed "$1: the self-test; see $(basename "$saved"): $(tr '\n' ' ' <"$work/err")"
    fi
}

# Writes the dataset on device $1 to folder $2.
shard() {
    "$fuelrail" shard "$kit/table.toml" --set "source.uri=$work/data/*.parquet" \
        --device "$1" --on-device-error fail --out "$2" >"$work/out" 2>&1
}

# The dataset of device $1 beside the processor's.
compare() {
    out=$work/$(echo "$1" | tr ':' '-')
    if ! shard "$1" "$out"; then
        failed "$1: a dataset: $(tr '\n' ' ' <"$work/out")"
    elif ! diff -r -x .fuelrail "$work/cpu" "$out" >"$work/diff" 2>&1; then
        failed "$1: its dataset differs from the processor's: $(head -n 3 "$work/diff" | tr '\n' ' ')"
    else
        tell "passed   $1: its dataset is the processor's to the byte"
    fi
}

diagnose >"$results/$today-machine.txt" 2>&1
cat "$results/$today-machine.txt"
prepare_vulkan
"$fuelrail" doctor --out "$work" --json >"$results/$today-doctor.json" 2>"$work/err"
"$fuelrail" doctor --out "$work" || failed "doctor: $(tr '\n' ' ' <"$work/err")"

# The example's table many times over, so that many slots are under way.
mkdir "$work/data"
for n in 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33; do
    cp "$kit/data/table.parquet" "$work/data/table-$n.parquet"
done
if ! shard cpu "$work/cpu"; then
    failed "cpu: a dataset: $(tr '\n' ' ' <"$work/out")"
fi
for device in $(echo "$devices" | tr ',' ' '); do
    selftest "$device" && compare "$device"
done
for device in $(echo "$required" | tr ',' ' '); do
    is_in "$device" "$devices" || failed "$device must be there, and was not tried: name it in --devices"
done

echo
echo "summary of $today"
cat "$summary"
[ $n_failed -eq 0 ] || exit 1
