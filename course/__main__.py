"""The command line: `python -m course COMMAND`.

Exit status: 0 done; 1 done, but something failed (a stale notebook, a FAIL);
2 the call cannot be carried out.
"""

from __future__ import annotations  # so that an old Python gets as far as the sentence that refuses it

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        have = sys.version.split()[0]
        print(
            f"course: Python {have} is not supported; use Python 3.11, 3.12 or 3.13.",
            file=sys.stderr,
        )
        return 2
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept.", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        if not _is_said_to_the_caller(error):
            raise
        print(f"course {options.command}: {error}", file=sys.stderr)
        return 2


def _is_said_to_the_caller(error: Exception) -> bool:
    """A file that cannot be opened, or one of our refusals; a slip in the code keeps its traceback."""
    from course.arrays import Refusal

    return isinstance(error, OSError | Refusal)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m course", description="The command line: `python -m course COMMAND`."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser("doctor", help="is this machine ready for the course?")
    command.set_defaults(run=_doctor)

    command = commands.add_parser("build", help="build the notebooks from solutions/*.py")
    command.add_argument("lessons", nargs="*", metavar="LESSON", help="02 or 02_min_max_scaling; all if none")
    command.add_argument("--check", action="store_true", help="build nothing, only say what is stale")
    command.set_defaults(run=_build)

    command = commands.add_parser(
        "slides", help="write a deck of slides for each lesson; no network is needed"
    )
    command.add_argument("lessons", nargs="*", metavar="LESSON", help="02 or 02_min_max_scaling; all if none")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="open index.html in it")
    command.set_defaults(run=_slides)

    _add_measurements(commands)
    _add_grading(commands)
    _add_frames(commands)
    _add_quiz(commands)
    _add_site(commands)
    _add_learning(commands)
    return parser


def _add_measurements(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("random-scores", help="measure random play on the Atari games")
    command.add_argument("--episodes", type=int, default=30, help="per game (default 30)")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--games", nargs="*", metavar="GAME", help="all that can be played if none")
    command.add_argument("--out", type=Path, required=True, help="CSV; a second call resumes it")
    command.set_defaults(run=_random_scores)

    command = commands.add_parser("runs", help="train over many seeds and write the learning curves")
    command.add_argument(
        "study", metavar="STUDY", help="cartpole or pong; tokens, critics, judges, signal, values or chances"
    )
    command.add_argument("--seeds", type=int, default=10)
    command.add_argument("--variants", nargs="*", metavar="VARIANT", help="all of the study's if none")
    command.add_argument("--out", type=Path, required=True, help="CSV; a second call resumes it")
    command.add_argument("--agents", type=Path, metavar="DIR", help="keep the agents of finished runs here")
    command.set_defaults(run=_runs)

    command = commands.add_parser("examine", help="let saved agents play new episodes")
    command.add_argument("agents", type=Path, nargs="+", metavar="AGENT", help="files that `runs` kept")
    command.add_argument("--out", type=Path, required=True, help="CSV; a second call resumes it")
    command.set_defaults(run=_examine)

    command = commands.add_parser("bench", help="measure speed and sample use, ours and the peers'")
    command.add_argument(
        "--only", metavar="TASK", help="cartpole, pong, tokens, gae or import; all but pong if none"
    )
    command.add_argument("--seeds", type=int, default=5)
    command.add_argument(
        "--json", type=Path, metavar="FILE", help="each finished seed; a second call resumes"
    )
    command.set_defaults(run=_bench)


def _add_grading(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("grade", help="grade a folder of submissions, in a sandbox")
    command.add_argument("submissions", type=Path, metavar="SUBMISSIONS", help="folder or zip file")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="a second call resumes it")
    command.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default 1)")
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster, for instance tcp://host:8786"
    )
    command.add_argument("--cases", type=Path, metavar="FILE", help="a private seed and private cases")
    command.add_argument(
        "--gradebook", type=Path, metavar="FILE", help="write the points into nbgrader's too"
    )
    command.add_argument(
        "--export",
        nargs=2,
        action="append",
        default=[],
        metavar=("LMS", "FILE"),
        help="fill a column of the CSV file of canvas or moodle",
    )
    command.add_argument("--column", metavar="NAME", help="the column that --export fills")
    command.add_argument("--trusted", action="store_true", help="no sandbox: answers may do what you may do")
    command.set_defaults(run=_grade)

    command = commands.add_parser("judge", help="the judge of an exercise for a function of anybody's")
    command.add_argument("where", metavar="FILE:FUNCTION", help="for instance my_gae.py:gae")
    command.add_argument("exercise", metavar="EXERCISE", help="its name, for instance gae")
    command.add_argument("--seeds", type=int, default=5, help="sets of random cases (default 5)")
    command.add_argument("--seconds", type=float, default=10.0, help="for one set (default 10)")
    command.set_defaults(run=_judge)


def _add_frames(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("frames", help="record the widgets for pages where no kernel runs")
    command.add_argument("lessons", nargs="*", metavar="LESSON", help="02 or 02_min_max_scaling; all if none")
    command.add_argument("--out", type=Path, default=Path("build/frames"), metavar="DIR")
    command.add_argument("--workers", type=int, metavar="N", help="processes (2 where there are two cores)")
    command.set_defaults(run=_frames)


def _add_quiz(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("quiz", help="polls whose wrong answers known mistakes gave")
    command.add_argument("lessons", nargs="*", metavar="LESSON", help="08 or 08_gae; all if none")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="pages, keys, GIFT, QTI 2.1")
    command.add_argument("--seed", type=int, default=0, help="of the numbers (default 0)")
    command.add_argument(
        "--inventory", action="store_true", help="instead: the twelve questions before and after the course"
    )
    command.set_defaults(run=_quiz)

    command = commands.add_parser("exam", help="an exam with a worked key, in variants")
    command.add_argument("--seed", type=int, required=True, help="the same seed, the same paper")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="papers and keys")
    command.add_argument("--lessons", nargs="*", default=[], metavar="LESSON", help="all if none")
    command.add_argument("--questions", type=int, default=12, metavar="K", help="in a paper (default 12)")
    command.add_argument("--variants", type=int, default=1, metavar="M", help="papers, with other numbers")
    command.add_argument("--minutes", type=int, help="on the papers (default: by the number of questions)")
    command.add_argument("--no-calculator", action="store_true", help="papers do not allow one")
    command.set_defaults(run=_exam)


def _add_site(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("site", help="build the website from the built notebooks")
    command.add_argument("--out", type=Path, default=Path("build/site"), metavar="DIR")
    command.add_argument("--without-frames", action="store_true", help="widgets stand still; much quicker")
    command.set_defaults(run=_site)


def _add_learning(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "progress", help="which exercises pass in your notebooks, as they are saved"
    )
    command.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help="with your notebooks, which are run; notebooks/ if none",
    )
    command.add_argument(
        "--picture", type=Path, metavar="FILE", help="PNG: your predictions and what came out"
    )
    command.set_defaults(run=_progress)

    command = commands.add_parser("restart", help="put an exercise or a lesson back to how it was handed out")
    command.add_argument(
        "what", metavar="EXERCISE_OR_LESSON", help="for instance gae, or 08; yours is kept in mine/"
    )
    command.add_argument(
        "--notebooks", type=Path, metavar="DIR", help="with your notebooks; notebooks/ if none"
    )
    command.set_defaults(run=_restart)


def _doctor(options: argparse.Namespace) -> int:
    from course.doctor import healthy

    return 0 if healthy() else 1


def _build(options: argparse.Namespace) -> int:
    from course.arrays import Refusal
    from course.authoring.stamps import orphans, stale

    chosen = _sources(options.lessons)
    if options.check:
        complaints = [complaint for source in chosen for complaint in stale(source)]
        if not options.lessons:
            complaints += orphans()
        for complaint in complaints:
            print(f"stale: {complaint}")
        print("Run `python -m course build`." if complaints else f"{len(chosen)} lessons are up to date.")
        return 1 if complaints else 0
    try:
        from course.authoring.build import build
        from course.authoring.notebooks import unsolved
        from course.authoring.source import BuildError, read
    except ImportError as error:
        raise Refusal(f"{error}; install the author's tools: pip install -e '.[author]'") from None
    from tqdm import tqdm

    try:
        for source in chosen:  # before anything is written
            unsolved(read(source))
        for source in tqdm(chosen, unit="lesson", disable=None):
            tqdm.write(build(source))
    except BuildError as error:
        print(f"course build: {error}", file=sys.stderr)
        return 2
    return 0


def _site(options: argparse.Namespace) -> int:
    from course.arrays import Refusal

    try:
        from course.classroom.site import build
    except ImportError as error:
        raise Refusal(f"{error}; install what the website needs: pip install -e '.[site]'") from None

    complaints = build.build(options.out, build.everything(moving=not options.without_frames))
    for complaint in complaints:
        print(f"site: {complaint}", file=sys.stderr)
    print(f"{options.out / 'index.html'}: open it in a browser; it needs no network and no server.")
    return 1 if complaints else 0


def _sources(lessons: list[str]) -> list[Path]:
    from course.arrays import Refusal
    from course.authoring.stamps import sources

    if not lessons:
        return sources()
    by_name = {source.stem: source for source in sources()}
    chosen = []
    for lesson in lessons:
        stem = Path(lesson).stem
        found = [source for name, source in by_name.items() if stem in (name, name[:2])]
        if not found:
            raise Refusal(f"lesson {lesson!r} is not known; there are: {', '.join(by_name)}")
        chosen += found
    return chosen


def _slides(options: argparse.Namespace) -> int:
    from course.classroom import slides

    complaints = slides.write(_sources(options.lessons), options.out)
    for complaint in complaints:
        print(f"course slides: {complaint}", file=sys.stderr)
    print(f"Open {options.out / 'index.html'}.")
    return 1 if complaints else 0


def _random_scores(options: argparse.Namespace) -> int:
    from course.atari import roms
    from course.studies.random_scores import measure_random

    measure_random(options.games or roms(), episodes=options.episodes, seed=options.seed, path=options.out)
    return 0


def _runs(options: argparse.Namespace) -> int:
    from course.studies import measure_language, measure_runs
    from course.studies.tokens import COLUMNS

    if options.study in COLUMNS and options.agents is None:
        measure_language(options.study, seeds=options.seeds, variants=options.variants, path=options.out)
        return 0
    measure_runs(
        options.study,
        seeds=options.seeds,
        variants=options.variants,
        path=options.out,
        agents=options.agents,
    )
    return 0


def _examine(options: argparse.Namespace) -> int:
    from course.studies import examine_agents

    examine_agents(options.agents, path=options.out)
    return 0


def _bench(options: argparse.Namespace) -> int:
    from course.studies.bench import bench

    _, missing = bench(options.only, options.seeds, options.json)
    return 1 if missing else 0


def _grade(options: argparse.Namespace) -> int:
    from course.grading import Options, grade, summary

    rows = grade(
        options.submissions,
        out=options.out,
        options=Options(
            workers=options.workers,
            scheduler=options.scheduler,
            cases=options.cases,
            gradebook=options.gradebook,
            exports=tuple((lms, Path(file)) for lms, file in options.export),
            column=options.column,
            trusted=options.trusted,
        ),
    )
    print(summary(rows, options.out))
    return 1 if any(row.state == "ungraded" for row in rows) else 0


def _judge(options: argparse.Namespace) -> int:
    from course.checks.panel import show
    from course.grading import judge_file

    verdict = judge_file(options.where, options.exercise, seeds=options.seeds, seconds=options.seconds)
    show(verdict.message)
    return 0 if verdict.passed else 1


def _frames(options: argparse.Namespace) -> int:
    import os

    from course.classroom.frames import export

    sources = _sources(options.lessons)
    workers = min(2, os.cpu_count() or 1) if options.workers is None else options.workers
    complaints = export(sources, options.out, workers=workers)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    print(f"The widgets of {len(sources)} lessons play from {options.out}.")
    return 1 if complaints else 0


def _quiz(options: argparse.Namespace) -> int:
    from course.arrays import Refusal
    from course.classroom.quiz.files import write_inventory, write_quizzes

    if options.inventory:
        if options.lessons or options.seed:
            raise Refusal("--inventory is always the same: give it neither lessons nor a seed")
        written = write_inventory(options.out)
    else:
        written = write_quizzes(_sources(options.lessons), options.out, seed=options.seed)
    print(f"{len(written)} files are in {options.out}")
    return 0


def _exam(options: argparse.Namespace) -> int:
    from course.classroom.quiz.files import write_exams

    written = write_exams(
        _sources(options.lessons),
        options.out,
        seed=options.seed,
        questions=options.questions,
        variants=options.variants,
        minutes=options.minutes,
        calculator=not options.no_calculator,
    )
    print(f"{len(written)} files are in {options.out}")
    return 0


def _progress(options: argparse.Namespace) -> int:
    from course.classroom.panel import tell

    return 1 if tell(options.folder, picture=options.picture).unread else 0


def _restart(options: argparse.Namespace) -> int:
    from course.classroom.restart import restart

    print("\n".join(restart(options.what, notebooks=options.notebooks)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
