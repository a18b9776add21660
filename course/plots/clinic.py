"""The figures of lesson 15: a waiting room, readings of instruments, and what bugs cost."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import Array, finite, one_of
from course.arrays import number as one_number
from course.language.clinic import CASES
from course.language.looks import HEALTHY, MEASUREMENTS, Table, separates
from course.language.tales import decode
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, mark_guess, named_rows, told
from course.plots.words import counted
from course.studies.clinic import Outcome, Progress

MILLION = 1e6
SOUND = 4.3  # million points: what somebody might be content with
FULL = 500  # points: the best score on CartPole
LANGUAGE = [line for line in CASES if line != "next_worth"]
NUMBER = {line: nth for nth, line in enumerate(CASES, start=1)}
PATIENTS = [f"{nth}: {CASES[line].patient}" for line, nth in NUMBER.items()]
GUILTY = [line for line in LANGUAGE if CASES[line].guilty]


def line_of(patient: str) -> str:
    """The suspected line of a patient, called as in PATIENTS."""
    return list(CASES)[PATIENTS.index(one_of("patient", patient, PATIENTS))]


def of(outcomes: Sequence[Outcome], line: str, state: str, what: str) -> Array:
    """One number of every seed's run, [seeds]."""
    chosen = [outcome for outcome in outcomes if (outcome.line, outcome.state) == (line, state)]
    return np.array([getattr(outcome, what) for outcome in chosen])


def passing(outcomes: Sequence[Outcome]) -> list[str]:
    """The guilty lines of the language whose prize is sound in most of their seeds."""
    return [line for line in GUILTY if np.mean(of(outcomes, line, "broken", "prize") / MILLION > SOUND) > 0.5]


@figure(8.2, 4.4)
def waiting_room(outcomes: Sequence[Outcome], *, guess: int | None = None, ax: Axes) -> Axes:
    """The prize at the end of every run of every patient that has a language, beside the healthy ones.

    Args:
        outcomes: of the study.
        guess: how many of the guilty pass, as the learner thinks; None if nothing.
    """
    names = [f"{NUMBER[line]}: {CASES[line].patient}" for line in LANGUAGE]
    rows = named_rows(ax, names)
    words = []
    for row, line in zip(rows, LANGUAGE, strict=True):
        healthy = of(outcomes, line, "healthy", "prize") / MILLION
        own = of(outcomes, line, "broken", "prize") / MILLION if CASES[line].guilty else healthy
        ax.plot(healthy, np.full(len(healthy), row - 0.17), "o", color=COLORS["random"], ms=6)
        ax.plot(own, np.full(len(own), row + 0.17), "D", color=COLORS["reward"], ms=6)
        words.append(f"{CASES[line].patient} {_listed(own)}")
    ax.axvline(SOUND, color=COLORS["truth"], lw=1.5, ls="--")
    ax.plot([], [], "o", color=COLORS["random"], label="the healthy loop")
    ax.plot([], [], "D", color=COLORS["reward"], label="the patient")
    legend_above(ax, columns=2)

    passed = len(passing(outcomes))
    verdict = f"{passed} of the {len(GUILTY)} with a wrong line are above {SOUND} million in most seeds"
    said = ""
    if guess is not None:
        guess = one_number("guess", guess, low=0, high=len(CASES))
        said = f"You guessed {guess:g}."
    ax.set(xlabel=f"mean prize after 40 updates, million points\n{verdict}. {said}", xlim=(-0.1, 5.1))
    opening = f"Mean prize in million points, {len(healthy)} seeds each. {verdict}. By patient:"
    return told(ax, opening, words, said)


@figure(8.2, 3.4)
def reading(table: Table, patient: str, instrument: str, neighbour: str, *, ax: Axes) -> Axes:
    """What one measurement says of a patient, of a neighbour and of healthy code, a dot a batch.

    Args:
        table: what `all_looks` gave.
        patient: the suspected line, or `HEALTHY`.
        instrument: of MEASUREMENTS.
        neighbour: another line, or `HEALTHY`.
    """
    unit = MEASUREMENTS[one_of("instrument", instrument, MEASUREMENTS)].unit
    shown = {"the patient": patient, "its neighbour": neighbour, "healthy code": HEALTHY}
    found = {who: table[one_of(who, line, table)][instrument] for who, line in shown.items()}

    rows = named_rows(ax, [_called(who, line, "{}\n{}") for who, line in shown.items()])
    colours = (COLORS["advantage"], COLORS["td_error"], COLORS["random"])
    for row, numbers, colour in zip(rows, found.values(), colours, strict=True):
        shifts = np.linspace(-0.18, 0.18, len(numbers))
        ax.plot(numbers, row + shifts, "o", color=colour, ms=9, mec="white")

    verdicts = [_verdict(found["the patient"], found[who], who) for who in ("healthy code", "its neighbour")]
    everything = np.concatenate(list(found.values()))
    room = max(np.ptp(everything) * 0.08, 0.05)
    ax.set(xlim=(everything.min() - room, everything.max() + room))
    ax.set_title(instrument)
    ax.set_xlabel("\n".join([unit, *verdicts]))
    words = [f"{_called(who, shown[who], '{} ({})')} {_listed(numbers)}" for who, numbers in found.items()]
    return told(
        ax,
        f"{instrument}, in {unit}, {len(everything) // len(found)} batches each:",
        words,
        " ".join(verdicts),
    )


def _called(who: str, line: str, form: str) -> str:
    return who if line == HEALTHY else form.format(who, f"{NUMBER[line]}: {CASES[line].patient}")


def _verdict(patient: Array, other: Array, who: str) -> str:
    return f"It {'tells' if separates(patient, other) else 'does NOT tell'} the patient from {who}."


@figure(8.6, 3.6, panels="AB")
def swing(runs: Mapping[str, Progress], *, axes: Mapping[str, Axes]) -> Axes:
    """Length and prize over the updates, of a patient and of the healthy loop.

    Args:
        runs: name -> run; the last is the patient.
        axes: A for the length, B for the prize.
    """
    words = []
    styles = ({"color": COLORS["random"], "ls": "--"}, {"color": COLORS["advantage"]})
    for (name, run), style in zip(runs.items(), styles, strict=True):
        updates = np.arange(len(run.prize))
        axes["A"].plot(updates, run.sentences, label=name, **style)
        axes["B"].plot(updates, run.prize / MILLION, label=name, **style)
        ends = f"{run.sentences[0]:.1f} sentences at first and {run.sentences[-1]:.1f} at last"
        words.append(f"{name}: {ends}, prize {run.prize[-1] / MILLION:.2f} million at last")
    axes["A"].set(xlabel="update", ylabel="sentences an answer", ylim=(0, 7.2))
    axes["B"].set(xlabel="update", ylabel="prize, million points", ylim=(0, 5.2))
    axes["A"].legend(loc="lower left")
    return told(axes["A"], "Length and prize over updates.", words)


@figure(8.6, 3.6, panels="AB")
def twins(
    gaps: Mapping[str, ArrayLike],
    lams: ArrayLike,
    moved: Mapping[str, ArrayLike],
    *,
    guess: str | None = None,
    axes: Mapping[str, Axes],
) -> Axes:
    """Two patients that look alike: the gap at the last token over lambda, and what padding moves.

    Args:
        gaps: patient -> largest |A - (r - V)| at a last token, in top prizes, one for each lambda, [L].
        lams: the lambdas, [L].
        moved: patient -> how far an advantage moves when padding is appended, in top prizes, [seeds].
        guess: "4", "5", "45" or "0": who is still wrong at lambda 1, as the learner thinks; None if nothing.
        axes: A for the gap, B for the padding.
    """
    lams = finite("lams", lams)
    words = []
    looks = ({"marker": "o", "color": COLORS["advantage"]}, {"marker": "s", "color": COLORS["td_error"]})
    for (name, gap), look in zip(gaps.items(), looks, strict=True):
        gap = 100 * finite(name, gap)
        axes["A"].plot(lams, gap, label=name, ms=8, **look)
        words.append(f"{name}: " + ", ".join(f"{g:.1f} at {x:g}" for g, x in zip(gap, lams, strict=True)))
    for place, ((name, shift), look) in enumerate(zip(moved.items(), looks, strict=True)):
        shift = 100 * finite(name, shift)
        axes["B"].plot(np.full(len(shift), place), shift, ls="", ms=8, **look)
        words.append(f"{name}: moved by padding {_listed(shift)}")
    axes["A"].set(xlabel="λ", ylabel="largest gap at a last token,\n% of the top prize")
    axes["A"].legend()
    axes["B"].set(ylabel="A moves by, % of the top prize", xlim=(-0.6, 1.6))
    axes["B"].set_xticks([0, 1], list(moved))
    axes["B"].set_title("10 rows of padding appended")
    said = ""
    if guess is not None:
        guess = one_of("guess", str(guess), ("4", "5", "45", "0"))
        who = {"45": "both", "0": "neither"}.get(guess, f"patient {guess}")
        axes["A"].set_title(f"your guess at λ = 1: {who}")
        said = f"You guessed that {who} would be wrong at lambda 1."
    return told(axes["A"], "Gap at the last token in per cent of the top prize.", words, said)


@figure(9.0, 3.0)
def slices(prompt: ArrayLike, answer: ArrayLike, outputs: ArrayLike, *, ax: Axes) -> Axes:
    """One short answer, the critic's output after each token, and which of them come before which.

    Args:
        prompt: tokens, [P].
        answer: tokens, [T].
        outputs: the critic's, one after each token of prompt and answer, in points, [P + T].
    """
    words = [decode([token]) for token in (*np.asarray(prompt), *np.asarray(answer))]
    outputs = finite("outputs", outputs) / 1e3
    begun = len(np.asarray(prompt))
    for place, (word, output) in enumerate(zip(words, outputs, strict=True)):
        written = place >= begun
        chosen = begun - 1 <= place < len(words) - 1
        ax.text(place, 1, word, ha="center", va="center", weight="bold" if written else "normal", fontsize=10)
        box = {"boxstyle": "round", "fc": COLORS["value"] if chosen else "white", "ec": COLORS["value"]}
        ink = "white" if chosen else COLORS["value"]
        ax.text(place + 0.5, 0, f"{output:.0f}", ha="center", va="center", color=ink, fontsize=9, bbox=box)
        if chosen:
            arrow = {"arrowstyle": "->", "color": COLORS["value"]}
            ax.annotate("", (place + 0.95, 0.82), (place + 0.55, 0.2), arrowprops=arrow)
    ax.axvline(begun - 0.5, ymin=0.55, color=COLORS["random"], ls=":")
    ax.text(begun - 0.6, 1.45, "prompt", ha="right")
    ax.text(begun - 0.4, 1.45, "answer")
    ax.text(-0.6, -0.55, "outputs, thousand points; filled: outputs[:, -length - 1 : -1]", fontsize=10)
    ax.set(xlim=(-0.8, len(words) + 0.4), ylim=(-0.8, 1.7))
    ax.axis("off")
    before = [f"{outputs[place - 1]:.0f} before {words[place]}" for place in range(begun, len(words))]
    return told(ax, "Values in thousand points, each taken from the output after the token before:", before)


@figure(7.6, 3.2)
def first_word(runs: Mapping[str, Progress], *, ax: Axes) -> Axes:
    """The chance that an answer begins with `the`, as every tale does, over the updates.

    Args:
        runs: name -> run; the last is the patient.
    """
    words = []
    styles = ({"color": COLORS["random"], "ls": "--"}, {"color": COLORS["advantage"]})
    for (name, run), style in zip(runs.items(), styles, strict=True):
        ax.plot(np.arange(1, len(run.begins) + 1), run.begins, label=name, **style)
        words.append(f"{name} {run.begins[0]:.2f} after one update and {run.begins[-1]:.2f} at last")
    ax.set(xlabel="update", ylabel="chance to begin with “the”", ylim=(0, 1.05))
    ax.legend(loc="center right")
    return told(ax, "Chance that an answer begins with the word that every tale begins with:", words)


@figure(9.0, 3.4, panels="ABC")
def nothing_to_see(run: Progress, *, guess: float | None = None, axes: Mapping[str, Axes]) -> Axes:
    """The loss before each update's first step, the length of its gradient, and the prize.

    Args:
        run: of the healthy surrogate.
        guess: the gradient's norm, as the learner thinks; None if nothing.
        axes: A for the loss, B for the gradient, C for the prize.
    """
    updates = np.arange(len(run.prize))
    axes["A"].plot(updates, run.first_loss, "o", color=COLORS["td_error"], ms=5)
    axes["A"].set(xlabel="update", ylabel="loss before the first step", ylim=(-1, 1))
    axes["B"].plot(updates, run.gradient_norm, "o", color=COLORS["advantage"], ms=5)
    axes["B"].set(xlabel="update", ylabel="norm of its gradient")
    mean = run.gradient_norm.mean()
    axes["B"].axhline(mean, color=COLORS["advantage"], lw=1, ls="--")
    axes["B"].set_title(f"on average {mean:.2f}", fontsize=11)
    if guess is not None:
        guess = one_number("guess", guess, low=0)
    said = mark_guess(axes["B"], guess, along="y")
    axes["B"].set_ylim(0, None)  # afterwards, so that a large guess is on the picture
    axes["C"].plot(updates, run.prize / MILLION, color=COLORS["reward"])
    axes["C"].set(xlabel="update", ylabel="prize, million points", ylim=(0, 5.2))
    largest = np.abs(run.first_loss).max()
    words = [
        f"largest loss {largest:.1e}",
        f"gradient {run.gradient_norm.min():.3f} to {run.gradient_norm.max():.3f}, on average {mean:.2f}",
        f"prize {run.prize[0] / MILLION:.2f} to {run.prize[-1] / MILLION:.2f} million",
    ]
    return told(axes["A"], "A loss of zero that learns:", words, said)


@figure(7.6, 2.2)
def cartpole(outcomes: Sequence[Outcome], *, ax: Axes) -> Axes:
    """How CartPole ends with two flags and with one: a dot a seed.

    Args:
        outcomes: of the study.
    """
    states = {"two flags": "healthy", "one merged flag": "broken"}
    rows = named_rows(ax, list(states))
    words = []
    for row, (name, state) in zip(rows, states.items(), strict=True):
        scores = of(outcomes, "next_worth", state, "prize")
        colour = COLORS["random"] if state == "healthy" else COLORS["advantage"]
        ax.plot(scores, row + np.linspace(-0.2, 0.2, len(scores)), "o", color=colour, ms=8)
        words.append(f"{name}: {_listed(scores)}")
    ax.axvline(FULL, color=COLORS["truth"], lw=1, ls="--")
    ax.set_xlabel("score in points, mean from 80,000 to 100,000 steps")
    return told(ax, "CartPole's score at the end of training, by seed.", words)


PRICES = {  # what is shown of every run -> heading, how it is counted, colour
    "prize": ("prize,\nmillion", MILLION, "reward"),
    "nats": ("drift,\nnats", 1.0, "td_error"),
    "grammar": ("in grammar,\n%", 0.01, "value"),
    "sentences": ("sentences", 1.0, "human"),
}


@figure(9.4, 5.0, panels="ABCD")
def costs(outcomes: Sequence[Outcome], *, axes: Mapping[str, Axes]) -> Axes:
    """What every wrong line costs: prize, drift, grammar and length, a dot a seed, beside the healthy loop.

    Args:
        outcomes: of the study.
        axes: one for each of PRICES.
    """
    words = []
    for ax, (what, (heading, unit, colour)) in zip(axes.values(), PRICES.items(), strict=True):
        names = [_price_of(line) for line in LANGUAGE]
        rows = named_rows(ax, names)
        for row, line in zip(rows, LANGUAGE, strict=True):
            healthy = of(outcomes, line, "healthy", what) / unit
            broken = of(outcomes, line, "broken", what) / unit
            ax.plot(healthy, np.full(len(healthy), row - 0.18), "o", color=COLORS["random"], ms=5)
            ax.plot(broken, np.full(len(broken), row + 0.18), "D", color=COLORS[colour], ms=5)
            middle = f"{np.median(broken):.2f} against {np.median(healthy):.2f}"
            words.append(f"{what}, {CASES[line].name}: {middle}")
        ax.set_title(heading, fontsize=11)
        if ax is not axes["A"]:
            ax.tick_params(labelleft=False)
    axes["B"].set_xscale("log")
    axes["A"].plot([], [], "o", color=COLORS["random"], label="the healthy loop")
    axes["A"].plot([], [], "D", color=COLORS["truth"], label="with the wrong line")
    axes["A"].figure.legend(loc="outside upper center", ncols=2)
    runs = counted(len(healthy), "seed")
    opening = f"What the wrong lines cost after 40 updates, medians of {runs}, broken against healthy:"
    return told(axes["A"], opening, words)


def _price_of(line: str) -> str:
    mended = "" if CASES[line].guilty else ", mended"
    return f"{NUMBER[line]}: {CASES[line].name}{mended}"


def _listed(numbers: Array) -> str:
    return ", ".join(f"{each + 0.0:.3g}" for each in numbers)
