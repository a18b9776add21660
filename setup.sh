#!/bin/sh
# Makes .venv and installs the course into it: `sh setup.sh lab` for learners, `test` for everything CI runs,
# `bench` for the peers of the comparison. Called by make; run twice it does nothing. PYTHON=... chooses the interpreter.
set -eu
cd "$(dirname "$0")"
extras=${1:-lab}
here=$(pwd -P)
fail() { echo "setup: $*" >&2; exit 2; }
# They make one Python look for its packages in another.
unset PYTHONPATH PYTHONHOME

# What is there for the tests, or for the comparison, is enough for the lessons too; neither is enough for the other.
case $extras in lab) enough="lab test bench" ;; *) enough=$extras ;; esac
for stamp in .venv/.ready-*; do
    [ -f "$stamp" ] || continue
    # A folder that was moved or copied keeps pointing to where it was made.
    [ "$(cat "$stamp")" = "$here" ] || { rm -rf .venv; break; }
done
for each in $enough; do
    stamp=.venv/.ready-$each
    [ -f "$stamp" ] && [ -x .venv/bin/python ] || continue
    [ -n "$(find pyproject.toml constraints.txt setup.sh -newer "$stamp")" ] || exit 0
done
# Interrupted half-way, or its Python was upgraded under it.
[ ! -d .venv ] || .venv/bin/python -m pip --version >/dev/null 2>&1 || rm -rf .venv

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
if [ ! -x .venv/bin/python ]; then
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.13 python3.12 python3.11 python3 python; fi
    found=
    for python; do
        command -v "$python" >/dev/null 2>&1 && "$python" -c "$supported" 2>/dev/null && found=$python && break
    done
    [ -n "$found" ] || fail "no Python 3.11, 3.12 or 3.13 found (tried: $*). Install one, or name it: make lab PYTHON=/path/to/python3.12"
    "$found" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$found has no venv module. On Debian or Ubuntu: sudo apt install python3-venv. Then run make again."
    echo "setup: making .venv with $("$found" --version)"
    "$found" -m venv .venv || { rm -rf .venv; fail "python -m venv failed; see the lines above"; }
fi
.venv/bin/python -c "$supported" || fail ".venv holds $(.venv/bin/python --version), which is not supported. Delete .venv and run make again."

# Of the reader's settings of pip, those that say where packages come from hold here too. The others stay outside:
# `user`, `target`, `no-deps` and their like would put the course elsewhere, or half of it.
settings='
import ast, os, shlex, subprocess, sys
clear = {name: value for name, value in os.environ.items() if name != "PIP_PYTHON"}
clear |= dict.fromkeys(("PIP_USER", "PIP_GLOBAL", "PIP_SITE", "PIP_QUIET", "PIP_VERBOSE"), "0")
said = subprocess.run([sys.executable, "-m", "pip", "config", "list"], env=clear, capture_output=True, text=True)
lines = [line.partition("=") for line in said.stdout.splitlines()]
for section in ("global", "install", ":env:"):
    for key, _, value in lines:
        name = key.removeprefix(section + ".")
        if name in sys.argv[1:]:
            variable = "PIP_" + name.upper().replace("-", "_")
            print("export", shlex.quote(variable + "=" + " ".join(ast.literal_eval(value).splitlines()).strip()))
'
where=$(.venv/bin/python -c "$settings" index-url extra-index-url find-links no-index trusted-host keyring-provider \
    proxy cert client-cert use-feature timeout default-timeout retries cache-dir no-cache-dir)
for name in $(env | sed -n 's/^\(PIP_[A-Za-z_]*\)=.*/\1/p'); do unset "$name"; done
eval "$where"
export PIP_CONFIG_FILE=/dev/null
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }

torch=$(grep '^torch==' constraints.txt)
if ! .venv/bin/python -c 'import importlib.metadata as m, sys; sys.exit(m.version("torch").split("+")[0] != sys.argv[1])' "${torch#torch==}" 2>/dev/null; then
    # The CPU build is ten times smaller than what the usual index has for Linux. Where its own index cannot be
    # reached, or has nothing for this machine (a Mac needs no special build), pip below takes what it finds.
    echo "setup: installing $torch, the CPU build (about 200 MB)"
    if ! pip install --quiet --no-deps --retries 0 --timeout 8 --index-url https://download.pytorch.org/whl/cpu "$torch" 2>/dev/null; then
        echo "setup: the index of CPU builds did not answer; taking torch from the usual place"
        [ "$(uname -s)" != Linux ] ||
            echo "setup: for Linux that is the build for graphics cards, about 2 GB to fetch and 5 GB on the disk"
    fi
fi
case $extras in lab) what=. ;; *) what=".[$extras]" ;; esac
echo "setup: installing the course and what it needs (one to five minutes the first time)"
pip install --quiet --no-warn-script-location -c constraints.txt -e "$what" ||
    fail "pip could not install everything; the reason is in the lines above. With the network back, run make again: what is there is kept."
# Without this setting of JupyterLab a double click on a hint turns the text into its source, all hints open.
overrides=.venv/share/jupyter/lab/settings/overrides.d
mkdir -p "$overrides"
echo '{"@jupyterlab/notebook-extension:tracker": {"showEditorForReadOnlyMarkdown": false}}' > "$overrides/advantage.json"
echo "$here" > ".venv/.ready-$extras"
