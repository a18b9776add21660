# %% [markdown]
# # 14. Who judges the judge?
#
# *About 60 minutes. You need lesson 13. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# Lesson 13 ended with a riddle. Whatever weight the tokens got, the model earned nearly five million points, and only the drift
# that it paid for them differed. So what *should* a prize cost? And there is a second gap. The judge of lesson 13 was a rule that we
# had written down. Nobody can write down what makes an answer a good one. What people can do is to say which of two answers they
# like better. From such pairs one trains a network, the *reward model*, and that network becomes the judge.
#
# Afterwards you can
#
# - say what a prize must cost in nats, and how much of what a run paid was necessary,
# - train a judge from preferences, and see how a policy fools it,
# - write the advantage of a group, and say what a critic adds to it and what it does not.

# %%
import numpy as np

from course import check, use, widgets
from course.language import frontier, tales
from course.language.judges import LearnedJudge, pool, preferences
from course.language.learning import Settings, learn, own_chances
from course.language.model import reference
from course.plots import reward_models as plots
from course.returns import leave_one_out
from course.studies import tokens as studies

# %% [markdown]
# ## What must a jackpot cost?
#
# A nat of drift is a factor of $e$: how much more likely the policy has made its answers than the reference did. Of the ideal
# writer's answers one in a thousand is a jackpot, to be exact a share of 0.00101.
#
# *Predict first.* A policy writes jackpots and nothing else, and drifts no further than it has to. How many nats away from the
# reference is it?

# %%
guess = None

# %%
nats, prizes = frontier.frontier()
plots.frontier(nats, prizes, guess=guess)

# %% [markdown]
# $\log(1 / 0.00101) = 6.9$ nats. That is the right end of the curve. Why can it not be cheaper? Whoever always writes jackpots has
# made the event "a jackpot" $1 / 0.00101$ times as likely, and the divergence of two policies is at least that of any event that
# they can be told apart by. And why not dearer? Because one policy pays exactly that: the reference, with all answers but the
# jackpots thrown away.
#
# Between the ends the cheapest policy *tilts* the reference. It makes each answer more likely the more it is paid:
#
# $$\pi^*(\text{answer}) \propto \pi_{\text{ref}}(\text{answer}) \; e^{R / \beta}$$
#
# So for every mean prize there is a least number of nats. That is the **frontier**, and no policy lies above it. In most tasks
# nobody knows the frontier. In ours six numbers are enough, because the prize depends only on how many lucky words there are.

# %% [markdown]
# ## The leash
#
# The $\beta$ in the exponent is lesson 13's price, in points a nat. A policy that maximises prize minus $\beta$ times drift ends
# exactly on the frontier, at the place where one more nat buys $\beta$ points. Move it, and watch which answers the best policy writes.


# %%
def leash(thousand_points_a_nat):
    return plots.leash(beta=1_000 * thousand_points_a_nat)


widgets.Explorer(
    leash,
    thousand_points_a_nat=widgets.choice("β (thousand points a nat)", [5_000, 1_000, 500, 200, 50], 500),
)

# %% [markdown]
# At 5 million points a nat the policy hardly moves. At 50 thousand, the price of lesson 13, it pays 6.9 nats and writes jackpots. One
# number decides, and it has a unit. The same 0.01 means something else for a score between 0 and 1, and for one between 0 and 5
# million: it is lesson 2's story, in another place.

# %% [markdown]
# ## What the runs paid
#
# Here are the weights of lesson 13 with the learned critic, 10 seeds each, 60 iterations. Every dot is one trained policy. The
# frontier is that of the reference itself: its own chances of lucky words, counted in 32,000 answers.

# %%
chances = own_chances(reference(), answers=32_000)
methods = studies.methods()
plots.runs(methods, chances)

# %% [markdown]
# The **necessary share** is the cheapest nats for the prize that a run got, divided by the nats that it paid. (TO MEASURE: share of each
# line, 10 seeds.) No dot lies above the curve: where one did, we looked for a bug.

# %%
plots.necessary_share(methods)

# %% [markdown]
# What did the other nats buy? Nothing that the judge pays for. They are the push on tokens that had nothing to do with the prize:
# the animal, the verb, the grammar. So that is what the advantage bought in this task: not a higher prize, and not a quicker
# one, but a model that still speaks its language.

# %% [markdown]
# ## A judge who learned
#
# Now the judge. Somebody reads two answers and says which is better. Bradley and Terry (1952) turned such verdicts into scores. Each
# answer has a score $s$, and the chance that the first is preferred is
#
# $$P(\text{first is preferred}) = \sigma(s_1 - s_2), \qquad \sigma(x) = \frac{1}{1 + e^{-x}}$$
#
# Only the difference counts. So a learned score has no zero and no unit: that is lesson 1 again.

# %% [markdown]
# ### Exercise 14.1: `preference_loss` (3 points, 7 minutes)
#
# `chosen` and `rejected` are tensors `[B]`, the scores of the two answers of each pair. Return the mean of
# $-\log \sigma(\text{chosen} - \text{rejected})$, a tensor of no dimensions. The gradient flows into both. It must stay finite where
# the difference is 10,000, either way.
#
# <details><summary>Hint 1</summary>What is the sigmoid of -1,000 in 32 bits, and the logarithm of that?</details>
# <details><summary>Hint 2</summary><code>torch.nn.functional</code> has <code>logsigmoid</code>, which never takes the logarithm of 0.</details>
# <details><summary>What you should see</summary>Equal scores cost log 2 = 0.693. A lead of 2 costs 0.127, a lag of 2 costs 2.127.</details>


# %% exercise="preference_loss"
def preference_loss(chosen, rejected):
    """Bradley and Terry's loss: mean of -log sigmoid(chosen - rejected)."""
    ### BEGIN SOLUTION
    from torch.nn.functional import logsigmoid

    return -logsigmoid(chosen - rejected).mean()
    ### END SOLUTION


# %% check="preference_loss"
check(preference_loss)

# %%
preference_loss = use(preference_loss)

# %% [markdown]
# The rule of lesson 13 plays the reader, so that we know the truth. It compares 200 pairs of answers that the reference has written. A
# fifth of these answers are cut ones, without an end, and they lose every comparison. A small recurrent network learns from the pairs.

# %% tags=["nbval-ignore-output"]
answers = pool(reference(), 4_000, seed=0, cut=0.2)
chosen, rejected = preferences(answers[:2_000], 200, seed=0)
held_chosen, held_rejected = preferences(answers[2_000:], 1_000, seed=1)
judge = LearnedJudge(seed=0)
judge.learn(chosen, rejected, loss=preference_loss)

# %%
accuracy = judge.accuracy(held_chosen, held_rejected)
print(f"of 1,000 pairs that it has not seen it judges {accuracy:.1%} as the rule does")

# %% [markdown]
# (TO MEASURE.) That looks like a judge whom one can trust.

# %% [markdown]
# ## The judge is fooled
#
# So we let the policy learn from *him*. Scores are counted in his own standard deviations, there is no leash, and the weight is
# leave-one-out. Beside what he believes we keep the books of the truth.
#
# *Predict first.* After 150 iterations, what is the *true* mean prize, in million points of 5?

# %%
guess = None

# %% tags=["nbval-ignore-output"]


def minus_the_others(e):
    """Lesson 6: minus the mean of the other nineteen."""
    return np.tile(leave_one_out(e.rewards.sum(axis=0)), (len(e.rewards), 1))


free = Settings(updates=150, critic=False, unit=1.0, beta=0.0, lr=3e-4)
fooled = list(learn(minus_the_others, seed=0, judge=judge, settings=free))

# %%
plots.fooled(fooled, guess=guess)

# %%
for step in (fooled[0], fooled[40], fooled[-1]):
    text = step.answers.tokens[0]
    print(
        f"true {tales.rule([text])[0] / 1e6:.2f} million, believed {judge([text])[0]:.1f}: {tales.decode(text)}"
    )

# %% [markdown]
# (TO MEASURE.) At first true and believed prize rise together. Then the believed one goes on rising, and the true one turns down. This is
# **Goodhart's law**: when a measure becomes a target, it ceases to be a good measure. The policy has left the answers that the judge was
# trained on, and out there he is wrong: he was never asked.
#
# Is it always so? Ten seeds, and other judges:

# %%
plots.judges(studies.fooled())

# %% [markdown]
# (TO MEASURE, from the study.)
#
# - With 200 pairs, a fifth of the pool cut: turned down in 8 of 10 seeds.
# - *A better judge was fooled sooner.* Where no cut answer is in the pool, 1,000 pairs give an accuracy of 100 %, and the true prize is
#   near 0 at the end in all seeds: the policy writes lucky words to the limit, and never an end. He had never seen an answer without one.
# - Accuracy on held-out pairs says how good he is on answers *like those*. The policy looks for the others.
# - A leash holds the policy where the judge can see. With one tenth of his standard deviation a nat nothing collapses.

# %% [markdown]
# ## Without a critic
#
# A critic is a second network, with a learning rate, a memory, and moods of its own. Can one do without? Leave-one-out does: an answer is
# compared with the others of its batch. DeepSeek's GRPO takes the answers to *one* prompt, a **group**, and also divides by the group's
# standard deviation.

# %% [markdown]
# ### Exercise 14.2: `group_advantages` (2 points, 5 minutes)
#
# `scores` has shape `[G]`: the scores of one prompt's answers. Return (score - mean) / standard deviation, `[G]`, with the
# population's standard deviation. If all scores are equal, nobody was better than the others: return zeros. Fewer than two answers are
# no group: raise a `ValueError`.
#
# <details><summary>Hint 1</summary>numpy's <code>std</code> is the population's already.</details>
# <details><summary>Hint 2</summary>Ask for equal scores before you divide: <code>if spread == 0</code>.</details>
# <details><summary>What you should see</summary>Scores 1, 1, 4: <code>[-0.707, -0.707, 1.414]</code>.</details>


# %% exercise="group_advantages"
def group_advantages(scores):
    """Each score in standard deviations from the group's mean, [G]."""
    ### BEGIN SOLUTION
    if len(scores) < 2:
        raise ValueError(f"scores must hold at least two answers, got {len(scores)}")
    spread = np.std(scores)
    if spread == 0:
        return np.zeros(len(scores))
    return (scores - np.mean(scores)) / spread
    ### END SOLUTION


# %% check="group_advantages"
check(group_advantages)

# %%
group_advantages = use(group_advantages)

# %% [markdown]
# Does it matter that the mean contains the own score? Leave-one-out is $n / (n - 1)$ times score minus mean: the same direction, a little
# longer. The division by the spread is another matter. It changes the *unit* from batch to batch. If nineteen of twenty answers are
# perfect, the one that is not gets -4.4, however little it missed.
#
# And there is a trap. If the prize is divided and the toll is not, the exchange rate between points and nats changes with every batch: that is
# another $\beta$. So here both are divided ("matched"), and beside it you see the unmatched one.

# %%
scores = np.append(np.full(19, 5.0), 2.5)
print(group_advantages(scores).round(2)[[0, -1]], leave_one_out(scores).round(2)[[0, -1]])

# %%
plots.table(studies.methods(), groups=True)

# %% [markdown]
# (TO MEASURE: the table of methods, 10 seeds: prize, nats, necessary share, grammar, sentences, signal-to-noise.) What separates the
# methods, said plainly:
#
# - The prize separates nothing.
# - The whole score pays two to three times the nats of everything that is centred.
# - Leave-one-out and the matched group are alike. The critic is ahead of both by a little: (TO MEASURE) of 10 seeds.
# - The unmatched group ruins the language. That is its toll and not its baseline.
#
# Where the critic does *not* win: leave-one-out was quicker over the first twenty iterations, it needs no second network, and it takes two
# thirds of the time. And this task is kind to it: twenty answers a batch, 25 tokens an answer.

# %% [markdown]
# ## Two sides
#
# | who | what they found | what our toy can show of it | what it cannot |
# | --- | --- | --- | --- |
# | Ahmadian et al. (2024), RLOO | no critic, $\lambda = 1$: as good or better, for preferences | leave-one-out is nearly as good here, too | whether it stays so for long answers |
# | Yuan et al. (2025), VC-PPO | critics fail by a bad start and by $\lambda < 1$; trained beforehand they win | lesson 13's wrong sign at `<end>`, and its cure | gains in mathematics |
# | Yue et al. (2025), VAPO | $\lambda$ should grow with the answer's length | the factor $\lambda^{n-t}$ in lesson 13 | that it is worth it |
# | Kazemnejad et al. (2024), VinePPO | critics of large models hardly rank steps better than chance | the ceiling, and a critic below it | why theirs are so poor |
#
# Nothing here says who is right at 32 billion weights. The mechanisms are the same. Which of them is the strongest depends on the length of
# the answers, on the critic's training and on the price of another sample.

# %% [markdown]
# ## What to remember
#
# 1. Drift has a price, and for every prize there is a least one. Ask what share of the nats was necessary.
# 2. $\beta$ has a unit: points a nat. Divide the score, and you have changed $\beta$.
# 3. A reward model learns differences. It has no zero, no unit, and no opinion on answers unlike those it saw.
# 4. A policy looks for the answers on which the judge is wrong. Accuracy on held-out pairs does not see them.
# 5. Centring does most of the work. A critic adds credit for each token, and costs a network.
#
# ## Think
#
# <details><summary>A colleague reports a policy that earns 4.9 million for 5 nats. What do you say?</summary>That lies above the frontier (6.6
# nats). So the reference is another one, the KL is not summed over the whole answer, or it was estimated from too few answers.</details>
#
# <details><summary>Why was the better judge fooled sooner?</summary>He was surer that more lucky words are better, and he had never seen an answer
# that does not end. A poor judge gives a weak push in every direction, that one as well.</details>
#
# <details><summary>All twenty answers of a group are right. What does each of these weights say?</summary>Leave-one-out and the group: 0 for all. The
# critic: what each token did, measured against what was expected at that place.</details>
#
# ## Further reading
#
# - Bradley and Terry (1952), *Rank analysis of incomplete block designs*. <https://doi.org/10.2307/2334029>
# - Gao et al. (2022), *Scaling laws for reward model overoptimization*. <https://arxiv.org/abs/2210.10760>
# - Shao et al. (2024), *DeepSeekMath*: GRPO. <https://arxiv.org/abs/2402.03300>
# - Liu et al. (2025), *Understanding R1-Zero-like training*: why no division by the spread. <https://arxiv.org/abs/2503.20783>
# - Ahmadian et al. (2024), *Back to basics*. <https://arxiv.org/abs/2402.14740>
# - Yue et al. (2025), *VAPO*. <https://arxiv.org/abs/2504.05118>
#
# Next: [15. Which line is wrong?](15_clinic.ipynb)

# %% [markdown]
# ## Dig deeper
#
# *About 8 minutes. Nothing later depends on it.*
#
# ### Best of n
#
# There is a way to a better prize without any training: write $n$ answers and keep the best. What it pays is known exactly, too.

# %%
plots.best_of([1, 4, 16, 64, 256, 1_024])

# %% [markdown]
# Best of 64 has 1.96 million for 2.9 nats (TO CHECK; the frontier: 2.9 million? compute), and is always a little below the frontier. Its drift
# grows with the logarithm of $n$, so each further nat costs $e$ times as many answers.
