"""A JupyterHub for one class, tried from nothing: `python -m course.classroom.hub --out DIR`.

Two learners and an instructor, on this machine and for nobody else. In a folder that was empty, the trial

1. clones the course and installs it with the extras `author` and `hub`, by the course's own `setup.sh`;
   the hub's proxy comes from npm;
2. writes `jupyterhub_config.py`: loopback only, free ports, a password for the learners and one for the
   instructor, a home for each with a copy of the lessons, nbgrader's exchange in a folder beside them;
3. starts the hub. The instructor hands out lesson 3; in a real browser, learner ada solves its exercise and
   learner ben makes a known mistake; both hand in; the instructor collects, and grades in the sandbox;
4. measures what a seat costs in memory and in seconds, and writes `report.json`, with screenshots beside it;
5. ends every process that it has started, also after Ctrl-C or a failure.

It needs Linux, git, node with npm, Chromium, bubblewrap, and 2 GB of disk; the course's extra `test` brings
Playwright. It is not part of the tests: it installs packages, and takes minutes. `docs/hub.md` says
what came out, and what a hub for a real class needs beyond this.

    place     the folder, what must be there before anything is done, and the environment
    config    the texts of the hub's and of nbgrader's configuration
    server    the hub's processes: started, asked, ended; what they hold in memory
    learners  hands and eyes: people in a browser
    report    the numbers, as a file and as a table
    trial     all of it in order
"""
