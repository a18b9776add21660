"""The figures of lesson 7: surprises step by step, and a critic that learns from itself."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import Refusal, finite, one_of, same_shape, steps, whole
from course.arrays import number as one_number
from course.plots.drawing import COLORS, figure
from course.plots.parts import band, told
from course.plots.words import counted

LOOKS = {"td_error": "-", "return": "--"}  # colours of the two methods, and how their lines are drawn
GUESS = {"color": COLORS["truth"], "ms": 9, "mfc": "white", "mew": 2, "ls": "", "clip_on": False, "zorder": 4}


@figure(8.4, 4.2)
def tale(
    promised: ArrayLike, paid: float, surprises: ArrayLike, *, guess: int | None = None, ax: Axes
) -> Axes:
    """What a critic promised from word to word, and each change of its mind as a bar between two promises.

    Args:
        promised: before the first word and after each, in million points, shape [words + 1].
        paid: by the judge at the end, in million points.
        surprises: how much more was expected after each step than before it, shape [words + 1]; the last
            step is the judge's payment.
        guess: which step was predicted to be the largest surprise, counted from 1; None if nothing.
    """
    promised, surprises = steps(promised=promised, surprises=surprises)
    paid = one_number("paid", paid)
    numbers = np.arange(1, len(surprises) + 1)
    levels = np.append(promised, paid)

    ax.bar(numbers, surprises, 0.5, bottom=promised, color=COLORS["td_error"], label="surprise")
    for step, surprise in zip(numbers, surprises, strict=True):
        top = levels[step - 1 : step + 1].max()
        ax.annotate(f"{surprise:+.2f}", (step, top), (0, 3), textcoords="offset points", ha="center")

    for step, level in enumerate(promised):
        label = "critic's promise" if step == 0 else None
        ax.plot([step + 0.25, step + 0.75], [level, level], color=COLORS["value"], lw=3, label=label)
        ax.annotate(
            f"{level:.2f}", (step + 0.5, level), (0, -4), textcoords="offset points", ha="center", va="top"
        )
    ax.plot(len(numbers) + 0.5, paid, "D", color=COLORS["reward"], ms=9, label="paid")
    ax.annotate(
        f"{paid:.2f}", (len(numbers) + 0.5, paid), (0, -8), textcoords="offset points", ha="center", va="top"
    )

    said = ""
    if guess is not None:
        guess = _step("guess", guess, last=len(numbers))
        ax.plot(guess, 30, "D", label="your guess", **GUESS)
        said = f"You guessed {guess}."

    words = [f"word {number}" for number in numbers[:-1]]
    ax.set_xticks(numbers, [*words, "payment"])
    ax.set(xlim=(0.1, len(numbers) + 0.9), ylim=(0, 1.15 * levels.max()), ylabel="million points")
    ax.set_title(f"{surprises.sum():.2f} = {paid:.2f} - {promised[0]:.2f}")
    ax.legend(loc="upper left")
    parts = [f"{word} {surprise:+.2f}" for word, surprise in zip([*words, "payment"], surprises, strict=True)]
    return told(
        ax,
        f"The critic promised {promised[0]:.2f} million points before the first word, and {paid:.2f} were "
        "paid.",
        [f"The surprises: {parts[0]}", *parts[1:], f"in sum {surprises.sum():.2f}"],
        said,
    )


@figure(7.6, 3.8)
def surprise(
    places: Sequence[str], rewards: ArrayLike, values: ArrayLike, deltas: ArrayLike, step: int, *, ax: Axes
) -> Axes:
    """One whole episode up to a step: the promise as a line, what was paid, each TD error as a bar.

    Args:
        places: the name of every state, shape [T].
        rewards: r_t in points, shape [T].
        values: V(s_t), shape [T]; what comes after the last step is worth 0.
        deltas: TD errors at gamma 1, shape [T].
        step: the newest step that is shown, 0 to T - 1.
    """
    rewards, values, deltas = steps(rewards=rewards, values=values, deltas=deltas)
    seen = step + 1
    names = [*places, "end"]
    after = np.append(values, 0.0)
    paid = np.flatnonzero(rewards[:seen])

    ax.axhline(0, color="black", lw=1)
    ax.bar(np.arange(seen) + 0.5, deltas[:seen], 0.5, color=COLORS["td_error"], label="TD error δ")
    ax.plot(np.arange(seen + 1), after[: seen + 1], "o-", color=COLORS["value"], label="critic's promise V")
    ax.plot(paid + 0.5, rewards[paid], "D", color=COLORS["reward"], ms=9, label="reward r (where not 0)")

    everything = np.concatenate([rewards, after, deltas])
    low = everything.min()
    high = everything.max()
    room = high - low
    ax.set(xlim=(-0.4, len(rewards) + 0.4), ylim=(low - 0.1 * room, high + 0.32 * room))
    ax.set(xlabel="place on the walk", ylabel="points")
    ax.set_xticks(np.arange(len(names)), names)
    ax.legend(loc="upper center", ncols=3, columnspacing=1.2)

    arrow = f"{names[step]} → {names[step + 1]}"
    sum_ = f"{rewards[step]:g} + {_signed(after[seen])} - {_signed(values[step])} = {deltas[step]:+.2f}"
    ax.set_title(f"Step {step + 1}, {arrow}:   δ = r + V(next) - V = {sum_}")
    total = deltas[:seen].sum()
    return told(
        ax,
        f"Step {step + 1} of {len(rewards)}, {arrow}: reward {rewards[step]:g}, V goes from "
        f"{values[step]:.2f} to {after[seen]:.2f}, TD error {deltas[step]:+.2f}. The TD errors so far sum to "
        f"{total:+.2f}; the promise at the start was {values[0]:.2f}, the whole score is {rewards.sum():g}.",
    )


@figure(7.8, 3.9)
def young_critic(
    tables: ArrayLike,
    after: Sequence[int],
    truth: ArrayLike,
    *,
    off: ArrayLike,
    off_after: int,
    guess: str | None = None,
    ax: Axes,
) -> Axes:
    """What one critic promises in each place, at several ages.

    Args:
        tables: V after each walk, the first before any, shape [walks + 1, S].
        after: the ages to draw, in walks.
        truth: the true V, shape [S].
        off: how far off it is in each place at one age, in points, shape [S]; written above the places.
        off_after: that age.
        guess: the letter of the place that was predicted to be nearest to the truth then; None if nothing.
    """
    tables = finite("tables", tables)
    truth, off = steps(truth=truth, off=off)
    places = np.arange(len(truth))
    letters = _letters(len(truth))

    ax.plot(places, truth, "--", color=COLORS["truth"], label="truth")
    errors = []
    for age, alpha in zip(after, np.linspace(0.3, 1, len(after)), strict=True):
        label = f"after {age} walks" if age else "at random"
        ax.plot(places, tables[age], "o-", color=COLORS["value"], alpha=alpha, lw=1 + 2 * alpha, label=label)
        errors.append(f"{np.sqrt(((tables[age] - truth) ** 2).mean()):.2f} after {age}")

    drawn = np.concatenate([truth[None], tables[list(after)]])
    low = drawn.min()
    high = drawn.max()
    for place, each in zip(places, off, strict=True):
        ax.text(place, high + 0.12 * (high - low), f"{each:.2f}", ha="center")
    said = ""
    if guess is not None:
        guess = one_of("guess", str(guess).strip().upper(), letters)
        ax.plot(letters.index(guess), low - 0.12 * (high - low), "D", label="your guess", **GUESS)
        said = f"You guessed {guess}."

    ax.set(ylim=(low - 0.2 * (high - low), high + 0.25 * (high - low)))
    ax.set(xlim=(-0.3, len(truth) + 0.6), xlabel="place", ylabel="promise V, points")
    ax.set_xticks(places, letters)
    ax.set_title(f"above each place: how far off after {off_after} walks")
    ax.legend(loc="center right", bbox_to_anchor=(1.02, 0.5))
    misses = ", ".join(f"{letter} {each:.2f}" for letter, each in zip(letters, off, strict=True))
    return told(
        ax,
        "What a critic that started at random promises in each place, against the true values. Root mean "
        f"square error in points, by walks seen: {', '.join(errors)}. After {off_after} walks it is off by: "
        f"{misses}.",
        closing=said,
    )


@figure(7.6, 3.7)
def learning(errors: Mapping[str, ArrayLike], *, ax: Axes) -> Axes:
    """Error of critics over walks, on a logarithmic axis: the mean of all seeds, and most of them.

    Args:
        errors: "TD(0)" and "Monte Carlo" -> root mean square error in points, shape [seeds, walks + 1].
    """
    words = []

    for (name, runs), (colour, style) in zip(errors.items(), LOOKS.items(), strict=True):
        runs = finite(name, runs)
        walks = np.arange(runs.shape[1])
        label = f"{name}, mean of {counted(len(runs), 'seed')}"
        look = {"color": COLORS[colour], "ls": style, "label": label}
        low, mean, high = band(ax, walks, runs, holds="8 in 10", middle="mean", **look)
        moments = sorted({0, min(25, walks[-1]), walks[-1]})
        said = ", ".join(f"{mean[n]:.3f} after {n}" for n in moments)
        words.append(f"{name}: {said} (8 in 10 seeds {low[-1]:.3f} to {high[-1]:.3f})")

    ax.set(yscale="log", ylim=(0.02, 2.4), xlabel="walks seen", ylabel="error of V, points\n(log axis)")
    ax.set_yticks([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2], ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"])
    ax.minorticks_off()
    ax.legend(loc="upper right", title="band: 8 in 10 seeds")

    return told(ax, "Root mean square error of V by walks seen.", words)


@figure(7.6, 3.6)
def bias_and_noise(bias: ArrayLike, noise: ArrayLike, whole_noise: float, *, ax: Axes) -> Axes:
    """How far a TD target is off on average, and how much it scatters, while the critic learns.

    Args:
        bias: size of the target's bias in points, shape [seeds, walks + 1].
        noise: its standard deviation in points, same shape.
        whole_noise: standard deviation of the Monte Carlo target, the final score; its bias is 0.
    """
    bias, noise = finite("bias", bias), finite("noise", noise)
    same_shape(bias=bias, noise=noise)
    walks = np.arange(bias.shape[1])
    words = []

    for runs, style, name in ((bias, "-", "bias"), (noise, ":", "noise")):
        label = f"TD target: {name}, mean of {counted(len(runs), 'seed')}"
        look = {"color": COLORS["td_error"], "ls": style, "lw": 2.5, "label": label}
        band(ax, walks, runs, holds="8 in 10", middle="mean", **look)
        words.append(
            f"{name} {runs[:, 0].mean():.3f} at first, {runs[:, -1].mean():.3f} after {walks[-1]} walks"
        )
    ax.axhline(whole_noise, color=COLORS["return"], ls=":", lw=5, label="final score: noise")
    ax.axhline(0, color=COLORS["return"], lw=5, label="final score: bias")

    ax.set(xlabel="walks seen", ylabel="points")
    ax.legend(title="band: 8 in 10 seeds")

    return told(
        ax,
        f"The TD target, mean of {len(bias)} seeds: {'; '.join(words)}. The final score as a target: bias 0 "
        f"and noise {whole_noise:.3f} at all times.",
    )


def _step(name: str, given: int, *, last: int) -> int:
    """A step's number, 1 to `last`, or a refusal."""
    step = whole(name, given, low=1)
    if step > last:
        raise Refusal(f"{name} must be a step, 1 to {last}, got {step}")
    return step


def _letters(count: int) -> list[str]:
    return [chr(ord("A") + place) for place in range(count)]


def _signed(x: float) -> str:
    return f"{x:.2f}" if x >= 0 else f"({x:.2f})"
