"""What costs minutes and writes tables: runs over many seeds, examinations, the bench.

variants        what the studies compare
curves          a run as arrays, and what many of them say together
runs            whole runs over seeds, and examinations of the agents they end with
tokens          the runs of the language model, read; language_runs plays them
clinic          what the wrong lines of lesson 15 cost, and single cases live
random_scores   random play in every game of Atari
bench, peers    the performance table, ours and the peers'
"""

from course.studies.curves import Curve, load_curves, over, steps_until
from course.studies.runs import examine_agents, examined, measure_runs, quick, shortened, train_variant
from course.studies.tokens import measure_language
from course.studies.variants import STUDIES, Study, Variant, as_it_is, without_bootstrap, without_critic

__all__ = [
    "STUDIES",
    "Curve",
    "Study",
    "Variant",
    "as_it_is",
    "examine_agents",
    "examined",
    "load_curves",
    "measure_language",
    "measure_runs",
    "over",
    "quick",
    "shortened",
    "steps_until",
    "train_variant",
    "without_bootstrap",
    "without_critic",
]
