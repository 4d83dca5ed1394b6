# Sourced by play and test: a virtual environment in .venv with what liveset needs, made once and again when it changed.
# Usage: liveset_setup [EXTRA]   (EXTRA: dev). What may be set in the environment:
#   PYTHON               which Python to use
#   LIVESET_EXTRA        serve, link, remote or stable-audio adds what that needs, and it stays added
#   LIVESET_CUDA         1: on Linux take PyTorch with CUDA, from the usual index
#   LIVESET_TORCH_INDEX  another index than PyTorch's own for its build without CUDA
# System packages come from apt where there is apt; elsewhere wheels carry them. uv installs the packages where it is there, else pip.

LIVESET_OLDEST=11 # Python 3.11 to 3.14
LIVESET_NEWEST=14
LIVESET_TORCH=${LIVESET_TORCH_INDEX:-https://download.pytorch.org/whl/cpu}
LIVESET_PROBE_S=8 # seconds that PyTorch's own index has to answer
LIVESET_STEPS='^ *(Collecting|Downloading|Building|Preparing|Installing|Resolved|Prepared|Get:|Unpacking|Setting up)' # lines worth showing
LIVESET_QUIET_S=8 # seconds without a word, at most, where there is no terminal

liveset_say() { printf 'liveset: %s\n' "$*" >&2; }

# The version of a Python ("3.12.1"); empty if it does not run.
liveset_version() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; }

liveset_suits() { # VERSION
    local minor=${1#3.}
    [ "$minor" != "$1" ] || return 1
    minor=${minor%%.*}
    [ "$minor" -ge $LIVESET_OLDEST ] 2>/dev/null && [ "$minor" -le $LIVESET_NEWEST ]
}

# Prints the Python to use. One that PYTHON names is taken or refused; otherwise the first that suits.
liveset_python() {
    local candidate version found='' needs="liveset needs Python 3.$LIVESET_OLDEST to 3.$LIVESET_NEWEST"
    if [ -n "${PYTHON:-}" ]; then
        version=$(liveset_version "$PYTHON" || true)
        if [ -z "$version" ]; then
            liveset_say "PYTHON=$PYTHON does not run; $needs: name one that is installed"
            return 1
        elif ! liveset_suits "$version"; then
            liveset_say "$PYTHON is Python $version; $needs: name another with PYTHON=/path/to/python3.12"
            return 1
        fi
        printf '%s' "$PYTHON"
        return 0
    fi
    for candidate in python3.13 python3.12 python3.11 python3.14 python3 python; do
        version=$(liveset_version "$candidate") || continue
        if liveset_suits "$version"; then
            printf '%s' "$candidate"
            return 0
        fi
        found="${found:+$found, }$version"
    done
    if command -v uv >/dev/null 2>&1; then
        printf '3.13' # uv fetches it
        return 0
    fi
    liveset_say "$needs (found: ${found:-none}); install one, or name it: PYTHON=/path/to/python3.12 $0"
    return 1
}

# The extras to install: dev has everything; the others are asked for by LIVESET_EXTRA, and stay.
liveset_extra() { # [dev]
    local each found=
    case "${LIVESET_EXTRA:-serve}" in
    serve | link | remote | stable-audio) ;;
    *)
        liveset_say "LIVESET_EXTRA is $LIVESET_EXTRA, but the extras are serve, link, remote and stable-audio"
        return 1
        ;;
    esac
    if [ "${1:-}" = dev ]; then
        printf 'dev'
        return 0
    fi
    for each in serve link remote stable-audio; do
        if [ "${LIVESET_EXTRA:-}" = "$each" ] || compgen -G ".venv/.ready-*$each*" >/dev/null; then
            found="${found:+$found,}$each"
        fi
    done
    printf '%s' "$found"
}

# The folder of the environment's commands.
liveset_bin() { if [ -d .venv/Scripts ]; then printf '%s' "$PWD/.venv/Scripts"; else printf '%s' "$PWD/.venv/bin"; fi; }

# Runs a command that says much, and shows where it is: one changing line on a terminal, elsewhere a line every few seconds.
# What it said is shown if it fails, unless LIVESET_HUSH is set.
liveset_run() { # TITLE COMMAND...
    local title=$1 log pid at='' line width begun=$SECONDS told=$SECONDS status=0
    shift
    log=$(mktemp) || return 1
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    trap 'kill $pid 2>/dev/null; rm -f "$log"; exit 130' INT TERM
    while kill -0 $pid 2>/dev/null; do
        sleep 0.5
        at=$(LC_ALL=C tr '\r' '\n' <"$log" | LC_ALL=C grep -E "$LIVESET_STEPS" | tail -n 1 | cut -c 1-70) || at=''
        if [ -t 2 ]; then
            line="liveset: $title ($((SECONDS - begun)) s) $at"
            width=$(stty size <&2 2>/dev/null | cut -d ' ' -f 2) || width=''
            [ "${width:-0}" -gt 1 ] || width=80
            printf '\r\033[K%s' "${line:0:width-1}" >&2  # a line that wraps could not be taken back
        elif [ $((SECONDS - told)) -ge $LIVESET_QUIET_S ]; then
            told=$SECONDS
            liveset_say "$title ($((SECONDS - begun)) s) $at"
        fi
    done
    wait $pid || status=$?
    trap - INT TERM
    [ -t 2 ] && printf '\r\033[K' >&2
    [ $status -eq 0 ] || [ -n "${LIVESET_HUSH:-}" ] || tail -n 12 "$log" >&2
    rm -f "$log"
    return $status
}

# Installs those of the given Debian packages that are missing; says so, and goes on, where that is not possible.
# Nobody is asked for a password.
liveset_apt() {
    local missing=() package as_root=(env DEBIAN_FRONTEND=noninteractive)
    command -v apt-get >/dev/null 2>&1 || return 0
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true >/dev/null 2>&1; then
            liveset_say "going on without ${missing[*]}; they come with: sudo apt-get install ${missing[*]}"
            return 0
        fi
        as_root=(sudo -n "${as_root[@]}")
    fi
    if ! LIVESET_HUSH=1 liveset_run "installing ${missing[*]}" "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"; then
        liveset_run "reading apt's lists" "${as_root[@]}" apt-get update -q || true
        liveset_run "installing ${missing[*]}" "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" ||
            liveset_say "could not install ${missing[*]}; going on without"
    fi
}

# Makes .venv, unless it is there and was made with a Python that serves.
liveset_venv() { # PYTHON
    local python=$1 here
    here=$(liveset_version "$(liveset_bin)/python" || true)
    if liveset_suits "$here" && { [ -z "${PYTHON:-}" ] || [ "$here" = "$(liveset_version "$python")" ]; }; then
        command -v uv >/dev/null 2>&1 && return 0
        "$(liveset_bin)/python" -m pip --version >/dev/null 2>&1 && return 0
    fi
    rm -rf .venv
    if command -v uv >/dev/null 2>&1; then
        liveset_run "making .venv" uv venv --python "$python" .venv
        return
    fi
    LIVESET_HUSH=1 liveset_run "making .venv" "$python" -m venv .venv && return 0
    liveset_apt python3-venv
    rm -rf .venv
    liveset_run "making .venv" "$python" -m venv .venv && return 0
    liveset_say "$python cannot make a virtual environment; on Debian: sudo apt-get install python3-venv"
    return 1
}

# Installs into .venv, by uv where it is there, without questions.
liveset_install() { # ARGUMENTS...
    if command -v uv >/dev/null 2>&1; then
        uv pip install --python "$(liveset_bin)/python" "$@"
    else
        "$(liveset_bin)/python" -m pip --disable-pip-version-check --no-input install --retries 1 --timeout 15 "$@"
    fi
}

# Whether an index has PyTorch's page, within a few seconds, however long a name or a connection would take.
liveset_answers() { # ADDRESS
    "$(liveset_bin)/python" - "$1/torch/" $LIVESET_PROBE_S <<'PROBE' 2>/dev/null
import os, sys, threading, urllib.request

answered = threading.Event()


def ask() -> None:
    with urllib.request.urlopen(sys.argv[1], timeout=float(sys.argv[2])):
        answered.set()


asking = threading.Thread(target=ask, daemon=True)
asking.start()
asking.join(float(sys.argv[2]))
os._exit(0 if answered.is_set() else 1)
PROBE
}

# PyTorch by itself, before anything that wants it: its own index has builds without CUDA, and is asked for nothing else.
liveset_torch() {
    local show=(liveset_run "installing PyTorch") index=()
    "$(liveset_bin)/python" - constraints.txt <<'HERE' 2>/dev/null && return 0
import sys
from importlib.metadata import version

pins = dict(line.split(";")[0].split("==") for line in open(sys.argv[1]) if "==" in line)
sys.exit(version("torch").split("+")[0] != pins["torch"].strip())
HERE
    [ -t 2 ] && show=() # pip and uv draw their own progress
    if [ "$(uname -s)" = Linux ] && [ -z "${LIVESET_CUDA:-}" ]; then
        liveset_say "looking for PyTorch without CUDA at $LIVESET_TORCH"
        if liveset_answers "$LIVESET_TORCH"; then
            index=(--index-url "$LIVESET_TORCH")
            ${show[@]+"${show[@]}"} liveset_install --no-deps -c constraints.txt "${index[@]}" torch >&2 && return 0
        fi
        liveset_say "it does not answer; taking PyTorch from the usual index"
    fi
    ${show[@]+"${show[@]}"} liveset_install --no-deps -c constraints.txt torch >&2
}

# Says so before the build of PyTorch that was installed brings CUDA's libraries along.
liveset_tell_cuda() {
    "$(liveset_bin)/python" - <<'CUDA' 2>/dev/null || return 0
import platform, sys
from importlib.metadata import distributions, requires

here = {each.metadata["Name"].lower() for each in distributions()}
wanted = [line for line in requires("torch") or [] if line.startswith(("nvidia", "cuda"))]
machine = platform.machine()
coming = [
    line for line in wanted
    if "extra ==" not in line
    and ("platform_machine" not in line or machine in line)
    and line.split("==")[0].split(";")[0].split("[")[0].strip().lower() not in here
]
sys.exit(not (sys.platform == "linux" and coming))
CUDA
    liveset_say "this PyTorch brings gigabytes of CUDA along (LIVESET_TORCH_INDEX names another index)"
}

liveset_setup() { # [dev]
    local extra python stamp wanted
    extra=$(liveset_extra "${1:-}") || return 1
    wanted="$(cat pyproject.toml constraints.txt scripts/setup.sh | cksum) $PWD"
    stamp=".venv/.ready${extra:+-$extra}"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
        # Only a Python that is named and differs is a reason to begin again.
        [ -n "${PYTHON:-}" ] && [ "$(liveset_version "$PYTHON")" != "$(liveset_version "$(liveset_bin)/python")" ] || return 0
    fi
    python=$(liveset_python) || return 1
    liveset_say "setting up (once; a few minutes, most of them for PyTorch)"
    if [ "$extra" = dev ]; then
        liveset_apt libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins jackd2
    else
        liveset_apt libportaudio2
    fi
    if ! liveset_venv "$python" || ! liveset_torch || ! liveset_tell_cuda ||
        ! liveset_run "installing the packages" liveset_install -c constraints.txt -e ".${extra:+[$extra]}"; then
        liveset_say "the packages could not be installed; see the lines above, and try again"
        return 1
    fi
    printf '%s' "$wanted" >"$stamp"
}
