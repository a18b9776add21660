"""What a lecture hall needs: all of it is made from the notebooks that are there.

    saved        reads a notebook from the disk; a broken one is named, and the others go on

Nothing is re-exported: each module is asked for what it gives.
"""
