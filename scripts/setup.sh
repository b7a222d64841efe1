#!/bin/sh
# Makes .venv from Python 3.11+ and installs the hash-pinned requirements files that are named, in their order.
# .venv/pins holds the checksums of what was installed whole. A first file that changed makes the whole .venv anew;
# a later one is installed on top. With nothing to do this ends within a few milliseconds.
set -eu

sum() { cat "$1" scripts/setup.sh | cksum; }
installed() { [ -f .venv/pins ] && grep -qxF "$(sum "$1") $1" .venv/pins; }
suits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
undo() { rm -rf .venv .venv.log; }

for file in "$@"; do
    if installed "$file"; then continue; fi
    if [ "$file" = "$1" ]; then
        found=
        for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 \
            "$HOME"/.pyenv/versions/3.1[1-4]*/bin/python; do
            if command -v "$python" >/dev/null && suits "$python"; then
                found=$python
                break
            fi
        done
        if [ -z "$found" ]; then
            echo "error: there is no Python 3.11 or later with venv. Install one, or name it: PYTHON=/path make …" >&2
            exit 2
        fi
        undo
        trap 'undo; exit 130' INT TERM
        echo "setting up .venv with $("$found" --version) (once, about 20 s)" >&2
        if ! "$found" -m venv .venv 2>.venv.log; then
            tail -n 1 .venv.log >&2
            undo
            echo "error: $found could not make .venv, see above" >&2
            exit 1
        fi
    else
        echo "adding $file to .venv (once, about 20 s)" >&2
    fi
    if ! .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r "$file" >.venv.log 2>&1; then
        grep -i 'error' .venv.log >&2 || tail -n 3 .venv.log >&2
        if [ "$file" = "$1" ]; then undo; fi
        echo "error: $file could not be installed, see above. Is the package index within reach?" >&2
        exit 1
    fi
    rm -f .venv.log
    echo "$(sum "$file") $file" >>.venv/pins
done
