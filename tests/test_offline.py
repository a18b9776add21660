"""A lesson needs no network: lesson 1, with real Atari games in it, runs where there is none."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LESSON = "01_score_scales"
# The whole machine, but in a network of its own. It holds nothing but a loopback, on which the kernel talks.
SEALED = ["bwrap", "--dev-bind", "/", "/", "--unshare-net", "--die-with-parent"]

# 192.0.2.1 and .invalid belong to nobody, by RFC 5737 and RFC 6761.
PROBE = """
import json, os, socket, sys, time

def attempt(*call):
    began = time.monotonic()
    try:
        call[0](*call[1:])
        said = "answered"
    except OSError as error:
        said = type(error).__name__ + ": " + str(error)
    return said, time.monotonic() - began

def connect(address):
    socket.create_connection((address, 443), timeout=20).close()

def talk_to_yourself():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()

json.dump({
    "address": attempt(connect, "192.0.2.1"),
    "name": attempt(socket.getaddrinfo, "example.com", 443),
    "loopback": attempt(talk_to_yourself),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "network": os.readlink("/proc/self/ns/net"),
}, sys.stdout)
"""

RUN = """
import sys, nbformat
from nbclient import NotebookClient

path, folder = sys.argv[1:]
notebook = nbformat.read(path, as_version=4)
NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}).execute()
code = [cell for cell in notebook.cells if cell.cell_type == "code"]
print(len(code), [cell.execution_count for cell in code][-1])
"""


def sealed(program, *arguments):
    return subprocess.run(
        [*SEALED, sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.fixture(scope="module")
def no_network():
    """What can be reached inside, and proof that the sandbox works on this machine."""
    problem = "no bubblewrap on the PATH" if shutil.which("bwrap") is None else ""
    if not problem:
        done = sealed(PROBE)
        problem = done.stderr.strip() if done.returncode else ""
    if not problem:
        return json.loads(done.stdout)
    if os.environ.get("CI"):
        pytest.fail(f"{problem}, and CI is set")
    pytest.skip(problem)


def test_inside_nothing_but_loopback_is_there_and_that_is_said_at_once(no_network):
    assert no_network["network"] != str(Path("/proc/self/ns/net").readlink())
    assert no_network["interfaces"] == ["lo"]
    assert no_network["loopback"][0] == "answered"
    address, name = no_network["address"], no_network["name"]
    assert "unreachable" in address[0], address
    assert address[1] < 2, address
    assert name[0].startswith("gaierror"), name
    assert name[1] < 5, name


def test_a_lesson_runs_untouched_to_its_end_without_a_network(no_network):
    done = sealed(RUN, ROOT / "notebooks" / f"{LESSON}.ipynb", ROOT / "notebooks")
    assert done.returncode == 0, done.stderr[-4_000:]
    cells, last = map(int, done.stdout.split())
    assert cells == last > 10
