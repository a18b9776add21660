#!/bin/sh
# Makes .venv and installs the course into it: `./setup.sh lab` for learners, `./setup.sh test` for everything.
# Called by make; run twice it does nothing. PYTHON=... chooses the interpreter.
set -eu
cd "$(dirname "$0")"
extras=${1:-lab}
here=$(pwd -P)
fail() { echo "setup: $*" >&2; exit 2; }

# What is there for the tests is enough for the lessons too.
for stamp in ".venv/.ready-$extras" .venv/.ready-test; do
    [ -f "$stamp" ] || continue
    # A folder that was moved or copied keeps pointing to where it was made.
    [ "$(cat "$stamp")" = "$here" ] || { rm -rf .venv; break; }
    [ -x .venv/bin/python ] && [ -z "$(find pyproject.toml constraints.txt setup.sh -newer "$stamp")" ] && exit 0
done
# Interrupted half-way, or its Python was upgraded under it.
[ ! -d .venv ] || .venv/bin/python -m pip --version >/dev/null 2>&1 || rm -rf .venv

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
if [ ! -x .venv/bin/python ]; then
    found=
    for python in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        command -v "$python" >/dev/null 2>&1 && "$python" -c "$supported" 2>/dev/null && found=$python && break
    done
    [ -n "$found" ] || fail "no Python 3.11, 3.12 or 3.13 found (tried: ${PYTHON:-python3.13 python3.12 python3.11 python3 python}). Install one, or name it: make lab PYTHON=/path/to/python3.12"
    "$found" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$found has no venv module. On Debian or Ubuntu: sudo apt install python3-venv. Then run make again."
    echo "setup: making .venv with $("$found" --version)"
    "$found" -m venv .venv || { rm -rf .venv; fail "python -m venv failed; see the lines above"; }
fi
.venv/bin/python -c "$supported" || fail ".venv holds $(.venv/bin/python --version), which is not supported. Delete .venv and run make again."

pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
torch=$(grep '^torch==' constraints.txt)
if ! .venv/bin/python -c 'import importlib.metadata as m, sys; sys.exit(m.version("torch").split("+")[0] != sys.argv[1])' "${torch#torch==}" 2>/dev/null; then
    # The CPU build is ten times smaller than what PyPI has for Linux. Where its index cannot be reached, or
    # has nothing for this machine (a Mac needs no special build), pip below takes what it finds.
    echo "setup: installing $torch, the CPU build (about 200 MB)"
    pip install --quiet --no-deps --retries 0 --timeout 8 --index-url https://download.pytorch.org/whl/cpu "$torch" 2>/dev/null ||
        echo "setup: the index of CPU builds did not answer; taking torch from the usual place"
fi
case $extras in lab) what=. ;; *) what=".[$extras]" ;; esac
echo "setup: installing the course and what it needs (one to five minutes the first time)"
pip install --quiet --no-warn-script-location -c constraints.txt -e "$what" ||
    fail "pip could not install everything; the reason is in the lines above. With the network back, run make again: what is there is kept."
echo "$here" > ".venv/.ready-$extras"
