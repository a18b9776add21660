"""A tiny language model that writes treasure tales: its words, its judges, and credit for every token.

Nothing is imported here, so that `course.language.tokens` and the other modules of plain numpy load no
torch.
"""
