"""Every *Predict first.* of the lessons: the question, what came out, and four answers for a poll.

A record is found in a notebook by its `begins`, the first words of the prediction, so that it is found in a
learner's own notebook too, whatever stands before it. Tests compare each truth with what the lesson shows.
"""

from dataclasses import dataclass
from typing import Literal

Guess = float | str

PREDICT = "*Predict first.*"  # how the lessons mark one


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One question that a lesson asks before it shows the answer."""

    lesson: str  # two digits
    place: int  # 1 for the first of its lesson
    about: str  # what it asks for, in a few words
    begins: str  # the first words after the mark, as they stand in the lesson; no other prediction has them
    question: str  # can be understood without the lesson
    unit: str  # of the truth, as after a number; "" where the number says all
    truth: Guess | tuple[Guess, ...]
    scale: Literal["ratio", "difference", "choice"]  # which of guess / truth, guess - truth, guess == truth
    options: tuple[str, str, str, str]  # in order, all as round as the naive expectations among them
    answer: str  # the one of the options that is nearest to the truth
    within: tuple[float, float] | None = None  # where the truth lies if it varies with run and machine
    parts: tuple[str, ...] = ()  # what each number of a tuple is about

    @property
    def name(self) -> str:
        """As in `5.2`: the second of lesson 5."""
        return f"{int(self.lesson)}.{self.place}"

    @property
    def truths(self) -> tuple[Guess, ...]:
        """The truth as a tuple, of one where there is one."""
        return self.truth if isinstance(self.truth, tuple) else (self.truth,)


PREDICTIONS = (
    Prediction(
        lesson="00",
        place=1,
        about="random play's score in Pong",
        begins="A game of Pong is about to be played",
        question=(
            "Somebody plays a game of Pong to 21 by pressing random buttons, and each point pays +1 or -1: "
            "what is the final score?"
        ),
        unit="points",
        truth=-20,
        scale="difference",
        options=("-20", "-10", "0", "10"),
        answer="-20",
    ),
    Prediction(
        lesson="01",
        place=1,
        about="random scores",
        begins="What will the random player score in each of the five?",
        question="What does random play score in Pong, Breakout, Ms. Pac-Man, Skiing and Video Pinball?",
        unit="points",
        truth=(-20.25, 0.5, 240, -16_544, 23_759),
        scale="ratio",
        options=("all of them near 10", "from 0 to 100", "from -20 to 1,000", "from -20,000 to 20,000"),
        answer="from -20,000 to 20,000",
        parts=("Pong", "Breakout", "Ms. Pac-Man", "Skiing", "Video Pinball"),
    ),
    Prediction(
        lesson="01",
        place=2,
        about="Breakout's share of the gradient",
        begins="What share of it belongs to Breakout",
        question=(
            "Five games share one network and have equal say: how many percent of the gradient's length "
            "belong to Breakout, whose scores are small?"
        ),
        unit="%",
        truth=0.0015,
        scale="ratio",
        options=("0.002 %", "0.5 %", "5 %", "20 %"),
        answer="0.002 %",
    ),
    Prediction(
        lesson="01",
        place=3,
        about="Breakout's error in one network",
        begins="What will Breakout's error be afterwards?",
        question=(
            "Breakout's error is 1.4 standard deviations before one network is trained on five games: what "
            "is it afterwards?"
        ),
        unit="standard deviations",
        truth=1_534,
        scale="ratio",
        options=("0.5", "1.5", "10", "1,500"),
        answer="1,500",
    ),
    Prediction(
        lesson="02",
        place=1,
        about="Agent57's largest scaled score",
        begins="In each of the 57 games its score is put",
        question=(
            "On a ruler from random play (0) to a professional human (1), what is Agent57's largest score "
            "among 57 games?"
        ),
        unit="times the ruler",
        truth=496,
        scale="ratio",
        options=("1", "5", "50", "500"),
        answer="500",
    ),
    Prediction(
        lesson="02",
        place=2,
        about="the first game after the second",
        begins="What is it worth after two games?",
        question=(
            "Scores are divided by the best so far, so the first game of Video Pinball (3,423 points) is "
            "worth 1: what is it worth after the second game?"
        ),
        unit="of the ruler",
        truth=0.0734,
        scale="ratio",
        options=("0.07", "0.5", "0.9", "1"),
        answer="0.07",
    ),
    Prediction(
        lesson="02",
        place=3,
        about="a game with each step scaled",
        begins="Scale every step of the second one",
        question=(
            "A game of Pong ended -21 after 988 steps: what is its score once the reward of each step is "
            "scaled from [-1, 1] to [0, 1]?"
        ),
        unit="points",
        truth=483.5,
        scale="difference",
        options=("-20", "-10", "0", "480"),
        answer="480",
    ),
    Prediction(
        lesson="03",
        place=1,
        about="mean of twenty answers",
        begins="Draw twenty answers. What is their mean?",
        question=(
            "Answers earn 4.5 points on average, thanks to rare jackpots of 100: what is the mean of the "
            "first twenty that are drawn?"
        ),
        unit="points",
        truth=1.6,
        scale="ratio",
        options=("1.5", "3.5", "4.5", "9.5"),
        answer="1.5",
    ),
    Prediction(
        lesson="03",
        place=2,
        about="95 % intervals that hold",
        begins="In how many percent of the batches of 20 does it?",
        question=(
            "A 95 % interval is computed from each batch of 20 answers with rare jackpots: how many percent"
            " of these intervals hold the true mean?"
        ),
        unit="%",
        truth=46.6,
        scale="ratio",
        options=("45 %", "75 %", "90 %", "95 %"),
        answer="45 %",
    ),
    Prediction(
        lesson="03",
        place=3,
        about="price of one more digit",
        begins="The mean of a batch of 20 is off by 3.8 points",
        question=(
            "For one more digit of the mean, a tenth of the error, how many times as many answers do you "
            "need?"
        ),
        unit="times",
        truth=100,
        scale="ratio",
        options=("3", "10", "20", "100"),
        answer="100",
    ),
    Prediction(
        lesson="04",
        place=1,
        about="batches that point the wrong way",
        begins="Draw many batches of 20. What share of them points",
        question=(
            "How many percent of the batches of 20 answers give a gradient that points the wrong way, more "
            "than a right angle from the exact one?"
        ),
        unit="%",
        truth=65,
        scale="ratio",
        options=("5 %", "20 %", "50 %", "65 %"),
        answer="65 %",
    ),
    Prediction(
        lesson="04",
        place=2,
        about="100 points for everybody",
        begins="Everybody gets 100 points more.",
        question=(
            "Every answer is paid 100 points more: by which factor does the error of a batch's gradient grow?"
        ),
        unit="times",
        truth=5.98,
        scale="ratio",
        options=("1", "2", "6", "100"),
        answer="6",
    ),
    Prediction(
        lesson="04",
        place=3,
        about="rulers that point to the worse",
        begins="How many of the six point, on average, to A",
        question=(
            "Six ways to scale the rewards of two machines: with how many of them does the mean gradient "
            "point to the worse machine?"
        ),
        unit="ways",
        truth=3,
        scale="difference",
        options=("0", "1", "3", "6"),
        answer="3",
    ),
    Prediction(
        lesson="05",
        place=1,
        about="longest game's share over shortest's",
        begins="Twenty episodes are played at random, and each score",
        question=(
            "In CartPole each step pays 1 point, and each score is shared evenly over its own steps: how "
            "many times as large is a share in the longest episode as in the shortest?"
        ),
        unit="times as large",
        truth=1,
        scale="ratio",
        options=("0.2", "1", "7", "50"),
        answer="1",
    ),
    Prediction(
        lesson="05",
        place=2,
        about="last update that changes anything",
        begins="With equal shares, which update is the last one",
        question=(
            "Of sixty updates, number 31 brings a jackpot, and the judge changes its mind at 46: with equal"
            " shares, which update is the last that changes the policy?"
        ),
        unit="",
        truth=31,
        scale="difference",
        options=("30", "31", "46", "60"),
        answer="31",
    ),
    Prediction(
        lesson="05",
        place=3,
        about="whole score, 100 updates",
        begins="The writer starts at 500 million points.",
        question=(
            "A writer starts at 500 million points, and the best answer earns 2,500: at how many million is"
            " it after 100 updates that weigh every token by the whole score?"
        ),
        unit="million points",
        truth=603,
        scale="ratio",
        options=("500", "600", "1,500", "2,500"),
        answer="600",
    ),
    Prediction(
        lesson="06",
        place=1,
        about="words until V knows",
        begins="The exact $V$ is the best critic that there can be.",
        question=(
            "After how many of a tale's five words does the best possible critic explain more than 99 % of "
            "the variance of its prize?"
        ),
        unit="words",
        truth=5,
        scale="difference",
        options=("0", "2", "3", "5"),
        answer="5",
    ),
    Prediction(
        lesson="06",
        place=2,
        about="variance that is left",
        begins="A hundredth is left of this score.",
        question=(
            "How many percent of the variance of all scores are left when the exact V is subtracted, on the"
            " blank page and after five words?"
        ),
        unit="%",
        truth=(100.0, 0.3),
        scale="ratio",
        options=("1 and 1", "50 and 0.3", "50 and 10", "100 and 0.3"),
        answer="100 and 0.3",
        parts=("on the blank page", "after five words"),
    ),
    Prediction(
        lesson="06",
        place=3,
        about="100 updates",
        begins="The whole score brought the writer to 603 million",
        question=(
            "The whole score brought the writer to 603 of 2,500 million: where do *minus the others* and *R"
            " - V* bring it?"
        ),
        unit="million points",
        truth=(1_886, 2_229),
        scale="ratio",
        options=("600 and 650", "800 and 1,200", "1,900 and 2,200", "2,200 and 1,900"),
        answer="1,900 and 2,200",
        parts=("minus the others", "R - V"),
    ),
    Prediction(
        lesson="07",
        place=1,
        about="the largest surprise",
        begins="There were six steps: five words",
        question=(
            "A tale of five lucky words (steps 1 to 5) is paid in step 6: which step was the largest "
            "surprise to the exact critic?"
        ),
        unit="",
        truth=5,
        scale="choice",
        options=("1", "3", "5", "6"),
        answer="5",
    ),
    Prediction(
        lesson="07",
        place=2,
        about="TD error, 12 updates",
        begins="$R - V$ took the writer to 1,102 million",
        question=(
            "R - V took the writer to 1,102 million points of 2,500 in 12 updates: where does the TD error "
            "take it in 12?"
        ),
        unit="million points",
        truth=2_474,
        scale="ratio",
        options=("700", "1,100", "1,500", "2,500"),
        answer="2,500",
    ),
    Prediction(
        lesson="07",
        place=3,
        about="where TD(0) learns first",
        begins="A critic of random numbers learns by TD(0).",
        question=(
            "A walk goes through A, B, C, D and E, and the prize waits beyond E: in which place is a critic"
            " that learns by TD(0) nearest to the truth after 30 walks?"
        ),
        unit="",
        truth="E",
        scale="choice",
        options=("A", "C", "D", "E"),
        answer="E",
    ),
    Prediction(
        lesson="08",
        place=1,
        about="TD error with a blind critic",
        begins="With the exact critic, $\\delta$ took the writer",
        question=(
            "With the exact critic the TD error took the writer to 2,499 million: where does it take it "
            "with a critic that says the same number everywhere?"
        ),
        unit="million points",
        truth=504,
        scale="ratio",
        options=("500", "1,500", "2,200", "2,500"),
        answer="500",
    ),
    Prediction(
        lesson="08",
        place=2,
        about="most credit at λ = 0",
        begins="At $\\lambda = 0$, which step gets the most credit",
        question=(
            "In a rally of Pong the paddle meets the ball at step 234, and the point is paid at step 251: "
            "which step gets the most credit at lambda = 0?"
        ),
        unit="",
        truth=234,
        scale="difference",
        options=("205", "234", "251", "259"),
        answer="234",
    ),
    Prediction(
        lesson="08",
        place=3,
        about="λ = 0.95 with a blind critic",
        begins="With the blind critic all news comes in the last step.",
        question=(
            "With a critic that says the same number everywhere, lambda = 0 ends at 504 million points and "
            "lambda = 1 at 1,660: where does lambda = 0.95 end?"
        ),
        unit="million points",
        truth=1_662,
        scale="ratio",
        options=("500", "600", "1,100", "1,700"),
        answer="1,700",
    ),
    Prediction(
        lesson="09",
        place=1,
        about="the row that is no step",
        begins="You will see rows 497 to 502. One of them is no step of the game at all.",
        question=(
            "A vector environment stops CartPole after 500 steps, rows 0 to 499 of its log: which row is no"
            " step of the game at all?"
        ),
        unit="",
        truth=500,
        scale="choice",
        options=("498", "499", "500", "501"),
        answer="500",
    ),
    Prediction(
        lesson="09",
        place=2,
        about="TD error of a merged flag",
        begins="What is $\\delta$ in row 499 if the two flags",
        question=(
            "A perfect game is stopped by its time limit, each step pays 1 and is worth 100 points: what is"
            " the TD error of the last step if both flags are merged into one `done`?"
        ),
        unit="points",
        truth=-99,
        scale="difference",
        options=("-99", "-1", "0", "1"),
        answer="-99",
    ),
    Prediction(
        lesson="09",
        place=3,
        about="the mistake that turns the sign",
        begins="Which of the three mistakes turns the sign",
        question=(
            "Three mistakes at a time limit: (1) it counts as death, (2) V of the next row, (3) the sum "
            "runs on into the next episode; which one turns the sign of the advantage?"
        ),
        unit="",
        truth=1,
        scale="choice",
        options=("1", "2", "3", "none of them"),
        answer="1",
    ),
    Prediction(
        lesson="10",
        place=1,
        about="plays in a batch until it turns",
        begins="The exact gradient is +0.25, towards B.",
        question=(
            "One machine pays 1 point, the better one 100 points in 2 of 100 plays, and advantages are "
            "normalised: from how many plays a batch on do batches point to the better one on average?"
        ),
        unit="plays",
        truth=500,
        scale="ratio",
        options=("2", "20", "100", "500"),
        answer="500",
        within=(300, 500),
    ),
    Prediction(
        lesson="10",
        place=2,
        about="steps until the pole stands",
        begins="A beginner holds the pole for about 20 steps.",
        question=(
            "An actor-critic learns CartPole in eight games at a time: after how many steps of practice, in"
            " all games together, does the mean of 20 games reach 475 of 500?"
        ),
        unit="steps",
        truth=71_000,
        scale="ratio",
        options=("1,000", "10,000", "70,000", "1,000,000"),
        answer="70,000",
        within=(30_000, 200_000),
    ),
    Prediction(
        lesson="10",
        place=3,
        about="a million times the reward",
        begins="With rewards a million times as large",
        question=(
            "The rewards of CartPole are multiplied by a million: what is the best mean score within "
            "120,000 steps, divided by a million again, where 500 is the most?"
        ),
        unit="points",
        truth=30,
        scale="ratio",
        options=("30", "200", "400", "500"),
        answer="30",
        within=(20, 60),
    ),
    Prediction(
        lesson="11",
        place=1,
        about="ratio at which the clip begins",
        begins="With $c = 0.2$ and $A_t > 0$",
        question=(
            "PPO's clip is 0.2, and the action was good: from which ratio of new to old probability on has "
            "the step nothing more to say?"
        ),
        unit="",
        truth=1.2,
        scale="difference",
        options=("0.8", "1", "1.2", "2"),
        answer="1.2",
    ),
    Prediction(
        lesson="11",
        place=2,
        about="nats without the clip",
        begins="With the clip, no update moves the policy by more than",
        question=(
            "With PPO's clip no update moves the policy by more than 0.02 nats: by at least how many nats "
            "do half of the updates move it without the clip?"
        ),
        unit="nats",
        truth=0.86,
        scale="ratio",
        options=("0.02", "0.05", "0.1", "0.9"),
        answer="0.9",
        within=(0.4, 2.0),
    ),
    Prediction(
        lesson="11",
        place=3,
        about="changes that break PPO",
        begins="How many of the ten changes break it",
        question=(
            "Ten changes are made to a PPO that solves CartPole with ten seeds of ten: how many of the "
            "changes break it for one seed or more?"
        ),
        unit="changes",
        truth=5,
        scale="difference",
        options=("1", "3", "5", "10"),
        answer="5",
    ),
    Prediction(
        lesson="12",
        place=1,
        about="Pong after three minutes",
        begins="A beginner scores about -21.",
        question=(
            "A beginner scores about -21 in Pong, and 21 is the best: what does an agent score after three "
            "minutes of learning on a laptop?"
        ),
        unit="points",
        truth=17,
        scale="difference",
        options=("-21", "-10", "0", "17"),
        answer="17",
        within=(10, 21),
    ),
    Prediction(
        lesson="12",
        place=2,
        about="surprise before a lost point",
        begins="In the lost rally: how many steps *before* the point",
        question=(
            "A trained critic watches a lost rally of Pong (a second has 15 steps): how many steps before "
            "the point is counted does its largest surprise come?"
        ),
        unit="steps",
        truth=3,
        scale="difference",
        options=("0", "3", "15", "30"),
        answer="3",
    ),
    Prediction(
        lesson="12",
        place=3,
        about="Breakout's error in its own unit",
        begins="In raw points, Breakout's error on new episodes",
        question=(
            "One network for five games leaves Breakout with an error of 1,530 standard deviations in raw "
            "points: what is it if each game has a unit of its own?"
        ),
        unit="standard deviations",
        truth=1.05,
        scale="ratio",
        options=("0.1", "1", "30", "1,500"),
        answer="1",
    ),
    Prediction(
        lesson="13",
        place=1,
        about="nats of one plain step",
        begins="One plain gradient step, learning rate 1",
        question=(
            "A language model is paid up to 5 million points: how many nats an answer does one plain "
            "gradient step with learning rate 1 move it, weighed by GAE in points?"
        ),
        unit="nats",
        truth=430,
        scale="ratio",
        options=("0.01", "1", "10", "400"),
        answer="400",
        within=(100, 1_000),
    ),
    Prediction(
        lesson="13",
        place=2,
        about="the end, to a critic that knows nothing",
        begins="Now ask a critic that has learned nothing",
        question=(
            "Ending a tale is truly worth 189 thousand points less than going on: by how much does GAE with"
            " lambda = 0.95 and a critic that says 0 to everything prefer the end, in thousand points?"
        ),
        unit="thousand points",
        truth=68,
        scale="difference",
        options=("-190", "-95", "0", "70"),
        answer="70",
    ),
    Prediction(
        lesson="13",
        place=3,
        about="best prize of three weights",
        begins="Three models learn with three weights",
        question=(
            "A language model learns with three different weights, and the prize is 5 million points at "
            "most: how many does the best of the three reach?"
        ),
        unit="million points",
        truth=4.96,
        scale="difference",
        options=("0.5", "2.5", "4", "5"),
        answer="5",
        within=(4.8, 5.0),
    ),
    Prediction(
        lesson="14",
        place=1,
        about="nats of jackpots alone",
        begins="A policy writes jackpots and nothing else",
        question=(
            "One answer in a thousand is a jackpot: how many nats from the reference is the nearest policy "
            "that writes nothing else?"
        ),
        unit="nats",
        truth=6.90,
        scale="ratio",
        options=("0.001", "0.7", "7", "1,000"),
        answer="7",
    ),
    Prediction(
        lesson="14",
        place=2,
        about="true prize of a fooled policy",
        begins="The reference has a true mean prize of 0.38 million",
        question=(
            "A policy starts at a true mean prize of 0.38 million points, of 5, and learns from a learned "
            "judge without a leash: what is its true prize after 150 updates, in million points?"
        ),
        unit="million points",
        truth=0.34,
        scale="ratio",
        options=("0.3", "1", "3", "5"),
        answer="0.3",
        within=(0.1, 5.0),
    ),
    Prediction(
        lesson="15",
        place=1,
        about="wrong programs that pass",
        begins="Somebody calls a program sound if its prize",
        question=(
            "Eight programs have a wrong line, and one is called sound if its prize is above 4.3 of 5 "
            "million points in most seeds: how many of the eight pass?"
        ),
        unit="programs",
        truth=7,
        scale="difference",
        options=("0", "2", "4", "7"),
        answer="7",
    ),
    Prediction(
        lesson="15",
        place=2,
        about="who is wrong at λ = 1",
        begins="Who is still wrong at $\\lambda = 1$?",
        question=(
            "Patient 4's sum runs through the padding, and patient 5's prize stands one row too late: who "
            "is still wrong at lambda = 1?"
        ),
        unit="",
        truth="0",
        scale="choice",
        options=("0: neither", "4: patient 4", "5: patient 5", "45: both"),
        answer="0: neither",
    ),
    Prediction(
        lesson="15",
        place=3,
        about="gradient of a loss of 0",
        begins="How long is the gradient of this loss",
        question=(
            "A policy's loss is 0 in every update, as centred advantages have the mean 0: how long is its "
            "gradient, on average over 40 updates?"
        ),
        unit="",
        truth=0.17,
        scale="ratio",
        options=("0", "0.001", "0.2", "10"),
        answer="0.2",
    ),
)
