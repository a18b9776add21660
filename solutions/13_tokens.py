# %% [markdown]
# # 13. What about a language model?
#
# *About 60 minutes. You need lesson 8. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# This course began with a story: a language model writes an answer, a judge reads the whole of it, and pays once, at the end.
# Lessons 5 to 8 told it with a writer who could not read. His policy had a row of numbers for each place, and nothing that he
# had written changed what he wrote next. In this lesson the writer is a real language model. It is a tiny one, so that you can
# train it while you wait, and so that the exact value of every unfinished answer is known. The advantage of each token comes
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
from course.language import tales
from course.language.critic import Critic
from course.language.learning import Settings, examine, learn
from course.language.model import loss_floor, pretrain, reference, write
from course.plots import tokens as plots
from course.returns import (
    gae,
    leave_one_out,
)  # or paste your own of lessons 6 and 8 into a cell below: they fit

# %% [markdown]
# ## Treasure tales
#
# Our language has 43 words. A text begins with a prompt, `<bos> pirate :`, and the model writes the answer: two to six
# sentences of one form, and then the token `<end>`. Here are three, written by a program:

# %%
texts = tales.corpus(4_000, seed=0)
answers = texts[:, tales.PROMPT :]
scores = tales.rule(answers)
for text, score in zip(texts[:3], scores, strict=False):
    print(f"{score:>9,.0f} points   {tales.decode(text)}")

# %% [markdown]
# The number in front is what the judge pays. He likes three of the twelve treasures, gold, crown and wand, and tells nobody. A
# finished answer without any of them earns 156,250 points, and each lucky word doubles that, five times at most. So a jackpot
# is 5 million points. An answer that is not finished after 50 tokens is cut off, and earns nothing. The judge pays *once*, for
# the last token.
#
# The texts themselves prefer no treasure. A model that has learned to write from them gets a lucky word in every fourth
# sentence, by chance.

# %% [markdown]
# ## A model that writes
#
# The model is a transformer with two layers and 109,035 weights. From the tokens so far it computes a row of 43 numbers, the
# *logits* of the next token, and a softmax makes probabilities of them: the policy of lesson 4, with one difference. The state
# is now the whole text so far, and the same weights serve every state. So what is learned in one place changes all the others.
#
# First it learns to write, by predicting each next token of the 4,000 texts. That takes about ten seconds.

# %% tags=["nbval-ignore-output"]
losses = [loss for _, loss in pretrain(seed=0)]

# %%
plots.pretraining(losses, floor=loss_floor())

# %% [markdown]
# A **nat** is the unit in which we count surprise: $-\log p$ of what happened. The dashed line is the entropy of the language,
# 1.162 nats a token. No model can predict better on average, because the treasures really are drawn at random. From here on we
# take the model that ships with the course. It was trained in the same way, and it gives your numbers the same start as those
# in the text.

# %%
model = reference()
heroes = np.arange(20) % 4
batch = write(model, heroes, generator=torch.Generator().manual_seed(5))
scores = tales.rule(batch.tokens)
plots.prizes(scores, batch.tokens)

# %% [markdown]
# Lesson 3 once more. Most answers earn next to nothing, one or two earn a million and more, and the mean of the twenty is as
# uncertain as it is large. And a single token still stands on 20 different lengths.

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

# %% [markdown]
# ## What a token is paid
#
# The judge pays once. But if the prize were all, the model could win it with any string of lucky words, and forget its language.
# So we keep a copy of the model as it was, the **reference**, and every token pays a toll for leaving it:
#
# $$r_t = -\beta \left( \log \pi(a_t | s_t) - \log \pi_{\text{ref}}(a_t | s_t) \right), \qquad \text{plus the score at the last token}$$
#
# The difference in brackets says how many nats more likely the token has become. Summed over an answer, and averaged over many,
# it is the Kullback-Leibler divergence of lesson 11: how far the policy has drifted. $\beta$ is a price, and it needs a unit:
# *points a nat*. Ours is 50,000, one hundredth of a jackpot. (A $\beta$ of 0.01, which many programs have as their default, would
# be a hundredth of a *point* here: no toll at all.)

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
# Now the weights. You know all five of them: the functions of lessons 5 to 8 take a record `e` of a batch, with rewards, values
# and flags, time first. A batch of answers is such a record. An answer's last token is `terminated`, and what stands after it
# is padding, which `gae` never looks at, because its sum stops at `terminated`.


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
# One plain gradient step, learning rate 1, weights in points, as lesson 5 did it. It killed that policy.
#
# *Predict first.* After one such step with the whole score the new model is some number of nats away from the old one, for an
# answer of some 25 tokens. (1 nat: a text has become 2.7 times as likely. 100 nats: it was as good as impossible.) Does the
# critic help? Write your guess for the nats after one step with `advantage`, as a power of ten: 2 for a hundred nats.

# %%
guess = None

# %% tags=["nbval-ignore-output"]
in_points = {}
for name, weigh in {
    "whole score": whole_score,
    "minus the others": minus_the_others,
    "GAE 0.95": advantage,
}.items():
    plain = Settings(updates=2, optimizer="sgd", lr=1.0, epochs=1, unit=1.0)
    in_points[name] = list(learn(weigh, seed=0, settings=plain))

# %%
plots.one_step(in_points, guess=guess)

# %% [markdown]
# (TO MEASURE: gradient norms and nats after one step.) All three are dead after a single step, *the critic's too*. From then on
# the gradient is exactly 0: the softmax is saturated, and nothing that is never written can be learned. Two of the dead models
# even write jackpots by chance, so the prize alone would not tell you.
#
# What explodes is the size of the weights times the learning rate, as in lesson 5. The critic gives every token a better
# weight, and not a smaller unit. So let us count in jackpots from here on: one division by 5 million.

# %% [markdown]
# ## The critic reads
#
# The critic is a second, smaller network. It reads the text word by word, and says before each token what it expects the answer
# to be paid. It has units of its own (lesson 10), so 5 million does not trouble it. Let it learn while the model stands still.
#
# In this language we know what it *should* say. The prize depends on the lucky words so far and on how the tale may go on, so
# the exact value is a small table. Its explained variance is the ceiling (lesson 6): nobody who reads can know more.

# %% tags=["nbval-ignore-output"]
critic = Critic(seed=0)
steps = list(learn(advantage, seed=0, settings=Settings(updates=1, warm_up=100), critic=critic))
explained = [step.explained_variance for step in steps]

# %%
many = write(model, np.arange(2_000) % 4, generator=torch.Generator().manual_seed(1))
exact = tales.exact_values(many.tokens)
learned = critic.values(many)[:, :-1]
plots.ceiling(tales.rule(many.tokens), exact, learned, many.mask, explained)

# %% [markdown]
# (TO MEASURE: explained variance of the exact V, of the critic.) The exact value explains 0.38 of the variance over all tokens,
# and no critic can explain more. Before the first word there is nothing to know: all answers look alike. Before `<end>`
# everything is known. The young critic is somewhere in between, and it grows.

# %% [markdown]
# ## Who earned the prize?
#
# Here is one answer, token by token. Choose the weight, the critic's age, $\lambda$. Swap a word and see how $V$ moves. Below the
# tokens stands a sum that you know from lesson 7: the surprises add up to $R - V(s_0)$, whatever the critic says.

# %%
widgets.who_earned_the_prize(gae)

# %% [markdown]
# With the whole score all tokens have one colour. So they do with the mean of the others taken away: a leave-one-out weight
# knows how good the *answer* was. Only the critic tells the crown from the bread.

# %% [markdown]
# ## To stop, or to go on?
#
# After two sentences the tale may end. Is it better to write `<end>` now, or to go on? Going on is better: each further
# sentence may bring a lucky word. The exact advantage of `<end>` minus that of `the` is about -190,000 points.
#
# Now ask a critic that has learned nothing, and says 0 to everything, with the usual $\lambda = 0.95$.
#
# *Predict first.* What does it say about `<end>` against `the` after two sentences, in thousand points? The truth is -190.

# %%
guess = None

# %%
stopping = plots.stop_or_go(advantage, model, ages=[0, 1, 10, 100], lams=[1.0, 0.95, 0.5, 0.0])
plots.stop_or_go_figure(stopping, guess=guess)

# %% [markdown]
# (TO MEASURE.) *Plus* 73 thousand: it praises stopping, and it is wrong. No training was needed to see this, and no luck: it is
# the mean over 2,000 answers of a model that stands still.
#
# The reason can be read off GAE's sum. With $V = 0$ all the news comes at the last token. The token `<end>` *is* the last token,
# so it gets the prize whole. The token `the` stands at least eight places before it, and gets $0.95^8 = 0.66$ of a prize that
# is larger, but not larger by half. At $\lambda = 1$ nothing is shrunk, and the sign is right with every critic. After a hundred
# batches it is right at 0.95 too, because the critic has taken over: the news then comes at the lucky words.
#
# So a model that starts to learn with an untrained critic learns first of all to be brief. The literature knows this as *value
# initialisation bias* (Yuan et al. 2025). The cure is cheap: let the critic learn alone for a while, before the actor moves.

# %% [markdown]
# ## Turn the dial
#
# How sure is the direction that 20 answers give, and is it the right one? Take the part of the gradient that makes lucky words
# more likely. Over many batches it has a mean, the *signal*, and a spread. The larger their ratio, the fewer answers you need.
# The mean itself tells the bias: with unbiased weights it is the same for all.

# %%
dial = plots.dial(model, {"untrained": Critic(seed=0), "100 batches": critic, "exact": None}, advantage)
widgets.Explorer(dial, lam=widgets.slider("λ", 0.95, 0.0, 1.0, 0.05))

# %% [markdown]
# (TO MEASURE.) With the trained critic, smaller $\lambda$ makes the direction surer, and takes away a little of the signal. With
# an untrained one there is no signal left at $\lambda = 0$: noise would be all that the model learns. It is lesson 8's sentence
# again: *there is no best $\lambda$ apart from the critic.*

# %% [markdown]
# ## Actor and critic together
#
# All parts are there. `learn` writes 20 answers, judges them, asks your function for the weights, makes two steps of lesson 11's
# clipped loss, and lets the critic learn: 60 times.
#
# *Predict first.* Which of the three weights brings the highest prize after 60 iterations, and by how much? Write the prize of the
# best in million points, of 5.

# %%
guess = None

# %% tags=["nbval-ignore-output"]
live = {}
for name, weigh in {"minus the others": minus_the_others, "GAE 0.95": advantage}.items():
    live[name] = list(learn(weigh, seed=0))

# %%
plots.learning(live, guess=guess)

# %% [markdown]
# (TO MEASURE, 10 seeds shipped.) All of them earn nearly five million. **The prize does not tell the weights apart.** What tells
# them apart is the right-hand picture: how many nats of drift each of them paid for the same prize. The whole score pushes every
# token of a good answer, and most of these tokens have nothing to do with the prize. That push is drift. Leave-one-out pays
# much less, and the critic a little less than that. Lesson 14 says what a nat *must* cost, and what all this means for the judge.

# %%
for name, steps in live.items():
    exam = examine(steps[-1].policy)
    text = tales.decode(steps[-1].answers.tokens[0])
    print(
        f"{name}: {exam.prize / 1e6:.2f} million, {exam.nats:.1f} nats, grammar {exam.grammar:.0%}\n   {text}"
    )

# %% [markdown]
# One tiny task, one rule as a judge, one learning rate: this shows *how* the weights differ. It does not show who is right for a
# model of 32 billion weights. There the question is open. Ahmadian et al. (2024) found that $\lambda = 1$ without a critic is
# enough; Yuan et al. (2025) found that a critic pays once the answers are long and the critic was trained beforehand. You have
# now seen the mechanism behind both.

# %% [markdown]
# ## Questions people asked
#
# The users of such programs have asked the same questions for years. Three of them, with a number for an answer; seven more
# stand in [questions](../docs/questions.md).
#
# - *Why is the score only on the last token?* (H4: from docs/questions.md, with a cell)

# %%
plots.questions()

# %% [markdown]
# ## What to remember
#
# 1. An answer's tokens are the steps of an episode. `<end>` is one of them.
# 2. The score comes at the last token, the toll for drift at every token, and the toll has a unit: points a nat.
# 3. Lesson 8's `gae` gives every token its advantage. Padding needs nothing but `terminated` at the end.
# 4. An untrained critic with a small $\lambda$ praises stopping. Let it learn before the actor does.
# 5. Prizes end alike. What differs is the drift that was paid for them.
#
# ## Think
#
# <details><summary>Why does the weight "minus the others" colour all tokens of an answer alike, although the gradient of each token
# is another?</summary>The weight is a number for the whole answer. The gradient multiplies it with each token's own score function. So
# it is right on average, and every irrelevant token adds noise.</details>
#
# <details><summary>The exact value before `<end>` is the prize itself. Why is the surprise at `<end>` not 0 then?</summary>Before
# <code>&lt;end&gt;</code> the tale could still go on, and that is worth something too. Only after the sixth sentence is the end certain.</details>
#
# <details><summary>What would change if a cut answer were paid like a finished one?</summary>Then it would never pay to stop. Try it: give
# <code>learn</code> a <code>judge</code> of your own.</details>
#
# ## Further reading
#
# - Ouyang et al. (2022), *Training language models to follow instructions with human feedback*. <https://arxiv.org/abs/2203.02155>
# - Ahmadian et al. (2024), *Back to basics*: leave-one-out is enough. <https://arxiv.org/abs/2402.14740>
# - Yuan et al. (2025), *What's behind PPO's collapse in long-CoT?*: value initialisation bias. <https://arxiv.org/abs/2503.01491>
# - Kazemnejad et al. (2024), *VinePPO*: how well do critics rank? <https://arxiv.org/abs/2410.01679>
# - Huang et al. (2024), *The N implementation details of RLHF with PPO*.
#   <https://iclr-blogposts.github.io/2024/blog/the-n-implementation-details-of-rlhf-with-ppo/>
#
# Next: [14. Who judges the judge?](14_reward_models.ipynb)

# %% [markdown]
# ## Dig deeper
#
# *About 10 minutes. Nothing later depends on it.*
#
# ### A cold critic and a small λ
#
# The sign at `<end>` was measured on a model that stood still. Does it matter when the model learns? Here are the runs that ship
# with the course: four positions of the dial, each with a critic that starts with the actor and with one that has had a hundred
# batches for itself.

# %%
plots.cold_and_warm()

# %% [markdown]
# (TO MEASURE from the study: cold critics at lambda 0.5 and 0 write shorter answers for a long time; warm ones do not.)
