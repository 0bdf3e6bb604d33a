#!/bin/sh
# Makes .venv with the locked dependencies and MineScope itself, editable. Quick when nothing changed.
# usage: deploy/setup.sh runtime|dev
set -eu
cd "$(dirname "$0")/.."
kind=${1:-runtime}
lock=requirements/$kind.txt
[ -f "$lock" ] || { echo "setup: no such lock: $lock (runtime or dev)" >&2; exit 3; }
say() { printf 'setup: %s\n' "$1" >&2; }

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11, 3.12 or 3.13 is needed and none was found; install one, or name it: make PYTHON=/path/to/python3"
    exit 3
}

stamp_of() { { cat "requirements/$1.txt" pyproject.toml; pwd; } | sha256sum | cut -d' ' -f1; }

# A dev environment holds everything that a runtime one does.
for done in "$kind" dev; do
    if [ -x .venv/bin/minescope ] && [ "$(cat ".venv/.minescope-$done" 2>/dev/null)" = "$(stamp_of "$done")" ]; then
        exit 0
    fi
done

if ! .venv/bin/python -c "import sys; sys.exit(sys.prefix != '$PWD/.venv')" 2>/dev/null; then
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        sh deploy/packages.sh install "$version-venv"
    fi
    say "creating .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi
say "installing the locked dependencies ($(grep -c '==' "$lock") packages; the first time takes a minute or two)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
stamp_of "$kind" > ".venv/.minescope-$kind"
