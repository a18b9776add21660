# %% [markdown]
# # 15. Which line is wrong?
#
# *About 70 minutes. You need lesson 13. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# In lesson 14 judges were fooled whose accuracy looked splendid. Code fools its author in the same way: it runs, the loss
# falls, the prize goes up, and a line is wrong. The faults of this lesson are famous. Each stood in a public program, or
# was reported there; further reading says where. Each patient but the last is the loop of lesson 13, a few of them with
# other settings, and in each *one* line is under suspicion. You look for the cheapest measurement that gives the line
# away, and then you mend it. Two of these lines are right, and it is the mend that would make the patient ill.
#
# Afterwards you can
#
# - tell nine faults apart by numbers that cost less than a second,
# - say what each of them costs, which is sometimes nothing,
# - audit a loss that somebody else has written.

# %%
import numpy as np
import torch

from course import check, use, widgets
from course.language.audit import audit
from course.language.clinic import CASES
from course.language.lines import LINES
from course.language.look import Look
from course.language.looks import MEASUREMENTS, all_looks, gaps, read, shortest_answer, symptoms
from course.language.tokens import answer_mask
from course.plots import clinic as plots
from course.studies.clinic import follow, load_clinic

# %% [markdown]
# ## The waiting room
#
# Ten patients speak the language of lesson 13. They were run before you came, five seeds each, 40 updates of 20 answers, beside
# the healthy loop. Eight of them have a wrong line.
#
# *Predict first.* Somebody calls a program sound if its prize is above 4.3 million points in most seeds. How many of the eight
# pass?

# %%
guess = None

# %%
outcomes = load_clinic()
plots.waiting_room(outcomes, guess=guess)

# %% [markdown]
# Seven of the eight pass. **The prize alone finds next to nothing.** A policy gradient is robust: whatever is still right in it
# goes on pushing the right way. So you will not find a fault by waiting. You find it by a number whose right value you know
# *beforehand*: a 0, a 1, a sign.

# %% [markdown]
# ## The instruments
#
# An *instrument* here is a measurement on one batch of twenty answers, without any training.
#
# | instrument | healthy |
# | --- | --- |
# | `<end>` without a gradient, of 20 | 0 |
# | different tokens in 20 draws | several |
# | log-ratio before the first step: the policy's log-probability minus the sampler's | 0 |
# | toll for a nat: what a nat of drift is paid, in β | -1 |
# | last advantage minus $(r - V)$, where nothing follows; and the same at $\lambda = 1$ | 0 |
# | how far $A$ is moved by 10 rows of padding | 0 |
# | row of the prize minus the answer's last row | 0 |
# | policy's gradient in the critic; share of tokens the critic learns from | 0; 1 |
# | worth kept at a time limit: the share of $V(s')$ that still counts | 1 |
# | V before a token knows the token: how far it moves if that token is another | 0 |
# | loss in the first step; how well its push agrees with the advantages | 0; 1 |
#
# The next cell takes them all, of every patient and of healthy code.

# %%
readings = all_looks(seeds=5)

# %% [markdown]
# Choose a patient and an instrument. You see what it reads on five batches of the patient, of healthy code, and of a *neighbour*
# that might be taken for the patient. (Patients 7 and 8 are shown with their line already *mended*.) An instrument has earned
# its place if it tells the patient from both. Look for one for each patient, and write down what you suspect, before you read on.


# %%
def examine(patient, instrument, neighbour):
    return plots.reading(readings, plots.line_of(patient), instrument, plots.line_of(neighbour))


widgets.Explorer(
    examine,
    patient=widgets.choice("patient", plots.PATIENTS),
    instrument=widgets.choice("instrument", sorted(MEASUREMENTS), "loss in the first step"),
    neighbour=widgets.choice("neighbour", plots.PATIENTS, plots.PATIENTS[1]),
)

# %% [markdown]
# ## Patient 1: lengths that swing
#
# > *The answers grow, and then they shrink, and the prize goes with them.*

# %% tags=["nbval-ignore-output"]
runs = {"healthy": follow("trained_tokens", "healthy"), "patient 1": follow("trained_tokens", "broken")}

# %% tags=["nbval-ignore-output"]
plots.swing(runs)

# %% [markdown]
# For twenty updates there is little to see. Then the answers collapse, to less than one sentence, and the prize to that of an
# answer without a lucky word. The instrument for this patient is an **audit** of the loss: it asks for the gradient of every
# token. `Look` writes a batch with the patient's lines, `case.broken`.

# %%
case = CASES["trained_tokens"]
look = Look(case, case.broken, seed=0)
print(look.policy_audit)

# %% [markdown]
# Twenty answers, twenty decisions to stop, and not one of them is learned from. The line that says which tokens the loss counts:
#
# ```python
# counted = answer_mask(tokens, end) & (tokens != end)
# ```
#
# Somebody thought that `<end>` is no word and needs no training. Whether to stop is decided all the same, by weights that the
# other tokens push about. The price is the prize: no seed ends above 3.4 million, and three end at 0.16.

# %% [markdown]
# ### Exercise 15.1: `trained_tokens` (1 point, 2 minutes)
#
# Which tokens does the loss count? Bool, `[B, T]`, from tokens `[B, T]`; `answer_mask` of lesson 13 is at hand.
#
# <details><summary>Hint</summary>Which tokens did the model decide on?</details>
# <details><summary>What you should see</summary>With end 2, the row 5, 2, 0 gives True, True, False.</details>


# %% exercise="trained_tokens"
def trained_tokens(tokens, end):
    """Which tokens the loss counts, [B, T]."""
    ### BEGIN SOLUTION
    return answer_mask(tokens, end)
    ### END SOLUTION


# %% check="trained_tokens"
check(trained_tokens)

# %%
trained_tokens = use(trained_tokens)

# %%
print(Look(case, {**LINES, "trained_tokens": trained_tokens}, seed=0).policy_audit)

# %% [markdown]
# ## Patient 2: some seeds die
#
# > *With the same settings some seeds flourish and others die.*
#
# The model samples at **temperature** 0.7: the logits are divided by 0.7 before the softmax. Likely words become likelier so,
# and the answers neat.

# %%
print(read(readings, "token_log_probs", "log-ratio before the first step"))

# %% [markdown]
# Before the first step the policy that learns and the policy that wrote are one and the same. So the ratio of lesson 11
# must be 1, and its logarithm 0. Here it is not: a token was drawn by one policy, and another one gets the credit. (Take
# the sampler's own log-probabilities for this, as the instrument does. A program that computes both sides of the ratio
# with the same wrong line finds a 1 and is content.) The line forgets the temperature:
#
# ```python
# log_probs = torch.log_softmax(logits, dim=-1)  # of the tokens that were drawn
# ```
#
# The price: of five seeds one ended at 158,203 points, and another one at 5 million without any grammar, while all five healthy
# ones have more than 94 % of their answers in grammar. The three others drift farther than the healthy run of the same seed. From a few
# good curves nobody would have known.

# %% [markdown]
# ### Exercise 15.2: `token_log_probs` (1 point, 2 minutes)
#
# Log-probability of each token, `[B, T]`, from logits `[B, T, V]` and tokens `[B, T]`, under the policy that drew them at
# `temperature`.
#
# <details><summary>Hint</summary>Divide first, as the sampler did. <code>gather(-1, tokens[..., None])</code>
# takes the tokens' own.</details>
# <details><summary>What you should see</summary>Logits 2 and 0 at temperature 0.5 give the first token log σ(4), about
# -0.018.</details>


# %% exercise="token_log_probs"
def token_log_probs(logits, tokens, *, temperature):
    """Log-probabilities of the tokens under the policy that drew them, [B, T]."""
    ### BEGIN SOLUTION
    log_probs = torch.log_softmax(logits / temperature, dim=-1)
    return log_probs.gather(-1, tokens[..., None])[..., 0]
    ### END SOLUTION


# %% check="token_log_probs"
check(token_log_probs)

# %%
token_log_probs = use(token_log_probs)

# %% [markdown]
# ## Patient 3: off the leash
#
# > *I doubled β, and the model moved even further away.*

# %%
print(read(readings, "kl_penalty", "toll for a nat"))

# %% [markdown]
# A nat must cost β points, and here it earns them:
#
# ```python
# toll = beta * (log_probs - ref_log_probs)
# ```
#
# The price is the language: after 40 updates not one answer of any seed is in grammar, and the drift is 316 nats instead of
# 12.5 (medians). Three of the five prizes are above 4.7 million all the same.

# %% [markdown]
# ### Exercise 15.3: `kl_penalty` (1 point, 2 minutes)
#
# The toll of each token of one answer, `[T]`, in points: negative where a token has become more likely than under the reference.
#
# <details><summary>Hint</summary>Lesson 13, the formula of the reward.</details>
# <details><summary>What you should see</summary>-1 against -2 nats at β = 3 gives -3 points.</details>


# %% exercise="kl_penalty"
def kl_penalty(log_probs, ref_log_probs, *, beta):
    """What each token pays for drift, [T]."""
    ### BEGIN SOLUTION
    return -beta * (log_probs - ref_log_probs)
    ### END SOLUTION


# %% check="kl_penalty"
check(kl_penalty)

# %%
kl_penalty = use(kl_penalty)

# %% [markdown]
# ## Patients 4 and 5: twins
#
# > *The answers get one length and keep it. Longer ones would be paid better.*
# >
# > *A reviewer says that my reward stands one row too late. My curves look perfect.*
#
# Both give the last token of an answer a wrong advantage. Nothing follows it, so $A = r - V$ there, whatever $\lambda$ is. One
# program says of every answer that it ends where the *array* ends:
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
# *Predict first.* Who is still wrong at $\lambda = 1$? Write "4", "5", "45" for both, or "0" for neither.

# %%
guess = None

# %%
lams = np.array([0, 0.5, 0.9, 0.95, 1])
gap = {
    "patient 4": gaps("ended_rows", lams=lams, seeds=5),
    "patient 5": gaps("last_rows", lams=lams, seeds=5),
}
padding = "moved by 10 rows of padding"
moved = {"patient 4": readings["ended_rows"][padding], "patient 5": readings["last_rows"][padding]}
plots.twins(gap, lams, moved, guess=guess)

# %% [markdown]
# Neither. At $\lambda = 1$ surprises telescope (lesson 7; $\gamma$ is 1 here): the values of the padding come in once
# with a plus and once with a minus. And it makes no difference in which later row a reward stands. So a test at
# $\lambda = 1$ finds neither of them.
#
# Below 1 both show a gap. What tells them apart is *more padding*. Patient 4's sum runs through it and picks up what the critic
# says there, so the advantage of an answer depends on how long the *other* answers of its batch are. Patient 5's sum is one row
# too long, and no more.
#
# The price of patient 4 is a sentence: the five seeds end with 3.96 to 5.00 sentences an answer, the healthy ones
# with 5.93 to 6.00. Patient
# 5's prize is shrunk by a twentieth at $\lambda = 0.95$, for all tokens alike, and we could measure no price at all.

# %% [markdown]
# ### Exercise 15.4: `ended_rows` (1 point, 2 minutes)
#
# Flags for `gae`, time first: bool `[rows, B]`, True where an answer ends. `last` `[B]` is the row of each answer's last token.
#
# <details><summary>Hint</summary>Compare <code>np.arange(rows)[:, None]</code> with <code>last</code>.</details>
# <details><summary>What you should see</summary>Last rows 1 and 2 of 3 rows: False False, True False, False True.</details>


# %% exercise="ended_rows"
def ended_rows(last, rows):
    """True where an answer ends, [rows, B]."""
    ### BEGIN SOLUTION
    return np.arange(rows)[:, None] == last
    ### END SOLUTION


# %% check="ended_rows"
check(ended_rows)

# %%
ended_rows = use(ended_rows)

# %% [markdown]
# ### Exercise 15.5: `last_rows` (1 point, 1 minute)
#
# The row of each answer's last real token, whole numbers `[B]`, from the mask `[B, T]`.
#
# <details><summary>Hint</summary>An answer of one token has its last token in row 0.</details>
# <details><summary>What you should see</summary>The mask True, True, False gives 1.</details>


# %% exercise="last_rows"
def last_rows(mask):
    """The row of each answer's last real token, [B]."""
    ### BEGIN SOLUTION
    return mask.sum(axis=1) - 1
    ### END SOLUTION


# %% check="last_rows"
check(last_rows)

# %%
last_rows = use(last_rows)

# %% [markdown]
# ## Patient 6: no help from the critic
#
# > *The critic's loss falls for a while. The critic is no help at all.*

# %%
case = CASES["critic_loss"]
print(Look(case, case.broken, seed=0).critic_audit)

# %% [markdown]
# ```python
# loss = 0.5 * (values.detach() - targets)[mask].square().mean()
# ```
#
# Torch would refuse to differentiate this loss alone. It stands in a sum with other losses, as it does in many programs, and so
# nobody says a word. The explained variance is 0 after every batch. The critic's *units* still follow the mean and the spread of
# the targets (lesson 10), so its constant answer is a running average, and a baseline of a kind: lesson 6's, one for all states.
# That is why nobody noticed. The price is drift: 24.0 nats instead of 12.5 (medians), and more in each seed than in any
# healthy one.

# %% [markdown]
# ### Exercise 15.6: `critic_loss` (1 point, 2 minutes)
#
# Half the mean squared error over the elements where `mask` is True; tensors `[B, T]`, the result has no dimensions. A gradient
# flows into the values, and none into the targets.
#
# <details><summary>Hint</summary>Which of the two is data?</details>
# <details><summary>What you should see</summary>Values 495 and 7, targets 500 and 0, mask True and False: 12.5.</details>


# %% exercise="critic_loss"
def critic_loss(values, targets, mask):
    """Half the mean squared error where the mask is True."""
    ### BEGIN SOLUTION
    errors = (values - targets.detach())[mask.bool()]
    return 0.5 * errors.square().mean()
    ### END SOLUTION


# %% check="critic_loss"
check(critic_loss)

# %%
critic_loss = use(critic_loss)

# %% [markdown]
# ## Patient 7: off by one?
#
# The critic reads prompt and answer, and says a value after each token: `[B, L]`. The program takes the values of an answer of
# `length` tokens like this, and somebody has opened an issue about it, *off by one!*
#
# ```python
# values = outputs[:, -length - 1 : -1]
# ```

# %%
plots.slices(*shortest_answer(Look(CASES["values_before"], LINES, seed=0)))

# %% [markdown]
# The value *before* the answer's first token is the output after the prompt's last. The value before its last token is the last
# output but one. And the last output comes after the last token, where nothing is left to decide. The suspect is innocent.
#
# What would the mend do, `outputs[:, -length:]`? A value before a token would know the token.

# %%
print(read(readings, "values_before", "V before a token knows the token"))

# %% [markdown]
# Such a critic learns $Q(s_t, a_t)$ and is used as $V(s_t)$. It explains away what was to be learned (lesson 6): a lucky word is
# expected the moment it is written, and no surprise is left for it.
# In four of five seeds the mended program earns less than 200,000 points, less than the reference that it began with. Only patient
# 1 lost as much.

# %% [markdown]
# ### Exercise 15.7: `values_before` (1 point, 2 minutes)
#
# Return what the program should return: V before each token of the answer, `[B, length]`, from outputs `[B, L]`.
#
# <details><summary>Hint</summary>An innocent line needs no mending.</details>
# <details><summary>What you should see</summary>Outputs 1, 2, 3, 4 and length 2 give 2, 3.</details>


# %% exercise="values_before"
def values_before(outputs, length):
    """V before each token of the answer, [B, length]."""
    ### BEGIN SOLUTION
    return outputs[:, -length - 1 : -1]
    ### END SOLUTION


# %% check="values_before"
check(values_before)

# %%
values_before = use(values_before)

# %% [markdown]
# ## Patient 8: a loss of 0
#
# > *My loss is 0.0000 in every first step. What should be learned from 0?*
#
# This patient has no critic. It weighs whole answers by leave-one-out, and makes one step a batch:
#
# ```python
# loss = -(ratio * advantages).mean()  # ratio = exp(log_probs - old_log_probs)
# ```
#
# *Predict first.* How long is the gradient of this loss, on average over 40 updates? 0 is a possible answer.

# %%
guess = None

# %% tags=["nbval-ignore-output"]
surrogate = follow("surrogate_loss", "healthy")

# %% tags=["nbval-ignore-output"]
plots.nothing_to_see(surrogate, guess=guess)

# %% [markdown]
# It is not ill. The *value* is minus the mean advantage, and centred advantages have the mean 0. The *gradient* is the
# policy gradient of lesson 4. The value of this loss says nothing about progress; look at the prize, the drift, the
# explained variance. Whoever mends it, by taking the advantages' absolute values, say, gets a loss that is not 0 and a
# policy that repeats whatever it did. The program as it was earns 4.56 to 4.92 million at the end, though two of its five
# seeds lose their grammar, and we have not measured why. The mended one earns 0.07 to 2.12 million, and has no answer in
# grammar in any seed.

# %% [markdown]
# ### Exercise 15.8: `surrogate_loss` (1 point, 2 minutes)
#
# Return the loss as it should be, a tensor of no dimensions: minus the mean of ratio times advantage. A gradient flows into
# `log_probs` only.
#
# <details><summary>Hint</summary>Nothing is to be mended. But which two of the three arguments are data?</details>
# <details><summary>What you should see</summary>Equal log-probabilities and advantages 2, -3, 1 give 0, and a
# gradient of -2/3, 1, -1/3.</details>


# %% exercise="surrogate_loss"
def surrogate_loss(log_probs, old_log_probs, advantages):
    """Minus the mean of ratio times advantage."""
    ### BEGIN SOLUTION
    ratio = (log_probs - old_log_probs.detach()).exp()
    return -(ratio * advantages.detach()).mean()
    ### END SOLUTION


# %% check="surrogate_loss"
check(surrogate_loss)

# %%
surrogate_loss = use(surrogate_loss)

# %% [markdown]
# ## Patient 9: a detach too few?
#
# > *A reviewer misses a detach. My curves look perfect.*

# %%
case = CASES["token_loss"]
print(Look(case, case.broken, seed=0).policy_audit)

# %% [markdown]
# ```python
# ratio = (log_probs - old_log_probs).exp()
# loss = -torch.minimum(ratio * advantages, clipped * advantages)[mask].sum() / divisor
# ```
#
# The advantages were computed from the critic's values, and nobody cut the graph. So when actor and critic share an optimizer,
# the actor's loss pulls at the critic too: it asks for higher advantages, and lower values are the cheapest way to get them.
# The critic's explained variance falls below 0 in every seed (median -0.73, healthy 0.34). Prize and grammar lose nothing that we
# could measure. With an optimizer of its own for each, whose
# gradients are cleared before every step, there is no symptom at all.

# %% [markdown]
# ### Exercise 15.9: `token_loss` (1 point, 3 minutes)
#
# PPO's clipped loss over the tokens that count: minus the sum of the smaller of ratio × A and clipped ratio × A where `mask` is
# True, divided by `divisor`. Tensors `[B, T]`; a gradient flows into `log_probs` only.
#
# <details><summary>Hint</summary>Take the masked elements first: in the padding a ratio may be infinite, and infinity times 0
# is no number.</details>
# <details><summary>What you should see</summary>Two tokens that have not moved, advantages 2 and -1, divisor 4:
# -0.25.</details>


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

# %%
token_loss = use(token_loss)

# %% [markdown]
# ## Patient 10: all begin alike
#
# > *All answers to a prompt begin alike. Is that my model, or my code?*
#
# In our language every answer begins with `the`, so a look at the answers cannot tell. Ask the line itself, where a decision is
# taken: after `the old cat found a`, twenty draws of a treasure.

# %%
print(read(readings, "first_tokens", "different tokens in 20 draws"))

# %% [markdown]
# The line draws once for all:
#
# ```python
# first = (draws[0] >= chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
# ```
#
# This patient has no critic. Its twenty answers are a group, weighed by leave-one-out, so their advantages add up to 0. If all
# of them meet in one token, they cancel, and the first token is never learned. We expected no price, because in our language the
# first word is no decision. Here is the chance of `the` in the first place.

# %% tags=["nbval-ignore-output"]
states = {"healthy": "healthy", "patient 10": "broken"}
groups = {name: follow("first_tokens", state, seed=1) for name, state in states.items()}

# %% tags=["nbval-ignore-output"]
plots.first_word(groups)

# %% [markdown]
# What is never learned is not kept either. The other places go on learning, all places share the weights, and in this
# seed the first word drifts away. In a healthy run an answer that begins with a word that has become too likely pays more
# toll than the others, and `the` comes back. Here all twenty begin wrongly together, and none is worse than the others.
# The price, in each of the five seeds: more drift and less grammar than the healthy run of the same seed (medians 18.5
# against 17.4 nats, 52 against 62 % in grammar).

# %% [markdown]
# ### Exercise 15.10: `first_tokens` (1 point, 3 minutes)
#
# Draw one token for each answer, whole numbers `[B]`. `chances` `[B, V]` are each answer's own, `draws` `[B]` are uniform numbers
# from 0 up to 1. Token $k$ is drawn where the draw lies between the sum of the chances before $k$ and the sum with $k$'s own.
#
# <details><summary>Hint</summary>Count the upper ends that a draw has reached, without the last. <code>draws[:, None]</code>
# stands beside a row of them.</details>
# <details><summary>What you should see</summary>Two rows of chances 0.5 and 0.5, draws 0.2 and 0.7: tokens 0 and
# 1.</details>


# %% exercise="first_tokens"
def first_tokens(chances, draws):
    """One token for each answer, [B]."""
    ### BEGIN SOLUTION
    upto = chances.cumsum(axis=1)[:, :-1]
    return (draws[:, None] >= upto).sum(axis=1)
    ### END SOLUTION


# %% check="first_tokens"
check(first_tokens)

# %%
first_tokens = use(first_tokens)

# %% [markdown]
# ## Patient 11: perfect, and then not
#
# > *CartPole learns to balance for ever, and then it begins to wobble.*
#
# The last patient balances a pole, with lesson 11's loop and a line that you know from lesson 9:
#
# ```python
# worth = np.where(terminated | truncated, 0.0, next_values)
# ```

# %%
plots.cartpole(outcomes)

# %% [markdown]
# A game that is stopped after 500 steps counts as lost. So this fault waits until the agent is good, and punishes nobody else.
# All five healthy seeds end at 500 points, and no ill one does: they end at 308 to 477, though each of them has been at 500.

# %% [markdown]
# ### Exercise 15.11: `next_worth` (1 point, 2 minutes)
#
# What the state that a step reached is worth, `[T]` or `[T, N]`: 0 where the task is over, else its value.
#
# <details><summary>Hint</summary>Which flag says that the task is over?</details>
# <details><summary>What you should see</summary>Values 5, 5, 5, terminated in row 1, truncated in row 2: 5, 0, 5.</details>


# %% exercise="next_worth"
def next_worth(next_values, terminated, truncated):
    """What the state reached is worth."""
    ### BEGIN SOLUTION
    return np.where(terminated, 0.0, next_values)
    ### END SOLUTION


# %% check="next_worth"
check(next_worth)

# %%
next_worth = use(next_worth)

# %% [markdown]
# ## Discharged
#
# Put your eleven lines together, and let all instruments look at them.

# %%
mine = {
    "trained_tokens": trained_tokens,
    "token_log_probs": token_log_probs,
    "kl_penalty": kl_penalty,
    "ended_rows": ended_rows,
    "last_rows": last_rows,
    "critic_loss": critic_loss,
    "values_before": values_before,
    "surrogate_loss": surrogate_loss,
    "token_loss": token_loss,
    "first_tokens": first_tokens,
    "next_worth": next_worth,
}
print(symptoms(mine, readings) or "no instrument tells your program from healthy code")

# %% [markdown]
# ## What each of them cost
#
# Each wrong line of the language model, trained for 40 updates over five seeds, beside the healthy loop.

# %%
plots.costs(outcomes)

# %% [markdown]
# | patient | cost, medians of five seeds | instrument |
# | --- | --- | --- |
# | 1 | prize 0.16 instead of 4.81 million | audit |
# | 2 | two seeds of five lose all their grammar, one of them the prize too | log-ratio |
# | 3 | the language, and 316 nats instead of 12.5 | toll |
# | 4 | a sentence: 4.95 instead of 5.95 | rows of padding |
# | 5 | nothing that five seeds can show | row of the prize |
# | 6 | 24.0 nats instead of 12.5 | audit |
# | 7, mended | prize 0.19 instead of 4.81 million | V knows the token |
# | 8, mended | the language, and 1.77 instead of 4.76 million | push and advantages |
# | 9 | the critic: explained variance -0.73 instead of 0.34 | audit |
# | 10 | 52 instead of 62 % in grammar | different tokens |
# | 11 | 427 instead of 500 points | worth kept |
#
# Five seeds of one tiny task cannot say what a line costs elsewhere, but they do say that *no price* is no proof of health.

# %% [markdown]
# ## Your own code
#
# The instrument that you can take home is `audit`. It takes any loss over tokens, yours or a library's, and says which written
# tokens get no gradient, which padding gets some, and which of the `data` that you name are being trained. By itself it found
# patients 1, 6 and 9. On a hundred random batches of healthy code it said nothing. Here it meets a mean over a padded array:

# %%
mask = np.array([[True, True, True], [True, False, False]])
advantages = torch.tensor([[1.0, -2.0, 0.5], [3.0, 1.0, 1.0]])
print(audit(lambda log_probs: -(log_probs * advantages).mean(), np.full((2, 3), -1.0), mask))

# %% [markdown]
# ## What to remember
#
# 1. The prize finds little. Measure a number whose right value you know beforehand.
# 2. Before the first step the ratio is 1. At the last token $A = r - V$. More padding changes nothing.
# 3. `<end>` is a decision. Padding is none.
# 4. A loss of 0 may learn, and a loss that falls may not.
# 5. Say what a fault costs. Some cost nothing, and to mend a line that was right may cost everything.
#
# ## Think
#
# <details><summary>Why does an audit of healthy code list a token whose advantage is exactly 0?</summary>The loss
# multiplies the token's ratio by its advantage, so its gradient is 0 too. So an audit belongs on a batch in which no
# advantage is 0.</details>
#
# <details><summary>Patient 4 at λ = 1 is as good as healthy. Why not train with λ = 1, and leave the line alone?</summary>It
# works until somebody turns the dial, and he will not look for the fault there. Mend it all the same.</details>
#
# <details><summary>How would you look for a fault that costs nothing?</summary>By reading, and by an identity that must hold to
# the last digit. Training will not show it.</details>
#
# ## Further reading
#
# Each of these is a public thread; several end with a mend, some with the finding that nothing was wrong.
#
# - `<end>` without a gradient: [nanochat 810](https://github.com/karpathy/nanochat/issues/810),
#   [reasoning-from-scratch 185](https://github.com/rasbt/reasoning-from-scratch/pull/185).
# - Temperature: [TRL 3029](https://github.com/huggingface/trl/pull/3029), [TRL
#   4159](https://github.com/huggingface/trl/issues/4159).
# - The sign of the KL: [ToolRL 52](https://github.com/qiancheng0/ToolRL/issues/52), and a question about it, [TRL
#   463](https://github.com/huggingface/trl/issues/463).
# - Padding inside GAE: [verl 50](https://github.com/verl-project/verl/pull/50), [ROLL
#   447](https://github.com/alibaba/ROLL/pull/447).
# - A reward one row late, or not: [TRL 1893](https://github.com/huggingface/trl/issues/1893), [TRL
#   3750](https://github.com/huggingface/trl/issues/3750).
# - A dead critic: [CoursIA 15256](https://github.com/jsboige/CoursIA/pull/15256).
# - The innocent slice: [verl 1960](https://github.com/verl-project/verl/issues/1960).
# - A loss of 0: [TRL 2703](https://github.com/huggingface/trl/issues/2703), [TRL
#   3452](https://github.com/huggingface/trl/issues/3452).
# - Advantages with their graph: [keras-io 194](https://github.com/keras-team/keras-io/issues/194).
# - One first token for all: [nanochat 38](https://github.com/karpathy/nanochat/pull/38), [nanochat
#   201](https://github.com/karpathy/nanochat/pull/201).
# - Merged flags: lesson 9 lists ten programs.
#
# This is the last lesson. Back to [the map](00_welcome.ipynb), or on to your own code.

# %% [markdown]
# ## Dig deeper
#
# *About 2 minutes. Nothing later depends on it.*
#
# ### A spread of nothing
#
# One more famous line compares each score with the mean of the *others* in its group, and divides by their spread, plus a little.
# For the scores 1, 0, 0, 0 the others of the first are all equal, and their spread is 0.

# %%
scores = np.array([1.0, 0.0, 0.0, 0.0])
others = scores[1:]
print(f"{(scores[0] - others.mean()) / (others.std() + 1e-6):,.0f}")
print(f"{(scores[0] - scores.mean()) / scores.std():.2f}, with the whole group's spread")

# %% [markdown]
# The first answer weighs a million. The line was found in
# [NeMo-RL](https://github.com/NVIDIA-NeMo/RL/issues/1518), with these very scores.
