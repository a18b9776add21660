"""How long a learner's untouched notebook makes a hall wait: every cell timed in a kernel, once.

python -m tests.teaching_runs          what is not in docs/teaching/run_all.csv, or has changed since
python -m tests.teaching_runs 06 12    these, if they are not in it

It takes about a quarter of an hour for all. A lesson is written when its last cell has run, so Ctrl-C loses
at most one; delete a lesson's rows to time it again. Programs that run beside it make its seconds longer: CPU
seconds are the steadier number.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from nbclient import NotebookClient
from nbformat import NotebookNode
from tqdm import tqdm

from course.authoring.notebooks import unsolved
from course.authoring.source import read
from course.authoring.stamps import ROOT, source_hash, sources
from course.tables import Table

RUNS = ROOT / "docs" / "teaching" / "run_all.csv"
COLUMNS = ("lesson", "source", "cell", "wall_s", "cpu_s", "peak_mb")
AS_A_LEARNER = {name: value for name, value in os.environ.items() if name != "COURSE_QUICK"}


def main(wanted: list[str]) -> None:
    """Time what is left to do."""
    table = Table(RUNS, COLUMNS, key=("lesson", "source"))
    for path in tqdm(sources(), disable=None):
        lesson = path.stem[:2]
        source = source_hash(path)
        if (lesson, source) in table.finished() or (wanted and lesson not in wanted):
            continue

        notebook = unsolved(read(path))  # what `course build` writes to notebooks/
        table.rows = [row for row in table.rows if row["lesson"] != lesson]  # of an older source
        timed = run(notebook, ROOT / "notebooks")
        table.append({"lesson": lesson, "source": source, **cell} for cell in timed)
        seconds = (sum(cell[name] for cell in timed) for name in ("wall_s", "cpu_s"))
        print(path.stem, *(f"{each:.1f}" for each in seconds), flush=True)


def run(notebook: NotebookNode, folder: Path) -> list[dict[str, object]]:
    """Run All: of each code cell its id, seconds, CPU seconds of the kernel, and the kernel's peak in MB.

    Linux only: it reads what the kernel's process has used from /proc.
    """
    timed = []
    began = {}
    client = NotebookClient(
        notebook,
        timeout=1_200,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )

    def begin(cell: NotebookNode, cell_index: int) -> None:
        began[cell.id] = time.monotonic(), _cpu_seconds(client.km.provisioner.pid)

    def end(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        wall, cpu = began[cell.id]
        pid = client.km.provisioner.pid
        timed.append(
            {
                "cell": cell.id,
                "wall_s": round(time.monotonic() - wall, 2),
                "cpu_s": round(_cpu_seconds(pid) - cpu, 2),
                "peak_mb": _peak_mb(pid),
            }
        )

    client.on_cell_execute = begin
    client.on_cell_executed = end
    client.execute(stderr=subprocess.DEVNULL, env=AS_A_LEARNER)
    return timed


def _cpu_seconds(pid: int) -> float:
    """Of a process and of its children that have ended."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (each for each in status.splitlines() if each.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024)


if __name__ == "__main__":
    main(sys.argv[1:])
