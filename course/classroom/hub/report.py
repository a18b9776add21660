"""What a trial found, as a file and as a table."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course.tables import replace_file

GIGABYTE = 1000.0  # megabytes


@dataclass(kw_only=True)
class Report:
    """Memory in megabytes, times in seconds; filled step by step, so that a failure keeps the first ones."""

    memory: dict[str, dict[str, float]] = field(default_factory=dict)  # of what -> rss, pss and cpu
    seconds: dict[str, float] = field(default_factory=dict)  # from a key press to what one waits for
    found: dict[str, str] = field(default_factory=dict)  # what came out, step by step
    machine: dict[str, float] = field(default_factory=dict)

    def look_at_the_machine(self) -> None:
        """Number of cores, and how busy they are."""
        self.machine = {"cores": os.cpu_count() or 1, "load": round(os.getloadavg()[0], 1)}

    def seats(self, lesson: str) -> float:
        """How many learners with this lesson open fit into a gigabyte."""
        seat = self.memory["server, idle"]["pss"] + self.memory[f"kernel, {lesson} run"]["pss"]
        return GIGABYTE / seat

    def table(self) -> str:
        """All of it for a terminal, a line each."""
        lines = [f"{'process':<44}{'PSS, MB':>10}{'RSS, MB':>10}{'CPU, s':>10}"]
        for what, held in self.memory.items():
            lines.append(f"{what:<44}{held['pss']:>10.0f}{held['rss']:>10.0f}{held['cpu']:>10.1f}")
        lines += ["", f"{'time':<44}{'seconds':>10}"]
        lines += [f"{what:<44}{seconds:>10.1f}" for what, seconds in self.seconds.items()]
        lines += ["", *(f"{what}: {outcome}" for what, outcome in self.found.items())]
        lines += [f"{what}: {value:g}" for what, value in self.machine.items()]
        return "\n".join(lines)

    def markdown(self) -> str:
        """What a seat costs, as the table of `docs/hub.md`."""
        lines = ["| process | MB | seconds of a core |", "| --- | --- | --- |"]
        for what, held in self.memory.items():
            whose = "one for all" if what in ("hub", "proxy") else "each seat"
            lines.append(f"| {what} ({whose}) | {held['pss']:.0f} | {held['cpu']:.0f} |")
        return "\n".join(lines)

    @classmethod
    def read(cls, path: Path) -> "Report":
        """The report of an earlier trial."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        replace_file(path, (json.dumps(asdict(self), indent=1) + "\n").encode())
