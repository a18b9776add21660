"""The pace of every lesson, and what is wrong with its form, from the sources: nothing has to be built.

python -m tests.lessons          all
python -m tests.lessons 05 06    these
"""

import sys

from course.authoring.source import BuildError
from course.authoring.stamps import sources
from tests.lessons import rules


def main(wanted: list[str]) -> None:
    names = [path.stem for path in sources() if not wanted or path.stem[:2] in wanted]
    lessons = {}
    for name in names:
        try:
            lessons[name] = rules.written(name)
        except BuildError as error:
            print(error)

    print(rules.table(lessons.values()))
    for name, lesson in lessons.items():
        for check in rules.RULES.values():
            if check not in rules.OF_A_RUN:
                for complaint in check(lesson):
                    print(f"{name}: {check.__name__}: {complaint}")


if __name__ == "__main__":
    main(sys.argv[1:])
