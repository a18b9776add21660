"""Advantage: why are raw rewards so hard to learn from, and how does the advantage function fix it?

The modules in reading order; each imports only from those above it:

    validate     refusals: every bad argument is met at the door
    random_play  real games of Atari, played at random
    scores       Atari scores: published, and measured by us at random play
    scaling      min-max, z-score, clipping, running normaliser
    returns      returns, TD errors, advantages: the arithmetic of credit assignment
    worlds       small worlds in which every episode can be listed
    envs         four of them, with their true values in the docstrings
    estimators   estimates of the policy gradient, their exact bias and variance
    losses       what the actor and the critic minimise
    nets         actor and critic, and the units in which the critic thinks
    rollout      playing: the record of T steps of N environments
    games        CartPole and Pong; how an agent is examined
    probes       tiny worlds that isolate one failure each
    train        Config, Update, train: the loop
    runs         whole runs over many seeds, and their learning curves
    microscope   a game of Pong, step by step: what the agent saw, did and foresaw
    bench        the performance table
    plots        arrays -> Axes, with alt text computed from the data
    widgets      knobs over plots
    checks       an instant check for every exercise: `check`, `use`, `judge`, `exercises`
    stale        is a built notebook older than its source?
    authoring    builds the notebooks from solutions/
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
