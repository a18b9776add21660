"""What runs inside the sandbox, and all of the course that is in there.

These files, and `course.checks.reading`, are copied into the sandbox; they import each other, Python's own
library, numpy, and torch where a lesson needs it. No reference, no known mistake and no case is among them.

    wire       values as JSON, on both sides of the wall
    notebook   the code cells of a notebook, from any editor
    selection  which statements of them run for an exercise
    pretended  the course that learners' imports find in here
    filter     the system calls that nobody needs to answer an exercise
    limits     processor time, memory, files, processes
    answering  runs the statements and then calls the answer on what is sent
    main       opens a notebook and makes a process for each exercise
"""
