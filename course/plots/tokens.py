"""The figures of lesson 13: a tiny language model, its critic, and the weight of every token."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from numpy.typing import ArrayLike

from course.arrays import Array, Refusal, finite, flags, same_shape
from course.plots.drawing import COLORS, figure
from course.plots.parts import band, legend_above, mark_guess, named_rows, told
from course.plots.words import number

MILLION = 1e6
THOUSAND = 1e3
SMOOTH = 5  # iterations of which a line shows the mean
YOUNGEST = 0.35  # opacity of the youngest critic
# The colours of the five lines of lessons 5 to 8.
COLOUR_OF = {"whole score": "reward", "minus the others": "return", "GAE": "advantage"}
STYLE_OF = {"reward": ":", "return": "--", "advantage": "-"}  # by colour: nobody has to tell colours apart
MARKS = "o^vD"


@figure(7.6, 3.2)
def pretraining(losses: ArrayLike, *, floor: float, ax: Axes) -> Axes:
    """How surprised the model is by the next token, while it learns to write.

    Args:
        losses: mean loss of each step's texts, in nats a token, shape [steps].
        floor: the entropy of the language.
    """
    losses = _row("losses", losses)
    ax.plot(losses, color=COLORS["value"], lw=1.5, label="the model")
    ax.axhline(floor, color=COLORS["truth"], ls="--", lw=1.5, label=f"entropy of the language, {floor:.3f}")

    ax.set(xlabel="steps, 64 texts each", ylabel="nats a token", ylim=(0.9, 1.05 * losses.max()))
    ax.legend(loc="upper right")
    end = losses[-50:].mean()
    return told(
        ax,
        f"Loss in nats a token over {len(losses)} steps: {losses[0]:.2f} at first, {end:.3f} as the mean of "
        f"the last {len(losses[-50:])}. The entropy of the language is {floor:.3f}.",
    )


@figure(8.2, 3.2)
def prizes(scores: ArrayLike, *, ax: Axes) -> Axes:
    """What the judge pays for each answer of a batch, the best at the left, and the mean of all.

    Args:
        scores: in points, shape [N].
    """
    scores = np.sort(_row("scores", scores))[::-1] / MILLION
    mean = scores.mean()
    error = scores.std(ddof=1) / np.sqrt(len(scores))
    places = np.arange(1, len(scores) + 1)

    ax.bar(places, scores, 0.7, color=COLORS["reward"], label="an answer")
    ax.axhspan(mean - 2 * error, mean + 2 * error, color=COLORS["return"], alpha=0.25, lw=0)
    ax.axhline(mean, color=COLORS["return"], label=f"mean, {mean:.2f} ± {2 * error:.2f}")
    ax.set(xlabel="answers, the best first", ylabel="prize, million points", xticks=[1, 5, 10, 15, 20])
    ax.legend(loc="upper right")
    listed = ", ".join(f"{count} x {prize:.2f}" for prize, count in zip(*_counted(scores), strict=True))
    return told(
        ax,
        f"The prizes of {len(scores)} answers, in million points: {listed}. Their mean is {mean:.2f}, give "
        f"or take {2 * error:.2f}: two standard errors.",
    )


@figure(8.2, 3.8)
def decisions(tokens: ArrayLike, mask: ArrayLike, *, end: int, ax: Axes) -> Axes:
    """A batch as it stands in memory: an answer a row, its tokens, its end, its padding.

    Args:
        tokens: shape [N, T].
        mask: true for what the model decided on, shape [N, T].
        end: the token that ends an answer.
    """
    tokens = np.asarray(tokens)
    mask = flags("mask", mask)
    same_shape(tokens=tokens, mask=mask)
    kinds = np.where(mask, np.where(tokens == end, 2, 1), 0)

    colours = ListedColormap([COLORS["faint"], COLORS["return"], COLORS["advantage"]])
    ax.imshow(kinds, cmap=colours, vmin=0, vmax=2, aspect="auto", interpolation="nearest")
    ax.grid(visible=False)
    for name, colour in (("a token", "return"), ("<end>", "advantage"), ("padding", "faint")):
        ax.plot([], [], "s", color=COLORS[colour], ms=10, label=name)
    legend_above(ax, columns=3)
    ax.set(xlabel="place t", ylabel="answer", yticks=range(0, len(tokens), 5))

    lengths = mask.sum(axis=1)
    ended = (kinds == 2).any(axis=1).sum()
    return told(
        ax,
        f"{len(tokens)} answers of {lengths.min()} to {lengths.max()} tokens in one array with "
        f"{tokens.shape[1]} places: {mask.sum()} of {mask.size} entries are tokens of an answer, "
        f"{ended} of them an <end>; the other {(~mask).sum()} are padding.",
    )


@figure(8.2, 3.4)
def one_step(
    points: Mapping[str, float], jackpots: Mapping[str, float], *, guess: float | None = None, ax: Axes
) -> Axes:
    """How far one plain step moves the model, in nats an answer, with weights in two units.

    Args:
        points: nats by the name of the weight, counted in points.
        jackpots: the same, counted in jackpots.
        guess: what was predicted for the last of `points`, in nats; None if nothing.
    """
    places = named_rows(ax, list(points))
    for unit, nats, marker in (("points", points, "o"), ("jackpots", jackpots, "s")):
        colour = COLORS["advantage" if unit == "points" else "value"]
        ax.plot(list(nats.values()), places, marker, color=colour, ms=11, ls="", label=f"in {unit}")
        for place, each in zip(places, nats.values(), strict=True):
            ax.annotate(
                number(each), (each, place), (0, 10), textcoords="offset points", ha="center", fontsize=10
            )

    ax.set_xscale("log")
    ax.set(xlim=(1e-4, 1e4), xlabel="nats away from the reference after one step (log axis)")
    ax.set_ylim(len(places) - 0.5, -0.75)
    said = mark_guess(ax, guess, unit="nats")
    legend_above(ax, columns=3)
    rows = [
        f"{name}: {number(points[name])} in points, {number(jackpots[name])} in jackpots" for name in points
    ]
    return told(ax, "Nats an answer after one plain gradient step, by weight and unit.", rows, said)


@figure(8.2, 3.8)
def ceiling(
    scores: ArrayLike, mask: ArrayLike, critics: Mapping[str, ArrayLike], *, exact: ArrayLike, ax: Axes
) -> Axes:
    """How much of what an answer will be paid is known before each token.

    Args:
        scores: what each answer was paid, in points, shape [N].
        mask: true for the tokens of an answer, shape [N, T].
        critics: by name, from the youngest on, V before each token, shape [N, T].
        exact: the exact V, shape [N, T].
    """
    mask = flags("mask", mask)
    paid = np.broadcast_to(_row("scores", scores)[:, None], mask.shape)
    words = []
    readers = [*critics.items(), ("exact", exact)]
    for (name, values), opacity in zip(readers, _ages(len(readers)), strict=True):
        values = finite(name, values)
        same_shape(values=values, mask=mask)
        truth = name == "exact"
        at = [_known(values[:, t], paid[:, t], mask[:, t]) for t in range(mask.shape[1])]
        overall = _known(values, paid, mask)
        look = {"color": COLORS["truth" if truth else "value"], "alpha": 1.0 if truth else opacity}
        ax.plot(at, label=f"{name} ({overall:.2f})", **look)
        words.append(f"{name} {overall:.2f}")

    ax.axhline(0, color=COLORS["random"], lw=1)
    ax.set(ylim=(-0.35, 1.05), xlim=(0, mask.shape[1] - 0.5))
    ax.set(xlabel="place t of the token", ylabel="explained variance of\nthe prize, before the token")
    ax.legend(loc="upper left", title="critic (over all tokens)", fontsize=10)
    return told(
        ax, "Explained variance of the prize before each token, by critic. Over all tokens together:", words
    )


@figure(8.2, 4.0)
def stop_or_go(
    lams: Sequence[float], differences: Mapping[str, ArrayLike], *, guess: float | None = None, ax: Axes
) -> Axes:
    """What critics say of stopping after two sentences against going on, at places of the dial.

    Args:
        lams: the places, shape [L], the largest first.
        differences: by critic, from the youngest on, the weight of `<end>` minus that of `the`, in points,
            shape [L]; "exact" is the truth.
        guess: what was predicted for the first critic at the second place, in thousand points.
    """
    places = np.arange(len(lams))
    words = []
    opacities = _ages(len(differences))
    for nth, ((name, each), opacity) in enumerate(zip(differences.items(), opacities, strict=True)):
        each = _row(name, each) / THOUSAND
        truth = name == "exact"
        young = name == next(iter(differences))
        colour = COLORS["truth" if truth else "random" if young else "value"]
        look = {"color": colour, "alpha": 1.0 if truth or young else opacity, "ms": 6}
        mark = MARKS[nth % len(MARKS)]
        ax.plot(places, each, "s--" if truth else f"{mark}-", label=name, **look)
        words.append(f"{name}: {', '.join(f'{value:+.0f}' for value in each)}")

    ax.axhline(0, color=COLORS["truth"], lw=1)
    ax.text(places[-1] + 0.45, 6, "praises <end>", ha="right", fontsize=10)
    ax.text(places[-1] + 0.45, -6, "praises going on", ha="right", va="top", fontsize=10)
    said = ""
    if guess is not None:
        (guess,) = _row("guess", [guess])
        ax.plot(1, guess, "D", color=COLORS["truth"], ms=9, mfc="none", mew=2, label="your guess")
        said = f"You guessed {number(guess)}."

    ax.set_xticks(places, [f"λ = {lam:g}" for lam in lams])
    ax.set(xlim=(-0.4, places[-1] + 0.5), ylabel="weight of <end> minus\nweight of the, thousand points")
    legend_above(ax, columns=min(len(differences) + 1, 4))
    listed = ", ".join(f"{lam:g}" for lam in lams)
    return told(
        ax,
        f"The weight of <end> minus that of the after two sentences, in thousand points, at λ = {listed}.",
        words,
        said,
    )


@figure(8.4, 3.4, panels="AB", grid={"left": 0.16, "right": 0.98, "bottom": 0.2, "top": 0.86, "wspace": 0.12})
def dial(pushes: Mapping[str, tuple[float, float]], *, truth: float, answers: int, axes: dict) -> Axes:
    """How surely a batch points to the lucky words, and how strongly, by critic.

    Args:
        pushes: by critic, mean and standard deviation of an answer's push, in points.
        truth: the mean that is right.
        answers: in a batch.
    """
    strengths = [mean / THOUSAND for mean, _ in pushes.values()]
    sure = [mean / spread * np.sqrt(answers) if spread else 0.0 for mean, spread in pushes.values()]
    left, right = axes["A"], axes["B"]
    for ax, numbers, form in ((left, strengths, "{:.0f}"), (right, sure, "{:.1f}")):
        places = named_rows(ax, list(pushes))
        ax.barh(places, numbers, 0.55, color=COLORS["advantage"])
        for place, each in zip(places, numbers, strict=True):
            paper = {"fc": "white", "ec": "none", "pad": 1}  # the dashed line may pass behind a number
            label = form.format(each)
            ax.annotate(label, (each, place), (5, 0), textcoords="offset points", va="center", bbox=paper)
    right.set_yticklabels([])

    left.axvline(truth / THOUSAND, color=COLORS["truth"], ls="--", lw=1.5, zorder=0)
    left.set(xlim=(0, 380), xlabel="thousand points (dashed: right on average)", title="signal")
    right.set(xlim=(0, 10.5), xlabel=f"signal over noise, {answers} answers", title="how sure")
    rows = [
        f"{name}: signal {strength:.0f} thousand points, {ratio:.1f} times its noise"
        for name, strength, ratio in zip(pushes, strengths, sure, strict=True)
    ]
    return told(left, f"The right signal is {truth / THOUSAND:.0f} thousand points.", rows)


@figure(9.0, 3.9, panels="AB")
def learning(
    live: Mapping[str, tuple[ArrayLike, ArrayLike]],
    shipped: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    *,
    guess: float | None = None,
    axes: dict,
) -> Axes:
    """THE figure of the language model: the prize over iterations, and beside it the nats paid for it.

    Args:
        live: by the name of the weight, prizes in points and nats of each iteration, both of shape [U].
        shipped: the same of many seeds, both of shape [S, U]; drawn as a band of all of them.
        guess: what was predicted for the best prize at the end, in million points.
    """
    words = []
    for panel, scale, unit in (("A", MILLION, "million points"), ("B", 1.0, "nats an answer")):
        ax = axes[panel]
        which = 0 if panel == "A" else 1
        for name, runs in (shipped or {}).items():
            each = _smooth(finite(name, runs[which])) / scale
            band(ax, _middles(each), each, holds="all", lw=1.2, alpha=0.7, **_look(name))
        for name, run in live.items():
            each = _smooth(_row(name, run[which])[None])[0] / scale
            ax.plot(_middles(each[None]), each, lw=2.5, label=name, **_look(name))
            words.append(f"{name}: {number(each[-1])} {unit} at the end")
        ax.set(xlabel="iterations, 20 answers each", ylabel=unit)

    axes["A"].set(title="prize", ylim=(0, 5.3))
    axes["B"].set(title="what it cost", ylim=(0, None))
    said = mark_guess(axes["A"], guess, along="y", unit="million")
    axes["A"].legend(loc="lower right")
    seeds = {len(runs[0]) for runs in (shipped or {}).values()}
    held = f"Bands hold the {seeds.pop()} seeds that are shipped." if seeds else ""
    opening = f"Prize and drift over iterations, means of {SMOOTH} iterations. {held}".strip()
    return told(axes["A"], opening, words, said)


@figure(8.0, 3.6)
def lengths(runs: Mapping[str, ArrayLike], *, longest: int, ax: Axes) -> Axes:
    """How long the answers are while actor and critic learn: median and range of the seeds.

    Args:
        runs: mean number of sentences by iteration, shape [S, U]; the dashes of a line tell the critics
            apart, "cold" or "warm" at the end of its name, and its colour and marks lambda.
        longest: sentences that the language allows.
    """
    words = []
    colours = {}
    for name, each in runs.items():
        each = finite(name, each)
        dial, age = name.rsplit(", ", 1)
        colour = colours.setdefault(dial, COLORS[("advantage", "td_error", "human")[len(colours)]])
        mark = MARKS[list(colours).index(dial)]
        look = {"color": colour, "ls": "--" if age == "cold" else "-", "marker": mark, "markevery": 6}
        middle = band(ax, np.arange(each.shape[1]), each, holds="all", label=name, ms=5, **look).middle
        listed = ", ".join(f"{middle[at]:.1f}" for at in (0, 1, min(10, each.shape[1] - 1)))
        words.append(f"{name}: {listed}, at last {middle[-1]:.1f}")

    ax.axhline(longest, color=COLORS["truth"], lw=1, ls=":")
    ax.set(ylim=(0, 7.5), xlabel="iterations, 20 answers each", ylabel="sentences an answer")
    legend_above(ax, columns=len(runs))
    return told(ax, "Median number of sentences after 0, 1 and 10 iterations.", words)


def _row(name: str, given: ArrayLike) -> Array:
    numbers = finite(name, given)
    if numbers.ndim != 1 or not numbers.size:
        raise Refusal(f"{name} must be numbers in a row, at least one, got shape {numbers.shape}")
    return numbers


def _counted(scores: Array) -> tuple[Array, Array]:
    prizes, counts = np.unique(scores, return_counts=True)
    return prizes[::-1], counts[::-1]


def _ages(count: int) -> Array:
    """Opacities of critics, from the youngest on."""
    return np.linspace(YOUNGEST, 1.0, count)


def _known(values: Array, paid: Array, mask: Array) -> float:
    """Explained variance where the mask is true; NaN where fewer than 50 answers are left."""
    if mask.sum() < 50 or np.ptp(paid[mask]) == 0:
        return float("nan")
    return float(1 - (paid - values)[mask].var() / paid[mask].var())


def _smooth(runs: Array) -> Array:
    """Means of `SMOOTH` iterations, [S, U - SMOOTH + 1]."""
    width = min(SMOOTH, runs.shape[1])
    return np.apply_along_axis(np.convolve, 1, runs, np.ones(width) / width, "valid")


def _middles(smoothed: Array) -> Array:
    return np.arange(smoothed.shape[1]) + SMOOTH / 2


def _look(name: str) -> dict[str, str]:
    for start, colour in COLOUR_OF.items():
        if name.startswith(start):
            return {"color": COLORS[colour], "ls": STYLE_OF[colour]}
    raise Refusal(f"a name must begin with one of {', '.join(COLOUR_OF)}, got {name!r}")
