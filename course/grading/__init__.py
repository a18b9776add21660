"""Grading that cannot be fooled: for one learner or a thousand.

The modules in reading order:

    records      what goes in and what comes out: submissions, settings, rows
    submissions  finds what was handed in, in a folder or an archive
"""
