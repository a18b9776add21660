"""A tiny language model that writes treasure tales: its words, its judges, and credit for every token.

The modules in reading order; those marked * are plain numpy and load no torch:

    tales *      the world: its words, its rule, and the exact value of every unfinished answer
    tokens *     which tokens of a batch count, and what each was paid
    losses       the lines through which gradients flow
    frontier *   what a prize must cost in nats
    model        the language model: how it is trained to write, and how it writes
    critic       V before every token
    learning     the loop: write, judge, weigh, improve; and the examination
    judges       a judge who learned from pairs

    signals *    what a weight teaches a model that stands still
    credit *     the weight of every token under every setting: for "Who earned the prize?"
    ages         critics of several ages, for the same

    audit        which tokens a loss leaves out, and what it trains that it should not
    lines        the clinic's eleven lines, right and wrong
    clinic       the cases: runs with one of these lines
    look         one batch through the lines of a case
    looks        the measurements that are read off it

Nothing is imported here, so that `course.language.tokens` loads no torch.
"""
