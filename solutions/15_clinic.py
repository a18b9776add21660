# %% [markdown]
# # 15. Which line is wrong?
#
# *About 60 minutes. You need lesson 13. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# In lesson 14 a judge was fooled, and his accuracy looked splendid. Code fools its author in the same way: it runs, the loss
# falls, the prize goes up, and a line is wrong. All the faults of this lesson are famous. Each stood in a program that many people used,
# some of them for years, and further reading says where. Each patient here is the loop of lesson 13 with *one* line changed. You
# look for the cheapest measurement that gives the line away, and then you mend it. Two patients are different: for one of them the
# suspect is innocent, and the other one is not ill at all.
#
# Afterwards you can
#
# - tell ten faults apart by a number that costs less than a second,
# - say what each of them costs, which is sometimes nothing,
# - audit a loss that somebody else has written.

# %%
import numpy as np
import torch

from course import check, widgets
from course.language import clinic
from course.language.audit import audit
from course.language.tokens import answer_mask
from course.plots import clinic as plots

# %% [markdown]
# ## The waiting room
#
# Here are all the patients that can be run in the language of lesson 13, five seeds each, 40 iterations, beside the healthy loop.
#
# *Predict first.* A program is called sound if its prize is above 4.3 million in most of its seeds. How many of the faulty ones pass?

# %%
guess = None

# %%
cases = clinic.table()
plots.waiting_room(cases, guess=guess)

# %% [markdown]
# (TO MEASURE.) Most of them pass. **The prize alone finds next to nothing.** A policy gradient is robust: whatever is still right in it
# goes on pushing the right way. So you will not find a fault by waiting. You find it by a number whose right value you know
# *beforehand*: a 0, a 1, a sign.

# %% [markdown]
# ## The instruments
#
# Each of these takes one batch of twenty answers, and no training.
#
# | instrument | what it reads | healthy |
# | --- | --- | --- |
# | audit | written tokens without a gradient, padding with one | none, none |
# | log-ratio | the largest difference between the sampler's log-probability and the loss's, before the first step | 0 |
# | toll | the sign of (sum of rewards - score) times drift | minus |
# | last gap | $A - (r - V)$ at each answer's last token | 0 |
# | padding | how much $A$ moves when ten rows of padding are added | 0 |
# | λ = 1 | whether the gap is still there at $\lambda = 1$ | |
# | first tokens | how many different ones a group of twenty has | several |
# | critic's gradient | after the critic's own loss, and after the policy's | some, none |
#
# Choose a patient and an instrument, and see what it reads on that patient, on a healthy program, and on the patient's *neighbour*, the one
# that is most easily taken for it. An instrument is worth its price if it tells all three apart.


# %%
def examine(patient, instrument):
    return plots.reading(patient, instrument)


widgets.Explorer(
    examine,
    patient=widgets.choice("patient", clinic.PATIENTS, clinic.PATIENTS[0]),
    instrument=widgets.choice("instrument", clinic.INSTRUMENTS, clinic.INSTRUMENTS[0]),
)

# %% [markdown]
# ## Patient 1: lengths that swing
#
# The answers get longer for some iterations, and then they collapse to a sentence and a half. Prizes are all over the place. The
# line that says which tokens the loss counts:
#
# ```python
# counted = answer_mask(tokens, end) & (tokens != end)
# ```
#
# Somebody thought: `<end>` is no word, so it needs no training.

# %%
print(clinic.audit_of("trained_tokens"))

# %% [markdown]
# Twenty answers, twenty decisions to stop, and not one of them is learned from. Whether to stop is still decided, by weights that other
# tokens push about. What it costs: (TO MEASURE).

# %% [markdown]
# ### Exercise 15.1: `trained_tokens` (1 point, 2 minutes)
#
# Which tokens does the loss count? Bool, `[B, T]`, from tokens `[B, T]`; your `answer_mask` of lesson 13 is at hand.
#
# <details><summary>Hint</summary>Which tokens did the model decide on?</details>


# %% exercise="trained_tokens"
def trained_tokens(tokens, end):
    """Which tokens the loss counts, [B, T]."""
    ### BEGIN SOLUTION
    return answer_mask(tokens, end)
    ### END SOLUTION


# %% check="trained_tokens"
check(trained_tokens)

# %% [markdown]
# ## Patient 2: better in the log than at the examination
#
# The model samples at temperature 0.7, so that its answers are neat. The log shows 4.97 million. Examined afterwards it earns less. The line:
#
# ```python
# log_probs = torch.log_softmax(logits, dim=-1)  # of the tokens that were drawn
# ```

# %%
print(clinic.read("token_log_probs", "log-ratio"))

# %% [markdown]
# Before the first step the policy that learns and the policy that wrote are one and the same. So the ratio of lesson 11 must be exactly
# 1, and its logarithm 0. Here it is not: a token was drawn by one policy, and another one is credited with it.

# %% [markdown]
# ### Exercise 15.2: `token_log_probs` (1 point, 3 minutes)
#
# Log-probability of each token, `[B, T]`, from logits `[B, T, V]` and tokens `[B, T]`, under the policy that drew them at `temperature`.
#
# <details><summary>Hint</summary>The sampler divided the logits by the temperature, before the softmax.
# <code>gather(-1, tokens[..., None])</code> takes the tokens' own.</details>


# %% exercise="token_log_probs"
def token_log_probs(logits, tokens, *, temperature):
    """Log-probabilities of the tokens under the policy that drew them, [B, T]."""
    ### BEGIN SOLUTION
    log_probs = torch.log_softmax(logits / temperature, dim=-1)
    return log_probs.gather(-1, tokens[..., None])[..., 0]
    ### END SOLUTION


# %% check="token_log_probs"
check(token_log_probs)

# %% [markdown]
# ## Patient 3: the larger β, the larger the drift
#
# The leash was drawn tighter, and the model ran away faster. The line:
#
# ```python
# toll = beta * (log_probs - ref_log_probs)
# ```

# %%
print(clinic.read("kl_penalty", "toll"))

# %% [markdown]
# ### Exercise 15.3: `kl_penalty` (1 point, 2 minutes)
#
# The toll of each token of one answer, `[T]`, in points: negative where a token has become more likely than under the reference.
#
# <details><summary>Hint</summary>Lesson 13, the formula of the reward.</details>


# %% exercise="kl_penalty"
def kl_penalty(log_probs, ref_log_probs, *, beta):
    """What each token pays for drift, [T]."""
    ### BEGIN SOLUTION
    return -beta * (log_probs - ref_log_probs)
    ### END SOLUTION


# %% check="kl_penalty"
check(kl_penalty)

# %% [markdown]
# ## Patients 4 and 5: twins
#
# Two programs give the last token of an answer a wrong advantage. At the last token nothing follows, so $A = r - V$ there, whatever
# $\lambda$ is. In both it is not. One says of every answer that it ends where the *array* ends:
#
# ```python
# ended[-1] = True
# ```
#
# The other one has the number of tokens where it wants the last one's row, and rows are counted from 0:
#
# ```python
# last = mask.sum(axis=1)
# ```
#
# *Predict first.* Which of the two is still wrong at $\lambda = 1$? Write 4, 5, or 45 for both.

# %%
guess = None

# %%
plots.twins(clinic.twins(), guess=guess)

# %% [markdown]
# (TO MEASURE.) Patient 4's sum runs through the padding, and picks up what the critic says about it. So the advantage of an answer depends on
# how long the *other* answers of its batch are. Patient 5 pays one row late. At $\lambda = 1$ it makes no difference at which row a reward
# stands, as long as it is not before the token; at 0.95 it shrinks by a twentieth, for all tokens alike. So it costs: (TO MEASURE) nothing
# that we could measure.

# %% [markdown]
# ### Exercise 15.4: `ended_rows` (1 point, 3 minutes)
#
# Flags for `gae`, time first: bool `[rows, B]`, True where an answer ends. `last` `[B]` is the row of each answer's last token.
#
# <details><summary>Hint</summary>Compare <code>np.arange(rows)[:, None]</code> with <code>last</code>.</details>


# %% exercise="ended_rows"
def ended_rows(last, rows):
    """True where an answer ends, [rows, B]."""
    ### BEGIN SOLUTION
    return np.arange(rows)[:, None] == last
    ### END SOLUTION


# %% check="ended_rows"
check(ended_rows)

# %% [markdown]
# ### Exercise 15.5: `last_rows` (1 point, 2 minutes)
#
# The row of each answer's last real token, whole numbers `[B]`, from the mask `[B, T]`.
#
# <details><summary>Hint</summary>An answer of one token has its last token in row 0.</details>


# %% exercise="last_rows"
def last_rows(mask):
    """The row of each answer's last real token, [B]."""
    ### BEGIN SOLUTION
    return mask.sum(axis=1) - 1
    ### END SOLUTION


# %% check="last_rows"
check(last_rows)

# %% [markdown]
# ## Patient 6: a critic that never learned
#
# The critic's loss falls a little, and its explained variance is 0.00 after every batch, for ever. The model learns all the same. The line:
#
# ```python
# loss = 0.5 * (values.detach() - targets)[mask].square().mean()
# ```

# %%
print(clinic.read("critic_loss", "critic's gradient"))

# %% [markdown]
# Why does its loss fall at all? Because of the units. They follow the targets' mean and spread (lesson 10), so the critic's constant
# answer follows the mean: it has become a running average, and a baseline of a kind. That is why nobody noticed. What it costs: (TO MEASURE)
# twice the nats.

# %% [markdown]
# ### Exercise 15.6: `critic_loss` (1 point, 3 minutes)
#
# Half the mean squared error over the elements where `mask` is True; tensors `[B, T]`, the result has no dimensions. A gradient
# flows into the values, and none into the targets.
#
# <details><summary>Hint</summary>Which of the two is data?</details>


# %% exercise="critic_loss"
def critic_loss(values, targets, mask):
    """Half the mean squared error where the mask is True."""
    ### BEGIN SOLUTION
    errors = (values - targets.detach())[mask.bool()]
    return 0.5 * errors.square().mean()
    ### END SOLUTION


# %% check="critic_loss"
check(critic_loss)

# %% [markdown]
# ## Patient 7: a slice that looks wrong
#
# The critic reads prompt and answer, and gives one output after each token: `[B, L]`. The program takes the values of an answer of
# `length` tokens like this, and somebody has opened an issue: *off by one!*
#
# ```python
# values = outputs[:, -length - 1 : -1]
# ```

# %%
plots.slices(clinic.slices())

# %% [markdown]
# The value *before* the answer's first token is the output after the prompt's last. The value before its last token is the last output
# but one. And the last output comes after the last token, where nothing is left to decide. The suspect is innocent. The same report was
# really filed, and really closed.

# %% [markdown]
# ### Exercise 15.7: `values_before` (1 point, 2 minutes)
#
# Return what the program should return: V before each token of the answer, `[B, length]`, from outputs `[B, L]`.
#
# <details><summary>Hint</summary>An innocent line needs no mending.</details>


# %% exercise="values_before"
def values_before(outputs, length):
    """V before each token of the answer, [B, length]."""
    ### BEGIN SOLUTION
    return outputs[:, -length - 1 : -1]
    ### END SOLUTION


# %% check="values_before"
check(values_before)

# %% [markdown]
# ## Patient 8: the loss is 0
#
# The program prints `loss 0.0000` at the first step of every batch. A reviewer has written: *it does not learn.*
#
# ```python
# loss = -(ratio * advantages).mean()  # ratio = exp(log_probs - old_log_probs)
# ```
#
# *Predict first.* The advantages are centred, the ratio is 1. How large is the gradient's norm, if the log-probabilities' own gradient is of
# the order of 1: 0, or about 0.1, or about 1?

# %%
guess = None

# %%
plots.nothing_to_see(clinic.nothing_to_see(), guess=guess)

# %% [markdown]
# (TO MEASURE.) It is not ill. Its *value* is minus the mean advantage, and centred advantages have the mean 0. Its *gradient* is the policy gradient of
# lesson 4. The value of this loss never says anything. Look at the prize, the drift, the explained variance.

# %% [markdown]
# ### Exercise 15.8: `surrogate_loss` (1 point, 3 minutes)
#
# Return the loss as it should be, a tensor of no dimensions: minus the mean of ratio times advantage. A gradient flows into
# `log_probs` only.
#
# <details><summary>Hint</summary>Nothing is to be mended. But which two of the three arguments are data?</details>


# %% exercise="surrogate_loss"
def surrogate_loss(log_probs, old_log_probs, advantages):
    """Minus the mean of ratio times advantage."""
    ### BEGIN SOLUTION
    ratio = (log_probs - old_log_probs.detach()).exp()
    return -(ratio * advantages.detach()).mean()
    ### END SOLUTION


# %% check="surrogate_loss"
check(surrogate_loss)

# %% [markdown]
# ## Patient 9: advantages that learn
#
# The critic moves while the *actor* takes its step. The line:
#
# ```python
# ratio = (log_probs - old_log_probs).exp()
# loss = -torch.minimum(ratio * advantages, clipped * advantages)[mask].sum() / divisor
# ```

# %%
print(clinic.read("token_loss", "critic's gradient"))

# %% [markdown]
# The advantages were computed from the critic's values, and nobody cut the graph. So the actor's loss teaches the critic to make good tokens look
# better. What it costs: (TO MEASURE) nothing measurable with two optimizers, each of which clears its gradients; with one joint optimizer: (TO MEASURE).

# %% [markdown]
# ### Exercise 15.9: `token_loss` (1 point, 4 minutes)
#
# PPO's clipped loss over the tokens that count: minus the sum of the minimum of ratio x A and clipped ratio x A where `mask` is True, divided by
# `divisor`. Tensors `[B, T]`; a gradient flows into `log_probs` only.
#
# <details><summary>Hint</summary>Take the masked elements first: in the padding a ratio may be infinite, and infinity times 0 is no number.</details>


# %% exercise="token_loss"
def token_loss(log_probs, old_log_probs, advantages, mask, *, clip, divisor):
    """Minus the sum of PPO's clipped minimum where the mask is True, over a constant."""
    ### BEGIN SOLUTION
    counted = mask.bool()
    weights = advantages.detach()[counted]
    ratio = (log_probs - old_log_probs.detach())[counted].exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return -torch.minimum(ratio * weights, clipped * weights).sum() / divisor
    ### END SOLUTION


# %% check="token_loss"
check(token_loss)

# %% [markdown]
# ## Patient 10: all begin alike
#
# Twenty answers to one prompt, and all of them begin with the same word. The line draws the first token once and copies it:
#
# ```python
# first = (draws[0] >= chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
# ```
#
# In our language every answer begins with `the`, so the patient has no symptom. In a language whose sentences begin with the treasure it could have
# one. With leave-one-out the advantages of a group add up to 0. If all of them meet in one token, they cancel: the first token's gradient is exactly 0.

# %%
print(clinic.read("first_tokens", "first tokens"))

# %% [markdown]
# What it costs even there: (TO MEASURE) nothing measurable, because what the other places learn serves the first one too. They share their weights.

# %% [markdown]
# ### Exercise 15.10: `first_tokens` (1 point, 4 minutes)
#
# Draw one token for each answer, whole numbers `[B]`. `chances` `[B, V]` are each answer's own, `draws` `[B]` are uniform numbers from 0 up to 1. Token $k$ is
# drawn where the draw lies between the sum of the chances before $k$ and the sum with $k$'s own.
#
# <details><summary>Hint</summary>Count the upper ends that a draw has reached, without the last. <code>draws[:, None]</code> stands beside a row of them.</details>


# %% exercise="first_tokens"
def first_tokens(chances, draws):
    """One token for each answer, [B]."""
    ### BEGIN SOLUTION
    upto = chances.cumsum(axis=1)[:, :-1]
    return (draws[:, None] >= upto).sum(axis=1)
    ### END SOLUTION


# %% check="first_tokens"
check(first_tokens)

# %% [markdown]
# ## Patient 11: an old acquaintance
#
# The last patient balances a pole. It is CartPole with lesson 11's loop and this line, which you know from lesson 9:
#
# ```python
# worth = np.where(terminated | truncated, 0.0, next_values)
# ```

# %%
plots.cartpole(clinic.cartpole())

# %% [markdown]
# (TO MEASURE from shipped runs of lesson 11, "no bootstrap".) A game that is stopped after 500 steps counts as lost.

# %% [markdown]
# ### Exercise 15.11: `next_worth` (1 point, 2 minutes)
#
# What the state that a step reached is worth, `[T]` or `[T, N]`: 0 where the task is over, else its value.
#
# <details><summary>Hint</summary>Which flag says that the task is over?</details>


# %% exercise="next_worth"
def next_worth(next_values, terminated, truncated):
    """What the state reached is worth."""
    ### BEGIN SOLUTION
    return np.where(terminated, 0.0, next_values)
    ### END SOLUTION


# %% check="next_worth"
check(next_worth)

# %% [markdown]
# ## What each of them cost
#
# Here is the whole table. The column *cost* is measured against the healthy loop, over five seeds.

# %%
plots.costs(cases)

# %% [markdown]
# ## Your own code
#
# The instrument that you can take home is `audit`. It takes any loss over tokens, yours or a library's, and says which written tokens get no gradient,
# which padding gets some, and which data are being trained.

# %%
help(audit)

# %% [markdown]
# ## What to remember
#
# 1. The prize finds next to nothing. Measure a number whose right value you know beforehand.
# 2. Before the first step the ratio is 1. At the last token $A = r - V$. More padding changes nothing.
# 3. `<end>` is a decision. Padding is none.
# 4. A loss of 0 may learn, and a loss that falls may not.
# 5. Say what a fault costs. Some cost nothing, and a line that looks wrong may be right.
#
# ## Think
#
# <details><summary>Why does a healthy audit show no gradient at a token whose advantage is exactly 0?</summary>The gradient is the advantage times the
# token's score function. So an audit belongs on a batch in which no advantage is 0.</details>
#
# <details><summary>Patient 4 and a program that pads to the left: is it ill as well?</summary>With the padding <em>before</em> the answer the sum runs backwards into
# it last, and what it picks up there belongs to no token. Mask it all the same.</details>
#
# <details><summary>How would you look for a fault that costs nothing?</summary>By reading, and by an identity that must hold to the last digit. Training
# will not show it.</details>
#
# ## Further reading
#
# (H2: the sources of the cases with their issue numbers, from findings/anchors.md 4.4)
#
# This is the last lesson. Back to [the map](00_welcome.ipynb), or on to your own code.

# %% [markdown]
# ## Dig deeper
#
# *About 6 minutes. Nothing later depends on it.*
#
# ### A spread of nothing
#
# One more famous line divides each score by the spread of the *others* in its group. For the scores 1, 0, 0, 0 the others of the first are all equal, and
# their spread is 0.

# %%
clinic.spread_of_nothing()

# %% [markdown]
# (TO MEASURE: the advantage is a million.)
