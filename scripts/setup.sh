# Sourced by play and test: a virtual environment in .venv with what liveset needs, made once and again when it changed.
# Usage: liveset_setup [EXTRA]   (EXTRA: dev). LIVESET_EXTRA=stable-audio adds what that generator needs, and it stays added.
# System packages come from apt where there is apt; elsewhere wheels carry them.

liveset_say() { printf 'liveset: %s\n' "$*" >&2; }

liveset_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
        [ -n "$candidate" ] || continue
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            printf '%s' "$candidate"
            return 0
        fi
    done
    liveset_say "Python 3.11, 3.12 or 3.13 is needed and was not found; install it, or name it: PYTHON=/path/to/python3.11 $0"
    return 1
}

# Installs those of the given Debian packages that are missing; says so, and goes on, where that is not possible.
liveset_apt() {
    local missing=() package sudo=()
    command -v apt-get >/dev/null 2>&1 || return 0
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            liveset_say "please have an administrator run: apt-get install ${missing[*]}"
            return 0
        fi
        sudo=(sudo)
    fi
    liveset_say "installing ${missing[*]}"
    if ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null 2>&1; then
        "${sudo[@]}" apt-get update -q >/dev/null 2>&1
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null ||
            liveset_say "could not install ${missing[*]}; going on without"
    fi
}

liveset_pip() {
    # The extra index has PyTorch's builds for plain processors; where it cannot be reached, the usual index serves.
    local index=()
    [ "$(uname -s)" = Linux ] && [ -z "${LIVESET_CUDA:-}" ] &&
        index=(--extra-index-url "${LIVESET_TORCH_INDEX:-https://download.pytorch.org/whl/cpu}")
    .venv/bin/python -m pip --disable-pip-version-check install -q --retries 1 --timeout 15 "${index[@]}" "$@"
}

liveset_setup() {
    local extra=${1:-} python stamp wanted
    if [ "${LIVESET_EXTRA:-}" = stable-audio ] || [ -f .venv/.ready-stable-audio ]; then
        [ "$extra" = dev ] || extra=stable-audio # dev has it all
    elif [ -n "${LIVESET_EXTRA:-}" ]; then
        liveset_say "there is no extra $LIVESET_EXTRA; there is stable-audio"
        return 1
    fi
    wanted="$(cat pyproject.toml constraints.txt scripts/setup.sh | cksum) $PWD"
    stamp=".venv/.ready${extra:+-$extra}"
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return 0
    liveset_say "setting up (once; a few minutes, most of them for PyTorch)"
    if [ "$extra" = dev ]; then
        liveset_apt libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins jackd2
    else
        liveset_apt libportaudio2
    fi
    python=$(liveset_python) || return 1
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        rm -rf .venv
        if ! "$python" -m venv .venv >/dev/null 2>&1; then
            liveset_apt python3-venv
            rm -rf .venv
            "$python" -m venv .venv || return 1
        fi
    fi
    # First and alone: any other package that wants torch would take the newest build, with gigabytes of CUDA.
    liveset_pip -c constraints.txt torch &&
        liveset_pip -c constraints.txt -e ".${extra:+[$extra]}" || {
        liveset_say "the packages could not be installed; see the lines above, and try again"
        return 1
    }
    printf '%s' "$wanted" >"$stamp"
}
