"""Advantage: why are raw rewards so hard to learn from, and how does the advantage function fix it?

The modules in reading order, in groups; each imports only from those above it:

    arrays       the words for arrays, and the refusals: every bad argument is met at the door
    tables       tables on disk that grow by what is finished, and the one way to data/

    scaling      min-max, z-score, clipping, running normaliser; how large scores are
    returns      returns, TD errors, advantages: the arithmetic of credit assignment
    worlds       small worlds in which every episode can be listed
    atari        real games of Atari at random, and the tables of scores
    estimators   estimates of the policy gradient, their exact bias and variance
    critics      tables that learn the values of a small world

    losses       what the actor and the critic minimise
    units        the units in which the critic thinks: PopArt
    nets         actor and critic
    rollout      playing: the record of T steps of N environments
    games        CartPole and Pong, probes, and how an agent is examined
    train        Config, Update, train: the loop
    recording    a game of Pong, step by step: what the agent saw, did and foresaw
    language     a tiny language model: its words, its judges, and credit for every token

    studies      what costs minutes and writes tables: runs over many seeds, the bench
    plots        arrays -> Axes, with alt text computed from the data
    widgets      knobs over plots
    checks       an instant check for every exercise: `check`, `use`, `judge`, `exercises`
    grading      grades what learners hand in, in a sandbox
    authoring    builds the notebooks from solutions/
    classroom    slides, quiz, site, frames for widgets, progress: made from the notebooks
    doctor       is this machine ready?

Only `check` and `use` are re-exported: lessons say `from course import check, use`. Importing `course`
loads neither torch nor matplotlib.
"""

__all__ = ["check", "use"]


def __getattr__(name: str) -> object:
    # Looked up when asked for, so that the doctor can speak where numpy is missing.
    if name in __all__:
        from course import checks

        return getattr(checks, name)
    raise AttributeError(f"module 'course' has no attribute {name!r}")
