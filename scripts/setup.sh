#!/bin/sh
# Sees to it that .venv holds the hash-pinned requirements files that are named, in their order.
# .venv/pins has what cksum said of what was installed. With nothing to do this runs cksum once, and nothing else;
# otherwise it finds a Python 3.11 or later, and scripts/pins/own_environment.py does the rest.
set -eu

sums=$(cksum scripts/setup.sh scripts/pins/own_environment.py "$@")
known='|'
if [ -x .venv/bin/python ] && [ -f .venv/pins ]; then
    while IFS= read -r line; do known="$known$line|"; done <.venv/pins
fi
while IFS= read -r line; do
    case $known in *"|$line|"*) continue ;; esac
    missing=1
done <<END
$sums
END
[ -n "${missing:-}" ] || exit 0

suits() {
    "$1" -I -c 'import sys; from importlib.util import find_spec as has
sys.exit(sys.version_info < (3, 11) or not (has("pip") or has("venv") and has("ensurepip")))' 2>/dev/null
}
for python in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 "${HOME:-}"/.pyenv/versions/3.1[1-4]*/bin/python; do
    if command -v "$python" >/dev/null && suits "$python"; then
        exec "$python" -E -s -m scripts.pins.own_environment "$sums" "$@"
    fi
done
echo "error: there is no Python 3.11 or later with pip or venv. Install one, or name it: PYTHON=/path make …" >&2
exit 2
