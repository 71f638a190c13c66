# Checks for what the scripts need and installs what it may. Sourced, not run.
#
# Packages come from apt where this may install (root, or sudo without a
# password); else the missing package is named and the script ends. Nothing is
# done twice: what is there is left alone.

# A bare PATH of an unprivileged user lacks the folders where ldconfig lies.
PATH=$PATH:/usr/sbin:/sbin

# Says what is being done.
say() {
    printf '\n== %s\n' "$*"
}

# Ends the script with a reason.
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# need_room GIB WHAT: says beforehand what will be taken of the disk, and ends
# the script where there is less.
need_room() {
    local gib=$1 what=$2 free there
    mkdir -p target
    free=$(df -Pk target | awk 'NR==2 {print int($4 / 1048576)}')
    # What was made before is not made again.
    there=$(du -sk target | awk '{print int($1 / 1048576)}')
    say "this takes about $gib GiB under target/ ($what): $there are there, $free are free"
    [ $((free + there)) -ge "$gib" ] ||
        fail "too little room: free $gib GiB, or run this from a checkout on another disk"
}

# Runs a command as root, or returns 1 where that is not allowed.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# Installs apt packages, or names them.
install() {
    local why=$1
    shift
    command -v apt-get >/dev/null 2>&1 || fail "$why: install the equivalent of Debian's $*"
    say "installing $* ($why)"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >/dev/null 2>&1 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@" ||
        fail "$why: may not install; run: apt-get install $*"
}

# need_command COMMAND PACKAGE…: the command is there, from these packages.
need_command() {
    local command=$1
    shift
    command -v "$command" >/dev/null 2>&1 || install "$command is missing" "$@"
}

# The Rust toolchain is there and new enough, with a linker.
need_rust() {
    if ! command -v cargo >/dev/null 2>&1 && [ -f "${CARGO_HOME:-$HOME/.cargo}/env" ]; then
        . "${CARGO_HOME:-$HOME/.cargo}/env"
    fi
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    command -v cargo >/dev/null 2>&1 || fail "cargo is missing: install Rust $wanted or newer with rustup"
    found=$(rustc --version | cut -d ' ' -f 2 | cut -d - -f 1)
    printf '%s\n%s\n' "$wanted" "$found" | sort -V -C ||
        fail "rustc $found is too old: install Rust $wanted or newer (rustup update stable)"
    need_command cc gcc libc6-dev
}

# A component of the Rust toolchain is there.
need_component() {
    cargo "$1" --version >/dev/null 2>&1 && return
    command -v rustup >/dev/null 2>&1 || fail "cargo $1 is missing: install it with the Rust toolchain"
    say "installing the Rust component ${2:-$1}"
    rustup component add "${2:-$1}"
}

# A Vulkan driver is there, if only one that runs on the processor.
need_vulkan() {
    local folder
    # A loader without a driver finds no device, nor does a driver without one.
    for folder in "${XDG_CONFIG_HOME:-$HOME/.config}" /etc "${XDG_DATA_HOME:-$HOME/.local/share}" \
        /usr/local/share /usr/share; do
        compgen -G "$folder/vulkan/icd.d/*.json" >/dev/null && break
        folder=
    done
    [ -n "${VK_DRIVER_FILES:-$folder}" ] && ldconfig -p | grep -q libvulkan.so.1 && return
    install "no Vulkan driver is there" libvulkan1 mesa-vulkan-drivers
}

# Python 3.11 or newer is there, with the module that makes environments.
need_python() {
    need_command python3 python3 python3-venv
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$(python3 --version) is too old: install Python 3.11 or newer"
}

# need_venv FOLDER REQUIREMENTS [OPTION…]: an environment with exactly these
# packages; made anew only when the file or the Python changes. Options are pip's.
need_venv() {
    local folder=$1 requirements=$2 stamp
    shift 2
    need_python
    stamp=$(cat "$requirements" <(python3 --version) | cksum)
    [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$stamp" ] && return
    python3 -c 'import ensurepip, venv' 2>/dev/null || install "python3 cannot make environments" python3-venv
    say "making $folder from $requirements"
    python3 -m venv --clear "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$@" -r "$requirements"
    echo "$stamp" >"$folder/.stamp"
}
