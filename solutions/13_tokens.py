# %% [markdown]
# # 13. What about a language model?
#
# *About 60 minutes. You need lesson 8. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# This course began with a story: a language model writes an answer, a judge reads the whole of it, and pays once, at the end.
# Lessons 5 to 8 told it with a writer who could not read. His policy had a row of numbers for each place, and nothing that he
# had written changed what he wrote next. In this lesson the writer is a real language model. It is a tiny one, so that you can
# train it while you wait. Its language is tiny too, so that the exact value of every unfinished answer is known, as long as the model
# writes as it was first taught. The advantage of each token comes
# from *your* `gae` of lesson 8, and not a line of it changes.
#
# Afterwards you can
#
# - say which tokens of a padded batch were decisions, and what each of them is paid,
# - say what a young critic does to the decision to *stop*, and why,
# - train actor and critic of a language model together, and say what they bought and what it cost.

# %%
import numpy as np
import torch

from course import check, use, widgets
from course.language import ages, tales
from course.language.learning import Parts, Settings, examine, learn
from course.language.model import loss_floor, pretrain, reference, write
from course.language.signals import batch_of, push, stop_or_go
from course.plots import tokens as plots
from course.returns import gae, leave_one_out
from course.studies.tokens import critics as critic_runs
from course.studies.tokens import methods

# %% [markdown] slide="notes"
# `gae` and `leave_one_out` are the functions that you wrote in lessons 8 and 6, in the course's own words. Paste yours into a new
# cell here if you like: they fit.

# %% [markdown]
# ## Treasure tales
#
# Our language has 43 words. A text begins with a prompt, `<bos> pirate :`, and the model writes the answer: two to six
# sentences of one form, and then the token `<end>`. Here are three, written by a program:

# %%
texts = tales.corpus(4_000, seed=0)
paid = tales.rule(texts[:, tales.PROMPT :])
for text, score in zip(texts[:3], paid[:3], strict=True):
    print(f"{score:>9,.0f} points   {tales.decode(text)}")

# %% [markdown]
# The number in front is what the judge pays. He likes three of the twelve treasures, gold, crown and wand, and tells nobody. A
# finished answer without any of them earns 156,250 points, and each lucky word doubles that, five times at most. So a jackpot
# is 5 million points. An answer that is not finished after 50 tokens is cut off, and earns nothing. The judge pays *once*, for
# the last token.
#
# The texts themselves prefer no treasure. A model that has learned to write from them gets a lucky word in every fourth
# sentence on average, by chance.

# %% [markdown]
# ## A model that writes
#
# The model is a transformer with two layers and 109,035 weights. From the tokens so far it computes a row of 43 numbers, the
# *logits* of the next token, and a softmax makes probabilities of them: the policy of lesson 4, with one difference. The state
# is now the whole text so far, and the same weights serve every state. So what is learned in one place changes the others too.
#
# First it learns to write, by predicting each next token of the 4,000 texts. That takes about ten seconds.

# %% tags=["nbval-ignore-output"]
losses = [loss for _, loss in pretrain(seed=0)]

# %%
plots.pretraining(losses, floor=loss_floor())

# %% [markdown]
# A **nat** is the unit in which we count surprise: $-\log p$ of what happened. The dashed line is the entropy of the language,
# 1.162 nats a token. No model can predict new texts better on average, because adjectives, animals and treasures really are drawn
# at random. From here on we take the model that ships with the course. It was trained in the same way, and with it you start from
# where the numbers in the text started.

# %%
model = reference()
heroes = np.arange(20) % 4
batch = write(model, heroes, generator=torch.Generator().manual_seed(5))
scores = tales.rule(batch.tokens)
plots.prizes(scores)

# %% [markdown]
# Lesson 3 once more. Fifteen of the twenty answers earn less than a third of a million, two earn 1.25 million, and a jackpot of
# 5 million is not among them. The mean is 0.39 million, give or take 0.15. From twenty such numbers some five hundred tokens are to
# learn what each of them was worth.

# %% [markdown]
# ## Which tokens were decisions?
#
# Twenty answers of different lengths stand side by side in one array. So the shorter ones are filled up with `<pad>` after
# their `<end>`. A **mask** says which entries are real. The model decided on every token up to `<end>`, *and on `<end>` itself*:
# it could have gone on. It did not decide on padding. Nobody drew that.

# %% [markdown]
# ### Exercise 13.1: `answer_mask` (2 points, 5 minutes)
#
# Tokens have shape `[B, T]`. Return an array of the same shape that is True for every token of an answer: all up to the first
# `end` of the row, and that `end` with them. A row without `end` was cut off, and all of it counts.
#
# <details><summary>Hint 1</summary>A token counts if there was no <code>end</code> <em>before</em> it.</details>
# <details><summary>Hint 2</summary><code>(tokens == end).cumsum(axis=1)</code> counts the ends up to and with each place. How do
# you take away the place itself?</details>
# <details><summary>What you should see</summary>With end 2, the row 5, 2, 0, 0 gives True, True, False, False. The row 5, 6, 7,
# 8 gives four times True.</details>


# %% exercise="answer_mask"
def answer_mask(tokens, end):
    """True for each token of an answer, the first end included, [B, T]."""
    ### BEGIN SOLUTION
    is_end = tokens == end
    ends_before = is_end.cumsum(axis=1) - is_end
    return ends_before == 0
    ### END SOLUTION


# %% check="answer_mask"
check(answer_mask)

# %%
answer_mask = use(answer_mask)

# %%
mask = answer_mask(batch.tokens, tales.END)
plots.decisions(batch.tokens, mask, end=tales.END)

# %% [markdown]
# More than a third of the array is padding. Whoever trains on it trains the model on words that it never wrote; whoever leaves
# out `<end>` with it never teaches the model when to stop. The second has happened in programs that many people use (lesson 15).

# %% [markdown]
# ## What a token is paid
#
# The judge pays once. But if the prize were all, the model could win it with any string of lucky words, and forget its language.
# So we keep a copy of the model as it was, the **reference**, and every token pays a toll for leaving it:
#
# $$r_t = -\beta \left( \log \pi(a_t | s_t) - \log \pi_{\text{ref}}(a_t | s_t) \right), \qquad \text{plus the score at the last token}$$
#
# The difference in brackets says how many nats more likely the token has become. Summed over an answer, and averaged over many
# that the policy wrote, it is the Kullback-Leibler divergence of lesson 11: how far the policy has drifted. $\beta$ is a price,
# and it needs a unit: *points a nat*. Ours is 50,000, one hundredth of a jackpot. (A $\beta$ of 0.01 suits a judge whose scores
# are about 1. Here it would be a hundredth of a *point*: no toll at all.)
#
# Before the first update the two models are the same, every log-probability is equal, and nobody pays anything. The toll comes
# with the learning.

# %% [markdown]
# ### Exercise 13.2: `token_rewards` (3 points, 7 minutes)
#
# One answer of T tokens: `score` is one number, in points; `log_probs` and `ref_log_probs` are arrays `[T]`, in nats. Return
# the reward of each token, `[T]`: the toll everywhere, and the score added to the last.
#
# <details><summary>Hint 1</summary>The toll is one line for all tokens. A token that has become <em>more</em> likely pays.</details>
# <details><summary>Hint 2</summary>The last entry has the index <code>-1</code>, and <code>+=</code> changes it. Make sure that it is your
# own array that you change.</details>
# <details><summary>What you should see</summary>Score 10, log-probabilities -1 and -2, under the reference -1.5 and -2, beta 4:
# <code>[-2, 10]</code>.</details>


# %% exercise="token_rewards"
def token_rewards(score, log_probs, ref_log_probs, *, beta):
    """The toll for drift at every token, and the score at the last, [T]."""
    ### BEGIN SOLUTION
    rewards = -beta * (log_probs - ref_log_probs)
    rewards[-1] += score
    return rewards
    ### END SOLUTION


# %% check="token_rewards"
check(token_rewards)

# %%
token_rewards = use(token_rewards)

# %% [markdown]
# ## In points, everything dies
#
# Now the weights. You know them: the functions of lessons 5 to 8 take a record `e` of a batch, with rewards, values and flags,
# time first, `[T, N]`. A batch of answers is such a record. An answer's last token is `terminated`, and what stands after it is
# padding, of which nothing reaches the answer, because the sum in `gae` stops at `terminated`. A cut answer's last token is
# `terminated` too: unlike the clock of lesson 9 the limit of 50 tokens is part of the task, as the judge pays nothing beyond it.


# %%
def whole_score(e):
    """Lesson 5: every token gets all that its answer was paid."""
    return np.tile(e.rewards.sum(axis=0), (len(e.rewards), 1))


def minus_the_others(e):
    """Lesson 6: minus the mean of the other nineteen."""
    return np.tile(leave_one_out(e.rewards.sum(axis=0)), (len(e.rewards), 1))


def advantage(e, lam=0.95):
    """Lesson 8, unchanged."""
    return gae(e.rewards, e.values, e.next_values, e.terminated, e.truncated, gamma=1.0, lam=lam)


# %% [markdown]
# *Predict first.* One plain gradient step, learning rate 1, weights in points, as in lesson 5, where it killed the policy. How far
# does it move the model, in nats an answer? (1 nat: an answer has become 2.7 times as likely. 100 nats: it was as good as
# impossible before.) And does the critic help? Write your guess for the nats after one step with `advantage`.

# %%
guess = None


# %%
def one_step(weigh, unit):
    """The model after one plain step of size 1, its weights counted in units of so many points."""
    settings = Settings(updates=1, optimizer="sgd", lr=1.0, epochs=1, unit=unit)
    *_, step = learn(weigh, seed=0, settings=settings)
    return step.policy


weights = {"whole score": whole_score, "minus the others": minus_the_others, "GAE 0.95": advantage}
in_points = {name: one_step(weigh, 1) for name, weigh in weights.items()}
in_jackpots = {name: one_step(weigh, tales.TOP) for name, weigh in weights.items()}

# %% [markdown]
# How far is each of them from the model that it was? `examine` lets it write 100 new answers and adds up, token by token, the KL
# divergence between the two rows of probabilities.

# %% tags=["nbval-ignore-output"]
points = {name: examine(policy, answers=100).nats for name, policy in in_points.items()}
jackpots = {name: examine(policy, answers=100).nats for name, policy in in_jackpots.items()}
plots.one_step(points, jackpots, guess=guess)

# %% [markdown]
# Hundreds of nats after a single step, *with the critic too*. What do such models write, what are they paid, and how long is
# their next gradient?

# %% tags=["nbval-ignore-output"]
for name, policy in in_points.items():
    *_, step = learn(weights[name], seed=1, start=policy, settings=Settings(updates=1))
    text = tales.decode(step.answers.tokens[0])
    print(
        f"{name}: gradient {step.gradient_norm:g}, paid {step.scores.mean():g} points, writes {text[:30]} ..."
    )

# %% [markdown]
# The same word again and again, fifty times. It may even be a lucky one, but `<end>` never comes, so the judge pays nothing. And
# no further step will mend it: the softmax is saturated, all twenty answers are the same, and the gradient is exactly 0.
#
# What explodes is the size of the weights times the learning rate, as in lesson 5. The critic gives every token a *better*
# weight, and not a smaller unit. One division by 5 million does that, and then one step moves the model by about a hundredth of a nat or
# less. So from here on we count weights in jackpots.

# %% [markdown]
# ## The critic reads
#
# The critic is a second, smaller network. It reads the text word by word, and says before each token what it expects the answer
# to be paid. It has units of its own (lesson 10), so 5 million does not trouble it. Let it learn while the model stands still,
# from 100 batches of 20 answers, and keep a copy of it at four ages. That takes some ten seconds.

# %% tags=["nbval-ignore-output"]
critics = ages.critics(ages=(0, 1, 10, 100))

# %% [markdown]
# In this language we also know what it *should* say. The prize depends on the lucky words so far and on how the tale may go on,
# so the exact value is a small table. (It is exact for the program that wrote the texts, and our model is a close copy of that
# program.) The table's explained variance is the ceiling of lesson 6: nobody who reads can know more. We
# compare on 2,000 new answers, less those whose grammar is wrong: for them the table has no row.

# %% tags=["nbval-ignore-output"]
many = ages.possible_answers(2_000, seed=1)
exact = tales.exact_values(many.tokens)
values = {ages.counted(age): critic.values(many)[:, :-1] for age, critic in critics.items()}
plots.ceiling(tales.rule(many.tokens), many.mask, values, exact=exact)

# %% [markdown]
# The black line is the ceiling. Before the first word it is 0, because nothing is known yet; it climbs with every treasure; after the
# sixth sentence it is 1, because nothing can follow any more. Over all tokens together it is 0.40, and no critic can have more. A
# critic that has seen nothing, or one batch, explains next to nothing. After ten batches it explains 0.15, although its first words
# on an answer are worse than silence; after a hundred it explains 0.27. (A critic of another seed has other numbers, and the same
# ceiling.)

# %% [markdown]
# ## Who earned the prize?
#
# Here is one answer, token by token. Choose the weight, the critic's age and $\lambda$; go from token to token with the mouse or the
# arrow keys; swap a word and see how $V$ moves. Below the tokens stands a sum that you know from lesson 7: the surprises add up to
# $R - V(s_0)$, whatever the critic says.
#
# Three things to try. *TD error* with *exact V*: only the treasures have a number, and the places where the tale may stop. *TD
# error* with the critic of *0 batches*: the whole prize lies on `<end>`. Then *GAE* with *exact V*: turn $\lambda$ up from 0, and the
# news flows back to the words before it.

# %% tags=["nbval-ignore-output"]
widgets.who_earned_the_prize(gae)

# %% [markdown]
# With the whole score all tokens have one colour. So they do with the mean of the others taken away: a leave-one-out weight
# knows how good the *answer* was. Of these weights only those with a critic tell the crown from the bread.

# %% [markdown]
# ## To stop, or to go on?
#
# After two sentences the tale may end. Is it better to write `<end>` now, or to write `the` and go on? Each further sentence may
# bring a lucky word, so going on is better: on average it is worth 433,000 points and stopping 244,000. The advantage of `<end>`
# minus that of `the` is -189,000 points.
#
# *Predict first.* Now ask a critic that has learned nothing and says 0 to everything, with the usual $\lambda = 0.95$. What does
# it say about `<end>` against `the`, in thousand points? The truth is -189.

# %%
guess = None

# %% tags=["nbval-ignore-output"]
lams = [1.0, 0.95, 0.5, 0.0]
batches = {name: batch_of(many.tokens, each) for name, each in {**values, "exact": exact}.items()}
differences = {}
for name, e in batches.items():
    differences[name] = [stop_or_go(many.tokens, advantage(e, lam))[0] for lam in lams]
plots.stop_or_go(lams, differences, guess=guess)

# %% [markdown]
# *Plus* 68 thousand: it praises stopping, and it is wrong. No training was needed to see this: it is a mean over some 1,800
# answers of a model that stands still.
#
# The reason can be read off GAE's sum. With $V = 0$ all the news comes at the last token. `<end>` *is* the last token, so it gets
# the prize whole. `the` stands seven places before the next chance to end, and more often fourteen or more. So it gets at most
# $0.95^7 = 0.70$ of its prize, and mostly $0.95^{14} = 0.49$ or less. The prize is larger on average, but not by so much. At
# $\lambda = 1$ nothing is shrunk, and the sign is right with every critic. At 0.95 a single batch is enough to mend the sign,
# because the critic has then learned how much is paid *on average*, and what is shrunk is only the difference to that. For small
# $\lambda$ too the trained critic is near the truth.
#
# So a model that starts to learn with an untrained critic and $\lambda = 0.95$ or less is first of all praised for being brief.
# Yuan et al. (2025) met a relative of this in large models, whose critic began as a copy of the reward model. They call it *value
# initialisation bias*, and hold it responsible together with the shrinking of the prize by $\lambda$. At $\lambda = 0.95$ our
# model gets over it in a few batches, as the critic soon knows better; at 0.5 it takes much longer, as *Dig deeper* shows. The
# cure is cheap: let the critic learn before the actor moves. `learn` gives the critic one batch alone, if you do not say otherwise.

# %% [markdown]
# ## Turn the dial
#
# How sure is the direction that 20 answers give, and is it the right one? Take the part of the gradient that makes lucky words more
# likely: each treasure's score function (lesson 4) times its weight. Over many answers it has a mean, the *signal*, and a spread.
# The larger the signal is beside the noise of a batch, the fewer batches you need. And the mean itself tells the bias: whatever weight is
# unbiased has the same.

# %%
right, _ = push(many.tokens, advantage(batches["exact"], 0.0))


def dial(lam):
    found = {name: push(many.tokens, advantage(e, lam)) for name, e in batches.items()}
    return plots.dial(found, truth=right, answers=20)


# %% tags=["nbval-ignore-output"]
widgets.Explorer(dial, lam=widgets.slider("λ", 0.95, 0.0, 1.0, 0.05))

# %% [markdown]
# At $\lambda = 1$ every critic has the signal that is right, and all are unsure: 1.1 times the noise with the untrained
# one, which is the whole score again, and 1.8 times with the exact one. Turn it down. With the exact critic the direction gets
# surer, up to 3.8, and the signal stays where it was. With the untrained one it fades and is gone at 0. The critic of a hundred
# batches gets surer too, up to 4.5, and its signal moves: at 0 it is three tenths too strong, and that of its younger self, of ten
# batches, is a sixth too weak. That is bias. It is lesson 8's sentence again: *there is no best $\lambda$ apart from
# the critic and the batch.*

# %% [markdown]
# ## Actor and critic together
#
# All parts are there. `learn` writes 20 answers, lets the judge pay, asks your function for the weights, makes two steps of
# lesson 11's clipped loss, and lets the critic learn: 60 times. Two of its lines are yours: which tokens count, and what each of them
# is paid.
#
# *Predict first.* Three models learn with three weights: whole score, minus the others, `advantage` with $\lambda = 0.95$. How many
# million points do the answers earn at the end with the best of them? 5 is the most there is. (The learning takes some twenty
# seconds, and up to a minute on a busy laptop.)

# %%
guess = None

# %% tags=["nbval-ignore-output"]
parts = Parts(trained_tokens=answer_mask, token_rewards=token_rewards)
runs = {name: list(learn(weigh, seed=0, parts=parts)) for name, weigh in weights.items()}

# %% tags=["nbval-ignore-output"]
live = {}
shipped = {}
ten_seeds = methods()
for name, steps in runs.items():
    live[name] = ([step.scores.mean() for step in steps[1:]], [step.nats.mean() for step in steps[1:]])
    shipped[name] = (
        [run.prize for run in ten_seeds[name].values()],
        [run.nats for run in ten_seeds[name].values()],
    )
plots.learning(live, shipped, guess=guess)

# %% [markdown]
# Your three runs are the thick lines. Behind them stand ten seeds of each, which come with the course; the command that made them
# was `python -m course runs tokens`.
#
# **The prize does not tell the weights apart.** All thirty runs end above 4.8 million. What tells them apart is the picture at
# the right: how many nats of drift each of them paid for the same prize. In the median of ten seeds these are 30 with the whole
# score, 12.3 minus the others, and 11.0 with GAE. The whole score pushes every token of an answer, and most of these tokens have
# nothing to do with the prize. On average that push is nothing. In a batch of twenty it is noise, and the model drifts with it.
# To subtract the others' mean saves nats in every seed, and more than half of them in eight of ten. The critic saves a little
# more, in seven of ten.

# %% tags=["nbval-ignore-output"]
for name, steps in runs.items():
    exam = examine(steps[-1].policy)
    text = tales.decode(steps[-1].answers.tokens[0])
    print(
        f"{name}: {exam.prize / 1e6:.2f} million, {exam.nats:.1f} nats, grammar {exam.grammar:.0%}\n   {text}"
    )

# %% [markdown]
# This is an examination on 400 new answers. Grammar is the share of answers that are whole sentences of the language; it was 87 %
# before. It suffers in all three, because the judge does not pay for it, and it does not tell them apart either: 77, 74 and 78 % in
# the median of the ten seeds. Lesson 14 says what a nat *must* cost, and asks who judges the judge.
#
# One tiny task, one rule as a judge, one learning rate: this shows *how* the weights differ. It does not show who is right for a
# model of 32 billion weights. There the question is open. Ahmadian et al. (2024) found that leave-one-out is enough, without a
# critic; Yuan et al. (2025) found that a critic pays once the answers are long and the critic was trained beforehand. You have
# now seen one mechanism on each side.

# %% [markdown]
# ## Questions people asked
#
# The users of libraries that train language models have asked the same questions for years. Ten of them stand in
# [questions](../docs/questions.md), each with a number for an answer. Two can be answered with what is on this page.
#
# *Why is the score only on the last token? Would it not be better to share it over all of them?* Here is the push of lesson 5's
# shares, each token weighed by the shares still to come, beside that of the score at the end.

# %%
e = batches["exact"]
written = many.mask.T
shares = written * (e.rewards.sum(axis=0) / written.sum(axis=0))
to_come = np.cumsum(shares[::-1], axis=0)[::-1]
for name, each in {"at the last token": whole_score(e), "shared": to_come}.items():
    strength, spread = push(many.tokens, each)
    print(f"{name}: signal {strength:,.0f} points, {strength / spread * 20**0.5:.1f} times its noise")

# %% [markdown]
# The score at the last token does not mean that the last token gets the credit: every token is weighed by all that comes after it.
# Shared, half of the signal is lost, because a treasure near the end has few shares after it. And nothing is won.
#
# *Can the advantage be computed in several ways, GAE being one of them?* You have turned that dial. With an exact critic all of its
# places have the same mean, and differ in noise alone.

# %% [markdown]
# ## What to remember
#
# 1. An answer's tokens are the steps of an episode. `<end>` is one of them.
# 2. The score comes at the last token, the toll for drift at every token, and the toll has a unit: points a nat.
# 3. Lesson 8's `gae` gives every token its advantage. Padding needs nothing but `terminated` at the end.
# 4. An untrained critic praises stopping, at $\lambda = 0.95$ already. Let it learn before the actor does.
# 5. Prizes end alike. What differs is the drift that was paid for them.
#
# ## Think
#
# <details><summary>Why does the weight "minus the others" colour all tokens of an answer alike, although the gradient of each token
# is another?</summary>The weight is a number for the whole answer. The gradient multiplies it with each token's own score function. So
# it is right on average, and every irrelevant token adds noise.</details>
#
# <details><summary>A tale has two sentences and one lucky word, so stopping pays 312,500 points for certain. The model stops, and the
# exact critic is surprised, by less than nothing. Why?</summary>Before <code>&lt;end&gt;</code> the tale could still go on, and that is
# worth more. So V was higher than 312,500. Only after the sixth sentence is the end certain, and no surprise.</details>
#
# <details><summary>What would change if a cut answer were paid like a finished one?</summary>Then to go on would never lose a prize, and
# <code>&lt;end&gt;</code> would only give chances away. What speaks for it then is the toll alone: a seventh sentence is drift. Try it: give
# <code>learn</code> a <code>judge</code> of your own.</details>
#
# ## Further reading
#
# - Ouyang et al. (2022), [*Training language models to follow instructions with human feedback*](https://arxiv.org/abs/2203.02155).
# - Ahmadian et al. (2024), [*Back to basics*](https://arxiv.org/abs/2402.14740): leave-one-out is enough.
# - Yuan et al. (2025), [*What's behind PPO's collapse in long-CoT?*](https://arxiv.org/abs/2503.01491): value initialisation bias.
# - Kazemnejad et al. (2024), [*VinePPO*](https://arxiv.org/abs/2410.01679): how well do critics rank?
# - Huang et al. (2024), [*The N implementation details of RLHF with PPO*](https://iclr-blogposts.github.io/2024/blog/the-n-implementation-details-of-rlhf-with-ppo/).
#
# Next: [14. Who judges the judge?](14_reward_models.ipynb)

# %% [markdown]
# ## Dig deeper
#
# *About 3 minutes. Nothing later depends on it.*
#
# ### A cold critic and a small λ
#
# The wrong sign at `<end>` was measured on a model that stood still. Does it matter when the model learns? Here are five seeds of
# each that come with the course (`python -m course runs critics`). A *cold* critic begins with the actor and says 0 at first; a *warm* one
# has had 100 batches for itself.

# %%
sentences = {}
for name in ("GAE 0.95, cold", "GAE 0.5, cold", "GAE 0.5, warm"):
    sentences[name] = np.array([run.sentences for run in critic_runs()[name].values()])
plots.lengths(sentences, longest=tales.MOST)

# %% [markdown]
# With $\lambda = 0.5$ a single iteration on $V = 0$ brings the answers down from four sentences to little more than two, the
# shortest that the language has, in all five seeds. In none of them are they back at four for the next seven iterations. Four of
# the five have their jackpots in the end, later than the warm ones, and one has not: it ends at 2.55 million points. It is not
# that the cold critic learns nothing: it learns from short answers, and about long ones nobody has told it. With a warm critic
# the same $\lambda$ writes more than five sentences after four iterations at the latest. So does $\lambda = 0.95$ with the cold
# one.
#
# Warming up does not make a small $\lambda$ safe. At $\lambda = 0$ two of the five *warm* runs ended badly, one of them at 0.16
# million points: what such a model chases are the critic's own errors.
