"""From the source of a lesson to its notebooks.

source      read a lesson: markers, metadata, names of cells
notebooks   the learner's copy, and the executed one
stamps      is a notebook older than its source? by hashes alone
build       all of it, and the files

Nothing is re-exported: `stamps` is asked where the author's tools are not installed.
"""
