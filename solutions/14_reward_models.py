# %% [markdown]
# # 14. Who judges the judge?
#
# *About 50 minutes. You need lesson 13. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# Lesson 13 ended with a riddle. Whatever weight the tokens got, the model earned nearly five million points, and only the
# drift that it paid for them differed. So what *should* a prize cost? And there is a second question. The judge of lesson 13
# was a rule that we had written down. For most answers nobody can write down what makes them good. What people can do is
# to say which of two answers they like better. From such pairs one trains a network, the *reward model*, and that network
# becomes the judge.
#
# Afterwards you can
#
# - say what a prize must cost in nats, and how much of what a run paid was necessary,
# - train a judge from preferences, and see how a policy fools it,
# - write the advantage of a group, and say what a critic adds to it and what it does not.

# %%
import numpy as np
import torch

from course import check, use, widgets
from course.language import frontier, tales
from course.language.judges import LearnedJudge, pool, preferences
from course.language.learning import Settings, drift_by_place, learn
from course.language.model import reference
from course.plots import reward_models as plots
from course.returns import leave_one_out
from course.studies import tokens as studies
from course.worlds.writer import WEIGHTS

# %% [markdown]
# ## What must a jackpot cost?
#
# Drift is counted in nats, and a nat is a factor of $e$: how much likelier an answer is now than it was under the reference.
# Let the reference be an ideal writer, the program that wrote lesson 13's texts. Of its answers one in a thousand is a
# jackpot; to be exact, a share of 0.00101.
#
# *Predict first.* A policy writes jackpots and nothing else, and drifts no further than it has to. How many nats away from
# the reference is it?

# %%
guess = None

# %%
nats, prizes = frontier.frontier()
plots.frontier(nats, prizes, guess=guess)

# %% [markdown]
# $\log(1 / 0.00101) = 6.9$ nats: there the curve reaches 5 million. Why can it not be cheaper? Whoever always writes jackpots
# has made the event "a jackpot" $1 / 0.00101$ times as likely, and two policies are never nearer to each other, in nats,
# than their chances of one event are. And why need it not be dearer? Because one policy pays exactly that: the reference,
# with all answers but the jackpots thrown away.
#
# Between the ends, the cheapest policy *tilts* the reference. It multiplies each chance by a factor that grows with the prize:
#
# $$\pi^*(\text{answer}) \propto \pi_{\text{ref}}(\text{answer}) \; e^{R / \beta}$$
#
# So for every mean prize there is a least number of nats. These least costs are the **frontier**, and no policy lies above
# it. In most tasks nobody knows the frontier. In ours the chances of 0 to 5 lucky words are enough, because the prize
# depends on nothing else.

# %% [markdown]
# ## The leash
#
# The $\beta$ in the exponent is lesson 13's price, in points a nat. A policy that makes the most of prize minus $\beta$ times
# drift ends exactly on the frontier, at the place where one more nat buys $\beta$ points. Move $\beta$, and watch which
# answers the best policy writes.


# %%
def leash(thousand_points_a_nat):
    return plots.leash(beta=1_000 * thousand_points_a_nat)


widgets.Explorer(
    leash,
    thousand_points_a_nat=widgets.choice("β (thousand points a nat)", [5_000, 1_000, 500, 200, 50], 500),
)

# %% [markdown]
# At 5 million points a nat the policy hardly moves. At 50 thousand, the price of lesson 13, it pays 6.9 nats and writes
# jackpots. One number decides, and it has a unit. A $\beta$ of 0.01 means one thing for a score between 0 and 1, and another
# for a score between 0 and 5 million: that is lesson 2's story, in another place.

# %% [markdown]
# ## What the runs paid
#
# Here are five weights of lesson 13, three of them with a learned critic, and 10 seeds of each. (They were trained for 60
# updates before you came; `help(studies)` gives the command.) Every dot is one policy. The curve is now that of the reference
# network itself, with its own chances of lucky words. The runs began from three such networks, and the three curves reach 5
# million between 6.6 and 6.8 nats.

# %%
methods = studies.methods()
weights = {}
for name in ("whole score", "minus the others", "R - V", "TD error", "GAE 0.95"):
    weights[name] = methods[name]

own_nats, own_prizes = frontier.frontier(studies.chances(0))
plots.frontier(own_nats, own_prizes, runs=weights)

# %% [markdown]
# No dot lies above the curve: where one did, we would look for a bug. The **necessary share** of a run is the cheapest nats
# for the prize that it got, divided by the nats that it paid.

# %%
for name, seeds in weights.items():
    shares = [run.exam.share for run in seeds.values()]
    paid = [run.exam.nats for run in seeds.values()]
    print(f"{name:17} {np.median(paid):5.1f} nats paid, necessary {np.median(shares):.0%}")

# %% [markdown]
# The whole score paid 30.3 nats for what costs about 6.5: a fifth of them was necessary. GAE paid 11.0, and 59 % of them were
# necessary. What did the other nats buy? Train two of them again, and see at which places of a sentence they were paid:

# %% tags=["nbval-ignore-output"]
paid_at = {}
for name in ("whole score", "minus the others"):
    for step in learn(WEIGHTS[name], seed=3, settings=Settings(critic=False)):
        policy = step.policy
    paid_at[name] = drift_by_place(policy)

print("nats paid at", *paid_at, sep="   ")
for place in tales.PLACES:
    whole, others = (paid_at[name][place] for name in paid_at)
    print(f"{place:12} {whole:11.2f} {others:18.2f}")

# %% [markdown]
# At the treasures, and where an answer goes on instead of ending, the two are not far apart: 11.3 and 8.9 nats. At
# adjectives, animals and verbs, which no judge pays for, the whole score paid 22.3 nats, and the other 1.5. So that is
# what subtracting the others' mean bought in this task: not a higher prize, but the same prize without drifting where
# nothing was to be gained.
#
# Two rows of the table before it tell a second story. $R - V$ and $\delta$ (the TD error) ask a critic, and pay *more* than
# the mean of the others, which asks nobody. A young critic is no gift by itself. Besides, $R$ is here the whole reward of an
# answer, with the tolls of words that were written before. Only what is *still to come*, minus $V$, is GAE at $\lambda = 1$,
# which pays 14.6 nats in lesson 13's runs of five seeds.

# %% [markdown]
# ## A judge who learned
#
# Now the judge. Somebody reads two answers and says which is better. Bradley and Terry (1952) turned such verdicts into
# scores. Each answer has a score $s$, and the chance that the first is preferred is
#
# $$P(\text{first is preferred}) = \sigma(s_1 - s_2), \qquad \sigma(x) = \frac{1}{1 + e^{-x}}$$
#
# Only the difference counts. So a learned score has no zero, and its unit is not that of a prize: a difference says how sure
# the reader is, and not how much more he would pay. A reader who never errs, like ours below, leaves even that unit open:
# once all pairs are in the right order, the loss falls with every stretching of the scores. So we shall count in standard
# deviations: that is lesson 1 again.

# %% [markdown]
# ### Exercise 14.1: `preference_loss` (3 points, 7 minutes)
#
# `chosen` and `rejected` are tensors `[B]`, the scores of the two answers of each pair. Return the mean of $-\log
# \sigma(\text{chosen} - \text{rejected})$, a tensor of no dimensions. The gradient flows into both. It must stay finite where
# the difference is 10,000, either way.
#
# <details><summary>Hint 1</summary>What is the sigmoid of -1,000 in 32 bits, and the logarithm of that?</details>
# <details><summary>Hint 2</summary><code>torch.nn.functional</code> has <code>logsigmoid</code>, which never takes the
# logarithm of 0.</details>
# <details><summary>What you should see</summary>Equal scores cost log 2 = 0.693. A lead of 2 costs 0.127, a lag of 2 costs
# 2.127.</details>


# %% exercise="preference_loss"
def preference_loss(chosen, rejected):
    """Bradley and Terry's loss: mean of -log sigmoid(chosen - rejected)."""
    ### BEGIN SOLUTION
    return -torch.nn.functional.logsigmoid(chosen - rejected).mean()
    ### END SOLUTION


# %% check="preference_loss"
check(preference_loss)

# %%
preference_loss = use(preference_loss)

# %% [markdown]
# The rule of lesson 13 plays the reader, so that we know the truth. It compares 50 pairs of answers out of a pool that
# the reference has written. A fifth of the pool has no end: we strung the words of several answers together up to the
# limit. These lose to any answer that has one. From the pairs a small recurrent network, which reads word by word, learns
# a score.

# %% tags=["nbval-ignore-output"]
answers = pool(reference(), 2_000, seed=59, cut=0.2)
chosen, rejected = preferences(answers[:1_000], 50, seed=9)
judge = LearnedJudge(seed=9)
judge.learn(chosen, rejected, loss=preference_loss)

new_answers = answers[1_000:]
new_chosen, new_rejected = preferences(new_answers, 1_000, seed=1_009)
accuracy = judge.accuracy(new_chosen, new_rejected)
print(f"of 1,000 pairs that he has not seen he judges {accuracy:.1%} as the rule does")

# %%
plots.believed(new_answers, judge(new_answers))

# %% [markdown]
# He is right in 77 % of new pairs; a coin would be right in 50. And from left to right, the more an answer is worth, the
# higher his mean score. He is no expert, but he seems to have got the idea.

# %% [markdown]
# ## The judge is fooled
#
# So let the policy learn from *him*. His scores are counted in his own standard deviations, there is no leash, and the weight
# is leave-one-out. Beside what he believes we keep the books of the truth.
#
# *Predict first.* The reference has a true mean prize of 0.38 million points, of 5. What will the policy have after 150
# updates, in million points?

# %%
guess = None


# %% tags=["nbval-ignore-output"]
def minus_the_others(e):
    """Lesson 6: what each answer was paid, minus the mean of the other nineteen."""
    return np.tile(leave_one_out(e.rewards.sum(axis=0)), (len(e.rewards), 1))


no_leash = Settings(updates=150, critic=False, unit=1.0, beta=0.0, lr=3e-4)
steps = list(learn(minus_the_others, seed=9, judge=judge, settings=no_leash))

# %%
believers = studies.fooled()
plots.fooled(steps, others=believers["50 pairs, cut"], guess=guess)

# %% [markdown]
# To the right stands the root of the drift. Follow the thick line, your run, to its large dot. (On another processor it may
# end elsewhere, as 150 updates magnify a rounding; one of the thin lines is ours.) At first belief and truth rise together,
# up to 2.8 million. Then the judge goes on being pleased, and the true prize falls to 0.34 million, below where it began.
# This is **Goodhart's law**, in the words of Marilyn Strathern: when a measure becomes a target, it ceases to be a good
# measure. Here is what pleases him:

# %% tags=["nbval-ignore-output"]
for step in (steps[0], steps[15], steps[-1]):
    text = step.answers.tokens[:1]
    true = tales.rule(text)[0] / 1e6
    print(f"believed {judge(text)[0]:.2f}, true {true:.2f} million: {tales.decode(text[0])}")

# %% [markdown]
# Look at his picture once more. What he knows best is whether an answer has an end. Two lucky words get 0.85 from him and
# five get 1.01, almost the same, because answers with five hardly ever stood among his pairs. The policy looks for what
# pleases him, and finds answers unlike all that he has read. Out there he is wrong, as none of his pairs had told
# him anything about it.
#
# We took this seed because it shows the turn so clearly. The thin lines are ten seeds, each with a judge of its own. In all
# ten the belief rises. In five of them the true prize of the last ten updates lies more than a tenth below the best ten.

# %% [markdown]
# ## How many pairs?
#
# Would a judge who has read more be safer? On the left, thick lines are medians. On the right, every dot is a judge: how good
# he looked on new pairs, and what the policy that learned from him was truly paid in the end. "Cut" says that a fifth of his
# pool was cut off, "leash" that a nat of drift costs a tenth of his standard deviation.

# %%
kinds = {}
for name in (
    "50 pairs, cut",
    "200 pairs, cut",
    "1000 pairs, cut",
    "50 pairs, cut, leash",
    "50 pairs",
    "200 pairs",
):
    kinds[name] = believers[name]
plots.judges(kinds)

# %%
print("new pairs right, true prize and whole sentences at the end (medians of 400 new answers a policy)")
for name, seeds in kinds.items():
    right = np.median([run.accuracy for run in seeds.values()])
    true = np.median([run.exam.prize for run in seeds.values()]) / 1e6
    spoken = np.median([run.exam.grammar for run in seeds.values()])
    print(f"{name:21} {right:.0%}   {true:.2f} million   {spoken:.0%}")

# %% [markdown]
# - *More pairs, more truth.* The policies end at 1.5, 3.9 and 4.8 million (medians) for judges of 50, 200 and 1,000 pairs.
#   With 200, the last ten updates still lie more than a tenth below the best ten in six of ten seeds.
# - *How good he looks does not tell*, on new pairs out of his own pool. Judges of 50 pairs without cut answers are right
#   in 84 % of new pairs, and their policies end at 4.8 million; judges of 200 pairs with cut answers are right in 98 %,
#   and theirs end at 3.9. One judge of 200 pairs who had read no cut answers was right in 98 % too. His policy ceased to
#   write an end, and earned next to nothing: the cross at the bottom right.
# - *Nobody watches the language.* The rule does not read the grammar, so no pair could teach it to the judge. Without a
#   leash, fewer than one answer in ten is still made of whole sentences in 33 of the 40 policies (those of 1,000 pairs
#   without cut answers are among them).
# - *A leash holds, and makes nobody wiser.* With it, at least 86 % of the answers stay whole sentences in all ten seeds. But
#   the true prize stays at 0.53 million: near the reference, this judge has little to teach. A judge of 200 pairs
#   brings his policy to 1.2 million on the same leash.

# %% [markdown]
# ## Without a critic
#
# A critic is a second network, with a learning rate, a memory, and moods of its own. Can one do without? Leave-one-out does:
# an answer is compared with the others of its batch. GRPO, an algorithm of DeepSeek's, takes the answers to *one* prompt, a
# **group**, and also divides by the group's standard deviation.

# %% [markdown]
# ### Exercise 14.2: `group_advantages` (2 points, 5 minutes)
#
# `scores` has shape `[G]`: the scores of one prompt's answers. Return (score - mean) / standard deviation, `[G]`, with the
# population's standard deviation. If all scores are equal, nobody was better than the others: return zeros. Fewer than two
# answers are no group: raise a `ValueError`.
#
# <details><summary>Hint 1</summary>numpy's <code>std</code> is the population's already.</details>
# <details><summary>Hint 2</summary>Ask whether the largest score is the smallest before you divide. The computed spread of
# equal scores need not be 0: for three times 0.1 it is 1e-17.</details>
# <details><summary>What you should see</summary>Scores 1, 1, 4: <code>[-0.707, -0.707, 1.414]</code>.</details>


# %% exercise="group_advantages"
def group_advantages(scores):
    """Each score in standard deviations from the group's mean, [G]."""
    ### BEGIN SOLUTION
    if len(scores) < 2:
        raise ValueError(f"scores must hold at least two answers, got {len(scores)}")
    if np.max(scores) == np.min(scores):
        return np.zeros(len(scores))
    return (scores - np.mean(scores)) / np.std(scores)
    ### END SOLUTION


# %% check="group_advantages"
check(group_advantages)

# %%
group_advantages = use(group_advantages)

# %% [markdown]
# Does it matter that the mean contains an answer's own score? Leave-one-out is $n / (n - 1)$ times score minus mean: the same
# direction, a little longer. The division by the spread is another matter. It changes the *unit* from batch to batch. If
# nineteen of twenty answers are perfect, the one that is not gets -4.4, however little it missed. Leave-one-out says how
# much that was:

# %%
scores = np.append(np.full(19, 5.0), 2.5)
print(group_advantages(scores).round(2)[[0, -1]], leave_one_out(scores).round(2)[[0, -1]])

# %% [markdown]
# And there is a trap. If the prize is divided and the toll is not, the exchange rate between points and nats changes with
# every batch: that is another $\beta$. So "groups" centres and divides the sum of both, and "groups, prize only" shows what
# happens to a toll that is left outside.
#
# The last panel asks how clearly a batch of 20 answers points towards lucky words, before any training: the mean of its push
# over its standard deviation. (A critic has learned from 100 batches there.)

# %%
signal = studies.signal()
critics = {
    "R - V": "GAE 1, 100 batches",
    "TD error": "GAE 0, 100 batches",
    "GAE 0.95": "GAE 0.95, 100 batches",
}
clearness = {}
for name in methods:
    measured = signal.get(critics.get(name, name), {})
    clearness[name] = [ratio for ratio, _, _ in measured.values()]

plots.compared(methods, snr=clearness)

# %% [markdown]
# What separates them, said plainly (medians of 10 seeds, 60 updates):
#
# - The prize separates nothing: all lie between 4.90 and 4.93 million.
# - The whole score pays 30.3 nats, leave-one-out 12.3, the group 11.7, GAE 11.0. Centring saves most of them.
# - GAE pays less than leave-one-out in 7 of 10 seeds, and less than the group in 8. That is a small lead. What it has
#   over both is that none of the ten goes astray: in its worst one 69 % of the answers are whole sentences, against 39 %
#   and 0 %.
# - A critic alone is not enough: $R - V$ pays 17.4 nats and $\delta$ 16.0.
# - The group's batches point more clearly than those of leave-one-out, 5.2 against 1.4. In nats there is nothing to be seen
#   of it: their necessary shares are both 54 %.
# - "Prize only" pays 123 nats, and writes no whole sentence in any seed. Its toll is at most 25 thousand points a nat, not
#   50, and no mean is subtracted from it.
#
# And where the critic does *not* win: leave-one-out has 2.52 million over the first ten updates, where GAE has 2.29. It needs
# no second network, and six tenths of the time. And this task is kind to it: twenty answers a batch, short ones, one task,
# one learning rate for all.

# %% [markdown]
# ## Two sides
#
# | who | what they found | what our toy can show of it | what it cannot |
# | --- | --- | --- | --- |
# | Ahmadian et al. (2024), RLOO | no critic, $\lambda = 1$: as good or better, for preferences | leave-one-out is nearly as good here, too | whether it stays so for long answers |
# | Yuan et al. (2025), VC-PPO | critics fail by a bad start and by $\lambda < 1$; trained beforehand, and on targets with $\lambda = 1$, they win | lesson 13's wrong sign at `<end>`, and its cure | gains in mathematics |
# | Yue et al. (2025), VAPO | $\lambda$ should grow with the answer's length | the factor $\lambda^{n-t}$ in lesson 13 | that it is worth it |
# | Kazemnejad et al. (2024), VinePPO | critics of large models hardly rank steps better than chance | the ceiling, and a critic below it | why theirs are so poor |
#
# Nothing here says who is right at 32 billion weights. We expect the same mechanisms there. Which of them is the
# strongest may well depend on the length of the answers, on the critic's training and on the price of another sample.

# %% [markdown]
# ## What to remember
#
# 1. Drift has a price, and for every prize there is a least one. Ask what share of the nats was necessary.
# 2. $\beta$ has a unit: points a nat. Divide the score, and you have changed $\beta$.
# 3. A reward model learns differences. It has no zero, not the unit of your prize, and no experience of answers unlike
#    those it saw.
# 4. A policy looks for the answers on which the judge is wrong. Accuracy on held-out pairs does not see them.
# 5. Centring does most of the work. A critic adds credit for each token, and costs a network.
#
# Eleven lines of such programs have become famous for being wrong, or for looking so. Some of them cost everything, some
# nothing, and most leave the prize as it was. Can you tell them apart? [Lesson 15](15_clinic.ipynb).

# %% [markdown]
# ## Think
#
# <details><summary>A colleague reports a policy that earns 4.9 million for 5 nats. What do you say?</summary>That lies
# above the frontier (6.6 nats for the ideal writer). Look whether the reference is another one, whether the KL was summed
# over the whole answer, and from how many answers it was estimated.</details>
#
# <details><summary>A judge is right in 98 % of new pairs. How can a policy fool him?</summary>New pairs are answers of the
# reference, like the old ones. The policy is free to write others, and it is paid for finding those that he
# overrates.</details>
#
# <details><summary>All twenty answers of a group are right. What does each weight say?</summary>Leave-one-out and the group:
# 0 for all. The critic: what each token did, measured against what was expected at that place.</details>

# %% [markdown]
# ## Further reading
#
# - Bradley and Terry (1952), [*Rank analysis of incomplete block designs*](https://doi.org/10.2307/2334029).
# - Gao et al. (2022), [*Scaling laws for reward model overoptimization*](https://arxiv.org/abs/2210.10760).
# - Shao et al. (2024), [*DeepSeekMath*](https://arxiv.org/abs/2402.03300): GRPO.
# - Liu et al. (2025), [*Understanding R1-Zero-like training*](https://arxiv.org/abs/2503.20783): why no division by the spread.
# - Ahmadian et al. (2024), [*Back to basics*](https://arxiv.org/abs/2402.14740).
# - Yuan et al. (2025), [*What's behind PPO's collapse in long-CoT?*](https://arxiv.org/abs/2503.01491): VC-PPO.
# - Yue et al. (2025), [*VAPO*](https://arxiv.org/abs/2504.05118).
# - Kazemnejad et al. (2024), [*VinePPO*](https://arxiv.org/abs/2410.01679).

# %% [markdown]
# ## Dig deeper
#
# *About 2 minutes. Nothing later depends on it.*
#
# ### Best of n
#
# There is a way to a better prize without any training: write $n$ answers and keep the best. What it pays is known exactly,
# too.

# %%
best = {}
for n in (1, 4, 16, 64, 256, 1_024):
    best[n] = frontier.best_of(n)
plots.frontier(nats, prizes, best_of=best)

# %% [markdown]
# Best of 64 has 1.96 million for 2.98 nats; the cheapest policy has 2.91 million for as many. And each further nat costs
# nearly $e$ times as many answers, as the drift grows with the logarithm of $n$.
