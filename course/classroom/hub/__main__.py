"""The command line: `python -m course.classroom.hub --out DIR`. Exit status as of `python -m course`."""

import argparse
import sys
from pathlib import Path

from course.arrays import Refusal


def main(arguments: list[str] | None = None) -> int:
    """Carry out a trial and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m course.classroom.hub", description="Try a JupyterHub for one class, from nothing."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="an empty folder, or none yet")
    parser.add_argument("--port", type=int, help="of loopback, for browsers; a free one if none is named")
    options = parser.parse_args(arguments)
    try:
        from course.classroom.hub.place import place

        place(options.out, port=options.port)  # before Playwright is asked for
        from course.classroom.hub.trial import summary, trial

        report = trial(options.out, port=options.port)
    except KeyboardInterrupt:
        print("\nStopped; every process of the hub was ended.", file=sys.stderr)
        return 1
    except (Refusal, OSError) as error:
        print(f"hub: {error}", file=sys.stderr)
        return 2
    print(summary(report, options.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
